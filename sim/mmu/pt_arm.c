/* SPDX-License-Identifier: MIT */

/*
 * The page-table formats of arm (short descriptors) and arm64, in the terms that pgtable.c walks by.
 *
 * arm: a first-level word maps 1 MB, as a section or by a table of 256 words. Linux uses pairs of tables, and keeps in the
 * same page entries of its own, for what the hardware has no bits for (young, dirty, the kind of memory):
 *
 *     +0     Linux's entries of the even and the odd megabyte
 *     +2048  the hardware's, each 2048 above Linux's
 *
 * The hardware's entry is empty unless Linux's is present and young, and forbids writing unless that is writable and dirty: so
 * the hardware never has a bit to set, and neither has a walk.
 *
 * arm with long descriptors (LPAE), arm64: one set of entries. Access flag and dirty state are the kernel's affair too.
 */

#include "walk.h"

#define LEAF (FXMI_X86_PRESENT | FXMI_X86_ACCESSED)
#define WRITABLE (FXMI_X86_RW | FXMI_X86_DIRTY)

/* What both decode to. */
#define DECODED                                                                                                                    \
	.present = FXMI_X86_PRESENT, .write = FXMI_X86_RW, .user = FXMI_X86_USER, .accessed = FXMI_X86_ACCESSED,                   \
	.dirty = FXMI_X86_DIRTY, .large = FXMI_X86_PSE, .global = FXMI_X86_GLOBAL, .nx = FXMI_X86_NX

/* ---- arm --------------------------------------------------------------------------------------------------------------- */

enum {
	L_PRESENT = 0x001,
	L_YOUNG = 0x002,
	L_CACHE_BITS = 0x00c, /* of the memory type, where the hardware's C and B are */
	L_MEMORY_TYPE_2 = 0x010,
	L_DIRTY = 0x040,
	L_RDONLY = 0x080,
	L_USER = 0x100,
	L_XN = 0x200,
	L_SHARED = 0x400,
	L_NONE = 0x800
};

enum {
	PTE_XN = 0x001,
	PTE_SMALL = 0x002,
	PTE_AP0 = 0x010,
	PTE_AP1 = 0x020,
	PTE_TEX0 = 0x040,
	PTE_APX = 0x200,
	PTE_SHARED = 0x400,
	PTE_NG = 0x800
};

enum {
	PMD_TABLE = 0x1,
	PMD_SECTION = 0x2,
	PMD_XN = 0x10,
	PMD_AP0 = 0x400,
	PMD_AP1 = 0x800,
	PMD_TEX0 = 0x1000,
	PMD_APX = 0x8000,
	PMD_SHARED = 0x10000,
	PMD_NG = 0x20000,
	PMD_SUPERSECTION = 0x40000
};

/* A bit of Linux's and what it becomes. */
static uint64_t when(uint64_t pte, uint64_t bit, uint64_t becomes)
{
	return pte & bit ? becomes : 0;
}

static uint64_t arm_section(uint64_t pte, bool forbids_writing)
{
	return (pte & 0xfff00000) | PMD_SECTION | PMD_AP0 | (pte & L_CACHE_BITS) | when(pte, L_MEMORY_TYPE_2, PMD_TEX0) |
	       (forbids_writing ? PMD_APX : 0) | when(pte, L_USER, PMD_AP1 | PMD_NG) | when(pte, L_XN, PMD_XN) |
	       when(pte, L_SHARED, PMD_SHARED);
}

static uint64_t arm_small_page(uint64_t pte, bool forbids_writing)
{
	return (pte & 0xfffff000) | PTE_SMALL | PTE_AP0 | (pte & L_CACHE_BITS) | when(pte, L_MEMORY_TYPE_2, PTE_TEX0) |
	       (forbids_writing ? PTE_APX : 0) | when(pte, L_USER, PTE_AP1 | PTE_NG) | when(pte, L_XN, PTE_XN) |
	       when(pte, L_SHARED, PTE_SHARED);
}

static uint64_t arm_encode(const struct fxmi_pt_format *f, unsigned level, uint64_t pte)
{
	bool forbids_writing = (pte & L_RDONLY) || !(pte & L_DIRTY);

	if (!(pte & L_PRESENT) || !(pte & L_YOUNG) || (pte & L_NONE))
		return 0;
	return level + 1 < f->levels ? arm_section(pte, forbids_writing) : arm_small_page(pte, forbids_writing);
}

