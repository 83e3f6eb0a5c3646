/* SPDX-License-Identifier: MIT */

/*
 * kmalloc: sizes, alignment, where the memory lies, mistakes with kfree.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim_machine.h"

static struct fxm_machine *m;

static int setup(void **state)
{
	(void)state;
	m = sim_machine_sized(&fxmi_pt_i386, SIM_RAM_END, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_machine_free(m);
	return 0;
}

static uint64_t free_frames(void)
{
	struct fxm_zone_info z;
	uint64_t sum = 0;

	for (int i = 0; i < FXM_ZONES; i++) {
		assert_int_equal(fxm_get_zone_info(m, i, &z), 0);
		sum += z.free;
	}
	return sum;
}

/* Slabs without a live object are kept for a while; what is free when they are given back. */
static uint64_t free_frames_reaped(void)
{
	pthread_mutex_lock(&m->mem.zone_lock);
	fxmi_kmalloc_reap_locked(m);
	pthread_mutex_unlock(&m->mem.zone_lock);
	return free_frames();
}

static struct fxm_page *page_of(fxm_va va)
{
	return fxm_page_of_pfn(m, (va.v - SIM_PAGE_OFFSET) >> FXM_PAGE_SHIFT);
}

static void test_sizes_and_alignment(void **state)
{
	(void)state;
	static const struct {
		size_t asked, usable;
	} sizes[] = {{0, 8},	   {1, 8},	 {8, 8},       {9, 16},	     {100, 128},       {128, 128},
		     {2048, 2048}, {2049, 4096}, {4096, 4096}, {4097, 8192}, {100000, 131072}, {4u << 20, 4u << 20}};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		fxm_va va = fxm_kmalloc(m, sizes[i].asked, 0);

		assert_true(va.v >= SIM_PAGE_OFFSET);
		assert_int_equal(fxm_ksize(m, va), sizes[i].usable);
		assert_int_equal(va.v % sizes[i].usable, 0);
		assert_false(fxm_page_is_highmem(m, page_of(va)));
		assert_true(page_of(va)->flags & FXMI_PG_SLAB);
	}
	assert_int_equal(fxm_kmalloc(m, (4u << 20) + 1, 0).v, 0);
	assert_int_equal(fxm_kmalloc(m, SIZE_MAX, 0).v, 0);
	assert_int_equal(fxm_kmalloc(NULL, 8, 0).v, 0);
}

static void test_never_highmem(void **state)
{
	(void)state;
	fxm_va va;

	do {
		va = fxm_kmalloc(m, 1 << 20, FXM_GFP_HIGHMEM);
		if (va.v)
			assert_false(fxm_page_is_highmem(m, page_of(va)));
	} while (va.v);
	assert_non_null(fxm_alloc_pages(m, FXM_GFP_HIGHMEM, 8));
	va = fxm_kmalloc(m, 64, FXM_GFP_DMA);
	assert_true((va.v - SIM_PAGE_OFFSET) >> FXM_PAGE_SHIFT < SIM_DMA_PFN);
}

static void test_objects_do_not_overlap(void **state)
{
	(void)state;
	enum { OBJECTS = 600 };
	static fxm_va va[OBJECTS];
	uint64_t before = free_frames();

	for (unsigned i = 0; i < OBJECTS; i++) {
		va[i] = fxm_kmalloc(m, 1 + i % 300, FXM_GFP_ZERO);
		unsigned char *p = m->mem.ram + (va[i].v - SIM_PAGE_OFFSET);

		for (size_t k = 0; k < fxm_ksize(m, va[i]); k++)
			assert_int_equal(p[k], 0);
		memset(p, 0xff, fxm_ksize(m, va[i]));
	}
	for (unsigned i = 0; i < OBJECTS; i += 2)
		assert_int_equal(fxm_kfree(m, va[i]), 0);
	for (unsigned i = 0; i < OBJECTS; i += 2) {
		va[i] = fxm_kmalloc(m, 1 + i % 300, 0);
		for (unsigned k = 1; k < OBJECTS; k += 2)
			assert_true(va[i].v + 1 + i % 300 <= va[k].v || va[k].v + 1 + k % 300 <= va[i].v);
	}
	for (unsigned i = 0; i < OBJECTS; i++)
		assert_int_equal(fxm_kfree(m, va[i]), 0);
	assert_int_equal(free_frames_reaped(), before);
	assert_true(fxmi_zones_are_valid(m));
}

