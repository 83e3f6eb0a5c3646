/* SPDX-License-Identifier: MIT */
#ifndef FXMI_LANES_H
#define FXMI_LANES_H

/*
 * Pointers with identity, and what is known of each.
 *
 * The host shows all of RAM several times side by side, once in each lane:
 *
 *     lane 0 | frame 0, frame 1, ... |   lane 1 | frame 0, frame 1, ... |   ...
 *
 * A mapping of frame f hands out the address of f in the lane whose turn it is, so a pointer of an earlier mapping of the same
 * slot, or of the same frame, is another address. It is never taken away: no system call at a map, an unmap or an access. Frames of
 * even and odd numbers use lanes of even and odd numbers: the page before and the page behind one that is handed out is nobody's.
 *
 * A word for each alias page says whose it is:
 *
 *     0..8   the vCPU that may use it as READ and WRITE say; ANYONE: every one; for BOUND ones the owner
 *     9..12  READ, WRITE: granted; LIVE: the mapping has not been undone; AWAY: its task sits on no vCPU
 *     13     ENDED: it has been undone
 *     16..31 MOVED: the host page shows another frame than the lane's; REUSED: an identity that came round again; BOUND;
 *            TOLD_*: what was reported of the mapping, so that a second, different mistake is told too
 *     32..63 the simulated address of the page: kernels of 32 bits alone have aliases
 *
 * Nothing is granted when a mapping begins: the first access asks the vCPU's TLB, and is granted what that says.
 *
 * Who maps claims a word by compare-and-swap; it is its slot's until the mapping ends, and the owner of the slot alone ends it.
 * Others add TOLD_* and grants by compare-and-swap.
 */

#include "kmalloc.h"
#include "window.h"

enum {
	FXMI_WORD_WHO = 0x1ff,
	FXMI_WORD_ANYONE = 0x1ff,
	FXMI_WORD_READ = 1 << 9,
	FXMI_WORD_WRITE = 1 << 10,
	FXMI_WORD_LIVE = 1 << 11,
	FXMI_WORD_AWAY = 1 << 12,
	FXMI_WORD_ENDED = 1 << 13,
	FXMI_WORD_MOVED = 1 << 16,
	FXMI_WORD_REUSED = 1 << 17,
	FXMI_WORD_BOUND = 1 << 18,
	FXMI_WORD_TOLD_STALE = 1 << 20,
	FXMI_WORD_TOLD_FOREIGN = 1 << 21,
	FXMI_WORD_TOLD_BEHIND = 1 << 22,
	FXMI_WORD_TOLD_BEFORE = 1 << 23,
	FXMI_WORD_TOLD_FREED = 1 << 24,
	FXMI_WORD_VA_SHIFT = 32
};
#define FXMI_WORD_KEY_MASK UINT64_C(0xffff)
#define FXMI_WORD_REUSED_BY (FXMI_WORD_REUSED / FXMI_WORD_ENDED)
#define FXMI_WORD_GRANTED (FXMI_WORD_READ | FXMI_WORD_WRITE | FXMI_WORD_LIVE)
#define FXMI_SLOTS (UINT64_C(1) << (32 - FXM_PAGE_SHIFT))
#define FXMI_WORD_NONE 0x1fe /* WHO of one that nobody has been granted */

FXMI_INLINE uint64_t fxmi_word(const struct fxmi_view *v, uint64_t page)
{
	return atomic_load_explicit(&v->word[page], memory_order_relaxed);
}

FXMI_INLINE uint64_t fxmi_word_va(uint64_t word)
{
	return word >> FXMI_WORD_VA_SHIFT;
}

FXMI_INLINE bool fxmi_has_lanes(const struct fxmi_view *v)
{
	return v->alias_bytes;
}

/* What begins at @va: all of a word but the grants. */
FXMI_INLINE uint64_t fxmi_word_of(uint64_t va, uint32_t who, bool is_bound)
{
	return va << FXMI_WORD_VA_SHIFT | FXMI_WORD_LIVE | (is_bound ? FXMI_WORD_BOUND : 0) | who;
}

/* What a page of slots is for. */
enum fxmi_slot_kind {
	FXMI_SLOT_PLAIN, /* its pointers are the page's own address: they have no identity */
	FXMI_SLOT_CPU,	 /* temporary mappings of one vCPU, for nobody else */
	FXMI_SLOT_POOL,	 /* pkmap: every vCPU's, and flushed on all */
	FXMI_SLOT_FIXED	 /* a fixed address: flushed on some */
};

