/* SPDX-License-Identifier: MIT */
#ifndef FXM_INJECT_H
#define FXM_INJECT_H

/*
 * Injection: what seldom happens, at a chosen place and passage. The simulated machine and kernel have named points; at the n-th
 * passage of one an allocation fails, an interrupt comes, the task is preempted, the vCPU stands still, or the kmap pool passes
 * for full. What follows is what the kernel of the profile does then. The setting inject= says the same in words:
 * POINT:PASSAGE:ACTION, joined by `+`, PASSAGE being N for the N-th alone or N/M for the N-th and every M-th after it
 * (kunmap_atomic.popped:1:irq, alloc:3/1:fail).
 *
 * A passage counts where the action is possible: an interrupt does not come while interrupts are disabled, nor an NMI in an NMI
 * or a softirq in an interrupt, and a task is not preempted while its preempt count is raised. Passages are counted for each
 * injection from the moment it is made, on all vCPUs together, those of handlers and of other tasks included. The machine's boot
 * has none. Models nothing of the kernel, which has lib/fault-inject.c for its allocations alone.
 */

#include <fixmap/task.h>
#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fxm_inject_action {
	FXM_INJECT_FAIL,    /**< "fail": the allocation finds no memory */
	FXM_INJECT_FULL,    /**< "full": every slot of the kmap pool is in use, until other tasks have had their turn */
	FXM_INJECT_SOFTIRQ, /**< "softirq": the handler runs in that context, on this vCPU */
	FXM_INJECT_IRQ,	    /**< "irq": the same in a hard interrupt */
	FXM_INJECT_NMI,	    /**< "nmi": the same in a non-maskable one */
	FXM_INJECT_CALL,    /**< "call": the handler runs in no other context: for what another CPU does meanwhile */
	FXM_INJECT_PREEMPT, /**< "preempt": the vCPU goes to another of its tasks */
	FXM_INJECT_DELAY /**< "delay": this vCPU stands still, the others go on: a thread for 1 ms, a fibre until it is resumed */
};

/** A point and what can be injected there. */
struct fxm_inject_point {
	const char *name; /**< "kunmap_atomic.popped" */
	const char *help; /**< where that is */
	uint32_t actions; /**< bit n: the action with the value n */
};

/**
 * Point @i, in a stable order, into @out.
 * Context: any thread. Errors: -ENOENT past the end, -EINVAL. Ownership: static storage.
 */
FXM_API int fxm_inject_point_at(size_t i, struct fxm_inject_point *out);

/** The word for @action, or NULL. Context: any thread. Ownership: static storage. */
FXM_API const char *fxm_inject_action_name(enum fxm_inject_action action);

/**
 * Injects @action at passage @first (1 = the next) of @point and at each @every-th passage after that (1: at all; 0: at no other).
 * Returns its number. Several may be at one point; at the same passage, they happen in the order of the actions above. Operations
 * take their slow forms while anything but a failing allocation is injected.
 * Context: while no other thread uses @m. Errors: -ENOENT no such point, -EINVAL the point cannot do that, @first is 0, -ENOSYS
 * preemption of a kernel that is not preemptible, -ENOSPC 32 are there, -ECHILD @m is dead (forked).
 */
FXM_API int fxm_inject(struct fxm_machine *m, const char *point, enum fxm_inject_action action, uint64_t first, uint64_t every);

/** What became of an injection. */
struct fxm_inject_state {
	uint64_t passages; /**< that counted */
	uint64_t done;	   /**< how many times it happened */
};

/**
 * State of injection number @n of @m into @out; those of inject= have the numbers from 0 on.
 * Context: any thread. Errors: -EINVAL, -ENOENT no such number.
 */
FXM_API int fxm_inject_get_state(struct fxm_machine *m, int n, struct fxm_inject_state *out);

/** Removes all injections. Handlers stay. Context: as fxm_inject(). Errors: -EINVAL, -ECHILD. */
FXM_API int fxm_inject_clear(struct fxm_machine *m);

/** Runs on @cpu, in the context that it was registered for, in the middle of whatever that vCPU was doing. */
typedef void (*fxm_inject_fn)(struct fxm_vcpu *cpu, void *arg);

/**
 * Sets who answers the interrupts of kind @context that are injected on @m; FXM_CONTEXT_TASK: the calls. NULL: nobody, the
 * default; the interrupt then comes and goes. A handler's own passages count: one that answers calls and maps is called again
 * from there. Context: as fxm_inject(). Errors: -EINVAL no machine or no such context, -ECHILD.
 */
FXM_API int fxm_inject_handler_set(struct fxm_machine *m, enum fxm_context context, fxm_inject_fn fn, void *arg);

#ifdef __cplusplus
}
#endif

#endif
