/* SPDX-License-Identifier: MIT */
/*
 * The functions behind the kernel's own names, first part: the calling thread's machine, addresses, and what to say about an
 * argument that is none. Each function finds the thread's vCPU, turns host values into simulated ones, calls the explicit tier, and
 * turns the answer into what the kernel's function gives: a host value, or the end of the task.
 *
 * Invariant: a host value is simulated + delta, for every address of the simulated address space, mapped or not.
 */
#include "detect.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "tier.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- the calling thread's machine ---- */

void fxmi_tier_die(const char *line)
{
	fprintf(stderr, "libfixmap: %s\n", line);
	fflush(NULL);
	_exit(2);
}

static unsigned leaks(struct fxmi_kernel *k)
{
	return fxmi_held_leaks(k) + fxmi_kthread_leaks(k) + fxmi_timer_leaks(k) + fxmi_work_leaks(k);
}

static bool is_valid(struct fxmi_kernel *k)
{
	struct fxmi_tier *tier = atomic_load(&k->tier);

	fxm_invariant(tier && tier->k == k);
	pthread_mutex_lock(&tier->log_lock);
	bool has_room = tier->used < FXMI_LOG_LINE_MAX;
	pthread_mutex_unlock(&tier->log_lock);
	fxm_invariant(has_room);
	return fxmi_held_are_valid(tier);
}

static void tier_free(struct fxmi_kernel *k)
{
	struct fxmi_tier *tier = atomic_exchange(&k->tier, NULL);
	pthread_mutex_destroy(&tier->lock);
	pthread_mutex_destroy(&tier->log_lock);
	fxmi_irqs_free(tier);
	fxmi_files_free(tier);
	free(tier->held);
	fxmi_tier_tasks_free(tier);
	fxmi_soft_free(tier);
	fxmi_work_free(tier);
	free(tier);
}

static bool on_idle(struct fxm_vcpu *cpu)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	return fxmi_work_idle(cpu, tier) || fxmi_soft_idle(cpu, tier);
}

static struct fxmi_tier *tier_new(struct fxmi_kernel *k)
{
	struct fxmi_tier *tier = calloc(1, sizeof(*tier));
	struct timespec t;

	if (!tier)
		fxmi_tier_die("no memory for the kernel tier");
	if (k->m->desc.window == FXM_WINDOW_OFF)
		fxmi_tier_die("the kernel tier hands out pointers, and this machine has no window: set window=checked, strict, "
			      "retain or eager");
	tier->k = k;
	tier->part = (struct fxmi_part){.leaks = leaks,
					.is_valid = is_valid,
					.free = tier_free,
					.task_end = fxmi_tier_task_end,
					.idle = on_idle,
					.irq_exit = fxmi_tier_softirqs,
					.note_waits = fxmi_tier_note_waits};
	if (fxmi_soft_init(tier) || fxmi_work_init(tier))
		fxmi_tier_die("no memory for the kernel tier");
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
	if (atomic_compare_exchange_strong(&k->tier, &none, tier)) {
		fxmi_part_add(k, &tier->part);
		return tier;
	}
	fxmi_soft_free(tier);
	fxmi_work_free(tier);
	free(tier);
	return none;
}

struct fxm_vcpu *fxm_k_cpu(void)
{
	struct fxm_vcpu *cpu = fxm_current();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));

	if (fxmi_unlikely(tier->checked != atomic_load_explicit(&fxmi_units_generation, memory_order_acquire)))
		fxmi_units_check(tier);
	cpu->view.units = tier->checked;
	return cpu;
}

/* ---- mistakes that only this tier can see ---- */

void fxmi_tier_describe(const struct fxmi_kernel *k, uint64_t value, char *buf, size_t size)
{
	const struct fxmi_physmem *mem = &k->m->mem;
	uint64_t offset = value - (uintptr_t)mem->mem_map;

	if (!value)
		snprintf(buf, size, "NULL");
	else if (offset < mem->nr_frames * sizeof(struct fxm_page))
		snprintf(buf, size,
			 offset % sizeof(struct fxm_page) ? "a pointer into the struct page of pfn %llx"
							  : "the struct page of pfn %llx",
			 (unsigned long long)(offset / sizeof(struct fxm_page)));
	else
		fxmi_describe(k, fxmi_tier_simulated(k->m, value), buf, size);
}

