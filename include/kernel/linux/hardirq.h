/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_HARDIRQ_H
#define FXM_KERNEL_LINUX_HARDIRQ_H

#include <linux/preempt.h>

#endif
