/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SCHED_H
#define FXM_KERNEL_LINUX_SCHED_H

/* The current task, as far as a log line wants to know it, and giving up the CPU. */

#include <asm/processor.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/types.h>

#define TASK_COMM_LEN 16
#define task_struct fxm_k_current

#define current fxm_k_current()
#define task_pid_nr(task) ((task)->pid)

/* A task that waits looks again whenever it gets its turn, so that its state says nothing. */
#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_KILLABLE 0x102
#define set_current_state(state) ((void)(state))
#define __set_current_state(state) ((void)(state))

FXM_K_INLINE int wake_up_process(struct task_struct *task)
{
	fxm_k_wake_up_process(task);
	return 1;
}

#define schedule() fxm_k_schedule()
#define cond_resched() (might_sleep(), fxm_k_schedule(), 0)
#define yield() fxm_k_schedule()

#endif
