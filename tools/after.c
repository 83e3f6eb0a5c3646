// SPDX-License-Identifier: MIT
/*
 * The machine that a command looks at: after a trace, up to one of its operations, or one that has just booted.
 */

#include "after.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* TRACE:SEQ, unless a file is really called so. */
static void split(struct after *a)
{
	char *colon = strrchr(a->trace, ':'), *end;

	if (!colon || !colon[1] || !access(a->trace, F_OK))
		return;
	a->opt.stop_seq = strtoull(colon + 1, &end, 10);
	if (*end)
		return;
	a->opt.stop = true;
	*colon = '\0';
}

/* A trace brings its machine; without one the options must make sense by themselves. */
static int check(const struct after *a)
{
	struct tool_target target = a->target;

	if (a->trace)
		target.nr_words = 0;
	struct fxm_config *cfg = tool_config(&target);
	fxm_config_destroy(cfg);
	return cfg ? 0 : 2;
}

int after_parse(struct after *a, const char *command, const char *help, int argc, char **argv)
{
	static const struct option longs[] = {
	    TOOL_LONG_OPTIONS,
	    {"after", required_argument, NULL, 'a'},
	    {NULL, 0, NULL, 0},
	};
	int opt;

	a->target.command = command;
	while ((opt = getopt_long(argc, argv, TOOL_OPTIONS, longs, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return -1;
		}
		if (opt == 'a')
			a->trace = optarg;
		else if (tool_option(&a->target, opt, argv))
			return 2;
	}
	if (check(a))
		return 2;
	replay_settings_of(&a->target, &a->settings);
	a->opt.profile = a->settings.profile;
	a->opt.settings = (const char *const *)a->settings.words.word;
	a->opt.nsettings = a->settings.words.nr;
	if (a->settings.record)
		return tool_error(command, "trace=%s does not go with %s; use it with `fixmap replay`", a->settings.record,
				  command);
	return 0;
}

/* As a script with nothing in it. */
static int boot(struct after *a)
{
	char script[] = "mark boot\nstate last_pkmap_nr=0\n";
	FILE *in = fmemopen(script, sizeof(script) - 1, "r");
	int ret;

	if (!in)
		return -1;
	ret = replay_run(in, "the new machine", &a->opt, &a->replay);
	fclose(in);
	return ret;
}

static int replay_trace(struct after *a)
{
	const char *command = a->target.command;
	FILE *in;

	split(a);
	bool is_stdin = !strcmp(a->trace, "-");
	in = is_stdin ? stdin : fopen(a->trace, "r");
	if (!in)
		return -tool_error(command, "cannot open %s: %s", a->trace, strerror(errno));
	int ret = replay_run(in, is_stdin ? "standard input" : a->trace, &a->opt, &a->replay);
	if (!is_stdin)
		fclose(in);
	if (!ret && a->opt.stop && !replay_result(a->replay).stopped)
		return -tool_error(command, "%s has no operation %llu; it has %llu", a->trace, (unsigned long long)a->opt.stop_seq,
				   (unsigned long long)replay_result(a->replay).operations);
	if (!ret && replay_result(a->replay).differences)
		fprintf(stderr, "fixmap %s: note: %llu differences on the way; `fixmap replay %s` shows them\n", command,
			(unsigned long long)replay_result(a->replay).differences, a->trace);
	return ret;
}

struct fxm_machine *after_machine(struct after *a)
{
	if (a->trace ? replay_trace(a) : boot(a)) {
		if (a->replay && *replay_error(a->replay))
			fprintf(stderr, "%s\n", replay_error(a->replay));
		return NULL;
	}
	struct fxm_machine *m = replay_machine(a->replay);
	if (!m)
		tool_error(a->target.command, "the trace describes no machine");
	return m;
}

void after_free(struct after *a)
{
	replay_free(a->replay);
	replay_settings_free(&a->settings);
}
