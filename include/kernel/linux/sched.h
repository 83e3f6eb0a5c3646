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

#define schedule() fxm_k_schedule()
#define cond_resched() (might_sleep(), fxm_k_schedule(), 0)
#define yield() fxm_k_schedule()

#endif
