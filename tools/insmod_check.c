/* SPDX-License-Identifier: MIT */

/*
 * `fixmap insmod --check`: which files compile, which of these would link, and what is missing, counted over all of them. Files of
 * the kernel tree are compiled with the tree's own headers, libfixmap being the architecture, and each under the option that its
 * Makefile names; other files as insmod would compile them to run.
 */

#include "insmod.h"

#include "compiler.h"
#include "process.h"
#include "tree.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Something that files miss. */
struct cause {
	char what[128], hint[256];
	size_t files, last; /* how many miss it; the last one that was counted */
};

struct causes {
	struct cause *cause;
	size_t nr;
};

/* A symbol, among those of all files. */
struct symbol {
	char *name;
	size_t files, next; /* next: 1 + the index of another one of the same bucket; 0 ends */
	bool is_defined;    /* by one of the files */
};

#define BUCKETS 4096

struct check {
	struct insmod *job;
	struct tree tree;
	struct causes headers, functions, others, elsewhere;
	bool is_unnamed; /* the file at hand: no Makefile of the tree names it */
	struct symbol *symbol;
	size_t nr_symbols, room, bucket[BUCKETS];
	size_t compile, link, all;
};

/* ---- causes ---- */

static struct cause *count(struct causes *causes, size_t file, const char *what)
{
	struct cause *c = NULL;

	for (size_t i = 0; i < causes->nr; i++)
		if (!strcmp(causes->cause[i].what, what))
			c = &causes->cause[i];
	if (!c) {
		struct cause *more = realloc(causes->cause, (causes->nr + 1) * sizeof(*more));
		if (!more)
			exit(tool_error("insmod", "out of memory"));
		causes->cause = more;
		c = &more[causes->nr++];
		*c = (struct cause){0};
		snprintf(c->what, sizeof(c->what), "%s", what);
	}
	c->files += c->last != file + 1;
	c->last = file + 1;
	return c;
}

static int by_files(const void *a, const void *b)
{
	const struct cause *x = a, *y = b;
	return x->files != y->files ? (x->files < y->files ? 1 : -1) : strcmp(x->what, y->what);
}

static void print(struct causes *causes, const char *title)
{
	if (!causes->nr)
		return;
	qsort(causes->cause, causes->nr, sizeof(*causes->cause), by_files);
	printf("%s\n", title);
	for (size_t i = 0; i < causes->nr; i++)
		printf("%6zu  %s%s%s\n", causes->cause[i].files, causes->cause[i].what, *causes->cause[i].hint ? ": " : "",
		       causes->cause[i].hint);
}

/* ---- what a message says ---- */

static bool exists(const struct tree *t, const char *fmt, const char *a, const char *b)
{
	char path[PATH_MAX + 600], rest[600];

	snprintf(rest, sizeof(rest), fmt, a, b);
	snprintf(path, sizeof(path), "%s/%s", t->dir, rest);
	return !access(path, R_OK);
}

/* Which architectures of the tree have asm/NAME.h. */
static void architectures_of(const struct tree *t, const char *header, char *names, size_t size)
{
	char path[PATH_MAX + 16];
	size_t len = 0;

	snprintf(path, sizeof(path), "%s/arch", t->dir);
	DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (*e->d_name != '.' && len < size &&
		    (exists(t, "arch/%s/include/%s", e->d_name, header) || exists(t, "arch/%s/include/uapi/%s", e->d_name, header)))
			len += (size_t)snprintf(names + len, size - len, "%s%s", len ? ", " : "", e->d_name);
	if (dir)
		closedir(dir);
}

static bool is_hosts(const char *header)
{
	static const char *const names[] = {"string.h", "strings.h", "stdio.h",	  "stdlib.h", "unistd.h",   "stdint.h",
					    "errno.h",	"time.h",    "assert.h",  "ctype.h",  "inttypes.h", "limits.h",
					    "fcntl.h",	"signal.h",  "pthread.h", "math.h"};
	bool found = !strncmp(header, "sys/", 4) || !strncmp(header, "bits/", 5);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		found |= !strcmp(header, names[i]);
	return found;
}

