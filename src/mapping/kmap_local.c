/* SPDX-License-Identifier: MIT */
/*
 * Temporary mappings, third generation (5.11 and later): a stack per task. Models the kmap_local part of mm/highmem.c,
 * include/linux/highmem-internal.h (kmap_atomic on top of it) and arch/{x86,arm}/include/asm/highmem.h, 6.1 and 6.12.
 *
 * Slot n of a task on CPU c is slot n + KM_MAX_IDX * c of the FIX_KMAP group, times the colours of the cache. The task's
 * stack is current->kmap_ctrl: idx, and the PTE of each slot in use, from which a task that comes back to its CPU gets its
 * mappings again. DEBUG_KMAP_LOCAL counts by two: every slot in use has one below it that never is. An unmap always ends the
 * topmost mapping, whatever address it is given, and flushes the address it is given. Without HIGHMEM the slots exist, unused.
 *
 * Invariants (the context switch keeps them: kmap_ctrl.c): while a task sits on its vCPU its idx is the depth in cpu->counts and
 * percpu.kmap_ctrl is its kmap_ctrl (NULL before its first mapping); else idx is in its kmap_ctrl, and none of its PTEs is set. A
 * kmap_ctrl lives as long as its machine: that of a task that has ended is used again, unless it shows what the task never
 * unmapped.
 *
 * As in kmap_atomic_stack.c, each map and unmap has a fast form per PTE width, which leaves the slow one everything rare.
 */
#include "detect.h"
#include "kmap_ctrl.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

/* ---- kmap_local_idx ---- */

static int idx_push(struct fxm_vcpu *cpu, struct fxmi_kernel *k)
{
	if ((fxmi_count_preempt(cpu->counts) & FXMI_HARDIRQ_MASK) && !cpu->irq_disabled)
		fxmi_warn_once(cpu, FXMI_ONCE_PUSH_IRQ, "push_irq", NULL,
			       "kmap_local in a hard interrupt that runs with interrupts enabled");
	fxmi_counts_add(cpu, k->km_incr * FXMI_DEPTH_ONE);
	int idx = fxmi_count_depth(cpu->counts);
	if (idx >= (int)k->km_type_nr)
		fxmi_bug(cpu, "push_depth", NULL, "kmap_local nested %d deep; this kernel has room for %d mappings per task",
			 idx / (int)k->km_incr, ((int)k->km_type_nr - 1) / (int)k->km_incr);
	return idx - 1;
}

static void idx_pop(struct fxm_vcpu *cpu, struct fxmi_kernel *k)
{
	fxmi_counts_sub(cpu, k->km_incr * FXMI_DEPTH_ONE);
	if (fxmi_count_depth(cpu->counts) < 0)
		fxmi_bug(cpu, "pop_depth", NULL, "kunmap_local without a mapping: %s[%d] has none left", cpu->current->comm,
			 cpu->current->pid);
}

/* ---- counters ---- */

static void preempt_disable(struct fxm_vcpu *cpu)
{
	if (cpu->machine->desc.preempt_count)
		fxmi_counts_add(cpu, FXMI_PREEMPT_ONE);
}

static void preempt_enable(struct fxm_vcpu *cpu)
{
	if (cpu->machine->desc.preempt_count)
		fxmi_counts_sub(cpu, FXMI_PREEMPT_ONE);
}

/* What kmap_atomic() adds to kmap_local. */
static void atomic_begin(struct fxm_vcpu *cpu, const struct fxmi_kernel *k)
{
	if (k->preempt_rt)
		cpu->current->migrate++;
	fxmi_counts_add(cpu, k->preempt_rt ? FXMI_PAGEFAULT_ONE : k->atomic_step);
}

static void atomic_end(struct fxm_vcpu *cpu, const struct fxmi_kernel *k)
{
	fxmi_counts_sub(cpu, k->preempt_rt ? FXMI_PAGEFAULT_ONE : k->atomic_step);
	if (k->preempt_rt)
		cpu->current->migrate--;
}

/* ---- the slow forms: map ---- */

