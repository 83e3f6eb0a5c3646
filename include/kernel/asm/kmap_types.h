/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_KMAP_TYPES_H
#define FXM_KERNEL_ASM_KMAP_TYPES_H

/* enum km_type where the profile has one, and KM_TYPE_NR, which is KM_MAX_IDX since 5.11. */
#include <fxm/unit.h>

#endif
