/* SPDX-License-Identifier: MIT */
#ifndef FXMI_CONFIG_H
#define FXMI_CONFIG_H

/*
 * Settings: what a config and every layout made from it hold. The rows that define them come from the profile, then from the
 * library's own table (window=, policy=, ...). A setting that nobody gave a value has its default, which may be an expression
 * over other settings and follows them (cpus is 2, but 1 on a machine of NR_CPUS=1).
 */

#include "expr.h"
#include "profile.h"
#include "words.h"

#include <fixmap/config.h>

struct fxmi_setting {
	const struct fxmi_row *row;
	uint64_t value;	  /* number; index of a choice; 0 for text */
	bool is_set;	  /* given, not the default */
	char number[24];  /* text form of a number */
	char initial[24]; /* the same when every setting has its default */
	char *text;	  /* FXMI_ROW_TEXT: heap */
};

struct fxmi_settings {
	size_t nr;
	struct fxmi_setting *item;
};

struct fxm_config {
	const struct fxmi_profile *profile;
	struct fxmi_settings settings;
	struct fxmi_error error;
};

/* All settings of @profile at their defaults. Errors: -ENOMEM, -EINVAL a default that cannot be computed. */
int fxmi_settings_init(struct fxmi_settings *s, const struct fxmi_profile *profile, struct fxmi_error *error);
int fxmi_settings_copy(struct fxmi_settings *to, const struct fxmi_settings *from);
void fxmi_settings_free(struct fxmi_settings *s);

/* The setting of that name, or NULL. */
struct fxmi_setting *fxmi_settings_find(const struct fxmi_settings *s, const char *name, size_t len);

/* Gives it a number and computes again the defaults that follow from it. Errors: -EINVAL with @error set. */
int fxmi_setting_assign(struct fxmi_settings *s, struct fxmi_setting *item, uint64_t value, struct fxmi_error *error);

/* The text that fxm_config_set() takes for the present value. Valid until the next change. */
const char *fxmi_setting_as_text(const struct fxmi_setting *item);

/*
 * The words of a text setting mean something to a room above, which reads them when a machine is made. It also has them checked
 * here, so that a misspelt one is refused where it is written: 0, or -EINVAL and one line in @error.
 */
struct fxmi_words {
	enum fxmi_setting_id setting;
	int (*check)(const char *text, struct fxmi_error *error);
	struct fxmi_words *next;
};
void fxmi_words_register(struct fxmi_words *words);

#define FXMI_WORDS(id, function)                                                                                                   \
	static __attribute__((constructor)) void register_words_of_##function(void)                                                \
	{                                                                                                                          \
		static struct fxmi_words words = {.setting = (id), .check = (function)};                                           \
		fxmi_words_register(&words);                                                                                       \
	}

/* misspelt.c: of the names that are considered, the one that is probably meant by @wanted; @best is NULL when none is near. */
struct fxmi_guess {
	const char *wanted, *best;
	unsigned distance;
};
struct fxmi_guess fxmi_guess(const char *wanted);
void fxmi_guess_consider(struct fxmi_guess *g, const char *candidate);

/* Whether each has a value that its row allows, and the text of that value. */
bool fxmi_settings_is_valid(const struct fxmi_settings *s);

/* Leaves one line for fxm_config_error() and returns -EINVAL: for what machine creation finds wrong with a config. */
int fxmi_config_fail(struct fxm_config *cfg, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
