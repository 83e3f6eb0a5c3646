/* SPDX-License-Identifier: MIT */

/*
 * `fixmap insmod`: compiles kernel modules, loads them into a simulated machine, prints their log, unloads them and lists what
 * they leaked. This process never touches the simulator: it compiles, forks before any machine exists, and waits.
 */

#include "compiler.h"
#include "insmod.h"
#include "process.h"

#include <fixmap/layout.h>
#include <fixmap/types.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
    "usage: fixmap insmod [-p PROFILE] [-o NAME=VALUE]... [--trace FILE] [--time-limit SECONDS]\n"
    "                     [-K TREE [-C NAME=VALUE]...] [-I DIR]... [-D NAME[=VALUE]]... [-B FILE.c]... [--check [--stubs]]\n"
    "                     [--init FUNCTION] [--phase PHASE] [--read PATH] [--write PATH=FILE] [--ioctl PATH=COMMAND]...\n"
    "                     [--keep DIR] [--gdb] [--json] FILE.c|DIR... [PARAMETER=VALUE]...\n"
    "\n"
    "Compiles each FILE.c with $CC, gcc or clang, loads it as a kernel module into a simulated machine,\n"
    "prints the kernel's log, unloads it, and lists what it leaked. Several files are several modules:\n"
    "loaded in this order, unloaded in reverse. A folder's modules are those that its Kbuild or Makefile makes.\n"
    "\n"
    "  -p, --profile PROFILE     the kernel to simulate (`fixmap profiles`)\n"
    "  -o, --option NAME=VALUE   a setting of the machine (`fixmap layout --settings`)\n"
    "      --trace FILE          write every operation to FILE, to be replayed\n"
    "      --time-limit SECONDS  how long the modules may run (10)\n"
    "  -K, --kernel TREE         a kernel source tree: files of it are compiled as built in, and its headers\n"
    "                            come after the library's own\n"
    "  -C, --config NAME=VALUE   an option of that kernel's configuration (TREE/.config, if there is one, or\n"
    "                            a few defaults)\n"
    "  -I, --include DIR         a folder of headers that go before all others\n"
    "  -D, --define NAME[=VALUE] a macro\n"
    "      --init FUNCTION       what to call of the last module, instead of its module_init(): boot code has none\n"
    "      --read PATH           print what the modules' file PATH has: /proc/x, /dev/y, /sys/kernel/debug/z\n"
    "      --write PATH=FILE     write FILE to it (- is standard input)\n"
    "      --ioctl PATH=COMMAND[,ARGUMENT]   numbers, for a device's ioctl; all three when the modules are loaded,\n"
    "                            in this order\n"
    "      --phase PHASE         how far the boot has come: early, running or reset (-o phase=PHASE)\n"
    "  -B, --builtin FILE.c      a file of your own that is linked with the tree's: what those miss\n"
    "      --check               compile only, and say which files do, and which would link\n"
    "      --stubs               with --check: count those too that would link with a few stubs\n"
    "      --keep DIR            keep what was compiled, in DIR\n"
    "      --gdb                 run the modules under gdb\n"
    "      --json                print the log and the reports as JSON, an object a line\n"
    "  -h, --help\n"
    "\n"
    "The log goes to standard output, everything else to standard error. FIXMAP_OPTIONS holds settings too.\n"
    "Exit status: 0 fine; 1 a report, a leak or a failing init; 2 bad usage, or a file that does not compile\n"
    "or is no module.\n";

