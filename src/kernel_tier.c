/* SPDX-License-Identifier: MIT */
/*
 * The functions behind the kernel's own names. Each finds the calling thread's vCPU, turns host values into simulated ones,
 * calls the explicit tier, and turns the answer into what the kernel's function gives: a host value, or the end of the task.
 *
 * Invariant: a host value is simulated + delta, for every address of the simulated address space, mapped or not.
 */
#include "tier.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the calling thread's machine ---- */

static FXMI_COLD void die(const char *line)
{
	fprintf(stderr, "libfixmap: %s\n", line);
	fflush(NULL);
	_exit(2);
}

static struct fxmi_tier *tier_new(struct fxmi_kernel *k)
{
	struct fxmi_tier *tier = calloc(1, sizeof(*tier));
	struct timespec t;

	if (!tier)
		die("no memory for the kernel tier");
	if (k->m->desc.window == FXM_WINDOW_OFF)
		die("the kernel tier hands out pointers, and this machine has no window: set window=strict, retain or eager");
	tier->k = k;
	pthread_mutex_init(&tier->lock, NULL);
	pthread_mutex_init(&tier->log_lock, NULL);
	clock_gettime(CLOCK_MONOTONIC, &t);
	tier->booted_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	return tier;
}

struct fxmi_tier *fxmi_tier(struct fxmi_kernel *k)
{
	struct fxmi_tier *tier = atomic_load_explicit(&k->tier, memory_order_acquire), *none = NULL;

	if (fxmi_likely(tier != NULL))
		return tier;
	tier = tier_new(k);
	if (atomic_compare_exchange_strong(&k->tier, &none, tier))
		return tier;
	free(tier);
	return none;
}

void fxmi_tier_free(struct fxmi_kernel *k)
{
	struct fxmi_tier *tier = atomic_exchange(&k->tier, NULL);
	if (!tier)
		return;
	pthread_mutex_destroy(&tier->lock);
	pthread_mutex_destroy(&tier->log_lock);
	free(tier->held);
	free(tier);
}

struct fxm_vcpu *fxm_k_cpu(void)
{
	struct fxm_vcpu *cpu = fxm_current();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));

	if (fxmi_unlikely(tier->checked != atomic_load_explicit(&fxmi_units_generation, memory_order_acquire)))
		fxmi_units_check(tier);
	return cpu;
}

static struct fxm_machine *machine_of(const struct fxm_vcpu *cpu)
{
	return cpu->machine;
}

static uint64_t delta_of(const struct fxm_machine *m)
{
	return (uint64_t)m->window.delta;
}

static void *host(const struct fxm_vcpu *cpu, uint64_t va)
{
	return (void *)(uintptr_t)(va + delta_of(machine_of(cpu)));
}

/* The simulated address of a host value. One that is outside the simulated address space stays what it is. */
static uint64_t simulated(const struct fxm_machine *m, uint64_t value)
{
	uint64_t va = value - delta_of(m);
	return va <= fxmi_kernel(m)->va_mask ? va : value;
}

/* ---- mistakes that only this tier can see ---- */

/* Says what @value is, if it is anything of this machine. */
static void describe(const struct fxmi_kernel *k, uint64_t value, char *buf, size_t size)
{
	const struct fxmi_physmem *mem = &k->m->mem;
	uint64_t va = simulated(k->m, value), offset = value - (uintptr_t)mem->mem_map;
	unsigned long long shown = va;
	int nr = fxmi_pkmap_nr(&k->pkmap, va);

	if (!value)
		snprintf(buf, size, "NULL");
	else if (offset < mem->nr_frames * sizeof(struct fxm_page))
		snprintf(buf, size, offset % sizeof(struct fxm_page) ? "a pointer into the struct page of pfn %llx" : "the struct page of pfn %llx",
			 (unsigned long long)(offset / sizeof(struct fxm_page)));
	else if (nr >= 0)
		snprintf(buf, size, "%llx, an address inside pkmap slot %d", shown, nr);
	else if (va <= k->va_mask && fxmi_va_is_fixed(k, va))
		snprintf(buf, size, "%llx, the address of fixmap index %llu", shown, (unsigned long long)fxmi_virt_to_fix(k, va));
	else if (va >= k->page_offset && va < k->high_memory)
		snprintf(buf, size, "%llx, an address in the direct map (pfn %llx)", shown,
			 (unsigned long long)((va - k->page_offset) >> FXM_PAGE_SHIFT));
	else
		snprintf(buf, size, "%llx, which is no pointer of this machine", shown);
}

