/* SPDX-License-Identifier: MIT */
#ifndef FXMI_WALK_H
#define FXMI_WALK_H

/*
 * The steps of a page-table walk, inline, so that a walk written for one format has its shifts and masks as constants; and
 * the formats themselves, as initialisers, for the same reason.
 */

#include "mmu_internal.h"

/* ---- formats --------------------------------------------------------------------------------------------------------- */

#define FXMI_X86_PRESENT 0x001
#define FXMI_X86_RW 0x002
#define FXMI_X86_USER 0x004
#define FXMI_X86_PWT 0x008
#define FXMI_X86_PCD 0x010
#define FXMI_X86_ACCESSED 0x020
#define FXMI_X86_DIRTY 0x040
#define FXMI_X86_PSE 0x080 /* PAT in a 4K entry */
#define FXMI_X86_GLOBAL 0x100
#define FXMI_X86_NX (UINT64_C(1) << 63)

/* A table entry grants everything; the leaf decides. */
#define FXMI_X86_TABLE (FXMI_X86_PRESENT | FXMI_X86_RW | FXMI_X86_USER | FXMI_X86_ACCESSED | FXMI_X86_DIRTY)

#define FXMI_X86_BITS                                                                                                              \
	.present = FXMI_X86_PRESENT, .write = FXMI_X86_RW, .user = FXMI_X86_USER, .accessed = FXMI_X86_ACCESSED,                   \
	.dirty = FXMI_X86_DIRTY, .large = FXMI_X86_PSE, .global = FXMI_X86_GLOBAL, .table_flags = FXMI_X86_TABLE,                  \
	.flush_ceiling = 33

#define FXMI_PT_I386(names)                                                                                                        \
	{                                                                                                                          \
		.name = "i386", .levels = 2, .entry_bytes = 4, .level = {{"pgd", 22, 10, true}, {"pte", 12, 10, false}},           \
		FXMI_X86_BITS, .nx = 0, .frame_mask = 0xfffff000, .table_mask = 0xfffff000, \
		.root_flags = FXMI_X86_TABLE, .va_bits = 32, .words = (names)                                                      \
	}

#define FXMI_PT_I386_PAE(names)                                                                                                    \
	{                                                                                                                          \
		.name = "i386-pae", .levels = 3, .entry_bytes = 8,                                                                 \
		.level = {{"pgd", 30, 2, false}, {"pmd", 21, 9, true}, {"pte", 12, 9, false}}, FXMI_X86_BITS, .nx = FXMI_X86_NX,   \
		.frame_mask = 0x000ffffffffff000, .table_mask = 0x000ffffffffff000,                                                \
		.root_flags = FXMI_X86_PRESENT, .va_bits = 32, .words = (names)                                                    \
	}

/* ---- entries --------------------------------------------------------------------------------------------------------- */

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
	return level == 0 && !f->decode ? (f->write | f->user | f->accessed) & ~f->root_flags : 0;
}

FXMI_INLINE unsigned fxmi_pt_index(const struct fxmi_pt_format *f, unsigned level, uint64_t va)
{
	return va >> f->level[level].shift & ((1u << f->level[level].bits) - 1);
}

/* ---- steps ----------------------------------------------------------------------------------------------------------- */

/* Where a walk has come to: an entry, and what all entries so far allow. */
struct fxmi_cursor {
	unsigned level;
	uint64_t at;	  /* physical address of the entry */
	void *slot;	  /* the entry; NULL outside RAM */
	uint64_t raw;	  /* its value, 0 outside RAM */
	uint64_t entry;	  /* the same in the terms of the format's masks */
	uint64_t allowed; /* of write, user and accessed: the bits that every level has */
	uint64_t denied;  /* nx, if any level has it */
};

/* False when there is no such address: it is not the sign extension of its low bits, or the root is another half's. */
FXMI_INLINE bool fxmi_wrap_va(const struct fxmi_pt_format *f, uint64_t *va)
{
	unsigned spare = 64 - f->va_bits;

	if (f->va_bits == 32) {
		*va = (uint32_t)*va;
		return true;
	}
	if (f->is_upper_half)
		return *va >> f->va_bits == UINT64_MAX >> f->va_bits;
	return (uint64_t)((int64_t)(*va << spare) >> spare) == *va;
}

FXMI_INLINE void fxmi_walk_entry(const struct fxm_machine *m, const struct fxmi_pt_format *f, uint64_t table, unsigned level,
				 uint64_t va, struct fxmi_cursor *c)
{
	c->level = level;
	c->at = table + (uint64_t)fxmi_pt_index(f, level, va) * f->entry_bytes;
	c->slot = NULL;
	c->raw = 0;
	if (fxmi_likely(fxmi_pfn_is_ram(m, c->at >> FXM_PAGE_SHIFT))) {
		c->slot = m->mem.ram + c->at;
		c->raw = fxmi_pte_get(c->slot, f->entry_bytes);
	}
	c->entry = f->decode ? f->decode(f, level, c->raw) : c->raw;
	c->allowed &= c->entry | fxmi_pt_absent(f, level);
	c->denied |= c->entry & f->nx;
}

FXMI_INLINE void fxmi_walk_begin(const struct fxm_machine *m, const struct fxmi_pt_format *f, uint64_t va, struct fxmi_cursor *c)
{
	c->allowed = f->write | f->user | f->accessed;
	c->denied = 0;
	fxmi_walk_entry(m, f, m->root_pfn << FXM_PAGE_SHIFT, 0, va, c);
}

FXMI_INLINE void fxmi_walk_next(const struct fxm_machine *m, const struct fxmi_pt_format *f, uint64_t va, struct fxmi_cursor *c)
{
	fxmi_walk_entry(m, f, c->entry & f->table_mask, c->level + 1, va, c);
}

FXMI_INLINE uint64_t fxmi_leaf_pa(const struct fxmi_pt_format *f, const struct fxmi_cursor *c, uint64_t va)
{
	return fxmi_pt_frame(f, c->level, c->entry) + (va & ((UINT64_C(1) << f->level[c->level].shift) - 1));
}

FXMI_INLINE bool fxmi_is_denied(const struct fxmi_pt_format *f, const struct fxmi_cursor *c, enum fxm_access access)
{
	return (access == FXM_WRITE && !(c->allowed & f->write)) || (access == FXM_EXEC && c->denied);
}

/* The page that the leaf at @c gives @va, and the leaf adjusted to it. */
FXMI_INLINE void fxmi_set_page(const struct fxmi_pt_format *f, const struct fxmi_cursor *c, uint64_t va,
			       struct fxmi_translation *out)
{
	uint64_t pa = fxmi_leaf_pa(f, c, va & ~(uint64_t)(FXM_PAGE_SIZE - 1));

	out->pfn = pa >> FXM_PAGE_SHIFT;
	out->entry = (c->entry & ~fxmi_page_mask(f)) | pa;
}

/* The rest of a translation. */
FXMI_INLINE void fxmi_set_rights(const struct fxm_machine *m, const struct fxmi_pt_format *f, const struct fxmi_cursor *c,
				 struct fxmi_translation *out)
{
	out->host = fxmi_likely(fxmi_pfn_is_ram(m, out->pfn)) ? fxmi_frame(m, out->pfn) : NULL;
	out->writable = c->allowed & f->write;
	out->dirty = c->entry & f->dirty;
}

#endif
