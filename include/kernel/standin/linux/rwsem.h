/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_RWSEM_H
#define FXM_KERNEL_LINUX_RWSEM_H

#if __has_include_next(<linux/rwsem.h>)
#include_next <linux/rwsem.h>
#else

/* A sleeping lock for several readers or one writer. */

#include <linux/atomic.h>
#include <linux/wait.h>

struct rw_semaphore {
	atomic_t users; /* readers; -1: a writer */
	struct wait_queue_head wait;
};

#define __RWSEM_INITIALIZER(name)                                                                                                  \
	{                                                                                                                          \
		.users = ATOMIC_INIT(0), .wait = __WAIT_QUEUE_HEAD_INITIALIZER((name).wait)                                        \
	}
#define DECLARE_RWSEM(name) struct rw_semaphore name = __RWSEM_INITIALIZER(name)

FXM_K_INLINE void init_rwsem(struct rw_semaphore *sem)
{
	atomic_set(&sem->users, 0);
	init_waitqueue_head(&sem->wait);
}

FXM_K_INLINE int down_read_trylock(struct rw_semaphore *sem)
{
	int n = atomic_read(&sem->users);

	while (n >= 0 && !atomic_try_cmpxchg(&sem->users, &n, n + 1))
		;
	return n >= 0;
}

FXM_K_INLINE int down_write_trylock(struct rw_semaphore *sem)
{
	return !atomic_cmpxchg(&sem->users, 0, -1);
}

FXM_K_INLINE void up_read(struct rw_semaphore *sem)
{
	WARN_ON(atomic_read(&sem->users) <= 0);
	atomic_dec(&sem->users);
	wake_up(&sem->wait);
}

FXM_K_INLINE void up_write(struct rw_semaphore *sem)
{
	WARN_ON(atomic_read(&sem->users) != -1);
	atomic_set(&sem->users, 0);
	wake_up(&sem->wait);
}

FXM_K_INLINE void downgrade_write(struct rw_semaphore *sem)
{
	atomic_set(&sem->users, 1);
	wake_up(&sem->wait);
}

#define down_read(sem) wait_event((sem)->wait, down_read_trylock(sem))
#define down_write(sem) wait_event((sem)->wait, down_write_trylock(sem))
#define down_read_interruptible(sem) (down_read(sem), 0)
#define down_read_killable(sem) (down_read(sem), 0)
#define down_write_killable(sem) (down_write(sem), 0)
#define down_read_nested(sem, subclass) down_read(sem)
#define down_write_nested(sem, subclass) down_write(sem)
#define rwsem_is_locked(sem) (atomic_read(&(sem)->users) != 0)

#endif
#endif
