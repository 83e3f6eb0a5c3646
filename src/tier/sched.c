/* SPDX-License-Identifier: MIT */
/*
 * Tasks as kernel code sees them: `current`, its state, schedule(), sleeping on a queue and being woken. Models what
 * kernel/sched/core.c and wait.c promise: a task that set its state and then calls schedule() sleeps until somebody wakes it, and a
 * wake-up between the two is not lost. A queue is an address: that of a wait queue, a completion, a lock.
 *
 * Who sleeps gives the vCPU to the kernel threads there. When nobody is left who could wake it, that is told, with who waits for
 * what and who holds what (the wait-for graph).
 *
 * Invariants: every task that kernel code looked at is on tier.tasks; one that ended holding a lock stays there, so that a lock's
 * holder is always somebody. Guarded by tier.lock; task states of sim/ change under it.
 */
#include "detect.h"
#include "tier.h"

#include <stdlib.h>

/* ---- who there is ---- */

void fxmi_tier_task_add(struct fxmi_tier *tier, struct fxmi_tier_task *t, struct fxm_task *task)
{
	struct fxmi_tier_task **at = &tier->tasks;

	t->task = task;
	pthread_mutex_lock(&tier->lock);
	task->described = t;
	while (*at)
		at = &(*at)->next;
	*at = t;
	pthread_mutex_unlock(&tier->lock);
}

struct fxmi_tier_task *fxmi_tier_task(struct fxm_vcpu *cpu)
{
	struct fxm_task *task = cpu->current;
	struct fxmi_tier_task *t = task->described;

	if (fxmi_likely(t != NULL))
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		fxmi_tier_die("no memory for a task of the kernel tier");
	t->current.pid = task->pid;
	snprintf(t->current.comm, sizeof(t->current.comm), "%s", task->comm);
	fxmi_tier_task_add(fxmi_tier(fxmi_kernel_of(cpu)), t, task);
	return t;
}

struct fxm_k_current *fxm_k_current(void)
{
	return &fxmi_tier_task(fxm_k_cpu())->current;
}

struct fxm_k_current *fxm_k_next_task(const struct fxm_k_current *before)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	bool is_next = !before;

	fxmi_tier_task(cpu); /* the caller is one of them */
	pthread_mutex_lock(&tier->lock);
	struct fxmi_tier_task *t = tier->tasks;
	for (; t; t = t->next) {
		if (is_next && t->task && !t->is_system)
			break;
		is_next = is_next || &t->current == before;
	}
	pthread_mutex_unlock(&tier->lock);
	return t ? &t->current : NULL;
}

static void wake_queue_locked(struct fxmi_tier *tier, const void *queue);

/* Who waits for what it holds waits for ever. */
void fxmi_tier_task_end(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	struct fxmi_tier_task *t = task->described, **at = &tier->tasks;

	if (!t)
		return;
	pthread_mutex_lock(&tier->lock);
	t->task = NULL;
	t->was_killed = task->was_killed;
	task->described = NULL;
	wake_queue_locked(tier, t);
	bool stays = t->nr_locks || t->was_killed || t->is_kthread;
	while (!stays && *at && *at != t)
		at = &(*at)->next;
	if (!stays && *at)
		*at = t->next;
	pthread_mutex_unlock(&tier->lock);
	if (!stays)
		free(t);
}

void fxmi_tier_tasks_free(struct fxmi_tier *tier)
{
	for (struct fxmi_tier_task *t = tier->tasks, *next; t; t = next) {
		next = t->next;
		free(t);
	}
}

/* ---- sleeping ---- */

static void queue_locked(struct fxmi_tier_task *t, const void *queue)
{
	unsigned n = 0;

	while (n < t->nr_queues && t->queue[n] != queue)
		n++;
	if (n == t->nr_queues && n < FXMI_QUEUES)
		t->queue[t->nr_queues++] = queue;
}

static void unqueue_locked(struct fxmi_tier_task *t, const void *queue)
{
	unsigned kept = 0;

	for (unsigned n = 0; n < t->nr_queues; n++)
		if (t->queue[n] != queue)
			t->queue[kept++] = t->queue[n];
	t->nr_queues = kept;
}

static void set_state(struct fxm_vcpu *cpu, const void *queue, unsigned state, const char *what, uintptr_t site)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	struct fxmi_tier_task *t = fxmi_tier_task(cpu);

	pthread_mutex_lock(&tier->lock);
	if (queue)
		queue_locked(t, queue);
	t->state = state;
	t->is_woken = false;
	t->what = what;
	t->site = site;
	pthread_mutex_unlock(&tier->lock);
}

void fxm_k_set_state(unsigned state)
{
	set_state(fxm_k_cpu(), NULL, state, "schedule", (uintptr_t)__builtin_return_address(0));
}

void fxm_k_prepare_to_wait(const void *queue, unsigned state, const char *what)
{
	set_state(fxm_k_cpu(), queue, state, what, (uintptr_t)__builtin_return_address(0));
}

enum { UNINTERRUPTIBLE = 2 };

void fxmi_tier_wait_begin(struct fxm_vcpu *cpu, const void *queue, const char *what, uintptr_t site)
{
	set_state(cpu, queue, UNINTERRUPTIBLE, what, site);
}

void fxm_k_finish_wait(const void *queue)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	struct fxmi_tier_task *t = fxmi_tier_task(cpu);

	pthread_mutex_lock(&tier->lock);
	unqueue_locked(t, queue);
	t->state = 0;
	pthread_mutex_unlock(&tier->lock);
}

