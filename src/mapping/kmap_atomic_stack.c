/* SPDX-License-Identifier: MIT */
/*
 * Temporary mappings, second generation (2.6.37 to 5.10): a stack per CPU. Models arch/x86/mm/highmem_32.c, iomap_32.c and
 * the kmap_atomic_idx functions of include/linux/highmem.h, 4.15 and 5.10.
 *
 * Level n of CPU c is slot n + KM_TYPE_NR * c of the FIX_KMAP group. Without DEBUG_HIGHMEM nothing limits the depth: level
 * KM_TYPE_NR is the next CPU's level 0, level -1 the fixed address above the group. An unmap always ends the topmost level,
 * whatever address it is given, and flushes the address it is given. Without HIGHMEM the slots exist, unused: all pages have
 * addresses, and only the counters move.
 *
 * Each map and unmap has two forms. The fast one, made per PTE width, handles a highmem page on a level of its own CPU, unmapped
 * in order, with nothing switched on (trace, detectors, DEBUG_HIGHMEM); it leaves the slow one everything else. The slow
 * one is the kernel's algorithm, step by step, and gives the same result where both apply.
 */
#include "detect.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

static uint64_t level_va(const struct fxmi_percpu *pc, int level)
{
	return pc->kmap_va - (uint64_t)(int64_t)level * FXM_PAGE_SIZE;
}

static unsigned char *level_pte(const struct fxmi_kernel *k, const struct fxmi_percpu *pc, int level)
{
	return pc->kmap_pte - (int64_t)level * k->pte_bytes;
}

/* ---- kmap_atomic_idx ---- */

int fxmi_kmap_atomic_idx_push(struct fxm_vcpu *cpu, struct fxmi_kernel *k)
{
	fxmi_counts_add(cpu, FXMI_DEPTH_ONE);
	int level = fxmi_count_depth(cpu->counts) - 1;

	if (k->debug_highmem && (fxmi_count_preempt(cpu->counts) & FXMI_HARDIRQ_MASK) && !cpu->irq_disabled)
		fxmi_warn_once(cpu, FXMI_ONCE_PUSH_IRQ, "push_irq", NULL,
			       "kmap_atomic in a hard interrupt that runs with interrupts enabled");
	if (k->debug_highmem && level >= (int)k->km_type_nr)
		fxmi_bug(cpu, "push_depth", NULL, "kmap_atomic nested %d deep; this kernel has %u levels per CPU", level + 1,
			 k->km_type_nr);
	if (fxmi_unlikely(level == (int)k->km_type_nr))
		fxmi_finding(k, cpu, FXMI_FIND_TOO_DEEP, NULL,
			     "kmap_atomic nested %d deep: this kernel has %u levels per CPU and, without DEBUG_HIGHMEM, no check; "
			     "from here on CPU %u's mappings lie in the slots of CPU %u",
			     level + 1, k->km_type_nr, cpu->id, cpu->id + 1);
	return level;
}

void fxmi_kmap_atomic_idx_pop(struct fxm_vcpu *cpu, struct fxmi_kernel *k)
{
	fxmi_counts_sub(cpu, FXMI_DEPTH_ONE);
	if (k->debug_highmem && fxmi_count_depth(cpu->counts) < 0)
		fxmi_bug(cpu, "pop_depth", NULL, "kunmap_atomic without a kmap_atomic: the depth of CPU %u fell below 0", cpu->id);
}

/* ---- the slow forms ---- */

