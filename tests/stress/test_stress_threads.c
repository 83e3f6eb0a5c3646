/* SPDX-License-Identifier: MIT */
/*
 * Main plus eight threads that just start calling, on the default machine as FIXMAP_OPTIONS describes it: more threads than
 * vCPUs too. Joined; page contents and counters right at the end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, ROUNDS = 200, PAGES = 12 };

static struct fxm_page *shared[PAGES];
static pthread_barrier_t start;

/* Each thread adds to words of its own in every page: one through its TLB, one through the pointer. */
static void work(uintptr_t me)
{
	struct fxm_vcpu *cpu = fxm_current();
	struct fxm_machine *m = fxm_vcpu_machine(cpu);
	bool typed = strstr(fxm_machine_profile(m), "2.6") != NULL;
	uint32_t type = typed ? (uint32_t)fxm_km_type_index(fxm_machine_layout(m), "KM_USER0") : 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct fxm_page *page = shared[(i + me) % PAGES], *own = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
		fxm_va va = fxm_kmap(fxm_current(), page);
		uint64_t n = 0;

		fxm_read_u64(cpu, fxm_va_of(va.v + 8 * me), &n);
		fxm_write_u64(cpu, fxm_va_of(va.v + 8 * me), n + 1);
		if (fxm_window_mode(m) != FXM_WINDOW_OFF)
			((volatile uint64_t *)fxm_host(m, va))[64 + me]++;
		fxm_va atomic = typed ? fxm_kmap_atomic_type(cpu, own, type) : fxm_kmap_atomic(cpu, own);
		fxm_fill(cpu, atomic, (int)me, FXM_PAGE_SIZE);
		if (typed)
			fxm_kunmap_atomic_type(cpu, atomic, type);
		else
			fxm_kunmap_atomic(cpu, atomic);
		fxm_kunmap(cpu, page);
		fxm_free_pages(m, own, 0);
		if (i % 50 == 0)
			fxm_schedule(cpu);
	}
}

static void *thread_main(void *arg)
{
	pthread_barrier_wait(&start);
	work((uintptr_t)arg);
	return NULL;
}

static _Atomic bool is_over;

struct seen {
	uint64_t mappings, bad;
};

static int look(const struct fxm_mapping *at, void *arg)
{
	struct seen *seen = arg;

	seen->mappings++;
	seen->bad += !at->is_live || !at->call || !at->address.v || at->size_bytes != FXM_PAGE_SIZE || strlen(at->comm) > 15;
	return 0;
}

/* Looks at all mappings while the others make and undo them. */
static void *watch(void *arg)
{
	struct seen *seen = arg;

	while (!atomic_load(&is_over))
		fxm_mapping_each(fxm_machine_default(), look, seen);
	return NULL;
}

static void main_and_eight_threads(void **state)
{
	(void)state;
	struct fxm_machine *m = fxm_machine_default();
	unsigned online = fxm_machine_cpus_online(m), nr_cpus = 0;
	pthread_t thread[THREADS], watcher;
	struct seen seen = {0};
	uint64_t value;

	assert_int_equal(fxm_layout_find(fxm_machine_layout(m), "NR_CPUS", &value), 0);
	nr_cpus = (unsigned)value;
	for (unsigned i = 0; i < PAGES; i++)
		shared[i] = fxm_alloc_page(m, FXM_GFP_HIGHMEM | FXM_GFP_ZERO);
	pthread_barrier_init(&start, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, thread_main, (void *)(i + 1)), 0);
	is_over = false;
	assert_int_equal(pthread_create(&watcher, NULL, watch, &seen), 0);
	work(0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	is_over = true;
	assert_int_equal(pthread_join(watcher, NULL), 0);
	assert_int_equal(seen.bad, 0);

	for (uintptr_t me = 0; me <= THREADS; me++) {
		uint64_t by_tlb = 0, by_pointer = 0;
		for (unsigned i = 0; i < PAGES; i++) {
			const uint64_t *word = fxm_frame(m, fxm_page_pfn(m, shared[i]));
			by_tlb += word[me];
			by_pointer += word[64 + me];
		}
		assert_int_equal(by_tlb, ROUNDS);
		assert_int_equal(by_pointer, fxm_window_mode(m) == FXM_WINDOW_OFF ? 0 : ROUNDS);
	}
	assert_in_range(fxm_machine_cpus_online(m), online, nr_cpus);
	for (unsigned i = 0; i < fxm_machine_cpus_online(m); i++) {
		struct fxm_counts c = counts_of(fxm_machine_vcpu(m, i));
		assert_int_equal(c.kmap_depth, 0);
		assert_int_equal(c.pagefault, 0);
		assert_int_equal(c.preempt, 0);
	}
	struct fxm_pkmap pool;
	fxm_get_pkmap(m, &pool);
	assert_int_equal(pool.used, 0);
	assert_int_equal(pool.waiters, 0);
	assert_int_equal(fxm_report_leaks(m), 0);
	for (unsigned kind = 0; kind <= FXM_REPORT_FINDING; kind++)
		assert_int_equal(fxm_report_count(m, (enum fxm_report_kind)kind), 0);
	/* Main sits where it sat; the seats of the others are free again. */
	assert_ptr_equal(fxm_vcpu_machine(fxm_current_or_null()), m);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(fxm_free_pages(m, shared[i], 0), 0);
	pthread_barrier_destroy(&start);
}

/* Once more: the seats were really left. */
static void and_again(void **state)
{
	unsigned before = fxm_machine_cpus_online(fxm_machine_default());

	main_and_eight_threads(state);
	assert_in_range(fxm_machine_cpus_online(fxm_machine_default()), before, before + 8);
}

static void *sits_once(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&start);
	return fxm_current() ? arg : NULL;
}

/*
 * All look for a seat at once, main too, which then keeps its own while it joins the others: nobody may have queued behind it
 * while other seats become free.
 */
static void main_keeps_its_seat_while_it_joins(void **state)
{
	(void)state;
	pthread_t thread[THREADS];

	for (unsigned round = 0; round < 300; round++) {
		assert_int_equal(fxm_detach(), 0);
		pthread_barrier_init(&start, NULL, THREADS + 1);
		for (uintptr_t i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, sits_once, NULL), 0);
		pthread_barrier_wait(&start);
		assert_non_null(fxm_current());
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_join(thread[i], NULL), 0);
		pthread_barrier_destroy(&start);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(main_and_eight_threads), cmocka_unit_test(and_again),
					   cmocka_unit_test(main_keeps_its_seat_while_it_joins)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
