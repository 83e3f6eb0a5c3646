/* SPDX-License-Identifier: MIT */
/*
 * Tasks: their lives on fibres and host threads, attached threads, and fxm_task_run() with the way back to it.
 *
 * Every thread-local fact is in fxmi_self: the vCPU whose seat the code running now holds. The task is fxmi_self->current. A
 * fibre's resumer lends it its host thread and sets fxmi_self on its behalf.
 *
 * Invariants: a task is on machine.tasks from creation until it is joined, detached or freed with the machine, in order of
 * pids; a fibre's `running` says that some host thread is inside fxm_task_resume() of it; an ended task never runs again.
 *
 * task_lock guards the list, `running`, and every state change to or from FXM_TASK_SLEEPING or an ended state. No callback
 * runs under it.
 */
#include "window_internal.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

__thread struct fxm_vcpu *fxmi_self;

enum { DEFAULT_STACK_BYTES = 256 * 1024 };

/* ---- task objects ------------------------------------------------------------------------------------------------------ */

struct fxm_task *fxmi_task_alloc(struct fxm_machine *m, struct fxm_vcpu *cpu, enum fxm_vehicle vehicle, const char *name)
{
	struct fxm_task *task = calloc(1, sizeof(*task));
	struct fxmi_vehicle *v = calloc(1, sizeof(*v));

	if (!task || !v) {
		free(task);
		free(v);
		return NULL;
	}
	v->refs = 1;
	v->thread = pthread_self();
	fxmi_cond_init(&v->wake);
	task->machine = m;
	task->cpu = cpu;
	task->vehicle = vehicle;
	task->state = FXM_TASK_NEW;
	task->counts = FXMI_COUNTS_ZERO;
	task->vehicle_data = v;
	snprintf(task->comm, sizeof(task->comm), "%s", name && *name ? name : "task");
	return task;
}

void fxmi_task_get(struct fxm_task *task)
{
	fxmi_vehicle(task)->refs++;
}

void fxmi_task_put(struct fxm_task *task)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);

	if (--v->refs)
		return;
	fxmi_fibre_free(&v->fibre);
	fxmi_stack_free(&v->stack);
	pthread_cond_destroy(&v->wake);
	free(v);
	free(task->described);
	free(task);
}

/* Pids rise along the list: fxm_task_each() relies on it. */
static void link_locked(struct fxm_task *task)
{
	struct fxm_task **at = &task->machine->tasks;

	while (*at)
		at = &(*at)->next;
	task->pid = task->machine->next_pid++;
	*at = task;
}

static void unlink_locked(struct fxm_task *task)
{
	struct fxm_task **at = &task->machine->tasks;

	while (*at && *at != task)
		at = &(*at)->next;
	if (*at)
		*at = task->next;
}

static void unlink_and_put(struct fxm_task *task)
{
	pthread_mutex_t *lock = &task->machine->task_lock;

	pthread_mutex_lock(lock);
	unlink_locked(task);
	pthread_mutex_unlock(lock);
	fxmi_task_put(task);
}

void fxmi_task_wake_locked(struct fxm_task *task)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);

	if (task->state != FXM_TASK_SLEEPING)
		return;
	task->state = FXM_TASK_RUNNABLE;
	fxmi_unblock(&v->blocked);
	if (task->vehicle == FXM_FIBRE)
		fxmi_unblock(v->joiner_blocked);
	pthread_cond_broadcast(&v->wake);
}

/* ---- fxm_task_run and the way back to it ---------------------------------------------------------------------------------- */

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
	here.self = &here;
	here.frame = (uintptr_t)__builtin_frame_address(0);
	here.outer = skip_dead(task->unwind, here.frame);
	here.thread = pthread_self();
	fxmi_interrupts_save(cpu, &here.interrupts);
	/* The signal mask is restored by fxmi_segv_leave_handler(), without a system call here. */
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

