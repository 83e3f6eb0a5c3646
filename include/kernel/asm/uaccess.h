/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_UACCESS_H
#define FXM_KERNEL_ASM_UACCESS_H

#include <linux/uaccess.h>

#endif
