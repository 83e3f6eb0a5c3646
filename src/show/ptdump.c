/* SPDX-License-Identifier: MIT */
/*
 * The page-table dump. Models arch/x86/mm/dump_pagetables.c (4.7 to 6.1), arch/arm/mm/dump.c and arch/arm64/mm/dump.c (4.7).
 *
 * A walk hands each entry of the table to note(), in the order of addresses, holes included; note() puts neighbours with equal
 * attributes at the same level into one line, and begins a new one where a marker stands. What an architecture prints is a
 * dialect: its markers, its attribute columns, its way through the table.
 *
 * The attributes of the arm kernels come from their sources alone; no booted one has confirmed the columns.
 */
#include "state.h"

#define VERSION(major, minor) ((unsigned)(major) << 16 | (minor) << 8)

/* A name for what begins at the layout's value @where; without such a value the kernel has no such area. "": at @address. */
struct marker {
	const char *name, *where;
	uint64_t address;
	unsigned max_lines;
};

/* One column: what is printed when the bits under @mask are @value, and when they are not. */
struct attribute {
	uint64_t mask, value;
	const char *set, *clear;
};

enum { MAX_MARKERS = 16 };

struct dump;

struct dialect {
	const char *arch;
	unsigned since;
	const struct marker *markers;
	const char *units;   /* of sizes, each 1024 times the one before */
	unsigned first_unit; /* log2 of the first */
	bool prints_holes;
	void (*walk)(struct dump *d);
	void (*attributes)(const struct dump *d); /* of the line that ends */
};

struct dump {
	const struct fxmi_kernel *k;
	const struct dialect *dialect;
	FILE *out;
	struct marker marker[MAX_MARKERS + 1]; /* those that exist, and an end that is never reached */
	unsigned at;			       /* the marker that the line is under */
	unsigned lines;			       /* printed under it */
	bool began;
	uint64_t start, attr, effective; /* of the line in progress */
	const char *level;
	uint64_t wx_pages;
};

/* ---- lines ---- */

static int digits(const struct dump *d)
{
	return d->k->va_mask > UINT32_MAX ? 16 : 8;
}

static void print_line(const struct dump *d, uint64_t end)
{
	uint64_t size = (end - d->start) >> d->dialect->first_unit;
	const char *unit = d->dialect->units;

	if (!d->out || !(d->attr || d->dialect->prints_holes))
		return;
	/* A line that ends with the address space has its end at 0. */
	end &= d->k->va_mask;
	while (!(size & 1023) && unit[1]) {
		size >>= 10;
		unit++;
	}
	fprintf(d->out, "0x%0*llx-0x%0*llx   %9llu%c", digits(d), (unsigned long long)d->start, digits(d), (unsigned long long)end,
		(unsigned long long)size, *unit);
	d->dialect->attributes(d);
}

static void print_marker(const struct dump *d)
{
	if (d->out)
		fprintf(d->out, "---[ %s ]---\n", d->marker[d->at].name);
}

static void next_marker(struct dump *d)
{
	unsigned max = d->marker[d->at].max_lines;

	if (max && d->lines > max && d->out)
		fprintf(d->out, "... %u entr%s skipped ... \n", d->lines - max, d->lines - max == 1 ? "y" : "ies");
	d->at++;
	d->lines = 0;
	print_marker(d);
}

/* The entries from @va on have attributes @attr (0: none) at @level, together with the levels above @effective. */
static void note(struct dump *d, uint64_t va, const char *level, uint64_t attr, uint64_t effective)
{
	bool at_marker = d->began && va >= d->marker[d->at + 1].address;

	if (d->began && attr == d->attr && effective == d->effective && !strcmp(level, d->level) && !at_marker)
		return;
	if (d->began) {
		if (!d->marker[d->at].max_lines || d->lines < d->marker[d->at].max_lines)
			print_line(d, va);
		if (d->attr || d->dialect->prints_holes)
			d->lines++;
	} else {
		print_marker(d);
	}
	if (at_marker)
		next_marker(d);
	d->began = true;
	d->start = va;
	d->attr = attr;
	d->effective = effective;
	d->level = level;
}

