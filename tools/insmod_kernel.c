/* SPDX-License-Identifier: MIT */

/*
 * `fixmap insmod -K TREE`: what a kernel source tree without a configuration needs, to be compiled from. In the temporary
 * directory, searched after the library's own headers and before the tree's:
 *
 *     gen/generated/autoconf.h   TREE/.config or the defaults below, and -C NAME=VALUE; the profile's options come before
 *     gen/generated/...          what else the kernel's build generates, as far as headers need it
 *     gen/asm/NAME.h             asm-generic/NAME.h, as the kernel's own build makes them
 *     gen/trace/events/NAME.h    tracepoints that do nothing, for every one that the tree's header defines
 *
 * Files of the tree are built in, and those of -B: they are compiled without MODULE and linked into one object, which is loaded
 * first.
 */

#include "insmod.h"

#include <fixmap/layout.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Options of the kernel's configuration that its headers ask for, whatever is compiled. */
static const char *const defaults[] = {"HZ=250",       "64BIT=y",   "PRINTK=y",
				       "BUG=y",	       "MODULES=y", "BLOCK=y",
				       "NET=y",	       "INET=y",    "LOG_BUF_SHIFT=17",
				       "TREE_RCU=y",   "FLATMEM=y", "SLUB=y",
				       "BASE_SMALL=0", "KEYS=y",    "ASSOCIATIVE_ARRAY=y",
				       "FS_VERITY=y"};

struct tree {
	struct insmod *job;
	char dir[PATH_MAX]; /* the tree, resolved */
	struct fxm_layout *layout;
};

/* ---- files ---- */

static FILE *create(const struct insmod *job, const char *fmt, const char *name)
{
	char path[sizeof(job->dir) + 512], rest[256];

	snprintf(rest, sizeof(rest), fmt, name);
	snprintf(path, sizeof(path), "%s/%s", job->dir, rest);
	FILE *f = fopen(path, "w");
	if (!f)
		tool_error("insmod", "%s: %s", path, strerror(errno));
	return f;
}

static int finish(FILE *f)
{
	bool failed = ferror(f) != 0;
	return fclose(f) || failed ? tool_error("insmod", "the temporary directory is full") : 0;
}

static int make_dirs(const struct insmod *job)
{
	static const char *const dirs[] = {"gen", "gen/generated", "gen/asm", "gen/trace", "gen/trace/events"};
	char path[sizeof(job->dir) + 64];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", job->dir, dirs[i]);
		if (mkdir(path, 0777) && errno != EEXIST)
			return tool_error("insmod", "%s: %s", path, strerror(errno));
	}
	return 0;
}

/* The contents of a file, with a 0 behind them; NULL when it cannot be read. The caller frees. */
static char *contents(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0, n;

	if (!f)
		return NULL;
	do {
		char *more = realloc(text, size + 65537);
		if (!more)
			exit(tool_error("insmod", "out of memory"));
		text = more;
		n = fread(text + size, 1, 65536, f);
		size += n;
	} while (n);
	text[size] = 0;
	fclose(f);
	return text;
}

/* ---- is it a kernel? ---- */

/* The number behind "NAME = " at the beginning of a line of the Makefile, or -1. */
static int make_number(const char *makefile, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = makefile; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, name, len) && !strncmp(line + len, " = ", 3))
			return atoi(line + len + 3);
	return -1;
}

static int check_tree(const struct tree *t)
{
	char path[PATH_MAX + 64];
	struct fxm_profile_info profile;

	snprintf(path, sizeof(path), "%s/Makefile", t->dir);
	char *makefile = contents(path);
	int major = makefile ? make_number(makefile, "VERSION") : -1, minor = makefile ? make_number(makefile, "PATCHLEVEL") : -1;
	free(makefile);
	snprintf(path, sizeof(path), "%s/include/linux/kernel.h", t->dir);
	if (major < 0 || minor < 0 || access(path, R_OK))
		return tool_error("insmod",
				  "-K %s: this is no kernel source; unpack one and name its top directory, which has Makefile and "
				  "include/linux",
				  t->job->tree);
	fxm_config_get_profile_info(t->job->cfg, &profile);
	unsigned version = profile.version >> 8, tree = (unsigned)major << 8 | (unsigned)minor;
	if (version != tree)
		fprintf(stderr,
			"fixmap insmod: warning: -K %s is Linux %d.%d, and the profile %s is %u.%u: code of the one on the mapping "
			"functions of the other\n",
			t->job->tree, major, minor, profile.name, version >> 8, version & 255);
	return 0;
}

/* ---- the configuration ---- */

/* Whether the profile decides on @name: it is a setting, or follows from one. */
static bool is_of_profile(const struct tree *t, const char *name)
{
	return fxm_config_get(t->job->cfg, name) || !fxm_kernel_config_find(t->layout, name, &(uint64_t){0});
}

