/* SPDX-License-Identifier: MIT */
/*
 * Tasks as objects: making and freeing one, the list, and what is asked of them.
 *
 * Invariants: a task is on machine.tasks from creation until it is joined, detached or freed with the machine, in order of pids;
 * an ended task never runs again.
 *
 * task_lock guards the list and every state change to or from FXM_TASK_SLEEPING or an ended state. No callback runs under it.
 */
#include "task_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- task objects ------------------------------------------------------------------------------------------------------ */

struct fxm_task *fxmi_task_alloc(struct fxm_machine *m, struct fxm_vcpu *cpu, enum fxm_vehicle vehicle, const char *name)
{
	struct fxm_task *task = calloc(1, sizeof(*task));
	struct fxmi_vehicle *v = calloc(1, sizeof(*v));

	if (!task || !v) {
		free(task);
		free(v);
		return NULL;
	}
	v->refs = 1;
	v->thread = pthread_self();
	fxmi_cond_init(&v->wake);
	task->machine = m;
	task->cpu = cpu;
	task->vehicle = vehicle;
	task->state = FXM_TASK_NEW;
	task->counts = FXMI_COUNTS_ZERO;
	task->vehicle_data = v;
	snprintf(task->comm, sizeof(task->comm), "%s", name && *name ? name : "task");
	return task;
}

void fxmi_idle_reset(struct fxm_task *idle)
{
	struct fxm_task new = {.machine = idle->machine,
			       .cpu = idle->cpu,
			       .vehicle = idle->vehicle,
			       .is_idle = true,
			       .state = FXM_TASK_RUNNING,
			       .counts = FXMI_COUNTS_ZERO,
			       .vehicle_data = idle->vehicle_data};

	fxm_assert_internal(fxmi_vehicle(idle)->refs == 1);
	memcpy(new.comm, idle->comm, sizeof(new.comm));
	fxmi_vehicle(idle)->interrupts = (struct fxmi_interrupts){0};
	*idle = new;
}

void fxmi_task_get(struct fxm_task *task)
{
	unsigned before = fxmi_vehicle(task)->refs++;

	fxm_assert_internal(before);
	(void)before;
}

void fxmi_task_put(struct fxm_task *task)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);

	fxm_assert_internal(v->refs);
	if (--v->refs)
		return;
	fxm_assert_internal(!v->joiner_blocked && !v->blocked);
	fxmi_fibre_free(&v->fibre);
	fxmi_stack_free(&v->stack);
	pthread_cond_destroy(&v->wake);
	free(v);
	free(task);
}

/* Pids rise along the list: fxm_task_each() relies on it. */
void fxmi_task_link_locked(struct fxm_task *task)
{
	struct fxm_task **at = &task->machine->tasks;

	fxm_assert_internal(!task->is_idle && !task->next);
	while (*at) {
		fxm_assert_internal(*at != task);
		at = &(*at)->next;
	}
	task->pid = task->machine->next_pid++;
	*at = task;
}

static void unlink_locked(struct fxm_task *task)
{
	struct fxm_task **at = &task->machine->tasks;

	while (*at != task) {
		fxm_assert(*at);
		at = &(*at)->next;
	}
	*at = task->next;
}

void fxmi_task_unlink_and_put(struct fxm_task *task)
{
	pthread_mutex_t *lock = &task->machine->task_lock;

	pthread_mutex_lock(lock);
	unlink_locked(task);
	pthread_mutex_unlock(lock);
	fxmi_task_put(task);
}

void fxmi_task_wake_locked(struct fxm_task *task)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);

	if (task->state != FXM_TASK_SLEEPING)
		return;
	task->state = FXM_TASK_RUNNABLE;
	fxmi_unblock(&v->blocked);
	if (task->vehicle == FXM_FIBRE)
		fxmi_unblock(v->joiner_blocked);
	pthread_cond_broadcast(&v->wake);
	if (task->is_scheduled)
		fxmi_poke_drivers_locked(task);
}

/* ---- looking at tasks -------------------------------------------------------------------------------------------- */

enum fxm_task_state fxm_task_state(const struct fxm_task *task)
{
	return task ? (enum fxm_task_state)task->state : FXM_TASK_DONE;
}

const char *fxm_task_name(const struct fxm_task *task)
{
	return task ? task->comm : "";
}

int fxm_task_pid(const struct fxm_task *task)
{
	return task ? task->pid : -EINVAL;
}