/* ---- x86 ---- */

enum { X86_PRESENT = 0x1, X86_RW = 0x2, X86_USER = 0x4, X86_PWT = 0x8, X86_PCD = 0x10, X86_PSE = 0x80, X86_GLOBAL = 0x100 };

#define X86_NX (UINT64_C(1) << 63)
#define X86_PAT_LARGE UINT64_C(0x1000)

static void attributes_of_x86(const struct dump *d)
{
	static const struct attribute first[] = {
	    {X86_USER, X86_USER, "USR ", "    "}, {X86_RW, X86_RW, "RW ", "ro "},     {X86_PWT, X86_PWT, "PWT ", "    "},
	    {X86_PCD, X86_PCD, "PCD ", "    "},	  {X86_PSE, X86_PSE, "PSE ", "    "},
	};
	uint64_t attr = d->attr, bits = attr, pat = X86_PAT_LARGE;

	putc(' ', d->out);
	if (!(attr & X86_PRESENT)) {
		fprintf(d->out, "%30s", "");
	} else {
		if (!strcmp(d->level, "pte")) { /* there bit 7 is PAT */
			bits &= ~(uint64_t)X86_PSE;
			pat = X86_PSE;
		}
		for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
			fputs((bits & first[i].mask) == first[i].value ? first[i].set : first[i].clear, d->out);
		fprintf(d->out, "%s%s%s", attr & pat ? "PAT " : "    ", attr & X86_GLOBAL ? "GLB " : "    ",
			attr & X86_NX ? "NX " : "x  ");
	}
	fprintf(d->out, "%s\n", d->level);
}

/* With a two-level table the middle levels are the root: which of their names a kernel says for it, it does not ask itself. */
static const char *x86_level(const struct dump *d, const struct fxm_walk *w, unsigned last)
{
	bool is_folded = d->k->m->desc.format->levels == 2 && !last;

	return is_folded && w->mapped && d->k->version >= VERSION(5, 6) ? "pmd" : w->level[last].name;
}

/* USER and RW hold when every level has them, NX when one has it. The root of PAE has no such bits. */
static uint64_t x86_effective(const struct dump *d, const struct fxm_walk *w)
{
	const struct fxmi_pt_format *f = d->k->m->desc.format;
	uint64_t all = X86_USER | X86_RW, any = 0;

	for (unsigned i = 0; i < w->levels; i++) {
		uint64_t entry = w->level[i].entry.v;

		all &= i || (f->root_flags & X86_RW) ? entry : ~UINT64_C(0);
		any |= entry & X86_NX;
	}
	return (all & (X86_USER | X86_RW)) | any;
}

static void check_wx(struct dump *d, const struct fxm_walk *w, uint64_t size)
{
	uint64_t leaf = w->level[w->levels - 1].entry.v;

	if (w->mapped && (leaf & X86_RW) && !(leaf & X86_NX))
		d->wx_pages += size >> FXM_PAGE_SHIFT;
}

static uint64_t canonical(const struct dump *d, uint64_t va)
{
	const struct fxmi_pt_format *f = d->k->m->desc.format;
	bool is_upper = f->is_upper_half || (f->va_bits > 32 && va >> (f->va_bits - 1) & 1);

	return is_upper ? va | ~((UINT64_C(1) << f->va_bits) - 1) : va;
}

/* Entry by entry, each at the lowest level that the walk of its address reaches. */
static void walk_x86(struct dump *d)
{
	const struct fxmi_pt_format *f = d->k->m->desc.format;
	uint64_t end = UINT64_C(1) << f->va_bits, size;
	bool has_effective = d->k->version >= VERSION(4, 17);

	for (uint64_t at = 0; at < end; at += size) {
		uint64_t va = canonical(d, at);
		struct fxm_walk w;

		fxm_walk(d->k->m, fxm_va_of(va), &w);
		unsigned last = w.levels - 1;
		uint64_t attr = w.level[last].entry.v & ~f->frame_mask;

		size = UINT64_C(1) << f->level[last].shift;
		check_wx(d, &w, size);
		note(d, va, x86_level(d, &w, last), attr, has_effective && attr ? x86_effective(d, &w) : 0);
	}
}

