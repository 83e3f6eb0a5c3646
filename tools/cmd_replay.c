// SPDX-License-Identifier: MIT
/*
 * `fixmap replay`: replays traces and tells where the library did something else.
 *
 * Differences go to standard output, one line each; with --fill, where standard output is the filled trace, to standard error.
 * Status 0: none; 1: there were differences; 2: something could not be replayed.
 */

#include "options.h"
#include "replay.h"
#include "replay_settings.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] = "usage: fixmap replay [-p PROFILE] [-o NAME=VALUE]... [--fill] [--max-differences=N] FILE...\n"
			   "\n"
			   "Does every operation of each trace on a simulated machine and compares everything that the\n"
			   "trace states with what happened. FILE - is standard input.\n"
			   "\n"
			   "  -p PROFILE           profile of scripts without a machine line\n"
			   "  -o NAME=VALUE        a setting on top of the machine line (window=strict, DEBUG_HIGHMEM=1, ...);\n"
			   "                       trace=FILE writes the library's own trace of the run\n"
			   "  --fill               print the trace again, each operation with all fields filled in\n"
			   "  --max-differences=N  show at most N differences per file (default 20, 0: all)\n"
			   "\n"
			   "The last line is \"N operations, D differences\". Status: 0 no differences, 1 differences,\n"
			   "2 bad usage or input.\n";

struct command {
	struct tool_target target;
	struct replay_settings settings;
	struct replay_options opt;
	bool fill;
	struct replay_result total;
};

/* One line that stays in place, once a second, and only for long work on a terminal. */
struct progress {
	const char *name;
	struct timespec next;
	bool shown;
};

static void show_progress(void *arg, unsigned long line)
{
	struct progress *p = arg;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < p->next.tv_sec)
		return;
	p->next = now;
	p->next.tv_sec++;
	p->shown = true;
	fprintf(stderr, "\r%s: line %lu\033[K", p->name, line);
}

/* 0: go on; else the status, or -1 when --help was printed. */
static int parse_options(struct command *c, int argc, char **argv)
{
	static const struct option longs[] = {
	    TOOL_LONG_OPTIONS,
	    {"fill", no_argument, NULL, 'f'},
	    {"max-differences", required_argument, NULL, 'm'},
	    {NULL, 0, NULL, 0},
	};
	char *end;
	int opt;

	while ((opt = getopt_long(argc, argv, TOOL_OPTIONS, longs, NULL)) != -1) {
		switch (opt) {
		case 'f':
			c->fill = true;
			break;
		case 'm':
			c->opt.max_differences = strtoul(optarg, &end, 10);
			if (!isdigit((unsigned char)*optarg) || *end)
				return tool_error("replay", "--max-differences=%s: write a number", optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return -1;
		default:
			if (tool_option(&c->target, opt, argv))
				return 2;
		}
	}
	return 0;
}

static int check_options(const struct command *c, int files)
{
	if (!files)
		return tool_error("replay", "which trace? `fixmap help replay` tells more");
	if (c->fill && files > 1)
		return tool_error("replay", "--fill takes one FILE at a time");
	if (c->settings.record && files > 1)
		return tool_error("replay", "trace=%s takes one FILE at a time", c->settings.record);
	if (c->fill && c->settings.record)
		return tool_error("replay", "--fill and trace=%s do not go together; leave one out", c->settings.record);
	return 0;
}

static int parse(struct command *c, int argc, char **argv)
{
	int status;

	c->target.command = "replay";
	c->opt.max_differences = 20;
	status = parse_options(c, argc, argv);
	if (status)
		return status;
	struct tool_target profile = {.command = "replay", .profile = c->target.profile};
	struct fxm_config *cfg = tool_config(&profile);
	if (!cfg)
		return 2;
	fxm_config_destroy(cfg);
	replay_settings_of(&c->target, &c->settings);
	c->opt.profile = c->settings.profile;
	c->opt.settings = (const char *const *)c->settings.words.word;
	c->opt.nsettings = c->settings.words.nr;
	return check_options(c, argc - optind);
}

static int write_error(const char *name)
{
	return tool_error("replay", "cannot write %s: %s", name, strerror(errno ? errno : EIO));
}

/* Replays one open file. Status as of the command. */
static int replay_stream(struct command *c, FILE *in, const char *name)
{
	struct progress progress = {.name = name};
	struct replay *rp;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &progress.next);
	progress.next.tv_sec++;
	c->opt.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
	c->opt.progress_arg = &progress;
	ret = replay_run(in, name, &c->opt, &rp);
	if (progress.shown)
		fputs("\r\033[K", stderr);
	if (!rp)
		return tool_error("replay", "out of memory");
	if (ret) {
		fflush(stdout);
		fprintf(stderr, "%s\n", replay_error(rp));
	}
	c->total.operations += replay_result(rp).operations;
	c->total.differences += replay_result(rp).differences;
	replay_free(rp);
	return ret ? 2 : 0;
}

static int replay_named(struct command *c, const char *name)
{
	FILE *in = strcmp(name, "-") ? fopen(name, "r") : stdin;
	int status;

	if (!in)
		return tool_error("replay", "cannot open %s: %s", name, strerror(errno));
	status = replay_stream(c, in, in == stdin ? "standard input" : name);
	if (in != stdin)
		fclose(in);
	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		return tool_output_failed("replay", errno);
	return status;
}

static int open_record(struct command *c)
{
	if (!c->settings.record)
		return 0;
	c->opt.record = fopen(c->settings.record, "w");
	return c->opt.record ? 0 : write_error(c->settings.record);
}

static int close_record(struct command *c)
{
	bool bad = c->opt.record && ferror(c->opt.record);

	if (c->opt.record && (fclose(c->opt.record) || bad))
		return write_error(c->settings.record);
	return 0;
}

static int replay_all(struct command *c, int argc, char **argv)
{
	int worst = 0;

	signal(SIGPIPE, SIG_IGN);
	c->opt.differences = c->fill ? stderr : stdout;
	c->opt.fill = c->fill ? stdout : NULL;
	if (open_record(c))
		return 2;
	for (int i = optind; i < argc && !ferror(stdout); i++) {
		int status = replay_named(c, argv[i]);

		worst = status > worst ? status : worst;
	}
	if (close_record(c) || ferror(stdout))
		return 2;
	fprintf(c->opt.differences, "%llu operations, %llu differences\n", (unsigned long long)c->total.operations,
		(unsigned long long)c->total.differences);
	if (fflush(stdout))
		return tool_output_failed("replay", errno);
	return worst ? worst : c->total.differences != 0;
}

int cmd_replay(int argc, char **argv)
{
	struct command c = {0};
	int status = parse(&c, argc, argv);

	if (!status)
		status = replay_all(&c, argc, argv);
	replay_settings_free(&c.settings);
	return status < 0 ? 0 : status;
}
