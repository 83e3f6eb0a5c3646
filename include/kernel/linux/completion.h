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

#define reinit_completion(c) atomic_set(&(c)->done, 0)
#define complete(c) atomic_inc(&(c)->done)
#define complete_all(c) atomic_set(&(c)->done, 1 << 30)
#define completion_done(c) (atomic_read(&(c)->done) != 0)
#define wait_for_completion(c)                                                                                                     \
	do {                                                                                                                       \
		wait_event((c)->wait, completion_done(c));                                                                         \
		atomic_dec(&(c)->done);                                                                                            \
	} while (0)

#endif
