/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU data in code that can be preempted: the CPU may change, or another task of this CPU come in between. Models
 * lib/smp_processor_id.c (CONFIG_DEBUG_PREEMPT); without it, and where a kmap_local mapping hides the mistake from it, the detector
 * "preemptible" finds the same.
 *
 * The main mistake of today's conversions is here too: kmap_atomic() disabled preemption and page faults, and kmap_local_page()
 * does neither.
 */
#include "detect.h"
#include "record.h"
#include "report.h"
#include "state.h"

struct search {
	const struct fxm_vcpu *cpu;
	struct fxmi_mapping innermost;
	int n; /* that keep the task on its CPU */
};

static void look_at(const struct fxmi_mapping *m, void *arg)
{
	struct search *s = arg;

	if (m->cpu != s->cpu || m->is_away || m->is_atomic)
		return;
	s->innermost = *m;
	s->n++;
}

/* The task's innermost kmap_local mapping; and how many it has. */
static int find_local(const struct fxm_vcpu *cpu, struct fxmi_mapping *out)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct search s = {.cpu = cpu};

	if (k->local && k->family[FXMI_FAMILY_TEMPORARY])
		k->family[FXMI_FAMILY_TEMPORARY]->each(k, look_at, &s);
	*out = s.innermost;
	return s.n;
}

/* One conversion is one mistake, whatever is done inside. */
static bool is_told(struct fxmi_kernel *k, const struct fxmi_mapping *local)
{
	bool told = local->told & FXMI_MISTAKE_PREEMPTIBLE;

	if (told)
		atomic_fetch_add(&k->repeated, 1);
	fxmi_mapping_tell(local, FXMI_MISTAKE_PREEMPTIBLE);
	return told;
}

#define CONVERTED "kmap_atomic() disabled preemption here; kmap_local_page() does not"

/* What the kernel says, and goes on. */
static FXMI_COLD void say(struct fxm_vcpu *cpu, const char *what, const struct fxmi_subject *about, const char *explanation)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxm_task *t = cpu->current;
	char head[160];

	/* Until 2.6.15 it printed the count that it had raised itself. */
	snprintf(head, sizeof(head), "BUG: using %s() in preemptible [%08x] code: %s/%d\n", what, k->typed ? 1 : 0, t->comm,
		 t->pid);
	fxmi_report(k, cpu, FXM_REPORT_WARN, NULL, NULL, head, about, explanation);
}

FXMI_COLD void fxmi_check_preemptible(struct fxm_vcpu *cpu, const char *what)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_subject about = {.notes = NULL};
	struct fxmi_mapping local;
	struct fxmi_notes notes;
	char text[256];

	int nr_local = find_local(cpu, &local);
	if (cpu->current->migrate > nr_local) /* it said itself that it stays */
		return;
	notes.nr = 0;
	if (nr_local && is_told(k, &local))
		return;
	if (nr_local) {
		fxmi_note_done(&notes, local.va, "mapped", local.mapped_at);
		about.notes = &notes;
	}
	snprintf(text, sizeof(text), "%s: disable preemption around all that belongs together, as get_cpu() does",
		 nr_local ? CONVERTED
			  : "the task can be preempted here, and go on on another CPU or after another task of this one");
	if (k->debug_preempt && !cpu->current->migrate)
		say(cpu, what, &about, text);
	else
		fxmi_finding(k, cpu, FXMI_FIND_PREEMPTIBLE, &about, "using %s() in preemptible code: %s", what, text);
}

FXMI_COLD void fxmi_check_inatomic(struct fxm_vcpu *cpu, const char *what)
{
	struct fxmi_mapping local;
	struct fxmi_notes notes;

	if (!find_local(cpu, &local) || is_told(fxmi_kernel_of(cpu), &local))
		return;
	notes.nr = 0;
	fxmi_note_done(&notes, local.va, "mapped", local.mapped_at);
	fxmi_finding(fxmi_kernel_of(cpu), cpu, FXMI_FIND_PREEMPTIBLE, &(struct fxmi_subject){.notes = &notes},
		     "%s() with page faults enabled: kmap_atomic() disabled them here; kmap_local_page() does not: it can sleep, "
		     "and take the locks of a page fault; pagefault_disable() around it",
		     what);
}
