/* SPDX-License-Identifier: MIT */
/*
 * Calls of the simulated kernel. Each is predicted by the model, then performed inside fxm_task_run() by an actor: an idle task,
 * which the driver calls itself, or a fibre, which is handed the call and resumed. Then result, reports, entries and counters
 * are compared.
 *
 * A fibre that falls asleep keeps its call; doing anything with it later resumes it, which the model predicts too.
 */
#include "ops.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS = 1, VALUE = 2, POOL = 4, PTE = 8 };

/* What the result is, whether the pool may have changed, whether the entry at va counts. */
static const struct {
	const char *name;
	unsigned flags;
} kinds[] = {
    [CALL_KMAP] = {"kmap", ADDRESS | POOL},
    [CALL_KUNMAP] = {"kunmap", VALUE | POOL},
    [CALL_KMAP_HIGH] = {"kmap_high", ADDRESS | POOL},
    [CALL_KUNMAP_HIGH] = {"kunmap_high", VALUE | POOL},
    [CALL_MAP_NEW_VIRTUAL] = {"map_new_virtual", ADDRESS | POOL},
    [CALL_FLUSH_ALL_ZERO_PKMAPS] = {"flush_all_zero_pkmaps", VALUE | POOL},
    [CALL_KMAP_FLUSH_UNUSED] = {"kmap_flush_unused", VALUE | POOL},
    [CALL_PAGE_ADDRESS] = {"page_address", ADDRESS},
    [CALL_SET_PAGE_ADDRESS] = {"set_page_address", VALUE | POOL},
    [CALL_KMAP_TO_PFN] = {"kmap_to_page", VALUE},
    [CALL_KMAP_ATOMIC] = {"kmap_atomic", ADDRESS},
    [CALL_KMAP_ATOMIC_PROT] = {"kmap_atomic_prot", ADDRESS},
    [CALL_KMAP_ATOMIC_PFN] = {"kmap_atomic_pfn", ADDRESS},
    [CALL_KUNMAP_ATOMIC] = {"kunmap_atomic", VALUE | PTE},
    [CALL_KMAP_LOCAL_PAGE] = {"kmap_local_page", ADDRESS},
    [CALL_KMAP_LOCAL_PAGE_PROT] = {"kmap_local_page_prot", ADDRESS},
    [CALL_KMAP_LOCAL_PFN] = {"kmap_local_pfn", ADDRESS},
    [CALL_KMAP_LOCAL_FOLIO] = {"kmap_local_folio", ADDRESS},
    [CALL_KUNMAP_LOCAL] = {"kunmap_local", VALUE | PTE},
    [CALL_IS_KMAP_ADDR] = {"is_kmap_addr", VALUE},
    [CALL_IDX_PUSH] = {"kmap_atomic_idx_push", VALUE},
    [CALL_IDX] = {"kmap_atomic_idx", VALUE},
    [CALL_IDX_POP] = {"kmap_atomic_idx_pop", VALUE},
    [CALL_KMAP_ATOMIC_TYPE] = {"kmap_atomic(type)", ADDRESS},
    [CALL_KMAP_ATOMIC_PFN_TYPE] = {"kmap_atomic_pfn(type)", ADDRESS},
    [CALL_KUNMAP_ATOMIC_TYPE] = {"kunmap_atomic(type)", VALUE | PTE},
    [CALL_KMAP_ATOMIC_TO_PFN] = {"kmap_atomic_to_page", VALUE},
    [CALL___SET_FIXMAP] = {"__set_fixmap", PTE},
    [CALL_SET_FIXMAP] = {"set_fixmap", PTE},
    [CALL_SET_FIXMAP_NOCACHE] = {"set_fixmap_nocache", PTE},
    [CALL_SET_FIXMAP_IO] = {"set_fixmap_io", PTE},
    [CALL_SET_FIXMAP_OFFSET] = {"set_fixmap_offset", ADDRESS | PTE},
    [CALL_SET_FIXMAP_OFFSET_NOCACHE] = {"set_fixmap_offset_nocache", ADDRESS | PTE},
    [CALL_SET_FIXMAP_OFFSET_IO] = {"set_fixmap_offset_io", ADDRESS | PTE},
    [CALL_CLEAR_FIXMAP] = {"clear_fixmap", PTE},
    [CALL_VIRT_TO_FIX] = {"virt_to_fix", VALUE},
    [CALL_FIX_TO_VIRT] = {"fix_to_virt", ADDRESS},
    [CALL_PREEMPT_DISABLE] = {"preempt_disable", 0},
    [CALL_PREEMPT_ENABLE] = {"preempt_enable", 0},
    [CALL_PAGEFAULT_DISABLE] = {"pagefault_disable", 0},
    [CALL_PAGEFAULT_ENABLE] = {"pagefault_enable", 0},
    [CALL_IRQ_DISABLE] = {"local_irq_disable", 0},
    [CALL_IRQ_ENABLE] = {"local_irq_enable", 0},
    [CALL_ENTER] = {"context enter", VALUE},
    [CALL_LEAVE] = {"context leave", VALUE},
    [CALL_MIGHT_SLEEP] = {"might_sleep", 0},
    [CALL_SCHEDULE] = {"schedule", 0},
    [CALL_TLB_FLUSH_ONE] = {"__flush_tlb_one", 0},
    [CALL_TLB_FLUSH] = {"__flush_tlb_global", 0},
    [CALL_NOTHING] = {"nothing", 0},
    [CALL_WARN] = {"WARN", 0},
    [CALL_BUG] = {"BUG", 0},
    [CALL_OOPS] = {"bad access", 0},
    [CALL_DEREFERENCE] = {"dereference", VALUE},
};

