/* SPDX-License-Identifier: MIT */
/* Host threads on vCPUs: seats and turns, attaching, sleeping beside others, proofs of deadlock, the end of threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bare_machine.h"

#include <sched.h>

/* ---- callbacks --------------------------------------------------------------------------------------------------------------- */

static _Atomic unsigned deadlocks, hung, ends;
static char hung_in[64], hung_task[16];

static void on_deadlock(struct fxm_vcpu *cpu, const char *what)
{
	(void)what;
	deadlocks++;
	fxmi_task_kill(cpu);
}

static void on_hung(struct fxm_vcpu *cpu, struct fxm_task *task, const char *what, unsigned seconds)
{
	(void)cpu;
	if (!seconds)
		return;
	snprintf(hung_in, sizeof(hung_in), "%s", what);
	snprintf(hung_task, sizeof(hung_task), "%s", task->comm);
	hung++;
}

static void on_end(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	if (cpu->current == task)
		ends++;
}

static const struct fxmi_callbacks callbacks = {.deadlock = on_deadlock, .hung = on_hung, .task_end = on_end};

static int setup_with(void **state, unsigned hung_task_seconds)
{
	struct fxmi_desc desc = bare_desc(FXM_WINDOW_OFF, false, &callbacks);

	desc.hung_task_seconds = hung_task_seconds;
	*state = bare_machine_of(&desc);
	deadlocks = hung = ends = 0;
	return 0;
}

/* A proof must not depend on patience. */
static int setup(void **state)
{
	return setup_with(state, 100000);
}

static int setup_impatient(void **state)
{
	return setup_with(state, 1);
}

static int teardown(void **state)
{
	return bare_machine_free(*state);
}

static struct fxm_task *task_on(struct fxm_machine *m, enum fxm_vehicle vehicle, const char *name, unsigned cpu, int (*fn)(void *),
				void *arg)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = name, .cpu = cpu, .vehicle = vehicle};
	struct fxm_task *task = NULL;

	assert_int_equal(fxm_task_create(m, &attr, fn, arg, &task), 0);
	return task;
}

static struct fxm_task *thread(struct fxm_machine *m, const char *name, unsigned cpu, int (*fn)(void *), void *arg)
{
	return task_on(m, FXM_THREAD, name, cpu, fn, arg);
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
	pool_get(fxm_current_or_null(), arg);
	return 7;
}

static int put_one(void *arg)
{
	pool_put(fxm_current_or_null(), arg);
	return 0;
}

static void wait_until_asleep(const struct fxm_task *task)
{
	while (fxm_task_state(task) != FXM_TASK_SLEEPING)
		sched_yield();
}

/* ---- turns ------------------------------------------------------------------------------------------------------- */

static char turns[64];
static _Atomic unsigned nr_turns;

static int take_turns(void *arg)
{
	for (int i = 0; i < 10; i++) {
		turns[nr_turns++] = *(const char *)arg;
		fxm_schedule(fxm_current_or_null());
	}
	return 0;
}

static unsigned count_waiting(struct fxm_vcpu *cpu)
{
	unsigned n = 0;

	pthread_mutex_lock(&cpu->seat_lock);
	for (struct fxmi_seat_waiter *w = cpu->seat_queue; w; w = w->next)
		n++;
	pthread_mutex_unlock(&cpu->seat_lock);
	return n;
}

static void test_threads_on_one_vcpu_take_turns(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);
	char names[] = "ab";
	struct fxm_task *a, *b;

	nr_turns = 0;
	memset(turns, 0, sizeof(turns));
	assert_int_equal(fxm_attach(*state, 0), 0);
	a = thread(*state, "a", 0, take_turns, &names[0]);
	while (count_waiting(cpu) < 1)
		sched_yield();
	b = thread(*state, "b", 0, take_turns, &names[1]);
	while (count_waiting(cpu) < 2)
		sched_yield();
	assert_string_equal(turns, ""); /* nobody runs while we sit here */
	assert_int_equal(fxm_detach(), 0);
	assert_int_equal(fxm_task_join(a, NULL), 0);
	assert_int_equal(fxm_task_join(b, NULL), 0);
	assert_string_equal(turns, "abababababababababab");
}