static FXMI_COLD _Noreturn void busy_bug(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va, uint64_t old)
{
	fxmi_bug(cpu, "local_busy",
		 &(struct fxmi_subject){
		     .va = va, .slot_plus_1 = (uint32_t)fxmi_virt_to_fix(k, va) + 1, .pfn_plus_1 = fxmi_pte_pfn(k, old) + 1},
		 "kmap_local: the next slot of %s[%d], at %llx, maps frame %llx already: something else wrote its PTE",
		 cpu->current->comm, cpu->current->pid, (unsigned long long)va, (unsigned long long)fxmi_pte_pfn(k, old));
}

/* __kmap_local_pfn_prot(). */
static uint64_t map_pfn(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t pfn, uint64_t prot, bool atomic, const char *call)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	struct fxmi_kmap_ctrl *ctrl = fxmi_kmap_ctrl_of_current(cpu, k);

	if (!ctrl)
		return (uint64_t)-ENOMEM;
	cpu->current->migrate++;
	preempt_disable(cpu);
	int slot = idx_push(cpu, k);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_PUSHED);
	int index = fxmi_kmap_index(k, slot, pfn);
	uint64_t va = fxmi_kmap_index_va(pc, index);
	void *pte = fxmi_kmap_pte(k, pc, index, va);
	uint64_t old = fxmi_pte_get(pte, k->pte_bytes);
	if (old)
		busy_bug(cpu, k, va, old);
	uint64_t entry = (pfn << FXM_PAGE_SHIFT | (prot & k->pte_mask)) & (k->pte_bytes == 4 ? UINT32_MAX : UINT64_MAX);
	fxmi_set_pte(k->m, pte, entry);
	if (k->atomic_flush_at_map)
		fxmi_flush_tlb_one(cpu, va);
	fxmi_window_begin(cpu, va, entry);
	if (fxmi_kmap_is_noted(slot)) {
		fxmi_write_once(ctrl->pteval[slot], entry);
		fxmi_write_once(ctrl->is_atomic[slot], atomic);
		if (k->record_sites)
			fxmi_record_map(&ctrl->records, slot, fxmi_note_caller(cpu), NULL, call);
	}
	preempt_enable(cpu);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_MAPPED);
	return va;
}

/* __kmap_local_page_prot(). */
static uint64_t map_page(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page, uint64_t prot, bool atomic,
			 const char *call)
{
	if (!k->force_map && !fxm_page_is_highmem(k->m, page))
		return fxmi_page_address(k, page);
	uint64_t va = k->atomic_high_get ? fxmi_kmap_high_get(cpu, k, page) : 0;
	return va ? va : map_pfn(cpu, k, fxmi_page_pfn(k->m, page), prot, atomic, call);
}

/*
 * How a call comes here. Without HIGHMEM, kmap_local_page() and kmap_atomic() are inline functions that know page_address() only,
 * whatever DEBUG_KMAP_LOCAL_FORCE_MAP says; the functions of mm/highmem.c that are exported map.
 */
enum way { LOCAL, ATOMIC, EXPORTED };

static bool is_arithmetic(const struct fxmi_kernel *k, enum way way)
{
	return !k->highmem && way != EXPORTED;
}

static fxm_va map_page_slow(struct fxm_vcpu *cpu, struct fxm_page *page, const char *name, uint64_t prot, enum way way)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !fxmi_page_is_valid(cpu->machine, page))
		return fxmi_va_error(error ? error : -EINVAL);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!fxmi_kmap_ctrl_of_current(cpu, k))
		return fxmi_va_error(-ENOMEM);
	fxmi_op_begin(cpu, &op, name, page, 0);
	if (fxmi_tracing(cpu) && prot != k->kmap_prot)
		fxmi_op_prot(cpu, &op, prot);
	if (way == ATOMIC)
		atomic_begin(cpu, k);
	op.address = is_arithmetic(k, way) ? fxmi_page_address(k, page) : map_page(cpu, k, page, prot, way == ATOMIC, name);
	fxmi_op_end_atomic(cpu, &op);
	return fxm_va_of(op.address);
}

/* page_address(pfn_to_page(pfn)) */
static uint64_t linear_address(const struct fxmi_kernel *k, uint64_t pfn)
{
	return (k->linear_base + (pfn << FXM_PAGE_SHIFT)) & k->va_mask;
}