const char *ops_name(enum ops_kind kind)
{
	return kinds[kind].name;
}

/* ---- what should happen ---- */

struct prediction {
	struct model_result r;
	enum fxm_report_kind death; /* of a task that ends: BUG or OOPS */
};

static struct model_result plain(int64_t value)
{
	return (struct model_result){.outcome = MODEL_DONE, .value = value};
}

static struct model_result offset_form(struct ops_run *run, unsigned cpu, const struct ops_call *c, uint64_t prot)
{
	if (run->model->c.typed)
		return (struct model_result){.outcome = MODEL_REFUSED, .value = -ENOSYS};
	struct model_result r = model_set_fixmap(run->model, cpu, c->index, c->pa, prot);
	r.address = r.outcome == MODEL_DONE ? r.address + c->pa % MODEL_PAGE : 0;
	return r;
}

static struct model_result refuse_io(struct ops_run *run, unsigned cpu, const struct ops_call *c)
{
	if (run->model->c.typed)
		return (struct model_result){.outcome = MODEL_REFUSED, .value = -ENOSYS};
	return model_set_fixmap(run->model, cpu, c->index, c->pa, run->model->c.prot_io);
}

static struct model_result fix_to_virt(const struct model *m, uint32_t index)
{
	if (index >= m->c.nr_fixed)
		return (struct model_result){.outcome = MODEL_REFUSED, .value = -EINVAL};
	return (struct model_result){.address = model_fix_to_virt(m, index)};
}

static struct model_result predict_pool(struct ops_run *run, unsigned cpu, const struct ops_call *c)
{
	struct model *m = run->model;

	switch (c->kind) {
	case CALL_KMAP:
		return model_kmap(m, cpu, c->pfn);
	case CALL_KUNMAP:
		return model_kunmap(m, cpu, c->pfn);
	case CALL_KMAP_HIGH:
		return model_kmap_high(m, cpu, c->pfn);
	case CALL_KUNMAP_HIGH:
		return model_kunmap_high(m, cpu, c->pfn);
	case CALL_MAP_NEW_VIRTUAL:
		return model_map_new_virtual(m, cpu, c->pfn);
	case CALL_FLUSH_ALL_ZERO_PKMAPS:
		return model_flush_all_zero_pkmaps(m);
	case CALL_KMAP_FLUSH_UNUSED:
		return model_kmap_flush_unused(m);
	case CALL_PAGE_ADDRESS:
		return model_page_address(m, c->pfn);
	case CALL_SET_PAGE_ADDRESS:
		return model_set_page_address(m, c->pfn, c->va);
	default:
		return model_kmap_to_pfn(m, cpu, c->va);
	}
}

/* The page of a folio that holds the byte at offset pa. */
static struct model_result kmap_local_folio(struct model *m, unsigned cpu, const struct ops_call *c)
{
	struct model_result r = model_kmap_local_page(m, cpu, c->pfn + c->pa / MODEL_PAGE, m->c.kmap_prot);

	if (r.outcome == MODEL_DONE)
		r.address += c->pa % MODEL_PAGE;
	return r;
}

static struct model_result predict_atomic(struct ops_run *run, unsigned cpu, const struct ops_call *c)
{
	struct model *m = run->model;

