/* SPDX-License-Identifier: MIT */
/*
 * What does a TLB miss cost, with two and with three levels of page tables? The same loads over as many pages as the TLB holds,
 * and over four times as many, which it never does when they come round again.
 */
#include "bench.h"

enum { HITS = 128, MISSES = 512 };

struct walk {
	struct fxm_vcpu *cpu;
	fxm_va va; /* of consecutive pages */
	uint64_t pages;
};

/* A different cache line in each page, or all loads would share a few sets of the host's cache. */
static void loads(void *arg, uint64_t n)
{
	const struct walk *w = arg;
	uint64_t i = 0;

	while (n--) {
		uint64_t word;
		fxm_read_u64(w->cpu, fxm_va_of(w->va.v + i * FXM_PAGE_SIZE + i % 64 * 64), &word);
		bench_keep_u64(word);
		i = i + 1 == w->pages ? 0 : i + 1;
	}
}

/* Slots come one after the other until the last one. */
static struct walk make(const char *settings)
{
	struct fxm_machine *m = bench_machine("x86_32-5.10", settings);
	struct walk w = {.cpu = fxm_machine_vcpu(m, 0), .pages = MISSES - 1};

	w.va = fxm_kmap(w.cpu, bench_high_page(m, 0));
	for (uint64_t i = 1; i < w.pages; i++)
		bench_check(fxm_kmap(w.cpu, bench_high_page(m, i)).v == w.va.v + i * FXM_PAGE_SIZE, "slots are not consecutive");
	return w;
}

int main(int argc, char **argv)
{
	struct walk miss2 = make("pae=0,detect=off"), miss3 = make("pae=1,detect=off"), hit2 = miss2, hit3 = miss3;

	hit2.pages = hit3.pages = HITS;
	const struct bench_variant variants[] = {
		{"hit-2-levels", loads, &hit2, 25000},
		{"miss-2-levels", loads, &miss2, 6000},
		{"hit-3-levels", loads, &hit3, 25000},
		{"miss-3-levels", loads, &miss3, 6000},
	};
	static const struct bench_ratio ratios[] = {
		{"miss/hit-2-levels", "miss-2-levels", "hit-2-levels", 0},
		{"miss/hit-3-levels", "miss-3-levels", "hit-3-levels", 0},
	};
	return bench_main(argc, argv, variants, BENCH_COUNT(variants), ratios, BENCH_COUNT(ratios), 500);
}
