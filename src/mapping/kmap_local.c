/* SPDX-License-Identifier: MIT */
/*
 * Temporary mappings, third generation (5.11 and later): a stack per task. Models the kmap_local part of mm/highmem.c,
 * include/linux/highmem-internal.h (kmap_atomic on top of it) and arch/x86/include/asm/highmem.h, 6.1.
 *
 * Slot n of a task on CPU c is slot n + KM_MAX_IDX * c of the FIX_KMAP group, times the colours of the cache. The task's
 * stack is current->kmap_ctrl: idx, and the PTE of each slot in use, from which a task that comes back to its CPU gets its
 * mappings again. DEBUG_KMAP_LOCAL counts by two: every slot in use has one below it that never is. An unmap always ends the
 * topmost mapping, whatever address it is given, and flushes the address it is given. Without HIGHMEM the slots exist, unused.
 *
 * Invariants: while a task sits on its vCPU its idx is the depth in cpu->counts and percpu.kmap_ctrl is its kmap_ctrl (NULL before
 * its first mapping); else idx is in its kmap_ctrl, and none of its PTEs is set. A kmap_ctrl lives as long as its machine: that of
 * a task that has ended is used again, unless it shows what the task never unmapped.
 *
 * As in kmap_atomic_stack.c, each map and unmap has a fast form per PTE width, which leaves the slow one everything rare.
 */
#include "detect.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

#include <stdlib.h>

#define MAX_SLOTS 33 /* KM_MAX_IDX with DEBUG_KMAP_LOCAL */

struct fxmi_kmap_ctrl {
	struct fxmi_kmap_ctrl *next; /* of the machine */
	_Atomic bool in_use;
	struct fxm_vcpu *seat; /* where its task sits; NULL: idx is here */
	struct fxm_vcpu *cpu;
	int idx;
	int pid;
	char comm[16];
	uint64_t pteval[MAX_SLOTS];
	uintptr_t site[MAX_SLOTS]; /* where each was mapped, when sites are recorded */
	bool is_atomic[MAX_SLOTS]; /* then also: whether by kmap_atomic() */
};

/*
 * arch_kmap_local_map_idx(): where a cache has colours, a slot has an address of each; @page_number is of the frame, or of an
 * address of the same colour.
 */
static int slot_index(const struct fxmi_kernel *k, int slot, uint64_t page_number)
{
	int colours = (int)k->cache_colours;

	return slot * colours + colours - 1 - (int)(page_number & (k->cache_colours - 1));
}

static uint64_t index_va(const struct fxmi_percpu *pc, int index)
{
	return pc->kmap_va - (uint64_t)(int64_t)index * FXM_PAGE_SIZE;
}

static unsigned char *index_pte(const struct fxmi_kernel *k, const struct fxmi_percpu *pc, int index)
{
	return pc->kmap_pte - (int64_t)index * k->pte_bytes;
}

