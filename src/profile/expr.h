/* SPDX-License-Identifier: MIT */
#ifndef FXMI_EXPR_H
#define FXMI_EXPR_H

/*
 * Integer expressions as C writes them, over 64-bit unsigned numbers: the formulas of the profiles.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line about the first thing that went wrong. */
struct fxmi_error {
	char text[320];
	bool has_place; /* "FILE:LINE: " stands in front */
};

void fxmi_error_clear(struct fxmi_error *error);

/* Notes an error unless one is noted already. Returns -EINVAL. */
int fxmi_error_set(struct fxmi_error *error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

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
