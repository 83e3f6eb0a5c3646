/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: kmap, kmap_atomic, fixed mappings, devices behind them, and the TLB.
 */
#include "detect.h"
#include "report.h"
#include "state.h"
#include "tier.h"

#include <errno.h>

/*
 * The calls that everybody makes are one deep: the per-CPU form that gives the pointer, or says that there is something to look at.
 * What is wrong with the argument is asked after that.
 */

static FXMI_COLD struct fxm_vcpu *begin_slow(const char *function, const struct fxm_page *page, uintptr_t site)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page(function, page, (const void *)site);

	fxmi_percpu(cpu)->caller = site;
	return cpu;
}

#define SITE ((uintptr_t)__builtin_return_address(0))

/* ---- kmap ---- */

void *fxm_k_kmap(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_cpu();

	fxmi_percpu(cpu)->caller = SITE;
	fxm_va va = fxm_kmap(cpu, page);
	if (fxmi_unlikely(fxm_va_error(va))) {
		fxmi_percpu(cpu)->caller = 0;
		fxmi_tier_check_page("kmap", page, __builtin_return_address(0));
	}
	return fxmi_tier_pointer(cpu, "kmap", va);
}

void fxm_k_kunmap(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_cpu();

	fxmi_percpu(cpu)->caller = SITE;
	if (fxmi_likely(fxmi_page_is_valid(cpu->machine, page)))
		fxmi_tier_checked(cpu, "kunmap", fxm_kunmap(cpu, page));
	else
		fxmi_tier_kunmap_address(cpu, page, __builtin_return_address(0));
}

unsigned long fxm_k_pkmap_nr(unsigned long address)
{
	const struct fxm_vcpu *cpu = fxmi_tier_cpu();

	return (fxmi_tier_simulated(cpu->machine, address) - fxmi_kernel_of(cpu)->pkmap.base) >> FXM_PAGE_SHIFT;
}

unsigned long fxm_k_pkmap_addr(unsigned nr)
{
	const struct fxm_vcpu *cpu = fxmi_tier_cpu();

	return (uintptr_t)fxmi_tier_usable(cpu, fxmi_kernel_of(cpu)->pkmap.base + ((uint64_t)nr << FXM_PAGE_SHIFT));
}

void *fxm_k_kmap_high(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("kmap_high", page, __builtin_return_address(0));
	FXMI_CALLED_FROM(cpu);
	return fxmi_tier_pointer(cpu, "kmap_high", fxm_kmap_high(cpu, page));
}

void fxm_k_kunmap_high(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("kunmap_high", page, __builtin_return_address(0));
	FXMI_CALLED_FROM(cpu);
	fxmi_tier_checked(cpu, "kunmap_high", fxm_kunmap_high(cpu, page));
}

void *fxm_k_page_address(const struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("page_address", page, __builtin_return_address(0));
	return fxmi_tier_pointer(cpu, "page_address", fxm_page_address(cpu, page));
}

void fxm_k_set_page_address(struct fxm_page *page, void *address)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("set_page_address", page, __builtin_return_address(0));
	uint64_t va = address ? fxmi_tier_simulated(cpu->machine, (uintptr_t)address) : 0;
	fxmi_tier_checked(cpu, "set_page_address", fxm_set_page_address(cpu, page, fxm_va_of(va)));
}

void fxm_k_kmap_flush_unused(void)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxmi_tier_checked(cpu, "kmap_flush_unused", fxm_kmap_flush_unused(cpu));
}

struct fxm_page *fxm_k_kmap_to_page(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t va = fxmi_tier_address_arg(cpu, "kmap_to_page", address, __builtin_return_address(0));
	uint64_t pfn;

	if (fxm_find_kmap_pfn(cpu, fxm_va_of(va), &pfn))
		fxm_k_missing("kmap_to_page");
	return fxmi_page_of(cpu->machine, pfn);
}

/* ---- kmap_atomic ---- */

static FXMI_COLD void *kmap_atomic_slow(struct fxm_page *page, uintptr_t site)
{
	struct fxm_vcpu *cpu = begin_slow("kmap_atomic", page, site);

	return fxmi_tier_pointer(cpu, "kmap_atomic", fxm_kmap_atomic(cpu, page));
}

