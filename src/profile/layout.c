/* SPDX-License-Identifier: MIT */

/*
 * Layouts: every row of a profile, evaluated for one set of settings.
 *
 * A row is evaluated when its name is first asked for, so rows may stand in any order; a row that is reached while it is being
 * evaluated refers to itself. The enumerators of fixed_addresses are the exception: each is one more than the last, so they are
 * counted through once, from the first. Names live in one hash table; settings are found through CONFIG_NAME or, where no row
 * has the name, by the bare name.
 *
 * Invariants after creation: every symbol is done or absent, every REQUIRE holds, nothing changes any more.
 */

#include "base.h"
#include "config.h"
#include "expr.h"
#include "layout.h"
#include "layout_symbols.h"
#include "profile.h"
#include "profile_file.h"

#include <sim.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names -------------------------------------------------------------------------------------------------------- */

static unsigned hash(const char *name, size_t len)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return (h ^ h >> 16) % FXMI_SYMBOL_BUCKETS;
}

static struct fxmi_symbol *find(const struct fxm_layout *l, const char *name, size_t len)
{
	for (uint16_t n = l->bucket[hash(name, len)]; n; n = l->symbol[n - 1].next) {
		struct fxmi_symbol *s = &l->symbol[n - 1];
		if (!strncmp(s->name, name, len) && !s->name[len])
			return s;
	}
	return NULL;
}

const struct fxmi_symbol *fxmi_symbol_find(const struct fxm_layout *l, const char *name)
{
	const struct fxmi_symbol *s = l && name ? find(l, name, strlen(name)) : NULL;
	return s && s->state == FXMI_SYMBOL_DONE ? s : NULL;
}

static int list_of(enum fxmi_row_kind kind)
{
	switch (kind) {
	case FXMI_ROW_CONST:
	case FXMI_ROW_NUMBER:
	case FXMI_ROW_VALUE:
	case FXMI_ROW_BITS:
		return FXMI_LIST_VALUE;
	case FXMI_ROW_FIX:
	case FXMI_ROW_FIX_GROUP:
	case FXMI_ROW_FIX_AT:
	case FXMI_ROW_FIX_MARK:
		return FXMI_LIST_FIXED;
	case FXMI_ROW_PROT:
		return FXMI_LIST_PROT;
	case FXMI_ROW_KM_TYPE:
		return FXMI_LIST_KM_TYPE;
	case FXMI_ROW_CONFIG:
		return FXMI_LIST_CONFIG;
	case FXMI_ROW_TRAIT:
		return FXMI_LIST_TRAIT;
	default:
		return -1;
	}
}

static bool has_symbol(const struct fxmi_row *row)
{
	return list_of(row->kind) >= 0 || row->kind == FXMI_ROW_LET;
}

static void add_symbol(struct fxm_layout *l, const struct fxmi_row *row, const char *name)
{
	size_t len = strlen(name);
	if (find(l, name, len))
		return;
	unsigned b = hash(name, len);
	int list = list_of(row->kind);
	uint16_t number = (uint16_t)l->nr_symbols++;
	l->symbol[number] = (struct fxmi_symbol){.name = name, .row = row, .next = l->bucket[b]};
	l->bucket[b] = (uint16_t)(number + 1);
	if (list >= 0)
		l->list[list][l->nr_list[list]++] = number;
}

static void add_symbols(struct fxm_layout *l)
{
	for (size_t i = 0; i < l->profile->nr_rows; i++) {
		const struct fxmi_row *row = &l->profile->rows[i];
		if (!has_symbol(row))
			continue;
		add_symbol(l, row, row->name);
		if (row->kind == FXMI_ROW_FIX_GROUP)
			add_symbol(l, row, row->last);
	}
}

/* ---- evaluation ------------------------------------------------------------------------------------------------------ */

static int lookup(void *ctx, const char *name, size_t len, uint64_t *value, struct fxmi_error *error);