static int add_alone(void *arg)
{
	unsigned *shared = arg; /* without a lock: only the seat keeps two threads apart */

	for (int i = 0; i < 1000; i++) {
		unsigned seen = *shared;

		*shared = seen + 1;
		if (i % 10 == 0)
			fxm_schedule(fxm_current_or_null());
	}
	return 0;
}

static void test_one_vcpu_runs_one_task_at_a_time(void **state)
{
	struct fxm_task *task[5];
	unsigned shared = 0;

	for (int i = 0; i < 5; i++)
		task[i] = thread(*state, NULL, 1, add_alone, &shared);
	for (int i = 0; i < 5; i++)
		assert_int_equal(fxm_task_join(task[i], NULL), 0);
	assert_int_equal(shared, 5000);
	assert_int_equal(ends, 5);
	assert_true(fxm_vcpu_task(fxm_machine_vcpu(*state, 1))->is_idle);
}

static int bump_counters(void *arg)
{
	struct fxm_vcpu *cpu = fxm_current_or_null();
	struct fxm_counts c;

	(void)arg;
	for (int i = 1; i < 100; i++) {
		fxm_pagefault_disable(cpu);
		fxm_schedule(cpu);
		fxm_get_counts(cpu, &c);
		if (c.pagefault != i)
			return i;
	}
	return 0;
}

static void test_counters_go_with_the_task(void **state)
{
	struct fxm_task *a = thread(*state, NULL, 0, bump_counters, NULL), *b = thread(*state, NULL, 0, bump_counters, NULL);
	struct fxm_counts c;
	int wrong = 0;

	assert_int_equal(fxm_task_join(a, &wrong), 0);
	assert_int_equal(wrong, 0);
	assert_int_equal(fxm_task_join(b, &wrong), 0);
	assert_int_equal(wrong, 0);
	fxm_get_counts(fxm_machine_vcpu(*state, 0), &c);
	assert_int_equal(c.pagefault, 0);
}

static int return_three(void *arg)
{
	(void)arg;
	return 3;
}

static void test_joining_gives_the_seat_up(void **state)
{
	int result = 0;

	assert_int_equal(fxm_attach(*state, 0), 0);
	assert_int_equal(fxm_task_join(thread(*state, NULL, 0, return_three, NULL), &result), 0);
	assert_int_equal(result, 3);
	assert_ptr_equal(fxm_current_or_null(), fxm_machine_vcpu(*state, 0));
	assert_int_equal(fxm_detach(), 0);
}

static void test_a_fibre_cannot_run_where_a_thread_runs(void **state)
{
	struct fxm_task *fibre = task_on(*state, FXM_FIBRE, NULL, 1, return_three, NULL), *sitter;
	struct pool pool;
	int ran;

	pool_init(&pool, 0);
	assert_int_equal(fxm_attach(*state, 0), 0);
	sitter = thread(*state, NULL, 1, get_one, &pool);
	wait_until_asleep(sitter);
	/* A sleeper does not sit, once it has stood up: it calls itself asleep while it still does. */
	while ((ran = fxm_task_resume(fibre)) == -EBUSY)
		sched_yield();
	assert_int_equal(ran, FXM_TASK_DONE);
	assert_int_equal(fxm_task_join(fibre, NULL), 0);
	pool_put(fxm_current_or_null(), &pool);
	assert_int_equal(fxm_task_join(sitter, NULL), 0);
	assert_int_equal(fxm_detach(), 0);
	fxmi_spin_destroy(&pool.lock);
}

struct sitter {
	struct fxm_machine *m;
	_Atomic bool sits, may_leave;
	int cpu, error;
};

