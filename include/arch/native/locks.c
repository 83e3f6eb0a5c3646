/* SPDX-License-Identifier: MIT */

/* Locks. The call of the library is the last thing a function here does where it can be: then the place is the caller's. */

#include "native.h"

#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched/debug.h>
#include <linux/semaphore.h>
#include <linux/spinlock.h>
#include <linux/ww_mutex.h>

static inline struct fxm_k_lock *of_spinlock(raw_spinlock_t *lock)
{
	return (struct fxm_k_lock *)&lock->raw_lock;
}

/* ---- spinlocks ---- */

void __lockfunc _raw_spin_lock(raw_spinlock_t *lock)
{
	fxm_k_spin_lock(of_spinlock(lock));
}

void __lockfunc _raw_spin_lock_irq(raw_spinlock_t *lock)
{
	fxm_irq_disable(fxm_k_cpu());
	fxm_k_spin_lock(of_spinlock(lock));
}

void __lockfunc _raw_spin_lock_bh(raw_spinlock_t *lock)
{
	fxm_k_local_bh_disable();
	fxm_k_spin_lock(of_spinlock(lock));
}

unsigned long __lockfunc _raw_spin_lock_irqsave(raw_spinlock_t *lock)
{
	unsigned long flags = fxm_arch_irq_flags();

	fxm_irq_disable(fxm_k_cpu());
	fxm_k_spin_lock(of_spinlock(lock));
	return flags;
}

int __lockfunc _raw_spin_trylock(raw_spinlock_t *lock)
{
	return fxm_k_spin_trylock(of_spinlock(lock));
}

int __lockfunc _raw_spin_trylock_bh(raw_spinlock_t *lock)
{
	fxm_k_local_bh_disable();
	if (fxm_k_spin_trylock(of_spinlock(lock)))
		return 1;
	fxm_k_local_bh_enable();
	return 0;
}

void __lockfunc _raw_spin_unlock(raw_spinlock_t *lock)
{
	fxm_k_spin_unlock(of_spinlock(lock));
}

void __lockfunc _raw_spin_unlock_irq(raw_spinlock_t *lock)
{
	fxm_k_spin_unlock(of_spinlock(lock));
	fxm_irq_enable(fxm_k_cpu());
}

void __lockfunc _raw_spin_unlock_bh(raw_spinlock_t *lock)
{
	fxm_k_spin_unlock(of_spinlock(lock));
	fxm_k_local_bh_enable();
}

void __lockfunc _raw_spin_unlock_irqrestore(raw_spinlock_t *lock, unsigned long flags)
{
	fxm_k_spin_unlock(of_spinlock(lock));
	fxm_arch_irq_restore(flags);
}

/* ---- locks for several readers or one writer ---- */

