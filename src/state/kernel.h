/* SPDX-License-Identifier: MIT */
#ifndef FXMI_KERNEL_H
#define FXMI_KERNEL_H

/*
 * The simulated kernel's state, and what the files of src/ offer each other, grouped by the file that defines it.
 *
 * A vCPU's per-CPU area begins with what a kmap_atomic pair touches; everything that depends on the profile is copied
 * there or into struct fxmi_kernel at machine creation, so that no fast path looks up a trait.
 *
 * Lock order: trace.op_lock -> kmap_lock -> (sim's locks); report and trace.lock are leaves, never held while calling up or
 * sleeping.
 */

#include <fixmap/fixmap.h>
#include <sim.h>

#include "layout.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define FXMI_PAGE_MASK (~(uint64_t)(FXM_PAGE_SIZE - 1))

struct fxmi_notes;
struct fxmi_op;
struct fxmi_stacks;
struct fxmi_suppressions;
struct fxmi_told;

/* The per-CPU data of the simulated kernel. */
struct fxmi_percpu {
	/* the fast paths of kmap_atomic_stack.c and kmap_atomic_typed.c */
	unsigned char *kmap_pte;	     /* host address of the PTE of this CPU's slot 0; slot n lies n entries below */
	uint64_t kmap_va;		     /* address of slot 0; slot n lies n pages below */
	const struct fxm_page *high_map;     /* struct page of the first highmem frame */
	uint64_t nr_high;		     /* highmem frames */
	uint64_t high_entry;		     /* PTE of the first highmem frame with kmap_prot */
	uint64_t map_step;		     /* what a map adds to fxm_vcpu.counts */
	uint64_t fast_levels;		     /* levels (types) that the fast forms may use; 0 while cpu->rare is not */
	const _Atomic uint64_t *nr_resident; /* lazily mapped pages in the window; 0: no slot needs looking at */
	fxm_va (*kmap_atomic)(struct fxm_vcpu *, struct fxm_page *);
	int (*kunmap_atomic)(struct fxm_vcpu *, fxm_va);
	/* the fast paths of kmap_atomic_typed.c */
	fxm_va (*kmap_atomic_type)(struct fxm_vcpu *, struct fxm_page *, uint32_t type);
	int (*kunmap_atomic_type)(struct fxm_vcpu *, fxm_va, uint32_t type);
	/* the fast paths of kmap_local.c */
	struct fxmi_kmap_ctrl *kmap_ctrl; /* the current task's; NULL before its first mapping */
	fxm_va (*kmap_local_page)(struct fxm_vcpu *, struct fxm_page *);
	int (*kunmap_local)(struct fxm_vcpu *, fxm_va);
	/* colder */
	struct fxmi_kernel *kernel;
	struct fxmi_op *op;    /* the traced operation in progress on this CPU */
	uint32_t live_types;   /* typed generation: types mapped and not yet unmapped */
	uintptr_t *site;       /* where each slot of this CPU was mapped last, when sites are recorded */
	uintptr_t *unmap_site; /* ... and unmapped since; 0: it is mapped */
	bool levels_are_off;   /* an unmap too many was told: which level is whose means nothing any more */
	uintptr_t caller;      /* the kernel tier's, while it calls; 0: the call stack tells */
};
_Static_assert(sizeof(struct fxmi_percpu) <= FXMI_PERCPU_BYTES, "the per-CPU area is too small");

/*
 * A fast form that notes who maps is given its own return address. A call from inside the library is the kernel tier's: whose
 * that is only the call stack can tell, so the slow form takes it. Linked statically, everything is inside.
 */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

FXMI_INLINE bool fxmi_is_inside(uintptr_t pc)
{
	return pc - (uintptr_t)__ehdr_start < (uintptr_t)etext - (uintptr_t)__ehdr_start;
}

/* The return address, in a fast form. The compiler does not know that it is never 0, and would test. */
#define FXMI_NOTED_SITE()                                                                                                          \
	({                                                                                                                         \
		uintptr_t site_ = (uintptr_t)__builtin_return_address(0);                                                          \
		if (!site_)                                                                                                        \
			__builtin_unreachable();                                                                                   \
		site_;                                                                                                             \
	})

FXMI_INLINE struct fxmi_percpu *fxmi_percpu(const struct fxm_vcpu *cpu)
{
	return (struct fxmi_percpu *)cpu->percpu;
}

/*
 * Every rare condition is folded into the comparison with the levels. Another thread may switch a trace on meanwhile: this call
 * may still miss it. Atomic loads are not folded into the comparison, which would cost an instruction each; one aligned word is
 * loaded as a whole anyway, and ThreadSanitizer is told.
 */
FXMI_INLINE uint64_t fxmi_fast_levels(const struct fxmi_percpu *pc)
{
#ifdef FXMI_UNDER_TSAN
	return __atomic_load_n(&pc->fast_levels, __ATOMIC_RELAXED);
#else
	return pc->fast_levels;
#endif
}

/*
 * The page's number among the highmem frames, by one rotation: a pointer below, beyond or not a multiple of the array stride
 * becomes a huge number, and leaves a fast form by the same comparison with nr_high as a lowmem page.
 */
FXMI_INLINE uint64_t fxmi_highmem_frame(const struct fxmi_percpu *pc, const struct fxm_page *page)
{
	uint64_t offset = (uintptr_t)page - (uintptr_t)pc->high_map;
	return offset >> 6 | offset << 58;
}