	switch (c->kind) {
	case CALL_KMAP_ATOMIC:
		return model_kmap_atomic(m, cpu, c->pfn, m->c.kmap_prot);
	case CALL_KMAP_ATOMIC_PROT:
		return model_kmap_atomic(m, cpu, c->pfn, c->prot);
	case CALL_KMAP_ATOMIC_PFN:
		return model_kmap_atomic_pfn(m, cpu, c->pfn);
	case CALL_KUNMAP_ATOMIC:
		return model_kunmap_atomic(m, cpu, c->va);
	case CALL_KMAP_LOCAL_PAGE:
		return model_kmap_local_page(m, cpu, c->pfn, m->c.kmap_prot);
	case CALL_KMAP_LOCAL_PAGE_PROT:
		return model_kmap_local_page(m, cpu, c->pfn, c->prot);
	case CALL_KMAP_LOCAL_PFN:
		return model_kmap_local_pfn(m, cpu, c->pfn);
	case CALL_KMAP_LOCAL_FOLIO:
		return kmap_local_folio(m, cpu, c);
	case CALL_KUNMAP_LOCAL:
		return model_kunmap_local(m, cpu, c->va);
	case CALL_IS_KMAP_ADDR:
		return model_is_kmap_addr(m, c->va);
	case CALL_IDX_PUSH:
		return model_idx_push(m, cpu);
	case CALL_IDX:
		return model_idx(m, cpu);
	case CALL_IDX_POP:
		return model_idx_pop(m, cpu);
	case CALL_KMAP_ATOMIC_TYPE:
		return model_kmap_atomic_type(m, cpu, c->pfn, c->index);
	case CALL_KMAP_ATOMIC_PFN_TYPE: /* came with 2.6.13 and went with the types */
		return (struct model_result){.outcome = MODEL_REFUSED,
					     .value = m->c.typed && c->index >= m->km_type_nr ? -EINVAL : -ENOSYS};
	case CALL_KUNMAP_ATOMIC_TYPE:
		return model_kunmap_atomic_type(m, cpu, c->va, c->index);
	default:
		return model_kmap_atomic_to_pfn(m, c->va);
	}
}

static struct model_result predict_fixmap(struct ops_run *run, unsigned cpu, const struct ops_call *c)
{
	struct model *m = run->model;

	switch (c->kind) {
	case CALL___SET_FIXMAP:
		return model_set_fixmap(m, cpu, c->index, c->pa, c->prot);
	case CALL_SET_FIXMAP:
		return model_set_fixmap(m, cpu, c->index, c->pa, m->c.prot_normal);
	case CALL_SET_FIXMAP_NOCACHE:
		return model_set_fixmap(m, cpu, c->index, c->pa, m->c.prot_nocache);
	case CALL_SET_FIXMAP_IO:
		return refuse_io(run, cpu, c);
	case CALL_SET_FIXMAP_OFFSET:
		return offset_form(run, cpu, c, m->c.prot_normal);
	case CALL_SET_FIXMAP_OFFSET_NOCACHE:
		return offset_form(run, cpu, c, m->c.prot_nocache);
	case CALL_SET_FIXMAP_OFFSET_IO:
		return offset_form(run, cpu, c, m->c.prot_io);
	case CALL_CLEAR_FIXMAP:
		return model_set_fixmap(m, cpu, c->index, 0, 0);
	case CALL_VIRT_TO_FIX:
		return model_virt_to_fix(m, c->va);
	default:
		return fix_to_virt(m, c->index);
	}
}

static struct model_result predict_schedule(struct ops_run *run, unsigned cpu)
{
	struct model_result r = plain(0);

	r.sleeping = run->model->task[run->model->cpu[cpu].current].preempt != 0;
	return r;
}

static struct model_result predict_state(struct ops_run *run, unsigned cpu, const struct ops_call *c)
{
	struct model *m = run->model;

	switch (c->kind) {
	case CALL_PREEMPT_DISABLE:
		return model_preempt(m, cpu, 1), plain(0);
	case CALL_PREEMPT_ENABLE:
		return model_preempt(m, cpu, -1), plain(0);
	case CALL_PAGEFAULT_DISABLE:
		return model_pagefault(m, cpu, 1), plain(0);
	case CALL_PAGEFAULT_ENABLE:
		return model_pagefault(m, cpu, -1), plain(0);
	case CALL_IRQ_DISABLE:
		return model_irq(m, cpu, true), plain(0);
	case CALL_IRQ_ENABLE:
		return model_irq(m, cpu, false), plain(0);
	case CALL_ENTER:
		return model_enter(m, cpu, (enum model_context)c->index);
	case CALL_LEAVE:
		return model_leave(m, cpu, (enum model_context)c->index);
	case CALL_MIGHT_SLEEP:
		return model_might_sleep(m, cpu);
	case CALL_SCHEDULE:
		return predict_schedule(run, cpu);
	case CALL_TLB_FLUSH_ONE:
		return model_tlb_flush_one(m, cpu, c->va), plain(0);
	case CALL_TLB_FLUSH:
		return model_tlb_flush(m, cpu), plain(0);
	case CALL_NOTHING:
		return plain(0);
	case CALL_WARN:
		return (struct model_result){.warnings = 1};
	default:
		return (struct model_result){.outcome = MODEL_BUG, .where = "fuzz.c:1"};
	}
}

