/* SPDX-License-Identifier: MIT */
/* Fibres: running, sleeping, being woken, ending; fxm_task_run(); the locks and wait queues of src/ under one host thread. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bare_machine.h"

/* ---- a machine whose deadlocks end the task ------------------------------------------------------------------------------- */

static char events[256];

static void note(const char *what)
{
	strncat(events, what, sizeof(events) - strlen(events) - 1);
	strncat(events, " ", sizeof(events) - strlen(events) - 1);
}

static void on_deadlock(struct fxm_vcpu *cpu, const char *what)
{
	note(cpu->current->comm);
	note("deadlocked-in");
	note(what);
	fxmi_task_kill(cpu);
}

static void on_task_end(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	note(cpu->current == task ? "end" : "end-while-not-current");
}

static void on_atomic(struct fxm_vcpu *cpu)
{
	(void)cpu;
	note("scheduling-while-atomic");
}

static void on_switch_out(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	if (cpu->current != task)
		note("out-while-not-current");
}

static void on_switch_in(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	if (cpu->current != task)
		note("in-while-not-current");
}

static const struct fxmi_callbacks callbacks = {
	.deadlock = on_deadlock,
	.task_end = on_task_end,
	.scheduling_while_atomic = on_atomic,
	.sched_out = on_switch_out,
	.sched_in = on_switch_in,
};

static int setup(void **state)
{
	*state = bare_machine(FXM_WINDOW_OFF, false, &callbacks);
	events[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	return bare_machine_free(*state);
}

static struct fxm_task *fibre(struct fxm_machine *m, const char *name, unsigned cpu, int (*fn)(void *), void *arg)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = name, .cpu = cpu};
	struct fxm_task *task = NULL;

	assert_int_equal(fxm_task_create(m, &attr, fn, arg, &task), 0);
	return task;
}

/* ---- a resource to sleep for ------------------------------------------------------------------------------------- */

struct pool {
	struct fxmi_spinlock lock;
	struct fxmi_wait_queue wait;
	int free;
};

static void pool_init(struct pool *p, int free)
{
	*p = (struct pool){.free = free};
	fxmi_spin_init(&p->lock, "pool");
}

static void pool_get(struct fxm_vcpu *cpu, struct pool *p)
{
	struct fxmi_waiter w;

	fxmi_spin_lock(cpu, &p->lock);
	while (!p->free) {
		fxmi_wait_begin_locked(cpu, &p->wait, &w);
		fxmi_wait_sleep(cpu, &p->lock, &p->wait, &w, "pool_get");
	}
	p->free--;
	fxmi_spin_unlock(cpu, &p->lock);
}

static void pool_put(struct fxm_vcpu *cpu, struct pool *p)
{
	fxmi_spin_lock(cpu, &p->lock);
	p->free++;
	fxmi_wake_all_locked(cpu, &p->wait);
	fxmi_spin_unlock(cpu, &p->lock);
}

static int get_one(void *arg)
{
	struct fxm_vcpu *cpu = fxm_current_or_null();

	pool_get(cpu, arg);
	note(cpu->current->comm);
	return cpu->current->pid;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

static int yield_twice(void *arg)
{
	int *steps = arg;

	for (int i = 0; i < 2; i++) {
		++*steps;
		fxm_task_yield();
	}
	return 42;
}

static void test_a_fibre_runs_from_yield_to_yield(void **state)
{
	int steps = 0, result = 0;
	struct fxm_task *task = fibre(*state, "worker", 1, yield_twice, &steps);

	assert_int_equal(fxm_task_state(task), FXM_TASK_NEW);
	assert_string_equal(fxm_task_name(task), "worker");
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	assert_int_equal(steps, 1);
	assert_null(fxm_current_or_null());
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	assert_int_equal(steps, 2);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_DONE);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_DONE);
	assert_int_equal(fxm_task_join(task, &result), 0);
	assert_int_equal(result, 42);
	assert_string_equal(events, "end ");
}

static void test_join_runs_a_fibre_to_its_end(void **state)
{
	int steps = 0, result = 0;

	assert_int_equal(fxm_task_join(fibre(*state, NULL, 0, yield_twice, &steps), &result), 0);
	assert_int_equal(steps, 2);
	assert_int_equal(result, 42);
}