static uint64_t arm_decode_first(uint64_t entry)
{
	if ((entry & 3) == PMD_TABLE)
		return (entry & 0xfffffc00) | FXMI_X86_TABLE;
	if ((entry & 3) != PMD_SECTION || (entry & PMD_SUPERSECTION) || !(entry & PMD_AP0))
		return 0;
	return (entry & 0xfff00000) | LEAF | FXMI_X86_PSE | (entry & PMD_APX ? 0 : WRITABLE) | when(entry, PMD_AP1, FXMI_X86_USER) |
	       (entry & PMD_NG ? 0 : FXMI_X86_GLOBAL) | when(entry, PMD_XN, FXMI_X86_NX);
}

static uint64_t arm_decode(const struct fxmi_pt_format *f, unsigned level, uint64_t entry)
{
	if (level + 1 < f->levels)
		return arm_decode_first(entry);
	if (!(entry & PTE_SMALL) || !(entry & PTE_AP0))
		return 0;
	return (entry & 0xfffff000) | LEAF | (entry & PTE_APX ? 0 : WRITABLE) | when(entry, PTE_AP1, FXMI_X86_USER) |
	       (entry & PTE_NG ? 0 : FXMI_X86_GLOBAL) | when(entry, PTE_XN, FXMI_X86_NX);
}

/* The hardware's: small pages, then sections. */
static const struct fxmi_pt_word arm_words[] = {
    {0x001, "XN", ""},	    {0x002, "small", "section"}, {0x004, "B", NULL},	{0x008, "C", NULL},	{0x010, "AP0", "XN"},
    {0x020, "AP1", "D0"},   {0x040, "TEX0", "D1"},	 {0x080, "TEX1", "D2"}, {0x100, "TEX2", "D3"},	{0x200, "APX", "P"},
    {0x400, "S", "AP0"},    {0x800, "nG", "AP1"},	 {0x1000, "", "TEX0"},	{0x2000, "", "TEX1"},	{0x4000, "", "TEX2"},
    {0x8000, "", "APX"},    {0x10000, "", "S"},		 {0x20000, "", "nG"},	{0, NULL, NULL}};

const struct fxmi_pt_format fxmi_pt_arm = {
    .name = "arm", .levels = 2, .entry_bytes = 4, .level = {{"pgd", 20, 12, true}, {"pte", 12, 8, false}}, DECODED,
    .frame_mask = 0xfffff000, .table_mask = 0xfffffc00, .table_flags = PMD_TABLE, .root_flags = PMD_TABLE, .va_bits = 32,
    .words = arm_words, .decode = arm_decode, .encode = arm_encode, .shadow_offset = 2048, .tables_per_page = 2,
    .flush_ceiling = 1u << 20};

/*
 * Long descriptors (LPAE): one set of entries, the hardware's, in which Linux keeps some bits of its own. Storing one sets the
 * bit that forbids writing (AP2) unless Linux's entry is writable and dirty.
 */
enum { LPAE_VALID = 0x1, LPAE_TABLE = 0x2, LPAE_USER = 0x40, LPAE_AP2 = 0x80, LPAE_AF = 0x400, LPAE_NG = 0x800 };

#define LPAE_XN (UINT64_C(1) << 54)
#define LPAE_DIRTY (UINT64_C(1) << 55)
#define LPAE_NONE (UINT64_C(1) << 57)
#define LPAE_RDONLY (UINT64_C(1) << 58)
#define LPAE_SOFTWARE (UINT64_C(0xf) << 55)
#define LPAE_SWAPPER (UINT64_C(1) << 55) /* in the root's entries: the kernel's own tables */
#define LPAE_MASK UINT64_C(0x000000fffffff000)

static uint64_t lpae_encode(const struct fxmi_pt_format *f, unsigned level, uint64_t pte)
{
	if (!(pte & LPAE_VALID))
		return pte;
	if (pte & LPAE_NONE)
		return pte & ~(uint64_t)LPAE_VALID;
	pte = (pte & LPAE_RDONLY) || !(pte & LPAE_DIRTY) ? pte | LPAE_AP2 : pte & ~(uint64_t)LPAE_AP2;
	return level + 1 < f->levels ? pte & ~(LPAE_TABLE | LPAE_SOFTWARE) : pte;
}

