/* SPDX-License-Identifier: MIT */

/* `fixmap layout`: the address space that settings come to, as a table, as JSON, or drawn to scale. */

#include "options.h"

#include <fixmap/layout.h>

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

static const char help[] = "usage: fixmap layout [-p PROFILE] [-o NAME=VALUE]... [--json | --map | --settings]\n"
			   "\n"
			   "Prints what the settings come to: named addresses and sizes, regions, enum fixed_addresses,\n"
			   "protection values.\n"
			   "\n"
			   "  -p PROFILE      the kernel (`fixmap profiles`)\n"
			   "  -o NAME=VALUE   a setting of it; several with commas between them\n"
			   "  --json          one JSON object; addresses are strings in hexadecimal\n"
			   "  --map           draw the address space, and every region, to scale\n"
			   "  --settings      list the settings: value, meaning, default\n";

enum form { FORM_TABLE, FORM_JSON, FORM_MAP, FORM_SETTINGS };

struct view {
	const struct fxm_config *cfg;
	const struct fxm_layout *layout;
	int digits; /* of an address */
};

/* "887 MB", "936 KB": @buf of 32 characters. */
static const char *size_text(uint64_t bytes, char *buf)
{
	bool mb = bytes >= 1024 * 1024 && bytes % (1024 * 1024) == 0;
	snprintf(buf, 32, "%" PRIu64 " %s", mb ? bytes >> 20 : bytes >> 10, mb ? "MB" : "KB");
	return buf;
}

/* ---- settings --------------------------------------------------------------------------------------------------------- */

static void print_settings(const struct fxm_config *cfg)
{
	struct fxm_option o;
	printf("profile=%s\n", fxm_config_profile(cfg));
	for (size_t i = 0; !fxm_config_option_at(cfg, i, &o); i++) {
		int width = printf("%s=%s", o.name, o.value);
		printf("%*s %s", width < 28 ? 28 - width : 0, "", o.help);
		printf(strcmp(o.value, o.default_value) ? " (default %s)\n" : "\n", o.default_value);
	}
}

/* Only what was changed. */
static void print_changes(const struct fxm_config *cfg)
{
	struct fxm_option o;
	const char *before = "settings:";
	for (size_t i = 0; !fxm_config_option_at(cfg, i, &o); i++)
		if (strcmp(o.value, o.default_value)) {
			printf("%s %s=%s", before, o.name, o.value);
			before = "";
		}
	if (!*before)
		putchar('\n');
}

/* ---- table -------------------------------------------------------------------------------------------------------------- */

static void print_values(const struct view *v)
{
	const char *name;
	uint64_t value;
	bool is_address;
	puts("\nvalues");
	for (size_t i = 0; !fxm_layout_at(v->layout, i, &name, &value, &is_address); i++)
		printf(is_address ? "  %-28s 0x%0*" PRIx64 "\n" : "  %-28s %*" PRIu64 "\n", name, is_address ? v->digits : 0,
		       value);
}

static void print_regions(const struct view *v)
{
	struct fxm_region r;
	char size[32];
	puts("\nregions");
	for (size_t i = 0; !fxm_region_at(v->layout, i, &r); i++)
		printf("  0x%0*" PRIx64 " - 0x%0*" PRIx64 " %9s  %s\n", v->digits, r.start.v, v->digits,
		       r.start.v + r.size_bytes - 1, size_text(r.size_bytes, size), r.name);
}

static void print_fixed(const struct view *v)
{
	struct fxm_fixed f;
	puts("\nenum fixed_addresses");
	for (size_t i = 0; !fxm_fixed_at(v->layout, i, &f); i++)
		printf("  %5" PRIu32 "  0x%0*" PRIx64 "  %s\n", f.index, v->digits, f.address.v, f.name);
}

static void print_km_types(const struct view *v)
{
	const char *name;
	uint32_t value;
	for (size_t i = 0; !fxm_km_type_at(v->layout, i, &name, &value); i++)
		printf("%s  %5" PRIu32 "  %s\n", i ? "" : "\nenum km_type\n", value, name);
}

static void print_prots(const struct view *v)
{
	const char *name;
	fxm_pte prot;
	puts("\nprotection values");
	for (size_t i = 0; !fxm_prot_at(v->layout, i, &name, &prot); i++)
		printf("  %-28s 0x%" PRIx64 "\n", name, prot.v);
}

