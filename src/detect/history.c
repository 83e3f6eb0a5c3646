/* SPDX-License-Identifier: MIT */
/*
 * What became of each mapping: who made it, who undid it, and what an unmap call that fits no mapping was given. Nothing of this
 * is in the kernel; the sites are noted beside the slots by those who map and unmap.
 *
 * One mistake is one report. A mapping whose unmap went wrong stays, and would be reported again: as a leak, or when it stands in
 * the way of the next unmap. Its site is marked as told instead (FXMI_SITE_TOLD), until the slot is mapped anew.
 *
 * Invariant: nothing here changes what the simulated kernel does or sees.
 */
#include "detect.h"
#include "mapping.h"
#include "report.h"
#include "state.h"

/* ---- slots ---- */

bool fxmi_slot_at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_slot *out)
{
	uint64_t index = fxmi_va_is_fixed(k, va) ? fxmi_virt_to_fix(k, va) - k->fix_kmap_begin : UINT64_MAX;

	if (!k->has_kmap_group || index > (uint64_t)k->fix_kmap_end - k->fix_kmap_begin)
		return false;
	uint64_t slot = index / k->cache_colours;
	out->cpu = fxm_machine_vcpu(k->m, (unsigned)(slot / k->km_type_nr));
	out->cpu_id = (unsigned)(slot / k->km_type_nr);
	out->level = (int)(slot % k->km_type_nr);
	return true;
}

bool fxmi_is_mapped(const struct fxmi_kernel *k, uint64_t va)
{
	int nr = fxmi_pkmap_nr(&k->pkmap, va);
	struct fxmi_slot slot;

	if (nr >= 0)
		return (int32_t)fxmi_pkmap_count(&k->pkmap, (uint32_t)nr) > 1;
	if (!(fxm_pte_at(k->m, fxm_va_of(va)).v & k->m->desc.format->present))
		return false;
	return !fxmi_slot_at(k, va, &slot) || (slot.cpu && fxmi_kmap_atomic_is_live(k, va));
}

void fxmi_history(const struct fxmi_kernel *k, uint64_t va, struct fxmi_subject *about)
{
	int nr = fxmi_pkmap_nr(&k->pkmap, va);
	struct fxmi_slot slot;

	if (nr >= 0) {
		about->mapped_at = k->pkmap.site[nr];
		about->unmapped_at = (int32_t)fxmi_pkmap_count(&k->pkmap, (uint32_t)nr) < 2 ? k->pkmap.unmap_site[nr] : 0;
	} else if (fxmi_slot_at(k, va, &slot) && slot.cpu) {
		about->mapped_at = fxmi_percpu(slot.cpu)->site[slot.level];
		about->unmapped_at = fxmi_percpu(slot.cpu)->unmap_site[slot.level];
	}
}

/* ---- told ---- */

void fxmi_tell(struct fxmi_kernel *k, uint64_t va)
{
	int nr = fxmi_pkmap_nr(&k->pkmap, va);
	struct fxmi_slot slot;

	if (!k->record_sites) /* nobody would take the mark away */
		return;
	if (nr >= 0)
		atomic_fetch_or(&k->pkmap.site[nr], FXMI_SITE_TOLD);
	else if (fxmi_slot_at(k, va, &slot) && slot.cpu) {
		fxmi_percpu(slot.cpu)->site[slot.level] |= FXMI_SITE_TOLD;
		if (k->local)
			fxmi_kmap_local_tell(slot.cpu, slot.level);
	}
}

/* ---- what an address is ---- */

void fxmi_describe(const struct fxmi_kernel *k, uint64_t va, char *buf, size_t size)
{
	unsigned long long shown = va;
	int nr = fxmi_pkmap_nr(&k->pkmap, va);
	struct fxmi_slot slot;

	if (va < k->nr_fixed)
		snprintf(buf, size, "%llu, which is a number and no address (the fixed address of that index is %llx)", shown,
			 (unsigned long long)fxmi_fix_to_virt(k, va));
	else if (nr >= 0)
		snprintf(buf, size, "%llx, an address inside pkmap slot %d, which kmap() returns and kunmap() undoes", shown, nr);
	else if (va <= k->va_mask && fxmi_slot_at(k, va, &slot))
		snprintf(buf, size, "%llx, an address inside %s %d of CPU %u", shown,
			 k->typed   ? "kmap_atomic type"
			 : k->local ? "kmap_local slot"
				    : "kmap_atomic level",
			 slot.level, slot.cpu_id);
	else if (va <= k->va_mask && fxmi_va_is_fixed(k, va))
		snprintf(buf, size, "%llx, the address of fixmap index %llu", shown, (unsigned long long)fxmi_virt_to_fix(k, va));
	else if (va >= k->page_offset && va < k->high_memory)
		snprintf(buf, size, "%llx, an address in the direct map (pfn %llx)", shown,
			 (unsigned long long)((va - k->page_offset) >> FXM_PAGE_SHIFT));
	else
		snprintf(buf, size, "%llx, which is no pointer of this machine", shown);
}

