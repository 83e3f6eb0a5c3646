/* SPDX-License-Identifier: MIT */
/*
 * Turns: fibres that nobody resumes by hand, as the threads of a kernel. One that is scheduled gets a turn when a task on its vCPU
 * gives the vCPU away, or sleeps; in order of creation, so that every run is the same. A vCPU that no host thread calls its own is
 * driven by whoever drives another one.
 *
 * The driver is a task that is not scheduled itself: a host thread, or a fibre that somebody joins. A scheduled one goes back to it
 * at each schedule(), so that a round is one turn for each, however many there are.
 */
#include "task_internal.h"

void fxmi_task_schedule(struct fxm_task *task)
{
	pthread_mutex_lock(&task->machine->task_lock);
	task->machine->has_scheduled = true;
	task->is_scheduled = true;
	fxmi_poke_drivers_locked(task);
	pthread_mutex_unlock(&task->machine->task_lock);
}

struct round {
	struct fxm_vcpu *cpu;
	bool any;
};

static int give_turn(struct fxm_task *task, void *arg)
{
	struct round *round = arg;
	struct fxm_machine *m = task->machine;

	if (!task->is_scheduled || (task->state != FXM_TASK_NEW && task->state != FXM_TASK_RUNNABLE))
		return 0;
	pthread_mutex_lock(&m->task_lock);
	bool is_ours = task->cpu == round->cpu || !fxmi_vcpu_has_thread_locked(m, task->cpu);
	pthread_mutex_unlock(&m->task_lock);
	if (is_ours && fxm_task_resume(task) >= 0)
		round->any = true;
	return 0;
}

bool fxmi_give_turns(struct fxm_vcpu *cpu)
{
	struct round round = {.cpu = cpu};

	if (cpu->machine->has_scheduled)
		fxm_task_each(cpu->machine, give_turn, &round);
	return round.any;
}

bool fxmi_others_run(struct fxm_vcpu *cpu)
{
	bool (*idle)(struct fxm_vcpu *) = fxmi_callback(cpu->machine, idle);

	return fxmi_give_turns(cpu) || (idle && idle(cpu));
}

void fxmi_poke_drivers_locked(struct fxm_task *task)
{
	struct fxm_machine *m = task->machine;
	bool has_driver = fxmi_vcpu_has_thread_locked(m, task->cpu);

	for (struct fxm_task *t = m->tasks; t; t = t->next) {
		struct fxmi_vehicle *v = fxmi_vehicle(t);

		if (t == task || t->is_scheduled || t->state != FXM_TASK_SLEEPING || (has_driver && t->cpu != task->cpu))
			continue;
		v->is_poked = true;
		fxmi_unblock(&v->blocked);
		fxmi_unblock(v->joiner_blocked);
		pthread_cond_broadcast(&v->wake);
	}
}
