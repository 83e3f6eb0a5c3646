// SPDX-License-Identifier: MIT
/*
 * Comparing what the library did with what the recording says, word by word and field by field.
 *
 * A field that the record does not have is not compared. A field that the library's line does not have is a difference. The
 * two families of recordings read tags differently (doc/trace-format.md, "Dialects"); that is decided here and nowhere else.
 */

#include "replay_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

const char *replay_first_line(const struct replay_lines *lines)
{
	return lines->used ? lines->text : NULL;
}

const char *replay_next_line(const struct replay_lines *lines, const char *line)
{
	const char *next = line + strlen(line) + 1;

	return next < lines->text + lines->used ? next : NULL;
}

const char *replay_line_of_kind(const struct replay_lines *lines, const char *kind)
{
	size_t n = strlen(kind);

	for (const char *l = replay_first_line(lines); l; l = replay_next_line(lines, l))
		if (!strncmp(l, kind, n) && l[n] == ' ')
			return l;
	return NULL;
}

bool replay_add_line(struct replay_lines *lines, const char *text)
{
	size_t n = strlen(text) + 1;

	if (lines->size - lines->used < n) {
		size_t size = (lines->size + n) * 2;
		char *bigger = realloc(lines->text, size);

		if (!bigger)
			return false;
		lines->text = bigger;
		lines->size = size;
	}
	memcpy(lines->text + lines->used, text, n);
	lines->used += n;
	return true;
}

/* ---- values ---- */

static int base_of(const char *field)
{
	static const char *const hex[] = {"pte", "pa", "pfn", "addr", "code"};

	for (size_t i = 0; i < sizeof(hex) / sizeof(hex[0]); i++)
		if (!strcmp(hex[i], field))
			return 16;
	return 10;
}

/* Equal as text, or as numbers: 0x163 is 163 where hex is meant. */
static bool same_value(const char *a, const char *b, int base)
{
	uint64_t x, y;

	if (!strcmp(a, b))
		return true;
	return trace_number(a, base, &x) && trace_number(b, base, &y) && x == y;
}

/* No tag is written "-" or "-1". */
static const char *tag_value(const char *tag)
{
	return strcmp(tag, "-1") ? tag : "-";
}

static bool is_held(const struct replay *rp, fxm_va va)
{
	return !rp->held || rp->held[(va.v >> FXM_PAGE_SHIFT) & 0xfffff];
}

static bool is_in_pkmap(const struct replay *rp, fxm_va va)
{
	uint64_t base = fxm_layout_get(rp->layout, "PKMAP_BASE");

	return va.v - base < fxm_layout_get(rp->layout, "LAST_PKMAP") << FXM_PAGE_SHIFT;
}

/* The recorder on a booted kernel dared to read only what the script had mapped and not unmapped. */
static bool recorder_could_not_read(const struct replay *rp, const struct replay_action *a)
{
	if (rp->dialect != REPLAY_BOOTED || !a)
		return false;
	if (a->kind->flags & OP_UNMAPS)
		return true;
	return (a->kind->flags & OP_LOOKS) && (a->kind->flags & OP_ADDRESS) && !is_in_pkmap(rp, a->va) && !is_held(rp, a->va);
}

/* What the tag of a page whose contents a helper changed means in a hosted recording: the page, whatever it holds. */
static void tag_of_mapping(struct replay *rp, const struct replay_action *a, char *frame_tag, size_t size)
{
	struct fxm_walk walk;

	fxm_walk(rp->machine, a->result.v ? a->result : a->va, &walk);
	if (walk.mapped)
		snprintf(frame_tag, size, "%ld", replay_tag_of_frame(rp, walk.pa.v >> FXM_PAGE_SHIFT));
}

/*
 * Whether a load reads @want by a translation that the page tables do not have any more, and the CPU's TLB still has: hardware
 * keeps such an entry or loses it as it likes, and recordings of the same code show both.
 */
static bool is_stale_tag(struct replay *rp, const char *want, const struct replay_action *a)
{
	char tag[24];
	fxm_pa pa;

	if (rp->dialect != REPLAY_BOOTED || !a || !a->cpu || !fxm_tlb_lookup(a->cpu, a->result.v ? a->result : a->va, &pa))
		return false;
	snprintf(tag, sizeof(tag), "%ld", replay_tag_of_frame(rp, pa.v >> FXM_PAGE_SHIFT));
	return !strcmp(want, tag);
}

