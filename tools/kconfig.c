/* SPDX-License-Identifier: MIT */

/*
 * A tree's Kconfig files without its kconfig: every entry with its conditions (those of the if, menu and choice around it within
 * the file too), and one question: what has to be on so that an option can be? The answer is not the smallest one, nor kconfig's
 * own: of an or, the first side that works.
 */

#include "kconfig.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCKS 64 /* if, menu and choice inside one another */
#define DEEP 64	  /* options that need options */
#define HASH 65536

enum op { SYMBOL, EQUAL, UNEQUAL, NOT, AND, OR };

struct expr {
	enum op op;
	struct expr *a, *b;
	char *left, *right;
	struct expr *next, **at; /* of all that there are: blocks and entries share them */
};

static struct expr *all_exprs;

struct clause {
	char *value;	   /* the option that is selected, or a default */
	struct expr *when; /* NULL: always */
};

/* One config entry; an option may have several. */
struct entry {
	struct expr **depends;
	struct clause *selects, *defaults;
	size_t nr_depends, nr_selects, nr_defaults;
	struct entry *next;
	bool has_prompt;
};

struct option {
	char *name, *value; /* NULL: off */
	struct entry *entries;
	bool is_bool; /* or tristate */
	bool is_string;
	bool is_busy;	 /* being turned on */
	bool is_changed; /* since kconfig_undo() */
	bool was_chosen; /* the answer says something of it */
	struct option *next;
};

struct kconfig {
	struct option *hash[HASH];
	struct option **all, **changed;
	size_t nr, nr_changed;
	char why[128]; /* what could not be on; "" for nothing yet */
};

static void *must(void *at)
{
	if (!at)
		exit(tool_error(NULL, "out of memory"));
	return at;
}

#define ADD(array, n, ...)                                                                                                         \
	((array) = must(realloc((array), ((n) + 1) * sizeof(*(array)))), (array)[(n)++] = (__typeof__(*(array)))__VA_ARGS__)

/* ---- options by name ---- */

static struct option *lookup(const struct kconfig *k, const char *name, size_t len, bool make)
{
	unsigned sum = 5381;

	for (size_t i = 0; i < len; i++)
		sum = sum * 33 + (unsigned char)name[i];
	struct option **at = (struct option **)&k->hash[sum % HASH];
	for (struct option *o = *at; o; o = o->next)
		if (!strncmp(o->name, name, len) && !o->name[len])
			return o;
	if (!make)
		return NULL;
	struct option *o = must(calloc(1, sizeof(*o)));
	o->name = must(strndup(name, len));
	o->next = *at;
	*at = o;
	struct kconfig *writable = (struct kconfig *)k;
	ADD(writable->all, writable->nr, o);
	return o;
}

static struct option *named(const struct kconfig *k, const char *name)
{
	return lookup(k, name, strlen(name), false);
}

const char *kconfig_value(const struct kconfig *k, const char *name)
{
	const struct option *o = named(k, name);
	return o && o->value ? o->value : "";
}

static void assign(struct option *o, const char *value)
{
	char *copy = *value && strcmp(value, "n") ? must(strdup(value)) : NULL;
	free(o->value);
	o->value = copy;
}

void kconfig_set(struct kconfig *k, const char *name, const char *value)
{
	struct option *o = lookup(k, name, strlen(name), true);
	assign(o, value);
	o->was_chosen = true;
}

/* ---- expressions ---- */

static struct expr *node(enum op op, struct expr *a, struct expr *b)
{
	struct expr *e = must(calloc(1, sizeof(*e)));
	*e = (struct expr){.op = op, .a = a, .b = b, .next = all_exprs, .at = &all_exprs};
	if (all_exprs)
		all_exprs->at = &e->next;
	all_exprs = e;
	return e;
}

static void free_one(struct expr *e)
{
	*e->at = e->next;
	if (e->next)
		e->next->at = e->at;
	free(e->left);
	free(e->right);
	free(e);
}

static void free_expr(struct expr *e)
{
	if (!e)
		return;
	free_expr(e->a);
	free_expr(e->b);
	free_one(e);
}

static const char *blank(const char *at)
{
	return at + strspn(at, " \t");
}