static fxm_va map_pfn_slow(struct fxm_vcpu *cpu, uint64_t pfn, const char *name, uint64_t prot, enum way way)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!fxmi_kmap_ctrl_of_current(cpu, k))
		return fxmi_va_error(-ENOMEM);
	fxmi_op_begin(cpu, &op, name, fxm_page_of_pfn(k->m, pfn), 0);
	if (fxmi_tracing(cpu) && prot != k->kmap_prot)
		fxmi_op_prot(cpu, &op, prot);
	if (way == ATOMIC)
		atomic_begin(cpu, k);
	op.address = is_arithmetic(k, way) ? linear_address(k, pfn) : map_pfn(cpu, k, pfn, prot, way == ATOMIC, name);
	fxmi_op_end_atomic(cpu, &op);
	return fxm_va_of(op.address);
}

static FXMI_COLD fxm_va local_slow(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return map_page_slow(cpu, page, "kmap_local_page", fxmi_kernel_of(cpu)->kmap_prot, LOCAL);
}

static FXMI_COLD fxm_va atomic_slow(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return map_page_slow(cpu, page, "kmap_atomic", fxmi_kernel_of(cpu)->kmap_prot, ATOMIC);
}

/* ---- the slow forms: unmap ---- */

/* kunmap_local_indexed() of an address that is in no slot. Whether the kernel says something. */
static FXMI_COLD bool warn_elsewhere(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t page)
{
	struct fxmi_subject about = {.va = page};
	const char *from = fxmi_pkmap_nr(&k->pkmap, page) >= 0 ? ": it came from kmap(), which kunmap() undoes" : "";

	if (k->force_map)
		return fxmi_warn_once(cpu, FXMI_ONCE_LOCAL_FORCE_MAP, "local_force_map", &about,
				      "kunmap_local of %llx, which is no kmap_local address%s", (unsigned long long)page, from);
	return page < k->page_offset &&
	       fxmi_warn_once(cpu, FXMI_ONCE_LOCAL_LOW, "local_below_page_offset", &about,
			      "kunmap_local of %llx, which is no kernel address", (unsigned long long)page);
}

static FXMI_COLD bool warn_order(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_unmap *u)
{
	struct fxmi_notes notes;
	struct fxmi_subject about;
	char text[256];

	if (u->level < 0) {
		about = (struct fxmi_subject){.va = u->va};
		fxmi_history(k, u->va, &about);
		return fxmi_warn_once(cpu, FXMI_ONCE_LOCAL_ORDER, "local_order", &about,
				      "%s of %llx, but %s[%d] has nothing mapped", u->function, (unsigned long long)u->va,
				      cpu->current->comm, cpu->current->pid);
	}
	const struct fxmi_kmap_ctrl *ctrl = fxmi_percpu(cpu)->kmap_ctrl;
	about = fxmi_order_subject(k, u->va, fxmi_kmap_is_noted(u->level) ? ctrl->records.mapped_at[u->level] : 0, &notes);
	fxmi_unmap_text(cpu, u, &notes, text, sizeof(text));
	return fxmi_warn_once(cpu, FXMI_ONCE_LOCAL_ORDER, "local_order", &about, "%s", text);
}

/* Where the mapping of @slot is: its frame's colour decides, not that of the address that came; @otherwise: no such note. */
static uint64_t mapped_va(const struct fxmi_kernel *k, const struct fxmi_kmap_ctrl *ctrl, int slot, uint64_t otherwise)
{
	if (!fxmi_kmap_is_noted(slot) || !ctrl->pteval[slot])
		return otherwise;
	return fxmi_kmap_index_va(fxmi_percpu(ctrl->cpu), fxmi_kmap_index(k, slot, fxmi_pte_pfn(k, ctrl->pteval[slot])));
}

/* kmap_high_unmap_local(): the mapping is kmap()'s, and loses a user. */
static bool unmap_high(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va)
{
	int nr = k->has_high_get ? fxmi_pkmap_nr(&k->pkmap, va) : -1;
	struct fxm_page *page = NULL;

	if (nr >= 0)
		page = fxm_page_of_pfn(k->m, fxmi_pte_pfn(k, fxmi_pte_get(fxmi_pte_ptr(k->m, va), k->pte_bytes)));
	if (page)
		fxmi_kunmap_high(cpu, k, page);
	return nr >= 0;
}

