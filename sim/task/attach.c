/* SPDX-License-Identifier: MIT */
/*
 * Host threads that sit on a vCPU of their own accord: fxm_attach(), and what a thread leaves behind when it exits.
 *
 * Every thread-local fact is in fxmi_self: the vCPU whose seat the code running now holds. The task is fxmi_self->current.
 */
#include "task_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* ---- host threads that sit here ---------------------------------------------------------------------------------------------- */

/*
 * The key's value is the thread's own task: an attached thread's, or that of fxm_task_create(). Its destructor makes up for a
 * thread that exits without standing up. &no_task: only the alternate signal stack has to go.
 */
static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;
static struct fxm_task no_task;

void fxmi_seat_leave_for_good(struct fxm_task *task)
{
	fxm_assert_internal(fxmi_self == task->cpu && fxmi_self->current == task);
	fxm_assert_internal(!task->nr_held);
	fxmi_seat_leave(task->cpu);
	fxmi_sit(NULL);
}

static void detach(struct fxm_task *task)
{
	void (*task_end)(struct fxm_vcpu *, struct fxm_task *) = fxmi_callback(task->machine, task_end);

	if (task_end)
		task_end(task->cpu, task);
	fxmi_seat_leave_for_good(task);
	fxmi_task_unlink_and_put(task);
}

static void thread_exits(void *value)
{
	struct fxm_task *task = value;

	if (task != &no_task && fxmi_self && fxmi_self->current == task) {
		if (task->is_attached) {
			detach(task);
		} else {
			fxmi_seat_leave_for_good(task);
			fxmi_task_set_ended(task, FXM_TASK_DONE);
		}
	}
	fxmi_signal_stack_drop();
}

static void create_key(void)
{
	if (pthread_key_create(&thread_key, thread_exits))
		abort();
}

void fxmi_thread_enter(struct fxm_task *task)
{
	pthread_once(&thread_key_once, create_key);
	if (task || !pthread_getspecific(thread_key))
		pthread_setspecific(thread_key, task ? task : &no_task);
	fxmi_signal_stack_set();
}

void fxmi_task_after_fork(void)
{
	fxmi_sit(NULL);
	pthread_once(&thread_key_once, create_key);
	if (pthread_getspecific(thread_key))
		pthread_setspecific(thread_key, &no_task);
}

/* ---- attaching ------------------------------------------------------------------------------------------------------------- */

bool fxmi_vcpu_has_thread_locked(const struct fxm_machine *m, const struct fxm_vcpu *cpu)
{
	for (struct fxm_task *t = m->tasks; t; t = t->next)
		if (t->cpu == cpu && t->vehicle == FXM_THREAD && !fxmi_task_has_ended(t))
			return true;
	return false;
}

/* Reserves the seat of a vCPU that nobody calls his own, or, when @any, of any. */
static struct fxm_vcpu *reserve_locked(struct fxm_machine *m, bool any)
{
	for (unsigned n = 0; n < m->cpus_online; n++)
		if ((any || !fxmi_vcpu_has_thread_locked(m, m->vcpu[n])) && fxmi_seat_reserve(m->vcpu[n]))
			return m->vcpu[n];
	return NULL;
}

/*
 * A vCPU of the thread's own: a free one, a new one, or the first whose seat somebody leaves. Its seat is reserved: who only
 * looked could come to queue behind another thread, perhaps one that joins it.
 */
static struct fxm_vcpu *choose_vcpu_locked(struct fxm_machine *m)
{
	struct fxm_vcpu *cpu = reserve_locked(m, false);
	struct fxmi_patience patience;

	if (!cpu && fxmi_vcpu_add_locked(m) >= 0)
		cpu = reserve_locked(m, false);
	if (cpu)
		return cpu;
	fxmi_patience_init(&patience);
	m->seat_seekers++;
	while (!(cpu = reserve_locked(m, true)))
		fxmi_patience_wait(&patience, &m->seat_left, &m->task_lock);
	m->seat_seekers--;
	return cpu;
}

/* Links @task to its vCPU under the lock, so that the next thread looking for one sees it taken; then takes the seat. */
static void settle(struct fxm_machine *m, struct fxm_task *task, int cpu)
{
	fxm_assert_internal(!fxmi_self && !task->cpu);
	pthread_mutex_lock(&m->task_lock);
	task->cpu = cpu < 0 ? choose_vcpu_locked(m) : m->vcpu[cpu];
	fxmi_task_link_locked(task);
	pthread_mutex_unlock(&m->task_lock);
	if (cpu < 0)
		fxmi_seat_switch(task->cpu, task);
	else
		fxmi_seat_take(task->cpu, task);
}

/* What to answer a caller that sits somewhere already. */
static int attach_again(const struct fxm_machine *m, int cpu)
{
	if (fxmi_self->machine != m || (cpu >= 0 && fxmi_self->id != (unsigned)cpu))
		return -EBUSY;
	return fxmi_self->current->vehicle == FXM_FIBRE ? -EDEADLK : 0;
}

int fxm_attach(struct fxm_machine *m, int cpu)
{
	char comm[16] = "";

	if (!m || cpu < -1)
		return -EINVAL;
	if (m->dead)
		return -ECHILD;
	if (cpu >= 0 && (unsigned)cpu >= m->cpus_online)
		return -EINVAL;
	fxmi_thread_arm(m, false);
	if (fxmi_self)
		return attach_again(m, cpu);
	prctl(PR_GET_NAME, comm);
	struct fxm_task *task = fxmi_task_alloc(m, NULL, FXM_THREAD, comm);
	if (!task)
		return -ENOMEM;
	task->is_attached = true;
	task->state = FXM_TASK_RUNNABLE;
	settle(m, task, cpu);
	fxm_assert_internal(task->cpu->current == task);
	task->state = FXM_TASK_RUNNING;
	fxmi_sit(task->cpu);
	fxmi_thread_enter(task);
	return 0;
}

int fxm_detach(void)
{
	struct fxm_task *task = fxmi_self ? fxmi_self->current : NULL;

	if (!task || !task->is_attached || task->unwind)
		return -EPERM;
	pthread_setspecific(thread_key, &no_task);
	detach(task);
	return 0;
}

struct fxm_vcpu *fxm_current_or_null(void)
{
	return fxmi_self;
}
