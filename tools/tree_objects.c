/* SPDX-License-Identifier: MIT */

/*
 * Objects of a tree. In its cache:
 *
 *     objects/PATH-KEY.o .d .log      an object, what it was made from, and what the compiler said of one that there is not
 *
 * KEY is made of every word of the command line and of the compiler. Nothing is removed: another key is another file.
 */

#include "tree_objects.h"

#include "compiler.h"
#include "process.h"
#include "tree_definitions.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* When a file was changed, looked up once. */
struct dated {
	char *path;
	struct timespec time;
	size_t next;
};

#define BUCKETS 65536

/* Of a file that somebody asked for. */
struct compiled {
	char *path, *object, *log; /* from the top of the tree, or absolute; in the cache */
	struct tool_words argv;
	bool is_current, is_impossible;
	bool is_off; /* the configuration has it not: it was compiled with options of its own */
	int number; /* in the graph; -1: not added */
	size_t next;
};

struct tree_objects {
	struct tree *tree;
	struct tool_words more; /* words of every compilation */
	struct definitions *definitions;
	struct dated *dated;
	size_t nr_dated, dated_room, of_date[BUCKETS];
	struct compiled *file;
	size_t nr_files, file_room, of_path[BUCKETS];
	struct graph *graph;
	char compiler[64]; /* size and date of the compiler */
	char native_error[512];
	int *native; /* numbers in the graph */
	size_t nr_native;
};

static size_t bucket_of(const char *text)
{
	return definitions_sum(DEFINITIONS_SUM, text) % BUCKETS;
}

/* ---- is an object still what would be made? ---- */

static struct timespec date_of(struct tree_objects *o, const char *path)
{
	size_t *head = &o->of_date[bucket_of(path)];
	struct stat st = {0};

	for (size_t i = *head; i; i = o->dated[i - 1].next)
		if (!strcmp(o->dated[i - 1].path, path))
			return o->dated[i - 1].time;
	if (stat(path, &st)) /* gone: newer than everything */
		st.st_mtim.tv_sec = INT64_MAX;
	o->dated = tool_grow(o->dated, o->nr_dated, &o->dated_room, sizeof(*o->dated));
	o->dated[o->nr_dated] = (struct dated){tool_copy(path), st.st_mtim, *head};
	*head = ++o->nr_dated;
	return st.st_mtim;
}

static bool is_newer(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* The words of a file of dependencies, as compilers write them: a blank in a name has a backslash before it. */
static bool depends_on_newer(struct tree_objects *o, const char *path, struct timespec made)
{
	char *text = definitions_contents(path), word[PATH_MAX];
	bool newer = !text;

	for (const char *at = text ? strchr(text, ':') : NULL; at && *++at && !newer;) {
		size_t len = 0;
		while (*at && !isspace((unsigned char)*at) && len < sizeof(word) - 1) {
			if (*at == '\\' && at[1] == '\n')
				break;
			at += *at == '\\' && at[1] == ' ';
			word[len++] = *at++;
		}
		word[len] = 0;
		at += *at == '\\';
		newer = len && is_newer(date_of(o, word), made);
		if (!*at)
			break;
	}
	free(text);
	return newer;
}

static bool is_current(struct tree_objects *o, const struct compiled *file)
{
	char path[PATH_MAX * 2 + 16];
	struct stat st;

	snprintf(path, sizeof(path), "%.*s.d", (int)strlen(file->object) - 2, file->object);
	if (stat(file->object, &st) && stat(file->log, &st))
		return false;
	return !depends_on_newer(o, path, st.st_mtim);
}

/* ---- one file ---- */

static void add_names(struct tool_words *argv, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char name[128];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(base, "."), base);
	tool_words_add(argv, "-DKBUILD_MODNAME=\"%s\"", name);
	tool_words_add(argv, "-DKBUILD_BASENAME=\"%s\"", name);
	tool_words_add(argv, "-DKBUILD_MODFILE=\"%s\"", name);
	for (char *at = name; *at; at++)
		*at = isalnum((unsigned char)*at) ? *at : '_';
	tool_words_add(argv, "-D__KBUILD_MODNAME=kmod_%s", name);
}