static int evaluate(struct fxm_layout *l, const char *expr, uint64_t *value, struct fxmi_error *error)
{
	struct fxmi_scope scope = {lookup, l};
	return fxmi_expr_eval(expr, &scope, value, error);
}

static int place(const struct fxm_layout *l, const struct fxmi_row *row, int err, struct fxmi_error *error)
{
	return fxmi_error_at(l->profile, row, err, error);
}

static void define(struct fxm_layout *l, const char *name, uint64_t value)
{
	struct fxmi_symbol *s = find(l, name, strlen(name));
	if (s->state == FXMI_SYMBOL_DONE)
		return;
	s->value = value;
	s->state = FXMI_SYMBOL_DONE;
}

static void withdraw(struct fxm_layout *l, const char *name)
{
	find(l, name, strlen(name))->state = FXMI_SYMBOL_ABSENT;
}

static int count_row(struct fxm_layout *l, const struct fxmi_row *row, uint64_t *next, struct fxmi_error *error)
{
	uint64_t slots = 1, on = 1;
	int err = evaluate(l, row->cond, &on, error);
	if (!err && on && row->kind == FXMI_ROW_FIX_AT)
		err = evaluate(l, row->expr, next, error);
	if (!err && on && row->kind == FXMI_ROW_FIX_GROUP)
		err = evaluate(l, row->expr, &slots, error);
	if (err)
		return place(l, row, err, error);
	if (on && l->profile->places && find(l, row->name, strlen(row->name))->state == FXMI_SYMBOL_DONE)
		return place(l, row, fxmi_error_set(error, "%s is there twice with these settings", row->name), error);
	if (!on) {
		withdraw(l, row->name);
		if (row->kind == FXMI_ROW_FIX_GROUP)
			withdraw(l, row->last);
		return 0;
	}
	define(l, row->name, *next);
	if (row->kind == FXMI_ROW_FIX_GROUP)
		define(l, row->last, *next + slots - 1);
	*next += row->kind == FXMI_ROW_FIX_MARK ? 0 : slots;
	return 0;
}

/* enum fixed_addresses, from 0. */
static int count_fixed(struct fxm_layout *l, struct fxmi_error *error)
{
	uint64_t next = 0;
	int err = 0;
	l->counting = true;
	for (size_t i = 0; i < l->profile->nr_rows && !err; i++)
		if (list_of(l->profile->rows[i].kind) == FXMI_LIST_FIXED)
			err = count_row(l, &l->profile->rows[i], &next, error);
	l->counting = false;
	return err;
}

/* enum km_type: with debugging a fence precedes each. */
static int count_km_types(struct fxm_layout *l, struct fxmi_error *error)
{
	uint64_t fences = 0;
	const char *name = fxmi_trait_name(FXMI_TRAIT_atomic_debug_fences);
	int err = l->nr_list[FXMI_LIST_KM_TYPE] ? lookup(l, name, strlen(name), &fences, error) : 0;
	for (size_t i = 0; i < l->nr_list[FXMI_LIST_KM_TYPE] && !err; i++)
		define(l, l->symbol[l->list[FXMI_LIST_KM_TYPE][i]].name, fences ? 2 * i + 1 : i);
	return err;
}

static int settle(struct fxm_layout *l, struct fxmi_symbol *s, struct fxmi_error *error)
{
	int list = list_of(s->row->kind);
	if (list == FXMI_LIST_FIXED)
		return l->counting ? fxmi_error_set(error, "%s is used before it is counted", s->name) : count_fixed(l, error);
	if (list == FXMI_LIST_KM_TYPE)
		return count_km_types(l, error);
	s->state = FXMI_SYMBOL_BUSY;
	int err = evaluate(l, s->row->expr, &s->value, error);
	if (s->row->kind == FXMI_ROW_VALUE)
		s->value &= fxmi_address_mask(l);
	s->state = FXMI_SYMBOL_DONE;
	return place(l, s->row, err, error);
}

