/* SPDX-License-Identifier: MIT */

/*
 * The built-in profiles: every .def, read as text into one array of rows. A profile is the run of rows from its PROFILE row
 * to the next one.
 */

#include "profile.h"
#include "profile_file.h"
#include "words.h"

#include <fixmap/config.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PROFILE "x86_32-6.1"
#define MAX_PROFILES 32

/* A word of a profile: without @id, its value, it does not compile. */
#define KNOWN(word, id) &word[0 * (id)]

/* PROFILE rows keep their version as text too: cond is "major.minor.patch", last the address width, expr the architecture. */
#define FXM_PROFILE(n, arch, major, minor, patch, bits, summary)                                                                   \
	{FXMI_ROW_PROFILE, #n, #arch, #major "." #minor "." #patch, #bits, summary},
#define FXM_OPTION(n, default_, help) {FXMI_ROW_OPTION, KNOWN(#n, FXMI_SETTING_##n), #default_, NULL, NULL, help},
#define FXM_INTEGER(n, default_, least, greatest, help)                                                                            \
	{FXMI_ROW_INTEGER, KNOWN(#n, FXMI_SETTING_##n), #default_, #least, #greatest, help},
#define FXM_SIZE(n, default_, help) {FXMI_ROW_SIZE, KNOWN(#n, FXMI_SETTING_##n), #default_, NULL, NULL, help},
#define FXM_CONFIG(n, e) {FXMI_ROW_CONFIG, #n, #e, NULL, NULL, NULL},
#define FXM_CONST(n, e) {FXMI_ROW_CONST, #n, #e, NULL, NULL, NULL},
#define FXM_NUMBER(n, e) {FXMI_ROW_NUMBER, #n, #e, NULL, NULL, NULL},
#define FXM_VALUE(n, e) {FXMI_ROW_VALUE, #n, #e, NULL, NULL, NULL},
#define FXM_BITS(n, e) {FXMI_ROW_BITS, #n, #e, NULL, NULL, NULL},
#define FXM_LET(n, e) {FXMI_ROW_LET, #n, #e, NULL, NULL, NULL},
#define FXM_REQUIRE(e, message) {FXMI_ROW_REQUIRE, NULL, #e, NULL, NULL, message},
#define FXM_PROT(n, e) {FXMI_ROW_PROT, #n, #e, NULL, NULL, NULL},
#define FXM_FIX(n, c) {FXMI_ROW_FIX, #n, NULL, #c, NULL, NULL},
#define FXM_FIX_GROUP(n, last_, slots, c) {FXMI_ROW_FIX_GROUP, #n, #slots, #c, #last_, NULL},
#define FXM_FIX_AT(n, e, c) {FXMI_ROW_FIX_AT, #n, #e, #c, NULL, NULL},
#define FXM_FIX_MARK(n) {FXMI_ROW_FIX_MARK, #n, NULL, "1", NULL, NULL},
#define FXM_KM_TYPE(n) {FXMI_ROW_KM_TYPE, #n, NULL, NULL, NULL, NULL},
#define FXM_TRAIT(n, e) {FXMI_ROW_TRAIT, KNOWN(#n, FXMI_TRAIT_##n), #e, NULL, NULL, NULL},
#define FXM_SITE(key, where) {FXMI_ROW_SITE, #key, where, NULL, NULL, NULL},
#define FXM_REGION(n, start, size) {FXMI_ROW_REGION, #n, #start, #size, NULL, NULL},
#define FXM_BOOT(n, phys, prot) {FXMI_ROW_BOOT, #n, #phys, #prot, NULL, NULL},
#include <fixmap/profiles/rows.h>

static const struct fxmi_row rows[] = {
#include <fixmap/profiles/i386-2.6.12.def>
#include <fixmap/profiles/i386-2.6.12.1.def>
#include <fixmap/profiles/i386-2.6.12.2.def>
#include <fixmap/profiles/i386-2.6.12.3.def>
#include <fixmap/profiles/i386-2.6.12.4.def>
#include <fixmap/profiles/i386-2.6.12.5.def>
#include <fixmap/profiles/i386-2.6.12.6.def>
#include <fixmap/profiles/i386-2.6.13.def>
#include <fixmap/profiles/i386-2.6.13.1.def>
#include <fixmap/profiles/i386-2.6.14.def>
#include <fixmap/profiles/i386-2.6.15.def>
#include <fixmap/profiles/biscuitos-arm32.def>
#include <fixmap/profiles/arm-4.7.def>
#include <fixmap/profiles/arm-6.1.def>
#include <fixmap/profiles/arm-6.12.def>
#include <fixmap/profiles/arm64-4.7.def>
#include <fixmap/profiles/arm64-6.1.def>
#include <fixmap/profiles/arm64-6.12.def>
#include <fixmap/profiles/x86_32-4.7.def>
#include <fixmap/profiles/x86_32-4.15.def>
#include <fixmap/profiles/x86_64-4.15.def>
#include <fixmap/profiles/x86_32-5.10.def>
#include <fixmap/profiles/x86_32-6.1.def>
#include <fixmap/profiles/x86_32-6.12.def>
#include <fixmap/profiles/x86_64-6.1.def>
#include <fixmap/profiles/x86_64-6.12.def>
};

#include <fixmap/profiles/rows_end.h>

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static struct fxmi_profile profiles[MAX_PROFILES];
static size_t nr_profiles;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static unsigned version_of(const char *text)
{
	char *end;
	unsigned version = 0;
	for (int shift = 16; shift >= 0; shift -= 8) {
		version |= (unsigned)strtoul(text, &end, 10) << shift;
		text = *end ? end + 1 : end;
	}
	return version;
}

struct fxmi_profile fxmi_profile_of_rows(const struct fxmi_row *first, size_t nr)
{
	return (struct fxmi_profile){.name = first->name,
				     .arch = first->expr,
				     .summary = first->text,
				     .version = version_of(first->cond),
				     .address_bits = (unsigned)strtoul(first->last, NULL, 10),
				     .rows = first,
				     .nr_rows = nr};
}

static void find_profiles(void)
{
	size_t begin = 0;
	for (size_t i = 1; i <= NR_ROWS; i++)
		if ((i == NR_ROWS || rows[i].kind == FXMI_ROW_PROFILE) && nr_profiles < MAX_PROFILES) {
			profiles[nr_profiles++] = fxmi_profile_of_rows(&rows[begin], i - begin);
			begin = i;
		}
}

size_t fxmi_profile_count(void)
{
	pthread_once(&once, find_profiles);
	return nr_profiles;
}

const struct fxmi_profile *fxmi_profile_at(size_t i)
{
	return i < fxmi_profile_count() ? &profiles[i] : NULL;
}

const struct fxmi_profile *fxmi_profile_find(const char *name)
{
	if (!name)
		name = DEFAULT_PROFILE;
	for (size_t i = 0; i < fxmi_profile_count(); i++)
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	return fxmi_profile_find_loaded(name);
}

size_t fxm_profile_count(void)
{
	return fxmi_profile_count();
}

const char *fxm_profile_name(size_t i)
{
	const struct fxmi_profile *p = fxmi_profile_at(i);
	return p ? p->name : NULL;
}

const char *fxm_profile_summary(size_t i)
{
	const struct fxmi_profile *p = fxmi_profile_at(i);
	return p ? p->summary : NULL;
}

unsigned fxm_profile_version(size_t i)
{
	const struct fxmi_profile *p = fxmi_profile_at(i);
	return p ? p->version : 0;
}

const char *fxm_profile_default(void)
{
	return DEFAULT_PROFILE;
}
