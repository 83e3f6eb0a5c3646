/* SPDX-License-Identifier: MIT */
#ifndef FXMI_INTERNAL_H
#define FXMI_INTERNAL_H

/*
 * What the files of sim/ share among themselves and src/ does not need.
 */

#include "sim.h"

/* ---- building and tearing down; machine.c calls these in this order, and the frees in the opposite one ------------- */

/*
 * The frames, mem_map and zones of m->desc (ram_end, highmem_pfn, dma_pfn). Touches neither the frames nor, beyond a few,
 * their struct pages: the cost does not depend on the size. -EINVAL: ram_end has no room for the kernel's image, or is
 * beyond 64 bits' worth of sense; -ENOMEM, -EMFILE, -ENFILE: the host refused. Nothing remains after an error.
 */
int fxmi_physmem_init(struct fxm_machine *m);

/*
 * memfd_create(), close-on-exec, and never as file 0, 1 or 2: in a program that closed its standard output, what it prints would
 * land in simulated memory.
 */
int fxmi_memfd(const char *name, unsigned flags);
void fxmi_physmem_free(struct fxm_machine *m);

int fxmi_inject_init(struct fxm_machine *m);
void fxmi_inject_free(struct fxm_machine *m);

int fxmi_kmalloc_init(struct fxm_machine *m);
void fxmi_kmalloc_free(struct fxm_machine *m);

/* An empty root table; sets m->root_pfn. The tables are freed with the frames. */
int fxmi_pgtable_init(struct fxm_machine *m);

void fxmi_tlb_init(struct fxm_vcpu *cpu);

void fxmi_mmio_free(struct fxm_machine *m);

/* ---- page allocator -------------------------------------------------------------------------------------------------- */

/* Hands the free frames [start, end) of one zone to the allocator, at machine creation. */
void fxmi_zone_add(struct fxmi_physmem *mem, struct fxmi_zone *zone, uint64_t start, uint64_t end);

/* fxm_alloc_pages() and fxm_free_pages() without failure injection and with zone_lock held. */
struct fxm_page *fxmi_alloc_pages_locked(struct fxm_machine *m, unsigned gfp, unsigned order);
void fxmi_free_pages_locked(struct fxm_machine *m, struct fxm_page *page);

/* Whether the allocation that is about to happen shall fail. */
FXMI_INLINE bool fxmi_alloc_fails(struct fxm_machine *m)
{
	return fxmi_inject_due(m, FXMI_POINT_ALLOC, UINT32_MAX);
}

/* Whether the zones' books agree with each other and with mem_map. Takes zone_lock; for assertions and tests. */
bool fxmi_zones_are_valid(struct fxm_machine *m);

/* ---- translation ----------------------------------------------------------------------------------------------------- */

/* What a walk found. */
struct fxmi_translation {
	uint64_t entry;	     /* the leaf as it is in memory now, frame bits adjusted to the 4K page: fxmi_page_pa() */
	uint64_t pfn;	     /* of the 4K page */
	unsigned char *host; /* its contents; NULL outside RAM */
	bool writable;	     /* every level allows writing */
	bool dirty;	     /* the leaf's DIRTY is set */
};

/*
 * The walk a kernel-mode access makes, past every TLB: checks permissions, sets ACCESSED on the way and, for writes, DIRTY.
 * False: it faults, and @fault says how. @va need not be aligned. Any thread; async-signal-safe.
 */
bool fxmi_translate(const struct fxm_machine *m, uint64_t va, enum fxm_access access, struct fxmi_translation *out,
		    struct fxm_fault *fault);

/* ---- TLB ------------------------------------------------------------------------------------------------------------- */

/*
 * After it, every other thread's stores before its latest load are visible here. This is what an IPI would give; the fill
 * path pays nothing for it.
 */
void fxmi_barrier_all_threads(void);

/* ---- MMIO ------------------------------------------------------------------------------------------------------------ */

/* Physical access outside RAM, of any length within one page: cut into naturally aligned accesses of the device there. */
void fxmi_bus_read(const struct fxm_machine *m, uint64_t pa, void *buf, size_t len);
void fxmi_bus_write(const struct fxm_machine *m, uint64_t pa, const void *buf, size_t len);

/* ---- machines (machine.c) ---------------------------------------------------------------------------------------------- */

/* Brings one more vCPU online and returns its number. Errors: -ENOSPC, -ENOMEM. task_lock held. */
int fxmi_vcpu_add_locked(struct fxm_machine *m);

/*
 * Calls @fn for every machine of this process, the dead ones last, until it returns non-zero; returns that. From the SIGSEGV
 * handler too: a thread that is changing the list runs no code that could fault.
 */
int fxmi_machine_each(int (*fn)(struct fxm_machine *m, void *arg), void *arg);

/* In a fork()ed child, for the forking thread. */
void fxmi_task_after_fork(void);
void fxmi_window_after_fork(struct fxm_machine *m);

/* Prints the line of fxmi_die_forked(). */
void fxmi_complain_forked(void);

#define fxmi_callback(m, name) ((m)->desc.callbacks ? (m)->desc.callbacks->name : NULL)

