/* SPDX-License-Identifier: MIT */
/* kmap and kmap_atomic on vCPUs that run in parallel: lock-free hits, flushes, a pool that is nearly full, BUGs, tracing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stress.h"

static const char *const profiles[] = {"profile=i386-2.6.12,pae=1,NR_CPUS=4,cpus=4", "profile=x86_32-4.15,NR_CPUS=4,cpus=4",
				       "profile=x86_32-5.10,pae=1,NR_CPUS=4,cpus=4",
				       "profile=x86_32-5.10,NR_CPUS=4,cpus=4,detect=on"};

/* ---- a pool with room ------------------------------------------------------------------------------------------------------ */

static void map_pages(struct worker *w)
{
	for (unsigned i = 0; i < w->s->rounds; i++) {
		unsigned p = dice(w, w->s->nr_pages);
		fxm_va va = fxm_kmap(w->cpu, w->s->page[p]);

		add_one(w, p, va);
		if (!dice(w, 4)) /* again while mapped: the same address */
			w->failures += fxm_kmap(w->cpu, w->s->page[p]).v != va.v || fxm_kunmap(w->cpu, w->s->page[p]);
		w->failures += fxm_page_address(w->cpu, w->s->page[p]).v != va.v;
		w->failures += fxm_kunmap(w->cpu, w->s->page[p]) != 0;
		if (!dice(w, 16))
			fxm_flush_all_zero_pkmaps(w->cpu);
	}
}

static void shared_pages_with_flushes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct worker w[4];
		struct stress *s = stress_new(profiles[i], 4, 1500, 6);

		stress_run(s, map_pages, w);
		check_pages(s, w);
		check_counters(s);
		check_pool(s);
		assert_no_reports(s->k);
		stress_free(s);
	}
}

/* ---- a pool that is nearly full ---------------------------------------------------------------------------------- */

/* Each thread holds one page while it asks for a second one: with five slots for four threads all get on in the end. */
static void map_two_pages(struct worker *w)
{
	for (unsigned i = 0; i < w->s->rounds; i++) {
		unsigned a = dice(w, w->s->nr_pages), b = dice(w, w->s->nr_pages);
		fxm_va va = fxm_kmap(w->cpu, w->s->page[a]);
		add_one(w, a, va);
		sched_yield(); /* the others should find the pool full */
		fxm_va vb = fxm_kmap(w->cpu, w->s->page[b]);
		add_one(w, b, vb);
		add_one(w, a, va);
		fxm_kunmap(w->cpu, w->s->page[a]);
		add_one(w, b, vb);
		fxm_kunmap(w->cpu, w->s->page[b]);
	}
}

static void a_nearly_full_pool(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct worker w[4];
		struct stress *s = stress_new(profiles[i], 4, 250, 24);
		struct fxm_page **taken = fill_pool(s->k);
		uint32_t n = pool_of(s->k).last_pkmap;

		for (unsigned slot = 0; slot < 5; slot++)
			fxm_kunmap(s->k->cpu, taken[100 * slot]);
		stress_run(s, map_two_pages, w);
		check_pages(s, w);
		check_counters(s);
		assert_int_equal(pool_of(s->k).used, n - 5);
		for (uint32_t t = 0; t < n; t++)
			if (t % 100 || t >= 500)
				assert_int_equal(fxm_kunmap(s->k->cpu, taken[t]), 0);
		check_pool(s);
		assert_no_reports(s->k);
		free(taken);
		stress_free(s);
	}
}

/* ---- the last slot ------------------------------------------------------------------------------------------------- */

/*
 * One slot for two threads: in each round one holds it and gives it back while the other asks for it. Nobody else will wake the
 * one that sleeps, so a wake-up that is lost is a test that hangs.
 */
static atomic_uint arrived;

/* Both leave at the same moment, as near as can be had: a barrier's wake-up would take longer than what is to be met. */
static void meet(unsigned *nth)
{
	unsigned all = 2 * ++*nth;

	arrived++;
	for (unsigned spins = 0; arrived < all; spins++)
		if (spins > 1000)
			sched_yield();
}

