/* SPDX-License-Identifier: MIT */
/* Names that were not meant: which of those that there are is near enough to be asked about. */
#include "config.h"

#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Edits (insert, delete, replace) that turn one name into the other, case ignored; names longer than 40 never match. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[41];
	size_t na = strlen(a), nb = strlen(b);
	if (na > 40 || nb > 40)
		return 99;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned best = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[nb];
}

/* How many edits still make a typing mistake of a name this long. */
static unsigned patience(const char *name)
{
	size_t len = strlen(name);
	return len < 4 ? 2 : len < 8 ? 3 : 4;
}

struct fxmi_guess fxmi_guess(const char *wanted)
{
	return (struct fxmi_guess){.wanted = wanted, .distance = patience(wanted)};
}

void fxmi_guess_consider(struct fxmi_guess *g, const char *candidate)
{
	unsigned d = distance(g->wanted, candidate);

	if (d < g->distance) {
		g->best = candidate;
		g->distance = d;
	}
}
