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

#define fxmi_likely(x) __builtin_expect(!!(x), 1)
#define fxmi_unlikely(x) __builtin_expect(!!(x), 0)
#define FXMI_COLD __attribute__((cold, noinline))
#define FXMI_INLINE static inline __attribute__((always_inline))

#endif
