/* SPDX-License-Identifier: MIT */
#ifndef FXMI_BASE_H
#define FXMI_BASE_H

/*
 * The room `base`: errors and text, which know nothing of kernels. Nothing here allocates memory or takes a lock.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* ---- errors ---- */

/* One line about the first thing that went wrong. */
struct fxmi_error {
	char text[320];
	bool has_place; /* "FILE:LINE: " stands in front */
};

void fxmi_error_clear(struct fxmi_error *error);

/* Notes an error unless one is noted already. Returns -EINVAL. */
int fxmi_error_set(struct fxmi_error *error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- text ---- */

/* A text that grows in @buf up to @size; @used is its whole length. */
struct fxmi_text {
	char *buf;
	size_t size, used;
};

void fxmi_text_add(struct fxmi_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds @text as a string of JSON: fxm_json_quote(). */
void fxmi_text_add_json(struct fxmi_text *t, const char *text);

#endif
