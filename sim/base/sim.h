/* SPDX-License-Identifier: MIT */
#ifndef FXMI_SIM_H
#define FXMI_SIM_H

/*
 * The machine as src/ sees it: the one header between the simulated kernel and the simulated hardware.
 *
 * sim/ knows nothing of fixmaps. It builds what a struct fxmi_desc describes, implements the machine families of the public
 * API itself (memory.h, mmu.h, task.h, window.h, mmio.h), and offers src/ the primitives below. It calls upwards only
 * through struct fxmi_callbacks.
 *
 * Preconditions, stated once: every function here takes live objects of one machine; `va` is a simulated virtual address,
 * page aligned unless said otherwise; a vCPU argument is the caller's own seat. Functions named *_locked want the lock
 * that their comment names. Page-table entries are raw values, zero-extended to 64 bits.
 *
 * Lock order (outer first): a lock of src/ (fxmi_spinlock) -> machine.task_lock -> window.lock -> zone_lock. A vCPU's seat is
 * never waited for with any of these held.
 */

#include <fixmap/memory.h>
#include <fixmap/mmio.h>
#include <fixmap/mmu.h>
#include <fixmap/task.h>
#include <fixmap/types.h>
#include <fixmap/window.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* ---- our own bugs -------------------------------------------------------------------------------------------------- */

_Noreturn void fxmi_assert_failed(const char *expr, const char *file, int line);

/* Three levels: fxm_assert always; fxm_assert_internal unless NDEBUG; fxm_assert_expensive with FXM_EXPENSIVE_CHECKS. */
#define fxm_assert(e) ((e) ? (void)0 : fxmi_assert_failed(#e, __FILE__, __LINE__))
#ifdef NDEBUG
#define fxm_assert_internal(e) ((void)0)
#else
#define fxm_assert_internal(e) fxm_assert(e)
#endif
#ifdef FXM_EXPENSIVE_CHECKS
#define fxm_assert_expensive(e) fxm_assert(e)
#else
#define fxm_assert_expensive(e) ((void)0)
#endif

#if defined(__SANITIZE_THREAD__)
#define FXMI_UNDER_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FXMI_UNDER_TSAN
#endif
#endif

#define fxmi_likely(x) __builtin_expect(!!(x), 1)
#define fxmi_unlikely(x) __builtin_expect(!!(x), 0)
#define FXMI_COLD __attribute__((cold, noinline))
#define FXMI_INLINE static inline __attribute__((always_inline))

/* ---- physical memory ------------------------------------------------------------------------------------------------ */

/*
 * One per frame, 64 bytes, in an array indexed by pfn. `kernel` belongs to whoever owns the page (include/kernel's struct
 * page gives it field names: lru, mapping, index, private); the buddy allocator uses it while the page is free.
 */
struct fxm_page {
	unsigned long flags; /* FXMI_PG_* in the top byte; the rest is the kernel tier's */
	unsigned long kernel[5];
	atomic_int mapcount;
	atomic_int refcount; /* 0: free or never usable */
	uint32_t order;	     /* of a free block or an allocated head */
	_Atomic uint32_t pkmap_slot; /* src/: 1 + pkmap slot that holds this page, 0 for none */
};
_Static_assert(sizeof(struct fxm_page) == 64, "struct page of the kernel tier has the same size");

#define FXMI_PG_SHIFT 56
#define FXMI_PG_BUDDY (1UL << (FXMI_PG_SHIFT + 0))	/* head of a free block */
#define FXMI_PG_HEAD (1UL << (FXMI_PG_SHIFT + 1))	/* head of a compound page */
#define FXMI_PG_TAIL (1UL << (FXMI_PG_SHIFT + 2))	/* tail; kernel[0] holds the head's address */
#define FXMI_PG_RESERVED (1UL << (FXMI_PG_SHIFT + 3)) /* holes, the kernel's image and page tables */
#define FXMI_PG_SLAB (1UL << (FXMI_PG_SHIFT + 4))	/* kmalloc's */
#define FXMI_PG_NAMED (1UL << (FXMI_PG_SHIFT + 5))	/* src/trace.c knows a name for it */

struct fxmi_free_list {
	struct fxm_page *head; /* linked by kernel[0] (next) and kernel[1] (prev) */
	uint64_t blocks;
};

struct fxmi_zone {
	uint64_t start_pfn, end_pfn, present, free;
	uint64_t fresh, fresh_from; /* blocks in physmem.fresh that are this zone's; no lower block number of it is */
	struct fxmi_free_list area[FXM_MAX_ORDER + 1];
};