/* The kernel would read page->flags at @page, where nothing is that it could read: an oops. */
static FXMI_COLD _Noreturn void not_a_page(struct fxm_vcpu *cpu, const char *function, const void *page, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxm_fault fault = {.address = fxm_va_of(simulated(k->m, (uintptr_t)page) & k->va_mask), .access = FXM_READ};
	char what[128], text[256];

	describe(k, (uintptr_t)page, what, sizeof(what));
	snprintf(text, sizeof(text), "%s() takes the page and was given %s", function, what);
	fxmi_oops(cpu, &fault, (uintptr_t)site, text);
}

/*
 * kunmap() of an address: the kernel takes what is mapped there for a struct page. The zone is in the top two bits of its first word:
 * 2 is highmem, whose look-up then finds no address; anything else is lowmem, which kunmap() ignores.
 */
static FXMI_COLD void kunmap_address(struct fxm_vcpu *cpu, const void *address, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = simulated(k->m, (uintptr_t)address);
	struct fxmi_subject about = {.va = va, .site = (uintptr_t)site, .slot_plus_1 = fxmi_pkmap_nr(&k->pkmap, va) + 1};
	uint32_t flags;
	char what[128];

	if (va > k->va_mask || fxm_read(cpu, fxm_va_of(va), &flags, sizeof(flags)))
		not_a_page(cpu, "kunmap", address, site);
	describe(k, (uintptr_t)address, what, sizeof(what));
	if (flags >> 30 == 2)
		fxmi_bug(cpu, "kunmap_high_unmapped", &about, "kunmap() takes the page and was given %s", what);
	fxmi_finding(k, cpu, "wrong-argument", &about,
		     "kunmap() takes the page and was given %s: the kernel takes what lies there for a lowmem page and does nothing", what);
}

static struct fxm_vcpu *check_page(const char *function, const struct fxm_page *page, const void *site)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	if (fxmi_unlikely(!fxmi_page_is_valid(machine_of(cpu), page)))
		not_a_page(cpu, function, page, site);
	return cpu;
}

/* A pointer that was cut to 32 bits still means the same simulated address: named, then used as that. */
static FXMI_COLD void truncated(struct fxm_vcpu *cpu, const char *function, uint64_t value, const void *site)
{
	fxmi_finding(fxmi_kernel_of(cpu), cpu, "truncated-pointer", &(struct fxmi_subject){.va = value, .site = (uintptr_t)site},
		     "%s() was given %llx: a pointer truncated to 32 bits, which is only the same pointer while the window lies at the "
		     "simulated addresses (identity=1); keep pointers in unsigned long or void *",
		     function, (unsigned long long)value);
}

/* The simulated address that an argument of @function means. */
static uint64_t address_arg(struct fxm_vcpu *cpu, const char *function, const void *address, const void *site)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t value = (uintptr_t)address;

	if (fxmi_unlikely(delta_of(k->m) && value >= k->page_offset && value <= k->va_mask))
		truncated(cpu, function, value, site);
	return simulated(k->m, value);
}

void fxm_k_missing(const char *function)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	const char *since = fxm_since(function);
	fxmi_bug(cpu, function, NULL, "%s() is not in %s: %s", function, fxm_machine_profile(machine_of(cpu)),
		 since ? since : "no kernel version that is known here has it");
}

/* What a call of the explicit tier returned, as the kernel's function returns it. */
static void *result(struct fxm_vcpu *cpu, const char *function, fxm_va va)
{
	if (fxmi_unlikely(fxm_va_error(va) == -ENOSYS))
		fxm_k_missing(function);
	if (fxmi_unlikely(fxm_va_error(va) != 0))
		fxmi_bug(cpu, function, NULL, "%s(): %s", function, fxm_strerror(fxm_va_error(va)));
	return va.v ? host(cpu, va.v) : NULL;
}

