/* SPDX-License-Identifier: MIT */
#ifndef FXMI_BOARD_H
#define FXMI_BOARD_H

/*
 * The board: the description of a machine and the machine itself, which the rooms' parts are plugged into. A part whose room lies
 * above is seen here by its name only.
 */

#include <fixmap/mmio.h>
#include <fixmap/task.h>
#include <fixmap/window.h>

#include "injections.h"
#include "physmem.h"

struct fxmi_access;
struct fxmi_kmalloc;
struct fxmi_lanes;
struct fxmi_pt_format;
struct fxmi_trap_info;
struct fxmi_watch_info;
struct fxmi_window;
struct fxmi_written;

/* ---- callbacks into src/ ---- */

struct fxmi_callbacks {
	/* With machine.watched, on the accessing thread. Must not access simulated memory. */
	void (*watch)(struct fxm_vcpu *cpu, const struct fxmi_watch_info *info);
	/* In the SIGSEGV handler of the accessing thread. FAULT, TRUNCATED, WILD and STACK must not return. */
	void (*trap)(struct fxm_vcpu *cpu, const struct fxmi_trap_info *info);
	/*
	 * A checked access that is wrong, although the kernel's hardware would let it pass. On the accessing thread, without locks.
	 */
	void (*access)(struct fxm_vcpu *cpu, const struct fxmi_access *access);
	/* Who called the operation that maps or unmaps just now, to be kept; 0: nobody wants to know. */
	uintptr_t (*place)(struct fxm_vcpu *cpu);
	/* Whether the page at @va is mapped by a call that has not been undone (strict mode asks at each first touch). */
	bool (*is_live)(struct fxm_machine *m, uint64_t va);
	void (*scheduling_while_atomic)(struct fxm_vcpu *cpu);
	/*
	 * A vCPU comes online through fxm_machine_cpu_add() or fxm_attach(): set up its percpu area. Nobody can see it yet, and
	 * task_lock is held. Not called by fxmi_machine_new().
	 */
	void (*cpu_online)(struct fxm_vcpu *cpu);
	/*
	 * @cpu->rare has changed, by fxmi_set_rare(), with task_lock, or by fork(): then src/ may be half freed, and only
	 * FXMI_RARE_DEAD counts.
	 */
	void (*rare_changed)(struct fxm_vcpu *cpu);
	/*
	 * All tasks that get their turns on @cpu sleep: what happens next there, time included, happens now. False: nothing will.
	 * Without locks, on any thread.
	 */
	bool (*idle)(struct fxm_vcpu *cpu);
	/* preempt_enable(), @is_preempt, or pagefault_enable(), without its disable. */
	void (*underflow)(struct fxm_vcpu *cpu, bool is_preempt);
	/* The current task would sleep for ever in @what. Must not return. */
	void (*deadlock)(struct fxm_vcpu *cpu, const char *what);
	/* @task has slept in @what for @seconds. On the sleeping thread, without locks. */
	void (*hung)(struct fxm_vcpu *cpu, struct fxm_task *task, const char *what, unsigned seconds);
	/* @task ends or detaches (it is still current on @cpu). */
	void (*task_end)(struct fxm_vcpu *cpu, struct fxm_task *task);
	/* An object of kmalloc() was written past its end or after it was freed. Without locks. */
	void (*written)(struct fxm_machine *m, const struct fxmi_written *w);
	/* The current task must end with no fxm_task_run() around it. May leave by longjmp(); returning aborts. Without locks. */
	void (*orphan)(struct fxm_vcpu *cpu);
	/* Around a switch of the task on @cpu: the outgoing one is still current / the incoming one already is. */
	void (*sched_out)(struct fxm_vcpu *cpu, struct fxm_task *task);
	void (*sched_in)(struct fxm_vcpu *cpu, struct fxm_task *task);
};

#define fxmi_callback(m, name) ((m)->desc.callbacks ? (m)->desc.callbacks->name : NULL)

/* ---- the machine ---- */

#define FXMI_MAX_CPUS 256
#define FXMI_SEGMENTS 4

struct fxmi_segment_desc {
	uint64_t start, size;
	bool lazy;
};

/* What to build. */
struct fxmi_desc {
	unsigned nr_cpus, cpus; /* possible, online */
	uint64_t ram_end;	/* physical; usable: 0 to 0x9fc00 and 1 MB to here */
	uint64_t highmem_pfn;	/* first highmem frame; the number of frames when there is no highmem */
	uint64_t dma_pfn;	/* end of ZONE_DMA */
	uint64_t ram_start;	/* physical; 0 is a PC's, with the hole below 1 MB */
	uint64_t page_offset;	/* virtual address that physical 0 has, or would have, in the direct map */
	const struct fxmi_pt_format *format;
	bool preempt_count; /* preempt_disable() counts */
	enum fxm_window_mode window;
	bool identity; /* ask for the simulated addresses themselves; relocated when they are taken */
	bool poison;   /* a use after unmap that the window would not see is AddressSanitizer's to find, if it is there */
	bool poison_slabs; /* freed objects of kmalloc() are filled, so that a write to one shows */
	unsigned nr_segments;
	struct fxmi_segment_desc segment[FXMI_SEGMENTS];
	unsigned hung_task_seconds;
	const struct fxmi_callbacks *callbacks;
	const char **refused; /* NULL, or where the name of the host's call goes whose error ends fxmi_machine_new() */
};

struct fxmi_device {
	struct fxmi_device *next;
	char name[32];
	uint64_t base, size;
	const struct fxm_mmio_ops *ops;
	void *arg;
};

struct fxm_machine {
	struct fxmi_desc desc;
	struct fxmi_physmem mem;
	uint64_t root_pfn; /* swapper_pg_dir */
	struct fxmi_window *window;
	/* A host thread comes to run code of this machine; @again: a fibre that may have run before. Set by the window. */
	void (*thread_enters)(struct fxm_machine *m, bool again);
	struct fxmi_lanes *lanes;    /* NULL: not window=checked */
	struct fxmi_device *devices; /* only ever added to, at the head, with release; read without a lock */
	struct fxmi_kmalloc *kmalloc;
	unsigned nr_cpus;
	_Atomic unsigned cpus_online;
	struct fxm_vcpu *vcpu[FXMI_MAX_CPUS];
	pthread_mutex_t task_lock; /* guards tasks, next_pid, task states' transitions to and from sleep */
	struct fxm_task *tasks;
	int next_pid;
	_Atomic bool has_scheduled;    /* some task is, or was, scheduled */
	pthread_cond_t seat_left;      /* with task_lock: some vCPU's seat became free while seat_seekers waited for any */
	_Atomic unsigned seat_seekers;
	bool dead; /* we are a fork()ed child of its owner */
	struct fxmi_injections inject;
	bool watched; /* callbacks.watch is to be called; set before anybody accesses memory */
	struct fxm_machine *next_machine;
	void *kernel; /* src/'s state */
};

/* The vCPU the calling thread or fibre sits on; NULL for none. Initial-exec: one load. */
extern __thread struct fxm_vcpu *fxmi_self __attribute__((tls_model("initial-exec"), visibility("hidden")));

#endif