_Noreturn void fxmi_task_kill(struct fxm_vcpu *cpu)
{
	struct fxm_task *task = cpu->current;
	struct fxmi_unwind *u = task->unwind;

	while (task->nr_held)
		fxmi_spin_unlock(cpu, task->held[task->nr_held - 1]);
	if (!is_own_unwind(cpu, u)) {
		fxmi_segv_leave_handler();
		if (fxmi_callback(task->machine, orphan))
			fxmi_callback(task->machine, orphan)(cpu);
		fprintf(stderr, "libfixmap: %s[%d] on vCPU %u cannot end here: no fxm_task_run() is around it. Aborting.\n",
			task->comm, task->pid, cpu->id);
		abort();
	}
	task->was_killed = true;
	task->unwind = u->outer; /* now: what happens in a dead frame must not come back to it for ever */
	fxmi_interrupts_restore(cpu, &u->interrupts);
	fxmi_atomic_leave_interrupts(task);
	fxmi_segv_leave_handler();
	siglongjmp(u->env, 1);
}

/* ---- the end of a task ---------------------------------------------------------------------------------------------------- */

static enum fxm_task_state run_to_its_end(struct fxm_task *task)
{
	struct fxm_vcpu *cpu = task->cpu;

	enum fxm_task_state end = fxm_task_run(cpu, task->fn, task->arg, &task->result) ? FXM_TASK_KILLED : FXM_TASK_DONE;
	void (*task_end)(struct fxm_vcpu *, struct fxm_task *) = fxmi_callback(task->machine, task_end);
	if (task_end)
		task_end(cpu, task);
	return end;
}

static void set_ended(struct fxm_task *task, enum fxm_task_state end)
{
	pthread_mutex_lock(&task->machine->task_lock);
	task->state = end;
	fxmi_unblock(fxmi_vehicle(task)->joiner_blocked);
	pthread_cond_broadcast(&fxmi_vehicle(task)->wake);
	pthread_mutex_unlock(&task->machine->task_lock);
}

/* ---- host threads that sit here ---------------------------------------------------------------------------------------------- */

/*
 * The key's value is the thread's own task: an attached thread's, or that of fxm_task_create(). Its destructor makes up for a
 * thread that exits without standing up. &no_task: only the alternate signal stack has to go.
 */
static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;
static struct fxm_task no_task;

static void leave_seat_for_good(struct fxm_task *task)
{
	fxmi_seat_leave(task->cpu);
	fxmi_self = NULL;
}

static void detach(struct fxm_task *task)
{
	void (*task_end)(struct fxm_vcpu *, struct fxm_task *) = fxmi_callback(task->machine, task_end);

	if (task_end)
		task_end(task->cpu, task);
	leave_seat_for_good(task);
	unlink_and_put(task);
}

static void thread_exits(void *value)
{
	struct fxm_task *task = value;

	if (task != &no_task && fxmi_self && fxmi_self->current == task) {
		if (task->is_attached) {
			detach(task);
		} else {
			leave_seat_for_good(task);
			set_ended(task, FXM_TASK_DONE);
		}
	}
	fxmi_segv_leave_thread();
}

static void create_key(void)
{
	if (pthread_key_create(&thread_key, thread_exits))
		abort();
}

static void enter_thread(struct fxm_task *task)
{
	pthread_once(&thread_key_once, create_key);
	if (task || !pthread_getspecific(thread_key))
		pthread_setspecific(thread_key, task ? task : &no_task);
	fxmi_segv_prepare_thread();
}

void fxmi_task_after_fork(void)
{
	fxmi_self = NULL;
	pthread_once(&thread_key_once, create_key);
	if (pthread_getspecific(thread_key))
		pthread_setspecific(thread_key, &no_task);
}

/* ---- attaching ------------------------------------------------------------------------------------------------------------- */

/* Whether some host thread calls @cpu its own, seated or asleep. */
static bool has_thread_locked(struct fxm_machine *m, const struct fxm_vcpu *cpu)
{
	for (struct fxm_task *t = m->tasks; t; t = t->next)
		if (t->cpu == cpu && t->vehicle == FXM_THREAD && !fxmi_task_has_ended(t))
			return true;
	return false;
}

