/* SPDX-License-Identifier: MIT */

/*
 * Page tables in simulated frames, and the walks over them. A format is data (struct fxmi_pt_format); the loops here know of
 * levels, indices and bits, not of architectures.
 *
 * Invariants: tables come zeroed from the reserved frames [mem.table_pfn, mem.table_end_pfn) and are never given back. What
 * is in a table is the simulated kernel's business: a walk believes nothing, and an entry that points outside RAM reads as
 * not present.
 *
 * Where to start reading: fxmi_walk_entry() is one step of every walk.
 */

#include "mmu_internal.h"
#include "walk.h"

#include <errno.h>
#include <stdio.h>

/* What a bit of an entry is called; the second name is a large page's. 0x1000 is printed for those only: else it is the frame's. */
static const struct fxmi_pt_word x86_words[] = {
    {FXMI_X86_PRESENT, "P", NULL}, {FXMI_X86_RW, "RW", NULL},	 {FXMI_X86_USER, "US", NULL},
    {FXMI_X86_PWT, "PWT", NULL},   {FXMI_X86_PCD, "PCD", NULL},	 {FXMI_X86_ACCESSED, "A", NULL},
    {FXMI_X86_DIRTY, "D", NULL},   {FXMI_X86_PSE, "PAT", "PSE"}, {FXMI_X86_GLOBAL, "G", NULL},
    {0x200, "SW1", NULL},	   {0x400, "SW2", NULL},	 {0x800, "SW3", NULL},
    {0x1000, "", "PAT"},	   {FXMI_X86_NX, "NX", NULL},	 {0, NULL, NULL}};

const struct fxmi_pt_format fxmi_pt_i386 = FXMI_PT_I386(x86_words);
const struct fxmi_pt_format fxmi_pt_i386_pae = FXMI_PT_I386_PAE(x86_words);
const struct fxmi_pt_format fxmi_pt_x86_64 = {
    .name = "x86_64", .levels = 4, .entry_bytes = 8,
    .level = {{"pgd", 39, 9, false}, {"pud", 30, 9, true}, {"pmd", 21, 9, true}, {"pte", 12, 9, false}},
    FXMI_X86_BITS, .nx = FXMI_X86_NX, .frame_mask = 0x000ffffffffff000, .table_mask = 0x000ffffffffff000,
    .root_flags = FXMI_X86_TABLE, .va_bits = 48, .words = x86_words};
const struct fxmi_pt_format fxmi_pt_x86_64_5 = {
    .name = "x86_64-5", .levels = 5, .entry_bytes = 8,
    .level = {{"pgd", 48, 9, false}, {"p4d", 39, 9, false}, {"pud", 30, 9, true}, {"pmd", 21, 9, true}, {"pte", 12, 9, false}},
    FXMI_X86_BITS, .nx = FXMI_X86_NX, .frame_mask = 0x000ffffffffff000, .table_mask = 0x000ffffffffff000,
    .root_flags = FXMI_X86_TABLE, .va_bits = 57, .words = x86_words};

/* ---- questions ------------------------------------------------------------------------------------------------------- */

static void record_level(const struct fxmi_pt_format *f, const struct fxmi_cursor *c, struct fxm_walk *out)
{
	out->levels = c->level + 1;
	out->level[c->level].name = f->level[c->level].name;
	out->level[c->level].entry_at = fxm_pa_of(c->at);
	out->level[c->level].entry = fxm_pte_of(c->raw);
	out->level[c->level].present = c->entry & f->present;
	out->level[c->level].leaf = (c->entry & f->present) && fxmi_pt_is_leaf(f, c->level, c->entry);
}

static void record_leaf(const struct fxmi_pt_format *f, const struct fxmi_cursor *c, uint64_t va, struct fxm_walk *out)
{
	out->mapped = true;
	out->pa = fxm_pa_of(fxmi_leaf_pa(f, c, va));
	out->size_bytes = UINT64_C(1) << f->level[c->level].shift;
	out->writable = c->allowed & f->write;
	out->user = c->allowed & f->user;
	out->executable = !c->denied;
	out->global = c->entry & f->global;
}

void fxm_walk(struct fxm_machine *m, fxm_va va, struct fxm_walk *out)
{
	struct fxmi_cursor c;

	if (!out)
		return;
	memset(out, 0, sizeof(*out));
	if (!m || !fxmi_wrap_va(m->desc.format, &va.v))
		return;
	const struct fxmi_pt_format *f = m->desc.format;

	for (fxmi_walk_begin(m, f, va.v, &c);; fxmi_walk_next(m, f, va.v, &c)) {
		record_level(f, &c, out);
		if (!(c.entry & f->present))
			return;
		if (fxmi_pt_is_leaf(f, c.level, c.entry))
			break;
	}
	record_leaf(f, &c, va.v, out);
}

