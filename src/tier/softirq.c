/* SPDX-License-Identifier: MIT */
/*
 * Timers and tasklets, behind the kernel's names: what runs in softirq context, and when. Models kernel/softirq.c and
 * kernel/time/timer.c as far as a module can see.
 *
 * Softirqs run when an interrupt ends, when they are enabled again, in schedule() when the clock has ticked, and else in a thread
 * of the vCPU, ksoftirqd. Time is simulated: a jiffy passes with every 100 calls of schedule() and with every 1000 looks at the
 * clock, and when all tasks sleep it is the time of the next timer. So every run is the same, and no timeout costs time.
 *
 * Guarded by tier.lock; no function of a module is called with it.
 */
#include "tier.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum { CALLS_PER_JIFFY = 100, LOOKS_PER_JIFFY = 1000, MAX_RESTART = 10 };

struct fxmi_soft {
	_Atomic unsigned long jiffies;
	_Atomic unsigned calls, looks;
	struct fxm_k_timer *timers; /* by time, then by age */
	struct fxm_k_tasklet *tasklets, *running;
	struct fxm_k_current *ksoftirqd[FXMI_MAX_CPUS];
};

int fxmi_soft_init(struct fxmi_tier *tier)
{
	tier->soft = calloc(1, sizeof(*tier->soft));
	if (tier->soft)
		tier->soft->jiffies = (uint32_t)(-300 * 250); /* INITIAL_JIFFIES: it wraps five minutes after boot */
	return tier->soft ? 0 : -ENOMEM;
}

void fxmi_soft_free(struct fxmi_tier *tier)
{
	free(tier->soft);
}

static struct fxmi_soft *soft_of(const struct fxm_vcpu *cpu)
{
	return fxmi_tier(fxmi_kernel_of(cpu))->soft;
}

/* ---- running them ---- */

static struct fxm_k_timer *take_timer_locked(struct fxmi_soft *s, unsigned cpu)
{
	struct fxm_k_timer **at = &s->timers, *t;

	while ((t = *at) && t->cpu != cpu)
		at = &t->next;
	if (!t || (long)(t->expires - s->jiffies) > 0)
		return NULL;
	*at = t->next;
	t->pending = 0;
	return t;
}

static struct fxm_k_tasklet *take_tasklet_locked(struct fxmi_soft *s, unsigned cpu)
{
	struct fxm_k_tasklet **at = &s->tasklets, *t;

	while ((t = *at) && (t->cpu != cpu || t->disabled))
		at = &t->next;
	if (t) {
		*at = t->next;
		t->pending = 0;
	}
	return t;
}

/* A function of a module in softirq context. The kernel too restores the preempt count after one that leaves it off. */
static void call(struct fxm_vcpu *cpu, void (*fn)(void *arg), void *arg, const char *context)
{
	struct fxmi_tier_mark mark;

	fxm_context_enter(cpu, FXM_CONTEXT_SOFTIRQ);
	fxmi_tier_context_begin(cpu, &mark);
	fn(arg);
	fxmi_tier_context_check(cpu, &mark, context, (uintptr_t)fn);
	fxmi_counts_set_preempt(cpu, mark.mark.counts);
	fxm_context_leave(cpu, FXM_CONTEXT_SOFTIRQ);
}

/* One of those that are due on @cpu; false: there is none. */
static bool run_one(struct fxm_vcpu *cpu, struct fxmi_tier *tier)
{
	struct fxmi_soft *s = tier->soft;

	pthread_mutex_lock(&tier->lock);
	struct fxm_k_timer *timer = take_timer_locked(s, cpu->id);
	struct fxm_k_tasklet *tasklet = timer ? NULL : take_tasklet_locked(s, cpu->id);
	void (*fn)(void *) = timer ? timer->fn : tasklet ? tasklet->fn : NULL;
	void *arg = timer ? timer->arg : tasklet ? tasklet->arg : NULL;
	s->running = tasklet;
	pthread_mutex_unlock(&tier->lock);
	if (fn)
		call(cpu, fn, arg, timer ? "a timer" : "a tasklet");
	s->running = NULL;
	return fn;
}

void fxmi_tier_softirqs(struct fxm_vcpu *cpu)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));

	if (!tier->soft->timers && !tier->soft->tasklets)
		return;
	if (cpu->irq_disabled || fxmi_count_preempt(cpu->counts) & FXMI_INTERRUPT_MASK)
		return;
	for (unsigned n = 0; n < MAX_RESTART && run_one(cpu, tier); n++)
		;
}

static bool is_due_locked(const struct fxmi_soft *s, unsigned cpu)
{
	for (const struct fxm_k_tasklet *t = s->tasklets; t; t = t->next)
		if (t->cpu == cpu && !t->disabled)
			return true;
	for (const struct fxm_k_timer *t = s->timers; t; t = t->next)
		if (t->cpu == cpu)
			return (long)(t->expires - s->jiffies) <= 0;
	return false;
}

static int ksoftirqd(void *arg)
{
	struct fxm_vcpu *cpu = arg;
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));

	for (;;) {
		fxmi_tier_wait_begin(cpu, NULL, "ksoftirqd", 0);
		pthread_mutex_lock(&tier->lock);
		bool is_due = is_due_locked(tier->soft, cpu->id);
		pthread_mutex_unlock(&tier->lock);
		if (is_due) { /* others get their turns between */
			fxm_k_set_state(0);
			fxmi_tier_softirqs(cpu);
			fxm_schedule(cpu);
		} else {
			fxmi_tier_schedule(cpu);
		}
	}
	return 0;
}

