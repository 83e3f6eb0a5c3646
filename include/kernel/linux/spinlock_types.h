/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SPINLOCK_TYPES_H
#define FXM_KERNEL_LINUX_SPINLOCK_TYPES_H

/* What a spinlock is; <linux/spinlock.h> has what is done with it. */

#include <linux/types.h>

typedef struct {
	struct fxm_k_lock rlock;
} spinlock_t;

typedef spinlock_t raw_spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name)                                                                                                 \
	{                                                                                                                          \
		{                                                                                                                  \
			0, 0                                                                                                       \
		}                                                                                                                  \
	}
#define __RAW_SPIN_LOCK_UNLOCKED(name) __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RAW_SPINLOCK(name) DEFINE_SPINLOCK(name)

#endif
