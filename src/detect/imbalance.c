/* SPDX-License-Identifier: MIT */
/*
 * Where a context ends: an interrupt handler, a softirq, a work item, a thread or an init function returns with another preempt
 * count, other interrupts, or mappings that it was not called with. Told there, at the function that returned, with where it took
 * what it left; what comes of it later is no second report. A kernel with a check of its own has its own words for some of it.
 *
 * And counts that fall below zero: an enable without its disable, told where it happens.
 */
#include "detect.h"
#include "record.h"
#include "report.h"
#include "state.h"

void fxmi_context_begin(const struct fxm_vcpu *cpu, struct fxmi_context_mark *mark)
{
	*mark = (struct fxmi_context_mark){
	    .counts = cpu->counts,
	    .irqs_off = cpu->irq_disabled != 0,
	    .nr_atomic = cpu->current->nr_atomic,
	    .told_preempt = cpu->current->told_preempt,
	    .live_types = fxmi_percpu(cpu)->live_types,
	};
}

/* Adds " and ", and what. */
static void add(struct fxmi_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct fxmi_text *t, const char *fmt, ...)
{
	char what[96];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	fxmi_text_add(t, "%s%s", t->used ? " and " : "", what);
}

struct search {
	struct fxm_vcpu *cpu;
	const struct fxmi_context_mark *mark;
	struct fxmi_imbalance *out;
	struct fxmi_text *text;
	unsigned n;
	bool is_explained; /* by a mistake that was told, which left the counts off */
};

/* A mapping of @cpu's that was made since the mark: what comes of its staying is no second report. */
static void look_at(const struct fxmi_mapping *m, void *arg)
{
	struct search *s = arg;
	const struct fxmi_kernel *k = fxmi_kernel_of(s->cpu);
	bool is_new = k->typed ? !(s->mark->live_types >> m->slot & 1) : (int)m->slot >= fxmi_count_depth(s->mark->counts);

	if (m->cpu != s->cpu || m->is_away || !is_new || (s->mark->may_map && !m->is_atomic))
		return;
	if (m->told) {
		s->out->preempt -= m->is_atomic && k->m->desc.preempt_count;
		s->is_explained = true;
		return;
	}
	s->out->by_mappings += m->is_atomic && k->m->desc.preempt_count;
	if (!s->n++) {
		add(s->text, "%s() of %llx not undone", m->call, (unsigned long long)m->va);
		s->out->about.va = m->va;
		s->out->about.mapped_at = m->mapped_at;
	} else {
		add(s->text, "the one at %llx", (unsigned long long)m->va);
		fxmi_note_done(&s->out->notes, m->va, "mapped", m->mapped_at);
	}
	fxmi_mapping_tell(m, FXMI_MISTAKE_LEAK | FXMI_MISTAKE_ORDER | FXMI_MISTAKE_STAYS | FXMI_MISTAKE_SLEEP);
}

static void excuse(const struct fxmi_mapping *m, void *cpu)
{
	if (m->cpu == cpu)
		fxmi_mapping_tell(m, FXMI_MISTAKE_LEAK | FXMI_MISTAKE_ORDER | FXMI_MISTAKE_STAYS);
}

