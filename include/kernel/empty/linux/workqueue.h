/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_WORKQUEUE_H
#define FXM_KERNEL_LINUX_WORKQUEUE_H

#if __has_include_next(<linux/workqueue.h>)
#include_next <linux/workqueue.h>
#else

/* There are no work queues: the types that structures hold. */

#include <linux/list.h>

struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	atomic_long_t data;
	struct list_head entry;
	work_func_t func;
};

struct delayed_work {
	struct work_struct work;
};

struct rcu_work {
	struct work_struct work;
};

struct workqueue_struct;

#endif
#endif
