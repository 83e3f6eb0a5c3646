/* SPDX-License-Identifier: MIT */

/*
 * `fixmap diff`: two kernels side by side. Everything that a layout lists (settings, values, depths, fixed addresses, protection
 * values, traits, functions, places that complain) and what the kernel prints is read as rows of a name and a text; a row is shown
 * when the other side has another text, or none.
 */

#include "diff.h"
#include "options.h"

#include <fixmap/layout.h>
#include <fixmap/since.h>

#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: fixmap diff [-o NAME=VALUE]... [--json] PROFILE PROFILE\n"
    "\n"
    "Tells what changed between two kernels for who maps pages: settings, addresses and sizes, how deep mappings\n"
    "nest and how many there are, fixed addresses, protection values, behaviour, functions, the places in the\n"
    "source that complain, and what is printed. What is the same is left out.\n"
    "\n"
    "  PROFILE        a kernel (`fixmap profiles`); settings may follow it after commas: x86_32-4.15,pae=1\n"
    "  -o NAME=VALUE  a setting of both sides\n"
    "  --json         one JSON object: an array for each list, of objects with name, a, b and note\n"
    "\n"
    "Exit status: 0 nothing differs, 1 something does, 2 bad usage or input.\n";

struct row {
	const char *name;
	char text[DIFF_TEXT_BYTES];
};

/* ---- the lists: row @i of a side, or false past the end ------------------------------------------------------------------ */

static bool setting_row(const struct diff_side *s, size_t i, struct row *r)
{
	struct fxm_option o;
	if (fxm_config_option_at(s->cfg, i, &o))
		return false;
	r->name = o.name;
	snprintf(r->text, sizeof(r->text), "%s", *o.value ? o.value : "(empty)");
	return true;
}

static bool value_row(const struct diff_side *s, size_t i, struct row *r)
{
	uint64_t value;
	bool is_address;
	if (fxm_layout_at(s->layout, i, &r->name, &value, &is_address))
		return false;
	snprintf(r->text, sizeof(r->text), is_address ? "0x%" PRIx64 : "%" PRIu64, value);
	return true;
}

static bool fixed_row(const struct diff_side *s, size_t i, struct row *r)
{
	struct fxm_fixed f;
	if (fxm_fixed_at(s->layout, i, &f))
		return false;
	r->name = f.name;
	snprintf(r->text, sizeof(r->text), "%" PRIu32 " at 0x%" PRIx64, f.index, f.address.v);
	return true;
}

static bool km_type_row(const struct diff_side *s, size_t i, struct row *r)
{
	uint32_t value;
	if (fxm_km_type_at(s->layout, i, &r->name, &value))
		return false;
	snprintf(r->text, sizeof(r->text), "%" PRIu32, value);
	return true;
}

static bool prot_row(const struct diff_side *s, size_t i, struct row *r)
{
	fxm_pte prot;
	if (fxm_prot_at(s->layout, i, &r->name, &prot))
		return false;
	snprintf(r->text, sizeof(r->text), "0x%" PRIx64, prot.v);
	return true;
}

static bool trait_row(const struct diff_side *s, size_t i, struct row *r)
{
	uint64_t value;
	if (fxm_layout_trait_at(s->layout, i, &r->name, &value))
		return false;
	snprintf(r->text, sizeof(r->text), "%" PRIu64, value);
	return true;
}

static bool function_row(const struct diff_side *s, size_t i, struct row *r)
{
	unsigned first, last;
	if (fxm_since_at(i, &r->name, &first, &last))
		return false;
	snprintf(r->text, sizeof(r->text), "%s", s->profile.version >= first && s->profile.version <= last ? "yes" : "no");
	return true;
}

static bool site_row(const struct diff_side *s, size_t i, struct row *r)
{
	const char *where;
	if (fxm_layout_site_at(s->layout, i, &r->name, &where))
		return false;
	snprintf(r->text, sizeof(r->text), "%s", where);
	return true;
}

static bool text_row(const struct diff_side *s, size_t i, struct row *r)
{
	r->name = diff_text_name(i);
	if (r->name)
		snprintf(r->text, sizeof(r->text), "%s", s->text[i]);
	return r->name;
}

/* ---- how deep and how many ---- */

static uint64_t trait_of(const struct diff_side *s, const char *trait)
{
	const char *name;
	uint64_t value;
	for (size_t i = 0; !fxm_layout_trait_at(s->layout, i, &name, &value); i++)
		if (!strcmp(name, trait))
			return value;
	return 0;
}

static void kmap_depth(const struct diff_side *s, char *out, size_t size)
{
	uint64_t highmem = 0;
	fxm_kernel_config_find(s->layout, "HIGHMEM", &highmem);
	if (highmem)
		snprintf(out, size, "%" PRIu64 " pages", fxm_layout_get(s->layout, "LAST_PKMAP"));
	else
		snprintf(out, size, "any number");
}