static void *sit(void *arg)
{
	struct sitter *s = arg;

	s->error = fxm_attach(s->m, s->cpu);
	s->sits = true;
	while (!s->may_leave)
		sched_yield();
	return fxm_current_or_null(); /* the thread's exit detaches it */
}

static void test_what_a_taken_seat_forbids(void **state)
{
	struct sitter s = {.m = *state, .cpu = 1};
	struct fxm_task *fibre = task_on(*state, FXM_FIBRE, NULL, 1, return_three, NULL);
	pthread_t other;
	void *seat;

	assert_int_equal(pthread_create(&other, NULL, sit, &s), 0);
	while (!s.sits)
		sched_yield();
	assert_int_equal(s.error, 0);
	assert_int_equal(fxm_task_resume(fibre), -EBUSY);
	assert_int_equal(fxm_task_state(fibre), FXM_TASK_NEW);
	assert_int_equal(fxmi_machine_free(*state), -EBUSY);
	s.may_leave = true;
	assert_int_equal(pthread_join(other, &seat), 0);
	assert_ptr_equal(seat, fxm_machine_vcpu(*state, 1));
	assert_int_equal(ends, 1);
	assert_int_equal(fxm_task_resume(fibre), FXM_TASK_DONE);
	assert_int_equal(fxm_task_join(fibre, NULL), 0);
}

/* ---- attaching to any vCPU --------------------------------------------------------------------------------------- */

static void test_each_thread_gets_a_vcpu_of_its_own(void **state)
{
	struct sitter s[3] = {{.m = *state, .cpu = -1}, {.m = *state, .cpu = -1}, {.m = *state, .cpu = -1}};
	pthread_t other[3];
	void *seat;

	assert_int_equal(fxm_attach(*state, -1), 0);
	assert_int_equal(fxm_vcpu_id(fxm_current_or_null()), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_create(&other[i], NULL, sit, &s[i]), 0);
		while (!s[i].sits)
			sched_yield();
		assert_int_equal(s[i].error, 0);
	}
	assert_int_equal(fxm_machine_cpus_online(*state), 4);
	for (int i = 0; i < 3; i++) {
		s[i].may_leave = true;
		assert_int_equal(pthread_join(other[i], &seat), 0);
		assert_ptr_equal(seat, fxm_machine_vcpu(*state, (unsigned)i + 1));
	}
	assert_int_equal(fxm_detach(), 0);
}

static void *attach_and_work(void *arg)
{
	for (int i = 0; i < 20; i++) {
		if (fxm_attach(arg, -1))
			return NULL;
		fxm_pagefault_disable(fxm_current_or_null());
		fxm_schedule(fxm_current_or_null());
		fxm_pagefault_enable(fxm_current_or_null());
		if (i % 2 && fxm_detach())
			return NULL;
	}
	return arg;
}

/* As a program does that just starts calling: main keeps its seat while it waits for the others. */
static void test_more_threads_than_vcpus_all_get_their_turn(void **state)
{
	pthread_t other[12];
	void *result;

	assert_int_equal(fxm_attach(*state, -1), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(pthread_create(&other[i], NULL, attach_and_work, *state), 0);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(pthread_join(other[i], &result), 0);
		assert_ptr_equal(result, *state);
	}
	for (unsigned n = 0; n < fxm_machine_cpus_online(*state); n++) {
		struct fxm_counts c;

		fxm_get_counts(fxm_machine_vcpu(*state, n), &c);
		assert_int_equal(c.pagefault, 0);
	}
	assert_int_equal(fxm_detach(), 0);
}

/* ---- sleeping ---------------------------------------------------------------------------------------------------- */

static void test_a_sleeping_thread_is_woken_by_anyone(void **state)
{
	struct fxm_task *sleeper;
	struct pool pool;
	int result = 0;

	pool_init(&pool, 0);
	sleeper = thread(*state, "sleeper", 1, get_one, &pool);
	wait_until_asleep(sleeper);
	pool_put(fxm_machine_vcpu(*state, 0), &pool);
	assert_int_equal(fxm_task_join(sleeper, &result), 0);
	assert_int_equal(result, 7);
	assert_int_equal(pool.wait.waiters, 0);
	assert_int_equal(deadlocks, 0);
	fxmi_spin_destroy(&pool.lock);
}