/* False: the call is not made. */
static bool predict(struct ops_run *run, unsigned cpu, const struct ops_call *c, struct prediction *out)
{
	*out = (struct prediction){.death = FXM_REPORT_BUG};
	if (c->kind <= CALL_KMAP_TO_PFN) {
		out->r = predict_pool(run, cpu, c);
	} else if (c->kind <= CALL_KMAP_ATOMIC_TO_PFN) {
		out->r = predict_atomic(run, cpu, c);
	} else if (c->kind <= CALL_FIX_TO_VIRT) {
		out->r = predict_fixmap(run, cpu, c);
	} else if (c->kind < CALL_OOPS) {
		out->r = predict_state(run, cpu, c);
	} else {
		bool faults = true;
		uint64_t data = 0;
		/* What a task has mapped for itself is there only now that it sits. */
		if (c->kind == CALL_OOPS && model_covers(run->model, c->va) && (model_pte(run->model, c->va) & 1))
			return false;
		if (c->kind == CALL_DEREFERENCE && !ops_predict_dereference(run, cpu, c, &faults, &data))
			return false;
		out->death = FXM_REPORT_OOPS;
		out->r = (struct model_result){.outcome = faults ? MODEL_BUG : MODEL_DONE, .value = (int64_t)data};
	}
	return true;
}

/* ---- what does happen ---- */

static void take_address(struct ops_call *c, fxm_va va)
{
	c->value = fxm_va_error(va);
	c->address = c->value ? 0 : va.v;
}

static void bad_access(struct fxm_vcpu *cpu, struct ops_call *c)
{
	struct fxm_fault fault;
	uint64_t word;

	if (fxm_read_u64(cpu, fxm_va_of(c->va), &word) == 0)
		return;
	fxm_last_fault(cpu, &fault);
	fxm_oops(cpu, &fault);
}

static void dereference(struct ops_run *run, struct ops_call *c)
{
	volatile uint64_t *p = fxm_host(run->m, fxm_va_of(c->va));

	if (c->write)
		*p = c->pa;
	else
		c->value = (int64_t)*p;
}

static void perform_pool(struct ops_run *run, struct fxm_vcpu *cpu, struct ops_call *c)
{
	struct fxm_page *page = fxm_page_of_pfn(run->m, c->pfn);

	switch (c->kind) {
	case CALL_KMAP:
		return take_address(c, fxm_kmap(cpu, page));
	case CALL_KUNMAP:
		c->value = fxm_kunmap(cpu, page);
		return;
	case CALL_KMAP_HIGH:
		return take_address(c, fxm_kmap_high(cpu, page));
	case CALL_KUNMAP_HIGH:
		c->value = fxm_kunmap_high(cpu, page);
		return;
	case CALL_MAP_NEW_VIRTUAL:
		return take_address(c, fxm_map_new_virtual(cpu, page));
	case CALL_FLUSH_ALL_ZERO_PKMAPS:
		c->value = fxm_flush_all_zero_pkmaps(cpu);
		return;
	case CALL_KMAP_FLUSH_UNUSED:
		c->value = fxm_kmap_flush_unused(cpu);
		return;
	case CALL_PAGE_ADDRESS:
		return take_address(c, fxm_page_address(cpu, page));
	case CALL_SET_PAGE_ADDRESS:
		c->value = fxm_set_page_address(cpu, page, fxm_va_of(c->va));
		return;
	default:
		c->value = (int64_t)fxm_kmap_to_pfn(cpu, fxm_va_of(c->va));
		if (c->value == -1)
			c->value = fxm_kmap_to_page(cpu, fxm_va_of(c->va), &page);
	}
}