/* Reserves the seat of a vCPU that nobody calls his own, or, when @any, of any. */
static struct fxm_vcpu *reserve_locked(struct fxm_machine *m, bool any)
{
	for (unsigned n = 0; n < m->cpus_online; n++)
		if ((any || !has_thread_locked(m, m->vcpu[n])) && fxmi_seat_reserve(m->vcpu[n]))
			return m->vcpu[n];
	return NULL;
}

/*
 * A vCPU of the thread's own: a free one, a new one, or the first whose seat somebody leaves. Its seat is reserved: who only
 * looked could come to queue behind another thread, perhaps one that joins it.
 */
static struct fxm_vcpu *choose_vcpu_locked(struct fxm_machine *m)
{
	struct fxm_vcpu *cpu = reserve_locked(m, false);
	struct fxmi_patience patience;

	if (!cpu && fxmi_vcpu_add_locked(m) >= 0)
		cpu = reserve_locked(m, false);
	if (cpu)
		return cpu;
	fxmi_patience_init(&patience);
	m->seat_seekers++;
	while (!(cpu = reserve_locked(m, true)))
		fxmi_patience_wait(&patience, &m->seat_left, &m->task_lock);
	m->seat_seekers--;
	return cpu;
}

/* Links @task to its vCPU under the lock, so that the next thread looking for one sees it taken; then takes the seat. */
static void settle(struct fxm_machine *m, struct fxm_task *task, int cpu)
{
	pthread_mutex_lock(&m->task_lock);
	task->cpu = cpu < 0 ? choose_vcpu_locked(m) : m->vcpu[cpu];
	link_locked(task);
	pthread_mutex_unlock(&m->task_lock);
	if (cpu < 0)
		fxmi_seat_switch(task->cpu, task);
	else
		fxmi_seat_take(task->cpu, task);
}

/* What to answer a caller that sits somewhere already. */
static int attach_again(const struct fxm_machine *m, int cpu)
{
	if (fxmi_self->machine != m || (cpu >= 0 && fxmi_self->id != (unsigned)cpu))
		return -EBUSY;
	return fxmi_self->current->vehicle == FXM_FIBRE ? -EDEADLK : 0;
}

int fxm_attach(struct fxm_machine *m, int cpu)
{
	char comm[16] = "";

	if (!m || cpu < -1)
		return -EINVAL;
	if (m->dead)
		return -ECHILD;
	if (cpu >= 0 && (unsigned)cpu >= m->cpus_online)
		return -EINVAL;
	fxmi_segv_rearm();
	if (fxmi_self)
		return attach_again(m, cpu);
	prctl(PR_GET_NAME, comm);
	struct fxm_task *task = fxmi_task_alloc(m, NULL, FXM_THREAD, comm);
	if (!task)
		return -ENOMEM;
	task->is_attached = true;
	task->state = FXM_TASK_RUNNABLE;
	settle(m, task, cpu);
	task->state = FXM_TASK_RUNNING;
	fxmi_self = task->cpu;
	enter_thread(task);
	return 0;
}

int fxm_detach(void)
{
	struct fxm_task *task = fxmi_self ? fxmi_self->current : NULL;

	if (!task || !task->is_attached || task->unwind)
		return -EPERM;
	pthread_setspecific(thread_key, &no_task);
	detach(task);
	return 0;
}

struct fxm_vcpu *fxm_self(void)
{
	return fxmi_self;
}

/* ---- tasks on host threads --------------------------------------------------------------------------------------- */

static void *thread_main(void *arg)
{
	struct fxm_task *task = arg;

	enter_thread(task);
	fxmi_segv_rearm();
	fxmi_seat_take(task->cpu, task);
	fxmi_self = task->cpu;
	task->state = FXM_TASK_RUNNING;
	enum fxm_task_state end = run_to_its_end(task);
	leave_seat_for_good(task);
	set_ended(task, end);
	return NULL;
}

