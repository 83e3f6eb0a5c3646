/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SCHED_SIGNAL_H
#define FXM_KERNEL_LINUX_SCHED_SIGNAL_H

/* Nobody sends signals. */

#include <linux/cred.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#define get_nr_threads(task) ((void)(task), 1)
#define signal_pending(task) ((void)(task), 0)
#define signal_pending_state(state, task) ((void)(state), (void)(task), 0)
#define fatal_signal_pending(task) ((void)(task), 0)
#define rlimit(limit) ((void)(limit), ~0UL)

#endif
