/* SPDX-License-Identifier: MIT */

/*
 * Configs: a profile and a value for each of its settings.
 *
 * Invariants: after every successful change all values are current: a setting that was not given a value has what its default
 * expression comes to. A failed change leaves all values as they were and one line in error. Not synchronised: one thread at a
 * time per config.
 */

#include "base.h"
#include "config.h"
#include "expr.h"
#include "profile.h"
#include "profile_file.h"
#include "words.h"

#include <sim.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fxmi_row library_rows[] = {
#define FXMI_SETTING_ROW(id, kind, name, default_, words, last, help) {FXMI_ROW_##kind, name, default_, words, last, help},
#include "settings.def"
#undef FXMI_SETTING_ROW
};
#define NR_LIBRARY_ROWS (sizeof(library_rows) / sizeof(library_rows[0]))

#define SIZE_MAXIMUM UINT64_C(0xfffffffffffff)

/* Who checks which text setting. Only constructors add to it. */
static struct fxmi_words *checked;

void fxmi_words_register(struct fxmi_words *w)
{
	w->next = checked;
	checked = w;
}

/* ---- words of a choice ------------------------------------------------------------------------------------------- */

/* The index of @word in "a|b|c", or -1. */
static int choice_index(const char *words, const char *word)
{
	size_t len = strlen(word);
	int index = 0;
	for (const char *at = words; at; index++) {
		size_t n = strcspn(at, "|");
		if (n == len && !memcmp(at, word, n))
			return index;
		at = at[n] ? at + n + 1 : NULL;
	}
	return -1;
}

static void choice_word(const char *words, uint64_t index, char *buf, size_t size)
{
	const char *at = words;
	for (; index; index--)
		at += strcspn(at, "|") + 1;
	snprintf(buf, size, "%.*s", (int)strcspn(at, "|"), at);
}

/* ---- settings ------------------------------------------------------------------------------------------------------ */

struct fxmi_setting *fxmi_settings_find(const struct fxmi_settings *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->nr; i++) {
		const char *own = s->item[i].row->name;
		if (*own == *name && !strncmp(own, name, len) && !own[len])
			return &s->item[i];
	}
	return NULL;
}

const char *fxmi_setting_as_text(const struct fxmi_setting *item)
{
	return item->row->kind == FXMI_ROW_TEXT ? item->text : item->number;
}

static void write_number(struct fxmi_setting *item)
{
	if (item->row->kind == FXMI_ROW_CHOICE)
		choice_word(item->row->cond, item->value, item->number, sizeof(item->number));
	else
		snprintf(item->number, sizeof(item->number), item->row->kind == FXMI_ROW_SIZE ? "%llx" : "%llu",
			 (unsigned long long)item->value);
}

/* Defaults are looked up while they are computed: @depth stops those that would go round in a circle. */
struct default_scope {
	struct fxmi_settings *s;
	unsigned depth;
};

static int compute_default(struct default_scope *scope, struct fxmi_setting *item, struct fxmi_error *error);

static int lookup_setting(void *ctx, const char *name, size_t len, uint64_t *value, struct fxmi_error *error)
{
	struct default_scope *scope = ctx;
	if (len > 7 && !strncmp(name, "CONFIG_", 7))
		name += 7, len -= 7;
	struct fxmi_setting *item = fxmi_settings_find(scope->s, name, len);
	if (!item)
		return -ENOENT;
	int err = item->is_set ? 0 : compute_default(scope, item, error);
	*value = item->value;
	return err;
}

/* A choice's default is one of its words, or another choice to follow. */
static int default_choice(struct default_scope *scope, struct fxmi_setting *item, struct fxmi_error *error)
{
	int index = choice_index(item->row->cond, item->row->expr);
	if (index < 0)
		return lookup_setting(scope, item->row->expr, strlen(item->row->expr), &item->value, error);
	item->value = (uint64_t)index;
	return 0;
}

