/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_BARRIER_H
#define FXM_KERNEL_ASM_BARRIER_H

#include <linux/atomic.h>

#endif
