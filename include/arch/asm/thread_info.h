/* SPDX-License-Identifier: MIT */
#ifndef _ASM_THREAD_INFO_H
#define _ASM_THREAD_INFO_H

/* Who runs: asked of the machine, which keeps one of these for each of its tasks. */

#include <asm/page.h>

#define THREAD_SIZE_ORDER 2
#define THREAD_SIZE (PAGE_SIZE << THREAD_SIZE_ORDER)

#ifndef __ASSEMBLY__
struct thread_info {
	struct task_struct *task;
	unsigned long flags;
	unsigned long syscall_work;
	int cpu;
	int preempt_count;
};

#define INIT_THREAD_INFO(tsk)                                                                                                      \
	{                                                                                                                          \
		.task = &(tsk), .preempt_count = INIT_PREEMPT_COUNT                                                                \
	}
#define current_thread_info() fxm_arch_thread_info()
#endif

#define TIF_SIGPENDING 0
#define TIF_NEED_RESCHED 1
#define TIF_NOTIFY_RESUME 2
#define TIF_NOTIFY_SIGNAL 3
#define TIF_MEMDIE 4
#define TIF_SYSCALL_TRACE 5
#define TIF_SYSCALL_AUDIT 6
#define TIF_SECCOMP 7
#define TIF_RESTORE_SIGMASK 8
#define TIF_SINGLESTEP 9
#define TIF_POLLING_NRFLAG 10
#define TIF_SYSCALL_TRACEPOINT 11
#define TIF_UPROBE 12
#define TIF_PATCH_PENDING 13
#define TIF_32BIT 14
#define _TIF_SIGPENDING (1 << TIF_SIGPENDING)
#define _TIF_NEED_RESCHED (1 << TIF_NEED_RESCHED)
#define _TIF_NOTIFY_RESUME (1 << TIF_NOTIFY_RESUME)
#define _TIF_NOTIFY_SIGNAL (1 << TIF_NOTIFY_SIGNAL)
#define _TIF_SYSCALL_TRACE (1 << TIF_SYSCALL_TRACE)
#define _TIF_SYSCALL_AUDIT (1 << TIF_SYSCALL_AUDIT)
#define _TIF_SECCOMP (1 << TIF_SECCOMP)
#define _TIF_SINGLESTEP (1 << TIF_SINGLESTEP)
#define _TIF_POLLING_NRFLAG (1 << TIF_POLLING_NRFLAG)
#define _TIF_UPROBE (1 << TIF_UPROBE)
#define _TIF_WORK_MASK (_TIF_SIGPENDING | _TIF_NEED_RESCHED | _TIF_NOTIFY_RESUME | _TIF_NOTIFY_SIGNAL)

#endif
