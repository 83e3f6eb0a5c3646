/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_KTIME_H
#define FXM_KERNEL_LINUX_KTIME_H

#if __has_include_next(<linux/ktime.h>)
#include_next <linux/ktime.h>
#else

/* Simulated time, in nanoseconds. */

#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/types.h>

typedef s64 ktime_t;

#define NSEC_PER_USEC 1000L
#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_SEC 1000000000L
#define USEC_PER_MSEC 1000L
#define USEC_PER_SEC 1000000L
#define MSEC_PER_SEC 1000L

#define ktime_get() ((ktime_t)(jiffies * (NSEC_PER_SEC / HZ)))
#define ktime_get_ns() ((u64)ktime_get())
#define ktime_get_real() ktime_get()
#define ktime_get_real_ns() ktime_get_ns()
#define ktime_get_boottime() ktime_get()
#define ktime_get_seconds() (ktime_get() / NSEC_PER_SEC)
#define ktime_get_real_seconds() ktime_get_seconds()
#define local_clock() ktime_get_ns()
#define sched_clock() ktime_get_ns()
#define ktime_set(seconds, ns) ((ktime_t)((seconds)*NSEC_PER_SEC + (s64)(ns)))
#define ktime_sub(a, b) ((a) - (b))
#define ktime_add(a, b) ((a) + (b))
#define ktime_add_ns(t, ns) ((t) + (s64)(ns))
#define ktime_to_ns(t) ((s64)(t))
#define ktime_to_us(t) ((t) / NSEC_PER_USEC)
#define ktime_to_ms(t) ((t) / NSEC_PER_MSEC)
#define ktime_us_delta(later, earlier) ktime_to_us(ktime_sub(later, earlier))
#define ktime_ms_delta(later, earlier) ktime_to_ms(ktime_sub(later, earlier))
#define ktime_before(a, b) ((a) < (b))
#define ktime_after(a, b) ((a) > (b))
#define ns_to_ktime(ns) ((ktime_t)(ns))
#define ms_to_ktime(ms) ((ktime_t)((ms)*NSEC_PER_MSEC))

#endif
#endif