/* A default must be a value that the user could write, too. */
static int check_default(const struct fxmi_setting *item, struct fxmi_error *error)
{
	const struct fxmi_row *row = item->row;
	unsigned long long value = item->value;

	if (row->kind == FXMI_ROW_OPTION && value > 1)
		return fxmi_error_set(error, "the default of %s is %llu: an option is 0 or 1", row->name, value);
	if (row->kind == FXMI_ROW_INTEGER && (value < strtoull(row->cond, NULL, 0) || value > strtoull(row->last, NULL, 0)))
		return fxmi_error_set(error, "the default of %s is %llu, which is not from %s to %s", row->name, value, row->cond,
				      row->last);
	if (row->kind == FXMI_ROW_SIZE && value > SIZE_MAXIMUM)
		return fxmi_error_set(error, "the default of %s is %#llx, which is more than an address can be", row->name, value);
	return 0;
}

static int compute_default(struct default_scope *scope, struct fxmi_setting *item, struct fxmi_error *error)
{
	if (item->row->kind == FXMI_ROW_TEXT)
		return 0;
	if (scope->depth >= 16)
		return fxmi_error_set(error, "the default of %s depends on itself", item->row->name);
	scope->depth++;
	struct fxmi_scope names = {lookup_setting, scope};
	int err = item->row->kind == FXMI_ROW_CHOICE ? default_choice(scope, item, error)
						     : fxmi_expr_eval(item->row->expr, &names, &item->value, error);
	scope->depth--;
	write_number(item);
	return err ? err : check_default(item, error);
}

/* @profile says where a default stands that makes no sense; NULL: those have been computed before. */
static int compute_defaults(struct fxmi_settings *s, const struct fxmi_profile *profile, struct fxmi_error *error)
{
	struct default_scope scope = {s, 0};
	for (size_t i = 0; i < s->nr; i++) {
		int err = s->item[i].is_set ? 0 : compute_default(&scope, &s->item[i], error);
		if (err)
			return profile ? fxmi_error_at(profile, s->item[i].row, err, error) : err;
	}
	return 0;
}

static size_t count_settings(const struct fxmi_profile *profile)
{
	size_t n = 0;
	for (size_t i = 0; i < profile->nr_rows; i++)
		n += (size_t)fxmi_row_is_setting(&profile->rows[i]);
	return n;
}

static int add_setting(struct fxmi_settings *s, const struct fxmi_row *row)
{
	struct fxmi_setting *item = &s->item[s->nr];
	item->row = row;
	if (row->kind == FXMI_ROW_TEXT && !(item->text = strdup(row->expr)))
		return -ENOMEM;
	s->nr++;
	return 0;
}

int fxmi_settings_init(struct fxmi_settings *s, const struct fxmi_profile *profile, struct fxmi_error *error)
{
	*s = (struct fxmi_settings){.item = calloc(count_settings(profile) + NR_LIBRARY_ROWS, sizeof(*s->item))};
	int err = s->item ? 0 : -ENOMEM;
	for (size_t i = 0; i < profile->nr_rows && !err; i++)
		if (fxmi_row_is_setting(&profile->rows[i]))
			err = add_setting(s, &profile->rows[i]);
	for (size_t i = 0; i < NR_LIBRARY_ROWS && !err; i++)
		err = add_setting(s, &library_rows[i]);
	if (!err)
		err = compute_defaults(s, profile, error);
	for (size_t i = 0; i < s->nr; i++)
		memcpy(s->item[i].initial, s->item[i].number, sizeof(s->item[i].initial));
	if (err)
		fxmi_settings_free(s);
	return err;
}

int fxmi_settings_copy(struct fxmi_settings *to, const struct fxmi_settings *from)
{
	*to = (struct fxmi_settings){.item = calloc(from->nr, sizeof(*to->item))};
	if (!to->item)
		return -ENOMEM;
	for (; to->nr < from->nr; to->nr++) {
		const struct fxmi_setting *old = &from->item[to->nr];
		to->item[to->nr] = *old;
		if (old->text && !(to->item[to->nr].text = strdup(old->text))) {
			fxmi_settings_free(to);
			return -ENOMEM;
		}
	}
	return 0;
}

