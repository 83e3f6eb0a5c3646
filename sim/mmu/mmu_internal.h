/* SPDX-License-Identifier: MIT */
#ifndef FXMI_MMU_INTERNAL_H
#define FXMI_MMU_INTERNAL_H

/*
 * What the rooms of sim/ see of `mmu` and src/ does not need.
 */

#include "mem_internal.h"
#include "tlb.h"

/* An empty root table; sets m->root_pfn. The tables are freed with the frames. */
int fxmi_pgtable_init(struct fxm_machine *m);

void fxmi_tlb_init(struct fxm_vcpu *cpu);

/* ---- translation ---- */

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

/* ---- TLB ---- */

/*
 * After it, every other thread's stores before its latest load are visible here. This is what an IPI would give; the fill
 * path pays nothing for it.
 */
void fxmi_barrier_all_threads(void);

/* callbacks.watch, on a machine that is watched. */
FXMI_INLINE void fxmi_watch(struct fxm_vcpu *cpu, enum fxmi_watch what, uint64_t va, enum fxm_access access, uint64_t pfn,
			    uintptr_t pc)
{
	void (*watch)(struct fxm_vcpu *, const struct fxmi_watch_info *) = fxmi_callback(cpu->machine, watch);

	if (watch)
		watch(cpu, &(struct fxmi_watch_info){what, va, access, pfn, pc ? pc : cpu->access_pc, !pc && cpu->access_pc});
}

/* For functions that cannot return -ECHILD. */
FXMI_INLINE void fxmi_check_alive(const struct fxm_vcpu *cpu)
{
	if (fxmi_unlikely(fxmi_rare(cpu) & FXMI_RARE_DEAD))
		fxmi_die_forked();
}

/* ---- self-check ---- */

/* The vCPUs' TLBs. No other thread may access memory or flush. */
bool fxmi_mmu_is_valid(const struct fxm_machine *m);

bool fxmi_tlb_is_valid(const struct fxm_vcpu *cpu);

#endif