static void pass_the_slot(struct worker *w)
{
	unsigned meetings = 0;

	for (unsigned i = 0; i < w->s->rounds; i++) {
		unsigned p = (i + w->id) % w->s->nr_pages;
		bool holds = (i + w->id) % 2;
		fxm_va va;

		if (holds)
			add_one(w, p, fxm_kmap(w->cpu, w->s->page[p]));
		meet(&meetings);
		for (volatile unsigned spin = holds ? i % 700 : 0; spin; spin--)
			;
		if (holds) {
			fxm_kunmap(w->cpu, w->s->page[p]);
		} else {
			va = fxm_kmap(w->cpu, w->s->page[p]);
			add_one(w, p, va);
			fxm_kunmap(w->cpu, w->s->page[p]);
		}
		meet(&meetings);
	}
}

static void no_wake_up_is_lost(void **state)
{
	(void)state;
	struct worker w[2];
	struct stress *s = stress_new("profile=x86_32-5.10,pae=1,NR_CPUS=2,hung_task=0", 2, 15000, 8);
	struct fxm_page **taken = fill_pool(s->k);

	fxm_kunmap(s->k->cpu, taken[77]);
	arrived = 0;
	stress_run(s, pass_the_slot, w);
	check_pages(s, w);
	check_counters(s);
	assert_no_reports(s->k);
	free(taken);
	stress_free(s);
}

/* ---- temporary mappings ------------------------------------------------------------------------------------------ */

static fxm_va map_level(struct worker *w, unsigned p, unsigned level, bool typed)
{
	return typed ? fxm_kmap_atomic_type(w->cpu, w->s->page[p], level) : fxm_kmap_atomic(w->cpu, w->s->page[p]);
}

static void map_atomic(struct worker *w)
{
	bool typed = strstr(fxm_machine_profile(w->s->k->m), "2.6") != NULL;

	for (unsigned i = 0; i < w->s->rounds; i++) {
		unsigned depth = 1 + dice(w, 6), p[6];
		fxm_va va[6];

		for (unsigned level = 0; level < depth; level++) {
			p[level] = dice(w, w->s->nr_pages);
			va[level] = map_level(w, p[level], level, typed);
			add_one(w, p[level], va[level]);
		}
		for (unsigned level = depth; level--;) {
			add_one(w, p[level], va[level]);
			w->failures += typed ? fxm_kunmap_atomic_type(w->cpu, va[level], level) != 0
					     : fxm_kunmap_atomic(w->cpu, va[level]) != 0;
		}
		/* Flushes from all sides meet the others' TLB fills. */
		if (w->id == 0 && !dice(w, 8)) {
			unsigned q = dice(w, w->s->nr_pages);
			add_one(w, q, fxm_kmap(w->cpu, w->s->page[q]));
			fxm_kunmap(w->cpu, w->s->page[q]);
			fxm_flush_all_zero_pkmaps(w->cpu);
		}
	}
}

static void temporary_mappings_on_every_cpu(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct worker w[4];
		struct stress *s = stress_new(profiles[i], 4, 1500, 16);

		stress_run(s, map_atomic, w);
		check_pages(s, w);
		check_counters(s);
		check_pool(s);
		assert_no_reports(s->k);
		stress_free(s);
	}
}

/* ---- BUGs in parallel -------------------------------------------------------------------------------------------- */

static void count_report(const struct fxm_report *r, void *arg)
{
	atomic_uint *n = arg;

	n[r->kind]++;
}

/* A task that dies in kmap_lock releases it; the others never notice. */
static void die_and_go_on(struct worker *w)
{
	struct fxm_page *never = fxm_alloc_page(w->s->k->m, FXM_GFP_HIGHMEM);

	for (unsigned i = 0; i < w->s->rounds; i++) {
		struct call c = {.cpu = w->cpu, .page = never, .fn = call_kunmap};
		unsigned p = dice(w, w->s->nr_pages);

		w->failures += task_run(&c) != -ECANCELED;
		add_one(w, p, fxm_kmap(w->cpu, w->s->page[p]));
		w->failures += fxm_kunmap(w->cpu, w->s->page[p]) != 0;
	}
}

