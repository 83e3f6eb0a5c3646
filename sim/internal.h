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
void fxmi_physmem_free(struct fxm_machine *m);

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

/* Whether the allocation that is about to happen shall fail. zone_lock held. */
bool fxmi_alloc_fails_locked(struct fxmi_physmem *mem);

/* ---- kmalloc --------------------------------------------------------------------------------------------------------- */

/* fxm_kmalloc() on behalf of @site, a return address that leak reports show. */
fxm_va fxmi_kmalloc(struct fxm_machine *m, size_t size, unsigned gfp, uintptr_t site);

/*
 * Calls @fn for every live allocation, the newest slab's first, until it returns non-zero; returns that. @size is what was
 * asked for. zone_lock is held: @fn must not allocate or free.
 */
int fxmi_kmalloc_each(struct fxm_machine *m, int (*fn)(void *arg, fxm_va va, size_t size, uintptr_t site), void *arg);

/* ---- translation ----------------------------------------------------------------------------------------------------- */

/* What a walk found. */
struct fxmi_translation {
	uint64_t entry;	     /* the leaf as it is in memory now, frame bits adjusted to the 4K page */
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

/* Where an entry of level @level points, of the 4K page that @va is in when it is a leaf. */
FXMI_INLINE uint64_t fxmi_pt_frame(const struct fxmi_pt_format *f, unsigned level, uint64_t entry)
{
	return entry & f->frame_mask & ~((UINT64_C(1) << f->level[level].shift) - 1);
}

/* Whether a present entry of level @level maps memory. */
FXMI_INLINE bool fxmi_pt_is_leaf(const struct fxmi_pt_format *f, unsigned level, uint64_t entry)
{
	return level + 1 == f->levels || (f->level[level].may_be_large && (entry & f->large));
}

/* Bits that entries of level @level lack and that count as set. */
FXMI_INLINE uint64_t fxmi_pt_absent(const struct fxmi_pt_format *f, unsigned level)
{
	return level == 0 ? (f->write | f->user | f->accessed) & ~f->root_flags : 0;
}

FXMI_INLINE unsigned fxmi_pt_index(const struct fxmi_pt_format *f, unsigned level, uint64_t va)
{
	return va >> f->level[level].shift & ((1u << f->level[level].bits) - 1);
}

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

#endif