/* Everything but the output; false: no option of this architecture builds it. */
static bool command_line(struct tree_objects *o, const char *full, struct tool_words *argv, bool *is_off)
{
	struct tree_file f;

	if (tool_compiler(o->tree->command, argv))
		return false;
	tree_flags(o->tree, argv);
	tool_words_add(argv, "-ffunction-sections");
	tool_words_add(argv, "-fdata-sections");
	for (size_t i = 0; i < o->more.nr; i++)
		tool_words_add(argv, "%s", o->more.word[i]);
	if (tree_file(o->tree, full, &f)) {
		for (size_t i = 0; i < f.flags.nr; i++) {
			*is_off |= !strncmp(f.flags.word[i], "-DCONFIG_", strlen("-DCONFIG_"));
			tool_words_add(argv, "%s", f.flags.word[i]);
		}
	} else {
		tool_words_add(argv, "-I%s", o->tree->dir); /* the native part names files of the tree */
	}
	bool is_possible = !*f.missing;
	tool_words_free(&f.flags);
	add_names(argv, full);
	tool_words_add(argv, "-c");
	tool_words_add(argv, "%s", full);
	return is_possible;
}

static struct compiled *find_file(struct tree_objects *o, const char *path)
{
	size_t i = o->of_path[bucket_of(path)];

	while (i && strcmp(o->file[i - 1].path, path))
		i = o->file[i - 1].next;
	return i ? &o->file[i - 1] : NULL;
}

static struct compiled *file_of(struct tree_objects *o, const char *path)
{
	struct compiled *file = find_file(o, path);
	char full[PATH_MAX * 2], base[PATH_MAX * 2 + 64];
	uint64_t key = definitions_sum(DEFINITIONS_SUM, o->compiler);

	if (file)
		return file;
	definitions_look_into(o->definitions, path);
	o->file = tool_grow(o->file, o->nr_files, &o->file_room, sizeof(*o->file));
	file = &o->file[o->nr_files];
	*file = (struct compiled){.path = tool_copy(path), .number = -1};
	size_t *head = &o->of_path[bucket_of(path)];
	file->next = *head;
	*head = ++o->nr_files;
	snprintf(full, sizeof(full), "%s%s%s", *path == '/' ? "" : o->tree->dir, *path == '/' ? "" : "/", path);
	file->is_impossible = !command_line(o, full, &file->argv, &file->is_off);
	for (size_t i = 0; i < file->argv.nr; i++)
		key = definitions_sum(key, file->argv.word[i]);
	const char *shown = path;
	if (!strncmp(path, o->tree->arch, strlen(o->tree->arch)))
		shown = path + strlen(o->tree->arch) + 1;
	snprintf(base, sizeof(base), "%s/objects/%.*s", o->tree->cache, (int)strlen(shown) - 2, shown);
	for (char *at = base + strlen(o->tree->cache) + strlen("/objects/"); *at; at++)
		*at = *at == '/' || *at == ' ' ? ',' : *at;
	size_t len = strlen(base);
	snprintf(base + len, sizeof(base) - len, "-%016llx.o", (unsigned long long)key);
	file->object = tool_copy(base);
	snprintf(base + strlen(base) - 2, 8, ".log");
	file->log = tool_copy(base);
	file->is_current = is_current(o, file);
	return file;
}

/* In a child: what the compiler makes appears under its name when it is whole. */
static void compile_one(const struct compiled *file)
{
	char made[PATH_MAX * 2 + 32], said[PATH_MAX * 2 + 32], depends[PATH_MAX * 2 + 32];
	struct tool_words argv = file->argv;
	int status = 0, len = (int)strlen(file->object) - 2, id = (int)getpid();

	snprintf(made, sizeof(made), "%.*s.%d.o", len, file->object, id);
	snprintf(said, sizeof(said), "%.*s.%d.log", len, file->object, id);
	snprintf(depends, sizeof(depends), "%.*s.d", len, file->object);
	tool_words_add(&argv, "-MD");
	tool_words_add(&argv, "-MF");
	tool_words_add(&argv, "%s", depends);
	tool_words_add(&argv, "-o");
	tool_words_add(&argv, "%s", made);
	tool_end_words(&argv);
	int error = tool_spawn(argv.word, NULL, said, COMPILE_SECONDS, &status);
	if (!error && WIFEXITED(status) && !WEXITSTATUS(status)) {
		unlink(file->log);
		rename(made, file->object);
		unlink(said);
	} else if (error || !WIFEXITED(status)) { /* it did not come to an end: that says nothing */
		unlink(made);
		unlink(said);
	} else {
		unlink(file->object);
		rename(said, file->log);
	}
}

