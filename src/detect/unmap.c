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

/* @u->va lies in a slot of this CPU or another one, and is not the topmost mapping. */
static void find_in_group(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_unmap *u, const struct fxmi_slot *slot,
			  struct fxmi_subject *given, struct fxmi_subject *top)
{
	bool has_top = u->level >= 0;
	/* With DEBUG_KMAP_LOCAL every second slot is a guard. */
	bool is_live = slot->cpu == cpu && slot->level <= u->level && (k->km_incr != 2 || slot->level % 2);
	unsigned long long va = u->va, top_va = u->top;
	struct fxmi_notes notes;

	notes.nr = 0;
	if (is_live) { /* as in the kernel's own warning, the report is about the mapping that should have gone first */
		fxmi_note_done(&notes, u->va, "mapped", given->mapped_at);
		top->va = u->va;
		top->notes = &notes;
		fxmi_finding(k, cpu, FXMI_FIND_UNMAP_ORDER, top,
			     "%s of %llx, but the mapping on top of the stack is %llx: unmap in reverse order", u->function, va,
			     top_va);
		return;
	}
	if (has_top)
		fxmi_note_done(&notes, u->top, "mapped", top->mapped_at);
	given->notes = &notes;
	if (slot->cpu && slot->cpu != cpu && given->mapped_at && !given->unmapped_at) {
		fxmi_finding(k, cpu, FXMI_FIND_FOREIGN_USE, given,
			     "%s of %llx on CPU %u: it is a mapping of CPU %u, which alone can undo it%s", u->function, va, cpu->id,
			     slot->cpu_id, has_top ? "; this CPU's topmost mapping goes instead" : "");
	} else if (has_top && (u->va & FXMI_PAGE_MASK) == u->top + FXM_PAGE_SIZE) {
		given->mapped_at = given->unmapped_at = 0;
		fxmi_finding(k, cpu, FXMI_FIND_WRONG_ARGUMENT, given,
			     "%s() takes the address that the map returned and was given %llx, one past the page at %llx: keep the "
			     "pointer that was returned",
			     u->function, va, top_va);
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
	char what[160], then[64] = "";

	if (is_pkmap) {
		fxmi_history(k, u->va, &about);
		stays = about.mapped_at && !about.unmapped_at && !k->arm ? u->va : stays; /* arm undoes it */
	}

	if (stays) {
		fxmi_history(k, stays, &about);
		about.unmapped_at = 0;
		snprintf(then, sizeof(then), "; the mapping at %llx stays", (unsigned long long)(stays & FXMI_PAGE_MASK));
	}
	if (stays == u->top && (u->va & FXMI_PAGE_MASK) == u->top + FXM_PAGE_SIZE)
		snprintf(what, sizeof(what), "%llx, one past the page at %llx: keep the pointer that was returned",
			 (unsigned long long)u->va, (unsigned long long)u->top);
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
