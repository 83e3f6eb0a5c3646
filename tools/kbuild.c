/* SPDX-License-Identifier: MIT */

/*
 * Reading Makefiles of the kernel's build. Of make's language: variables with = := += ?=, ifeq ifneq ifdef ifndef else endif,
 * include, $(NAME), and the functions that call() has. Rules and their recipes are passed over. The file is taken as the kernel's
 * build reads it: KERNELRELEASE is set.
 */

#include "kbuild.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 16

struct variable {
	char *name, *value;
};

struct reader {
	struct kbuild *k;
	const struct kbuild_place *place;
	const char *path;
	unsigned line;
	struct variable *variable;
	size_t nr_variables;
	int depth;	       /* of conditionals */
	bool is_off[DEPTH];    /* this branch is not taken */
	bool was_taken[DEPTH]; /* a branch of it was */
};

/* ---- texts ---- */

struct text {
	char *at;
	size_t len;
};

static void append(struct text *t, const char *from, size_t len)
{
	char *more = realloc(t->at, t->len + len + 1);

	if (!more)
		exit(tool_error(NULL, "out of memory"));
	t->at = more;
	memcpy(t->at + t->len, from, len);
	t->len += len;
	t->at[t->len] = 0;
}

static char *copy_of(const char *from, size_t len)
{
	struct text t = {0};

	append(&t, from, len);
	return t.at;
}

/* A blank in the name of a folder is none between words. */
#define BLANK '\001'

static void append_path(struct text *t, const char *path)
{
	size_t from = t->len;

	append(t, path, strlen(path));
	for (size_t i = from; i < t->len; i++)
		t->at[i] = t->at[i] == ' ' ? BLANK : t->at[i];
}

static void restore_blanks(char *text)
{
	for (; *text; text++)
		*text = *text == BLANK ? ' ' : *text;
}

static void strange(struct reader *r, const char *what)
{
	tool_words_add(&r->k->strange, "%s:%u: %.60s", r->path, r->line, what);
}

/* ---- variables ---- */

static struct variable *find(struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->nr_variables; i++)
		if (!strcmp(r->variable[i].name, name))
			return &r->variable[i];
	return NULL;
}

static void set(struct reader *r, const char *name, const char *value, bool is_more)
{
	struct variable *v = find(r, name);

	if (!v) {
		struct variable *more = realloc(r->variable, (r->nr_variables + 1) * sizeof(*more));
		if (!more)
			exit(tool_error(NULL, "out of memory"));
		r->variable = more;
		v = &r->variable[r->nr_variables++];
		*v = (struct variable){copy_of(name, strlen(name)), NULL};
	}
	struct text t = {0};
	append(&t, "", 0);
	if (is_more && v->value && *v->value) {
		append(&t, v->value, strlen(v->value));
		append(&t, " ", 1);
	}
	append(&t, value, strlen(value));
	free(v->value);
	v->value = t.at;
}

static const char *built_in(const struct reader *r, const char *name)
{
	static const char *const of_src[] = {"src", "obj", "M", "PWD", "CURDIR", "KBUILD_EXTMOD"};
	static const char *const of_tree[] = {"srctree", "objtree", "KDIR", "KERNELDIR", "KERNEL_SRC", "KERNEL_DIR"};

	for (size_t i = 0; i < sizeof(of_src) / sizeof(of_src[0]); i++)
		if (!strcmp(name, of_src[i]))
			return r->place->src;
	for (size_t i = 0; i < sizeof(of_tree) / sizeof(of_tree[0]); i++)
		if (!strcmp(name, of_tree[i]))
			return r->place->srctree ? r->place->srctree : "";
	if (!strcmp(name, "KERNELRELEASE") || !strcmp(name, "KERNELVERSION"))
		return r->place->release;
	return NULL;
}

static char *expand(struct reader *r, const char *text);

/* The words of @list through @fn, with a blank between them. */
static void each_word(struct text *out, const char *list, const char *before, const char *behind)
{
	for (const char *at = list + strspn(list, " \t"); *at; at += strspn(at, " \t")) {
		size_t len = strcspn(at, " \t");

		if (out->len)
			append(out, " ", 1);
		append(out, before, strlen(before));
		append(out, at, len);
		append(out, behind, strlen(behind));
		at += len;
	}
}

