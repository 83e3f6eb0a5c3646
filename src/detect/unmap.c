/* SPDX-License-Identifier: MIT */
/*
 * What an unmap call that fits no mapping was given, by the records of mappings (state/record.h). Nothing of this is in the kernel.
 *
 * One mistake is one report. A mapping whose unmap went wrong would be reported again when it stands in the way of the next
 * unmap: its record says that it was told.
 *
 * Invariant: nothing here changes what the simulated kernel does or sees.
 */
#include "detect.h"
#include "report.h"
#include "state.h"

/* ---- how a wrong address came about ---- */

/* How far @u's pointer is from the page of the topmost mapping, if it is near and points to no mapping of its own. */
static bool is_near_top(const struct fxmi_unmap *u, char *buf, size_t size)
{
	unsigned long long past = u->given - (u->top + FXM_PAGE_SIZE), below = u->top - u->given, top = u->top;

	if (!past)
		snprintf(buf, size, "one past the page at %llx", top);
	else if (past < FXM_PAGE_SIZE)
		snprintf(buf, size, "%llu byte%s past the page at %llx", past + 1, past ? "s" : "", top);
	else if (below && below <= FXM_PAGE_SIZE)
		snprintf(buf, size, "%llu byte%s below the page at %llx", below, below == 1 ? "" : "s", top);
	else
		return false;
	return true;
}

/* The mapping that @u's pointer is of, wherever it points now; 0: nothing tells. */
static uint64_t pointer_of(const struct fxm_vcpu *cpu)
{
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);

	return pc->caller ? pc->pointer_of : 0;
}

/* Whether @u was given a mapping of this CPU's stack that is live, and not the one on top. */
static bool is_order(const struct fxm_vcpu *cpu, const struct fxmi_kernel *k, const struct fxmi_unmap *u)
{
	struct fxmi_slot slot;

	if (u->top && pointer_of(cpu) == u->top)
		return false;
	/* With DEBUG_KMAP_LOCAL every second slot is a guard. */
	return fxmi_slot_at(k, u->va, &slot) && slot.cpu == cpu && slot.level <= u->level && (k->km_incr != 2 || slot.level % 2);
}

void fxmi_unmap_text(const struct fxm_vcpu *cpu, const struct fxmi_unmap *u, struct fxmi_notes *notes, char *buf, size_t size)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	unsigned long long va = u->va, top = u->top;
	char whose[40], near[64];

	if (k->local)
		snprintf(whose, sizeof(whose), "%s[%d]", cpu->current->comm, cpu->current->pid);
	else
		snprintf(whose, sizeof(whose), "CPU %u", cpu->id);
	bool is_near = is_near_top(u, near, sizeof(near));
	if (!is_order(cpu, k, u)) {
		snprintf(buf, size, "%s of %llx, %s; the mapping on top of %s's stack goes, %llx%s", u->function,
			 (unsigned long long)u->given, is_near ? near : "where nothing is mapped", whose, top,
			 is_near ? ": keep the pointer that was returned" : "");
		return;
	}
	snprintf(buf, size, "%s of %llx, but the mapping on top of %s's stack is %llx: unmap in reverse order", u->function, va,
		 whose, top);
	if (is_near && !pointer_of(cpu))
		fxmi_note(notes, 0, "or is %llx never undone, or %llx a pointer %s?", top, (unsigned long long)u->given, near);
	else
		fxmi_note(notes, 0, "or is %llx never undone?", top);
}

/* ---- what is given ---- */

/* @u->va lies in a slot of this CPU or another one, and is not the topmost mapping. */
static void find_in_group(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_unmap *u, const struct fxmi_slot *slot,
			  struct fxmi_subject *given, struct fxmi_subject *top)
{
	bool has_top = u->level >= 0;
	unsigned long long va = u->va;
	struct fxmi_notes notes;
	char text[256];