struct fxm_task *fxm_vcpu_task(const struct fxm_vcpu *cpu)
{
	return cpu ? __atomic_load_n(&cpu->current, __ATOMIC_ACQUIRE) : NULL;
}

int fxmi_task_name_on(const struct fxm_vcpu *cpu, char comm[16])
{
	struct fxm_machine *m = cpu->machine;
	bool is_own = cpu == fxmi_self;

	if (!is_own)
		pthread_mutex_lock(&m->task_lock);
	const struct fxm_task *task = fxm_vcpu_task(cpu);
	int pid = task->pid;
	memcpy(comm, task->comm, sizeof(task->comm));
	if (!is_own)
		pthread_mutex_unlock(&m->task_lock);
	return pid;
}

/* The live task with the lowest pid above @pid, with a reference, or NULL. */
static struct fxm_task *next_task(struct fxm_machine *m, int pid)
{
	pthread_mutex_lock(&m->task_lock);
	struct fxm_task *t = m->tasks;
	while (t && (t->pid <= pid || fxmi_task_has_ended(t)))
		t = t->next;
	if (t)
		fxmi_task_get(t);
	pthread_mutex_unlock(&m->task_lock);
	return t;
}

int fxm_task_each(struct fxm_machine *m, int (*fn)(struct fxm_task *task, void *arg), void *arg)
{
	int result = 0, pid = INT_MIN;

	if (!m || !fn)
		return -EINVAL;
	if (m->dead)
		return -ECHILD;
	for (struct fxm_task *t; !result && (t = next_task(m, pid)); fxmi_task_put(t)) {
		pid = t->pid;
		result = fn(t, arg);
	}
	return result;
}

/* ---- the end of the machine -------------------------------------------------------------------------------------- */

/* Whether a host thread other than the caller is inside, or the caller runs on a stack that would be freed. */
static bool is_in_use_locked(struct fxm_machine *m, const struct fxm_task *caller)
{
	for (struct fxm_task *t = m->tasks; t; t = t->next)
		if (t != caller && (t->vehicle == FXM_FIBRE ? fxmi_vehicle(t)->running : !fxmi_task_has_ended(t)))
			return true;
	return false;
}

int fxmi_tasks_check_free(struct fxm_machine *m)
{
	bool attached = fxmi_self && fxmi_self->machine == m && fxmi_self->current->is_attached;
	struct fxm_task *caller = attached ? fxmi_self->current : NULL;

	pthread_mutex_lock(&m->task_lock);
	bool in_use = is_in_use_locked(m, caller);
	pthread_mutex_unlock(&m->task_lock);
	return in_use || (caller && fxm_detach()) ? -EBUSY : 0;
}

void fxmi_tasks_reset(struct fxm_machine *m)
{
	fxmi_tasks_free(m);
	m->next_pid = 1;
	m->has_scheduled = false;
	while (m->cpus_online > m->desc.cpus) {
		fxmi_vcpu_free(m->vcpu[--m->cpus_online]);
		m->vcpu[m->cpus_online] = NULL;
	}
	for (unsigned n = 0; n < m->cpus_online; n++)
		fxmi_vcpu_reset(m->vcpu[n]);
}

void fxmi_tasks_free(struct fxm_machine *m)
{
	while (m->tasks) {
		struct fxm_task *t = m->tasks;

		fxm_assert_internal(t->machine == m && (t->vehicle == FXM_FIBRE || fxmi_task_has_ended(t)));
		if (t->vehicle == FXM_THREAD)
			pthread_join(fxmi_vehicle(t)->thread, NULL);
		fxmi_task_unlink_and_put(t);
	}
}

/* ---- self-check -------------------------------------------------------------------------------------------------- */

static bool owns(const struct fxm_machine *m, const struct fxm_vcpu *cpu)
{
	return cpu && cpu->id < m->cpus_online && m->vcpu[cpu->id] == cpu;
}

static bool interrupts_are_valid(int irq_disabled, unsigned contexts, const unsigned char *context)
{
	fxm_invariant(irq_disabled == 0 || irq_disabled == 1);
	fxm_invariant(contexts <= FXMI_MAX_CONTEXTS);
	for (unsigned n = 0; n < contexts; n++)
		fxm_invariant(context[n] > FXM_CONTEXT_TASK && context[n] <= FXM_CONTEXT_NMI);
	return true;
}

