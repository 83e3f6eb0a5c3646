/* SPDX-License-Identifier: MIT */
/*
 * What an access itself gives away: a mapping of another CPU, an access that runs off its page into a neighbour's, a stale TLB
 * entry. No kernel looks at accesses, so these are findings all.
 *
 * An explicit access (fxm_read() and its kin) tells its vCPU, its length, and what its TLB holds. A pointer in the window tells
 * only who touches a page first while nobody else has it there: it shows no stale entry, and no overrun into another mapping,
 * which looks like any first touch. memcpy() and memset() of the kernel tier tell their length, and gcc tells of a pointer that
 * it can follow how far it reaches (<fxm/reach.h>).
 */
#include "detect.h"
#include "report.h"
#include "state.h"

static const char *verb(enum fxm_access access)
{
	return access == FXM_WRITE ? "write" : "read";
}

/* Temporary mappings belong to the CPU whose slots they are in. Until its owner is gone, any CPU's access goes through. */
static void find_foreign(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_watch_info *info)
{
	struct fxmi_subject about = {.va = info->va, .site = info->pc, .is_access = info->pc && !info->is_return_address};
	struct fxmi_mapping m;

	if (!fxmi_mapping_at(k, info->va, &m) || m.cpu_id < 0 || m.cpu == cpu || !m.is_live || !m.mapped_at)
		return;
	fxmi_about_mapping(&about, &m);
	fxmi_finding(k, cpu, FXMI_FIND_FOREIGN_USE, &about,
		     "%s of %llx by %s[%d] on CPU %u: it is a mapping of %s[%d] on CPU %u, and for nobody else", verb(info->access),
		     (unsigned long long)info->va, cpu->current->comm, cpu->current->pid, cpu->id, m.comm, m.pid, m.cpu_id);
}

/* Whether the page at @va is a mapping of its own: pages that one call mapped side by side are not. */
static bool is_single(const struct fxmi_kernel *k, uint64_t va)
{
	struct fxmi_slot slot;
	return fxmi_pkmap_nr(&k->pkmap, va) >= 0 || fxmi_slot_at(k, va, &slot);
}

static struct fxmi_overrun overrun_of(const struct fxmi_kernel *k, uint64_t from, uint64_t into, enum fxm_access access,
				      uintptr_t site)
{
	struct fxmi_subject page = {0}, next = {0};

	fxmi_history(k, from, &page);
	fxmi_history(k, into, &next);
	return (struct fxmi_overrun){.from = from,
				     .into = into,
				     .access = access,
				     .site = site,
				     .mapped_at = page.mapped_at,
				     .unmapped_at = page.unmapped_at,
				     .before = {next.mapped_at, next.unmapped_at}};
}

static void tell_overrun(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_overrun *o)
{
	struct fxmi_subject about = {.va = o->into, .site = o->site, .mapped_at = o->mapped_at, .unmapped_at = o->unmapped_at};
	struct fxmi_subject neighbour = {0};
	struct fxmi_notes notes;

	notes.nr = 0;
	about.notes = &notes;
	fxmi_history(k, o->into, &neighbour);
	fxmi_note_done(&notes, o->into, "mapped", neighbour.mapped_at);
	char from[40] = "its page";
	if (o->from)
		snprintf(from, sizeof(from), "the page at %llx", (unsigned long long)o->from);
	fxmi_finding(k, cpu, FXMI_FIND_PAST_THE_PAGE, &about, "a %s runs off %s into the one at %llx, %s", verb(o->access), from,
		     (unsigned long long)o->into,
		     fxmi_is_mapped(k, o->into) ? "which is another mapping" : "where another mapping was");
}

static void find_overrun(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_watch_info *info)
{
	struct fxmi_overrun o = overrun_of(k, info->va - FXM_PAGE_SIZE, info->va, info->access, info->pc);

	/* where nothing is mapped it faults */
	if (is_single(k, o.from) && fxm_pte_at(k->m, fxm_va_of(o.into)).v & k->m->desc.format->present)
		tell_overrun(cpu, k, &o);
}

/* ---- pointers that do not reach so far ---- */

/* Off one mapping in one line is one mistake, in all the accesses that the compiler made of it. */
static void tell_pointer(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxmi_overrun *o)
{
	uintptr_t mapped_at = __atomic_exchange_n(&k->overrun_told[0], o->mapped_at, __ATOMIC_RELAXED);
	uintptr_t site = __atomic_exchange_n(&k->overrun_told[1], o->site, __ATOMIC_RELAXED);

	o->is_told = true;
	if (o->mapped_at && o->mapped_at == mapped_at && fxmi_is_same_line(o->site, false, site))
		atomic_fetch_add(&k->repeated, 1);
	else
		tell_overrun(cpu, k, o);
}