struct fxmi_physmem {
	int memfd;
	unsigned char *ram;	   /* the whole memfd, mapped once: frame n at ram + (n << 12) */
	uint64_t nr_frames;
	struct fxm_page *mem_map;  /* nr_frames entries */
	uint64_t highmem_pfn;	   /* first frame without a permanent address */
	pthread_mutex_t zone_lock; /* guards zones and free blocks, kmalloc's slabs, and additions to machine.devices */
	struct fxmi_zone zone[FXM_ZONES];
	uint64_t *fresh; /* a bit per max-order block: free, on no list, its struct pages never touched */
	size_t mem_map_bytes, fresh_bytes; /* host mappings, for unmapping */
	uint64_t table_pfn, table_end_pfn; /* reserved frames that page tables are taken from, next first */
};

/* ---- page tables ---------------------------------------------------------------------------------------------------- */

#define FXMI_LEVELS FXM_WALK_LEVELS

/* What a bit of an entry is called. @large_name: in a large-page leaf, NULL when the same. */
struct fxmi_pt_word {
	uint64_t bit;
	const char *name, *large_name;
};

/*
 * A page-table format as the hardware defines it. Level 0 is the root; the last level maps 4K (or base) pages.
 *
 * The masks say where a walk finds what it looks for. An architecture whose entries say it in other ways (a bit that forbids,
 * other bits at other levels) has a decode(), which gives an entry of its in the terms of the masks. One whose kernel keeps
 * entries of its own beside the hardware's has an encode() and a shadow_offset. x86 has none of these.
 */
struct fxmi_pt_format {
	const char *name;
	unsigned levels;
	unsigned entry_bytes; /* 4 or 8 */
	struct {
		const char *name; /* "pgd", "pmd", "pte" */
		unsigned shift;	  /* address bits below this level's index */
		unsigned bits;	  /* index bits */
		bool may_be_large;
	} level[FXMI_LEVELS];
	uint64_t present, write, user, accessed, dirty, large, global, nx;
	uint64_t frame_mask;   /* bits of the physical address in an entry */
	uint64_t table_mask;   /* bits of a lower table's address in an entry */
	uint64_t table_flags;  /* entry that points at a lower table */
	uint64_t root_flags;   /* the same at level 0. Without decode(), what it lacks of write, user, accessed is not there */
	unsigned va_bits;      /* 32: addresses wrap at 4 GiB; more: they are sign-extended from here */
	bool is_upper_half;    /* the root translates only addresses with all bits from va_bits on set (arm64's TTBR1) */
	const struct fxmi_pt_word *words; /* in the order of printing; the last one has bit 0 */
	/* The hardware's @entry in the terms of the masks; 0 when it is not present. NULL: it is so already. */
	uint64_t (*decode)(const struct fxmi_pt_format *f, unsigned level, uint64_t entry);
	/* What the hardware is given at @level for the kernel's base-page entry @pte. NULL: the same, with `large` above. */
	uint64_t (*encode)(const struct fxmi_pt_format *f, unsigned level, uint64_t pte);
	unsigned shadow_offset; /* the hardware's last-level entries lie this far above the kernel's, in the same page */
	unsigned tables_per_page; /* lower tables that one page holds, for as many entries side by side; 0 for one */
	unsigned flush_ceiling; /* flush_tlb_kernel_range() of more pages flushes everything */
};

/* The kernel's last-level entry @pte in the terms of the masks. */
FXMI_INLINE uint64_t fxmi_pte_view(const struct fxmi_pt_format *f, uint64_t pte)
{
	if (fxmi_likely(!f->decode))
		return pte;
	return f->decode(f, f->levels - 1, f->encode ? f->encode(f, f->levels - 1, pte) : pte);
}

/* Where the physical address of a 4K page lies in an adjusted entry: a base page larger than that leaves no bits of its own. */
FXMI_INLINE uint64_t fxmi_page_mask(const struct fxmi_pt_format *f)
{
	return f->frame_mask | (((UINT64_C(1) << f->level[f->levels - 1].shift) - 1) & ~(uint64_t)(FXM_PAGE_SIZE - 1));
}

FXMI_INLINE uint64_t fxmi_page_pa(const struct fxmi_pt_format *f, uint64_t adjusted_entry)
{
	return adjusted_entry & fxmi_page_mask(f);
}

extern const struct fxmi_pt_format fxmi_pt_i386;	/* 2 levels x 1024 x 4 bytes, 4 MB large pages */
extern const struct fxmi_pt_format fxmi_pt_i386_pae; /* 4 + 512 + 512 x 8 bytes, 2 MB large pages */
extern const struct fxmi_pt_format fxmi_pt_x86_64;	/* 4 x 512 x 8 bytes, 2 MB and 1 GB large pages */
extern const struct fxmi_pt_format fxmi_pt_arm; /* 4096 + 256 x 4 bytes, 1 MB sections; Linux's entries below the hardware's */
extern const struct fxmi_pt_format fxmi_pt_arm64_4k_39, fxmi_pt_arm64_4k_48; /* 3 and 4 x 512 x 8 bytes */
extern const struct fxmi_pt_format fxmi_pt_arm64_64k_42, fxmi_pt_arm64_64k_48; /* 2 and 3 levels, 8192 x 8 bytes, 64 KB pages */

