/* SPDX-License-Identifier: MIT */
/* `fixmap show`: a trace, or a module's run, as a story of its address space. */
#include "compiler.h"
#include "options.h"
#include "process.h"
#include "replay_settings.h"
#include "show.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 500 };

static const char help[] =
    "usage: fixmap show [--svg FILE] [--html FILE] [--from N] [--steps N] [-p PROFILE] [-o NAME=VALUE]... TRACE|MODULE.c\n"
    "\n"
    "Tells step by step what each operation of a trace did to the address space: who holds what, the\n"
    "bits of the page-table entry that changed, what each CPU's TLB has, and what is stale. A module is\n"
    "run first, as `fixmap insmod` does, and its trace is shown. TRACE - is standard input.\n"
    "\n"
    "  --html FILE     one page with a slider, which needs no network\n"
    "  --svg FILE      a picture: addresses down, operations across\n"
    "  --from N        begin with operation N (1)\n"
    "  --steps N       show so many (500)\n"
    "  -p, -o          the kernel and its settings, as for `fixmap replay`\n"
    "\n"
    "Without --html and --svg, or with FILE -, it goes to standard output. Status: 0, or 2 bad usage or input.\n";

struct command {
	struct tool_target target;
	struct replay_settings settings;
	struct replay_options opt;
	struct show show;
	const char *html, *svg;
};

static int read_number(const char *name, const char *text, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	return !isdigit((unsigned char)*text) || *end || errno || !*n
		   ? tool_error("show", "%s %s: write a number from 1 on", name, text)
		   : 0;
}

static int parse(struct command *c, int argc, char **argv)
{
	static const struct option longs[] = {
	    TOOL_LONG_OPTIONS,
	    {"svg", required_argument, NULL, 'S'},
	    {"html", required_argument, NULL, 'H'},
	    {"from", required_argument, NULL, 'F'},
	    {"steps", required_argument, NULL, 'N'},
	    {NULL, 0, NULL, 0},
	};
	int opt, status = 0;

	c->target.command = "show";
	c->show.from = 1;
	c->show.most = STEPS;
	while (!status && (opt = getopt_long(argc, argv, TOOL_OPTIONS, longs, NULL)) != -1) {
		switch (opt) {
		case 'h':
			fputs(help, stdout);
			return -1;
		case 'S':
			c->svg = optarg;
			break;
		case 'H':
			c->html = optarg;
			break;
		case 'F':
			status = read_number("--from", optarg, &c->show.from);
			break;
		case 'N':
			status = read_number("--steps", optarg, &c->show.most);
			break;
		default:
			status = tool_option(&c->target, opt, argv);
		}
	}
	if (!status && argc - optind != 1)
		status = tool_error("show", argc == optind ? "which trace? `fixmap help show` tells more" : "one TRACE at a time");
	return status;
}

/* Runs module @path, whose trace goes to @trace. */
static int run_module(const struct command *c, const char *path, int trace)
{
	struct tool_words argv = {0};
	struct stat st;
	int status;

	tool_words_add(&argv, "/proc/self/exe");
	tool_words_add(&argv, "insmod");
	if (c->target.profile)
		tool_words_add(&argv, "-p%s", c->target.profile);
	for (size_t i = 0; i < c->target.nr_words; i++)
		tool_words_add(&argv, "-o%s", c->target.words[i]);
	tool_words_add(&argv, "-otrace=/proc/%d/fd/%d", (int)getpid(), trace);
	tool_words_add(&argv, "--");
	tool_words_add(&argv, "%s", path);
	tool_end_words(&argv);
	int error = tool_spawn(argv.word, "/dev/stderr", NULL, 0, &status);
	tool_words_free(&argv);
	if (error || !WIFEXITED(status) || WEXITSTATUS(status) > 1 || fstat(trace, &st) || !st.st_size)
		return tool_error("show", "%s did not run, so there is nothing to show", path);
	return 0;
}

static bool is_module(const char *path)
{
	size_t n = strlen(path);
	struct stat st;

	return (n > 2 && !strcmp(path + n - 2, ".c")) || (!stat(path, &st) && S_ISDIR(st.st_mode));
}

/* The trace of @path, which is run where it is a module; NULL after a message. */
static FILE *open_trace(struct command *c, const char *path)
{
	FILE *in = NULL;

	if (is_module(path)) {
		int fd = memfd_create("trace", MFD_CLOEXEC);

		if (fd < 0)
			tool_error("show", "cannot make memory for a trace: %s", strerror(errno));
		else if (run_module(c, path, fd))
			close(fd);
		else
			in = fdopen(fd, "r");
		c->target.profile = NULL; /* the trace has its machine */
		c->target.nr_words = 0;
		return in;
	}
	in = !strcmp(path, "-") ? stdin : fopen(path, "r");
	if (!in)
		tool_error("show", "cannot open %s: %s", path, strerror(errno));
	return in;
}

static int collect(struct command *c, const char *path)
{
	FILE *in = open_trace(c, path);

	if (!in)
		return 2;
	c->target.defaults = "detect=on"; /* what is wrong is part of the story */
	replay_settings_of(&c->target, &c->settings);
	c->opt.profile = c->settings.profile;
	c->opt.settings = (const char *const *)c->settings.words.word;
	c->opt.nsettings = c->settings.words.nr;
	snprintf(c->show.title, sizeof(c->show.title), "%s", in == stdin ? "standard input" : path);
	int status = c->settings.record
			 ? tool_error("show", "trace=%s does not go with show; use it with `fixmap replay`", c->settings.record)
			 : show_collect(&c->show, in, c->show.title, &c->opt);
	if (in != stdin)
		fclose(in);
	return status;
}

static int write_file(const struct show *s, const char *path, void (*draw)(const struct show *, FILE *))
{
	bool is_stdout = !strcmp(path, "-");
	FILE *out = is_stdout ? stdout : fopen(path, "w");

	if (!out)
		return tool_error("show", "cannot write %s: %s", path, strerror(errno));
	errno = 0;
	draw(s, out);
	bool failed = fflush(out) || ferror(out);
	int error = errno;
	failed |= !is_stdout && fclose(out);
	if (is_stdout && failed)
		return tool_output_failed("show", error);
	return failed ? tool_error("show", "cannot write %s: %s", path, strerror(error ? error : EIO)) : 0;
}

static void draw_text(const struct show *s, FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	show_text(s, out, isatty(fileno(out)) && !(no && *no) && term && strcmp(term, "dumb"));
}

int cmd_show(int argc, char **argv)
{
	struct command c = {0};
	int status = parse(&c, argc, argv);

	if (!status)
		status = collect(&c, argv[optind]);
	if (!status && c.svg)
		status = write_file(&c.show, c.svg, show_svg);
	if (!status && c.html)
		status = write_file(&c.show, c.html, show_html);
	if (!status && !c.svg && !c.html)
		status = write_file(&c.show, "-", draw_text);
	show_free(&c.show);
	replay_settings_free(&c.settings);
	return status < 0 ? 0 : status;
}
