/* SPDX-License-Identifier: MIT */
/*
 * What does kmap() cost when the pool is full but for one slot, so that every new page goes once round it? Beside it the kernel's
 * own way of looking, a linear scan with a linear flush, on plain arrays.
 */
#include "bench.h"

enum { SLOTS = 1024 };

struct pool {
	struct fxm_machine *m;
	struct fxm_vcpu *cpu;
	struct fxm_page *page[2]; /* that take the one slot in turns */
	uint64_t turn;
};

static uint64_t next(struct pool *p)
{
	struct fxm_page *page = p->page[p->turn++ % 2];
	fxm_va va = fxm_kmap(p->cpu, page);

	fxm_kunmap(p->cpu, page);
	return va.v;
}

static void library(void *arg, uint64_t n)
{
	while (n--)
		bench_keep_u64(next(arg));
}

/* ---- the linear scan ---- */

struct linear {
	int count[SLOTS];
	uint32_t pte[SLOTS];
	uint64_t address[4]; /* of pages 0 to 3; the others have theirs for good */
	uint32_t page_in[SLOTS];
	unsigned last;
	uint64_t turn, base;
};

static void linear_flush(struct linear *l)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		if (l->count[i] != 1)
			continue;
		l->count[i] = 0;
		l->pte[i] = 0;
		if (l->page_in[i] < 4)
			l->address[l->page_in[i]] = 0;
	}
}

static uint64_t linear_map(struct linear *l, uint32_t page)
{
	if (l->address[page]) {
		l->count[(l->address[page] - l->base) / FXM_PAGE_SIZE]++;
		return l->address[page];
	}
	for (;;) {
		l->last = (l->last + 1) % SLOTS;
		if (!l->last)
			linear_flush(l);
		if (!l->count[l->last])
			break;
	}
	l->pte[l->last] = (0x38000 + page) << 12 | 0x163;
	l->page_in[l->last] = page;
	l->count[l->last] = 2;
	return l->address[page] = l->base + l->last * (uint64_t)FXM_PAGE_SIZE;
}

static uint64_t linear_next(struct linear *l)
{
	uint32_t page = (uint32_t)(l->turn++ % 2);
	uint64_t va = linear_map(l, page);

	bench_keep(l);
	l->count[(va - l->base) / FXM_PAGE_SIZE]--;
	return va;
}

static void linear(void *arg, uint64_t n)
{
	while (n--)
		bench_keep_u64(linear_next(arg));
}

/* ---- both from the same state ---- */

static void fill(struct pool *p, struct linear *l)
{
	p->m = bench_machine("x86_32-5.10", "pae=0,detect=off");
	p->cpu = fxm_machine_vcpu(p->m, 0);
	p->page[0] = bench_high_page(p->m, 0);
	p->page[1] = bench_high_page(p->m, 1);
	l->base = fxm_layout_get(fxm_machine_layout(p->m), "PKMAP_BASE");
	for (unsigned i = 0; i < SLOTS - 1; i++) {
		fxm_va va = fxm_kmap(p->cpu, bench_high_page(p->m, 4 + i));
		unsigned slot = (unsigned)((va.v - l->base) / FXM_PAGE_SIZE);
		l->count[slot] = 2;
		l->pte[slot] = 1;
		l->page_in[slot] = 4 + i;
		l->last = slot;
	}
	for (unsigned i = 0; i < 5000; i++)
		bench_check(next(p) == linear_next(l), "the addresses are not those of the linear scan");
}

int main(int argc, char **argv)
{
	static struct pool pool;
	static struct linear l;
	const struct bench_variant variants[] = {{"pool", library, &pool, 200}, {"linear", linear, &l, 60}};
	static const struct bench_ratio ratios[] = {{"pool/linear", "pool", "linear", 0}};

	fill(&pool, &l);
	return bench_main(argc, argv, variants, BENCH_COUNT(variants), ratios, BENCH_COUNT(ratios), 500);
}
