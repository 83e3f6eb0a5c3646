/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: counters, the current task, locks, BUG and WARN. Models kernel/locking/ no further than who holds
 * what.
 */
#include "detect.h"
#include "report.h"
#include "state.h"
#include "tier.h"

#include <sched.h>
#include <stdlib.h>

/* ---- counters, the current task ---- */

static struct fxm_counts counts(void)
{
	struct fxm_counts c;
	fxm_counts(fxm_k_cpu(), &c);
	return c;
}

int fxm_k_preempt_count(void)
{
	return counts().preempt;
}

int fxm_k_pagefault_count(void)
{
	return counts().pagefault;
}

void fxm_k_might_sleep(const char *where)
{
	fxm_might_sleep(fxm_k_cpu(), where);
}

void fxm_k_might_fault(const char *where)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	if (!fxmi_count_pagefault(cpu->counts))
		fxm_might_sleep(cpu, where);
	else if (fxmi_kernel_of(cpu)->checks_sleep && fxmi_faults_are_off(cpu))
		fxmi_find_sleep(cpu,
				"access to user memory inside kmap_atomic: page faults are disabled, so it fails where the user's "
				"page is not there; the calls named _inatomic are for that, or kmap_local_page()");
}

struct fxm_k_current *fxm_k_current(void)
{
	struct fxm_task *task = fxm_k_cpu()->current;
	struct fxm_k_current *current = fxmi_kthread_current(task);

	if (!current)
		current = task->described;
	if (current)
		return current;
	current = task->described = calloc(1, sizeof(*current));
	if (!current)
		abort();
	current->pid = task->pid;
	snprintf(current->comm, sizeof(current->comm), "%s", task->comm);
	return current;
}

/* ---- locks ---- */

static bool take(struct fxm_vcpu *cpu, struct fxm_k_lock *lock)
{
	if (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		return false;
	__atomic_store_n(&lock->holder, cpu->current, __ATOMIC_RELAXED);
	return true;
}

static void release(struct fxm_k_lock *lock)
{
	__atomic_store_n(&lock->holder, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

/* What lock debugging prints; where the kernel would then wait for ever, the task ends. */
static FXMI_COLD _Noreturn void lock_bug(struct fxm_vcpu *cpu, const char *what, const char *explanation, const void *site)
{
	char head[128];

	snprintf(head, sizeof(head), "BUG: %s on CPU#%u, %s/%d\n", what, cpu->id, cpu->current->comm, cpu->current->pid);
	fxmi_report(fxmi_kernel_of(cpu), cpu, FXM_REPORT_BUG, NULL, NULL, head, &(struct fxmi_subject){.site = (uintptr_t)site},
		    explanation);
	fxmi_task_kill(cpu);
}

static bool is_mine(const struct fxm_vcpu *cpu, const struct fxm_k_lock *lock)
{
	return __atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == cpu->current;
}

#define TWICE "this task holds the lock already: a real machine would wait for ever"
#define NOT_HELD "nobody holds this lock"

void fxm_k_spin_lock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxmi_preempt_disable(cpu, lock, (uintptr_t)__builtin_return_address(0));
	if (is_mine(cpu, lock))
		lock_bug(cpu, "spinlock recursion", TWICE, __builtin_return_address(0));
	while (!take(cpu, lock))
		sched_yield();
}

int fxm_k_spin_trylock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxmi_preempt_disable(cpu, lock, (uintptr_t)__builtin_return_address(0));
	if (take(cpu, lock))
		return 1;
	fxmi_preempt_enable(cpu, lock);
	return 0;
}

void fxm_k_spin_unlock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	if (!__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
		lock_bug(cpu, "spinlock already unlocked", NOT_HELD, __builtin_return_address(0));
	release(lock);
	fxmi_preempt_enable(cpu, lock);
}

void fxm_k_mutex_lock(struct fxm_k_lock *lock, const char *where)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxm_might_sleep(cpu, where);
	if (is_mine(cpu, lock))
		lock_bug(cpu, "mutex recursion", TWICE, __builtin_return_address(0));
	while (!take(cpu, lock)) {
		fxm_schedule(cpu);
		sched_yield();
	}
}

int fxm_k_mutex_trylock(struct fxm_k_lock *lock)
{
	return take(fxm_k_cpu(), lock);
}

void fxm_k_mutex_unlock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	if (!__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
		lock_bug(cpu, "mutex already unlocked", NOT_HELD, __builtin_return_address(0));
	release(lock);
}

/* ---- BUG, WARN ---- */

void fxm_k_bug(const char *where)
{
	fxm_bug(fxm_k_cpu(), where);
	abort(); /* fxm_bug() does not return; the compiler is not told so */
}

void fxm_k_warn(const char *where, const char *fmt, ...)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	char text[FXMI_LOG_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	fxmi_vformat(fxmi_kernel_of(cpu), text, sizeof(text), fmt, args);
	va_end(args);
	text[strcspn(text, "\n")] = 0;
	fxm_warn(cpu, where, text);
}
