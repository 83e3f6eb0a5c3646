/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_DELAY_H
#define FXM_KERNEL_LINUX_DELAY_H

/* Simulated time: who sleeps lets others run meanwhile, and wakes when nobody else can; busy waiting takes none. */

#include <linux/jiffies.h>
#include <linux/sched.h>

#define ndelay(n) ((void)(n))
#define udelay(n) ((void)(n))
#define mdelay(n) ((void)(n))
#define msleep(n) ((void)(might_sleep(), schedule_timeout_uninterruptible((long)(msecs_to_jiffies(n) + 1))))
#define msleep_interruptible(n) ((unsigned long)(msleep(n), 0))
#define ssleep(n) msleep(1000 * (n))
#define usleep_range(least, most) ((void)(most), msleep(((least) + 999) / 1000))
#define fsleep(n) usleep_range(n, n)

#endif