	notes.nr = 0;
	if (is_order(cpu, k, u)) { /* as in the kernel's own warning, the report is about the mapping that should have gone first */
		fxmi_note_done(&notes, u->va, "mapped", given->mapped_at);
		top->va = u->va;
		top->notes = &notes;
		fxmi_unmap_text(cpu, u, &notes, text, sizeof(text));
		fxmi_finding(k, cpu, FXMI_FIND_UNMAP_ORDER, top, "%s", text);
		return;
	}
	if (has_top)
		fxmi_note_done(&notes, u->top, "mapped", top->mapped_at);
	given->notes = &notes;
	if (slot->cpu && slot->cpu != cpu && given->mapped_at && !given->unmapped_at) {
		fxmi_finding(k, cpu, FXMI_FIND_FOREIGN_USE, given,
			     "%s of %llx on CPU %u: it is a mapping of CPU %u, which alone can undo it%s", u->function, va, cpu->id,
			     slot->cpu_id, has_top ? "; this CPU's topmost mapping goes instead" : "");
	} else if (has_top && is_near_top(u, text, sizeof(text)) && (u->given > u->top || !given->unmapped_at)) {
		given->mapped_at = given->unmapped_at = 0;
		fxmi_finding(k, cpu, FXMI_FIND_WRONG_ARGUMENT, given,
			     "%s() takes the address that the map returned and was given %llx, %s: keep the pointer that was "
			     "returned",
			     u->function, (unsigned long long)u->given, text);
	} else {
		bool is_told = fxmi_finding(k, cpu, FXMI_FIND_DOUBLE_UNMAP, given, "%s of %llx, %s%s", u->function, va,
					    given->unmapped_at ? "which is unmapped already" : "where nothing is mapped",
					    has_top ? "; the topmost mapping goes instead" : "");
		if (!is_told || given->told & FXMI_MISTAKE_ORDER) /* unmapped in the wrong order before: not one too many */
			return;
		cpu->current->told_preempt -= u->is_atomic && !k->preempt_rt;
		fxmi_percpu(cpu)->levels_are_off = !k->local;
	}
}

/* @u->va lies outside of all slots: the kernel leaves what is mapped alone. */
static void find_elsewhere(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_unmap *u, bool has_top, bool told)
{
	bool is_pkmap = fxmi_pkmap_nr(&k->pkmap, u->va) >= 0;
	struct fxmi_subject about = {.va = u->va};
	uint64_t stays = has_top ? u->top : 0;
	char what[160], near[64], then[64] = "";

	if (is_pkmap) {
		fxmi_history(k, u->va, &about);
		stays = about.mapped_at && !about.unmapped_at && !k->arm ? u->va : stays; /* arm undoes it */
	}

	if (stays) {
		fxmi_history(k, stays, &about);
		about.unmapped_at = 0;
		snprintf(then, sizeof(then), "; the mapping at %llx stays", (unsigned long long)(stays & FXMI_PAGE_MASK));
	}
	if (stays && stays == u->top && is_near_top(u, near, sizeof(near)))
		snprintf(what, sizeof(what), "%llx, %s: keep the pointer that was returned", (unsigned long long)u->va, near);
	else
		fxmi_describe(k, u->va, what, sizeof(what));
	if (!told)
		fxmi_finding(k, cpu, FXMI_FIND_WRONG_ARGUMENT, &about,
			     "%s() takes the address that the map returned and was given %s%s", u->function, what, then);
	cpu->current->told_preempt -= u->is_atomic && !k->preempt_rt; /* it enables preemption all the same */
	if (stays)
		fxmi_tell(k, stays, FXMI_MISTAKE_STAYS);
	if (has_top)
		fxmi_tell(k, u->top, FXMI_MISTAKE_STAYS);
}

