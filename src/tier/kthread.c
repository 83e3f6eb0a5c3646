/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads, behind kthread_run() and kthread_stop(). Models kernel/kthread.c as far as a module's own threads go.
 *
 * One is a fibre on the vCPU of its creator. It runs when a task of that vCPU gives the CPU away, in schedule() and in everything
 * that waits: each thread that was woken gets a turn then, in order of creation. So every run is the same.
 *
 * Invariants: only who sits on a thread's vCPU gives it turns and stops it; its record lives as long as the machine.
 */
#include "detect.h"
#include "report.h"
#include "state.h"
#include "tier.h"

#include <errno.h>
#include <stdlib.h>

struct fxmi_kthread {
	struct fxm_k_current current; /* first: what the caller holds */
	struct fxmi_kthread *next;    /* tier.kthreads, newest first */
	struct fxm_task *task;	      /* NULL: it was stopped */
	int (*fn)(void *data);
	void *data;
	int result;
	uintptr_t site; /* who created it */
	bool is_awake, should_stop;
};

static int kthread_main(void *arg)
{
	struct fxmi_kthread *t = arg;
	return t->fn(t->data);
}

static struct fxmi_kthread *kthread_of(const struct fxm_task *task)
{
	return task->fn == kthread_main ? task->arg : NULL;
}

struct fxm_k_current *fxm_k_kthread_create(int (*fn)(void *data), void *data, const char *fmt, ...)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	struct fxmi_kthread *t = calloc(1, sizeof(*t));
	va_list args;

	if (!t)
		return (struct fxm_k_current *)(intptr_t)-ENOMEM;
	va_start(args, fmt);
	fxmi_vformat(fxmi_kernel_of(cpu), t->current.comm, sizeof(t->current.comm), fmt, args);
	va_end(args);
	t->fn = fn;
	t->data = data;
	t->site = (uintptr_t)__builtin_return_address(0);
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = t->current.comm, .cpu = cpu->id};
	int error = fxm_task_create(cpu->machine, &attr, kthread_main, t, &t->task);
	if (error) {
		free(t);
		return (struct fxm_k_current *)(intptr_t)error;
	}
	t->current.pid = fxm_task_pid(t->task);
	pthread_mutex_lock(&tier->lock);
	t->next = tier->kthreads;
	tier->kthreads = t;
	pthread_mutex_unlock(&tier->lock);
	return &t->current;
}

void fxmi_kthreads_free(struct fxmi_tier *tier)
{
	for (struct fxmi_kthread *t = tier->kthreads, *next; t; t = next) {
		next = t->next;
		free(t);
	}
}

/* A task that is no kernel thread has nothing to wake it from: waiting is looking again. */
static struct fxmi_kthread *record_of(const struct fxm_k_current *current)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(fxm_k_cpu()));

	pthread_mutex_lock(&tier->lock);
	struct fxmi_kthread *t = tier->kthreads;
	while (t && &t->current != current)
		t = t->next;
	pthread_mutex_unlock(&tier->lock);
	return t;
}

void fxm_k_wake_up_process(struct fxm_k_current *current)
{
	struct fxmi_kthread *t = record_of(current);

	if (t)
		t->is_awake = true;
}

struct fxm_k_current *fxmi_kthread_current(const struct fxm_task *task)
{
	struct fxmi_kthread *t = kthread_of(task);
	return t ? &t->current : NULL;
}

/* ---- turns ---- */

static int give_turn(struct fxm_task *task, void *arg)
{
	const struct fxm_vcpu *cpu = arg;
	struct fxmi_kthread *t = kthread_of(task);

	if (t && t->is_awake && task->cpu == cpu)
		fxm_task_resume(task); /* refused when it is among those that wait for their callee */
	return 0;
}

void fxm_k_schedule(void)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxm_counts counts;

	fxm_counts(cpu, &counts);
	/* With a preempt count schedule() itself complains. */
	if (k->checks_sleep && !counts.preempt && fxmi_is_atomic(cpu) && !fxmi_sleep_is_told(cpu))
		fxmi_find_sleep(cpu, fxmi_why_atomic(cpu));
	if (!counts.preempt)
		fxm_task_each(cpu->machine, give_turn, cpu);
	fxm_schedule(cpu);
}

/* ---- stopping ---- */

bool fxm_k_kthread_should_stop(void)
{
	struct fxmi_kthread *t = kthread_of(fxm_k_cpu()->current);
	return t && t->should_stop;
}

int fxm_k_kthread_stop(struct fxm_k_current *current)
{
	struct fxmi_kthread *t = record_of(current);

	if (!t)
		return -EINVAL;
	t->should_stop = t->is_awake = true;
	while (t->task && fxm_task_state(t->task) != FXM_TASK_DONE && fxm_task_state(t->task) != FXM_TASK_KILLED)
		fxm_k_schedule();
	if (t->task && fxm_task_join(t->task, &t->result))
		t->result = -EINTR; /* a BUG or an oops ended it */
	t->task = NULL;
	return t->result;
}

/* ---- what is left ---- */

struct leaks {
	struct fxmi_kernel *k;
	unsigned n;
};

static int report_leak(struct fxm_task *task, void *arg)
{
	const struct fxmi_kthread *t = kthread_of(task);
	struct leaks *leaks = arg;
	char place[300];

	if (!t)
		return 0;
	fxm_symbolize((struct fxm_site){t->site}, place, sizeof(place));
	fxmi_finding(leaks->k, NULL, "leak", &(struct fxmi_subject){.site = t->site, .is_left = true},
		     "kernel thread %s (pid %d) never stopped, kthread_create() at %s", t->current.comm, t->current.pid, place);
	leaks->n++;
	return 0;
}

unsigned fxmi_kthread_leaks(struct fxmi_kernel *k)
{
	struct leaks leaks = {.k = k};

	fxm_task_each(k->m, report_leak, &leaks);
	return leaks.n;
}
