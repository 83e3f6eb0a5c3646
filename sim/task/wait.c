/* SPDX-License-Identifier: MIT */
/*
 * The locks and wait queues of src/, and sleeping on them.
 *
 * A waiter is marked asleep under the queue's lock before that lock is released, and whoever wakes it holds the same lock: a
 * wake-up that comes before the sleep finds the mark and removes it, so none is lost. A sleeper gives its seat up: a fibre by
 * going back to its resumer, a thread on the condition variable of its task. Idle tasks stand for callers that sit nowhere; they
 * block their host thread and leave the seat alone.
 *
 * Whoever sleeps looks around first: when all host threads of the process are blocked in here, nobody is left to wake it. A
 * fibre's driver decides that for it (fxm_task_join()).
 */
#include "task_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- locks --------------------------------------------------------------------------------------------------------------- */

void fxmi_spin_init(struct fxmi_spinlock *lock, const char *name)
{
	*lock = (struct fxmi_spinlock){.name = name};
	pthread_mutex_init(&lock->mutex, NULL);
}

void fxmi_spin_destroy(struct fxmi_spinlock *lock)
{
	pthread_mutex_destroy(&lock->mutex);
}

void fxmi_spin_lock(struct fxm_vcpu *cpu, struct fxmi_spinlock *lock)
{
	struct fxm_task *task = cpu->current;

	pthread_mutex_lock(&lock->mutex);
	fxm_assert_internal(!lock->holder);
	__atomic_store_n(&lock->holder, task, __ATOMIC_RELAXED);
	fxm_assert(task->nr_held < sizeof(task->held) / sizeof(*task->held));
	task->held[task->nr_held++] = lock;
}

void fxmi_spin_unlock(struct fxm_vcpu *cpu, struct fxmi_spinlock *lock)
{
	struct fxm_task *task = cpu->current;
	unsigned n = task->nr_held;

	fxm_assert_internal(lock->holder == task);
	while (n && task->held[n - 1] != lock)
		n--;
	fxm_assert(n);
	memmove(&task->held[n - 1], &task->held[n], (task->nr_held - n) * sizeof(*task->held));
	task->nr_held--;
	__atomic_store_n(&lock->holder, NULL, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock->mutex);
}

/* ---- wait queues ---------------------------------------------------------------------------------------------------------- */

void fxmi_wait_begin_locked(struct fxm_vcpu *cpu, struct fxmi_wait_queue *q, struct fxmi_waiter *w)
{
	struct fxm_task *task = cpu->current;

	fxm_assert_internal(!q->head == !q->waiters);
	w->task = task;
	w->next = q->head;
	q->head = w;
	q->waiters++;
	fxmi_sleep_begin(cpu);
}

static void dequeue_locked(struct fxmi_wait_queue *q, struct fxmi_waiter *w)
{
	struct fxmi_waiter **at = &q->head;

	fxm_assert_internal(q->waiters);
	while (*at != w) {
		fxm_assert(*at);
		at = &(*at)->next;
	}
	*at = w->next;
	q->waiters--;
}

void fxmi_wake_all_locked(struct fxm_vcpu *cpu, struct fxmi_wait_queue *q)
{
	struct fxm_machine *m = cpu->machine;

	if (!q->head)
		return;
	pthread_mutex_lock(&m->task_lock);
	for (struct fxmi_waiter *w = q->head; w; w = w->next)
		fxmi_task_wake_locked(w->task);
	pthread_mutex_unlock(&m->task_lock);
}

/* ---- sleeping ------------------------------------------------------------------------------------------------------------- */

static void tell_hung(struct fxm_vcpu *cpu, struct fxm_task *task, const char *what, unsigned seconds)
{
	void (*hung)(struct fxm_vcpu *, struct fxm_task *, const char *, unsigned) = fxmi_callback(cpu->machine, hung);

	if (hung)
		hung(cpu, task, what, seconds);
}

/* False: nobody can wake it any more. Returns early when it is poked. task_lock held, but not while callbacks run. */
static bool block_locked(struct fxm_vcpu *cpu, struct fxm_task *task, const char *what)
{
	struct fxm_machine *m = cpu->machine;
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	struct fxmi_patience patience;
	bool hopeless = false;
	unsigned seconds;

	fxmi_patience_init(&patience);
	if (task->state == FXM_TASK_SLEEPING && !v->is_poked)
		fxmi_block(&v->blocked);
	while (task->state == FXM_TASK_SLEEPING && !v->is_poked && !(hopeless = fxmi_all_blocked())) {
		fxmi_patience_wait(&patience, &v->wake, &m->task_lock);
		if (task->state == FXM_TASK_SLEEPING && fxmi_patience_is_over(&patience, m, &seconds)) {
			pthread_mutex_unlock(&m->task_lock);
			tell_hung(cpu, task, what, seconds);
			pthread_mutex_lock(&m->task_lock);
		}
	}
	fxmi_unblock(&v->blocked);
	return !hopeless;
}