void fxmi_check_unmap(struct fxm_vcpu *cpu, const struct fxmi_unmap *u, bool told)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_subject given = {.va = u->va}, top = {0};
	bool has_top = u->level >= 0 && u->level < (int)k->km_type_nr;
	struct fxmi_slot slot;

	if (!k->detect || !k->highmem || fxmi_percpu(cpu)->levels_are_off)
		return;
	fxmi_history(k, u->va, &given);
	if (has_top)
		fxmi_history(k, u->top, &top);
	if (fxmi_slot_at(k, u->va, &slot)) {
		if (!told && !(top.told & FXMI_MISTAKE_ORDER))
			find_in_group(cpu, k, u, &slot, &given, &top);
		if (slot.cpu == cpu)
			fxmi_tell(k, u->va, FXMI_MISTAKE_ORDER);
		if (has_top)
			fxmi_tell(k, u->top, FXMI_MISTAKE_ORDER);
	} else if (u->va >= k->page_offset && u->va < k->high_memory) { /* as of a lowmem page */
		int open_before = cpu->current->told_preempt < 0 ? cpu->current->told_preempt : 0;
		if (!told && u->is_atomic && fxmi_count_pagefault(cpu->counts) <= open_before)
			fxmi_finding(k, cpu, FXMI_FIND_DOUBLE_UNMAP, &given, "%s of %llx, and no kmap_atomic is open here",
				     u->function, (unsigned long long)u->va);
	} else if (k->arm && fxmi_pkmap_nr(&k->pkmap, u->va) >= 0 && fxmi_count_pagefault(cpu->counts) > 0) {
		return; /* kmap_atomic() of a page that kmap() has mapped */
	} else {
		find_elsewhere(cpu, k, u, has_top, told);
	}
}

bool fxmi_check_unmap_call(struct fxm_vcpu *cpu, const struct fxmi_unmap *u)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_subject about = {.va = u->va};
	const char *too = k->preempt_rt || !k->m->desc.preempt_count ? "" : ", and preemption with them";

	fxmi_history(k, u->va, &about);
	return fxmi_finding(k, cpu, FXMI_FIND_WRONG_ARGUMENT, &about,
			    u->is_atomic
				? "kunmap_atomic of %llx, which kmap_local_page() mapped and kunmap_local() undoes: page "
				  "faults are enabled once too often%s"
				: "kunmap_local of %llx, which kmap_atomic() mapped and kunmap_atomic() undoes: page faults "
				  "stay disabled%s",
			    (unsigned long long)u->va, too);
}

void fxmi_check_unmap_type(struct fxm_vcpu *cpu, const struct fxmi_unmap *u, bool is_live)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_subject given = {.va = u->va}, of_type = {0};
	const char *name = fxmi_km_type_name(k, (uint32_t)u->level);
	struct fxmi_notes notes;
	struct fxmi_slot slot;

	notes.nr = 0;
	if (!k->detect || (u->va >= k->page_offset && u->va < k->high_memory))
		return;
	if (!fxmi_slot_at(k, u->va, &slot)) {
		find_elsewhere(cpu, k, u, is_live, false);
		return;
	}
	fxmi_history(k, u->va, &given);
	fxmi_history(k, u->top, &of_type);
	if (u->va == u->top) {
		if (is_live)
			return;
		if (fxmi_finding(k, cpu, FXMI_FIND_DOUBLE_UNMAP, &given, "%s of %llx, %s, %s", u->function,
				 (unsigned long long)u->va, name,
				 given.unmapped_at ? "which is unmapped already" : "where nothing is mapped"))
			cpu->current->told_preempt--;
		return;
	}
	if (is_live)
		fxmi_note_done(&notes, u->top, "mapped", of_type.mapped_at);
	given.notes = &notes;
	if (u->va == u->top + FXM_PAGE_SIZE && is_live && (!given.mapped_at || given.unmapped_at))
		given.mapped_at = given.unmapped_at = 0;
	if (!(of_type.told & (FXMI_MISTAKE_STAYS | FXMI_MISTAKE_REUSE)))
		fxmi_finding(
		    k, cpu, FXMI_FIND_WRONG_ARGUMENT, &given,
		    "%s() takes the address and the type of one mapping, and was given %llx, which is %s of CPU %u, with %s",
		    u->function, (unsigned long long)u->va, fxmi_km_type_name(k, (uint32_t)slot.level), slot.cpu_id, name);
	fxmi_tell(k, u->va, FXMI_MISTAKE_STAYS);
	if (is_live)
		fxmi_tell(k, u->top, FXMI_MISTAKE_STAYS);
}