/* Has told what was noted of kmalloc's objects; returns how many. Without locks. */
unsigned fxmi_kmalloc_tell(struct fxm_machine *m);

/* Gives back the slabs that kmalloc keeps without a live object; whether there were any. zone_lock held. */
bool fxmi_kmalloc_reap_locked(struct fxm_machine *m);

/* For functions that cannot return -ECHILD. */
FXMI_INLINE void fxmi_check_alive(const struct fxm_vcpu *cpu)
{
	if (fxmi_unlikely(fxmi_rare(cpu) & FXMI_RARE_DEAD))
		fxmi_die_forked();
}

/* ---- stacks (fibre.c) -------------------------------------------------------------------------------------------------- */

/* Below a stack of our own: wide enough that a frame with a large array does not step over it. */
#define FXMI_STACK_GUARD ((size_t)1024 * 1024)

/* A stack of our own, with its guard just below `base`. */
struct fxmi_stack {
	unsigned char *base;
	size_t bytes, guard;
};

int fxmi_stack_init(struct fxmi_stack *stack, size_t bytes);
void fxmi_stack_free(struct fxmi_stack *stack);

/* A suspended flow of control and, while it runs, the place that it goes back to. */
struct fxmi_fibre {
	void *sp; /* of whichever of the two does not run */
	struct fxmi_stack *stack;
	unsigned valgrind_id;
	void (*entry)(void *arg);
	void *arg;
	void *tsan, *tsan_resumer;
	void *asan_fake, *asan_resumer_fake;
	const void *asan_resumer_base;
	size_t asan_resumer_bytes;
};

/* @entry must not return; it ends with fxmi_fibre_leave(f, true). -ENOMEM. */
int fxmi_fibre_init(struct fxmi_fibre *f, struct fxmi_stack *stack, void (*entry)(void *arg), void *arg);
void fxmi_fibre_free(struct fxmi_fibre *f);
void fxmi_fibre_enter(struct fxmi_fibre *f);
void fxmi_fibre_leave(struct fxmi_fibre *f, bool for_ever);

/* Called by the switch's assembly: the first function of every fibre. */
void fxmi_fibre_main(struct fxmi_fibre *f);

/* ---- seats (seat.c) ---------------------------------------------------------------------------------------------------- */

/* A thread in fxmi_seat_take() or fxmi_seat_pass(), on its stack. Guarded by seat_lock. */
struct fxmi_seat_waiter {
	struct fxm_task *task;
	struct fxmi_seat_waiter *next;
	pthread_cond_t cond;
	bool granted;
};

/* Waits for @cpu's seat and sits @task down on it. No locks held, and the calling thread sits nowhere. */
void fxmi_seat_take(struct fxm_vcpu *cpu, struct fxm_task *task);

/* The same, but false at once when somebody sits there or waits to. */
bool fxmi_seat_try(struct fxm_vcpu *cpu, struct fxm_task *task);

/* The current task of @cpu stands up; who waits longest sits down, else the idle task. */
void fxmi_seat_leave(struct fxm_vcpu *cpu);

/* Gives the seat away and takes it again, when somebody waits for it. */
void fxmi_seat_pass(struct fxm_vcpu *cpu);

/* Hands a seat that the caller holds to @to directly. */
void fxmi_seat_switch(struct fxm_vcpu *cpu, struct fxm_task *to);

/* Takes a free seat for somebody who sits down with fxmi_seat_switch() next; false when it is none. task_lock may be held. */
bool fxmi_seat_reserve(struct fxm_vcpu *cpu);

/* ---- blocked host threads (seat.c) --------------------------------------------------------------------------------------- */

/*
 * Proof of a deadlock: every host thread of the process is blocked in sim/ until some other one wakes it. A thread counts from
 * fxmi_block() until its waker (or itself) calls fxmi_unblock(); @flag is guarded by the machine's task_lock.
 */
void fxmi_block(bool *flag);
void fxmi_unblock(bool *flag);
bool fxmi_all_blocked(void);
void fxmi_blocked_after_fork(void);

/* A wait that looks up now and then: to prove a deadlock, to report that it takes long. */
struct fxmi_patience {
	uint64_t begin_ns, next_ns, period_ns;
	bool told;
};

void fxmi_patience_init(struct fxmi_patience *p);

/* Waits on @cond (CLOCK_MONOTONIC) once, for the next look at most. Not a cancellation point. */
void fxmi_patience_wait(struct fxmi_patience *p, pthread_cond_t *cond, pthread_mutex_t *lock);

/* True once, when the wait has become longer than the machine's hung_task_seconds: then @seconds is how long it is. */
bool fxmi_patience_is_over(struct fxmi_patience *p, const struct fxm_machine *m, unsigned *seconds);

void fxmi_cond_init(pthread_cond_t *cond);

/* ---- tasks (task.c) ----------------------------------------------------------------------------------------------------- */

/* The interrupt contexts on a vCPU. They nest on the stack of the task that was interrupted, so they go and come with it. */
struct fxmi_interrupts {
	int irq_disabled;
	unsigned contexts;
	uint32_t irq_saved;
	unsigned char context[FXMI_MAX_CONTEXTS];
};