/*
 * A slot of the pkmap pool: 1 + pfn of its page in the upper half, pkmap_count in the lower. Raising and lowering a count
 * >= 1 is a compare-and-swap on the word by anybody; 0 -> 1 (map_new_virtual) and 1 -> 0 (flush_all_zero_pkmaps) happen under
 * kmap_lock only. One to a cache line: tasks that map different pages do not slow each other down.
 */
struct fxmi_pkmap_slot {
	_Atomic uint64_t word;
	char line[64 - sizeof(uint64_t)];
};

/* Colours of a cache, at most. */
#define FXMI_COLOURS 8

struct fxmi_pkmap {
	struct fxmi_spinlock kmap_lock;
	struct fxmi_wait_queue map_wait[FXMI_COLOURS]; /* pkmap_map_wait, one for each colour; guarded by kmap_lock */
	struct fxmi_pkmap_slot *slot;
	unsigned long *free;	     /* bit per slot: count is 0; kmap_lock */
	_Atomic unsigned long *idle; /* bit per slot: count has been 1 since the last flush (may have risen again) */
	/* page_address.c: the address records, guarded by kmap_lock */
	uint64_t *record_seq;  /* age, 0 for a free one */
	uint64_t *record_page; /* pfn */
	uint32_t *record_slot;
	bool has_record_pool;	       /* 2.6: any record serves any slot */
	bool is_irregular;	       /* more or other records than kmap() makes */
	_Atomic uintptr_t *site;       /* where the slot was last mapped (0 -> 1 -> 2) */
	_Atomic uintptr_t *unmap_site; /* where its last user left (2 -> 1) */
	_Atomic int *holder;	       /* and who did: its pid */
	uint64_t next_seq;
	uint32_t last_pkmap;			 /* LAST_PKMAP, a power of two */
	uint32_t last_nr;			 /* last_pkmap_nr; written under kmap_lock, looked at from anywhere */
	uint32_t colours, last_of[FXMI_COLOURS]; /* the same for each colour; kmap_lock */
	unsigned char *pte;			 /* pkmap_page_table, host address */
	uint64_t base;				 /* PKMAP_BASE */
};

/* early_ioremap.c, bt_ioremap.c: the boot maps. Boot code runs on one CPU: no lock. */
#define FXMI_EARLY_SLOTS 8

struct fxmi_early_slot {
	uint64_t base;		      /* slot_virt */
	uint64_t prev_map, prev_size; /* prev_map 0: free */
	uintptr_t site;		      /* where it was mapped */
	bool is_named;		      /* a WARN told that it stays mapped: at the end it is no second report */
};

struct fxmi_early {
	enum fxm_boot_phase phase;
	bool debug;	   /* boot parameter early_ioremap_debug */
	uint32_t begin;	   /* FIX_BTMAP_BEGIN */
	uint32_t pages;	   /* NR_FIX_BTMAPS */
	uint32_t nr_slots; /* FIX_BTMAPS_SLOTS */
	struct fxmi_early_slot slot[FXMI_EARLY_SLOTS];
};

/* inject.c: who answers an injected interrupt. */
struct fxmi_handler {
	fxm_inject_fn fn; /* NULL: nobody */
	void *arg;
};

struct fxmi_trace;
struct fxmi_tier;
struct fxmi_kmap_ctrl;

/* Sites that warn once per boot. */
enum fxmi_once {
	FXMI_ONCE_ATOMIC_ORDER,
	FXMI_ONCE_PUSH_IRQ,
	FXMI_ONCE_LOCAL_ORDER,
	FXMI_ONCE_LOCAL_LOW,
	FXMI_ONCE_LOCAL_FORCE_MAP,
	FXMI_ONCE_OUT_GUARD,
	FXMI_ONCE_OUT_NONE,
	FXMI_ONCE_IN_GUARD,
	FXMI_ONCE_IN_NONE,
	FXMI_ONCE_TO_PAGE_PKMAP,
	FXMI_ONCE_TO_PAGE_LOCAL
};

/* report_fail.c: what the next failure of a test will say. Guarded by report_lock. */
struct fxmi_failure {
	fxm_fail_fn fail; /* NULL: reports fail nothing */
	void *arg;
	pthread_t thread; /* whose tests they are */
	char *text;	  /* of the reports, one after the other */
	uint64_t reports, dropped;
};

struct fxmi_kernel {
	struct fxm_machine *m;
	struct fxm_layout *layout;
	unsigned version; /* major << 16 | minor << 8 | patch */
	unsigned pte_bytes;
	unsigned page_shift; /* of a base page; frames are numbered in units of 4 KB whatever it is */
	uint64_t page_size;
	bool typed;				     /* the km_type generation */
	bool local;				     /* the kmap_local generation */
	bool force_map, preempt_rt;		     /* DEBUG_KMAP_LOCAL_FORCE_MAP, PREEMPT_RT */
	uint64_t km_incr;			     /* KM_INCR: what a mapping adds to kmap_ctrl.idx */
	_Atomic(struct fxmi_kmap_ctrl *) kmap_ctrls; /* of all tasks that ever mapped; kmap_local.c */
	bool highmem;				     /* CONFIG_HIGHMEM */
	bool has_kmap_group;			     /* FIX_KMAP_BEGIN..END exist */
	bool debug_highmem, debug_atomic_sleep, smp;
	bool checks_sleep; /* the kernel or the detector "sleep-in-atomic" */
	bool flush_pkmap_always, flush_range_is_all, kunmap_bug_in_irq, kunmap_might_sleep;
	bool setter_is_x86; /* __set_fixmap: the value decides, not the protection; flushes this CPU's page */
	bool flush_on_clear_only, refuses_hole;
	bool arm;	      /* kmap_atomic of arch/arm */
	bool has_high_get;    /* ARCH_NEEDS_KMAP_HIGH_GET */
	bool atomic_high_get; /* kmap_atomic tries it */
	bool cache_vivt;
	uint32_t cache_colours; /* a power of two: pages that a virtually indexed cache holds apart */
	uint64_t va_mask, fixaddr_top, fixaddr_start, page_offset, high_memory;
	uint32_t nr_fixed; /* __end_of_fixed_addresses */
	uint32_t fix_kmap_begin, fix_kmap_end, km_type_nr;
	uint64_t kmap_prot, prot_normal, prot_nocache, prot_io;
	const char *prot_normal_name, *prot_nocache_name, *prot_io_name;
	uint64_t pte_mask; /* __supported_pte_mask */
	uint64_t fixmaps_set;
	uint32_t once; /* bits of enum fxmi_once that have fired */
	struct fxmi_pkmap pkmap;
	struct fxmi_early early;