static uint64_t map_pfn(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t pfn, uint64_t prot, bool check_busy, const char *call)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	int level = fxmi_kmap_atomic_idx_push(cpu, k);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_PUSHED);
	uint64_t va = level_va(pc, level);
	void *pte = level_pte(k, pc, level);
	uint64_t old = fxmi_pte_get(pte, k->pte_bytes);
	uint64_t entry = (pfn << FXM_PAGE_SHIFT | (prot & k->pte_mask)) & (k->pte_bytes == 4 ? UINT32_MAX : UINT64_MAX);

	if (check_busy && old)
		fxmi_bug(
		    cpu, "atomic_busy",
		    &(struct fxmi_subject){.va = va,
					   .slot_plus_1 = (uint32_t)fxmi_virt_to_fix(k, va) + 1,
					   .pfn_plus_1 = ((old & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT) + 1,
					   .mapped_at = level >= 0 && level < (int)k->km_type_nr ? pc->slots.mapped_at[level] : 0},
		    "kmap_atomic: level %d of CPU %u at %llx still maps frame %llx%s", level, cpu->id, (unsigned long long)va,
		    (unsigned long long)((old & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT),
		    level < 0			  ? ": the depth is below 0, there was one kunmap_atomic too many"
		    : level >= (int)k->km_type_nr ? ": nested too deep, this is the next CPU's slot"
						  : "");
	fxmi_pte_set(pte, k->pte_bytes, entry);
	if (k->atomic_flush_at_map)
		fxmi_flush_tlb_one(cpu, va);
	fxmi_window_begin(cpu, va, entry);
	fxmi_note_map(cpu, k, level, call);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_MAPPED);
	return va;
}

static FXMI_COLD fxm_va map_page_slow(struct fxm_vcpu *cpu, struct fxm_page *page, const char *name, uint64_t prot)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !fxmi_page_is_valid(cpu->machine, page))
		return fxmi_va_error(error ? error : -EINVAL);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	fxmi_op_begin(cpu, &op, name, page, 0);
	if (fxmi_tracing(cpu) && prot != k->kmap_prot)
		fxmi_op_prot(cpu, &op, prot);
	fxmi_counts_add(cpu, k->atomic_step);
	if (fxm_page_is_highmem(k->m, page))
		op.address = map_pfn(cpu, k, fxmi_page_pfn(k->m, page), prot, true, name);
	else
		op.address = fxmi_page_address(k, page);
	fxmi_op_end_atomic(cpu, &op);
	return fxm_va_of(op.address);
}

static FXMI_COLD bool warn_order(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_unmap *u)
{
	bool is_own = u->level >= 0 && u->level < (int)k->km_type_nr;
	struct fxmi_notes notes;
	struct fxmi_subject about =
	    fxmi_order_subject(k, u->va, is_own ? fxmi_percpu(cpu)->slots.mapped_at[u->level] : 0, &notes);
	char text[256];

	fxmi_unmap_text(cpu, u, &notes, text, sizeof(text));
	return fxmi_warn_once(cpu, FXMI_ONCE_ATOMIC_ORDER, "atomic_order", &about, "%s", text);
}

/* The kernel's kpte_clear_flush() of the top level, flushing the page of the address that was passed. */
static void unmap_top(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va)
{
	uint64_t page = va & FXMI_PAGE_MASK;
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	int level = fxmi_count_depth(cpu->counts) - 1;
	uint64_t top = level_va(pc, level);
	struct fxmi_unmap u = {"kunmap_atomic", page, top, level, true, va};

	if (page != top)
		fxmi_check_unmap(cpu, &u, k->debug_highmem && warn_order(cpu, k, &u));
	if (!k->atomic_pte_left) {
		fxmi_pte_set(level_pte(k, pc, level), k->pte_bytes, 0);
		fxmi_flush_tlb_one(cpu, page);
	}
	fxmi_note_unmap(cpu, k, level);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_CLEARED);
	fxmi_kmap_atomic_idx_pop(cpu, k);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_POPPED);
	fxmi_window_end(cpu, top);
	if (page != top && !fxmi_is_mapped(k, page))
		fxmi_window_end(cpu, page);
}

/* An address that is in no slot: right for a lowmem page. */
static FXMI_COLD void check_elsewhere(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va, uint64_t page)
{
	int level = fxmi_count_depth(cpu->counts) - 1;

	if (k->debug_highmem && page < k->page_offset)
		fxmi_bug(cpu, "atomic_below_page_offset", &(struct fxmi_subject){.va = va},
			 "kunmap_atomic of %llx, which is no kernel address", (unsigned long long)va);
	if (k->debug_highmem && page >= k->high_memory)
		fxmi_bug(cpu, "atomic_above_high_memory", &(struct fxmi_subject){.va = va},
			 "kunmap_atomic of %llx, which is not a kmap_atomic address%s", (unsigned long long)va,
			 fxmi_pkmap_nr(&k->pkmap, page) >= 0 ? ": it came from kmap(), which kunmap() undoes" : "");
	fxmi_check_unmap(cpu, &(struct fxmi_unmap){"kunmap_atomic", va, level_va(fxmi_percpu(cpu), level), level, true, va}, false);
}