static uint64_t pte_pfn(const struct fxmi_kernel *k, uint64_t entry)
{
	return (entry & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT;
}

/* Whether the mapping in @slot is noted. A task whose counter ran off at either end has slots without a note. */
static bool is_noted(int slot)
{
	return slot >= 0 && slot < MAX_SLOTS;
}

static int idx_of(const struct fxmi_kmap_ctrl *ctrl)
{
	return ctrl->seat ? fxmi_count_depth(ctrl->seat->counts) : ctrl->idx;
}

/* ---- current->kmap_ctrl ---- */

static struct fxmi_kmap_ctrl *find_unused(struct fxmi_kernel *k)
{
	for (struct fxmi_kmap_ctrl *c = atomic_load(&k->kmap_ctrls); c; c = c->next) {
		bool unused = false;
		if (atomic_compare_exchange_strong(&c->in_use, &unused, true))
			return c;
	}
	return NULL;
}

static struct fxmi_kmap_ctrl *add_ctrl(struct fxmi_kernel *k)
{
	struct fxmi_kmap_ctrl *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->in_use = true;
	c->next = atomic_load(&k->kmap_ctrls);
	while (!atomic_compare_exchange_weak(&k->kmap_ctrls, &c->next, c))
		;
	return c;
}

/* The current task's kmap_ctrl, made at its first mapping. NULL: no memory. */
static struct fxmi_kmap_ctrl *current_ctrl(struct fxm_vcpu *cpu, struct fxmi_kernel *k)
{
	struct fxm_task *task = cpu->current;
	struct fxmi_kmap_ctrl *c = task->kernel;

	if (c)
		return c;
	c = find_unused(k);
	if (!c)
		c = add_ctrl(k);
	if (!c)
		return NULL;
	memset(c->pteval, 0, sizeof(c->pteval));
	memset(c->site, 0, sizeof(c->site));
	memset(c->is_atomic, 0, sizeof(c->is_atomic));
	memcpy(c->comm, task->comm, sizeof(c->comm));
	c->pid = task->pid;
	c->cpu = c->seat = cpu;
	task->kernel = c;
	fxmi_percpu(cpu)->kmap_ctrl = c;
	return c;
}

void fxmi_kmap_local_free(struct fxmi_kernel *k)
{
	struct fxmi_kmap_ctrl *c = atomic_load(&k->kmap_ctrls);

	while (c) {
		struct fxmi_kmap_ctrl *next = c->next;
		free(c);
		c = next;
	}
}

/* ---- kmap_local_idx ---- */

static int idx_push(struct fxm_vcpu *cpu, struct fxmi_kernel *k)
{
	if ((fxmi_count_preempt(cpu->counts) & FXMI_HARDIRQ_MASK) && !cpu->irq_disabled)
		fxmi_warn_once(cpu, FXMI_ONCE_PUSH_IRQ, "push_irq", NULL,
			       "kmap_local in a hard interrupt that runs with interrupts enabled");
	cpu->counts += k->km_incr * FXMI_DEPTH_ONE;
	int idx = fxmi_count_depth(cpu->counts);
	if (idx >= (int)k->km_type_nr)
		fxmi_bug(cpu, "push_depth", NULL, "kmap_local nested %d deep; this kernel has room for %d mappings per task",
			 idx / (int)k->km_incr, ((int)k->km_type_nr - 1) / (int)k->km_incr);
	return idx - 1;
}

static void idx_pop(struct fxm_vcpu *cpu, struct fxmi_kernel *k)
{
	cpu->counts -= k->km_incr * FXMI_DEPTH_ONE;
	if (fxmi_count_depth(cpu->counts) < 0)
		fxmi_bug(cpu, "pop_depth", NULL, "kunmap_local without a mapping: %s[%d] has none left", cpu->current->comm,
			 cpu->current->pid);
}

/* ---- counters ---- */

static void preempt_disable(struct fxm_vcpu *cpu)
{
	if (cpu->machine->desc.preempt_count)
		cpu->counts += FXMI_PREEMPT_ONE;
}

static void preempt_enable(struct fxm_vcpu *cpu)
{
	if (cpu->machine->desc.preempt_count)
		cpu->counts -= FXMI_PREEMPT_ONE;
}

/* What kmap_atomic() adds to kmap_local. */
static void atomic_begin(struct fxm_vcpu *cpu, const struct fxmi_kernel *k)
{
	if (k->preempt_rt)
		cpu->current->migrate++;
	else
		preempt_disable(cpu);
	cpu->counts += FXMI_PAGEFAULT_ONE;
}

static void atomic_end(struct fxm_vcpu *cpu, const struct fxmi_kernel *k)
{
	cpu->counts -= FXMI_PAGEFAULT_ONE;
	if (k->preempt_rt)
		cpu->current->migrate--;
	else
		preempt_enable(cpu);
}

/* ---- the slow forms: map ---- */

static FXMI_COLD _Noreturn void busy_bug(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va, uint64_t old)
{
	fxmi_bug(
	    cpu, "local_busy",
	    &(struct fxmi_subject){.va = va, .slot_plus_1 = (int)fxmi_virt_to_fix(k, va) + 1, .pfn_plus_1 = pte_pfn(k, old) + 1},
	    "kmap_local: the next slot of %s[%d], at %llx, maps frame %llx already: something else wrote its PTE",
	    cpu->current->comm, cpu->current->pid, (unsigned long long)va, (unsigned long long)pte_pfn(k, old));
}

int fxmi_kmap_local_innermost_atomic(const struct fxm_vcpu *cpu)
{
	const struct fxmi_kmap_ctrl *ctrl = cpu->current->kernel;
	int slot = ctrl ? fxmi_count_depth(cpu->counts) - 1 : -1;

	if (slot >= MAX_SLOTS)
		return -1;
	while (slot >= 0 && !ctrl->is_atomic[slot])
		slot--;
	return slot;
}

/* __kmap_local_pfn_prot(). */
static uint64_t map_pfn(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t pfn, uint64_t prot, bool atomic)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	struct fxmi_kmap_ctrl *ctrl = current_ctrl(cpu, k);

	if (!ctrl)
		return (uint64_t)-ENOMEM;
	if (!k->highmem) /* page_address(pfn_to_page(pfn)) */
		return (k->page_offset + (pfn << FXM_PAGE_SHIFT)) & k->va_mask;
	cpu->current->migrate++;
	preempt_disable(cpu);
	int slot = idx_push(cpu, k);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_PUSHED);
	int index = slot_index(k, slot, pfn);
	uint64_t va = index_va(pc, index);
	void *pte = index_pte(k, pc, index);
	uint64_t old = fxmi_pte_get(pte, k->pte_bytes);
	if (old)
		busy_bug(cpu, k, va, old);
	uint64_t entry = (pfn << FXM_PAGE_SHIFT | (prot & k->pte_mask)) & (k->pte_bytes == 4 ? UINT32_MAX : UINT64_MAX);
	fxmi_pte_set(pte, k->pte_bytes, entry);
	fxmi_window_begin(cpu, va, entry);
	if (is_noted(slot)) {
		ctrl->pteval[slot] = entry;
		fxmi_note_map(cpu, k, slot);
		ctrl->site[slot] = k->record_sites && slot < (int)k->km_type_nr ? pc->site[slot] : 0;
		ctrl->is_atomic[slot] = atomic;
	}
	preempt_enable(cpu);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_MAPPED);
	return va;
}

