/* SPDX-License-Identifier: MIT */

/*
 * Where names are defined, as a look at the text finds it. Of the passive code it is kept in the tree's cache, the file
 * "definitions" with lines "NAME FILE".
 */

#include "tree_definitions.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name, and a file that may define it. */
struct candidate {
	char *name, *path;
	size_t next; /* 1 + the index of another one of the same bucket */
};

#define BUCKETS 65536

struct definitions {
	struct tree *tree;
	struct candidate *candidate;
	size_t nr_candidates, candidate_room, of_name[BUCKETS];
	struct tool_words folders; /* looked into besides the passive ones */
};

uint64_t definitions_sum(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return (hash ^ '\n') * 0x100000001b3u;
}

static size_t bucket_of(const char *text)
{
	return definitions_sum(DEFINITIONS_SUM, text) % BUCKETS;
}

char *definitions_contents(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	struct stat st;

	if (!f)
		return NULL;
	if (!fstat(fileno(f), &st) && S_ISREG(st.st_mode) && (text = malloc((size_t)st.st_size + 1)))
		text[fread(text, 1, (size_t)st.st_size, f)] = 0;
	fclose(f);
	return text;
}

/* ---- where names are defined ---- */

static void add_candidate(struct definitions *d, const char *name, size_t len, const char *path)
{
	d->candidate = tool_grow(d->candidate, d->nr_candidates, &d->candidate_room, sizeof(*d->candidate));
	struct candidate *c = &d->candidate[d->nr_candidates];
	char copy[128];

	if (!len || len >= sizeof(copy))
		return;
	snprintf(copy, sizeof(copy), "%.*s", (int)len, name);
	size_t *head = &d->of_name[bucket_of(copy)];
	*c = (struct candidate){tool_copy(copy), tool_copy(path), *head};
	*head = ++d->nr_candidates;
}

static size_t word_length(const char *at)
{
	size_t n = 0;

	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	return n;
}

static bool begins(const char *line, const char *word)
{
	size_t len = strlen(word);
	return !strncmp(line, word, len) && !isalnum((unsigned char)line[len]) && line[len] != '_';
}

static bool is_macro(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (islower((unsigned char)word[i]))
			return false;
	return len > 2;
}

/*
 * The names that a line at the outermost level may define: of a function that before its parenthesis, of a variable those before
 * the end of its declarator, of a macro every argument. What is wrongly taken for a definition is found out by the compiler.
 */
static void read_line(struct definitions *d, const char *line, const char *path)
{
	static const char *const others[] = {"static", "typedef", "extern", "return", "goto", "default", "case", "else", "if"};
	const char *word = NULL, *before = NULL;
	size_t len = 0, len_before = 0;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (begins(line, others[i]))
			return;
	const char *at = line;
	while (*at && !strchr("(=;[{,\n", *at)) {
		size_t n = word_length(at);
		if (n) {
			before = word, len_before = len;
			word = at, len = n;
		}
		at += n ? n : 1;
	}
	if (!word || *at == '{' || *at == ',')
		return;
	if (*at == '(' && is_macro(word, len) && word == line) {
		for (at++; *at && *at != ')' && *at != '\n'; at++) {
			size_t n = word_length(at);
			if (n)
				add_candidate(d, at, n, path);
			at += n;
			if (!*at || *at == ')' || *at == '\n')
				break;
		}
		return;
	}
	add_candidate(d, word, len, path);
	if (*at != '(' && before && len > 2 && !strncmp(word, "__", 2))
		add_candidate(d, before, len_before, path);
}

static void read_source(struct definitions *d, const char *path)
{
	char full[PATH_MAX * 2];

	snprintf(full, sizeof(full), "%s/%s", d->tree->dir, path);
	char *text = definitions_contents(full);
	for (const char *line = text; line && *line;) {
		if (isalpha((unsigned char)*line) || *line == '_')
			read_line(d, line, path);
		line = strchr(line, '\n');
		line += line != NULL;
	}
	free(text);
}

static bool is_taken(const struct tool_words *rules, const char *path)
{
	bool taken = false;

	for (size_t i = 0; i < rules->nr; i++) {
		const char *rule = rules->word[i] + (*rules->word[i] == '-');
		if (!strncmp(path, rule, strlen(rule)))
			taken = *rules->word[i] != '-';
	}
	return taken;
}

