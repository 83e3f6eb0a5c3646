/* SPDX-License-Identifier: MIT */
/*
 * Code of a module that is called in a context of its own, and what it left when it returned: detect/imbalance.c knows the counters
 * and the mappings, this file the locks. And init functions, which the kernel itself looks at. Models init/main.c:
 * do_one_initcall().
 */
#include "report.h"
#include "tier.h"

void fxmi_tier_context_begin(struct fxm_vcpu *cpu, struct fxmi_tier_mark *mark)
{
	fxmi_context_begin(cpu, &mark->mark);
	mark->nr_locks = fxmi_tier_task(cpu)->nr_locks;
}

bool fxmi_tier_context_end(struct fxm_vcpu *cpu, const struct fxmi_tier_mark *mark, struct fxmi_imbalance *out)
{
	const struct fxmi_tier_task *t = fxmi_tier_task(cpu);
	bool found = fxmi_context_end(cpu, &mark->mark, out);
	char what[48];

	for (unsigned n = mark->nr_locks; n < t->nr_locks; n++) {
		snprintf(what, sizeof(what), "%s held", t->lock[n].kind);
		fxmi_imbalance_add(out, what);
		fxmi_note(&out->notes, t->lock[n].site, "%s was taken", t->lock[n].kind);
	}
	return found || t->nr_locks > mark->nr_locks;
}

void fxmi_tier_context_check(struct fxm_vcpu *cpu, const struct fxmi_tier_mark *mark, const char *context, uintptr_t fn)
{
	struct fxmi_imbalance found;

	if (fxmi_kernel_of(cpu)->detect && fxmi_tier_context_end(cpu, mark, &found))
		fxmi_imbalance_find(cpu, &found, context, fn);
}

/* ---- init and exit ---- */

/* What do_one_initcall() says, and puts right. Kernels with typed slots call a module's init without looking. */
static FXMI_COLD void warn_of(struct fxm_vcpu *cpu, const struct fxmi_tier_mark *mark, uintptr_t fn)
{
	bool irqs_off = cpu->irq_disabled;
	struct fxmi_imbalance found;
	char name[128];

	bool is_news = fxmi_tier_context_end(cpu, mark, &found);
	fxmi_function_name(fn, name, sizeof(name));
	fxmi_imbalance_place(&found, fn);
	if (is_news)
		fxmi_warn(cpu, "do_one_initcall", &found.about, "initcall %s() returned with %s%s(%s)", name,
			  found.preempt ? "preemption imbalance " : "", irqs_off ? "disabled interrupts " : "", found.text);
	fxmi_counts_set_preempt(cpu, mark->mark.counts);
	cpu->current->nr_atomic = mark->mark.nr_atomic;
	cpu->irq_disabled = 0;
}

int fxm_k_do_one_initcall(int (*fn)(void))
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier_mark mark;

	fxmi_tier_context_begin(cpu, &mark);
	mark.mark.may_map = true;
	int result = fn();
	bool is_off = fxmi_count_preempt(cpu->counts) != fxmi_count_preempt(mark.mark.counts) || cpu->irq_disabled;
	if (is_off && !fxmi_kernel_of(cpu)->typed)
		warn_of(cpu, &mark, (uintptr_t)fn);
	else if (is_off || fxmi_tier_task(cpu)->nr_locks > mark.nr_locks || cpu->current->nr_atomic > mark.mark.nr_atomic)
		fxmi_tier_context_check(cpu, &mark, "init", (uintptr_t)fn);
	return result;
}

void fxm_k_do_exitcall(void (*fn)(void))
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier_mark mark;

	fxmi_tier_context_begin(cpu, &mark);
	mark.mark.may_map = true;
	fn();
	fxmi_tier_context_check(cpu, &mark, "exit", (uintptr_t)fn);
}