static const struct marker markers_of_x86_32[] = {
    {.name = "User Space", .where = ""},
    {.name = "Kernel Mapping", .where = "PAGE_OFFSET"},
    {.name = "vmalloc() Area", .where = "VMALLOC_START"},
    {.name = "vmalloc() End", .where = "VMALLOC_END"},
    {.name = "Persistent kmap() Area", .where = "PKMAP_BASE"},
    {.name = "LDT remap", .where = "LDT_BASE_ADDR"},
    {.name = "CPU entry area", .where = "CPU_ENTRY_AREA_BASE"},
    {.name = "Fixmap area", .where = "FIXADDR_START"},
    {.name = NULL},
};

static const struct marker markers_of_x86_32_4_7[] = {
    {.name = "User Space", .where = ""},
    {.name = "Kernel Mapping", .where = "PAGE_OFFSET"},
    {.name = "vmalloc() Area", .where = "VMALLOC_START"},
    {.name = "vmalloc() End", .where = "VMALLOC_END"},
    {.name = "Persistent kmap() Area", .where = "PKMAP_BASE"},
    {.name = "Fixmap Area", .where = "FIXADDR_START"},
    {.name = NULL},
};

static const struct marker markers_of_x86_64[] = {
    {.name = "User Space", .where = ""},
    {.name = "Kernel Space", .where = "", .address = UINT64_C(0x8000000000000000)},
    {.name = "Low Kernel Mapping", .where = "PAGE_OFFSET"},
    {.name = "vmalloc() Area", .where = "VMALLOC_START"},
    {.name = "Vmemmap", .where = "VMEMMAP_START"},
    {.name = "CPU entry Area", .where = "CPU_ENTRY_AREA_BASE"},
    {.name = "ESPfix Area", .where = "", .address = UINT64_C(0xffffff0000000000), .max_lines = 16},
    {.name = "EFI Runtime Services", .where = "", .address = UINT64_C(0xffffffef00000000)},
    {.name = "High Kernel Mapping", .where = "", .address = UINT64_C(0xffffffff80000000)},
    {.name = "Modules", .where = "MODULES_VADDR"},
    {.name = "End Modules", .where = "MODULES_END"},
    {.name = "Fixmap Area", .where = "FIXADDR_START"},
    {.name = NULL},
};

/* ---- arm ---- */

static void print_attributes(const struct dump *d, const struct attribute *a)
{
	for (; a->mask; a++) {
		const char *word = (d->attr & a->mask) == a->value ? a->set : a->clear;
		if (word)
			fprintf(d->out, " %s", word);
	}
	putc('\n', d->out);
}

static const struct attribute arm_pte[] = {
    {0x100, 0x100, "USR", "   "},
    {0x080, 0x080, "ro", "RW"},
    {0x200, 0x200, "NX", "x "},
    {0x400, 0x400, "SHD", "   "},
    {0x03c, 0x000, "SO/UNCACHED", NULL},
    {0x03c, 0x004, "MEM/BUFFERABLE/WC", NULL},
    {0x03c, 0x008, "MEM/CACHED/WT", NULL},
    {0x03c, 0x00c, "MEM/CACHED/WBRA", NULL},
    {0x03c, 0x018, "MEM/MINICACHE", NULL},
    {0x03c, 0x01c, "MEM/CACHED/WBWA", NULL},
    {0x03c, 0x010, "DEV/SHARED", NULL},
    {0x03c, 0x030, "DEV/NONSHARED", NULL},
    {0x03c, 0x024, "DEV/WC", NULL},
    {0x03c, 0x02c, "DEV/CACHED", NULL},
    {0, 0, NULL, NULL},
};

static const struct attribute arm_section[] = {
    {0x8c00, 0x8400, "    ro", NULL},
    {0x8c00, 0x0400, "    RW", NULL},
    {0x8c00, 0x0800, "USR ro", NULL},
    {0x8c00, 0x0c00, "USR RW", NULL},
    {0x00010, 0x00010, "NX", "x "},
    {0x10000, 0x10000, "SHD", "   "},
    {0, 0, NULL, NULL},
};