static int start_thread(struct fxm_task *task)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	pthread_attr_t attr;
	int error;

	pthread_attr_init(&attr);
	error = pthread_attr_setstack(&attr, v->stack.base, v->stack.bytes);
	if (!error)
		error = pthread_create(&v->thread, &attr, thread_main, task);
	pthread_attr_destroy(&attr);
	return error ? -EAGAIN : 0;
}

/* ---- fibres ------------------------------------------------------------------------------------------------------------------ */

static void fibre_entry(void *arg)
{
	struct fxm_task *task = arg;

	fxmi_segv_rearm();
	set_ended(task, run_to_its_end(task));
	fxmi_fibre_leave(&fxmi_vehicle(task)->fibre, true);
}

void fxmi_fibre_suspend(struct fxm_task *task)
{
	fxmi_fibre_leave(&fxmi_vehicle(task)->fibre, false);
}

/* Whether the fibre is the caller's to run now; else @result is what fxm_task_resume() returns. */
static bool claim(struct fxm_task *task, int *result)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	bool claimed = false;

	pthread_mutex_lock(&task->machine->task_lock);
	*result = task->state;
	if (v->running) {
		*result = pthread_equal(v->thread, pthread_self()) ? -EDEADLK : -EBUSY;
	} else if (!fxmi_task_has_ended(task) && (task->state != FXM_TASK_SLEEPING || task->doomed)) {
		claimed = v->running = true;
		v->thread = pthread_self();
	}
	pthread_mutex_unlock(&task->machine->task_lock);
	return claimed;
}

static int disclaim(struct fxm_task *task)
{
	pthread_mutex_lock(&task->machine->task_lock);
	fxmi_vehicle(task)->running = false;
	int state = task->state;
	pthread_mutex_unlock(&task->machine->task_lock);
	return state;
}

static void run_fibre(struct fxm_task *task)
{
	fxmi_self = task->cpu;
	if (task->state != FXM_TASK_SLEEPING) /* a doomed one stays asleep until it has been told */
		task->state = FXM_TASK_RUNNING;
	fxmi_fibre_enter(&fxmi_vehicle(task)->fibre);
}

/* The caller sits on the fibre's own vCPU: one switch there, one back. */
static void run_on_callers_seat(struct fxm_task *task, struct fxm_vcpu *seat)
{
	struct fxm_task *caller = seat->current;

	caller->state = FXM_TASK_RUNNABLE;
	fxmi_seat_switch(seat, task);
	fxmi_vehicle(task)->on_callers_seat = true;
	run_fibre(task);
	fxmi_vehicle(task)->on_callers_seat = false;
	fxmi_seat_switch(seat, caller);
	caller->state = FXM_TASK_RUNNING;
	fxmi_self = seat;
}

/* Leaves the caller's seat, if it has one, and comes back to it. */
static struct fxm_task *stand_up(void)
{
	struct fxm_task *task = fxmi_self ? fxmi_self->current : NULL;

	if (task) {
		task->state = FXM_TASK_RUNNABLE;
		fxmi_seat_leave(fxmi_self);
		fxmi_self = NULL;
	}
	return task;
}

static void sit_down(struct fxm_task *task)
{
	if (task) {
		fxmi_seat_take(task->cpu, task);
		task->state = FXM_TASK_RUNNING;
	}
	fxmi_self = task ? task->cpu : NULL;
}

/* fxm_task_resume(), which may also wait for the vCPU (@patient). */
static int resume(struct fxm_task *task, bool patient)
{
	int result;

	if (!claim(task, &result))
		return result;
	enter_thread(NULL);
	if (task->machine->window->mode != FXM_WINDOW_OFF)
		fxmi_segv_rearm();
	if (fxmi_self == task->cpu) {
		run_on_callers_seat(task, fxmi_self);
		return disclaim(task);
	}
	bool seated = fxmi_vehicle(task)->stalled || fxmi_seat_try(task->cpu, task);
	if (!seated && !patient) {
		disclaim(task);
		return -EBUSY;
	}
	struct fxm_task *caller = stand_up();
	if (!seated)
		fxmi_seat_take(task->cpu, task);
	fxmi_vehicle(task)->stalled = false;
	run_fibre(task);
	if (!fxmi_vehicle(task)->stalled)
		fxmi_seat_leave(task->cpu);
	sit_down(caller);
	return disclaim(task);
}

