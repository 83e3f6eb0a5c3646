/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_IRQFLAGS_H
#define FXM_KERNEL_LINUX_IRQFLAGS_H

#include <linux/preempt.h>

#endif