static FXMI_COLD int unmap_slow(struct fxm_vcpu *cpu, fxm_va va)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t page = va.v & FXMI_PAGE_MASK;
	struct fxmi_op op;

	fxmi_op_begin(cpu, &op, "kunmap_atomic", NULL, va.v);
	if (k->highmem && page >= fxmi_fix_to_virt(k, k->fix_kmap_end) && page <= fxmi_fix_to_virt(k, k->fix_kmap_begin)) {
		unmap_top(cpu, k, va.v);
	} else {
		check_elsewhere(cpu, k, va.v, page);
	}
	fxmi_counts_sub(cpu, k->atomic_step);
	fxmi_op_end_atomic(cpu, &op);
	return 0;
}

/* ---- the fast forms ---- */

/* The window holds pages: perhaps this slot's. Out of line, so that the fast forms keep everything in registers. */
static FXMI_COLD fxm_va mapped_with_residents(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry)
{
	fxmi_window_begin(cpu, va, entry);
	return fxm_va_of(va);
}

static FXMI_COLD int unmapped_with_residents(struct fxm_vcpu *cpu, uint64_t va)
{
	fxmi_window_end(cpu, va);
	return 0;
}

static FXMI_COLD fxm_va map_default_slow(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return map_page_slow(cpu, page, "kmap_atomic", fxmi_kernel_of(cpu)->kmap_prot);
}

/*
 * The window's pages are looked at after the PTE has changed: sim/window/window.c relies on that order. @site: the caller, to be
 * noted; 0: nobody wants to know.
 */
FXMI_INLINE fxm_va map_fast(struct fxm_vcpu *cpu, struct fxm_page *page, unsigned pte_bytes, uintptr_t site, bool is_tier)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint64_t frame = fxmi_highmem_frame(pc, page);
	uint64_t counts = cpu->counts;
	uint64_t level = counts >> 48;

	if (fxmi_unlikely(frame >= pc->nr_high) || fxmi_unlikely(level >= fxmi_fast_levels(pc)))
		return is_tier ? fxm_va_of(0) : map_default_slow(cpu, page);
	unsigned char *pte = pc->kmap_pte - level * pte_bytes;
	if (fxmi_unlikely(fxmi_pte_get(pte, pte_bytes) != 0) || (!is_tier && site && fxmi_is_inside(site)))
		return is_tier ? fxm_va_of(0) : map_default_slow(cpu, page);
	if (site) {
		fxmi_write_once(pc->slots.mapped_at[level], site);
		fxmi_write_once(pc->slots.serial[level], pc->slots.serial[level] + 1);
	}
	uint64_t entry = (frame << FXM_PAGE_SHIFT) + pc->high_entry;
	fxmi_counts_set(cpu, counts + pc->map_step);
	fxmi_pte_set(pte, pte_bytes, entry);
	uint64_t va = pc->kmap_va - (level << FXM_PAGE_SHIFT);
	if (!is_tier && fxmi_unlikely(atomic_load_explicit(pc->nr_resident, memory_order_relaxed)))
		return mapped_with_residents(cpu, va, entry);
	return fxm_va_of(va);
}

FXMI_INLINE int unmap_fast(struct fxm_vcpu *cpu, fxm_va va, unsigned pte_bytes, uintptr_t site, bool is_tier)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint64_t counts = cpu->counts;
	uint64_t level = (counts >> 48) - 1;
	uint64_t top = pc->kmap_va - (level << FXM_PAGE_SHIFT);

	if (fxmi_unlikely((va.v & FXMI_PAGE_MASK) != top) || fxmi_unlikely(level >= fxmi_fast_levels(pc)) ||
	    (!is_tier && site && fxmi_is_inside(site)))
		return is_tier ? FXMI_SLOW : unmap_slow(cpu, va);
	if (site)
		fxmi_write_once(pc->slots.unmapped_at[level], site);
	fxmi_pte_set(pc->kmap_pte - level * pte_bytes, pte_bytes, 0);
	fxmi_tlb_flush_one(cpu, top);
	fxmi_counts_set(cpu, counts - pc->map_step);
	if (!is_tier && fxmi_unlikely(atomic_load_explicit(pc->nr_resident, memory_order_relaxed)))
		return unmapped_with_residents(cpu, top);
	return 0;
}