/* __kmap_local_page_prot(). x86 has no kmap_high_get(): a page that kmap() has mapped gets a slot like any other. */
static uint64_t map_page(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page, uint64_t prot, bool atomic)
{
	if (!k->highmem || (!k->force_map && !fxm_page_is_highmem(k->m, page)))
		return fxmi_page_address(k, page);
	return map_pfn(cpu, k, fxmi_page_pfn(k->m, page), prot, atomic);
}

static fxm_va map_page_slow(struct fxm_vcpu *cpu, struct fxm_page *page, const char *name, uint64_t prot, bool atomic)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !fxmi_page_is_valid(cpu->machine, page))
		return fxmi_va_error(error ? error : -EINVAL);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!current_ctrl(cpu, k))
		return fxmi_va_error(-ENOMEM);
	fxmi_op_begin(cpu, &op, name, page, 0);
	if (fxmi_tracing(cpu) && prot != k->kmap_prot)
		fxmi_op_prot(cpu, &op, prot);
	if (atomic)
		atomic_begin(cpu, k);
	op.address = map_page(cpu, k, page, prot, atomic);
	fxmi_op_end_atomic(cpu, &op);
	return fxm_va_of(op.address);
}

static fxm_va map_pfn_slow(struct fxm_vcpu *cpu, uint64_t pfn, const char *name, uint64_t prot, bool atomic)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!current_ctrl(cpu, k))
		return fxmi_va_error(-ENOMEM);
	fxmi_op_begin(cpu, &op, name, fxm_page_of_pfn(k->m, pfn), 0);
	if (fxmi_tracing(cpu) && prot != k->kmap_prot)
		fxmi_op_prot(cpu, &op, prot);
	if (atomic)
		atomic_begin(cpu, k);
	op.address = map_pfn(cpu, k, pfn, prot, atomic);
	fxmi_op_end_atomic(cpu, &op);
	return fxm_va_of(op.address);
}

static FXMI_COLD fxm_va local_slow(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return map_page_slow(cpu, page, "kmap_local_page", fxmi_kernel_of(cpu)->kmap_prot, false);
}

