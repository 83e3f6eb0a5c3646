// SPDX-License-Identifier: MIT
#ifndef TOOLS_AFTER_H
#define TOOLS_AFTER_H

/* The machine that a command looks at: --after TRACE[:SEQ], or one that has just booted with -p and -o. */

#include "options.h"
#include "replay.h"
#include "replay_settings.h"

#include <fixmap/fixmap.h>

struct after {
	struct tool_target target;
	struct replay_settings settings;
	struct replay_options opt;
	char *trace;
	struct replay *replay;
};

/* Reads the options of @command. 0: go on with argv[optind]; -1: @help was printed; 2: bad usage, said. */
int after_parse(struct after *a, const char *command, const char *help, int argc, char **argv);

/* The machine; NULL when there is none, and the reason was said. It lives until after_free(). */
struct fxm_machine *after_machine(struct after *a);

void after_free(struct after *a);

#endif
