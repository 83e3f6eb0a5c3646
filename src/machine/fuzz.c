/* SPDX-License-Identifier: MIT */
/* One input of a user's fuzzer: every report is a crash, and the machine is as new afterwards. */
#include "machine.h"
#include "report.h"
#include "state.h"

#include <fixmap/fuzz.h>

#include <errno.h>
#include <stdlib.h>

static void crash(const char *text, void *arg)
{
	(void)arg;
	fputs(text, stderr);
	abort();
}

int fxm_fuzz_one_input(int (*fn)(const uint8_t *data, size_t size), const uint8_t *data, size_t size)
{
	if (!fn)
		return -EINVAL;
	struct fxm_machine *m = fxm_machine_default();

	fxm_report_fail_with(m, crash, NULL);
	int result = fn(data, size);

	fxm_report_leaks(m);
	fxm_report_check(m);
	int error = fxm_machine_reset(m);
	if (error) {
		fprintf(stderr, "libfixmap: the machine cannot be made as new after this input: %s: let it end what it began.\n",
			fxm_strerror(error));
		abort();
	}
	return result;
}