/* ---- TLB ------------------------------------------------------------------------------------------------------------ */

enum { FXMI_TLB_SETS = 128, FXMI_TLB_WAYS = 2 };

/* No page-aligned address, with or without low alignment bits, equals this. Zero is a valid page. */
#define FXMI_TLB_INVALID UINT64_C(8)

/*
 * One translation. Its own vCPU fills it; other vCPUs only invalidate (tags to FXMI_TLB_INVALID, release). A write tag is
 * set only when the page is writable and DIRTY is already set in memory, so that a write hit has nothing to do.
 */
struct fxmi_tlb_entry {
	_Atomic uint64_t read_tag;
	_Atomic uint64_t write_tag;
	unsigned char *host; /* the frame's contents; NULL for one outside RAM (mmio path), or after fxmi_tlb_watch() */
	uint64_t entry;	     /* the leaf entry as it was walked, frame bits adjusted to the 4K page: fxmi_page_pa() */
};

/* ---- vCPUs ---------------------------------------------------------------------------------------------------------- */

/*
 * The counters of kernel code that change together on the hot path, in one word: preempt_count (bits 0-31, biased by 2^31),
 * pagefault_disabled (bits 32-47, biased by 2^15), kmap depth (bits 48-63, signed). The biases keep a counter that an
 * unbalanced call drives below zero from borrowing of its neighbour, so one addition changes all three. Only these helpers know
 * the encoding; all counters at zero is FXMI_COUNTS_ZERO, not 0.
 */
#define FXMI_COUNTS_ZERO UINT64_C(0x800080000000)
#define FXMI_PREEMPT_ONE UINT64_C(1)
#define FXMI_PAGEFAULT_ONE (UINT64_C(1) << 32)
#define FXMI_DEPTH_ONE (UINT64_C(1) << 48)
#define FXMI_DEPTH_MASK (UINT64_C(0xffff) << 48)

FXMI_INLINE int fxmi_count_preempt(uint64_t counts)
{
	return (int32_t)((uint32_t)counts ^ 0x80000000u);
}

FXMI_INLINE int fxmi_count_pagefault(uint64_t counts)
{
	return (int16_t)((uint16_t)(counts >> 32) ^ 0x8000u);
}

FXMI_INLINE int fxmi_count_depth(uint64_t counts)
{
	return (int)((int64_t)counts >> 48);
}

/* The task's part of @task (preempt, pagefault) with the vCPU's part of @cpu (depth). */
FXMI_INLINE uint64_t fxmi_counts_join(uint64_t task, uint64_t cpu)
{
	return (task & ~FXMI_DEPTH_MASK) | (cpu & FXMI_DEPTH_MASK);
}

/* preempt_count's fields, as include/linux/preempt.h lays them out. */
#define FXMI_SOFTIRQ_OFFSET 0x100
#define FXMI_HARDIRQ_OFFSET 0x10000
#define FXMI_NMI_OFFSET 0x100000
#define FXMI_HARDIRQ_MASK 0x000f0000
#define FXMI_SOFTIRQ_MASK 0x0000ff00
#define FXMI_NMI_MASK 0x00f00000
#define FXMI_INTERRUPT_MASK (FXMI_HARDIRQ_MASK | FXMI_SOFTIRQ_MASK | FXMI_NMI_MASK)

#define FXMI_PERCPU_BYTES 256
#define FXMI_MAX_CONTEXTS 16
#define FXMI_MAX_CPUS 256

/* Why the fast paths of src/ must take their slow form. */
#define FXMI_RARE_TRACE 0x1u
#define FXMI_RARE_DEAD 0x8u /* the machine belongs to another process (forked) */
#define FXMI_RARE_INJECT 0x10u /* something is injected at a point that the slow forms pass */

struct fxm_vcpu {
	/* hot: one cache line with what a kmap_atomic pair touches, then src's per-CPU area */
	uint64_t counts;
	uint32_t rare; /* FXMI_RARE_*; 0 on the fast path */
	uint32_t id;
	struct fxm_machine *machine;
	struct fxm_task *current; /* never NULL: the idle task when nobody sits here */
	_Alignas(64) unsigned char percpu[FXMI_PERCPU_BYTES]; /* src/'s per-CPU data */

	struct fxmi_tlb_entry tlb[FXMI_TLB_SETS][FXMI_TLB_WAYS];
	_Atomic uint64_t tlb_generation; /* flushes by others: begun so far * 2^16 + going on now; re-checked by a fill */

	struct fxm_fault last_fault;
	int irq_disabled; /* 0 or 1: the complement of IF. Entering an interrupt sets it, leaving restores it */
	unsigned contexts;
	uint32_t irq_saved; /* bit n: irq_disabled when context n was entered */
	unsigned char context[FXMI_MAX_CONTEXTS]; /* enum fxm_context, innermost last */

