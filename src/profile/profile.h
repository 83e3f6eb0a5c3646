/* SPDX-License-Identifier: MIT */
#ifndef FXMI_PROFILE_H
#define FXMI_PROFILE_H

/*
 * Profiles as the run time sees them: the rows of <fixmap/profiles/NAME.def> with every expression kept as text.
 * include/fixmap/profiles/rows.h says what each row means; the kinds here have the same names.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fxmi_row_kind {
	FXMI_ROW_PROFILE,
	/* settings: these five stay together (fxmi_row_is_setting) */
	FXMI_ROW_OPTION,
	FXMI_ROW_INTEGER,
	FXMI_ROW_SIZE,
	FXMI_ROW_CHOICE,
	FXMI_ROW_TEXT,
	/* what is computed from them */
	FXMI_ROW_CONFIG,
	FXMI_ROW_CONST,
	FXMI_ROW_NUMBER,
	FXMI_ROW_VALUE,
	FXMI_ROW_BITS,
	FXMI_ROW_LET,
	FXMI_ROW_REQUIRE,
	FXMI_ROW_FIX,
	FXMI_ROW_FIX_GROUP,
	FXMI_ROW_FIX_AT,
	FXMI_ROW_FIX_MARK,
	FXMI_ROW_KM_TYPE,
	FXMI_ROW_PROT,
	FXMI_ROW_TRAIT,
	FXMI_ROW_SITE,
	FXMI_ROW_REGION,
	FXMI_ROW_BOOT
};

/* One row. Fields that a kind does not have are NULL. */
struct fxmi_row {
	enum fxmi_row_kind kind;
	const char *name;
	const char *expr; /* the value; settings: the default; REQUIRE: the condition; SITE: "FILE:LINE" */
	const char *cond; /* fixed addresses: the condition; REGION, BOOT: size, protection; INTEGER: least; CHOICE: words */
	const char *last; /* FIX_GROUP: the last enumerator; INTEGER: greatest */
	const char *text; /* settings: help; REQUIRE: message; PROFILE: summary */
};

/* Where a row stands. */
struct fxmi_place {
	const char *file;
	unsigned line;
};

struct fxmi_profile {
	const char *name;
	const char *arch;
	const char *summary;
	unsigned version;      /* major << 16 | minor << 8 | patch */
	unsigned address_bits; /* width of a virtual address */
	const struct fxmi_row *rows;
	size_t nr_rows;
	const struct fxmi_place *places; /* of the rows; NULL: built in */
};

static inline int fxmi_row_is_setting(const struct fxmi_row *row)
{
	return row->kind >= FXMI_ROW_OPTION && row->kind <= FXMI_ROW_TEXT;
}

size_t fxmi_profile_count(void);

/* Built-in profile number @i, or NULL past the end. */
const struct fxmi_profile *fxmi_profile_at(size_t i);

/* The profile whose rows these are; the first is its PROFILE row. */
struct fxmi_profile fxmi_profile_of_rows(const struct fxmi_row *rows, size_t nr);

/* The profile called @name (NULL: the default one), built in or read from a file, or NULL. */
const struct fxmi_profile *fxmi_profile_find(const char *name);

/* Whether the kernel of @version has @function, a name that fxm_since() knows. */
bool fxmi_version_has(unsigned version, const char *function);

#endif
