/* SPDX-License-Identifier: MIT */
/*
 * fxm_task_create(): a task on a stack of its own, on a fibre or on a host thread.
 */
#include "task_internal.h"

#include <errno.h>

enum { DEFAULT_STACK_BYTES = 256 * 1024 };

/* ---- tasks on host threads --------------------------------------------------------------------------------------- */

static void *thread_main(void *arg)
{
	struct fxm_task *task = arg;

	fxm_assert_internal(!fxmi_self);
	fxmi_thread_enter(task);
	fxmi_thread_arm(task->machine, false);
	fxmi_seat_take(task->cpu, task);
	fxm_assert_internal(task->cpu->current == task);
	fxmi_sit(task->cpu);
	task->state = FXM_TASK_RUNNING;
	enum fxm_task_state end = fxmi_task_run_to_its_end(task);
	fxmi_seat_leave_for_good(task);
	fxmi_task_set_ended(task, end);
	return NULL;
}

static int start_thread(struct fxm_task *task)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	pthread_attr_t attr;
	int error;

	pthread_attr_init(&attr);
	error = pthread_attr_setstack(&attr, v->stack.base, v->stack.bytes);
	if (!error)
		error = pthread_create(&v->thread, &attr, thread_main, task);
	pthread_attr_destroy(&attr);
	return error ? -EAGAIN : 0;
}

/* ---- fibres ------------------------------------------------------------------------------------------------------------------ */

static void fibre_entry(void *arg)
{
	struct fxm_task *task = arg;

	fxmi_thread_arm(task->machine, false);
	fxmi_task_set_ended(task, fxmi_task_run_to_its_end(task));
	fxm_assert_internal(fxmi_vehicle(task)->running && task->cpu->current == task);
	fxmi_fibre_leave(&fxmi_vehicle(task)->fibre, true);
}

/* ---- creating ---------------------------------------------------------------------------------------------------------------- */

/* glibc's, private but relied on by other runtimes too: what it takes off a thread's stack for itself and for static TLS. */
extern size_t __pthread_get_minstack(const pthread_attr_t *attr) __attribute__((weak, visibility("default")));

static size_t host_share(void)
{
	pthread_attr_t attr;

	if (!__pthread_get_minstack)
		return 0;
	pthread_attr_init(&attr);
	size_t bytes = __pthread_get_minstack(&attr);
	pthread_attr_destroy(&attr);
	return bytes;
}

static int start(struct fxm_task *task, size_t stack_bytes)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	size_t more = task->vehicle == FXM_THREAD ? host_share() : 0;
	int error = -ENOMEM;

	if (!stack_bytes)
		stack_bytes = DEFAULT_STACK_BYTES;
	if (stack_bytes <= SIZE_MAX - more)
		error = fxmi_stack_init(&v->stack, stack_bytes + more);

	if (error)
		return error;
	return task->vehicle == FXM_FIBRE ? fxmi_fibre_init(&v->fibre, &v->stack, fibre_entry, task) : start_thread(task);
}

int fxm_task_create(struct fxm_machine *m, const struct fxm_task_attr *attr, int (*fn)(void *arg), void *arg, struct fxm_task **out)
{
	struct fxm_task_attr a = {.struct_size = sizeof(a)};

	if (!m || !fn || !out || (attr && attr->struct_size < sizeof(a)))
		return -EINVAL;
	if (m->dead)
		return -ECHILD;
	if (attr)
		a = *attr;
	if (a.cpu >= m->cpus_online || (a.vehicle != FXM_FIBRE && a.vehicle != FXM_THREAD))
		return -EINVAL;
	struct fxm_task *task = fxmi_task_alloc(m, m->vcpu[a.cpu], a.vehicle, a.name);
	if (!task)
		return -ENOMEM;
	task->fn = fn;
	task->arg = arg;
	pthread_mutex_lock(&m->task_lock);
	fxmi_task_link_locked(task);
	pthread_mutex_unlock(&m->task_lock);
	int saved = errno, error = start(task, a.stack_bytes);
	errno = saved;
	if (error)
		fxmi_task_unlink_and_put(task);
	else
		*out = task;
	return error;
}