static void print_table(const struct view *v)
{
	struct fxm_profile_info profile;
	fxm_config_get_profile_info(v->cfg, &profile);
	printf("%s: %s\n", profile.name, profile.summary);
	print_changes(v->cfg);
	print_values(v);
	print_regions(v);
	print_fixed(v);
	print_km_types(v);
	print_prots(v);
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------------- */

/* The comma before element @i, its key and a colon. */
static void json_key(size_t i, const char *name)
{
	fputs(i ? ",\n    " : "\n    ", stdout);
	tool_json_string(name);
	fputs(": ", stdout);
}

static void json_hex(uint64_t value)
{
	printf("\"0x%" PRIx64 "\"", value);
}

static void json_settings(const struct view *v)
{
	struct fxm_option o;
	for (size_t i = 0; !fxm_config_option_at(v->cfg, i, &o); i++) {
		json_key(i, o.name);
		tool_json_string(o.value);
	}
}

static void json_config(const struct view *v)
{
	const char *name;
	uint64_t value;
	for (size_t i = 0; !fxm_kernel_config_at(v->layout, i, &name, &value); i++) {
		json_key(i, name);
		printf("%" PRIu64, value);
	}
}

static void json_values(const struct view *v)
{
	const char *name;
	uint64_t value;
	bool is_address;
	for (size_t i = 0; !fxm_layout_at(v->layout, i, &name, &value, &is_address); i++) {
		json_key(i, name);
		if (is_address)
			json_hex(value);
		else
			printf("%" PRIu64, value);
	}
}

static void json_regions(const struct view *v)
{
	struct fxm_region r;
	for (size_t i = 0; !fxm_region_at(v->layout, i, &r); i++)
		printf("%s\n    {\"name\": \"%s\", \"start\": \"0x%" PRIx64 "\", \"end\": \"0x%" PRIx64 "\", \"size\": %" PRIu64
		       "}",
		       i ? "," : "", r.name, r.start.v, r.start.v + r.size_bytes, r.size_bytes);
}

static void json_fixed(const struct view *v)
{
	struct fxm_fixed f;
	for (size_t i = 0; !fxm_fixed_at(v->layout, i, &f); i++)
		printf("%s\n    {\"name\": \"%s\", \"index\": %" PRIu32 ", \"address\": \"0x%" PRIx64 "\"}", i ? "," : "", f.name,
		       f.index, f.address.v);
}

static void json_km_types(const struct view *v)
{
	const char *name;
	uint32_t value;
	for (size_t i = 0; !fxm_km_type_at(v->layout, i, &name, &value); i++) {
		json_key(i, name);
		printf("%" PRIu32, value);
	}
}

static void json_prots(const struct view *v)
{
	const char *name;
	fxm_pte prot;
	for (size_t i = 0; !fxm_prot_at(v->layout, i, &name, &prot); i++) {
		json_key(i, name);
		json_hex(prot.v);
	}
}

static void json_slots(const struct view *v)
{
	fxm_va va;
	for (size_t i = 0; !fxm_btslot_at(v->layout, i, &va); i++)
		printf("%s\n    \"0x%" PRIx64 "\"", i ? "," : "", va.v);
}

static void print_json(const struct view *v)
{
	static const struct {
		const char *name;
		void (*print)(const struct view *);
		char open, close;
	} parts[] = {
	    {"settings", json_settings, '{', '}'}, {"config", json_config, '{', '}'},
	    {"values", json_values, '{', '}'},	   {"regions", json_regions, '[', ']'},
	    {"fixed", json_fixed, '[', ']'},	   {"km_types", json_km_types, '{', '}'},
	    {"protections", json_prots, '{', '}'}, {"early_ioremap_slots", json_slots, '[', ']'},
	};
	printf("{\n  \"profile\": \"%s\"", fxm_config_profile(v->cfg));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		printf(",\n  \"%s\": %c", parts[i].name, parts[i].open);
		parts[i].print(v);
		printf("\n  %c", parts[i].close);
	}
	puts("\n}");
}

/* ---- map -------------------------------------------------------------------------------------------------------------------- */

#define MAP_COLUMNS 64

/* A ruler of MAP_COLUMNS columns over [start, start + size). */
struct ruler {
	uint64_t start, size;
};

/* Draws [from, to): at least one column, wherever it begins. */
static void draw_bar(const struct ruler *ruler, uint64_t from, uint64_t to)
{
	char bar[MAP_COLUMNS + 1];
	uint64_t first = (from - ruler->start) * MAP_COLUMNS / ruler->size;
	uint64_t last = ((to - ruler->start) * MAP_COLUMNS - 1) / ruler->size;
	memset(bar, ' ', MAP_COLUMNS);
	bar[MAP_COLUMNS] = 0;
	for (uint64_t c = first; c <= last && c < MAP_COLUMNS; c++)
		bar[c] = '#';
	printf("|%s|", bar);
}

/* The regions from @start on, on one ruler, the highest address first, as the kernel's own pictures have it. */
static void map_regions(const struct view *v, uint64_t start)
{
	struct fxm_region r;
	char size[32];
	struct ruler ruler = {start, fxm_layout_get(v->layout, "FIXADDR_TOP") + fxm_layout_page_size(v->layout) - start};
	size_t n = 0;
	while (!fxm_region_at(v->layout, n, &r))
		n++;
	printf("0x%0*" PRIx64 " to 0x%0*" PRIx64 ", a column is %s\n", v->digits, start, v->digits, start + ruler.size - 1,
	       size_text(ruler.size / MAP_COLUMNS, size));
	while (n-- > 0) {
		fxm_region_at(v->layout, n, &r);
		if (r.start.v < start)
			continue;
		printf("  %-25s 0x%0*" PRIx64 " %9s ", r.name, v->digits, r.start.v, size_text(r.size_bytes, size));
		draw_bar(&ruler, r.start.v, r.start.v + r.size_bytes);
		putchar('\n');
	}
}

