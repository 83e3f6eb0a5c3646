/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_ATOMIC_H
#define FXM_KERNEL_LINUX_ATOMIC_H

/* Counters that host threads may share. Operations that return a value order everything, the others nothing, as in the kernel. */

#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC_INIT(i)                                                                                                             \
	{                                                                                                                          \
		(i)                                                                                                                \
	}

#define ATOMIC64_INIT(i) ATOMIC_INIT(i)
#define ATOMIC_LONG_INIT(i) ATOMIC_INIT(i)

FXM_K_INLINE int atomic_read(const atomic_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

FXM_K_INLINE void atomic_set(atomic_t *v, int i)
{
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);
}

FXM_K_INLINE int atomic_add_return(int i, atomic_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

FXM_K_INLINE int atomic_sub_return(int i, atomic_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

FXM_K_INLINE int atomic_xchg(atomic_t *v, int i)
{
	return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST);
}

FXM_K_INLINE int atomic_cmpxchg(atomic_t *v, int old, int value)
{
	__atomic_compare_exchange_n(&v->counter, &old, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return old;
}

/* The value before; it stays when it is @but. */
FXM_K_INLINE int atomic_fetch_add_unless(atomic_t *v, int i, int but)
{
	int old = atomic_read(v);

	while (old != but && !__atomic_compare_exchange_n(&v->counter, &old, old + i, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return old;
}

FXM_K_INLINE bool atomic_try_cmpxchg(atomic_t *v, int *old, int value)
{
	return __atomic_compare_exchange_n(&v->counter, old, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

#define atomic_add_unless(v, i, but) (atomic_fetch_add_unless(v, i, but) != (but))
#define atomic_inc_not_zero(v) atomic_add_unless(v, 1, 0)
#define atomic_add_negative(i, v) (atomic_add_return(i, v) < 0)
#define atomic_add(i, v) ((void)__atomic_add_fetch(&(v)->counter, i, __ATOMIC_RELAXED))
#define atomic_sub(i, v) ((void)__atomic_sub_fetch(&(v)->counter, i, __ATOMIC_RELAXED))
#define atomic_inc(v) atomic_add(1, v)
#define atomic_dec(v) atomic_sub(1, v)
#define atomic_inc_return(v) atomic_add_return(1, v)
#define atomic_dec_return(v) atomic_sub_return(1, v)
#define atomic_dec_and_test(v) (atomic_dec_return(v) == 0)
#define atomic_inc_and_test(v) (atomic_inc_return(v) == 0)
#define atomic_sub_and_test(i, v) (atomic_sub_return(i, v) == 0)

FXM_K_INLINE s64 atomic64_read(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

FXM_K_INLINE void atomic64_set(atomic64_t *v, s64 i)
{
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);
}

FXM_K_INLINE s64 atomic64_add_return(s64 i, atomic64_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

#define atomic64_add(i, v) ((void)__atomic_add_fetch(&(v)->counter, i, __ATOMIC_RELAXED))
#define atomic64_inc(v) atomic64_add(1, v)
#define atomic64_dec(v) atomic64_add(-1, v)
#define atomic64_sub(i, v) atomic64_add(-(i), v)
#define atomic64_sub_return(i, v) atomic64_add_return(-(i), v)
#define atomic64_inc_return(v) atomic64_add_return(1, v)
#define atomic64_dec_return(v) atomic64_add_return(-1, v)
#define atomic64_dec_and_test(v) (atomic64_dec_return(v) == 0)
#define atomic_long_add(i, v) atomic64_add(i, v)
#define atomic_long_sub(i, v) atomic64_sub(i, v)
#define atomic_long_add_return(i, v) ((long)atomic64_add_return(i, v))
#define atomic_long_inc_return(v) ((long)atomic64_inc_return(v))
#define atomic_long_read(v) ((long)atomic64_read(v))
#define atomic_long_set(v, i) atomic64_set(v, i)
#define atomic_long_inc(v) atomic64_inc(v)
#define atomic_long_dec(v) atomic64_dec(v)

#define atomic_cond_read_acquire(v, condition) FXM_K_COND_READ(v, condition, __ATOMIC_ACQUIRE)
#define atomic_cond_read_relaxed(v, condition) FXM_K_COND_READ(v, condition, __ATOMIC_RELAXED)
#define FXM_K_COND_READ(v, condition, order)                                                                                       \
	({                                                                                                                         \
		__typeof__((v)->counter) VAL;                                                                                      \
		do                                                                                                                 \
			VAL = __atomic_load_n(&(v)->counter, order);                                                               \
		while (!(condition));                                                                                              \
		VAL;                                                                                                               \
	})

#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define mb() smp_mb()
#define rmb() smp_rmb()
#define wmb() smp_wmb()
#define cmpxchg(ptr, old, v) __sync_val_compare_and_swap(ptr, old, v)
#define xchg(ptr, v) __atomic_exchange_n(ptr, v, __ATOMIC_SEQ_CST)

#endif
