/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_GENERIC_EARLY_IOREMAP_H
#define FXM_KERNEL_ASM_GENERIC_EARLY_IOREMAP_H

/* What every architecture shares of it is not apart from the rest here. */
#include <asm/early_ioremap.h>

#endif