static void perform_atomic(struct ops_run *run, struct fxm_vcpu *cpu, struct ops_call *c)
{
	struct fxm_page *page = fxm_page_of_pfn(run->m, c->pfn);

	switch (c->kind) {
	case CALL_KMAP_ATOMIC:
		return take_address(c, fxm_kmap_atomic(cpu, page));
	case CALL_KMAP_ATOMIC_PROT:
		return take_address(c, fxm_kmap_atomic_prot(cpu, page, fxm_pte_of(c->prot)));
	case CALL_KMAP_ATOMIC_PFN:
		return take_address(c, fxm_kmap_atomic_pfn(cpu, c->pfn));
	case CALL_KUNMAP_ATOMIC:
		c->value = fxm_kunmap_atomic(cpu, fxm_va_of(c->va));
		return;
	case CALL_KMAP_LOCAL_PAGE:
		return take_address(c, fxm_kmap_local_page(cpu, page));
	case CALL_KMAP_LOCAL_PAGE_PROT:
		return take_address(c, fxm_kmap_local_page_prot(cpu, page, fxm_pte_of(c->prot)));
	case CALL_KMAP_LOCAL_PFN:
		return take_address(c, fxm_kmap_local_pfn(cpu, c->pfn));
	case CALL_KMAP_LOCAL_FOLIO:
		return take_address(c, fxm_kmap_local_folio(cpu, page, c->pa));
	case CALL_KUNMAP_LOCAL:
		c->value = fxm_kunmap_local(cpu, fxm_va_of(c->va));
		return;
	case CALL_IS_KMAP_ADDR:
		c->value = fxm_is_kmap_addr(cpu, fxm_va_of(c->va));
		return;
	case CALL_IDX_PUSH:
		c->value = fxm_kmap_atomic_idx_push(cpu);
		return;
	case CALL_IDX:
		c->value = fxm_kmap_atomic_idx(cpu);
		return;
	case CALL_IDX_POP:
		c->value = fxm_kmap_atomic_idx_pop(cpu);
		return;
	case CALL_KMAP_ATOMIC_TYPE:
		return take_address(c, fxm_kmap_atomic_type(cpu, page, c->index));
	case CALL_KMAP_ATOMIC_PFN_TYPE:
		return take_address(c, fxm_kmap_atomic_pfn_type(cpu, c->pfn, c->index));
	case CALL_KUNMAP_ATOMIC_TYPE:
		c->value = fxm_kunmap_atomic_type(cpu, fxm_va_of(c->va), c->index);
		return;
	default:
		c->value = (int64_t)fxm_kmap_atomic_to_pfn(cpu, fxm_va_of(c->va));
		if (c->value == -1)
			c->value = fxm_kmap_atomic_to_page(cpu, fxm_va_of(c->va), &page);
	}
}

static void perform_fixmap(struct ops_run *run, struct fxm_vcpu *cpu, struct ops_call *c)
{
	fxm_pa pa = fxm_pa_of(c->pa);

	switch (c->kind) {
	case CALL___SET_FIXMAP:
		return fxm___set_fixmap(cpu, c->index, pa, fxm_pte_of(c->prot));
	case CALL_SET_FIXMAP:
		c->value = fxm_set_fixmap(cpu, c->index, pa);
		return;
	case CALL_SET_FIXMAP_NOCACHE:
		c->value = fxm_set_fixmap_nocache(cpu, c->index, pa);
		return;
	case CALL_SET_FIXMAP_IO:
		c->value = fxm_set_fixmap_io(cpu, c->index, pa);
		return;
	case CALL_SET_FIXMAP_OFFSET:
		return take_address(c, fxm_set_fixmap_offset(cpu, c->index, pa));
	case CALL_SET_FIXMAP_OFFSET_NOCACHE:
		return take_address(c, fxm_set_fixmap_offset_nocache(cpu, c->index, pa));
	case CALL_SET_FIXMAP_OFFSET_IO:
		return take_address(c, fxm_set_fixmap_offset_io(cpu, c->index, pa));
	case CALL_CLEAR_FIXMAP:
		return fxm_clear_fixmap(cpu, c->index);
	case CALL_VIRT_TO_FIX:
		c->value = (int64_t)fxm_virt_to_fix(cpu, fxm_va_of(c->va));
		return;
	default:
		take_address(c, fxm_fix_to_virt(run->m, c->index));
	}
}

static void perform_state(struct ops_run *run, struct fxm_vcpu *cpu, struct ops_call *c)
{
	switch (c->kind) {
	case CALL_PREEMPT_DISABLE:
		return fxm_preempt_disable(cpu);
	case CALL_PREEMPT_ENABLE:
		return fxm_preempt_enable(cpu);
	case CALL_PAGEFAULT_DISABLE:
		return fxm_pagefault_disable(cpu);
	case CALL_PAGEFAULT_ENABLE:
		return fxm_pagefault_enable(cpu);
	case CALL_IRQ_DISABLE:
		return fxm_irq_disable(cpu);
	case CALL_IRQ_ENABLE:
		return fxm_irq_enable(cpu);
	case CALL_ENTER:
		c->value = fxm_context_enter(cpu, (enum fxm_context)c->index);
		return;
	case CALL_LEAVE:
		c->value = fxm_context_leave(cpu, (enum fxm_context)c->index);
		return;
	case CALL_MIGHT_SLEEP:
		return fxm_might_sleep(cpu, "fuzz.c:1");
	case CALL_SCHEDULE:
		return fxm_schedule(cpu);
	case CALL_TLB_FLUSH_ONE:
		return fxm_tlb_flush_one(cpu, fxm_va_of(c->va));
	case CALL_TLB_FLUSH:
		return fxm_tlb_flush(cpu);
	case CALL_NOTHING:
		return;
	case CALL_WARN:
		return fxm_warn(cpu, "fuzz.c:1", "the fuzzer's");
	case CALL_BUG:
		return fxm_bug(cpu, "fuzz.c:1");
	case CALL_OOPS:
		return bad_access(cpu, c);
	default:
		dereference(run, c);
	}
}

