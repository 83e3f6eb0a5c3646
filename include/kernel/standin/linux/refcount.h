/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_REFCOUNT_H
#define FXM_KERNEL_LINUX_REFCOUNT_H

#if __has_include_next(<linux/refcount.h>)
#include_next <linux/refcount.h>
#else

/* Counters of references: they stay where they are, with a warning, instead of passing zero or coming back from it. */

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

typedef struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n)                                                                                                           \
	{                                                                                                                          \
		.refs = ATOMIC_INIT(n)                                                                                             \
	}
#define REFCOUNT_MAX INT_MAX
#define REFCOUNT_SATURATED (INT_MIN / 2)

#define refcount_set(r, n) atomic_set(&(r)->refs, n)
#define refcount_read(r) ((unsigned int)atomic_read(&(r)->refs))

FXM_K_INLINE void fxm_k_refcount_saturate(refcount_t *r, const char *what)
{
	refcount_set(r, REFCOUNT_SATURATED);
	WARN_ONCE(1, "refcount_t: %s.\n", what);
}

FXM_K_INLINE bool refcount_add_not_zero(int i, refcount_t *r)
{
	int old = atomic_fetch_add_unless(&r->refs, i, 0);

	if (old < 0 || (old && old > REFCOUNT_MAX - i))
		fxm_k_refcount_saturate(r, "saturated; leaking memory");
	return old;
}

FXM_K_INLINE void refcount_add(int i, refcount_t *r)
{
	if (!refcount_add_not_zero(i, r))
		fxm_k_refcount_saturate(r, "addition on 0; use-after-free");
}

FXM_K_INLINE bool refcount_sub_and_test(int i, refcount_t *r)
{
	int left = atomic_sub_return(i, &r->refs);

	if (left < 0)
		fxm_k_refcount_saturate(r, "underflow; use-after-free");
	return !left;
}

#define refcount_inc(r) refcount_add(1, r)
#define refcount_inc_not_zero(r) refcount_add_not_zero(1, r)
#define refcount_dec_and_test(r) refcount_sub_and_test(1, r)

FXM_K_INLINE void refcount_dec(refcount_t *r)
{
	if (refcount_dec_and_test(r))
		fxm_k_refcount_saturate(r, "decrement hit 0; leaking memory");
}

FXM_K_INLINE bool refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock)
{
	if (atomic_fetch_add_unless(&r->refs, -1, 1) != 1)
		return false;
	mutex_lock(lock);
	if (refcount_dec_and_test(r))
		return true;
	mutex_unlock(lock);
	return false;
}

#endif
#endif
