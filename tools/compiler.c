/* SPDX-License-Identifier: MIT */

/* The C compiler that the user has: $CC, which may be several words and begin with a launcher, or what the path has. */

#include "compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Whether a shell would find @program. */
static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	char *copy = strdup(path ? path : "/usr/bin:/bin"), *save, name[4096];
	bool found = strchr(program, '/') && !access(program, X_OK);

	for (char *dir = copy ? strtok_r(copy, ":", &save) : NULL; dir && !found; dir = strtok_r(NULL, ":", &save)) {
		snprintf(name, sizeof(name), "%s/%s", dir, program);
		found = !access(name, X_OK);
	}
	free(copy);
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
	char *copy = strdup(cc), *save;
	for (char *word = copy ? strtok_r(copy, " \t", &save) : NULL; word; word = strtok_r(NULL, " \t", &save))
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

int tool_spawn(char **argv, const char *output, const char *messages, int *status)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (output)
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (messages)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, messages, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return error;
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return 0;
}