static int perform(void *arg)
{
	struct ops_actor *actor = arg;
	struct ops_run *run = actor->run;
	struct fxm_vcpu *cpu = fxm_machine_vcpu(run->m, actor->cpu);
	struct ops_call *c = &actor->call;

	if (c->kind <= CALL_KMAP_TO_PFN)
		perform_pool(run, cpu, c);
	else if (c->kind <= CALL_KMAP_ATOMIC_TO_PFN)
		perform_atomic(run, cpu, c);
	else if (c->kind <= CALL_FIX_TO_VIRT)
		perform_fixmap(run, cpu, c);
	else
		perform_state(run, cpu, c);
	return 0;
}

/* ---- actors ---- */

static int fibre_main(void *arg)
{
	struct ops_actor *actor = arg;
	struct fxm_vcpu *cpu = fxm_machine_vcpu(actor->run->m, actor->cpu);

	while (!actor->quit) {
		if (actor->dies)
			perform(actor);
		else
			actor->status = fxm_task_run(cpu, perform, actor, NULL);
		fxm_counts(cpu, &actor->counts);
		actor->done = true;
		fxm_task_yield();
	}
	return 7;
}

static void make_fibre(struct ops_run *run, struct ops_actor *actor, unsigned cpu)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "fuzz", .cpu = cpu};

	actor->cpu = cpu;
	actor->asleep = actor->quit = actor->dies = false;
	run->model->task[actor->task] = (struct model_task){0};
	if (fxm_task_create(run->m, &attr, fibre_main, actor, &actor->fibre))
		ops_differ(run, "fxm_task_create failed");
}

struct ops_actor *ops_actor_of(struct ops_run *run, unsigned who, bool must_be_fibre)
{
	if (!(who & 0x40) && !must_be_fibre)
		return &run->idle[(who & 7) % run->cpus];
	struct ops_actor *actor = &run->fibre[who & 7];
	if (!actor->fibre)
		make_fibre(run, actor, (who >> 3 & 7) % run->cpus);
	return actor;
}

static enum ops_end resume(struct ops_run *run, struct ops_actor *actor)
{
	for (;;) {
		int state = fxm_task_resume(actor->fibre);
		if (state == FXM_TASK_SLEEPING)
			return ENDED_ASLEEP;
		if (state != FXM_TASK_RUNNABLE)
			ops_differ(run, "a fibre was resumed: state %d", state);
		if (actor->done) /* else it gave its turn away in schedule() */
			return actor->status ? ENDED_KILLED : ENDED_WELL;
	}
}

static enum ops_end act(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call)
{
	actor->call = *call;
	actor->done = false;
	if (actor->fibre)
		return resume(run, actor);
	actor->status = fxm_task_run(fxm_machine_vcpu(run->m, actor->cpu), perform, actor, NULL);
	return actor->status ? ENDED_KILLED : ENDED_WELL;
}

static uint64_t silent(const struct ops_run *run)
{
	struct fxm_report_silent now;

	fxm_report_silent(run->m, &now);
	return now.repeated;
}

static void begin_reports(struct ops_run *run)
{
	run->reports = (struct ops_reports){.silent = silent(run)};
}

/*
 * Makes @actor the model's task on its CPU for one operation; afterwards the seat is the idle task's again. Who sleeps and was
 * not woken does not get the seat.
 */
static void sit(struct ops_run *run, const struct ops_actor *actor)
{
	run->switch_warnings = 0;
	if (!actor->asleep || run->model->task[actor->task].woken)
		run->switch_warnings = model_switch(run->model, actor->cpu, actor->task);
}

static void stand_up(struct ops_run *run, const struct ops_actor *actor)
{
	run->switch_warnings += model_switch(run->model, actor->cpu, actor->cpu);
}

