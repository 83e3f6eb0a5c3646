/* SPDX-License-Identifier: MIT */
/*
 * The window inside CMocka: machines made in a fixture of each test. CMocka takes the handler back when the fixture ends; a test
 * that attaches nowhere asks for it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "window_cases.h"

static void enter(struct kernel *k)
{
	/*
	 * Unattached, an access counts as one of vCPU 0 and is a finding: sit down, then lose the handler as a fixture's end
	 * does.
	 */
	assert_int_equal(fxm_attach(k->m, 0), 0);
	signal(SIGSEGV, SIG_DFL);
	fxm_window_rearm();
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

#define with_fixture(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {WINDOW_CASES(with_fixture)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
