/* SPDX-License-Identifier: MIT */
#ifndef FXM_PROFILES_FIXED_ADDRESSES_H
#define FXM_PROFILES_FIXED_ADDRESSES_H

/*
 * enum fixed_addresses of the profile that this is compiled for, with the flags of `fixmap cflags`. For hand-written kernel headers
 * and for a kernel tree's own alike: FXM_CONST rows are constants before it, and
 * IS_ENABLED(), NR_CPUS and PAGE_SHIFT are known.
 */

#include <fixmap/profiles/profile_def.h>

enum fixed_addresses {
#define FXM_FIX(name, cond) FXM_IF_ON(cond)(name,)
#define FXM_FIX_GROUP(first, last, slots, cond) FXM_IF_ON(cond)(first, last = first + (slots)-1,)
#define FXM_FIX_AT(name, expr, cond) FXM_IF_ON(cond)(name = (expr),)
#define FXM_FIX_MARK(name) name,
#include <fixmap/profiles/rows.h>
#include FXM_KERNEL_PROFILE_DEF
#include <fixmap/profiles/rows_end.h>
};

#endif