void insmod_say(const char *fmt, ...)
{
	va_list args;
	fflush(stdout);
	fputs("fixmap insmod: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

/* ---- the command line ---- */

static int parse_seconds(const char *text, double *seconds)
{
	char *end;
	*seconds = strtod(text, &end);
	if (end == text || *end || !(*seconds > 0) || *seconds > 86400)
		return tool_error("insmod", "--time-limit %s: write a number of seconds, such as 10 or 0.5", text);
	return 0;
}

static void name_module(struct insmod_module *module)
{
	const char *slash = strrchr(module->path, '/'), *base = slash ? slash + 1 : module->path;
	snprintf(module->name, sizeof(module->name), "%.*s", (int)strcspn(base, "."), base);
	/* as the kernel's build: the name is also an identifier */
	for (char *c = module->name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
			*c = '_';
}

static bool is_object(const char *path)
{
	size_t len = strlen(path);
	return len > 3 && !strcmp(path + len - 3, ".so");
}

struct insmod_module *insmod_add_module(struct insmod *job, const char *path)
{
	struct insmod_module *more = realloc(job->module, (job->nr_modules + 1) * sizeof(*more));

	if (!more)
		exit(tool_error("insmod", "out of memory"));
	job->module = more;
	struct insmod_module *module = &more[job->nr_modules++];
	*module = (struct insmod_module){.path = tool_copy(path)};
	name_module(module);
	return module;
}

static int add_file(struct insmod *job, const char *path)
{
	const char *dot = strrchr(path, '.');
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return insmod_add_folder(job, path);
	if (dot && !strcmp(dot, ".ko"))
		return tool_error("insmod", "%s is compiled for a real kernel; give the .c file it was made from", path);
	if (!dot || (strcmp(dot, ".c") && strcmp(dot, ".so")))
		return tool_error("insmod", "%s is no C file; give FILE.c or a folder, and parameters as NAME=VALUE", path);
	if (stat(path, &st))
		return tool_error("insmod", "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return tool_error("insmod", "%s is not a file that could be compiled", path);
	if (dot == path || dot[-1] == '/')
		return tool_error("insmod", "%s has no name before the dot; the module would have none", path);
	struct insmod_module *module = insmod_add_module(job, path);
	if (!is_object(path))
		tool_words_add(&module->source, "%s", path);
	return 0;
}

/* Files, then parameters; a path may have a '=' in it. */
static int add_words(struct insmod *job, char **word, int n)
{
	int status = 0;

	job->param = calloc((size_t)n + 1, sizeof(*job->param));
	if (!job->param)
		return tool_error("insmod", "out of memory");
	for (size_t i = 0; i < job->nr_builtin_files && !status; i++) {
		if (is_object(job->builtin_file[i])) { /* --gdb has linked it before */
			snprintf(job->builtin, sizeof(job->builtin), "%s", job->builtin_file[i]);
			continue;
		}
		status = add_file(job, job->builtin_file[i]);
		job->module[job->nr_modules - (job->nr_modules > 0)].is_builtin = true;
	}
	size_t nr_builtin = job->nr_modules;
	for (int i = 0; i < n && !status; i++) {
		size_t len = strlen(word[i]),
		       name = strspn(word[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		bool is_param = name && word[i][name] == '=' && (len < 2 || strcmp(word[i] + len - 2, ".c")) && !is_object(word[i]);
		if (is_param)
			job->param[job->nr_params++] = word[i];
		else
			status = add_file(job, word[i]);
	}
	if (!status && job->nr_modules == nr_builtin)
		return tool_error("insmod", "which module? Give a C file or a folder; see `fixmap help insmod`");
	return status;
}

/* ---- the machine's settings ---- */

static int configure(struct insmod *job, const struct tool_target *given, const char *trace)
{
	struct tool_target target = *given;
	struct fxm_layout *layout;

	target.defaults = "window=checked,detect=on";
	job->cfg = tool_config(&target);
	if (!job->cfg)
		return 2;
	int error = trace ? fxm_config_set(job->cfg, "trace", trace) : 0;
	if (!error)
		error = fxm_layout_create(job->cfg, &layout);
	if (error)
		return tool_error("insmod", "%s", *fxm_config_error(job->cfg) ? fxm_config_error(job->cfg) : fxm_strerror(error));
	fxm_layout_destroy(layout);
	if (!strcmp(fxm_config_get(job->cfg, "window"), "off"))
		return tool_error("insmod", "window=off: modules use pointers; write window=checked, strict, retain or eager");
	return 0;
}

/* ---- gdb ---- */

/* What was compiled, loaded by this program once more under gdb. The status is gdb's. */
static int run_under_gdb(struct insmod *job)
{
	static const char *const words[] = {"gdb", "-q", /* the window's page faults are no crashes */
					    "-ex", "handle SIGSEGV nostop noprint pass",
					    "-ex", "set follow-fork-mode child",
					    "-ex", "set breakpoint pending on"};
	static const char *const program[] = {"insmod", "--time-limit", "86400"};
	struct tool_words argv = {0};
	char self[4096], script[4200];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[len > 0 ? len : 0] = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		tool_words_add(&argv, "%s", words[i]);
	if (tool_gdb_script(script, sizeof(script))) {
		tool_words_add(&argv, "-x");
		tool_words_add(&argv, "%s", script);
	}
	tool_words_add(&argv, "--args");
	tool_words_add(&argv, "%s", self);
	for (size_t i = 0; i < sizeof(program) / sizeof(program[0]); i++)
		tool_words_add(&argv, "%s", program[i]);
	tool_words_add(&argv, "-p");
	tool_words_add(&argv, "%s", job->profile ? job->profile : fxm_config_profile(job->cfg));
	for (size_t i = 0; i < job->nr_settings; i++) {
		tool_words_add(&argv, "-o");
		tool_words_add(&argv, "%s", job->setting[i]);
	}
	if (*job->builtin) {
		tool_words_add(&argv, "--builtin");
		tool_words_add(&argv, "%s", job->builtin);
	}
	if (job->trace) {
		tool_words_add(&argv, "--trace");
		tool_words_add(&argv, "%s", job->trace);
	}
	for (size_t i = 0; i < job->nr_modules; i++)
		if (!job->module[i].is_builtin)
			tool_words_add(&argv, "%s", job->module[i].object);
	for (size_t i = 0; i < job->nr_params; i++)
		tool_words_add(&argv, "%s", job->param[i]);
	tool_end_words(&argv);
	fflush(NULL);
	int status, error = tool_spawn(argv.word, NULL, NULL, 0, &status);
	tool_words_free(&argv);
	if (error)
		return tool_error("insmod", "--gdb: gdb cannot be run: %s; install gdb", strerror(error));
	tool_forget_keys(); /* gdb was told, too */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- */

static int work(struct insmod *job)
{
	tool_catch_signals();
	signal(SIGPIPE, SIG_IGN); /* a reader that left must not leave the temporary directory behind */
	int status = insmod_make_dir(job);
	if (!status)
		status = insmod_kernel_prepare(job);
	if (!status)
		status = insmod_compile(job);
	if (!status && job->gdb)
		status = run_under_gdb(job);
	else if (!status && !tool_is_stopped() && !job->check)
		status = insmod_run_child(job);
	insmod_remove_dir(job);
	if (job->check && (fflush(stdout) || ferror(stdout)))
		status = tool_output_failed("insmod", errno);
	tool_pass_signal();
	return status;
}

static bool is_directory(const char *path)
{
	struct stat st;
	return *path && !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int check_options(const struct insmod *job)
{
	for (size_t i = 0; i < job->nr_include; i++)
		if (!is_directory(job->include[i]))
			return tool_error("insmod", "-I '%s' is no folder", job->include[i]);
	if (job->json && (job->check || job->gdb))
		return tool_error("insmod", "--json is about what a run says; leave it or %s out",
				  job->check ? "--check" : "--gdb");
	if (job->stubs && !job->check)
		return tool_error("insmod", "--stubs counts what a few stubs would do for the linker; add --check");
	if (job->check && job->gdb)
		return tool_error("insmod", "--check runs nothing that --gdb could look at; leave one of them out");
	return 0;
}

/* --phase: the setting of that name. */
static int add_phase(struct tool_target *target, const char *phase)
{
	static char word[64];

	if (target->nr_words == sizeof(target->words) / sizeof(target->words[0]))
		return tool_error("insmod", "too many -o options; join settings with commas");
	snprintf(word, sizeof(word), "phase=%s", phase);
	target->words[target->nr_words++] = word;
	return 0;
}

static int take_option(struct insmod *job, struct tool_target *target, int opt, const char **trace, char **argv)
{
	switch (opt) {
	case 't':
		*trace = optarg;
		return 0;
	case 'l':
		return parse_seconds(optarg, &job->time_limit);
	case 'K':
		job->tree = optarg;
		return 0;
	case 'C':
		job->config[job->nr_config++] = optarg;
		return 0;
	case 'I':
		job->include[job->nr_include++] = optarg;
		return 0;
	case 'r':
	case 'w':
	case 'x':
		job->use[job->nr_uses++] = opt == 'r' ? "r" : opt == 'w' ? "w" : "x";
		job->use[job->nr_uses++] = optarg;
		return 0;
	case 'D':
		job->define[job->nr_defines++] = optarg;
		return 0;
	case 'i':
		job->init = optarg;
		return 0;
	case 'P':
		return add_phase(target, optarg);
	case 'B':
		job->builtin_file[job->nr_builtin_files++] = optarg;
		return 0;
	case 'c':
		job->check = true;
		return 0;
	case 'S':
		job->stubs = true;
		return 0;
	case 'k':
		job->keep = optarg;
		return 0;
	case 'j':
		job->json = true;
		return 0;
	case 'g':
		job->gdb = true;
		return 0;
	default:
		return tool_option(target, opt, argv);
	}
}

enum { HELP_GIVEN = -1 };

int cmd_insmod(int argc, char **argv)
{
	static const struct option longs[] = {TOOL_LONG_OPTIONS,
					      {"trace", required_argument, NULL, 't'},
					      {"time-limit", required_argument, NULL, 'l'},
					      {"kernel", required_argument, NULL, 'K'},
					      {"config", required_argument, NULL, 'C'},
					      {"include", required_argument, NULL, 'I'},
					      {"read", required_argument, NULL, 'r'},
					      {"write", required_argument, NULL, 'w'},
					      {"ioctl", required_argument, NULL, 'x'},
					      {"define", required_argument, NULL, 'D'},
					      {"init", required_argument, NULL, 'i'},
					      {"phase", required_argument, NULL, 'P'},
					      {"builtin", required_argument, NULL, 'B'},
					      {"check", no_argument, NULL, 'c'},
					      {"stubs", no_argument, NULL, 'S'},
					      {"keep", required_argument, NULL, 'k'},
					      {"gdb", no_argument, NULL, 'g'},
					      {"json", no_argument, NULL, 'j'},
					      {0}};
	struct tool_target target = {.command = "insmod"};
	struct insmod job = {.time_limit = 10};
	const char *trace = NULL;
	int opt, status = 0;

	job.config = calloc((size_t)argc, sizeof(*job.config));
	job.include = calloc((size_t)argc, sizeof(*job.include));
	job.builtin_file = calloc((size_t)argc, sizeof(*job.builtin_file));
	job.define = calloc((size_t)argc, sizeof(*job.define));
	job.use = calloc(2 * (size_t)argc, sizeof(*job.use));
	if (!job.config || !job.include || !job.builtin_file || !job.define || !job.use)
		return tool_error("insmod", "out of memory");
	while (!status && (opt = getopt_long(argc, argv, TOOL_OPTIONS "K:C:I:D:B:", longs, NULL)) != -1)
		if (opt == 'h')
			status = HELP_GIVEN;
		else
			status = take_option(&job, &target, opt, &trace, argv);
	if (!status)
		status = check_options(&job);
	if (!status)
		status = add_words(&job, argv + optind, argc - optind);
	job.setting = target.words;
	job.nr_settings = target.nr_words;
	job.profile = target.profile;
	job.trace = trace;
	if (!status)
		status = configure(&job, &target, trace);
	if (!status)
		status = work(&job);
	for (size_t i = 0; i < job.nr_modules; i++) {
		if (job.module[i].object != job.module[i].path)
			free(job.module[i].object);
		free((char *)job.module[i].path);
		tool_words_free(&job.module[i].source);
		tool_words_free(&job.module[i].flag);
	}
	free(job.module);
	free(job.param);
	free(job.config);
	free(job.include);
	free(job.define);
	free(job.use);
	free(job.builtin_file);
	fxm_config_destroy(job.cfg);
	return status == HELP_GIVEN ? fputs(help, stdout), 0 : status;
}