	struct fxm_task *idle;
	pthread_mutex_t seat_lock; /* guards seat_taken, seat_queue, and current for others than its holder */
	bool seat_taken;	   /* a task has the right to run here; without one, current is idle */
	struct fxmi_seat_waiter *seat_queue; /* first come, first seated; sim/seat.c */
};

/* cpu->rare, which another thread may be changing. */
FXMI_INLINE uint32_t fxmi_rare(const struct fxm_vcpu *cpu)
{
	return __atomic_load_n(&cpu->rare, __ATOMIC_RELAXED);
}

/* ---- tasks, sleeping, locks ------------------------------------------------------------------------------------------- */

struct fxmi_unwind; /* an fxm_task_run() in progress; sim/task.c */

/*
 * A section of code that may not sleep, and where it began. Those of kmap_atomic() are not here: preempt_count beyond @count says
 * that there are some.
 */
#define FXMI_MAX_ATOMIC 16

struct fxmi_atomic {
	const void *what; /* the lock, or what fxmi_atomic_begin() was given */
	uintptr_t site;
	int count; /* preempt_count inside */
};

/* src/'s, of a task: its last access by a pointer that does not reach so far, into the page at @into; 0: none. */
struct fxmi_overrun {
	uint64_t from, into; /* @from: 0 if unknown */
	enum fxm_access access;
	uintptr_t site, mapped_at, unmapped_at; /* of @from */
	uintptr_t before[2];			/* where @into was mapped and unmapped before */
	bool is_told;
};

struct fxm_task {
	struct fxm_machine *machine;
	struct fxm_vcpu *cpu;
	struct fxm_task *next; /* machine.tasks, in order of creation */
	char comm[16];
	int pid;
	enum fxm_vehicle vehicle;
	bool is_idle, is_attached; /* a vCPU's own; a thread that attached itself */
	_Atomic int state;	   /* enum fxm_task_state */
	int (*fn)(void *);
	void *arg;
	int result;
	uint64_t counts;  /* preempt and pagefault parts while not seated */
	int migrate;	  /* current->migration_disabled */
	struct fxmi_unwind *unwind;
	struct fxmi_spinlock *held[4]; /* locks of src/ held now, so that a dying task can release them */
	unsigned nr_held;
	struct fxmi_atomic atomic[FXMI_MAX_ATOMIC]; /* what it may not sleep in, innermost last */
	unsigned nr_atomic;
	struct fxmi_overrun overrun;
	int told_preempt; /* src/'s: by how much its preempt count is off after mistakes that were told */
	void *vehicle_data; /* sim/task.c: fibre or thread */
	bool was_killed;    /* by fxmi_task_kill(); what it held then is still held */
	bool doomed;	    /* a sleeper whose wait has been proved hopeless: told at its next resume */
	void *kernel;	    /* src/'s per-task data (kmap_ctrl), NULL until it wants some */
	void *described;    /* what kernel-tier code sees as `current`, NULL until it looks; freed with the task */
};

/* A lock of the simulated kernel. Knows its holder, for the task-ending path and for "holder's stack" in reports. */
struct fxmi_spinlock {
	pthread_mutex_t mutex;
	const char *name;
	struct fxm_task *holder;
};

void fxmi_spin_init(struct fxmi_spinlock *lock, const char *name);
void fxmi_spin_destroy(struct fxmi_spinlock *lock);
void fxmi_spin_lock(struct fxm_vcpu *cpu, struct fxmi_spinlock *lock);
void fxmi_spin_unlock(struct fxm_vcpu *cpu, struct fxmi_spinlock *lock);

/* A task on a wait queue. Lives on the waiter's stack. */
struct fxmi_waiter {
	struct fxm_task *task;
	uintptr_t site; /* src/'s word for who waits */
	struct fxmi_waiter *next;
};

/* Newest first, as add_wait_queue() puts them. Guarded by the lock that its user names. */
struct fxmi_wait_queue {
	struct fxmi_waiter *head;
	_Atomic unsigned waiters;
};

/* Puts the current task on @q and marks it asleep. Lock of @q held. */
void fxmi_wait_begin_locked(struct fxm_vcpu *cpu, struct fxmi_wait_queue *q, struct fxmi_waiter *w);

/*
 * Releases @lock, sleeps until fxmi_wake_all() has been called since fxmi_wait_begin_locked(), takes @lock again, leaves @q.
 * Gives the seat up meanwhile. When nobody is left who could wake it, callbacks.deadlock is called instead (without
 * locks held); that does not return.
 */
void fxmi_wait_sleep(struct fxm_vcpu *cpu, struct fxmi_spinlock *lock, struct fxmi_wait_queue *q, struct fxmi_waiter *w,
		     const char *what);