static void substitute(struct text *out, const char *from, const char *to, const char *in)
{
	size_t len = strlen(from);

	for (const char *at = in; *at;)
		if (len && !strncmp(at, from, len)) {
			append(out, to, strlen(to));
			at += len;
		} else {
			append(out, at++, 1);
		}
}

/* Words of @list that are, or are not, among @patterns; % is not understood here. */
static void filter(struct text *out, const char *patterns, const char *list, bool keep)
{
	for (const char *at = list + strspn(list, " \t"); *at; at += strspn(at, " \t")) {
		size_t len = strcspn(at, " \t");
		bool found = false;

		for (const char *p = patterns + strspn(patterns, " \t"); *p; p += strspn(p, " \t")) {
			size_t plen = strcspn(p, " \t");
			found |= plen == len && !strncmp(p, at, len);
			p += plen;
		}
		if (found == keep) {
			if (out->len)
				append(out, " ", 1);
			append(out, at, len);
		}
		at += len;
	}
}

/* $(name arguments): false when the function is none of ours. Arguments are expanded. */
static bool call(struct reader *r, struct text *out, const char *inside)
{
	static const struct {
		const char *name;
		int arguments;
	} functions[] = {{"addprefix", 2}, {"addsuffix", 2}, {"filter", 2}, {"filter-out", 2}, {"strip", 1}, {"subst", 3}};
	size_t len = strcspn(inside, " \t"), which;
	char *argument[3] = {0};
	struct text t = {0};

	for (which = 0; which < sizeof(functions) / sizeof(functions[0]); which++)
		if (strlen(functions[which].name) == len && !strncmp(functions[which].name, inside, len))
			break;
	if (which == sizeof(functions) / sizeof(functions[0]) || !inside[len])
		return false;
	const char *at = inside + len + strspn(inside + len, " \t");
	for (int i = 0; i < functions[which].arguments; i++) {
		size_t n = i + 1 < functions[which].arguments ? strcspn(at, ",") : strlen(at);
		char *raw = copy_of(at, n);
		argument[i] = expand(r, raw);
		free(raw);
		at += n + (at[n] == ',');
	}
	append(&t, "", 0);
	switch (which) {
	case 0:
		each_word(&t, argument[1], argument[0], "");
		break;
	case 1:
		each_word(&t, argument[1], "", argument[0]);
		break;
	case 2:
	case 3:
		filter(&t, argument[0], argument[1], which == 2);
		break;
	case 4:
		each_word(&t, argument[0], "", "");
		break;
	default:
		substitute(&t, argument[0], argument[1], argument[2]);
	}
	append(out, t.at, t.len);
	free(t.at);
	for (int i = 0; i < 3; i++)
		free(argument[i]);
	return true;
}

/* The end of what follows "$(", which may hold others. */
static const char *closing(const char *at, char open, char close)
{
	int depth = 1;

	for (; *at; at++)
		if (*at == open)
			depth++;
		else if (*at == close && !--depth)
			return at;
	return NULL;
}

static void expand_one(struct reader *r, struct text *out, const char *inside)
{
	char *name = expand(r, inside), *colon = strchr(name, ':');
	const char *value = built_in(r, name), *config = NULL;
	struct variable *v = find(r, name);

	if (!v && !value && !strncmp(name, "CONFIG_", 7)) {
		config = r->place->config ? r->place->config(r->place->arg, name + 7) : "";
		if (config)
			append(out, config, strlen(config));
		else {
			append(out, "$(", 2);
			append(out, name, strlen(name));
			append(out, ")", 1);
		}
	} else if (v) {
		append(out, v->value, strlen(v->value));
	} else if (value) {
		append_path(out, value);
	} else if (strpbrk(name, " \t")) {
		if (!call(r, out, inside))
			strange(r, inside);
	} else if (colon && strchr(colon, '=')) { /* $(list:.c=.o) */
		char *equal = strchr(colon, '=');
		*colon = *equal = 0;
		struct variable *list = find(r, name);
		if (list)
			substitute(out, colon + 1, equal + 1, list->value);
	}
	free(name);
}