static int status(struct fxm_vcpu *cpu, const char *function, int error)
{
	if (fxmi_unlikely(error < 0))
		result(cpu, function, fxmi_va_error(error));
	return error;
}

/* ---- addresses and numbers ---- */

unsigned long fxm_k_simulated(const void *address)
{
	return simulated(machine_of(fxm_k_cpu()), (uintptr_t)address);
}

unsigned long fxm_k_number(const char *name)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t value;

	if (!strcmp(name, "totalhigh_pages"))
		return k->m->mem.nr_frames - k->m->mem.highmem_pfn;
	if (fxm_layout_value(k->layout, name, &value))
		fxmi_bug(cpu, name, NULL, "%s does not exist in %s", name, fxm_machine_profile(k->m));
	return value;
}

unsigned long fxm_k_address(const char *name)
{
	return (uintptr_t)host(fxm_k_cpu(), fxm_k_number(name));
}

uint64_t fxm_k_prot(const char *name)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxm_pte value;

	if (fxm_prot_value(fxmi_kernel_of(cpu)->layout, name, &value))
		fxmi_bug(cpu, name, NULL, "%s does not exist in %s", name, fxm_machine_profile(machine_of(cpu)));
	return value.v;
}

unsigned long fxm_k_pa(unsigned long address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = address_arg(cpu, "__pa", (void *)address, __builtin_return_address(0));
	return (va - k->page_offset) & k->va_mask;
}

void *fxm_k_va(unsigned long long physical)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	return host(cpu, (physical + k->page_offset) & k->va_mask);
}

bool fxm_k_virt_addr_valid(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = simulated(k->m, (uintptr_t)address);
	return va >= k->page_offset && va < k->high_memory;
}

struct fxm_page *fxm_k_virt_to_page(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = address_arg(cpu, "virt_to_page", address, __builtin_return_address(0));
	uint64_t pfn = ((va - k->page_offset) & k->va_mask) >> FXM_PAGE_SHIFT;

	if (fxmi_unlikely(va < k->page_offset || va >= k->high_memory)) {
		char what[128];
		describe(k, (uintptr_t)address, what, sizeof(what));
		fxmi_finding(k, cpu, "virt-to-page", &(struct fxmi_subject){.va = va, .site = (uintptr_t)__builtin_return_address(0)},
			     "virt_to_page() is for lowmem and was given %s: the kernel computes pfn %llx, which is not its page", what,
			     (unsigned long long)pfn);
	}
	return k->m->mem.mem_map + pfn;
}

/* ---- pages ---- */

unsigned long fxm_k_page_to_pfn(const struct fxm_page *page)
{
	return (unsigned long)(page - machine_of(fxm_k_cpu())->mem.mem_map);
}

struct fxm_page *fxm_k_pfn_to_page(unsigned long pfn)
{
	return machine_of(fxm_k_cpu())->mem.mem_map + pfn;
}

bool fxm_k_pfn_valid(unsigned long pfn)
{
	return fxmi_pfn_is_ram(machine_of(fxm_k_cpu()), pfn);
}

bool fxm_k_page_is_highmem(const struct fxm_page *page)
{
	struct fxm_vcpu *cpu = check_page("PageHighMem", page, __builtin_return_address(0));
	return fxm_page_is_highmem(machine_of(cpu), page);
}

struct fxm_page *fxm_k_compound_head(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = check_page("compound_head", page, __builtin_return_address(0));
	return fxm_compound_head(machine_of(cpu), page);
}

int fxm_k_page_count(const struct fxm_page *page)
{
	struct fxm_vcpu *cpu = check_page("page_count", page, __builtin_return_address(0));
	return fxm_page_count(machine_of(cpu), page);
}

void fxm_k_get_page(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = check_page("get_page", page, __builtin_return_address(0));
	fxm_page_get(machine_of(cpu), page);
}

/* The bits of a gfp_t that mean something to the library; without __GFP_WAIT the caller cannot sleep. */
#define GFP_WAIT 0x800u

static unsigned library_gfp(struct fxm_vcpu *cpu, unsigned gfp)
{
	if (gfp & GFP_WAIT)
		fxm_might_sleep(cpu, "mm/page_alloc.c");
	return (gfp & (FXM_GFP_DMA | FXM_GFP_HIGHMEM | FXM_GFP_ZERO | FXM_GFP_COMP)) | (gfp & GFP_WAIT ? 0 : FXM_GFP_ATOMIC);
}