void *fxm_k_kmap_atomic(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_ready();
	void *address = fxmi_likely(cpu != NULL) ? fxmi_percpu(cpu)->map_pointer(cpu, page, SITE) : NULL;

	return fxmi_likely(address != NULL) ? address : kmap_atomic_slow(page, SITE);
}

void *fxm_k_kmap_atomic_prot(struct fxm_page *page, uint64_t prot)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("kmap_atomic_prot", page, __builtin_return_address(0));
	FXMI_CALLED_FROM(cpu);
	return fxmi_tier_pointer(cpu, "kmap_atomic_prot", fxm_kmap_atomic_prot(cpu, page, fxm_pte_of(prot)));
}

void *fxm_k_kmap_atomic_pfn(unsigned long pfn)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	FXMI_CALLED_FROM(cpu);
	return fxmi_tier_pointer(cpu, "kmap_atomic_pfn", fxm_kmap_atomic_pfn(cpu, pfn));
}

static FXMI_COLD void *kmap_atomic_type_slow(struct fxm_page *page, unsigned type, uintptr_t site)
{
	struct fxm_vcpu *cpu = begin_slow("kmap_atomic", page, site);

	return fxmi_tier_pointer(cpu, "kmap_atomic_type", fxm_kmap_atomic_type(cpu, page, type));
}

void *fxm_k_kmap_atomic_type(struct fxm_page *page, unsigned type)
{
	struct fxm_vcpu *cpu = fxmi_tier_ready();
	void *address = fxmi_likely(cpu != NULL) ? fxmi_percpu(cpu)->map_type_pointer(cpu, page, type, SITE) : NULL;

	return fxmi_likely(address != NULL) ? address : kmap_atomic_type_slow(page, type, SITE);
}

void *fxm_k_kmap_atomic_pfn_type(unsigned long pfn, unsigned type)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	FXMI_CALLED_FROM(cpu);
	return fxmi_tier_pointer(cpu, "kmap_atomic_pfn", fxm_kmap_atomic_pfn_type(cpu, pfn, type));
}

/* The kernel takes the struct page for an address in the direct map, which it ignores: the mapping stays. */
static FXMI_COLD uint64_t unmap_of_page(struct fxm_vcpu *cpu, const char *unmap, const struct fxm_page *page, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_subject about = {.page = page};
	char what[160], then[64] = "nothing is unmapped";
	struct fxmi_mapping stays;

	if (fxmi_mapping_of(cpu, fxmi_page_pfn(k->m, page), &stays)) {
		about.va = stays.va;
		fxmi_about_mapping(&about, &stays);
		fxmi_mapping_tell(&stays, FXMI_MISTAKE_STAYS);
		snprintf(then, sizeof(then), "the mapping at %llx stays", (unsigned long long)stays.va);
	}
	about.site = (uintptr_t)site;
	fxmi_tier_describe(k, (uintptr_t)page, what, sizeof(what));
	bool is_told = fxmi_finding(k, cpu, FXMI_FIND_WRONG_ARGUMENT, &about,
				    "%s() takes the address that the map returned and was given %s: %s", unmap, what, then);
	if (is_told && !strcmp(unmap, "kunmap_atomic") && !k->preempt_rt) /* which it enables all the same */
		cpu->current->told_preempt--;
	return k->page_offset;
}

static uint64_t unmap_arg(struct fxm_vcpu *cpu, const char *unmap, const void *address, const void *site)
{
	const struct fxmi_physmem *mem = &cpu->machine->mem;

	if (fxmi_unlikely((uintptr_t)address - (uintptr_t)mem->mem_map < mem->nr_frames * sizeof(struct fxm_page)))
		return unmap_of_page(cpu, unmap, address, site);
	return fxmi_tier_address_arg(cpu, unmap, address, site);
}

/* The simulated address to unmap, for the slow forms. */
static FXMI_COLD fxm_va begin_unmap(struct fxm_vcpu *cpu, const char *unmap, const void *address, uintptr_t site)
{
	fxmi_percpu(cpu)->caller = site;
	fxmi_percpu(cpu)->pointer_of = fxmi_lane_mapping(&cpu->view, (uintptr_t)address);
	return fxm_va_of(unmap_arg(cpu, unmap, address, (const void *)site));
}

