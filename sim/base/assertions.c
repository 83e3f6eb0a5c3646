/* SPDX-License-Identifier: MIT */
/*
 * The end of a process that found a bug of ours.
 */
#include "assertions.h"

#include "compiler.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn FXMI_COLD void fxmi_assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "libfixmap: %s:%d: assertion \"%s\" failed. This is a bug of libfixmap, please report it. Aborting.\n",
		file, line, expr);
	abort();
}