static int check_seat(void *arg)
{
	struct fxm_vcpu *cpu = arg;

	return fxm_current_or_null() == cpu && fxm_vcpu_task(cpu)->cpu == cpu && !fxm_vcpu_task(cpu)->is_idle &&
	       fxm_task_state(fxm_vcpu_task(cpu)) == FXM_TASK_RUNNING;
}

static void test_a_fibre_sits_on_its_vcpu_while_it_runs(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 1);
	int sat = 0;

	assert_int_equal(fxm_task_join(fibre(*state, NULL, 1, check_seat, cpu), &sat), 0);
	assert_true(sat);
	assert_true(fxm_vcpu_task(cpu)->is_idle);
}

static int resume_self(void *arg)
{
	return fxm_task_resume(*(struct fxm_task **)arg);
}

static int resume_other(void *arg)
{
	return fxm_task_resume(arg);
}

static void test_a_fibre_cannot_resume_itself(void **state)
{
	struct fxm_task *inner, *outer;
	int result = 0;

	inner = fibre(*state, NULL, 0, resume_self, &inner);
	assert_int_equal(fxm_task_join(inner, &result), 0);
	assert_int_equal(result, -EDEADLK);
	/* nor by way of another one */
	inner = fibre(*state, NULL, 0, resume_self, &outer);
	outer = fibre(*state, NULL, 1, resume_other, inner);
	assert_int_equal(fxm_task_join(outer, &result), 0);
	assert_int_equal(result, FXM_TASK_DONE);
	assert_int_equal(fxm_task_join(inner, &result), 0);
	assert_int_equal(result, -EDEADLK);
}

static void test_fibres_nest_on_one_vcpu(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);
	struct fxm_task *inner = fibre(*state, NULL, 0, check_seat, cpu);
	struct fxm_task *outer = fibre(*state, NULL, 0, resume_other, inner);
	int result = 0;

	assert_int_equal(fxm_task_join(outer, &result), 0);
	assert_int_equal(result, FXM_TASK_DONE);
	assert_int_equal(fxm_task_join(inner, &result), 0);
	assert_true(result);
}

static void test_an_attached_caller_gives_its_seat_up_meanwhile(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);
	int sat = 0;

	for (unsigned n = 0; n < 2; n++) {
		assert_int_equal(fxm_attach(*state, 0), 0);
		struct fxm_task *self = fxm_vcpu_task(cpu);
		assert_int_equal(fxm_task_join(fibre(*state, NULL, n, check_seat, fxm_machine_vcpu(*state, n)), &sat), 0);
		assert_true(sat);
		assert_ptr_equal(fxm_current_or_null(), cpu);
		assert_ptr_equal(fxm_vcpu_task(cpu), self);
		assert_int_equal(fxm_task_state(self), FXM_TASK_RUNNING);
		assert_int_equal(fxm_detach(), 0);
	}
	assert_int_equal(fxm_detach(), -EPERM);
}

static void test_wrong_arguments_are_refused(void **state)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .cpu = 7};
	struct fxm_task *task;

	assert_int_equal(fxm_task_create(*state, &attr, get_one, NULL, &task), -EINVAL);
	attr.cpu = 0;
	assert_int_equal(fxm_task_create(*state, &attr, NULL, NULL, &task), -EINVAL);
	assert_int_equal(fxm_task_create(NULL, &attr, get_one, NULL, &task), -EINVAL);
	attr.stack_bytes = SIZE_MAX / 4;
	errno = 77;
	assert_int_equal(fxm_task_create(*state, &attr, get_one, NULL, &task), -ENOMEM);
	assert_int_equal(errno, 77);
	errno = 0;
	attr.stack_bytes = SIZE_MAX;
	assert_int_equal(fxm_task_create(*state, &attr, get_one, NULL, &task), -ENOMEM);
	assert_int_equal(fxm_task_resume(NULL), -EINVAL);
	assert_int_equal(fxm_task_join(NULL, NULL), -EINVAL);
	assert_int_equal(fxm_task_join(fxm_vcpu_task(fxm_machine_vcpu(*state, 0)), NULL), -EINVAL);
	assert_int_equal(fxm_attach(*state, 2), -EINVAL);
	assert_int_equal(fxm_attach(*state, -2), -EINVAL);
}

static int attach_here(void *arg)
{
	return fxm_attach(arg, 0);
}