/* kunmap_local_indexed(). */
static void unmap(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va, const char *name, bool atomic)
{
	uint64_t page = va & FXMI_PAGE_MASK;
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	struct fxmi_kmap_ctrl *ctrl = cpu->current->kernel;
	int slot = fxmi_count_depth(cpu->counts) - 1;
	int index = fxmi_kmap_index(k, slot, page >> FXM_PAGE_SHIFT);
	uint64_t top = fxmi_kmap_index_va(pc, index);

	struct fxmi_unmap u = {name, page, mapped_va(k, ctrl, slot, top), slot, atomic, va};

	if (page < fxmi_fix_to_virt(k, k->fix_kmap_end) || page > fxmi_fix_to_virt(k, k->fix_kmap_begin)) {
		if (!k->force_map && unmap_high(cpu, k, page))
			return;
		u.va = va;
		fxmi_check_unmap(cpu, &u, warn_elsewhere(cpu, k, page));
		return;
	}
	preempt_disable(cpu);
	bool is_other = k->detect && k->record_sites && fxmi_kmap_is_noted(slot) && ctrl->is_atomic[slot] != atomic;
	if (page != top)
		fxmi_check_unmap(cpu, &u, warn_order(cpu, k, &u));
	else if (is_other)
		is_other = fxmi_check_unmap_call(cpu, &u);
	/* kmap_atomic()'s slot goes, kunmap_local() leaves its preempt count, if it has one; or the other way round */
	if (is_other && !k->preempt_rt)
		cpu->current->told_preempt += atomic ? -1 : 1;
	if (k->cache_vivt) /* __cpuc_flush_dcache_area() */
		fxmi_op_cache(cpu, "page:%llx", (unsigned long long)page);
	fxmi_set_pte(k->m, fxmi_kmap_pte(k, pc, index, page), 0);
	fxmi_flush_tlb_one(cpu, page);
	if (k->record_sites)
		fxmi_record_unmap(&ctrl->records, slot, fxmi_note_caller(cpu));
	fxmi_point(cpu, FXMI_POINT_ATOMIC_CLEARED);
	if (fxmi_kmap_is_noted(slot))
		fxmi_write_once(ctrl->pteval[slot], 0);
	fxmi_window_end(cpu, top);
	if (page != top && !fxmi_is_mapped(k, page))
		fxmi_window_end(cpu, page);
	idx_pop(cpu, k);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_POPPED);
	preempt_enable(cpu);
	cpu->current->migrate--;
}

static int unmap_any_slow(struct fxm_vcpu *cpu, fxm_va va, const char *name, enum way way)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!fxmi_kmap_ctrl_of_current(cpu, k))
		return -ENOMEM;
	fxmi_op_begin(cpu, &op, name, NULL, va.v);
	if (!is_arithmetic(k, way))
		unmap(cpu, k, va.v, name, way == ATOMIC);
	if (way == ATOMIC)
		atomic_end(cpu, k);
	fxmi_op_end_atomic(cpu, &op);
	return 0;
}

static FXMI_COLD int unlocal_slow(struct fxm_vcpu *cpu, fxm_va va)
{
	return unmap_any_slow(cpu, va, "kunmap_local", LOCAL);
}

static FXMI_COLD int unatomic_slow(struct fxm_vcpu *cpu, fxm_va va)
{
	return unmap_any_slow(cpu, va, "kunmap_atomic", ATOMIC);
}

/* ---- the fast forms ---- */

