/* SPDX-License-Identifier: MIT */
#ifndef FXMI_WINDOW_INTERNAL_H
#define FXMI_WINDOW_INTERNAL_H

/*
 * What the rooms of sim/ see of `window` and src/ does not need.
 */

#include "task_internal.h"
#include "window.h"

/* ---- window (window.c) -------------------------------------------------------------------------------------------------- */

/* The window of a machine whose memory exists. Without address space for it the machine gets none. -ENOMEM: no memory. */
int fxmi_window_init(struct fxm_machine *m);
void fxmi_window_free(struct fxm_machine *m);

/* Whether @host lies in @m's reservation. */
FXMI_INLINE bool fxmi_window_contains(const struct fxm_machine *m, uintptr_t host)
{
	return host - (uintptr_t)m->window->reserved < m->window->reserved_bytes;
}

/*
 * The handler's part: an access at simulated @va of lazy segment @seg faulted. Returns when the page is mapped; what forbids
 * that goes to callbacks.trap.
 */
void fxmi_window_fault(struct fxm_vcpu *cpu, struct fxmi_segment *seg, uint64_t va, enum fxm_access access, uintptr_t pc);

/* In a fork()ed child. */
void fxmi_window_after_fork(struct fxm_machine *m);

/* ---- AddressSanitizer, memcheck (poison.c) ---------------------------------------------------------------------- */

/*
 * Whether the program runs under valgrind, or under AddressSanitizer, whose findings in a window are named from then on.
 */
bool fxmi_poison_init(void);

/* Page @n of a lazy segment is resident and its mapping has ended / is nobody's or a new mapping's. window->lock held. */
void fxmi_poison(struct fxmi_segment *seg, uint64_t n);
void fxmi_unpoison(struct fxmi_segment *seg, uint64_t n);
void fxmi_unpoison_all(struct fxmi_window *w);

/* ---- SIGSEGV (segv.c) --------------------------------------------------------------------------------------------------- */

/* Puts the handler in front if it is not. */
void fxmi_segv_rearm(void);

/* Gives the calling thread an alternate signal stack if it has none. */
void fxmi_segv_prepare_thread(void);

/* Before a siglongjmp(), from the handler or not: the signal mask is again what it was before the fault. */
void fxmi_segv_leave_handler(void);

/* The calling thread ends. */
void fxmi_segv_leave_thread(void);

/* callbacks.trap, or without one a line and abort(). */
void fxmi_trap(struct fxm_vcpu *cpu, enum fxmi_trap trap, const struct fxm_fault *fault, uintptr_t pc);

#endif
