/* SPDX-License-Identifier: MIT */
#ifndef EDITED_PROFILE_H
#define EDITED_PROFILE_H

/* A profile of the user's own, made as users make one: a built-in one's file, with a few words changed. Needs FIXMAP_PROFILES. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct edit {
	const char *what, *instead;
};

/* Puts @instead in place of the first @what of @text. */
static inline void edit_text(char *text, size_t size, const char *what, size_t len, const char *instead)
{
	char *at = strstr(text, what);
	size_t rest = strlen(at + len) + 1;

	assert_true((size_t)(at - text) + strlen(instead) + rest <= size);
	memmove(at + strlen(instead), at + len, rest);
	memcpy(at, instead, strlen(instead));
}

/* Reads @name of the profiles' folder. */
static inline void read_profile(const char *name, char *text, size_t size)
{
	const char *folder = getenv("FIXMAP_PROFILES");
	char path[512];

	assert_non_null(folder);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *in = fopen(path, "r");
	assert_non_null(in);
	text[fread(text, 1, size - 1, in)] = 0;
	fclose(in);
}

/* Writes @name.def with all that it includes, changed by @edits (each once; ended by NULL), to a new file @path. */
static inline void write_edited_profile(char *path, const char *name, const struct edit *edits)
{
	static char text[65536], part[32768];
	static const char include[] = "#include \"";
	char file[96];

	snprintf(file, sizeof(file), "%s.def", name);
	read_profile(file, text, sizeof(text));
	for (const char *at; (at = strstr(text, include)) != NULL;) {
		char line[128];
		assert_int_equal(sscanf(at + strlen(include), "%95[^\"]", file), 1);
		read_profile(file, part, sizeof(part));
		snprintf(line, sizeof(line), "%s%s\"\n", include, file);
		edit_text(text, sizeof(text), line, strlen(line), part);
	}
	for (; edits->what; edits++) {
		assert_non_null(strstr(text, edits->what));
		edit_text(text, sizeof(text), edits->what, strlen(edits->what), edits->instead);
	}
	FILE *out = fdopen(mkstemps(path, 4), "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

#endif
