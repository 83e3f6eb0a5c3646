/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_ATOMIC_H
#define FXM_KERNEL_ASM_ATOMIC_H

#include <linux/atomic.h>

#endif