void fxm_k_wait_queue(const void *queue, bool on)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	struct fxmi_tier_task *t = fxmi_tier_task(cpu);

	pthread_mutex_lock(&tier->lock);
	if (on)
		queue_locked(t, queue);
	else
		unqueue_locked(t, queue);
	pthread_mutex_unlock(&tier->lock);
}

/* Whether the current task is asleep from here on: it set its state, and nobody woke it since. */
static bool falls_asleep(struct fxm_vcpu *cpu, struct fxmi_tier *tier, struct fxmi_tier_task *t)
{
	pthread_mutex_lock(&tier->lock);
	bool sleeps = t->state && !t->is_woken;
	t->sleeps = sleeps;
	if (sleeps)
		fxmi_sleep_begin(cpu);
	pthread_mutex_unlock(&tier->lock);
	return sleeps;
}

static void wakes_up(struct fxmi_tier *tier, struct fxmi_tier_task *t)
{
	pthread_mutex_lock(&tier->lock);
	t->sleeps = false;
	t->state = 0;
	pthread_mutex_unlock(&tier->lock);
}

/* Where the kernel has no check, or not this one. */
static void check_atomic(struct fxm_vcpu *cpu)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	/* With a preempt count schedule() itself complains. */
	if (k->checks_sleep && !fxmi_count_preempt(cpu->counts) && fxmi_is_atomic(cpu) && !fxmi_sleep_is_told(cpu))
		fxmi_find_sleep(cpu, fxmi_why_atomic(cpu));
}

void fxmi_tier_schedule(struct fxm_vcpu *cpu)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	struct fxmi_tier_task *t = fxmi_tier_task(cpu);

	check_atomic(cpu);
	fxmi_tier_tick(cpu);
	/* It complains where preemption is off; then one who waits sleeps all the same. */
	fxm_schedule(cpu);
	if (cpu->current->is_idle || fxmi_self != cpu || !falls_asleep(cpu, tier, t)) {
		wakes_up(tier, t);
		return;
	}
	if (!fxmi_sleep(cpu, t->what))
		fxmi_die_of_deadlock(cpu, t->what);
	wakes_up(tier, t);
}

void fxm_k_schedule(void)
{
	fxmi_tier_schedule(fxm_k_cpu());
}

/* ---- waking ---- */

static void wake_locked(struct fxmi_tier_task *t)
{
	t->is_woken = true;
	if (t->sleeps && t->task)
		fxmi_wake(t->task);
}

static bool is_queued(const struct fxmi_tier_task *t, const void *queue)
{
	for (unsigned n = 0; n < t->nr_queues; n++)
		if (t->queue[n] == queue)
			return true;
	return false;
}

static void wake_queue_locked(struct fxmi_tier *tier, const void *queue)
{
	for (struct fxmi_tier_task *t = tier->tasks; t; t = t->next)
		if (is_queued(t, queue))
			wake_locked(t);
}

void fxm_k_wake_up(const void *queue)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(fxm_k_cpu()));

	pthread_mutex_lock(&tier->lock);
	wake_queue_locked(tier, queue);
	pthread_mutex_unlock(&tier->lock);
}

bool fxm_k_has_waiter(const void *queue)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(fxm_k_cpu()));
	bool found = false;

	pthread_mutex_lock(&tier->lock);
	for (const struct fxmi_tier_task *t = tier->tasks; t && !found; t = t->next)
		found = is_queued(t, queue);
	pthread_mutex_unlock(&tier->lock);
	return found;
}

void fxm_k_wake_up_process(struct fxm_k_current *current)
{
	fxmi_tier_wake(fxmi_tier(fxmi_kernel_of(fxm_k_cpu())), current);
}

void fxmi_tier_wake(struct fxmi_tier *tier, struct fxm_k_current *current)
{
	struct fxm_task *starts = NULL;

	pthread_mutex_lock(&tier->lock);
	struct fxmi_tier_task *t = tier->tasks;
	while (t && &t->current != current)
		t = t->next;
	if (t && t->task) {
		if (!t->is_kthread || t->task->is_scheduled)
			wake_locked(t);
		else
			starts = t->task;
	}
	pthread_mutex_unlock(&tier->lock);
	if (starts)
		fxmi_task_schedule(starts);
}

/* ---- who waits for whom ---- */

static void note_task(struct fxmi_notes *notes, const struct fxmi_tier_task *t)
{
	const struct fxm_k_current *c = &t->current;

	if (t->sleeps && t->site) /* a worker that waits for work has none */
		fxmi_note(notes, t->site, "%s[%d] waits in %s", c->comm, c->pid, t->what);
	for (unsigned n = 0; n < t->nr_locks; n++)
		fxmi_note(notes, t->lock[n].site, "%s[%d] %s %s, taken", c->comm, c->pid,
			  t->was_killed ? "died holding"
			  : t->task	? "holds"
					: "ended holding",
			  t->lock[n].kind);
	if (t->was_killed && !t->nr_locks)
		fxmi_note(notes, 0, "%s[%d] has died, and wakes nobody any more", c->comm, c->pid);
}

void fxmi_tier_note_waits(struct fxmi_kernel *k, struct fxmi_notes *notes)
{
	struct fxmi_tier *tier = fxmi_tier(k);

	pthread_mutex_lock(&tier->lock);
	for (const struct fxmi_tier_task *t = tier->tasks; t; t = t->next)
		note_task(notes, t);
	pthread_mutex_unlock(&tier->lock);
}
