/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_COMPILER_H
#define FXM_TOOLS_COMPILER_H

/* The C compiler that the user has. */

#include "options.h"

#include <stdbool.h>

/* A compiler that takes longer waits for something. */
enum { COMPILE_SECONDS = 300 };

/* The words of $CC, or gcc or clang. 0, or 2 after a message. */
int tool_compiler(const char *command, struct tool_words *argv);

/* Whether the compiler is gcc: clang does not know some words, and does nothing with others. */
bool tool_compiler_is_gcc(const struct tool_words *argv);

/*
 * Adds the errors that are silent mistakes elsewhere: functions and types that nothing declares, a pointer taken for an int or for
 * another one's. -w would switch them off: no list of flags has it, and tool_compiler() takes it out of $CC.
 */
void tool_honest_flags(struct tool_words *flags);

/* exec wants a null pointer at the end; the list owns one more place than words. */
void tool_end_words(struct tool_words *argv);

/* Whether the compiler @cc knows the flags of window=checked. Runs it. */
bool tool_checks_work(const struct tool_words *cc);

/* Adds those flags, gcc's or clang's. */
void tool_checks_add(bool is_gcc, struct tool_words *flags);

/* Whether $CC names clang. */
bool tool_wants_clang(void);

#endif
