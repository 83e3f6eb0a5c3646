/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: counters, locks, BUG and WARN. Models kernel/locking/ no further than who holds what. A mutex that is
 * taken is slept for; a spinlock is spun for while its holder runs on another vCPU, and one whose holder does not run is a lockup.
 *
 * A lock's holder is a struct fxmi_tier_task, which lists what it holds, and where it took that.
 */
#include "detect.h"
#include "report.h"
#include "tier.h"

#include <sched.h>
#include <stdlib.h>

/* ---- counters ---- */

static struct fxm_counts counts(void)
{
	struct fxm_counts c;
	fxm_get_counts(fxm_k_cpu(), &c);
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

void fxm_k_check_preemptible(const char *what)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	if (fxmi_unlikely(fxmi_is_preemptible(cpu)))
		fxmi_check_preemptible(cpu, what);
}

void fxm_k_check_inatomic(const char *what)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	if (fxmi_unlikely(!fxmi_count_pagefault(cpu->counts) && fxmi_is_preemptible(cpu)))
		fxmi_check_inatomic(cpu, what);
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

/* ---- locks ---- */

static bool take(struct fxmi_tier_task *t, struct fxm_k_lock *lock, const char *kind, uintptr_t site)
{
	if (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		return false;
	__atomic_store_n(&lock->holder, t, __ATOMIC_RELAXED);
	if (t->nr_locks < FXMI_LOCKS)
		t->lock[t->nr_locks++] = (struct fxmi_lock_held){lock, kind, site};
	return true;
}

/* Who releases it is its holder, or has been given it. */
static void release(struct fxmi_tier_task *t, struct fxm_k_lock *lock)
{
	unsigned n = t->nr_locks;

	while (n && t->lock[n - 1].lock != lock)
		n--;
	if (n) {
		memmove(&t->lock[n - 1], &t->lock[n], (t->nr_locks - n) * sizeof(*t->lock));
		t->nr_locks--;
	}
	__atomic_store_n(&lock->holder, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

/* What lock debugging prints; where the kernel would then wait for ever, the task ends. */
static FXMI_COLD _Noreturn void lock_bug(struct fxm_vcpu *cpu, const char *what, const char *explanation,
					 const struct fxmi_notes *notes, const void *site)
{
	char head[128];

	snprintf(head, sizeof(head), "BUG: %s on CPU#%u, %s/%d\n", what, cpu->id, cpu->current->comm, cpu->current->pid);
	fxmi_report(fxmi_kernel_of(cpu), cpu, FXM_REPORT_BUG, NULL, NULL, head,
		    &(struct fxmi_subject){.site = (uintptr_t)site, .notes = notes}, explanation);
	fxmi_task_kill(cpu);
}

#define TWICE "this task holds the lock already: a real machine would wait for ever"
#define NOT_HELD "nobody holds this lock"

/* Spinning for it would not end: nobody runs who could release it. */
static FXMI_COLD bool is_lockup(struct fxm_vcpu *cpu, const struct fxm_k_lock *lock)
{
	struct fxmi_tier *tier = fxmi_tier(fxmi_kernel_of(cpu));

	pthread_mutex_lock(&tier->lock);
	const struct fxmi_tier_task *t = __atomic_load_n(&lock->holder, __ATOMIC_RELAXED);
	bool runs = !t || (t->task && fxm_vcpu_task(t->task->cpu) == t->task);
	pthread_mutex_unlock(&tier->lock);
	return !runs;
}

static FXMI_COLD void spin(struct fxm_vcpu *cpu, struct fxm_k_lock *lock, const void *site)
{
	const struct fxmi_tier_task *holder = __atomic_load_n(&lock->holder, __ATOMIC_RELAXED);
	struct fxmi_notes notes;

	if (holder == cpu->current->described)
		lock_bug(cpu, "spinlock recursion", TWICE, NULL, site);
	if (!is_lockup(cpu, lock)) {
		sched_yield();
		return;
	}
	notes.nr = 0;
	fxmi_tier_note_waits(fxmi_kernel_of(cpu), &notes);
	lock_bug(cpu, "spinlock lockup suspected",
		 holder && holder->task
		     ? "the lock's holder does not run, and cannot while this CPU spins: it slept, or gave the CPU away, "
		       "with the lock held"
		     : "the lock's holder has ended, and nobody will release it",
		 &notes, site);
}

void fxm_k_spin_lock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uintptr_t site = (uintptr_t)__builtin_return_address(0);

	fxmi_preempt_disable(cpu, lock, site);
	while (!take(fxmi_tier_task(cpu), lock, "a spinlock", site))
		spin(cpu, lock, __builtin_return_address(0));
}

int fxm_k_spin_trylock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uintptr_t site = (uintptr_t)__builtin_return_address(0);

	fxmi_preempt_disable(cpu, lock, site);
	if (take(fxmi_tier_task(cpu), lock, "a spinlock", site))
		return 1;
	fxmi_preempt_enable(cpu, lock);
	return 0;
}

void fxm_k_spin_unlock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	if (!__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
		lock_bug(cpu, "spinlock already unlocked", NOT_HELD, NULL, __builtin_return_address(0));
	release(fxmi_tier_task(cpu), lock);
	fxmi_preempt_enable(cpu, lock);
}

void fxm_k_mutex_lock(struct fxm_k_lock *lock, const char *where)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_tier_task *t = fxmi_tier_task(cpu);
	uintptr_t site = (uintptr_t)__builtin_return_address(0);

	fxm_might_sleep(cpu, where);
	if (take(t, lock, "a mutex", site))
		return;
	if (__atomic_load_n(&lock->holder, __ATOMIC_RELAXED) == t)
		lock_bug(cpu, "mutex recursion", TWICE, NULL, __builtin_return_address(0));
	for (;;) {
		fxmi_tier_wait_begin(cpu, lock, "mutex_lock", site);
		if (take(t, lock, "a mutex", site))
			break;
		fxmi_tier_schedule(cpu);
	}
	fxm_k_finish_wait(lock);
}

int fxm_k_mutex_trylock(struct fxm_k_lock *lock)
{
	return take(fxmi_tier_task(fxm_k_cpu()), lock, "a mutex", (uintptr_t)__builtin_return_address(0));
}

void fxm_k_mutex_unlock(struct fxm_k_lock *lock)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();

	if (!__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
		lock_bug(cpu, "mutex already unlocked", NOT_HELD, NULL, __builtin_return_address(0));
	release(fxmi_tier_task(cpu), lock);
	fxm_k_wake_up(lock);
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