/* As in kmap_atomic_stack.c, @site too; the pages of the window are looked at after the PTE has changed. */
FXMI_INLINE fxm_va map_fast(struct fxm_vcpu *cpu, struct fxm_page *page, unsigned pte_bytes, bool atomic, uintptr_t site,
			    fxm_va (*slow)(struct fxm_vcpu *, struct fxm_page *), bool is_tier)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	struct fxmi_kmap_ctrl *ctrl = pc->kmap_ctrl;
	uint64_t frame = fxmi_highmem_frame(pc, page);
	uint64_t counts = cpu->counts;
	uint64_t slot = counts >> 48;

	if (fxmi_unlikely(frame >= pc->nr_high) || fxmi_unlikely(slot >= fxmi_fast_levels(pc)) || fxmi_unlikely(!ctrl) ||
	    fxmi_unlikely((counts | (counts + 2)) & FXMI_HARDIRQ_MASK)) /* may warn, after up to two preempt_disable() */
		return slow(cpu, page);
	unsigned char *pte = pc->kmap_pte - slot * pte_bytes;
	if (fxmi_unlikely(fxmi_pte_get(pte, pte_bytes) != 0) || (!is_tier && site && fxmi_is_inside(site)))
		return slow(cpu, page);
	if (site) {
		fxmi_write_once(ctrl->records.mapped_at[slot], site);
		fxmi_write_once(ctrl->records.serial[slot], ctrl->records.serial[slot] + 1);
		fxmi_write_once(ctrl->is_atomic[slot], atomic);
	}
	uint64_t entry = (frame << FXM_PAGE_SHIFT) + pc->high_entry;
	fxmi_counts_set(cpu, counts + (atomic ? pc->map_step : FXMI_DEPTH_ONE));
	cpu->current->migrate++;
	fxmi_write_once(ctrl->pteval[slot], entry);
	fxmi_pte_set(pte, pte_bytes, entry);
	uint64_t va = pc->kmap_va - (slot << FXM_PAGE_SHIFT);
	if (!is_tier && fxmi_unlikely(atomic_load_explicit(pc->nr_resident, memory_order_relaxed)))
		fxmi_window_begin(cpu, va, entry);
	return fxm_va_of(va);
}

FXMI_INLINE int unmap_fast(struct fxm_vcpu *cpu, fxm_va va, unsigned pte_bytes, bool atomic, uintptr_t site,
			   int (*slow)(struct fxm_vcpu *, fxm_va), bool is_tier)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint64_t counts = cpu->counts;
	uint64_t slot = (counts >> 48) - 1;
	uint64_t top = pc->kmap_va - (slot << FXM_PAGE_SHIFT);

	if (fxmi_unlikely((va.v & FXMI_PAGE_MASK) != top) || fxmi_unlikely(slot >= fxmi_fast_levels(pc)) ||
	    (site && ((!is_tier && fxmi_is_inside(site)) || pc->kmap_ctrl->is_atomic[slot] != atomic)))
		return slow(cpu, va);
	if (site)
		fxmi_write_once(pc->kmap_ctrl->records.unmapped_at[slot], site);
	fxmi_pte_set(pc->kmap_pte - slot * pte_bytes, pte_bytes, 0);
	fxmi_tlb_flush_one(cpu, top);
	fxmi_write_once(pc->kmap_ctrl->pteval[slot], 0);
	fxmi_counts_set(cpu, counts - (atomic ? pc->map_step : FXMI_DEPTH_ONE));
	cpu->current->migrate--;
	if (!is_tier && fxmi_unlikely(atomic_load_explicit(pc->nr_resident, memory_order_relaxed)))
		fxmi_window_end(cpu, top);
	return 0;
}

#define FAST_FORMS(bytes)                                                                                                          \
	static fxm_va local_fast_##bytes(struct fxm_vcpu *cpu, struct fxm_page *page)                                              \
	{                                                                                                                          \
		return map_fast(cpu, page, bytes, false, 0, local_slow, false);                                                    \
	}                                                                                                                          \
	static fxm_va atomic_fast_##bytes(struct fxm_vcpu *cpu, struct fxm_page *page)                                             \
	{                                                                                                                          \
		return map_fast(cpu, page, bytes, true, 0, atomic_slow, false);                                                    \
	}                                                                                                                          \
	static fxm_va local_noting_##bytes(struct fxm_vcpu *cpu, struct fxm_page *page)                                            \
	{                                                                                                                          \
		return map_fast(cpu, page, bytes, false, FXMI_NOTED_SITE(), local_slow, false);                                    \
	}                                                                                                                          \
	static fxm_va atomic_noting_##bytes(struct fxm_vcpu *cpu, struct fxm_page *page)                                           \
	{                                                                                                                          \
		return map_fast(cpu, page, bytes, true, FXMI_NOTED_SITE(), atomic_slow, false);                                    \
	}                                                                                                                          \
	static int unlocal_fast_##bytes(struct fxm_vcpu *cpu, fxm_va va)                                                           \
	{                                                                                                                          \
		return unmap_fast(cpu, va, bytes, false, 0, unlocal_slow, false);                                                  \
	}                                                                                                                          \
	static int unatomic_fast_##bytes(struct fxm_vcpu *cpu, fxm_va va)                                                          \
	{                                                                                                                          \
		return unmap_fast(cpu, va, bytes, true, 0, unatomic_slow, false);                                                  \
	}                                                                                                                          \
	static int unlocal_noting_##bytes(struct fxm_vcpu *cpu, fxm_va va)                                                         \
	{                                                                                                                          \
		return unmap_fast(cpu, va, bytes, false, FXMI_NOTED_SITE(), unlocal_slow, false);                                  \
	}                                                                                                                          \
	static int unatomic_noting_##bytes(struct fxm_vcpu *cpu, fxm_va va)                                                        \
	{                                                                                                                          \
		return unmap_fast(cpu, va, bytes, true, FXMI_NOTED_SITE(), unatomic_slow, false);                                  \
	}

