/* SPDX-License-Identifier: MIT */
#ifndef FXM_REPORT_H
#define FXM_REPORT_H

/*
 * Reports: what the simulated kernel prints when something is wrong, and what the detectors find. One structured record per
 * event, one text form. A kernel report follows the simulated kernel's CONFIG; a finding is the library's own and is labelled
 * so.
 *
 * A BUG, an oops and a hopeless wait end the task (fxm_task_run(), else abort()). WARN, "sleeping function" and findings
 * continue.
 *
 * Of all, unless a function says otherwise: Context: any thread, outside the callbacks of reports. Errors of what returns one:
 * -EINVAL. Ownership: names are static storage. Sizes of buffers are bytes. Models nothing of the kernel: it has a log.
 */

#include <fixmap/mmu.h>
#include <fixmap/types.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of reports: FXM_REPORT_WARN, _BUG, _OOPS, _SLEEPING, _DEADLOCK, _HUNG, _FINDING. */
enum fxm_report_kind {
#define FXM_REPORT_KIND(NAME, word, ends_task, what) FXM_REPORT_##NAME,
#include <fixmap/report_kinds.def>
#undef FXM_REPORT_KIND
};

/** A place in code: a return address in the host program, 0 when unknown. */
struct fxm_site {
	uintptr_t pc;
};

/** A call stack, innermost frame first. */
struct fxm_stack {
	const uintptr_t *pc;
	unsigned depth;
	bool is_access; /**< pc[0] is an instruction that trapped, not a return address */
};

/** A further place that a report names, and what was done there. */
struct fxm_note {
	const char *text;     /**< "fec02000 was mapped", "made atomic", "insmod[2] holds 3 slots, mapped" */
	struct fxm_site site; /**< where; pc 0 if unknown */
};

/** One report. Strings and stacks are valid during the callback only. Fields that do not apply are 0, NULL or -1. */
struct fxm_report {
	size_t struct_size;
	enum fxm_report_kind kind;
	const char *detector; /**< findings: the detector's name ("use-after-unmap", "leak", ...), else NULL */
	const char *where;    /**< "FILE:LINE" in that kernel version's source, or NULL */
	const char *message;  /**< one line */
	const char *text;     /**< the whole report, several lines, as it would stand in the log */
	const char *profile;
	int cpu;
	int pid;
	const char *comm;
	fxm_va address;		     /**< the address concerned */
	uint64_t pfn;		     /**< the frame concerned, UINT64_MAX if none */
	int slot;		     /**< pkmap slot or fixed-address index concerned, -1 if none */
	struct fxm_fault fault;	     /**< oops: the access */
	struct fxm_site site;	     /**< where the reported thing was done */
	struct fxm_site mapped_at;   /**< where it was mapped, if known */
	struct fxm_site unmapped_at; /**< where it was unmapped, if known */
	/* The same with whoever called; empty when unknown. With stacks=full the last two are whole, else one frame. */
	struct fxm_stack trace;
	struct fxm_stack mapped_stack;
	struct fxm_stack unmapped_stack;
	const char *context;	/**< what @cpu was doing: "task", "softirq", "hardirq", "nmi" */
	unsigned preempt_count; /**< of @cpu */
	const struct fxm_note *notes;
	unsigned nr_notes;
};

/** "warn", "bug", "oops", "sleeping", "deadlock", "hung" or "finding"; "?" for another number. */
FXM_API const char *fxm_report_kind_name(enum fxm_report_kind kind);

/**
 * Writes @report as one line of JSON, without a newline, into @buf; returns how long it is, as snprintf() does. Places in code are
 * objects of function, offset, file and line. Context: inside the callback.
 */
FXM_API int fxm_report_json(const struct fxm_report *report, char *buf, size_t size);

/** Called for each report, on the thread that caused it, before the policy acts. Must not call into the same machine. */
typedef void (*fxm_report_fn)(const struct fxm_report *report, void *arg);

/** Sets the callback; NULL restores the default, which prints the text to standard error. */
FXM_API void fxm_report_set(struct fxm_machine *m, fxm_report_fn fn, void *arg);

