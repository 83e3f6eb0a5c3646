/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MUTEX_H
#define FXM_KERNEL_LINUX_MUTEX_H

/* Sleeping locks: might_sleep(), then the CPU is given away until the lock is free. */

#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/types.h>

struct mutex {
	struct fxm_k_lock lock;
};

#define __MUTEX_INITIALIZER(name)                                                                                                  \
	{                                                                                                                          \
		{                                                                                                                  \
			0, 0                                                                                                       \
		}                                                                                                                  \
	}
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)

FXM_K_INLINE void mutex_init(struct mutex *mutex)
{
	mutex->lock = (struct fxm_k_lock){0, 0};
}

#define mutex_lock(mutex) fxm_k_mutex_lock(&(mutex)->lock, FXM_K_WHERE)
#define mutex_lock_interruptible(mutex) (mutex_lock(mutex), 0)
/* Lock validation is not simulated: a class of nested locks is any lock. */
#define mutex_lock_nested(mutex, subclass) mutex_lock(mutex)
#define mutex_lock_io(mutex) mutex_lock(mutex)
#define mutex_lock_killable(mutex) mutex_lock_interruptible(mutex)
#define mutex_lock_interruptible_nested(mutex, subclass) mutex_lock_interruptible(mutex)
#define mutex_trylock(mutex) fxm_k_mutex_trylock(&(mutex)->lock)
#define mutex_unlock(mutex) fxm_k_mutex_unlock(&(mutex)->lock)
#define mutex_is_locked(mutex) ((mutex)->lock.taken != 0)
#define mutex_destroy(mutex) ((void)(mutex))

#endif
