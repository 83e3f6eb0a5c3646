/* SPDX-License-Identifier: MIT */
#ifndef FXM_WINDOW_H
#define FXM_WINDOW_H

/*
 * The window: a range of the host's address space in which ordinary C code can dereference simulated addresses. Its
 * segments (direct map, pkmap, fixmap) lie at the simulated kernel's own addresses when the machine has identity
 * addresses, else at base + simulated with the low 32 bits kept. Pages appear at the first dereference: the SIGSEGV
 * handler walks the simulated page table, maps the frame and retries; the host's page table is a second-level TLB.
 *
 * The window is one TLB for all vCPUs: which vCPU sees a stale entry is exact in the explicit tier (mmu.h) only.
 *
 * Context of all: any thread. Host pointers are valid as long as the machine; what they reach changes with its mappings. Models
 * nothing of the kernel: on its machines a pointer is an address.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fxm_window_mode {
	FXM_WINDOW_OFF,		/**< no direct access */
	FXM_WINDOW_STRICT,	/**< a page goes when its mapping ends; every use after unmap is seen */
	FXM_WINDOW_RETAIN,	/**< a page stays until its slot gets another frame; fastest */
	FXM_WINDOW_CHECKED = 4, /**< code that is compiled with checks has each access judged before it is made; else as strict */
	FXM_WINDOW_EAGER = 3	/**< as strict, but mapped at map time: for debuggers and system calls */
};

/** The mode of @m's window, and whether its addresses are the simulated ones. */
FXM_API enum fxm_window_mode fxm_window_mode(const struct fxm_machine *m);
FXM_API bool fxm_window_is_identity(const struct fxm_machine *m);

/**
 * The host pointer for simulated address @va, or NULL when the window is off or @va lies in none of its segments. Where its first
 * use will fault, the SIGSEGV handler is put back in front (fxm_window_rearm()).
 */
FXM_API void *fxm_host(const struct fxm_machine *m, fxm_va va);

/**
 * The simulated address of a host pointer into @m's window; any other pointer gives its own value (so %px of NULL is 0).
 * Errors: none.
 */
FXM_API fxm_va fxm_va_of_host(const struct fxm_machine *m, const void *host);

/**
 * Makes the mapped pages of the @len bytes at @va resident, as a dereference of each would (writable where the PTE allows), so
 * that they can be handed to system calls.
 * Context: the thread that sits on @cpu. Errors: -EFAULT a page is not mapped (the earlier ones are resident), -ENOTSUP no window.
 */
FXM_API int fxm_prefault(struct fxm_vcpu *cpu, fxm_va va, size_t len);

/**
 * Puts the SIGSEGV handler back in front after a test framework or library replaced it; the other one is chained to. The library
 * does it itself wherever it hands out a pointer whose first use will fault, and at fxm_attach(), machine creation and task
 * start; a program that uses an older, never touched pointer under a new handler asks for it here.
 */
FXM_API void fxm_window_rearm(void);

/** What the window did so far. */
struct fxm_window_stats {
	uint64_t faults;       /**< SIGSEGVs that a walk answered or reported */
	uint64_t system_calls; /**< mmap, mprotect calls made for residency */
	uint64_t resident;     /**< lazily mapped pages now */
};

/** Reads the statistics. Context: any thread; the numbers are a snapshot. */
FXM_API void fxm_get_window_stats(const struct fxm_machine *m, struct fxm_window_stats *out);

#ifdef __cplusplus
}
#endif

#endif