static void attributes_of_arm(const struct dump *d)
{
	print_attributes(d, strcmp(d->level, "pte") ? arm_section : arm_pte);
}

/* The bits that some column shows: others do not begin a new line. */
static uint64_t shown(const struct attribute *a, uint64_t entry)
{
	uint64_t mask = 0;

	for (; a->mask; a++)
		mask |= a->mask;
	return entry & mask;
}

/* Linux's own table: 512 of its entries for each 2 MB, or a section for one or both of the halves. */
static void walk_arm(struct dump *d)
{
	uint64_t root = d->k->m->root_pfn << FXM_PAGE_SHIFT;

	for (uint64_t va = 0; va <= UINT32_MAX; va += 2 << 20) {
		uint64_t pair = root + (va >> 21) * 8;
		uint64_t even = fxmi_phys_word(d->k, pair, 4), odd = fxmi_phys_word(d->k, pair + 4, 4);

		if ((even & 3) != 1)
			note(d, va, "pmd", shown(arm_section, even), 0);
		for (unsigned i = 0; (even & 3) == 1 && i < 512; i++)
			note(d, va + i * FXM_PAGE_SIZE, "pte",
			     shown(arm_pte, fxmi_phys_word(d->k, (even & ~UINT64_C(0xfff)) + i * 4, 4)), 0);
		if ((odd & 3) == 2)
			note(d, va + (1 << 20), "pmd", shown(arm_section, odd), 0);
	}
}

static const struct marker markers_of_arm[] = {
    {.name = "Modules", .where = "MODULES_VADDR"},
    {.name = "Kernel Mapping", .where = "PAGE_OFFSET"},
    {.name = "vmalloc() Area", .where = "VMALLOC_START"},
    {.name = "vmalloc() End", .where = "VMALLOC_END"},
    {.name = "Fixmap Area", .where = "FIXADDR_START"},
    {.name = "Vectors", .where = "VECTORS_BASE"},
    {.name = "Vectors End", .where = "", .address = UINT64_C(0xffff2000)},
    {.name = NULL},
};

/* ---- arm64 ---- */

#define ARM64_PXN (UINT64_C(1) << 53)
#define ARM64_UXN (UINT64_C(1) << 54)
#define ARM64_CONT (UINT64_C(1) << 52)

static const struct attribute arm64_pte[] = {
    {0x001, 0x001, " ", "F"},
    {0x040, 0x040, "USR", "   "},
    {0x080, 0x080, "ro", "RW"},
    {ARM64_PXN, ARM64_PXN, "NX", "x "},
    {0x300, 0x300, "SHD", "   "},
    {0x400, 0x400, "AF", "  "},
    {0x800, 0x800, "NG", "  "},
    {ARM64_CONT, ARM64_CONT, "CON", "   "},
    {0x002, 0x002, "   ", "BLK"},
    {ARM64_UXN, ARM64_UXN, "UXN", "   "},
    {0x01c, 0x000, "DEVICE/nGnRnE", NULL},
    {0x01c, 0x004, "DEVICE/nGnRE", NULL},
    {0x01c, 0x008, "DEVICE/GRE", NULL},
    {0x01c, 0x00c, "MEM/NORMAL-NC", NULL},
    {0x01c, 0x010, "MEM/NORMAL", NULL},
    {0, 0, NULL, NULL},
};

static void attributes_of_arm64(const struct dump *d)
{
	print_attributes(d, arm64_pte);
}

static void walk_arm64(struct dump *d)
{
	const struct fxmi_pt_format *f = d->k->m->desc.format;
	uint64_t end = UINT64_C(1) << f->va_bits, size;

	for (uint64_t at = 0; at < end; at += size) {
		uint64_t va = canonical(d, at);
		struct fxm_walk w;

		fxm_walk(d->k->m, fxm_va_of(va), &w);
		size = UINT64_C(1) << f->level[w.levels - 1].shift;
		note(d, va, w.level[w.levels - 1].name, shown(arm64_pte, w.level[w.levels - 1].entry.v), 0);
	}
}

