/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: any bytes as a trace, replayed. Whatever they are, replaying ends, and either says in one line why it could not go
 * on or counts operations and differences. Settings that reach outside the process are switched off.
 */
#include "fuzz.h"
#include "replay.h"

#include <fixmap/fixmap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const settings[] = {
    "trace=",
    "policy=record",
    "policy.warn=record",
    "policy.bug=record",
    "policy.oops=record",
    "policy.sleeping=record",
    "policy.deadlock=record",
    "policy.hung=record",
    "policy.finding=record",
    "stacks=off",
    "hung_task=1",
    "window=off",
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fuzz_trace: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[65536];
	struct replay_options options = {.settings = settings, .nsettings = sizeof(settings) / sizeof(settings[0])};
	struct replay *rp = NULL;

	if (!size)
		return 0;
	FILE *in = fmemopen((void *)data, size, "r");
	FILE *out = fmemopen(text, sizeof(text), "w");
	if (!in || !out)
		abort();
	options.differences = out;
	options.max_differences = 20;
	options.fill = data[size - 1] & 1 ? out : NULL;
	int status = replay_run(in, "input", &options, &rp);
	if (status && status != -1)
		fail("replay_run returned neither 0 nor -1");
	if (status && rp && (!*replay_error(rp) || strchr(replay_error(rp), '\n')))
		fail("no line says why the trace cannot be replayed");
	replay_free(rp);
	fclose(in);
	fclose(out);
	return 0;
}
