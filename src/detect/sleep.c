/* SPDX-License-Identifier: MIT */
/*
 * Calls that may sleep, made where nobody may. Models might_sleep() (kernel/sched/core.c) of each version; where a kernel is built
 * without its check, and where its counters cannot tell, the detector "sleep-in-atomic" finds the same. One section that may not
 * sleep is one report, however many calls in it might.
 */
#include "detect.h"
#include "report.h"
#include "state.h"
#include "trace.h"

/* ---- what keeps a task from sleeping ---- */

bool fxmi_is_atomic(const struct fxm_vcpu *cpu)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	if (fxmi_count_preempt(cpu->counts) || cpu->irq_disabled || cpu->current->nr_atomic)
		return true;
	/* Without PREEMPT_COUNT the slots tell: with page faults off they are this task's, and not left by one that died. */
	return !k->typed && !k->local && fxmi_count_depth(cpu->counts) > 0 && fxmi_count_pagefault(cpu->counts) > 0;
}

bool fxmi_faults_are_off(const struct fxm_vcpu *cpu)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxm_task *task = cpu->current;
	int outside = task->nr_atomic ? task->atomic[task->nr_atomic - 1].count : 0;
	int maps = k->local ? fxmi_count_preempt(cpu->counts) - outside : fxmi_count_depth(cpu->counts);

	return maps > 0 && fxmi_count_pagefault(cpu->counts) <= maps;
}

uintptr_t fxmi_atomic_site(const struct fxm_vcpu *cpu)
{
	const struct fxm_task *task = cpu->current;
	const struct fxmi_atomic *last = task->nr_atomic ? &task->atomic[task->nr_atomic - 1] : NULL;
	struct fxmi_mapping map;

	if ((!last || fxmi_count_preempt(cpu->counts) > last->count) && fxmi_mapping_innermost(cpu, &map) && map.mapped_at)
		return map.mapped_at;
	return last ? last->site : 0;
}

const struct fxmi_notes *fxmi_made_atomic(const struct fxm_vcpu *cpu, struct fxmi_notes *notes)
{
	uintptr_t site = fxmi_kernel_of(cpu)->has_stacks ? fxmi_atomic_site(cpu) : 0;

	notes->nr = 0;
	if (site)
		fxmi_note(notes, site, "made atomic");
	return notes;
}

struct told_search {
	const struct fxm_vcpu *cpu;
	bool is_told;
};

/* One below keeps it atomic, too. */
static void look_for_told(const struct fxmi_mapping *m, void *arg)
{
	struct told_search *s = arg;

	if (m->cpu == s->cpu && !m->is_away && m->is_atomic)
		s->is_told |= (m->told & (FXMI_MISTAKE_SLEEP | FXMI_MISTAKE_ORDER | FXMI_MISTAKE_STAYS)) != 0;
}

bool fxmi_atomic_is_told(const struct fxm_vcpu *cpu)
{
	const struct fxm_task *task = cpu->current;
	int preempt = fxmi_count_preempt(cpu->counts);
	struct told_search search = {.cpu = cpu};
	struct fxmi_mapping innermost;

	if (task->told_preempt && preempt == task->told_preempt)
		return true;
	if ((task->nr_atomic && preempt <= task->atomic[task->nr_atomic - 1].count) || !fxmi_mapping_innermost(cpu, &innermost))
		return false; /* not a mapping */
	innermost.family->each(fxmi_kernel_of(cpu), look_for_told, &search);
	if (!search.is_told)
		fxmi_mapping_tell(&innermost, FXMI_MISTAKE_SLEEP);
	return search.is_told;
}

/* ---- calls that may sleep ---- */

