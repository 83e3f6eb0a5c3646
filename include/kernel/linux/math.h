/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MATH_H
#define FXM_KERNEL_LINUX_MATH_H

#include <linux/kernel.h>

#endif
