/* SPDX-License-Identifier: MIT */
/*
 * A virtually indexed cache with colours, as xtensa has: every page is mapped at addresses of its own colour only. The profile is
 * 6.1's with four colours, written to a file as a user would.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "edited_profile.h"
#include "kernel_machine.h"

enum { COLOURS = 4, PER_COLOUR = 1024 / COLOURS };

static char profile[] = "/tmp/coloured-XXXXXX.def";

static int write_profile(void **state)
{
	static const struct edit edits[] = {{"FXM_PROFILE(x86_32-6.1,", "FXM_PROFILE(coloured,"},
					    {"KM_MAX_IDX * NR_CPUS,", "KM_MAX_IDX * NR_CPUS * 4,"},
					    {"FXM_TRAIT(cache_colours, 1)", "FXM_TRAIT(cache_colours, 4)"},
					    {NULL, NULL}};
	(void)state;
	write_edited_profile(profile, "x86_32-6.1", edits);
	return 0;
}

static int remove_profile(void **state)
{
	(void)state;
	return unlink(profile);
}

static struct kernel *coloured(const char *more)
{
	char words[128];

	snprintf(words, sizeof(words), "profile=%s,NR_CPUS=4,cpus=2%s", profile, more);
	return kernel_new(words);
}

static unsigned colour_of(fxm_va va)
{
	return va.v / 4096 % COLOURS;
}

static struct fxm_page *page_of_colour(struct kernel *k, unsigned colour, unsigned n)
{
	uint64_t first = (layout_value(k, "max_low_pfn") + COLOURS - 1) / COLOURS * COLOURS;

	return fxm_page_of_pfn(k->m, first + n * COLOURS + colour);
}

/* The first slot of a colour is its second: the cursor moves first. */
static void kmap_gives_the_page_a_slot_of_its_colour(void **state)
{
	(void)state;
	struct kernel *k = coloured("");
	uint64_t base = layout_value(k, "PKMAP_BASE");

	for (unsigned n = 0; n < 3; n++)
		for (unsigned colour = 0; colour < COLOURS; colour++) {
			fxm_va va = fxm_kmap(k->cpu, page_of_colour(k, colour, n));
			assert_int_equal(va.v, base + ((n + 1) * COLOURS + colour) * 4096);
		}
	kernel_free(k);
}

/* A colour runs out alone; its flush clears the idle slots of all. */
static void each_colour_has_its_own_pool(void **state)
{
	(void)state;
	struct kernel *k = coloured("");
	struct fxm_pkmap pool;

	fxm_va other = fxm_kmap(k->cpu, page_of_colour(k, 3, 0));
	fxm_kunmap(k->cpu, page_of_colour(k, 3, 0));
	fxm_get_pkmap(k->m, &pool);
	assert_int_equal(pool.idle, 1);
	for (unsigned n = 0; n < PER_COLOUR; n++)
		assert_int_equal(colour_of(fxm_kmap(k->cpu, page_of_colour(k, 2, n))), 2);
	fxm_get_pkmap(k->m, &pool);
	assert_int_equal(pool.used, PER_COLOUR);
	assert_int_equal(pool.idle, 0);
	assert_int_equal(fxm_page_address(k->cpu, page_of_colour(k, 3, 0)).v, 0);
	fxm_va again = fxm_kmap(k->cpu, page_of_colour(k, 3, 0));
	assert_int_equal(again.v, other.v + COLOURS * 4096);
	kernel_free(k);
}

/* ---- waiting ---- */

struct waiter {
	struct kernel *k;
	struct fxm_page *page;
	fxm_va got;
};

static int map_and_wait(void *arg)
{
	struct waiter *w = arg;

	w->got = fxm_kmap(fxm_current(), w->page);
	return 0;
}

static void an_unmap_wakes_who_waits_for_its_colour(void **state)
{
	(void)state;
	struct kernel *k = coloured("");
	struct waiter w = {.k = k, .page = page_of_colour(k, 1, PER_COLOUR)};
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "waiter", .cpu = 1};
	struct fxm_task *task;

	for (unsigned n = 0; n < PER_COLOUR; n++) {
		fxm_kmap(k->cpu, page_of_colour(k, 1, n));
		fxm_kmap(k->cpu, page_of_colour(k, 0, n));
	}
	assert_int_equal(fxm_task_create(k->m, &attr, map_and_wait, &w, &task), 0);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_SLEEPING);
	fxm_kunmap(k->cpu, page_of_colour(k, 0, 5));
	assert_int_equal(fxm_task_resume(task), FXM_TASK_SLEEPING);
	fxm_kunmap(k->cpu, page_of_colour(k, 1, 7));
	assert_int_equal(fxm_task_resume(task), FXM_TASK_DONE);
	assert_int_equal(colour_of(w.got), 1);
	assert_int_equal(fxm_task_join(task, NULL), 0);
	kernel_free(k);
}

/* ---- kmap_local ---- */

static void a_local_slot_has_an_address_of_each_colour(void **state)
{
	(void)state;
	static const char *const debug[] = {"", ",DEBUG_KMAP_LOCAL=1"};

	for (size_t i = 0; i < ARRAY_SIZE(debug); i++) {
		struct kernel *k = coloured(debug[i]);
		fxm_va va[8];
		uint64_t word;

		for (unsigned n = 0; n < 8; n++) {
			struct fxm_page *page = page_of_colour(k, n % COLOURS, n);
			va[n] = fxm_kmap_local_page(k->cpu, page);
			assert_int_equal(colour_of(va[n]), n % COLOURS);
			assert_int_equal(fxm_write_u64(k->cpu, va[n], n + 1), 0);
			assert_int_equal(*(uint64_t *)fxm_frame(k->m, pfn_of(k, page)), n + 1);
		}
		for (unsigned n = 8; n-- > 0;) {
			assert_int_equal(fxm_kunmap_local(k->cpu, va[n]), 0);
			assert_int_equal(fxm_read_u64(k->cpu, va[n], &word), -EFAULT);
		}
		assert_int_equal(k->record.kinds[FXM_REPORT_WARN], 0);
		kernel_free(k);
	}
}

struct switching {
	struct kernel *k;
	bool good;
};

static int keep_across_schedule(void *arg)
{
	struct switching *s = arg;
	struct fxm_vcpu *cpu = fxm_current();
	fxm_va va = fxm_kmap_local_page(cpu, page_of_colour(s->k, 2, 9));
	uint64_t word = 0;

	fxm_write_u64(cpu, va, 77);
	fxm_task_yield();
	s->good = !fxm_read_u64(cpu, va, &word) && word == 77 && colour_of(va) == 2;
	return fxm_kunmap_local(cpu, va);
}

static void a_context_switch_finds_the_address_again(void **state)
{
	(void)state;
	struct kernel *k = coloured("");
	struct switching s[2] = {{.k = k}, {.k = k}};
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "local", .cpu = 1};
	struct fxm_task *task[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(fxm_task_create(k->m, &attr, keep_across_schedule, &s[i], &task[i]), 0);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 2; i++)
			fxm_task_resume(task[i]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fxm_task_join(task[i], NULL), 0);
		assert_true(s[i].good);
	}
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kmap_gives_the_page_a_slot_of_its_colour),
	    cmocka_unit_test(each_colour_has_its_own_pool),
	    cmocka_unit_test(an_unmap_wakes_who_waits_for_its_colour),
	    cmocka_unit_test(a_local_slot_has_an_address_of_each_colour),
	    cmocka_unit_test(a_context_switch_finds_the_address_again),
	};
	return cmocka_run_group_tests(tests, write_profile, remove_profile);
}
