/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_JIFFIES_H
#define FXM_KERNEL_LINUX_JIFFIES_H

#if __has_include_next(<linux/jiffies.h>)
#include_next <linux/jiffies.h>
#else

/* Simulated time: it passes while tasks give the CPU away or look at it, and at once when all sleep. */

#include <asm/param.h>
#include <linux/limits.h>
#include <linux/types.h>

#define jiffies fxm_k_jiffies()
#define get_jiffies_64() ((u64)fxm_k_jiffies())
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)
#define MAX_JIFFY_OFFSET ((LONG_MAX >> 1) - 1)
#define msecs_to_jiffies(n) (((unsigned long)(n) * HZ + 999) / 1000)
#define usecs_to_jiffies(n) (((unsigned long)(n) * HZ + 999999) / 1000000)
#define jiffies_to_msecs(n) ((unsigned int)((unsigned long)(n) * 1000 / HZ))

#endif
#endif
