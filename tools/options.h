/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_OPTIONS_H
#define FXM_TOOLS_OPTIONS_H

/*
 * What the sub-commands of `fixmap` share: their entry points, one-line messages, the options -p and -o, and where the headers
 * of the kernel tier are.
 */

#include <fixmap/config.h>

#include <stddef.h>
#include <stdio.h>

/* Sub-commands get their own name as argv[0] and return the exit status. */
int cmd_cflags(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_dmesg(int argc, char **argv);
int cmd_insmod(int argc, char **argv);
int cmd_layout(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_proc(int argc, char **argv);
int cmd_profiles(int argc, char **argv);
int cmd_ptdump(int argc, char **argv);
int cmd_tree(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_walk(int argc, char **argv);

/* Prints "fixmap COMMAND: ..." as one line on standard error. Returns 2, the status of bad usage and input. */
int tool_error(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Says, once, that standard output could not be written because of @error (0: not known). Returns 2: output that does not reach
 * its reader is no success. Without @command, for what only lists something: a reader that left early has what it wanted, and
 * there is no message.
 */
int tool_output_failed(const char *command, int error);

/* Prints @text on standard output as a string of JSON. */
void tool_json_string(const char *text);

/* The machine that a command line asks for. */
struct tool_target {
	const char *command;
	const char *profile;
	const char *words[64]; /* -o, in order */
	size_t nr_words;
	const char *
	    defaults; /* settings of the command's own, which FIXMAP_OPTIONS and -o change; NULL: neither them nor FIXMAP_OPTIONS */
};

/* What getopt_long() wants for -p, -o and -h; a command adds its own. */
#define TOOL_OPTIONS ":p:o:h"
#define TOOL_LONG_OPTIONS                                                                                                          \
	{"profile", required_argument, NULL, 'p'}, {"option", required_argument, NULL, 'o'},                                       \
	{                                                                                                                          \
		"help", no_argument, NULL, 'h'                                                                                     \
	}

/* Takes option @opt of getopt_long() that the command does not know itself. 0, or 2 after a message. */
int tool_option(struct tool_target *target, int opt, char **argv);

/* A message about words that are left after the options, if there are any. 0 or 2. */
int tool_no_arguments(const struct tool_target *target, int argc, char **argv);

/* The config that the options come to, or NULL after a message. */
struct fxm_config *tool_config(const struct tool_target *target);

/* A growing list of words. */
struct tool_words {
	char **word;
	size_t nr;
};

/* A copy of @text, the caller's; without memory the program ends with a message, as in tool_words_add(). */
char *tool_copy(const char *text);

/* Room for one element more in @array, which has @nr of @size bytes and place for @room; exits with status 2 when there is none. */
void *tool_grow(void *array, size_t nr, size_t *room, size_t size);

/* Adds a word; exits with status 2 when there is no memory. */
void tool_words_add(struct tool_words *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tool_words_free(struct tool_words *words);

/* Tells the library where the tables of the built-in profiles are (FIXMAP_PROFILES), unless the environment does. */
void tool_offer_profiles(void);

/*
 * The include directories of the kernel tier, as plain paths: those that the environment variable FIXMAP_INCLUDE names (colons
 * between them), else the build tree's or the installed ones, found from where this program lies. 0, or 2 after a message.
 */
int tool_include_dirs(const char *command, struct tool_words *dirs);

/* Where the script with gdb's `fixmap` commands is: beside the program in a build tree, else installed. False: nowhere. */
bool tool_gdb_script(char *path, size_t size);

/*
 * The compiler flags of kernel-tier code for @cfg: include directories, language, -DCONFIG_*. No flag but a path has a character
 * that a shell or make would touch. 0, or 2 after a message.
 */
int tool_cflags(const char *command, struct fxm_config *cfg, struct tool_words *flags);

/* Of these, what the profile and its settings come to: -D, and -I for a profile of the user's own. 0, or 2 after a message. */
int tool_profile_flags(const char *command, struct fxm_config *cfg, struct tool_words *flags);

#endif
