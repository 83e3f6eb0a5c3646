/* SPDX-License-Identifier: MIT */
/* A report as one line of JSON. What does not apply is left out. Addresses are strings: JSON's numbers lose bits. */
#include "base.h"
#include "report.h"
#include "state.h"

#include <dlfcn.h>
#include <inttypes.h>

struct json {
	struct fxmi_text text;
	bool has_member; /* of the innermost object or array */
};

#define put(j, ...) fxmi_text_add(&(j)->text, __VA_ARGS__)

static void string(struct json *j, const char *text)
{
	fxmi_text_add_json(&j->text, text);
}

static void open_with(struct json *j, const char *bracket)
{
	put(j, "%s", bracket);
	j->has_member = false;
}

static void close_with(struct json *j, const char *bracket)
{
	put(j, "%s", bracket);
	j->has_member = true;
}

static void next(struct json *j)
{
	put(j, "%s", j->has_member ? ", " : "");
	j->has_member = true;
}

static void key(struct json *j, const char *name)
{
	next(j);
	string(j, name);
	put(j, ": ");
}

static void text_member(struct json *j, const char *name, const char *text)
{
	if (!text)
		return;
	key(j, name);
	string(j, text);
}

static void number_member(struct json *j, const char *name, int64_t value)
{
	key(j, name);
	put(j, "%" PRId64, value);
}

static void hex_member(struct json *j, const char *name, uint64_t value)
{
	key(j, name);
	put(j, "\"0x%" PRIx64 "\"", value);
}

/* pc: within its object, which the loader puts somewhere else in every run. */
static void place_object(struct json *j, uintptr_t pc, bool is_access)
{
	struct fxmi_code_place place;
	Dl_info info;
	bool has_object = dladdr((void *)pc, &info) && info.dli_fname;
	const char *slash = has_object ? strrchr(info.dli_fname, '/') : NULL;

	fxmi_code_place(pc, is_access, &place);
	open_with(j, "{");
	hex_member(j, "pc", has_object ? place.pc - (uintptr_t)info.dli_fbase : place.pc);
	text_member(j, "object", slash ? slash + 1 : has_object ? info.dli_fname : NULL);
	text_member(j, "function", *place.function ? place.function : NULL);
	hex_member(j, "offset", place.offset);
	text_member(j, "file", *place.file ? place.file : NULL);
	if (place.line)
		number_member(j, "line", place.line);
	close_with(j, "}");
}

static void stack_member(struct json *j, const char *name, const struct fxm_stack *stack)
{
	if (!stack->depth)
		return;
	key(j, name);
	open_with(j, "[");
	for (unsigned i = 0; i < stack->depth; i++) {
		next(j);
		place_object(j, stack->pc[i], stack->is_access && !i);
	}
	close_with(j, "]");
}

static void notes_member(struct json *j, const struct fxm_report *r)
{
	if (!r->nr_notes)
		return;
	key(j, "notes");
	open_with(j, "[");
	for (unsigned i = 0; i < r->nr_notes; i++) {
		next(j);
		open_with(j, "{");
		text_member(j, "text", r->notes[i].text);
		if (r->notes[i].site.pc) {
			key(j, "at");
			place_object(j, r->notes[i].site.pc, false);
		}
		close_with(j, "}");
	}
	close_with(j, "]");
}

static void access_member(struct json *j, const struct fxm_fault *fault)
{
	static const char *const accesses[] = {[FXM_READ] = "read", [FXM_WRITE] = "write", [FXM_EXEC] = "exec"};

	key(j, "access");
	open_with(j, "{");
	text_member(j, "type", accesses[fault->access]);
	hex_member(j, "address", fault->address.v);
	number_member(j, "code", fault->code);
	key(j, "present");
	put(j, "%s", fault->present ? "true" : "false");
	hex_member(j, "pte", fault->pte.v);
	close_with(j, "}");
}

int fxm_report_json(const struct fxm_report *r, char *buf, size_t size)
{
	struct json j = {.text = {.buf = buf, .size = size}};

	if (!r || (size && !buf))
		return -EINVAL;
	open_with(&j, "{");
	text_member(&j, "kind", fxm_report_kind_name(r->kind));
	text_member(&j, "detector", r->detector);
	text_member(&j, "where", r->where);
	text_member(&j, "message", r->message);
	text_member(&j, "profile", r->profile);
	if (r->cpu >= 0) {
		number_member(&j, "cpu", r->cpu);
		number_member(&j, "pid", r->pid);
		text_member(&j, "comm", r->comm);
		text_member(&j, "context", r->context);
		number_member(&j, "preempt_count", r->preempt_count);
	}
	if (r->address.v)
		hex_member(&j, "address", r->address.v);
	if (r->pfn != UINT64_MAX)
		hex_member(&j, "pfn", r->pfn);
	if (r->slot >= 0)
		number_member(&j, "slot", r->slot);
	if (r->kind == FXM_REPORT_OOPS)
		access_member(&j, &r->fault);
	stack_member(&j, "trace", &r->trace);
	stack_member(&j, "mapped_at", &r->mapped_stack);
	stack_member(&j, "unmapped_at", &r->unmapped_stack);
	notes_member(&j, r);
	text_member(&j, "text", r->text);
	close_with(&j, "}");
	return (int)j.text.used;
}