	/* report.c */
	pthread_mutex_t report_lock;
	fxm_report_fn report_fn;
	void *report_arg;
	enum fxm_policy policy[FXM_REPORT_FINDING + 1];
	_Atomic uint64_t report_count[FXM_REPORT_FINDING + 1];
	_Atomic uint64_t repeated, suppressed;	/* reports that nobody was told of */
	struct fxmi_told *told;			/* the findings that were told */
	struct fxmi_suppressions *suppressions; /* NULL: none */
	struct fxmi_stacks *stacks;		/* call_site.c; NULL without stacks=full */
	struct fxmi_failure failure;
	_Atomic unsigned oopses; /* the N of "[#N]" */
	bool detect;		 /* some detector is on */
	bool record_sites;	 /* mapping sites are recorded: detectors and stacks are on */
	bool has_stacks;	 /* stacks=on or full: reports say where they arose */
	bool full_stacks;	 /* stacks=full: and by which calls a mapping was made */
	uintptr_t stale_site;	 /* who left a stale TLB entry on another CPU last */
	uintptr_t overrun_told[2]; /* the mapping that a pointer ran off last: where it was made, and where that was */
	uintptr_t sleep_told;	 /* where the section began that a sleep was found in last */

	bool preemptible;				  /* CONFIG_PREEMPT, CONFIG_PREEMPTION */
	struct fxmi_handler handler[FXM_CONTEXT_NMI + 1]; /* of injected interrupts, and TASK: of calls */

	struct fxmi_trace *trace;	  /* NULL when never used */
	_Atomic(struct fxmi_tier *) tier; /* kernel_tier.c; NULL when never used */
};

FXMI_INLINE struct fxmi_kernel *fxmi_kernel(const struct fxm_machine *m)
{
	return m->kernel;
}

/* Kernel of @cpu. */
FXMI_INLINE struct fxmi_kernel *fxmi_kernel_of(const struct fxm_vcpu *cpu)
{
	return fxmi_percpu(cpu)->kernel;
}

FXMI_INLINE fxm_va fxmi_va_error(int error)
{
	return fxm_va_of((uint64_t)(int64_t)error);
}

/* 0, or the error of a first argument that is null or whose machine this process may not use. */
FXMI_INLINE int fxmi_check_cpu(const struct fxm_vcpu *cpu)
{
	return fxmi_unlikely(!cpu) ? -EINVAL : fxmi_unlikely(fxmi_rare(cpu) & FXMI_RARE_DEAD) ? -ECHILD : 0;
}

/* ---- inject.c ---- */

/* The points of src/, in the order of inject.c's table, after the machine's own. */
enum fxmi_point {
	FXMI_POINT_KMAP_CALLED = FXMI_POINT_ALLOC + 1,
	FXMI_POINT_KMAP_POOL,
	FXMI_POINT_KMAP_MAPPED,
	FXMI_POINT_KUNMAP_IDLE,
	FXMI_POINT_ATOMIC_PUSHED,
	FXMI_POINT_ATOMIC_MAPPED,
	FXMI_POINT_ATOMIC_CLEARED,
	FXMI_POINT_ATOMIC_POPPED,
	FXMI_POINTS
};

bool fxmi_point_pass(struct fxm_vcpu *cpu, enum fxmi_point point);

/*
 * Code passes @point, in a slow form: what was injected there happens. True: the pool shall pass for full. Where it may happen
 * that other code runs, no lock is held.
 */
FXMI_INLINE bool fxmi_point(struct fxm_vcpu *cpu, enum fxmi_point point)
{
	return fxmi_unlikely(fxmi_rare(cpu) & FXMI_RARE_INJECT) && fxmi_point_pass(cpu, point);
}

/* Injects what inject= says. -EINVAL: this kernel cannot, and @error says why. */
int fxmi_inject_setting(struct fxmi_kernel *k, struct fxmi_error *error);

/* ---- fixmap.c ---- */

FXMI_INLINE uint64_t fxmi_fix_to_virt(const struct fxmi_kernel *k, uint64_t index)
{
	return (k->fixaddr_top - (index << k->page_shift)) & k->va_mask;
}

FXMI_INLINE uint64_t fxmi_virt_to_fix(const struct fxmi_kernel *k, uint64_t va)
{
	return ((k->fixaddr_top - (va & ~(k->page_size - 1))) & k->va_mask) >> k->page_shift;
}