static struct fxm_page *alloc_pages(struct fxm_vcpu *cpu, unsigned gfp, unsigned order, const void *site)
{
	struct fxm_machine *m = machine_of(cpu);
	struct fxm_page *page = fxm_alloc_pages(m, library_gfp(cpu, gfp), order);

	if (page)
		fxmi_held_add(fxmi_tier(fxmi_kernel(m)),
			      &(struct fxm_held){.kind = FXM_HELD_PAGES, .pfn = fxmi_page_pfn(m, page), .order = order,
						 .site.pc = (uintptr_t)site},
			      0);
	return page;
}

struct fxm_page *fxm_k_alloc_pages(unsigned gfp, unsigned order)
{
	return alloc_pages(fxm_k_cpu(), gfp, order, __builtin_return_address(0));
}

/* A page that goes while kmap() still shows it: the kernel does not look, the next owner's contents appear there. */
static void check_mapped(struct fxm_vcpu *cpu, struct fxm_page *page, unsigned order, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	for (struct fxm_page *p = page; p < page + (1u << order) && fxmi_page_is_valid(k->m, p); p++) {
		uint32_t slot_plus_1 = atomic_load_explicit(&p->pkmap_slot, memory_order_acquire);
		if (slot_plus_1 && fxmi_pkmap_count(&k->pkmap, slot_plus_1 - 1) >= 2)
			fxmi_finding(k, cpu, "free-while-mapped",
				     &(struct fxmi_subject){.va = fxmi_pkmap_addr(&k->pkmap, slot_plus_1 - 1), .page = p,
							    .slot_plus_1 = (int)slot_plus_1, .site = (uintptr_t)site,
							    .mapped_at = k->pkmap.site[slot_plus_1 - 1]},
				     "page pfn %llx is freed while kmap() still maps it at %llx: kunmap() first",
				     (unsigned long long)fxmi_page_pfn(k->m, p), (unsigned long long)fxmi_pkmap_addr(&k->pkmap, slot_plus_1 - 1));
	}
}

static FXMI_COLD void bad_page_state(struct fxm_vcpu *cpu, struct fxm_page *page, unsigned order, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t pfn = fxmi_page_pfn(k->m, page);
	char head[128], text[160];

	snprintf(head, sizeof(head), "BUG: Bad page state in process %s  pfn:%05llx\n", cpu->current->comm, (unsigned long long)pfn);
	snprintf(text, sizeof(text), "__free_pages(pfn %llx, order %u): %s", (unsigned long long)pfn, order,
		 fxm_page_count(k->m, page) ? "no block of that order begins there" : "the page is free already");
	fxmi_report(k, cpu, FXM_REPORT_WARN, NULL, NULL, head,
		    &(struct fxmi_subject){.page = page, .site = (uintptr_t)site}, text);
}

static void free_pages(struct fxm_vcpu *cpu, struct fxm_page *page, unsigned order, const void *site)
{
	struct fxm_machine *m = machine_of(cpu);

	if (fxm_page_count(m, page) == 1)
		check_mapped(cpu, page, order, site);
	if (fxm_free_pages(m, page, order))
		bad_page_state(cpu, page, order, site);
	else if (!fxm_page_count(m, page))
		fxmi_held_remove(fxmi_tier(fxmi_kernel(m)), FXM_HELD_PAGES, fxmi_page_pfn(m, page));
}

void fxm_k_free_pages(struct fxm_page *page, unsigned order)
{
	const void *site = __builtin_return_address(0);
	free_pages(check_page("__free_pages", page, site), page, order, site);
}

void fxm_k_put_page(struct fxm_page *page)
{
	const void *site = __builtin_return_address(0);
	struct fxm_vcpu *cpu = check_page("put_page", page, site);
	struct fxm_page *head = fxm_compound_head(machine_of(cpu), page);
	free_pages(cpu, head, head->order, site);
}

