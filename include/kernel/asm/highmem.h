/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_HIGHMEM_H
#define FXM_KERNEL_ASM_HIGHMEM_H

#include <linux/highmem.h>

#endif