/*
 * What follows the common part of two enumerators when they are the ends of one group: BEGIN and END, 0 and END, END and BEGIN
 * (boot maps). NULL for two that have nothing to do with each other.
 */
static const char *group_end(const struct fxm_fixed *f, const struct fxm_fixed *next)
{
	size_t common = 0;
	while (f->name[common] && f->name[common] == next->name[common])
		common++;
	const char *a = f->name + common, *b = next->name + common;
	bool is_group =
	    (!strcmp(b, "END") && (!strcmp(a, "BEGIN") || !strcmp(a, "0"))) || (!strcmp(b, "BEGIN") && !strcmp(a, "END"));
	return is_group ? b : NULL;
}

/* Every fixed address on a ruler of its own. */
static void map_fixed(const struct view *v)
{
	struct fxm_fixed f, next;
	char size[32], name[64];
	uint64_t page = fxm_layout_page_size(v->layout);
	uint64_t top = fxm_layout_get(v->layout, "FIXADDR_TOP") + page;
	uint64_t pages = (uint64_t)fxm_fixed_index(v->layout, "__end_of_fixed_addresses");
	struct ruler ruler = {top - pages * page, pages * page};
	printf("\nenum fixed_addresses: 0x%0*" PRIx64 " to 0x%0*" PRIx64 ", a column is %s\n", v->digits, ruler.start, v->digits,
	       top - 1, size_text(ruler.size / MAP_COLUMNS, size));
	for (size_t i = 0; !fxm_fixed_at(v->layout, i, &f); i++) {
		const char *end = !fxm_fixed_at(v->layout, i + 1, &next) ? group_end(&f, &next) : NULL;
		uint64_t low = end ? next.address.v : f.address.v;
		if (!strncmp(f.name, "__", 2))
			continue;
		snprintf(name, sizeof(name), end ? "%s..%s" : "%s", f.name, end);
		printf("  %-25s 0x%0*" PRIx64 " %4" PRIu64 " page%s ", name, v->digits, low, (f.address.v + page - low) / page,
		       f.address.v == low ? " " : "s");
		draw_bar(&ruler, low, f.address.v + page);
		putchar('\n');
		i += end != NULL;
	}
}

static void print_map(const struct view *v)
{
	printf("%s: ", fxm_config_profile(v->cfg));
	map_regions(v, fxm_layout_get(v->layout, "PAGE_OFFSET"));
	printf("\nabove vmalloc: ");
	map_regions(v, fxm_layout_get(v->layout, "VMALLOC_END") & ~(fxm_layout_get(v->layout, "PMD_SIZE") - 1));
	map_fixed(v);
}

/* ---- the command ------------------------------------------------------------------------------------------------------------ */

static int digits_of(const struct fxm_layout *layout)
{
	return fxm_layout_get(layout, "FIXADDR_TOP") > UINT32_MAX ? 16 : 8;
}

static int show(struct fxm_config *cfg, enum form form)
{
	struct fxm_layout *layout;
	int err = fxm_layout_create(cfg, &layout);
	if (err)
		return tool_error("layout", "%s", *fxm_config_error(cfg) ? fxm_config_error(cfg) : fxm_strerror(err));
	struct view v = {cfg, layout, digits_of(layout)};
	if (form == FORM_JSON)
		print_json(&v);
	else if (form == FORM_MAP)
		print_map(&v);
	else if (form == FORM_SETTINGS)
		print_settings(cfg);
	else
		print_table(&v);
	fxm_layout_destroy(layout);
	return 0;
}

int cmd_layout(int argc, char **argv)
{
	static const struct option longs[] = {TOOL_LONG_OPTIONS,
					      {"json", no_argument, NULL, 'j'},
					      {"map", no_argument, NULL, 'm'},
					      {"settings", no_argument, NULL, 's'},
					      {0}};
	struct tool_target target = {.command = "layout"};
	enum form form = FORM_TABLE;
	int opt;
	while ((opt = getopt_long(argc, argv, TOOL_OPTIONS, longs, NULL)) != -1) {
		enum form wanted = opt == 'j' ? FORM_JSON : opt == 'm' ? FORM_MAP : opt == 's' ? FORM_SETTINGS : FORM_TABLE;
		if (opt == 'h')
			return fputs(help, stdout), 0;
		if (wanted == FORM_TABLE && tool_option(&target, opt, argv))
			return 2;
		if (wanted != FORM_TABLE && form != FORM_TABLE && form != wanted)
			return tool_error("layout", "--json, --map and --settings do not go together; write one of them");
		if (wanted != FORM_TABLE)
			form = wanted;
	}
	if (tool_no_arguments(&target, argc, argv))
		return 2;
	struct fxm_config *cfg = tool_config(&target);
	int status = cfg ? show(cfg, form) : 2;
	fxm_config_destroy(cfg);
	return status;
}