uint64_t fxmi_mapping_of(struct fxm_vcpu *cpu, uint64_t pfn)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint32_t levels = k->has_kmap_group ? k->km_type_nr * k->cache_colours : 0;

	for (uint32_t n = 0; n < levels; n++) {
		uint64_t va = pc->kmap_va - (uint64_t)n * FXM_PAGE_SIZE;
		uint64_t entry = fxmi_pte_get(pc->kmap_pte - (size_t)n * k->pte_bytes, k->pte_bytes);
		/* On arm what lies above the depth has ended, although its entry may stay. */
		bool is_live = k->typed ? pc->live_types >> n & 1 : !k->arm || (int)n < fxmi_count_depth(cpu->counts);
		if (is_live && entry && (entry & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT == pfn)
			return va;
	}
	uint32_t slot_plus_1 = fxmi_pfn_is_ram(k->m, pfn) ? atomic_load(&k->m->mem.mem_map[pfn].pkmap_slot) : 0;
	return slot_plus_1 && (int32_t)fxmi_pkmap_count(&k->pkmap, slot_plus_1 - 1) >= 2
		   ? fxmi_pkmap_addr(&k->pkmap, slot_plus_1 - 1)
		   : 0;
}

/* ---- what may not sleep ---- */

/* The innermost kmap_atomic() of @cpu: its address, 0 when it has no slot (a lowmem page). */
static uint64_t innermost_atomic(const struct fxm_vcpu *cpu, const struct fxmi_kernel *k)
{
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);
	int level = k->typed   ? 31 - __builtin_clz(pc->live_types | 1)
		    : k->local ? fxmi_kmap_local_innermost_atomic(cpu)
			       : fxmi_count_depth(cpu->counts) - 1;

	if (level < 0 || level >= (int)k->km_type_nr || (k->typed && !pc->live_types))
		return 0;
	return pc->kmap_va - (uint64_t)level * FXM_PAGE_SIZE * k->cache_colours;
}

bool fxmi_is_atomic(const struct fxm_vcpu *cpu)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	if (fxmi_count_preempt(cpu->counts) || cpu->irq_disabled || cpu->current->nr_atomic)
		return true;
	/* Without PREEMPT_COUNT the slots tell: with page faults off they are this task's, and not left by one that died. */
	return !k->typed && !k->local && fxmi_count_depth(cpu->counts) > 0 && fxmi_count_pagefault(cpu->counts) > 0;
}

bool fxmi_faults_are_off(const struct fxm_vcpu *cpu)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxm_task *task = cpu->current;
	int outside = task->nr_atomic ? task->atomic[task->nr_atomic - 1].count : 0;
	int maps = k->local ? fxmi_count_preempt(cpu->counts) - outside : fxmi_count_depth(cpu->counts);

	return maps > 0 && fxmi_count_pagefault(cpu->counts) <= maps;
}

uintptr_t fxmi_atomic_site(const struct fxm_vcpu *cpu)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxm_task *task = cpu->current;
	const struct fxmi_atomic *last = task->nr_atomic ? &task->atomic[task->nr_atomic - 1] : NULL;
	struct fxmi_subject map = {0};

	if (!last || fxmi_count_preempt(cpu->counts) > last->count)
		fxmi_history(k, innermost_atomic(cpu, k), &map);
	return map.mapped_at ? map.mapped_at & ~FXMI_SITE_TOLD : last ? last->site : 0;
}

const struct fxmi_notes *fxmi_made_atomic(const struct fxm_vcpu *cpu, struct fxmi_notes *notes)
{
	uintptr_t site = fxmi_kernel_of(cpu)->has_stacks ? fxmi_atomic_site(cpu) : 0;

	notes->nr = 0;
	if (site)
		fxmi_note(notes, site, "made atomic");
	return notes;
}

bool fxmi_atomic_is_told(const struct fxm_vcpu *cpu)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);
	const struct fxm_task *task = cpu->current;
	int preempt = fxmi_count_preempt(cpu->counts);
	uint64_t innermost = innermost_atomic(cpu, k);

	if (task->told_preempt && preempt == task->told_preempt)
		return true;
	if (!innermost || (task->nr_atomic && preempt <= task->atomic[task->nr_atomic - 1].count))
		return false; /* not a mapping */
	/* One below keeps it atomic, too. */
	for (uint64_t va = pc->kmap_va; va >= innermost; va -= FXM_PAGE_SIZE) {
		struct fxmi_subject map = {0};
		fxmi_history(k, va, &map);
		if (map.mapped_at & FXMI_SITE_TOLD && !map.unmapped_at)
			return true;
	}
	fxmi_tell(k, innermost);
	return false;
}

