// SPDX-License-Identifier: MIT
/*
 * Reading a trace: one record per line, words separated by blanks, the first word says what it is.
 *
 * Whatever comes in, a line is either a well-formed record or one message that names file and line. Only the shape is checked
 * here: enough words, NAME=VALUE where fields stand, text and not binary, a proper end. A recording (a file with a V line) must
 * end with an `end` line, and when that counts the operations the count must hold: this is how a cut file is noticed. A
 * hand-written script has no V line and ends where it ends.
 */

#include "trace_reader.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The shape of a record: words it has at least, and from which word on each must be NAME=VALUE (0: any text). */
struct shape {
	const char *name;
	enum trace_kind kind;
	size_t words;
	size_t fields;
};

static const struct shape shapes[] = {
    {"op", TRACE_OP, 8, 8},	    {"state", TRACE_STATE, 2, 1},     {"page", TRACE_PAGE, 2, 2},
    {"do", TRACE_DO, 7, 7},	    {"ev", TRACE_EV, 2, 0},	      {"mark", TRACE_MARK, 1, 0},
    {"expect", TRACE_EXPECT, 2, 0}, {"layout", TRACE_LAYOUT, 2, 1},   {"prot", TRACE_PROT, 2, 1},
    {"enum", TRACE_ENUM, 4, 4},	    {"fixpte", TRACE_FIXPTE, 4, 0},   {"fixpte_nopagetable_from", TRACE_FIXPTE_END, 2, 0},
    {"config", TRACE_CONFIG, 2, 1}, {"kmtype", TRACE_KMTYPE, 3, 0},   {"btslot", TRACE_BTSLOT, 3, 0},
    {"bt", TRACE_BT, 2, 1},	    {"content", TRACE_CONTENT, 3, 2}, {"fill", TRACE_FILL, 3, 2},
    {"rand", TRACE_RAND, 1, 0},	    {"rand3", TRACE_RAND, 1, 0},      {"machine", TRACE_MACHINE, 1, 1},
    {"V", TRACE_VERSION, 2, 2},	    {"end", TRACE_END, 2, 0},	      {"hw", TRACE_HW, 4, 3},
    {"linear", TRACE_LINEAR, 4, 2}, {"pmd", TRACE_PMD, 3, 3},	      {"pte", TRACE_PTE, 3, 3},
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static const struct shape *shape_named(const char *name)
{
	for (size_t i = 0; i < SHAPES; i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	return NULL;
}

const char *trace_kind_name(enum trace_kind kind)
{
	for (size_t i = 0; i < SHAPES; i++)
		if (shapes[i].kind == kind)
			return shapes[i].name;
	return "";
}

void trace_reader_init(struct trace_reader *r, FILE *in, const char *name)
{
	memset(r, 0, sizeof(*r));
	r->in = in;
	r->name = name;
}

void trace_reader_free(struct trace_reader *r)
{
	free(r->raw);
	free(r->split);
	r->raw = r->split = NULL;
}

int trace_reader_fail(struct trace_reader *r, const char *format, ...)
{
	va_list args;
	int n = snprintf(r->error, sizeof(r->error), "%s:%lu: ", r->name, r->number);

	if (n < 0 || (size_t)n >= sizeof(r->error))
		return -1;
	va_start(args, format);
	vsnprintf(r->error + n, sizeof(r->error) - (size_t)n, format, args);
	va_end(args);
	return -1;
}

/* Whether the bytes of a line are printable text. UTF-8 is let through: headings may hold it. */
static bool is_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static size_t cut_words(char *text, const char **word, size_t max)
{
	size_t n = 0;

	for (char *p = text; *p;) {
		while (*p == ' ' || *p == '\t')
			p++;
		if (!*p)
			break;
		if (n == max)
			return max + 1;
		word[n++] = p;
		while (*p && *p != ' ' && *p != '\t')
			p++;
		if (*p)
			*p++ = '\0';
	}
	return n;
}

static const char *misshapen(const struct shape *s, const struct trace_line *line)
{
	if (line->nwords < s->words)
		return "the line is too short: words are missing";
	for (size_t i = s->fields; s->fields && i < line->nwords; i++) {
		const char *eq = strchr(line->word[i], '=');

		if (!eq || eq == line->word[i])
			return "a word is not of the form NAME=VALUE";
	}
	return NULL;
}

int trace_split(char *text, struct trace_line *line, const char **why)
{
	const struct shape *s;

	line->nwords = cut_words(text, line->word, TRACE_MAX_WORDS);
	line->kind = TRACE_BLANK;
	if (line->nwords > TRACE_MAX_WORDS) {
		*why = "too many words";
		return -1;
	}
	if (!line->nwords || line->word[0][0] == '#')
		return 0;
	s = shape_named(line->word[0]);
	if (!s) {
		*why = "unknown record";
		return -1;
	}
	line->kind = s->kind;
	*why = misshapen(s, line);
	return *why ? -1 : 0;
}

void trace_op_of(const struct trace_line *line, struct trace_op *op)
{
	const char *const *w = line->word + 1;

	op->seq = line->kind == TRACE_OP ? *w++ : "-";
	op->cpu = w[0];
	op->thread = w[1];
	op->context = w[2];
	op->name = w[3];
	op->arg = w[4];
	op->address = w[5];
	op->field = (size_t)(w + 6 - line->word);
}

const char *trace_field(const struct trace_line *line, size_t first, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = first; i < line->nwords; i++)
		if (!strncmp(line->word[i], name, n) && line->word[i][n] == '=')
			return line->word[i] + n + 1;
	return NULL;
}

bool trace_number(const char *text, int base, uint64_t *out)
{
	char *end;

	if (!isalnum((unsigned char)text[0]))
		return false;
	errno = 0;
	*out = strtoull(text, &end, base);
	return !*end && !errno;
}

/* The bytes of the next line into r->raw, its end included; of a longer one than a trace has, as much as shows that. */
static size_t fill_raw(struct trace_reader *r)
{
	size_t n = 0;
	int c;

	flockfile(r->in);
	while (n < TRACE_MAX_LINE + 2 && (c = getc_unlocked(r->in)) != EOF) {
		r->raw[n++] = (char)c;
		if (c == '\n')
			break;
	}
	funlockfile(r->in);
	return n;
}

/* Reads one raw line without its end. 1, 0 at end of file, -1. */
static int read_raw(struct trace_reader *r, size_t *len)
{
	if (!r->raw)
		r->raw = malloc(TRACE_MAX_LINE + 3);
	if (!r->raw)
		return trace_reader_fail(r, "out of memory");
	errno = 0;
	size_t n = fill_raw(r);
	r->number++;
	if (ferror(r->in))
		return trace_reader_fail(r, "cannot read: %s", strerror(errno));
	if (!n) {
		r->number--;
		return 0;
	}
	if (n && r->raw[n - 1] == '\n')
		n--;
	else if (r->is_recording && strncmp(r->raw, "end ", 4))
		return trace_reader_fail(r, "the file is cut in the middle of a line; get the whole file");
	if (n && r->raw[n - 1] == '\r')
		n--;
	r->raw[n] = '\0';
	*len = n;
	if (*len > TRACE_MAX_LINE || !is_text(r->raw, *len))
		return trace_reader_fail(
		    r, "this is not a trace: %s; give a text file of trace records (unpack it first if compressed)",
		    *len > TRACE_MAX_LINE ? "the line is far too long" : "there are bytes that are no text");
	return 1;
}

static int at_end_of_file(struct trace_reader *r)
{
	if (!r->records)
		return trace_reader_fail(r, "the file is empty; give a trace or a script of operations");
	if (r->is_recording && !r->closed)
		return trace_reader_fail(r, "the trace is cut: no `end` line comes after this; get the whole file");
	return 0;
}

/* An `end` line closes the trace, except `end phase=...`, which closes a part of it. Both count the operations so far. */
static int see_end(struct trace_reader *r, const struct trace_line *line)
{
	const char *count = trace_field(line, 2, "ops");
	uint64_t n;

	r->closed = true;
	r->ended = strncmp(line->word[1], "phase=", 6) != 0;
	if (!count)
		return 1;
	if (!trace_number(count, 10, &n))
		return trace_reader_fail(r, "ops=%s is not a number", count);
	if (n != r->ops)
		return trace_reader_fail(r,
					 "the trace should have %s operations but has %llu: lines are missing; get the whole file",
					 count, (unsigned long long)r->ops);
	return 1;
}

int trace_reader_next(struct trace_reader *r, struct trace_line *line)
{
	const char *why = "";
	size_t len = 0;
	int ret = read_raw(r, &len);

	if (ret <= 0)
		return ret ? ret : at_end_of_file(r);
	if (!r->split && !(r->split = malloc(TRACE_MAX_LINE + 3)))
		return trace_reader_fail(r, "out of memory");
	memcpy(r->split, r->raw, len + 1);
	line->text = r->raw;
	line->number = r->number;
	if (trace_split(r->split, line, &why))
		return trace_reader_fail(r, "%s: \"%.60s\"; trace-format.md lists the records", why, r->raw);
	if (r->ended && line->kind != TRACE_BLANK)
		return trace_reader_fail(r, "a record after the `end` line; a file holds one trace");
	if (line->kind == TRACE_BLANK)
		return 1;
	r->records++;
	r->closed = false;
	if (line->kind == TRACE_VERSION)
		r->is_recording = true;
	if (line->kind == TRACE_OP)
		r->ops++;
	return line->kind == TRACE_END ? see_end(r, line) : 1;
}
