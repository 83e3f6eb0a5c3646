/* SPDX-License-Identifier: MIT */

/*
 * `fixmap plan`: whether early mappings fit before a kernel is built, and whether a layout keeps the rules of its boot code.
 *
 * Computed from the layout alone, by the rules of mm/early_ioremap.c and of bt_ioremap() in 2.6, at the profile's page size and
 * widths. Mappings are made in the order given and never undone.
 */

#include "options.h"

#include <fixmap/layout.h>

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "usage: fixmap plan [-p PROFILE] [-o NAME=VALUE]... PHYS SIZE [PHYS SIZE]...\n"
			   "       fixmap plan [-p PROFILE] [-o NAME=VALUE]... --layout\n"
			   "\n"
			   "Tells for each early mapping (early_ioremap, early_memremap; 2.6: bt_ioremap) which slot and pages\n"
			   "it takes, what is left, whether it fits, and what the kernel says when it does not. Exit status 1\n"
			   "when one does not fit.\n"
			   "\n"
			   "  PHYS SIZE       as C writes them, 0x40000 or 262144, or 256K, 2M, 1G; a number with letters or\n"
			   "                  leading zeros is hexadecimal without 0x too, as a log has it\n"
			   "  -p PROFILE      the kernel (`fixmap profiles`)\n"
			   "  -o NAME=VALUE   a setting of it; several with commas between them\n"
			   "  --layout        check the layout instead: areas that overlap, boot maps in one page table,\n"
			   "                  boot maps that fill no more than one. Exit status 1 when a rule is broken\n";

struct plan {
	const struct fxm_layout *layout;
	const char *profile, *arch;
	bool is_2_6;
	uint64_t page_size, slot_pages, slots;
	uint64_t phys_mask, long_mask; /* resource_size_t, unsigned long */
	uint64_t used;
};

static void plan_of(struct plan *p, const struct fxm_config *cfg, const struct fxm_layout *layout)
{
	bool is_64 = fxm_layout_get(layout, "PAGE_OFFSET") > UINT32_MAX;

	struct fxm_profile_info profile;
	fxm_config_get_profile_info(cfg, &profile);

	*p = (struct plan){.layout = layout, .profile = profile.name, .arch = profile.arch};
	p->page_size = fxm_layout_page_size(layout);
	p->is_2_6 = profile.version < (2 << 16 | 6 << 8 | 27);
	p->slot_pages = fxm_layout_get(layout, "NR_FIX_BTMAPS");
	p->slots = fxm_layout_get(layout, "FIX_BTMAPS_SLOTS");
	p->long_mask = is_64 ? UINT64_MAX : UINT32_MAX;
	p->phys_mask = is_64 || (!p->is_2_6 && fxm_layout_get(layout, "sizeof(pte_t)") == 8) ? UINT64_MAX : UINT32_MAX;
}

static uint64_t align(const struct plan *p, uint64_t size)
{
	return (size + p->page_size - 1) & ~(p->page_size - 1);
}

/* ---- mappings ---------------------------------------------------------------------------------------------------------- */

static void print_head(const struct plan *p)
{
	printf("%s: %" PRIu64 " %s of %" PRIu64 " pages of %" PRIu64 " KB, %" PRIu64 " KB each\n", p->profile, p->slots,
	       p->is_2_6 ? "window" : "slots", p->slot_pages, p->page_size >> 10, p->slot_pages * p->page_size >> 10);
}

static int no_fit(const struct plan *p, const char *why, const char *site)
{
	printf("does not fit: %s\n", why);
	if (p->is_2_6)
		printf("    the kernel: bt_ioremap() returns NULL without a word\n");
	else
		printf("    the kernel: WARNING at mm/early_ioremap.c, %s; the call returns NULL\n", site);
	return 1;
}

/* Where a mapping that fits lies, and what is left. */
static void print_place(const struct plan *p, uint64_t slot, uint64_t phys, uint64_t pages)
{
	uint64_t offset = phys & (p->page_size - 1);
	fxm_va base = {0};

	fxm_btslot_at(p->layout, slot, &base);
	printf("slot %" PRIu64 " at %08" PRIx64 ", %" PRIu64 " of %" PRIu64 " page%s", slot, base.v + offset, pages, p->slot_pages,
	       p->slot_pages == 1 ? "" : "s");
	if (p->is_2_6)
		printf("; the next call maps over it\n");
	else
		printf("; %" PRIu64 " slot%s left\n", p->slots - slot - 1, p->slots - slot == 2 ? "" : "s");
	if (((phys & ~(p->page_size - 1)) & p->long_mask) != (phys & ~(p->page_size - 1)))
		printf("    note: PAGE_MASK has %d bits here: frame %" PRIx64 " is mapped instead\n", 32,
		       (phys & p->long_mask) / p->page_size);
}

