/* SPDX-License-Identifier: MIT */
#ifndef FXM_DEBUGGER_H
#define FXM_DEBUGGER_H

/*
 * What a debugger asks of a stopped program: gdb's `fixmap` commands call these functions in it. They take no lock, allocate
 * nothing and change nothing but their own buffer, so that they work wherever the program stopped, in malloc() or with a lock of
 * the library held; what is being changed at that moment may then read half old, half new. Not for a running program.
 *
 * They speak of one machine: that of the calling thread, else the one in whose window the address lies, else the newest.
 *
 * The text is valid until the next call. Places in code are written <0x1234>, return addresses, for the debugger to name: to name
 * them here would allocate memory. Context of all: a debugger that lets no other thread run meanwhile. Errors: none, the text says
 * what could not be found out; never NULL. Ownership: static storage. Models nothing of the kernel.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The latest answer. Some versions of gdb cannot put back the vector registers of a CPU that has more of them than they know, and
 * so lose what a function returned. The functions leave those registers as they were, and their answer here too.
 */
struct fxm_debugger_answer {
	unsigned long number; /**< how many there were */
	const char *text;
};
FXM_API extern struct fxm_debugger_answer fxm_debugger_answer;

/**
 * The temporary mappings of each CPU, innermost last; those of tasks that sit on none; the used slots of the kmap pool; the early
 * mappings. Each with its address, its frame, and the place that mapped it.
 */
FXM_API const char *fxm_debugger_mappings(void);

/** How @address, simulated or a host pointer into the window, translates: every level's entry, decoded. As fxm_walk_describe(). */
FXM_API const char *fxm_debugger_walk(uint64_t address);

/** What @address, as above, is: which mapping, and by whom it was mapped and unmapped, as far as that was recorded. */
FXM_API const char *fxm_debugger_who(uint64_t address);

#ifdef __cplusplus
}
#endif

#endif
