/* SPDX-License-Identifier: MIT */
/*
 * What does the kernel tier cost, which is what a module calls: a kmap_atomic() / kunmap_atomic() pair with a pointer in between,
 * and an 8-byte load? Compiled twice, without checks (tier: window=strict) and with them (tier_checked: window=checked, pointers
 * with identity); the loads say what a check adds.
 */
#include "bench.h"

#include <linux/highmem.h>
#include <linux/slab.h>

#include <unistd.h>

#ifdef FXM_KERNEL_CHECKED
#define WINDOW "window=checked,"
#else
#define WINDOW "window=strict,"
#endif

struct tier {
	struct fxm_machine *m;
	struct page *page; /* mapped by nobody else */
	volatile unsigned long *high, *low, *object, *host;
};

static void sit(const struct tier *t)
{
	if (fxm_current_or_null() && fxm_vcpu_machine(fxm_current_or_null()) == t->m)
		return;
	if (fxm_current_or_null())
		fxm_detach();
	bench_check(!fxm_attach(t->m, -1), "no vCPU is free");
}

static struct tier make(const char *settings)
{
	static unsigned long host[512];
	struct tier t = {.m = bench_machine("x86_32-5.10", settings), .host = host};

	sit(&t);
	t.page = alloc_page(GFP_HIGHUSER);
	t.high = kmap(alloc_page(GFP_HIGHUSER));
	t.low = (unsigned long *)__get_free_page(GFP_KERNEL);
	t.object = kmalloc(2000, GFP_KERNEL);
	return t;
}

static void pairs(void *arg, uint64_t n)
{
	const struct tier *t = arg;

	sit(t);
	while (n--)
		kunmap_atomic(kmap_atomic(t->page));
}

static void touched_pairs(void *arg, uint64_t n)
{
	const struct tier *t = arg;

	sit(t);
	while (n--) {
		volatile char *p = kmap_atomic(t->page);
		p[n & 4095] = 1;
		kunmap_atomic((void *)p);
	}
}

static void nothing(void *arg, uint64_t n)
{
	const struct tier *t = arg;

	sit(t);
	while (n--)
		bench_keep(t);
}

static noinline void load(const struct tier *t, volatile unsigned long *at, uint64_t n)
{
	sit(t);
	while (n--)
		(void)*at;
}

static void load_high(void *arg, uint64_t n)
{
	load(arg, ((struct tier *)arg)->high, n);
}
static void load_low(void *arg, uint64_t n)
{
	load(arg, ((struct tier *)arg)->low, n);
}
static void load_object(void *arg, uint64_t n)
{
	load(arg, ((struct tier *)arg)->object, n);
}
static void load_host(void *arg, uint64_t n)
{
	load(arg, ((struct tier *)arg)->host, n);
}

/* The floor of a checked access: a call into the library that does nothing. */
static void empty_calls(void *arg, uint64_t n)
{
	sit(arg);
	while (n--)
		fxm_k_no_return();
}

int main(int argc, char **argv)
{
	struct tier off = make(WINDOW "pae=0,detect=off"), on = make(WINDOW "pae=0,detect=on");
	const struct bench_variant variants[] = {
	    {"loop", nothing, &off, 20000},	      {"pair", pairs, &off, 5000},	    {"pair-detect", pairs, &on, 5000},
	    {"touched", touched_pairs, &on, 1000},    {"load-high", load_high, &on, 20000}, {"load-low", load_low, &on, 20000},
	    {"load-object", load_object, &on, 20000}, {"load-host", load_host, &on, 20000}, {"call", empty_calls, &on, 20000},
	};
	static const struct bench_ratio ratios[] = {
	    {"load-high/call", "load-high", "call", 0},
	    {"load-low/call", "load-low", "call", 0},
	    {"load-object/call", "load-object", "call", 0},
	    {"touched/call", "touched", "call", 0},
	};
	return bench_main(argc, argv, variants, BENCH_COUNT(variants), ratios, BENCH_COUNT(ratios), 200);
}
