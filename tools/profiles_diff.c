/* SPDX-License-Identifier: MIT */

/*
 * `fixmap profiles --diff`: two kernels side by side. Every list of a layout (settings, values, fixed addresses, protection
 * values, traits, functions) is read as rows of a name and a text; a row is shown when the other side has another text, or none.
 */

#include "options.h"

#include <fixmap/layout.h>
#include <fixmap/since.h>

#include <inttypes.h>
#include <string.h>

struct side {
	struct fxm_config *cfg;
	struct fxm_layout *layout;
	unsigned version;
};

struct row {
	const char *name;
	char text[64];
};

/* ---- the lists: row @i of a side, or false past the end ------------------------------------------------------------------ */

static bool setting_row(const struct side *s, size_t i, struct row *r)
{
	struct fxm_option o;
	if (fxm_config_option(s->cfg, i, &o))
		return false;
	r->name = o.name;
	snprintf(r->text, sizeof(r->text), "%s", *o.value ? o.value : "(empty)");
	return true;
}

static bool value_row(const struct side *s, size_t i, struct row *r)
{
	uint64_t value;
	bool is_address;
	if (fxm_layout_at(s->layout, i, &r->name, &value, &is_address))
		return false;
	snprintf(r->text, sizeof(r->text), is_address ? "0x%" PRIx64 : "%" PRIu64, value);
	return true;
}

static bool fixed_row(const struct side *s, size_t i, struct row *r)
{
	struct fxm_fixed f;
	if (fxm_fixed_at(s->layout, i, &f))
		return false;
	r->name = f.name;
	snprintf(r->text, sizeof(r->text), "%" PRIu32 " at 0x%" PRIx64, f.index, f.address.v);
	return true;
}

static bool km_type_row(const struct side *s, size_t i, struct row *r)
{
	uint32_t value;
	if (fxm_km_type_at(s->layout, i, &r->name, &value))
		return false;
	snprintf(r->text, sizeof(r->text), "%" PRIu32, value);
	return true;
}

static bool prot_row(const struct side *s, size_t i, struct row *r)
{
	fxm_pte prot;
	if (fxm_prot_at(s->layout, i, &r->name, &prot))
		return false;
	snprintf(r->text, sizeof(r->text), "0x%" PRIx64, prot.v);
	return true;
}

static bool trait_row(const struct side *s, size_t i, struct row *r)
{
	uint64_t value;
	if (fxm_layout_trait_at(s->layout, i, &r->name, &value))
		return false;
	snprintf(r->text, sizeof(r->text), "%" PRIu64, value);
	return true;
}

static bool function_row(const struct side *s, size_t i, struct row *r)
{
	unsigned first, last;
	if (fxm_since_at(i, &r->name, &first, &last))
		return false;
	snprintf(r->text, sizeof(r->text), "%s", s->version >= first && s->version <= last ? "yes" : "no");
	return true;
}

/* What a trait that is not 0 says. */
static const struct {
	const char *name, *meaning;
} meanings[] = {
#define FXM_TRAIT_WORD(name, meaning) {#name, meaning},
#include <fixmap/profiles/traits.def>
#undef FXM_TRAIT_WORD
};

static const char *meaning_of(const char *trait)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (!strcmp(meanings[i].name, trait))
			return meanings[i].meaning;
	return "";
}

static const char *no_note(const char *name)
{
	(void)name;
	return "";
}

static const struct list {
	const char *title;
	const char *missing; /* what a side without the row shows */
	bool (*row)(const struct side *, size_t, struct row *);
	const char *(*note)(const char *name);
} lists[] = {
	{"settings", "-", setting_row, no_note},
	{"values", "-", value_row, no_note},
	{"enum fixed_addresses (index and address)", "-", fixed_row, no_note},
	{"enum km_type", "-", km_type_row, no_note},
	{"protection values", "-", prot_row, no_note},
	{"behaviour", "0", trait_row, meaning_of},
	{"functions that the kernel has", "-", function_row, no_note},
};

/* ---- the table ------------------------------------------------------------------------------------------------------------- */

/* The text that @s has for @name. */
static void look_up(const struct list *list, const struct side *s, const char *name, struct row *out)
{
	for (size_t i = 0; list->row(s, i, out); i++)
		if (!strcmp(out->name, name))
			return;
	snprintf(out->text, sizeof(out->text), "%s", list->missing);
}

static void print_row(const struct list *list, const struct side side[2], const char *name, bool *any)
{
	struct row a, b;
	look_up(list, &side[0], name, &a);
	look_up(list, &side[1], name, &b);
	if (!strcmp(a.text, b.text))
		return;
	if (!*any)
		printf("\n%s\n", list->title);
	*any = true;
	const char *note = list->note(name);
	printf("  %-34s %-24s %-*s%s\n", name, a.text, *note ? 24 : 0, b.text, note);
}

static bool has_row(const struct list *list, const struct side *s, const char *name)
{
	struct row r;
	for (size_t i = 0; list->row(s, i, &r); i++)
		if (!strcmp(r.name, name))
			return true;
	return false;
}

/* A's rows in A's order, then what only B has. */
static bool print_list(const struct list *list, const struct side side[2])
{
	struct row r;
	bool any = false;
	for (size_t i = 0; list->row(&side[0], i, &r); i++)
		print_row(list, side, r.name, &any);
	for (size_t i = 0; list->row(&side[1], i, &r); i++)
		if (!has_row(list, &side[0], r.name))
			print_row(list, side, r.name, &any);
	return any;
}

/* ---- the sides -------------------------------------------------------------------------------------------------------------- */

/* @words: a profile, then settings after commas. */
static int open_side(const char *words, struct side *s)
{
	char text[1024];
	int err = fxm_config_create(NULL, &s->cfg);
	if (err)
		return tool_error("profiles", "%s", fxm_strerror(err));
	if (snprintf(text, sizeof(text), "profile=%s", words) >= (int)sizeof(text))
		return tool_error("profiles", "%.40s... is too long", words);
	err = fxm_config_parse(s->cfg, text);
	if (!err)
		err = fxm_layout_create(s->cfg, &s->layout);
	if (err)
		return tool_error("profiles", "%s", *fxm_config_error(s->cfg) ? fxm_config_error(s->cfg) : fxm_strerror(err));
	struct fxm_profile_info profile;
	fxm_config_profile_info(s->cfg, &profile);
	s->version = profile.version;
	return 0;
}

static void close_side(struct side *s)
{
	fxm_layout_destroy(s->layout);
	fxm_config_destroy(s->cfg);
}

int tool_profiles_diff(const char *a, const char *b)
{
	struct side side[2] = {{0}, {0}};
	int status = open_side(a, &side[0]);
	bool any = false;
	if (!status)
		status = open_side(b, &side[1]);
	if (!status) {
		printf("  %-34s %-24s %s\n", "", a, b);
		for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
			any |= print_list(&lists[i], side);
		if (!any)
			puts("\nnothing differs: settings, addresses, protection values, behaviour and functions are the same");
	}
	close_side(&side[0]);
	close_side(&side[1]);
	return status;
}