/* Makes every task on @q runnable. They leave the queue themselves. Lock of @q held. */
void fxmi_wake_all_locked(struct fxm_vcpu *cpu, struct fxmi_wait_queue *q);

/* preempt_disable() by @what at @site / its preempt_enable(). Beyond FXMI_MAX_ATOMIC the place is not kept. */
void fxmi_preempt_disable(struct fxm_vcpu *cpu, const void *what, uintptr_t site);
void fxmi_preempt_enable(struct fxm_vcpu *cpu, const void *what);

/*
 * The vCPU stands still for a while, others go on. A fibre goes back to its resumer, runnable, and keeps its seat meanwhile;
 * where the resumer needs that seat, nothing happens. A thread naps.
 */
void fxmi_stall(struct fxm_vcpu *cpu);

/* Ends the current task: drops its locks, unwinds to the innermost fxm_task_run() or, with none, calls abort(). */
_Noreturn void fxmi_task_kill(struct fxm_vcpu *cpu);

/* Whether an fxm_task_run() would catch fxmi_task_kill(). */
bool fxmi_task_has_unwind(const struct fxm_vcpu *cpu);

/* ---- window --------------------------------------------------------------------------------------------------------- */

#define FXMI_SEGMENTS 4

/* What stands resident in one page of a lazy segment. */
struct fxmi_resident {
	uint64_t pfn;
	bool writable;
	bool poisoned; /* for AddressSanitizer: its mapping has ended */
};

/* A run of simulated addresses that the window shows. */
struct fxmi_segment {
	uint64_t start, size; /* simulated */
	bool lazy;	      /* false: one shared mapping of frames from phys 0 on (the direct map) */
	unsigned char *host;  /* NULL without a window */
	_Atomic unsigned long *resident; /* lazy: a bit per page */
	struct fxmi_resident *page;	 /* lazy: guarded by window.lock */
};

struct fxmi_window {
	enum fxm_window_mode mode;
	bool identity;
	bool poisons;		 /* a page that stays after its mapping is poisoned: sim/poison.c */
	bool wants_all;		 /* every begin and end has to be told, in the order in which they happen: eager, or poisons */
	pthread_mutex_t lock;	 /* residency changes */
	unsigned char *reserved; /* the PROT_NONE reservation */
	size_t reserved_bytes;
	uint64_t reserved_start; /* simulated address of its first byte */
	int64_t delta;		 /* host - simulated, for the whole reservation */
	unsigned nr_segments;
	struct fxmi_segment segment[FXMI_SEGMENTS];
	_Atomic uint64_t faults, system_calls, nr_resident;
};

/* The lazy segment of @va, or NULL. */
FXMI_INLINE struct fxmi_segment *fxmi_lazy_segment(struct fxmi_window *w, uint64_t va)
{
	for (unsigned i = 0; i < w->nr_segments; i++)
		if (w->segment[i].lazy && va - w->segment[i].start < w->segment[i].size)
			return &w->segment[i];
	return NULL;
}

/* Whether page @n of a lazy segment may be in the host's page table. The one test a page that is not resident costs. */
FXMI_INLINE bool fxmi_is_resident(const _Atomic unsigned long *resident, uint64_t n)
{
	return atomic_load_explicit(&resident[n / (8 * sizeof(long))], memory_order_relaxed) >> (n % (8 * sizeof(long))) & 1;
}

/* False when the first access to @va will fault: its page is a lazy one, and not resident. */
FXMI_INLINE bool fxmi_window_shows(struct fxmi_window *w, uint64_t va)
{
	struct fxmi_segment *seg = w->mode == FXM_WINDOW_OFF ? NULL : fxmi_lazy_segment(w, va);

	return !seg || fxmi_is_resident(seg->resident, (va - seg->start) >> FXM_PAGE_SHIFT);
}

/*
 * The mapping of the page at @va has begun with leaf entry @entry (its PTE is already written) / has ended (the PTE may stay).
 * begin: drops a resident page that shows another frame or too much permission; eager: maps it now.
 * end: strict and eager drop the page; retain keeps it, poisoned if window.poisons.
 * Either may be called for addresses outside every lazy segment, and does nothing then.
 */
void fxmi_window_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry);
void fxmi_window_end(struct fxm_vcpu *cpu, uint64_t va);

/* The same end for @n consecutive pages, with one system call. */
void fxmi_window_end_range(struct fxm_vcpu *cpu, uint64_t va, uint64_t n);

/* ---- callbacks into src/ ------------------------------------------------------------------------------------------------ */