void ops_end_fibre(struct ops_run *run, struct ops_actor *actor, bool killed)
{
	if (!actor->fibre || actor->asleep)
		return;
	actor->call = (struct ops_call){.kind = CALL_BUG};
	actor->quit = true;
	actor->dies = killed;
	int result = 0, expected = 0;
	/* A fibre that has not begun sees quit before anything else. */
	bool new = fxm_task_state(actor->fibre) == FXM_TASK_NEW;
	if (killed && !new) {
		actor->quit = false;
		expected = -ECANCELED;
	}
	begin_reports(run);
	sit(run, actor);
	int error = fxm_task_join(actor->fibre, &result);
	run->held_by_ended += model_task_end(run->model, actor->cpu, actor->cpu);
	if (error != expected || (!error && result != 7))
		ops_differ(run, "fxm_task_join: %d, result %d", error, result);
	if (run->reports.count[FXM_REPORT_BUG] != (expected != 0))
		ops_differ(run, "a fibre ended with %u BUGs", run->reports.count[FXM_REPORT_BUG]);
	actor->fibre = NULL;
}

/* ---- comparing ---- */

static void remember(struct ops_run *run, uint64_t address)
{
	if (address)
		run->recent[run->nr_recent++ % OPS_RECENT] = address;
}

static void compare_reports(struct ops_run *run, const char *name, const struct prediction *p)
{
	const struct ops_reports *r = &run->reports;
	bool dies = p->r.outcome == MODEL_BUG;

	if (r->count[FXM_REPORT_BUG] != (dies && p->death == FXM_REPORT_BUG) ||
	    r->count[FXM_REPORT_OOPS] != (dies && p->death == FXM_REPORT_OOPS))
		ops_differ(run, "%s: %u BUGs (%s) and %u oopses, the model says %s (%s)", name, r->count[FXM_REPORT_BUG], r->where,
			   r->count[FXM_REPORT_OOPS],
			   !dies			? "none"
			   : p->death == FXM_REPORT_BUG ? "a BUG"
							: "an oops",
			   p->r.where ? p->r.where : "?");
	if (dies && p->r.where && *r->where && strcmp(p->r.where, r->where))
		ops_differ(run, "%s: the BUG is at %s, the model says %s", name, r->where, p->r.where);
	unsigned warnings = p->r.warnings + run->switch_warnings;
	if (r->count[FXM_REPORT_WARN] != warnings)
		ops_differ(run, "%s: %u WARNs, the model says %u", name, r->count[FXM_REPORT_WARN], warnings);
	/* With detectors, what follows from a mistake that was told is counted instead. */
	unsigned sleeping = r->count[FXM_REPORT_SLEEPING];
	if (sleeping > p->r.sleeping || sleeping + (run->set.detect ? silent(run) - r->silent : 0) < p->r.sleeping)
		ops_differ(run, "%s: %u times \"sleeping function\", the model says %u", name, r->count[FXM_REPORT_SLEEPING],
			   p->r.sleeping);
	if (r->count[FXM_REPORT_DEADLOCK] || r->count[FXM_REPORT_HUNG])
		ops_differ(run, "%s: a deadlock was reported", name);
}

static void compare_result(struct ops_run *run, const struct ops_call *c, const struct model_result *r)
{
	const char *name = ops_name(c->kind);
	unsigned flags = kinds[c->kind].flags;

	if (r->outcome == MODEL_REFUSED && c->value != r->value)
		ops_differ(run, "%s: returned %lld, the model says %lld", name, (long long)c->value, (long long)r->value);
	if (r->outcome != MODEL_DONE)
		return;
	if ((flags & ADDRESS) && (c->address != r->address || c->value))
		ops_differ(run, "%s of pfn %llx: address %llx, error %lld; the model says %llx", name, (unsigned long long)c->pfn,
			   (unsigned long long)c->address, (long long)c->value, (unsigned long long)r->address);
	if ((flags & VALUE) && !(c->kind == CALL_DEREFERENCE && c->write) && c->value != r->value)
		ops_differ(run, "%s: %llx, the model says %llx", name, (long long)c->value, (long long)r->value);
}

static void compare_end(struct ops_run *run, const char *name, enum ops_end end, const struct prediction *p)
{
	enum ops_end expected = p->r.outcome == MODEL_BUG ? ENDED_KILLED : p->r.outcome == MODEL_SLEEPS ? ENDED_ASLEEP : ENDED_WELL;
	static const char *const words[] = {
	    [ENDED_WELL] = "returned", [ENDED_KILLED] = "ended the task", [ENDED_ASLEEP] = "went to sleep"};

	if (end != expected)
		ops_differ(run, "%s: %s, the model says it %s", name, words[end], words[expected]);
}

