/* SPDX-License-Identifier: MIT */

/* Options, messages and paths that the sub-commands share. */

#include "options.h"

#include <fixmap/json.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int tool_error(const char *command, const char *fmt, ...)
{
	va_list ap;
	fflush(stdout);
	fprintf(stderr, "fixmap%s%s: ", command ? " " : "", command ? command : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 2;
}

int tool_output_failed(const char *command, int error)
{
	static bool is_told;

	if (!is_told && (command || error != EPIPE))
		tool_error(command, "cannot write standard output: %s", strerror(error ? error : EIO));
	is_told = true;
	return 2;
}

/* ---- -p and -o ---------------------------------------------------------------------------------------------------- */

static int add_word(struct tool_target *t, const char *word)
{
	if (t->nr_words == sizeof(t->words) / sizeof(t->words[0]))
		return tool_error(t->command, "more than %zu -o options; join settings with commas", t->nr_words);
	t->words[t->nr_words++] = word;
	return 0;
}

int tool_option(struct tool_target *target, int opt, char **argv)
{
	switch (opt) {
	case 'p':
		target->profile = optarg;
		return 0;
	case 'o':
		return add_word(target, optarg);
	case ':':
		return tool_error(target->command, "a value is missing after %s; see `fixmap help %s`", argv[optind - 1],
				  target->command);
	default:
		if (optopt)
			return tool_error(target->command, "unknown option -%c; see `fixmap help %s`", optopt, target->command);
		return tool_error(target->command, "unknown option %s; see `fixmap help %s`", argv[optind - 1], target->command);
	}
}

int tool_no_arguments(const struct tool_target *target, int argc, char **argv)
{
	if (optind >= argc)
		return 0;
	if (strchr(argv[optind], '='))
		return tool_error(target->command, "%s: write -o in front of it", argv[optind]);
	return tool_error(target->command, "%s is not expected here; see `fixmap help %s`", argv[optind], target->command);
}

/* FIXMAP_OPTIONS, of which -p takes away the profile, and what was meant for that profile only. */
static int apply_environment(const struct tool_target *t, struct fxm_config *cfg)
{
	const char *given = fxm_config_profile(cfg);
	int err = fxm_config_parse(cfg, t->defaults);
	if (!err)
		err = fxm_config_parse_environment(cfg);
	if (!err && t->profile && fxm_config_profile(cfg) != given)
		err = fxm_config_set(cfg, "profile", t->profile);
	return err;
}

/* The words that choose a profile come first, wherever they stand. */
static int apply(const struct tool_target *t, struct fxm_config *cfg)
{
	int err = t->profile ? fxm_config_set(cfg, "profile", t->profile) : 0;
	if (!err && t->defaults)
		err = apply_environment(t, cfg);
	for (size_t i = 0; i < t->nr_words && !err; i++)
		err = fxm_config_parse(cfg, t->words[i]);
	return err;
}

struct fxm_config *tool_config(const struct tool_target *target)
{
	struct fxm_config *cfg;
	int err = fxm_config_create(NULL, &cfg);
	if (!err)
		err = apply(target, cfg);
	if (!err)
		return cfg;
	tool_error(target->command, "%s", *fxm_config_error(cfg) ? fxm_config_error(cfg) : fxm_strerror(err));
	fxm_config_destroy(cfg);
	return NULL;
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

char *tool_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		exit(tool_error(NULL, "out of memory"));
	return copy;
}

void *tool_grow(void *array, size_t nr, size_t *room, size_t size)
{
	if (nr < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	array = realloc(array, *room * size);
	if (!array)
		exit(tool_error(NULL, "out of memory"));
	return array;
}

void tool_words_add(struct tool_words *words, const char *fmt, ...)
{
	va_list ap;
	char *word;
	va_start(ap, fmt);
	int len = vasprintf(&word, fmt, ap);
	va_end(ap);
	char **more = len < 0 ? NULL : realloc(words->word, (words->nr + 1) * sizeof(*more));
	if (!more)
		exit(tool_error(NULL, "out of memory"));
	words->word = more;
	words->word[words->nr++] = word;
}

void tool_words_free(struct tool_words *words)
{
	for (size_t i = 0; i < words->nr; i++)
		free(words->word[i]);
	free(words->word);
	*words = (struct tool_words){0};
}

/* ---- where the headers are ------------------------------------------------------------------------------------------ */

static bool exists(const char *dir, const char *file)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/%s", dir, file);
	return len > 0 && len < (int)sizeof(path) && !access(path, R_OK);
}

/* Adds an include directory, and the kernel's own below it, stand-ins last. */
static void add_dir(struct tool_words *dirs, const char *dir)
{
	static const char *const places[] = {"kernel", "fixmap/kernel"}, *const kinds[] = {"", "/standin", "/empty"};
	char file[128];

	tool_words_add(dirs, "%s", dir);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(file, sizeof(file), "%s/linux/highmem.h", places[i]);
		for (size_t n = 0; exists(dir, file) && n < sizeof(kinds) / sizeof(kinds[0]); n++)
			tool_words_add(dirs, "%s/%s%s", dir, places[i], kinds[n]);
	}
}

