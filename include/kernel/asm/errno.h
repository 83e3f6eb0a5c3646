/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_ERRNO_H
#define FXM_KERNEL_ASM_ERRNO_H

#include <linux/errno.h>

#endif