static void explain_header(const struct check *c, const char *header, char *hint, size_t size)
{
	const struct tree *t = &c->tree;
	char names[128] = "";

	if (is_hosts(header)) {
		snprintf(hint, size, "the host's: kernel code includes <linux/...>");
	} else if (!c->job->tree) {
		snprintf(hint, size, "a kernel tree may have it: -K TREE");
	} else if (!strncmp(header, "asm/", 4)) {
		architectures_of(t, header, names, sizeof(names));
		snprintf(hint, size, *names ? "only %s has it" : "no architecture of the tree has it%s", names);
	} else if (exists(t, "include/%s%s", header, "")) {
		snprintf(hint, size, "the tree has it in include/, and this file is compiled without: is it a file of the tree?");
	} else {
		snprintf(hint, size, "no header of the tree: its build makes it, or it lies in a folder to be named with -I");
	}
}

/* Between the quotes that gcc and clang put round a name. */
static bool quoted(const char *text, char *name, size_t size)
{
	static const char *const open[] = {"\xe2\x80\x98", "'", "`"}, *const close[] = {"\xe2\x80\x99", "'", "'"};

	for (size_t i = 0; i < 3; i++) {
		const char *at = strstr(text, open[i]), *end = at ? strstr(at + strlen(open[i]), close[i]) : NULL;
		if (!end)
			continue;
		at += strlen(open[i]);
		snprintf(name, size, "%.*s", (int)(end - at), at);
		return true;
	}
	return false;
}

/* No Makefile but another architecture's builds the file, and it misses a header of asm/ that only others have: @names. */
static bool is_of_others(const struct check *c, const char *messages, char *header, size_t header_size, char *names, size_t size)
{
	char line[4096];
	FILE *in = fopen(messages, "r");
	bool found = false;

	*names = 0;
	while (in && c->is_unnamed && !found && fgets(line, sizeof(line), in)) {
		const char *at = strstr(line, "error: asm/");
		at = at ? at : strstr(line, "error: 'asm/");
		if (!at)
			continue;
		at = strstr(at, "asm/");
		snprintf(header, header_size, "%.*s", (int)strcspn(at, ":'"), at);
		architectures_of(&c->tree, header, names, size);
		found = *names;
	}
	if (in)
		fclose(in);
	return found;
}

/* Counts each error of a file once, by what is missing; the first one goes to @first. */
static void read_messages(struct check *c, size_t file, const char *path, char *first, size_t size)
{
	char line[4096], name[128];
	FILE *in = fopen(path, "r");

	*first = 0;
	while (in && fgets(line, sizeof(line), in)) {
		char *error = strstr(line, "error: "), *end;
		if (!error)
			continue;
		error += strlen("error: ");
		error[strcspn(error, "\n")] = 0;
		if (!*first)
			snprintf(first, size, "%.*s", (int)size - 1, line);
		if ((end = strstr(error, ": No such file")) || (end = strstr(error, "' file not found"))) {
			snprintf(name, sizeof(name), "%.*s", (int)(end - error), error + (*error == '\''));
			name[strcspn(name, "'")] = 0;
			struct cause *cause = count(&c->headers, file, name);
			explain_header(c, name, cause->hint, sizeof(cause->hint));
		} else if (strstr(error, "mplicit declaration of function") || strstr(error, "undeclared function")) {
			if (!quoted(error, name, sizeof(name)))
				continue;
			struct cause *cause = count(&c->functions, file, name);
			const char *header = insmod_kernel_header_of(c->job, name);
			if (header)
				snprintf(cause->hint, sizeof(cause->hint), "%s declares it, under a condition that is off here",
					 header);
		} else if (*first && strstr(first, error)) {
			count(&c->others, file, error);
		}
	}
	if (in)
		fclose(in);
}

/* ---- symbols ---- */

static struct symbol *symbol(struct check *c, const char *name)
{
	unsigned sum = 5381;

	for (const char *at = name; *at; at++)
		sum = sum * 33 + (unsigned char)*at;
	size_t *head = &c->bucket[sum % BUCKETS];
	for (size_t i = *head; i; i = c->symbol[i - 1].next)
		if (!strcmp(c->symbol[i - 1].name, name))
			return &c->symbol[i - 1];
	if (c->nr_symbols == c->room) {
		c->room = c->room ? c->room * 2 : 1024;
		c->symbol = realloc(c->symbol, c->room * sizeof(*c->symbol));
	}
	char *copy = strdup(name);
	if (!c->symbol || !copy)
		exit(tool_error("insmod", "out of memory"));
	c->symbol[c->nr_symbols] = (struct symbol){.name = copy, .next = *head};
	*head = c->nr_symbols + 1;
	return &c->symbol[c->nr_symbols++];
}