static FXMI_COLD fxm_va atomic_slow(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return map_page_slow(cpu, page, "kmap_atomic", fxmi_kernel_of(cpu)->kmap_prot, true);
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

	if (u->level < 0) {
		about = (struct fxmi_subject){.va = u->va};
		fxmi_history(k, u->va, &about);
		return fxmi_warn_once(cpu, FXMI_ONCE_LOCAL_ORDER, "local_order", &about,
				      "kunmap_local of %llx, but %s[%d] has nothing mapped", (unsigned long long)u->va,
				      cpu->current->comm, cpu->current->pid);
	}
	about = fxmi_order_subject(k, u->va, is_noted(u->level) ? fxmi_percpu(cpu)->kmap_ctrl->site[u->level] : 0, &notes);
	return fxmi_warn_once(cpu, FXMI_ONCE_LOCAL_ORDER, "local_order", &about,
			      "kunmap_local of %llx, but the mapping on top of %s[%d]'s stack is %llx: unmap in reverse order",
			      (unsigned long long)u->va, cpu->current->comm, cpu->current->pid, (unsigned long long)u->top);
}

/* Where the mapping of @slot is: its frame's colour decides, not that of the address that came; @otherwise: no such note. */
static uint64_t mapped_va(const struct fxmi_kernel *k, const struct fxmi_kmap_ctrl *ctrl, int slot, uint64_t otherwise)
{
	if (!is_noted(slot) || !ctrl->pteval[slot])
		return otherwise;
	return index_va(fxmi_percpu(ctrl->cpu), slot_index(k, slot, pte_pfn(k, ctrl->pteval[slot])));
}

/* kunmap_local_indexed(). */
static void unmap(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va, const char *name, bool atomic)
{
	uint64_t page = va & FXMI_PAGE_MASK;
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	struct fxmi_kmap_ctrl *ctrl = cpu->current->kernel;
	int slot = fxmi_count_depth(cpu->counts) - 1;
	int index = slot_index(k, slot, page >> FXM_PAGE_SHIFT);
	uint64_t top = index_va(pc, index);

	struct fxmi_unmap u = {name, page, mapped_va(k, ctrl, slot, top), slot, atomic};

	if (!k->highmem)
		return;
	if (page < fxmi_fix_to_virt(k, k->fix_kmap_end) || page > fxmi_fix_to_virt(k, k->fix_kmap_begin)) {
		u.va = va;
		fxmi_check_unmap(cpu, &u, warn_elsewhere(cpu, k, page));
		return;
	}
	preempt_disable(cpu);
	bool is_other = k->detect && k->record_sites && is_noted(slot) && ctrl->is_atomic[slot] != atomic;
	if (page != top)
		fxmi_check_unmap(cpu, &u, warn_order(cpu, k, &u));
	else if (is_other)
		is_other = fxmi_check_unmap_call(cpu, &u);
	/* kmap_atomic()'s slot goes, kunmap_local() leaves its preempt count, if it has one; or the other way round */
	if (is_other && !k->preempt_rt)
		cpu->current->told_preempt += atomic ? -1 : 1;
	fxmi_pte_set(index_pte(k, pc, index), k->pte_bytes, 0);
	fxmi_flush_tlb_one(cpu, page);
	fxmi_note_unmap(cpu, k, slot);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_CLEARED);
	if (is_noted(slot))
		ctrl->pteval[slot] = 0;
	fxmi_window_end(cpu, top);
	if (page != top)
		fxmi_window_end(cpu, page);
	idx_pop(cpu, k);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_POPPED);
	preempt_enable(cpu);
	cpu->current->migrate--;
}

static int unmap_any_slow(struct fxm_vcpu *cpu, fxm_va va, const char *name, bool atomic)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!current_ctrl(cpu, k))
		return -ENOMEM;
	fxmi_op_begin(cpu, &op, name, NULL, va.v);
	unmap(cpu, k, va.v, name, atomic);
	if (atomic)
		atomic_end(cpu, k);
	fxmi_op_end_atomic(cpu, &op);
	return 0;
}

