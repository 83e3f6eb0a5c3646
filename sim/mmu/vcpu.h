/* SPDX-License-Identifier: MIT */
#ifndef FXMI_VCPU_H
#define FXMI_VCPU_H

/*
 * A vCPU: its counters, its TLB, and who sits on it.
 */

#include <fixmap/mmu.h>

#include "board.h"
#include "view.h"

/* ---- TLB entries ---- */

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

/* ---- counters ---- */

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

#define FXMI_PERCPU_BYTES 320
#define FXMI_MAX_CONTEXTS 16

/* ---- the vCPU ---- */

/* Why the fast paths of src/ must take their slow form. */
#define FXMI_RARE_TRACE 0x1u
#define FXMI_RARE_DEAD 0x8u /* the machine belongs to another process (forked) */
#define FXMI_RARE_INJECT 0x10u /* something is injected at a point that the slow forms pass */

struct fxm_vcpu {
	/* hot: one cache line with what a kmap_atomic pair touches, then src's per-CPU area */
	uint64_t counts; /* of whoever sits here: others read it by fxmi_counts() */
	uint32_t rare; /* FXMI_RARE_*; 0 on the fast path */
	uint32_t id;
	struct fxm_machine *machine;
	struct fxm_task *current; /* never NULL: the idle task when nobody sits here */
	_Alignas(64) unsigned char percpu[FXMI_PERCPU_BYTES]; /* src/'s per-CPU data */

	struct fxmi_view view;
	struct fxmi_tlb_entry tlb[FXMI_TLB_SETS][FXMI_TLB_WAYS];
	_Atomic uint64_t tlb_generation; /* flushes by others: begun so far * 2^16 + going on now; re-checked by a fill */

	struct fxm_fault last_fault;
	uintptr_t access_pc;   /* the return address of the check that asks the TLB; 0: nobody */
	bool access_has_owner; /* whose mapping that is for has been looked at */
	int irq_disabled; /* 0 or 1: the complement of IF. Entering an interrupt sets it, leaving restores it */
	unsigned contexts;
	uint32_t irq_saved; /* bit n: irq_disabled when context n was entered */
	unsigned char context[FXMI_MAX_CONTEXTS]; /* enum fxm_context, innermost last */

	struct fxm_task *idle;
	pthread_mutex_t seat_lock; /* guards seat_taken, seat_queue, and current for others than its holder */
	bool seat_taken;	   /* a task has the right to run here; without one, current is idle */
	struct fxmi_seat_waiter *seat_queue; /* first come, first seated; sim/task/seat.c */
};

/* What the calling thread sees: its vCPU's, or a stranger's. Never NULL. */
extern __thread const struct fxmi_view *fxmi_view __attribute__((tls_model("initial-exec"), visibility("hidden")));
extern const struct fxmi_view fxmi_strangers_view;

/* The calling thread or fibre sits on @cpu from here on; NULL: on none. */
FXMI_INLINE void fxmi_sit(struct fxm_vcpu *cpu)
{
	fxmi_self = cpu;
	fxmi_view = cpu ? &cpu->view : &fxmi_strangers_view;
}

/* cpu->rare, which another thread may be changing. */
FXMI_INLINE uint32_t fxmi_rare(const struct fxm_vcpu *cpu)
{
	return __atomic_load_n(&cpu->rare, __ATOMIC_RELAXED);
}

/* cpu->counts, for others than whoever sits there. */
FXMI_INLINE uint64_t fxmi_counts(const struct fxm_vcpu *cpu)
{
	return fxmi_read_once(cpu->counts);
}

FXMI_INLINE void fxmi_counts_set(struct fxm_vcpu *cpu, uint64_t counts)
{
	fxmi_write_once(cpu->counts, counts);
}

FXMI_INLINE void fxmi_counts_add(struct fxm_vcpu *cpu, uint64_t n)
{
	fxmi_write_once(cpu->counts, cpu->counts + n);
}

FXMI_INLINE void fxmi_counts_sub(struct fxm_vcpu *cpu, uint64_t n)
{
	fxmi_write_once(cpu->counts, cpu->counts - n);
}

/* preempt_count_set(), to what it is in @counts. */
FXMI_INLINE void fxmi_counts_set_preempt(struct fxm_vcpu *cpu, uint64_t counts)
{
	fxmi_counts_set(cpu, (cpu->counts & ~(uint64_t)UINT32_MAX) | (counts & UINT32_MAX));
}

#endif