/* A name, a string without its quotes, or $(...), which is taken for y: the compiler has what is asked of it. */
static const char *word(const char *at, char **name)
{
	size_t len;

	at = blank(at);
	if (*at == '"' || *at == '\'') {
		len = strcspn(at + 1, *at == '"' ? "\"" : "'");
		*name = must(strndup(at + 1, len));
		return at + 1 + len + (at[1 + len] != 0);
	}
	if (*at == '$') {
		int depth = 0;
		do {
			depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
			at++;
		} while (*at && (depth || at[-1] == '$'));
		*name = must(strdup("y"));
		return at;
	}
	for (len = 0; isalnum((unsigned char)at[len]) || at[len] == '_' || at[len] == '-' || at[len] == '.';)
		len++;
	*name = must(strndup(at, len));
	return at + len;
}

static const char *parse_or(const char *at, struct expr **e);

static const char *parse_one(const char *at, struct expr **e)
{
	at = blank(at);
	if (*at == '!' && at[1] != '=') {
		struct expr *inner = NULL;
		at = parse_one(at + 1, &inner);
		*e = node(NOT, inner, NULL);
		return at;
	}
	if (*at == '(') {
		at = blank(parse_or(at + 1, e));
		return at + (*at == ')');
	}
	*e = node(SYMBOL, NULL, NULL);
	at = blank(word(at, &(*e)->left));
	if (*at == '=' || (*at == '!' && at[1] == '=')) {
		(*e)->op = *at == '=' ? EQUAL : UNEQUAL;
		at = word(at + 1 + (*at == '!'), &(*e)->right);
	} else if (*at == '<' || *at == '>') { /* versions of compilers, sizes: taken for true */
		char *skipped;
		at = word(at + 1 + (at[1] == '='), &skipped);
		free(skipped);
		free((*e)->left);
		(*e)->left = must(strdup("y"));
	}
	return at;
}

static const char *parse_and(const char *at, struct expr **e)
{
	at = blank(parse_one(at, e));
	while (!strncmp(at, "&&", 2)) {
		struct expr *right = NULL;
		at = blank(parse_one(at + 2, &right));
		*e = node(AND, *e, right);
	}
	return at;
}

static const char *parse_or(const char *at, struct expr **e)
{
	at = blank(parse_and(at, e));
	while (!strncmp(at, "||", 2)) {
		struct expr *right = NULL;
		at = blank(parse_and(at + 2, &right));
		*e = node(OR, *e, right);
	}
	return at;
}

static struct expr *parse(const char *text)
{
	struct expr *e = NULL;
	parse_or(text, &e);
	return e;
}

/* A symbol's value: that of the option, or itself. */
static const char *value_of(const struct kconfig *k, const char *name)
{
	const struct option *o = named(k, name);
	return o ? (o->value ? o->value : "n") : name;
}

static bool holds(const struct kconfig *k, const struct expr *e)
{
	if (!e)
		return true;
	switch (e->op) {
	case SYMBOL: {
		const char *value = value_of(k, e->left);
		return !strcmp(value, "y") || !strcmp(value, "m");
	}
	case EQUAL:
		return !strcmp(value_of(k, e->left), value_of(k, e->right));
	case UNEQUAL:
		return strcmp(value_of(k, e->left), value_of(k, e->right)) != 0;
	case NOT:
		return !holds(k, e->a);
	case AND:
		return holds(k, e->a) && holds(k, e->b);
	case OR:
		return holds(k, e->a) || holds(k, e->b);
	}
	return false;
}

/* ---- reading ---- */

struct reader {
	struct kconfig *k;
	struct entry *entry; /* the config that lines belong to */
	struct option *option;
	struct expr *block[BLOCKS]; /* the conditions around */
	size_t nr_blocks;
	bool in_block_head; /* behind menu or choice: depends on is that block's */
	int help;	    /* the column that its text begins in; -1 not yet known, 0 none */
};

static const char *keyword(const char *line, const char *key)
{
	size_t len = strlen(key);
	return !strncmp(line, key, len) && (!line[len] || strchr(" \t\"", line[len])) ? blank(line + len) : NULL;
}

/* "VALUE if EXPR": cuts the condition off. */
static struct expr *split_if(char *text)
{
	bool quoted = false;

	for (char *at = text; *at; at++) {
		quoted ^= *at == '"';
		if (!quoted && !strncmp(at, "if", 2) && at > text && isspace((unsigned char)at[-1]) && strchr(" \t(!", at[2])) {
			at[-1] = 0;
			return parse(at + 2);
		}
	}
	return NULL;
}

static void trim(char *text)
{
	size_t len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = 0;
}

static void begin_entry(struct reader *r, const char *name)
{
	r->option = lookup(r->k, name, strcspn(name, " \t"), true);
	r->entry = must(calloc(1, sizeof(*r->entry)));
	r->entry->next = r->option->entries;
	r->option->entries = r->entry;
	for (size_t i = 0; i < r->nr_blocks; i++)
		if (r->block[i])
			ADD(r->entry->depends, r->entry->nr_depends, r->block[i]);
	r->in_block_head = false;
}

