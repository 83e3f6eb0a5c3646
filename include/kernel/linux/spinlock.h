/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SPINLOCK_H
#define FXM_KERNEL_LINUX_SPINLOCK_H

/* Spinlocks between vCPUs. Taking one twice in a task is reported as the kernel's spinlock debugging does. */

#include <linux/atomic.h>
#include <linux/preempt.h>
#include <linux/rwlock.h>
#include <linux/spinlock_types.h>

#define SPIN_LOCK_UNLOCKED (spinlock_t) __SPIN_LOCK_UNLOCKED(old_style)

FXM_K_INLINE void spin_lock_init(spinlock_t *lock)
{
	lock->rlock = (struct fxm_k_lock){0, 0};
}

FXM_K_INLINE void spin_lock(spinlock_t *lock)
{
	fxm_k_spin_lock(&lock->rlock);
}

FXM_K_INLINE int spin_trylock(spinlock_t *lock)
{
	return fxm_k_spin_trylock(&lock->rlock);
}

FXM_K_INLINE void spin_unlock(spinlock_t *lock)
{
	fxm_k_spin_unlock(&lock->rlock);
}

FXM_K_INLINE int spin_is_locked(spinlock_t *lock)
{
	return lock->rlock.taken != 0;
}

/* Takes @lock only when the counter falls to 0. */
FXM_K_INLINE int atomic_dec_and_lock(atomic_t *counter, spinlock_t *lock)
{
	spin_lock(lock);
	if (atomic_dec_and_test(counter))
		return 1;
	spin_unlock(lock);
	return 0;
}

#define spin_lock_irq(lock) (local_irq_disable(), spin_lock(lock))
#define spin_unlock_irq(lock) (spin_unlock(lock), local_irq_enable())
#define spin_lock_irqsave(lock, flags) (local_irq_save(flags), spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags) (spin_unlock(lock), local_irq_restore(flags))
#define spin_lock_bh(lock) (local_bh_disable(), spin_lock(lock))
#define spin_unlock_bh(lock) (spin_unlock(lock), local_bh_enable())
#define raw_spin_lock_init(lock) spin_lock_init(lock)
#define raw_spin_lock(lock) spin_lock(lock)
#define raw_spin_unlock(lock) spin_unlock(lock)
#define raw_spin_lock_irqsave(lock, flags) spin_lock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags) spin_unlock_irqrestore(lock, flags)
#define raw_spin_lock_irq(lock) spin_lock_irq(lock)
#define raw_spin_unlock_irq(lock) spin_unlock_irq(lock)
#define raw_spin_trylock(lock) spin_trylock(lock)
#define spin_lock_nested(lock, subclass) spin_lock(lock)
#define spin_lock_nest_lock(lock, other) ((void)(other), spin_lock(lock))
#define assert_spin_locked(lock) BUG_ON(!spin_is_locked(lock))

#endif
