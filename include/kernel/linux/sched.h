/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SCHED_H
#define FXM_KERNEL_LINUX_SCHED_H

/* The current task, and giving up the CPU. */

#include <asm/processor.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#if __has_include(<uapi/linux/sched.h>)
#include <uapi/linux/sched.h>
#endif
#if __has_include(<linux/signal_types.h>)
#include <linux/plist.h>
#include <linux/signal_types.h>
#include <linux/time64.h>
#endif

#define TASK_COMM_LEN 16

struct backing_dev_info;
struct bio_list;
struct blk_plug;
struct cred;
struct files_struct;
struct nsproxy;
struct io_context;
struct mm_struct;
struct reclaim_state;

/* Nobody sends signals. */
#ifndef _NSIG_WORDS
#define _NSIG_WORDS 1
#endif
struct fxm_k_signals {
	unsigned long sig[_NSIG_WORDS];
};
struct fxm_k_pending {
	struct fxm_k_signals signal;
};

/* The first two fields are the library's. The others belong to subsystems: zero, until a file of one sets them. */
struct task_struct {
	int pid;
	char comm[TASK_COMM_LEN];
	unsigned int flags, policy;
	int prio, ptrace;
	pid_t tgid;
	struct mm_struct *mm, *active_mm;
	const struct cred *cred, *real_cred;
	struct task_struct *group_leader;
	struct backing_dev_info *backing_dev_info;
	struct reclaim_state *reclaim_state;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct task_struct *real_parent, *parent;
	struct io_context *io_context;
	struct bio_list *bio_list;
	struct blk_plug *plug;
	void *journal_info;
	struct page_frag task_frag;
	unsigned int __state;
	int exit_code, static_prio, normal_prio;
	unsigned int cpu, personality;
	u64 utime, stime, start_time;
	unsigned long nvcsw, nivcsw, min_flt, maj_flt;
	void *stack;
	struct fxm_k_signals blocked;
	struct fxm_k_pending pending;
};
_Static_assert(sizeof(struct task_struct) <= sizeof(struct fxm_k_current), "the library makes room for a struct task_struct");

#define current ((struct task_struct *)fxm_k_current())
#define task_pid(task) ((void)(task), (struct pid *)0)
#define task_pid_nr(task) ((task)->pid)
#define task_tgid_nr(task) ((task)->pid)
#define task_pid_nr_ns(task, ns) ((void)(ns), (task)->pid)
#define task_pid_vnr(task) ((task)->pid)

/* The tasks that kernel code has run in, the oldest first; each is a process of one thread. */
#define next_task(task) ((struct task_struct *)fxm_k_next_task((const struct fxm_k_current *)(task)))
#define for_each_process(p) for ((p) = next_task(NULL); (p); (p) = next_task(p))
#define for_each_process_thread(p, t) for ((p) = (t) = next_task(NULL); (p); (p) = (t) = next_task(p))
#define do_each_thread(p, t) for_each_process_thread(p, t) do
#define while_each_thread(p, t) while ((void)(p), (void)(t), 0)
static struct task_struct init_task __attribute__((unused)) = {.comm = "swapper/0"};
#define get_task_comm(buf, task) (strncpy(buf, (task)->comm, sizeof(buf)), (buf)[sizeof(buf) - 1] = 0, (buf))
#define task_state_to_char(task) ((task) == current ? 'R' : 'S')

#define SCHED_FIXEDPOINT_SHIFT 10
#define SCHED_FIXEDPOINT_SCALE 1024L
#define SCHED_CAPACITY_SHIFT 10
#define SCHED_CAPACITY_SCALE 1024L
#define MAX_RT_PRIO 100
#define MAX_PRIO 140

#define PF_VCPU 0x00000001
#define PF_EXITING 0x00000004
#define PF_MEMALLOC 0x00000800
#define PF_KSWAPD 0x00020000
#define PF_MEMALLOC_NOFS 0x00040000
#define PF_MEMALLOC_NOIO 0x00080000
#define PF_LOCAL_THROTTLE 0x00100000
#define PF_KTHREAD 0x00200000

#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_KILLABLE 0x102
#define TASK_NORMAL 3
#define set_current_state(state) fxm_k_set_state(state)
#define __set_current_state(state) fxm_k_set_state(state)

FXM_K_INLINE int wake_up_process(struct task_struct *task)
{
	fxm_k_wake_up_process((struct fxm_k_current *)task);
	return 1;
}

/* In jiffies, of simulated time; what is left of them. */
#define MAX_SCHEDULE_TIMEOUT LONG_MAX
#define schedule_timeout(timeout) fxm_k_schedule_timeout(timeout)
#define schedule_timeout_interruptible(timeout) (fxm_k_set_state(TASK_INTERRUPTIBLE), schedule_timeout(timeout))
#define schedule_timeout_uninterruptible(timeout) (fxm_k_set_state(TASK_UNINTERRUPTIBLE), schedule_timeout(timeout))
#define schedule_timeout_killable(timeout) schedule_timeout_interruptible(timeout)
#define io_schedule() fxm_k_schedule()
#define io_schedule_timeout(timeout) schedule_timeout(timeout)

#define schedule() fxm_k_schedule()
#define cond_resched() (might_sleep(), fxm_k_schedule(), 0)
#define cond_resched_lock(lock) ((void)(lock), 0)
#define need_resched() 0
#define yield() fxm_k_schedule()
#define do_exit(code) fxm_k_kthread_exit(code)

#endif