static void compile_all(struct compiled *const *files, size_t n, bool progress)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t running = 0, most = processors > 0 ? (size_t)processors : 1, begun = 0;

	while (running || begun < n) {
		if (begun < n && running < most && !tool_is_stopped()) {
			pid_t child = fork();
			if (!child) {
				compile_one(files[begun]);
				_exit(0);
			}
			begun++;
			running += child > 0;
			if (progress && begun % 10 == 0)
				fprintf(stderr, "\r  compiling      %zu of %zu ", begun, n), fflush(stderr);
			continue;
		}
		if (running && wait(NULL) >= 0)
			running--;
		else if (errno != EINTR)
			break;
		if (tool_is_stopped())
			n = begun;
	}
	if (progress && n)
		fprintf(stderr, "\r\033[K");
}

void tree_objects_compile(struct tree_objects *o, const struct tool_words *paths, bool progress)
{
	struct compiled **wanted = calloc(paths->nr + 1, sizeof(*wanted));
	size_t n = 0;

	if (!wanted)
		exit(tool_error(o->tree->command, "out of memory"));
	for (size_t i = 0; i < paths->nr; i++)
		file_of(o, paths->word[i]);
	for (size_t i = 0; i < paths->nr; i++) {
		struct compiled *file = find_file(o, paths->word[i]);
		if (!file->is_current && !file->is_impossible) {
			file->is_current = true;
			wanted[n++] = file;
		}
	}
	compile_all(wanted, n, progress);
	free(wanted);
}

const char *tree_objects_object(struct tree_objects *o, const char *path, const char **log)
{
	const struct compiled *file = file_of(o, path);

	if (log)
		*log = file->log;
	return access(file->object, R_OK) ? NULL : file->object;
}

/* ---- linking ---- */

struct graph *tree_objects_graph(struct tree_objects *o)
{
	return o->graph;
}

/* How many folders two paths begin with in common. */
static size_t in_common(const char *a, const char *b)
{
	size_t n = 0;

	for (; *a && *a == *b; a++, b++)
		n += *a == '/';
	return n;
}

static bool is_same_folder(const char *a, const char *b)
{
	const char *slash = strrchr(a, '/');

	return slash && !strncmp(a, b, (size_t)(slash - a) + 1) && !strchr(b + (slash - a) + 1, '/');
}

struct search {
	struct tree_objects *o;
	struct tool_words wanted;
	const char *wants, *best; /* of the name at hand: who wants it, who may have it */
	size_t common;		  /* folders of these two */
};

/* The path in the tree of an object of the graph, "" for others. */
static const char *source_of(const struct tree_objects *o, int object)
{
	for (size_t i = 0; i < o->nr_files; i++)
		if (o->file[i].number == object)
			return o->file[i].path;
	return "";
}

enum { NO_OBJECT = -2 };

/*
 * Keeps the file that is nearest to who wants the name, of those that were not tried yet. Code of an option that is off is nobody's
 * but its neighbours'.
 */
static void consider(const char *path, void *arg)
{
	struct search *s = arg;
	struct compiled *file = find_file(s->o, path);
	size_t common = in_common(s->wants, path);

	if (file && (file->number != -1 || (file->is_off && !is_same_folder(s->wants, path))))
		return;
	if (!s->best || common > s->common || (common == s->common && strlen(path) < strlen(s->best)))
		s->best = path, s->common = common;
}

static void look_for(const char *name, int object, bool is_call, void *arg)
{
	struct search *s = arg;

	(void)is_call;
	s->wants = source_of(s->o, object);
	do {
		s->best = NULL;
		definitions_each(s->o->definitions, name, consider, s);
	} while (s->best && !find_file(s->o, s->best) && file_of(s->o, s->best)->is_off);
	for (size_t i = 0; s->best && i < s->wanted.nr; i++)
		if (!strcmp(s->wanted.word[i], s->best))
			return;
	if (s->best)
		tool_words_add(&s->wanted, "%s", s->best);
}

int tree_objects_add(struct tree_objects *o, const char *path)
{
	struct compiled *file = file_of(o, path);

	if (file->number == -1) {
		int number = access(file->object, R_OK) ? NO_OBJECT : graph_add(o->graph, file->object);
		file->number = number < 0 ? NO_OBJECT : number;
	}
	return file->number;
}