bool fxmi_is_told_overrun(struct fxmi_kernel *k, uintptr_t mapped_at, uintptr_t site, bool is_repeated)
{
	uintptr_t last_map = __atomic_exchange_n(&k->overrun_told[0], mapped_at, __ATOMIC_RELAXED);
	uintptr_t last = __atomic_exchange_n(&k->overrun_told[1], site, __ATOMIC_RELAXED);

	if (!is_repeated || last_map != mapped_at || !fxmi_is_same_line(site, false, last))
		return false;
	atomic_fetch_add(&k->repeated, 1);
	return true;
}

/*
 * It is noticed before the pointer is used, and another task may map or unmap the neighbour in between. So each task has a note of
 * its last one. When the neighbour was not there, and no fault comes, and it has been mapped since, the access went through.
 */
void fxmi_pointer_overrun(struct fxm_vcpu *cpu, uint64_t from, uint64_t into, enum fxm_access access, uintptr_t site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_overrun *last = &cpu->current->overrun;

	if (!is_single(k, from ? from : into) || !fxmi_is_mapped(k, from ? from : into))
		return;
	bool is_told = last->into == into && last->is_told && fxmi_is_same_line(last->site, false, site);
	*last = overrun_of(k, from, into, access, site);
	last->is_told = is_told;
	if (is_told)
		atomic_fetch_add(&k->repeated, 1);
	else if (fxmi_is_mapped(k, into))
		tell_pointer(cpu, k, last);
}

bool fxmi_pointer_faulted(struct fxm_vcpu *cpu, uint64_t va, uintptr_t pc)
{
	struct fxmi_overrun *last = &cpu->current->overrun;

	if (!last->into || (va & FXMI_PAGE_MASK) != last->into)
		return false;
	bool was_told = last->is_told;
	last->is_told = true;
	return was_told && fxmi_is_same_line(pc, true, last->site);
}

void fxmi_pointer_settle(struct fxm_vcpu *cpu, struct fxm_task *task)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_overrun *last = &task->overrun;
	struct fxmi_subject next = {0};

	if (!last->into)
		return;
	fxmi_history(k, last->into, &next);
	if (!last->is_told && (next.mapped_at != last->before[0] || next.unmapped_at != last->before[1]))
		tell_pointer(cpu, k, last);
	last->into = 0;
}

/* ---- stale entries ---- */

/* The page table has changed since, and nobody told this CPU. */
static void find_stale(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_watch_info *info)
{
	uint64_t entry = fxm_pte_at(k->m, fxm_va_of(info->va & FXMI_PAGE_MASK)).v;
	uint64_t pfn = (entry & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT;
	bool present = entry & k->m->desc.format->present;
	struct fxmi_subject about = {.va = info->va, .site = info->pc, .pfn_plus_1 = info->pfn + 1};
	struct fxmi_notes notes;
	char now[64] = "nothing";

	if (present && pfn == info->pfn)
		return;
	if (present)
		snprintf(now, sizeof(now), "pfn %llx", (unsigned long long)pfn);
	notes.nr = 0;
	fxmi_note_done(&notes, info->va & FXMI_PAGE_MASK, "set", __atomic_load_n(&k->stale_site, __ATOMIC_RELAXED));
	about.notes = &notes;
	fxmi_finding(
	    k, cpu, FXMI_FIND_STALE_TLB, &about,
	    "%s of %llx on CPU %u goes by a stale TLB entry and reaches pfn %llx; the page table says %s: the setter flushed "
	    "its own CPU only",
	    verb(info->access), (unsigned long long)info->va, cpu->id, (unsigned long long)info->pfn, now);
}

void fxmi_on_watch(struct fxm_vcpu *cpu, const struct fxmi_watch_info *info)
{
	static void (*const finders[])(struct fxm_vcpu *, struct fxmi_kernel *, const struct fxmi_watch_info *) = {
	    [FXMI_WATCH_FIRST] = find_foreign, [FXMI_WATCH_RUN_ON] = find_overrun, [FXMI_WATCH_CACHED] = find_stale};

	finders[info->what](cpu, fxmi_kernel_of(cpu), info);
}

void fxmi_watch_init(struct fxmi_kernel *k)
{
	k->m->watched = fxmi_detects(k->layout, FXMI_FIND_FOREIGN_USE) || fxmi_detects(k->layout, FXMI_FIND_PAST_THE_PAGE) ||
			fxmi_detects(k->layout, FXMI_FIND_STALE_TLB);
}

FXMI_COLD void fxmi_watch_replaced(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va)
{
	bool is_cached = false;

	for (uint64_t at = va; at < va + k->page_size; at += FXM_PAGE_SIZE)
		is_cached |= fxmi_tlb_watch(cpu, at);
	if (is_cached && k->record_sites)
		__atomic_store_n(&k->stale_site, fxmi_note_caller(cpu), __ATOMIC_RELAXED);
}