static void atomic_depth(const struct diff_side *s, char *out, size_t size)
{
	uint64_t slots = 0, max = fxm_layout_get(s->layout, "KM_MAX_IDX"), step = trait_of(s, "kmap_local_increment");
	static const char *const of[] = {"", "types per CPU", "per CPU", "per task"};
	uint64_t generation = trait_of(s, "kmap_atomic_generation");
	if (fxm_fixed_index(s->layout, "FIX_KMAP_BEGIN") >= 0)
		slots = generation == 3 ? (max - 1) / (step ? step : 1) : max;
	if (slots && generation < sizeof(of) / sizeof(of[0]))
		snprintf(out, size, "%" PRIu64 " %s", slots, of[generation]);
	else
		snprintf(out, size, "any number");
}

static void early_depth(const struct diff_side *s, char *out, size_t size)
{
	uint64_t pages = fxm_layout_get(s->layout, "NR_FIX_BTMAPS"), page = fxm_layout_page_size(s->layout);
	snprintf(out, size, "%" PRIu64 " of %" PRIu64 " KB", fxm_layout_get(s->layout, "FIX_BTMAPS_SLOTS"), pages * page >> 10);
}

static const struct {
	const char *name, *note;
	void (*of)(const struct diff_side *, char *, size_t);
} depths[] = {
    {"kmap", "kept at a time, by everybody together", kmap_depth},
    {"kmap_atomic, kmap_local", "one inside another", atomic_depth},
    {"early_ioremap", "at a time, and how large one may be", early_depth},
};

static bool depth_row(const struct diff_side *s, size_t i, struct row *r)
{
	if (i >= sizeof(depths) / sizeof(depths[0]))
		return false;
	r->name = depths[i].name;
	depths[i].of(s, r->text, sizeof(r->text));
	return true;
}

/* ---- what a row means ---- */

struct meaning {
	const char *name, *text;
};

static const struct meaning traits[] = {
#define FXM_TRAIT_WORD(name, meaning) {#name, meaning},
#include <fixmap/profiles/traits.def>
#undef FXM_TRAIT_WORD
};

static const struct meaning sites[] = {
#define FXM_SITE_WORD(name, meaning) {#name, meaning},
#include <fixmap/profiles/sites.def>
#undef FXM_SITE_WORD
};

static const char *look_up_meaning(const struct meaning *list, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(list[i].name, name))
			return list[i].text;
	return "";
}

static const char *trait_note(const char *name)
{
	return look_up_meaning(traits, sizeof(traits) / sizeof(traits[0]), name);
}

static const char *site_note(const char *name)
{
	return look_up_meaning(sites, sizeof(sites) / sizeof(sites[0]), name);
}

static const char *depth_note(const char *name)
{
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++)
		if (!strcmp(depths[i].name, name))
			return depths[i].note;
	return "";
}

static const char *no_note(const char *name)
{
	(void)name;
	return "";
}

static const struct list {
	const char *key, *title;
	const char *missing; /* what a side without the row shows */
	bool (*row)(const struct diff_side *, size_t, struct row *);
	const char *(*note)(const char *name);
	bool is_text;  /* several lines: one side below the other */
	bool may_lack; /* a side without the row has nothing, rather than what @missing says */
} lists[] = {
    {"settings", "settings", "-", setting_row, no_note, false, true},
    {"values", "values", "-", value_row, no_note, false, true},
    {"depths", "mappings at a time", "-", depth_row, depth_note, false, false},
    {"fixed", "enum fixed_addresses (index and address)", "-", fixed_row, no_note, false, true},
    {"km_types", "enum km_type", "-", km_type_row, no_note, false, true},
    {"protections", "protection values", "-", prot_row, no_note, false, true},
    {"behaviour", "behaviour", "0", trait_row, trait_note, false, false},
    {"functions", "functions that the kernel has", "-", function_row, fxm_since, false, false},
    {"sites", "where the kernel complains", "-", site_row, site_note, false, true},
    {"texts", "what the kernel prints (addresses and entries as xxxxxxxx)", "", text_row, no_note, true, false},
};
#define NR_LISTS (sizeof(lists) / sizeof(lists[0]))

/* ---- what differs ---- */

/* Whether @s has a row @name; its text, or what stands for none. */
static bool look_up(const struct list *list, const struct diff_side *s, const char *name, struct row *out)
{
	for (size_t i = 0; list->row(s, i, out); i++)
		if (!strcmp(out->name, name))
			return true;
	snprintf(out->text, sizeof(out->text), "%s", list->missing);
	return false;
}

/* A row that differs; without a text on the side that has none. */
typedef void (*show_row)(const struct list *list, const char *name, const char *a, const char *b, size_t before);

static size_t compare_row(const struct list *list, const struct diff_side side[2], const char *name, size_t before, show_row show)
{
	static struct row a, b;
	bool has_a = look_up(list, &side[0], name, &a), has_b = look_up(list, &side[1], name, &b);
	if (!strcmp(a.text, b.text))
		return before;
	show(list, name, has_a || !list->may_lack ? a.text : NULL, has_b || !list->may_lack ? b.text : NULL, before);
	return before + 1;
}