void fxmi_settings_free(struct fxmi_settings *s)
{
	for (size_t i = 0; i < s->nr; i++)
		free(s->item[i].text);
	free(s->item);
	*s = (struct fxmi_settings){0};
}

int fxmi_setting_assign(struct fxmi_settings *s, struct fxmi_setting *item, uint64_t value, struct fxmi_error *error)
{
	struct fxmi_setting old = *item;
	item->value = value;
	item->is_set = true;
	write_number(item);
	int err = compute_defaults(s, NULL, error);
	if (err) {
		*item = old;
		compute_defaults(s, NULL, error);
	}
	return err;
}

/* ---- values as the user writes them ----------------------------------------------------------------------------------- */

static bool parse_digits(const char *text, int base, uint64_t *value, const char **end)
{
	char *stop;
	if (!strchr("0123456789", text[0]) && !(base == 16 && strchr("abcdefABCDEF", text[0])))
		return false;
	int saved = errno;
	errno = 0;
	*value = strtoull(text, &stop, base);
	bool ok = text[0] && !errno;
	errno = saved;
	*end = stop;
	return ok;
}

/* "256M": a decimal number and a unit, as in the kernel's boot parameters. */
static bool parse_with_unit(const char *text, uint64_t *value)
{
	const char *end;
	if (!parse_digits(text, 10, value, &end))
		return false;
	const char *unit = *end ? strchr("kKmMgG", *end) : NULL;
	if (!unit || end[1])
		return false;
	int shift = 10 * (1 + (int)(unit - "kKmMgG") / 2);
	if (*value > SIZE_MAXIMUM >> shift)
		return false;
	*value <<= shift;
	return true;
}

static int parse_size(struct fxmi_setting *item, const char *text, uint64_t *value, struct fxmi_error *error)
{
	const char *end = text;
	if (parse_with_unit(text, value))
		return 0;
	if (parse_digits(text, 16, value, &end) && !*end && *value <= SIZE_MAXIMUM)
		return 0;
	return fxmi_error_set(error, "%s=%s: write a hexadecimal number (10000000) or a size (256M)", item->row->name, text);
}

static int parse_option(struct fxmi_setting *item, const char *text, uint64_t *value, struct fxmi_error *error)
{
	if (strcmp(text, "0") && strcmp(text, "1"))
		return fxmi_error_set(error, "%s=%s: write %s=0 or %s=1", item->row->name, text, item->row->name, item->row->name);
	*value = text[0] == '1';
	return 0;
}

static int parse_integer(struct fxmi_setting *item, const char *text, uint64_t *value, struct fxmi_error *error)
{
	const struct fxmi_row *row = item->row;
	const char *end = text;
	bool is_number = parse_digits(text, 10, value, &end) && !*end;
	if (is_number && *value >= strtoull(row->cond, NULL, 0) && *value <= strtoull(row->last, NULL, 0))
		return 0;
	fxmi_error_set(error, "%s=%s: write a number from %s to %s", row->name, text, row->cond, row->last);
	return is_number ? -ERANGE : -EINVAL;
}

static int parse_choice(struct fxmi_setting *item, const char *text, uint64_t *value, struct fxmi_error *error)
{
	int index = strchr(text, '|') ? -1 : choice_index(item->row->cond, text);
	if (index < 0)
		return fxmi_error_set(error, "%s=%s: write one of %s", item->row->name, text, item->row->cond);
	*value = (uint64_t)index;
	return 0;
}

static int parse_number(struct fxmi_setting *item, const char *text, uint64_t *value, struct fxmi_error *error)
{
	switch (item->row->kind) {
	case FXMI_ROW_OPTION:
		return parse_option(item, text, value, error);
	case FXMI_ROW_INTEGER:
		return parse_integer(item, text, value, error);
	case FXMI_ROW_CHOICE:
		return parse_choice(item, text, value, error);
	default:
		return parse_size(item, text, value, error);
	}
}

