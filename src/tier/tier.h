/* SPDX-License-Identifier: MIT */
#ifndef FXMI_TIER_H
#define FXMI_TIER_H

/*
 * The room `tier`: what stands behind the kernel's own names, but for memory's: the code that was loaded, tasks and what they wait
 * for, interrupts, printk, and what kernel code took and has not given back. A machine has this state from its first use on, until
 * it ends.
 *
 * Lock order: tier.lock -> (sim's task_lock); log_lock is a leaf. Neither is held while simulated memory is touched or a report is
 * made.
 */

#include "detect.h"
#include "machine.h"
#include "state.h"

#include <calls.h>
#include <fixmap/kernel_tier.h>

#define FXMI_LOG_LINE_MAX 1024

/* What kernel-tier code took and has not given back. */
struct fxmi_held {
	struct fxm_held held;
	uint64_t seq;
	uint64_t entry_before; /* FIXMAP: the PTE that was there before the first set */
};

/* A lock that a task holds, and where it took that. */
struct fxmi_lock_held {
	const struct fxm_k_lock *lock;
	const char *kind; /* "a mutex" */
	uintptr_t site;
};

/* A task as kernel code sees it. Made when it first looks. */
#define FXMI_LOCKS 16 /* held by a task, that are listed */
#define FXMI_QUEUES 4 /* that it is on */
struct fxmi_tier_task {
	struct fxm_k_current current; /* first: what the caller holds */
	struct fxmi_tier_task *next;  /* tier.tasks, in order of their first look */
	struct fxm_task *task;	      /* NULL: it has ended */
	bool is_kthread, was_killed;
	bool is_system;	       /* ksoftirqd, a worker: always there, no concern of a module */
	unsigned state;	       /* 0: TASK_RUNNING */
	bool is_woken, sleeps; /* since it set its state; in schedule() */
	const void *queue[FXMI_QUEUES];
	unsigned nr_queues;
	const char *what; /* in which call it sets its state, and where that is */
	uintptr_t site;
	struct fxmi_lock_held lock[FXMI_LOCKS]; /* its own */
	unsigned nr_locks;
};

struct fxmi_tier {
	struct fxmi_part part;
	struct fxmi_kernel *k;
	_Atomic unsigned checked; /* the units' generation that was found to fit this machine */
	pthread_mutex_t lock;	  /* guards held, irqs and tasks */
	struct fxmi_held *held;	  /* open addressing by kind and key; held.site is the value, seq 0 an empty place */
	size_t held_places, held_used;
	uint64_t next_seq;
	struct fxmi_irq *irqs;	       /* irq.c */
	struct fxmi_file *files;       /* files.c, as are the next three */
	struct fxmi_cdev *cdevs;
	struct fxmi_file_object *file_objects;
	unsigned next_file;
	struct fxmi_tier_task *tasks;  /* sched.c */
	struct fxmi_soft *soft;	       /* softirq.c */
	struct fxmi_work *work;	       /* work.c */
	pthread_mutex_t log_lock;      /* guards the rest */
	fxm_log_fn log_fn;
	void *log_arg;
	uint64_t booted_ns;
	int level;
	size_t used; /* of line: what waits for its newline */
	bool is_open;
	char line[FXMI_LOG_LINE_MAX];
};

/* The tier of @k's machine. Never NULL: without memory the process ends with a line. */
struct fxmi_tier *fxmi_tier(struct fxmi_kernel *k);

/* ---- tier.c ---- */

/* In a function that the caller's code calls directly, before an operation; fxmi_tier_pointer() and _checked() end it. */
#define FXMI_CALLED_FROM(cpu) ((void)(fxmi_percpu(cpu)->caller = (uintptr_t)__builtin_return_address(0)))

FXMI_INLINE uint64_t fxmi_tier_delta(const struct fxm_machine *m)
{
	return (uint64_t)m->window->delta;
}

FXMI_INLINE void *fxmi_tier_host(const struct fxm_vcpu *cpu, uint64_t va)
{
	return (void *)(uintptr_t)(va + fxmi_tier_delta(cpu->machine));
}

/*
 * The same for a pointer that will be used: that of the mapping there, if it has identity. Where the first use will fault, the
 * window's handler is put back in front: test frameworks put their own there, around each test. The fast forms do not look.
 */