static fxm_va map_fast_4(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return map_fast(cpu, page, 4, 0, false);
}

static fxm_va map_fast_8(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return map_fast(cpu, page, 8, 0, false);
}

/* The public function jumps here, so the return address is its caller's. */
static fxm_va map_noting_4(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return map_fast(cpu, page, 4, FXMI_NOTED_SITE(), false);
}

static fxm_va map_noting_8(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return map_fast(cpu, page, 8, FXMI_NOTED_SITE(), false);
}

static int unmap_fast_4(struct fxm_vcpu *cpu, fxm_va va)
{
	return unmap_fast(cpu, va, 4, 0, false);
}

static int unmap_fast_8(struct fxm_vcpu *cpu, fxm_va va)
{
	return unmap_fast(cpu, va, 8, 0, false);
}

static int unmap_noting_4(struct fxm_vcpu *cpu, fxm_va va)
{
	return unmap_fast(cpu, va, 4, FXMI_NOTED_SITE(), false);
}

static int unmap_noting_8(struct fxm_vcpu *cpu, fxm_va va)
{
	return unmap_fast(cpu, va, 8, FXMI_NOTED_SITE(), false);
}

/* The kernel tier's forms: it knows its caller, has slow forms of its own, and hands out pointers. */
#define TIER_FORMS(name, bytes, site)                                                                                              \
	static int unmap_by_va_##name(struct fxm_vcpu *cpu, fxm_va va, uintptr_t caller)                                           \
	{                                                                                                                          \
		(void)caller;                                                                                                      \
		return unmap_fast(cpu, va, bytes, site, true);                                                                     \
	}                                                                                                                          \
	static void *map_tier_##name(struct fxm_vcpu *cpu, struct fxm_page *page, uintptr_t caller)                                \
	{                                                                                                                          \
		uint64_t frame = fxmi_highmem_frame(fxmi_percpu(cpu), page);                                                       \
		uint64_t va = map_fast(cpu, page, bytes, site, true).v;                                                            \
		return fxmi_likely(va) ? fxmi_pointer_begin(cpu, va, frame, site, caller) : NULL;                                  \
	}                                                                                                                          \
	static int unmap_tier_##name(struct fxm_vcpu *cpu, const void *address, uintptr_t caller)                                  \
	{                                                                                                                          \
		return fxmi_pointer_unmap(cpu, (uintptr_t)address, site, caller, unmap_by_va_##name);                              \
	}

TIER_FORMS(4, 4, 0)
TIER_FORMS(8, 8, 0)
TIER_FORMS(noting_4, 4, FXMI_KNOWN_SITE(caller))
TIER_FORMS(noting_8, 8, FXMI_KNOWN_SITE(caller))

void fxmi_kmap_atomic_rare_changed(struct fxm_vcpu *cpu)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	const struct fxmi_kernel *k = pc->kernel;
	/* kmap_local never gets to its last slot. */
	uint64_t levels = !fxmi_rare(cpu) && k && k->highmem ? k->km_type_nr - k->local : 0;
	__atomic_store_n(&pc->fast_levels, levels, __ATOMIC_RELAXED);
}

/*
 * An eager window maps at map time; DEBUG_HIGHMEM checks at every call; a whole stack is slow to note: none has a fast form. Nor
 * has a kernel that flushes or clears at other moments than x86.
 */