#define NATIVE_RWLOCK(kind)                                                                                                        \
	void __lockfunc _raw_##kind##_lock(rwlock_t *lock)                                                                         \
	{                                                                                                                          \
		fxm_preempt_disable(fxm_k_cpu());                                                                                  \
		arch_##kind##_lock(&lock->raw_lock);                                                                               \
	}                                                                                                                          \
	void __lockfunc _raw_##kind##_lock_irq(rwlock_t *lock)                                                                     \
	{                                                                                                                          \
		fxm_irq_disable(fxm_k_cpu());                                                                                      \
		_raw_##kind##_lock(lock);                                                                                          \
	}                                                                                                                          \
	void __lockfunc _raw_##kind##_lock_bh(rwlock_t *lock)                                                                      \
	{                                                                                                                          \
		fxm_k_local_bh_disable();                                                                                          \
		_raw_##kind##_lock(lock);                                                                                          \
	}                                                                                                                          \
	unsigned long __lockfunc _raw_##kind##_lock_irqsave(rwlock_t *lock)                                                        \
	{                                                                                                                          \
		unsigned long flags = fxm_arch_irq_flags();                                                                        \
		_raw_##kind##_lock_irq(lock);                                                                                      \
		return flags;                                                                                                      \
	}                                                                                                                          \
	int __lockfunc _raw_##kind##_trylock(rwlock_t *lock)                                                                       \
	{                                                                                                                          \
		fxm_preempt_disable(fxm_k_cpu());                                                                                  \
		if (arch_##kind##_trylock(&lock->raw_lock))                                                                        \
			return 1;                                                                                                  \
		fxm_preempt_enable(fxm_k_cpu());                                                                                   \
		return 0;                                                                                                          \
	}                                                                                                                          \
	void __lockfunc _raw_##kind##_unlock(rwlock_t *lock)                                                                       \
	{                                                                                                                          \
		arch_##kind##_unlock(&lock->raw_lock);                                                                             \
		fxm_preempt_enable(fxm_k_cpu());                                                                                   \
	}                                                                                                                          \
	void __lockfunc _raw_##kind##_unlock_irq(rwlock_t *lock)                                                                   \
	{                                                                                                                          \
		_raw_##kind##_unlock(lock);                                                                                        \
		fxm_irq_enable(fxm_k_cpu());                                                                                       \
	}                                                                                                                          \
	void __lockfunc _raw_##kind##_unlock_bh(rwlock_t *lock)                                                                    \
	{                                                                                                                          \
		_raw_##kind##_unlock(lock);                                                                                        \
		fxm_k_local_bh_enable();                                                                                           \
	}                                                                                                                          \
	void __lockfunc _raw_##kind##_unlock_irqrestore(rwlock_t *lock, unsigned long flags)                                       \
	{                                                                                                                          \
		_raw_##kind##_unlock(lock);                                                                                        \
		fxm_arch_irq_restore(flags);                                                                                       \
	}
NATIVE_RWLOCK(read)
NATIVE_RWLOCK(write)

/* ---- mutexes ---- */

/* Owner and wait_lock of the tree's structure: all zero when nobody holds it. */
static inline struct fxm_k_lock *of_mutex(struct mutex *lock)
{
	BUILD_BUG_ON(offsetof(struct mutex, owner) != 0 || offsetof(struct mutex, wait_list) < 16);
	return (struct fxm_k_lock *)lock;
}

void __mutex_init(struct mutex *lock, const char *name, struct lock_class_key *key)
{
	memset(lock, 0, sizeof(*lock));
	INIT_LIST_HEAD(&lock->wait_list);
}

void __sched mutex_lock(struct mutex *lock)
{
	fxm_k_mutex_lock(of_mutex(lock), "kernel/locking/mutex.c");
}

void __sched mutex_lock_io(struct mutex *lock)
{
	fxm_k_mutex_lock(of_mutex(lock), "kernel/locking/mutex.c");
}

int __sched mutex_lock_interruptible(struct mutex *lock)
{
	fxm_k_mutex_lock(of_mutex(lock), "kernel/locking/mutex.c");
	return 0;
}

int __sched mutex_lock_killable(struct mutex *lock)
{
	fxm_k_mutex_lock(of_mutex(lock), "kernel/locking/mutex.c");
	return 0;
}

int __sched mutex_trylock(struct mutex *lock)
{
	return fxm_k_mutex_trylock(of_mutex(lock));
}

void __sched mutex_unlock(struct mutex *lock)
{
	fxm_k_mutex_unlock(of_mutex(lock));
}

bool mutex_is_locked(struct mutex *lock)
{
	return READ_ONCE(*(unsigned int *)lock) != 0;
}

int atomic_dec_and_mutex_lock(atomic_t *count, struct mutex *lock)
{
	if (atomic_add_unless(count, -1, 1))
		return 0;
	mutex_lock(lock);
	if (atomic_dec_and_test(count))
		return 1;
	mutex_unlock(lock);
	return 0;
}

int __sched ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	mutex_lock((struct mutex *)&lock->base);
	lock->ctx = ctx;
	return 0;
}

int __sched ww_mutex_lock_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	return ww_mutex_lock(lock, ctx);
}

int __must_check ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	int taken = mutex_trylock((struct mutex *)&lock->base);

	if (taken)
		lock->ctx = ctx;
	return taken;
}

