/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_STDDEF_H
#define FXM_KERNEL_LINUX_STDDEF_H

#include <linux/types.h>

#endif
