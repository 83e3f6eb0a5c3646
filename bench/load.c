/* SPDX-License-Identifier: MIT */
/*
 * What does an 8-byte load cost when the TLB has the page: how many per second, and how long until the value is there for the
 * next one? Beside it the same loads through a pointer.
 */
#include "bench.h"

enum { WORDS = 512 };

struct load {
	struct fxm_machine *machine;
	struct fxm_vcpu *cpu;
	fxm_va va;
	uint64_t *host;
};

static void stream(void *arg, uint64_t n)
{
	const struct load *l = arg;
	while (n--) {
		uint64_t word;
		fxm_read_u64(l->cpu, fxm_va_of(l->va.v + n % WORDS * 8), &word);
		bench_keep_u64(word);
	}
}

/* What any call into a shared library costs here: the floor of a load through it. */
static void call(void *arg, uint64_t n)
{
	const struct load *l = arg;
	while (n--)
		bench_keep_u64(fxm_machine_cpus_online(l->machine));
}

static void stream_raw(void *arg, uint64_t n)
{
	const volatile uint64_t *host = ((const struct load *)arg)->host;
	while (n--)
		bench_keep_u64(host[n % WORDS]);
}

/* Each word holds the offset of the next one to read. */
static void chain(void *arg, uint64_t n)
{
	const struct load *l = arg;
	uint64_t at = 0;
	while (n--)
		fxm_read_u64(l->cpu, fxm_va_of(l->va.v + at), &at);
	bench_keep_u64(at);
}

static void chain_raw(void *arg, uint64_t n)
{
	const unsigned char *host = (const unsigned char *)((const struct load *)arg)->host;
	uint64_t at = 0;
	while (n--)
		at = *(const volatile uint64_t *)(host + at);
	bench_keep_u64(at);
}

/* All of the first but the call: what is not the load's own, to be taken off. */
static void arguments(void *arg, uint64_t n)
{
	const struct load *l = arg;
	while (n--) {
		uint64_t word;
		__asm__ volatile("" : "=m"(word) : "r"(l->cpu), "r"(l->va.v + n % WORDS * 8), "r"(&word) : "memory");
		bench_keep_u64(word);
	}
}

int main(int argc, char **argv)
{
	struct fxm_machine *m = bench_machine("x86_32-5.10", "detect=off");
	struct fxm_page *page = bench_high_page(m, 1);
	struct load l = {.machine = m, .cpu = fxm_machine_vcpu(m, 0), .host = fxm_frame(m, fxm_page_pfn(m, page))};

	l.va = fxm_kmap(l.cpu, page);
	for (unsigned i = 0; i < WORDS; i++)
		l.host[i] = (i + 67) % WORDS * 8;
	const struct bench_variant variants[] = {
		{"load", stream, &l, 40000},	{"load-arguments", arguments, &l, 40000}, {"load-raw", stream_raw, &l, 100000},
		{"chain", chain, &l, 15000},	{"chain-raw", chain_raw, &l, 40000},
		{"call", call, &l, 40000},
	};
	static const struct bench_ratio ratios[] = {
		{"load/raw", "load", "load-raw", 0}, {"chain/raw", "chain", "chain-raw", 0}, {"call/raw", "call", "load-raw", 0}};
	return bench_main(argc, argv, variants, BENCH_COUNT(variants), ratios, BENCH_COUNT(ratios), 500);
}