static void push(struct reader *r, struct expr *e, bool is_head)
{
	if (r->nr_blocks < BLOCKS)
		r->block[r->nr_blocks++] = e;
	r->entry = NULL;
	r->option = NULL;
	r->in_block_head = is_head;
}

/* Expressions of blocks are shared by the entries inside. */
static void pop(struct reader *r)
{
	if (r->nr_blocks)
		r->nr_blocks--;
	r->entry = NULL;
	r->option = NULL;
	r->in_block_head = false;
}

static void add_default(struct reader *r, char *text)
{
	struct expr *when = split_if(text);
	trim(text);
	ADD(r->entry->defaults, r->entry->nr_defaults, {must(strdup(text)), when});
}

static void attribute(struct reader *r, char *line)
{
	static const char *const types[] = {"bool", "tristate", "int", "hex", "string", "def_bool", "def_tristate"};
	char *rest;

	if ((rest = (char *)keyword(line, "depends"))) {
		rest = (char *)keyword(rest, "on");
		if (!rest)
			return;
		struct expr *e = parse(rest);
		if (r->entry)
			ADD(r->entry->depends, r->entry->nr_depends, e);
		else if (r->in_block_head && r->nr_blocks)
			r->block[r->nr_blocks - 1] = r->block[r->nr_blocks - 1] ? node(AND, r->block[r->nr_blocks - 1], e) : e;
		return;
	}
	if (!r->entry)
		return;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((rest = (char *)keyword(line, types[i]))) {
			r->option->is_bool |= i < 2 || i > 4;
			r->option->is_string |= i == 4;
			if (i > 4)
				add_default(r, rest);
			else
				r->entry->has_prompt |= *rest != 0;
			return;
		}
	if ((rest = (char *)keyword(line, "prompt"))) {
		r->entry->has_prompt = true;
	} else if ((rest = (char *)keyword(line, "default"))) {
		add_default(r, rest);
	} else if ((rest = (char *)keyword(line, "select"))) {
		struct expr *when = split_if(rest);
		trim(rest);
		ADD(r->entry->selects, r->entry->nr_selects, {must(strdup(rest)), when});
	}
}

static void take(struct reader *r, char *raw)
{
	int column = 0;
	char *line = raw;

	for (; *line == ' ' || *line == '\t'; line++)
		column = *line == '\t' ? (column | 7) + 1 : column + 1;
	if (!*line)
		return;
	if (r->help) {
		if (r->help < 0 && column)
			r->help = column;
		if (r->help > 0 && column >= r->help)
			return;
		r->help = 0;
	}
	if (*line == '#')
		return;
	trim(line);
	const char *rest;
	if ((rest = keyword(line, "config")) || (rest = keyword(line, "menuconfig")))
		begin_entry(r, rest);
	else if (keyword(line, "help") || keyword(line, "---help---"))
		r->help = -1;
	else if ((rest = keyword(line, "if")))
		push(r, parse(rest), false);
	else if (keyword(line, "menu") || keyword(line, "choice"))
		push(r, NULL, true);
	else if (keyword(line, "endif") || keyword(line, "endmenu") || keyword(line, "endchoice"))
		pop(r);
	else if (keyword(line, "source") || keyword(line, "comment") || keyword(line, "mainmenu"))
		r->entry = NULL;
	else
		attribute(r, line);
}

static void read_kconfig(struct kconfig *k, const char *path)
{
	struct reader r = {.k = k};
	FILE *in = fopen(path, "r");
	char *line = NULL, *whole = NULL;
	size_t room = 0, len = 0;
	ssize_t n;

	while (in && (n = getline(&line, &room, in)) >= 0) {
		while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = 0;
		bool goes_on = n && line[n - 1] == '\\';
		whole = must(realloc(whole, len + (size_t)n + 2));
		memcpy(whole + len, line, (size_t)n + 1);
		len += (size_t)n;
		if (goes_on) {
			whole[len - 1] = ' ';
			continue;
		}
		take(&r, whole);
		len = 0;
	}
	free(whole);
	free(line);
	if (in)
		fclose(in);
}