static uint64_t lpae_decode(const struct fxmi_pt_format *f, unsigned level, uint64_t entry)
{
	bool is_last = level + 1 == f->levels, has_table_bit = entry & LPAE_TABLE;

	if (!(entry & LPAE_VALID) || (is_last && !has_table_bit))
		return 0;
	if (!is_last && has_table_bit)
		return (entry & f->table_mask) | FXMI_X86_TABLE;
	if (!(entry & LPAE_AF))
		return 0;
	return (entry & f->frame_mask) | LEAF | (is_last ? 0 : FXMI_X86_PSE) | (entry & LPAE_AP2 ? 0 : WRITABLE) |
	       when(entry, LPAE_USER, FXMI_X86_USER) | (entry & LPAE_NG ? 0 : FXMI_X86_GLOBAL) | when(entry, LPAE_XN, FXMI_X86_NX);
}

static const struct fxmi_pt_word lpae_words[] = {
    {0x001, "valid", NULL},	      {0x002, "page", NULL},		 {0x004, "Attr0", NULL},
    {0x008, "Attr1", NULL},	      {0x010, "Attr2", NULL},		 {0x040, "USER", NULL},
    {0x080, "RO", NULL},	      {0x100, "SH0", NULL},		 {0x200, "SH1", NULL},
    {0x400, "AF", NULL},	      {0x800, "nG", NULL},		 {UINT64_C(1) << 53, "PXN", NULL},
    {LPAE_XN, "XN", NULL},	      {LPAE_DIRTY, "DIRTY", NULL},	 {UINT64_C(1) << 56, "SPECIAL", NULL},
    {LPAE_NONE, "NONE", NULL},	      {LPAE_RDONLY, "RDONLY", NULL},	 {0, NULL, NULL}};

const struct fxmi_pt_format fxmi_pt_arm_lpae = {
    .name = "arm-lpae", .levels = 3, .entry_bytes = 8,
    .level = {{"pgd", 30, 2, false}, {"pmd", 21, 9, true}, {"pte", 12, 9, false}}, DECODED,
    .frame_mask = LPAE_MASK, .table_mask = LPAE_MASK, .table_flags = LPAE_VALID | LPAE_TABLE,
    .root_flags = LPAE_VALID | LPAE_TABLE | LPAE_SWAPPER, .va_bits = 32,
    .words = lpae_words, .decode = lpae_decode, .encode = lpae_encode, .flush_ceiling = 1u << 20};

/* ---- arm64 ------------------------------------------------------------------------------------------------------------- */

enum { A64_VALID = 0x1, A64_TABLE = 0x2, A64_USER = 0x40, A64_RDONLY = 0x80, A64_AF = 0x400, A64_NG = 0x800 };

#define A64_PXN (UINT64_C(1) << 53)

/* A block has the table bit clear, a page has it set. */
static uint64_t arm64_encode(const struct fxmi_pt_format *f, unsigned level, uint64_t pte)
{
	return level + 1 < f->levels ? pte & ~(uint64_t)A64_TABLE : pte;
}

static uint64_t arm64_decode(const struct fxmi_pt_format *f, unsigned level, uint64_t entry)
{
	bool is_last = level + 1 == f->levels, has_table_bit = entry & A64_TABLE;

	if (!(entry & A64_VALID) || (is_last && !has_table_bit))
		return 0;
	if (!is_last && has_table_bit)
		return (entry & f->table_mask) | FXMI_X86_TABLE;
	if (!(entry & A64_AF))
		return 0;
	return (entry & f->frame_mask) | LEAF | (is_last ? 0 : FXMI_X86_PSE) | (entry & A64_RDONLY ? 0 : WRITABLE) |
	       when(entry, A64_USER, FXMI_X86_USER) | (entry & A64_NG ? 0 : FXMI_X86_GLOBAL) | when(entry, A64_PXN, FXMI_X86_NX);
}

static const struct fxmi_pt_word arm64_words[] = {
    {0x001, "valid", NULL},		   {0x002, "page", NULL},		  {0x004, "Attr0", NULL},
    {0x008, "Attr1", NULL},		   {0x010, "Attr2", NULL},		  {0x040, "USER", NULL},
    {0x080, "RO", NULL},		   {0x100, "SH0", NULL},		  {0x200, "SH1", NULL},
    {0x400, "AF", NULL},		   {0x800, "nG", NULL},			  {UINT64_C(1) << 51, "DBM", NULL},
    {UINT64_C(1) << 52, "CONT", NULL},	   {UINT64_C(1) << 53, "PXN", NULL},	  {UINT64_C(1) << 54, "UXN", NULL},
    {UINT64_C(1) << 55, "DIRTY", NULL},	   {UINT64_C(1) << 56, "SPECIAL", NULL},  {0, NULL, NULL}};

