/* SPDX-License-Identifier: MIT */
#ifndef FXMI_WINDOW_H
#define FXMI_WINDOW_H

/*
 * The window: what of the simulated memory the host's page table shows, and the accesses that it stops.
 */

#include "tasks.h"
#include "tlb.h"

/* What stands resident in one page of a lazy segment. */
struct fxmi_resident {
	uint64_t pfn_plus_1; /* 0: nothing does */
	bool writable;
	bool poisoned; /* for AddressSanitizer: its mapping has ended */
};

/* A run of simulated addresses that the window shows. */
struct fxmi_segment {
	uint64_t start, size; /* simulated */
	bool lazy;	      /* false: one shared mapping of frames from phys 0 on (the direct map) */
	unsigned char *host;  /* NULL without a window */
	_Atomic unsigned long *resident; /* lazy: a bit per page */
	struct fxmi_resident *page;	 /* lazy: guarded by window.lock, as the next */
	uint64_t touched;		 /* no page from this one on was ever resident */
};

struct fxmi_window {
	enum fxm_window_mode mode;
	bool identity;
	bool poisons;		 /* a page that stays after its mapping is poisoned: sim/window/poison.c */
	bool wants_all;		 /* every begin and end has to be told, in the order in which they happen: eager, or poisons */
	bool wants_users;	 /* pkmap's first and last users, under its lock: poisons, or checked */
	pthread_mutex_t lock;	 /* residency changes */
	unsigned char *reserved; /* the PROT_NONE reservation */
	size_t reserved_bytes;
	uint64_t reserved_start; /* simulated address of its first byte */
	int64_t delta;		 /* host - simulated */
	uint64_t low_bytes;	 /* so much of the reservation has that delta: all, or what lies below the hole that is left out */
	uint64_t hole_end;	 /* simulated; from here on, host = simulated + delta - hole_bytes */
	uint64_t hole_bytes;
	unsigned nr_segments;
	struct fxmi_segment segment[FXMI_SEGMENTS];
	_Atomic uint64_t faults, system_calls, nr_resident;
};

/* Where simulated @va lies in the reservation of @w, and which address its host address @host shows. */
FXMI_INLINE uintptr_t fxmi_window_host(const struct fxmi_window *w, uint64_t va)
{
	uint64_t hole = w->hole_bytes && va >= w->hole_end ? w->hole_bytes : 0;

	return (uintptr_t)(va + (uint64_t)w->delta - hole);
}

FXMI_INLINE uint64_t fxmi_window_va(const struct fxmi_window *w, uintptr_t host)
{
	uint64_t hole = w->hole_bytes && host - (uintptr_t)w->reserved >= w->low_bytes ? w->hole_bytes : 0;

	return host - (uint64_t)w->delta + hole;
}

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

/* Of these, what concerns the host's pages alone. */
void fxmi_residents_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry);
void fxmi_residents_end(struct fxm_vcpu *cpu, uint64_t va, uint64_t n);

/* The same end for @n consecutive pages, with one system call. */
void fxmi_window_end_range(struct fxm_vcpu *cpu, uint64_t va, uint64_t n);

/*
 * The lazy segments of @desc, as many as there are, in place of the present ones; nothing stays resident. The others stay. No
 * other thread may use the window meanwhile. -ENOMEM: nothing has changed.
 */
int fxmi_window_move(struct fxm_machine *m, const struct fxmi_desc *desc);

/* ---- traps ---- */

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
	bool is_return_address; /* pc is, of the check that found the access */
	struct fxmi_places places; /* of the mapping whose pointer was used, if that is known */
};

#endif
