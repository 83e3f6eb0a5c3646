/* SPDX-License-Identifier: MIT */
/*
 * Do two vCPUs run in parallel? kmap() of a page that is mapped, and the kmap_atomic() pair, on one thread and on two, each with
 * its own page and vCPU. The second thread exists all the time, so that both pay for locks alike.
 */
#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>

struct worker {
	struct fxm_machine *m;
	int cpu;
	struct fxm_vcpu *vcpu;
	struct fxm_page *page;
	void (*work)(struct worker *w, uint64_t n);
	uint64_t n;
	_Atomic unsigned *turn; /* even: wait; odd: work */
	_Atomic unsigned done;
	_Atomic bool quit;
	pthread_t thread;
};

struct crew {
	struct worker me, other;
	_Atomic unsigned turn;
};

static void kmap_hits(struct worker *w, uint64_t n)
{
	while (n--) {
		fxm_va va = fxm_kmap(w->vcpu, w->page);
		bench_keep_u64(va.v);
		fxm_kunmap(w->vcpu, w->page);
	}
}

static void atomic_pairs(struct worker *w, uint64_t n)
{
	while (n--)
		fxm_kunmap_atomic(w->vcpu, fxm_kmap_atomic(w->vcpu, w->page));
}

static void sit_down(struct worker *w)
{
	bench_check(!fxm_attach(w->m, w->cpu), "no seat");
	w->vcpu = fxm_current_or_null();
	fxm_kmap(w->vcpu, w->page); /* stays mapped: what is measured are hits */
}

static void *other_main(void *arg)
{
	struct worker *w = arg;
	unsigned seen = 0;

	sit_down(w);
	atomic_store(&w->done, 1);
	while (!atomic_load(&w->quit)) {
		unsigned turn = atomic_load(w->turn);
		if (turn == seen)
			continue;
		seen = turn;
		w->work(w, w->n);
		atomic_fetch_add(&w->done, 1);
	}
	return NULL;
}

/* One thread does it; the other one sleeps. */
static void alone(struct crew *c, uint64_t n, void (*work)(struct worker *, uint64_t))
{
	work(&c->me, n);
}

/* Both do @n. */
static void together(struct crew *c, uint64_t n, void (*work)(struct worker *, uint64_t))
{
	unsigned done = atomic_load(&c->other.done);

	c->other.work = work;
	c->other.n = n;
	atomic_fetch_add(&c->turn, 1);
	work(&c->me, n);
	while (atomic_load(&c->other.done) == done)
		;
}

static void kmap_alone(void *arg, uint64_t n)
{
	alone(arg, n, kmap_hits);
}

static void kmap_together(void *arg, uint64_t n)
{
	together(arg, n, kmap_hits);
}

static void pair_alone(void *arg, uint64_t n)
{
	alone(arg, n, atomic_pairs);
}

static void pair_together(void *arg, uint64_t n)
{
	together(arg, n, atomic_pairs);
}

/* Instructions are counted with one thread: those of one that waits would count too. */
static void start(struct crew *c, bool both)
{
	struct fxm_machine *m = bench_machine("x86_32-5.10", "NR_CPUS=2,cpus=2,detect=off");

	c->me = (struct worker){.m = m, .cpu = 0, .page = bench_high_page(m, 1)};
	c->other = (struct worker){.m = m, .cpu = 1, .page = bench_high_page(m, 2), .turn = &c->turn};
	if (both) {
		bench_check(!pthread_create(&c->other.thread, NULL, other_main, &c->other), "no thread");
		while (!atomic_load(&c->other.done))
			;
	}
	sit_down(&c->me);
}

int main(int argc, char **argv)
{
	static struct crew crew;
	const struct bench_variant variants[] = {
		{"kmap-1", kmap_alone, &crew, 20000},
		{"kmap-2", kmap_together, &crew, 20000},
		{"pair-1", pair_alone, &crew, 60000},
		{"pair-2", pair_together, &crew, 60000},
	};
	/* Work done per second on two, divided by that on one. */
	static const struct bench_ratio ratios[] = {{"kmap-scaling", "kmap-1", "kmap-2", 2},
						    {"pair-scaling", "pair-1", "pair-2", 2}};

	start(&crew, argc == 1);
	int status = bench_main(argc, argv, variants, BENCH_COUNT(variants), ratios, BENCH_COUNT(ratios), 500);
	if (argc == 1) {
		atomic_store(&crew.other.quit, true);
		pthread_join(crew.other.thread, NULL);
	}
	return status;
}