bool fxmi_soft_idle(struct fxm_vcpu *cpu, struct fxmi_tier *tier)
{
	struct fxmi_soft *s = tier->soft;
	const struct fxm_k_timer *next;

	pthread_mutex_lock(&tier->lock);
	for (next = s->timers; next && next->cpu != cpu->id; next = next->next)
		;
	if (next && (long)(next->expires - s->jiffies) > 0 && !is_due_locked(s, cpu->id))
		s->jiffies = next->expires;
	bool is_due = is_due_locked(s, cpu->id);
	pthread_mutex_unlock(&tier->lock);
	if (!is_due)
		return false;
	if (!s->ksoftirqd[cpu->id]) {
		char name[16];
		snprintf(name, sizeof(name), "ksoftirqd/%u", cpu->id);
		s->ksoftirqd[cpu->id] = fxmi_kthread_system(cpu, ksoftirqd, cpu, name);
	}
	if (s->ksoftirqd[cpu->id])
		fxmi_tier_wake(tier, s->ksoftirqd[cpu->id]);
	return s->ksoftirqd[cpu->id];
}

/* ---- the clock ---- */

unsigned long fxm_k_jiffies(void)
{
	struct fxmi_soft *s = soft_of(fxm_k_cpu());

	if (++s->looks % LOOKS_PER_JIFFY == 0)
		s->jiffies++;
	return s->jiffies;
}

void fxmi_tier_tick(struct fxm_vcpu *cpu)
{
	struct fxmi_soft *s = soft_of(cpu);

	if (++s->calls % CALLS_PER_JIFFY == 0)
		s->jiffies++;
	fxmi_work_idle(cpu, fxmi_tier(fxmi_kernel_of(cpu)));
	fxmi_tier_softirqs(cpu);
}

static void wake(void *current)
{
	fxm_k_wake_up_process(current);
}

long fxm_k_schedule_timeout(long timeout)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxm_k_timer timer = {.fn = wake, .arg = fxm_k_current()};

	if (timeout == LONG_MAX) {
		fxmi_tier_schedule(cpu);
		return timeout;
	}
	unsigned long expires = soft_of(cpu)->jiffies + (unsigned long)(timeout < 0 ? 0 : timeout);
	fxm_k_mod_timer(&timer, expires);
	fxmi_tier_schedule(cpu);
	fxm_k_del_timer(&timer);
	long left = (long)(expires - soft_of(cpu)->jiffies);
	return left < 0 ? 0 : left;
}

/* ---- timers ---- */

static bool remove_timer_locked(struct fxmi_soft *s, struct fxm_k_timer *timer)
{
	struct fxm_k_timer **at = &s->timers;

	while (*at && *at != timer)
		at = &(*at)->next;
	bool found = *at;
	if (found)
		*at = timer->next;
	timer->pending = 0;
	return found;
}

int fxm_k_mod_timer(struct fxm_k_timer *timer, unsigned long expires)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	struct fxm_k_timer **at = &tier->soft->timers;

	if (!timer->fn)
		fxm_k_bug("kernel/time/timer.c");
	pthread_mutex_lock(&tier->lock);
	bool was_pending = remove_timer_locked(tier->soft, timer);
	timer->expires = expires;
	timer->cpu = cpu->id;
	timer->site = (uintptr_t)__builtin_return_address(0);
	timer->pending = 1;
	while (*at && (long)((*at)->expires - expires) <= 0)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
	pthread_mutex_unlock(&tier->lock);
	return was_pending;
}

int fxm_k_del_timer(struct fxm_k_timer *timer)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(fxm_k_cpu()));

	pthread_mutex_lock(&tier->lock);
	bool was_pending = remove_timer_locked(tier->soft, timer);
	pthread_mutex_unlock(&tier->lock);
	return was_pending;
}

unsigned fxmi_timer_leaks(struct fxmi_kernel *k)
{
	const struct fxmi_tier *tier = atomic_load(&k->tier);
	char name[128], place[300];
	unsigned n = 0;

	for (const struct fxm_k_timer *t = tier->soft->timers; t; t = t->next, n++) {
		fxmi_function_name((uintptr_t)t->fn, name, sizeof(name));
		fxm_symbolize((struct fxm_site){t->site}, place, sizeof(place));
		fxmi_finding(k, NULL, FXMI_FIND_LEAK, &(struct fxmi_subject){.site = t->site, .is_left = true},
			     "timer of %s() still pending, started at %s: it runs code of a module that is gone", name, place);
	}
	return n;
}

/* ---- tasklets ---- */

void fxm_k_tasklet_schedule(struct fxm_k_tasklet *tasklet)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));
	struct fxm_k_tasklet **at = &tier->soft->tasklets;

	pthread_mutex_lock(&tier->lock);
	while (*at)
		at = &(*at)->next;
	if (!tasklet->pending) {
		tasklet->pending = 1;
		tasklet->cpu = cpu->id;
		tasklet->next = NULL;
		*at = tasklet;
	}
	pthread_mutex_unlock(&tier->lock);
}

void fxm_k_tasklet_kill(struct fxm_k_tasklet *tasklet)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	while (__atomic_load_n(&tasklet->pending, __ATOMIC_ACQUIRE) && !tasklet->disabled) {
		fxmi_tier_softirqs(cpu);
		if (tasklet->pending)
			fxmi_tier_schedule(cpu);
	}
}

/* ---- softirqs off ---- */

static unsigned bh_offset(const struct fxm_vcpu *cpu)
{
	return fxmi_kernel_of(cpu)->typed ? FXMI_SOFTIRQ_OFFSET : 2 * FXMI_SOFTIRQ_OFFSET;
}

void fxm_k_local_bh_disable(void)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxmi_bh_disable(cpu, bh_offset(cpu), (uintptr_t)__builtin_return_address(0));
}

void fxm_k_local_bh_enable(void)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxmi_bh_enable(cpu, bh_offset(cpu));
	fxmi_tier_softirqs(cpu);
}
