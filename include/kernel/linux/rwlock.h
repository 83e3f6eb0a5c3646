/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_RWLOCK_H
#define FXM_KERNEL_LINUX_RWLOCK_H

/* Spinlocks that several readers may hold, or one writer. */

#include <linux/atomic.h>
#include <linux/preempt.h>
#include <linux/spinlock_types.h>

#define FXM_K_WRITER (-1)

FXM_K_INLINE void rwlock_init(rwlock_t *lock)
{
	atomic_set(&lock->readers, 0);
}

FXM_K_INLINE int read_trylock(rwlock_t *lock)
{
	int readers = atomic_read(&lock->readers);

	preempt_disable();
	if (readers != FXM_K_WRITER && atomic_cmpxchg(&lock->readers, readers, readers + 1) == readers)
		return 1;
	preempt_enable();
	return 0;
}

FXM_K_INLINE int write_trylock(rwlock_t *lock)
{
	preempt_disable();
	if (atomic_cmpxchg(&lock->readers, 0, FXM_K_WRITER) == 0)
		return 1;
	preempt_enable();
	return 0;
}

FXM_K_INLINE void read_lock(rwlock_t *lock)
{
	while (!read_trylock(lock))
		barrier();
}

FXM_K_INLINE void write_lock(rwlock_t *lock)
{
	while (!write_trylock(lock))
		barrier();
}

FXM_K_INLINE void read_unlock(rwlock_t *lock)
{
	atomic_dec_return(&lock->readers);
	preempt_enable();
}

FXM_K_INLINE void write_unlock(rwlock_t *lock)
{
	atomic_xchg(&lock->readers, 0);
	preempt_enable();
}

#define read_lock_irq(lock) (local_irq_disable(), read_lock(lock))
#define read_unlock_irq(lock) (read_unlock(lock), local_irq_enable())
#define write_lock_irq(lock) (local_irq_disable(), write_lock(lock))
#define write_unlock_irq(lock) (write_unlock(lock), local_irq_enable())
#define read_lock_bh(lock) (local_bh_disable(), read_lock(lock))
#define read_unlock_bh(lock) (read_unlock(lock), local_bh_enable())
#define write_lock_bh(lock) (local_bh_disable(), write_lock(lock))
#define write_unlock_bh(lock) (write_unlock(lock), local_bh_enable())
#define read_lock_irqsave(lock, flags) (local_irq_save(flags), read_lock(lock))
#define read_unlock_irqrestore(lock, flags) (read_unlock(lock), local_irq_restore(flags))
#define write_lock_irqsave(lock, flags) (local_irq_save(flags), write_lock(lock))
#define write_unlock_irqrestore(lock, flags) (write_unlock(lock), local_irq_restore(flags))

#endif