/* Where the kernel keeps the last-level entry at @c; NULL outside RAM, where a table that begins within a page may lead to. */
static void *kernel_slot(const struct fxm_machine *m, const struct fxmi_pt_format *f, const struct fxmi_cursor *c)
{
	if (!c->slot || !fxmi_pfn_is_ram(m, (c->at - f->shadow_offset) >> FXM_PAGE_SHIFT))
		return NULL;
	return (char *)c->slot - f->shadow_offset;
}

/* The entry at @c as the kernel keeps it. */
static uint64_t kernel_entry(const struct fxm_machine *m, const struct fxmi_pt_format *f, const struct fxmi_cursor *c)
{
	if (!f->shadow_offset || c->level + 1 < f->levels || !c->slot)
		return c->raw;
	const void *slot = kernel_slot(m, f, c);

	return slot ? fxmi_pte_get(slot, f->entry_bytes) : 0;
}

fxm_pte fxm_pte_at(struct fxm_machine *m, fxm_va va)
{
	struct fxmi_cursor c;

	if (!m || !fxmi_wrap_va(m->desc.format, &va.v))
		return fxm_pte_of(0);
	const struct fxmi_pt_format *f = m->desc.format;

	for (fxmi_walk_begin(m, f, va.v, &c); c.level + 1 < f->levels; fxmi_walk_next(m, f, va.v, &c)) {
		if (!(c.entry & f->present))
			return fxm_pte_of(0);
		if (fxmi_pt_is_leaf(f, c.level, c.entry))
			break;
	}
	return fxm_pte_of(kernel_entry(m, f, &c));
}

void *fxmi_pte_ptr(const struct fxm_machine *m, uint64_t va)
{
	const struct fxmi_pt_format *f = m->desc.format;
	struct fxmi_cursor c;

	if (!fxmi_wrap_va(f, &va))
		return NULL;
	for (fxmi_walk_begin(m, f, va, &c); c.level + 1 < f->levels; fxmi_walk_next(m, f, va, &c))
		if (!(c.entry & f->present) || fxmi_pt_is_leaf(f, c.level, c.entry))
			return NULL;
	return kernel_slot(m, f, &c);
}

/* ---- the walk of an access ------------------------------------------------------------------------------------------- */

/* x86's error code bits, which every format reports. */
enum { FAULT_PROTECTION = 1, FAULT_WRITE = 2, FAULT_FETCH = 16 };

static FXMI_COLD bool set_fault(const struct fxm_machine *m, const struct fxmi_cursor *c, uint64_t va, enum fxm_access access,
				struct fxm_fault *fault)
{
	const struct fxmi_pt_format *f = m->desc.format;
	bool present = c->entry & f->present;

	*fault = (struct fxm_fault){
	    .address = fxm_va_of(va),
	    .access = access,
	    .present = present,
	    .pte = fxm_pte_of(kernel_entry(m, f, c)),
	    .level = c->level};
	fault->code = (present ? FAULT_PROTECTION : 0) | (access == FXM_WRITE ? FAULT_WRITE : 0) |
		      (access == FXM_EXEC && f->nx ? FAULT_FETCH : 0);
	return false;
}

