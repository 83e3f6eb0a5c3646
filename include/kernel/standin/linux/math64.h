/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MATH64_H
#define FXM_KERNEL_LINUX_MATH64_H

#if __has_include_next(<linux/math64.h>)
#include_next <linux/math64.h>
#else

#include <linux/types.h>

#define div64_u64(n, d) ((u64)(n) / (u64)(d))
#define div64_s64(n, d) ((s64)(n) / (s64)(d))
#define div64_ul(n, d) ((u64)(n) / (unsigned long)(d))
#define div_u64(n, d) ((u64)(n) / (u32)(d))
#define div_s64(n, d) ((s64)(n) / (s32)(d))

FXM_K_INLINE u64 div_u64_rem(u64 n, u32 d, u32 *rest)
{
	*rest = (u32)(n % d);
	return n / d;
}

/* The quotient stays in @n, the rest is the value. */
#ifndef do_div
#define do_div(n, d)                                                                                                               \
	({                                                                                                                         \
		u32 fxm_divisor_ = (u32)(d), fxm_rest_ = (u32)((n) % fxm_divisor_);                                                \
		(n) /= fxm_divisor_;                                                                                               \
		fxm_rest_;                                                                                                         \
	})
#endif
#endif

#endif