static FXMI_COLD int unlocal_slow(struct fxm_vcpu *cpu, fxm_va va)
{
	return unmap_any_slow(cpu, va, "kunmap_local", false);
}

static FXMI_COLD int unatomic_slow(struct fxm_vcpu *cpu, fxm_va va)
{
	return unmap_any_slow(cpu, va, "kunmap_atomic", true);
}

/* ---- the fast forms ---- */

/* As in kmap_atomic_stack.c, @site too; the pages of the window are looked at after the PTE has changed. */
FXMI_INLINE fxm_va map_fast(struct fxm_vcpu *cpu, struct fxm_page *page, unsigned pte_bytes, bool atomic, uintptr_t site,
			    fxm_va (*slow)(struct fxm_vcpu *, struct fxm_page *))
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
	if (fxmi_unlikely(fxmi_pte_get(pte, pte_bytes) != 0) || (site && fxmi_is_inside(site)))
		return slow(cpu, page);
	if (site) {
		ctrl->site[slot] = pc->site[slot] = site;
		pc->unmap_site[slot] = 0;
		ctrl->is_atomic[slot] = atomic;
	}
	uint64_t entry = (frame << FXM_PAGE_SHIFT) + pc->high_entry;
	cpu->counts = counts + (atomic ? pc->map_step : FXMI_DEPTH_ONE);
	cpu->current->migrate++;
	ctrl->pteval[slot] = entry;
	fxmi_pte_set(pte, pte_bytes, entry);
	uint64_t va = pc->kmap_va - (slot << FXM_PAGE_SHIFT);
	if (fxmi_unlikely(atomic_load_explicit(pc->nr_resident, memory_order_relaxed)))
		fxmi_window_begin(cpu, va, entry);
	return fxm_va_of(va);
}

FXMI_INLINE int unmap_fast(struct fxm_vcpu *cpu, fxm_va va, unsigned pte_bytes, bool atomic, uintptr_t site,
			   int (*slow)(struct fxm_vcpu *, fxm_va))
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint64_t counts = cpu->counts;
	uint64_t slot = (counts >> 48) - 1;
	uint64_t top = pc->kmap_va - (slot << FXM_PAGE_SHIFT);

	if (fxmi_unlikely((va.v & FXMI_PAGE_MASK) != top) || fxmi_unlikely(slot >= fxmi_fast_levels(pc)) ||
	    (site && (fxmi_is_inside(site) || pc->kmap_ctrl->is_atomic[slot] != atomic)))
		return slow(cpu, va);
	if (site)
		pc->unmap_site[slot] = site;
	fxmi_pte_set(pc->kmap_pte - slot * pte_bytes, pte_bytes, 0);
	fxmi_tlb_flush_one(cpu, top);
	pc->kmap_ctrl->pteval[slot] = 0;
	cpu->counts = counts - (atomic ? pc->map_step : FXMI_DEPTH_ONE);
	cpu->current->migrate--;
	if (fxmi_unlikely(atomic_load_explicit(pc->nr_resident, memory_order_relaxed)))
		fxmi_window_end(cpu, top);
	return 0;
}

