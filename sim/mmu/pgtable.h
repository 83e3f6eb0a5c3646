/* SPDX-License-Identifier: MIT */
#ifndef FXMI_PGTABLE_H
#define FXMI_PGTABLE_H

/*
 * Page-table formats as data, entries, and the tables that sim/ builds.
 */

#include <fixmap/mmu.h>

#include "frames.h"

/* ---- formats ---- */

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
extern const struct fxmi_pt_format fxmi_pt_x86_64_5; /* the same with a fifth level on top */
extern const struct fxmi_pt_format fxmi_pt_arm; /* 4096 + 256 x 4 bytes, 1 MB sections; Linux's entries below the hardware's */
extern const struct fxmi_pt_format fxmi_pt_arm_lpae; /* 4 + 512 + 512 x 8 bytes, 2 MB blocks */
extern const struct fxmi_pt_format fxmi_pt_arm64_4k_52, fxmi_pt_arm64_16k_52, fxmi_pt_arm64_64k_52; /* 5, 4, 3 levels */
extern const struct fxmi_pt_format fxmi_pt_arm64_16k_36, fxmi_pt_arm64_16k_47, fxmi_pt_arm64_16k_48; /* 2048 x 8 bytes */
extern const struct fxmi_pt_format fxmi_pt_arm64_4k_39, fxmi_pt_arm64_4k_48; /* 3 and 4 x 512 x 8 bytes */
extern const struct fxmi_pt_format fxmi_pt_arm64_64k_42, fxmi_pt_arm64_64k_48; /* 2 and 3 levels, 8192 x 8 bytes, 64 KB pages */

/* ---- entries and tables ---- */

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

	if (fxmi_likely(!f->encode)) {
		fxmi_pte_set(pte, f->entry_bytes, value);
		return;
	}
	uint64_t hardware = f->encode(f, f->levels - 1, value);

	fxmi_pte_set(pte, f->entry_bytes, f->shadow_offset ? value : hardware);
	if (f->shadow_offset)
		fxmi_pte_set((char *)pte + f->shadow_offset, f->entry_bytes, hardware);
}

/* The kernel's last-level entry of @va in the pool, or NULL when a table above is missing or maps a large page. */
void *fxmi_pte_ptr(const struct fxm_machine *m, uint64_t va);

/* Builds the tables down to the last level for [start, end). -ENOMEM when the reserved frames run out. */
int fxmi_pgtable_populate(struct fxm_machine *m, uint64_t start, uint64_t end);

/*
 * For tests and fuzzers: the tables that the root leads to lie in the frames that were taken for them, no two in one place. Who
 * writes to those frames, as the simulated kernel may, has it otherwise.
 */
bool fxmi_pgtables_are_valid(const struct fxm_machine *m);

/* Takes away the tables of base pages that serve [start, end), with what they map, so that large pages fit there. */
void fxmi_pgtable_unlink(struct fxm_machine *m, uint64_t start, uint64_t end);

/* Maps [va, va + size) to pa with the format's large pages where they fit, else base pages. @prot: bits of a base-page entry. */
int fxmi_pgtable_map_linear(struct fxm_machine *m, uint64_t va, uint64_t pa, uint64_t size, uint64_t prot);

#endif
