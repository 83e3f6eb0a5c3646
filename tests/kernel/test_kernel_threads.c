/* SPDX-License-Identifier: MIT */
/* Threads that simply start calling: each gets a vCPU of the default machine, works, and leaves it at its end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fixmap/fixmap.h>
#include <fixmap/kernel.h>

#include <pthread.h>

enum { THREADS = 8, ROUNDS = 300, PAGES = 16 };

static struct page *shared[PAGES];
static DEFINE_SPINLOCK(lock);
static unsigned long total; /* guarded by lock */

static void add_under_lock(void)
{
	spin_lock(&lock);
	total++;
	spin_unlock(&lock);
}

/* Each thread adds to a word of its own in every page, through all kinds of mappings. */
static void *work(void *arg)
{
	unsigned long me = (unsigned long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct page *page = shared[i % PAGES];
		unsigned long *word = kmap(page);
		word[me]++;
		unsigned long *atomic = kmap_atomic(page);
		atomic[me]++;
		kunmap_atomic(atomic);
		kunmap(page);
		void *object = kmalloc(64, GFP_KERNEL);
		memset(object, (int)me, 64);
		kfree(object);
		add_under_lock();
	}
	return NULL;
}

static unsigned long sum_of(struct page *page, unsigned long me)
{
	unsigned long *word = kmap(page), n = word[me];
	kunmap(page);
	return n;
}

static void main_and_eight_threads(void **state)
{
	struct fxm_machine *m = fxm_vcpu_machine(fxm_k_cpu());
	pthread_t thread[THREADS];
	struct fxm_counts counts;
	(void)state;

	for (int i = 0; i < PAGES; i++)
		shared[i] = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	for (unsigned long i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, (void *)(i + 1)), 0);
	work((void *)0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);

	assert_int_equal(total, (THREADS + 1) * ROUNDS);
	for (unsigned long me = 0; me <= THREADS; me++) {
		unsigned long sum = 0;
		for (int i = 0; i < PAGES; i++)
			sum += sum_of(shared[i], me);
		assert_int_equal(sum, 2 * ROUNDS);
	}
	for (unsigned i = 0; i < fxm_machine_cpus_online(m); i++) {
		fxm_get_counts(fxm_machine_vcpu(m, i), &counts);
		assert_int_equal(counts.kmap_depth, 0);
		assert_int_equal(counts.pagefault, 0);
	}
	for (int i = 0; i < PAGES; i++)
		__free_page(shared[i]);
	assert_int_equal(fxm_report_leaks(m), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(main_and_eight_threads)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
