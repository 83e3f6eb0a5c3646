/* SPDX-License-Identifier: MIT */
/* A line of a trace, to whoever listens. */
#include "state.h"
#include "trace.h"
#include "writer.h"

void fxmi_trace_emit_locked(struct fxmi_trace *t, const char *fmt, ...)
{
	char line[FXMI_TRACE_LINE];
	va_list args;

	if (!t->fn)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	t->fn(line, t->arg);
}

void fxmi_trace_mark(struct fxmi_kernel *k, const char *text)
{
	pthread_mutex_lock(&k->trace->lock);
	fxmi_trace_emit_locked(k->trace, "mark %s", text);
	pthread_mutex_unlock(&k->trace->lock);
}