static void sleeping_head(const struct fxmi_kernel *k, const struct fxm_vcpu *cpu, const char *site, char *head, size_t size)
{
	int atomic = fxmi_count_preempt(cpu->counts) != 0;
	int irqs = cpu->irq_disabled > 0;
	const struct fxm_task *t = cpu->current;
	bool has_counts = k->version >= (5 << 16 | 18 << 8);

	if (k->typed)
		snprintf(head, size,
			 "Debug: sleeping function called from invalid context at %s\nin_atomic():%d, irqs_disabled():%d\n", site,
			 atomic, irqs);
	else
		snprintf(head, size,
			 "BUG: sleeping function called from invalid context at %s\nin_atomic(): %d, irqs_disabled(): %d, %spid: "
			 "%d, name: %s\n",
			 site, atomic, irqs, k->version >= (5 << 16 | 4 << 8) ? "non_block: 0, " : "", t->pid, t->comm);
	if (has_counts) {
		size_t used = strlen(head);
		snprintf(head + used, size - used, "preempt_count: %x, expected: 0\n%s", (unsigned)fxmi_count_preempt(cpu->counts),
			 fxmi_setting(k->layout, FXMI_SETTING_PREEMPTION) ? "RCU nest depth: 0, expected: 0\n" : "");
	}
}

const char *fxmi_why_atomic(const struct fxm_vcpu *cpu)
{
	int count = fxmi_count_preempt(cpu->counts);

	if (count < 0)
		return "this call may sleep, and the preempt count is below zero: an unmap or an unlock too many";
	if (cpu->contexts || count & FXMI_INTERRUPT_MASK)
		return "this call may sleep, and runs in interrupt context";
	if (!count && cpu->irq_disabled)
		return "this call may sleep, and runs with interrupts disabled";
	return "this call may sleep, and runs where preemption is disabled (a kmap_atomic or a lock is held)";
}

bool fxmi_is_repeated_sleep(const struct fxm_vcpu *cpu)
{
	bool is_told = fxmi_atomic_is_told(cpu);
	atomic_fetch_add(&fxmi_kernel_of(cpu)->repeated, is_told);
	return is_told;
}

bool fxmi_sleep_is_told(const struct fxm_vcpu *cpu)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	return k->checks_sleep && fxmi_is_atomic(cpu) && fxmi_atomic_site(cpu) == __atomic_load_n(&k->sleep_told, __ATOMIC_RELAXED);
}

FXMI_COLD void fxmi_find_sleep(struct fxm_vcpu *cpu, const char *why)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_notes notes;

	if (fxmi_is_repeated_sleep(cpu))
		return;
	__atomic_store_n(&k->sleep_told, fxmi_atomic_site(cpu), __ATOMIC_RELAXED);
	fxmi_finding(k, cpu, FXMI_FIND_SLEEP_IN_ATOMIC, &(struct fxmi_subject){.notes = fxmi_made_atomic(cpu, &notes)}, "%s", why);
}

/* What the kernel says with its check compiled in; without, a finding. */
static FXMI_COLD void sleeping(struct fxm_vcpu *cpu, const char *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_notes notes;
	char head[384];

	if (!k->debug_atomic_sleep) {
		fxmi_find_sleep(cpu, fxmi_why_atomic(cpu));
		return;
	}
	if (!fxmi_count_preempt(cpu->counts) && !cpu->irq_disabled)
		return;
	sleeping_head(k, cpu, site ? site : "?", head, sizeof(head));
	fxmi_trace_report(cpu, FXM_REPORT_SLEEPING, site, NULL, false);
	if (!fxmi_is_repeated_sleep(cpu))
		fxmi_report(k, cpu, FXM_REPORT_SLEEPING, NULL, site, head,
			    &(struct fxmi_subject){.notes = fxmi_made_atomic(cpu, &notes)}, fxmi_why_atomic(cpu));
}

void fxmi_might_sleep(struct fxm_vcpu *cpu, const char *key)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	if (fxmi_unlikely(k->checks_sleep) && fxmi_is_atomic(cpu))
		sleeping(cpu, fxmi_site(k->layout, key));
}

void fxm_might_sleep(struct fxm_vcpu *cpu, const char *site)
{
	if (!fxmi_check_cpu(cpu) && fxmi_kernel_of(cpu)->checks_sleep && fxmi_is_atomic(cpu))
		sleeping(cpu, site);
}