static void test_attaching_inside_a_fibre_is_refused(void **state)
{
	int result = 0;

	assert_int_equal(fxm_task_join(fibre(*state, NULL, 0, attach_here, *state), &result), 0);
	assert_int_equal(result, -EDEADLK);
	assert_int_equal(fxm_task_join(fibre(*state, NULL, 1, attach_here, *state), &result), 0);
	assert_int_equal(result, -EBUSY);
}

static void test_attaching_again_is_allowed_on_the_same_seat_only(void **state)
{
	assert_int_equal(fxm_attach(*state, 1), 0);
	assert_int_equal(fxm_attach(*state, 1), 0);
	assert_int_equal(fxm_attach(*state, -1), 0);
	assert_int_equal(fxm_attach(*state, 0), -EBUSY);
	assert_int_equal(fxm_detach(), 0);
	assert_null(fxm_current_or_null());
}

static int deep(void *arg)
{
	volatile char frame[200 * 1024];

	memset((char *)frame, 1, sizeof(frame));
	*(int *)arg = frame[sizeof(frame) - 1];
	return 0;
}

static void test_the_default_stack_holds_200_kib(void **state)
{
	int touched = 0;

	assert_int_equal(fxm_task_join(fibre(*state, NULL, 0, deep, &touched), NULL), 0);
	assert_int_equal(touched, 1);
}

static int count_task(struct fxm_task *task, void *arg)
{
	note(fxm_task_name(task));
	return ++*(int *)arg == 2 ? fxm_task_pid(task) : 0;
}

static void test_each_visits_live_tasks_in_order_of_creation(void **state)
{
	int n = 0, steps = 0;
	struct fxm_task *a = fibre(*state, "a", 0, yield_twice, &steps), *b = fibre(*state, "b", 0, yield_twice, &steps);
	struct fxm_task *c = fibre(*state, "c", 0, yield_twice, &steps);

	assert_int_equal(fxm_task_each(*state, count_task, &n), fxm_task_pid(b));
	assert_string_equal(events, "a b ");
	while (fxm_task_resume(a) == FXM_TASK_RUNNABLE)
		;
	events[0] = '\0';
	n = 2;
	assert_int_equal(fxm_task_each(*state, count_task, &n), 0);
	assert_string_equal(events, "b c ");
	(void)c; /* dropped with the machine */
}

/* ---- sleeping ---------------------------------------------------------------------------------------------------- */

static void test_a_sleeper_sleeps_until_it_is_woken(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);
	struct fxm_task *task;
	struct pool pool;
	int pid = 0;

	pool_init(&pool, 0);
	task = fibre(*state, "sleeper", 0, get_one, &pool);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_SLEEPING);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_SLEEPING);
	assert_int_equal(pool.wait.waiters, 1);
	pool_put(cpu, &pool);
	assert_int_equal(fxm_task_state(task), FXM_TASK_RUNNABLE);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_DONE);
	assert_int_equal(pool.wait.waiters, 0);
	assert_int_equal(fxm_task_join(task, &pid), 0);
	assert_int_equal(pool.free, 0);
	fxmi_spin_destroy(&pool.lock);
}

static void test_the_newest_waiter_is_first(void **state)
{
	struct fxm_task *task[3];
	struct pool pool;

	pool_init(&pool, 0);
	for (int i = 0; i < 3; i++) {
		task[i] = fibre(*state, NULL, 0, get_one, &pool);
		assert_int_equal(fxm_task_resume(task[i]), FXM_TASK_SLEEPING);
	}
	assert_ptr_equal(pool.wait.head->task, task[2]);
	assert_ptr_equal(pool.wait.head->next->task, task[1]);
	assert_ptr_equal(pool.wait.head->next->next->task, task[0]);
	fxmi_spin_destroy(&pool.lock);
}

static void test_a_waiter_that_finds_nothing_sleeps_again(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);
	struct fxm_task *first, *second;
	struct pool pool;

	pool_init(&pool, 0);
	first = fibre(*state, "first", 0, get_one, &pool);
	second = fibre(*state, "second", 1, get_one, &pool);
	assert_int_equal(fxm_task_resume(first), FXM_TASK_SLEEPING);
	assert_int_equal(fxm_task_resume(second), FXM_TASK_SLEEPING);
	pool_put(cpu, &pool);
	assert_int_equal(fxm_task_resume(second), FXM_TASK_DONE);
	assert_int_equal(fxm_task_resume(first), FXM_TASK_SLEEPING);
	pool_put(cpu, &pool);
	assert_int_equal(fxm_task_resume(first), FXM_TASK_DONE);
	fxmi_spin_destroy(&pool.lock);
}

