/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SCHED_TASK_H
#define FXM_KERNEL_LINUX_SCHED_TASK_H

/* A kernel thread's structure lives as long as the machine, so that nobody needs to hold it. */

#include <linux/sched.h>

FXM_K_INLINE struct task_struct *get_task_struct(struct task_struct *task)
{
	return task;
}

#define task_lock(task) ((void)(task))
#define task_unlock(task) ((void)(task))

FXM_K_INLINE void put_task_struct(struct task_struct *task)
{
	(void)task;
}

#endif
