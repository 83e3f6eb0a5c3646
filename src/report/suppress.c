/* SPDX-License-Identifier: MIT */
/*
 * Suppressions: a file of lines "KIND PATTERN". KIND is a kind of report after which the simulated kernel goes on, a detector's
 * name, or *. PATTERN is a shell pattern; it covers a report if a frame of one of its stacks (where it arose, where the page was
 * mapped, where unmapped) has a function, a file or a FILE:LINE that it matches.
 */
#include "base.h"
#include "config.h"
#include "report.h"
#include "state.h"
#include "suppress.h"

#include <fnmatch.h>
#include <stdlib.h>

struct suppression {
	char *kind, *pattern;
};

struct fxmi_suppressions {
	size_t nr;
	struct suppression *line;
};

static int check_kind(const char *kind, struct fxmi_error *error, const char *path, unsigned line)
{
	char all[512] = "";

	if (!strcmp(kind, "*") || fxmi_is_detector(kind, strlen(kind)))
		return 0;
	for (unsigned i = 0; i <= FXM_REPORT_FINDING; i++)
		if (!strcmp(kind, fxm_report_kind_name(i)))
			return fxmi_report_ends_task(i) ? fxmi_error_set(error,
									 "%s:%u: %s: it ends the task, so it cannot be "
									 "suppressed",
									 path, line, kind)
							: 0;
	fxmi_detectors_list(all, sizeof(all));
	return fxmi_error_set(error, "%s:%u: no kind of report %s: write *, warn, sleeping, hung, finding, or one of%s", path, line,
			      kind, all);
}

/* The next word of @text, ended there; NULL if none is left. */
static char *next_word(char **text)
{
	char *word = *text + strspn(*text, " \t\r\n");
	if (!*word || *word == '#')
		return NULL;
	*text = word + strcspn(word, " \t\r\n");
	if (**text)
		*(*text)++ = 0;
	return word;
}

static int add_line(struct fxmi_suppressions *s, char *text, const char *path, unsigned line, struct fxmi_error *error)
{
	char *kind = next_word(&text), *pattern = kind ? next_word(&text) : NULL;

	if (!kind)
		return 0;
	if (!pattern)
		return fxmi_error_set(error, "%s:%u: write KIND PATTERN, such as: leak my_driver_*", path, line);
	if (next_word(&text))
		return fxmi_error_set(error, "%s:%u: more than KIND PATTERN; one suppression is one line", path, line);
	int err = check_kind(kind, error, path, line);
	if (err)
		return err;
	struct suppression *larger = realloc(s->line, (s->nr + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	s->line = larger;
	larger[s->nr] = (struct suppression){strdup(kind), strdup(pattern)};
	s->nr++;
	return larger[s->nr - 1].kind && larger[s->nr - 1].pattern ? 0 : -ENOMEM;
}

/* A file that is larger is none of suppressions. */
#define MAX_FILE ((size_t)1 << 20)

/* The whole text, the caller's. NULL with @err, which is 0 when the host has no memory. */
static char *read_text(const char *path, struct fxmi_error *error, int *err)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(MAX_FILE + 1) : NULL;
	size_t n = 0;

	*err = f ? 0 : fxmi_error_set(error, "suppress=%s: %s", path, fxm_strerror(-errno));
	if (text) {
		n = fread(text, 1, MAX_FILE + 1, f);
		if (ferror(f))
			*err = fxmi_error_set(error, "suppress=%s: %s", path, fxm_strerror(-errno));
		else if (n > MAX_FILE)
			*err = fxmi_error_set(error, "suppress=%s: larger than 1 MB; a line is KIND PATTERN", path);
		text[n > MAX_FILE ? MAX_FILE : n] = 0;
	}
	if (f)
		fclose(f);
	if (!*err)
		return text;
	free(text);
	return NULL;
}

int fxmi_suppress_read(const char *path, struct fxmi_suppressions **out, struct fxmi_error *error)
{
	int err;

	*out = NULL;
	if (!*path)
		return 0;
	char *text = read_text(path, error, &err), *rest = text;
	if (!text)
		return err ? err : -ENOMEM;
	*out = calloc(1, sizeof(**out));
	err = *out ? 0 : -ENOMEM;
	for (unsigned line = 1; rest && !err; line++) {
		char *text_of_line = strsep(&rest, "\n");
		err = add_line(*out, text_of_line, path, line, error);
	}
	free(text);
	if (err) {
		fxmi_suppress_free(*out);
		*out = NULL;
	}
	return err;
}

void fxmi_suppress_free(struct fxmi_suppressions *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->nr; i++) {
		free(s->line[i].kind);
		free(s->line[i].pattern);
	}
	free(s->line);
	free(s);
}

/* Read for its errors; each machine reads it again. */
static int check_suppressions(const char *text, struct fxmi_error *error)
{
	struct fxmi_suppressions *s;
	int err = fxmi_suppress_read(text, &s, error);

	fxmi_suppress_free(s);
	return err;
}

FXMI_WORDS(FXMI_SETTING_suppress, check_suppressions)

/* ---- matching ---- */

static bool is_of_kind(const char *kind, const struct fxm_report *r)
{
	return !strcmp(kind, "*") || !strcmp(kind, fxm_report_kind_name(r->kind)) || (r->detector && !strcmp(kind, r->detector));
}

static bool covers_place(const char *pattern, uintptr_t pc)
{
	struct fxmi_code_place place;

	fxmi_code_place(pc, false, &place);
	char file_line[sizeof(place.file) + 16];
	snprintf(file_line, sizeof(file_line), "%s:%u", place.file, place.line);
	return !fnmatch(pattern, place.function, 0) || !fnmatch(pattern, place.file, 0) || !fnmatch(pattern, file_line, 0);
}

static bool covers_stack(const char *pattern, const struct fxm_stack *stack)
{
	for (unsigned i = 0; i < stack->depth; i++)
		if (covers_place(pattern, stack->pc[i]))
			return true;
	return false;
}

bool fxmi_suppress_covers(const struct fxmi_suppressions *s, const struct fxm_report *r)
{
	if (!s || fxmi_report_ends_task(r->kind))
		return false;
	for (size_t i = 0; i < s->nr; i++)
		if (is_of_kind(s->line[i].kind, r) &&
		    (covers_stack(s->line[i].pattern, &r->trace) || covers_stack(s->line[i].pattern, &r->mapped_stack) ||
		     covers_stack(s->line[i].pattern, &r->unmapped_stack)))
			return true;
	return false;
}
