/* SPDX-License-Identifier: MIT */
#ifndef FXM_CMOCKA_H
#define FXM_CMOCKA_H

/*
 * Reports as failures of CMocka tests. Includes <cmocka.h>. For another framework call fxm_report_fail_with() of report.h with a
 * function that fails one of its tests. Models nothing of the kernel.
 */

#include <fixmap/report.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fails the running CMocka test with a report. Does not return. Context: the test's thread, in a test or a fixture. */
static inline void fxm_cmocka_fail(const char *text, void *arg)
{
	(void)arg;
	/* Line by line: CMocka cuts a message at 1023 bytes. */
	while (*text) {
		int length = (int)strcspn(text, "\n");

		print_error("%.*s\n", length, text);
		text += text[length] ? length + 1 : length;
	}
	fail();
}

/**
 * From here on each report of @m is a failure of the CMocka test in which it arose: at once when it ends the test's own task,
 * else at the next fxm_report_check() or fxm_machine_destroy(). Call it in the setup function that makes the machine; destroy that
 * in the teardown function.
 * Context: the thread that runs the tests. Errors: as fxm_report_fail_with().
 */
static inline int fxm_cmocka_fail_on_report(struct fxm_machine *m)
{
	return fxm_report_fail_with(m, fxm_cmocka_fail, NULL);
}

#ifdef __cplusplus
}
#endif

#endif
