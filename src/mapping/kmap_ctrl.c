/* SPDX-License-Identifier: MIT */
/*
 * current->kmap_ctrl: the kmap_local mappings of a task while it leaves its CPU, comes back and ends. Models
 * __kmap_local_sched_out() and __kmap_local_sched_in() of mm/highmem.c, 6.1; and the family of their records.
 *
 * Records belong to the task: its mappings leave with it and come back. When it leaves, what is known of each slot goes to the
 * CPU's own records as well, for those who ask about the address after it.
 *
 * Invariants: those of kmap_local.c. A kmap_ctrl's words are written by its task; the family's questions read them from elsewhere,
 * each as it stands: an answer about a task that maps meanwhile may have parts of different moments.
 */
#include "kmap_ctrl.h"
#include "report.h"
#include "trace.h"

#include <stdlib.h>

/* A serial: which use of a kmap_ctrl, and below that, which mapping of the slot since. */
#define SERIAL_BITS 32

static int idx_of(const struct fxmi_kmap_ctrl *ctrl)
{
	const struct fxm_vcpu *seat = fxmi_read_once(ctrl->seat);

	return seat ? fxmi_count_depth(fxmi_counts(seat)) : fxmi_read_once(ctrl->idx);
}

/* Whether the task has ever mapped @slot. */
static bool has_record(const struct fxmi_kmap_ctrl *ctrl, uint32_t slot)
{
	return (uint32_t)fxmi_read_once(ctrl->records.serial[slot]) != 0;
}

/* The kmap_ctrl of who sits on @pc's CPU: release and acquire, because what it points to may be new. */
static void seat_ctrl(struct fxmi_percpu *pc, struct fxmi_kmap_ctrl *ctrl)
{
	__atomic_store_n(&pc->kmap_ctrl, ctrl, __ATOMIC_RELEASE);
}

static const struct fxmi_kmap_ctrl *seated_ctrl(const struct fxmi_percpu *pc)
{
	return __atomic_load_n(&pc->kmap_ctrl, __ATOMIC_ACQUIRE);
}

/* ---- life ---- */

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

	if (!c || fxmi_records_init(&c->records, FXMI_KMAP_SLOTS)) {
		free(c);
		return NULL;
	}
	c->in_use = true;
	c->next = atomic_load(&k->kmap_ctrls);
	while (!atomic_compare_exchange_weak(&k->kmap_ctrls, &c->next, c))
		;
	return c;
}

/* What a task that mapped leaves behind is what is known of its CPU's slots. */
static void leave_records(const struct fxmi_kmap_ctrl *ctrl, struct fxm_vcpu *cpu)
{
	struct fxmi_records *slots = &fxmi_percpu(cpu)->slots;

	for (uint32_t n = 0; n < slots->nr && n < FXMI_KMAP_SLOTS; n++)
		if (has_record(ctrl, n))
			fxmi_record_copy(slots, n, &ctrl->records, n);
}

/* Nobody else's serials are like this task's; where nobody counts they stay 0, so that nothing is told of any mapping. */
static void begin_records(struct fxmi_kernel *k, struct fxmi_kmap_ctrl *ctrl)
{
	uint64_t base = k->record_sites ? atomic_fetch_add(&k->kmap_ctrl_uses, 1) << SERIAL_BITS : 0;

	for (uint32_t n = 0; n < FXMI_KMAP_SLOTS; n++)
		fxmi_write_once(ctrl->records.serial[n], base);
}

struct fxmi_kmap_ctrl *fxmi_kmap_ctrl_of_current(struct fxm_vcpu *cpu, struct fxmi_kernel *k)
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
	for (int slot = 0; slot < FXMI_KMAP_SLOTS; slot++) {
		fxmi_write_once(c->pteval[slot], 0);
		fxmi_write_once(c->is_atomic[slot], false);
	}
	for (size_t i = 0; i < sizeof(c->comm); i++)
		fxmi_write_once(c->comm[i], task->comm[i]);
	fxmi_write_once(c->pid, task->pid);
	fxmi_write_once(c->has_ended, false);
	begin_records(k, c);
	fxmi_write_once(c->cpu, cpu);
	fxmi_write_once(c->seat, cpu);
	task->kernel = c;
	seat_ctrl(fxmi_percpu(cpu), c);
	return c;
}

void fxmi_kmap_local_free(struct fxmi_kernel *k)
{
	struct fxmi_kmap_ctrl *c = atomic_load(&k->kmap_ctrls);

	while (c) {
		struct fxmi_kmap_ctrl *next = c->next;
		fxmi_records_free(&c->records);
		free(c);
		c = next;
	}
}

/* ---- the context switch ---- */