/* __set_fixmap() without its trace. BUG when @index is out of range. */
void fxmi_set_fixmap(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t index, uint64_t pa, uint64_t prot);

/* Writes @entry as it is at a valid index, and flushes that page on this CPU. */
void fxmi_set_fixed_pte(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t index, uint64_t entry);

/* Whether @va lies in the fixed-address area, boot mappings included, and not in pkmap (which boot mappings may overlap). */
bool fxmi_va_is_fixed(const struct fxmi_kernel *k, uint64_t va);

/* ---- early_ioremap.c ---- */

/* The slots and the phase of a new layout. */
void fxmi_early_adopt(struct fxmi_kernel *k);

/* Findings for early mappings that were not undone; how many. */
unsigned fxmi_early_leaks(struct fxmi_kernel *k);

/* ---- pkmap.c ---- */

int fxmi_pkmap_init(struct fxmi_kernel *k);
void fxmi_pkmap_free(struct fxmi_kernel *k);

FXMI_INLINE uint64_t fxmi_pkmap_addr(const struct fxmi_pkmap *p, uint32_t nr)
{
	return p->base + ((uint64_t)nr << FXM_PAGE_SHIFT);
}

/* The slot of @va, or -1 when it lies outside the area. */
FXMI_INLINE int fxmi_pkmap_nr(const struct fxmi_pkmap *p, uint64_t va)
{
	uint64_t nr = (va - p->base) >> FXM_PAGE_SHIFT;
	return va >= p->base && nr < p->last_pkmap ? (int)nr : -1;
}

/* last_pkmap_nr, for those without kmap_lock. */
FXMI_INLINE uint32_t fxmi_pkmap_cursor(const struct fxmi_pkmap *p)
{
	return __atomic_load_n(&p->last_nr, __ATOMIC_RELAXED);
}

FXMI_INLINE uint32_t fxmi_pkmap_count(const struct fxmi_pkmap *p, uint32_t nr)
{
	return (uint32_t)atomic_load_explicit(&p->slot[nr].word, memory_order_acquire);
}

/* kmap_high_get(): the pkmap address that @page has, with its count raised; 0 when it has none. */
uint64_t fxmi_kmap_high_get(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page);

/* kunmap_high() of a highmem page. */
void fxmi_kunmap_high(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page);

/* Notes who holds how many slots, mapped where. Returns how many of them task @pid has. */
unsigned fxmi_pkmap_holders(struct fxmi_kernel *k, int pid, struct fxmi_notes *notes);

/* ... and who else than @cpu's task waits for one, and where. */
void fxmi_pkmap_waiters(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxmi_notes *notes);

/* ---- page_address.c ---- */

/* page_address() of a valid page. */
uint64_t fxmi_page_address(const struct fxmi_kernel *k, const struct fxm_page *page);

/* set_page_address() of a valid highmem page for a slot's address, or its removal (@va 0). kmap_lock held. */
void fxmi_set_page_address_locked(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t va);

/* ---- kmap_atomic_stack.c, kmap_atomic_typed.c ---- */

/* Fills the function pointers of a CPU's per-CPU area. */
void fxmi_kmap_atomic_stack_init(struct fxm_vcpu *cpu);
void fxmi_kmap_atomic_typed_init(struct fxm_vcpu *cpu);

/* "KM_USER0". */
const char *fxmi_km_type_name(const struct fxmi_kernel *k, uint32_t type);
void fxmi_kmap_atomic_arm_init(struct fxm_vcpu *cpu);

/* kmap_atomic_pfn() of arm. */
uint64_t fxmi_kmap_atomic_arm_pfn(struct fxm_vcpu *cpu, uint64_t pfn);

/* kmap_atomic_idx_push() and _pop() of the stack generation. */
int fxmi_kmap_atomic_idx_push(struct fxm_vcpu *cpu, struct fxmi_kernel *k);
void fxmi_kmap_atomic_idx_pop(struct fxm_vcpu *cpu, struct fxmi_kernel *k);

/* cpu->rare has changed. */
void fxmi_kmap_atomic_rare_changed(struct fxm_vcpu *cpu);

/* How many slots of @cpu are mapped by a call that was not undone, and whether the one at @va is. */
bool fxmi_kmap_atomic_is_live(const struct fxmi_kernel *k, uint64_t va);

/* ---- kmap_local.c ---- */

/* Fills the function pointers of a CPU's per-CPU area; those of kmap_atomic too where kmap_local is below it. */
void fxmi_kmap_local_init(struct fxm_vcpu *cpu);
void fxmi_kmap_local_free(struct fxmi_kernel *k);

/* kmap_atomic_prot() and kmap_atomic_pfn() of that generation. The CPU has been checked. */
fxm_va fxmi_kmap_local_atomic_prot(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t prot);
fxm_va fxmi_kmap_local_atomic_pfn(struct fxm_vcpu *cpu, uint64_t pfn);

/* The part of kmap_to_page() for kmap_local addresses: whether it finds the page, and its frame. */
bool fxmi_kmap_local_to_pfn(struct fxm_vcpu *cpu, uint64_t va, uint64_t *pfn);

/* A task leaves its CPU / comes back / ends; in each it is current. Nothing happens to one that never mapped. */
void fxmi_kmap_local_sched_out(struct fxm_vcpu *cpu, struct fxm_task *task);
void fxmi_kmap_local_sched_in(struct fxm_vcpu *cpu, struct fxm_task *task);
void fxmi_kmap_local_task_end(struct fxm_vcpu *cpu, struct fxm_task *task);