unsigned long fxm_k_get_free_pages(unsigned gfp, unsigned order)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxm_page *page = alloc_pages(cpu, gfp & ~FXM_GFP_HIGHMEM, order, __builtin_return_address(0));
	return page ? (uintptr_t)host(cpu, fxmi_page_address(fxmi_kernel_of(cpu), page)) : 0;
}

void fxm_k_free_pages_at(unsigned long address, unsigned order)
{
	const void *site = __builtin_return_address(0);
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	char what[128];

	if (!address)
		return;
	if (!fxm_k_virt_addr_valid((void *)address)) {
		describe(k, address, what, sizeof(what));
		fxmi_bug(cpu, "mm/page_alloc.c", &(struct fxmi_subject){.va = simulated(k->m, address), .site = (uintptr_t)site},
			 "free_pages() takes an address from __get_free_pages() and was given %s", what);
	}
	free_pages(cpu, k->m->mem.mem_map + ((simulated(k->m, address) - k->page_offset) >> FXM_PAGE_SHIFT), order, site);
}

/* ---- kmalloc ---- */

static void *do_kmalloc(struct fxm_vcpu *cpu, size_t size, unsigned gfp, const void *site)
{
	struct fxm_machine *m = machine_of(cpu);
	fxm_va va = fxm_kmalloc(m, size, library_gfp(cpu, gfp) & ~FXM_GFP_HIGHMEM);

	if (!va.v)
		return NULL;
	fxmi_held_add(fxmi_tier(fxmi_kernel(m)),
		      &(struct fxm_held){.kind = FXM_HELD_KMALLOC, .address = va, .size_bytes = size, .site.pc = (uintptr_t)site}, 0);
	return host(cpu, va.v);
}

static void do_kfree(struct fxm_vcpu *cpu, const void *object, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = simulated(k->m, (uintptr_t)object);
	char what[128];

	/* ERR_PTR-like small values and ZERO_SIZE_PTR of the kernel are not freed. */
	if ((uintptr_t)object <= 16)
		return;
	if (fxm_kfree(k->m, fxm_va_of(va))) {
		describe(k, (uintptr_t)object, what, sizeof(what));
		fxmi_bug(cpu, "mm/slab.c", &(struct fxmi_subject){.va = va, .site = (uintptr_t)site},
			 "kfree() was given %s: no allocation begins there now (freed already?)", what);
	}
	fxmi_held_remove(fxmi_tier(k), FXM_HELD_KMALLOC, va);
}

void *fxm_k_kmalloc(size_t size, unsigned gfp)
{
	return do_kmalloc(fxm_k_cpu(), size, gfp, __builtin_return_address(0));
}

void fxm_k_kfree(const void *object)
{
	do_kfree(fxm_k_cpu(), object, __builtin_return_address(0));
}

size_t fxm_k_ksize(const void *object)
{
	struct fxm_machine *m = machine_of(fxm_k_cpu());
	return fxm_ksize(m, fxm_va_of(simulated(m, (uintptr_t)object)));
}

void *fxm_k_krealloc(const void *old, size_t size, unsigned gfp)
{
	const void *site = __builtin_return_address(0);
	struct fxm_vcpu *cpu = fxm_k_cpu();
	size_t had = old ? fxm_k_ksize(old) : 0;

	if (!size) {
		do_kfree(cpu, old, site);
		return NULL;
	}
	if (had >= size)
		return (void *)old;
	void *larger = do_kmalloc(cpu, size, gfp, site);
	if (larger && had) {
		memcpy(larger, old, had);
		do_kfree(cpu, old, site);
	}
	return larger;
}

/* ---- kmap ---- */

void *fxm_k_kmap(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = check_page("kmap", page, __builtin_return_address(0));
	return result(cpu, "kmap", fxm_kmap(cpu, page));
}

void fxm_k_kunmap(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	if (fxmi_likely(fxmi_page_is_valid(machine_of(cpu), page)))
		status(cpu, "kunmap", fxm_kunmap(cpu, page));
	else
		kunmap_address(cpu, page, __builtin_return_address(0));
}

void *fxm_k_kmap_high(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = check_page("kmap_high", page, __builtin_return_address(0));
	return result(cpu, "kmap_high", fxm_kmap_high(cpu, page));
}