static void compare_tag(struct replay *rp, const char *want, const char *got, const struct replay_action *a)
{
	char word[16], frame_tag[24] = "";

	if (rp->dialect == REPLAY_BOOTED && a && (a->kind->flags & OP_FIX) && !strcmp(tag_value(want), "-"))
		return; /* the recorder set device memory, and did not read it */
	want = tag_value(want);
	got = recorder_could_not_read(rp, a) ? "-" : tag_value(got);
	if (strcmp(want, got) && is_stale_tag(rp, want, a))
		return;
	if (strcmp(want, got) && rp->dialect == REPLAY_HOSTED && rp->has_helpers && a)
		tag_of_mapping(rp, a, frame_tag, sizeof(frame_tag));
	if (!strcmp(want, frame_tag))
		want = got;
	if (strcmp(want, got))
		replay_differ(rp, "tag", want, got);
	if (!a || !a->was_read)
		return;
	snprintf(word, sizeof(word), "%u", (unsigned)a->tag_read);
	if (strcmp(want, word))
		replay_differ(rp, "tag, read through the pointer", want, word);
}

/* prot=NAME:HEX. The name cannot be told from the value: that it stands for it was checked when the line was read. */
static bool same_prot(const char *want, const char *got)
{
	const char *w = strrchr(want, ':'), *g = strrchr(got, ':');

	return !w || !g || same_value(w + 1, g + 1, 16);
}

/* Several enumerators can have one value; any of them will do. An index that no enumerator has is called as one likes. */
static bool same_name(const struct replay *rp, const char *want, const char *got, const struct replay_action *a)
{
	if (!strcmp(want, got) || (!strcmp(got, "-") && !strcmp(want, "__end_of_fixed_addresses")))
		return true;
	return strcmp(want, "-") && a && fxm_fixed_index(rp->layout, want) == (int)a->fix;
}

/* phys=P1 means P1's address. */
static bool same_phys(struct replay *rp, const char *want, const char *got)
{
	struct replay_page *page = replay_page_named(rp, want);
	uint64_t v;

	return page ? trace_number(got, 16, &v) && v == page->pfn << FXM_PAGE_SHIFT : same_value(want, got, 16);
}

/* Whether the recording's value means nothing here. */
static bool is_not_compared(const struct replay *rp, const char *field, const char *want, const struct trace_op *op)
{
	if (!strcmp(field, "pte") && !strcmp(want, "-"))
		return true; /* lowmem was not modelled */
	if (!strcmp(field, "pte") && op && rp->dialect == REPLAY_BOOTED && rp->is_arm && !strcmp(op->address, "00000000"))
		return true; /* no address: the recorder looked up some other one */
	if (!strcmp(field, "pte") && !strcmp(want, "dead"))
		return true; /* the recorder could not reach it */
	if (!strcmp(field, "code") && rp->dialect == REPLAY_HOSTED && rp->is_arm)
		return true; /* the harness wrote x86's */
	if (op && !strcmp(field, "size") && (!strcmp(op->name, "read") || !strcmp(op->name, "write")))
		return true; /* how much the recorder accessed */
	if (rp->contents_unknown && !strncmp(field, "sum", 3))
		return true;
	return rp->dialect == REPLAY_BOOTED && rp->woken_together > 1 && !strcmp(field, "last") && op &&
	       !strcmp(op->name, "kmap-return");
}

/* The recorder interrupted itself, by a cross call, or an idle CPU: both have preemption disabled, which pc= shows. */
static bool is_recorders_pc(const struct replay *rp, const char *field, const struct trace_op *op)
{
	const char *counts;

	if (rp->dialect != REPLAY_BOOTED || !op || strcmp(field, "pc") || strcmp(op->context, "irq"))
		return false;
	counts = fxm_config_get(rp->config, "PREEMPT_COUNT");
	return counts && !strcmp(counts, "1");
}

static bool same_pc(const char *want, const char *got)
{
	uint64_t w, g;

	return trace_number(want, 10, &w) && trace_number(got, 10, &g) && w == g + 1;
}