/* flush_tlb_kernel_range(): MAX_TLB_RANGE is 1024 pages. */
#define ARM64(format_name, nr_levels, mask, bits)                                                                                  \
	.name = (format_name), .levels = (nr_levels), .entry_bytes = 8, DECODED, .frame_mask = (mask), .table_mask = (mask),       \
	.table_flags = A64_VALID | A64_TABLE, .root_flags = A64_VALID | A64_TABLE, .va_bits = (bits),               \
	.is_upper_half = true,                                                                                             \
	.words = arm64_words, .decode = arm64_decode, .encode = arm64_encode

#define MASK_4K UINT64_C(0x0000fffffffff000)
#define MASK_64K UINT64_C(0x0000ffffffff0000)

const struct fxmi_pt_format fxmi_pt_arm64_4k_39 = {
    ARM64("arm64-4k-39", 3, MASK_4K, 39), .flush_ceiling = 1024,
    .level = {{"pgd", 30, 9, true}, {"pmd", 21, 9, true}, {"pte", 12, 9, false}}};

const struct fxmi_pt_format fxmi_pt_arm64_4k_48 = {
    ARM64("arm64-4k-48", 4, MASK_4K, 48), .flush_ceiling = 1024,
    .level = {{"pgd", 39, 9, false}, {"pud", 30, 9, true}, {"pmd", 21, 9, true}, {"pte", 12, 9, false}}};

const struct fxmi_pt_format fxmi_pt_arm64_64k_42 = {
    ARM64("arm64-64k-42", 2, MASK_64K, 42), .flush_ceiling = 16 * 1024,
    .level = {{"pgd", 29, 13, true}, {"pte", 16, 13, false}}};

const struct fxmi_pt_format fxmi_pt_arm64_64k_48 = {
    ARM64("arm64-64k-48", 3, MASK_64K, 48), .flush_ceiling = 16 * 1024,
    .level = {{"pgd", 42, 6, false}, {"pmd", 29, 13, true}, {"pte", 16, 13, false}}};

#define MASK_16K UINT64_C(0x0000ffffffffc000)

const struct fxmi_pt_format fxmi_pt_arm64_4k_52 = {
    ARM64("arm64-4k-52", 5, MASK_4K, 52), .flush_ceiling = 1024,
    .level = {{"pgd", 48, 4, false}, {"p4d", 39, 9, false}, {"pud", 30, 9, true}, {"pmd", 21, 9, true}, {"pte", 12, 9, false}}};

const struct fxmi_pt_format fxmi_pt_arm64_16k_36 = {
    ARM64("arm64-16k-36", 2, MASK_16K, 36), .flush_ceiling = 4 * 1024,
    .level = {{"pgd", 25, 11, true}, {"pte", 14, 11, false}}};

const struct fxmi_pt_format fxmi_pt_arm64_16k_47 = {
    ARM64("arm64-16k-47", 3, MASK_16K, 47), .flush_ceiling = 4 * 1024,
    .level = {{"pgd", 36, 11, false}, {"pmd", 25, 11, true}, {"pte", 14, 11, false}}};

const struct fxmi_pt_format fxmi_pt_arm64_16k_48 = {
    ARM64("arm64-16k-48", 4, MASK_16K, 48), .flush_ceiling = 4 * 1024,
    .level = {{"pgd", 47, 1, false}, {"pud", 36, 11, false}, {"pmd", 25, 11, true}, {"pte", 14, 11, false}}};

const struct fxmi_pt_format fxmi_pt_arm64_16k_52 = {
    ARM64("arm64-16k-52", 4, MASK_16K, 52), .flush_ceiling = 4 * 1024,
    .level = {{"pgd", 47, 5, false}, {"pud", 36, 11, false}, {"pmd", 25, 11, true}, {"pte", 14, 11, false}}};

const struct fxmi_pt_format fxmi_pt_arm64_64k_52 = {
    ARM64("arm64-64k-52", 3, MASK_64K, 52), .flush_ceiling = 16 * 1024,
    .level = {{"pgd", 42, 10, false}, {"pmd", 29, 13, true}, {"pte", 16, 13, false}}};
