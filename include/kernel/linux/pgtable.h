/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PGTABLE_H
#define FXM_KERNEL_LINUX_PGTABLE_H

#include <asm/pgtable.h>

#endif
