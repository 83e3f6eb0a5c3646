/* SPDX-License-Identifier: MIT */
#ifndef REPLAY_H
#define REPLAY_H

/*
 * Replaying a trace (doc/trace-format.md): builds the machine that it describes, does each operation on it with the thread,
 * CPU and context of the line, and compares everything the line states with what the library did. Uses the public API only.
 * For `fixmap replay`, `fixmap walk`, the tests and the fuzz target.
 */

#include <fixmap/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct replay;

/* One operation that was done. The texts are valid during the call. */
struct replay_step {
	uint64_t number;    /* from 1 */
	const char *line;   /* as the library writes it, or the trace's where it writes none */
	const char *report; /* what the kernel or a detector said of it, or NULL */
	struct fxm_machine *machine;
};

/* How to replay. Zero means default everywhere. */
struct replay_options {
	const char *profile;	     /* for a script without a machine line; NULL: the default profile */
	const char *const *settings; /* NAME=VALUE words that go on top of the machine line */
	size_t nsettings;
	FILE *differences;	       /* where each difference goes, one line each; NULL: nowhere */
	unsigned long max_differences; /* lines shown; 0: all */
	FILE *fill;		       /* the trace again, each operation with all fields as the library makes them */
	FILE *record;		       /* the library's own whole trace of this run */
	bool stop;		       /* after operation number stop_seq */
	uint64_t stop_seq;
	void (*step)(void *arg, const struct replay *rp, const struct replay_step *step); /* after each operation */
	void *step_arg;
	void (*progress)(void *arg, unsigned long line); /* called now and then */
	void *progress_arg;
};

/* What came of it. */
struct replay_result {
	uint64_t operations;
	uint64_t differences;
	bool stopped; /* stop_seq was reached */
};

/*
 * Replays @in (called @name in messages) to its end, or to options->stop_seq. Returns 0; or -1 when the input cannot be
 * replayed, and replay_error() has the line. @out is set in both cases, unless memory ran out (NULL), and is the caller's until
 * replay_free().
 */
int replay_run(FILE *in, const char *name, const struct replay_options *options, struct replay **out);

/* How many operations and differences there were. */
struct replay_result replay_result(const struct replay *rp);

/* Why replay_run() returned -1: "FILE:LINE: what; what to do". */
const char *replay_error(const struct replay *rp);

/* The machine as the trace left it, or NULL when there was none. Valid until replay_free(). */
struct fxm_machine *replay_machine(struct replay *rp);

/* What the trace calls the page with frame @pfn, "P1"; else the number in hex. */
void replay_name_frame(const struct replay *rp, uint64_t pfn, char *buf, size_t size);

/* Ends the tasks and frees the machine. NULL is allowed. */
void replay_free(struct replay *rp);

#endif
