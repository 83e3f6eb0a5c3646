/* SPDX-License-Identifier: MIT */

/* `fixmap insmod`: from C files to shared objects, with the compiler that the user has. */

#include "compiler.h"
#include "insmod.h"
#include "process.h"

#include <fixmap/layout.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the temporary directory ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	remove(path);
	return 0;
}

/* It may be there from another time: what was generated for that goes. */
static int make_kept_dir(struct insmod *job)
{
	char gen[sizeof(job->dir) + 8];
	struct stat st;

	if (snprintf(job->dir, sizeof(job->dir), "%s%s", *job->keep == '-' ? "./" : "", job->keep) >= (int)sizeof(job->dir) ||
	    !*job->keep) {
		job->dir[0] = 0;
		return tool_error("insmod", "--keep '%s': name a folder", job->keep);
	}
	if (mkdir(job->dir, 0777) &&
	    (errno != EEXIST || stat(job->dir, &st) || !S_ISDIR(st.st_mode) || access(job->dir, W_OK | X_OK))) {
		int error = errno == EEXIST ? ENOTDIR : errno;
		job->dir[0] = 0;
		return tool_error("insmod", "--keep %s: %s; name a folder that can be written to", job->keep, strerror(error));
	}
	snprintf(gen, sizeof(gen), "%s/gen", job->dir);
	nftw(gen, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* The folder of the job, for an end that does not come back to it: exit() for want of memory. Not in forked children. */
static struct insmod *owner;
static pid_t owner_pid;

static void remove_at_exit(void)
{
	if (owner && getpid() == owner_pid)
		insmod_remove_dir(owner);
}

int insmod_make_dir(struct insmod *job)
{
	if (job->keep)
		return make_kept_dir(job);
	owner = job;
	owner_pid = getpid();
	if (atexit(remove_at_exit))
		return tool_error("insmod", "out of memory");
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
	/* It wants memory, and may be here because there was none. */
	for (int tries = 0; *job->dir && !job->keep && tries < 3 && !access(job->dir, F_OK); tries++)
		nftw(job->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	job->dir[0] = 0;
}

/* ---- the compiler ---- */

static void add_flags(struct tool_words *argv, const char *const *flags, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tool_words_add(argv, "%s", flags[i]);
}

#define ADD_FLAGS(argv, flags) add_flags(argv, flags, sizeof(flags) / sizeof((flags)[0]))

/* A user's own tests are not to be mixed with ours, which need no library. */
static bool has_sanitizer(const struct tool_words *cc)
{
	bool found = false;

	for (size_t i = 0; i < cc->nr; i++)
		found |= !strncmp(cc->word[i], "-fsanitize", strlen("-fsanitize"));
	return found;
}

/*
 * No header of the host is found: -nostdinc, and a folder that has those of the compiler which the library's own need. It also says
 * of the C library's what kernel code has instead. A kernel tree's own want a few of an architecture.
 */
static int close_path(const struct insmod *job, struct tool_words *argv)
{
	struct tool_words dirs = {0};
	int status = tool_include_dirs("insmod", &dirs);

	tool_words_add(argv, "-nostdinc");
	for (size_t i = 0; i < dirs.nr && !status; i++) {
		const char *slash = strrchr(dirs.word[i], '/');
		if (!slash || strcmp(slash, "/kernel"))
			continue;
		tool_words_add(argv, "-I%s/closed", dirs.word[i]);
		if (job->tree) {
			tool_words_add(argv, "-idirafter");
			tool_words_add(argv, "%.*s/arch/uapi", (int)(slash - dirs.word[i]), dirs.word[i]);
		}
	}
	tool_words_free(&dirs);
	return status;
}

int insmod_command_line(const struct insmod *job, const struct insmod_module *module, struct tool_words *argv)
{
	static const char *const all[] = {"-O2", "-g", "-fPIC",
					  /* in the simulated kernel a pointer has 32 bits */
					  "-Wno-pointer-to-int-cast", "-Wno-int-to-pointer-cast", "-D__KERNEL__"};
	/* two calls that differ in their line alone stay two: a report names the one that was made */
	static const char *const of_gcc[] = {"-fno-crossjumping", "-fno-tree-tail-merge"};
	/*
	 * accesses through a mapping's pointer are tested. One past its page may be right where that lies in the direct map, so no
	 * warning; the kernel's own build has none either
	 */
	static const char *const tests[] = {"-fsanitize=object-size", "-include", "fxm/reach.h", "-Wno-stringop-overflow",
					    "-Wno-stringop-overread"};
	/* a module's own function goes before one of the same name elsewhere */
	static const char *const of_module[] = {"-shared", "-Wl,-Bsymbolic", "-DMODULE"};
	/* instead of gcc's library for tests that fail */
	static const char *const libraries[] = {"-nodefaultlibs", "-lc", "-lgcc"};
	/* the first error is the one to read; the kernel's own build says nothing of a pointer's signedness either */
	static const char *const of_kernel[] = {"-c", "-Wfatal-errors", "-Wno-pointer-sign", "-fshort-wchar"};
	int status = tool_compiler("insmod", argv);

	bool gcc = tool_compiler_is_gcc(argv), is_tested = gcc && !has_sanitizer(argv);

	if (gcc)
		ADD_FLAGS(argv, of_gcc);
	bool is_checked = !strcmp(fxm_config_get(job->cfg, "window"), "checked") && !has_sanitizer(argv);
	is_tested &= !is_checked;

	if (is_checked)
		tool_checks_add(gcc, argv);
	if (is_tested)
		ADD_FLAGS(argv, tests);
	for (size_t i = 0; i < job->nr_include; i++)
		tool_words_add(argv, "-I%s", job->include[i]);
	if (!status)
		status = tool_cflags("insmod", job->cfg, argv);
	if (!status)
		status = close_path(job, argv);
	insmod_kernel_flags(job, argv);
	tool_honest_flags(argv);
	ADD_FLAGS(argv, all);
	if (module->is_builtin)
		ADD_FLAGS(argv, of_kernel);
	else
		ADD_FLAGS(argv, of_module);
	for (size_t i = 0; i < module->flag.nr; i++)
		tool_words_add(argv, "%s", module->flag.word[i]);
	for (size_t i = 0; i < job->nr_defines; i++)
		tool_words_add(argv, "-D%s", job->define[i]);
	tool_words_add(argv, "-DKBUILD_MODNAME=\"%s\"", module->name);
	tool_words_add(argv, "-DKBUILD_BASENAME=\"%s\"", module->name);
	if (isatty(STDERR_FILENO))
		tool_words_add(argv, "-fdiagnostics-color=always");
	tool_words_add(argv, "-o");
	tool_words_add(argv, "%s", module->object);
	for (size_t i = 0; i < module->source.nr; i++)
		tool_words_add(argv, "%s%s", *module->source.word[i] == '-' ? "./" : "", module->source.word[i]);
	if (is_tested && !module->is_builtin)
		ADD_FLAGS(argv, libraries);
	tool_end_words(argv);
	return status;
}

void insmod_progress(const char *what, bool is_running)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (is_running)
		fprintf(stderr, "compiling %s", what);
	else
		fprintf(stderr, "\r\033[K");
	fflush(stderr);
}

/* Whether what stands behind -o is there, and an object. */
static bool made_object(char **argv)
{
	char magic[4] = "";

	while (*argv && strcmp(*argv, "-o"))
		argv++;
	int fd = *argv && argv[1] ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	bool good = fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) && !memcmp(magic, "\177ELF", sizeof(magic));
	if (fd >= 0)
		close(fd);
	return good;
}

/* The compiler has said why. */
enum { NOT_CONTENT = -1 };

/* Whether the compiler, or linker, is content: 0, 2 after a message; without @problem, NOT_CONTENT. @path: what it works on. */
static int run(char **argv, const char *path, const char *problem, const char *messages)
{
	int status;

	insmod_progress(path, true);
	int error = tool_spawn(argv, NULL, messages, COMPILE_SECONDS, &status);
	insmod_progress(path, false);
	if (error == ETIME)
		return tool_error("insmod", "%s did not end within %d s while it compiled %s", argv[0], COMPILE_SECONDS, path);
	if (error)
		return tool_error("insmod", "cannot run %s: %s", argv[0], strerror(error));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return made_object(argv) ? 0
					 : tool_error("insmod", "%s made no object of %s; set CC to gcc or clang", argv[0], path);
	if (WIFSIGNALED(status))
		return tool_error("insmod", "%s was ended by signal %d while it compiled %s", argv[0], WTERMSIG(status), path);
	return problem ? tool_error("insmod", "%s %s", path, problem) : NOT_CONTENT;
}

/* ---- what a compiler says of a file of the tree ---- */

void insmod_copy_messages(const char *messages)
{
	char text[4096];
	FILE *in = fopen(messages, "r");
	size_t n;

	while (in && (n = fread(text, 1, sizeof(text), in)) > 0)
		fwrite(text, 1, n, stderr);
	if (in)
		fclose(in);
}

/*
 * The first error in @messages lies in a header of the tree: then the file needs a subsystem that is not there, and its name says
 * more than what the compiler goes on about. Errors in the file itself are its author's, in the compiler's own words.
 */
static bool find_header(const struct insmod *job, const char *messages, char *header, size_t size, char *words, size_t words_size)
{
	char line[4096], include[4096];
	FILE *in = fopen(messages, "r");
	bool found = false;

	snprintf(include, sizeof(include), "%s/include/", job->tree);
	while (in && !found && fgets(line, sizeof(line), in)) {
		char *error = strstr(line, "error: ");
		if (!error)
			continue;
		if (strncmp(line, include, strlen(include)))
			break;
		error[strcspn(error, "\n")] = 0;
		snprintf(words, words_size, "%s", error + strlen("error: "));
		snprintf(header, size, "%.*s", (int)strcspn(line + strlen(include), ":"), line + strlen(include));
		found = true;
	}
	if (in)
		fclose(in);
	return found;
}

static int run_builtin(const struct insmod *job, char **argv, const char *path)
{
	char messages[sizeof(job->dir) + 16], header[512], words[1024];

	snprintf(messages, sizeof(messages), "%s/messages", job->dir);
	int status = run(argv, path, NULL, messages);
	if (status && find_header(job, messages, header, sizeof(header), words, sizeof(words)))
		return tool_error("insmod",
				  "%s needs %s, and the subsystem of that is not there: %s; headers of your own can stand in (-I)",
				  path, header, words);
	insmod_copy_messages(messages);
	return status == NOT_CONTENT ? tool_error("insmod", "%s does not compile", path) : status;
}

/* The header that a compiler did not find, if that is what stopped it. */
static bool find_missing(const char *messages, char *header, size_t size)
{
	char line[4096];
	FILE *in = fopen(messages, "r");
	bool found = false;

	while (in && !found && fgets(line, sizeof(line), in)) {
		char *error = strstr(line, "fatal error: "), *end = error ? strstr(error, ": No such file") : NULL;
		if (error && !end)
			end = strstr(error, "' file not found");
		if (!end)
			continue;
		error += strlen("fatal error: ");
		error += *error == '\'';
		snprintf(header, size, "%.*s", (int)(end - error), error);
		found = true;
	}
	if (in)
		fclose(in);
	return found;
}

/* The compiler's words are the author's to read; a header that is not there may lie elsewhere. */
static int run_module(const struct insmod *job, char **argv, const char *path)
{
	char messages[sizeof(job->dir) + 16], header[256];

	snprintf(messages, sizeof(messages), "%s/messages", job->dir);
	int status = run(argv, path, NULL, messages);
	insmod_copy_messages(messages);
	if (status == NOT_CONTENT && find_missing(messages, header, sizeof(header)))
		tool_error("insmod", "%s: %s: %s", path, header,
			   job->tree ? "neither this library nor the tree's include/ has it; a folder that does goes with -I"
				     : "not among this library's headers; a kernel tree may have it (-K TREE), or a folder (-I)");
	unlink(messages);
	return status == NOT_CONTENT ? tool_error("insmod", "%s does not compile", path) : status;
}

/* What a compiler that cannot announce accesses leaves: the host's page faults. */
static bool give_up_checks(struct insmod *job)
{
	struct tool_words cc = {0};
	bool works = tool_compiler("insmod", &cc) || tool_checks_work(&cc);

	tool_words_free(&cc);
	if (works || strcmp(fxm_config_get(job->cfg, "window"), "checked") || fxm_config_set(job->cfg, "window", "strict"))
		return false;
	fprintf(
	    stderr,
	    "fixmap insmod: this compiler has no -fsanitize=kernel-address with calls (gcc 5, clang 9 and later have it): accesses "
	    "are not checked. window=strict sees what is a page fault on the host; not a stale pointer to a slot that is "
	    "mapped again, nor a run into the next mapping\n");
	return true;
}

static int compile(struct insmod *job, struct insmod_module *module, size_t number)
{
	char object[sizeof(job->dir) + 128];
	bool again;
	int status;

	snprintf(object, sizeof(object), "%s/%zu-%s.%s", job->dir, number, module->name, module->is_builtin ? "o" : "so");
	module->object = tool_copy(object);
	do {
		struct tool_words argv = {0};

		status = insmod_command_line(job, module, &argv);
		again = !status;
		if (!status)
			status = module->is_builtin ? run_builtin(job, argv.word, module->path)
						    : run_module(job, argv.word, module->path);
		tool_words_free(&argv);
	} while (again && status && give_up_checks(job));
	return status;
}

/* The files of the tree as one object: they call each other in both directions. */
static int link_builtin(struct insmod *job)
{
	static const char *const flags[] = {"-shared", "-Wl,-Bsymbolic"};
	struct tool_words argv = {0};
	size_t n = 0;

	int status = tool_compiler("insmod", &argv);
	ADD_FLAGS(&argv, flags);
	for (size_t i = 0; i < job->nr_modules; i++)
		if (job->module[i].is_builtin) {
			tool_words_add(&argv, "%s", job->module[i].object);
			n++;
		}
	if (n) {
		snprintf(job->builtin, sizeof(job->builtin), "%s/vmlinux.so", job->dir);
		tool_words_add(&argv, "-o");
		tool_words_add(&argv, "%s", job->builtin);
		tool_end_words(&argv);
		status = status ? status : run(argv.word, job->tree, "has files here that do not link", NULL);
	}
	tool_words_free(&argv);
	return status;
}

/* --init: a file that includes the module's source and calls the function from an entry INSMOD_INIT. It may return nothing. */
static int call_instead(struct insmod *job)
{
	struct insmod_module *module = &job->module[job->nr_modules - 1];
	char wrapper[sizeof(job->dir) + 128], real[PATH_MAX];

	if (module->source.nr != 1 || module->is_builtin)
		return tool_error("insmod", "--init %s: the last module is to be one .c file, which has that function", job->init);
	if (!realpath(module->source.word[0], real))
		return tool_error("insmod", "%s: %s", module->path, strerror(errno));
	snprintf(wrapper, sizeof(wrapper), "%s/%s-init.c", job->dir, module->name);
	FILE *out = fopen(wrapper, "w");
	if (!out)
		return tool_error("insmod", "%s: %s", wrapper, strerror(errno));
	fprintf(out,
		"#include <linux/init.h>\n#include <linux/types.h>\n#include \"%s\"\n"
		"static int fxm_k_call_init(void)\n{\n"
		"\treturn __builtin_choose_expr(__builtin_types_compatible_p(__typeof__(%s()), void), (%s(), 0), %s());\n}\n"
		"FXM_K_ENTRY(FXM_ENTRY_INIT, \"" INSMOD_INIT "\", .init = fxm_k_call_init);\n",
		real, job->init, job->init, job->init);
	if (fclose(out))
		return tool_error("insmod", "%s: %s", wrapper, strerror(errno));
	tool_words_free(&module->source);
	module->source = (struct tool_words){0};
	tool_words_add(&module->source, "%s", wrapper);
	return 0;
}

int insmod_compile(struct insmod *job)
{
	int status = 0;

	if (job->check)
		return insmod_check(job);
	if (job->init)
		status = call_instead(job);
	for (size_t i = 0; i < job->nr_modules && !status && !tool_is_stopped(); i++)
		if (job->module[i].source.nr)
			status = compile(job, &job->module[i], i);
		else
			job->module[i].object = (char *)job->module[i].path;
	if (!status)
		insmod_order(job);
	return status ? status : link_builtin(job);
}