static int value_of_symbol(struct fxm_layout *l, struct fxmi_symbol *s, uint64_t *value, struct fxmi_error *error)
{
	if (s->state == FXMI_SYMBOL_BUSY)
		return fxmi_error_set(error, "%s is defined by itself", s->name);
	int err = s->state == FXMI_SYMBOL_NEW ? settle(l, s, error) : 0;
	if (err)
		return err;
	if (s->state != FXMI_SYMBOL_DONE)
		return fxmi_error_set(error, "%s does not exist with these settings", s->name);
	*value = s->value;
	return 0;
}

/* CONFIG_X: a CONFIG row or setting X. X: a row, then a setting. */
static int lookup(void *ctx, const char *name, size_t len, uint64_t *value, struct fxmi_error *error)
{
	struct fxm_layout *l = ctx;
	bool is_config = len > 7 && !strncmp(name, "CONFIG_", 7);
	const char *plain = is_config ? name + 7 : name;
	size_t plain_len = is_config ? len - 7 : len;
	struct fxmi_symbol *s = find(l, plain, plain_len);
	if (s && (s->row->kind == FXMI_ROW_CONFIG) == is_config)
		return value_of_symbol(l, s, value, error);
	const struct fxmi_setting *setting = fxmi_settings_find(&l->settings, plain, plain_len);
	if (!setting)
		return -ENOENT;
	*value = setting->value;
	return 0;
}

/* ---- what must hold ------------------------------------------------------------------------------------------------------ */

/* Writes the value of {NAME}: a setting as the user writes it, else a number as the layout shows it. */
static int write_name(struct fxm_layout *l, const char *name, size_t len, char *out, size_t size, struct fxmi_error *error)
{
	uint64_t value = 0;
	const struct fxmi_setting *setting = fxmi_settings_find(&l->settings, name, len);
	if (setting)
		return snprintf(out, size, "%s", fxmi_setting_as_text(setting));
	const struct fxmi_symbol *s = find(l, name, len);
	if (lookup(l, name, len, &value, error))
		return 0;
	bool hex = s && (s->row->kind == FXMI_ROW_VALUE || s->row->kind == FXMI_ROW_BITS);
	return snprintf(out, size, hex ? "0x%llx" : "%llu", (unsigned long long)value);
}

static int broken_requirement(struct fxm_layout *l, const char *message, struct fxmi_error *error)
{
	char out[sizeof(error->text)];
	size_t used = 0;
	while (*message && used < sizeof(out) - 1) {
		const char *close = *message == '{' ? strchr(message, '}') : NULL;
		if (!close) {
			out[used++] = *message++;
			continue;
		}
		used += (size_t)write_name(l, message + 1, (size_t)(close - message - 1), out + used, sizeof(out) - used, error);
		message = close + 1;
	}
	out[used < sizeof(out) ? used : sizeof(out) - 1] = 0;
	return fxmi_error_set(error, "%s", out);
}

static int check_requirements(struct fxm_layout *l, struct fxmi_error *error)
{
	for (size_t i = 0; i < l->profile->nr_rows; i++) {
		const struct fxmi_row *row = &l->profile->rows[i];
		uint64_t holds = 1;
		int err = row->kind == FXMI_ROW_REQUIRE ? evaluate(l, row->expr, &holds, error) : 0;
		if (!err && !holds)
			err = broken_requirement(l, row->text, error);
		if (err)
			return place(l, row, err, error);
	}
	return 0;
}

/* ---- creation -------------------------------------------------------------------------------------------------------------- */

static int evaluate_all(struct fxm_layout *l, struct fxmi_error *error)
{
	int err = 0;
	for (size_t i = 0; i < l->nr_symbols && !err; i++)
		if (l->symbol[i].state == FXMI_SYMBOL_NEW)
			err = settle(l, &l->symbol[i], error);
	return err;
}