bool fxmi_context_end(struct fxm_vcpu *cpu, const struct fxmi_context_mark *mark, struct fxmi_imbalance *out)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxmi_family *temporary = k->family[FXMI_FAMILY_TEMPORARY];
	const struct fxm_task *task = cpu->current;
	struct fxmi_text t = {.buf = out->text, .size = sizeof(out->text)};
	struct search search = {.cpu = cpu, .mark = mark, .out = out, .text = &t};
	int pagefault = fxmi_count_pagefault(cpu->counts) - fxmi_count_pagefault(mark->counts);
	bool irqs_off = cpu->irq_disabled != 0;

	*out->text = '\0';
	out->notes.nr = 0;
	out->by_mappings = 0;
	out->about = (struct fxmi_subject){.notes = &out->notes};
	/* What was told where it happened is no second report. */
	out->preempt = !k->m->desc.preempt_count ? 0
						 : fxmi_count_preempt(cpu->counts) - fxmi_count_preempt(mark->counts) -
						       (task->told_preempt - mark->told_preempt);
	if (cpu->counts == mark->counts && irqs_off == mark->irqs_off && task->nr_atomic == mark->nr_atomic &&
	    fxmi_percpu(cpu)->live_types == mark->live_types)
		return false;
	if (temporary)
		temporary->each(k, look_at, &search);
	/* Whoever was interrupted unmaps the wrong level from now on, and what is left is none of his. */
	if (search.n && !k->typed && !k->local) {
		fxmi_percpu(cpu)->levels_are_off = true;
		temporary->each(k, excuse, cpu);
	}
	for (unsigned n = mark->nr_atomic; n < task->nr_atomic; n++)
		fxmi_note(&out->notes, task->atomic[n].site, "made atomic");
	if (task->nr_atomic > mark->nr_atomic || (out->preempt > 0 && !search.n))
		add(&t, "preemption disabled");
	if (out->preempt < 0)
		add(&t, "the preempt count %d too low", -out->preempt);
	search.is_explained |= task->told_preempt != mark->told_preempt;
	if (pagefault && !search.n && !search.is_explained)
		add(&t, pagefault > 0 ? "page faults disabled" : "page faults enabled once too often");
	if (irqs_off != mark->irqs_off)
		add(&t, irqs_off ? "interrupts disabled" : "interrupts enabled");
	return t.used;
}

void fxmi_function_name(uintptr_t fn, char *buf, size_t size)
{
	fxmi_symbolize_access(fn, buf, size);
	buf[strcspn(buf, "+ ")] = '\0';
}

void fxmi_imbalance_add(struct fxmi_imbalance *found, const char *what)
{
	struct fxmi_text t = {.buf = found->text, .size = sizeof(found->text), .used = strlen(found->text)};

	add(&t, "%s", what);
}

void fxmi_imbalance_place(struct fxmi_imbalance *found, uintptr_t fn)
{
	found->about.is_left = true;
	found->about.site = found->about.mapped_at ? found->about.mapped_at
			    : found->notes.nr	   ? found->notes.note[0].at
						   : fn + 1; /* it stands for a call's return address */
}

void fxmi_imbalance_find(struct fxm_vcpu *cpu, struct fxmi_imbalance *found, const char *context, uintptr_t fn)
{
	char name[128];

	fxmi_function_name(fn, name, sizeof(name));
	fxmi_imbalance_place(found, fn);
	if (fxmi_finding(fxmi_kernel_of(cpu), cpu, FXMI_FIND_IMBALANCE, &found->about, "%s() returned from %s with %s", name,
			 context, found->text))
		cpu->current->told_preempt += found->preempt - found->by_mappings;
}

void fxmi_check_context(struct fxm_vcpu *cpu, const struct fxmi_context_mark *mark, const char *context, uintptr_t fn)
{
	struct fxmi_imbalance found;

	if (fxmi_kernel_of(cpu)->detect && fxmi_context_end(cpu, mark, &found))
		fxmi_imbalance_find(cpu, &found, context, fn);
}

void fxmi_check_underflow(struct fxm_vcpu *cpu, bool is_preempt)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxm_task *task = cpu->current;
	bool counts = is_preempt && k->m->desc.preempt_count;
	int count = fxmi_count_preempt(cpu->counts);

	if (counts && count >= task->told_preempt)
		return;
	bool is_told = fxmi_finding(k, cpu, FXMI_FIND_IMBALANCE, &(struct fxmi_subject){.site = 0}, "%s enabled once too often%s",
				    is_preempt ? "preemption is" : "page faults are",
				    counts ? ": the preempt count is below zero" : "");
	if (is_told && counts)
		task->told_preempt = count;
}
