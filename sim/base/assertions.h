/* SPDX-License-Identifier: MIT */
#ifndef FXMI_ASSERTIONS_H
#define FXMI_ASSERTIONS_H

/*
 * Our own bugs. Three levels: fxm_assert always; fxm_assert_internal unless NDEBUG; fxm_assert_expensive with FXM_EXPENSIVE_CHECKS.
 */

_Noreturn void fxmi_assert_failed(const char *expr, const char *file, int line);

#define fxm_assert(e) ((e) ? (void)0 : fxmi_assert_failed(#e, __FILE__, __LINE__))
#ifdef NDEBUG
#define fxm_assert_internal(e) ((void)0)
#else
#define fxm_assert_internal(e) fxm_assert(e)
#endif
#ifdef FXM_EXPENSIVE_CHECKS
#define fxm_assert_expensive(e) fxm_assert(e)
#else
#define fxm_assert_expensive(e) ((void)0)
#endif

#endif