struct fxmi_lanes {
	unsigned nr, shift;  /* how many, and of how many pages: a power of two */
	unsigned char *host; /* NULL: none were made */
	unsigned char *spare; /* made in an earlier life of the machine: `host` of the next one. One of the two is NULL */
	bool has_moved;	      /* some page shows, or showed, another frame than the lane's */
	_Atomic uint64_t *word;
	struct fxmi_places *places;
	uint32_t *shows; /* 1 + the frame that a page shows when it is not the lane's; 0: it is. lock */
	unsigned char *turn;
	uint64_t slots_va, slots; /* the pages that hold slots */
	uint64_t first;		  /* of them, the first that is not PLAIN; vmalloc areas lie below */
	unsigned char *kind;	  /* enum fxmi_slot_kind of each page of 4 GiB; sparse, as the next two */
	uint32_t *alias_of;
	unsigned char *told; /* of each: what was told of accesses by its own address, since a mapping began there */
	bool is_announced;   /* some code announces its accesses */
	bool is_over;	     /* some does not: no mapping gets an alias from here on */
	pthread_mutex_t lock;
};

FXMI_INLINE uint64_t fxmi_alias_pages(const struct fxmi_lanes *l)
{
	return (uint64_t)l->nr << l->shift;
}

/* A machine of window=checked gets one; aliases come with fxmi_window_identify(). -ENOMEM. */
int fxmi_lanes_init(struct fxm_machine *m);
void fxmi_lanes_free(struct fxm_machine *m);

/* The aliases go, with all that is known of them. */
void fxmi_lanes_drop(struct fxm_machine *m);
void fxmi_lanes_after_fork(struct fxm_machine *m);
bool fxmi_lanes_contain(const struct fxm_machine *m, uintptr_t host); /* in its aliases */

/* The pages of slots, all PLAIN, in place of any others before; then what some of them are. No pointer may be in use. -ENOMEM. */
int fxmi_lanes_slots(struct fxm_machine *m, uint64_t va, uint64_t end);
void fxmi_lanes_kind(struct fxm_machine *m, uint64_t va, uint64_t pages, enum fxmi_slot_kind kind);

/* Whether code that uses the machine announces its accesses, and whether all of it does, so that pointers can have identity. */
void fxmi_window_identify(struct fxm_machine *m, bool is_announced, bool wants_identity);

/* @cpu->view after a change of the machine's. */
void fxmi_view_set(struct fxm_vcpu *cpu);

/* What fxmi_window_begin() and _end_range() do beside the residents. */
void fxmi_lanes_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry);
void fxmi_lanes_end(struct fxm_vcpu *cpu, uint64_t va, uint64_t pages);

/* Has alias page @page show frame @pfn. */
void fxmi_lane_show(struct fxm_machine *m, uint64_t page, uint64_t pfn);

/* Where the pointer at alias page @page, which is nobody's, came from. */
bool fxmi_lane_origin(const struct fxmi_view *v, uint64_t page, uint64_t *origin);
uint64_t fxmi_lane_va_of_low(const struct fxmi_view *v, uint32_t low);

/* The general forms; @place: noted as where it was mapped, unmapped. begin gives 0 where all lanes of the frame are in use. */
uintptr_t fxmi_lane_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t pfn, bool is_bound, uintptr_t place);

/*
 * The task of the mapping at @va leaves its vCPU / sits down again, and its PTE goes and comes with it: the same mapping, with the
 * same pointer. @alias: what away gave.
 */
uint32_t fxmi_window_away(struct fxm_vcpu *cpu, uint64_t va);
void fxmi_window_back(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry, uint32_t alias);

/* The pointer that the mapping at @va has: the alias, or the slot's own address. */
void *fxmi_lane_pointer(const struct fxmi_view *v, uint64_t va);

/* The simulated address of a pointer into the aliases; 0 when it is near none that was handed out. */
uint64_t fxmi_lane_va(const struct fxmi_view *v, uintptr_t host);

/* The simulated address of the mapping that @host, which may have moved since, is a pointer of; 0: nothing tells. */
uint64_t fxmi_lane_mapping(const struct fxmi_view *v, uintptr_t host);

FXMI_INLINE bool fxmi_is_alias(const struct fxmi_view *v, uintptr_t host)
{
	return host - v->alias_host < v->alias_bytes;
}

