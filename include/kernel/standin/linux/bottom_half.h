/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_BOTTOM_HALF_H
#define FXM_KERNEL_LINUX_BOTTOM_HALF_H

#include <linux/preempt.h>

#endif
