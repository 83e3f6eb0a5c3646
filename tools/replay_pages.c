// SPDX-License-Identifier: MIT
/*
 * Early mappings and the helpers that work on whole pages: their operations, and the records that go with them: bt (the
 * slots of early_ioremap), content and fill (what pages hold).
 *
 * Every page of a trace starts with a pattern of its own, so that a helper that worked on the wrong page, or on a part of the
 * right one, shows in the sum.
 */

#include "replay_internal.h"

#include <string.h>

/* ---- early mappings ---- */

static void op_early_ioremap(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_va_error(fxm_early_ioremap(cpu, a->phys, a->size));
}

static void op_early_memremap(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_va_error(fxm_early_memremap(cpu, a->phys, a->size));
}

static void op_early_memremap_ro(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_va_error(fxm_early_memremap_ro(cpu, a->phys, a->size));
}

static void op_early_iounmap(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_early_iounmap(cpu, a->va, a->size);
}

static void op_bt_ioremap(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_va_error(fxm_bt_ioremap(cpu, a->phys, a->size));
}

static void op_bt_iounmap(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_bt_iounmap(cpu, a->va, a->size);
}

static void op_early_leak(struct fxm_vcpu *cpu, struct replay_action *a)
{
	int ret = fxm_check_early_ioremap_leak(cpu);

	a->error = ret < 0 ? ret : 0;
}

/* ---- helpers ---- */

static uint32_t arg32(const struct replay_action *a, unsigned i)
{
	return (uint32_t)a->arg[i];
}

static void op_clear_highpage(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_clear_highpage(cpu, a->page);
}

static void op_clear_user_highpage(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_clear_user_highpage(cpu, a->page, a->arg[0]);
}

static void op_memclear(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_memclear_highpage_flush(cpu, a->page, arg32(a, 0), arg32(a, 1));
}

static void op_copy_highpage(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_copy_highpage(cpu, a->page, a->source);
}

static void op_copy_user_highpage(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_copy_user_highpage(cpu, a->page, a->source, a->arg[0]);
}

static void op_zero_user_segments(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_zero_user_segments(cpu, a->page, arg32(a, 0), arg32(a, 1), arg32(a, 2), arg32(a, 3));
}

static void op_zero_user_segment(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_zero_user_segment(cpu, a->page, arg32(a, 0), arg32(a, 1));
}

static void op_zero_user(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_zero_user(cpu, a->page, arg32(a, 0), arg32(a, 1));
}

static void op_memcpy_page(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_memcpy_page(cpu, a->page, a->arg[0], a->source, a->arg[1], a->arg[2]);
}

static void op_memzero_page(struct fxm_vcpu *cpu, struct replay_action *a)
{
	a->error = fxm_memzero_page(cpu, a->page, a->arg[0], a->arg[1]);
}

/* An operation of this file, and the fields that are its arguments in their order. */
struct page_kind {
	struct replay_op_kind kind;
	const char *args[REPLAY_MAX_ARGS + 1];
};