static int exchange(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		pool_get(fxm_current_or_null(), arg);
		fxm_schedule(fxm_current_or_null());
		pool_put(fxm_current_or_null(), arg);
	}
	return 0;
}

/* Six threads on two vCPUs for two items: any lost wake-up leaves somebody asleep, and this test with it. */
static void test_no_wake_up_is_lost(void **state)
{
	struct fxm_task *task[6];
	struct pool pool;

	pool_init(&pool, 2);
	for (int i = 0; i < 6; i++)
		task[i] = thread(*state, NULL, (unsigned)i % 2, exchange, &pool);
	for (int i = 0; i < 6; i++)
		assert_int_equal(fxm_task_join(task[i], NULL), 0);
	assert_int_equal(pool.free, 2);
	assert_null(pool.wait.head);
	assert_int_equal(deadlocks, 0);
	fxmi_spin_destroy(&pool.lock);
}

static atomic_bool has_put;

static void *put_later(void *arg)
{
	void **args = arg;

	wait_until_asleep(args[2]);
	pool_put(fxm_machine_vcpu(args[0], 1), args[1]);
	atomic_store(&has_put, true);
	return NULL;
}

static void test_joining_a_sleeping_fibre_waits_for_another_thread(void **state)
{
	struct fxm_task *sleeper;
	struct pool pool;
	pthread_t waker;
	int result = 0;

	atomic_store(&has_put, false);
	pool_init(&pool, 0);
	sleeper = task_on(*state, FXM_FIBRE, "sleeper", 0, get_one, &pool);
	assert_int_equal(pthread_create(&waker, NULL, put_later, (void *[]){*state, &pool, sleeper}), 0);
	assert_int_equal(fxm_task_join(sleeper, &result), 0);
	assert_int_equal(result, 7);
	assert_int_equal(pthread_join(waker, NULL), 0);
	/* TSan does not always take the join for one when this thread has switched fibres */
	assert_true(atomic_load(&has_put));
	assert_int_equal(deadlocks, 0);
	fxmi_spin_destroy(&pool.lock);
}

static int yield_then_put(void *arg)
{
	fxm_task_yield();
	return put_one(arg);
}

static void *finish(void *arg)
{
	return (void *)(intptr_t)fxm_task_join(arg, NULL);
}

static void test_a_fibre_may_move_to_another_thread(void **state)
{
	struct fxm_task *fibre;
	struct pool pool;
	pthread_t other;
	void *error;

	pool_init(&pool, 0);
	fibre = task_on(*state, FXM_FIBRE, NULL, 0, yield_then_put, &pool);
	assert_int_equal(fxm_task_resume(fibre), FXM_TASK_RUNNABLE);
	assert_int_equal(pthread_create(&other, NULL, finish, fibre), 0);
	assert_int_equal(pthread_join(other, &error), 0);
	assert_null(error);
	assert_int_equal(pool.free, 1);
	fxmi_spin_destroy(&pool.lock);
}

/* ---- hopeless waits ---------------------------------------------------------------------------------------------- */

static void test_a_deadlock_of_all_threads_is_proved(void **state)
{
	struct fxm_task *a, *b;
	struct pool pool;

	pool_init(&pool, 0);
	a = thread(*state, "a", 0, get_one, &pool);
	b = thread(*state, "b", 1, get_one, &pool);
	assert_int_equal(fxm_task_join(a, NULL), -ECANCELED);
	assert_int_equal(fxm_task_join(b, NULL), -ECANCELED);
	assert_int_equal(deadlocks, 2);
	assert_int_equal(ends, 2);
	assert_null(pool.wait.head);
	fxmi_spin_destroy(&pool.lock);
}