/* The last word counts. Kconfig's y is 1 for the preprocessor, m is a module, n is nothing. */
static void define(FILE *out, const struct tree *t, const char *word)
{
	size_t len = strcspn(word, "=");
	const char *value = word + len + (word[len] == '=');
	char name[256];

	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	if (is_of_profile(t, name))
		return;
	fprintf(out, "#undef CONFIG_%s\n#undef CONFIG_%s_MODULE\n", name, name);
	if (!strcmp(value, "m"))
		fprintf(out, "#define CONFIG_%s_MODULE 1\n", name);
	else if (strcmp(value, "n"))
		fprintf(out, "#define CONFIG_%s %s\n", name, strcmp(value, "y") ? value : "1");
}

/* The lines CONFIG_NAME=VALUE of TREE/.config. False: there is none. */
static bool define_config(FILE *out, const struct tree *t)
{
	char path[PATH_MAX + 16], *save;
	struct stat st;

	snprintf(path, sizeof(path), "%s/.config", t->dir);
	char *text = !stat(path, &st) && S_ISREG(st.st_mode) ? contents(path) : NULL;
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, "CONFIG_", 7) && strchr(line, '='))
			define(out, t, line + 7);
	free(text);
	return text != NULL;
}

/* -C: a name of the profile is the profile's to decide. */
static int check_words(const struct tree *t)
{
	for (size_t i = 0; i < t->job->nr_config; i++) {
		const char *word = t->job->config[i], *name = strncmp(word, "CONFIG_", 7) ? word : word + 7;
		size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
		char text[128];
		if (!len || name[len] != '=' || !name[len + 1])
			return tool_error("insmod", "-C %s: write NAME=VALUE, such as -C HZ=1000 or -C KASAN=n", word);
		snprintf(text, sizeof(text), "%.*s", (int)len, name);
		if (fxm_config_get(t->job->cfg, text))
			return tool_error("insmod", "-C %s: %s is a setting of the profile; write -o %s", word, text, name);
		if (is_of_profile(t, text))
			return tool_error("insmod",
					  "-C %s: %s follows from the profile's settings (`fixmap layout --settings`); use -o",
					  word, text);
		t->job->config[i] = name;
	}
	return 0;
}

static int write_autoconf(const struct tree *t)
{
	FILE *out = create(t->job, "gen/generated/%s", "autoconf.h");

	if (!out)
		return 2;
	if (!define_config(out, t))
		for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
			define(out, t, defaults[i]);
	for (size_t i = 0; i < t->job->nr_config; i++)
		define(out, t, t->job->config[i]);
	define(out, t, "64BIT=y"); /* what compiles it is a 64-bit compiler, whatever the kernel is for */
	return finish(out);
}

/* What the kernel's build computes from its structures and from HZ. */
static int write_generated(const struct tree *t)
{
	static const char *const files[][2] = {
	    {"bounds.h", "#define NR_PAGEFLAGS 24\n#define MAX_NR_ZONES 3\n#define NR_CPUS_BITS 6\n#define SPINLOCK_SIZE 8\n"},
	    {"timeconst.h", "\n"},
	};
	int status = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !status; i++) {
		FILE *out = create(t->job, "gen/generated/%s", files[i][0]);
		if (out)
			fputs(files[i][1], out);
		status = out ? finish(out) : 2;
	}
	return status;
}

/* ---- asm-generic ---- */

static bool is_header(const char *name)
{
	size_t len = strlen(name);
	return len > 2 && !strcmp(name + len - 2, ".h");
}

static int wrap(const struct tree *t, const char *name)
{
	FILE *out = create(t->job, "gen/asm/%s", name);

	if (!out)
		return 2;
	fprintf(out, "#include <asm-generic/%s>\n", name);
	return finish(out);
}

/* ---- tracepoints ---- */

/* What is between the parenthesis behind @at and the end of that word: the tracepoint's name, or class of tracepoints. */
static const char *next_word(const char *at, size_t *len)
{
	at += strspn(at, " \t\n(");
	*len = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	return at;
}

/* Every NAME(word, word ... whose first word could name a tracepoint: TRACE_EVENT(it, DEFINE_EVENT(class, it, DEFINE_X_EVENT(it. */
static void name_tracepoints(FILE *out, const char *text)
{
	static const char *const markers[] = {"TRACE_EVENT", "EVENT"};

	for (const char *at = text; (at = strstr(at, "EVENT"));) {
		size_t len;
		at += strlen(markers[1]);
		at += strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		if (*at != '(')
			continue;
		const char *first = next_word(at, &len);
		if (len)
			fprintf(out, "#define trace_%.*s(...) ((void)0)\n#define trace_%.*s_enabled() 0\n", (int)len, first,
				(int)len, first);
		const char *comma = first + len;
		if (*comma != ',')
			continue;
		const char *second = next_word(comma + 1, &len);
		if (len && islower((unsigned char)*second))
			fprintf(out, "#define trace_%.*s(...) ((void)0)\n#define trace_%.*s_enabled() 0\n", (int)len, second,
				(int)len, second);
	}
}

