/* SPDX-License-Identifier: MIT */
/*
 * The seats of vCPUs: who may run simulated-kernel code there now, and the proof that nobody can go on.
 *
 * A seat is handed over, never fought for: who stands up picks the one that waits longest and makes the switch on its behalf,
 * so that whoever holds the seat is the only one to touch cpu->current and cpu->counts, and no callback runs under a lock.
 * While seat_taken is false the idle task is current and seat_queue is empty.
 *
 * seat_lock is a leaf. No thread waits for a seat with any other lock held.
 */
#include "task_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/single_threaded.h>
#include <time.h>
#include <unistd.h>

/* ---- switching --------------------------------------------------------------------------------------------------------- */

static void notify(void (*callback)(struct fxm_vcpu *, struct fxm_task *), struct fxm_vcpu *cpu, struct fxm_task *task)
{
	if (callback)
		callback(cpu, task);
}

void fxmi_seat_switch(struct fxm_vcpu *cpu, struct fxm_task *to)
{
	struct fxm_machine *m = cpu->machine;
	struct fxm_task *from = cpu->current;

	fxm_assert_internal(from && from->cpu == cpu && to->cpu == cpu);
	fxm_assert_internal(to->machine == m && !fxmi_task_has_ended(to));
	notify(fxmi_callback(m, sched_out), cpu, from);
	from->counts = cpu->counts;
	fxmi_interrupts_save(cpu, &fxmi_vehicle(from)->interrupts);
	__atomic_store_n(&cpu->current, to, __ATOMIC_RELEASE);
	fxmi_counts_set(cpu, fxmi_counts_join(to->counts, cpu->counts));
	fxmi_interrupts_restore(cpu, &fxmi_vehicle(to)->interrupts);
	notify(fxmi_callback(m, sched_in), cpu, to);
}

static struct fxmi_seat_waiter *pop_locked(struct fxm_vcpu *cpu)
{
	struct fxmi_seat_waiter *w = cpu->seat_queue;

	fxm_assert_internal(!w || (!w->granted && w->task->cpu == cpu));
	if (w)
		cpu->seat_queue = w->next;
	return w;
}

static void push_locked(struct fxm_vcpu *cpu, struct fxmi_seat_waiter *w)
{
	struct fxmi_seat_waiter **at = &cpu->seat_queue;

	fxm_assert_internal(cpu->seat_taken && !w->granted);
	while (*at)
		at = &(*at)->next;
	w->next = NULL;
	*at = w;
}

/* The seat, and the vCPU's current task with it, is @w's from here on; @w itself may be gone. */
static void grant(struct fxm_vcpu *cpu, struct fxmi_seat_waiter *w)
{
	fxmi_seat_switch(cpu, w->task);
	pthread_mutex_lock(&cpu->seat_lock);
	fxm_assert_internal(cpu->seat_taken && !w->granted);
	w->granted = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&cpu->seat_lock);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------------- */

/* The seat has been taken for too long: by whom? */
static void tell_holder(struct fxm_vcpu *cpu, unsigned seconds)
{
	void (*hung)(struct fxm_vcpu *, struct fxm_task *, const char *, unsigned) = fxmi_callback(cpu->machine, hung);

	pthread_mutex_lock(&cpu->machine->task_lock);
	struct fxm_task *holder = fxm_vcpu_task(cpu);
	fxmi_task_get(holder);
	pthread_mutex_unlock(&cpu->machine->task_lock);
	if (hung)
		hung(cpu, holder, "the vCPU", seconds);
	fxmi_task_put(holder);
}

/* Waits until somebody has granted @w, which is on the queue. seat_lock held. */
static void wait_locked(struct fxm_vcpu *cpu, struct fxmi_seat_waiter *w)
{
	struct fxmi_patience patience;
	unsigned seconds;

	fxmi_patience_init(&patience);
	while (!w->granted) {
		fxmi_patience_wait(&patience, &w->cond, &cpu->seat_lock);
		if (!w->granted && fxmi_patience_is_over(&patience, cpu->machine, &seconds)) {
			pthread_mutex_unlock(&cpu->seat_lock);
			tell_holder(cpu, seconds);
			pthread_mutex_lock(&cpu->seat_lock);
		}
	}
}

static void waiter_init(struct fxmi_seat_waiter *w, struct fxm_task *task)
{
	*w = (struct fxmi_seat_waiter){.task = task};
	fxmi_cond_init(&w->cond);
}

static bool take_free_locked(struct fxm_vcpu *cpu)
{
	bool is_free = !cpu->seat_taken;

	cpu->seat_taken = true;
	return is_free;
}

bool fxmi_seat_try(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	bool taken = fxmi_seat_reserve(cpu);

	if (taken)
		fxmi_seat_switch(cpu, task);
	return taken;
}

void fxmi_seat_take(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	struct fxmi_seat_waiter w;

	fxm_assert_internal(!fxmi_self && task->cpu == cpu);
	fxm_assert_internal(!task->nr_held);
	if (fxmi_seat_try(cpu, task))
		return;
	waiter_init(&w, task);
	pthread_mutex_lock(&cpu->seat_lock);
	if (take_free_locked(cpu)) {
		pthread_mutex_unlock(&cpu->seat_lock);
		fxmi_seat_switch(cpu, task);
	} else {
		push_locked(cpu, &w);
		wait_locked(cpu, &w);
		pthread_mutex_unlock(&cpu->seat_lock);
	}
	pthread_cond_destroy(&w.cond);
}

