/* SPDX-License-Identifier: MIT */
#ifndef FXMI_DETECT_H
#define FXMI_DETECT_H

/*
 * The room `detect`: mistakes that the kernel does not see. A detector watches; it never changes a returned address, an entry or a
 * counter. One mistake is one report.
 */

#include "report.h"
#include "state.h"

/* ---- access.c ---- */

/* callbacks.access, callbacks.place. */
void fxmi_on_access(struct fxm_vcpu *cpu, const struct fxmi_access *access);
uintptr_t fxmi_on_place(struct fxm_vcpu *cpu);

/* Whether the last overrun that was told ran off the mapping made at @mapped_at in the same line; now this one is the last. */
bool fxmi_is_told_overrun(struct fxmi_kernel *k, uintptr_t mapped_at, uintptr_t site, bool is_repeated);

/* ---- unmap.c ---- */

/*
 * An unmap call. @va is page aligned where it lies in a slot. @top is the address of the topmost level @level (-1: none); in the
 * typed generation, of the type @level that was given. @given is the address as it came.
 */
struct fxmi_unmap {
	const char *function;
	uint64_t va, top;
	int level;
	bool is_atomic;
	uint64_t given;
};

/*
 * What is wrong with an unmap of another address than that of the topmost mapping, which there is, in a sentence; and in @notes
 * what else it may be.
 */
void fxmi_unmap_text(const struct fxm_vcpu *cpu, const struct fxmi_unmap *u, struct fxmi_notes *notes, char *buf, size_t size);

/*
 * @u was not given the topmost mapping: a finding, unless that is right or @told, by the kernel itself. Before anything
 * changes.
 */
void fxmi_check_unmap(struct fxm_vcpu *cpu, const struct fxmi_unmap *u, bool told);

/* kunmap_local() of what kmap_atomic() mapped, or kunmap_atomic() of what kmap_local_page() did. Whether that is told. */
bool fxmi_check_unmap_call(struct fxm_vcpu *cpu, const struct fxmi_unmap *u);

/* The same of typed slots, for every unmap that the kernel does not check itself. @is_live: the type is mapped. */
void fxmi_check_unmap_type(struct fxm_vcpu *cpu, const struct fxmi_unmap *u, bool is_live);

/* ---- sleep.c ---- */

/* Whether the current task may not sleep, as far as can be known: kernels without PREEMPT_COUNT do not. */
bool fxmi_is_atomic(const struct fxm_vcpu *cpu);

/* Whether page faults are disabled by kmap_atomic() alone, and not by somebody who expects it. */
bool fxmi_faults_are_off(const struct fxm_vcpu *cpu);

/* Where the innermost section that may not sleep began; 0 when nobody knows. */
uintptr_t fxmi_atomic_site(const struct fxm_vcpu *cpu);

/*
 * Whether what makes @cpu atomic has been told about before: a mapping, or a mistake that left the preempt count off. If it is a
 * mapping, now it has. A kernel complains about each call that may sleep, at most once a second; here it is once for each cause,
 * and a mapping that so was named is no leak later.
 */
bool fxmi_atomic_is_told(const struct fxm_vcpu *cpu);

/* The same, for a report that is about to be made: if so, it is counted instead. */
bool fxmi_is_repeated_sleep(const struct fxm_vcpu *cpu);

/* Notes where it began, innermost, if anybody knows. Returns @notes. */
const struct fxmi_notes *fxmi_made_atomic(const struct fxm_vcpu *cpu, struct fxmi_notes *notes);

/* might_sleep() at the site called @key: "sleeping function called from invalid context", if this CONFIG would say so. */
void fxmi_might_sleep(struct fxm_vcpu *cpu, const char *key);

/* Finding "sleep-in-atomic": @cpu is about to sleep, and the kernel does not notice. @why: one sentence. */
void fxmi_find_sleep(struct fxm_vcpu *cpu, const char *why);

/*
 * Whether such a finding was made last in the section that @cpu is in: kunmap() after a kmap() that was told, schedule() after a
 * cond_resched(), is the same mistake.
 */
bool fxmi_sleep_is_told(const struct fxm_vcpu *cpu);

/* Why @cpu may not sleep. */
const char *fxmi_why_atomic(const struct fxm_vcpu *cpu);

/* ---- slab.c ---- */

