/* SPDX-License-Identifier: MIT */
/*
 * The library's state beside the model's. The first difference ends the process: it is told, together with the whole case as a
 * trace, which comes from running the input once more with a record.
 */
#include "ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool recording;

static void print_line(const char *line, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

void ops_record_start(struct ops_run *run)
{
	if (recording && fxm_trace_start(run->m, print_line, NULL))
		fprintf(stderr, "(the record cannot be started)\n");
}

_Noreturn void ops_differ(struct ops_run *run, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr,
		"%s pae=%d DEBUG_HIGHMEM=%d DEBUG_ATOMIC_SLEEP=%d PREEMPT_COUNT=%d NR_CPUS=%u cpus=%u window=%d, operation %llu: ",
		run->set.profile, run->set.pae, run->set.debug_highmem, run->set.debug_atomic_sleep, run->set.preempt_count,
		run->set.nr_cpus, run->cpus, (int)run->set.window, (unsigned long long)run->operations);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	if (!recording) {
		recording = true;
		fprintf(stderr, "The case as a trace:\n");
		run->again(run);
		fprintf(stderr, "(nothing differs while it is being traced)\n");
	}
	abort();
}

/* ---- entries ---- */

/* With a window the moment at which ACCESSED and DIRTY are set depends on what is resident. */
static uint64_t comparable(const struct ops_run *run, uint64_t entry)
{
	return run->set.window == FXM_WINDOW_OFF ? entry : entry & ~UINT64_C(0x60);
}

void ops_compare_pte(struct ops_run *run, uint64_t va, const char *what)
{
	if (!model_covers(run->model, va))
		return;
	uint64_t has = comparable(run, fxm_pte_at(run->m, fxm_va_of(va)).v);
	uint64_t should = comparable(run, model_pte(run->model, va));

	if (has != should)
		ops_differ(run, "%s: the PTE of %llx is %llx, the model says %llx", what, (unsigned long long)va,
			   (unsigned long long)has, (unsigned long long)should);
}

/* The page of entries that the leaf entry of @va lies in, NULL when there is none. */
static const unsigned char *table_of(const struct ops_run *run, uint64_t va)
{
	struct fxm_walk walk;

	fxm_walk(run->m, fxm_va_of(va), &walk);
	if (walk.levels != (run->set.pae ? 3u : 2u))
		return NULL;
	return fxm_frame(run->m, walk.level[walk.levels - 1].entry_at.v / MODEL_PAGE);
}

static uint64_t table_bytes(const struct ops_run *run)
{
	return (run->set.pae ? 512 : 1024) * MODEL_PAGE;
}

uint64_t ops_next_pte(const struct ops_run *run, struct ops_tables *t, uint64_t va)
{
	unsigned bytes = run->set.pae ? 8 : 4;
	uint64_t entry = 0;

	if (!t->end || va >= t->end || va < t->end - table_bytes(run)) {
		t->table = table_of(run, va);
		t->end = (va / table_bytes(run) + 1) * table_bytes(run);
	}
	if (t->table)
		memcpy(&entry, t->table + va / MODEL_PAGE % (MODEL_PAGE / bytes) * bytes, bytes);
	return entry;
}

static void compare_tables(struct ops_run *run)
{
	struct ops_tables tables = {.end = 0};

	for (uint64_t va = run->model->low; va <= UINT32_MAX; va += MODEL_PAGE)
		if (comparable(run, ops_next_pte(run, &tables, va)) != comparable(run, model_pte(run->model, va)))
			ops_compare_pte(run, va, "afterwards");
}

/* ---- the pool ---- */

void ops_compare_pool(struct ops_run *run)
{
	const struct model *m = run->model;
	struct fxm_pkmap pool;
	uint32_t used = 0, idle = 0;

	for (uint32_t i = 0; i < m->last_pkmap; i++) {
		used += m->count[i] >= 2;
		idle += m->count[i] == 1;
	}
	fxm_get_pkmap(run->m, &pool);
	if (pool.last_pkmap_nr != m->last_nr)
		ops_differ(run, "last_pkmap_nr is %u, the model says %u", pool.last_pkmap_nr, m->last_nr);
	if (pool.used != used || pool.idle != idle)
		ops_differ(run, "%u slots are used and %u idle, the model says %u and %u", pool.used, pool.idle, used, idle);
	if (pool.waiters != model_waiters(m))
		ops_differ(run, "%u tasks wait for a slot, the model says %u", pool.waiters, model_waiters(m));
}

static void compare_slots(struct ops_run *run)
{
	const struct model *m = run->model;

	for (uint32_t i = 0; i < m->last_pkmap; i++) {
		struct fxm_page *page = NULL;
		int count = fxm_pkmap_count(run->m, i, &page);
		if (count != m->count[i])
			ops_differ(run, "pkmap_count[%u] is %d, the model says %d", i, count, m->count[i]);
	}
}

/* ---- CPUs ---- */

void ops_compare_cpu(struct ops_run *run, unsigned cpu)
{
	const struct model_task *t = &run->model->task[run->model->cpu[cpu].current];
	const struct fxm_vcpu *vcpu = fxm_machine_vcpu(run->m, cpu);
	struct fxm_counts counts;

	fxm_get_counts(vcpu, &counts);
	int depth = model_depth(run->model, cpu, run->model->cpu[cpu].current);
	if (counts.preempt != t->preempt || counts.pagefault != t->pagefault || counts.migrate != t->migrate ||
	    counts.kmap_depth != depth)
		ops_differ(run,
			   "CPU %u: preempt_count %d, pagefault_disabled %d, migration_disabled %d, depth %d; "
			   "the model says %d, %d, %d, %d",
			   cpu, counts.preempt, counts.pagefault, counts.migrate, counts.kmap_depth, t->preempt, t->pagefault,
			   t->migrate, depth);
	if (fxm_irqs_disabled(vcpu) != t->irq_disabled)
		ops_differ(run, "CPU %u: irqs_disabled() is %d", cpu, fxm_irqs_disabled(vcpu));
	enum fxm_context context = t->contexts ? (enum fxm_context)t->context[t->contexts - 1] : FXM_CONTEXT_TASK;
	if (fxm_context(vcpu) != context)
		ops_differ(run, "CPU %u: the context is %d, the model says %d", cpu, fxm_context(vcpu), context);
}

void ops_compare_everything(struct ops_run *run)
{
	for (unsigned cpu = 0; cpu < run->cpus; cpu++)
		ops_compare_cpu(run, cpu);
	ops_compare_pool(run);
	compare_slots(run);
	compare_tables(run);
}