int fxm_task_resume(struct fxm_task *task)
{
	if (!task)
		return -EINVAL;
	if (task->machine->dead)
		return -ECHILD;
	return task->vehicle == FXM_FIBRE ? resume(task, false) : -EINVAL;
}

static void yield_fibre(struct fxm_task *task)
{
	task->state = FXM_TASK_RUNNABLE;
	fxmi_fibre_suspend(task);
}

void fxm_task_yield(void)
{
	struct fxm_vcpu *cpu = fxmi_self;

	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	if (cpu->current->vehicle == FXM_FIBRE)
		yield_fibre(cpu->current);
	else
		fxm_schedule(cpu);
}

void fxm_schedule(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	struct fxm_task *task = cpu->current;
	void (*complain)(struct fxm_vcpu *) = fxmi_callback(cpu->machine, scheduling_while_atomic);
	if (fxmi_unlikely(fxmi_count_preempt(cpu->counts)) && complain)
		complain(cpu);
	if (task->is_idle || fxmi_self != cpu)
		return;
	if (task->vehicle == FXM_FIBRE) {
		yield_fibre(task);
	} else {
		task->state = FXM_TASK_RUNNABLE;
		fxmi_seat_pass(cpu);
		task->state = FXM_TASK_RUNNING;
	}
}

void fxmi_stall(struct fxm_vcpu *cpu)
{
	static const struct timespec nap = {.tv_nsec = 1000 * 1000};
	struct fxm_task *task = cpu->current;

	if (task->vehicle != FXM_FIBRE) {
		nanosleep(&nap, NULL);
	} else if (!fxmi_vehicle(task)->on_callers_seat) {
		fxmi_vehicle(task)->stalled = true;
		yield_fibre(task);
	}
}

/* ---- creating ---------------------------------------------------------------------------------------------------------------- */

/* glibc's, private but relied on by other runtimes too: what it takes off a thread's stack for itself and for static TLS. */
extern size_t __pthread_get_minstack(const pthread_attr_t *attr) __attribute__((weak, visibility("default")));

static size_t host_share(void)
{
	pthread_attr_t attr;

	if (!__pthread_get_minstack)
		return 0;
	pthread_attr_init(&attr);
	size_t bytes = __pthread_get_minstack(&attr);
	pthread_attr_destroy(&attr);
	return bytes;
}

static int start(struct fxm_task *task, size_t stack_bytes)
{
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	size_t more = task->vehicle == FXM_THREAD ? host_share() : 0;
	int error = -ENOMEM;

	if (!stack_bytes)
		stack_bytes = DEFAULT_STACK_BYTES;
	if (stack_bytes <= SIZE_MAX - more)
		error = fxmi_stack_init(&v->stack, stack_bytes + more);

	if (error)
		return error;
	return task->vehicle == FXM_FIBRE ? fxmi_fibre_init(&v->fibre, &v->stack, fibre_entry, task) : start_thread(task);
}

int fxm_task_create(struct fxm_machine *m, const struct fxm_task_attr *attr, int (*fn)(void *arg), void *arg, struct fxm_task **out)
{
	struct fxm_task_attr a = {.struct_size = sizeof(a)};

	if (!m || !fn || !out || (attr && attr->struct_size < sizeof(a)))
		return -EINVAL;
	if (m->dead)
		return -ECHILD;
	if (attr)
		a = *attr;
	if (a.cpu >= m->cpus_online || (a.vehicle != FXM_FIBRE && a.vehicle != FXM_THREAD))
		return -EINVAL;
	struct fxm_task *task = fxmi_task_alloc(m, m->vcpu[a.cpu], a.vehicle, a.name);
	if (!task)
		return -ENOMEM;
	task->fn = fn;
	task->arg = arg;
	pthread_mutex_lock(&m->task_lock);
	link_locked(task);
	pthread_mutex_unlock(&m->task_lock);
	int saved = errno, error = start(task, a.stack_bytes);
	errno = saved;
	if (error)
		unlink_and_put(task);
	else
		*out = task;
	return error;
}