/* A write of @size bytes at @va that no object of kmalloc() allows is told: found there later, it is no second report. */
void fxmi_slab_told(struct fxmi_kernel *k, uint64_t va, size_t size);

/* callbacks.written. */
void fxmi_slab_written(struct fxm_machine *m, const struct fxmi_written *w);

/* ---- imbalance.c ---- */

/* What a context began with. */
struct fxmi_context_mark {
	uint64_t counts;
	bool irqs_off;
	unsigned nr_atomic;
	int told_preempt;
	uint32_t live_types;
	bool may_map; /* its task goes on: mappings that do not make it atomic are nobody's business yet */
};

/* What it ended with and should not have. */
struct fxmi_imbalance {
	char text[256]; /* "preemption disabled and the page at fffba000 mapped" */
	int preempt;	/* by how much the count is off, */
	int by_mappings; /* and how much of that its mappings explain */
	struct fxmi_subject about;
	struct fxmi_notes notes;
};

void fxmi_context_begin(const struct fxm_vcpu *cpu, struct fxmi_context_mark *mark);

/* Whether something is not as it was, and what. Mappings that were left are told about. */
bool fxmi_context_end(struct fxm_vcpu *cpu, const struct fxmi_context_mark *mark, struct fxmi_imbalance *out);

/* The report shows where it took the first thing that it left, else function @fn. */
void fxmi_imbalance_place(struct fxmi_imbalance *found, uintptr_t fn);

/* Adds " and ", and @what. */
void fxmi_imbalance_add(struct fxmi_imbalance *found, const char *what);

/*
 * The finding: function @fn has returned from @context, "hardirq context". The counts stay as they are, and what comes of them is
 * no second report.
 */
void fxmi_imbalance_find(struct fxm_vcpu *cpu, struct fxmi_imbalance *found, const char *context, uintptr_t fn);

/* fxmi_context_end(), and the finding if there is something. */
void fxmi_check_context(struct fxm_vcpu *cpu, const struct fxmi_context_mark *mark, const char *context, uintptr_t fn);

/* The name of the function at @fn. */
void fxmi_function_name(uintptr_t fn, char *buf, size_t size);

/* callbacks.underflow. */
void fxmi_check_underflow(struct fxm_vcpu *cpu, bool is_preempt);

/* ---- preemptible.c ---- */

/* @what, "smp_processor_id", is used where preemption is enabled. */
void fxmi_check_preemptible(struct fxm_vcpu *cpu, const char *what);

/* @what, "__copy_from_user_inatomic", is used where page faults are enabled. */
void fxmi_check_inatomic(struct fxm_vcpu *cpu, const char *what);

/* Whether they are to be called. */
FXMI_INLINE bool fxmi_is_preemptible(const struct fxm_vcpu *cpu)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	return k->checks_preempt && !fxmi_count_preempt(cpu->counts) && !cpu->irq_disabled && !cpu->current->nr_atomic &&
	       !cpu->current->is_idle;
}

/* ---- slot_context.c ---- */

/* The slot of type @name at @va is being mapped: may it be, in this context? */
void fxmi_check_slot_context(struct fxm_vcpu *cpu, const char *name, uint64_t va);

/* ---- watch.c ---- */

/* callbacks.watch. */
void fxmi_on_watch(struct fxm_vcpu *cpu, const struct fxmi_watch_info *info);

/* Has accesses watched, if a detector wants that. */
void fxmi_watch_init(struct fxmi_kernel *k);

/*
 * A pointer into the page at @from (0: unknown) is about to be used in another one, @into. If @from is a mapping of one page, and
 * @into another mapping, that is a finding. Where nothing is mapped yet, the access decides.
 */
void fxmi_pointer_overrun(struct fxm_vcpu *cpu, uint64_t from, uint64_t into, enum fxm_access access, uintptr_t site);

/* It faulted at @va, in @pc, which is told now. Whether it was told before. */
bool fxmi_pointer_faulted(struct fxm_vcpu *cpu, uint64_t va, uintptr_t pc);

/* @task ends, or somebody asks for all reports: if it has not faulted until now, it went through. */
void fxmi_pointer_settle(struct fxm_vcpu *cpu, struct fxm_task *task);

/* The entry of the base page at @va was replaced, and @cpu alone flushed it. */
void fxmi_watch_replaced(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va);

#endif
