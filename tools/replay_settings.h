/* SPDX-License-Identifier: MIT */
#ifndef REPLAY_SETTINGS_H
#define REPLAY_SETTINGS_H

/* The -p and -o of a command that replays: most settings go on top of the trace's machine line, two are the command's own. */

#include "options.h"

struct replay_settings {
	struct tool_words words; /* NAME=VALUE, one each */
	struct tool_words own;	 /* those that the command acts on itself */
	const char *profile;	 /* -p or profile=, NULL when not given */
	const char *record;	 /* trace= */
};

/* Takes the options apart into @out, which is all zero before. The strings live until replay_settings_free(). */
void replay_settings_of(const struct tool_target *target, struct replay_settings *out);
void replay_settings_free(struct replay_settings *settings);

#endif