void fxm_k_kunmap_high(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = check_page("kunmap_high", page, __builtin_return_address(0));
	status(cpu, "kunmap_high", fxm_kunmap_high(cpu, page));
}

void *fxm_k_page_address(const struct fxm_page *page)
{
	struct fxm_vcpu *cpu = check_page("page_address", page, __builtin_return_address(0));
	return result(cpu, "page_address", fxm_page_address(cpu, page));
}

void fxm_k_set_page_address(struct fxm_page *page, void *address)
{
	struct fxm_vcpu *cpu = check_page("set_page_address", page, __builtin_return_address(0));
	uint64_t va = address ? simulated(machine_of(cpu), (uintptr_t)address) : 0;
	status(cpu, "set_page_address", fxm_set_page_address(cpu, page, fxm_va_of(va)));
}

void fxm_k_kmap_flush_unused(void)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	status(cpu, "kmap_flush_unused", fxm_kmap_flush_unused(cpu));
}

struct fxm_page *fxm_k_kmap_to_page(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t va = address_arg(cpu, "kmap_to_page", address, __builtin_return_address(0));
	uint64_t pfn = fxm_kmap_to_pfn(cpu, fxm_va_of(va));

	if (pfn == UINT64_MAX)
		fxm_k_missing("kmap_to_page");
	return machine_of(cpu)->mem.mem_map + pfn;
}

/* ---- kmap_atomic ---- */

void *fxm_k_kmap_atomic(struct fxm_page *page)
{
	struct fxm_vcpu *cpu = check_page("kmap_atomic", page, __builtin_return_address(0));
	return result(cpu, "kmap_atomic", fxm_kmap_atomic(cpu, page));
}

void *fxm_k_kmap_atomic_prot(struct fxm_page *page, uint64_t prot)
{
	struct fxm_vcpu *cpu = check_page("kmap_atomic_prot", page, __builtin_return_address(0));
	return result(cpu, "kmap_atomic_prot", fxm_kmap_atomic_prot(cpu, page, fxm_pte_of(prot)));
}

void *fxm_k_kmap_atomic_pfn(unsigned long pfn)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return result(cpu, "kmap_atomic_pfn", fxm_kmap_atomic_pfn(cpu, pfn));
}

void *fxm_k_kmap_atomic_type(struct fxm_page *page, unsigned type)
{
	struct fxm_vcpu *cpu = check_page("kmap_atomic", page, __builtin_return_address(0));
	return result(cpu, "kmap_atomic_type", fxm_kmap_atomic_type(cpu, page, type));
}

void *fxm_k_kmap_atomic_pfn_type(unsigned long pfn, unsigned type)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return result(cpu, "kmap_atomic_pfn", fxm_kmap_atomic_pfn_type(cpu, pfn, type));
}

/* The address to unmap. A page given instead lies in the direct map as far as the kernel can see: it is ignored there. */
static uint64_t unmap_arg(struct fxm_vcpu *cpu, const void *address, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxmi_physmem *mem = &k->m->mem;
	char what[128];

	if ((uintptr_t)address - (uintptr_t)mem->mem_map < mem->nr_frames * sizeof(struct fxm_page)) {
		describe(k, (uintptr_t)address, what, sizeof(what));
		fxmi_finding(k, cpu, "wrong-argument", &(struct fxmi_subject){.page = address, .site = (uintptr_t)site},
			     "kunmap_atomic() takes the address that kmap_atomic() returned and was given %s: nothing is unmapped", what);
		return k->page_offset;
	}
	return address_arg(cpu, "kunmap_atomic", address, site);
}

void fxm_k_kunmap_atomic(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	status(cpu, "kmap_atomic", fxm_kunmap_atomic(cpu, fxm_va_of(unmap_arg(cpu, address, __builtin_return_address(0)))));
}

void fxm_k_kunmap_atomic_type(const void *address, unsigned type)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	status(cpu, "kmap_atomic_type", fxm_kunmap_atomic_type(cpu, fxm_va_of(unmap_arg(cpu, address, __builtin_return_address(0))), type));
}