static FXMI_COLD void kunmap_atomic_slow(const void *address, uintptr_t site)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	fxmi_tier_checked(cpu, "kmap_atomic", fxm_kunmap_atomic(cpu, begin_unmap(cpu, "kunmap_atomic", address, site)));
}

void fxm_k_kunmap_atomic(const void *address)
{
	struct fxm_vcpu *cpu = fxmi_tier_ready();

	if (fxmi_unlikely(!cpu) || fxmi_unlikely(fxmi_percpu(cpu)->unmap_pointer(cpu, address, SITE)))
		kunmap_atomic_slow(address, SITE);
}

static FXMI_COLD void kunmap_atomic_type_slow(const void *address, unsigned type, uintptr_t site)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	fxmi_tier_checked(cpu, "kmap_atomic_type",
			  fxm_kunmap_atomic_type(cpu, begin_unmap(cpu, "kunmap_atomic", address, site), type));
}

void fxm_k_kunmap_atomic_type(const void *address, unsigned type)
{
	struct fxm_vcpu *cpu = fxmi_tier_ready();

	if (fxmi_unlikely(!cpu) || fxmi_unlikely(fxmi_percpu(cpu)->unmap_type_pointer(cpu, address, type, SITE)))
		kunmap_atomic_type_slow(address, type, SITE);
}

struct fxm_page *fxm_k_kmap_atomic_to_page(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t va = fxmi_tier_address_arg(cpu, "kmap_atomic_to_page", address, __builtin_return_address(0));
	uint64_t pfn;

	if (fxm_find_kmap_atomic_pfn(cpu, fxm_va_of(va), &pfn))
		fxm_k_missing("kmap_atomic_to_page");
	return fxmi_page_of(cpu->machine, pfn);
}

int fxm_k_kmap_atomic_idx_push(void)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	int idx = fxm_kmap_atomic_idx_push(cpu);
	if (idx == -ENOSYS)
		fxm_k_missing("kmap_atomic_idx");
	return idx;
}

/* -1 with nothing mapped is an answer, not an error. */
int fxm_k_kmap_atomic_idx(void)
{
	int idx = fxm_kmap_atomic_idx(fxm_k_cpu());
	if (idx == -ENOSYS)
		fxm_k_missing("kmap_atomic_idx");
	return idx;
}

void fxm_k_kmap_atomic_idx_pop(void)
{
	if (fxm_kmap_atomic_idx_pop(fxm_k_cpu()) == -ENOSYS)
		fxm_k_missing("kmap_atomic_idx");
}

/* ---- kmap_local ---- */

static FXMI_COLD void *kmap_local_page_slow(struct fxm_page *page, uintptr_t site)
{
	struct fxm_vcpu *cpu = begin_slow("kmap_local_page", page, site);

	return fxmi_tier_pointer(cpu, "kmap_local_page", fxm_kmap_local_page(cpu, page));
}

void *fxm_k_kmap_local_page(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxmi_tier_ready();
	void *address = fxmi_likely(cpu != NULL) ? fxmi_percpu(cpu)->map_local_pointer(cpu, page, SITE) : NULL;

	return fxmi_likely(address != NULL) ? address : kmap_local_page_slow(page, SITE);
}

void *fxm_k_kmap_local_page_prot(struct fxm_page *page, uint64_t prot)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("kmap_local_page_prot", page, __builtin_return_address(0));
	FXMI_CALLED_FROM(cpu);
	return fxmi_tier_pointer(cpu, "kmap_local_page_prot", fxm_kmap_local_page_prot(cpu, page, fxm_pte_of(prot)));
}

void *fxm_k_kmap_local_pfn(unsigned long pfn)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	FXMI_CALLED_FROM(cpu);
	return fxmi_tier_pointer(cpu, "kmap_local_pfn", fxm_kmap_local_pfn(cpu, pfn));
}

void *fxm_k_kmap_local_folio(struct fxm_page *folio, size_t offset)
{
	struct fxm_vcpu *cpu = fxmi_tier_check_page("kmap_local_folio", folio, __builtin_return_address(0));
	FXMI_CALLED_FROM(cpu);
	return fxmi_tier_pointer(cpu, "kmap_local_folio", fxm_kmap_local_folio(cpu, folio, offset));
}