/* Sets bits of the entry in memory, unless it has changed since it was read: then the walk must begin again. */
static bool set_bits(const struct fxmi_pt_format *f, struct fxmi_cursor *c, uint64_t bits)
{
	uint32_t old32 = (uint32_t)c->entry;
	uint64_t old = c->entry;
	bool same;

	if (f->entry_bytes == 4)
		same = __atomic_compare_exchange_n((uint32_t *)c->slot, &old32, old32 | (uint32_t)bits, false, __ATOMIC_ACQ_REL,
						   __ATOMIC_RELAXED);
	else
		same =
		    __atomic_compare_exchange_n((uint64_t *)c->slot, &old, old | bits, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	fxm_assert_internal(!(bits & ~(f->accessed | f->dirty)));
	c->entry |= bits;
	return same;
}

/* Sets ACCESSED in every entry of the path, and DIRTY in the leaf that is written: only once the access is known to succeed. */
static bool mark_path(const struct fxmi_pt_format *f, struct fxmi_cursor *path, unsigned leaf, bool write)
{
	for (unsigned i = 0; i <= leaf; i++) {
		uint64_t want = (f->accessed & ~fxmi_pt_absent(f, i)) | (write && i == leaf ? f->dirty : 0);

		if ((want & ~path[i].entry) && !set_bits(f, &path[i], want))
			return false;
	}
	return true;
}

/* Walks to the leaf and keeps the way there. False: an entry is not present; the last one met is in @c. */
static bool walk_path(const struct fxm_machine *m, uint64_t va, struct fxmi_cursor *c, struct fxmi_cursor *path)
{
	const struct fxmi_pt_format *f = m->desc.format;

	for (fxmi_walk_begin(m, f, va, c); c->entry & f->present; fxmi_walk_next(m, f, va, c)) {
		fxm_assert_internal(c->level < f->levels);
		path[c->level] = *c;
		if (fxmi_pt_is_leaf(f, c->level, c->entry))
			return true;
	}
	return false;
}

bool fxmi_translate(const struct fxm_machine *m, uint64_t va, enum fxm_access access, struct fxmi_translation *out,
		    struct fxm_fault *fault)
{
	const struct fxmi_pt_format *f = m->desc.format;
	struct fxmi_cursor c = {0}, path[FXMI_LEVELS];

	if (!fxmi_wrap_va(f, &va))
		return set_fault(m, &c, va, access, fault);
	do
		if (!walk_path(m, va, &c, path) || fxmi_is_denied(f, &c, access))
			return set_fault(m, &c, va, access, fault);
	while (!mark_path(f, path, c.level, access == FXM_WRITE));
	c.entry = path[c.level].entry;
	fxmi_set_page(f, &c, va, out);
	fxmi_set_rights(m, f, &c, out);
	fxm_assert_internal(access != FXM_WRITE || out->writable);
	fxm_assert_internal(!out->host == !fxmi_pfn_is_ram(m, out->pfn));
	return true;
}

/* ---- building -------------------------------------------------------------------------------------------------------- */

/* A zeroed table for level @level, aligned to its size. */
static int new_table(struct fxm_machine *m, unsigned level, uint64_t *pa)
{
	const struct fxmi_pt_format *f = m->desc.format;
	uint64_t bytes = (uint64_t)f->entry_bytes << f->level[level].bits;
	uint64_t frames = bytes > FXM_PAGE_SIZE ? bytes >> FXM_PAGE_SHIFT : 1, pfn;

	pthread_mutex_lock(&m->mem.zone_lock);
	pfn = (m->mem.table_pfn + frames - 1) & ~(frames - 1);
	if (pfn + frames <= m->mem.table_end_pfn)
		m->mem.table_pfn = pfn + frames;
	else
		pfn = 0;
	pthread_mutex_unlock(&m->mem.zone_lock);
	if (!pfn)
		return -ENOMEM;
	fxm_assert_internal((m->mem.mem_map[pfn].flags & FXMI_PG_RESERVED) && pfn % frames == 0);
	*pa = pfn << FXM_PAGE_SHIFT;
	memset(m->mem.ram + *pa, 0, frames << FXM_PAGE_SHIFT);
	return 0;
}

int fxmi_pgtable_init(struct fxm_machine *m)
{
	uint64_t pa;
	int err = new_table(m, 0, &pa);

	if (!err)
		m->root_pfn = pa >> FXM_PAGE_SHIFT;
	return err;
}

/* Points the entry at @c to @table: with several tables in the page, the entries beside it to the others. */
static void link_table(const struct fxmi_pt_format *f, uint64_t va, struct fxmi_cursor *c, uint64_t table)
{
	unsigned n = f->tables_per_page ? f->tables_per_page : 1, own = fxmi_pt_index(f, c->level, va) & (n - 1);
	uint64_t flags = c->level == 0 ? f->root_flags : f->table_flags;
	uint64_t bytes = (uint64_t)f->entry_bytes << f->level[c->level + 1].bits;

	char *first = (char *)c->slot - own * f->entry_bytes;

	fxm_assert_internal(c->level + 1 < f->levels && !(c->entry & f->present));
	fxm_assert_internal((table & f->table_mask) == table);
	table += f->shadow_offset;
	for (unsigned i = 0; i < n; i++)
		fxmi_pte_set(first + i * f->entry_bytes, f->entry_bytes, (table + i * bytes) | flags);
	c->raw = (table + own * bytes) | flags;
	c->entry = f->decode ? f->decode(f, c->level, c->raw) : c->raw;
	fxm_assert_internal((c->entry & f->present) && !fxmi_pt_is_leaf(f, c->level, c->entry));
}

/* Brings @c to the entry of @va at @level, making the tables above it. */
static int make_path(struct fxm_machine *m, uint64_t va, unsigned level, struct fxmi_cursor *c)
{
	const struct fxmi_pt_format *f = m->desc.format;
	uint64_t table;

	for (fxmi_walk_begin(m, f, va, c); c->level < level; fxmi_walk_next(m, f, va, c)) {
		if (!c->slot)
			return -EFAULT;
		if (c->entry & f->present) {
			if (fxmi_pt_is_leaf(f, c->level, c->entry))
				return -EEXIST;
			continue;
		}
		int err = new_table(m, c->level + 1, &table);

		if (err)
			return err;
		link_table(f, va, c, table);
	}
	return c->slot ? 0 : -EFAULT;
}

int fxmi_pgtable_populate(struct fxm_machine *m, uint64_t start, uint64_t end)
{
	const struct fxmi_pt_format *f = m->desc.format;
	uint64_t span = UINT64_C(1) << f->level[f->levels - 2].shift;
	struct fxmi_cursor c;
	int err = 0;

	fxm_assert_internal(start < end);
	for (start &= ~(span - 1); start < end && !err; start += span) {
		err = make_path(m, start, f->levels - 1, &c);
		fxm_assert_internal(err || c.level + 1 == f->levels);
		if (start + span == 0)
			break;
	}
	return err;
}

void fxmi_pgtable_unlink(struct fxm_machine *m, uint64_t start, uint64_t end)
{
	const struct fxmi_pt_format *f = m->desc.format;
	unsigned above = f->levels - 2;
	uint64_t span = UINT64_C(1) << f->level[above].shift;
	struct fxmi_cursor c;

	for (uint64_t va = start & ~(span - 1); va < end; va += span)
		if (!make_path(m, va, above, &c) && !fxmi_pt_is_leaf(f, above, c.entry))
			fxmi_pte_set(c.slot, f->entry_bytes, 0);
}

/* The level whose pages are the largest that can map @size bytes from @va, @pa on. */
static unsigned level_for(const struct fxmi_pt_format *f, uint64_t va, uint64_t pa, uint64_t size)
{
	for (unsigned i = 0; i + 1 < f->levels; i++) {
		uint64_t page = UINT64_C(1) << f->level[i].shift;

		if (f->level[i].may_be_large && ((va | pa) & (page - 1)) == 0 && size >= page)
			return i;
	}
	return f->levels - 1;
}

/* Whether one of the @n entries from @c on leads to a table. */
static bool has_table(const struct fxmi_pt_format *f, const struct fxmi_cursor *c, uint64_t n)
{
	for (uint64_t i = 0; c->level + 1 < f->levels && i < n; i++) {
		uint64_t raw = fxmi_pte_get((char *)c->slot + i * f->entry_bytes, f->entry_bytes);
		uint64_t entry = raw && f->decode ? f->decode(f, c->level, raw) : raw;

		if ((entry & f->present) && !fxmi_pt_is_leaf(f, c->level, entry))
			return true;
	}
	return false;
}

/* @pte: as of a base page, of the first of @n pages from @c on. */
static void set_linear(struct fxm_machine *m, const struct fxmi_pt_format *f, const struct fxmi_cursor *c, uint64_t n, uint64_t pte)
{
	uint64_t page = UINT64_C(1) << f->level[c->level].shift;
	bool is_base = c->level + 1 == f->levels;
	char *slot = (char *)c->slot - (is_base ? f->shadow_offset : 0);

	fxm_assert_internal(c->slot && (pte & f->frame_mask & (page - 1)) == 0);
	for (uint64_t i = 0; i < n; i++, slot += f->entry_bytes, pte += page) {
		if (is_base)
			fxmi_set_pte(m, slot, pte);
		else
			fxmi_pte_set(slot, f->entry_bytes, f->encode ? f->encode(f, c->level, pte) : pte | f->large);
	}
}

int fxmi_pgtable_map_linear(struct fxm_machine *m, uint64_t va, uint64_t pa, uint64_t size, uint64_t prot)
{
	const struct fxmi_pt_format *f = m->desc.format;
	uint64_t base = UINT64_C(1) << f->level[f->levels - 1].shift;
	struct fxmi_cursor c;

	if ((va | pa | size) & (base - 1))
		return -EINVAL;
	while (size) {
		unsigned level = level_for(f, va, pa, size), shift = f->level[level].shift;
		int err = make_path(m, va, level, &c);

		/* As many as the table has places for: larger pages can fit again in the next one only. */
		uint64_t n = (UINT64_C(1) << f->level[level].bits) - fxmi_pt_index(f, level, va);
		n = n < size >> shift ? n : size >> shift;
		if (!err && has_table(f, &c, n))
			err = -EEXIST;
		if (err)
			return err;
		fxm_assert_internal(n);
		set_linear(m, f, &c, n, (pa & f->frame_mask) | prot);
		va += n << shift;
		pa += n << shift;
		size -= n << shift;
	}
	return 0;
}

/* ---- self-check ------------------------------------------------------------------------------------------------------ */

/* The pieces of the reserved frames that tables take up: four to a frame, since arm has tables of 1 KB. */
enum { PIECE_SHIFT = 10, PIECES = 0x100 << (FXM_PAGE_SHIFT - PIECE_SHIFT) };

struct tables {
	const struct fxm_machine *m;
	bool is_taken[PIECES];
};

/* A table lies in frames that were taken for tables, and where no other lies. */
static bool place_is_valid(struct tables *t, uint64_t pa, uint64_t bytes)
{
	const struct fxm_machine *m = t->m;
	uint64_t pool = m->root_pfn << FXM_PAGE_SHIFT;

	fxm_invariant(pa >= pool && pa + bytes <= m->mem.table_pfn << FXM_PAGE_SHIFT);
	fxm_invariant(pa % bytes == 0);
	fxm_invariant(m->mem.mem_map[pa >> FXM_PAGE_SHIFT].flags & FXMI_PG_RESERVED);
	for (uint64_t n = (pa - pool) >> PIECE_SHIFT; n < (pa - pool + bytes) >> PIECE_SHIFT; n++) {
		fxm_invariant(!t->is_taken[n]);
		t->is_taken[n] = true;
	}
	return true;
}

static bool table_is_valid(struct tables *t, uint64_t pa, unsigned level)
{
	const struct fxmi_pt_format *f = t->m->desc.format;
	uint64_t bytes = (uint64_t)f->entry_bytes << f->level[level].bits;

	if (bytes >= 1u << PIECE_SHIFT && !place_is_valid(t, pa, bytes))
		return false;
	for (uint64_t n = 0; level + 1 < f->levels && n < UINT64_C(1) << f->level[level].bits; n++) {
		uint64_t raw = fxmi_pte_get(t->m->mem.ram + pa + n * f->entry_bytes, f->entry_bytes);
		uint64_t entry = f->decode ? f->decode(f, level, raw) : raw;

		if ((entry & f->present) && !fxmi_pt_is_leaf(f, level, entry) &&
		    !table_is_valid(t, entry & f->table_mask, level + 1))
			return false;
	}
	return true;
}

bool fxmi_pgtables_are_valid(const struct fxm_machine *m)
{
	struct tables t = {.m = m};

	fxm_invariant(m->root_pfn && m->root_pfn < m->mem.table_pfn);
	fxm_invariant((m->mem.table_end_pfn - m->root_pfn) << (FXM_PAGE_SHIFT - PIECE_SHIFT) <= PIECES);
	return table_is_valid(&t, m->root_pfn << FXM_PAGE_SHIFT, 0);
}

/* ---- entries in words ------------------------------------------------------------------------------------------------ */

/* Appends to a string that may already fill @buf: what does not fit is cut off. */
static void append(char *buf, size_t size, const char *word)
{
	size_t used = strlen(buf);

	snprintf(buf + used, size - used, "%s%s", used && *word ? " " : "", word);
}

/* Address bits of an entry; a large page's leave its low bits to flags. */
static uint64_t described_frame(const struct fxmi_pt_format *f, uint64_t entry, bool large)
{
	uint64_t low = 0;

	for (unsigned i = 0; large && i < f->levels; i++)
		if (f->level[i].may_be_large)
			low = (UINT64_C(1) << f->level[i].shift) - 1;
	return entry & f->frame_mask & ~low;
}

void fxm_pte_describe(const struct fxm_machine *m, fxm_pte entry, bool leaf_above_pte, char *buf, size_t size)
{
	char pfn[32];

	if (!buf || !size)
		return;
	buf[0] = '\0';
	if (!m)
		return;
	const struct fxmi_pt_format *f = m->desc.format;

	if (!(entry.v & f->present)) {
		append(buf, size, entry.v ? "not present" : "none");
		return;
	}
	for (const struct fxmi_pt_word *w = f->words; w && w->bit; w++) {
		const char *name = leaf_above_pte && w->large_name ? w->large_name : w->name;

		if (entry.v & w->bit)
			append(buf, size, name);
	}
	snprintf(pfn, sizeof(pfn), "pfn=0x%llx",
		 (unsigned long long)(described_frame(f, entry.v, leaf_above_pte) >> FXM_PAGE_SHIFT));
	append(buf, size, pfn);
}
