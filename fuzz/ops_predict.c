/* SPDX-License-Identifier: MIT */
/* What the model says of a call of the simulated kernel, before it is made. */
#include "ops.h"

#include <errno.h>

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

bool ops_predict(struct ops_run *run, unsigned cpu, const struct ops_call *c, struct ops_prediction *out)
{
	*out = (struct ops_prediction){.death = FXM_REPORT_BUG};
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
