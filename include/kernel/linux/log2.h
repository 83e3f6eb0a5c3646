/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_LOG2_H
#define FXM_KERNEL_LINUX_LOG2_H

/* Powers of two. Of constants they are constants. */

#include <linux/compiler.h>
#include <linux/types.h>

#define ilog2(n) (63 - __builtin_clzll((unsigned long long)(n)))
#define order_base_2(n) ((n) > 1 ? ilog2((n)-1) + 1 : 0)
#define roundup_pow_of_two(n) (1UL << order_base_2((unsigned long)(n)))
#define rounddown_pow_of_two(n) (1UL << ilog2((unsigned long)(n)))
#define bits_per(n) ((n) ? ilog2(n) + 1 : 1)
#define const_ilog2(n) ilog2(n)

FXM_K_INLINE bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

#endif