static const struct page_kind page_kinds[] = {
    {{"early_ioremap", OP_PHYS | OP_SIZE, op_early_ioremap}, {NULL}},
    {{"early_memremap", OP_PHYS | OP_SIZE, op_early_memremap}, {NULL}},
    {{"early_memremap_ro", OP_PHYS | OP_SIZE, op_early_memremap_ro}, {NULL}},
    {{"early_iounmap", OP_ADDRESS | OP_SIZE, op_early_iounmap}, {NULL}},
    {{"early_memunmap", OP_ADDRESS | OP_SIZE, op_early_iounmap}, {NULL}},
    {{"bt_ioremap", OP_PHYS | OP_SIZE, op_bt_ioremap}, {NULL}},
    {{"bt_iounmap", OP_ADDRESS | OP_SIZE, op_bt_iounmap}, {NULL}},
    {{"check_early_ioremap_leak", 0, op_early_leak}, {NULL}},
    {{"clear_highpage", OP_PAGE | OP_HELPER, op_clear_highpage}, {NULL}},
    {{"clear_user_highpage", OP_PAGE | OP_HELPER, op_clear_user_highpage}, {"uaddr"}},
    {{"memclear_highpage_flush", OP_PAGE | OP_HELPER, op_memclear}, {"off", "size"}},
    {{"copy_highpage", OP_PAGE | OP_SOURCE | OP_HELPER, op_copy_highpage}, {NULL}},
    {{"copy_user_highpage", OP_PAGE | OP_SOURCE | OP_HELPER, op_copy_user_highpage}, {"uaddr"}},
    {{"zero_user_segments", OP_PAGE | OP_HELPER, op_zero_user_segments}, {"s1", "e1", "s2", "e2"}},
    {{"zero_user_segment", OP_PAGE | OP_HELPER, op_zero_user_segment}, {"s1", "e1"}},
    {{"zero_user", OP_PAGE | OP_HELPER, op_zero_user}, {"off", "size"}},
    {{"memcpy_page", OP_PAGE | OP_SOURCE | OP_HELPER, op_memcpy_page}, {"off", "src_off", "len"}},
    {{"memzero_page", OP_PAGE | OP_HELPER, op_memzero_page}, {"off", "len"}},
};

const struct replay_op_kind *replay_page_op_named(const char *name)
{
	for (size_t i = 0; i < sizeof(page_kinds) / sizeof(page_kinds[0]); i++)
		if (!strcmp(page_kinds[i].kind.name, name))
			return &page_kinds[i].kind;
	return NULL;
}

/* ---- what they take from the line ---- */

static int read_number(struct replay *rp, const struct trace_op *op, const char *field, int base, uint64_t *out)
{
	const char *text = trace_field(&rp->line, op->field, field);

	if (text && trace_number(text, base, out))
		return 0;
	return trace_reader_fail(&rp->reader, "%s wants %s=NUMBER, %s", op->name, field, base == 16 ? "in hex" : "decimal");
}

static int read_source(struct replay *rp, const struct trace_op *op, struct replay_action *a)
{
	const char *name = trace_field(&rp->line, op->field, "src");
	struct replay_page *page = name ? replay_page_named(rp, name) : NULL;

	if (!page)
		return trace_reader_fail(&rp->reader, "%s wants src=PAGE, a page that was declared before", op->name);
	a->source = page->page;
	return 0;
}

int replay_read_page_args(struct replay *rp, const struct trace_op *op, struct replay_action *a)
{
	const struct page_kind *kind = (const struct page_kind *)a->kind; /* its first member */
	unsigned flags = a->kind->flags;
	int ret = 0;

	rp->has_helpers |= (flags & OP_HELPER) != 0;
	if (flags & OP_SIZE)
		ret = read_number(rp, op, "size", 16, &a->size);
	if (!ret && (flags & OP_SOURCE))
		ret = read_source(rp, op, a);
	for (unsigned i = 0; !ret && (flags & OP_HELPER) && kind->args[i]; i++)
		ret = read_number(rp, op, kind->args[i], strcmp(kind->args[i], "uaddr") ? 10 : 16, &a->arg[i]);
	return ret;
}

/* ---- boot phases and slots ---- */

int replay_set_phase(struct replay *rp, const char *text)
{
	static const struct {
		const char *name;
		enum fxm_boot_phase phase;
	} phases[] = {
	    {"early", FXM_PHASE_EARLY},
	    {"reset", FXM_PHASE_RESET},
	    {"late", FXM_PHASE_RESET},
	    {"running", FXM_PHASE_RUNNING},
	    {"running-unreset", FXM_PHASE_RUNNING_UNRESET},
	};
	size_t n = strcspn(text, ":");

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
		if (strlen(phases[i].name) == n && !strncmp(phases[i].name, text, n)) {
			fxm_boot_phase_set(rp->machine, phases[i].phase);
			rp->lines.used = 0;
			return 0;
		}
	return trace_reader_fail(&rp->reader, "phase=%.20s is no boot phase; write early, reset or running", text);
}