/* ---- names that were not meant ----------------------------------------------------------------------------------------- */

static bool has_setting(const struct fxmi_profile *p, const char *setting)
{
	for (size_t r = 0; r < p->nr_rows; r++)
		if (fxmi_row_is_setting(&p->rows[r]) && !strcmp(p->rows[r].name, setting))
			return true;
	return false;
}

/* A profile that has @setting: the newest of the same architecture as @wanting, else the default one, else the newest. */
static const struct fxmi_profile *profile_with(const char *setting, const struct fxmi_profile *wanting)
{
	const struct fxmi_profile *found = fxmi_profile_find(NULL);

	if (!has_setting(found, setting))
		found = NULL;
	for (size_t i = fxmi_profile_count(); i-- > 0;) {
		const struct fxmi_profile *p = fxmi_profile_at(i);
		bool is_kin = !strcmp(p->arch, wanting->arch);

		if (!has_setting(p, setting) || (found && !is_kin))
			continue;
		if (is_kin)
			return p;
		found = p;
	}
	return found;
}

static int unknown_setting(struct fxm_config *cfg, const char *name)
{
	const char *plain = strncmp(name, "CONFIG_", 7) ? name : name + 7;
	struct fxmi_guess guess = fxmi_guess(name);
	const struct fxmi_profile *other = profile_with(plain, cfg->profile);
	if (plain != name && fxmi_settings_find(&cfg->settings, plain, strlen(plain)))
		fxmi_error_set(&cfg->error, "%s: leave CONFIG_ out: write %s=", name, plain);
	else if (other)
		fxmi_error_set(&cfg->error, "%s is a setting of %s, not of %s: leave it out, or change the profile", plain,
			       other->name, cfg->profile->name);
	guess.wanted = plain;
	fxmi_guess_consider(&guess, "profile");
	for (size_t i = 0; i < cfg->settings.nr; i++)
		fxmi_guess_consider(&guess, cfg->settings.item[i].row->name);
	if (guess.best)
		fxmi_error_set(&cfg->error, "%s has no setting %s: did you mean %s?", cfg->profile->name, name, guess.best);
	else
		fxmi_error_set(&cfg->error, "%s has no setting %s: `fixmap layout --settings` lists them", cfg->profile->name,
			       name);
	return -ENOENT;
}

static int unknown_profile(struct fxmi_error *error, const char *name)
{
	struct fxmi_guess guess = fxmi_guess(name);

	for (size_t i = 0; i < fxmi_profile_count(); i++)
		fxmi_guess_consider(&guess, fxmi_profile_at(i)->name);
	if (guess.best)
		fxmi_error_set(error, "no profile %s: did you mean %s?", name, guess.best);
	else
		fxmi_error_set(error, "no profile %s: `fixmap profiles` lists them", name);
	return -ENOENT;
}

/* ---- the public calls ----------------------------------------------------------------------------------------------------- */

/* The library's settings do not depend on the profile: they stay. */
static int keep_library_settings(struct fxmi_settings *to, const struct fxmi_settings *from)
{
	for (size_t i = from->nr - NR_LIBRARY_ROWS, j = to->nr - NR_LIBRARY_ROWS; i < from->nr; i++, j++) {
		char *text = from->item[i].text ? strdup(from->item[i].text) : NULL;
		if (from->item[i].text && !text)
			return -ENOMEM;
		free(to->item[j].text);
		to->item[j] = from->item[i];
		to->item[j].text = text;
	}
	return 0;
}