/* Once, until it is woken or poked. */
static bool block(struct fxm_vcpu *cpu, struct fxm_task *task, const char *what)
{
	bool sits = !task->is_idle;

	if (sits) {
		fxmi_seat_leave(cpu);
		fxmi_sit(NULL);
	}
	pthread_mutex_lock(&cpu->machine->task_lock);
	bool may_go_on = block_locked(cpu, task, what);
	fxmi_vehicle(task)->is_poked = false;
	pthread_mutex_unlock(&cpu->machine->task_lock);
	if (sits) {
		fxmi_seat_take(cpu, task);
		fxmi_sit(cpu);
	}
	return may_go_on;
}

static bool sleep_on_thread(struct fxm_vcpu *cpu, struct fxm_task *task, const char *what)
{
	bool woken = true;

	while (woken && task->state == FXM_TASK_SLEEPING) {
		if (!task->is_idle && fxmi_others_run(cpu))
			fxmi_seat_pass(cpu);
		else
			woken = block(cpu, task, what);
	}
	task->state = FXM_TASK_RUNNING;
	return woken;
}

/* One that was woken before it slept gives others their turn all the same. Resumed asleep, a fibre has been doomed. */
static bool sleep_on_fibre(struct fxm_task *task, const char *what)
{
	fxmi_vehicle(task)->sleeps_in = what;
	fxmi_fibre_suspend(task);
	fxm_assert_internal(task->doomed || task->state != FXM_TASK_SLEEPING);
	bool woken = !task->doomed;
	task->doomed = false;
	task->state = FXM_TASK_RUNNING;
	return woken;
}

_Noreturn void fxmi_die_of_deadlock(struct fxm_vcpu *cpu, const char *what)
{
	void (*deadlock)(struct fxm_vcpu *, const char *) = fxmi_callback(cpu->machine, deadlock);

	if (deadlock)
		deadlock(cpu, what);
	fprintf(stderr, "libfixmap: %s[%d] sleeps in %s and nobody is left to wake it. Aborting.\n", cpu->current->comm,
		cpu->current->pid, what);
	abort();
}

void fxmi_sleep_begin(struct fxm_vcpu *cpu)
{
	struct fxm_task *task = cpu->current;

	pthread_mutex_lock(&task->machine->task_lock);
	fxm_assert_internal(task->state == FXM_TASK_RUNNING);
	task->state = FXM_TASK_SLEEPING;
	pthread_mutex_unlock(&task->machine->task_lock);
}

bool fxmi_sleep(struct fxm_vcpu *cpu, const char *what)
{
	struct fxm_task *task = cpu->current;

	fxm_assert_internal(!task->nr_held);
	return task->vehicle == FXM_FIBRE ? sleep_on_fibre(task, what) : sleep_on_thread(cpu, task, what);
}

void fxmi_wake(struct fxm_task *task)
{
	pthread_mutex_lock(&task->machine->task_lock);
	fxmi_task_wake_locked(task);
	pthread_mutex_unlock(&task->machine->task_lock);
}

void fxmi_wait_sleep(struct fxm_vcpu *cpu, struct fxmi_spinlock *lock, struct fxmi_wait_queue *q, struct fxmi_waiter *w,
		     const char *what)
{
	fxmi_spin_unlock(cpu, lock);
	bool woken = fxmi_sleep(cpu, what);
	fxmi_spin_lock(cpu, lock);
	dequeue_locked(q, w);
	if (!woken) {
		fxmi_spin_unlock(cpu, lock);
		fxmi_die_of_deadlock(cpu, what);
	}
}

/* ---- self-check ---------------------------------------------------------------------------------------------------------- */

bool fxmi_wait_queue_is_valid_locked(const struct fxmi_wait_queue *q)
{
	unsigned n = 0;

	for (const struct fxmi_waiter *w = q->head; w; w = w->next) {
		fxm_invariant(++n <= q->waiters);
		fxm_invariant(w->task && !fxmi_task_has_ended(w->task));
	}
	fxm_invariant(n == q->waiters);
	return true;
}