static void test_joining_a_hopeless_sleeper_ends_it(void **state)
{
	struct fxm_task *task;
	struct pool pool;

	pool_init(&pool, 0);
	task = fibre(*state, "sleeper", 0, get_one, &pool);
	assert_int_equal(fxm_task_join(task, NULL), -ECANCELED);
	assert_string_equal(events, "sleeper deadlocked-in pool_get end ");
	assert_null(pool.wait.head);
	assert_null(pool.lock.holder);
	fxmi_spin_destroy(&pool.lock);
}

static int put_one(void *arg)
{
	pool_put(fxm_current_or_null(), arg);
	return 0;
}

static void test_joining_a_sleeper_while_another_fibre_could_run_is_an_error(void **state)
{
	struct fxm_task *sleeper, *other;
	struct pool pool;

	pool_init(&pool, 0);
	sleeper = fibre(*state, "sleeper", 0, get_one, &pool);
	other = fibre(*state, "other", 0, put_one, &pool);
	assert_int_equal(fxm_task_join(sleeper, NULL), -EDEADLK);
	assert_int_equal(fxm_task_state(sleeper), FXM_TASK_SLEEPING);
	assert_int_equal(fxm_task_join(other, NULL), 0);
	assert_int_equal(fxm_task_join(sleeper, NULL), 0);
	fxmi_spin_destroy(&pool.lock);
}

static int sleep_here(void *arg)
{
	pool_get(fxm_machine_vcpu(((void **)arg)[0], 0), ((void **)arg)[1]);
	return 0;
}

/* The only thread of the process, sitting nowhere: nobody is left. */
static void test_an_unattached_callers_hopeless_wait_ends_at_once(void **state)
{
	struct pool pool;

	pool_init(&pool, 0);
	assert_int_equal(fxm_task_run(fxm_machine_vcpu(*state, 0), sleep_here, (void *[]){*state, &pool}, NULL), -ECANCELED);
	assert_string_equal(events, "swapper/0 deadlocked-in pool_get ");
	assert_int_equal(fxm_task_state(fxm_vcpu_task(fxm_machine_vcpu(*state, 0))), FXM_TASK_RUNNING);
	fxmi_spin_destroy(&pool.lock);
}

/* ---- the end of a task ------------------------------------------------------------------------------------------- */

static int die_in_context(void *arg)
{
	struct fxm_vcpu *cpu = fxm_current_or_null();
	struct pool *p = arg;

	fxm_preempt_disable(cpu);
	fxm_context_enter(cpu, FXM_CONTEXT_HARDIRQ);
	fxmi_spin_lock(cpu, &p->lock);
	fxmi_task_kill(cpu);
}

static void test_a_killed_fibre_leaves_its_locks_and_contexts(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);
	struct pool pool;
	struct fxm_task *task;

	pool_init(&pool, 1);
	task = fibre(*state, NULL, 0, die_in_context, &pool);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_KILLED);
	assert_false(fxm_irqs_disabled(cpu));
	assert_int_equal(fxm_context(cpu), FXM_CONTEXT_TASK);
	assert_int_equal(fxm_task_join(task, NULL), -ECANCELED);
	pool_get(cpu, &pool); /* would hang if the lock were still held */
	fxmi_spin_destroy(&pool.lock);
}

struct nest {
	struct fxm_vcpu *cpu;
	int levels, caught;
	struct pool *pool;
};

static int nested(void *arg)
{
	struct nest *n = arg;

	if (!n->levels--)
		fxmi_task_kill(n->cpu);
	int error = fxm_task_run(n->cpu, nested, n, NULL);
	n->caught++;
	return error;
}

static void test_task_run_nests_and_the_innermost_catches(void **state)
{
	struct nest n = {.cpu = fxm_machine_vcpu(*state, 0), .levels = 3};
	int result = 0;

	assert_false(fxmi_task_has_unwind(n.cpu));
	assert_int_equal(fxm_task_run(n.cpu, nested, &n, &result), 0);
	assert_int_equal(n.caught, 3);
	assert_int_equal(result, 0);
	n.levels = 1;
	assert_int_equal(fxm_task_run(n.cpu, nested, &n, &result), 0);
	assert_int_equal(result, -ECANCELED);
	assert_false(fxmi_task_has_unwind(n.cpu));
}

