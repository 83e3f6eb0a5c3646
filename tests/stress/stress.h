/* SPDX-License-Identifier: MIT */
#ifndef STRESS_H
#define STRESS_H

/*
 * Host threads on vCPUs of one machine, each with a random sequence of its own. Everything that a thread adds to a page it
 * also adds to a sum of its own: at the end both must agree, so a store that went to a wrong frame or was lost shows.
 *
 * The number of rounds is fixed, not the time: a failing sequence of one thread can be run again.
 */

#include "kernel_machine.h"

#include <pthread.h>
#include <stdatomic.h>

enum { MAX_THREADS = 8, MAX_PAGES = 64 };

/* Words of a page: who it is, then a counter for each thread. */
enum { WORD_ID = 0, WORD_COUNTER = 8 };

struct stress {
	struct kernel *k;
	unsigned threads, rounds, nr_pages;
	struct fxm_page *page[MAX_PAGES];
	pthread_barrier_t start;
	atomic_bool stop;
};

struct worker {
	struct stress *s;
	unsigned id;
	pthread_t thread;
	struct fxm_vcpu *cpu;
	uint64_t rng;
	uint64_t added[MAX_PAGES];
	unsigned failures; /* seen by the thread itself; assertions are for the main thread */
	void (*fn)(struct worker *);
};

static inline uint32_t dice(struct worker *w, uint32_t sides)
{
	w->rng = w->rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((w->rng >> 33) % sides);
}

static inline uint64_t id_of(unsigned page)
{
	return UINT64_C(0xab00000000) + page;
}

static inline struct stress *stress_new(const char *words, unsigned threads, unsigned rounds, unsigned nr_pages)
{
	struct stress *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->k = kernel_new(words);
	s->threads = threads;
	s->rounds = rounds;
	s->nr_pages = nr_pages;
	for (unsigned i = 0; i < nr_pages; i++) {
		s->page[i] = fxm_alloc_page(s->k->m, FXM_GFP_HIGHMEM | FXM_GFP_ZERO);
		assert_non_null(s->page[i]);
		mark_page(s->k, s->page[i], id_of(i));
	}
	return s;
}

static inline void stress_free(struct stress *s)
{
	kernel_free(s->k);
	free(s);
}

static inline void *worker_main(void *arg)
{
	struct worker *w = arg;

	if (fxm_attach(w->s->k->m, (int)w->id)) {
		w->failures++;
		pthread_barrier_wait(&w->s->start);
		return NULL;
	}
	w->cpu = fxm_current_or_null();
	pthread_barrier_wait(&w->s->start);
	w->fn(w);
	fxm_detach();
	return NULL;
}

/* Runs @fn on a thread per vCPU, then compares the pages with what the threads say. */
static inline void stress_run(struct stress *s, void (*fn)(struct worker *), struct worker *w)
{
	pthread_barrier_init(&s->start, NULL, s->threads);
	for (unsigned i = 0; i < s->threads; i++) {
		w[i] = (struct worker){.s = s, .id = i, .rng = 12345 + 777 * i, .fn = fn};
		assert_int_equal(pthread_create(&w[i].thread, NULL, worker_main, &w[i]), 0);
	}
	for (unsigned i = 0; i < s->threads; i++)
		assert_int_equal(pthread_join(w[i].thread, NULL), 0);
	pthread_barrier_destroy(&s->start);
	for (unsigned i = 0; i < s->threads; i++)
		assert_int_equal(w[i].failures, 0);
}

static inline void check_pages(const struct stress *s, const struct worker *w)
{
	for (unsigned p = 0; p < s->nr_pages; p++) {
		const uint64_t *word = fxm_frame(s->k->m, pfn_of(s->k, s->page[p]));
		assert_int_equal(word[WORD_ID], id_of(p));
		for (unsigned i = 0; i < s->threads; i++)
			assert_int_equal(word[WORD_COUNTER + i], w[i].added[p]);
	}
}

static inline void check_counters(struct stress *s)
{
	for (unsigned i = 0; i < fxm_machine_cpus_online(s->k->m); i++) {
		struct fxm_counts c = counts_of(fxm_machine_vcpu(s->k->m, i));
		assert_int_equal(c.preempt, 0);
		assert_int_equal(c.pagefault, 0);
		assert_int_equal(c.kmap_depth, 0);
	}
	assert_int_equal(pool_of(s->k).waiters, 0);
}

/* Nobody uses a slot, and a flush frees all that are left. */
static inline void check_pool(struct stress *s)
{
	struct fxm_pkmap pool = pool_of(s->k);

	assert_int_equal(pool.used, 0);
	for (uint32_t slot = 0; slot < pool.last_pkmap; slot++)
		assert_in_range(fxm_pkmap_count(s->k->m, slot, NULL), 0, 1);
	assert_int_equal(fxm_flush_all_zero_pkmaps(s->k->cpu), pool.idle);
	assert_int_equal(pool_of(s->k).idle, 0);
	for (unsigned p = 0; p < s->nr_pages; p++)
		assert_va(fxm_page_address(s->k->cpu, s->page[p]), 0);
}

/* One more for @w in page @p, which @cpu sees at @va: load and store through its TLB. */
static inline void add_one(struct worker *w, unsigned p, fxm_va va)
{
	uint64_t id = 0, value = 0;
	fxm_va at = fxm_va_of(va.v + 8 * (WORD_COUNTER + w->id));

	if (fxm_read_u64(w->cpu, va, &id) || id != id_of(p) || fxm_read_u64(w->cpu, at, &value) ||
	    fxm_write_u64(w->cpu, at, value + 1))
		w->failures++;
	w->added[p]++;
}

#endif
