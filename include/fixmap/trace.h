/* SPDX-License-Identifier: MIT */
#ifndef FXM_TRACE_H
#define FXM_TRACE_H

/*
 * Traces: the record of every operation with everything observable after it, in the line format of doc/trace-format.md. The
 * same format is what real kernels recorded, what `fixmap replay` checks and what the fuzz target prints.
 *
 * Context of all: any thread, outside callbacks of tracing. Errors of those that return one: -EINVAL a null pointer, and what
 * stands at the function. Models nothing of the kernel.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Receives one line without its newline. Called on the operating thread with the trace lock held; must not call back in. */
typedef void (*fxm_trace_fn)(const char *line, void *arg);

/**
 * Starts tracing to @fn: the header (V, machine, layout, prot, enum, state lines), then a line per operation. NULL stops it
 * (with an `end` line). The config word trace=FILE does the same to a file.
 * Errors: -EBUSY already tracing.
 */
FXM_API int fxm_trace_start(struct fxm_machine *m, fxm_trace_fn fn, void *arg);

/** Starts without the header: for a replayer, which has one. */
FXM_API int fxm_trace_start_bare(struct fxm_machine *m, fxm_trace_fn fn, void *arg);

/** Ends tracing with an `end NAME ops=N` line when it was started with a header. No-op when not tracing. */
FXM_API void fxm_trace_stop(struct fxm_machine *m, const char *name);

/**
 * Calls @page by @name ("P12", "Q3") in traces from now on; the 32-bit word at offset 64 of such a page is shown as tag=.
 * Pages without a name get one at their first appearance, and no tag.
 * Errors: -EINVAL @page not of @m, or the name is not P or Q and a number.
 */
FXM_API int fxm_trace_name_page(struct fxm_machine *m, struct fxm_page *page, const char *name);

/**
 * The operation "peek": records the PTE, the tag and the counters at @va as @cpu sees them now. Does nothing when not tracing.
 */
FXM_API void fxm_trace_peek(struct fxm_vcpu *cpu, fxm_va va);

#ifdef __cplusplus
}
#endif

#endif