static void compare_fibre(struct ops_run *run, const struct ops_actor *actor, const char *name)
{
	const struct model_task *t = &run->model->task[actor->task];

	if (actor->counts.preempt != t->preempt || actor->counts.pagefault != t->pagefault || actor->counts.migrate != t->migrate)
		ops_differ(run, "%s: preempt_count %d, pagefault_disabled %d, migration_disabled %d; the model says %d, %d, %d",
			   name, actor->counts.preempt, actor->counts.pagefault, actor->counts.migrate, t->preempt, t->pagefault,
			   t->migrate);
	if (run->model->c.local && actor->counts.kmap_depth != t->idx)
		ops_differ(run, "%s: kmap_ctrl.idx is %d, the model says %d", name, actor->counts.kmap_depth, t->idx);
}

static void compare(struct ops_run *run, const struct ops_actor *actor, enum ops_end end, const struct prediction *p)
{
	const struct ops_call *c = &actor->call;
	const char *name = ops_name(c->kind);

	compare_reports(run, name, p);
	compare_end(run, name, end, p);
	compare_result(run, c, &p->r);
	ops_compare_interrupts(run, name);
	if (p->r.address && p->r.outcome == MODEL_DONE)
		ops_compare_pte(run, p->r.address & ~(uint64_t)(MODEL_PAGE - 1), name);
	if (kinds[c->kind].flags & PTE)
		ops_compare_pte(
		    run, c->kind >= CALL___SET_FIXMAP ? model_fix_to_virt(run->model, c->index) : c->va & ~UINT64_C(0xfff), name);
	ops_compare_cpu(run, actor->cpu);
	if (actor->fibre && end != ENDED_ASLEEP)
		compare_fibre(run, actor, name);
}

/* ---- doing ---- */

static void note(struct ops_run *run, const struct ops_call *c, const struct model_result *r)
{
	if (r->outcome != MODEL_DONE)
		return;
	if (kinds[c->kind].flags & ADDRESS)
		remember(run, r->address);
	if (r->address)
		ops_window_begin(run, r->address);
}

static enum ops_end do_call(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call, struct prediction *p)
{
	run->operations++;
	begin_reports(run);
	enum ops_end end = act(run, actor, call);
	actor->asleep = end == ENDED_ASLEEP;
	note(run, call, &p->r);
	return end;
}

static void compare_all(struct ops_run *run, struct ops_actor *actor, enum ops_end end, struct prediction *p)
{
	stand_up(run, actor);
	compare(run, actor, end, p);
	if (kinds[actor->call.kind].flags & POOL)
		ops_compare_pool(run);
}

/* A sleeper: still asleep when nobody woke it, else it goes on. */
static void wake(struct ops_run *run, struct ops_actor *actor)
{
	struct prediction p = {.r = {.outcome = MODEL_SLEEPS}, .death = FXM_REPORT_BUG};

	run->operations++;
	begin_reports(run);
	if (run->model->task[actor->task].woken)
		p.r = model_resume(run->model, actor->cpu);
	enum ops_end end = resume(run, actor);
	actor->asleep = end == ENDED_ASLEEP;
	note(run, &actor->call, &p.r);
	compare_all(run, actor, end, &p);
}

bool ops_pool_is_full(const struct model *model)
{
	for (uint32_t i = 0; i < model->last_pkmap; i++)
		if (model->count[i] >= 0 && model->count[i] < 2)
			return false;
	return true;
}

/* Idle tasks must not sleep: their caller is the one who wakes others. */
static bool may_sleep(const struct ops_run *run, const struct ops_call *call)
{
	return (call->kind == CALL_KMAP || call->kind == CALL_KMAP_HIGH || call->kind == CALL_MAP_NEW_VIRTUAL) &&
	       ops_pool_is_full(run->model);
}

void ops_do(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call)
{
	static const struct ops_call nothing = {.kind = CALL_NOTHING};
	struct prediction p;

	if (!actor->asleep && !actor->fibre && may_sleep(run, call))
		return;
	ops_interrupts_reset(run);
	sit(run, actor);
	if (actor->asleep) {
		wake(run, actor);
		return;
	}
	if (!predict(run, actor->cpu, call, &p)) {
		call = &nothing;
		predict(run, actor->cpu, call, &p);
	}
	enum ops_end end = do_call(run, actor, call, &p);
	compare_all(run, actor, end, &p);
}

bool ops_do_quickly(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call)
{
	struct prediction p;

	if (may_sleep(run, call))
		return false;
	ops_interrupts_reset(run);
	run->switch_warnings = 0; /* idle tasks do it */
	predict(run, actor->cpu, call, &p);
	enum ops_end end = do_call(run, actor, call, &p);
	compare_reports(run, ops_name(call->kind), &p);
	compare_end(run, ops_name(call->kind), end, &p);
	compare_result(run, &actor->call, &p.r);
	return true;
}
