/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU variables. Models the idea of mm/percpu.c: what is declared, or allocated, is CPU 0's; the other CPUs' copies lie behind
 * each other in one block of memory that is made when a copy is first asked for.
 *
 * Invariants: areas do not overlap; one that is in the list does not change, except to go.
 * Lock order: areas_lock is a leaf.
 */
#include "tier.h"

#include <stdlib.h>
#include <string.h>

struct area {
	struct area *next;
	const char *begin, *end;
	size_t stride;
	char *copies; /* of CPU 1 and the following */
	unsigned nr_cpus;
};

static pthread_mutex_t areas_lock = PTHREAD_MUTEX_INITIALIZER;
static struct area *areas; /* guarded by areas_lock */

static struct area *find_locked(const char *object)
{
	struct area *a = areas;

	while (a && !(object >= a->begin && object < a->end))
		a = a->next;
	return a;
}

/* The copies of CPU 1 to the last one that there can be. */
static struct area *add_locked(const char *begin, const char *end, size_t align, unsigned nr_cpus)
{
	size_t size = (size_t)(end - begin);
	struct area *a = malloc(sizeof(*a));

	if (!a)
		return NULL;
	*a = (struct area){.begin = begin, .end = end, .stride = (size + align - 1) / align * align, .nr_cpus = nr_cpus};
	if (posix_memalign((void **)&a->copies, align, a->stride * nr_cpus)) {
		free(a);
		return NULL;
	}
	for (unsigned i = 0; i + 1 < nr_cpus; i++)
		memcpy(a->copies + i * a->stride, begin, size);
	a->next = areas;
	areas = a;
	return a;
}

void *fxm_k_per_cpu_ptr(const void *object, unsigned cpu, const void *begin, const void *end)
{
	const struct fxm_machine *m = fxm_k_cpu()->machine;
	const char *at = object;

	pthread_mutex_lock(&areas_lock);
	struct area *a = find_locked(at);
	if (!a && at >= (const char *)begin && at < (const char *)end)
		a = add_locked(begin, end, 64, m->nr_cpus);
	pthread_mutex_unlock(&areas_lock);
	if (!a || cpu >= a->nr_cpus)
		fxm_k_bug(a ? "per_cpu_ptr(): there is no such CPU" : "per_cpu_ptr(): this is no per-CPU variable");
	return cpu ? a->copies + (cpu - 1) * a->stride + (at - a->begin) : (void *)(uintptr_t)at;
}

void *fxm_k_alloc_percpu(size_t size, size_t align)
{
	const struct fxm_machine *m = fxm_k_cpu()->machine;
	char *begin = NULL;

	align = align < 64 ? 64 : align;
	if (!size || posix_memalign((void **)&begin, align, size))
		return NULL;
	memset(begin, 0, size);
	pthread_mutex_lock(&areas_lock);
	const struct area *a = add_locked(begin, begin + size, align, m->nr_cpus);
	pthread_mutex_unlock(&areas_lock);
	if (!a)
		free(begin);
	return a ? begin : NULL;
}

void fxm_k_free_percpu(void *area)
{
	pthread_mutex_lock(&areas_lock);
	struct area **at = &areas, *a;
	while ((a = *at) && a->begin != area)
		at = &a->next;
	if (a)
		*at = a->next;
	pthread_mutex_unlock(&areas_lock);
	if (!a)
		return;
	free(a->copies);
	free(a);
	free(area);
}