/* Every Kconfig below @dir; at the top, not those of the architectures. */
static void read_folder(struct kconfig *k, const char *dir, int depth)
{
	static const char *const not_at_top[] = {"arch", "Documentation", "tools", "scripts", "samples", "LICENSES"};
	DIR *d = opendir(dir);

	for (struct dirent *e; d && depth < 12 && (e = readdir(d));) {
		char path[4096];
		bool skip = e->d_name[0] == '.';

		for (size_t i = 0; i < sizeof(not_at_top) / sizeof(not_at_top[0]) && !depth; i++)
			skip |= !strcmp(e->d_name, not_at_top[i]);
		if (skip || snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= (int)sizeof(path))
			continue;
		if (e->d_type == DT_DIR)
			read_folder(k, path, depth + 1);
		else if (!strncmp(e->d_name, "Kconfig", 7))
			read_kconfig(k, path);
	}
	if (d)
		closedir(d);
}

struct kconfig *kconfig_open(const char *command, const char *tree, const char *own, const char *answer)
{
	struct kconfig *k = must(calloc(1, sizeof(*k)));
	FILE *in = fopen(answer, "r");
	char *line = NULL, path[4096];
	size_t room = 0;

	if (!in) {
		tool_error(command, "%s: %s", answer, strerror(errno));
		free(k);
		return NULL;
	}
	read_folder(k, tree, 0);
	snprintf(path, sizeof(path), "%s/arch/Kconfig", tree);
	read_kconfig(k, path);
	read_kconfig(k, own);
	while (getline(&line, &room, in) >= 0) {
		char *value = strchr(line, '=');
		if (strncmp(line, "CONFIG_", 7) || !value)
			continue;
		*value++ = 0;
		trim(value);
		kconfig_set(k, line + 7, value);
	}
	free(line);
	fclose(in);
	return k;
}

void kconfig_close(struct kconfig *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->nr; i++) {
		struct option *o = k->all[i];
		for (struct entry *e = o->entries, *next; e; e = next) {
			next = e->next;
			for (size_t s = 0; s < e->nr_selects; s++)
				free(e->selects[s].value);
			for (size_t d = 0; d < e->nr_defaults; d++)
				free(e->defaults[d].value);
			free(e->selects);
			free(e->defaults);
			free(e->depends);
			free(e);
		}
		free(o->name);
		free(o->value);
		free(o);
	}
	while (all_exprs)
		free_one(all_exprs);
	free(k->all);
	free(k->changed);
	free(k);
}

/* ---- one option more ---- */

static void turn_on(struct kconfig *k, struct option *o, const char *value)
{
	assign(o, value);
	if (!o->is_changed) {
		o->is_changed = true;
		ADD(k->changed, k->nr_changed, o);
	}
}

static bool enable(struct kconfig *k, struct option *o, bool is_forced);

/* The last one counts: expressions of defaults are gone when somebody asks. */
static void note_why(struct kconfig *k, const char *name)
{
	snprintf(k->why, sizeof(k->why), "%s", name);
}

static bool satisfy(struct kconfig *k, const struct expr *e)
{
	if (holds(k, e)) /* no condition does, too */
		return true;
	switch (e->op) {
	case AND:
		return satisfy(k, e->a) && satisfy(k, e->b);
	case OR:
		return satisfy(k, e->a) || satisfy(k, e->b);
	case NOT:
		if (e->a->op == SYMBOL)
			note_why(k, e->a->left);
		return false;
	case EQUAL:
		if (strcmp(e->right, "y") && strcmp(e->right, "m"))
			return false;
		break;
	case UNEQUAL:
		if (strcmp(e->right, "n"))
			return false;
		break;
	case SYMBOL:
		break;
	}
	struct option *o = named(k, e->left);
	if (o && o->entries && enable(k, o, false))
		return true;
	note_why(k, e->left);
	return false;
}

/* Whether a default of @entry can make it y. */
static bool is_by_default(struct kconfig *k, const struct entry *entry)
{
	bool is_on = false;

	for (size_t i = 0; i < entry->nr_defaults && !is_on; i++) {
		struct expr *e = parse(entry->defaults[i].value);
		is_on = satisfy(k, entry->defaults[i].when) && satisfy(k, e);
		free_expr(e);
	}
	return is_on;
}

/* Turns on an option that selects @o, which nobody is asked about. */
static bool is_selected(struct kconfig *k, const struct option *o)
{
	for (size_t i = 0; i < k->nr; i++)
		for (const struct entry *entry = k->all[i]->entries; entry; entry = entry->next)
			for (size_t s = 0; s < entry->nr_selects; s++)
				if (!strcmp(entry->selects[s].value, o->name) && entry->has_prompt && enable(k, k->all[i], false))
					return true;
	return false;
}

static bool depends_satisfied(struct kconfig *k, const struct entry *entry)
{
	for (size_t i = 0; i < entry->nr_depends; i++)
		if (!satisfy(k, entry->depends[i]))
			return false;
	return true;
}

