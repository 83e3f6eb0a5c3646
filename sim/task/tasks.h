/* SPDX-License-Identifier: MIT */
#ifndef FXMI_TASKS_H
#define FXMI_TASKS_H

/*
 * Tasks, and the locks and wait queues of src/.
 */

#include "vcpu.h"

/* ---- tasks ---- */

struct fxmi_unwind; /* an fxm_task_run() in progress */

/*
 * A section of code that may not sleep, and where it began. Those of kmap_atomic() are not here: preempt_count beyond @count says
 * that there are some.
 */
#define FXMI_MAX_ATOMIC 16

struct fxmi_atomic {
	const void *what; /* the lock, or what fxmi_atomic_begin() was given */
	uintptr_t site;
	int count; /* preempt_count inside */
};

/* src/'s, of a task: its last access by a pointer that does not reach so far, into the page at @into; 0: none. */
struct fxmi_overrun {
	uint64_t from, into; /* @from: 0 if unknown */
	enum fxm_access access;
	uintptr_t site, mapped_at, unmapped_at; /* of @from */
	uintptr_t before[2];			/* where @into was mapped and unmapped before */
	bool is_told;
};

struct fxm_task {
	struct fxm_machine *machine;
	struct fxm_vcpu *cpu;
	struct fxm_task *next; /* machine.tasks, in order of creation */
	char comm[16];
	int pid;
	enum fxm_vehicle vehicle;
	bool is_idle, is_attached; /* a vCPU's own; a thread that attached itself */
	_Atomic bool is_scheduled; /* a fibre that gets its turns from its vCPU: turns.c */
	_Atomic int state;	   /* enum fxm_task_state */
	int (*fn)(void *);
	void *arg;
	int result;
	uint64_t counts;  /* preempt and pagefault parts while not seated */
	int migrate;	  /* current->migration_disabled */
	struct fxmi_unwind *unwind;
	struct fxmi_spinlock *held[4]; /* locks of src/ held now, so that a dying task can release them */
	unsigned nr_held;
	struct fxmi_atomic atomic[FXMI_MAX_ATOMIC]; /* what it may not sleep in, innermost last */
	unsigned nr_atomic;
	struct fxmi_overrun overrun;
	int told_preempt; /* src/'s: by how much its preempt count is off after mistakes that were told */
	void *vehicle_data; /* sim/task/: fibre or thread */
	bool was_killed;    /* by fxmi_task_kill(); what it held then is still held */
	bool doomed;	    /* a sleeper whose wait has been proved hopeless: told at its next resume */
	void *kernel;	    /* src/'s per-task data (kmap_ctrl), NULL until it wants some */
	void *described;    /* what kernel-tier code sees as `current`, NULL until it looks; src/'s */
};

/* ---- locks and wait queues ---- */

/* A lock of the simulated kernel. Knows its holder, for the task-ending path and for "holder's stack" in reports. */
struct fxmi_spinlock {
	pthread_mutex_t mutex;
	const char *name;
	struct fxm_task *holder;
};

void fxmi_spin_init(struct fxmi_spinlock *lock, const char *name);
void fxmi_spin_destroy(struct fxmi_spinlock *lock);
void fxmi_spin_lock(struct fxm_vcpu *cpu, struct fxmi_spinlock *lock);
void fxmi_spin_unlock(struct fxm_vcpu *cpu, struct fxmi_spinlock *lock);

/* A task on a wait queue. Lives on the waiter's stack. */
struct fxmi_waiter {
	struct fxm_task *task;
	uintptr_t site; /* src/'s word for who waits */
	struct fxmi_waiter *next;
};

/* Newest first, as add_wait_queue() puts them. Guarded by the lock that its user names. */
struct fxmi_wait_queue {
	struct fxmi_waiter *head;
	_Atomic unsigned waiters;
};

/* Puts the current task on @q and marks it asleep. Lock of @q held. */
void fxmi_wait_begin_locked(struct fxm_vcpu *cpu, struct fxmi_wait_queue *q, struct fxmi_waiter *w);

/*
 * Releases @lock, sleeps until fxmi_wake_all() has been called since fxmi_wait_begin_locked(), takes @lock again, leaves @q.
 * Gives the seat up meanwhile. When nobody is left who could wake it, callbacks.deadlock is called instead (without
 * locks held); that does not return.
 */
void fxmi_wait_sleep(struct fxm_vcpu *cpu, struct fxmi_spinlock *lock, struct fxmi_wait_queue *q, struct fxmi_waiter *w,
		     const char *what);

/* Makes every task on @q runnable. They leave the queue themselves. Lock of @q held. */
void fxmi_wake_all_locked(struct fxm_vcpu *cpu, struct fxmi_wait_queue *q);

/*
 * The same without a queue. After fxmi_sleep_begin() the current task counts as asleep: fxmi_wake() makes it runnable, before it
 * sleeps or while it does. fxmi_sleep() returns when it is; false: nobody is left to wake it. Not while it holds locks of src/.
 */
void fxmi_sleep_begin(struct fxm_vcpu *cpu);
bool fxmi_sleep(struct fxm_vcpu *cpu, const char *what);
void fxmi_wake(struct fxm_task *task);

/* fxmi_sleep() said so: callbacks.deadlock. */
_Noreturn void fxmi_die_of_deadlock(struct fxm_vcpu *cpu, const char *what);

/* @task, a fibre, gets its turns from its vCPU from here on: whenever a task there calls fxm_schedule(), and when all sleep. */
void fxmi_task_schedule(struct fxm_task *task);

/* The name of the task that sits on @cpu, into @comm, and its pid. A task of another vCPU may end meanwhile. Takes task_lock. */
int fxmi_task_name_on(const struct fxm_vcpu *cpu, char comm[16]);

/* preempt_disable() by @what at @site / its preempt_enable(). Beyond FXMI_MAX_ATOMIC the place is not kept. */
void fxmi_preempt_disable(struct fxm_vcpu *cpu, const void *what, uintptr_t site);
void fxmi_preempt_enable(struct fxm_vcpu *cpu, const void *what);

/* local_bh_disable() at @site / its enable: @offset is what it adds to preempt_count. */
void fxmi_bh_disable(struct fxm_vcpu *cpu, unsigned offset, uintptr_t site);
void fxmi_bh_enable(struct fxm_vcpu *cpu, unsigned offset);

/*
 * The vCPU stands still for a while, others go on. A fibre goes back to its resumer, runnable, and keeps its seat meanwhile;
 * where the resumer needs that seat, nothing happens. A thread naps.
 */
void fxmi_stall(struct fxm_vcpu *cpu);

/* Ends the current task: drops its locks, unwinds to the innermost fxm_task_run() or, with none, calls abort(). */
_Noreturn void fxmi_task_kill(struct fxm_vcpu *cpu);

/* The same as an end that the task wants: it keeps its locks, and was not killed. */
_Noreturn void fxmi_task_leave(struct fxm_vcpu *cpu);

/* Whether an fxm_task_run() would catch fxmi_task_kill(). */
bool fxmi_task_has_unwind(const struct fxm_vcpu *cpu);

/* ---- vCPUs ---- */

/* Sets or clears @rare bits of every vCPU, present and future. */
void fxmi_set_rare(struct fxm_machine *m, uint32_t set, uint32_t clear);

#endif