/* ---- joining ----------------------------------------------------------------------------------------------------- */

/* A fibre that only the calling thread drives and that could run now: whoever waits for another one should resume it first. */
static bool has_runnable_fibre_locked(const struct fxm_machine *m)
{
	for (struct fxm_task *t = m->tasks; t; t = t->next)
		if (t->vehicle == FXM_FIBRE && (t->state == FXM_TASK_NEW || t->state == FXM_TASK_RUNNABLE) &&
		    !fxmi_vehicle(t)->running && pthread_equal(fxmi_vehicle(t)->thread, pthread_self()))
			return true;
	return false;
}

/* Waits, standing, until the sleeping fibre @task has been woken, or dooms it. task_lock held. */
static void wait_for_waker_locked(struct fxm_task *task)
{
	struct fxm_machine *m = task->machine;
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	void (*hung)(struct fxm_vcpu *, struct fxm_task *, const char *, unsigned) = fxmi_callback(m, hung);
	struct fxmi_patience patience;
	bool blocked = false;
	unsigned seconds;

	fxmi_patience_init(&patience);
	fxmi_block(&blocked);
	v->joiner_blocked = &blocked;
	while (task->state == FXM_TASK_SLEEPING && !(task->doomed = fxmi_all_blocked())) {
		fxmi_patience_wait(&patience, &v->wake, &m->task_lock);
		if (fxmi_patience_is_over(&patience, m, &seconds) && hung) {
			pthread_mutex_unlock(&m->task_lock);
			hung(task->cpu, task, v->sleeps_in, seconds);
			pthread_mutex_lock(&m->task_lock);
		}
	}
	v->joiner_blocked = NULL;
	fxmi_unblock(&blocked);
}

static int join_sleeping_fibre(struct fxm_task *task)
{
	struct fxm_machine *m = task->machine;

	if (fxmi_self && fxmi_self->current->vehicle == FXM_FIBRE)
		return -EDEADLK; /* its own resumer may be the one to wake us both */
	pthread_mutex_lock(&m->task_lock);
	bool other = has_runnable_fibre_locked(m);
	pthread_mutex_unlock(&m->task_lock);
	if (other)
		return -EDEADLK;
	struct fxm_task *caller = stand_up();
	pthread_mutex_lock(&m->task_lock);
	wait_for_waker_locked(task);
	pthread_mutex_unlock(&m->task_lock);
	sit_down(caller);
	return 0;
}

static int join_fibre(struct fxm_task *task)
{
	for (;;) {
		int state = resume(task, true);
		int error = state < 0 ? state : state == FXM_TASK_SLEEPING ? join_sleeping_fibre(task) : 0;

		if (error || state == FXM_TASK_DONE || state == FXM_TASK_KILLED)
			return error;
	}
}

/* With this thread blocked too, a sleeping one may be able to prove that nobody is left. */
static void poke_sleepers_locked(struct fxm_machine *m)
{
	for (struct fxm_task *t = m->tasks; t; t = t->next)
		if (t->vehicle == FXM_THREAD && t->state == FXM_TASK_SLEEPING)
			pthread_cond_broadcast(&fxmi_vehicle(t)->wake);
	for (unsigned n = 0; n < m->cpus_online; n++)
		pthread_cond_broadcast(&fxmi_vehicle(m->vcpu[n]->idle)->wake);
}