/* A mapping that a call made and none has undone. */
struct fxmi_mapping {
	const char *what; /* "kmap slot" */
	unsigned number;
	uint64_t va, bytes, pfn;
	unsigned users;		    /* 0: does not apply */
	const struct fxm_vcpu *cpu; /* NULL: of none, or its task sits on none now */
	const char *comm;	    /* whose; NULL: of no task */
	int pid;
	uintptr_t mapped_at;
};

/* Calls @fn for each mapping of the task that sits on @seat, or, NULL, of those that sit on none; innermost last. No locks. */
void fxmi_kmap_local_each(struct fxmi_kernel *k, const struct fxm_vcpu *seat, void (*fn)(const struct fxmi_mapping *at, void *arg),
			  void *arg);

/* fxmi_tell() of slot @slot of the task that sits on @cpu. */
void fxmi_kmap_local_tell(struct fxm_vcpu *cpu, int slot);

/* The innermost slot that the task on @cpu has from kmap_atomic(), when sites are recorded; -1: none. */
int fxmi_kmap_local_innermost_atomic(const struct fxm_vcpu *cpu);

/* Finding "leak" for each mapping that the task on @cpu holds, which ends; none of them is reported again. */
void fxmi_kmap_local_report_task(struct fxm_vcpu *cpu);

/* Finding "leak" for each mapping that a task holds; how many. */
unsigned fxmi_kmap_local_report_leaks(struct fxmi_kernel *k);

/* ---- machine.c ---- */

/* reserve_top_address() moves everything: a new layout's numbers for the kernel and every online CPU. Lowmem stays. */
int fxmi_kernel_adopt_layout(struct fxmi_kernel *k, struct fxm_layout *layout);

/* Sets up the per-CPU data of an online CPU. -ENOMEM. */
int fxmi_percpu_init(struct fxmi_kernel *k, struct fxm_vcpu *cpu);

/* ---- since.c ---- */

/* Whether this kernel's version has @function (a name that fxm_since() knows). */
bool fxmi_has(const struct fxmi_kernel *k, const char *function);

/* The word of @bytes at physical address @pa, 0 outside of RAM. */
FXMI_INLINE uint64_t fxmi_phys_word(const struct fxmi_kernel *k, uint64_t pa, unsigned bytes)
{
	return fxmi_pfn_is_ram(k->m, pa >> FXM_PAGE_SHIFT)
		   ? fxmi_pte_get(fxmi_frame(k->m, pa >> FXM_PAGE_SHIFT) + (pa & (FXM_PAGE_SIZE - 1)), bytes)
		   : 0;
}

/* ---- oops_text.c ---- */

/* The lines of the kernel's own text for @fault by the instruction at @pc. */
void fxmi_oops_head(const struct fxmi_kernel *k, const struct fxm_fault *fault, uintptr_t pc, bool is_access, char *head,
		    size_t size);

/* The same of BUG() number @number at @name, "FILE:LINE". */
void fxmi_bug_head(const struct fxmi_kernel *k, const char *name, unsigned number, char *head, size_t size);

/* What stands behind the number: " PREEMPT SMP". */
void fxmi_oops_words(const struct fxmi_kernel *k, char *buf, size_t size);

/* ---- report.c ---- */

/* One line and abort(): @function was to end a task, and its argument gives none. */
_Noreturn void fxmi_die_of_argument(const char *function, int error);

/* Further places of a report: what was done, and the word that was noted of where. What finds no room is left out. */
#define FXMI_NOTES 24
struct fxmi_notes {
	unsigned nr;
	struct {
		char text[96];
		uintptr_t at;
	} note[FXMI_NOTES];
};