static int set_profile(struct fxm_config *cfg, const char *name)
{
	struct fxmi_settings fresh;
	const struct fxmi_profile *profile = NULL;
	int err = 0;
	if (name && fxmi_profile_is_path(name))
		err = fxmi_profile_load(name, &profile, &cfg->error);
	else if (!(profile = fxmi_profile_find(name)))
		err = unknown_profile(&cfg->error, name);
	if (err)
		return err;
	err = fxmi_settings_init(&fresh, profile, &cfg->error);
	if (!err && cfg->settings.nr)
		err = keep_library_settings(&fresh, &cfg->settings);
	if (err) {
		fxmi_settings_free(&fresh);
		return err;
	}
	fxmi_settings_free(&cfg->settings);
	cfg->settings = fresh;
	cfg->profile = profile;
	return 0;
}

int fxm_config_create(const char *profile, struct fxm_config **out)
{
	if (!out)
		return -EINVAL;
	*out = NULL;
	if (profile && !fxmi_profile_is_path(profile) && !fxmi_profile_find(profile))
		return -ENOENT;
	struct fxm_config *cfg = calloc(1, sizeof(*cfg));
	int err = cfg ? set_profile(cfg, profile) : -ENOMEM;
	if (err)
		fxm_config_destroy(cfg);
	else
		*out = cfg;
	return err;
}

void fxm_config_destroy(struct fxm_config *cfg)
{
	if (!cfg)
		return;
	fxmi_settings_free(&cfg->settings);
	free(cfg);
}

