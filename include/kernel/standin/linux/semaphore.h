/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SEMAPHORE_H
#define FXM_KERNEL_LINUX_SEMAPHORE_H

#if __has_include_next(<linux/semaphore.h>)
#include_next <linux/semaphore.h>
#else

/* A number of places that tasks take and give back, waiting for one. Unlike a mutex, another task may give back. */

#include <linux/atomic.h>
#include <linux/wait.h>

struct semaphore {
	atomic_t count;
	struct wait_queue_head wait;
};

#define FXM_K_SEMAPHORE(name, n)                                                                                                   \
	{                                                                                                                          \
		.count = ATOMIC_INIT(n), .wait = __WAIT_QUEUE_HEAD_INITIALIZER((name).wait)                                        \
	}
/* Since 6.4 with the number of places. */
#if FXM_K_VERSION_CODE >= 0x060400
#define DEFINE_SEMAPHORE(name, n) struct semaphore name = FXM_K_SEMAPHORE(name, n)
#else
#define DEFINE_SEMAPHORE(name) struct semaphore name = FXM_K_SEMAPHORE(name, 1)
#endif

FXM_K_INLINE void sema_init(struct semaphore *s, int places)
{
	atomic_set(&s->count, places);
	init_waitqueue_head(&s->wait);
}

/* Whether there was a place. */
FXM_K_INLINE bool fxm_k_take_place(struct semaphore *s)
{
	int n = atomic_read(&s->count);

	while (n > 0 && !atomic_try_cmpxchg(&s->count, &n, n - 1))
		;
	return n > 0;
}

#define down_trylock(s) (!fxm_k_take_place(s))
#define down(s) wait_event((s)->wait, fxm_k_take_place(s))
#define down_interruptible(s) wait_event_interruptible((s)->wait, fxm_k_take_place(s))
#define down_killable(s) down_interruptible(s)
#define down_timeout(s, jiffies_) (wait_event_timeout((s)->wait, fxm_k_take_place(s), jiffies_) ? 0 : -ETIME)

FXM_K_INLINE void up(struct semaphore *s)
{
	atomic_inc(&s->count);
	wake_up(&s->wait);
}

#endif
#endif