/* @text with its variables; the caller frees. */
static char *expand(struct reader *r, const char *text)
{
	static int depth;
	struct text out = {0};

	append(&out, "", 0);
	if (++depth > DEPTH) {
		strange(r, text);
		text = "";
	}
	while (*text) {
		char open = text[0] == '$' ? text[1] : 0;
		const char *end = open == '(' ? closing(text + 2, '(', ')') : open == '{' ? closing(text + 2, '{', '}') : NULL;

		if (end) {
			char *inside = copy_of(text + 2, (size_t)(end - text - 2));
			expand_one(r, &out, inside);
			free(inside);
			text = end + 1;
		} else {
			append(&out, text++, 1);
		}
	}
	depth--;
	return out.at;
}

/* ---- conditionals ---- */

static bool is_off(const struct reader *r)
{
	for (int i = 0; i < r->depth; i++)
		if (r->is_off[i])
			return true;
	return false;
}

/* "(a,b)" or "a" "b", expanded: whether they are equal. */
static bool equal(struct reader *r, const char *text)
{
	char *whole = expand(r, text), *at = whole + strspn(whole, " \t"), *a, *b;
	bool is_equal;

	if (*at == '(') {
		char *comma = strchr(at, ','), *end = strrchr(at, ')');
		if (!comma || !end) {
			free(whole);
			return false;
		}
		*comma = *end = 0;
		a = at + 1;
		b = comma + 1;
	} else {
		char quote = *at, *end = quote ? strchr(at + 1, quote) : NULL, *second = end ? strpbrk(end + 1, "\"'") : NULL;
		char *last = second ? strchr(second + 1, *second) : NULL;
		if (!last) {
			free(whole);
			return false;
		}
		*end = *last = 0;
		a = at + 1;
		b = second + 1;
	}
	a += strspn(a, " \t");
	b += strspn(b, " \t");
	size_t la = strlen(a), lb = strlen(b);
	while (la && isspace((unsigned char)a[la - 1]))
		la--;
	while (lb && isspace((unsigned char)b[lb - 1]))
		lb--;
	is_equal = la == lb && !strncmp(a, b, la);
	/* an option that nobody decided on is off */
	if (!is_equal && strstr(a, "$(CONFIG_") == a && !lb)
		is_equal = true;
	free(whole);
	return is_equal;
}

static bool is_defined(struct reader *r, const char *name)
{
	char *wrapped = malloc(strlen(name) + 4), *value;

	if (!wrapped)
		exit(tool_error(NULL, "out of memory"));
	sprintf(wrapped, "$(%s)", name);
	value = expand(r, wrapped);
	bool defined = *value && strncmp(value, "$(", 2) != 0;
	free(wrapped);
	free(value);
	return defined;
}

static const char *after(const char *line, const char *word)
{
	size_t len = strlen(word);
	bool is_word = !strncmp(line, word, len) && (!line[len] || strchr(" \t(\"'", line[len]));

	return is_word ? line + len + strspn(line + len, " \t") : NULL;
}

/* ifeq and its kin. False: the line is something else. */
static bool conditional(struct reader *r, char *line)
{
	const char *rest;
	int condition = -1;

	if ((rest = after(line, "else")) && r->depth) {
		int i = r->depth - 1;
		bool taken = r->was_taken[i];

		r->is_off[i] = taken;
		if (!*rest) {
			r->was_taken[i] = true;
			return true;
		}
		bool holds = false;
		const char *arg;
		if ((arg = after(rest, "ifeq")))
			holds = equal(r, arg);
		else if ((arg = after(rest, "ifneq")))
			holds = !equal(r, arg);
		else if ((arg = after(rest, "ifdef")))
			holds = is_defined(r, arg);
		else if ((arg = after(rest, "ifndef")))
			holds = !is_defined(r, arg);
		r->is_off[i] = taken || !holds;
		r->was_taken[i] = taken || holds;
		return true;
	}
	if (after(line, "endif")) {
		if (r->depth)
			r->depth--;
		return true;
	}
	if ((rest = after(line, "ifeq")))
		condition = equal(r, rest);
	else if ((rest = after(line, "ifneq")))
		condition = !equal(r, rest);
	else if ((rest = after(line, "ifdef")))
		condition = is_defined(r, rest);
	else if ((rest = after(line, "ifndef")))
		condition = !is_defined(r, rest);
	if (condition < 0)
		return false;
	if (r->depth == DEPTH) {
		strange(r, line);
		return true;
	}
	r->is_off[r->depth] = !condition;
	r->was_taken[r->depth++] = condition;
	return true;
}