/* Where the fast forms below end when there is something to look at. */
void *fxmi_pointer_begin_slow(struct fxm_vcpu *cpu, uint64_t va, uint64_t pfn, uintptr_t place, uintptr_t caller);
int fxmi_pointer_end_slow(struct fxm_vcpu *cpu, uint64_t va, uintptr_t place);

/*
 * The pointer of a new mapping of highmem frame number @frame at @va, in a slot of this CPU. Where its use will be a fault, the
 * window's handler is put back in front, where somebody else's may be: once for each place that maps (@caller), which costs nothing
 * in a loop and is enough for a test framework that installs its own around each test.
 */
FXMI_INLINE void *fxmi_pointer_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t frame, uintptr_t place, uintptr_t caller)
{
	const struct fxmi_view *v = &cpu->view;
	uint64_t pfn = v->first_high + frame;

	if (fxmi_unlikely(atomic_load_explicit(v->nr_resident, memory_order_relaxed)))
		return fxmi_pointer_begin_slow(cpu, va, pfn, place, caller);
	if (!fxmi_has_lanes(v)) {
		if (fxmi_unlikely(v->armed[caller >> 2 & 15] != caller))
			return fxmi_pointer_begin_slow(cpu, va, pfn, place, caller);
		return (void *)(uintptr_t)(va + v->delta);
	}
	unsigned turn = v->turn[pfn] + 1u;
	uint64_t page = ((turn * 2 + (unsigned)pfn) & v->lane_mask) * v->lane_pages + pfn;
	uint64_t old = fxmi_word(v, page),
		 begun = va << FXMI_WORD_VA_SHIFT | (old & FXMI_WORD_ENDED) * FXMI_WORD_REUSED_BY | v->begun;

	if (fxmi_unlikely(old & (FXMI_WORD_LIVE | FXMI_WORD_AWAY | FXMI_WORD_MOVED)) ||
	    fxmi_unlikely(
		!atomic_compare_exchange_strong_explicit(&v->word[page], &old, begun, memory_order_relaxed, memory_order_relaxed)))
		return fxmi_pointer_begin_slow(cpu, va, pfn, place, caller);
	v->turn[pfn] = (unsigned char)turn;
	v->alias_of[va >> FXM_PAGE_SHIFT] = (uint32_t)page + 1;
	if (place)
		v->places[page].mapped = place;
	return (void *)(v->alias_host + (page << FXM_PAGE_SHIFT));
}

/* What stops the fast way of fxmi_pointer_unmap(): the slow one decides. */
#define FXMI_SLOW 1

/* Never 0: for who must tell every begin and end, whether any page is resident or not. */
extern const _Atomic uint64_t fxmi_always;

/*
 * Undoes the mapping that @address points into by @unmap, which takes simulated addresses and @arg; FXMI_SLOW: nothing has
 * happened. @place: as for begin.
 */
FXMI_INLINE int fxmi_pointer_unmap(struct fxm_vcpu *cpu, uintptr_t address, uintptr_t place, uintptr_t arg,
				   int (*unmap)(struct fxm_vcpu *cpu, fxm_va va, uintptr_t arg))
{
	struct fxmi_view *v = &cpu->view;
	uint64_t offset = address - v->alias_host, page = offset >> FXM_PAGE_SHIFT;

	if (offset >= v->alias_bytes) {
		uint64_t va = address - v->delta;

		if (fxmi_unlikely(fxmi_has_lanes(v)) || fxmi_unlikely(unmap(cpu, fxm_va_of(va), arg)))
			return FXMI_SLOW;
		if (fxmi_unlikely(atomic_load_explicit(v->nr_resident, memory_order_relaxed)))
			return fxmi_pointer_end_slow(cpu, va, place);
		return 0;
	}
	uint64_t word = fxmi_word(v, page), va = fxmi_word_va(word);

	if (fxmi_unlikely(!(word & FXMI_WORD_LIVE)) || fxmi_unlikely(unmap(cpu, fxm_va_of(va), arg)))
		return FXMI_SLOW;
	word = (word & ~(uint64_t)(FXMI_WORD_READ | FXMI_WORD_WRITE | FXMI_WORD_LIVE)) | FXMI_WORD_ENDED;
	atomic_store_explicit(&v->word[page], word, memory_order_relaxed);
	fxmi_view_cool(v); /* a slot of this CPU was granted to nobody else */
	if (place)
		v->places[page].unmapped = place;
	if (fxmi_unlikely(atomic_load_explicit(v->nr_resident, memory_order_relaxed)))
		return fxmi_pointer_end_slow(cpu, va, place);
	return 0;
}

