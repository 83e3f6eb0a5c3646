/* SPDX-License-Identifier: MIT */
#ifndef FXMI_TASK_INTERNAL_H
#define FXMI_TASK_INTERNAL_H

/*
 * What the rooms of sim/ see of `task` and src/ does not need.
 */

#include "mmu_internal.h"
#include "tasks.h"

#include <ucontext.h>

/* ---- stacks (fibre.c) -------------------------------------------------------------------------------------------------- */

/* Below a stack of our own: wide enough that a frame with a large array does not step over it. */
#define FXMI_STACK_GUARD ((size_t)1024 * 1024)

/* A stack of our own, with its guard just below `base`. */
struct fxmi_stack {
	unsigned char *base;
	size_t bytes, guard;
};

int fxmi_stack_init(struct fxmi_stack *stack, size_t bytes);
void fxmi_stack_free(struct fxmi_stack *stack);

/* A suspended flow of control and, while it runs, the place that it goes back to. */
struct fxmi_fibre {
	void *sp; /* of whichever of the two does not run */
	struct fxmi_stack *stack;
	unsigned valgrind_id;
	void (*entry)(void *arg);
	void *arg;
	void *tsan, *tsan_resumer;
	void *asan_fake, *asan_resumer_fake;
	const void *asan_resumer_base;
	size_t asan_resumer_bytes;
};

/* @entry must not return; it ends with fxmi_fibre_leave(f, true). -ENOMEM. */
int fxmi_fibre_init(struct fxmi_fibre *f, struct fxmi_stack *stack, void (*entry)(void *arg), void *arg);
void fxmi_fibre_free(struct fxmi_fibre *f);
void fxmi_fibre_enter(struct fxmi_fibre *f);
void fxmi_fibre_leave(struct fxmi_fibre *f, bool for_ever);

/* Called by the switch's assembly: the first function of every fibre. */
void fxmi_fibre_main(struct fxmi_fibre *f);

/* ---- signal handlers (signal_stack.c) ---- */

/* Gives the calling thread an alternate signal stack if it has none / it ends. */
void fxmi_signal_stack_set(void);
void fxmi_signal_stack_drop(void);

/* A handler on this thread begins / returns; what _enter() returned is given to _leave(). */
const ucontext_t *fxmi_handler_enter(const ucontext_t *context);
void fxmi_handler_leave(const ucontext_t *outer);

/* Before a siglongjmp(), from a handler or not: the signal mask is again what it was before the signal. */
void fxmi_handler_abandon(void);

/* ---- seats (seat.c) ---------------------------------------------------------------------------------------------------- */

/* A thread in fxmi_seat_take() or fxmi_seat_pass(), on its stack. Guarded by seat_lock. */
struct fxmi_seat_waiter {
	struct fxm_task *task;
	struct fxmi_seat_waiter *next;
	pthread_cond_t cond;
	bool granted;
};

/* Waits for @cpu's seat and sits @task down on it. No locks held, and the calling thread sits nowhere. */
void fxmi_seat_take(struct fxm_vcpu *cpu, struct fxm_task *task);

/* The same, but false at once when somebody sits there or waits to. */
bool fxmi_seat_try(struct fxm_vcpu *cpu, struct fxm_task *task);

/* The current task of @cpu stands up; who waits longest sits down, else the idle task. */
void fxmi_seat_leave(struct fxm_vcpu *cpu);

/* Gives the seat away and takes it again, when somebody waits for it. */
void fxmi_seat_pass(struct fxm_vcpu *cpu);

/* Hands a seat that the caller holds to @to directly. */
void fxmi_seat_switch(struct fxm_vcpu *cpu, struct fxm_task *to);

/* Takes a free seat for somebody who sits down with fxmi_seat_switch() next; false when it is none. task_lock may be held. */
bool fxmi_seat_reserve(struct fxm_vcpu *cpu);

/* ---- blocked host threads (seat.c) --------------------------------------------------------------------------------------- */

/*
 * Proof of a deadlock: every host thread of the process is blocked in sim/ until some other one wakes it. A thread counts from
 * fxmi_block() until its waker (or itself) calls fxmi_unblock(); @flag is guarded by the machine's task_lock.
 */
void fxmi_block(bool *flag);
void fxmi_unblock(bool *flag);
bool fxmi_all_blocked(void);
void fxmi_blocked_after_fork(void);

/* A wait that looks up now and then: to prove a deadlock, to report that it takes long. */
struct fxmi_patience {
	uint64_t begin_ns, next_ns, period_ns;
	bool told;
};

void fxmi_patience_init(struct fxmi_patience *p);

/* Waits on @cond (CLOCK_MONOTONIC) once, for the next look at most. Not a cancellation point. */
void fxmi_patience_wait(struct fxmi_patience *p, pthread_cond_t *cond, pthread_mutex_t *lock);

/* True once, when the wait has become longer than the machine's hung_task_seconds: then @seconds is how long it is. */
bool fxmi_patience_is_over(struct fxmi_patience *p, const struct fxm_machine *m, unsigned *seconds);

void fxmi_cond_init(pthread_cond_t *cond);

/* ---- tasks (task.c) ----------------------------------------------------------------------------------------------------- */

/* The interrupt contexts on a vCPU. They nest on the stack of the task that was interrupted, so they go and come with it. */
struct fxmi_interrupts {
	int irq_disabled;
	unsigned contexts;
	uint32_t irq_saved;
	unsigned char context[FXMI_MAX_CONTEXTS];
};

