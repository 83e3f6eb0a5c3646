/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PFN_H
#define FXM_KERNEL_LINUX_PFN_H

#include <linux/mm.h>

#endif