/* The kernel would read page->flags at @page, where nothing is that it could read: an oops. */
static FXMI_COLD _Noreturn void not_a_page(struct fxm_vcpu *cpu, const char *function, const void *page, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxm_fault fault = {.address = fxm_va_of(fxmi_tier_simulated(k->m, (uintptr_t)page) & k->va_mask),
				  .access = FXM_READ};
	char what[160], text[256];

	fxmi_tier_describe(k, (uintptr_t)page, what, sizeof(what));
	snprintf(text, sizeof(text), "%s() takes the page and was given %s", function, what);
	fxmi_oops(cpu, &fault, (uintptr_t)site, false, text);
}

struct kmaps {
	uint64_t va; /* of one of them */
	unsigned nr;
};

static void count_kmap(const struct fxmi_mapping *m, void *arg)
{
	struct kmaps *kmaps = arg;

	kmaps->va = m->va;
	kmaps->nr++;
}

/* The address of the only kmap() that was not undone, which a kunmap() of something else was meant for; 0 when there are more. */
static uint64_t only_kmap(const struct fxmi_kernel *k)
{
	struct kmaps kmaps = {0};

	k->family[FXMI_FAMILY_PKMAP]->each(k, count_kmap, &kmaps);
	return kmaps.nr == 1 ? kmaps.va : 0;
}

/*
 * The kernel takes what is mapped at @address for a struct page. The zone is in the top two bits of its first word: 2 is
 * highmem, whose look-up then finds no address; anything else is lowmem, which kunmap() ignores.
 */
FXMI_COLD void fxmi_tier_kunmap_address(struct fxm_vcpu *cpu, const void *address, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = fxmi_tier_simulated(k->m, (uintptr_t)address);
	struct fxmi_subject about = {.va = va, .site = (uintptr_t)site, .slot_plus_1 = fxmi_pkmap_nr(&k->pkmap, va) + 1};
	struct fxmi_slot slot;
	uint64_t stays = about.slot_plus_1 || fxmi_slot_at(k, va, &slot) ? va : only_kmap(k);
	char what[160], then[64] = "";
	uint32_t flags;

	fxmi_history(k, stays, &about);
	if (va > k->va_mask || fxm_read(cpu, fxm_va_of(va), &flags, sizeof(flags)))
		not_a_page(cpu, "kunmap", address, site);
	fxmi_tier_describe(k, (uintptr_t)address, what, sizeof(what));
	if (about.mapped_at && !about.unmapped_at) {
		snprintf(then, sizeof(then), "; the mapping at %llx stays", (unsigned long long)(stays & FXMI_PAGE_MASK));
		fxmi_tell(k, stays, FXMI_MISTAKE_STAYS);
	}
	if (flags >> 30 == 2)
		fxmi_bug(cpu, "kunmap_high_unmapped", &about, "kunmap() takes the page and was given %s", what);
	fxmi_finding(
	    k, cpu, FXMI_FIND_WRONG_ARGUMENT, &about,
	    "kunmap() takes the page and was given %s: the kernel takes what lies there for a lowmem page and does nothing%s", what,
	    then);
}

struct fxm_vcpu *fxmi_tier_check_page(const char *function, const struct fxm_page *page, const void *site)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	if (fxmi_unlikely(!fxmi_page_is_valid(cpu->machine, page)))
		not_a_page(cpu, function, page, site);
	return cpu;
}

/* A pointer that was cut to 32 bits still means the same simulated address: named, then used as that. */
static FXMI_COLD void truncated(struct fxm_vcpu *cpu, const char *function, uint64_t value, const void *site)
{
	fxmi_finding(
	    fxmi_kernel_of(cpu), cpu, FXMI_FIND_TRUNCATED_POINTER, &(struct fxmi_subject){.va = value, .site = (uintptr_t)site},
	    "%s() was given %llx: a pointer truncated to 32 bits, which is only the same pointer while the window lies at the "
	    "simulated addresses (identity=1); keep pointers in unsigned long or void *",
	    function, (unsigned long long)value);
}

uint64_t fxmi_tier_address_arg(struct fxm_vcpu *cpu, const char *function, const void *address, const void *site)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t value = (uintptr_t)address;

	if (fxmi_unlikely(fxmi_tier_delta(k->m) && value >= k->page_offset && value <= k->va_mask))
		truncated(cpu, function, value, site);
	return fxmi_tier_simulated(k->m, value);
}

void fxm_k_missing(const char *function)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	const char *since = fxm_since(function);
	fxmi_bug(cpu, function, NULL, "%s() is not in %s: %s", function, fxm_machine_profile(cpu->machine),
		 since ? since : "no kernel version that is known here has it");
}

void *fxmi_tier_pointer(struct fxm_vcpu *cpu, const char *function, fxm_va va)
{
	fxmi_percpu(cpu)->caller = 0;
	if (fxmi_unlikely(fxm_va_error(va) == -ENOSYS))
		fxm_k_missing(function);
	if (fxmi_unlikely(fxm_va_error(va) != 0))
		fxmi_bug(cpu, function, NULL, "%s(): %s", function, fxm_strerror(fxm_va_error(va)));
	return va.v ? fxmi_tier_usable(cpu, va.v) : NULL;
}