/* bt_ioremap(): PAGE_ALIGN() of the last byte's address, so a last page of one byte is left out. */
static int plan_window(struct plan *p, uint64_t phys, uint64_t size)
{
	uint64_t last = (phys + size - 1) & p->phys_mask;
	uint64_t pages = ((align(p, last) - (phys & ~(p->page_size - 1))) & p->long_mask) / p->page_size;
	char why[128];

	if (!size || last < phys)
		return no_fit(p, size ? "it wraps around the end of physical addresses" : "the size is 0", NULL);
	if (phys >= 0xa0000 && last < 0x100000) {
		printf("the ISA hole: address %08" PRIx64 " of the direct map, nothing is mapped\n",
		       fxm_layout_get(p->layout, "PAGE_OFFSET") + phys);
		return 0;
	}
	if (pages > p->slot_pages) {
		snprintf(why, sizeof(why), "%" PRIu64 " pages, and the window has %" PRIu64, pages, p->slot_pages);
		return no_fit(p, why, NULL);
	}
	print_place(p, 0, phys, pages);
	if (!(last & (p->page_size - 1)))
		printf("    note: the last byte lies on a page that bt_ioremap() leaves out\n");
	return 0;
}

/* __early_ioremap(), in the order of its checks. */
static int plan_slot(struct plan *p, uint64_t phys, uint64_t size)
{
	uint64_t last = (phys + size - 1) & p->phys_mask, offset = phys & (p->page_size - 1);
	uint64_t pages = ((align(p, phys + size) - (phys & ~(p->page_size - 1))) & p->long_mask) / p->page_size;
	char why[200];

	if (p->used == p->slots) {
		snprintf(why, sizeof(why), "all %" PRIu64 " slots are in use; unmap one first", p->slots);
		return no_fit(p, why, "\"not found slot\"");
	}
	if (!size || last < phys)
		return no_fit(p, size ? "it wraps around the end of physical addresses" : "the size is 0",
			      "WARN_ON(!size || last_addr < phys_addr)");
	if (pages > p->slot_pages) {
		snprintf(why, sizeof(why),
			 "%" PRIu64 " pages of %" PRIu64 " KB, and a slot has %" PRIu64 "; from offset 0x%" PRIx64
			 " the most is 0x%" PRIx64 " (%" PRIu64 ") bytes",
			 pages, p->page_size >> 10, p->slot_pages, offset, p->slot_pages * p->page_size - offset,
			 p->slot_pages * p->page_size - offset);
		return no_fit(p, why, "WARN_ON(nrpages > NR_FIX_BTMAPS)");
	}
	print_place(p, p->used++, phys, pages);
	return 0;
}

/* A number of the command line. */
struct number {
	const char *text;
	uint64_t value;
	bool could_be_either; /* nothing in it says decimal or hexadecimal */
};

/* The factor that the last letter stands for, as a shift. */
static unsigned unit_of(const char *text, size_t n)
{
	static const char units[] = "KMG";
	const char *unit = n ? strchr(units, text[n - 1]) : NULL;

	return unit && *unit ? 10 * (unsigned)(unit - units + 1) : 0;
}

/* As C has it, but for one thing: what begins with 0 is no octal number, it comes from a log that fills up with zeros. */
static bool read_number(const char *text, struct number *out)
{
	size_t n = strlen(text), decimal = strspn(text, "0123456789");
	unsigned shift = unit_of(text, n);
	bool is_prefixed = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	bool is_bare = !is_prefixed && !shift && decimal == n;
	char *end;

	*out = (struct number){.text = text, .could_be_either = is_bare && n > 1};
	if (!isxdigit((unsigned char)text[0]) || (is_prefixed && !isxdigit((unsigned char)text[2])))
		return false;
	errno = 0;
	out->value = strtoull(text, &end, (is_bare && text[0] != '0') || (shift && !is_prefixed) ? 10 : 16);
	if (errno || out->value << shift >> shift != out->value)
		return false;
	out->value <<= shift;
	return end == text + n - !!shift;
}