#define FAST_FORMS(bytes)                                                                                                          \
	static fxm_va local_fast_##bytes(struct fxm_vcpu *cpu, struct fxm_page *page)                                              \
	{                                                                                                                          \
		return map_fast(cpu, page, bytes, false, 0, local_slow);                                                           \
	}                                                                                                                          \
	static fxm_va atomic_fast_##bytes(struct fxm_vcpu *cpu, struct fxm_page *page)                                             \
	{                                                                                                                          \
		return map_fast(cpu, page, bytes, true, 0, atomic_slow);                                                           \
	}                                                                                                                          \
	static fxm_va local_noting_##bytes(struct fxm_vcpu *cpu, struct fxm_page *page)                                            \
	{                                                                                                                          \
		return map_fast(cpu, page, bytes, false, FXMI_NOTED_SITE(), local_slow);                                           \
	}                                                                                                                          \
	static fxm_va atomic_noting_##bytes(struct fxm_vcpu *cpu, struct fxm_page *page)                                           \
	{                                                                                                                          \
		return map_fast(cpu, page, bytes, true, FXMI_NOTED_SITE(), atomic_slow);                                           \
	}                                                                                                                          \
	static int unlocal_fast_##bytes(struct fxm_vcpu *cpu, fxm_va va)                                                           \
	{                                                                                                                          \
		return unmap_fast(cpu, va, bytes, false, 0, unlocal_slow);                                                         \
	}                                                                                                                          \
	static int unatomic_fast_##bytes(struct fxm_vcpu *cpu, fxm_va va)                                                          \
	{                                                                                                                          \
		return unmap_fast(cpu, va, bytes, true, 0, unatomic_slow);                                                         \
	}                                                                                                                          \
	static int unlocal_noting_##bytes(struct fxm_vcpu *cpu, fxm_va va)                                                         \
	{                                                                                                                          \
		return unmap_fast(cpu, va, bytes, false, FXMI_NOTED_SITE(), unlocal_slow);                                         \
	}                                                                                                                          \
	static int unatomic_noting_##bytes(struct fxm_vcpu *cpu, fxm_va va)                                                        \
	{                                                                                                                          \
		return unmap_fast(cpu, va, bytes, true, FXMI_NOTED_SITE(), unatomic_slow);                                         \
	}

FAST_FORMS(4)
FAST_FORMS(8)

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
 * An eager window maps at map time, debugging kernels count by two and map lowmem, PREEMPT_RT counts
 * otherwise, colours choose among addresses, a whole stack is slow to note: no fast form.
 */
void fxmi_kmap_local_init(struct fxm_vcpu *cpu)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	const struct fxmi_kernel *k = pc->kernel;
	bool slow = k->km_incr != 1 || k->cache_colours != 1 || k->force_map || k->preempt_rt || k->full_stacks ||
		    k->m->window->mode == FXM_WINDOW_EAGER;
	const struct forms *f = slow ? &slow_forms : &fast_forms[k->record_sites][k->pte_bytes == 8];

	pc->kmap_local_page = k->local ? f->map : no_map;
	pc->kunmap_local = k->local ? f->unmap : no_unmap;
	if (!k->local)
		return;
	fxmi_kmap_atomic_rare_changed(cpu);
	pc->kmap_atomic = f->map_atomic;
	pc->kunmap_atomic = f->unmap_atomic;
}

/* ---- the context switch ---- */

/* Whether slot @i of @ctrl, below its idx, is one to take away or put back; the checks of both loops. */
static bool is_slot_to_switch(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, const struct fxmi_kmap_ctrl *ctrl, int i, bool in)
{
	uint64_t pteval = ctrl->pteval[i];
	struct fxmi_subject about = {.va = index_va(fxmi_percpu(cpu), slot_index(k, i, pte_pfn(k, pteval))),
				     .mapped_at = ctrl->site[i]};

	if (k->km_incr == 2 && !(i & 1)) {
		if (pteval)
			fxmi_warn_once(cpu, in ? FXMI_ONCE_IN_GUARD : FXMI_ONCE_OUT_GUARD,
				       in ? "sched_in_guard" : "sched_out_guard", &about,
				       "schedule: guard slot %d of %s[%d] is in use", i, ctrl->comm, ctrl->pid);
		return false;
	}
	if (!pteval)
		fxmi_warn_once(cpu, in ? FXMI_ONCE_IN_NONE : FXMI_ONCE_OUT_NONE, in ? "sched_in_none" : "sched_out_none", &about,
			       "schedule: slot %d of %s[%d] is empty below its topmost mapping", i, ctrl->comm, ctrl->pid);
	return pteval != 0;
}

/* __kmap_local_sched_out(): the PTEs go, the stack stays. */
void fxmi_kmap_local_sched_out(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	struct fxmi_kmap_ctrl *ctrl = task->kernel;
	struct fxmi_percpu *pc = fxmi_percpu(cpu);

	if (!ctrl)
		return;
	const struct fxmi_kernel *k = pc->kernel;
	ctrl->idx = fxmi_count_depth(cpu->counts);
	for (int i = 0; i < ctrl->idx && i < MAX_SLOTS; i++) {
		if (!is_slot_to_switch(cpu, k, ctrl, i, false))
			continue;
		int index = slot_index(k, i, pte_pfn(k, ctrl->pteval[i]));
		fxmi_pte_set(index_pte(k, pc, index), k->pte_bytes, 0);
		fxmi_flush_tlb_one(cpu, index_va(pc, index));
		fxmi_window_end(cpu, index_va(pc, index));
	}
	cpu->counts -= (uint64_t)(int64_t)ctrl->idx * FXMI_DEPTH_ONE;
	ctrl->seat = NULL;
	pc->kmap_ctrl = NULL;
}