bool fxmi_seat_reserve(struct fxm_vcpu *cpu)
{
	pthread_mutex_lock(&cpu->seat_lock);
	bool taken = take_free_locked(cpu);
	pthread_mutex_unlock(&cpu->seat_lock);
	return taken;
}

/* ---- standing up ------------------------------------------------------------------------------------------------------- */

static struct fxmi_seat_waiter *pop(struct fxm_vcpu *cpu)
{
	pthread_mutex_lock(&cpu->seat_lock);
	struct fxmi_seat_waiter *w = pop_locked(cpu);
	pthread_mutex_unlock(&cpu->seat_lock);
	return w;
}

/* Seekers count themselves before they look at the seats, so that one of the two sees the other. */
static void tell_seekers(struct fxm_machine *m)
{
	if (!m->seat_seekers)
		return;
	pthread_mutex_lock(&m->task_lock);
	pthread_cond_broadcast(&m->seat_left);
	pthread_mutex_unlock(&m->task_lock);
}

void fxmi_seat_leave(struct fxm_vcpu *cpu)
{
	fxm_assert_internal(!cpu->current->is_idle);
	struct fxmi_seat_waiter *w = pop(cpu);

	if (!w) {
		fxmi_seat_switch(cpu, cpu->idle);
		pthread_mutex_lock(&cpu->seat_lock);
		w = pop_locked(cpu);
		cpu->seat_taken = w;
		pthread_mutex_unlock(&cpu->seat_lock);
	}
	if (w)
		grant(cpu, w);
	else
		tell_seekers(cpu->machine);
}

void fxmi_seat_pass(struct fxm_vcpu *cpu)
{
	struct fxmi_seat_waiter self;

	fxm_assert_internal(fxmi_self == cpu && !cpu->current->is_idle);
	waiter_init(&self, cpu->current);
	pthread_mutex_lock(&cpu->seat_lock);
	struct fxmi_seat_waiter *next = pop_locked(cpu);
	if (next)
		push_locked(cpu, &self);
	pthread_mutex_unlock(&cpu->seat_lock);
	if (next) {
		grant(cpu, next);
		pthread_mutex_lock(&cpu->seat_lock);
		wait_locked(cpu, &self);
		pthread_mutex_unlock(&cpu->seat_lock);
		fxm_assert_internal(cpu->current == self.task);
	}
	pthread_cond_destroy(&self.cond);
}

/* ---- patience ------------------------------------------------------------------------------------------------------------ */

enum { FIRST_LOOK_NS = 10 * 1000 * 1000, SLOWEST_LOOK_NS = 500 * 1000 * 1000 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void fxmi_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

void fxmi_patience_init(struct fxmi_patience *p)
{
	*p = (struct fxmi_patience){.begin_ns = now_ns(), .period_ns = FIRST_LOOK_NS};
	p->next_ns = p->begin_ns + p->period_ns;
}

void fxmi_patience_wait(struct fxmi_patience *p, pthread_cond_t *cond, pthread_mutex_t *lock)
{
	struct timespec until = {.tv_sec = (time_t)(p->next_ns / 1000000000), .tv_nsec = (long)(p->next_ns % 1000000000)};
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	int error = pthread_cond_timedwait(cond, lock, &until);
	pthread_setcancelstate(cancel, NULL);
	if (error != ETIMEDOUT)
		return;
	if (p->period_ns < SLOWEST_LOOK_NS)
		p->period_ns *= 2;
	p->next_ns = now_ns() + p->period_ns;
}

bool fxmi_patience_is_over(struct fxmi_patience *p, const struct fxm_machine *m, unsigned *seconds)
{
	unsigned limit = m->desc.hung_task_seconds;
	uint64_t waited = now_ns() - p->begin_ns;

	if (p->told || !limit || waited < limit * UINT64_C(1000000000))
		return false;
	*seconds = (unsigned)(waited / 1000000000);
	return p->told = true;
}

/* ---- blocked host threads -------------------------------------------------------------------------------------------------- */

static _Atomic int nr_blocked;
static _Atomic unsigned nr_unblocks;

void fxmi_block(bool *flag)
{
	*flag = true;
	nr_blocked++;
}

void fxmi_unblock(bool *flag)
{
	if (!flag || !*flag)
		return;
	*flag = false;
	nr_unblocks++;
	nr_blocked--;
}

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

/* ThreadSanitizer starts a thread of its own with the process's first one; it never calls us. */
static int count_foreign_threads(void)
{
	return UNDER_TSAN && !__libc_single_threaded;
}

/* Threads of this process that could call us; INT_MAX when the host does not tell. */
static int count_threads(void)
{
	char buf[2048];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return INT32_MAX;
	buf[n] = '\0';
	const char *line = strstr(buf, "\nThreads:");
	return line ? atoi(line + 9) - count_foreign_threads() : INT32_MAX;
}

/* When no unblocking began in between and the number is the same twice, the same threads were blocked all the time. */
bool fxmi_all_blocked(void)
{
	unsigned unblocks = nr_unblocks;
	int blocked = nr_blocked, saved_errno = errno, cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	int threads = count_threads();
	pthread_setcancelstate(cancel, NULL);
	errno = saved_errno;
	return threads == blocked && nr_blocked == blocked && nr_unblocks == unblocks;
}

void fxmi_blocked_after_fork(void)
{
	nr_blocked = 0;
}
