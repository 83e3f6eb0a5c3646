/* SPDX-License-Identifier: MIT */
#ifndef FXM_TYPES_H
#define FXM_TYPES_H

/*
 * The vocabulary of libfixmap: address kinds, error convention, opaque objects.
 *
 * Addresses of different kinds are different types, so mixing them up does not compile. All of them are *simulated*
 * addresses: an fxm_va is what the simulated kernel would print with %px, never a host pointer (window.h converts).
 *
 * Errors: a caller's mistake or a lack of memory is a negative errno value; `errno` itself is never touched. A function
 * that returns an address returns such an error inside the address (fxm_va_error() tells), as the kernel's ERR_PTR does.
 * What the *simulated kernel* complains about (BUG, WARN, oops) is never a return value: it is a report (report.h).
 *
 * Context of all functions of this header: any thread, signal handlers too. Models nothing of the kernel.
 */

#include <fixmap/deprecated.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FXM_API __attribute__((visibility("default")))
#else
#define FXM_API
#endif

/** A simulated virtual address. 32-bit profiles use the low 32 bits. */
typedef struct fxm_va {
	uint64_t v;
} fxm_va;

/** A simulated physical address. */
typedef struct fxm_pa {
	uint64_t v;
} fxm_pa;

/** A page-table entry as the hardware reads it; 32-bit entries are zero-extended. Also used for protection bits. */
typedef struct fxm_pte {
	uint64_t v;
} fxm_pte;

/** A whole simulated computer with its kernel. Created by fxm_machine_create() (machine.h). */
struct fxm_machine;
/** A virtual CPU: a seat on which at most one task runs at a time (task.h). */
struct fxm_vcpu;
/** A flow of control: stack plus state, carried by a host thread or a fibre (task.h). */
struct fxm_task;
/** The `struct page` of one simulated frame (memory.h). The kernel tier's `struct page` is the same object. */
struct fxm_page;
/** The settings of a machine before it exists (config.h). */
struct fxm_config;
/** The address-space layout that follows from a config (layout.h). */
struct fxm_layout;

/** Smallest page size of every profile's host window and of all x86 and arm profiles. */
#define FXM_PAGE_SHIFT 12
#define FXM_PAGE_SIZE 4096u

/** @v as a simulated virtual address. */
static inline fxm_va fxm_va_of(uint64_t v)
{
	fxm_va a;
	a.v = v;
	return a;
}

/** @v as a simulated physical address. */
static inline fxm_pa fxm_pa_of(uint64_t v)
{
	fxm_pa a;
	a.v = v;
	return a;
}

/** @v as a page-table entry, or as bits of protection. */
static inline fxm_pte fxm_pte_of(uint64_t v)
{
	fxm_pte a;
	a.v = v;
	return a;
}

/** The error that a returned address stands for: 0 for a real address, else a negative errno value. */
static inline int fxm_va_error(fxm_va va)
{
	return va.v >= (uint64_t)-4095 ? (int)(int64_t)va.v : 0;
}

/**
 * One line of English for a negative errno value returned by this library.
 * Context: any thread. Ownership: static storage, never freed, never NULL.
 */
FXM_API const char *fxm_strerror(int error);

#ifdef __cplusplus
}
#endif

#endif