void fxmi_kmap_atomic_stack_init(struct fxm_vcpu *cpu)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	const struct fxmi_kernel *k = pc->kernel;
	bool slow = k->debug_highmem || k->full_stacks || k->m->window->mode == FXM_WINDOW_EAGER || k->atomic_flush_at_map ||
		    k->atomic_pte_left;

	fxmi_kmap_atomic_rare_changed(cpu);
	fxm_va (*const fast[2][2])(struct fxm_vcpu *, struct fxm_page *) = {{map_fast_4, map_fast_8}, {map_noting_4, map_noting_8}};
	pc->kmap_atomic = slow ? map_default_slow : fast[k->record_sites][k->pte_bytes == 8];
	int (*const fast_unmap[2][2])(struct fxm_vcpu *, fxm_va) = {{unmap_fast_4, unmap_fast_8}, {unmap_noting_4, unmap_noting_8}};
	pc->kunmap_atomic = slow ? unmap_slow : fast_unmap[k->record_sites][k->pte_bytes == 8];
	static void *(*const tier[2][2])(struct fxm_vcpu *, struct fxm_page *,
					 uintptr_t) = {{map_tier_4, map_tier_8}, {map_tier_noting_4, map_tier_noting_8}};
	static int (*const tier_unmap[2][2])(struct fxm_vcpu *, const void *, uintptr_t) = {
	    {unmap_tier_4, unmap_tier_8}, {unmap_tier_noting_4, unmap_tier_noting_8}};
	if (slow)
		return;
	pc->map_pointer = tier[k->record_sites][k->pte_bytes == 8];
	pc->unmap_pointer = tier_unmap[k->record_sites][k->pte_bytes == 8];
}

/* ---- public ---- */

fxm_va fxm_kmap_atomic(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return fxmi_percpu(cpu)->kmap_atomic(cpu, page);
}

int fxm_kunmap_atomic(struct fxm_vcpu *cpu, fxm_va va)
{
	return fxmi_percpu(cpu)->kunmap_atomic(cpu, va);
}

/* The error of a call that the typed generation does not have. */
static int check_untyped(const struct fxm_vcpu *cpu)
{
	int error = fxmi_check_cpu(cpu);
	return error ? error : fxmi_kernel_of(cpu)->typed ? -ENOSYS : 0;
}

/* The error of a call that only the stack generation has. */
static int check_stack(const struct fxm_vcpu *cpu)
{
	int error = check_untyped(cpu);
	return error ? error : fxmi_kernel_of(cpu)->local ? -ENOSYS : 0;
}

fxm_va fxm_kmap_atomic_prot(struct fxm_vcpu *cpu, struct fxm_page *page, fxm_pte prot)
{
	int error = check_untyped(cpu);
	if (error)
		return fxmi_va_error(error);
	if (fxmi_kernel_of(cpu)->local)
		return fxmi_kmap_local_atomic_prot(cpu, page, prot.v);
	if (fxmi_kernel_of(cpu)->arm)
		return fxmi_va_error(-ENOSYS);
	return map_page_slow(cpu, page, "kmap_atomic_prot", prot.v);
}

fxm_va fxm_kmap_atomic_pfn(struct fxm_vcpu *cpu, uint64_t pfn)
{
	int error = check_untyped(cpu);
	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (k->local)
		return fxmi_kmap_local_atomic_pfn(cpu, pfn);
	fxmi_op_begin(cpu, &op, "kmap_atomic_pfn", fxm_page_of_pfn(k->m, pfn), 0);
	fxmi_counts_add(cpu, k->atomic_step);
	if (k->highmem && k->arm)
		op.address = fxmi_kmap_atomic_arm_pfn(cpu, pfn);
	else if (k->highmem)
		op.address = map_pfn(cpu, k, pfn, k->kmap_prot, false, "kmap_atomic_pfn");
	else /* page_address(pfn_to_page(pfn)) */
		op.address = (k->linear_base + (pfn << FXM_PAGE_SHIFT)) & k->va_mask;
	fxmi_op_end_atomic(cpu, &op);
	return fxm_va_of(op.address);
}

int fxm_kmap_atomic_idx_push(struct fxm_vcpu *cpu)
{
	int error = check_stack(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	int level = fxmi_kmap_atomic_idx_push(cpu, k);
	fxmi_note_map(cpu, k, level, "kmap_atomic_idx_push");
	return level;
}

int fxm_kmap_atomic_idx(struct fxm_vcpu *cpu)
{
	int error = check_stack(cpu);
	return error ? error : fxmi_count_depth(cpu->counts) - 1;
}

int fxm_kmap_atomic_idx_pop(struct fxm_vcpu *cpu)
{
	int error = check_stack(cpu);
	if (error)
		return error;
	fxmi_kmap_atomic_idx_pop(cpu, fxmi_kernel_of(cpu));
	return fxmi_count_depth(cpu->counts) - 1;
}