/* A host access that the window could not or should not answer silently. */
enum fxmi_trap {
	FXMI_TRAP_FAULT,      /* the walk faults: not present, or not allowed */
	FXMI_TRAP_ENDED,      /* the PTE allows it, but callbacks.is_live says that the mapping has ended; returning maps it */
	FXMI_TRAP_DEVICE,     /* the frame is a device or nothing; returning shows a page of all ones */
	FXMI_TRAP_TRUNCATED,  /* a simulated address used as a host pointer although the machine is relocated */
	FXMI_TRAP_UNATTACHED, /* a thread that sits on no vCPU touched the window; returning lets it go on as vCPU 0 */
	FXMI_TRAP_WILD,	      /* NULL or another address outside every window, by a task inside fxm_task_run() */
	FXMI_TRAP_STACK	      /* the task's stack overflowed into its guard page */
};

struct fxmi_trap_info {
	enum fxmi_trap trap;
	struct fxm_fault fault; /* address: simulated inside a window, else the host pointer's value (UINT64_MAX: not canonical) */
	uintptr_t pc;		/* the accessing instruction */
	bool is_return_address; /* pc is, of the check that found the access (AddressSanitizer's) */
};

/* What machine.watched lets src/ see of accesses. */
enum fxmi_watch {
	FXMI_WATCH_FIRST,  /* the page at @va comes into this vCPU's TLB, or into the window for the thread that sits here */
	FXMI_WATCH_RUN_ON, /* an explicit access runs on from the page before into the one at @va, which it has not touched yet */
	FXMI_WATCH_CACHED  /* the first explicit access by a translation that is in the TLB since before fxmi_tlb_watch() */
};

struct fxmi_watch_info {
	enum fxmi_watch what;
	uint64_t va; /* RUN_ON: page aligned */
	enum fxm_access access;
	uint64_t pfn; /* CACHED: what the TLB shows there */
	uintptr_t pc; /* window: the accessing instruction; else 0 */
};

/* An object of kmalloc() whose byte @offset was written by somebody who may not. @freed_site: 0 while it is not freed. */
struct fxmi_written {
	struct fxmi_written *next;
	struct fxm_vcpu *cpu; /* who found it; NULL: nobody on a vCPU of this machine */
	bool after_free;
	uint64_t va;
	uint32_t asked, offset;
	unsigned char byte;
	uintptr_t site, freed_site;
};

struct fxmi_callbacks {
	/* With machine.watched, on the accessing thread. Must not access simulated memory. */
	void (*watch)(struct fxm_vcpu *cpu, const struct fxmi_watch_info *info);
	/* In the SIGSEGV handler of the accessing thread. FAULT, TRUNCATED, WILD and STACK must not return. */
	void (*trap)(struct fxm_vcpu *cpu, const struct fxmi_trap_info *info);
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

/* ---- injection (inject.c) --------------------------------------------------------------------------------------------- */

/* Numbers of points: this one is the machine's, those above are src/'s, up to 31. */
#define FXMI_POINT_ALLOC 0u /* an allocation of pages or kmalloc memory; fails when any action is due */
#define FXMI_INJECTIONS 32

/* What shall happen at one point: at passage @first, and at every @every-th one after it (0: at no other). */
struct fxmi_injection {
	unsigned point;
	uint32_t action; /* a bit that means something to who passes; 0: none is here */
	uint64_t first, every;
	uint64_t passages, done;
};

struct fxmi_injections {
	pthread_mutex_t lock;	 /* guards item */
	_Atomic uint32_t points; /* bit per point: it has injections */
	struct fxmi_injection item[FXMI_INJECTIONS];
};

/* Its number. -ENOSPC: FXMI_INJECTIONS are there. No other thread may pass points meanwhile. */
int fxmi_inject_add(struct fxm_machine *m, unsigned point, uint32_t action, uint64_t first, uint64_t every);

/* Removes those at the points that have their bits in @points. */
void fxmi_inject_clear(struct fxm_machine *m, uint32_t points);

/* -ENOENT: no such number. */
int fxmi_inject_get(struct fxm_machine *m, int n, struct fxmi_injection *out);

/*
 * The point is passed: the actions that are due, of those that are @possible there and then. For the others the passage does not
 * count.
 */
uint32_t fxmi_inject_due(struct fxm_machine *m, unsigned point, uint32_t possible);

/* ---- machine -------------------------------------------------------------------------------------------------------- */

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
	uint64_t page_offset;	/* virtual address of physical 0 in the direct map */
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
	struct fxmi_window window;
	struct fxmi_device *devices; /* only ever added to, at the head, with release; read without a lock */
	struct fxmi_kmalloc *kmalloc;
	unsigned nr_cpus;
	_Atomic unsigned cpus_online;
	struct fxm_vcpu *vcpu[FXMI_MAX_CPUS];
	pthread_mutex_t task_lock; /* guards tasks, next_pid, task states' transitions to and from sleep */
	struct fxm_task *tasks;
	int next_pid;
	pthread_cond_t seat_left;      /* with task_lock: some vCPU's seat became free while seat_seekers waited for any */
	_Atomic unsigned seat_seekers;
	bool dead; /* we are a fork()ed child of its owner */
	struct fxmi_injections inject;
	bool watched; /* callbacks.watch is to be called; set before anybody accesses memory */
	struct fxm_machine *next_machine;
	void *kernel; /* src/'s state */
};