/* One entry whose conditions can be met is enough. What nobody is asked about must be selected, or be so by default. */
static bool enable(struct kconfig *k, struct option *o, bool is_forced)
{
	static int depth;
	bool done = false;

	if (o->value || o->is_busy)
		return true;
	if (depth == DEEP)
		return false;
	o->is_busy = true;
	depth++;
	for (struct entry *entry = o->entries; entry && !done; entry = entry->next)
		done = (is_forced || entry->has_prompt || is_by_default(k, entry)) && depends_satisfied(k, entry);
	if (done) {
		turn_on(k, o, "y");
		for (struct entry *entry = o->entries; entry; entry = entry->next)
			for (size_t i = 0; i < entry->nr_selects; i++)
				if (holds(k, entry->selects[i].when)) {
					struct option *selected =
					    lookup(k, entry->selects[i].value, strlen(entry->selects[i].value), true);
					if (!selected->value && !enable(k, selected, true))
						turn_on(k, selected, "y"); /* as kconfig: with a warning there */
				}
	}
	depth--;
	o->is_busy = false;
	return done;
}

static bool mentions_changed(const struct kconfig *k, const struct expr *e)
{
	if (!e)
		return false;
	if (e->op == SYMBOL || e->op == EQUAL || e->op == UNEQUAL) {
		const struct option *o = named(k, e->left);
		return o && o->is_changed;
	}
	return mentions_changed(k, e->a) || mentions_changed(k, e->b);
}

/* The value that an option has by default once what it depends on is on; NULL: none, or it is off. */
static const char *default_of(const struct kconfig *k, const struct option *o)
{
	for (const struct entry *entry = o->entries; entry; entry = entry->next) {
		bool is_met = true, is_new = false;

		for (size_t i = 0; i < entry->nr_depends; i++) {
			is_met &= holds(k, entry->depends[i]);
			is_new |= mentions_changed(k, entry->depends[i]);
		}
		for (size_t i = 0; i < entry->nr_defaults; i++)
			is_new |= mentions_changed(k, entry->defaults[i].when);
		if (!is_met || !is_new)
			continue;
		for (size_t i = 0; i < entry->nr_defaults; i++) {
			if (!holds(k, entry->defaults[i].when))
				continue;
			if (!o->is_bool) {
				char *value = entry->defaults[i].value;
				if (*value == '"' && !o->is_string) { /* a number may be in quotes */
					memmove(value, value + 1, strlen(value));
					value[strcspn(value, "\"")] = 0;
				}
				return value_of(k, value);
			}
			struct expr *e = parse(entry->defaults[i].value);
			bool is_on = holds(k, e);
			free_expr(e);
			if (is_on)
				return "y";
			break;
		}
		/* a number without a default is asked for: kconfig's own all-defaults answer is 0 */
	}
	return NULL;
}

bool kconfig_enable(struct kconfig *k, const char *name, const char **why)
{
	struct option *o = lookup(k, name, strlen(name), true);
	bool changed = true;

	*k->why = 0;
	bool is_asked = false;
	for (const struct entry *entry = o->entries; entry; entry = entry->next)
		is_asked |= entry->has_prompt || entry->nr_defaults;
	/* an option that only another architecture's Kconfig knows can be on there alone */
	bool done = o->value || (o->entries && (is_asked ? enable(k, o, false) : is_selected(k, o)));
	if (!done && why)
		*why = *k->why ? k->why : name;
	for (int round = 0; done && changed && round < 8; round++) {
		changed = false;
		for (size_t i = 0; i < k->nr; i++) {
			struct option *other = k->all[i];
			const char *value = other->value || other->was_chosen || !other->entries ? NULL : default_of(k, other);

			if (!value || !*value || !strcmp(value, "n"))
				continue;
			turn_on(k, other, value);
			changed = true;
		}
	}
	return done;
}

void kconfig_flags(const struct kconfig *k, struct tool_words *flags)
{
	for (size_t i = 0; i < k->nr_changed; i++) {
		const struct option *o = k->changed[i];
		if (o->value)
			tool_words_add(flags, "-DCONFIG_%s=%s", o->name,
				       !strcmp(o->value, "y") || !strcmp(o->value, "m") ? "1" : o->value);
	}
}

void kconfig_undo(struct kconfig *k)
{
	for (size_t i = 0; i < k->nr_changed; i++) {
		k->changed[i]->is_changed = false;
		assign(k->changed[i], "");
	}
	k->nr_changed = 0;
}
