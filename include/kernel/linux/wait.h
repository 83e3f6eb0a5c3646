/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_WAIT_H
#define FXM_KERNEL_LINUX_WAIT_H

/*
 * Waiting until something holds. A waiter gives its CPU away and looks again when it gets its turn; a wake-up has nothing to add
 * to that.
 */

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

struct wait_queue_entry;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);

struct wait_queue_entry {
	unsigned int flags;
	void *private;
	wait_queue_func_t func;
	struct list_head entry;
};
typedef struct wait_queue_entry wait_queue_entry_t;

struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
};
typedef struct wait_queue_head wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)                                                                                        \
	{                                                                                                                          \
		.lock = __SPIN_LOCK_UNLOCKED(name), .head = LIST_HEAD_INIT((name).head)                                            \
	}
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)

FXM_K_INLINE void init_waitqueue_head(struct wait_queue_head *queue)
{
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->head);
}

#define wait_event(queue, condition)                                                                                               \
	do {                                                                                                                       \
		might_sleep();                                                                                                     \
		(void)&(queue);                                                                                                    \
		while (!(condition))                                                                                               \
			schedule();                                                                                                \
	} while (0)
#define wait_event_interruptible(queue, condition)                                                                                 \
	({                                                                                                                         \
		wait_event(queue, condition);                                                                                      \
		0;                                                                                                                 \
	})
#define wait_event_killable(queue, condition) wait_event_interruptible(queue, condition)
/* The long form of the same: a task that is put on a queue is one that looks again. */
#define DECLARE_WAITQUEUE(name, task) struct wait_queue_entry name = {.private = (task), .entry = LIST_HEAD_INIT((name).entry)}
#define DEFINE_WAIT(name) DECLARE_WAITQUEUE(name, current)
#define init_wait(entry) ((void)(entry))
#define add_wait_queue(queue, entry) ((void)(queue), (void)(entry))
#define add_wait_queue_exclusive(queue, entry) add_wait_queue(queue, entry)
#define remove_wait_queue(queue, entry) add_wait_queue(queue, entry)
#define prepare_to_wait(queue, entry, state) add_wait_queue(queue, entry)
#define prepare_to_wait_exclusive(queue, entry, state) add_wait_queue(queue, entry)
#define finish_wait(queue, entry) add_wait_queue(queue, entry)

#define wake_up(queue) ((void)(queue))
#define wake_up_all(queue) ((void)(queue))
#define wake_up_interruptible(queue) ((void)(queue))
#define wake_up_interruptible_all(queue) ((void)(queue))
#define waitqueue_active(queue) ((void)(queue), false)
#define wq_has_sleeper(queue) ((void)(queue), false)
#define wake_up_nr(queue, nr) ((void)(queue))
#define wake_up_locked(queue) ((void)(queue))
#define wait_event_timeout(queue, condition, timeout)                                                                              \
	({                                                                                                                         \
		wait_event(queue, condition);                                                                                      \
		(long)(timeout);                                                                                                   \
	})
#define wait_event_interruptible_timeout(queue, condition, timeout) wait_event_timeout(queue, condition, timeout)

#endif
