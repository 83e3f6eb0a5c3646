/* SPDX-License-Identifier: MIT */
#ifndef FXM_TOOLS_PROCESS_H
#define FXM_TOOLS_PROCESS_H

/* Processes that a command starts, and signals that ask for its end. */

#include <stdbool.h>
#include <sys/types.h>

/* From here on a signal that asks for an end is remembered / does what it does by default, in a forked child. */
void tool_catch_signals(void);
void tool_default_signals(void);

/* Whether one came. */
bool tool_is_stopped(void);

/* Forgets a key that somebody else was told of too. */
void tool_forget_keys(void);

/* Signals do what they did before, and one that came is raised again. */
void tool_pass_signal(void);

/*
 * Waits for the end of the process @child. False: @seconds are over, or a signal asked for an end; other signals that this process
 * gets do not count, however many. The child is still to be waited for.
 */
bool tool_has_ended(pid_t child, double seconds);

/*
 * The same, then kills what has not ended, and waits for it. With 0 it waits as long as it takes, whatever signal comes. Whether it
 * ended by itself; @status is waitpid()'s.
 */
bool tool_wait(pid_t child, double seconds, int *status);

/*
 * Runs a command to its end. What it says on standard error goes to the file @messages, or, when that is NULL, where this
 * program's does; standard output to the file @output, likewise. 0 and the @status of waitpid(), or a positive error number: ETIME
 * when it took more than @seconds, which 0 does not limit.
 */
int tool_spawn(char **argv, const char *output, const char *messages, double seconds, int *status);

#endif