int fxmi_tier_checked(struct fxm_vcpu *cpu, const char *function, int error)
{
	fxmi_percpu(cpu)->caller = 0;
	if (fxmi_unlikely(error < 0))
		fxmi_tier_pointer(cpu, function, fxmi_va_error(error));
	return error;
}

/* ---- addresses and numbers ---- */

uint64_t fxmi_tier_number(const struct fxm_machine *m, uint64_t value, int bytes)
{
	const struct fxmi_view *v = &m->vcpu[0]->view;
	uint64_t va = 0;

	if (bytes == 8 && fxmi_is_alias(v, value))
		va = fxmi_lane_va(v, value);
	else if (bytes == 4 && fxmi_has_lanes(v))
		va = fxmi_lane_va_of_low(v, (uint32_t)value);
	return va ? va : value;
}

unsigned long fxm_k_simulated(const void *address)
{
	return fxmi_tier_simulated(fxm_k_cpu()->machine, (uintptr_t)address);
}

unsigned long fxm_k_number(const char *name)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t value;

	if (!strcmp(name, "totalhigh_pages"))
		return k->m->mem.nr_frames - k->m->mem.highmem_pfn;
	if (fxm_layout_find(k->layout, name, &value))
		fxmi_bug(cpu, name, NULL, "%s does not exist in %s", name, fxm_machine_profile(k->m));
	return value;
}

unsigned long fxm_k_address(const char *name)
{
	return (uintptr_t)fxmi_tier_host(fxm_k_cpu(), fxm_k_number(name));
}

uint64_t fxm_k_prot(const char *name)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxm_pte value;

	if (fxm_prot_find(fxmi_kernel_of(cpu)->layout, name, &value))
		fxmi_bug(cpu, name, NULL, "%s does not exist in %s", name, fxm_machine_profile(cpu->machine));
	return value.v;
}

unsigned long fxm_k_pa(unsigned long address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = fxmi_tier_address_arg(cpu, "__pa", (void *)address, __builtin_return_address(0));
	uint64_t pa = fxmi_phys_addr(cpu, va);

	if (fxmi_unlikely(va > k->high_memory || fxmi_pkmap_nr(&k->pkmap, va) >= 0)) {
		struct fxmi_subject about = {.va = va, .site = (uintptr_t)__builtin_return_address(0)};
		char what[160];

		fxmi_tier_describe(k, address, what, sizeof(what));
		fxmi_history(k, va, &about);
		fxmi_finding(k, cpu, FXMI_FIND_VIRT_TO_PAGE, &about,
			     "virt_to_phys() is for lowmem and was given %s: the kernel computes %llx, which is not where it lies",
			     what, (unsigned long long)pa);
	}
	return pa;
}

void *fxm_k_va(unsigned long long physical)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	return fxmi_tier_host(cpu, (physical + k->linear_base) & k->va_mask);
}

bool fxm_k_is_vmalloc_addr(const void *address)
{
	const struct fxm_vcpu *cpu = fxm_k_cpu();
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = fxmi_tier_simulated(cpu->machine, (uintptr_t)address);

	return va >= k->vmalloc_start && va < k->vmalloc_end;
}

bool fxm_k_virt_addr_valid(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = fxmi_tier_simulated(k->m, (uintptr_t)address);
	return va >= k->page_offset && va < k->high_memory;
}

struct fxm_page *fxm_k_virt_to_page(const void *address)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = fxmi_tier_address_arg(cpu, "virt_to_page", address, __builtin_return_address(0));
	uint64_t pfn = fxmi_phys_addr(cpu, va) >> FXM_PAGE_SHIFT;

	if (fxmi_unlikely(va < k->page_offset || va >= k->high_memory)) {
		struct fxmi_subject about = {.va = va, .site = (uintptr_t)__builtin_return_address(0)};
		char what[160];

		fxmi_tier_describe(k, (uintptr_t)address, what, sizeof(what));
		fxmi_history(k, va, &about);
		fxmi_finding(k, cpu, FXMI_FIND_VIRT_TO_PAGE, &about,
			     "virt_to_page() is for lowmem and was given %s: the kernel computes pfn %llx, which is not its page%s",
			     what, (unsigned long long)pfn, fxm_k_is_vmalloc_addr(address) ? ": use vmalloc_to_page()" : "");
	}
	return fxmi_page_of(k->m, pfn);
}
