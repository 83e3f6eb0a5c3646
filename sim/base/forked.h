/* SPDX-License-Identifier: MIT */
#ifndef FXMI_FORKED_H
#define FXMI_FORKED_H

/*
 * The end of a fork()ed child that uses a machine of its parent's.
 */

/* Says in one line that the machine is the parent process's. Async-signal-safe. */
void fxmi_complain_forked(void);

/* For functions that cannot return -ECHILD: the same line, then abort(). */
_Noreturn void fxmi_die_forked(void);

#endif
