/* SPDX-License-Identifier: MIT */
#ifndef FXMI_EXPR_H
#define FXMI_EXPR_H

/*
 * Integer expressions as C writes them, over 64-bit unsigned numbers: the formulas of the profiles.
 */

#include "base.h"

#include <stddef.h>
#include <stdint.h>

/* Where names get their values. */
struct fxmi_scope {
	/* Value of the name of @len characters at @name. 0, or a negative errno (-ENOENT: unknown; else @error is set). */
	int (*lookup)(void *ctx, const char *name, size_t len, uint64_t *value, struct fxmi_error *error);
	void *ctx;
};

/*
 * Evaluates @text. Operators of C from ?: down to unary - ~ !, numbers (0x, U and L suffixes), names, and the functions
 * IS_ENABLED(NAME), min(a, b), max(a, b). Only the taken branch of ?:, && and || is evaluated.
 * Errors: -EINVAL with @error set.
 */
int fxmi_expr_eval(const char *text, const struct fxmi_scope *scope, uint64_t *value, struct fxmi_error *error);

#endif
