/* SPDX-License-Identifier: MIT */
#ifndef FXM_TASK_H
#define FXM_TASK_H

/*
 * vCPUs and tasks. A task is a stack plus state; a host thread or a fibre carries it. A vCPU is a seat: a task runs
 * simulated-kernel code only while seated, and gives the seat up when it sleeps (a full kmap pool), calls fxm_schedule(), or
 * ends. Two vCPUs run truly in parallel; tasks on one vCPU take turns.
 *
 * Fibres are for programs that decide every interleaving themselves: fxm_task_resume() runs one until it sleeps, yields or
 * ends, then returns. Threads run by themselves.
 *
 * Of all, unless a function says otherwise: Context: any thread where a machine or a task is given, the thread that sits on the
 * vCPU where one is. Errors: -EINVAL a null pointer, -ECHILD the machine is dead (forked); what returns nothing then does
 * nothing. Ownership: vCPUs are the machine's, tasks valid until they are joined or their thread detaches. Models nothing of
 * the kernel. What models something: kernel/sched/core.c (kernel/sched.c in 2.6), include/linux/preempt.h, 2.6.12 to 6.12.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fxm_task_state {
	FXM_TASK_NEW,	   /**< created, has not run */
	FXM_TASK_RUNNABLE, /**< wants the seat */
	FXM_TASK_RUNNING,  /**< sits on its vCPU */
	FXM_TASK_SLEEPING, /**< in the kernel's TASK_UNINTERRUPTIBLE ("D") */
	FXM_TASK_DONE,	   /**< its function returned */
	FXM_TASK_KILLED	   /**< ended by a BUG, an oops or a hopeless wait */
};

enum fxm_vehicle { FXM_FIBRE, FXM_THREAD };

/** How to make a task. Zero means default everywhere; set struct_size to sizeof. */
struct fxm_task_attr {
	size_t struct_size;
	const char *name;	  /**< comm, at most 15 bytes; default "task" */
	unsigned cpu;		  /**< the vCPU it belongs to */
	enum fxm_vehicle vehicle; /**< default FXM_FIBRE */
	size_t stack_bytes;	  /**< default 256 KiB; a guard page lies below */
};

/**
 * Creates a task on an online vCPU. A fibre starts with its first fxm_task_resume(); a thread starts at once and waits for
 * the seat.
 * Context: any thread. Errors: -EINVAL (no such vCPU, null function), -ENOMEM, -EAGAIN host refused a thread.
 * Ownership: the caller's, until fxm_task_join().
 */
FXM_API int fxm_task_create(struct fxm_machine *m, const struct fxm_task_attr *attr, int (*fn)(void *arg), void *arg,
			    struct fxm_task **out);

/**
 * Runs a fibre on the calling host thread until it sleeps, yields or ends, and returns its state then (an fxm_task_state).
 * A caller that itself sits on a vCPU gives its seat up meanwhile. A sleeping fibre that nobody woke stays asleep.
 * Errors: -EINVAL not a fibre, -EDEADLK called from inside the same fibre, -EBUSY its vCPU is taken by a running thread.
 */
FXM_API int fxm_task_resume(struct fxm_task *task);

/** Ends the current fibre's turn; it stays runnable. On a thread: as fxm_schedule(). */
FXM_API void fxm_task_yield(void);

/**
 * Ends the current fibre's turn, and lets it keep its vCPU: nobody else runs there until it is resumed, and no context switch takes
 * its mappings away. A fibre whose resumer sits on the same vCPU yields. On a thread: nothing.
 */
FXM_API void fxm_task_pause(void);

/**
 * Waits for a task to end (a fibre: resumes it until then), gives its function's result and frees it.
 * Errors: -EDEADLK the fibre sleeps and no caller of this thread can wake it (the task is not freed), -ECANCELED it was
 * killed by a BUG, an oops or a hopeless wait (it is freed).
 */
FXM_API int fxm_task_join(struct fxm_task *task, int *result);

/** The state of @task. Context: any thread. */
FXM_API enum fxm_task_state fxm_task_state(const struct fxm_task *task);

/** comm and pid of @task. Ownership of the name: the task's. Never NULL. */
FXM_API const char *fxm_task_name(const struct fxm_task *task);
FXM_API int fxm_task_pid(const struct fxm_task *task);

/** Calls @fn with its task and @arg, for each live task of @m in order of creation, until it returns non-zero; returns that. */
FXM_API int fxm_task_each(struct fxm_machine *m, int (*fn)(struct fxm_task *task, void *arg), void *arg);

/** The task that sits on @cpu (the vCPU's own idle task when nobody else does); NULL for no vCPU. */
FXM_API struct fxm_task *fxm_vcpu_task(const struct fxm_vcpu *cpu);