/* ---- lines ---- */

/* The word at @at as a shell would pass it on, without quotes; returns what follows. */
static const char *add_word(struct tool_words *words, const char *at)
{
	struct text word = {0};
	char quote = 0;

	append(&word, "", 0);
	for (; *at && (quote || (*at != ' ' && *at != '\t')); at++)
		if (quote ? *at == quote : *at == '"' || *at == '\'')
			quote = quote ? 0 : *at;
		else if (*at == '\\' && at[1] && quote != '\'')
			append(&word, ++at, 1);
		else
			append(&word, at, 1);
	restore_blanks(word.at);
	tool_words_add(words, "%s", word.at);
	free(word.at);
	return at;
}

static void keep(struct reader *r, const char *name, const char *value)
{
	struct kbuild_line *more = realloc(r->k->line, (r->k->nr + 1) * sizeof(*more));

	if (!more)
		exit(tool_error(NULL, "out of memory"));
	r->k->line = more;
	struct kbuild_line *line = &more[r->k->nr++];
	*line = (struct kbuild_line){.name = copy_of(name, strlen(name))};
	for (const char *at = value + strspn(value, " \t"); *at; at += strspn(at, " \t"))
		at = add_word(&line->words, at);
}

/* NAME = value and its kin. False: the line is something else. */
static bool assignment(struct reader *r, const char *line)
{
	size_t len = 0;
	int depth = 0;

	for (; line[len]; len++) {
		if (line[len] == '(' || line[len] == '{')
			depth++;
		else if (line[len] == ')' || line[len] == '}')
			depth--;
		else if (!depth && strchr("=:+?", line[len]))
			break;
		else if (!depth && isspace((unsigned char)line[len]) && !strchr("=:+? \t", line[len + strspn(line + len, " \t")]))
			return false;
	}
	const char *op = line + len;
	bool is_more = *op == '+', is_default = *op == '?';
	if (*op == ':' && op[1] == ':')
		op++;
	if (strchr(":+?", *op) && *op)
		op++;
	if (*op != '=')
		return false;
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	char *raw = copy_of(line, len), *name = expand(r, raw), *value = expand(r, op + 1 + strspn(op + 1, " \t"));
	if (!is_default || !find(r, name)) {
		set(r, name, value, is_more);
		keep(r, name, value);
	}
	free(raw);
	free(name);
	free(value);
	return true;
}

static int read_file(struct reader *r, const char *path, int nested);

static void include(struct reader *r, const char *rest, int nested)
{
	char *path = expand(r, rest), full[4096];

	restore_blanks(path);
	snprintf(full, sizeof(full), "%s%s%s", *path == '/' ? "" : r->place->src, *path == '/' ? "" : "/", path);
	if (nested >= DEPTH || read_file(r, full, nested + 1))
		strange(r, path);
	free(path);
}

static void take(struct reader *r, char *line, int nested)
{
	const char *rest;

	char *comment = line;
	while ((comment = strchr(comment, '#')) && comment > line && comment[-1] == '\\')
		comment++;
	if (comment)
		*comment = 0;
	line += *line == '\t' ? 0 : strspn(line, " ");
	size_t len = strlen(line);
	while (len && isspace((unsigned char)line[len - 1]))
		line[--len] = 0;
	if (!len || *line == '\t') /* a recipe is a rule's */
		return;
	if (conditional(r, line) || is_off(r))
		return;
	for (;;) { /* words before an assignment that change nothing of it */
		if ((rest = after(line, "export")) || (rest = after(line, "override")))
			line = (char *)rest;
		else
			break;
	}
	if ((rest = after(line, "include")) || (rest = after(line, "-include")))
		include(r, rest, nested);
	else if (!assignment(r, line) && !strchr(line, ':') && strncmp(line, "$(", 2) != 0 && *line)
		strange(r, line);
}

