/* SPDX-License-Identifier: MIT */
/*
 * fxm_task_run(), the way back to it, and the end of a task.
 */
#include "task_internal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Lies in the frame of its fxm_task_run(). Code that leaves that by a longjmp of its own, as a failed assertion of a test framework
 * does, leaves this behind: it is one of a dead frame when it names another address, or lies no higher than a later frame.
 */
struct fxmi_unwind {
	struct fxmi_unwind *outer;
	const struct fxmi_unwind *self;
	uintptr_t frame;
	pthread_t thread;
	struct fxmi_interrupts interrupts;
	sigjmp_buf env;
};

static struct fxmi_unwind *skip_dead(struct fxmi_unwind *u, uintptr_t frame)
{
	while (u && (u->self != u || u->frame <= frame))
		u = u->self == u ? u->outer : NULL;
	return u;
}

int fxm_task_run(struct fxm_vcpu *cpu, int (*fn)(void *arg), void *arg, int *result)
{
	struct fxmi_unwind here;

	if (!cpu || !fn)
		return -EINVAL;
	if (fxmi_rare(cpu) & FXMI_RARE_DEAD)
		return -ECHILD;
	struct fxm_task *task = cpu->current;
	fxm_assert_internal(task->cpu == cpu && !fxmi_task_has_ended(task));
	here.self = &here;
	here.frame = (uintptr_t)__builtin_frame_address(0);
	here.outer = skip_dead(task->unwind, here.frame);
	fxm_assert_internal(!here.outer || here.outer->self == here.outer);
	here.thread = pthread_self();
	fxmi_interrupts_save(cpu, &here.interrupts);
	/* The signal mask is restored by fxmi_handler_abandon(), without a system call here. */
	if (sigsetjmp(here.env, 0)) {
		cpu->current->unwind = here.outer;
		return -ECANCELED;
	}
	task->unwind = &here;
	int r = fn(arg);
	task->unwind = here.outer;
	if (result)
		*result = r;
	return 0;
}

/* A fibre may have moved to another thread since, its frames with it. */
static bool is_own_unwind(const struct fxm_vcpu *cpu, const struct fxmi_unwind *u)
{
	return u && u->self == u && (fxmi_self == cpu || (cpu->current->is_idle && pthread_equal(u->thread, pthread_self())));
}

bool fxmi_task_has_unwind(const struct fxm_vcpu *cpu)
{
	return is_own_unwind(cpu, cpu->current->unwind);
}

_Noreturn void fxmi_task_leave(struct fxm_vcpu *cpu)
{
	struct fxm_task *task = cpu->current;
	struct fxmi_unwind *u = task->unwind;

	fxm_assert_internal(task->cpu == cpu);
	if (!is_own_unwind(cpu, u)) {
		fxmi_handler_abandon();
		if (fxmi_callback(task->machine, orphan))
			fxmi_callback(task->machine, orphan)(cpu);
		fprintf(stderr, "libfixmap: %s[%d] on vCPU %u cannot end here: no fxm_task_run() is around it. Aborting.\n",
			task->comm, task->pid, cpu->id);
		abort();
	}
	task->unwind = u->outer; /* now: what happens in a dead frame must not come back to it for ever */
	fxmi_interrupts_restore(cpu, &u->interrupts);
	fxmi_atomic_leave_interrupts(task);
	fxmi_handler_abandon();
	siglongjmp(u->env, 1);
}

_Noreturn void fxmi_task_kill(struct fxm_vcpu *cpu)
{
	struct fxm_task *task = cpu->current;

	while (task->nr_held)
		fxmi_spin_unlock(cpu, task->held[task->nr_held - 1]);
	task->was_killed = fxmi_task_has_unwind(cpu);
	fxmi_task_leave(cpu);
}

/* ---- the end of a task ---------------------------------------------------------------------------------------------------- */

enum fxm_task_state fxmi_task_run_to_its_end(struct fxm_task *task)
{
	struct fxm_vcpu *cpu = task->cpu;

	fxm_assert_internal(fxmi_self == cpu && cpu->current == task && !task->unwind);
	enum fxm_task_state end = fxm_task_run(cpu, task->fn, task->arg, &task->result) ? FXM_TASK_KILLED : FXM_TASK_DONE;
	void (*task_end)(struct fxm_vcpu *, struct fxm_task *) = fxmi_callback(task->machine, task_end);
	if (task_end)
		task_end(cpu, task);
	return end;
}

void fxmi_task_set_ended(struct fxm_task *task, enum fxm_task_state end)
{
	pthread_mutex_lock(&task->machine->task_lock);
	fxm_assert_internal(!fxmi_task_has_ended(task) && !task->nr_held);
	task->state = end;
	fxmi_unblock(fxmi_vehicle(task)->joiner_blocked);
	pthread_cond_broadcast(&fxmi_vehicle(task)->wake);
	pthread_mutex_unlock(&task->machine->task_lock);
}