/* ---- unmap calls ---- */

void fxmi_note_done(struct fxmi_notes *notes, uint64_t va, const char *done, uintptr_t site)
{
	if (site & ~FXMI_SITE_TOLD)
		fxmi_note(notes, site, "%llx was %s", (unsigned long long)va, done);
}

struct fxmi_subject fxmi_order_subject(struct fxmi_kernel *k, uint64_t va, uintptr_t top_site, struct fxmi_notes *notes)
{
	struct fxmi_subject given = {0};

	notes->nr = 0;
	fxmi_history(k, va, &given);
	fxmi_note_done(notes, va, "mapped", given.mapped_at);
	fxmi_note_done(notes, va, "unmapped", given.unmapped_at);
	return (struct fxmi_subject){.va = va, .mapped_at = top_site, .notes = notes};
}

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
		fxmi_finding(k, cpu, "unmap-order", top,
			     "%s of %llx, but the mapping on top of the stack is %llx: unmap in reverse order", u->function, va,
			     top_va);
		return;
	}
	if (has_top)
		fxmi_note_done(&notes, u->top, "mapped", top->mapped_at);
	given->notes = &notes;
	if (slot->cpu && slot->cpu != cpu && given->mapped_at && !given->unmapped_at) {
		fxmi_finding(k, cpu, "foreign-use", given,
			     "%s of %llx on CPU %u: it is a mapping of CPU %u, which alone can undo it%s", u->function, va, cpu->id,
			     slot->cpu_id, has_top ? "; this CPU's topmost mapping goes instead" : "");
	} else if (has_top && (u->va & FXMI_PAGE_MASK) == u->top + FXM_PAGE_SIZE) {
		given->mapped_at = given->unmapped_at = 0;
		fxmi_finding(k, cpu, "wrong-argument", given,
			     "%s() takes the address that the map returned and was given %llx, one past the page at %llx: keep the "
			     "pointer that was returned",
			     u->function, va, top_va);
	} else {
		bool is_told = fxmi_finding(k, cpu, "double-unmap", given, "%s of %llx, %s%s", u->function, va,
					    given->unmapped_at ? "which is unmapped already" : "where nothing is mapped",
					    has_top ? "; the topmost mapping goes instead" : "");
		if (!is_told || given->mapped_at & FXMI_SITE_TOLD) /* unmapped in the wrong order before: not one too many */
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
		fxmi_finding(k, cpu, "wrong-argument", &about, "%s() takes the address that the map returned and was given %s%s",
			     u->function, what, then);
	if (stays)
		fxmi_tell(k, stays);
	if (has_top)
		fxmi_tell(k, u->top);
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
		if (!told && !(top.mapped_at & FXMI_SITE_TOLD))
			find_in_group(cpu, k, u, &slot, &given, &top);
		if (slot.cpu == cpu)
			fxmi_tell(k, u->va);
		if (has_top)
			fxmi_tell(k, u->top);
	} else if (u->va >= k->page_offset && u->va < k->high_memory) { /* as of a lowmem page */
		int open_before = cpu->current->told_preempt < 0 ? cpu->current->told_preempt : 0;
		if (!told && u->is_atomic && fxmi_count_pagefault(cpu->counts) <= open_before)
			fxmi_finding(k, cpu, "double-unmap", &given, "%s of %llx, and no kmap_atomic is open here", u->function,
				     (unsigned long long)u->va);
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
	return fxmi_finding(k, cpu, "wrong-argument", &about,
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
		if (fxmi_finding(k, cpu, "double-unmap", &given, "%s of %llx, %s, %s", u->function, (unsigned long long)u->va, name,
				 given.unmapped_at ? "which is unmapped already" : "where nothing is mapped"))
			cpu->current->told_preempt--;
		return;
	}
	if (is_live)
		fxmi_note_done(&notes, u->top, "mapped", of_type.mapped_at);
	given.notes = &notes;
	if (u->va == u->top + FXM_PAGE_SIZE && is_live && (!given.mapped_at || given.unmapped_at))
		given.mapped_at = given.unmapped_at = 0;
	if (!(of_type.mapped_at & FXMI_SITE_TOLD))
		fxmi_finding(
		    k, cpu, "wrong-argument", &given,
		    "%s() takes the address and the type of one mapping, and was given %llx, which is %s of CPU %u, with %s",
		    u->function, (unsigned long long)u->va, fxmi_km_type_name(k, (uint32_t)slot.level), slot.cpu_id, name);
	fxmi_tell(k, u->va);
	if (is_live)
		fxmi_tell(k, u->top);
}
