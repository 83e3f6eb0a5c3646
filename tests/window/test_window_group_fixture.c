/* SPDX-License-Identifier: MIT */
/* The window inside CMocka: machines made in a group fixture; each test attaches, which puts the handler back in front. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "window_cases.h"

static void enter(struct kernel *k)
{
	assert_int_equal(fxm_attach(k->m, 0), 0);
}

static void leave(struct kernel *k)
{
	(void)k;
	assert_int_equal(fxm_detach(), 0);
}

static int setup(void **state)
{
	*state = machines_new();
	return 0;
}

static int teardown(void **state)
{
	machines_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {WINDOW_CASES(cmocka_unit_test)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