/**
 * Seats the calling host thread on vCPU @cpu of @m (-1: a vCPU of its own, bringing one online if need be) until
 * fxm_detach() or the thread's exit, and makes it the one that the kernel tier acts for.
 * Waits when the vCPU is taken. Errors: -EINVAL no such vCPU, -EBUSY already attached elsewhere, -EDEADLK the calling
 * thread holds that seat's fibre, -ECHILD @m is dead (forked).
 */
FXM_API int fxm_attach(struct fxm_machine *m, int cpu);

/** Leaves the seat (detector `leak` reports what this task left mapped). Errors: -EPERM not attached. */
FXM_API int fxm_detach(void);

/** The vCPU that the calling thread or fibre sits on, or NULL. Never attaches. */
FXM_API struct fxm_vcpu *fxm_current_or_null(void);

/** The vCPU the calling thread sits on, attaching it to the default machine first if it sits nowhere. Never NULL. */
FXM_API struct fxm_vcpu *fxm_current(void);

/**
 * Runs @fn(@arg) on the current task, so that a BUG, an oops or a hopeless wait inside ends here instead of aborting the process.
 * Its result goes to @result. Nests. Context: an attached thread, a fibre, or any thread that owns @cpu.
 * Errors: -ECANCELED it was ended (the machine stays usable; counters are as the kernel would have left them).
 */
FXM_API int fxm_task_run(struct fxm_vcpu *cpu, int (*fn)(void *arg), void *arg, int *result);

/** Gives the seat to another runnable task of @cpu, if any. "scheduling while atomic" is reported. Models schedule(). */
FXM_API void fxm_schedule(struct fxm_vcpu *cpu);

/** What a piece of kernel code can be interrupted by, and thus run in. */
enum fxm_context { FXM_CONTEXT_TASK, FXM_CONTEXT_SOFTIRQ, FXM_CONTEXT_HARDIRQ, FXM_CONTEXT_NMI };

/**
 * Enters / leaves an interrupt context on @cpu. Contexts nest; a hard interrupt runs with interrupts disabled. Model irq_enter(),
 * irq_exit(), nmi_enter() and so on, include/linux/hardirq.h.
 * Errors: -EINVAL (TASK, or leaving another context than the innermost one), -ENOSPC nested too deep.
 */
FXM_API int fxm_context_enter(struct fxm_vcpu *cpu, enum fxm_context context);
FXM_API int fxm_context_leave(struct fxm_vcpu *cpu, enum fxm_context context);

/** The innermost context of @cpu. */
FXM_API enum fxm_context fxm_context(const struct fxm_vcpu *cpu);

/** Switch the interrupts of @cpu off and on, and tell. Model local_irq_disable(), local_irq_enable(), irqs_disabled(). */
FXM_API void fxm_irq_disable(struct fxm_vcpu *cpu);
FXM_API void fxm_irq_enable(struct fxm_vcpu *cpu);
FXM_API bool fxm_irqs_disabled(const struct fxm_vcpu *cpu);

/**
 * Raise and lower the counters of the task on @cpu; the first two do nothing without PREEMPT_COUNT (2.6: always count). Model
 * preempt_disable(), preempt_enable(), pagefault_disable(), pagefault_enable() of include/linux/uaccess.h, migrate_disable() and
 * migrate_enable() (5.11 and later).
 */
FXM_API void fxm_preempt_disable(struct fxm_vcpu *cpu);
FXM_API void fxm_preempt_enable(struct fxm_vcpu *cpu);
FXM_API void fxm_pagefault_disable(struct fxm_vcpu *cpu);
FXM_API void fxm_pagefault_enable(struct fxm_vcpu *cpu);
FXM_API void fxm_migrate_disable(struct fxm_vcpu *cpu);
FXM_API void fxm_migrate_enable(struct fxm_vcpu *cpu);

/** The counters of the task on @cpu. */
struct fxm_counts {
	int preempt;   /**< preempt_count(), with the interrupt contexts' bits */
	int pagefault; /**< current->pagefault_disabled */
	int migrate;   /**< current->migration_disabled */
	int kmap_depth; /**< __kmap_atomic_idx of this CPU, or current->kmap_ctrl.idx */
};

/** Reads the counters. */
FXM_API void fxm_get_counts(const struct fxm_vcpu *cpu, struct fxm_counts *out);

/**
 * Reports "sleeping function called from invalid context" where the kernel's CONFIG would. @site "FILE:LINE". Models might_sleep(),
 * kernel/sched/core.c.
 */
FXM_API void fxm_might_sleep(struct fxm_vcpu *cpu, const char *site);

#ifdef __cplusplus
}
#endif

#endif
