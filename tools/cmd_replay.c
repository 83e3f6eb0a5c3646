// SPDX-License-Identifier: MIT
/*
 * `fixmap replay`: replays traces and tells where the library did something else.
 *
 * Differences go to standard output, one line each; with --fill, where standard output is the filled trace, to standard error.
 * Status 0: none; 1: there were differences; 2: something could not be replayed.
 */

#include "options.h"
#include "replay.h"

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
	struct replay_options opt;
	const char *settings[64];
	const char *record_name;
	bool fill;
	struct replay_result total;
};

/* One line that stays in place, twice a second at most, and only for long work on a terminal. */
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

static int usage_error(const char *what, const char *arg)
{
	fprintf(stderr, "fixmap replay: %s%s; see `fixmap replay --help`\n", what, arg);
	return 2;
}

/* A setting of the command line. trace= is ours: the library writes the trace of each line as it is replayed. */
static int add_setting(struct command *c, const char *word)
{
	if (!strncmp(word, "trace=", 6)) {
		c->record_name = word + 6;
		return 0;
	}
	if (!strchr(word, '='))
		return usage_error("-o wants NAME=VALUE, not ", word);
	if (c->opt.nsettings == sizeof(c->settings) / sizeof(c->settings[0]))
		return usage_error("too many -o words, beginning with ", word);
	c->settings[c->opt.nsettings++] = word;
	return 0;
}

/* 0: go on; else the status, or -1 when --help was printed. */
static int parse(struct command *c, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"profile", required_argument, NULL, 'p'}, {"option", required_argument, NULL, 'o'},
	    {"fill", no_argument, NULL, 'f'},	       {"max-differences", required_argument, NULL, 'm'},
	    {"help", no_argument, NULL, 'h'},	       {NULL, 0, NULL, 0},
	};
	char *end;
	int opt;

	optind = 1;
	opterr = 0;
	c->opt.max_differences = 20;
	c->opt.settings = c->settings;
	while ((opt = getopt_long(argc, argv, ":p:o:h", longs, NULL)) != -1) {
		switch (opt) {
		case 'p':
			c->opt.profile = optarg;
			break;
		case 'o':
			if (add_setting(c, optarg))
				return 2;
			break;
		case 'f':
			c->fill = true;
			break;
		case 'm':
			c->opt.max_differences = strtoul(optarg, &end, 10);
			if (!*optarg || *end)
				return usage_error("--max-differences wants a number, not ", optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return -1;
		case ':':
			return usage_error("a value is missing after ", argv[optind - 1]);
		default:
			return usage_error("unknown option ", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return usage_error("no trace given", "");
	if ((c->fill || c->record_name) && argc - optind > 1)
		return usage_error(c->fill ? "--fill takes one FILE" : "trace=FILE goes with one FILE", "");
	return c->fill && c->record_name ? usage_error("--fill and trace=FILE do not go together", "") : 0;
}

static int write_error(const char *name)
{
	fprintf(stderr, "fixmap replay: cannot write %s: %s\n", name, strerror(errno ? errno : EIO));
	return 2;
}

/* Replays one open file. Status as of the command. */
static int replay_stream(struct command *c, FILE *in, const char *name)
{
	struct progress progress = {.name = name};
	struct replay *rp;
	int ret;

	c->opt.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
	c->opt.progress_arg = &progress;
	ret = replay_run(in, name, &c->opt, &rp);
	if (progress.shown)
		fputs("\r\033[K", stderr);
	if (!rp) {
		fprintf(stderr, "fixmap replay: out of memory\n");
		return 2;
	}
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

	if (!in) {
		fprintf(stderr, "fixmap replay: cannot open %s: %s\n", name, strerror(errno));
		return 2;
	}
	status = replay_stream(c, in, in == stdin ? "standard input" : name);
	if (in != stdin)
		fclose(in);
	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		return write_error("standard output");
	return status;
}

static int open_record(struct command *c)
{
	if (!c->record_name)
		return 0;
	c->opt.record = fopen(c->record_name, "w");
	return c->opt.record ? 0 : write_error(c->record_name);
}

static int close_record(struct command *c)
{
	bool bad = c->opt.record && ferror(c->opt.record);

	if (c->opt.record && (fclose(c->opt.record) || bad))
		return write_error(c->record_name);
	return 0;
}

int cmd_replay(int argc, char **argv)
{
	struct command c = {0};
	int status = parse(&c, argc, argv);
	int worst = 0;

	if (status)
		return status < 0 ? 0 : status;
	signal(SIGPIPE, SIG_IGN);
	c.opt.differences = c.fill ? stderr : stdout;
	c.opt.fill = c.fill ? stdout : NULL;
	if (open_record(&c))
		return 2;
	for (int i = optind; i < argc; i++) {
		status = replay_named(&c, argv[i]);
		worst = status > worst ? status : worst;
		if (ferror(stdout))
			return 2;
	}
	if (close_record(&c))
		worst = 2;
	fprintf(c.opt.differences, "%llu operations, %llu differences\n", (unsigned long long)c.total.operations,
		(unsigned long long)c.total.differences);
	if (fflush(stdout))
		return write_error("standard output");
	return worst ? worst : c.total.differences != 0;
}