/* A's rows in A's order, then what only B has. Returns how many were shown. */
static size_t compare_list(const struct list *list, const struct diff_side side[2], show_row show)
{
	static struct row r, other;
	size_t shown = 0;
	for (size_t i = 0; list->row(&side[0], i, &r); i++)
		shown = compare_row(list, side, r.name, shown, show);
	for (size_t i = 0; list->row(&side[1], i, &r); i++)
		if (!look_up(list, &side[0], r.name, &other))
			shown = compare_row(list, side, r.name, shown, show);
	return shown;
}

/* ---- as a table ---- */

static void print_lines(char sign, const char *text, const char *end)
{
	for (const char *line = text, *next; line < end; line = next) {
		next = strchr(line, '\n') + 1;
		printf("    %c %.*s", sign, (int)(next - line), line);
	}
}

/* Whole lines that two texts begin with. */
static size_t common_lines(const char *a, const char *b)
{
	size_t lines = 0;
	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '\n')
			lines = i + 1;
	return lines;
}

static void print_texts(const char *a, const char *b)
{
	size_t same = common_lines(a, b);
	print_lines(' ', a, a + same);
	print_lines('-', a + same, a + strlen(a));
	print_lines('+', b + same, b + strlen(b));
}

static void print_row(const struct list *list, const char *name, const char *a, const char *b, size_t before)
{
	const char *note = list->note(name);
	if (!before)
		printf("\n%s\n", list->title);
	if (list->is_text) {
		printf("  %s\n", name);
		print_texts(a, b);
		return;
	}
	printf("  %-34s %-29s %-*s%s%s\n", name, a ? a : list->missing, *note ? 29 : 0, b ? b : list->missing, *note ? " " : "",
	       note);
}

static int print_table(const struct diff_side side[2])
{
	size_t shown = 0;
	printf("  %-34s %-29s %s\n", "", side[0].words, side[1].words);
	for (size_t i = 0; i < NR_LISTS; i++)
		shown += compare_list(&lists[i], side, print_row);
	if (!shown)
		puts("\nnothing differs");
	return shown != 0;
}

/* ---- as JSON ---- */

static void json_value(const char *key, const char *text)
{
	printf(", \"%s\": ", key);
	if (text)
		tool_json_string(text);
	else
		fputs("null", stdout);
}

static void json_row(const struct list *list, const char *name, const char *a, const char *b, size_t before)
{
	printf("%s\n    {\"name\": ", before ? "," : "");
	tool_json_string(name);
	json_value("a", a);
	json_value("b", b);
	if (*list->note(name))
		json_value("note", list->note(name));
	putchar('}');
}

static int print_json(const struct diff_side side[2])
{
	size_t shown = 0;
	fputs("{\n  \"a\": ", stdout);
	tool_json_string(side[0].words);
	fputs(",\n  \"b\": ", stdout);
	tool_json_string(side[1].words);
	for (size_t i = 0; i < NR_LISTS; i++) {
		printf(",\n  \"%s\": [", lists[i].key);
		size_t n = compare_list(&lists[i], side, json_row);
		fputs(n ? "\n  ]" : "]", stdout);
		shown += n;
	}
	puts("\n}");
	return shown != 0;
}

/* ---- the sides ---- */

/* @words: a profile, then settings after commas; @target has those of both sides. */
static int open_side(const struct tool_target *target, const char *words, struct diff_side *s)
{
	char *own = tool_copy(words), *comma = strchr(own, ',');
	struct tool_target mine = *target;
	if (comma)
		*comma++ = 0;
	mine.profile = own;
	if (comma && mine.nr_words < sizeof(mine.words) / sizeof(mine.words[0]))
		mine.words[mine.nr_words++] = comma;
	s->words = words;
	s->cfg = tool_config(&mine);
	free(own);
	if (!s->cfg)
		return 2;
	int error = fxm_layout_create(s->cfg, &s->layout);
	if (error)
		return tool_error("diff", "%s", *fxm_config_error(s->cfg) ? fxm_config_error(s->cfg) : fxm_strerror(error));
	fxm_config_get_profile_info(s->cfg, &s->profile);
	return diff_texts(s);
}

static void close_side(struct diff_side *s)
{
	fxm_layout_destroy(s->layout);
	fxm_config_destroy(s->cfg);
}

static int diff(const struct tool_target *target, char **words, bool is_json)
{
	static struct diff_side side[2];
	int status = 0;
	for (int i = 0; i < 2 && !status; i++)
		status = open_side(target, words[i], &side[i]);
	if (!status)
		status = is_json ? print_json(side) : print_table(side);
	for (int i = 0; i < 2; i++)
		close_side(&side[i]);
	return status;
}

int cmd_diff(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"option", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {0}};
	struct tool_target target = {.command = "diff"};
	bool is_json = false;
	int opt;
	while ((opt = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1) {
		if (opt == 'h')
			return fputs(help, stdout), 0;
		if (opt == 'j')
			is_json = true;
		else if (tool_option(&target, opt, argv))
			return 2;
	}
	if (argc - optind < 2)
		return tool_error("diff", "which two kernels? Write two profiles; `fixmap profiles` lists them");
	if (argc - optind > 2)
		return tool_error("diff", "%s is not expected here; diff takes two profiles", argv[optind + 2]);
	return diff(&target, argv + optind, is_json);
}
