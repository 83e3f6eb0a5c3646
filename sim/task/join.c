/* SPDX-License-Identifier: MIT */
/*
 * fxm_task_join(): who waits for a fibre drives it; who waits for a thread stands up meanwhile.
 */
#include "task_internal.h"

#include <errno.h>

/* A fibre that only the calling thread drives and that could run now: whoever waits for another one should resume it first. */
static bool has_runnable_fibre_locked(const struct fxm_machine *m)
{
	for (struct fxm_task *t = m->tasks; t; t = t->next)
		if (t->vehicle == FXM_FIBRE && (t->state == FXM_TASK_NEW || t->state == FXM_TASK_RUNNABLE) &&
		    !fxmi_vehicle(t)->running && pthread_equal(fxmi_vehicle(t)->thread, pthread_self()))
			return true;
	return false;
}

/* Waits, standing, until the sleeping fibre @task has been woken or poked, or dooms it. task_lock held. */
static void wait_for_waker_locked(struct fxm_task *task)
{
	struct fxm_machine *m = task->machine;
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	void (*hung)(struct fxm_vcpu *, struct fxm_task *, const char *, unsigned) = fxmi_callback(m, hung);
	struct fxmi_patience patience;
	bool blocked = false;
	unsigned seconds;

	fxm_assert_internal(!v->joiner_blocked && !fxmi_self);
	fxmi_patience_init(&patience);
	if (!v->is_poked)
		fxmi_block(&blocked);
	v->joiner_blocked = &blocked;
	while (task->state == FXM_TASK_SLEEPING && !v->is_poked && !(task->doomed = fxmi_all_blocked())) {
		fxmi_patience_wait(&patience, &v->wake, &m->task_lock);
		if (fxmi_patience_is_over(&patience, m, &seconds) && hung) {
			pthread_mutex_unlock(&m->task_lock);
			hung(task->cpu, task, v->sleeps_in, seconds);
			pthread_mutex_lock(&m->task_lock);
		}
	}
	v->joiner_blocked = NULL;
	v->is_poked = false;
	fxmi_unblock(&blocked);
}

static int join_sleeping_fibre(struct fxm_task *task)
{
	struct fxm_machine *m = task->machine;

	if (fxmi_self && fxmi_self->current->vehicle == FXM_FIBRE)
		return -EDEADLK; /* its own resumer may be the one to wake us both */
	pthread_mutex_lock(&m->task_lock);
	bool other = has_runnable_fibre_locked(m);
	pthread_mutex_unlock(&m->task_lock);
	if (other)
		return -EDEADLK;
	struct fxm_task *caller = fxmi_stand_up();
	pthread_mutex_lock(&m->task_lock);
	wait_for_waker_locked(task);
	pthread_mutex_unlock(&m->task_lock);
	fxmi_sit_down(caller);
	return 0;
}

static int join_fibre(struct fxm_task *task)
{
	for (;;) {
		int state = fxmi_fibre_resume(task, true);
		bool sleeps = state == FXM_TASK_SLEEPING;
		int error = state < 0 ? state : sleeps && !fxmi_others_run(task->cpu) ? join_sleeping_fibre(task) : 0;

		if (error || state == FXM_TASK_DONE || state == FXM_TASK_KILLED)
			return error;
	}
}

/* With this thread blocked too, a sleeping one may be able to prove that nobody is left. */
static void poke_sleepers_locked(struct fxm_machine *m)
{
	for (struct fxm_task *t = m->tasks; t; t = t->next)
		if (t->vehicle == FXM_THREAD && t->state == FXM_TASK_SLEEPING)
			pthread_cond_broadcast(&fxmi_vehicle(t)->wake);
	for (unsigned n = 0; n < m->cpus_online; n++)
		pthread_cond_broadcast(&fxmi_vehicle(m->vcpu[n]->idle)->wake);
}

static int join_thread(struct fxm_task *task)
{
	struct fxm_machine *m = task->machine;
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	struct fxmi_patience patience;
	bool blocked = false;

	if (pthread_equal(v->thread, pthread_self()))
		return -EDEADLK;
	struct fxm_task *caller = fxmi_stand_up();
	fxmi_patience_init(&patience);
	pthread_mutex_lock(&m->task_lock);
	if (!fxmi_task_has_ended(task)) {
		fxmi_block(&blocked);
		v->joiner_blocked = &blocked;
		poke_sleepers_locked(m);
	}
	while (!fxmi_task_has_ended(task))
		fxmi_patience_wait(&patience, &v->wake, &m->task_lock);
	v->joiner_blocked = NULL;
	pthread_mutex_unlock(&m->task_lock);
	fxm_assert_internal(fxmi_task_has_ended(task));
	pthread_join(v->thread, NULL);
	fxmi_sit_down(caller);
	return 0;
}

int fxm_task_join(struct fxm_task *task, int *result)
{
	if (!task || task->is_idle || task->is_attached)
		return -EINVAL;
	if (task->machine->dead)
		return -ECHILD;
	int error = task->vehicle == FXM_FIBRE ? join_fibre(task) : join_thread(task);
	if (error)
		return error;
	error = task->state == FXM_TASK_KILLED ? -ECANCELED : 0;
	if (!error && result)
		*result = task->result;
	fxmi_task_unlink_and_put(task);
	return error;
}