static int from_environment(const char *command, const char *list, struct tool_words *dirs)
{
	char *copy = tool_copy(list);
	bool found = false;
	for (char *save, *dir = strtok_r(copy, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		found |= exists(dir, "fixmap/config.h");
		add_dir(dirs, dir);
	}
	free(copy);
	return found ? 0 : tool_error(command, "FIXMAP_INCLUDE=%s has no fixmap/config.h; name the directory that has it", list);
}

/* The directory that this program lies in, without a slash at the end; "" when it cannot be told. */
static void program_dir(char *dir, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", dir, size - 1);
	dir[len > 0 ? len : 0] = 0;
	char *slash = strrchr(dir, '/');
	if (slash)
		*slash = 0;
}

/* In a build tree a file beside the program lists the directories, one a line. */
static bool from_build_tree(const char *program, struct tool_words *dirs)
{
	char path[4200], line[4096];
	snprintf(path, sizeof(path), "%s/include-dirs", program);
	FILE *f = fopen(path, "r");
	if (!f && errno == ENOMEM)
		exit(tool_error(NULL, "out of memory"));
	bool found = false;
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		found |= exists(line, "fixmap/config.h");
		add_dir(dirs, line);
	}
	if (f)
		fclose(f);
	if (!found)
		tool_words_free(dirs);
	return found;
}

static bool from_installation(const char *program, struct tool_words *dirs)
{
	static const char *const system_dirs[] = {"/usr/local/include", "/usr/include"};
	char beside[4200];
	snprintf(beside, sizeof(beside), "%.*s/include", (int)(strrchr(program, '/') ? strrchr(program, '/') - program : 0),
		 program);
	const char *dir = exists(beside, "fixmap/config.h") ? beside : NULL;
	for (size_t i = 0; i < sizeof(system_dirs) / sizeof(system_dirs[0]) && !dir; i++)
		if (exists(system_dirs[i], "fixmap/config.h"))
			dir = system_dirs[i];
	if (dir)
		add_dir(dirs, dir);
	return dir != NULL;
}

void tool_offer_profiles(void)
{
	struct tool_words dirs = {0};
	char program[4096], path[4200];
	program_dir(program, sizeof(program));
	if (from_build_tree(program, &dirs) || from_installation(program, &dirs))
		for (size_t i = 0; i < dirs.nr; i++)
			if (exists(dirs.word[i], "fixmap/profiles/rows.h")) {
				snprintf(path, sizeof(path), "%s/fixmap/profiles", dirs.word[i]);
				setenv("FIXMAP_PROFILES", path, 0);
			}
	tool_words_free(&dirs);
}

bool tool_gdb_script(char *path, size_t size)
{
	static const char *const places[] = {"fixmap-gdb.py", "../share/fixmap/fixmap-gdb.py"};
	char program[4096];

	program_dir(program, sizeof(program));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (exists(program, places[i]))
			return snprintf(path, size, "%s/%s", program, places[i]) < (int)size;
	return false;
}

int tool_include_dirs(const char *command, struct tool_words *dirs)
{
	char program[4096];
	const char *list = getenv("FIXMAP_INCLUDE");
	if (list && *list)
		return from_environment(command, list, dirs);
	program_dir(program, sizeof(program));
	if (from_build_tree(program, dirs) || from_installation(program, dirs))
		return 0;
	return tool_error(command,
			  "the headers of libfixmap are not found; set FIXMAP_INCLUDE to the directory that has fixmap/config.h");
}

void tool_json_string(const char *text)
{
	int len = fxm_json_quote(text, NULL, 0);
	char *quoted = malloc((size_t)len + 1);

	if (!quoted)
		exit(tool_error(NULL, "out of memory"));
	fxm_json_quote(text, quoted, (size_t)len + 1);
	fputs(quoted, stdout);
	free(quoted);
}