static int read_file(struct reader *r, const char *path, int nested)
{
	const char *outer_path = r->path;
	unsigned outer_line = r->line;
	FILE *in = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	struct text whole = {0};
	ssize_t len;

	if (!in)
		return -errno;
	r->path = path;
	r->line = 0;
	while ((len = getline(&line, &room, in)) >= 0) {
		r->line++;
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = 0;
		bool goes_on = len && line[len - 1] == '\\';
		append(&whole, line, (size_t)len - goes_on);
		if (goes_on) {
			append(&whole, " ", 1);
			continue;
		}
		take(r, whole.at, nested);
		whole.len = 0;
	}
	if (whole.len)
		take(r, whole.at, nested);
	free(whole.at);
	free(line);
	fclose(in);
	r->path = outer_path;
	r->line = outer_line;
	return 0;
}

int kbuild_read(struct kbuild *k, const char *path, const struct kbuild_place *place)
{
	struct reader r = {.k = k, .place = place};

	*k = (struct kbuild){0};
	int error = read_file(&r, path, 0);
	for (size_t i = 0; i < r.nr_variables; i++) {
		free(r.variable[i].name);
		free(r.variable[i].value);
	}
	free(r.variable);
	return error;
}

void kbuild_free(struct kbuild *k)
{
	for (size_t i = 0; i < k->nr; i++) {
		free(k->line[i].name);
		tool_words_free(&k->line[i].words);
	}
	free(k->line);
	tool_words_free(&k->strange);
	*k = (struct kbuild){0};
}

/* ---- questions ---- */

size_t kbuild_words(const struct kbuild *k, const char *name, struct tool_words *words)
{
	size_t n = 0;

	for (size_t i = 0; i < k->nr; i++)
		if (!strcmp(k->line[i].name, name)) {
			n++;
			for (size_t w = 0; w < k->line[i].words.nr; w++)
				tool_words_add(words, "%s", k->line[i].words.word[w]);
		}
	return n;
}

static bool has_word(const struct kbuild_line *line, const char *word)
{
	for (size_t i = 0; i < line->words.nr; i++)
		if (!strcmp(line->words.word[i], word))
			return true;
	return false;
}

/* X of $(CONFIG_X), or "y" and "m". */
static void add_option(const char *text, struct tool_words *options)
{
	const char *config = strstr(text, "$(CONFIG_");

	if (config)
		tool_words_add(options, "%.*s", (int)strcspn(config + 9, ")"), config + 9);
	else
		tool_words_add(options, "%s", text);
}

static void options_of(const struct kbuild *k, const char *object, struct tool_words *options, int depth)
{
	for (size_t i = 0; i < k->nr; i++) {
		const char *name = k->line[i].name, *dash = strchr(name, '-');
		if (dash && (!strncmp(name, "obj-", 4) || !strncmp(name, "lib-", 4)) && has_word(&k->line[i], object))
			add_option(dash + 1, options);
	}
	for (size_t i = 0; i < k->nr && depth < 4; i++) { /* ext4-y, ext4-$(CONFIG_X), ext4-objs: a part of ext4.o */
		const char *name = k->line[i].name, *dollar = strstr(name, "-$("), *dash = dollar ? dollar : strrchr(name, '-');
		char composite[256];

		if (!dash || !has_word(&k->line[i], object))
			continue;
		snprintf(composite, sizeof(composite), "%.*s.o", (int)(dash - name), name);
		if (dollar) /* its own condition says more than that of the whole */
			add_option(dollar + 1, options);
		else if (strcmp(composite, object))
			options_of(k, composite, options, depth + 1);
	}
}

void kbuild_options(const struct kbuild *k, const char *object, struct tool_words *options)
{
	options_of(k, object, options, 0);
}