static void note_reading(const struct number *number)
{
	bool is_hex = number->text[0] == '0';

	if (number->could_be_either)
		printf("    note: %s is read as %s; write %s%s if it is %s\n", number->text, is_hex ? "hexadecimal" : "decimal",
		       is_hex ? "" : "0x", number->text + (is_hex ? strspn(number->text, "0") : 0),
		       is_hex ? "decimal" : "hexadecimal");
}

static int plan_mappings(struct plan *p, int argc, char **argv)
{
	struct number phys, size;
	int status = 0;

	for (int i = optind; i < argc; i++) {
		bool is_size = (i - optind) % 2;
		uint64_t mask = is_size ? p->long_mask : p->phys_mask;

		if (!read_number(argv[i], &phys) || (phys.value & mask) != phys.value)
			return tool_error("plan", "%s: write %s, as 0x40000, 262144 or 256K%s", argv[i],
					  is_size ? "a size" : "a physical address",
					  mask == UINT32_MAX ? ", of at most 32 bits here" : "");
	}
	print_head(p);
	for (int i = optind; i + 1 < argc; i += 2) {
		read_number(argv[i], &phys);
		read_number(argv[i + 1], &size);
		printf("%3d  phys 0x%08" PRIx64 " (%" PRIu64 ") size 0x%" PRIx64 " (%" PRIu64 "): ", (i - optind) / 2 + 1,
		       phys.value, phys.value, size.value, size.value);
		status |= p->is_2_6 ? plan_window(p, phys.value, size.value) : plan_slot(p, phys.value, size.value);
		note_reading(&phys);
		note_reading(&size);
	}
	return status;
}

/* ---- the layout's rules ---------------------------------------------------------------------------------------------- */