FAST_FORMS(4)
FAST_FORMS(8)

/* As in kmap_atomic_stack.c. */
static fxm_va leave_map(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	(void)cpu, (void)page;
	return fxm_va_of(0);
}

static int leave_unmap(struct fxm_vcpu *cpu, fxm_va va)
{
	(void)cpu, (void)va;
	return FXMI_SLOW;
}

#define TIER_FORMS(name, bytes, atomic, site)                                                                                      \
	static int unmap_by_va_##name(struct fxm_vcpu *cpu, fxm_va va, uintptr_t caller)                                           \
	{                                                                                                                          \
		(void)caller;                                                                                                      \
		return unmap_fast(cpu, va, bytes, atomic, site, leave_unmap, true);                                                \
	}                                                                                                                          \
	static void *map_tier_##name(struct fxm_vcpu *cpu, struct fxm_page *page, uintptr_t caller)                                \
	{                                                                                                                          \
		uint64_t frame = fxmi_highmem_frame(fxmi_percpu(cpu), page);                                                       \
		uint64_t va = map_fast(cpu, page, bytes, atomic, site, leave_map, true).v;                                         \
		return fxmi_likely(va) ? fxmi_pointer_begin(cpu, va, frame, site, caller) : NULL;                                  \
	}                                                                                                                          \
	static int unmap_tier_##name(struct fxm_vcpu *cpu, const void *address, uintptr_t caller)                                  \
	{                                                                                                                          \
		return fxmi_pointer_unmap(cpu, (uintptr_t)address, site, caller, unmap_by_va_##name);                              \
	}

TIER_FORMS(local_4, 4, false, 0)
TIER_FORMS(local_8, 8, false, 0)
TIER_FORMS(local_noting_4, 4, false, FXMI_KNOWN_SITE(caller))
TIER_FORMS(local_noting_8, 8, false, FXMI_KNOWN_SITE(caller))
TIER_FORMS(atomic_4, 4, true, 0)
TIER_FORMS(atomic_8, 8, true, 0)
TIER_FORMS(atomic_noting_4, 4, true, FXMI_KNOWN_SITE(caller))
TIER_FORMS(atomic_noting_8, 8, true, FXMI_KNOWN_SITE(caller))

static const struct tier_forms {
	void *(*map)(struct fxm_vcpu *, struct fxm_page *, uintptr_t);
	int (*unmap)(struct fxm_vcpu *, const void *, uintptr_t);
	void *(*map_atomic)(struct fxm_vcpu *, struct fxm_page *, uintptr_t);
	int (*unmap_atomic)(struct fxm_vcpu *, const void *, uintptr_t);
} tier_forms[2][2] = {{{map_tier_local_4, unmap_tier_local_4, map_tier_atomic_4, unmap_tier_atomic_4},
		       {map_tier_local_8, unmap_tier_local_8, map_tier_atomic_8, unmap_tier_atomic_8}},
		      {{map_tier_local_noting_4, unmap_tier_local_noting_4, map_tier_atomic_noting_4, unmap_tier_atomic_noting_4},
		       {map_tier_local_noting_8, unmap_tier_local_noting_8, map_tier_atomic_noting_8, unmap_tier_atomic_noting_8}}};

/* ---- which form ---- */

static fxm_va no_map(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	int error = fxmi_check_cpu(cpu);
	(void)page;
	return fxmi_va_error(error ? error : -ENOSYS);
}

static int no_unmap(struct fxm_vcpu *cpu, fxm_va va)
{
	int error = fxmi_check_cpu(cpu);
	(void)va;
	return error ? error : -ENOSYS;
}

static const struct forms {
	fxm_va (*map)(struct fxm_vcpu *, struct fxm_page *);
	int (*unmap)(struct fxm_vcpu *, fxm_va);
	fxm_va (*map_atomic)(struct fxm_vcpu *, struct fxm_page *);
	int (*unmap_atomic)(struct fxm_vcpu *, fxm_va);
} slow_forms = {local_slow, unlocal_slow, atomic_slow, unatomic_slow},
  fast_forms[2][2] = {{{local_fast_4, unlocal_fast_4, atomic_fast_4, unatomic_fast_4},
		       {local_fast_8, unlocal_fast_8, atomic_fast_8, unatomic_fast_8}},
		      {{local_noting_4, unlocal_noting_4, atomic_noting_4, unatomic_noting_4},
		       {local_noting_8, unlocal_noting_8, atomic_noting_8, unatomic_noting_8}}};

/*
 * An eager window maps at map time, debugging kernels count by two and map lowmem, PREEMPT_RT counts otherwise, colours choose
 * among addresses, arm tries kmap_high_get() and flushes at map time, a whole stack is slow to note: no fast form.
 */
void fxmi_kmap_local_init(struct fxm_vcpu *cpu)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	const struct fxmi_kernel *k = pc->kernel;
	bool slow = k->km_incr != 1 || k->cache_colours != 1 || k->force_map || k->preempt_rt || k->full_stacks ||
		    k->atomic_flush_at_map || k->m->window->mode == FXM_WINDOW_EAGER;
	const struct forms *f = slow ? &slow_forms : &fast_forms[k->record_sites][k->pte_bytes == 8];

	pc->kmap_local_page = k->local ? f->map : no_map;
	pc->kunmap_local = k->local ? f->unmap : no_unmap;
	if (!k->local)
		return;
	fxmi_kmap_atomic_rare_changed(cpu);
	pc->kmap_atomic = f->map_atomic;
	pc->kunmap_atomic = f->unmap_atomic;
	if (slow)
		return;
	const struct tier_forms *tier = &tier_forms[k->record_sites][k->pte_bytes == 8];
	pc->map_local_pointer = tier->map;
	pc->unmap_local_pointer = tier->unmap;
	pc->map_pointer = tier->map_atomic;
	pc->unmap_pointer = tier->unmap_atomic;
}