static int empty_trace(const struct tree *t, const char *name)
{
	char path[PATH_MAX + 300];

	snprintf(path, sizeof(path), "%s/include/trace/events/%s", t->dir, name);
	char *text = contents(path);
	FILE *out = create(t->job, "gen/trace/events/%s", name);
	if (out && text)
		name_tracepoints(out, text);
	free(text);
	return out ? finish(out) : 2;
}

static int each_header(const struct tree *t, const char *folder, int (*fn)(const struct tree *t, const char *name))
{
	char path[PATH_MAX + 64];
	int status = 0;

	snprintf(path, sizeof(path), "%s/%s", t->dir, folder);
	DIR *dir = opendir(path);
	for (struct dirent *e; dir && !status && (e = readdir(dir));)
		if (is_header(e->d_name))
			status = fn(t, e->d_name);
	if (dir)
		closedir(dir);
	return status;
}

/* ---- */

static bool has_prefix(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len && dir[len - 1] == '/')
		len--;
	return !strncmp(path, dir, len) && path[len] == '/';
}

/* A source file below the tree, as it was written or as it really lies. */
static bool is_of_tree(const struct tree *t, const char *path)
{
	char real[PATH_MAX];
	size_t len = strlen(path);

	return len > 2 && !strcmp(path + len - 2, ".c") &&
	       (has_prefix(path, t->job->tree) || (realpath(path, real) && has_prefix(real, t->dir)));
}

static int prepare(struct tree *t)
{
	struct insmod *job = t->job;
	int status = check_tree(t);

	if (!status)
		status = check_words(t);
	for (size_t i = 0; i < job->nr_modules && !status; i++)
		job->module[i].is_builtin |= is_of_tree(t, job->module[i].path);
	if (!status)
		status = make_dirs(job);
	if (!status)
		status = write_autoconf(t);
	if (!status)
		status = write_generated(t);
	if (!status)
		status = each_header(t, "include/uapi/asm-generic", wrap);
	if (!status)
		status = each_header(t, "include/asm-generic", wrap);
	if (!status)
		status = each_header(t, "include/trace/events", empty_trace);
	return status;
}

int insmod_kernel_prepare(struct insmod *job)
{
	struct tree t = {.job = job};

	if (!job->tree && job->nr_config)
		return tool_error("insmod", "-C %s: only a kernel tree has a configuration; add -K TREE", job->config[0]);
	if (!job->tree && job->nr_builtin_files && !*job->builtin)
		return tool_error("insmod", "-B %s: there is no kernel tree that it could be part of; add -K TREE",
				  job->builtin_file[0]);
	if (!job->tree)
		return 0;
	if (!realpath(job->tree, t.dir))
		return tool_error("insmod", "-K %s: %s", job->tree, strerror(errno));
	if (fxm_layout_create(job->cfg, &t.layout))
		return tool_error("insmod", "%s", fxm_config_error(job->cfg));
	int status = prepare(&t);
	fxm_layout_destroy(t.layout);
	return status;
}

void insmod_kernel_flags(const struct insmod *job, struct tool_words *argv)
{
	if (!job->tree)
		return;
	/* as system headers: what the compiler thinks of the tree's is nobody's concern here */
	static const char *const dirs[] = {"gen", "include", "include/uapi"};
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		tool_words_add(argv, "-isystem");
		tool_words_add(argv, "%s/%s", i ? job->tree : job->dir, dirs[i]);
	}
	tool_words_add(argv, "-include");
	tool_words_add(argv, "%s/gen/generated/autoconf.h", job->dir);
}

/* ---- where a symbol would come from ---- */

static const char *wanted;
static char found[256];

/* The word at @at, of a line that begins with a type: what stands in a function or macro is a use. */
static bool is_declaration(const char *text, const char *at, size_t len)
{
	const char *line = at;

	while (line > text && line[-1] != '\n')
		line--;
	return line < at && isalpha((unsigned char)*line) && (at[-1] == ' ' || at[-1] == '*') && strchr("(;[", at[len]) && at[len];
}

static int declares(const struct tree *t, const char *name)
{
	char path[PATH_MAX + 300];
	size_t len = strlen(wanted);

	if (*found)
		return 0;
	snprintf(path, sizeof(path), "%s/include/linux/%s", t->dir, name);
	char *text = contents(path);
	for (const char *at = text; at && (at = strstr(at, wanted)); at += len)
		if (is_declaration(text, at, len))
			snprintf(found, sizeof(found), "linux/%s", name);
	free(text);
	return 0;
}

const char *insmod_kernel_header_of(const struct insmod *job, const char *symbol)
{
	struct tree t = {.job = (struct insmod *)job};

	*found = 0;
	wanted = symbol;
	if (job->tree && realpath(job->tree, t.dir))
		each_header(&t, "include/linux", declares);
	return *found ? found : NULL;
}