/* Whether slot @i of @ctrl, below its idx, is one to take away or put back; the checks of both loops. */
static bool is_slot_to_switch(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, const struct fxmi_kmap_ctrl *ctrl, int i, bool in)
{
	uint64_t pteval = ctrl->pteval[i];
	struct fxmi_subject about = {.va = fxmi_kmap_index_va(fxmi_percpu(cpu), fxmi_kmap_index(k, i, fxmi_pte_pfn(k, pteval))),
				     .mapped_at = ctrl->records.mapped_at[i]};

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
	fxmi_write_once(ctrl->idx, fxmi_count_depth(cpu->counts));
	for (int i = 0; i < ctrl->idx && i < FXMI_KMAP_SLOTS; i++) {
		if (!is_slot_to_switch(cpu, k, ctrl, i, false))
			continue;
		int index = fxmi_kmap_index(k, i, fxmi_pte_pfn(k, ctrl->pteval[i]));
		uint64_t va = fxmi_kmap_index_va(pc, index);
		if (k->cache_vivt)
			fxmi_op_cache(cpu, "page:%llx", (unsigned long long)va);
		fxmi_set_pte(k->m, fxmi_kmap_pte(k, pc, index, va), 0);
		fxmi_flush_tlb_one(cpu, va);
		ctrl->alias[i] = fxmi_window_away(cpu, va);
	}
	fxmi_counts_sub(cpu, (uint64_t)(int64_t)ctrl->idx * FXMI_DEPTH_ONE);
	if (k->record_sites)
		leave_records(ctrl, cpu);
	fxmi_write_once(ctrl->seat, NULL);
	seat_ctrl(pc, NULL);
}

/* __kmap_local_sched_in(): as they were. No flush: nothing of these addresses can be in the TLB. */
void fxmi_kmap_local_sched_in(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	struct fxmi_kmap_ctrl *ctrl = task->kernel;
	struct fxmi_percpu *pc = fxmi_percpu(cpu);

	if (!ctrl)
		return;
	const struct fxmi_kernel *k = pc->kernel;
	fxmi_counts_add(cpu, (uint64_t)(int64_t)ctrl->idx * FXMI_DEPTH_ONE);
	fxmi_write_once(ctrl->cpu, cpu);
	fxmi_write_once(ctrl->seat, cpu);
	seat_ctrl(pc, ctrl);
	for (int i = 0; i < ctrl->idx && i < FXMI_KMAP_SLOTS; i++) {
		if (!is_slot_to_switch(cpu, k, ctrl, i, true))
			continue;
		int index = fxmi_kmap_index(k, i, fxmi_pte_pfn(k, ctrl->pteval[i]));
		uint64_t va = fxmi_kmap_index_va(pc, index);
		fxmi_set_pte(k->m, fxmi_kmap_pte(k, pc, index, va), ctrl->pteval[i]);
		if (k->atomic_flush_at_map)
			fxmi_flush_tlb_one(cpu, va);
		fxmi_window_back(cpu, va, ctrl->pteval[i], ctrl->alias[i]);
	}
}

/* A task that died in kmap_local has a counter that no longer fits its slots: nothing is left to warn about. */
static void end_counter(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, const struct fxmi_kmap_ctrl *ctrl)
{
	int idx = 0;

	for (int i = (int)k->km_incr - 1; i < FXMI_KMAP_SLOTS && ctrl->pteval[i]; i += (int)k->km_incr)
		idx = i + 1;
	fxmi_counts_add(cpu, (uint64_t)(int64_t)(idx - fxmi_count_depth(cpu->counts)) * FXMI_DEPTH_ONE);
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
	fxmi_write_once(ctrl->has_ended, true);
	atomic_store(&ctrl->in_use, ctrl->idx > 0);
}

/* ---- records ---- */

/* The PTE of the mapping that @c has in @slot; 0: none. */
static uint64_t held(const struct fxmi_kmap_ctrl *c, int slot)
{
	return c->in_use && slot < FXMI_KMAP_SLOTS && slot < idx_of(c) ? fxmi_read_once(c->pteval[slot]) : 0;
}

/* The mapping that @c has in @slot, by @pteval. */
static void fill(const struct fxmi_kernel *k, const struct fxmi_kmap_ctrl *c, int slot, uint64_t pteval, struct fxmi_mapping *out)
{
	out->pfn = fxmi_pte_pfn(k, pteval);
	out->cpu = fxmi_read_once(c->cpu);
	out->va = fxmi_kmap_index_va(fxmi_percpu(out->cpu), fxmi_kmap_index(k, slot, out->pfn));
	out->slot = out->record = (uint32_t)slot;
	out->cpu_id = (int)out->cpu->id;
	out->is_live = true;
	out->is_away = !fxmi_read_once(c->seat);
	out->has_ended = fxmi_read_once(c->has_ended);
	out->is_atomic = fxmi_read_once(c->is_atomic[slot]);
	out->call = out->is_atomic ? "kmap_atomic" : "kmap_local_page";
	out->records = &c->records;
	fxmi_mapping_fill(out);
	out->pid = fxmi_read_once(c->pid);
	for (size_t i = 0; i < sizeof(out->comm); i++)
		out->comm[i] = fxmi_read_once(c->comm[i]);
}