static void note_symbol(const char *name, bool is_wanted, void *arg)
{
	struct symbol *s = symbol(arg, name);

	if (is_wanted)
		s->files++;
	else
		s->is_defined = true;
}

/* What the library gives, and of the C library what the kernel tier takes from it: its functions on memory and text. */
static bool is_given(const char *name)
{
	static const char *const of_linker[] = {"__start_", "__stop_", "_GLOBAL_OFFSET_TABLE_"};
	bool is_given =
	    (!strncmp(name, "fxm_", 4) || !strncmp(name, "mem", 3) || !strncmp(name, "str", 3)) && dlsym(RTLD_DEFAULT, name);

	for (size_t i = 0; i < sizeof(of_linker) / sizeof(of_linker[0]); i++)
		is_given |= !strncmp(name, of_linker[i], strlen(of_linker[i]));
	return is_given;
}

struct wants {
	struct check *c;
	size_t missing;
};

static void count_missing(const char *name, bool is_wanted, void *arg)
{
	struct wants *wants = arg;
	wants->missing += is_wanted && !symbol(wants->c, name)->is_defined && !is_given(name);
}

static int by_wish(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	return x->files != y->files ? (x->files < y->files ? 1 : -1) : strcmp(x->name, y->name);
}

/* The first of a long list say most. */
static void print_symbols(struct check *c)
{
	enum { MOST = 40 };
	size_t shown = 0, missing = 0;

	qsort(c->symbol, c->nr_symbols, sizeof(*c->symbol), by_wish);
	for (size_t i = 0; i < c->nr_symbols; i++) {
		struct symbol *s = &c->symbol[i];
		if (!s->files || s->is_defined || is_given(s->name))
			continue;
		if (!missing++)
			puts("symbols that neither the library nor one of the files defines, and how many files want them:");
		if (shown < MOST) {
			const char *header = insmod_kernel_header_of(c->job, s->name);
			printf("%6zu  %s%s%s\n", s->files, s->name, header ? ": " : "", header ? header : "");
			shown++;
		}
	}
	if (missing > shown)
		printf("        and %zu more\n", missing - shown);
}

/* ---- compiling ---- */

static void add_names(struct tool_words *argv, const char *name)
{
	tool_words_add(argv, "-DKBUILD_MODNAME=\"%s\"", name);
	tool_words_add(argv, "-DKBUILD_BASENAME=\"%s\"", name);
	tool_words_add(argv, "-DKBUILD_MODFILE=\"%s\"", name);
	tool_words_add(argv, "-D__KBUILD_MODNAME=kmod_%s", name);
}

/* False, after a line that says why: only another architecture builds this file. */
static bool tree_command(struct check *c, size_t number, struct insmod_module *module, struct tool_words *argv, bool *is_of_tree)
{
	struct tree_file file;

	*is_of_tree = c->job->tree && tree_file(&c->tree, module->path, &file);
	c->is_unnamed = *is_of_tree && !file.is_built;
	if (!*is_of_tree)
		return true;
	if (*file.missing) {
		char what[300];
		snprintf(what, sizeof(what), "CONFIG_%s", file.missing);
		count(&c->elsewhere, number, what);
		printf("%s cannot be built here: CONFIG_%s wants %s\n", module->path, file.option, file.missing);
		tool_words_free(&file.flags);
		return false;
	}
	tree_flags(&c->tree, argv);
	for (size_t i = 0; i < c->job->nr_include; i++)
		tool_words_add(argv, "-I%s", c->job->include[i]);
	for (size_t i = 0; i < file.flags.nr; i++)
		tool_words_add(argv, "%s", file.flags.word[i]);
	for (size_t i = 0; i < c->job->nr_config; i++) {
		size_t len = strcspn(c->job->config[i], "=");
		const char *value = c->job->config[i] + len + 1;
		bool is_off = !strcmp(value, "n");
		tool_words_add(argv, "-%cCONFIG_%.*s%s%s", is_off ? 'U' : 'D', (int)len, c->job->config[i], is_off ? "" : "=",
			       is_off					    ? ""
			       : !strcmp(value, "y") || !strcmp(value, "m") ? "1"
									    : value);
	}
	add_names(argv, module->name);
	tool_words_add(argv, "-c");
	tool_words_add(argv, "-o");
	tool_words_add(argv, "%s", module->object);
	tool_words_add(argv, "%s", module->path);
	tool_end_words(argv);
	tool_words_free(&file.flags);
	return true;
}