static FXMI_COLD void kunmap_local_slow(const void *address, uintptr_t site)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	fxmi_tier_checked(cpu, "kunmap_local", fxm_kunmap_local(cpu, begin_unmap(cpu, "kunmap_local", address, site)));
}

void fxm_k_kunmap_local(const void *address)
{
	struct fxm_vcpu *cpu = fxmi_tier_ready();

	if (fxmi_unlikely(!cpu) || fxmi_unlikely(fxmi_percpu(cpu)->unmap_local_pointer(cpu, address, SITE)))
		kunmap_local_slow(address, SITE);
}

/* ---- fixmap ---- */

unsigned long fxm_k_fix_to_virt(unsigned index)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return (uintptr_t)fxmi_tier_usable(cpu, fxmi_fix_to_virt(fxmi_kernel_of(cpu), index));
}

unsigned long fxm_k_fix_to_virt_checked(unsigned index)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint32_t end = fxmi_kernel_of(cpu)->nr_fixed;

	if (index >= end)
		fxmi_bug(cpu, "fix_to_virt", NULL,
			 "fix_to_virt(): index %u is not below __end_of_fixed_addresses, which is %u here", index, end);
	return fxm_k_fix_to_virt(index);
}

unsigned long fxm_k_virt_to_fix(unsigned long address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return fxmi_virt_to_fix(fxmi_kernel_of(cpu),
				fxmi_tier_address_arg(cpu, "__virt_to_fix", (void *)address, __builtin_return_address(0)));
}

unsigned long fxm_k_virt_to_fix_checked(unsigned long address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return fxm_virt_to_fix(cpu,
			       fxm_va_of(fxmi_tier_address_arg(cpu, "virt_to_fix", (void *)address, __builtin_return_address(0))));
}

/* Notes who set index @index, which so far holds @before. */
static void note_set(struct fxm_vcpu *cpu, unsigned index, uint64_t before, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	fxmi_held_add(fxmi_tier(k),
		      &(struct fxm_held){.kind = FXM_HELD_FIXMAP,
					 .index = index,
					 .address = fxm_va_of(fxmi_fix_to_virt(k, index)),
					 .site.pc = (uintptr_t)site},
		      before);
}

static uint64_t entry_of(struct fxm_vcpu *cpu, unsigned index)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	return index < k->nr_fixed ? fxm_pte_at(k->m, fxm_va_of(fxmi_fix_to_virt(k, index))).v : 0;
}

void fxm_k_set_fixmap_prot(unsigned index, unsigned long long physical, uint64_t prot)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t before = entry_of(cpu, index);
	fxm_set_fixmap_prot(cpu, index, fxm_pa_of(physical), fxm_pte_of(prot));
	note_set(cpu, index, before, __builtin_return_address(0));
}

static int (*const setters[])(struct fxm_vcpu *, uint32_t, fxm_pa) = {
    [FXM_K_FIXMAP_NORMAL] = fxm_set_fixmap, [FXM_K_FIXMAP_NOCACHE] = fxm_set_fixmap_nocache, [FXM_K_FIXMAP_IO] = fxm_set_fixmap_io};
static fxm_va (*const offset_setters[])(struct fxm_vcpu *, uint32_t,
					fxm_pa) = {[FXM_K_FIXMAP_NORMAL] = fxm_set_fixmap_offset,
						   [FXM_K_FIXMAP_NOCACHE] = fxm_set_fixmap_offset_nocache,
						   [FXM_K_FIXMAP_IO] = fxm_set_fixmap_offset_io};

void fxm_k_set_fixmap(enum fxm_k_fixmap_kind kind, unsigned index, unsigned long long physical)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t before = entry_of(cpu, index);
	fxmi_tier_checked(cpu, "set_fixmap_io", setters[kind](cpu, index, fxm_pa_of(physical)));
	note_set(cpu, index, before, __builtin_return_address(0));
}