/* __kmap_local_sched_in(): as they were. No flush: nothing of these addresses can be in the TLB. */
void fxmi_kmap_local_sched_in(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	struct fxmi_kmap_ctrl *ctrl = task->kernel;
	struct fxmi_percpu *pc = fxmi_percpu(cpu);

	if (!ctrl)
		return;
	const struct fxmi_kernel *k = pc->kernel;
	cpu->counts += (uint64_t)(int64_t)ctrl->idx * FXMI_DEPTH_ONE;
	ctrl->seat = cpu;
	pc->kmap_ctrl = ctrl;
	for (int i = 0; i < ctrl->idx && i < MAX_SLOTS; i++) {
		if (!is_slot_to_switch(cpu, k, ctrl, i, true))
			continue;
		int index = slot_index(k, i, pte_pfn(k, ctrl->pteval[i]));
		fxmi_pte_set(index_pte(k, pc, index), k->pte_bytes, ctrl->pteval[i]);
		fxmi_window_begin(cpu, index_va(pc, index), ctrl->pteval[i]);
		/* Meanwhile the slot was others'. */
		if (k->record_sites && i < (int)k->km_type_nr) {
			pc->site[i] = ctrl->site[i];
			pc->unmap_site[i] = 0;
		}
	}
}

/* ---- what is never unmapped ---- */

void fxmi_kmap_local_tell(struct fxm_vcpu *cpu, int slot)
{
	struct fxmi_kmap_ctrl *ctrl = fxmi_percpu(cpu)->kmap_ctrl;
	if (ctrl && is_noted(slot))
		ctrl->site[slot] |= FXMI_SITE_TOLD;
}

/* @tell: none of them is reported again. */
static unsigned report_held(struct fxmi_kernel *k, struct fxmi_kmap_ctrl *ctrl, bool tell)
{
	const struct fxmi_percpu *pc = fxmi_percpu(ctrl->cpu);
	int idx = idx_of(ctrl);
	unsigned n = 0;

	for (int slot = (int)k->km_incr - 1; slot < idx && slot < MAX_SLOTS && ctrl->pteval[slot]; slot += (int)k->km_incr) {
		if (ctrl->site[slot] & FXMI_SITE_TOLD)
			continue;
		uint64_t pfn = pte_pfn(k, ctrl->pteval[slot]), va = index_va(pc, slot_index(k, slot, pfn));
		fxmi_finding(k, ctrl->seat, "leak",
			     &(struct fxmi_subject){.is_left = true,
						    .va = va,
						    .pfn_plus_1 = pfn + 1,
						    .mapped_at = ctrl->site[slot],
						    .slot_plus_1 = (int)fxmi_virt_to_fix(k, va) + 1},
			     "kmap_local never undone: page pfn %llx at %llx, level %u of %s[%d] on CPU %u",
			     (unsigned long long)pfn, (unsigned long long)va, (unsigned)slot / (unsigned)k->km_incr, ctrl->comm,
			     ctrl->pid, ctrl->cpu->id);
		n++;
		if (tell)
			ctrl->site[slot] |= FXMI_SITE_TOLD;
	}
	return n;
}

void fxmi_kmap_local_report_task(struct fxm_vcpu *cpu)
{
	if (cpu->current->kernel)
		report_held(fxmi_kernel_of(cpu), cpu->current->kernel, true);
}

