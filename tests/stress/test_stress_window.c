/* SPDX-License-Identifier: MIT */
/* Pointers into the window from threads in parallel: faults that race with unmaps and flushes of the same slots by others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stress.h"

/* Every store goes to a page that the thread holds. One that lands elsewhere makes two sums wrong. */
static void add_through(struct worker *w, unsigned p, fxm_va va)
{
	volatile uint64_t *word = fxm_host(w->s->k->m, va);

	w->failures += word[WORD_ID] != id_of(p);
	word[WORD_COUNTER + w->id]++;
	w->failures += word[WORD_ID] != id_of(p);
	w->added[p]++;
}

static void map_and_touch(struct worker *w)
{
	for (unsigned i = 0; i < w->s->rounds; i++) {
		unsigned p = dice(w, w->s->nr_pages), q = dice(w, w->s->nr_pages);
		fxm_va va = fxm_kmap(w->cpu, w->s->page[p]);

		if (dice(w, 3))
			add_through(w, p, va);
		fxm_va atomic = fxm_kmap_atomic(w->cpu, w->s->page[q]);
		if (dice(w, 3))
			add_through(w, q, atomic);
		fxm_kunmap_atomic(w->cpu, atomic);
		add_through(w, p, va);
		fxm_kunmap(w->cpu, w->s->page[p]);
		if (!dice(w, 5))
			fxm_flush_all_zero_pkmaps(w->cpu);
	}
}

/*
 * The same fixed address, set by one thread after the other under a lock, used by whoever holds it. (Without the flush of other
 * CPUs' TLBs the kernel's users of one index serialize in the same way.)
 */
static pthread_mutex_t fixmap_lock = PTHREAD_MUTEX_INITIALIZER;

static void set_and_touch(struct worker *w)
{
	uint32_t index = fixed_index(w->s->k, "FIX_PCIE_MCFG");
	fxm_va va = fxm_fix_to_virt(w->s->k->m, index);

	for (unsigned i = 0; i < w->s->rounds; i++) {
		unsigned p = dice(w, w->s->nr_pages);

		pthread_mutex_lock(&fixmap_lock);
		fxm_set_fixmap(w->cpu, index, fxm_page_phys(w->s->k->m, w->s->page[p]));
		add_through(w, p, va);
		if (dice(w, 2))
			fxm_clear_fixmap(w->cpu, index);
		pthread_mutex_unlock(&fixmap_lock);
	}
}

static void run(const char *mode, void (*fn)(struct worker *), unsigned rounds, unsigned nr_pages)
{
	struct worker w[4];
	char words[128];

	snprintf(words, sizeof(words), "profile=x86_32-4.15,NR_CPUS=4,cpus=4,detect=on,window=%s", mode);
	struct stress *s = stress_new(words, 4, rounds, nr_pages);
	stress_run(s, fn, w);
	check_pages(s, w);
	check_counters(s);
	check_pool(s);
	assert_no_reports(s->k);
	stress_free(s);
}

static void strict(void **state)
{
	(void)state;
	run("strict", map_and_touch, 400, 5);
}

static void retain(void **state)
{
	(void)state;
	run("retain", map_and_touch, 1000, 5);
}

static void eager(void **state)
{
	(void)state;
	run("eager", map_and_touch, 200, 5);
}

static void one_fixed_address(void **state)
{
	(void)state;
	run("strict", set_and_touch, 200, 7);
	run("retain", set_and_touch, 200, 7);
}

/* ---- a victim ---------------------------------------------------------------------------------------------------- */

/*
 * Thread 0 maps and unmaps one page; the others go on using its pointer, as buggy code does. Whatever they get - the page, an
 * oops, a finding - they must never reach a page that was not at that address: the bystanders, mapped elsewhere, stay clean.
 */
static _Atomic(uint64_t) victim_va;

static void call_stale_store(struct call *c)
{
	volatile uint64_t *word = fxm_host(fxm_vcpu_machine(c->cpu), fxm_va_of(victim_va));

	word[100 + fxm_vcpu_id(c->cpu)] = UINT64_C(0xbad);
}

static void be_victim_or_culprit(struct worker *w)
{
	struct fxm_machine *m = w->s->k->m;

	for (unsigned i = 0; i < w->s->rounds; i++) {
		if (w->id == 0) {
			fxm_va va = fxm_kmap_atomic(w->cpu, w->s->page[0]);
			victim_va = va.v;
			add_through(w, 0, va);
			fxm_kunmap_atomic(w->cpu, va);
			continue;
		}
		struct call c = {.cpu = w->cpu, .fn = call_stale_store};
		if (victim_va)
			task_run(&c);
		unsigned own = w->id; /* a bystander: each culprit keeps one mapped */
		fxm_va va = fxm_kmap(w->cpu, w->s->page[own]);
		add_through(w, own, va);
		fxm_kunmap(w->cpu, w->s->page[own]);
	}
	(void)m;
}

static void ignore_report(const struct fxm_report *r, void *arg)
{
	(void)r, (void)arg;
}

static void stale_stores_reach_no_bystander(void **state)
{
	(void)state;
	static const char *const modes[] = {"strict", "retain"};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct worker w[4];
		char words[128];

		snprintf(words, sizeof(words), "profile=x86_32-5.10,NR_CPUS=4,cpus=4,stacks=off,window=%s", modes[i]);
		struct stress *s = stress_new(words, 4, 60, 4);
		fxm_report_set(s->k->m, ignore_report, NULL);
		victim_va = 0;
		stress_run(s, be_victim_or_culprit, w);
		check_pages(s, w);
		for (unsigned p = 1; p < 4; p++) {
			const uint64_t *word = fxm_frame(s->k->m, pfn_of(s->k, s->page[p]));
			for (unsigned n = 100; n < 104; n++)
				assert_int_equal(word[n], 0);
		}
		check_pool(s);
		stress_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strict),
	    cmocka_unit_test(retain),
	    cmocka_unit_test(eager),
	    cmocka_unit_test(one_fixed_address),
	    cmocka_unit_test(stale_stores_reach_no_bystander),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