/* ---- kmap_to_page() ---- */

bool fxmi_kmap_local_to_pfn(struct fxm_vcpu *cpu, uint64_t va, uint64_t *pfn)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxmi_kmap_ctrl *ctrl = cpu->current->kernel;
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint64_t page = va & FXMI_PAGE_MASK;

	/* The kernel's own bound: the first slot of CPU 0 is left out. */
	if (page < fxmi_fix_to_virt(k, k->fix_kmap_end) || page >= fxmi_fix_to_virt(k, k->fix_kmap_begin))
		return false;
	fxmi_warn_once(cpu, FXMI_ONCE_TO_PAGE_LOCAL, "kmap_to_page_local", &(struct fxmi_subject){.va = va},
		       "kmap_to_page of %llx, a kmap_local address: keep the page instead", (unsigned long long)va);
	for (int i = 0; ctrl && i < fxmi_count_depth(cpu->counts) && i < FXMI_KMAP_SLOTS; i++) {
		if (fxmi_kmap_index_va(pc, fxmi_kmap_index(k, i, fxmi_pte_pfn(k, ctrl->pteval[i]))) == page) {
			*pfn = fxmi_pte_pfn(k, ctrl->pteval[i]);
			return true;
		}
	}
	return false;
}

/* ---- kmap_atomic(), on top ---- */

fxm_va fxmi_kmap_local_atomic_prot(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t prot)
{
	return map_page_slow(cpu, page, "kmap_atomic_prot", prot, ATOMIC);
}

fxm_va fxmi_kmap_local_atomic_pfn(struct fxm_vcpu *cpu, uint64_t pfn)
{
	return map_pfn_slow(cpu, pfn, "kmap_atomic_pfn", fxmi_kernel_of(cpu)->kmap_prot, ATOMIC);
}