struct fxm_page *fxm_k_kmap_atomic_to_page(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t va = address_arg(cpu, "kmap_atomic_to_page", address, __builtin_return_address(0));
	uint64_t pfn = fxm_kmap_atomic_to_pfn(cpu, fxm_va_of(va));

	if (pfn == UINT64_MAX)
		fxm_k_missing("kmap_atomic_to_page");
	return machine_of(cpu)->mem.mem_map + pfn;
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

/* ---- fixmap ---- */

unsigned long fxm_k_fix_to_virt(unsigned index)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return (uintptr_t)host(cpu, fxmi_fix_to_virt(fxmi_kernel_of(cpu), index));
}

unsigned long fxm_k_fix_to_virt_checked(unsigned index)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint32_t end = fxmi_kernel_of(cpu)->nr_fixed;

	if (index >= end)
		fxmi_bug(cpu, "fix_to_virt", NULL, "fix_to_virt(): index %u is not below __end_of_fixed_addresses, which is %u here", index, end);
	return fxm_k_fix_to_virt(index);
}

unsigned long fxm_k_virt_to_fix(unsigned long address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return fxmi_virt_to_fix(fxmi_kernel_of(cpu), address_arg(cpu, "__virt_to_fix", (void *)address, __builtin_return_address(0)));
}

unsigned long fxm_k_virt_to_fix_checked(unsigned long address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return fxm_virt_to_fix(cpu, fxm_va_of(address_arg(cpu, "virt_to_fix", (void *)address, __builtin_return_address(0))));
}

/* Notes who set index @index, which so far holds @before. */
static void note_set(struct fxm_vcpu *cpu, unsigned index, uint64_t before, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	fxmi_held_add(fxmi_tier(k),
		      &(struct fxm_held){.kind = FXM_HELD_FIXMAP, .index = index, .address = fxm_va_of(fxmi_fix_to_virt(k, index)),
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
	fxm___set_fixmap(cpu, index, fxm_pa_of(physical), fxm_pte_of(prot));
	note_set(cpu, index, before, __builtin_return_address(0));
}

static int (*const setters[])(struct fxm_vcpu *, uint32_t, fxm_pa) = {
	[FXM_K_FIXMAP_NORMAL] = fxm_set_fixmap, [FXM_K_FIXMAP_NOCACHE] = fxm_set_fixmap_nocache, [FXM_K_FIXMAP_IO] = fxm_set_fixmap_io};
static fxm_va (*const offset_setters[])(struct fxm_vcpu *, uint32_t, fxm_pa) = {[FXM_K_FIXMAP_NORMAL] = fxm_set_fixmap_offset,
										[FXM_K_FIXMAP_NOCACHE] = fxm_set_fixmap_offset_nocache,
										[FXM_K_FIXMAP_IO] = fxm_set_fixmap_offset_io};

void fxm_k_set_fixmap(enum fxm_k_fixmap_kind kind, unsigned index, unsigned long long physical)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t before = entry_of(cpu, index);
	status(cpu, "set_fixmap_io", setters[kind](cpu, index, fxm_pa_of(physical)));
	note_set(cpu, index, before, __builtin_return_address(0));
}

unsigned long fxm_k_set_fixmap_offset(enum fxm_k_fixmap_kind kind, unsigned index, unsigned long long physical)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t before = entry_of(cpu, index);
	void *address = result(cpu, "set_fixmap_offset", offset_setters[kind](cpu, index, fxm_pa_of(physical)));
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
	fxm_last_fault(cpu, &fault);
	fxm_oops(cpu, &fault);
}

uint64_t fxm_k_mmio_read(const volatile void *address, unsigned width)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t value = 0;
	uint64_t va = address_arg(cpu, "readl", (const void *)address, __builtin_return_address(0));
	int error = fxm_mmio_read(cpu, fxm_va_of(va), width, &value);
	if (error)
		mmio_failed(cpu, error);
	return value;
}

void fxm_k_mmio_write(volatile void *address, unsigned width, uint64_t value)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t va = address_arg(cpu, "writel", (const void *)address, __builtin_return_address(0));
	int error = fxm_mmio_write(cpu, fxm_va_of(va), width, value);
	if (error)
		mmio_failed(cpu, error);
}

void fxm_k_flush_tlb_one(unsigned long address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxm_tlb_flush_one(cpu, fxm_va_of(simulated(machine_of(cpu), address) & FXMI_PAGE_MASK));
}

