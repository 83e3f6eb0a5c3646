/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads, behind kthread_run() and kthread_stop(). Models kernel/kthread.c as far as a module's own threads go.
 *
 * One is a fibre on the vCPU of its creator. From its first wake-up on it is scheduled: it gets a turn when a task of that vCPU
 * gives the CPU away or sleeps, in order of creation. So every run is the same.
 *
 * Invariant: a thread's record lives as long as the machine.
 */
#include "report.h"
#include "tier.h"

#include <errno.h>
#include <stdlib.h>

struct fxmi_kthread {
	struct fxmi_tier_task t;   /* first */
	struct fxm_task *joinable; /* NULL: it was stopped */
	int (*fn)(void *data);
	void *data;
	int result;
	uintptr_t site; /* who created it */
	const struct fxmi_tier_mark *mark; /* while fn runs */
	bool should_stop, has_exited;
};

static int kthread_main(void *arg)
{
	struct fxmi_kthread *t = arg;
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier_mark mark;

	if (t->should_stop) /* before it began */
		return -EINTR;
	fxmi_tier_context_begin(cpu, &mark);
	t->mark = &mark;
	int result, error = fxm_task_run(cpu, t->fn, t->data, &result);
	cpu = fxm_k_cpu();
	if (error && !t->has_exited)
		fxmi_task_kill(cpu); /* a BUG or an oops in it */
	if (!error)
		fxmi_tier_context_check(cpu, &mark, "a kernel thread", (uintptr_t)t->fn);
	return error ? t->result : result;
}

static struct fxmi_kthread *kthread_of(struct fxmi_tier_task *t)
{
	return t && t->is_kthread ? (struct fxmi_kthread *)t : NULL;
}

/* @t, but for its name, is set. An error frees it. */
static int create(struct fxm_vcpu *cpu, struct fxmi_kthread *t)
{
	struct fxm_k_current *current = &t->t.current;
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = current->comm, .cpu = cpu->id};
	int error = fxm_task_create(cpu->machine, &attr, kthread_main, t, &t->joinable);

	t->t.is_kthread = true;
	if (error) {
		free(t);
		return error;
	}
	current->pid = fxm_task_pid(t->joinable);
	fxmi_tier_task_add(fxmi_tier(fxmi_kernel_of(cpu)), &t->t, t->joinable);
	return 0;
}

struct fxm_k_current *fxm_k_kthread_create(int (*fn)(void *data), void *data, const char *fmt, ...)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kthread *t = calloc(1, sizeof(*t));
	va_list args;

	if (!t)
		return (struct fxm_k_current *)(intptr_t)-ENOMEM;
	va_start(args, fmt);
	fxmi_vformat(fxmi_kernel_of(cpu), t->t.current.comm, sizeof(t->t.current.comm), fmt, args);
	va_end(args);
	t->fn = fn;
	t->data = data;
	t->site = (uintptr_t)__builtin_return_address(0);
	int error = create(cpu, t);
	return error ? (struct fxm_k_current *)(intptr_t)error : &t->t.current;
}

struct fxm_k_current *fxmi_kthread_system(struct fxm_vcpu *cpu, int (*fn)(void *data), void *data, const char *name)
{
	struct fxmi_kthread *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	snprintf(t->t.current.comm, sizeof(t->t.current.comm), "%s", name);
	t->t.is_system = true;
	t->fn = fn;
	t->data = data;
	return create(cpu, t) ? NULL : &t->t.current;
}

bool fxm_k_kthread_should_stop(void)
{
	const struct fxmi_kthread *t = kthread_of(fxmi_tier_task(fxm_k_cpu()));
	return t && t->should_stop;
}

void fxm_k_kthread_exit(long result)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kthread *t = kthread_of(fxmi_tier_task(cpu));

	if (!t)
		fxmi_task_kill(cpu);
	fxmi_tier_context_check(cpu, t->mark, "a kernel thread", (uintptr_t)t->fn);
	t->result = (int)result;
	t->has_exited = true;
	fxmi_task_leave(cpu);
}

static bool has_ended(struct fxmi_tier *tier, const struct fxmi_kthread *t)
{
	pthread_mutex_lock(&tier->lock);
	bool ended = !t->t.task;
	pthread_mutex_unlock(&tier->lock);
	return ended;
}

static struct fxmi_kthread *find(struct fxmi_tier *tier, const struct fxm_k_current *current)
{
	pthread_mutex_lock(&tier->lock);
	struct fxmi_tier_task *t = tier->tasks;
	while (t && &t->current != current)
		t = t->next;
	pthread_mutex_unlock(&tier->lock);
	return kthread_of(t);
}

int fxm_k_kthread_stop(struct fxm_k_current *current)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	struct fxmi_kthread *t = find(tier, current);
	uintptr_t site = (uintptr_t)__builtin_return_address(0);

	if (!t)
		return -EINVAL;
	t->should_stop = true;
	fxm_k_wake_up_process(current);
	for (;;) {
		fxmi_tier_wait_begin(cpu, t, "kthread_stop", site);
		if (has_ended(tier, t))
			break;
		fxmi_tier_schedule(cpu);
	}
	fxm_k_finish_wait(t);
	if (t->joinable && fxm_task_join(t->joinable, &t->result))
		t->result = -EINTR; /* a BUG or an oops ended it */
	t->joinable = NULL;
	return t->result;
}

/* ---- what is left ---- */

static void report_leak(struct fxmi_kernel *k, const struct fxmi_kthread *t)
{
	char place[300];

	fxm_symbolize((struct fxm_site){t->site}, place, sizeof(place));
	fxmi_finding(k, NULL, FXMI_FIND_LEAK, &(struct fxmi_subject){.site = t->site, .is_left = true},
		     "kernel thread %s (pid %d) never stopped, kthread_create() at %s", t->t.current.comm, t->t.current.pid, place);
}

unsigned fxmi_kthread_leaks(struct fxmi_kernel *k)
{
	struct fxmi_tier *tier = atomic_load(&k->tier);
	unsigned n = 0;

	/* Records are only ever added, at the end. */
	for (struct fxmi_tier_task *t = tier ? tier->tasks : NULL; t; t = t->next)
		if (kthread_of(t) && kthread_of(t)->joinable && t->task && !t->is_system) {
			report_leak(k, kthread_of(t));
			n++;
		}
	return n;
}
