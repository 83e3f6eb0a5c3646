/* SPDX-License-Identifier: MIT */
#ifndef FXMI_AREA_H
#define FXMI_AREA_H

/*
 * The room `area`: the vmalloc area of 32-bit kernels, and the calls that map a part of it: vmalloc(), vmap(), ioremap(),
 * memremap(). Each part has a guard page behind it, which is never mapped. Page tables are made as they are needed, as the kernel
 * does.
 *
 * Addresses are taken from the lowest on. Since 2.6.28 those of a part that was undone are lazy: its entries are gone, but the TLBs
 * are flushed only when many such pages have come together or addresses run out, and only then are they taken anew. Here nothing is
 * aligned or placed by NUMA node, and vm_map_ram() takes a part of its own where the kernel would cut one up.
 *
 * Invariants: a page is busy while its part is LIVE or LAZY, guard page included; no two of those share a page. lazy_pages counts
 * the LAZY ones' pages.
 *
 * Lock order: areas.lock -> (sim's locks). No report is made under it.
 */

#include "report.h"
#include "state.h"

extern const struct fxmi_family fxmi_family_area;

/* ---- area.c ---- */

/* A call that takes a part of the vmalloc area. */
struct fxmi_area_request {
	const char *call, *undo; /* "vmalloc", "vfree" */
	uint64_t bytes;		 /* what it was asked for */
	uint64_t offset;	 /* of what it returns, in the first page */
	uint64_t pages;
	bool is_io; /* aligned as ioremap() aligns */
	uint64_t prot;
	uint64_t first_pfn; /* of pages side by side; or of each one: */
	uint64_t *pfn;
	bool is_owner; /* the part takes @pfn over, which malloc() gave, and its pages, if this succeeds */
};

/* The address that the call returns. 0: no room, or no memory for page tables or for the part's description. */
uint64_t fxmi_area_map(struct fxm_vcpu *cpu, const struct fxmi_area_request *r);

/* Whether there is room for @pages, and a guard page. */
bool fxmi_area_has_room(struct fxm_vcpu *cpu, uint64_t pages);

/*
 * Undoes the live part that @va lies in (before 3.11: begins at). Its pages, if it took any, go when @frees, else they are lost.
 * Returns whether there is one; @out says which it was, or is.
 */
bool fxmi_area_unmap(struct fxm_vcpu *cpu, uint64_t va, bool frees, struct fxmi_mapping *out);

void fxmi_areas_free(struct fxmi_kernel *k);
bool fxmi_areas_are_valid(struct fxmi_kernel *k);

/* ---- vmalloc.c, ioremap.c: the kernel's calls. On a kernel of 64 bits those that map return 0 ---- */

/* vmalloc() by the name of @call; @gfp: FXM_GFP_... */
uint64_t fxmi_vmalloc(struct fxm_vcpu *cpu, const char *call, uint64_t size, unsigned gfp);
void fxmi_vfree(struct fxm_vcpu *cpu, uint64_t va);

/* vmap(), vm_map_ram(). @pfn: of each page, the caller's. */
uint64_t fxmi_vmap(struct fxm_vcpu *cpu, const char *call, const char *undo, uint64_t *pfn, uint64_t n, uint64_t prot);
void fxmi_vunmap(struct fxm_vcpu *cpu, const char *call, uint64_t va);

/* vmalloc_to_page(), by the page table: the frame, UINT64_MAX for NULL. */
uint64_t fxmi_vmalloc_to_pfn(struct fxm_vcpu *cpu, uint64_t va);

/* How memory is mapped by ioremap() and its kin. */
enum fxmi_io { FXMI_IO_UNCACHED, FXMI_IO_WRITE_COMBINED, FXMI_IO_WRITE_THROUGH, FXMI_IO_CACHED };

uint64_t fxmi_ioremap(struct fxm_vcpu *cpu, const char *call, const char *undo, uint64_t pa, uint64_t size, enum fxmi_io how);
void fxmi_iounmap(struct fxm_vcpu *cpu, uint64_t va);

/* @flags: 1 MEMREMAP_WB, 2 _WT, 4 _WC. */
uint64_t fxmi_memremap(struct fxm_vcpu *cpu, uint64_t pa, uint64_t size, unsigned flags);
void fxmi_memunmap(struct fxm_vcpu *cpu, uint64_t va);

/* ---- find.c: what the kernel does not say of a call that undoes ---- */

/* @call undid @was, to which @va was given: in its middle, or by another call's undoing. */
void fxmi_area_judge(struct fxm_vcpu *cpu, const char *call, uint64_t va, const struct fxmi_mapping *was);

/* What @va is, to which @call found nothing to undo: "..., which vfree() gave back already". */
void fxmi_area_describe_none(struct fxm_vcpu *cpu, uint64_t va, struct fxmi_subject *about, char *buf, size_t size);

#endif
