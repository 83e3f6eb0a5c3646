/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_BUG_H
#define FXM_KERNEL_ASM_BUG_H

#include <linux/bug.h>

#endif