/* ---- accesses (check.c) ---- */

/* What is wrong with one that the hardware would let pass. */
enum fxmi_wrong {
	FXMI_STALE,	 /* by a pointer of a mapping that has been undone; what the slot has now is used */
	FXMI_AWAY,	 /* by the pointer of a mapping whose task does not run now */
	FXMI_FOREIGN,	 /* by the pointer of another vCPU's temporary mapping */
	FXMI_OFF_PAGE,	 /* by a pointer that ran off its page, into what lies there */
	FXMI_PAGE_FREED, /* of a page that was given back */
	FXMI_OBJECT	 /* of a byte that is no object's of kmalloc() */
};

struct fxmi_access {
	enum fxmi_wrong wrong;
	uint64_t va;   /* where it is */
	uint64_t from; /* OFF_PAGE: the page that the pointer is for */
	size_t size;
	enum fxm_access access;
	uintptr_t pc;		   /* the return address of the check */
	struct fxm_vcpu *owner;	   /* FOREIGN, AWAY */
	struct fxmi_places places; /* of the mapping that the pointer is of */
	uint64_t pfn;		   /* ... the frame of that, or the freed one */
	bool is_reused;		   /* the identity is not the first of its kind: it may be an earlier mapping's */
	bool has_now;		   /* STALE: the slot is mapped again, and where */
	uintptr_t now_mapped;
	bool is_repeated;	   /* OFF_PAGE: one was told of this mapping and direction */
	bool is_cached;		   /* STALE: the page table has nothing there, but this vCPU's TLB still has */
	bool is_present;	   /* the page table has something there: the kernel goes on */
	struct fxmi_object object; /* OBJECT */
};

/*
 * An access that compiled code announces, before it is made; @pc: the return address into that code. Returns when the host page
 * shows what the access finds in the simulated machine; what forbids it goes to callbacks.trap, what is only wrong to
 * callbacks.access. The first two are where the fast way below ends. Any thread, also in a signal handler.
 */
void fxmi_check_alias(uintptr_t address, size_t size, enum fxm_access access, uintptr_t pc);
void fxmi_check_direct(uintptr_t address, size_t size, enum fxm_access access, uintptr_t pc);
void fxmi_check_elsewhere(uintptr_t address, size_t size, enum fxm_access access, uintptr_t pc);

/* The same of any size, 0 too. */
void fxmi_check_range(uintptr_t address, size_t size, enum fxm_access access, uintptr_t pc);

/* @size: constant, at most 16. */
FXMI_INLINE void fxmi_check(uintptr_t address, size_t size, enum fxm_access access, uintptr_t pc)
{
	const struct fxmi_view *v = fxmi_view;
	uintptr_t hot = atomic_load_explicit(&v->hot[access == FXM_WRITE], memory_order_relaxed);

	if (fxmi_likely(address - hot <= FXM_PAGE_SIZE - size))
		return;
	uint64_t offset = address - v->direct_host;

	if (offset < v->direct_bytes) {
		/* what crosses 8 bytes is looked at more closely */
		if (fxmi_unlikely((offset & 7) > 8 - (size < 8 ? size : 8)) || fxmi_unlikely(v->shadow[offset >> 3]) ||
		    (size == 16 && fxmi_unlikely(v->shadow[(offset >> 3) + 1])))
			fxmi_check_direct(address, size, access, pc);
		return;
	}
	offset = address - v->alias_host;
	if (offset < v->alias_bytes) {
		uint32_t word = (uint32_t)fxmi_word(v, offset >> FXM_PAGE_SHIFT) & FXMI_WORD_KEY_MASK;

		if (fxmi_unlikely(word != v->key && word != (FXMI_WORD_GRANTED | FXMI_WORD_ANYONE)) ||
		    fxmi_unlikely((offset & (FXM_PAGE_SIZE - 1)) > FXM_PAGE_SIZE - size) || fxmi_unlikely(hot == FXMI_NOT_HOT))
			fxmi_check_alias(address, size, access, pc);
		return;
	}
	if (fxmi_unlikely(address - v->slots_host < v->slots_bytes))
		fxmi_check_elsewhere(address, size, access, pc);
}

#endif