static int add_region(struct fxm_layout *l, const struct fxmi_row *row, struct fxmi_error *error)
{
	uint64_t start = 0, size = 0;
	int err = evaluate(l, row->expr, &start, error);
	if (!err)
		err = evaluate(l, row->cond, &size, error);
	if (err || !size)
		return place(l, row, err, error);
	size_t at = l->nr_regions++;
	start &= fxmi_address_mask(l);
	for (; at && l->region[at - 1].start.v > start; at--)
		l->region[at] = l->region[at - 1];
	l->region[at] = (struct fxm_region){.name = row->name, .start = fxm_va_of(start), .size_bytes = size};
	return 0;
}

static int add_boot(struct fxm_layout *l, const struct fxmi_row *row, struct fxmi_error *error)
{
	struct fxmi_boot b = {0};
	const struct fxmi_symbol *fixed = fxmi_symbol_find(l, row->name);
	if (!fixed)
		return 0;
	b.index = (uint32_t)fixed->value;
	int err = evaluate(l, row->expr, &b.phys, error);
	if (!err)
		err = evaluate(l, row->cond, &b.prot, error);
	if (!err && b.phys)
		l->boot[l->nr_boot++] = b;
	return place(l, row, err, error);
}

static int add_regions_and_boot(struct fxm_layout *l, struct fxmi_error *error)
{
	int err = 0;
	for (size_t i = 0; i < l->profile->nr_rows && !err; i++) {
		const struct fxmi_row *row = &l->profile->rows[i];
		if (row->kind == FXMI_ROW_REGION)
			err = add_region(l, row, error);
		else if (row->kind == FXMI_ROW_BOOT)
			err = add_boot(l, row, error);
	}
	return err;
}

/* Room for two symbols a row: a group has two names. */
static int allocate(struct fxm_layout *l)
{
	size_t n = 2 * l->profile->nr_rows;
	bool ok = (l->symbol = calloc(n, sizeof(*l->symbol))) != NULL;
	ok &= (l->region = calloc(n, sizeof(*l->region))) != NULL;
	ok &= (l->boot = calloc(n, sizeof(*l->boot))) != NULL;
	for (int i = 0; i < FXMI_LISTS; i++)
		ok &= (l->list[i] = calloc(n, sizeof(*l->list[i]))) != NULL;
	return ok ? 0 : -ENOMEM;
}

static int compute(struct fxm_layout *l, struct fxmi_error *error)
{
	add_symbols(l);
	int err = check_requirements(l, error);
	if (!err)
		err = evaluate_all(l, error);
	return err ? err : add_regions_and_boot(l, error);
}

/* Takes over @settings, also when it fails. */
static int create(const struct fxmi_profile *profile, struct fxmi_settings *settings, struct fxm_layout **out,
		  struct fxmi_error *error)
{
	struct fxm_layout *l = calloc(1, sizeof(*l));
	*out = NULL;
	if (!l) {
		fxmi_settings_free(settings);
		return -ENOMEM;
	}
	l->profile = profile;
	l->settings = *settings;
	int err = allocate(l);
	if (!err)
		err = compute(l, error);
	if (!err && profile->places)
		err = fxmi_layout_check(l, profile, error);
	if (err)
		fxm_layout_destroy(l);
	else
		*out = l;
	return err;
}

int fxm_layout_create(struct fxm_config *cfg, struct fxm_layout **out)
{
	struct fxmi_settings settings;
	if (!cfg || !out)
		return -EINVAL;
	*out = NULL;
	fxmi_error_clear(&cfg->error);
	int err = fxmi_settings_copy(&settings, &cfg->settings);
	return err ? err : create(cfg->profile, &settings, out, &cfg->error);
}