void tree_objects_link(struct tree_objects *o, const int *root, size_t n, graph_missing_fn missing, void *arg)
{
	for (;;) {
		struct search s = {.o = o};
		graph_reach(o->graph, root, n, look_for, &s);
		tree_objects_compile(o, &s.wanted, false);
		for (size_t i = 0; i < s.wanted.nr; i++)
			tree_objects_add(o, s.wanted.word[i]);
		bool is_done = !s.wanted.nr || tool_is_stopped();
		tool_words_free(&s.wanted);
		if (is_done)
			break;
	}
	graph_reach(o->graph, root, n, missing, arg);
}

/* ---- opening ---- */

static void find_compiler(struct tree_objects *o)
{
	struct tool_words cc = {0};
	const char *path = getenv("PATH");
	char name[PATH_MAX];
	struct stat st;

	if (!tool_compiler(o->tree->command, &cc))
		for (const char *dir = path; dir && *dir && !*o->compiler; dir += strspn(dir, ":")) {
			int len = (int)strcspn(dir, ":");
			snprintf(name, sizeof(name), "%.*s/%s", len, dir, cc.word[cc.nr - 1]);
			dir += len;
			if (!stat(name, &st))
				snprintf(o->compiler, sizeof(o->compiler), "%lld %lld", (long long)st.st_size,
					 (long long)st.st_mtime);
		}
	tool_words_free(&cc);
}

/* libfixmap's own part. It is first in the graph: what it defines, nothing of the tree does. */
void tree_objects_native(struct tree_objects *o)
{
	char folder[PATH_MAX + 16];
	struct tool_words paths = {0};
	struct dirent **entry;

	snprintf(folder, sizeof(folder), "%s/native", o->tree->arch);
	int n = scandir(folder, &entry, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(entry[i]->d_name);
		if (len > 2 && !strcmp(entry[i]->d_name + len - 2, ".c"))
			tool_words_add(&paths, "%s/%s", folder, entry[i]->d_name);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	tree_objects_compile(o, &paths, false);
	o->native = calloc(paths.nr + 1, sizeof(*o->native));
	for (size_t i = 0; i < paths.nr && o->native; i++) {
		int number = tree_objects_add(o, paths.word[i]);
		const struct compiled *file = find_file(o, paths.word[i]);
		char *log = number < 0 ? definitions_contents(file->log) : NULL, *error = log ? strstr(log, "error: ") : NULL;
		if (number >= 0)
			o->native[o->nr_native++] = number;
		else if (!*o->native_error)
			snprintf(o->native_error, sizeof(o->native_error), "%s: %.*s", strrchr(paths.word[i], '/') + 1,
				 error ? (int)strcspn(error, "\n") : 0, error ? error : "");
		free(log);
	}
	tool_words_free(&paths);
}

struct tree_objects *tree_objects_open(struct tree *tree)
{
	struct tree_objects *o = calloc(1, sizeof(*o));
	char path[PATH_MAX + 16];

	if (!o) {
		tool_error(tree->command, "out of memory");
		return NULL;
	}
	o->tree = tree;
	o->graph = graph_new();
	find_compiler(o);
	snprintf(path, sizeof(path), "%s/objects", tree->cache);
	if ((mkdir(path, 0777) && errno != EEXIST)) {
		tool_error(tree->command, "%s: %s", path, strerror(errno));
	} else if ((o->definitions = definitions_open(tree))) {
		return o;
	}
	tree_objects_close(o);
	return NULL;
}

void tree_objects_flag(struct tree_objects *o, const char *word)
{
	tool_words_add(&o->more, "%s", word);
}

const char *tree_objects_native_error(const struct tree_objects *o)
{
	return *o->native_error ? o->native_error : NULL;
}

void tree_objects_close(struct tree_objects *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->nr_dated; i++)
		free(o->dated[i].path);
	for (size_t i = 0; i < o->nr_files; i++) {
		free(o->file[i].path), free(o->file[i].object), free(o->file[i].log);
		tool_words_free(&o->file[i].argv);
	}
	free(o->dated);
	free(o->file);
	free(o->native);
	tool_words_free(&o->more);
	definitions_close(o->definitions);
	graph_free(o->graph);
	free(o);
}