static int __attribute__((format(printf, 3, 4))) rule(bool holds, const char *name, const char *fmt, ...)
{
	va_list args;

	printf("%-6s %-16s ", holds ? "ok" : "BROKEN", name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	return !holds;
}

/* Whether @r is a part of the fixmap area that has a name of its own: boot maps of arm, the vsyscall page. */
static bool is_in_fixmap(const struct plan *p, const struct fxm_region *r)
{
	struct fxm_region f;

	for (size_t i = 0; !fxm_region_at(p->layout, i, &f); i++)
		if (!strcmp(f.name, "fixmap") && r->start.v - f.start.v < f.size_bytes &&
		    r->start.v - f.start.v + r->size_bytes <= f.size_bytes)
			return true;
	return false;
}

/* No two regions share an address. */
static int check_overlaps(const struct plan *p)
{
	struct fxm_region a, b;
	size_t pairs = 0;
	int broken = 0;

	for (size_t i = 0; !fxm_region_at(p->layout, i, &a); i++)
		for (size_t j = i + 1; !fxm_region_at(p->layout, j, &b); j++, pairs++)
			if ((b.start.v - a.start.v < a.size_bytes || a.start.v - b.start.v < b.size_bytes) &&
			    !(is_in_fixmap(p, &a) && is_in_fixmap(p, &b)))
				broken |=
				    rule(false, "overlap",
					 "%s at %08" PRIx64 " (%" PRIx64 " bytes) and %s at %08" PRIx64 " (%" PRIx64 " bytes)",
					 a.name, a.start.v, a.size_bytes, b.name, b.start.v, b.size_bytes);
	return broken ? broken : rule(true, "overlap", "no region shares an address with another (%zu pairs)", pairs);
}

/* No fixed address lies in a region of something else. */
static int check_strays(const struct plan *p)
{
	struct fxm_region r;
	struct fxm_fixed f;
	int broken = 0;

	for (size_t i = 0; !fxm_fixed_at(p->layout, i, &f); i++)
		for (size_t j = 0; !fxm_region_at(p->layout, j, &r); j++)
			if (strcmp(r.name, "early_ioremap") && strncmp(f.name, "FIX_BTMAP", 9) && f.name[0] != '_' &&
			    !is_in_fixmap(p, &r) && f.address.v - r.start.v < r.size_bytes)
				broken |=
				    rule(false, "fixed address", "%s at %08" PRIx64 " lies in %s", f.name, f.address.v, r.name);
	return broken ? broken : rule(true, "fixed address", "none lies in another region");
}

/* The boot maps begin and end in one page table: early code has one. */
static int check_boot_maps(const struct plan *p)
{
	int begin = fxm_fixed_index(p->layout, "FIX_BTMAP_BEGIN"), end = fxm_fixed_index(p->layout, "FIX_BTMAP_END");
	uint64_t top = fxm_layout_get(p->layout, "FIXADDR_TOP"), pmd = fxm_layout_get(p->layout, "PMD_SIZE");
	uint64_t table = fxm_layout_get(p->layout, "PTRS_PER_PTE"), pages = p->slots * p->slot_pages;
	uint64_t low = (top - (uint64_t)begin * p->page_size) & p->long_mask,
		 high = (top - (uint64_t)end * p->page_size) & p->long_mask;
	int broken;

	if (begin < 0 || end < 0 || !pmd)
		return rule(true, "boot maps", "none");
	broken = rule(low / pmd == high / pmd, "one PMD",
		      "boot maps from %08" PRIx64 " (FIX_BTMAP_BEGIN %d) to %08" PRIx64
		      " (FIX_BTMAP_END %d), page tables of %" PRIu64 " KB",
		      low, begin, high, end, pmd >> 10);
	if (table)
		broken |= rule(pages <= table, "boot-map budget",
			       "%" PRIu64 " slots of %" PRIu64 " pages are %" PRIu64 " of a page table's %" PRIu64, p->slots,
			       p->slot_pages, pages, table);
	return broken;
}

/* early_ioremap_init() of x86: what lies above index 0 begins a page table. */
static int check_top(const struct plan *p)
{
	uint64_t top = (fxm_layout_get(p->layout, "FIXADDR_TOP") + p->page_size) & p->long_mask;
	uint64_t pmd = fxm_layout_get(p->layout, "PMD_SIZE");

	if (p->is_2_6 || strncmp(p->arch, "x86", 3) || !pmd)
		return 0;
	return rule(!(top & (pmd - 1)), "aligned top", "fix_to_virt(0) + PAGE_SIZE is %08" PRIx64, top);
}

/* arm: boot maps and temporary mappings have the same indices, one after the other in time. */
static void note_shared(const struct plan *p)
{
	int begin = fxm_fixed_index(p->layout, "FIX_KMAP_BEGIN"), end = fxm_fixed_index(p->layout, "FIX_KMAP_END");
	int bt_end = fxm_fixed_index(p->layout, "FIX_BTMAP_END"), bt_begin = fxm_fixed_index(p->layout, "FIX_BTMAP_BEGIN");

	if (begin >= 0 && bt_begin >= 0 && begin <= bt_begin && bt_end <= end)
		printf("note   shared          boot maps and kmap_atomic slots have indices %d to %d in common: legal, one ends "
		       "before the other begins\n",
		       begin > bt_end ? begin : bt_end, end < bt_begin ? end : bt_begin);
}

static int check_layout(const struct plan *p)
{
	int broken;

	print_head(p);
	broken = check_overlaps(p) | check_strays(p) | check_boot_maps(p) | check_top(p);
	note_shared(p);
	return broken;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------- */

int cmd_plan(int argc, char **argv)
{
	static const struct option longs[] = {TOOL_LONG_OPTIONS, {"layout", no_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	struct tool_target target = {.command = "plan"};
	struct fxm_layout *layout;
	struct fxm_config *cfg;
	bool wants_layout = false;
	struct plan p;
	int opt, status;

	while ((opt = getopt_long(argc, argv, TOOL_OPTIONS, longs, NULL)) != -1) {
		if (opt == 'h')
			return fputs(help, stdout), 0;
		if (opt == 'l')
			wants_layout = true;
		else if (tool_option(&target, opt, argv))
			return 2;
	}
	if (wants_layout && tool_no_arguments(&target, argc, argv))
		return 2;
	if (!wants_layout && (optind == argc || (argc - optind) % 2))
		return tool_error("plan", "which mappings? Write PHYS SIZE pairs, or --layout; `fixmap help plan` tells more");
	cfg = tool_config(&target);
	if (!cfg)
		return 2;
	int error = fxm_layout_create(cfg, &layout);
	if (error) {
		status = tool_error("plan", "%s", *fxm_config_error(cfg) ? fxm_config_error(cfg) : fxm_strerror(error));
	} else {
		plan_of(&p, cfg, layout);
		status = wants_layout ? check_layout(&p) : plan_mappings(&p, argc, argv);
		fxm_layout_destroy(layout);
	}
	fxm_config_destroy(cfg);
	return status;
}