void fxmi_note(struct fxmi_notes *notes, uintptr_t at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What a report is about. Zero-initialise, then set what applies (slot: 1 + the number). */
struct fxmi_subject {
	uint64_t va;
	const struct fxm_page *page;
	uint64_t pfn_plus_1;
	int slot_plus_1;
	const struct fxm_fault *fault;
	uintptr_t site, mapped_at, unmapped_at;
	uintptr_t taken_at; /* where the memory was taken that it is about: another place is another mistake */
	const struct fxmi_notes *notes;
	bool is_access; /* @site is the instruction itself, not the return address of a call */
	bool is_left;	/* found when all was over: who looked says nothing, @site is who left it */
};

/* BUG() at the site called @key of this profile: report and end the task. The rest is one sentence for the user. */
_Noreturn void fxmi_bug(struct fxm_vcpu *cpu, const char *key, const struct fxmi_subject *about, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* WARN at @key. */
void fxmi_warn(struct fxm_vcpu *cpu, const char *key, const struct fxmi_subject *about, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* WARN_ON_ONCE at @key; whether this was the once. */
bool fxmi_warn_once(struct fxm_vcpu *cpu, enum fxmi_once once, const char *key, const struct fxmi_subject *about, const char *fmt,
		    ...) __attribute__((format(printf, 5, 6)));

/* A detector's finding; false when it is off. @cpu may be NULL only for reports at machine destruction; then @k says whose. */
bool fxmi_finding(struct fxmi_kernel *k, struct fxm_vcpu *cpu, const char *detector, const struct fxmi_subject *about,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* callbacks.written. */
void fxmi_slab_written(struct fxm_machine *m, const struct fxmi_written *w);

/* might_sleep() at the site called @key: "sleeping function called from invalid context", if this CONFIG would say so. */
void fxmi_might_sleep(struct fxm_vcpu *cpu, const char *key);

/* Finding "sleep-in-atomic": @cpu is about to sleep, and the kernel does not notice. @why: one sentence. */
void fxmi_find_sleep(struct fxm_vcpu *cpu, const char *why);

/*
 * Whether such a finding was made last in the section that @cpu is in: kunmap() after a kmap() that was told, schedule() after a
 * cond_resched(), is the same mistake.
 */
bool fxmi_sleep_is_told(const struct fxm_vcpu *cpu);

/* Why @cpu may not sleep. */
const char *fxmi_why_atomic(const struct fxm_vcpu *cpu);

/* A report whose kernel text is made elsewhere (oops.c, deadlock). @text_head: the kernel's own lines. */
void fxmi_report(struct fxmi_kernel *k, struct fxm_vcpu *cpu, enum fxm_report_kind kind, const char *detector, const char *where,
		 const char *text_head, const struct fxmi_subject *about, const char *message);

/* Finding "leak" for each temporary mapping of the task on @cpu, which ends: nobody else can undo them. None is reported again. */
void fxmi_report_left_mapped(struct fxm_vcpu *cpu);

/* After such a report the task is gone. */
bool fxmi_report_ends_task(enum fxm_report_kind kind);

/* ---- call_site.c ---- */

#define FXMI_MAX_FRAMES 24

/*
 * The return addresses outside this library on the calling stack, innermost first; returns how many. @first: where to begin, if it
 * is on the stack; 0: at the library's caller. Slow.
 */
unsigned fxmi_call_stack(uintptr_t first, uintptr_t *pcs, unsigned max);

/* The first of them, 0 when unknown. */
uintptr_t fxmi_caller(void);

/* Who called the operation that runs on @cpu, to be kept: one word, for fxmi_noted(). The kernel tier knows its caller. */
uintptr_t fxmi_note_caller(const struct fxm_vcpu *cpu);

/* What the kept word at @site stands for; empty for 0. Valid as long as *@site and the machine. */
struct fxm_stack fxmi_noted(const struct fxmi_kernel *k, const uintptr_t *site);

int fxmi_stacks_init(struct fxmi_kernel *k);
void fxmi_stacks_free(struct fxmi_kernel *k);

/* ---- report.c ---- */

/* Notes who maps, or unmaps, slot @slot of @cpu's KMAP group, which may be none of its own. */
FXMI_INLINE void fxmi_note_map(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, int slot)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);

	if (!k->record_sites || slot < 0 || slot >= (int)k->km_type_nr)
		return;
	pc->site[slot] = fxmi_note_caller(cpu);
	pc->unmap_site[slot] = 0;
}

FXMI_INLINE void fxmi_note_unmap(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, int slot)
{
	if (k->record_sites && slot >= 0 && slot < (int)k->km_type_nr)
		fxmi_percpu(cpu)->unmap_site[slot] = fxmi_note_caller(cpu);
}

int fxmi_report_init(struct fxmi_kernel *k);
void fxmi_report_free(struct fxmi_kernel *k);

/* ---- report_fail.c ---- */

/* Keeps a report for a failure, if somebody wants failures. Returns whether. */
bool fxmi_fail_keep(struct fxmi_kernel *k, const char *text);

/* What is kept, now the caller's; then, without locks, the failure. fxmi_fail() takes the text and may not return. */
struct fxmi_failure fxmi_fail_take(struct fxmi_kernel *k);
void fxmi_fail(struct fxmi_failure *taken);

/* The current task ends, and there is nothing to go back to. */
void fxmi_fail_orphan(struct fxm_vcpu *cpu);

/* ---- history.c ---- */

/* In a noted site: a report has told what becomes of this mapping. It goes when the slot is mapped anew. */
#define FXMI_SITE_TOLD ((uintptr_t)1 << 62)

/* A slot of the FIX_KMAP group. */
struct fxmi_slot {
	struct fxm_vcpu *cpu; /* NULL: not online */
	unsigned cpu_id;
	int level; /* or type */
};

/* The slot that @va lies in; false when it lies outside the group. */
bool fxmi_slot_at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_slot *out);

/* Fills in where the slot of @va, in the group or in pkmap, was mapped last, and unmapped since. */
void fxmi_history(const struct fxmi_kernel *k, uint64_t va, struct fxmi_subject *about);

/* Whether something is mapped at @va, as its users understand it: a temporary mapping or one of kmap() until it is unmapped. */
bool fxmi_is_mapped(const struct fxmi_kernel *k, uint64_t va);

/* The mapping at @va has been told about: what comes of it is no second report. */
void fxmi_tell(struct fxmi_kernel *k, uint64_t va);

/* Says what simulated address @va is. */
void fxmi_describe(const struct fxmi_kernel *k, uint64_t va, char *buf, size_t size);

/* Where frame @pfn is mapped on @cpu, else in pkmap; 0 when it is not. */
uint64_t fxmi_mapping_of(struct fxm_vcpu *cpu, uint64_t pfn);

/* Notes that @va was @done ("mapped") at @site, if that is known. */
void fxmi_note_done(struct fxmi_notes *notes, uint64_t va, const char *done, uintptr_t site);

/*
 * What a report of an unmap out of order is about: @va, @top_site as where the mapping was made that should have gone first, and
 * in @notes what became of @va itself.
 */
struct fxmi_subject fxmi_order_subject(struct fxmi_kernel *k, uint64_t va, uintptr_t top_site, struct fxmi_notes *notes);

/* Whether the current task may not sleep, as far as can be known: kernels without PREEMPT_COUNT do not. */
bool fxmi_is_atomic(const struct fxm_vcpu *cpu);

/* Whether page faults are disabled by kmap_atomic() alone, and not by somebody who expects it. */
bool fxmi_faults_are_off(const struct fxm_vcpu *cpu);

/* Where the innermost section that may not sleep began; 0 when nobody knows. */
uintptr_t fxmi_atomic_site(const struct fxm_vcpu *cpu);

/*
 * Whether what makes @cpu atomic has been told about before: a mapping, or a mistake that left the preempt count off. If it is a
 * mapping, now it has. A kernel complains about each call that may sleep, at most once a second; here it is once for each cause,
 * and a mapping that so was named is no leak later.
 */
bool fxmi_atomic_is_told(const struct fxm_vcpu *cpu);

/* The same, for a report that is about to be made: if so, it is counted instead. */
bool fxmi_is_repeated_sleep(const struct fxm_vcpu *cpu);

/* Notes where it began, innermost, if anybody knows. Returns @notes. */
const struct fxmi_notes *fxmi_made_atomic(const struct fxm_vcpu *cpu, struct fxmi_notes *notes);

/*
 * An unmap call. @va is page aligned where it lies in a slot. @top is the address of the topmost level @level (-1: none); in the
 * typed generation, of the type @level that was given.
 */
struct fxmi_unmap {
	const char *function;
	uint64_t va, top;
	int level;
	bool is_atomic;
};

/*
 * @u was not given the topmost mapping: a finding, unless that is right or @told, by the kernel itself. Before anything
 * changes.
 */
void fxmi_check_unmap(struct fxm_vcpu *cpu, const struct fxmi_unmap *u, bool told);

/* kunmap_local() of what kmap_atomic() mapped, or kunmap_atomic() of what kmap_local_page() did. Whether that is told. */
bool fxmi_check_unmap_call(struct fxm_vcpu *cpu, const struct fxmi_unmap *u);

/* The same of typed slots, for every unmap that the kernel does not check itself. @is_live: the type is mapped. */
void fxmi_check_unmap_type(struct fxm_vcpu *cpu, const struct fxmi_unmap *u, bool is_live);

/* ---- watch.c ---- */

/* callbacks.watch. */
void fxmi_on_watch(struct fxm_vcpu *cpu, const struct fxmi_watch_info *info);

/* Has accesses watched, if a detector wants that. */
void fxmi_watch_init(struct fxmi_kernel *k);

/*
 * A pointer into the page at @from (0: unknown) is about to be used in another one, @into. If @from is a mapping of one page, and
 * @into another mapping, that is a finding. Where nothing is mapped yet, the access decides.
 */
void fxmi_pointer_overrun(struct fxm_vcpu *cpu, uint64_t from, uint64_t into, enum fxm_access access, uintptr_t site);

/* It faulted at @va, in @pc, which is told now. Whether it was told before. */
bool fxmi_pointer_faulted(struct fxm_vcpu *cpu, uint64_t va, uintptr_t pc);

/* @task ends, or somebody asks for all reports: if it has not faulted until now, it went through. */
void fxmi_pointer_settle(struct fxm_vcpu *cpu, struct fxm_task *task);

/* The entry of the base page at @va was replaced, and @cpu alone flushed it. */
void fxmi_watch_replaced(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va);

/* ---- oops.c ---- */

extern const struct fxmi_callbacks fxmi_kernel_callbacks;

/*
 * do_page_fault() of an access that cannot be served: the oops, then the task ends. @is_access: @pc is the instruction that did
 * it, otherwise the return address of the call that did.
 */
_Noreturn void fxmi_oops(struct fxm_vcpu *cpu, const struct fxm_fault *fault, uintptr_t pc, bool is_access,
			 const char *explanation);

/* ---- text.c ---- */

/* A text that grows in @buf up to @size; @used is its whole length. */
struct fxmi_text {
	char *buf;
	size_t size, used;
};

void fxmi_text_add(struct fxmi_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- walk_text.c ---- */

/* The line with what @va is called: its pkmap slot, fixed address or region. */
void fxmi_text_add_name(struct fxmi_text *t, const struct fxmi_kernel *k, uint64_t va);
void fxmi_text_add_walk(struct fxmi_text *t, const struct fxmi_kernel *k, uint64_t va);

/* ---- kernel_tier.c ---- */

/* Frees what the kernel tier keeps of a machine. */
void fxmi_tier_free(struct fxmi_kernel *k);

/* kernel_held.c: reports (finding "leak") what kernel-tier code took and has not given back; returns how many things. */
unsigned fxmi_held_leaks(struct fxmi_kernel *k);

/* The same for kernel threads that nobody stopped: they run code of a module that goes. */
unsigned fxmi_kthread_leaks(struct fxmi_kernel *k);

/* ---- symbolize.c ---- */

/*
 * "function+0x12 (file.c:34)" for a host code address, as much of it as can be found. Never fails. An address behind a call counts
 * as the call's; fxmi_symbolize_access() is for the address of an instruction that trapped, which may lie there too.
 */
struct fxmi_code_place {
	uintptr_t pc;
	char function[160]; /* "": nothing is known */
	unsigned long offset;
	char file[256]; /* the source, or the object when there is no debug information; "": unknown */
	unsigned line;	/* 0: unknown */
};
void fxmi_code_place(uintptr_t pc, bool is_access, struct fxmi_code_place *place);

/* The text of it: "function+0x12 (file.c:34)". */
void fxmi_code_place_text(const struct fxmi_code_place *place, char *buf, size_t size);
void fxmi_symbolize(uintptr_t pc, char *buf, size_t size);
void fxmi_symbolize_access(uintptr_t pc, char *buf, size_t size);

/* ---- trace.c ---- */

/* What a helper of linux/highmem.h did so far. Its maps belong to its line and make none of their own. */
struct fxmi_helper {
	const struct fxm_page *source; /* src=, or NULL */
	unsigned maps;		       /* calls that returned */
	char calls[256];	       /* +ADDRESS and -ADDRESS in order */
};

/* A traced operation: lives on the operating stack between begin and end. */
struct fxmi_op {
	const char *name;
	char prot[20];		     /* kmap_atomic_prot: what stands behind the name, ":RO" */
	const struct fxm_page *page; /* ARG */
	uint64_t address;	     /* RET, or the address passed */
	char detail[112];	     /* k=v fields known before the operation (type=, name= fix= phys= prot=), "" if none */
	char tlb[3072];		     /* what was flushed so far, joined by + */
	char expects[512];	     /* lines of the reports so far */
	char cache[256];	     /* cache= of an architecture that writes caches back, "" if nothing was */
	int flushed;		     /* slots freed by flush_all_zero_pkmaps */
	bool slept;		     /* kmap: kmap-enter was written */
	struct fxmi_helper *helper;  /* of a page helper */
	struct fxmi_op *outer;
};

/* True when @cpu's machine is being traced. */
FXMI_INLINE bool fxmi_tracing(const struct fxm_vcpu *cpu)
{
	return fxmi_rare(cpu) & FXMI_RARE_TRACE;
}

/* Begins an operation; without tracing only marks @op as unused. Every begin is paired with one end, or dies with its task. */
void fxmi_op_begin(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *name, const struct fxm_page *page, uint64_t address);

/* The protection of a kmap_atomic_prot: ":RO", ":NC", or its bits. */
void fxmi_op_prot(struct fxm_vcpu *cpu, struct fxmi_op *op, uint64_t prot);

/* Ends it with the line of its family. */
void fxmi_op_end_kmap(struct fxm_vcpu *cpu, struct fxmi_op *op);		   /* kmap, kunmap, kmap_flush_unused */
void fxmi_op_end_atomic(struct fxm_vcpu *cpu, struct fxmi_op *op);		   /* kmap_atomic*, kunmap_atomic, peek */
void fxmi_op_end_fixmap(struct fxm_vcpu *cpu, struct fxmi_op *op, uint32_t index); /* set_fixmap*, clear_fixmap */
void fxmi_op_end_helper(struct fxm_vcpu *cpu, struct fxmi_op *op);		   /* the page helpers */
void fxmi_op_end_fields(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* kmap is about to sleep: kmap-enter and ev lines. After it the op goes on with an empty flush list. */
void fxmi_op_sleeps(struct fxm_vcpu *cpu, struct fxmi_op *op);

/* Before and after a sleep, resuming without kmap_lock: others' operations come in between. @op NULL: not traced. */
void fxmi_op_pause(struct fxm_vcpu *cpu, struct fxmi_op *op);
void fxmi_op_resume(struct fxm_vcpu *cpu, struct fxmi_op *op);

/* Notes a flush for tlb= / freed slots for flushed= in the operation in progress. */
void fxmi_op_tlb(struct fxm_vcpu *cpu, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fxmi_op_flushed(struct fxm_vcpu *cpu, int slots);

/* Notes caches written back for cache=. No cache is modelled. */
void fxmi_op_cache(struct fxm_vcpu *cpu, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A report happened: the `expect` line. @dies: the operation in progress ends here, as a `do` line. */
void fxmi_trace_report(struct fxm_vcpu *cpu, enum fxm_report_kind kind, const char *where, const struct fxm_fault *fault,
		       bool dies);

/* Another CPU came online. */
void fxmi_trace_cpu_online(struct fxm_vcpu *cpu);

/* A heading, when somebody traces. */
void fxmi_trace_mark(struct fxmi_kernel *k, const char *text);

int fxmi_trace_init(struct fxmi_kernel *k);
void fxmi_trace_free(struct fxmi_kernel *k);

/* ---- the TLB flushes of the simulated kernel: what is traced, then what happens ---- */

/* __flush_tlb_one() on this CPU. */
FXMI_INLINE void fxmi_flush_tlb_one(struct fxm_vcpu *cpu, uint64_t va)
{
	if (fxmi_unlikely(fxmi_tracing(cpu)))
		fxmi_op_tlb(cpu, "one:%llx", (unsigned long long)va);
	fxmi_tlb_flush_one(cpu, va);
}

/* local_flush_tlb_kernel_range() of one base page, on this CPU (arm). */
FXMI_INLINE void fxmi_flush_tlb_local_range(struct fxm_vcpu *cpu, uint64_t start, uint64_t end)
{
	if (fxmi_unlikely(fxmi_tracing(cpu)))
		fxmi_op_tlb(cpu, "range:%llx-%llx", (unsigned long long)start, (unsigned long long)end);
	fxmi_tlb_flush_range(cpu, start, end);
}

/* flush_tlb_kernel_range() on all CPUs. */
void fxmi_flush_tlb_kernel_range(struct fxm_vcpu *cpu, uint64_t start, uint64_t end);

#endif