FXMI_INLINE void *fxmi_tier_usable(const struct fxm_vcpu *cpu, uint64_t va)
{
	if (!cpu->view.direct_bytes && !fxmi_window_shows(cpu->machine->window, va))
		fxm_window_rearm();
	return fxmi_lane_pointer(&cpu->view, va);
}

extern _Atomic unsigned fxmi_units_generation;

/* The vCPU of a thread that sits, while no unit has come since; else NULL: fxm_k_cpu() knows. */
FXMI_INLINE struct fxm_vcpu *fxmi_tier_ready(void)
{
	struct fxm_vcpu *cpu = fxmi_self;

	if (fxmi_unlikely(!cpu) ||
	    fxmi_unlikely(cpu->view.units != atomic_load_explicit(&fxmi_units_generation, memory_order_acquire)))
		return NULL;
	return cpu;
}

FXMI_INLINE struct fxm_vcpu *fxmi_tier_cpu(void)
{
	struct fxm_vcpu *cpu = fxmi_tier_ready();

	return fxmi_likely(cpu != NULL) ? cpu : fxm_k_cpu();
}

/* The simulated address of a host value. One that is outside the simulated address space stays what it is. */
FXMI_INLINE uint64_t fxmi_tier_simulated(const struct fxm_machine *m, uint64_t value)
{
	uint64_t va = value - fxmi_tier_delta(m);

	if (fxmi_is_alias(&m->vcpu[0]->view, value))
		va = fxmi_lane_va(&m->vcpu[0]->view, value);
	return va <= fxmi_kernel(m)->va_mask ? va : value;
}

/* A number of @bytes as it is printed: of a pointer with identity, whole or cut to 32 bits, the simulated address. */
uint64_t fxmi_tier_number(const struct fxm_machine *m, uint64_t value, int bytes);

/* Says what the host value @value is, if it is anything of this machine. */
void fxmi_tier_describe(const struct fxmi_kernel *k, uint64_t value, char *buf, size_t size);

/* The simulated address that an argument of @function means; a pointer cut to 32 bits is a finding. @site: the caller. */
uint64_t fxmi_tier_address_arg(struct fxm_vcpu *cpu, const char *function, const void *address, const void *site);

/* The calling thread's vCPU, once @page is known to be a page of its machine; an oops when it is not. */
struct fxm_vcpu *fxmi_tier_check_page(const char *function, const struct fxm_page *page, const void *site);

/* kunmap() of something that is no page: what the kernel would make of it, and a finding. */
void fxmi_tier_kunmap_address(struct fxm_vcpu *cpu, const void *address, const void *site);

/*
 * What a call of the explicit tier returned, as the kernel's function returns it: a host pointer, or a number that is no error.
 * An error is a call that this kernel does not have, or one that only a wrong argument gives: BUG.
 */
void *fxmi_tier_pointer(struct fxm_vcpu *cpu, const char *function, fxm_va va);
int fxmi_tier_checked(struct fxm_vcpu *cpu, const char *function, int error);

/* ---- unit.c ---- */

/* Whether every loaded unit fits @k's machine; says on standard error which does not, and exits with status 2. */
void fxmi_units_check(struct fxmi_tier *tier);

/* ---- string.c ---- */

/* strnlen(), judged as the access of who returns to @site. */
size_t fxmi_tier_strnlen(const char *text, size_t max, uintptr_t site);

/* ---- format.c ---- */

/* vsnprintf() as the kernel does it, for @k's version and address width (NULL: the host's). Returns the whole length. */
size_t fxmi_vformat(struct fxmi_kernel *k, char *buf, size_t size, const char *fmt, va_list args);

/* ---- irq.c ---- */

void fxmi_irqs_free(struct fxmi_tier *tier);

/* ---- files.c ---- */

void fxmi_files_free(struct fxmi_tier *tier);

/* The path of the file that is held under @number, for a leak's text; "" when it is gone. */
void fxmi_file_path(struct fxmi_tier *tier, uint32_t number, char *path, size_t size);

/* ---- held.c ---- */

