/* SPDX-License-Identifier: MIT */

/*
 * The expressions of profiles: a recursive-descent evaluator of C's integer operators over uint64_t.
 *
 * Invariants: while struct parser.dead is non-zero nothing is looked up and nothing can be divided by zero, so the branch
 * not taken needs only to be well-formed. Depth is bounded, so hostile text cannot exhaust the stack.
 */

#include "base.h"
#include "expr.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 48

struct parser {
	const char *text; /* for messages */
	const char *at;
	unsigned dead; /* > 0 inside a branch that is not taken */
	unsigned depth;
	const struct fxmi_scope *scope;
	struct fxmi_error *error;
	bool failed;
};

static uint64_t ternary(struct parser *p);

/* Fails once; the rest of the parse yields zeros. */
static uint64_t fail(struct parser *p, const char *what)
{
	if (!p->failed) {
		int column = (int)(p->at - p->text) + 1;
		fxmi_error_set(p->error, "%s at character %d of \"%s\"", what, column, p->text);
	}
	p->failed = true;
	return 0;
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
		p->at++;
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool accept(struct parser *p, char c)
{
	skip_blanks(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

static void expect(struct parser *p, char c)
{
	if (!accept(p, c)) {
		char what[] = "'x' is missing";
		what[1] = c;
		fail(p, what);
	}
}

static size_t scan_name(struct parser *p)
{
	skip_blanks(p);
	size_t len = 0;
	if (is_name_start(*p->at))
		while (is_name_start(p->at[len]) || is_digit(p->at[len]))
			len++;
	return len;
}

static uint64_t number(struct parser *p)
{
	char *end;
	int saved = errno;
	errno = 0;
	uint64_t value = strtoull(p->at, &end, 0);
	bool too_large = errno == ERANGE;
	errno = saved;
	if (too_large)
		return fail(p, "a number beyond 64 bits");
	p->at = end;
	while (*p->at == 'U' || *p->at == 'u' || *p->at == 'L' || *p->at == 'l')
		p->at++;
	if (is_name_start(*p->at) || is_digit(*p->at))
		return fail(p, "a digit that does not belong there");
	return value;
}

static uint64_t value_of(struct parser *p, const char *name, size_t len)
{
	uint64_t value = 0;
	if (p->dead || p->failed)
		return 0;
	int err = p->scope->lookup(p->scope->ctx, name, len, &value, p->error);
	if (err == -ENOENT)
		fxmi_error_set(p->error, "unknown name %.*s in \"%s\"", (int)len, name, p->text);
	if (err)
		p->failed = true;
	return err ? 0 : value;
}

/* min(a, b), max(a, b) */
static uint64_t choose(struct parser *p, bool largest)
{
	expect(p, '(');
	uint64_t a = ternary(p);
	expect(p, ',');
	uint64_t b = ternary(p);
	expect(p, ')');
	return (a > b) == largest ? a : b;
}

static uint64_t is_enabled(struct parser *p)
{
	expect(p, '(');
	size_t len = scan_name(p);
	const char *name = p->at;
	if (!len)
		return fail(p, "a CONFIG_ name is missing");
	p->at += len;
	expect(p, ')');
	return value_of(p, name, len) != 0;
}

static uint64_t name_or_call(struct parser *p)
{
	static const char functions[][12] = {"IS_ENABLED", "min", "max"};
	const char *name = p->at;
	size_t len = scan_name(p);
	p->at += len;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strlen(functions[i]) == len && !memcmp(functions[i], name, len))
			return i == 0 ? is_enabled(p) : choose(p, i == 2);
	return value_of(p, name, len);
}

static uint64_t primary(struct parser *p)
{
	skip_blanks(p);
	if (is_digit(*p->at))
		return number(p);
	if (is_name_start(*p->at))
		return name_or_call(p);
	if (!accept(p, '('))
		return fail(p, *p->at ? "a number or name is missing" : "the expression ends too early");
	uint64_t value = ternary(p);
	expect(p, ')');
	return value;
}

static uint64_t unary(struct parser *p)
{
	skip_blanks(p);
	if (p->depth >= MAX_DEPTH)
		return fail(p, "nested too deep");
	p->depth++;
	uint64_t value;
	if (*p->at == '!' && p->at[1] != '=')
		p->at++, value = !unary(p);
	else if (accept(p, '-'))
		value = -unary(p);
	else if (accept(p, '~'))
		value = ~unary(p);
	else
		value = primary(p);
	p->depth--;
	return value;
}

enum op { OR_OR, AND_AND, OR, XOR, AND, EQ, NE, LE, GE, SHL, SHR, LT, GT, ADD, SUB, MUL, DIV, MOD, NO_OP };

/* Longest spellings first; the level is C's precedence, 1 binds least. */
static const struct {
	const char spelling[3];
	unsigned char level;
} ops[NO_OP] = {
	[OR_OR] = {"||", 1}, [AND_AND] = {"&&", 2}, [OR] = {"|", 3},  [XOR] = {"^", 4},  [AND] = {"&", 5},	[EQ] = {"==", 6},
	[NE] = {"!=", 6},	 [LE] = {"<=", 7},	[GE] = {">=", 7}, [SHL] = {"<<", 8}, [SHR] = {">>", 8}, [LT] = {"<", 7},
	[GT] = {">", 7},	 [ADD] = {"+", 9},	[SUB] = {"-", 9}, [MUL] = {"*", 10}, [DIV] = {"/", 10}, [MOD] = {"%", 10},
};

static enum op peek_op(struct parser *p)
{
	skip_blanks(p);
	for (enum op op = 0; op < NO_OP; op++)
		if (!strncmp(p->at, ops[op].spelling, strlen(ops[op].spelling)))
			return op;
	return NO_OP;
}

static uint64_t divide(struct parser *p, enum op op, uint64_t a, uint64_t b)
{
	if (p->dead || p->failed)
		return 0;
	if (!b)
		return fail(p, "a division by zero");
	return op == DIV ? a / b : a % b;
}

static uint64_t apply(struct parser *p, enum op op, uint64_t a, uint64_t b)
{
	switch (op) {
	case OR_OR:
		return a || b;
	case AND_AND:
		return a && b;
	case OR:
		return a | b;
	case XOR:
		return a ^ b;
	case AND:
		return a & b;
	case EQ:
		return a == b;
	case NE:
		return a != b;
	case LE:
		return a <= b;
	case GE:
		return a >= b;
	case LT:
		return a < b;
	case GT:
		return a > b;
	case SHL:
		return b < 64 ? a << b : 0;
	case SHR:
		return b < 64 ? a >> b : 0;
	case ADD:
		return a + b;
	case SUB:
		return a - b;
	case MUL:
		return a * b;
	default:
		return divide(p, op, a, b);
	}
}

static uint64_t binary(struct parser *p, unsigned level)
{
	uint64_t a = unary(p);
	for (enum op op = peek_op(p); op != NO_OP && ops[op].level >= level && !p->failed; op = peek_op(p)) {
		bool decided = (op == OR_OR && a) || (op == AND_AND && !a);
		p->at += strlen(ops[op].spelling);
		p->dead += decided;
		uint64_t b = binary(p, ops[op].level + 1);
		p->dead -= decided;
		a = apply(p, op, a, b);
	}
	return a;
}

static uint64_t branch(struct parser *p, bool taken)
{
	p->dead += !taken;
	uint64_t value = ternary(p);
	p->dead -= !taken;
	return value;
}

static uint64_t ternary(struct parser *p)
{
	if (p->depth >= MAX_DEPTH)
		return fail(p, "nested too deep");
	p->depth++;
	uint64_t value = binary(p, 1);
	if (accept(p, '?')) {
		bool condition = value != 0;
		uint64_t then_value = branch(p, condition);
		expect(p, ':');
		uint64_t else_value = branch(p, !condition);
		value = condition ? then_value : else_value;
	}
	p->depth--;
	return value;
}

int fxmi_expr_eval(const char *text, const struct fxmi_scope *scope, uint64_t *value, struct fxmi_error *error)
{
	struct parser p = {.text = text, .at = text, .scope = scope, .error = error};
	uint64_t result = ternary(&p);
	skip_blanks(&p);
	if (!p.failed && *p.at)
		fail(&p, "something is left over");
	if (p.failed)
		return -EINVAL;
	*value = result;
	return 0;
}
