/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_INTERRUPT_H
#define FXM_KERNEL_LINUX_INTERRUPT_H

#include <linux/preempt.h>

#endif