static bool runs(struct tool_words *argv, const char *path, const char *messages)
{
	int status = 0;

	insmod_progress(path, true);
	int error = tool_spawn(argv->word, NULL, messages, COMPILE_SECONDS, &status);
	insmod_progress(path, false);
	if (error)
		tool_error("insmod", "cannot run %s: %s", argv->word[0], strerror(error));
	return !error && WIFEXITED(status) && !WEXITSTATUS(status);
}

static int check_one(struct check *c, size_t number)
{
	struct insmod_module *module = &c->job->module[number];
	char object[sizeof(c->job->dir) + 128], messages[sizeof(c->job->dir) + 16], first[512], header[128], names[128];
	struct tool_words argv = {0};
	bool is_of_tree = false;

	if (!module->source.nr)
		return tool_error("insmod", "--check %s: it is compiled already; give the .c file", module->path);
	snprintf(object, sizeof(object), "%s/%zu-%s.o", c->job->dir, number, module->name);
	snprintf(messages, sizeof(messages), "%s/messages", c->job->dir);
	module->object = strdup(object);
	int status = module->object ? tool_compiler("insmod", &argv) : tool_error("insmod", "out of memory");
	if (!status && !tree_command(c, number, module, &argv, &is_of_tree)) {
		tool_words_free(&argv);
		free(module->object);
		module->object = NULL;
		return 0;
	}
	if (!status && !is_of_tree) {
		tool_words_free(&argv);
		argv = (struct tool_words){0};
		status = insmod_command_line(c->job, module, &argv);
	}
	c->all++;
	if (!status && runs(&argv, module->path, messages)) {
		printf("%s compiles\n", module->path);
		c->compile++;
		insmod_each_symbol(module->object, note_symbol, c);
	} else if (!status && is_of_others(c, messages, header, sizeof(header), names, sizeof(names))) {
		printf("%s cannot be built here: no Makefile names it, and only %s has %s\n", module->path, names, header);
		count(&c->elsewhere, number, header);
		c->all--;
		free(module->object);
		module->object = NULL;
	} else if (!status) {
		read_messages(c, number, messages, first, sizeof(first));
		if (c->job->nr_modules == 1)
			insmod_copy_messages(messages);
		printf("%s does not compile%s%s\n", module->path, *first ? ": " : "", first);
		free(module->object);
		module->object = NULL;
		status = 2;
	}
	tool_words_free(&argv);
	return status;
}

int insmod_check(struct insmod *job)
{
	static struct check c;
	int status = 0;

	c.job = job;

	if (job->tree) {
		status = tree_open(&c.tree, "insmod", job->tree, job->cfg);
		if (!status)
			status = tree_prepare(&c.tree, false);
		if (!status)
			status = tree_configure(&c.tree);
		if (status)
			return status;
	}
	for (size_t i = 0; i < job->nr_modules && !tool_is_stopped(); i++)
		status = check_one(&c, i) ? 2 : status;
	for (size_t i = 0; i < job->nr_modules; i++) {
		struct wants wants = {&c, 0};
		if (!job->module[i].object)
			continue;
		insmod_each_symbol(job->module[i].object, count_missing, &wants);
		c.link += !wants.missing;
	}
	print(&c.headers, "headers that are missing, and in how many files:");
	print(&c.functions, "functions without a declaration, and in how many files:");
	print(&c.others, "other first errors, and in how many files:");
	print_symbols(&c);
	print(&c.elsewhere, "left out, because they hang on options that this architecture cannot have:");
	printf("%zu of %zu files compile, %zu link\n", c.compile, c.all, c.link);
	if (job->tree)
		tree_close(&c.tree);
	return status;
}