/* match=1: the page computed is the one in ARG, which the script believed to be mapped there. */
static const char *match_value(struct replay *rp, const struct trace_line *ours, const struct trace_op *op)
{
	struct replay_page *page = replay_page_named(rp, op->arg);
	const char *pfn_text = trace_field(ours, 1, "pfn");
	uint64_t pfn;

	return page && pfn_text && trace_number(pfn_text, 16, &pfn) && pfn == page->pfn ? "1" : "0";
}

/* value= of an access is what it read; of virt_to_fix() what it returned. */
void replay_compare_access(struct replay *rp, const struct trace_op *op, const struct replay_action *a)
{
	const char *want = trace_field(&rp->line, op->field, "value");
	char word[16];

	if (!want || !a->was_read)
		return;
	snprintf(word, sizeof(word), "%u", (unsigned)a->tag_read);
	if (strcmp(want, word) && !is_stale_tag(rp, want, a))
		replay_differ(rp, "value", want, word);
}

static bool same_field(struct replay *rp, const char *field, const char *want, const char *got, const struct replay_action *a)
{
	if (!strcmp(field, "prot"))
		return same_prot(want, got);
	if (!strcmp(field, "name"))
		return same_name(rp, want, got, a);
	if (!strcmp(field, "phys"))
		return same_phys(rp, want, got);
	if (!strcmp(field, "size") && a && (a->kind->flags & OP_SIZE))
		return same_value(want, got, 16);
	return same_value(want, got, base_of(field));
}

static void compare_field(struct replay *rp, const char *word, const struct trace_line *ours, size_t first,
			  const struct trace_op *op, const struct replay_action *a)
{
	const char *want = strchr(word, '=') + 1;
	char field[32], sum[16];
	const char *got;

	snprintf(field, sizeof(field), "%.*s", (int)(want - 1 - word), word);
	if (is_not_compared(rp, field, want, op))
		return;
	got = trace_field(ours, first, field);
	if (op && !strcmp(field, "value"))
		got = trace_field(ours, first, "fix");
	if (got && op && !strcmp(field, "match"))
		got = match_value(rp, ours, op);
	if (!got && !strcmp(field, "sum2") && rp->first_mapped) {
		snprintf(sum, sizeof(sum), "%08" PRIx32, fxm_page_sum(rp->machine, rp->first_mapped));
		got = sum;
	}
	if (!got)
		replay_differ(rp, field, want, "nothing");
	else if (!strcmp(field, "tag"))
		compare_tag(rp, want, got, a);
	else if (is_recorders_pc(rp, field, op) ? same_pc(want, got) : same_field(rp, field, want, got, a))
		return;
	else
		replay_differ(rp, field, want, got);
}

static void compare_word(struct replay *rp, const char *field, const char *want, const char *got)
{
	if (strcmp(want, got))
		replay_differ(rp, field, want, got);
}

/* The suffix is a protection's name, of which several may be the same: PAGE_KERNEL_RO is PAGE_KERNEL on arm. pte= tells. */
static bool is_same_operation(const struct replay_action *a, const char *want, const char *got)
{
	size_t n = strcspn(want, ":");

	return (a->kind->flags & OP_PROT) && n == strcspn(got, ":") && !strncmp(want, got, n);
}

/* The columns. ARG of an operation on an address is what the script believed to be there. "-" means "any" in a script. */
static void compare_columns(struct replay *rp, const struct trace_op *want, const struct trace_op *got,
			    const struct replay_action *a)
{
	bool is_script = rp->dialect == REPLAY_SCRIPT;
	bool entered = is_script && !strcmp(want->name, "kmap") && !strcmp(got->name, "kmap-enter");

	compare_word(rp, "CPU", want->cpu, got->cpu);
	compare_word(rp, "THREAD", want->thread, got->thread);
	compare_word(rp, "CTX", want->context, got->context);
	if (!entered && !(a && is_same_operation(a, want->name, got->name)))
		compare_word(rp, "operation", want->name, got->name);
	if (!(is_script && !strcmp(want->arg, "-")) && !(a && (a->kind->flags & OP_ADDRESS)))
		compare_word(rp, "ARG", want->arg, got->arg);
	bool is_void = rp->line.kind == TRACE_DO && rp->dialect == REPLAY_BOOTED && !strcmp(want->address, "00000000");
	if (strcmp(want->address, "-") && !is_void && !same_value(want->address, got->address, 16))
		replay_differ(rp, "RET", want->address, got->address);
}