static int join_thread(struct fxm_task *task)
{
	struct fxm_machine *m = task->machine;
	struct fxmi_vehicle *v = fxmi_vehicle(task);
	struct fxmi_patience patience;
	bool blocked = false;

	if (pthread_equal(v->thread, pthread_self()))
		return -EDEADLK;
	struct fxm_task *caller = stand_up();
	fxmi_patience_init(&patience);
	pthread_mutex_lock(&m->task_lock);
	if (!fxmi_task_has_ended(task)) {
		fxmi_block(&blocked);
		v->joiner_blocked = &blocked;
		poke_sleepers_locked(m);
	}
	while (!fxmi_task_has_ended(task))
		fxmi_patience_wait(&patience, &v->wake, &m->task_lock);
	v->joiner_blocked = NULL;
	pthread_mutex_unlock(&m->task_lock);
	pthread_join(v->thread, NULL);
	sit_down(caller);
	return 0;
}

int fxm_task_join(struct fxm_task *task, int *result)
{
	if (!task || task->is_idle || task->is_attached)
		return -EINVAL;
	if (task->machine->dead)
		return -ECHILD;
	int error = task->vehicle == FXM_FIBRE ? join_fibre(task) : join_thread(task);
	if (error)
		return error;
	error = task->state == FXM_TASK_KILLED ? -ECANCELED : 0;
	if (!error && result)
		*result = task->result;
	unlink_and_put(task);
	return error;
}

/* ---- looking at tasks -------------------------------------------------------------------------------------------- */

enum fxm_task_state fxm_task_state(const struct fxm_task *task)
{
	return task ? (enum fxm_task_state)task->state : FXM_TASK_DONE;
}

const char *fxm_task_name(const struct fxm_task *task)
{
	return task ? task->comm : "";
}

int fxm_task_pid(const struct fxm_task *task)
{
	return task ? task->pid : -EINVAL;
}

struct fxm_task *fxm_vcpu_task(const struct fxm_vcpu *cpu)
{
	return cpu ? __atomic_load_n(&cpu->current, __ATOMIC_ACQUIRE) : NULL;
}

/* The live task with the lowest pid above @pid, with a reference, or NULL. */
static struct fxm_task *next_task(struct fxm_machine *m, int pid)
{
	pthread_mutex_lock(&m->task_lock);
	struct fxm_task *t = m->tasks;
	while (t && (t->pid <= pid || fxmi_task_has_ended(t)))
		t = t->next;
	if (t)
		fxmi_task_get(t);
	pthread_mutex_unlock(&m->task_lock);
	return t;
}

int fxm_task_each(struct fxm_machine *m, int (*fn)(struct fxm_task *task, void *arg), void *arg)
{
	int result = 0, pid = INT_MIN;

	if (!m || !fn)
		return -EINVAL;
	if (m->dead)
		return -ECHILD;
	for (struct fxm_task *t; !result && (t = next_task(m, pid)); fxmi_task_put(t)) {
		pid = t->pid;
		result = fn(t, arg);
	}
	return result;
}

/* ---- the end of the machine -------------------------------------------------------------------------------------- */

/* Whether a host thread other than the caller is inside, or the caller runs on a stack that would be freed. */
static bool is_in_use_locked(struct fxm_machine *m, const struct fxm_task *caller)
{
	for (struct fxm_task *t = m->tasks; t; t = t->next)
		if (t != caller && (t->vehicle == FXM_FIBRE ? fxmi_vehicle(t)->running : !fxmi_task_has_ended(t)))
			return true;
	return false;
}

int fxmi_tasks_check_free(struct fxm_machine *m)
{
	bool attached = fxmi_self && fxmi_self->machine == m && fxmi_self->current->is_attached;
	struct fxm_task *caller = attached ? fxmi_self->current : NULL;

	pthread_mutex_lock(&m->task_lock);
	bool in_use = is_in_use_locked(m, caller);
	pthread_mutex_unlock(&m->task_lock);
	return in_use || (caller && fxm_detach()) ? -EBUSY : 0;
}

void fxmi_tasks_free(struct fxm_machine *m)
{
	while (m->tasks) {
		struct fxm_task *t = m->tasks;

		if (t->vehicle == FXM_THREAD)
			pthread_join(fxmi_vehicle(t)->thread, NULL);
		unlink_and_put(t);
	}
}