/*
 * Who has @slot of @cpu mapped at @page: its task, else one that is away. NULL: none; or the task's own last mapping there is
 * likelier to be meant. @pteval: by which PTE.
 */
static const struct fxmi_kmap_ctrl *holder_of(const struct fxmi_kernel *k, const struct fxm_vcpu *cpu, int slot, uint64_t page,
					      uint64_t *pteval)
{
	const struct fxmi_kmap_ctrl *found = NULL;

	for (const struct fxmi_kmap_ctrl *c = atomic_load(&k->kmap_ctrls); c; c = c->next) {
		uint64_t entry = fxmi_read_once(c->cpu) == cpu ? held(c, slot) : 0;

		if (!entry || fxmi_kmap_index_va(fxmi_percpu(cpu), fxmi_kmap_index(k, slot, fxmi_pte_pfn(k, entry))) != page)
			continue;
		*pteval = entry;
		if (fxmi_read_once(c->seat))
			return c;
		found = c;
	}
	const struct fxmi_kmap_ctrl *seated = seated_ctrl(fxmi_percpu(cpu));
	return seated && has_record(seated, (uint32_t)slot) ? NULL : found;
}

static bool at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out)
{
	uint64_t page = va & FXMI_PAGE_MASK;
	struct fxmi_slot slot;
	uint64_t pteval = 0;

	if (!fxmi_slot_at(k, va, &slot) || !slot.cpu)
		return false;
	const struct fxmi_kmap_ctrl *c = holder_of(k, slot.cpu, slot.level, page, &pteval);
	if (c) {
		fill(k, c, slot.level, pteval, out);
	} else {
		const struct fxmi_percpu *pc = fxmi_percpu(slot.cpu);
		const struct fxmi_kmap_ctrl *seated = seated_ctrl(pc);

		out->va = page;
		out->slot = out->record = (uint32_t)slot.level;
		out->cpu = slot.cpu;
		out->cpu_id = (int)slot.cpu_id;
		/* Written by nobody that we know of, it is as good as mapped. */
		out->is_live = fxm_pte_at(k->m, fxm_va_of(page)).v & k->m->desc.format->present;
		out->records = out->is_live ? NULL : seated && has_record(seated, out->record) ? &seated->records : &pc->slots;
		fxmi_mapping_fill(out);
	}
	return !fxmi_fixed_took_slot(k, va, out->serial);
}

static void each(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg)
{
	uint64_t pteval;

	for (const struct fxmi_kmap_ctrl *c = atomic_load(&k->kmap_ctrls); c; c = c->next)
		for (int slot = (int)k->km_incr - 1; (pteval = held(c, slot)); slot += (int)k->km_incr) {
			struct fxmi_mapping m = {.family = &fxmi_family_local, .bytes = FXM_PAGE_SIZE};

			fill(k, c, slot, pteval, &m);
			fn(&m, arg);
		}
}

static bool innermost(const struct fxm_vcpu *cpu, struct fxmi_mapping *out)
{
	const struct fxmi_kmap_ctrl *c = cpu->current->kernel;
	int slot = c ? fxmi_count_depth(cpu->counts) - 1 : -1;

	if (slot >= FXMI_KMAP_SLOTS)
		return false;
	while (slot >= 0 && !(c->is_atomic[slot] && c->pteval[slot]))
		slot--;
	if (slot < 0)
		return false;
	*out = (struct fxmi_mapping){.family = &fxmi_family_local, .bytes = FXM_PAGE_SIZE};
	fill(fxmi_kernel_of(cpu), c, slot, c->pteval[slot], out);
	return true;
}

static void describe(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size)
{
	unsigned level = m->slot / (unsigned)k->km_incr;

	if (m->is_live && m->pid)
		snprintf(buf, size, "level %u of %s[%d] on CPU %d", level, m->comm, m->pid, m->cpu_id);
	else
		snprintf(buf, size, "level %u of CPU %d", level, m->cpu_id);
}

const struct fxmi_family fxmi_family_local = {
    .name = "kmap_local",
    .noun = "level",
    .call = "kmap_local_page",
    .undo = "kunmap_local",
    .at = at,
    .each = each,
    .innermost = innermost,
    .describe = describe,
};