static int jump_out(void *arg)
{
	longjmp(*(jmp_buf *)arg, 1);
}

/* As an assertion that fails inside does. A later BUG must not come back to the frame that is gone. */
static void test_a_jump_out_of_task_run_is_forgotten(void **state)
{
	struct nest n = {.cpu = fxm_machine_vcpu(*state, 0)};
	jmp_buf env;

	if (!setjmp(env))
		fxm_task_run(n.cpu, jump_out, &env, NULL);
	assert_int_equal(fxm_task_run(n.cpu, nested, &n, NULL), -ECANCELED);
	assert_false(fxmi_task_has_unwind(n.cpu));
}

static int die_atomic(void *arg)
{
	struct nest *n = arg;

	fxm_preempt_disable(n->cpu);
	fxm_pagefault_disable(n->cpu);
	fxm_context_enter(n->cpu, FXM_CONTEXT_SOFTIRQ);
	fxm_irq_disable(n->cpu);
	fxmi_spin_lock(n->cpu, &n->pool[0].lock);
	fxmi_spin_lock(n->cpu, &n->pool[1].lock);
	fxmi_task_kill(n->cpu);
}

static void test_counters_stay_as_the_dying_task_left_them(void **state)
{
	struct pool pool[2];
	struct nest n = {.cpu = fxm_machine_vcpu(*state, 0), .pool = pool};
	struct fxm_counts c;

	pool_init(&pool[0], 0);
	pool_init(&pool[1], 0);
	assert_int_equal(fxm_task_run(n.cpu, die_atomic, &n, NULL), -ECANCELED);
	fxm_get_counts(n.cpu, &c);
	assert_int_equal(c.preempt, 0x101);
	assert_int_equal(c.pagefault, 1);
	assert_int_equal(fxm_context(n.cpu), FXM_CONTEXT_TASK);
	assert_false(fxm_irqs_disabled(n.cpu));
	for (int i = 0; i < 2; i++) {
		assert_null(pool[i].lock.holder);
		fxmi_spin_lock(n.cpu, &pool[i].lock);
		fxmi_spin_unlock(n.cpu, &pool[i].lock);
		fxmi_spin_destroy(&pool[i].lock);
	}
}

static void test_a_lock_knows_its_holder(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);
	struct fxmi_spinlock a, b;

	fxmi_spin_init(&a, "a");
	fxmi_spin_init(&b, "b");
	fxmi_spin_lock(cpu, &a);
	fxmi_spin_lock(cpu, &b);
	assert_ptr_equal(a.holder, cpu->idle);
	fxmi_spin_unlock(cpu, &a);
	assert_null(a.holder);
	assert_ptr_equal(b.holder, cpu->idle);
	fxmi_spin_unlock(cpu, &b);
	assert_int_equal(cpu->idle->nr_held, 0);
	fxmi_spin_destroy(&a);
	fxmi_spin_destroy(&b);
}

/* ---- schedule() -------------------------------------------------------------------------------------------------- */

static int schedule_atomic(void *arg)
{
	struct fxm_vcpu *cpu = arg;

	fxm_schedule(cpu);
	fxm_preempt_disable(cpu);
	fxm_schedule(cpu);
	fxm_preempt_enable(cpu);
	return 0;
}

static void test_schedule_gives_the_turn_away_and_complains_when_atomic(void **state)
{
	struct fxm_task *task = fibre(*state, NULL, 0, schedule_atomic, fxm_machine_vcpu(*state, 0));

	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	assert_string_equal(events, "");
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	assert_string_equal(events, "scheduling-while-atomic ");
	assert_int_equal(fxm_task_join(task, NULL), 0);
}

/* ---- the machine ------------------------------------------------------------------------------------------------- */

static void test_vcpus_come_online_up_to_nr_cpus(void **state)
{
	assert_int_equal(fxm_machine_cpus_online(*state), 2);
	assert_null(fxm_machine_vcpu(*state, 2));
	assert_int_equal(fxm_machine_cpu_add(*state), 2);
	assert_int_equal(fxm_vcpu_id(fxm_machine_vcpu(*state, 2)), 2);
	assert_ptr_equal(fxm_vcpu_machine(fxm_machine_vcpu(*state, 2)), *state);
	assert_int_equal(fxm_machine_cpu_add(*state), 3);
	assert_int_equal(fxm_machine_cpu_add(*state), -ENOSPC);
	assert_int_equal(fxm_machine_cpus_online(*state), 4);
}