void fxmi_interrupts_save(const struct fxm_vcpu *cpu, struct fxmi_interrupts *out);
void fxmi_interrupts_restore(struct fxm_vcpu *cpu, const struct fxmi_interrupts *in);
void fxmi_atomic_leave_interrupts(struct fxm_task *task);

/* fxm_task.vehicle_data. */
struct fxmi_vehicle {
	_Atomic unsigned refs; /* the task is freed with the last one */
	pthread_cond_t wake;   /* with task_lock: the state changed */
	bool blocked;	       /* fxmi_block() of a sleeping thread */
	bool *joiner_blocked;  /* fxmi_block() of the thread in fxm_task_join() of it */
	const char *sleeps_in;
	struct fxmi_interrupts interrupts; /* while not seated */
	struct fxmi_stack stack;	   /* base NULL: the host's */
	pthread_t thread;		   /* the thread, or the one that created or resumed the fibre last */
	/* fibres */
	struct fxmi_fibre fibre;
	bool running;	      /* being resumed; task_lock */
	bool on_callers_seat; /* its resumer sits on its vCPU, and wants the seat back */
	bool stalled;	      /* not running, but keeps its seat */
};

FXMI_INLINE struct fxmi_vehicle *fxmi_vehicle(const struct fxm_task *task)
{
	return task->vehicle_data;
}

/* A task of @m: NULL for no memory. The caller links it. */
struct fxm_task *fxmi_task_alloc(struct fxm_machine *m, struct fxm_vcpu *cpu, enum fxm_vehicle vehicle, const char *name);
void fxmi_task_get(struct fxm_task *task);
void fxmi_task_put(struct fxm_task *task);

FXMI_INLINE bool fxmi_task_has_ended(const struct fxm_task *task)
{
	return task->state == FXM_TASK_DONE || task->state == FXM_TASK_KILLED;
}

/* Detaches the caller where it is attached to @m. -EBUSY as fxmi_machine_free(). */
int fxmi_tasks_check_free(struct fxm_machine *m);

/* Ends and frees every task; after fxmi_tasks_check_free() only. */
void fxmi_tasks_free(struct fxm_machine *m);

/* The current fibre goes back to its resumer, in the state that it has set. */
void fxmi_fibre_suspend(struct fxm_task *task);

/* A woken task's state change and its signal. task_lock held. */
void fxmi_task_wake_locked(struct fxm_task *task);

/* ---- window (window.c) -------------------------------------------------------------------------------------------------- */

/* The window of a machine whose memory exists. Without address space for it the machine gets none. -ENOMEM: no memory. */
int fxmi_window_init(struct fxm_machine *m);
void fxmi_window_free(struct fxm_machine *m);

/* Whether @host lies in @m's reservation. */
FXMI_INLINE bool fxmi_window_contains(const struct fxm_machine *m, uintptr_t host)
{
	return host - (uintptr_t)m->window.reserved < m->window.reserved_bytes;
}

/*
 * The handler's part: an access at simulated @va of lazy segment @seg faulted. Returns when the page is mapped; what forbids
 * that goes to callbacks.trap.
 */
void fxmi_window_fault(struct fxm_vcpu *cpu, struct fxmi_segment *seg, uint64_t va, enum fxm_access access, uintptr_t pc);

/* ---- AddressSanitizer, memcheck (poison.c) ---------------------------------------------------------------------- */

/*
 * Whether the program runs under valgrind, or under AddressSanitizer, whose findings in a window are named from then on.
 */
bool fxmi_poison_init(void);

/* Page @n of a lazy segment is resident and its mapping has ended / is nobody's or a new mapping's. window.lock held. */
void fxmi_poison(struct fxmi_segment *seg, uint64_t n);
void fxmi_unpoison(struct fxmi_segment *seg, uint64_t n);
void fxmi_unpoison_all(struct fxmi_window *w);

/* ---- SIGSEGV (segv.c) --------------------------------------------------------------------------------------------------- */

/* Puts the handler in front if it is not. */
void fxmi_segv_rearm(void);

/* Gives the calling thread an alternate signal stack if it has none. */
void fxmi_segv_prepare_thread(void);

/* Before a siglongjmp(), from the handler or not: the signal mask is again what it was before the fault. */
void fxmi_segv_leave_handler(void);

/* The calling thread ends. */
void fxmi_segv_leave_thread(void);

/* callbacks.watch, on a machine that is watched. */
FXMI_INLINE void fxmi_watch(struct fxm_vcpu *cpu, enum fxmi_watch what, uint64_t va, enum fxm_access access, uint64_t pfn,
			    uintptr_t pc)
{
	void (*watch)(struct fxm_vcpu *, const struct fxmi_watch_info *) = fxmi_callback(cpu->machine, watch);

	if (watch)
		watch(cpu, &(struct fxmi_watch_info){what, va, access, pfn, pc});
}

/* callbacks.trap, or without one a line and abort(). */
void fxmi_trap(struct fxm_vcpu *cpu, enum fxmi_trap trap, const struct fxm_fault *fault, uintptr_t pc);

#endif