void fxm_k_flush_tlb_all(void)
{
	fxmi_tlb_flush_all(machine_of(fxm_k_cpu()));
}

/* ---- counters, the scheduler ---- */

static struct fxm_counts counts(void)
{
	struct fxm_counts c;
	fxm_counts(fxm_k_cpu(), &c);
	return c;
}

int fxm_k_preempt_count(void)
{
	return counts().preempt;
}

int fxm_k_pagefault_count(void)
{
	return counts().pagefault;
}

void fxm_k_schedule(void)
{
	fxm_schedule(fxm_k_cpu());
}

void fxm_k_might_sleep(const char *where)
{
	fxm_might_sleep(fxm_k_cpu(), where);
}

struct fxm_k_current *fxm_k_current(void)
{
	static __thread struct fxm_k_current current __attribute__((tls_model("initial-exec")));
	const struct fxm_task *task = fxm_k_cpu()->current;

	current.pid = task->pid;
	snprintf(current.comm, sizeof(current.comm), "%s", task->comm);
	return &current;
}

/* ---- locks ---- */

static bool take(struct fxm_vcpu *cpu, struct fxm_k_lock *lock)
{
	if (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		return false;
	__atomic_store_n(&lock->holder, cpu->current, __ATOMIC_RELAXED);
	return true;
}

static void release(struct fxm_k_lock *lock)
{
	__atomic_store_n(&lock->holder, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

/* What lock debugging prints; where the kernel would then wait for ever, the task ends. */
static FXMI_COLD _Noreturn void lock_bug(struct fxm_vcpu *cpu, const char *what, const char *explanation, const void *site)
{
	char head[128];

	snprintf(head, sizeof(head), "BUG: %s on CPU#%u, %s/%d\n", what, cpu->id, cpu->current->comm, cpu->current->pid);
	fxmi_report(fxmi_kernel_of(cpu), cpu, FXM_REPORT_BUG, NULL, NULL, head, &(struct fxmi_subject){.site = (uintptr_t)site}, explanation);
	fxmi_task_kill(cpu);
}

static bool is_mine(const struct fxm_vcpu *cpu, const struct fxm_k_lock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == cpu->current;
}

#define TWICE "this task holds the lock already: a real machine would wait for ever"
#define NOT_HELD "nobody holds this lock"

void fxm_k_spin_lock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxm_preempt_disable(cpu);
	if (is_mine(cpu, lock))
		lock_bug(cpu, "spinlock recursion", TWICE, __builtin_return_address(0));
	while (!take(cpu, lock))
		sched_yield();
}

int fxm_k_spin_trylock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxm_preempt_disable(cpu);
	if (take(cpu, lock))
		return 1;
	fxm_preempt_enable(cpu);
	return 0;
}

void fxm_k_spin_unlock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	if (!lock->taken)
		lock_bug(cpu, "spinlock already unlocked", NOT_HELD, __builtin_return_address(0));
	release(lock);
	fxm_preempt_enable(cpu);
}

void fxm_k_mutex_lock(struct fxm_k_lock *lock, const char *where)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxm_might_sleep(cpu, where);
	if (is_mine(cpu, lock))
		lock_bug(cpu, "mutex recursion", TWICE, __builtin_return_address(0));
	while (!take(cpu, lock)) {
		fxm_schedule(cpu);
		sched_yield();
	}
}

int fxm_k_mutex_trylock(struct fxm_k_lock *lock)
{
	return take(fxm_k_cpu(), lock);
}

void fxm_k_mutex_unlock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	if (!lock->taken)
		lock_bug(cpu, "mutex already unlocked", NOT_HELD, __builtin_return_address(0));
	release(lock);
}

/* ---- BUG, WARN ---- */

void fxm_k_bug(const char *where)
{
	fxm_bug(fxm_k_cpu(), where);
	abort(); /* fxm_bug() does not return; the compiler is not told so */
}

void fxm_k_warn(const char *where, const char *fmt, ...)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	char text[FXMI_LOG_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	fxmi_vformat(fxmi_kernel_of(cpu), text, sizeof(text), fmt, args);
	va_end(args);
	text[strcspn(text, "\n")] = 0;
	fxm_warn(cpu, where, text);
}
