/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SPINLOCK_TYPES_H
#define FXM_KERNEL_LINUX_SPINLOCK_TYPES_H

/* What a spinlock is; <linux/spinlock.h> has what is done with it. */

#include <linux/types.h>
#if __has_include(<linux/lockdep_types.h>)
#include <linux/lockdep_types.h>
#endif

typedef struct {
	struct fxm_k_lock rlock;
} spinlock_t;

typedef spinlock_t raw_spinlock_t;

/* <linux/rwlock.h> */
typedef struct {
	atomic_t readers; /* or a writer, -1 */
} rwlock_t;
#define __RW_LOCK_UNLOCKED(name)                                                                                                   \
	{                                                                                                                          \
		{                                                                                                                  \
			0                                                                                                          \
		}                                                                                                                  \
	}
#define DEFINE_RWLOCK(name) rwlock_t name = __RW_LOCK_UNLOCKED(name)

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
