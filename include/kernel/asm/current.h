/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_CURRENT_H
#define FXM_KERNEL_ASM_CURRENT_H

#include <linux/sched.h>

#endif