static bool is_busy(const struct replay *rp, const struct fxm_early_slot *slot)
{
	return rp->bt_has_prev_map ? slot->prev_map.v != 0 : slot->ptes_set != 0;
}

static int bad_bt(struct replay *rp)
{
	return trace_reader_fail(&rp->reader,
				 "a bt record is \"bt slot=N [prev_map=ADDRESS prev_size=SIZE] ptes=COUNT firstpte=HEX\"");
}

static int check_bt_field(struct replay *rp, const char *field, int base, uint64_t got)
{
	const char *text = trace_field(&rp->line, 1, field);
	uint64_t want;

	if (!text)
		return 0;
	if (!trace_number(text, base, &want))
		return bad_bt(rp);
	if (want != got && base == 16)
		replay_differ_hex(rp, field, want, got);
	else if (want != got)
		replay_differ_count(rp, field, want, got);
	return 0;
}

int replay_check_bt(struct replay *rp)
{
	const char *text = trace_field(&rp->line, 1, "slot");
	struct fxm_early_slot slot;
	uint64_t n;

	if (!text || !trace_number(text, 10, &n))
		return bad_bt(rp);
	if (fxm_early_slot_at(rp->machine, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n, &slot)) {
		replay_differ(rp, "slot", text, "nothing");
		return 0;
	}
	rp->bts++;
	rp->bt_has_prev_map = trace_field(&rp->line, 1, "prev_map");
	if (check_bt_field(rp, "prev_map", 16, slot.prev_map.v) || check_bt_field(rp, "prev_size", 16, slot.size) ||
	    check_bt_field(rp, "ptes", 10, slot.ptes_set) || check_bt_field(rp, "firstpte", 16, slot.first_pte.v))
		return -1;
	return 0;
}

void replay_end_bt(struct replay *rp)
{
	struct fxm_early_slot slot;
	uint64_t busy = 0;

	for (uint32_t i = 0; rp->bts && !fxm_early_slot_at(rp->machine, i, &slot); i++)
		busy += is_busy(rp, &slot);
	if (busy != rp->bts)
		replay_differ_count(rp, "occupied slots (before this line)", rp->bts, busy);
	rp->bts = 0;
}

/* ---- contents ---- */

void replay_write_pattern(struct replay *rp, const struct replay_page *page, unsigned family, size_t n)
{
	uint32_t tag = (uint32_t)n + (family ? REPLAY_LOWMEM_TAG : 0);
	unsigned char *frame = fxm_frame(rp->machine, page->pfn);

	for (uint32_t i = 0; i < FXM_PAGE_SIZE; i++)
		frame[i] = (unsigned char)(i * 7 + tag * 13);
	memcpy(frame + REPLAY_TAG_OFFSET, &tag, sizeof(tag));
}

static int check_sum(struct replay *rp, const struct replay_page *page)
{
	const char *text = trace_field(&rp->line, 2, "sum");
	uint64_t want;

	if (!text || !trace_number(text, 16, &want))
		return trace_reader_fail(&rp->reader, "a %s record is \"%s PAGE sum=HEX\"", rp->line.word[0], rp->line.word[0]);
	if (want != fxm_page_sum(rp->machine, page->page))
		replay_differ_hex(rp, "sum", want, fxm_page_sum(rp->machine, page->page));
	return 0;
}

/* content PAGE sum=: checked. fill PAGE sum=: the pattern again, then checked. */
int replay_do_content(struct replay *rp)
{
	const char *name = rp->line.word[1];
	struct replay_page *page = replay_page_named(rp, name);
	unsigned family;
	size_t n;

	if (!page || !replay_page_name(name, &family, &n))
		return trace_reader_fail(&rp->reader, "no page \"%.20s\"; declare it before with a line \"page %.20s\"", name,
					 name);
	rp->contents_unknown = false;
	if (rp->line.kind == TRACE_FILL)
		replay_write_pattern(rp, page, family, n);
	return check_sum(rp, page);
}
