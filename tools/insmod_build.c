/* SPDX-License-Identifier: MIT */

/* `fixmap insmod`: from C files to shared objects, with the compiler that the user has. */

#include "insmod.h"

#include <fixmap/layout.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- the temporary directory ---- */

int insmod_make_dir(struct insmod *job)
{
	const char *tmp = getenv("TMPDIR");
	const char *parent = tmp && *tmp ? tmp : "/tmp";
	const char *advice = "set TMPDIR to a folder of your own";
	struct statvfs fs;

	if (statvfs(parent, &fs))
		return tool_error("insmod", "TMPDIR=%s: %s; %s", parent, strerror(errno), advice);
	if (fs.f_flag & ST_NOEXEC)
		return tool_error("insmod",
				  "TMPDIR=%s is mounted noexec, so no module can be loaded from there; %s where programs may run",
				  parent, advice);
	if (snprintf(job->dir, sizeof(job->dir), "%s/fixmap-insmod.XXXXXX", parent) >= (int)sizeof(job->dir)) {
		job->dir[0] = 0;
		return tool_error("insmod", "TMPDIR=%s is too long; %s", parent, advice);
	}
	if (mkdtemp(job->dir))
		return 0;
	job->dir[0] = 0;
	return tool_error("insmod", "cannot make a folder in TMPDIR=%s: %s; %s", parent, strerror(errno), advice);
}

void insmod_remove_dir(struct insmod *job)
{
	for (size_t i = 0; i < job->nr_modules; i++) {
		const struct insmod_module *module = &job->module[i];
		if (module->object && module->object != module->path)
			unlink(module->object);
	}
	if (*job->dir)
		rmdir(job->dir);
	job->dir[0] = 0;
}

/* ---- the compiler ---- */

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

/* The words of $CC, or gcc or clang. */
static int compiler(struct tool_words *argv)
{
	const char *cc = getenv("CC");

	if (!cc || !cc[strspn(cc, " \t")]) {
		cc = is_in_path("gcc") ? "gcc" : is_in_path("clang") ? "clang" : NULL;
		if (!cc)
			return tool_error("insmod", "no C compiler: install gcc or clang, or set CC");
	}
	char *copy = strdup(cc), *save;
	for (char *word = copy ? strtok_r(copy, " \t", &save) : NULL; word; word = strtok_r(NULL, " \t", &save))
		tool_words_add(argv, "%s", word);
	free(copy);
	if (argv->nr && is_in_path(argv->word[0]))
		return 0;
	return tool_error("insmod", "CC=%s is no compiler that can be found; set CC to gcc or clang, or unset it", cc);
}

static int command_line(const struct insmod *job, const struct insmod_module *module, struct tool_words *argv)
{
	static const char *const flags[] = {
	    "-O2", "-g", "-fPIC", "-shared",
	    /* as the kernel's own build: a function that is not declared is a mistake, not an int */
	    "-Werror=implicit-function-declaration",
	    /* in the simulated kernel a pointer has 32 bits */
	    "-Wno-pointer-to-int-cast", "-Wno-int-to-pointer-cast",
	    /* a module's own function goes before one of the same name elsewhere */
	    "-Wl,-Bsymbolic", "-D__KERNEL__", "-DMODULE"};
	int status = compiler(argv);

	if (!status)
		status = tool_cflags("insmod", job->cfg, argv);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		tool_words_add(argv, "%s", flags[i]);
	tool_words_add(argv, "-DKBUILD_MODNAME=\"%s\"", module->name);
	tool_words_add(argv, "-o");
	tool_words_add(argv, "%s", module->object);
	tool_words_add(argv, "%s%s", *module->path == '-' ? "./" : "", module->path);
	/* exec wants a null pointer at the end; the list owns one more place than words */
	tool_words_add(argv, "%s", "");
	free(argv->word[argv->nr - 1]);
	argv->word[--argv->nr] = NULL;
	return status;
}

static void progress(const struct insmod_module *module, bool is_running)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (is_running)
		fprintf(stderr, "compiling %s", module->path);
	else
		fprintf(stderr, "\r\033[K");
	fflush(stderr);
}

static int run(char **argv, const struct insmod_module *module)
{
	pid_t pid;
	int status, error;

	progress(module, true);
	error = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (error)
		return tool_error("insmod", "cannot run %s: %s", argv[0], strerror(error));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	progress(module, false);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return tool_error("insmod", "%s was ended by signal %d while it compiled %s", argv[0], WTERMSIG(status),
				  module->path);
	return tool_error("insmod", "%s does not compile", module->path);
}

static int compile(const struct insmod *job, struct insmod_module *module, size_t number)
{
	struct tool_words argv = {0};
	char object[sizeof(job->dir) + 128];

	snprintf(object, sizeof(object), "%s/%zu-%s.so", job->dir, number, module->name);
	module->object = strdup(object);
	int status = module->object ? command_line(job, module, &argv) : tool_error("insmod", "out of memory");
	if (!status)
		status = run(argv.word, module);
	tool_words_free(&argv);
	return status;
}

static bool is_source(const char *path)
{
	size_t len = strlen(path);
	return len > 2 && !strcmp(path + len - 2, ".c");
}

int insmod_compile(struct insmod *job)
{
	int status = 0;
	for (size_t i = 0; i < job->nr_modules && !status; i++)
		if (is_source(job->module[i].path))
			status = compile(job, &job->module[i], i);
		else
			job->module[i].object = (char *)job->module[i].path;
	return status;
}
