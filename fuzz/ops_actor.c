/* SPDX-License-Identifier: MIT */
/*
 * Who makes calls: an idle task, which the driver calls itself, or a fibre, which is handed the call and resumed. A fibre that
 * falls asleep keeps its call.
 */
#include "ops.h"

#include <errno.h>

static int fibre_main(void *arg)
{
	struct ops_actor *actor = arg;
	struct fxm_vcpu *cpu = fxm_machine_vcpu(actor->run->m, actor->cpu);

	while (!actor->quit) {
		if (actor->dies)
			ops_perform(actor);
		else
			actor->status = fxm_task_run(cpu, ops_perform, actor, NULL);
		fxm_get_counts(cpu, &actor->counts);
		actor->done = true;
		fxm_task_yield();
	}
	return 7;
}

static void make_fibre(struct ops_run *run, struct ops_actor *actor, unsigned cpu)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "fuzz", .cpu = cpu};

	actor->cpu = cpu;
	actor->asleep = actor->quit = actor->dies = false;
	run->model->task[actor->task] = (struct model_task){0};
	if (fxm_task_create(run->m, &attr, fibre_main, actor, &actor->fibre))
		ops_differ(run, "fxm_task_create failed");
}

struct ops_actor *ops_actor_of(struct ops_run *run, unsigned who, bool must_be_fibre)
{
	if (!(who & 0x40) && !must_be_fibre)
		return &run->idle[(who & 7) % run->cpus];
	struct ops_actor *actor = &run->fibre[who & 7];
	if (!actor->fibre)
		make_fibre(run, actor, (who >> 3 & 7) % run->cpus);
	return actor;
}

enum ops_end ops_resume(struct ops_run *run, struct ops_actor *actor)
{
	for (;;) {
		int state = fxm_task_resume(actor->fibre);
		if (state == FXM_TASK_SLEEPING)
			return ENDED_ASLEEP;
		if (state != FXM_TASK_RUNNABLE)
			ops_differ(run, "a fibre was resumed: state %d", state);
		if (actor->done) /* else it gave its turn away in schedule() */
			return actor->status ? ENDED_KILLED : ENDED_WELL;
	}
}

enum ops_end ops_act(struct ops_run *run, struct ops_actor *actor, const struct ops_call *call)
{
	actor->call = *call;
	actor->done = false;
	if (actor->fibre)
		return ops_resume(run, actor);
	actor->status = fxm_task_run(fxm_machine_vcpu(run->m, actor->cpu), ops_perform, actor, NULL);
	return actor->status ? ENDED_KILLED : ENDED_WELL;
}

uint64_t ops_silent(const struct ops_run *run)
{
	struct fxm_report_silent now;

	fxm_report_get_silent(run->m, &now);
	return now.repeated;
}

void ops_begin_reports(struct ops_run *run)
{
	run->reports = (struct ops_reports){.silent = ops_silent(run)};
}

void ops_sit(struct ops_run *run, const struct ops_actor *actor)
{
	run->switch_warnings = 0;
	if (!actor->asleep || run->model->task[actor->task].woken)
		run->switch_warnings = model_switch(run->model, actor->cpu, actor->task);
}

void ops_stand_up(struct ops_run *run, const struct ops_actor *actor)
{
	run->switch_warnings += model_switch(run->model, actor->cpu, actor->cpu);
}

void ops_end_fibre(struct ops_run *run, struct ops_actor *actor, bool killed)
{
	if (!actor->fibre || actor->asleep)
		return;
	actor->call = (struct ops_call){.kind = CALL_BUG};
	actor->quit = true;
	actor->dies = killed;
	int result = 0, expected = 0;
	/* A fibre that has not begun sees quit before anything else. */
	bool new = fxm_task_state(actor->fibre) == FXM_TASK_NEW;
	if (killed && !new) {
		actor->quit = false;
		expected = -ECANCELED;
	}
	ops_begin_reports(run);
	ops_sit(run, actor);
	int error = fxm_task_join(actor->fibre, &result);
	run->held_by_ended += model_task_end(run->model, actor->cpu, actor->cpu);
	if (error != expected || (!error && result != 7))
		ops_differ(run, "fxm_task_join: %d, result %d", error, result);
	if (run->reports.count[FXM_REPORT_BUG] != (expected != 0))
		ops_differ(run, "a fibre ended with %u BUGs", run->reports.count[FXM_REPORT_BUG]);
	actor->fibre = NULL;
}
