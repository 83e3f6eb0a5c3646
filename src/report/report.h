/* SPDX-License-Identifier: MIT */
#ifndef FXMI_REPORT_H
#define FXMI_REPORT_H

/*
 * The room `report`: from an event in the simulated kernel to one structured record, its text, the user's callback and the policy;
 * and the words of it: call stacks, source lines, page-table walks, the kernel's own lines.
 *
 * Lock order: report_lock is a leaf, and not held while a callback runs.
 */

#include "base.h"
#include "state.h"

/* One line and abort(): @function was to end a task, and its argument gives none. */
_Noreturn void fxmi_die_of_argument(const char *function, int error);

/* Further places of a report: what was done, and the word that was noted of where. What finds no room is left out. */
#define FXMI_NOTES 24
struct fxmi_notes {
	unsigned nr;
	struct {
		char text[96];
		uintptr_t at;
	} note[FXMI_NOTES];
};

void fxmi_note(struct fxmi_notes *notes, uintptr_t at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What a report is about. Zero-initialise, then set what applies (slot: 1 + the number). */
struct fxmi_subject {
	uint64_t va;
	const struct fxm_page *page;
	uint64_t pfn_plus_1;
	uint32_t slot_plus_1;
	const struct fxm_fault *fault;
	uintptr_t site, mapped_at, unmapped_at;
	unsigned told; /* of the mapping that mapped_at is of: enum fxmi_mistake */
	uintptr_t taken_at; /* where the memory was taken that it is about: another place is another mistake */
	const struct fxmi_notes *notes;
	bool is_fixed;	/* it is a fixed mapping, which is set and cleared */
	bool is_access; /* @site is the instruction itself, not the return address of a call */
	bool is_left;	/* found when all was over: who looked says nothing, @site is who left it */
};

/* BUG() at the site called @key of this profile: report and end the task. The rest is one sentence for the user. */
_Noreturn void fxmi_bug(struct fxm_vcpu *cpu, const char *key, const struct fxmi_subject *about, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* WARN at @key. */
void fxmi_warn(struct fxm_vcpu *cpu, const char *key, const struct fxmi_subject *about, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* WARN_ON_ONCE at @key; whether this was the once. */
bool fxmi_warn_once(struct fxm_vcpu *cpu, enum fxmi_once once, const char *key, const struct fxmi_subject *about, const char *fmt,
		    ...) __attribute__((format(printf, 5, 6)));

enum fxmi_detector {
#define FXMI_DETECTOR(NAME, word) FXMI_FIND_##NAME,
#include "detectors.def"
#undef FXMI_DETECTOR
	FXMI_DETECTORS
};

/* A detector's finding; false when it is off. @cpu may be NULL only for reports at machine destruction; then @k says whose. */
bool fxmi_finding(struct fxmi_kernel *k, struct fxm_vcpu *cpu, enum fxmi_detector detector, const struct fxmi_subject *about,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

const char *fxmi_detector_name(enum fxmi_detector detector);

/* Whether it is on: detect=on, or detect=LIST that names it. */
bool fxmi_detects(const struct fxm_layout *layout, enum fxmi_detector detector);

/* Whether detect=LIST may name it; all such names, each after a space. */
bool fxmi_is_detector(const char *name, size_t len);
void fxmi_detectors_list(char *buf, size_t size);

/* Whether what @detector found of a mapping comes of a mistake that was @told about it already (bits of enum fxmi_mistake). */
bool fxmi_is_consequence(enum fxmi_detector detector, unsigned told);

/* A report whose kernel text is made elsewhere (oops.c, deadlock). @text_head: the kernel's own lines. */
void fxmi_report(struct fxmi_kernel *k, struct fxm_vcpu *cpu, enum fxm_report_kind kind, const char *detector, const char *where,
		 const char *text_head, const struct fxmi_subject *about, const char *message);

/* After such a report the task is gone. */
bool fxmi_report_ends_task(enum fxm_report_kind kind);

/* Whether what was told, what is kept for a failure, and the stacks are what they should be. Without locks. */
bool fxmi_report_is_valid(struct fxmi_kernel *k);
bool fxmi_stacks_are_valid(struct fxmi_kernel *k);

int fxmi_report_init(struct fxmi_kernel *k);
void fxmi_report_free(struct fxmi_kernel *k);

/* Nothing was ever told, and no stack kept. */
void fxmi_report_reset(struct fxmi_kernel *k);

/* ---- about.c ---- */

/* Puts what is known of @m into @about: where it was mapped and unmapped, what was told. */
void fxmi_about_mapping(struct fxmi_subject *about, const struct fxmi_mapping *m);

/* The same of the last mapping of the slot that @va lies in, if it lies in one. */
void fxmi_history(const struct fxmi_kernel *k, uint64_t va, struct fxmi_subject *about);

/* Says what simulated address @va is. */
void fxmi_describe(const struct fxmi_kernel *k, uint64_t va, char *buf, size_t size);

/* Notes that @va was @done ("mapped") at @site, if that is known. */
void fxmi_note_done(struct fxmi_notes *notes, uint64_t va, const char *done, uintptr_t site);

/*
 * What a report of an unmap out of order is about: @va, @top_site as where the mapping was made that should have gone first, and
 * in @notes what became of @va itself.
 */
struct fxmi_subject fxmi_order_subject(const struct fxmi_kernel *k, uint64_t va, uintptr_t top_site, struct fxmi_notes *notes);

/* ---- report_fail.c ---- */

/* Keeps a report for a failure, if somebody wants failures. Returns whether. */
bool fxmi_fail_keep(struct fxmi_kernel *k, const char *text);

/* What is kept, now the caller's; then, without locks, the failure. fxmi_fail() takes the text and may not return. */
struct fxmi_failure fxmi_fail_take(struct fxmi_kernel *k);
void fxmi_fail(struct fxmi_failure *taken);

/* The current task ends, and there is nothing to go back to. */
void fxmi_fail_orphan(struct fxm_vcpu *cpu);

/* ---- call_site.c ---- */

#define FXMI_MAX_FRAMES 24

/*
 * The return addresses outside this library on the calling stack, innermost first; returns how many. @first: where to begin, if it
 * is on the stack; 0: at the library's caller. Slow.
 */
unsigned fxmi_call_stack(uintptr_t first, uintptr_t *pcs, unsigned max);

/* The first of them, 0 when unknown. */
uintptr_t fxmi_caller(void);

/* Who called the operation that runs on @cpu, to be kept: one word, for fxmi_noted(). The kernel tier knows its caller. */
uintptr_t fxmi_note_caller(const struct fxm_vcpu *cpu);

/* What the kept word at @site stands for; empty for 0. Valid as long as *@site and the machine. */
struct fxm_stack fxmi_noted(const struct fxmi_kernel *k, const uintptr_t *site);

int fxmi_stacks_init(struct fxmi_kernel *k);
void fxmi_stacks_free(struct fxmi_kernel *k);
void fxmi_stacks_reset(struct fxmi_kernel *k);

/* Notes who maps by @call (NULL: the usual one), or unmaps, slot @slot of @cpu's KMAP group, which may be none of its own. */
FXMI_INLINE void fxmi_note_map(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, int slot, const char *call)
{
	if (k->record_sites)
		fxmi_record_map(&fxmi_percpu(cpu)->slots, slot, fxmi_note_caller(cpu), cpu->current, call);
}

FXMI_INLINE void fxmi_note_unmap(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, int slot)
{
	if (k->record_sites)
		fxmi_record_unmap(&fxmi_percpu(cpu)->slots, slot, fxmi_note_caller(cpu));
}

/* ---- oops.c ---- */

/*
 * do_page_fault() of an access that cannot be served: the oops, then the task ends. @is_access: @pc is the instruction that did
 * it, otherwise the return address of the call that did.
 */
_Noreturn void fxmi_oops(struct fxm_vcpu *cpu, const struct fxm_fault *fault, uintptr_t pc, bool is_access,
			 const char *explanation);

/* What the address of @fault, by @cpu, is, in a sentence. */
void fxmi_explain_fault(const struct fxm_vcpu *cpu, const struct fxm_fault *fault, char *buf, size_t size);

/* @call has returned NULL to @cpu's task. */
void fxmi_note_null(struct fxm_vcpu *cpu, const char *call);

/* Gives @about, in @notes, the live mapping of @cpu that ends before its page or begins behind it, if one is near. */
void fxmi_note_near(const struct fxm_vcpu *cpu, struct fxmi_subject *about, struct fxmi_notes *notes);

/* ---- oops_text.c ---- */

/* The lines of the kernel's own text for @fault by the instruction at @pc. */
void fxmi_oops_head(const struct fxmi_kernel *k, const struct fxm_fault *fault, uintptr_t pc, bool is_access, char *head,
		    size_t size);

/* The same of BUG() number @number at @name, "FILE:LINE". */
void fxmi_bug_head(const struct fxmi_kernel *k, const char *name, unsigned number, char *head, size_t size);

/* What stands behind the number: " PREEMPT SMP". */
void fxmi_oops_words(const struct fxmi_kernel *k, char *buf, size_t size);

/* ---- symbolize.c ---- */

/*
 * "function+0x12 (file.c:34)" for a host code address, as much of it as can be found. Never fails. An address behind a call counts
 * as the call's; fxmi_symbolize_access() is for the address of an instruction that trapped, which may lie there too.
 */
struct fxmi_code_place {
	uintptr_t pc;
	char function[160]; /* "": nothing is known */
	unsigned long offset;
	char file[256]; /* the source, or the object when there is no debug information; "": unknown */
	unsigned line;	/* 0: unknown */
	char callers[320]; /* ", inlined at file.c:34" of each function that the compiler put there, innermost first; "" */
};
void fxmi_code_place(uintptr_t pc, bool is_access, struct fxmi_code_place *place);

/* Whether two return addresses, or the instruction @a, are of one known line: the accesses that the compiler made of it. */
bool fxmi_is_same_line(uintptr_t a, bool a_is_access, uintptr_t b);

/* The text of it: "function+0x12 (file.c:34)". */
void fxmi_code_place_text(const struct fxmi_code_place *place, char *buf, size_t size);
void fxmi_symbolize(uintptr_t pc, char *buf, size_t size);
void fxmi_symbolize_access(uintptr_t pc, char *buf, size_t size);

/* ---- walk_text.c ---- */

/* "FIX_KMAP_BEGIN+1": the last enumerator up to @index; "" when there is none. */
void fxmi_fixed_name(const struct fxmi_kernel *k, uint64_t index, char *buf, size_t size);

/* The line with what @va is called: its pkmap slot, fixed address or region. */
void fxmi_text_add_name(struct fxmi_text *t, const struct fxmi_kernel *k, uint64_t va);
void fxmi_text_add_walk(struct fxmi_text *t, const struct fxmi_kernel *k, uint64_t va);

#endif
