/* SPDX-License-Identifier: MIT */
#ifndef FXMI_TLB_H
#define FXMI_TLB_H

/*
 * TLB primitives, the only places that flush, and what src/ may see of accesses.
 */

#include "pgtable.h"
#include "vcpu.h"

/* ---- TLB ---- */

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

/* ---- watching ---- */

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
	uintptr_t pc; /* window: the accessing instruction; a checked access: the return address of the check; else 0 */
	bool is_return_address;
};

#endif
