/* SPDX-License-Identifier: MIT */
#ifndef FXMI_COMPILER_H
#define FXMI_COMPILER_H

/*
 * Words for the compiler.
 */

#if defined(__SANITIZE_THREAD__)
#define FXMI_UNDER_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FXMI_UNDER_TSAN
#endif
#endif

/*
 * A word that one thread writes, its owner, and others look at as it stands, by fxmi_read_once(). An aligned word is stored as a
 * whole anyway, and the compiler may add to a plain one in one instruction; so the hot paths store plainly, and ThreadSanitizer is
 * told. The owner reads it plainly. Nothing else is ordered by it.
 */
#define fxmi_read_once(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#ifdef FXMI_UNDER_TSAN
#define fxmi_write_once(x, value) __atomic_store_n(&(x), value, __ATOMIC_RELAXED)
#else
#define fxmi_write_once(x, value) ((void)((x) = (value)))
#endif

#define fxmi_likely(x) __builtin_expect(!!(x), 1)
#define fxmi_unlikely(x) __builtin_expect(!!(x), 0)
#define FXMI_COLD __attribute__((cold, noinline))
#define FXMI_INLINE static inline __attribute__((always_inline))

#endif