void ww_mutex_unlock(struct ww_mutex *lock)
{
	lock->ctx = NULL;
	mutex_unlock((struct mutex *)&lock->base);
}

/* ---- rw_semaphores: -1 in the count is a writer, else there are so many readers ---- */

static bool take_read(struct rw_semaphore *sem)
{
	long count = atomic_long_read(&sem->count);

	return count >= 0 && atomic_long_try_cmpxchg(&sem->count, &count, count + 1);
}

static bool take_write(struct rw_semaphore *sem)
{
	long count = 0;

	if (!atomic_long_try_cmpxchg(&sem->count, &count, -1))
		return false;
	atomic_long_set(&sem->owner, (long)current);
	return true;
}

static void wait_for(struct rw_semaphore *sem, bool (*take)(struct rw_semaphore *sem), const char *what)
{
	fxm_k_might_sleep("kernel/locking/rwsem.c");
	while (!take(sem)) {
		fxm_k_prepare_to_wait(sem, TASK_UNINTERRUPTIBLE, what);
		if (take(sem)) {
			fxm_k_finish_wait(sem);
			return;
		}
		fxm_k_schedule();
		fxm_k_finish_wait(sem);
	}
}

void __init_rwsem(struct rw_semaphore *sem, const char *name, struct lock_class_key *key)
{
	memset(sem, 0, sizeof(*sem));
	raw_spin_lock_init(&sem->wait_lock);
	INIT_LIST_HEAD(&sem->wait_list);
}

void __sched down_read(struct rw_semaphore *sem)
{
	wait_for(sem, take_read, "down_read");
}

int __sched down_read_interruptible(struct rw_semaphore *sem)
{
	wait_for(sem, take_read, "down_read_interruptible");
	return 0;
}

int __sched down_read_killable(struct rw_semaphore *sem)
{
	wait_for(sem, take_read, "down_read_killable");
	return 0;
}

int down_read_trylock(struct rw_semaphore *sem)
{
	return take_read(sem);
}

void __sched down_write(struct rw_semaphore *sem)
{
	wait_for(sem, take_write, "down_write");
}

int __sched down_write_killable(struct rw_semaphore *sem)
{
	wait_for(sem, take_write, "down_write_killable");
	return 0;
}

int down_write_trylock(struct rw_semaphore *sem)
{
	return take_write(sem);
}

void up_read(struct rw_semaphore *sem)
{
	atomic_long_dec(&sem->count);
	fxm_k_wake_up(sem);
}

void up_write(struct rw_semaphore *sem)
{
	atomic_long_set(&sem->owner, 0);
	atomic_long_set(&sem->count, 0);
	fxm_k_wake_up(sem);
}

void downgrade_write(struct rw_semaphore *sem)
{
	atomic_long_set(&sem->owner, 0);
	atomic_long_set(&sem->count, 1);
	fxm_k_wake_up(sem);
}

/* ---- semaphores ---- */

void __sched down(struct semaphore *sem)
{
	fxm_k_might_sleep("kernel/locking/semaphore.c");
	for (;;) {
		unsigned int count = READ_ONCE(sem->count);
		if (count && __sync_bool_compare_and_swap(&sem->count, count, count - 1))
			return;
		fxm_k_prepare_to_wait(sem, TASK_UNINTERRUPTIBLE, "down");
		if (!READ_ONCE(sem->count))
			fxm_k_schedule();
		fxm_k_finish_wait(sem);
	}
}

int __sched down_interruptible(struct semaphore *sem)
{
	down(sem);
	return 0;
}

int __sched down_killable(struct semaphore *sem)
{
	down(sem);
	return 0;
}

int __sched down_trylock(struct semaphore *sem)
{
	unsigned int count = READ_ONCE(sem->count);

	return !(count && __sync_bool_compare_and_swap(&sem->count, count, count - 1));
}

void __sched up(struct semaphore *sem)
{
	__sync_fetch_and_add(&sem->count, 1);
	fxm_k_wake_up(sem);
}
