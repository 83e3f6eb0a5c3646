/* SPDX-License-Identifier: MIT */
#ifndef FXMI_MACHINES_H
#define FXMI_MACHINES_H

/*
 * The life of a machine.
 */

#include "window.h"

/* Builds the hardware: memory, empty page tables (root only), vCPUs, window. Errors: negative errno; nothing remains. */
int fxmi_machine_new(const struct fxmi_desc *desc, struct fxm_machine **out);

/*
 * Whether fxmi_machine_free() would succeed; frees nothing, but detaches the caller. src/ asks before it frees its own state.
 */
int fxmi_machine_check_free(struct fxm_machine *m);

/*
 * Frees it, after detaching the caller. -EBUSY when another host thread sits, sleeps or waits on it, or when called from one of
 * its tasks; -ECHILD in a forked child.
 */
int fxmi_machine_free(struct fxm_machine *m);

/*
 * The hardware as fxmi_machine_new() left it, but for what src/ keeps of each vCPU; after fxmi_machine_check_free(). The window
 * stays where it is.
 */
int fxmi_machine_reset(struct fxm_machine *m);

/*
 * For a debugger that has stopped everything, and so without the lock: the machine that the calling thread sits on, else the one in
 * whose window @host lies, else the newest. NULL: there is none, or it was made before fork().
 */
struct fxm_machine *fxmi_machine_guess(uintptr_t host);

/*
 * For tests and fuzzers: asks every room of sim/; what is not so, fxmi_broken_invariant() names. No other thread may be inside, and
 * nobody have written to struct pages of free frames. Page tables are not sim/'s alone: see fxmi_pgtables_are_valid().
 */
bool fxmi_machine_is_valid(struct fxm_machine *m);

#endif
