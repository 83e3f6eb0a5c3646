/* SPDX-License-Identifier: MIT */
/*
 * Interrupts where they hurt: in the middle of kmap_atomic() and kunmap_atomic() a hard interrupt comes, maps a page on the next
 * level, unmaps it and goes. A kernel that is correct gives it a level of its own.
 *
 * The model takes its interrupt while it predicts an operation, the library while it does it: the same ones, or they differ.
 */
#include "ops.h"

static uint64_t interrupt_pfn(const struct ops_run *run)
{
	return run->model->c.highmem_pfn + 63;
}

/* Whether an interrupt could map its page here without harm to others. */
static bool there_is_room(const struct model *m, unsigned cpu)
{
	const struct model_task *t = &m->task[m->cpu[cpu].current];
	int level = model_depth(m, cpu, m->cpu[cpu].current) + model_increment(m) - 1;
	uint64_t n = (uint64_t)((int64_t)m->c.kmap_begin + (int64_t)m->km_type_nr * cpu + level);

	return level >= 0 && level < (int)m->km_type_nr - (m->c.local ? 1 : 0) && !model_pte(m, model_fix_to_virt(m, n)) &&
	       t->contexts < MODEL_CONTEXTS;
}

static void predict(struct model *m, unsigned cpu, void *arg)
{
	struct ops_run *run = arg;

	if (run->in_interrupt || !there_is_room(m, cpu))
		return;
	run->in_interrupt = true;
	run->interrupts_predicted++;
	model_enter(m, cpu, MODEL_HARDIRQ);
	run->interrupt_address = model_kmap_atomic(m, cpu, interrupt_pfn(run), m->c.kmap_prot).address;
	model_kunmap_atomic(m, cpu, run->interrupt_address);
	model_leave(m, cpu, MODEL_HARDIRQ);
	run->in_interrupt = false;
}

static void interrupt(struct fxm_vcpu *cpu, void *arg)
{
	struct ops_run *run = arg;

	if (run->in_interrupt || run->interrupts_done == run->interrupts_predicted)
		return;
	run->in_interrupt = true;
	run->interrupts_done++;
	fxm_context_enter(cpu, FXM_CONTEXT_HARDIRQ);
	fxm_va va = fxm_kmap_atomic(cpu, fxm_page_of_pfn(run->m, interrupt_pfn(run)));
	if (va.v != run->interrupt_address)
		ops_differ(run, "an interrupt maps its page at %llx, the model says %llx", (unsigned long long)va.v,
			   (unsigned long long)run->interrupt_address);
	fxm_kunmap_atomic(cpu, va);
	fxm_context_leave(cpu, FXM_CONTEXT_HARDIRQ);
	run->in_interrupt = false;
}

void ops_interrupts_start(struct ops_run *run)
{
	if (!run->set.interrupt || run->model->c.typed)
		return;
	run->model->interleave = predict;
	run->model->interleave_arg = run;
	if (fxm_interleave_set(run->m, interrupt, run))
		ops_differ(run, "fxm_interleave_set failed");
}

void ops_interrupts_reset(struct ops_run *run)
{
	run->interrupts_predicted = run->interrupts_done = 0;
	run->in_interrupt = false;
}

void ops_compare_interrupts(struct ops_run *run, const char *what)
{
	if (run->interrupts_done != run->interrupts_predicted)
		ops_differ(run, "%s: %u interrupts came, the model says %u", what, run->interrupts_done, run->interrupts_predicted);
}