static void test_an_attached_threads_hopeless_wait_ends_at_once(void **state)
{
	struct pool pool;

	pool_init(&pool, 0);
	assert_int_equal(fxm_attach(*state, 0), 0);
	assert_int_equal(fxm_task_run(fxm_current_or_null(), get_one, &pool, NULL), -ECANCELED);
	assert_int_equal(deadlocks, 1);
	assert_ptr_equal(fxm_current_or_null(), fxm_machine_vcpu(*state, 0));
	assert_int_equal(fxm_detach(), 0);
	fxmi_spin_destroy(&pool.lock);
}

/* This very thread could still wake it, so nothing is proved; but it is told. */
static void test_a_long_wait_is_reported_and_goes_on(void **state)
{
	struct fxm_task *sleeper;
	struct pool pool;

	pool_init(&pool, 0);
	sleeper = thread(*state, "sleeper", 1, get_one, &pool);
	while (!hung)
		sched_yield();
	assert_string_equal(hung_in, "pool_get");
	assert_string_equal(hung_task, "sleeper");
	assert_int_equal(fxm_task_state(sleeper), FXM_TASK_SLEEPING);
	pool_put(fxm_machine_vcpu(*state, 0), &pool);
	assert_int_equal(fxm_task_join(sleeper, NULL), 0);
	assert_int_equal(hung, 1);
	assert_int_equal(deadlocks, 0);
	fxmi_spin_destroy(&pool.lock);
}

static void test_a_long_wait_for_a_seat_names_who_sits_there(void **state)
{
	struct fxm_task *waiter;

	assert_int_equal(fxm_attach(*state, 1), 0);
	waiter = thread(*state, "waiter", 1, return_three, NULL);
	while (!hung)
		sched_yield();
	assert_string_equal(hung_task, fxm_task_name(fxm_vcpu_task(fxm_current_or_null())));
	assert_int_equal(fxm_detach(), 0);
	assert_int_equal(fxm_task_join(waiter, NULL), 0);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static int exit_thread(void *arg)
{
	(void)arg;
	pthread_exit(NULL);
}

static void test_a_task_whose_thread_exits_is_over(void **state)
{
	struct fxm_task *task = thread(*state, NULL, 0, exit_thread, NULL);

	assert_int_equal(fxm_task_join(task, NULL), 0);
	assert_true(fxm_vcpu_task(fxm_machine_vcpu(*state, 0))->is_idle);
}

static void test_threads_that_nobody_joined_are_freed_with_the_machine(void **state)
{
	struct fxm_task *task = thread(*state, NULL, 0, return_three, NULL);

	while (fxm_task_state(task) != FXM_TASK_DONE)
		sched_yield();
}

#define with_machine(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* proofs first: they need a process that never had more threads, whose exit the host may show late */
		with_machine(test_an_attached_threads_hopeless_wait_ends_at_once),
		with_machine(test_a_deadlock_of_all_threads_is_proved),
		with_machine(test_threads_on_one_vcpu_take_turns),
		with_machine(test_one_vcpu_runs_one_task_at_a_time),
		with_machine(test_counters_go_with_the_task),
		with_machine(test_joining_gives_the_seat_up),
		with_machine(test_a_fibre_cannot_run_where_a_thread_runs),
		with_machine(test_what_a_taken_seat_forbids),
		with_machine(test_each_thread_gets_a_vcpu_of_its_own),
		with_machine(test_more_threads_than_vcpus_all_get_their_turn),
		with_machine(test_a_sleeping_thread_is_woken_by_anyone),
		with_machine(test_no_wake_up_is_lost),
		with_machine(test_joining_a_sleeping_fibre_waits_for_another_thread),
		with_machine(test_a_fibre_may_move_to_another_thread),
		cmocka_unit_test_setup_teardown(test_a_long_wait_is_reported_and_goes_on, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(test_a_long_wait_for_a_seat_names_who_sits_there, setup_impatient, teardown),
		with_machine(test_a_task_whose_thread_exits_is_over),
		with_machine(test_threads_that_nobody_joined_are_freed_with_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
