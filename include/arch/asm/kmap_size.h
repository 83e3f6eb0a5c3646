/* SPDX-License-Identifier: MIT */
#ifndef _ASM_KMAP_SIZE_H
#define _ASM_KMAP_SIZE_H

/*
 * The profile's constants: how many slots of each kind there are. Their enumerators have names of their own, since the tree has
 * some of the profile's as macros.
 */

#include <linux/threads.h>
#include <fixmap/profiles/profile_def.h>

#define KM_MAX_IDX fxm_const_KM_MAX_IDX
#define LAST_PKMAP fxm_const_LAST_PKMAP
#define NR_FIX_BTMAPS fxm_const_NR_FIX_BTMAPS
#define FIX_BTMAPS_SLOTS fxm_const_FIX_BTMAPS_SLOTS
#define TOTAL_FIX_BTMAPS fxm_const_TOTAL_FIX_BTMAPS
#define MAX_IO_APICS fxm_const_MAX_IO_APICS

enum fxm_constants {
#define FXM_CONST(name, expr) fxm_const_##name = (expr),
#include <fixmap/profiles/rows.h>
#include FXM_KERNEL_PROFILE_DEF
#include <fixmap/profiles/rows_end.h>
};

#endif