void fxmi_held_add(struct fxmi_tier *tier, const struct fxm_held *held, uint64_t entry_before);
void fxmi_held_remove(struct fxmi_tier *tier, enum fxm_held_kind kind, uint64_t key);
bool fxmi_held_find(struct fxmi_tier *tier, enum fxm_held_kind kind, uint64_t key, struct fxm_held *held);

/* Reports (finding "leak") what kernel-tier code took and has not given back; returns how many things. */
unsigned fxmi_held_leaks(struct fxmi_kernel *k);

/* Whether each thing is found where it is. */
bool fxmi_held_are_valid(struct fxmi_tier *tier);

/* ---- kthread.c ---- */

/* The same for kernel threads that nobody stopped: they run code of a module that goes. */
unsigned fxmi_kthread_leaks(struct fxmi_kernel *k);

/* A thread of the machine's own on @cpu that has not begun. NULL: no memory. */
struct fxm_k_current *fxmi_kthread_system(struct fxm_vcpu *cpu, int (*fn)(void *data), void *data, const char *name);

/* ---- softirq.c, work.c ---- */

int fxmi_soft_init(struct fxmi_tier *tier);
void fxmi_soft_free(struct fxmi_tier *tier);
int fxmi_work_init(struct fxmi_tier *tier);
void fxmi_work_free(struct fxmi_tier *tier);

/* Runs what is due in softirq context on @cpu, if it may run there now. */
void fxmi_tier_softirqs(struct fxm_vcpu *cpu);

/* In schedule(): the clock goes on. */
void fxmi_tier_tick(struct fxm_vcpu *cpu);

/* All tasks on @cpu sleep: what comes next is made to happen. False: nothing will. */
bool fxmi_soft_idle(struct fxm_vcpu *cpu, struct fxmi_tier *tier);
bool fxmi_work_idle(struct fxm_vcpu *cpu, struct fxmi_tier *tier);

/* Findings "leak" for what is pending when its module goes; how many. */
unsigned fxmi_timer_leaks(struct fxmi_kernel *k);
unsigned fxmi_work_leaks(struct fxmi_kernel *k);

/* ---- sched.c ---- */

/* The task on @cpu. */
struct fxmi_tier_task *fxmi_tier_task(struct fxm_vcpu *cpu);

/* Makes @t, of a @task that has not run yet, one of @tier's. */
void fxmi_tier_task_add(struct fxmi_tier *tier, struct fxmi_tier_task *t, struct fxm_task *task);
void fxmi_tier_task_end(struct fxm_vcpu *cpu, struct fxm_task *task);
void fxmi_tier_tasks_free(struct fxmi_tier *tier);

/*
 * Waiting until something holds: begin, look, and unless it holds schedule, again and again; then fxm_k_finish_wait(). What makes
 * it hold calls fxm_k_wake_up(@queue) after it.
 */
void fxmi_tier_wait_begin(struct fxm_vcpu *cpu, const void *queue, const char *what, uintptr_t site);

/* Where code of a module begins that is called in a context of its own, and where it ends. */
struct fxmi_tier_mark {
	struct fxmi_context_mark mark;
	unsigned nr_locks;
};

void fxmi_tier_context_begin(struct fxm_vcpu *cpu, struct fxmi_tier_mark *mark);

/* Whether it left something that was not so, and what. */
bool fxmi_tier_context_end(struct fxm_vcpu *cpu, const struct fxmi_tier_mark *mark, struct fxmi_imbalance *out);

/* The same, and the finding if there is something: function @fn has returned from @context. */
void fxmi_tier_context_check(struct fxm_vcpu *cpu, const struct fxmi_tier_mark *mark, const char *context, uintptr_t fn);

/* schedule(). Does not return when the task waits and nobody is left to wake it. */
void fxmi_tier_schedule(struct fxm_vcpu *cpu);

/* wake_up_process(). */
void fxmi_tier_wake(struct fxmi_tier *tier, struct fxm_k_current *current);

/* Notes who sleeps in what, and who holds which lock. */
void fxmi_tier_note_waits(struct fxmi_kernel *k, struct fxmi_notes *notes);

/* The host has no more of something, and there is nobody to return an error to: one line, and the process ends with status 2. */
_Noreturn FXMI_COLD void fxmi_tier_die(const char *line);

#endif