/* What a task holds knows it too. */
static bool holdings_are_valid(const struct fxm_task *t)
{
	fxm_invariant(t->nr_held <= sizeof(t->held) / sizeof(*t->held));
	for (unsigned n = 0; n < t->nr_held; n++)
		fxm_invariant(t->held[n] && t->held[n]->holder == t);
	fxm_invariant(t->nr_atomic <= FXMI_MAX_ATOMIC);
	for (unsigned n = 0; n < t->nr_atomic; n++)
		fxm_invariant(t->atomic[n].what);
	return true;
}

static bool vehicle_is_valid(const struct fxm_task *t, const struct fxmi_vehicle *v)
{
	fxm_invariant(v && v->refs);
	fxm_invariant(!v->running || t->vehicle == FXM_FIBRE);
	fxm_invariant(!v->on_callers_seat || v->running);
	fxm_invariant(!v->stalled || t->vehicle == FXM_FIBRE);
	fxm_invariant(t->vehicle != FXM_FIBRE || v->stack.base);
	fxm_invariant(!v->stack.base || v->stack.bytes);
	return interrupts_are_valid(v->interrupts.irq_disabled, v->interrupts.contexts, v->interrupts.context);
}

static bool task_is_valid(const struct fxm_machine *m, const struct fxm_task *t)
{
	fxm_invariant(t->machine == m && owns(m, t->cpu));
	fxm_invariant(t->state >= FXM_TASK_NEW && t->state <= FXM_TASK_KILLED);
	fxm_invariant(t->vehicle == FXM_FIBRE || t->vehicle == FXM_THREAD);
	fxm_invariant(!t->is_attached || (t->vehicle == FXM_THREAD && !t->fn));
	fxm_invariant(!t->is_scheduled || (t->vehicle == FXM_FIBRE && m->has_scheduled));
	fxm_invariant(!t->doomed || t->state == FXM_TASK_SLEEPING);
	fxm_invariant(!fxmi_task_has_ended(t) || (t->cpu->current != t && !t->nr_held));
	fxm_invariant(t->comm[sizeof(t->comm) - 1] == '\0');
	return holdings_are_valid(t) && vehicle_is_valid(t, fxmi_vehicle(t));
}

/* Without a task that has the right to run, the idle task is current and nobody waits. */
static bool seat_is_valid_locked(const struct fxm_machine *m, const struct fxm_vcpu *cpu)
{
	fxm_invariant(cpu->current && cpu->current->cpu == cpu && cpu->current->machine == m);
	fxm_invariant(cpu->idle && cpu->idle->is_idle && cpu->idle->cpu == cpu);
	fxm_invariant(cpu->seat_taken || cpu->current == cpu->idle);
	fxm_invariant(cpu->seat_taken || !cpu->seat_queue);
	for (const struct fxmi_seat_waiter *w = cpu->seat_queue; w; w = w->next)
		fxm_invariant(!w->granted && w->task->cpu == cpu && w->task != cpu->current);
	fxm_invariant(!(fxmi_rare(cpu) & FXMI_RARE_DEAD) == !m->dead);
	return interrupts_are_valid(cpu->irq_disabled, cpu->contexts, cpu->context) && task_is_valid(m, cpu->idle);
}

static bool seat_is_valid(const struct fxm_machine *m, struct fxm_vcpu *cpu)
{
	pthread_mutex_lock(&cpu->seat_lock);
	bool valid = seat_is_valid_locked(m, cpu);
	pthread_mutex_unlock(&cpu->seat_lock);
	return valid;
}

static bool tasks_are_valid_locked(const struct fxm_machine *m)
{
	int pid = 0;

	for (const struct fxm_task *t = m->tasks; t; t = t->next) {
		fxm_invariant(t->pid > pid && t->pid < m->next_pid);
		fxm_invariant(!t->is_idle);
		if (!task_is_valid(m, t))
			return false;
		pid = t->pid;
	}
	for (unsigned n = 0; n < m->cpus_online; n++)
		if (!seat_is_valid(m, m->vcpu[n]))
			return false;
	return true;
}

bool fxmi_tasks_are_valid(struct fxm_machine *m)
{
	pthread_mutex_lock(&m->task_lock);
	bool valid = tasks_are_valid_locked(m);
	pthread_mutex_unlock(&m->task_lock);
	return valid;
}
