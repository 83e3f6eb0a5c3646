/* SPDX-License-Identifier: MIT */
#ifndef FXMI_WINDOW_INTERNAL_H
#define FXMI_WINDOW_INTERNAL_H

/*
 * What the rooms of sim/ see of `window` and src/ does not need.
 */

#include "task_internal.h"
#include "window.h"

/* ---- window (window.c) -------------------------------------------------------------------------------------------------- */

/* The window of a machine whose memory exists, and the handler. Without address space for it the machine gets no window. -ENOMEM;
 * -ENOTSUP: the host's pages are larger; else what the host refused with (desc.refused). */
int fxmi_window_init(struct fxm_machine *m);
void fxmi_window_free(struct fxm_machine *m);

/* Nothing is shown, and no pointer has identity; where the segments lie, they stay. */
void fxmi_window_reset(struct fxm_machine *m);

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

/* The page of @seg at @va shows frame @pfn: a checked access comes. */
void fxmi_window_show(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t va, uint64_t pfn, bool writable);

/* Puts frame @pfn, or a page of all ones where that is no RAM, at @host. */
void fxmi_window_remap(struct fxm_machine *m, unsigned char *host, uint64_t pfn);

/* In a fork()ed child. */
void fxmi_window_after_fork(struct fxm_machine *m);

/* ---- the memory of destroyed machines (gone.c) ---- */

void fxmi_gone_add(const void *host, uint64_t bytes);
bool fxmi_gone_contains(uintptr_t host);
void fxmi_complain_gone(void); /* to stderr; async-signal-safe */

/* ---- AddressSanitizer, memcheck (poison.c) ---------------------------------------------------------------------- */

/*
 * Whether the program runs under valgrind, or under AddressSanitizer, whose findings in a window are named from then on.
 */
bool fxmi_poison_init(void);

/* Page @n of a lazy segment is resident and its mapping has ended / is nobody's or a new mapping's. window.lock held. */
void fxmi_poison(struct fxmi_segment *seg, uint64_t n);
void fxmi_unpoison(struct fxmi_segment *seg, uint64_t n);
void fxmi_unpoison_all(struct fxmi_window *w);

/* ---- SIGSEGV (segv.c) --------------------------------------------------------------------------------------------------- */

/* Puts the handler in front if it is not. -errno: the host refused. */
int fxmi_segv_rearm(void);

/* callbacks.trap, or without one a line and abort(). */
void fxmi_trap(struct fxm_vcpu *cpu, enum fxmi_trap trap, const struct fxm_fault *fault, uintptr_t pc);

/* The same of a check that returns to @pc; @places: of the mapping whose pointer was used, or NULL. */
void fxmi_trap_of_check(struct fxm_vcpu *cpu, enum fxmi_trap trap, const struct fxm_fault *fault, uintptr_t pc,
			const struct fxmi_places *places);

/* ---- pages of lazy segments (resident.c). window.lock held ---- */

#define FXMI_NOT_MAPPED UINT64_MAX

FXMI_INLINE uint64_t fxmi_lazy_index(const struct fxmi_segment *seg, uint64_t va)
{
	return (va - seg->start) >> FXM_PAGE_SHIFT;
}

FXMI_INLINE uint64_t fxmi_shown_pfn(const struct fxmi_segment *seg, uint64_t n)
{
	return __atomic_load_n(&seg->page[n].pfn_plus_1, __ATOMIC_RELAXED) - 1;
}

/* The page's bit alone. */
void fxmi_resident_set(struct fxmi_window *w, struct fxmi_segment *seg, uint64_t n);
void fxmi_resident_clear(struct fxmi_window *w, struct fxmi_segment *seg, uint64_t n);

/* Maps page @n to frame @pfn, or to a page of all ones outside RAM. The host's refusal ends the process. */
void fxmi_resident_show(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t n, uint64_t pfn, bool writable);

/* Takes pages [from, to) back: one system call if any of them is mapped. */
void fxmi_resident_withdraw(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t from, uint64_t to);

void fxmi_tell_memcheck(const unsigned char *host, size_t bytes);

/* ---- the reservation (reservation.c) ---- */

/* -ENOMEM: the host has no address space for it. What is there then is for _displace(). */
int fxmi_reservation_place(struct fxm_machine *m);
void fxmi_reservation_displace(struct fxm_machine *m);
void fxmi_reservation_after_fork(struct fxm_machine *m);

/* ---- self-check ---- */

/* All of the room. Takes window.lock. No other thread may touch the window. */
bool fxmi_window_is_valid(struct fxm_machine *m);

/* The files' parts. */
bool fxmi_residents_are_valid_locked(const struct fxm_machine *m);
bool fxmi_reservation_is_valid(const struct fxm_machine *m);
bool fxmi_segv_is_valid(void);
bool fxmi_lanes_are_valid(const struct fxm_machine *m);

#endif
