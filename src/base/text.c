/* SPDX-License-Identifier: MIT */
/* Text that grows in a buffer of somebody else's: no memory is allocated, and what does not fit is counted. */
#include "base.h"

#include <stdio.h>

void fxmi_text_add(struct fxmi_text *t, const char *fmt, ...)
{
	size_t room = t->used < t->size ? t->size - t->used : 0;
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(room ? t->buf + t->used : NULL, room, fmt, args);
	va_end(args);
	t->used += n > 0 ? (size_t)n : 0;
}