/* ---- public ---- */

fxm_va fxm_kmap_local_page(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return fxmi_percpu(cpu)->kmap_local_page(cpu, page);
}

int fxm_kunmap_local(struct fxm_vcpu *cpu, fxm_va va)
{
	return fxmi_percpu(cpu)->kunmap_local(cpu, va);
}

static int check_local(const struct fxm_vcpu *cpu, const char *function)
{
	int error = fxmi_check_cpu(cpu);
	return error ? error : fxmi_has(fxmi_kernel_of(cpu), function) ? 0 : -ENOSYS;
}

fxm_va fxm_kmap_local_page_prot(struct fxm_vcpu *cpu, struct fxm_page *page, fxm_pte prot)
{
	int error = check_local(cpu, "kmap_local_page_prot");
	return error ? fxmi_va_error(error) : map_page_slow(cpu, page, "kmap_local_page_prot", prot.v, LOCAL);
}

/* The functions that mm/highmem.c exports: there where slots are. */
static int check_exported(const struct fxm_vcpu *cpu, const char *function)
{
	int error = check_local(cpu, function);
	return error ? error : fxmi_kernel_of(cpu)->has_kmap_group ? 0 : -ENOSYS;
}

fxm_va fxm_kmap_local_page_indexed(struct fxm_vcpu *cpu, struct fxm_page *page, fxm_pte prot)
{
	int error = check_exported(cpu, "__kmap_local_page_prot");
	return error ? fxmi_va_error(error) : map_page_slow(cpu, page, "__kmap_local_page_prot", prot.v, EXPORTED);
}

fxm_va fxm_kmap_local_pfn(struct fxm_vcpu *cpu, uint64_t pfn)
{
	int error = check_local(cpu, "kmap_local_pfn");
	if (error)
		return fxmi_va_error(error);
	return map_pfn_slow(cpu, pfn, "kmap_local_pfn", fxmi_kernel_of(cpu)->kmap_prot, LOCAL);
}

fxm_va fxm_kmap_local_pfn_indexed(struct fxm_vcpu *cpu, uint64_t pfn, fxm_pte prot)
{
	int error = check_exported(cpu, "__kmap_local_pfn_prot");
	return error ? fxmi_va_error(error) : map_pfn_slow(cpu, pfn, "__kmap_local_pfn_prot", prot.v, EXPORTED);
}

int fxm_kunmap_local_indexed(struct fxm_vcpu *cpu, fxm_va va)
{
	int error = check_exported(cpu, "kunmap_local_indexed");
	return error ? error : unmap_any_slow(cpu, va, "kunmap_local_indexed", EXPORTED);
}

fxm_va fxm_kmap_local_folio(struct fxm_vcpu *cpu, struct fxm_page *folio, size_t offset)
{
	int error = check_local(cpu, "kmap_local_folio");
	if (error)
		return fxmi_va_error(error);
	const struct fxm_machine *m = cpu->machine;
	uint64_t n = offset >> FXM_PAGE_SHIFT;

	if (!fxmi_page_is_valid(m, folio) || !fxmi_pfn_is_ram(m, fxmi_page_pfn(m, folio) + n))
		return fxmi_va_error(-EINVAL);
	fxm_va va = fxm_kmap_local_page(cpu, folio + n);
	return fxm_va_error(va) ? va : fxm_va_of(va.v + offset % FXM_PAGE_SIZE);
}

/* From the last slot on up to the first, which is left out: it begins at the address that is compared with. */
static bool is_below_first_slot(const struct fxmi_kernel *k, uint64_t va)
{
	int first = fxm_fixed_index(k->layout, "FIX_KMAP_BEGIN"), last = fxm_fixed_index(k->layout, "FIX_KMAP_END");

	return first >= 0 && va >= fxmi_fix_to_virt(k, (uint32_t)last) && va < fxmi_fix_to_virt(k, (uint32_t)first);
}

int fxm_is_kmap_addr(struct fxm_vcpu *cpu, fxm_va va)
{
	int error = check_local(cpu, "is_kmap_addr");
	if (error)
		return error;
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	return fxmi_pkmap_nr(&k->pkmap, va.v) >= 0 || (k->is_kmap_addr_local && is_below_first_slot(k, va.v));
}