unsigned long fxm_k_set_fixmap_offset(enum fxm_k_fixmap_kind kind, unsigned index, unsigned long long physical)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t before = entry_of(cpu, index);
	void *address = fxmi_tier_pointer(cpu, "set_fixmap_offset", offset_setters[kind](cpu, index, fxm_pa_of(physical)));
	note_set(cpu, index, before, __builtin_return_address(0));
	return (uintptr_t)address;
}

void fxm_k_clear_fixmap(unsigned index)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxm_clear_fixmap(cpu, index);
	fxmi_held_remove(fxmi_tier(fxmi_kernel_of(cpu)), FXM_HELD_FIXMAP, index);
}

void fxm_k_reserve_top_address(unsigned long reserve)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	int error = fxm_reserve_top_address(cpu, reserve);

	if (error == -ENOSYS)
		fxm_k_missing("reserve_top_address");
	if (error)
		fxmi_bug(cpu, "reserve_top", NULL, "reserve_top_address(%#lx): the areas below the fixmap no longer fit", reserve);
}

/* ---- devices, TLB ---- */

static void mmio_failed(struct fxm_vcpu *cpu, int error)
{
	struct fxm_fault fault;
	if (error != -EFAULT)
		fxmi_bug(cpu, "readl", NULL, "readl()/writel(): %s", fxm_strerror(error));
	fxm_get_last_fault(cpu, &fault);
	fxm_oops(cpu, &fault);
}

uint64_t fxm_k_mmio_read(const volatile void *address, unsigned width)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t value = 0;
	uint64_t va = fxmi_tier_address_arg(cpu, "readl", (const void *)address, __builtin_return_address(0));
	int error = fxm_mmio_read(cpu, fxm_va_of(va), width, &value);
	if (error)
		mmio_failed(cpu, error);
	return value;
}

void fxm_k_mmio_write(volatile void *address, unsigned width, uint64_t value)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t va = fxmi_tier_address_arg(cpu, "writel", (const void *)address, __builtin_return_address(0));
	int error = fxm_mmio_write(cpu, fxm_va_of(va), width, value);
	if (error)
		mmio_failed(cpu, error);
}

/* The simulated address of an access through the window that the watch wants to know of. */
static bool is_watched(struct fxm_vcpu *cpu, const void *address, uint64_t *va)
{
	if (!cpu || !cpu->machine->watched)
		return false;
	*va = fxmi_tier_simulated(cpu->machine, (uintptr_t)address);
	return *va <= fxmi_kernel_of(cpu)->va_mask;
}

/* memcpy() and its kin. */
void fxm_k_check_span(const void *address, int is_write)
{
	struct fxm_vcpu *cpu = fxm_current_or_null();
	uint64_t va;

	if (is_watched(cpu, address, &va))
		fxmi_pointer_overrun(cpu, va & FXMI_PAGE_MASK, (va & FXMI_PAGE_MASK) + FXM_PAGE_SIZE,
				     is_write ? FXM_WRITE : FXM_READ, (uintptr_t)__builtin_return_address(0));
}

/* The compiler says where the access is, not where the pointer came from: it is the page before unless the access has two pages. */
void fxm_k_check_reach(const void *address, unsigned long size, int is_write, const void *site)
{
	struct fxm_vcpu *cpu = fxm_current_or_null();
	uint64_t va;

	if (!is_watched(cpu, address, &va))
		return;
	uint64_t page = va & FXMI_PAGE_MASK, offset = va - page;
	/* of a structure the size is not known, and the nearer end is the likelier one */
	bool begins_inside = size ? offset + size > FXM_PAGE_SIZE : offset >= FXM_PAGE_SIZE / 2;
	uint64_t from = begins_inside ? page : page - FXM_PAGE_SIZE, into = from + FXM_PAGE_SIZE;

	if (!begins_inside && !fxmi_is_mapped(fxmi_kernel_of(cpu), from))
		from = 0;
	fxmi_pointer_overrun(cpu, from, into, is_write ? FXM_WRITE : FXM_READ, (uintptr_t)site);
}

void fxm_k_flush_tlb_one(unsigned long address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxm_tlb_flush_one(cpu, fxm_va_of(fxmi_tier_simulated(cpu->machine, address) & FXMI_PAGE_MASK));
}

void fxm_k_flush_tlb_all(void)
{
	fxmi_tlb_flush_all(fxm_k_cpu()->machine);
}
