/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_TIMEKEEPING_H
#define FXM_KERNEL_LINUX_TIMEKEEPING_H

#if __has_include_next(<linux/timekeeping.h>)
#include_next <linux/timekeeping.h>
#else

#include <linux/ktime.h>

#endif
#endif
