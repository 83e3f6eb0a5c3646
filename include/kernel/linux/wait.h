/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_WAIT_H
#define FXM_KERNEL_LINUX_WAIT_H

/* Waiting until something holds. A waiter sleeps until its queue is woken, and looks again. */

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

/* The condition is looked at after the task is on the queue, so that no wake-up is lost: who makes it true must wake the queue. */
#define FXM_K_WAIT(queue, state, what, condition)                                                                                  \
	do {                                                                                                                       \
		might_sleep();                                                                                                     \
		for (;;) {                                                                                                         \
			fxm_k_prepare_to_wait((queue), (state), (what));                                                           \
			if (condition)                                                                                             \
				break;                                                                                             \
			fxm_k_schedule();                                                                                          \
		}                                                                                                                  \
		fxm_k_finish_wait(queue);                                                                                          \
	} while (0)

#define wait_event(queue, condition) FXM_K_WAIT(&(queue), TASK_UNINTERRUPTIBLE, "wait_event", condition)
#define wait_event_interruptible(queue, condition)                                                                                 \
	({                                                                                                                         \
		FXM_K_WAIT(&(queue), TASK_INTERRUPTIBLE, "wait_event_interruptible", condition);                                   \
		0;                                                                                                                 \
	})
#define wait_event_killable(queue, condition) wait_event_interruptible(queue, condition)

/* The long form. */
#define DECLARE_WAITQUEUE(name, task) struct wait_queue_entry name = {.private = (task), .entry = LIST_HEAD_INIT((name).entry)}
#define DEFINE_WAIT(name) DECLARE_WAITQUEUE(name, current)
#define init_wait(entry) ((void)(entry))
#define add_wait_queue(queue, entry) ((void)(entry), fxm_k_wait_queue(queue, true))
#define add_wait_queue_exclusive(queue, entry) add_wait_queue(queue, entry)
#define remove_wait_queue(queue, entry) ((void)(entry), fxm_k_wait_queue(queue, false))
#define prepare_to_wait(queue, entry, state) ((void)(entry), fxm_k_prepare_to_wait(queue, state, "schedule"))
#define prepare_to_wait_exclusive(queue, entry, state) prepare_to_wait(queue, entry, state)
#define finish_wait(queue, entry) ((void)(entry), fxm_k_finish_wait(queue))

#define wake_up(queue) fxm_k_wake_up(queue)
#define wake_up_all(queue) wake_up(queue)
#define wake_up_interruptible(queue) wake_up(queue)
#define wake_up_interruptible_all(queue) wake_up(queue)
#define wake_up_nr(queue, nr) ((void)(nr), wake_up(queue))
#define wake_up_locked(queue) wake_up(queue)
#define waitqueue_active(queue) fxm_k_has_waiter(queue)
#define wq_has_sleeper(queue) fxm_k_has_waiter(queue)
/* What is left of @timeout, at least 1 when the condition holds; 0: it does not, and the time is over. */
#define FXM_K_WAIT_TIMEOUT(queue, state, what, condition, timeout)                                                                 \
	({                                                                                                                         \
		long fxm_left_ = (long)(timeout);                                                                                  \
		might_sleep();                                                                                                     \
		for (;;) {                                                                                                         \
			fxm_k_prepare_to_wait((queue), (state), (what));                                                           \
			if (condition) {                                                                                           \
				fxm_left_ = fxm_left_ ? fxm_left_ : 1;                                                             \
				break;                                                                                             \
			}                                                                                                          \
			if (!fxm_left_)                                                                                            \
				break;                                                                                             \
			fxm_left_ = fxm_k_schedule_timeout(fxm_left_);                                                             \
		}                                                                                                                  \
		fxm_k_finish_wait(queue);                                                                                          \
		fxm_left_;                                                                                                         \
	})

#define wait_event_timeout(queue, condition, timeout)                                                                              \
	FXM_K_WAIT_TIMEOUT(&(queue), TASK_UNINTERRUPTIBLE, "wait_event_timeout", condition, timeout)
#define wait_event_interruptible_timeout(queue, condition, timeout)                                                                \
	FXM_K_WAIT_TIMEOUT(&(queue), TASK_INTERRUPTIBLE, "wait_event_interruptible_timeout", condition, timeout)

#endif
