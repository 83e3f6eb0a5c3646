/* SPDX-License-Identifier: MIT */
/*
 * Rounds and ratios. Noise on a shared machine comes in stretches longer than a round, so variants are compared within a round:
 * the median of those ratios stays where it is when the whole machine slows down.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

void bench_check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench: %s\n", what);
	exit(2);
}

struct fxm_machine *bench_machine(const char *profile, const char *settings)
{
	struct fxm_config *cfg;
	struct fxm_machine *m = NULL;

	bench_check(!fxm_config_create(profile, &cfg), "no such profile");
	if (fxm_config_parse(cfg, settings) || fxm_machine_create(cfg, &m))
		fprintf(stderr, "bench: %s\n", fxm_config_error(cfg));
	fxm_config_destroy(cfg);
	bench_check(m, "no machine");
	return m;
}

struct fxm_page *bench_high_page(struct fxm_machine *m, uint64_t i)
{
	struct fxm_zone_info zone;

	bench_check(!fxm_get_zone_info(m, FXM_ZONE_HIGHMEM, &zone), "no highmem");
	return fxm_page_of_pfn(m, zone.start_pfn + i);
}

void bench_fact(const char *name, uint64_t value)
{
	printf("fact %s %llu\n", name, (unsigned long long)value);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void print_quantiles(const char *kind, const char *name, double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), compare_doubles);
	printf("%s %s %.4g %.4g %.4g\n", kind, name, values[n / 2], values[n / 10], values[n - 1 - n / 10]);
}

/* Once untimed: whatever ran before must not matter, and a pair that works on the same memory finds it equally warm. */
static double time_one(const struct bench_variant *v)
{
	v->run(v->arg, 1);
	uint64_t began = now_ns();
	v->run(v->arg, v->per_round);
	return (double)(now_ns() - began) / (double)v->per_round;
}

/* times[variant * rounds + round]; every variant comes first equally often. */
static void run_rounds(const struct bench_variant *variants, unsigned nr, unsigned rounds, double *times)
{
	for (unsigned i = 0; i < nr; i++) /* caches, page faults */
		time_one(&variants[i]);
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned i = 0; i < nr; i++) {
			unsigned v = (i + round) % nr;
			times[(size_t)v * rounds + round] = time_one(&variants[v]);
		}
}

static unsigned find(const struct bench_variant *variants, unsigned nr, const char *name)
{
	for (unsigned i = 0; i < nr; i++)
		if (!strcmp(variants[i].name, name))
			return i;
	fprintf(stderr, "bench: no variant is called %s\n", name);
	exit(2);
}

static void print_ratio(const struct bench_ratio *r, const struct bench_variant *variants, unsigned nr, unsigned rounds,
			const double *times, double *values)
{
	const double *a = times + (size_t)find(variants, nr, r->a) * rounds, *b = times + (size_t)find(variants, nr, r->b) * rounds;

	for (unsigned round = 0; round < rounds; round++)
		values[round] = a[round] / b[round] * (r->scale > 0 ? r->scale : 1);
	print_quantiles("ratio", r->name, values, rounds);
}

static int count(const struct bench_variant *variants, unsigned nr, const char *name, const char *iterations)
{
	const struct bench_variant *v = &variants[find(variants, nr, name)];
	v->run(v->arg, strtoull(iterations, NULL, 10));
	return 0;
}

int bench_main(int argc, char **argv, const struct bench_variant *variants, unsigned nr, const struct bench_ratio *ratios,
	       unsigned nr_ratios, unsigned rounds)
{
	if (argc == 4 && !strcmp(argv[1], "--count"))
		return count(variants, nr, argv[2], argv[3]);
	if (argc != 1) {
		fprintf(stderr, "usage: %s [--count NAME N]\n", argv[0]);
		return 2;
	}
	double *times = malloc(sizeof(*times) * nr * rounds), *values = malloc(sizeof(*values) * rounds);
	bench_check(times && values, "no memory");
	run_rounds(variants, nr, rounds, times);
	for (unsigned i = 0; i < nr_ratios; i++)
		print_ratio(&ratios[i], variants, nr, rounds, times, values);
	for (unsigned i = 0; i < nr; i++) /* sorts, so last */
		print_quantiles("time", variants[i].name, times + (size_t)i * rounds, rounds);
	free(times);
	free(values);
	return 0;
}