static const struct marker markers_of_arm64[] = {
    {.name = "Modules start", .where = "MODULES_VADDR"},  {.name = "Modules end", .where = "MODULES_END"},
    {.name = "vmalloc() Area", .where = "VMALLOC_START"}, {.name = "vmalloc() End", .where = "VMALLOC_END"},
    {.name = "Fixmap start", .where = "FIXADDR_START"},	  {.name = "Fixmap end", .where = "FIXADDR_TOP"},
    {.name = "PCI I/O start", .where = "PCI_IO_START"},	  {.name = "PCI I/O end", .where = "PCI_IO_END"},
    {.name = "vmemmap start", .where = "VMEMMAP_START"},  {.name = "vmemmap end", .where = "PAGE_OFFSET"},
    {.name = "Linear Mapping", .where = "PAGE_OFFSET"},	  {.name = NULL},
};

/* ---- dialects ---- */

#define X86(arch_, since_, markers_)                                                                                               \
	{                                                                                                                          \
		.arch = arch_, .since = since_, .markers = markers_, .units = "BKMGTPE", .first_unit = 0, .prints_holes = true,    \
		.walk = walk_x86, .attributes = attributes_of_x86                                                                  \
	}

static const struct dialect dialects[] = {
    X86("x86_32", VERSION(4, 15), markers_of_x86_32),
    X86("x86_32", 0, markers_of_x86_32_4_7),
    X86("x86_64", 0, markers_of_x86_64),
    {.arch = "arm",
     .markers = markers_of_arm,
     .units = "KMGTPE",
     .first_unit = 10,
     .walk = walk_arm,
     .attributes = attributes_of_arm},
    {.arch = "arm64",
     .markers = markers_of_arm64,
     .units = "KMGTPE",
     .first_unit = 10,
     .walk = walk_arm64,
     .attributes = attributes_of_arm64},
};

static const struct dialect *dialect_of(const struct fxmi_kernel *k)
{
	const char *arch = fxmi_layout_arch(k->layout);

	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
		if (!strcmp(dialects[i].arch, arch) && k->version >= dialects[i].since)
			return fxmi_has(k, "ptdump") ? &dialects[i] : NULL;
	return NULL;
}

static void find_markers(struct dump *d)
{
	unsigned n = 0;

	for (const struct marker *m = d->dialect->markers; m->name; m++) {
		uint64_t address = m->address;

		if (*m->where && fxm_layout_find(d->k->layout, m->where, &address))
			continue;
		if (!strcmp(m->where, "PKMAP_BASE") && !d->k->highmem)
			continue;
		d->marker[n] = *m;
		d->marker[n++].address = address;
	}
	d->marker[n].address = UINT64_MAX;
}

static int dump(struct fxm_machine *m, FILE *out, struct dump *d)
{
	if (!m || m->dead)
		return -EINVAL;
	*d = (struct dump){.k = fxmi_kernel(m), .out = out};
	d->dialect = dialect_of(d->k);
	if (!d->dialect)
		return -ENOSYS;
	find_markers(d);
	d->dialect->walk(d);
	print_line(d, d->k->va_mask + 1);
	return out && ferror(out) ? -EIO : 0;
}

int fxm_ptdump(struct fxm_machine *m, FILE *out)
{
	struct dump d;

	return out ? dump(m, out, &d) : -EINVAL;
}

int fxm_ptdump_check_wx(struct fxm_machine *m, FILE *out)
{
	struct dump d;
	int error = out ? dump(m, NULL, &d) : -EINVAL;

	if (error)
		return error;
	if (d.dialect->walk != walk_x86 || !fxmi_setting(d.k->layout, FXMI_SETTING_nx) || d.k->pte_bytes < 8)
		return -ENOSYS;
	if (d.wx_pages)
		fprintf(out, "x86/mm: Checked W+X mappings: FAILED, %llu W+X pages found.\n", (unsigned long long)d.wx_pages);
	else
		fprintf(out, "x86/mm: Checked W+X mappings: passed, no W+X pages found.\n");
	return ferror(out) ? -EIO : 0;
}