int fxmi_config_fail(struct fxm_config *cfg, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(cfg->error.text, sizeof(cfg->error.text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int set_text(struct fxm_config *cfg, struct fxmi_setting *item, const char *value)
{
	for (const struct fxmi_words *w = checked; w; w = w->next)
		if (!strcmp(item->row->name, fxmi_setting_name(w->setting))) {
			int err = w->check(value, &cfg->error);
			if (err)
				return err;
		}
	char *copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(item->text);
	item->text = copy;
	item->is_set = true;
	return 0;
}

int fxm_config_set(struct fxm_config *cfg, const char *name, const char *value)
{
	if (!cfg || !name || !value)
		return -EINVAL;
	fxmi_error_clear(&cfg->error);
	if (!strcmp(name, "profile"))
		return set_profile(cfg, value);
	struct fxmi_setting *item = fxmi_settings_find(&cfg->settings, name, strlen(name));
	if (!item)
		return unknown_setting(cfg, name);
	if (item->row->kind == FXMI_ROW_TEXT)
		return set_text(cfg, item, value);
	uint64_t number = 0;
	int err = parse_number(item, value, &number, &cfg->error);
	return err ? err : fxmi_setting_assign(&cfg->settings, item, number, &cfg->error);
}

/* One word NAME=VALUE, writable. */
static int apply_word(struct fxm_config *cfg, char *word)
{
	char *equals = strchr(word, '=');
	if (equals) {
		*equals = 0;
		int err = fxm_config_set(cfg, word, equals + 1);
		*equals = '=';
		return err;
	}
	fxmi_error_clear(&cfg->error);
	if (fxmi_profile_find(word))
		return fxmi_error_set(&cfg->error, "%s: write profile=%s", word, word);
	return fxmi_error_set(&cfg->error, "%s: write it as NAME=VALUE", word);
}

/* Every word, or those that choose the profile, in order, up to the first that fails. @words is cut up and put together again. */
static int apply_words(struct fxm_config *cfg, char *words, bool profile)
{
	static const char separators[] = ", \t\n";
	int err = 0;
	for (char *at = words + strspn(words, separators); *at && !err; at += strspn(at, separators)) {
		size_t len = strcspn(at, separators);
		char separator = at[len];
		at[len] = 0;
		if (!strncmp(at, "profile=", 8) == profile)
			err = apply_word(cfg, at);
		at[len] = separator;
		at += len;
	}
	return err;
}

int fxm_config_parse(struct fxm_config *cfg, const char *words)
{
	if (!cfg || !words)
		return -EINVAL;
	char *copy = strdup(words);
	if (!copy)
		return -ENOMEM;
	fxmi_error_clear(&cfg->error);
	int err = apply_words(cfg, copy, true);
	if (!err)
		err = apply_words(cfg, copy, false);
	free(copy);
	return err;
}

int fxm_config_parse_environment(struct fxm_config *cfg)
{
	const char *words = getenv("FIXMAP_OPTIONS");
	if (!cfg)
		return -EINVAL;
	return words ? fxm_config_parse(cfg, words) : 0;
}

const char *fxm_config_get(const struct fxm_config *cfg, const char *name)
{
	if (!cfg || !name)
		return NULL;
	if (!strcmp(name, "profile"))
		return cfg->profile->name;
	const struct fxmi_setting *item = fxmi_settings_find(&cfg->settings, name, strlen(name));
	return item ? fxmi_setting_as_text(item) : NULL;
}

const char *fxm_config_profile(const struct fxm_config *cfg)
{
	return cfg ? cfg->profile->name : NULL;
}

int fxm_config_get_profile_info(const struct fxm_config *cfg, struct fxm_profile_info *out)
{
	if (!cfg || !out)
		return -EINVAL;
	const struct fxmi_profile *p = cfg->profile;
	*out = (struct fxm_profile_info){.name = p->name,
					 .arch = p->arch,
					 .summary = p->summary,
					 .file = p->places ? p->places[0].file : NULL,
					 .version = p->version};
	return 0;
}

const char *fxm_config_error(const struct fxm_config *cfg)
{
	return cfg ? cfg->error.text : "";
}

size_t fxm_config_option_count(const struct fxm_config *cfg)
{
	return cfg ? cfg->settings.nr : 0;
}

int fxm_config_option_at(const struct fxm_config *cfg, size_t i, struct fxm_option *out)
{
	if (!cfg || !out)
		return -EINVAL;
	if (i >= cfg->settings.nr)
		return -ENOENT;
	const struct fxmi_setting *item = &cfg->settings.item[i];
	const struct fxmi_row *row = item->row;
	*out = (struct fxm_option){.name = row->name,
				   .value = fxmi_setting_as_text(item),
				   .help = row->text,
				   .default_value = row->kind == FXMI_ROW_TEXT ? row->expr : item->initial,
				   .is_kernel_config = row->name[0] >= 'A' && row->name[0] <= 'Z'};
	return 0;
}

/* ---- what must hold ------------------------------------------------------------------------------------------------------- */

static uint64_t nr_words(const char *words)
{
	uint64_t n = 1;

	for (; *words; words++)
		n += *words == '|';
	return n;
}

static bool setting_is_valid(const struct fxmi_setting *item)
{
	const struct fxmi_row *row = item->row;
	struct fxmi_setting again = *item;

	fxm_invariant(row && fxmi_row_is_setting(row) && row->name);
	fxm_invariant((row->kind == FXMI_ROW_TEXT) == (item->text != NULL));
	if (row->kind == FXMI_ROW_TEXT)
		return true;
	if (row->kind == FXMI_ROW_OPTION)
		fxm_invariant(item->value <= 1);
	if (row->kind == FXMI_ROW_INTEGER)
		fxm_invariant(item->value >= strtoull(row->cond, NULL, 0) && item->value <= strtoull(row->last, NULL, 0));
	if (row->kind == FXMI_ROW_SIZE)
		fxm_invariant(item->value <= SIZE_MAXIMUM);
	if (row->kind == FXMI_ROW_CHOICE)
		fxm_invariant(item->value < nr_words(row->cond));
	write_number(&again);
	fxm_invariant(!strcmp(again.number, item->number));
	return true;
}

bool fxmi_settings_is_valid(const struct fxmi_settings *s)
{
	fxm_invariant(s->item && s->nr >= NR_LIBRARY_ROWS);
	for (size_t i = 0; i < s->nr; i++) {
		if (!setting_is_valid(&s->item[i]))
			return false;
		fxm_invariant(fxmi_settings_find(s, s->item[i].row->name, strlen(s->item[i].row->name)) == &s->item[i]);
	}
	return true;
}
