/* SPDX-License-Identifier: MIT */

/* Wait queues and completions: the tree's own, over schedule() and try_to_wake_up(), which are the machine's. */

#include "native.h"

#include <linux/completion.h>
#include <linux/hash.h>
#include <linux/kthread.h>
#include <linux/poll.h>
#include <linux/sched/debug.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/swait.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

/* The scheduler's own flags, in a header that has much more; nothing here looks at them. */
#define WF_SYNC 0x10
#define WF_CURRENT_CPU 0x40

int try_to_wake_up(struct task_struct *task, unsigned int state, int wake_flags);
void swake_up_all_locked(struct swait_queue_head *q);
void __prepare_to_swait(struct swait_queue_head *q, struct swait_queue *wait);

#include "kernel/sched/wait.c"
#include "kernel/sched/swait.c"
#include "kernel/sched/completion.c"
#include "kernel/sched/wait_bit.c"
