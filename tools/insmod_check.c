/* SPDX-License-Identifier: MIT */

/*
 * `fixmap insmod --check`: which files compile, which of these would link, and what is missing, counted over all of them. Files of
 * the kernel tree are compiled with the tree's own headers, libfixmap being the architecture, and each under the option that its
 * Makefile names; other files as insmod would compile them to run.
 */

#include "insmod.h"

#include "compiler.h"
#include "process.h"
#include "tree_objects.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
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

/* With so many stubs a file still does most of what it should. */
enum { FEW_STUBS = 10 };

struct check {
	struct insmod *job;
	struct tree tree;
	struct tree_objects *objects; /* of a tree */
	struct graph *graph;
	struct causes headers, functions, others, elsewhere, symbols;
	bool is_unnamed; /* the file at hand: no Makefile of the tree names it */
	int *number;	 /* by module: its object in the graph, or negative */
	size_t at;	 /* the module that is linked, and how many symbols it misses */
	size_t missing;
	size_t compile, link, with_stubs, all;
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

static void note_missing(const char *name, int object, bool is_call, void *arg)
{
	struct check *c = arg;

	(void)object, (void)is_call;
	if (is_given(name))
		return;
	count(&c->symbols, c->at, name);
	c->missing++;
}

/* The first of a long list say most. */
static void print_symbols(struct check *c)
{
	enum { MOST = 40 };
	struct cause *symbol = c->symbols.cause;

	if (!c->symbols.nr)
		return;
	qsort(symbol, c->symbols.nr, sizeof(*symbol), by_files);
	puts("symbols that nothing defines, and how many files want them:");
	for (size_t i = 0; i < c->symbols.nr && i < MOST; i++) {
		const char *header = insmod_kernel_header_of(c->job, symbol[i].what);
		printf("%6zu  %s%s%s\n", symbol[i].files, symbol[i].what, header ? ": " : "", header ? header : "");
	}
	if (c->symbols.nr > MOST)
		printf("        and %zu more\n", c->symbols.nr - MOST);
}

static void link_one(struct check *c, size_t number)
{
	c->at = number;
	c->missing = 0;
	if (c->objects)
		tree_objects_link(c->objects, &c->number[number], 1, note_missing, c);
	else
		graph_reach(c->graph, &c->number[number], 1, note_missing, c);
	c->link += !c->missing;
	c->with_stubs += c->missing <= FEW_STUBS;
	if (c->missing && c->job->nr_modules > 1 && c->job->stubs)
		printf("%s misses %zu symbols\n", c->job->module[number].path, c->missing);
}

/* ---- compiling ---- */

/* -I and -C go to every file of the tree. */
static void add_words(struct check *c)
{
	const struct insmod *job = c->job;
	char word[PATH_MAX + 64];

	for (size_t i = 0; i < job->nr_include; i++) {
		snprintf(word, sizeof(word), "-I%s", job->include[i]);
		tree_objects_flag(c->objects, word);
	}
	for (size_t i = 0; i < job->nr_config; i++) {
		size_t len = strcspn(job->config[i], "=");
		const char *value = job->config[i] + len + 1;
		bool is_off = !strcmp(value, "n"), is_on = !strcmp(value, "y") || !strcmp(value, "m");
		snprintf(word, sizeof(word), "-%cCONFIG_%.*s%s%s", is_off ? 'U' : 'D', (int)len, job->config[i],
			 is_off ? "" : "=", is_off ? "" : is_on ? "1" : value);
		tree_objects_flag(c->objects, word);
	}
}

/* A file of the tree: its path there. False: it is none; @file->missing: no option of this architecture builds it. */
static bool is_of_tree(struct check *c, const char *path, struct tree_file *file)
{
	bool found = c->objects && tree_file(&c->tree, path, file);

	if (found)
		tool_words_free(&file->flags);
	return found;
}

/* Those of the tree, as many at once as there are processors. */
static void compile_tree(struct check *c)
{
	struct tool_words paths = {0};
	struct tree_file file;

	for (size_t i = 0; i < c->job->nr_modules; i++)
		if (is_of_tree(c, c->job->module[i].path, &file) && !*file.missing)
			tool_words_add(&paths, "%s", file.path);
	tree_objects_compile(c->objects, &paths, isatty(STDERR_FILENO));
	tool_words_free(&paths);
}

/* The words that make a shared object, for one object instead, of however many sources. */
static void make_one_object(struct tool_words *argv)
{
	static const char *const of_linking[] = {"-Wl,-Bsymbolic", "-lc", "-lgcc"};
	size_t kept = 0;

	for (size_t i = 0; i < argv->nr; i++) {
		char *word = argv->word[i];
		bool is_left_out = false;
		for (size_t n = 0; n < sizeof(of_linking) / sizeof(of_linking[0]); n++)
			is_left_out |= !strcmp(word, of_linking[n]);
		if (is_left_out)
			free(word);
		else
			argv->word[kept++] = word;
		if (!is_left_out && !strcmp(word, "-shared"))
			strcpy(word, "-r");
	}
	argv->word[kept] = NULL;
	argv->nr = kept;
}

/* A file of no tree, as insmod would compile it to run. */
static bool compile_other(struct check *c, size_t number, const char *messages)
{
	struct insmod_module *module = &c->job->module[number];
	char object[sizeof(c->job->dir) + 128];
	struct tool_words argv = {0};
	int status = 0;

	snprintf(object, sizeof(object), "%s/%zu-%s.o", c->job->dir, number, module->name);
	module->object = tool_copy(object);
	int error = insmod_command_line(c->job, module, &argv);
	if (!error) {
		make_one_object(&argv);
		insmod_progress(module->path, true);
		error = tool_spawn(argv.word, NULL, messages, COMPILE_SECONDS, &status);
		insmod_progress(module->path, false);
		if (error)
			tool_error("insmod", "cannot run %s: %s", argv.word[0], strerror(error));
	}
	tool_words_free(&argv);
	bool compiles = !error && WIFEXITED(status) && !WEXITSTATUS(status);
	c->number[number] = compiles ? graph_add(c->graph, module->object) : -1;
	return compiles;
}

static int check_one(struct check *c, size_t number)
{
	const struct insmod_module *module = &c->job->module[number];
	char messages[PATH_MAX + 16], first[512], header[128], names[128];
	struct tree_file file = {0};
	const char *log = messages;
	bool compiles;

	if (!module->source.nr)
		return tool_error("insmod", "--check %s: it is compiled already; give the .c file", module->path);
	snprintf(messages, sizeof(messages), "%s/messages", c->job->dir);
	bool is_tree = is_of_tree(c, module->path, &file);
	c->is_unnamed = is_tree && !file.is_built;
	c->number[number] = -1;
	if (*file.missing) {
		char what[300];
		snprintf(what, sizeof(what), "CONFIG_%s", file.missing);
		count(&c->elsewhere, number, what);
		printf("%s cannot be built here: CONFIG_%s wants %s\n", module->path, file.option, file.missing);
		return 0;
	}
	if (is_tree) {
		compiles = tree_objects_object(c->objects, file.path, &log) != NULL;
		c->number[number] = compiles ? tree_objects_add(c->objects, file.path) : -1;
	} else {
		compiles = compile_other(c, number, messages);
	}
	if (!compiles && is_of_others(c, log, header, sizeof(header), names, sizeof(names))) {
		printf("%s cannot be built here: no Makefile names it, and only %s has %s\n", module->path, names, header);
		count(&c->elsewhere, number, header);
		return 0;
	}
	c->all++;
	c->compile += compiles;
	if (compiles) {
		printf("%s compiles\n", module->path);
		return 0;
	}
	read_messages(c, number, log, first, sizeof(first));
	if (c->job->nr_modules == 1)
		insmod_copy_messages(log);
	printf("%s does not compile%s%s\n", module->path, *first ? ": " : "", first);
	return 2;
}

static int open_tree(struct check *c)
{
	struct insmod *job = c->job;
	int status = tree_open(&c->tree, "insmod", job->tree, job->cfg);

	if (!status)
		status = tree_prepare(&c->tree, false);
	if (!status)
		status = tree_configure(&c->tree);
	if (!status)
		status = (c->objects = tree_objects_open(&c->tree)) ? 0 : 2;
	if (status)
		return status;
	add_words(c);
	tree_objects_native(c->objects);
	if (tree_objects_native_error(c->objects))
		printf("libfixmap's part does not compile with this tree, and is left out: %s\n",
		       tree_objects_native_error(c->objects));
	c->graph = tree_objects_graph(c->objects);
	compile_tree(c);
	return 0;
}

int insmod_check(struct insmod *job)
{
	static struct check c;
	int status = 0;

	c.job = job;
	c.number = calloc(job->nr_modules + 1, sizeof(*c.number));
	if (!c.number)
		return tool_error("insmod", "out of memory");
	if (job->tree)
		status = open_tree(&c);
	else
		c.graph = graph_new();
	if (status)
		return status;
	for (size_t i = 0; i < job->nr_modules && !tool_is_stopped(); i++)
		status = check_one(&c, i) ? 2 : status;
	for (size_t i = 0; i < job->nr_modules && !tool_is_stopped(); i++)
		if (c.number[i] >= 0)
			link_one(&c, i);
	print(&c.headers, "headers that are missing, and in how many files:");
	print(&c.functions, "functions without a declaration, and in how many files:");
	print(&c.others, "other first errors, and in how many files:");
	print_symbols(&c);
	print(&c.elsewhere, "left out, because they hang on options that this architecture cannot have:");
	printf("%zu of %zu files compile, %zu link", c.compile, c.all, c.link);
	if (job->stubs)
		printf(", %zu with at most %d stubs", c.with_stubs, FEW_STUBS);
	putchar('\n');
	if (job->tree) {
		tree_objects_close(c.objects);
		tree_close(&c.tree);
	} else {
		graph_free(c.graph);
	}
	free(c.number);
	return status;
}
