/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_DELAY_H
#define FXM_KERNEL_LINUX_DELAY_H

/* Stand-ins: simulated time does not pass, so delays return at once; those that sleep give the CPU away. */

#include <linux/sched.h>

#define ndelay(n) ((void)(n))
#define udelay(n) ((void)(n))
#define mdelay(n) ((void)(n))
#define usleep_range(least, most) ((void)(least), (void)(most), (void)cond_resched())
#define msleep(n) ((void)(n), (void)cond_resched())
#define ssleep(n) ((void)(n), (void)cond_resched())

#endif