/* Every .c file of a folder and below. */
static void read_folder(struct definitions *d, const char *folder, const struct tool_words *rules)
{
	char path[PATH_MAX * 2], full[PATH_MAX * 4];
	struct dirent **entry;

	snprintf(full, sizeof(full), "%s/%s", d->tree->dir, folder);
	int n = scandir(full, &entry, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *name = entry[i]->d_name;
		size_t len = strlen(name);
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		snprintf(full, sizeof(full), "%s/%s/.", d->tree->dir, path);
		if (*name != '.' && len > 2 && !strcmp(name + len - 2, ".c")) {
			if (!rules || is_taken(rules, path))
				read_source(d, path);
		} else if (*name != '.' && !access(full, F_OK)) {
			read_folder(d, path, rules);
		}
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

/* The lines of include/arch/passive. */
static bool read_rules(const struct definitions *d, struct tool_words *rules)
{
	char path[PATH_MAX + 16], *save;

	snprintf(path, sizeof(path), "%s/passive", d->tree->arch);
	char *text = definitions_contents(path);
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		if (*line != '#')
			tool_words_add(rules, "%s", line);
	free(text);
	return text != NULL;
}

static void write_definitions(const struct definitions *d, const char *path)
{
	char other[PATH_MAX + 64];

	snprintf(other, sizeof(other), "%s.%d", path, (int)getpid());
	FILE *out = fopen(other, "w");
	for (size_t i = 0; out && i < d->nr_candidates; i++)
		fprintf(out, "%s %s\n", d->candidate[i].name, d->candidate[i].path);
	if (out && !fclose(out))
		rename(other, path);
}

static bool read_definitions(struct definitions *d, const char *path)
{
	char *text = definitions_contents(path), *save;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char *blank = strchr(line, ' ');
		if (blank)
			add_candidate(d, line, (size_t)(blank - line), blank + 1);
	}
	free(text);
	return text != NULL;
}

static time_t time_of(const char *path)
{
	struct stat st;
	return stat(path, &st) ? 0 : st.st_mtime;
}

static int find_definitions(struct definitions *d)
{
	char path[PATH_MAX + 32], rules_path[PATH_MAX + 32], stamp[PATH_MAX + 32];
	struct tool_words rules = {0};

	snprintf(path, sizeof(path), "%s/definitions", d->tree->cache);
	snprintf(rules_path, sizeof(rules_path), "%s/passive", d->tree->arch);
	snprintf(stamp, sizeof(stamp), "%s/stamp", d->tree->cache);
	time_t made = time_of(path);
	if (made && made >= time_of(rules_path) && made >= time_of(stamp) && read_definitions(d, path))
		return 0;
	if (!read_rules(d, &rules))
		return tool_error(d->tree->command, "%s: %s", rules_path, strerror(errno));
	for (size_t i = 0; i < rules.nr; i++) {
		size_t len = strlen(rules.word[i]);
		if (*rules.word[i] == '-')
			continue;
		if (rules.word[i][len - 1] == '/') {
			char folder[PATH_MAX];
			snprintf(folder, sizeof(folder), "%.*s", (int)len - 1, rules.word[i]);
			read_folder(d, folder, &rules);
		} else {
			read_source(d, rules.word[i]);
		}
	}
	tool_words_free(&rules);
	write_definitions(d, path);
	return 0;
}

/* Drivers are not in the index: the folder of one is read when a file of it is compiled. */
void definitions_look_into(struct definitions *d, const char *path)
{
	char folder[PATH_MAX];

	if (strncmp(path, "drivers/", 8) && strncmp(path, "sound/", 6) && strncmp(path, "virt/", 5))
		return;
	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = 0;
	for (size_t i = 0; i < d->folders.nr; i++)
		if (!strncmp(folder, d->folders.word[i], strlen(d->folders.word[i])))
			return;
	tool_words_add(&d->folders, "%s", folder);
	read_folder(d, folder, NULL);
}

struct definitions *definitions_open(struct tree *tree)
{
	struct definitions *d = calloc(1, sizeof(*d));

	if (!d) {
		tool_error(tree->command, "out of memory");
		return NULL;
	}
	d->tree = tree;
	if (!find_definitions(d))
		return d;
	definitions_close(d);
	return NULL;
}

void definitions_close(struct definitions *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->nr_candidates; i++)
		free(d->candidate[i].name), free(d->candidate[i].path);
	free(d->candidate);
	tool_words_free(&d->folders);
	free(d);
}

void definitions_each(const struct definitions *d, const char *name, void (*fn)(const char *path, void *arg), void *arg)
{
	for (size_t i = d->of_name[bucket_of(name)]; i; i = d->candidate[i - 1].next)
		if (!strcmp(d->candidate[i - 1].name, name))
			fn(d->candidate[i - 1].path, arg);
}
