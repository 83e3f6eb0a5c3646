/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_VMALLOC_H
#define FXM_KERNEL_LINUX_VMALLOC_H

#include <asm/pgtable.h>

#endif
