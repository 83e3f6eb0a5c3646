/* SPDX-License-Identifier: MIT */
#ifndef BENCH_H
#define BENCH_H

/*
 * What the programs of this folder share. A program answers one question with a few variants, each a loop of a given number of
 * iterations. It can do two things:
 *
 *   PROGRAM                   times the variants: all of them in each of many short rounds, in a rotated order; prints per variant
 *                             "time NAME p50 p10 p90" (ns per iteration), per comparison "ratio A/B p50 p10 p90" of the ratios of
 *                             the same round, and per fact "fact NAME VALUE"
 *   PROGRAM --count NAME N    does N iterations of one variant, once: for counting instructions
 *
 * The programs use the library as everybody does: through the shared object and its public headers.
 */

#include <fixmap/fixmap.h>

#include <stdbool.h>
#include <stdint.h>

struct bench_variant {
	const char *name;
	void (*run)(void *arg, uint64_t n);
	void *arg;
	uint64_t per_round; /* iterations in a round; a tenth of a millisecond's worth: seldom interrupted */
};

/* How many times faster or slower: time of variant @a divided by that of @b, times @scale (0 is 1). */
struct bench_ratio {
	const char *name;
	const char *a, *b;
	double scale;
};

/* Runs the program: @argc, @argv of main(). Returns its exit status. */
int bench_main(int argc, char **argv, const struct bench_variant *variants, unsigned nr, const struct bench_ratio *ratios,
	       unsigned nr_ratios, unsigned rounds);

/* Prints a fact to be checked, an exact number. */
void bench_fact(const char *name, uint64_t value);

/* A machine; ends the process with one line when it cannot be made. */
struct fxm_machine *bench_machine(const char *profile, const char *settings);

/* Highmem frame number @i of the machine: not allocated, but nobody else uses it. */
struct fxm_page *bench_high_page(struct fxm_machine *m, uint64_t i);

/* Makes the compiler believe that @p is read and memory changed. */
static inline void bench_keep(const void *p)
{
	__asm__ volatile("" : : "g"(p) : "memory");
}

static inline void bench_keep_u64(uint64_t v)
{
	__asm__ volatile("" : : "r"(v));
}

/* Ends the process when something that cannot go wrong did. */
void bench_check(bool good, const char *what);

#define BENCH_COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

#endif
