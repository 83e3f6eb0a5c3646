/* SPDX-License-Identifier: MIT */
/*
 * Interrupts where they hurt: in the middle of kmap_atomic() and kunmap_atomic(), and of their kmap_local sisters, an injected
 * interrupt comes, maps a page on the next level, unmaps it and goes. A kernel that is correct gives it a level of its own.
 *
 * The model counts the passages of each point while it predicts an operation, the library while it does it: the same interrupts
 * come in the same order, those inside interrupts too, or the two differ.
 */
#include "ops.h"

#include <errno.h>

static const char *const points[] = {[MODEL_PUSHED] = "kmap_atomic.pushed",
				     [MODEL_MAPPED] = "kmap_atomic.mapped",
				     [MODEL_CLEARED] = "kunmap_atomic.cleared",
				     [MODEL_POPPED] = "kunmap_atomic.popped"};

/* By model_context - 1, in the order in which they come at one passage. */
static const enum fxm_inject_action actions[] = {FXM_INJECT_SOFTIRQ, FXM_INJECT_IRQ, FXM_INJECT_NMI};

enum { CONTEXTS = 3, SOFTIRQ_MASK = 0xff00, HARDIRQ_MASK = 0xf0000, NMI_MASK = 0xf00000 };

static uint64_t interrupt_pfn(const struct ops_run *run)
{
	return run->model->c.highmem_pfn + 63;
}

/* Whether an interrupt could map its page here without harm to others. */
static bool there_is_room(const struct model *m, unsigned cpu)
{
	int level = model_depth(m, cpu, m->cpu[cpu].current) + model_increment(m) - 1;
	uint64_t n = (uint64_t)((int64_t)m->c.kmap_begin + (int64_t)m->km_type_nr * cpu + level);

	return level >= 0 && level < (int)m->km_type_nr - (m->c.local ? 1 : 0) && !model_pte(m, model_fix_to_virt(m, n));
}

static bool may_come(const struct model_task *t, enum model_context context)
{
	if (t->contexts == MODEL_CONTEXTS)
		return false;
	if (context == MODEL_NMI)
		return !(t->preempt & NMI_MASK);
	return !t->irq_disabled && (context == MODEL_HARDIRQ || !(t->preempt & (SOFTIRQ_MASK | HARDIRQ_MASK | NMI_MASK)));
}

static bool is_due(struct ops_injection *i)
{
	uint64_t n = ++i->passages;

	return n == i->first || (i->every && n > i->first && (n - i->first) % i->every == 0);
}

static void predict_one(struct ops_run *run, struct model *m, unsigned cpu, enum model_context context)
{
	unsigned n = run->interrupts_predicted++;

	if (n >= OPS_INTERRUPTS)
		ops_differ(run, "more than %d interrupts in one operation", OPS_INTERRUPTS);
	model_enter(m, cpu, context);
	run->interrupt_address[n] = 0;
	if (there_is_room(m, cpu)) {
		uint64_t address = model_kmap_atomic(m, cpu, interrupt_pfn(run), m->c.kmap_prot).address;
		run->interrupt_address[n] = address;
		model_kunmap_atomic(m, cpu, address);
	}
	model_leave(m, cpu, context);
}

static void predict(struct model *m, unsigned cpu, enum model_point point, void *arg)
{
	struct ops_run *run = arg;
	const struct model_task *t = &m->task[m->cpu[cpu].current];
	bool due[CONTEXTS + 1] = {false}, can[CONTEXTS + 1];

	for (unsigned c = MODEL_SOFTIRQ; c <= MODEL_NMI; c++)
		can[c] = may_come(t, (enum model_context)c);
	for (struct ops_injection *i = run->injections; i < run->injections + run->nr_injections; i++)
		if (i->point == point && can[i->context])
			due[i->context] |= is_due(i);
	for (unsigned c = MODEL_SOFTIRQ; c <= MODEL_NMI; c++)
		if (due[c])
			predict_one(run, m, cpu, (enum model_context)c);
}

static void interrupt(struct fxm_vcpu *cpu, void *arg)
{
	struct ops_run *run = arg;
	unsigned n = run->interrupts_done++;

	if (n >= run->interrupts_predicted)
		ops_differ(run, "interrupt %u comes, the model says %u in all", n + 1, run->interrupts_predicted);
	if (!run->interrupt_address[n])
		return;
	fxm_va va = fxm_kmap_atomic(cpu, fxm_page_of_pfn(run->m, interrupt_pfn(run)));
	if (va.v != run->interrupt_address[n])
		ops_differ(run, "an interrupt maps its page at %llx, the model says %llx", (unsigned long long)va.v,
			   (unsigned long long)run->interrupt_address[n]);
	fxm_kunmap_atomic(cpu, va);
}

void ops_inject(struct ops_run *run, enum model_point point, enum model_context context, uint64_t first, uint64_t every)
{
	int n = fxm_inject(run->m, points[point], actions[context - 1], first, every);
	int expected = run->nr_injections < OPS_INJECTIONS ? (int)run->nr_injections : -ENOSPC;

	if (n != expected)
		ops_differ(run, "fxm_inject of %s gives %d, not %d", points[point], n, expected);
	if (n >= 0)
		run->injections[run->nr_injections++] =
		    (struct ops_injection){.point = point, .context = context, .first = first, .every = every};
}

void ops_inject_clear(struct ops_run *run)
{
	for (unsigned n = 0; n < run->nr_injections; n++) {
		struct fxm_inject_state state = {0};

		if (fxm_inject_get_state(run->m, (int)n, &state) || state.passages != run->injections[n].passages)
			ops_differ(run, "%s was passed %llu times, the model says %llu", points[run->injections[n].point],
				   (unsigned long long)state.passages, (unsigned long long)run->injections[n].passages);
	}
	run->nr_injections = 0;
	if (fxm_inject_clear(run->m))
		ops_differ(run, "fxm_inject_clear failed");
}

void ops_interrupts_start(struct ops_run *run)
{
	/* A machine whose fixmaps have moved is adopted anew, with what was injected before. */
	ops_inject_clear(run);
	if (run->model->c.typed)
		return;
	run->model->interleave = predict;
	run->model->interleave_arg = run;
	for (unsigned c = MODEL_SOFTIRQ; c <= MODEL_NMI; c++)
		if (fxm_inject_handler_set(run->m, (enum fxm_context)c, interrupt, run))
			ops_differ(run, "fxm_inject_handler_set failed");
	for (unsigned point = 0; run->set.interrupt && point < MODEL_POINTS; point++)
		ops_inject(run, (enum model_point)point, MODEL_HARDIRQ, 1, 1);
}

void ops_interrupts_reset(struct ops_run *run)
{
	run->interrupts_predicted = run->interrupts_done = 0;
}

void ops_compare_interrupts(struct ops_run *run, const char *what)
{
	if (run->interrupts_done != run->interrupts_predicted)
		ops_differ(run, "%s: %u interrupts came, the model says %u", what, run->interrupts_done, run->interrupts_predicted);
}
