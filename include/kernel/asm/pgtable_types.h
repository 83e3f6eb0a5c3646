/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_PGTABLE_TYPES_H
#define FXM_KERNEL_ASM_PGTABLE_TYPES_H

#include <asm/pgtable.h>

#endif
