/* SPDX-License-Identifier: MIT */

/* The C compiler that the user has: $CC, which may be several words and begin with a launcher, or what the path has. */

#include "compiler.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether a shell would find @program. */
static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	char name[4096];
	bool found = strchr(program, '/') && !access(program, X_OK);

	for (const char *dir = path ? path : "/usr/bin:/bin"; *dir && !found; dir += strspn(dir, ":")) {
		int len = (int)strcspn(dir, ":");
		snprintf(name, sizeof(name), "%.*s/%s", len, dir, program);
		found = !access(name, X_OK);
		dir += len;
	}
	return found;
}

int tool_compiler(const char *command, struct tool_words *argv)
{
	const char *cc = getenv("CC");

	if (!cc || !cc[strspn(cc, " \t")]) {
		cc = is_in_path("gcc") ? "gcc" : is_in_path("clang") ? "clang" : NULL;
		if (!cc)
			return tool_error(command, "no C compiler: install gcc or clang, or set CC");
	}
	char *copy = tool_copy(cc), *save;
	for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		if (strcmp(word, "-w")) /* it silences errors that are asked for as well */
			tool_words_add(argv, "%s", word);
	free(copy);
	if (argv->nr && is_in_path(argv->word[0]))
		return 0;
	return tool_error(command, "CC=%s is no compiler that can be found; set CC to gcc or clang, or unset it", cc);
}

static bool is_launcher(const char *name)
{
	return !strcmp(name, "ccache") || !strcmp(name, "distcc");
}

bool tool_compiler_is_gcc(const struct tool_words *argv)
{
	for (size_t i = 0; i < argv->nr; i++) {
		const char *slash = strrchr(argv->word[i], '/'), *name = slash ? slash + 1 : argv->word[i];

		if (!is_launcher(name))
			return strstr(name, "gcc") != NULL;
	}
	return false;
}

void tool_end_words(struct tool_words *argv)
{
	tool_words_add(argv, "%s", "");
	free(argv->word[argv->nr - 1]);
	argv->word[--argv->nr] = NULL;
}

void tool_honest_flags(struct tool_words *flags)
{
	static const char *const honest[] = {"-Werror=implicit-function-declaration", "-Werror=implicit-int",
					     "-Werror=incompatible-pointer-types", "-Werror=int-conversion"};

	for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++)
		tool_words_add(flags, "%s", honest[i]);
}
