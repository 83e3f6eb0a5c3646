/* SPDX-License-Identifier: MIT */
/*
 * What a host thread needs so that a signal handler may leave by siglongjmp(): an alternate stack, and the mask to go back to.
 */
#include "task_internal.h"

#include <signal.h>

/* A report with symbolised call stacks is written on it. */
enum { STACK_BYTES = 256 * 1024 };

/* ---- leaving a handler ---- */

/* The context that the handler on this thread interrupted. */
static __thread const ucontext_t *handling __attribute__((tls_model("initial-exec")));

const ucontext_t *fxmi_handler_enter(const ucontext_t *context)
{
	const ucontext_t *outer = handling;

	handling = context;
	return outer;
}

void fxmi_handler_leave(const ucontext_t *outer)
{
	handling = outer;
}

/*
 * Ours blocks nothing, but whoever called it may: ThreadSanitizer, another library's handler. A context that lies elsewhere
 * than just above us is a leftover of a handler that somebody else left.
 */
void fxmi_handler_abandon(void)
{
	uintptr_t above = (uintptr_t)handling - (uintptr_t)__builtin_frame_address(0);

	if (handling && above < STACK_BYTES) {
		sigset_t mask = handling->uc_sigmask;

		pthread_sigmask(SIG_SETMASK, &mask, NULL);
	}
	handling = NULL;
}

/* ---- alternate stacks ---- */

/*
 * A report is put together on it, which takes some 40 KiB. A smaller one that somebody else has set, AddressSanitizer or a
 * language's runtime, is put back when the thread leaves.
 */
static __thread struct fxmi_stack alternate_stack __attribute__((tls_model("initial-exec")));
static __thread stack_t previous_stack __attribute__((tls_model("initial-exec")));
static __thread bool is_prepared __attribute__((tls_model("initial-exec")));

void fxmi_signal_stack_set(void)
{
	stack_t s;

	if (is_prepared)
		return;
	is_prepared = true;
	/* without one, only a stack overflow goes unreported */
	if (sigaltstack(NULL, &previous_stack) || previous_stack.ss_size >= STACK_BYTES ||
	    fxmi_stack_init(&alternate_stack, STACK_BYTES))
		return;
	s = (stack_t){.ss_sp = alternate_stack.base, .ss_size = alternate_stack.bytes};
	if (sigaltstack(&s, NULL)) /* it is in use */
		fxmi_stack_free(&alternate_stack);
}

void fxmi_signal_stack_drop(void)
{
	stack_t s;

	is_prepared = false;
	if (!alternate_stack.base)
		return;
	if (!sigaltstack(NULL, &s) && s.ss_sp == alternate_stack.base)
		sigaltstack(&previous_stack, NULL);
	fxmi_stack_free(&alternate_stack);
}
