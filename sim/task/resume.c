/* SPDX-License-Identifier: MIT */
/*
 * Turns: who runs a fibre, and how a task gives its turn away.
 *
 * A fibre's resumer lends it its host thread and sets fxmi_self on its behalf. A fibre's `running` says that some host thread is
 * inside fxm_task_resume() of it; task_lock guards it.
 */
#include "task_internal.h"

#include <errno.h>
#include <time.h>

void fxmi_fibre_suspend(struct fxm_task *task)
{
	fxmi_fibre_leave(&fxmi_vehicle(task)->fibre, false);
}

/* Whether the fibre is the caller's to run now; else @result is what fxm_task_resume() returns. */
static bool claim(struct fxm_task *task, int *result)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	bool claimed = false;

	pthread_mutex_lock(&task->machine->task_lock);
	*result = task->state;
	if (v->running) {
		*result = pthread_equal(v->thread, pthread_self()) ? -EDEADLK : -EBUSY;
	} else if (!fxmi_task_has_ended(task) && (task->state != FXM_TASK_SLEEPING || task->doomed)) {
		claimed = v->running = true;
		v->thread = pthread_self();
	}
	pthread_mutex_unlock(&task->machine->task_lock);
	return claimed;
}

static int disclaim(struct fxm_task *task)
{
	pthread_mutex_lock(&task->machine->task_lock);
	fxm_assert_internal(fxmi_vehicle(task)->running);
	fxmi_vehicle(task)->running = false;
	int state = task->state;
	pthread_mutex_unlock(&task->machine->task_lock);
	return state;
}

static void run_fibre(struct fxm_task *task)
{
	fxm_assert_internal(task->cpu->current == task && fxmi_vehicle(task)->running);
	fxm_assert_internal(!fxmi_task_has_ended(task));
	fxmi_sit(task->cpu);
	if (task->state != FXM_TASK_SLEEPING) /* a doomed one stays asleep until it has been told */
		task->state = FXM_TASK_RUNNING;
	fxmi_fibre_enter(&fxmi_vehicle(task)->fibre);
}

/* A caller waits while others run on its thread, and goes on. One that sleeps and drives others stays asleep until it is woken. */
static void waits(struct fxm_task *caller)
{
	if (caller->state == FXM_TASK_RUNNING)
		caller->state = FXM_TASK_RUNNABLE;
}

static void goes_on(struct fxm_task *caller)
{
	if (caller->state != FXM_TASK_SLEEPING)
		caller->state = FXM_TASK_RUNNING;
}

/* The caller sits on the fibre's own vCPU: one switch there, one back. */
static void run_on_callers_seat(struct fxm_task *task, struct fxm_vcpu *seat)
{
	struct fxm_task *caller = seat->current;

	fxm_assert_internal(caller != task && !caller->is_idle);
	waits(caller);
	fxmi_seat_switch(seat, task);
	fxmi_vehicle(task)->on_callers_seat = true;
	run_fibre(task);
	fxmi_vehicle(task)->on_callers_seat = false;
	fxmi_seat_switch(seat, caller);
	goes_on(caller);
	fxmi_sit(seat);
}

struct fxm_task *fxmi_stand_up(void)
{
	struct fxm_task *task = fxmi_self ? fxmi_self->current : NULL;

	if (task) {
		waits(task);
		fxmi_seat_leave(fxmi_self);
		fxmi_sit(NULL);
	}
	return task;
}

void fxmi_sit_down(struct fxm_task *task)
{
	if (task) {
		fxmi_seat_take(task->cpu, task);
		goes_on(task);
	}
	fxmi_sit(task ? task->cpu : NULL);
}

int fxmi_fibre_resume(struct fxm_task *task, bool patient)
{
	int result;

	if (!claim(task, &result))
		return result;
	fxmi_thread_enter(NULL);
	fxmi_thread_arm(task->machine, true);
	if (fxmi_self == task->cpu) {
		run_on_callers_seat(task, fxmi_self);
		return disclaim(task);
	}
	bool seated = fxmi_vehicle(task)->stalled || fxmi_seat_try(task->cpu, task);
	if (!seated && !patient) {
		disclaim(task);
		return -EBUSY;
	}
	struct fxm_task *caller = fxmi_stand_up();
	if (!seated)
		fxmi_seat_take(task->cpu, task);
	fxmi_vehicle(task)->stalled = false;
	run_fibre(task);
	if (!fxmi_vehicle(task)->stalled)
		fxmi_seat_leave(task->cpu);
	fxmi_sit(NULL);
	fxmi_sit_down(caller);
	return disclaim(task);
}

int fxm_task_resume(struct fxm_task *task)
{
	if (!task)
		return -EINVAL;
	if (task->machine->dead)
		return -ECHILD;
	return task->vehicle == FXM_FIBRE ? fxmi_fibre_resume(task, false) : -EINVAL;
}

static void yield_fibre(struct fxm_task *task)
{
	fxm_assert_internal(fxmi_self == task->cpu && task->cpu->current == task);
	task->state = FXM_TASK_RUNNABLE;
	fxmi_fibre_suspend(task);
}

void fxm_task_yield(void)
{
	struct fxm_vcpu *cpu = fxmi_self;

	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	if (cpu->current->vehicle == FXM_FIBRE)
		yield_fibre(cpu->current);
	else
		fxm_schedule(cpu);
}

void fxm_schedule(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	struct fxm_task *task = cpu->current;
	void (*complain)(struct fxm_vcpu *) = fxmi_callback(cpu->machine, scheduling_while_atomic);
	if (fxmi_unlikely(fxmi_count_preempt(cpu->counts)) && complain)
		complain(cpu);
	if (task->is_idle || fxmi_self != cpu)
		return;
	if (!task->is_scheduled && !fxmi_count_preempt(cpu->counts))
		fxmi_give_turns(cpu);
	if (task->vehicle == FXM_FIBRE) {
		yield_fibre(task);
	} else {
		task->state = FXM_TASK_RUNNABLE;
		fxmi_seat_pass(cpu);
		task->state = FXM_TASK_RUNNING;
	}
}

static bool may_stall(const struct fxm_task *task)
{
	return task->vehicle == FXM_FIBRE && !fxmi_vehicle(task)->on_callers_seat;
}

static void stall(struct fxm_task *task)
{
	fxmi_vehicle(task)->stalled = true;
	yield_fibre(task);
}

void fxm_task_pause(void)
{
	struct fxm_vcpu *cpu = fxmi_self;

	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	if (may_stall(cpu->current))
		stall(cpu->current);
	else if (cpu->current->vehicle == FXM_FIBRE)
		yield_fibre(cpu->current);
}

void fxmi_stall(struct fxm_vcpu *cpu)
{
	static const struct timespec nap = {.tv_nsec = 1000 * 1000};

	if (cpu->current->vehicle != FXM_FIBRE)
		nanosleep(&nap, NULL);
	else if (may_stall(cpu->current))
		stall(cpu->current);
}
