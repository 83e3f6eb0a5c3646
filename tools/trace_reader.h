/* SPDX-License-Identifier: MIT */
#ifndef TRACE_READER_H
#define TRACE_READER_H

/*
 * Reading a trace (doc/trace-format.md) line by line: words, record kinds, the shape of each record, the `end` line.
 * Knows nothing of machines; what a record means is replay.c's business.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	TRACE_MAX_WORDS = 128,
	TRACE_MAX_LINE = 16384,
	TRACE_MAX_ERROR = 512,
};

enum trace_kind {
	TRACE_BLANK, /* an empty line, or one that starts with '#' */
	TRACE_BT,
	TRACE_BTSLOT,
	TRACE_CONFIG,
	TRACE_CONTENT,
	TRACE_DO,
	TRACE_END,
	TRACE_ENUM,
	TRACE_EV,
	TRACE_EXPECT,
	TRACE_FILL,
	TRACE_FIXPTE,
	TRACE_FIXPTE_END,
	TRACE_HW,
	TRACE_KMTYPE,
	TRACE_LAYOUT,
	TRACE_LINEAR,
	TRACE_MACHINE,
	TRACE_MARK,
	TRACE_OP,
	TRACE_PAGE,
	TRACE_PMD,
	TRACE_PROT,
	TRACE_PTE,
	TRACE_RAND,
	TRACE_STATE,
	TRACE_VERSION,
};

/* One record. The words point into the reader and are valid until the next call. */
struct trace_line {
	enum trace_kind kind;
	unsigned long number; /* of the line in its file, from 1 */
	const char *text;     /* the line without its end, unchanged */
	size_t nwords;
	const char *word[TRACE_MAX_WORDS];
};

/*
 * The columns of an op or do line. A do line has no SEQ. `field` is the index of the first NAME=VALUE word.
 */
struct trace_op {
	const char *seq, *cpu, *thread, *context, *name, *arg, *address;
	size_t field;
};

struct trace_reader {
	FILE *in;
	const char *name; /* of the file, for messages */
	unsigned long number;
	char *raw, *split;
	bool is_recording; /* starts with a V line, so an `end` line must come */
	bool closed;	   /* the last record was an `end` line */
	bool ended;	   /* one that ends the trace, not a phase of it */
	uint64_t records, ops;
	char error[TRACE_MAX_ERROR]; /* "FILE:LINE: what; what to do" after a call that returned -1 */
};

/* Starts reading @in; @name is only used in messages and must live as long as the reader. */
void trace_reader_init(struct trace_reader *r, FILE *in, const char *name);

/* Frees the reader's memory. The file stays open. */
void trace_reader_free(struct trace_reader *r);

/* The next record into @line. Returns 1, or 0 at the proper end of the trace, or -1: r->error says why. */
int trace_reader_next(struct trace_reader *r, struct trace_line *line);

/* Writes "FILE:LINE: ..." into r->error and returns -1. */
__attribute__((format(printf, 2, 3))) int trace_reader_fail(struct trace_reader *r, const char *format, ...);

/* Cuts @text (changed in place) into @line's words and finds its kind. 0, or -1 when it is no record: *@why says why not. */
int trace_split(char *text, struct trace_line *line, const char **why);

/* The columns of an op or do line. */
void trace_op_of(const struct trace_line *line, struct trace_op *op);

/* The value of word NAME=VALUE at or after word @first, or NULL. */
const char *trace_field(const struct trace_line *line, size_t first, const char *name);

/* The record's first word ("op"). */
const char *trace_kind_name(enum trace_kind kind);

/* @text as a whole number of base @base ("0x" allowed for 16; a minus sign is not). */
bool trace_number(const char *text, int base, uint64_t *out);

#endif