static void test_wrong_kfree(void **state)
{
	(void)state;
	fxm_va va = fxm_kmalloc(m, 64, 0), large = fxm_kmalloc(m, 10000, 0), other = fxm_kmalloc(m, 64, 0);
	struct fxm_page *page = fxm_alloc_page(m, 0);

	assert_int_equal(fxm_kfree(m, fxm_va_of(0)), 0);
	assert_int_equal(fxm_kfree(m, fxm_va_of(va.v + 8)), -EINVAL);
	assert_int_equal(fxm_kfree(m, fxm_va_of(large.v + 4096)), -EINVAL);
	assert_int_equal(fxm_kfree(m, fxm_va_of(large.v + 64)), -EINVAL);
	assert_int_equal(fxm_kfree(m, fxm_va_of(16)), -EINVAL);
	assert_int_equal(fxm_kfree(m, fxm_va_of(UINT64_MAX)), -EINVAL);
	assert_int_equal(fxm_kfree(m, fxm_va_of(SIM_PAGE_OFFSET + fxm_page_phys(m, page).v)), -EINVAL);
	assert_int_equal(fxm_kfree(NULL, va), -EINVAL);
	assert_int_equal(fxm_ksize(m, fxm_va_of(va.v + 8)), 0);
	assert_int_equal(fxm_kfree(m, va), 0);
	assert_int_equal(fxm_kfree(m, va), -EINVAL);
	assert_int_equal(fxm_ksize(m, va), 0);
	assert_int_equal(fxm_ksize(m, other), 64);
	assert_int_equal(fxm_kfree(m, large), 0);
	assert_int_equal(fxm_kfree(m, large), -EINVAL);
	assert_true(fxmi_zones_are_valid(m));
}

struct live {
	unsigned n;
	uint64_t bytes;
	uintptr_t site;
};

static int count_live(void *arg, fxm_va va, size_t size, uintptr_t site)
{
	struct live *live = arg;

	assert_true(va.v >= SIM_PAGE_OFFSET);
	live->n++;
	live->bytes += size;
	live->site = site;
	return live->n == 3 ? 42 : 0;
}

static void test_each(void **state)
{
	(void)state;
	struct live live = {0};
	fxm_va va = fxmi_kmalloc(m, 50, 0, 0, 0x1234), large = fxmi_kmalloc(m, 20000, 0, 0, 0x5678);

	assert_int_equal(fxmi_kmalloc_each(m, count_live, &live), 0);
	assert_int_equal(live.n, 2);
	assert_int_equal(live.bytes, 20050); /* what was asked for, not what it came to */
	assert_int_equal(fxm_kfree(m, large), 0);
	live = (struct live){0};
	assert_int_equal(fxmi_kmalloc_each(m, count_live, &live), 0);
	assert_int_equal(live.site, 0x1234);
	assert_int_equal(fxm_kfree(m, va), 0);
	live = (struct live){0};
	for (unsigned i = 0; i < 5; i++)
		fxm_kmalloc(m, 8, 0);
	assert_int_equal(fxmi_kmalloc_each(m, count_live, &live), 42);
	assert_int_equal(live.n, 3);
}

/* Returns @arg when something fails, else NULL. */
static void *kmalloc_and_kfree(void *arg)
{
	fxm_va held[32] = {{0}};

	for (unsigned i = 0; i < 5000; i++) {
		fxm_va *va = &held[i * 13 % 32];

		if (fxm_kfree(m, *va))
			return arg;
		*va = fxm_kmalloc(m, i % 3000, 0);
		if (!va->v)
			return arg;
		m->mem.ram[va->v - SIM_PAGE_OFFSET] = 1;
	}
	for (unsigned i = 0; i < 32; i++)
		if (fxm_kfree(m, held[i]))
			return arg;
	return NULL;
}

