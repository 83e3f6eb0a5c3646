/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_COMPLETION_H
#define FXM_KERNEL_LINUX_COMPLETION_H

/* Something that one task does once and others wait for. */

#include <linux/atomic.h>
#include <linux/wait.h>

struct completion {
	atomic_t done;
	struct wait_queue_head wait;
};

#define COMPLETION_INITIALIZER(work)                                                                                               \
	{                                                                                                                          \
		.done = ATOMIC_INIT(0), .wait = __WAIT_QUEUE_HEAD_INITIALIZER((work).wait)                                         \
	}
#define DECLARE_COMPLETION(work) struct completion work = COMPLETION_INITIALIZER(work)
#define DECLARE_COMPLETION_ONSTACK(work) DECLARE_COMPLETION(work)

FXM_K_INLINE void init_completion(struct completion *c)
{
	atomic_set(&c->done, 0);
	init_waitqueue_head(&c->wait);
}

#define FXM_K_COMPLETE_ALL (1 << 30)

FXM_K_INLINE void reinit_completion(struct completion *c)
{
	atomic_set(&c->done, 0);
}

FXM_K_INLINE void complete(struct completion *c)
{
	atomic_inc(&c->done);
	fxm_k_wake_up(c);
}

FXM_K_INLINE void complete_all(struct completion *c)
{
	atomic_set(&c->done, FXM_K_COMPLETE_ALL);
	fxm_k_wake_up(c);
}

FXM_K_INLINE bool completion_done(struct completion *c)
{
	return atomic_read(&c->done) != 0;
}

/* Each completion lets one waiter through, complete_all() all of them. */
FXM_K_INLINE bool try_wait_for_completion(struct completion *c)
{
	int done = atomic_read(&c->done);

	while (done && done < FXM_K_COMPLETE_ALL) {
		int before = done;
		done = atomic_cmpxchg(&c->done, before, before - 1);
		if (done == before)
			return true;
	}
	return done != 0;
}

#define wait_for_completion(c) FXM_K_WAIT(c, TASK_UNINTERRUPTIBLE, "wait_for_completion", try_wait_for_completion(c))
#define wait_for_completion_interruptible(c) (wait_for_completion(c), 0)
#define wait_for_completion_killable(c) wait_for_completion_interruptible(c)
#define wait_for_completion_timeout(c, timeout)                                                                                    \
	((unsigned long)FXM_K_WAIT_TIMEOUT(c, TASK_UNINTERRUPTIBLE, "wait_for_completion_timeout", try_wait_for_completion(c),     \
					   timeout))
#define wait_for_completion_interruptible_timeout(c, timeout) ((long)wait_for_completion_timeout(c, timeout))

#endif