static void bugs_in_parallel(void **state)
{
	(void)state;
	atomic_uint kinds[FXM_REPORT_FINDING + 1] = {0};
	struct worker w[4];
	struct stress *s = stress_new("profile=x86_32-4.15,NR_CPUS=4,cpus=4", 4, 40, 8);

	fxm_report_set(s->k->m, count_report, kinds);
	stress_run(s, die_and_go_on, w);
	check_pages(s, w);
	check_counters(s);
	check_pool(s);
	assert_int_equal(kinds[FXM_REPORT_BUG], 160);
	assert_int_equal(fxm_report_count(s->k->m, FXM_REPORT_BUG), 160);
	stress_free(s);
}

/* ---- switched on and off meanwhile ------------------------------------------------------------------------------- */

struct line_count {
	unsigned ops, ends;
};

static void count_line(const char *line, void *arg)
{
	struct line_count *n = arg;

	n->ops += !strncmp(line, "op ", 3);
	n->ends += !strncmp(line, "end ", 4);
}

/* vCPU 0 starts and stops a trace and brings CPUs online, the others work. */
static void work_or_switch(struct worker *w)
{
	struct line_count lines = {0};
	unsigned traces = 0;

	if (w->id) {
		map_atomic(w);
		map_pages(w);
		return;
	}
	for (unsigned i = 0; i < w->s->rounds / 8; i++) {
		w->failures += fxm_trace_start(w->s->k->m, count_line, &lines) != 0;
		unsigned p = dice(w, w->s->nr_pages);
		add_one(w, p, fxm_kmap(w->cpu, w->s->page[p]));
		fxm_kunmap(w->cpu, w->s->page[p]);
		fxm_trace_stop(w->s->k->m, "t");
		traces++;
		if (i % 16 == 0)
			fxm_machine_cpu_add(w->s->k->m);
	}
	w->failures += lines.ends != traces || lines.ops < 2 * traces;
}

static void tracing_starts_and_stops_meanwhile(void **state)
{
	(void)state;
	struct worker w[3];
	struct stress *s = stress_new("profile=x86_32-5.10,NR_CPUS=8,cpus=3", 3, 800, 8);

	stress_run(s, work_or_switch, w);
	check_pages(s, w);
	check_counters(s);
	check_pool(s);
	assert_int_equal(fxm_machine_cpus_online(s->k->m), 8);
	assert_no_reports(s->k);
	stress_free(s);
}

/* ---- machines of several threads --------------------------------------------------------------------------------- */

static void *make_and_destroy(void *arg)
{
	uintptr_t failures = 0;
	struct fxm_config *cfg;
	struct fxm_machine *m;
	(void)arg;

	for (unsigned i = 0; i < 20; i++) {
		if (fxm_config_create(i % 2 ? "x86_32-4.15" : "i386-2.6.12", &cfg))
			return (void *)1;
		if (fxm_config_parse(cfg, i % 3 ? "window=off" : "window=strict") || fxm_machine_create(cfg, &m))
			return (void *)2;
		fxm_config_destroy(cfg);
		failures += fxm_attach(m, 0) != 0;
		struct fxm_vcpu *cpu = fxm_current_or_null();
		struct fxm_page *page = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
		fxm_va va = fxm_kmap(cpu, page);
		volatile uint32_t *host = fxm_host(m, va);
		if (host)
			*host = i;
		else
			failures += fxm_write(cpu, va, &i, 4) != 0;
		failures += *(uint32_t *)fxm_frame(m, fxm_page_pfn(m, page)) != i;
		failures += fxm_kunmap(cpu, page) != 0;
		failures += fxm_detach() != 0;
		failures += fxm_machine_destroy(m) != 0;
	}
	return (void *)failures;
}

static void machines_come_and_go(void **state)
{
	(void)state;
	pthread_t thread[4];
	void *failures;

	/* One machine stays, so that the handler of SIGSEGV does not come and go with them. */
	struct kernel *k = kernel_new("window=strict");
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, make_and_destroy, NULL), 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], &failures), 0);
		assert_null(failures);
	}
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shared_pages_with_flushes), cmocka_unit_test(a_nearly_full_pool),
	    cmocka_unit_test(no_wake_up_is_lost),	 cmocka_unit_test(temporary_mappings_on_every_cpu),
	    cmocka_unit_test(bugs_in_parallel),		 cmocka_unit_test(tracing_starts_and_stops_meanwhile),
	    cmocka_unit_test(machines_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