void fxmi_interrupts_save(const struct fxm_vcpu *cpu, struct fxmi_interrupts *out);
void fxmi_interrupts_restore(struct fxm_vcpu *cpu, const struct fxmi_interrupts *in);
void fxmi_atomic_leave_interrupts(struct fxm_task *task);

/* fxm_task.vehicle_data. */
struct fxmi_vehicle {
	_Atomic unsigned refs; /* the task is freed with the last one */
	pthread_cond_t wake;   /* with task_lock: the state changed */
	bool blocked;	       /* fxmi_block() of a sleeping thread */
	bool *joiner_blocked;  /* fxmi_block() of the thread in fxm_task_join() of it */
	const char *sleeps_in;
	bool is_poked;			   /* asleep, and others on its vCPU can run; task_lock */
	struct fxmi_interrupts interrupts; /* while not seated */
	struct fxmi_stack stack;	   /* base NULL: the host's */
	pthread_t thread;		   /* the thread, or the one that created or resumed the fibre last */
	/* fibres */
	struct fxmi_fibre fibre;
	bool running;	      /* being resumed; task_lock */
	bool on_callers_seat; /* its resumer sits on its vCPU, and wants the seat back */
	bool stalled;	      /* not running, but keeps its seat */
};

FXMI_INLINE struct fxmi_vehicle *fxmi_vehicle(const struct fxm_task *task)
{
	return task->vehicle_data;
}

/* A task of @m: NULL for no memory. The caller links it. */
struct fxm_task *fxmi_task_alloc(struct fxm_machine *m, struct fxm_vcpu *cpu, enum fxm_vehicle vehicle, const char *name);
void fxmi_task_get(struct fxm_task *task);
void fxmi_task_put(struct fxm_task *task);

FXMI_INLINE bool fxmi_task_has_ended(const struct fxm_task *task)
{
	return task->state == FXM_TASK_DONE || task->state == FXM_TASK_KILLED;
}

/* Detaches the caller where it is attached to @m. -EBUSY as fxmi_machine_free(). */
int fxmi_tasks_check_free(struct fxm_machine *m);

/* Ends and frees every task; after fxmi_tasks_check_free() only. */
void fxmi_tasks_free(struct fxm_machine *m);

/* The same, and its vCPUs as they came online; those that came later go. What src/ keeps of each is src/'s. */
void fxmi_tasks_reset(struct fxm_machine *m);

/* The current fibre goes back to its resumer, in the state that it has set. */
void fxmi_fibre_suspend(struct fxm_task *task);

/* A woken task's state change and its signal. task_lock held. */
void fxmi_task_wake_locked(struct fxm_task *task);

/* ---- turns (turns.c) ---- */

/* A turn for each scheduled fibre of @cpu that can run. Whether any ran. */
bool fxmi_give_turns(struct fxm_vcpu *cpu);

/* The same, for who sleeps and drives the others of @cpu: when none can run, what comes next happens. False: nothing will. */
bool fxmi_others_run(struct fxm_vcpu *cpu);

/* @task, which is scheduled, can run: who sleeps and drives it is to look. task_lock held. */
void fxmi_poke_drivers_locked(struct fxm_task *task);

/* ---- vCPUs (vcpu.c) ---- */

/* Whether some host thread calls @cpu its own, seated or asleep. task_lock held. */
bool fxmi_vcpu_has_thread_locked(const struct fxm_machine *m, const struct fxm_vcpu *cpu);

/* Sets cpu->rare, and has src/ told. */
void fxmi_vcpu_set_rare(struct fxm_vcpu *cpu, uint32_t rare);

void fxmi_vcpu_free(struct fxm_vcpu *cpu);
void fxmi_vcpu_reset(struct fxm_vcpu *cpu);
void fxmi_idle_reset(struct fxm_task *idle);

/* Brings one more vCPU online and returns its number. Errors: -ENOSPC, -ENOMEM. task_lock held. */
int fxmi_vcpu_add_locked(struct fxm_machine *m);

/* In a fork()ed child, for the forking thread. */
void fxmi_task_after_fork(void);

/* ---- between the files of this room ---- */

void fxmi_task_link_locked(struct fxm_task *task);
void fxmi_task_unlink_and_put(struct fxm_task *task);

/* Runs task->fn with a way back to here, and has the end told; how it ended. */
enum fxm_task_state fxmi_task_run_to_its_end(struct fxm_task *task);
void fxmi_task_set_ended(struct fxm_task *task, enum fxm_task_state end);

/* The calling host thread runs code of a machine from here on; @task: as its own, NULL: as somebody's resumer. */
void fxmi_thread_enter(struct fxm_task *task);
void fxmi_seat_leave_for_good(struct fxm_task *task);

FXMI_INLINE void fxmi_thread_arm(struct fxm_machine *m, bool again)
{
	if (m->thread_enters)
		m->thread_enters(m, again);
}

/* Leaves the caller's seat, if it has one / comes back to it. */
struct fxm_task *fxmi_stand_up(void);
void fxmi_sit_down(struct fxm_task *task);

/* fxm_task_resume(), which may also wait for the vCPU (@patient). */
int fxmi_fibre_resume(struct fxm_task *task, bool patient);

/* ---- self-check ---- */

/* All of the room: tasks, what they hold, seats. Takes task_lock and seat_lock. No operation of another thread may be half done. */
bool fxmi_tasks_are_valid(struct fxm_machine *m);

/* Lock of @q held. */
bool fxmi_wait_queue_is_valid_locked(const struct fxmi_wait_queue *q);

#endif
