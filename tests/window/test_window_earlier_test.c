/* SPDX-License-Identifier: MIT */
/* The window inside CMocka: machines made in an earlier test, used from the main thread that stays attached to one of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "window_cases.h"

static struct machines *made;

/* Attaching again where one sits already is no change of seat, but puts the handler in front. */
static void enter(struct kernel *k)
{
	assert_int_equal(fxm_attach(k->m, 0), 0);
	assert_int_equal(fxm_attach(k->m, 0), 0);
	assert_int_equal(fxm_attach(k->m, -1), 0);
}

static void leave(struct kernel *k)
{
	(void)k;
	assert_int_equal(fxm_detach(), 0);
}

static void make(void **state)
{
	(void)state;
	made = machines_new();
	enter(made->strict);
	*pointer(made->strict, fxm_kmap(made->strict->cpu, high_page(made->strict))) = 1;
	leave(made->strict);
}

/* CMocka gives each test its own state pointer. */
static int find(void **state)
{
	*state = made;
	return made ? 0 : -1;
}

/* The seat taken in one test, the handler lost at its end, a fibre started in the next. */
static void stay_attached(void **state)
{
	(void)state;
	enter(made->strict);
}

static int touch(void *arg)
{
	struct call *c = arg;

	c->va = fxm_kmap(c->cpu, c->page);
	*(volatile uint64_t *)fxm_host(fxm_vcpu_machine(c->cpu), c->va) = 123;
	return 0;
}

static void start_a_fibre(void **state)
{
	struct kernel *k = made->strict;
	struct call c = {.cpu = k->cpu, .page = high_page(k)};
	struct fxm_task *task;
	(void)state;

	assert_ptr_equal(fxm_current_or_null(), k->cpu);
	assert_int_equal(fxm_task_create(k->m, NULL, touch, &c, &task), 0);
	assert_int_equal(fxm_task_join(task, NULL), 0);
	assert_int_equal(mark_of(k, c.page), 123);
	leave(k);
}

static void destroy(void **state)
{
	(void)state;
	machines_free(made);
	made = NULL;
}

#define with_made(f) cmocka_unit_test_setup(f, find)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(make),	     WINDOW_CASES(with_made),	cmocka_unit_test(stay_attached),
	    cmocka_unit_test(start_a_fibre), cmocka_unit_test(destroy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