/** What happens after a report besides the callback. */
enum fxm_policy {
	FXM_POLICY_RECORD, /**< go on as the kernel would (the default) */
	FXM_POLICY_WARN,   /**< print to standard error too, even when a callback is set, and go on */
	FXM_POLICY_ABORT   /**< print, then abort() */
};

/** Sets the policy for one kind of report. Errors: -EINVAL. */
FXM_API int fxm_policy_set(struct fxm_machine *m, enum fxm_report_kind kind, enum fxm_policy policy);

/** Fails a test with @text, of one report or more, valid until the next failure. May leave by longjmp(), as frameworks do. */
typedef void (*fxm_fail_fn)(const char *text, void *arg);

/**
 * Makes the reports of @m failures of the tests that the calling thread runs. A report is kept, whichever thread, task or signal
 * handler it arises in, instead of printed (besides what fxm_report_set() and fxm_policy_set() say). @fail is called in the calling
 * thread only, never in the middle of an operation: where a BUG, an oops or a hopeless wait ends the thread's task and would abort
 * the process for want of an fxm_task_run(); in fxm_report_check(); and at the end of fxm_machine_destroy(), leaks included. NULL:
 * as before. The same end of another thread's task, outside fxm_task_run(), still prints and aborts.
 * Context: any thread. Errors: -EINVAL.
 */
FXM_API int fxm_report_fail_with(struct fxm_machine *m, fxm_fail_fn fail, void *arg);

/**
 * Calls the function of fxm_report_fail_with() once if there were reports since its last call, with their text. Returns how many,
 * should it return; what was kept is forgotten.
 * Context: the thread of fxm_report_fail_with(), outside callbacks. Errors: -EINVAL.
 */
FXM_API int fxm_report_check(struct fxm_machine *m);

/** How many reports of @kind there were; without those that suppress= covers. */
FXM_API uint64_t fxm_report_count(const struct fxm_machine *m, enum fxm_report_kind kind);

/** Reports that nobody was told of. */
struct fxm_report_silent {
	uint64_t repeated;   /**< findings at a place that was told before, about a mapping made at the same place */
	uint64_t suppressed; /**< covered by a line of suppress=FILE */
};

/** How many of them there were. */
FXM_API void fxm_report_get_silent(const struct fxm_machine *m, struct fxm_report_silent *out);

/**
 * The simulated kernel's page-fault handler for the access that @fault describes (fxm_get_last_fault()): reports the oops as
 * that kernel version prints it and ends the task. Does not return.
 * Context: the thread that sits on @cpu. Models do_page_fault() / no_context(), arch/x86/mm/fault.c and its kin, 2.6.12 to 6.12.
 */
FXM_API void fxm_oops(struct fxm_vcpu *cpu, const struct fxm_fault *fault);

/**
 * BUG() / WARN at @where ("FILE:LINE") of simulated kernel code: for the kernel tier's BUG_ON and WARN_ON. fxm_bug() does not
 * return. Context: the thread that sits on @cpu. Model BUG() and WARN(), include/asm-generic/bug.h, 2.6.12 to 6.12.
 */
FXM_API void fxm_bug(struct fxm_vcpu *cpu, const char *where);
FXM_API void fxm_warn(struct fxm_vcpu *cpu, const char *where, const char *message);

/** Writes "function+0x12 (file.c:34)" for @site into @buf, as much of it as can be found. Context: any thread. */
FXM_API void fxm_symbolize(struct fxm_site site, char *buf, size_t size);

/**
 * Reports every mapping that is still held, and every page, kmalloc() memory and fixed mapping that kernel-tier code has not given
 * back (finding "leak"); returns how many. What a report named before is not reported again: an early mapping that a WARN said
 * would stay, a kmap() whose page was freed. Also done by fxm_machine_destroy().
 */
FXM_API unsigned fxm_report_leaks(struct fxm_machine *m);

#ifdef __cplusplus
}
#endif

#endif