static void test_two_threads(void **state)
{
	(void)state;
	uint64_t before = free_frames();
	pthread_t thread;
	void *other;

	assert_int_equal(pthread_create(&thread, NULL, kmalloc_and_kfree, m), 0);
	void *mine = kmalloc_and_kfree(m);

	pthread_join(thread, &other);
	assert_null(mine);
	assert_null(other);
	assert_int_equal(free_frames_reaped(), before);
}

/* The object that was freed last is the next one of its size, and the others' pages go to whoever needs them. */
static void test_kept_slabs(void **state)
{
	(void)state;
	static const size_t sizes[] = {8, 100, 2048, 4096, 16384};
	static fxm_va taken[1 << 16];
	size_t n = 0, again = 0;
	uint64_t before = free_frames();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fxm_va va = fxm_kmalloc(m, sizes[i], 0);
		assert_int_equal(fxm_kfree(m, va), 0);
		assert_int_equal(fxm_kfree(m, va), -EINVAL);
		assert_int_equal(fxm_kmalloc(m, sizes[i], 0).v, va.v);
		assert_int_equal(fxm_kfree(m, va), 0);
	}
	assert_true(free_frames() < before);
	/* more than are kept */
	for (n = 0; n < 200; n++)
		taken[n] = fxm_kmalloc(m, 2048, 0);
	while (n)
		assert_int_equal(fxm_kfree(m, taken[--n]), 0);
	assert_true(free_frames() >= before - 40);
	while (n < 1 << 16 && (taken[n] = fxm_kmalloc(m, 4096, 0)).v)
		n++;
	assert_true(n < 1 << 16);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(fxm_kfree(m, taken[i]), 0);
	while (fxm_alloc_pages(m, 0, 0))
		again++;
	assert_int_equal(again, n);
	assert_true(fxmi_zones_are_valid(m));
}

static unsigned nr_written;
static struct fxmi_written last_written;

static void on_written(struct fxm_machine *machine, const struct fxmi_written *w)
{
	assert_ptr_equal(machine, m);
	nr_written++;
	last_written = *w;
}

/* Who only looks is told how many there are, each once; what was not touched is not there. */
static void test_a_look_finds_what_was_written(void **state)
{
	(void)state;
	static const struct fxmi_callbacks callbacks = {.written = on_written};
	fxm_va past, freed, untouched;

	m->desc.callbacks = &callbacks;
	m->desc.poison_slabs = true;
	nr_written = 0;
	past = fxmi_kmalloc(m, 100, 8, 0, 0x1111);
	freed = fxmi_kmalloc(m, 40, 8, 0, 0x2222);
	untouched = fxmi_kmalloc(m, 60, 8, 0, 0x3333);
	assert_int_equal(fxmi_kfree(m, freed, true, 0x4444), 0);
	assert_int_equal(fxmi_kmalloc_check(m), 0);
	m->mem.ram[past.v - m->desc.page_offset + 100] = 7;
	assert_int_equal(fxmi_kmalloc_check(m), 1);
	assert_int_equal(last_written.va, past.v);
	assert_int_equal(last_written.offset, 100);
	assert_int_equal(last_written.byte, 7);
	assert_false(last_written.after_free);
	m->mem.ram[freed.v - m->desc.page_offset] = 8;
	assert_int_equal(fxmi_kmalloc_check(m), 1);
	assert_int_equal(last_written.va, freed.v);
	assert_int_equal(last_written.offset, 0);
	assert_int_equal(last_written.site, 0x2222);
	assert_int_equal(last_written.freed_site, 0x4444);
	assert_true(last_written.after_free);
	assert_int_equal(fxmi_kmalloc_check(m), 0);
	assert_int_equal(nr_written, 2);
	assert_int_equal(fxmi_kfree(m, past, true, 0), 0);
	assert_int_equal(fxmi_kfree(m, untouched, true, 0), 0);
	assert_int_equal(nr_written, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_sizes_and_alignment, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_kept_slabs, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_never_highmem, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_objects_do_not_overlap, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrong_kfree, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_each, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_two_threads, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_look_finds_what_was_written, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