static void test_rare_bits_reach_present_and_future_vcpus(void **state)
{
	fxmi_set_rare(*state, FXMI_RARE_TRACE | FXMI_RARE_INJECT, 0);
	fxmi_set_rare(*state, 0, FXMI_RARE_INJECT);
	assert_int_equal(fxm_machine_cpu_add(*state), 2);
	for (unsigned n = 0; n < 3; n++)
		assert_int_equal(fxm_machine_vcpu(*state, n)->rare, FXMI_RARE_TRACE);
}

static int free_it(void *arg)
{
	return fxmi_machine_free(arg);
}

static void test_a_machine_is_not_freed_by_one_of_its_tasks(void **state)
{
	int result = 0;

	assert_int_equal(fxm_task_join(fibre(*state, NULL, 0, free_it, *state), &result), 0);
	assert_int_equal(result, -EBUSY);
}

static void test_impossible_descriptions_are_refused(void **state)
{
	struct fxmi_desc desc = bare_desc(FXM_WINDOW_OFF, false, NULL);
	struct fxm_machine *m;

	(void)state;
	desc.cpus = 5;
	assert_int_equal(fxmi_machine_new(&desc, &m), -EINVAL);
	desc.cpus = 0;
	assert_int_equal(fxmi_machine_new(&desc, &m), -EINVAL);
	desc = bare_desc(FXM_WINDOW_OFF, false, NULL);
	desc.nr_cpus = FXMI_MAX_CPUS + 1;
	assert_int_equal(fxmi_machine_new(&desc, &m), -EINVAL);
}

static void test_an_attached_caller_is_detached_by_freeing(void **state)
{
	(void)state;
	struct fxm_machine *m = bare_machine(FXM_WINDOW_OFF, false, NULL);

	assert_int_equal(fxm_attach(m, 0), 0);
	assert_int_equal(fxmi_machine_free(m), 0);
	assert_null(fxm_current_or_null());
}

#define with_machine(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_machine(test_a_fibre_runs_from_yield_to_yield),
		with_machine(test_join_runs_a_fibre_to_its_end),
		with_machine(test_a_fibre_sits_on_its_vcpu_while_it_runs),
		with_machine(test_a_fibre_cannot_resume_itself),
		with_machine(test_fibres_nest_on_one_vcpu),
		with_machine(test_an_attached_caller_gives_its_seat_up_meanwhile),
		with_machine(test_wrong_arguments_are_refused),
		with_machine(test_attaching_inside_a_fibre_is_refused),
		with_machine(test_attaching_again_is_allowed_on_the_same_seat_only),
		with_machine(test_the_default_stack_holds_200_kib),
		with_machine(test_each_visits_live_tasks_in_order_of_creation),
		with_machine(test_a_sleeper_sleeps_until_it_is_woken),
		with_machine(test_the_newest_waiter_is_first),
		with_machine(test_a_waiter_that_finds_nothing_sleeps_again),
		with_machine(test_joining_a_hopeless_sleeper_ends_it),
		with_machine(test_joining_a_sleeper_while_another_fibre_could_run_is_an_error),
		with_machine(test_an_unattached_callers_hopeless_wait_ends_at_once),
		with_machine(test_a_killed_fibre_leaves_its_locks_and_contexts),
		with_machine(test_task_run_nests_and_the_innermost_catches),
		with_machine(test_a_jump_out_of_task_run_is_forgotten),
		with_machine(test_counters_stay_as_the_dying_task_left_them),
		with_machine(test_a_lock_knows_its_holder),
		with_machine(test_schedule_gives_the_turn_away_and_complains_when_atomic),
		with_machine(test_vcpus_come_online_up_to_nr_cpus),
		with_machine(test_rare_bits_reach_present_and_future_vcpus),
		with_machine(test_a_machine_is_not_freed_by_one_of_its_tasks),
		cmocka_unit_test(test_impossible_descriptions_are_refused),
		cmocka_unit_test(test_an_attached_caller_is_detached_by_freeing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