/* Builds the hardware: memory, empty page tables (root only), vCPUs, window. Errors: negative errno; nothing remains. */
int fxmi_machine_new(const struct fxmi_desc *desc, struct fxm_machine **out);

/*
 * The lazy segments of @desc, as many as there are, in place of the present ones; nothing stays resident. The others stay. No
 * other thread may use the window meanwhile. -ENOMEM: nothing has changed.
 */
int fxmi_window_move(struct fxm_machine *m, const struct fxmi_desc *desc);

/*
 * Whether fxmi_machine_free() would succeed; frees nothing, but detaches the caller. src/ asks before it frees its own state.
 */
int fxmi_machine_check_free(struct fxm_machine *m);

/*
 * Frees it, after detaching the caller. -EBUSY when another host thread sits, sleeps or waits on it, or when called from one of
 * its tasks; -ECHILD in a forked child.
 */
int fxmi_machine_free(struct fxm_machine *m);

/*
 * For a debugger that has stopped everything, and so without the lock: the machine that the calling thread sits on, else the one in
 * whose window @host lies, else the newest. NULL: there is none, or it was made before fork().
 */
struct fxm_machine *fxmi_machine_guess(uintptr_t host);

/* For functions that cannot return -ECHILD: says in one line that the machine is the parent process's, and aborts. */
_Noreturn void fxmi_die_forked(void);

/* The vCPU the calling thread or fibre sits on; NULL for none. Initial-exec: one load. */
extern __thread struct fxm_vcpu *fxmi_self __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Sets or clears @rare bits of every vCPU, present and future. */
void fxmi_set_rare(struct fxm_machine *m, uint32_t set, uint32_t clear);

/* ---- primitives on memory and page tables --------------------------------------------------------------------------------- */

FXMI_INLINE unsigned char *fxmi_frame(const struct fxm_machine *m, uint64_t pfn)
{
	return m->mem.ram + (pfn << FXM_PAGE_SHIFT);
}

FXMI_INLINE bool fxmi_pfn_is_ram(const struct fxm_machine *m, uint64_t pfn)
{
	return pfn < m->mem.nr_frames;
}

FXMI_INLINE uint64_t fxmi_page_pfn(const struct fxm_machine *m, const struct fxm_page *page)
{
	return (uint64_t)((uintptr_t)page - (uintptr_t)m->mem.mem_map) / sizeof(struct fxm_page);
}

/* Whether @page points at an element of this machine's mem_map. */
FXMI_INLINE bool fxmi_page_is_valid(const struct fxm_machine *m, const struct fxm_page *page)
{
	uintptr_t offset = (uintptr_t)page - (uintptr_t)m->mem.mem_map;
	return offset < m->mem.nr_frames * sizeof(struct fxm_page) && offset % sizeof(struct fxm_page) == 0;
}

/* Loads and stores of entries: acquire / release, never stronger. Every store is followed by a compiler barrier. */
FXMI_INLINE uint64_t fxmi_pte_get(const void *pte, unsigned bytes)
{
	if (bytes == 4)
		return __atomic_load_n((const uint32_t *)pte, __ATOMIC_ACQUIRE);
	return __atomic_load_n((const uint64_t *)pte, __ATOMIC_ACQUIRE);
}

FXMI_INLINE void fxmi_pte_set(void *pte, unsigned bytes, uint64_t value)
{
	if (bytes == 4)
		__atomic_store_n((uint32_t *)pte, (uint32_t)value, __ATOMIC_RELEASE);
	else
		__atomic_store_n((uint64_t *)pte, value, __ATOMIC_RELEASE);
	__asm__ volatile("" ::: "memory");
}

/* Stores a last-level entry of the kernel (fxmi_pte_ptr()), and the hardware's where that is another one. */
FXMI_INLINE void fxmi_set_pte(const struct fxm_machine *m, void *pte, uint64_t value)
{
	const struct fxmi_pt_format *f = m->desc.format;

	fxmi_pte_set(pte, f->entry_bytes, value);
	if (fxmi_unlikely(f->shadow_offset))
		fxmi_pte_set((char *)pte + f->shadow_offset, f->entry_bytes, f->encode(f, f->levels - 1, value));
}

/* The kernel's last-level entry of @va in the pool, or NULL when a table above is missing or maps a large page. */
void *fxmi_pte_ptr(const struct fxm_machine *m, uint64_t va);

/* Builds the tables down to the last level for [start, end). -ENOMEM when the reserved frames run out. */
int fxmi_pgtable_populate(struct fxm_machine *m, uint64_t start, uint64_t end);

/* Takes away the tables of base pages that serve [start, end), with what they map, so that large pages fit there. */
void fxmi_pgtable_unlink(struct fxm_machine *m, uint64_t start, uint64_t end);