static void compare_op(struct replay *rp, const struct trace_line *ours, const struct replay_action *a)
{
	struct trace_op want, got;

	trace_op_of(&rp->line, &want);
	trace_op_of(ours, &got);
	compare_columns(rp, &want, &got, a);
	for (size_t i = want.field; i < rp->line.nwords; i++)
		compare_field(rp, rp->line.word[i], ours, got.field, &want, a);
}

/* ev thread NAME state=D [again=1] last= tlb= */
static void compare_ev(struct replay *rp, const struct trace_line *ours)
{
	const char *again = trace_field(&rp->line, 3, "again"), *really = trace_field(ours, 3, "again");

	if (rp->dialect != REPLAY_BOOTED)
		compare_word(rp, "again", again ? again : "0", really ? really : "0");
	for (size_t i = 3; i < rp->line.nwords; i++)
		if (strchr(rp->line.word[i], '=') && strncmp(rp->line.word[i], "again=", 6))
			compare_field(rp, rp->line.word[i], ours, 3, NULL, NULL);
}

/* Filling in a script is finding out how it ends. */
static bool is_new_to_script(const struct replay *rp)
{
	return rp->dialect == REPLAY_SCRIPT && rp->opt.fill;
}

char *replay_keep(struct replay *rp, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		rp->out_of_memory = true;
	return copy;
}

void replay_compare(struct replay *rp, const char *text, const struct replay_action *a)
{
	struct trace_line ours;
	const char *why;
	char *copy = replay_keep(rp, text);

	if (!copy)
		return;
	if (trace_split(copy, &ours, &why))
		replay_differ(rp, "line", "a record", text);
	else if (ours.kind == TRACE_EV)
		compare_ev(rp, &ours);
	else if (ours.kind != rp->line.kind && rp->line.kind == TRACE_OP && !is_new_to_script(rp))
		replay_differ(rp, "outcome", "the operation returns", rp->report[0] ? rp->report : "the task ended");
	else
		compare_op(rp, &ours, a);
	free(copy);
}

/* ---- reports ---- */

/* FILE:LINE is compared where the library knows it; an oops has NAME=VALUE words. */
static void compare_report(struct replay *rp, const char *want, const char *got)
{
	char *w = replay_keep(rp, want), *g = replay_keep(rp, got);
	struct trace_line wl, gl;
	const char *why;

	if (!w || !g) {
		/* told at the end of the line */
	} else if (trace_split(w, &wl, &why) || trace_split(g, &gl, &why) || strcmp(wl.word[1], gl.word[1])) {
		replay_differ(rp, "expect", want + strlen("expect "), got + strlen("expect "));
	} else {
		for (size_t i = 2; i < wl.nwords; i++) {
			const char *eq = strchr(wl.word[i], '=');

			if (eq)
				compare_field(rp, wl.word[i], &gl, 2, NULL, NULL);
			else if (i < gl.nwords && strcmp(gl.word[i], "-"))
				compare_word(rp, "expect", wl.word[i], gl.word[i]);
		}
	}
	free(w);
	free(g);
}

/* The kernel prints one "sleeping function called..." per second: a recorder got to see the first one only. */
static bool was_limited(const struct replay *rp, const char *line)
{
	return rp->dialect == REPLAY_BOOTED && rp->has_slept_in_atomic && !strncmp(line, "expect sleeping ", 16);
}

static const char *next_expect(const struct replay *rp, const struct replay_lines *lines, const char *line)
{
	while (line && (strncmp(line, "expect ", 7) || was_limited(rp, line)))
		line = replay_next_line(lines, line);
	return line;
}

void replay_compare_reports(struct replay *rp)
{
	const char *want = replay_first_line(&rp->expects);
	const char *got = next_expect(rp, &rp->lines, replay_first_line(&rp->lines));

	while (rp->reports_count && (want || got)) {
		if (want && got)
			compare_report(rp, want, got);
		else
			replay_differ(rp, "expect", want ? want + 7 : "no report", got ? got + 7 : "no report");
		want = want ? replay_next_line(&rp->expects, want) : NULL;
		got = got ? next_expect(rp, &rp->lines, replay_next_line(&rp->lines, got)) : NULL;
	}
	for (want = replay_first_line(&rp->expects); want; want = replay_next_line(&rp->expects, want))
		rp->has_slept_in_atomic |= !strncmp(want, "expect sleeping ", 16);
	rp->expects.used = 0;
}