int fxmi_layout_with(const struct fxm_layout *layout, enum fxmi_setting_id id, uint64_t value, struct fxm_layout **out,
		     struct fxmi_error *error)
{
	struct fxmi_settings settings;
	*out = NULL;
	fxmi_error_clear(error);
	int err = fxmi_settings_copy(&settings, &layout->settings);
	if (err)
		return err;
	struct fxmi_setting *item = fxmi_settings_find(&settings, fxmi_setting_name(id), strlen(fxmi_setting_name(id)));
	err = item ? fxmi_setting_assign(&settings, item, value, error) : -ENOENT;
	if (err) {
		fxmi_settings_free(&settings);
		return err;
	}
	return create(layout->profile, &settings, out, error);
}

void fxm_layout_destroy(struct fxm_layout *layout)
{
	if (!layout)
		return;
	fxmi_settings_free(&layout->settings);
	for (int i = 0; i < FXMI_LISTS; i++)
		free(layout->list[i]);
	free(layout->symbol);
	free(layout->region);
	free(layout->boot);
	free(layout);
}

/* ---- what must hold once it is there --------------------------------------------------------------------------------------- */

static bool symbols_are_valid(const struct fxm_layout *l)
{
	fxm_invariant(!l->counting);
	fxm_invariant(l->nr_symbols <= 2 * l->profile->nr_rows);
	for (size_t i = 0; i < l->nr_symbols; i++) {
		const struct fxmi_symbol *s = &l->symbol[i];

		fxm_invariant(has_symbol(s->row));
		fxm_invariant(s->state == FXMI_SYMBOL_DONE || s->state == FXMI_SYMBOL_ABSENT);
		fxm_invariant(find(l, s->name, strlen(s->name)) == s);
	}
	return true;
}

static bool lists_are_valid(const struct fxm_layout *l)
{
	for (int list = 0; list < FXMI_LISTS; list++)
		for (size_t i = 0; i < l->nr_list[list]; i++) {
			uint16_t number = l->list[list][i];

			fxm_invariant(number < l->nr_symbols);
			fxm_invariant(!i || number > l->list[list][i - 1]);
			fxm_invariant(list_of(l->symbol[number].row->kind) == list);
		}
	return true;
}

/* Evaluated again, a row comes to the same: its value follows from the settings and the other rows. */
static bool values_are_valid(const struct fxm_layout *l)
{
	for (size_t i = 0; i < l->nr_symbols; i++) {
		const struct fxmi_symbol *s = &l->symbol[i];
		struct fxmi_error error = {.text = ""};
		int list = list_of(s->row->kind);
		uint64_t value;

		if (s->state != FXMI_SYMBOL_DONE || list == FXMI_LIST_FIXED || list == FXMI_LIST_KM_TYPE)
			continue;
		/* Everything is settled, so that nothing is written. */
		fxm_invariant(!evaluate((struct fxm_layout *)l, s->row->expr, &value, &error));
		fxm_invariant(s->value == (s->row->kind == FXMI_ROW_VALUE ? value & fxmi_address_mask(l) : value));
	}
	return true;
}

static bool regions_are_valid(const struct fxm_layout *l)
{
	fxm_invariant(l->nr_regions <= l->profile->nr_rows);
	for (size_t i = 0; i < l->nr_regions; i++) {
		fxm_invariant(l->region[i].name && l->region[i].size_bytes);
		fxm_invariant(!i || l->region[i].start.v >= l->region[i - 1].start.v);
		fxm_invariant(!(l->region[i].start.v & ~fxmi_address_mask(l)));
	}
	for (size_t i = 0; i < l->nr_boot; i++)
		fxm_invariant(fxm_fixed_name(l, l->boot[i].index));
	return true;
}

bool fxmi_layout_is_valid(const struct fxm_layout *layout)
{
	fxm_invariant(layout && layout->profile && layout->profile->nr_rows);
	return fxmi_settings_is_valid(&layout->settings) && symbols_are_valid(layout) && lists_are_valid(layout) &&
	       values_are_valid(layout) && regions_are_valid(layout);
}