/* Maps [va, va + size) to pa with the format's large pages where they fit, else base pages. @prot: bits of a base-page entry. */
int fxmi_pgtable_map_linear(struct fxm_machine *m, uint64_t va, uint64_t pa, uint64_t size, uint64_t prot);

/* ---- kmalloc --------------------------------------------------------------------------------------------------------------- */

/* fxm_kmalloc() on behalf of @site, a return address that reports show; with a red zone of @red_zone bytes at least, or 0. */
fxm_va fxmi_kmalloc(struct fxm_machine *m, size_t size, size_t red_zone, unsigned gfp, uintptr_t site);

/* fxm_kfree() on behalf of @site. @poison: may be filled, if the machine does that. */
int fxmi_kfree(struct fxm_machine *m, fxm_va va, bool poison, uintptr_t site);

/* Who freed the object at @va, if it is still known; else 0. */
uintptr_t fxmi_kmalloc_freed(struct fxm_machine *m, fxm_va va);

/* Looks at all objects. Has those told that were written to where nobody may, once; returns how many. Without locks. */
unsigned fxmi_kmalloc_check(struct fxm_machine *m);

/*
 * Calls @fn for every live allocation, the newest slab's first, until it returns non-zero; returns that. @size is what was
 * asked for. zone_lock is held: @fn must not allocate or free.
 */
int fxmi_kmalloc_each(struct fxm_machine *m, int (*fn)(void *arg, fxm_va va, size_t size, uintptr_t site), void *arg);

/* ---- TLB primitives: the only places that flush ------------------------------------------------------------------------------ */

FXMI_INLINE struct fxmi_tlb_entry *fxmi_tlb_set(struct fxm_vcpu *cpu, uint64_t va)
{
	/* cpu->tlb[(va >> FXM_PAGE_SHIFT) % FXMI_TLB_SETS], with one shift instead of two: a set is 64 bytes. */
	enum { SET_SHIFT = 6 };
	_Static_assert(sizeof(cpu->tlb[0]) == 1u << SET_SHIFT, "a set is a cache line");
	uint64_t offset = va >> (FXM_PAGE_SHIFT - SET_SHIFT) & ((uint64_t)(FXMI_TLB_SETS - 1) << SET_SHIFT);

	return (struct fxmi_tlb_entry *)((char *)cpu->tlb + offset);
}

FXMI_INLINE void fxmi_tlb_entry_invalidate(struct fxmi_tlb_entry *e)
{
	atomic_store_explicit(&e->read_tag, FXMI_TLB_INVALID, memory_order_release);
	atomic_store_explicit(&e->write_tag, FXMI_TLB_INVALID, memory_order_release);
}

/* INVLPG on the calling vCPU. */
FXMI_INLINE void fxmi_tlb_flush_one(struct fxm_vcpu *cpu, uint64_t va)
{
	struct fxmi_tlb_entry *e = fxmi_tlb_set(cpu, va);
	if (atomic_load_explicit(&e[0].read_tag, memory_order_relaxed) == va)
		fxmi_tlb_entry_invalidate(&e[0]);
	if (atomic_load_explicit(&e[1].read_tag, memory_order_relaxed) == va)
		fxmi_tlb_entry_invalidate(&e[1]);
}

/* Everything, global entries too, on one vCPU (may be another one: as if by IPI) / on all online vCPUs. */
void fxmi_tlb_flush_cpu(struct fxm_vcpu *cpu);
void fxmi_tlb_flush_all(struct fxm_machine *m);

/* The pages of [start, end) on one vCPU (the caller's) / on all online vCPUs. */
void fxmi_tlb_flush_range(struct fxm_vcpu *cpu, uint64_t start, uint64_t end);
void fxmi_tlb_flush_range_all(struct fxm_machine *m, uint64_t start, uint64_t end);

/*
 * With machine.watched: what other vCPUs than @cpu cache of the page at @va is told (FXMI_WATCH_CACHED) when it is used next.
 * Whether one does. No translation changes: the tags stay, and with them what a flush finds.
 */
bool fxmi_tlb_watch(struct fxm_vcpu *cpu, uint64_t va);

/* e->host, which others may take away. */
FXMI_INLINE unsigned char *fxmi_tlb_host(const struct fxmi_tlb_entry *e)
{
	return __atomic_load_n(&e->host, __ATOMIC_RELAXED);
}

/*
 * The way past the first way's hit: answers from the TLB what it can, else walks and fills. Returns the entry that translates
 * @va (unaligned) for @access, good for one access and until the next call, or NULL with cpu->last_fault filled in.
 */
struct fxmi_tlb_entry *fxmi_tlb_fill(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access);

/* The device at physical @pa, or NULL. */
struct fxmi_device *fxmi_device_at(const struct fxm_machine *m, uint64_t pa);

#endif
