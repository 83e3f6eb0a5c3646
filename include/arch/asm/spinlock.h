/* SPDX-License-Identifier: MIT */
#ifndef _ASM_SPINLOCK_H
#define _ASM_SPINLOCK_H

/* Words that CPUs wait for; waiting gives the machine's other CPUs their turn. */

#include <linux/compiler.h>
#include <asm/fxm.h>
#include <asm/processor.h>
#include <asm/spinlock_types.h>

static inline int arch_spin_trylock(arch_spinlock_t *lock)
{
	return !__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE);
}

static inline void arch_spin_lock(arch_spinlock_t *lock)
{
	while (!arch_spin_trylock(lock))
		fxm_arch_relax();
}

static inline void arch_spin_unlock(arch_spinlock_t *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#define arch_spin_is_locked(lock) ((lock)->taken != 0)
#define arch_spin_is_contended(lock) ((void)(lock), 0)

static inline int arch_spin_value_unlocked(arch_spinlock_t lock)
{
	return !lock.taken;
}

static inline int arch_read_trylock(arch_rwlock_t *lock)
{
	int count = lock->count;

	return count >= 0 && __sync_bool_compare_and_swap(&lock->count, count, count + 1);
}

static inline int arch_write_trylock(arch_rwlock_t *lock)
{
	return __sync_bool_compare_and_swap(&lock->count, 0, -1);
}

static inline void arch_read_lock(arch_rwlock_t *lock)
{
	while (!arch_read_trylock(lock))
		fxm_arch_relax();
}

static inline void arch_write_lock(arch_rwlock_t *lock)
{
	while (!arch_write_trylock(lock))
		fxm_arch_relax();
}

static inline void arch_read_unlock(arch_rwlock_t *lock)
{
	__sync_fetch_and_sub(&lock->count, 1);
}

static inline void arch_write_unlock(arch_rwlock_t *lock)
{
	__atomic_store_n(&lock->count, 0, __ATOMIC_RELEASE);
}

#define arch_rwlock_is_contended(lock) ((void)(lock), 0)
#define arch_read_can_lock(lock) ((lock)->count >= 0)
#define arch_write_can_lock(lock) (!(lock)->count)

#endif
