/* SPDX-License-Identifier: MIT */
/*
 * What does copying through translated pages cost, compared with memcpy() page by page on the same frames?
 */
#include "bench.h"

#include <string.h>

struct copy {
	struct fxm_vcpu *cpu;
	fxm_va to, from;
	unsigned char *host_to, *host_from;
	size_t size;
};

static void translated(void *arg, uint64_t n)
{
	const struct copy *c = arg;
	while (n--)
		fxm_copy(c->cpu, c->to, c->from, c->size);
}

static void page_by_page(void *arg, uint64_t n)
{
	const struct copy *c = arg;
	while (n--)
		for (size_t at = 0; at < c->size; at += FXM_PAGE_SIZE) {
			memcpy(c->host_to + at, c->host_from + at, FXM_PAGE_SIZE);
			bench_keep(c);
		}
}

/* Lowmem: as long as one likes, at permanent addresses. */
static struct copy make(struct fxm_machine *m, uint64_t pfn, size_t size)
{
	uint64_t from = pfn, to = pfn + size / FXM_PAGE_SIZE;
	struct copy c = {.cpu = fxm_machine_vcpu(m, 0), .host_from = fxm_frame(m, from), .host_to = fxm_frame(m, to), .size = size};

	c.from = fxm_page_address(c.cpu, fxm_page_of_pfn(m, from));
	c.to = fxm_page_address(c.cpu, fxm_page_of_pfn(m, to));
	memset(c.host_from, 0x5a, size);
	memset(c.host_to, 0xa5, size);
	return c;
}

int main(int argc, char **argv)
{
	struct fxm_machine *m = bench_machine("x86_32-5.10", "detect=off");
	struct copy k16 = make(m, 0x4000, 16 << 10), k256 = make(m, 0x5000, 256 << 10), m32 = make(m, 0x8000, 32 << 20);
	const struct bench_variant variants[] = {
		{"copy-16k", translated, &k16, 400},	   {"memcpy-16k", page_by_page, &k16, 400},
		{"copy-256k", translated, &k256, 8},	   {"memcpy-256k", page_by_page, &k256, 8},
		{"copy-32m", translated, &m32, 1},	   {"memcpy-32m", page_by_page, &m32, 1},
	};
	static const struct bench_ratio ratios[] = {
		{"copy/memcpy-16k", "copy-16k", "memcpy-16k", 0},
		{"copy/memcpy-256k", "copy-256k", "memcpy-256k", 0},
		{"copy/memcpy-32m", "copy-32m", "memcpy-32m", 0},
	};
	return bench_main(argc, argv, variants, BENCH_COUNT(variants), ratios, BENCH_COUNT(ratios), 200);
}
