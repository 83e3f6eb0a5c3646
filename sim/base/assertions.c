/* SPDX-License-Identifier: MIT */
/*
 * The end of a process that found a bug of ours.
 */
#include "assertions.h"

#include "compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread struct {
	const char *expr, *file;
	int line;
} broken __attribute__((tls_model("initial-exec")));

FXMI_COLD bool fxmi_invariant_broken(const char *expr, const char *file, int line)
{
	broken.expr = expr;
	broken.file = file;
	broken.line = line;
	return false;
}

const char *fxmi_broken_invariant(void)
{
	return broken.expr ? broken.expr : "";
}

_Noreturn FXMI_COLD void fxmi_assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "libfixmap: %s:%d: assertion \"%s\" failed", file, line, expr);
	if (strstr(expr, "_valid") && broken.expr)
		fprintf(stderr, ", by \"%s\" at %s:%d", broken.expr, broken.file, broken.line);
	fprintf(stderr, ". This is a bug of libfixmap, please report it. Aborting.\n");
	abort();
}