void fxmi_kmap_local_each(struct fxmi_kernel *k, const struct fxm_vcpu *seat, void (*fn)(const struct fxmi_mapping *at, void *arg),
			  void *arg)
{
	for (const struct fxmi_kmap_ctrl *c = atomic_load(&k->kmap_ctrls); c; c = c->next) {
		int idx = c->in_use && c->seat == seat ? idx_of(c) : 0;

		for (int slot = (int)k->km_incr - 1; slot < idx && slot < MAX_SLOTS; slot += (int)k->km_incr) {
			uint64_t pfn = pte_pfn(k, c->pteval[slot]);

			fn(&(struct fxmi_mapping){.what = "kmap_local level",
						  .number = (unsigned)slot / (unsigned)k->km_incr,
						  .va = index_va(fxmi_percpu(c->cpu), slot_index(k, slot, pfn)),
						  .bytes = FXM_PAGE_SIZE,
						  .pfn = pfn,
						  .cpu = c->seat,
						  .comm = c->comm,
						  .pid = c->pid,
						  .mapped_at = c->site[slot]},
			   arg);
		}
	}
}

unsigned fxmi_kmap_local_report_leaks(struct fxmi_kernel *k)
{
	unsigned n = 0;

	for (struct fxmi_kmap_ctrl *c = atomic_load(&k->kmap_ctrls); c; c = c->next)
		if (c->in_use)
			n += report_held(k, c, false);
	return n;
}

/* A task that died in kmap_local has a counter that no longer fits its slots: nothing is left to warn about. */
static void end_counter(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, const struct fxmi_kmap_ctrl *ctrl)
{
	int idx = 0;

	for (int i = (int)k->km_incr - 1; i < MAX_SLOTS && ctrl->pteval[i]; i += (int)k->km_incr)
		idx = i + 1;
	cpu->counts += (uint64_t)(int64_t)(idx - fxmi_count_depth(cpu->counts)) * FXMI_DEPTH_ONE;
}

/* The last schedule() of a task takes its mappings away for ever. What it held stays on record, as a leak. */
void fxmi_kmap_local_task_end(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	struct fxmi_kmap_ctrl *ctrl = task->kernel;

	if (!ctrl)
		return;
	end_counter(cpu, fxmi_kernel_of(cpu), ctrl);
	fxmi_kmap_local_sched_out(cpu, task);
	task->kernel = NULL;
	atomic_store(&ctrl->in_use, ctrl->idx > 0);
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
	for (int i = 0; ctrl && i < fxmi_count_depth(cpu->counts) && i < MAX_SLOTS; i++) {
		if (index_va(pc, slot_index(k, i, pte_pfn(k, ctrl->pteval[i]))) == page) {
			*pfn = pte_pfn(k, ctrl->pteval[i]);
			return true;
		}
	}
	return false;
}

/* ---- kmap_atomic(), on top ---- */

fxm_va fxmi_kmap_local_atomic_prot(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t prot)
{
	return map_page_slow(cpu, page, "kmap_atomic_prot", prot, true);
}

fxm_va fxmi_kmap_local_atomic_pfn(struct fxm_vcpu *cpu, uint64_t pfn)
{
	return map_pfn_slow(cpu, pfn, "kmap_atomic_pfn", fxmi_kernel_of(cpu)->kmap_prot, true);
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
	return error ? fxmi_va_error(error) : map_page_slow(cpu, page, "kmap_local_page_prot", prot.v, false);
}

fxm_va fxm_kmap_local_pfn(struct fxm_vcpu *cpu, uint64_t pfn)
{
	int error = check_local(cpu, "kmap_local_pfn");
	if (error)
		return fxmi_va_error(error);
	return map_pfn_slow(cpu, pfn, "kmap_local_pfn", fxmi_kernel_of(cpu)->kmap_prot, false);
}

fxm_va fxm___kmap_local_pfn_prot(struct fxm_vcpu *cpu, uint64_t pfn, fxm_pte prot)
{
	int error = check_local(cpu, "kmap_local_pfn");
	return error ? fxmi_va_error(error) : map_pfn_slow(cpu, pfn, "kmap_local_pfn_prot", prot.v, false);
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

int fxm_is_kmap_addr(struct fxm_vcpu *cpu, fxm_va va)
{
	int error = check_local(cpu, "is_kmap_addr");
	return error ? error : fxmi_pkmap_nr(&fxmi_kernel_of(cpu)->pkmap, va.v) >= 0;
}
