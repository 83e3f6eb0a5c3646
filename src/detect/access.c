/* SPDX-License-Identifier: MIT */
/*
 * Checked accesses that are wrong although the hardware lets them pass: by the pointer of a mapping that has been undone, that
 * belongs to somebody else, or whose page it has left; to memory that was given back; past an object. The machine says which and
 * where (sim/window/check.c), this says it to the user. Each is told once for a mapping and a kind.
 */
#include "detect.h"

static const char *verb_of(const struct fxmi_access *a)
{
	return a->access == FXM_WRITE ? "write" : "read";
}

static struct fxmi_subject subject(const struct fxmi_access *a, struct fxmi_notes *notes)
{
	notes->nr = 0;
	return (struct fxmi_subject){
	    .va = a->va,
	    .site = a->pc,
	    .mapped_at = a->places.mapped,
	    .notes = notes,
	};
}

static void find_stale(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_access *a)
{
	struct fxmi_notes notes;
	struct fxmi_subject about = subject(a, &notes);
	const char *now = a->has_now	  ? "its slot is mapped again, and the new mapping's page is what it finds"
			  : a->is_cached  ? "the PTE is gone, but nobody flushed this CPU's TLB entry, so this kernel goes on"
			  : a->is_present ? "the PTE is still there, so this kernel goes on"
					  : "the PTE is gone, so the kernel would fault";

	struct fxmi_mapping m = {0};

	/* that its slot has two users, or that it went in the place of another one, was the mistake */
	if (fxmi_mapping_at(k, a->va, &m) && m.mapped_at == a->places.mapped && m.told & FXMI_MISTAKE_ORDER) {
		atomic_fetch_add(&k->repeated, 1);
		return;
	}
	if (m.told & FXMI_MISTAKE_REUSE) {
		atomic_fetch_add(&k->repeated, 1);
		return;
	}
	about.unmapped_at = a->places.unmapped;
	about.pfn_plus_1 = a->pfn + 1;
	if (a->has_now)
		fxmi_note_done(&notes, a->va & FXMI_PAGE_MASK, "mapped again", a->now_mapped);
	if (a->is_reused)
		fxmi_note(&notes, 0, "this page was mapped often: the pointer may be of an earlier mapping of it");
	fxmi_finding(k, cpu, FXMI_FIND_USE_AFTER_UNMAP, &about, "%s of %llx after its mapping was undone; %s", verb_of(a),
		     (unsigned long long)a->va, now);
}

/* The mapping of a task that is switched out, by where it was made. */
struct away {
	uintptr_t mapped_at;
	uint64_t page;
	struct fxmi_mapping found;
};

static void is_it(const struct fxmi_mapping *at, void *arg)
{
	struct away *away = arg;

	if (at->is_away && at->mapped_at == away->mapped_at && at->va == away->page)
		away->found = *at;
}

static void find_away(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_access *a)
{
	struct away away = {.mapped_at = a->places.mapped, .page = a->va & FXMI_PAGE_MASK};
	struct fxmi_notes notes;
	struct fxmi_subject about = subject(a, &notes);
	char owner[48] = "a task";

	fxmi_mapping_each(k, is_it, &away);
	if (away.found.pid)
		snprintf(owner, sizeof(owner), "%s[%d]", away.found.comm, away.found.pid);
	fxmi_finding(k, cpu, FXMI_FIND_FOREIGN_USE, &about,
		     "%s of %llx by %s[%d] on CPU %u: it is a mapping of %s, which does not run now, and for nobody else",
		     verb_of(a), (unsigned long long)a->va, cpu->current->comm, cpu->current->pid, cpu->id, owner);
}

static void find_foreign(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_access *a)
{
	const struct fxm_task *owner = __atomic_load_n(&a->owner->current, __ATOMIC_ACQUIRE);
	struct fxmi_notes notes;
	struct fxmi_subject about = subject(a, &notes);

	fxmi_finding(k, cpu, FXMI_FIND_FOREIGN_USE, &about,
		     "%s of %llx by %s[%d] on CPU %u: it is a mapping of %s[%d] on CPU %u, and for nobody else", verb_of(a),
		     (unsigned long long)a->va, cpu->current->comm, cpu->current->pid, cpu->id, owner->comm, owner->pid,
		     a->owner->id);
}

static void find_off_page(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_access *a)
{
	struct fxmi_subject there = {0};
	struct fxmi_notes notes;
	struct fxmi_subject about = subject(a, &notes);
	uint64_t page = a->va & FXMI_PAGE_MASK;

	if (fxmi_is_told_overrun(k, a->places.mapped, a->pc, a->is_repeated))
		return;
	fxmi_history(k, page, &there);
	fxmi_note_done(&notes, page, "mapped", there.mapped_at);
	fxmi_finding(k, cpu, FXMI_FIND_PAST_THE_PAGE, &about, "a %s runs off the page at %llx into the one at %llx, %s", verb_of(a),
		     (unsigned long long)a->from, (unsigned long long)page,
		     fxmi_is_mapped(k, page) ? "which is another mapping" : "where another mapping was");
}

static void find_freed(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_access *a)
{
	struct fxmi_notes notes;
	struct fxmi_subject about = subject(a, &notes);

	about.pfn_plus_1 = a->pfn + 1;
	fxmi_finding(k, cpu, FXMI_FIND_USE_AFTER_FREE, &about, "%s of %llx: its page, pfn %llx, was given back", verb_of(a),
		     (unsigned long long)a->va, (unsigned long long)a->pfn);
}

static void find_object(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_access *a)
{
	const struct fxmi_object *o = &a->object;
	struct fxmi_notes notes;
	struct fxmi_subject about = subject(a, &notes);
	unsigned long long va = a->va, object = o->va;

	if (a->access == FXM_WRITE)
		fxmi_slab_told(k, a->va, a->size);
	about.taken_at = o->site;
	if (o->va)
		fxmi_note_done(&notes, o->va, "taken by kmalloc()", o->site);
	if (o->is_freed) {
		fxmi_note_done(&notes, o->va, "given back by kfree()", o->freed_site);
		fxmi_finding(k, cpu, FXMI_FIND_USE_AFTER_FREE, &about,
			     "%s of %llx, byte %lld of the %u bytes at %llx, after kfree()", verb_of(a), va,
			     (long long)(a->va - o->va), o->asked, object);
	} else if (!o->va) {
		fxmi_finding(k, cpu, FXMI_FIND_RED_ZONE, &about, "%s of %llx, which lies in kmalloc()'s memory and is no object's",
			     verb_of(a), va);
	} else {
		fxmi_finding(k, cpu, FXMI_FIND_RED_ZONE, &about, "%s of %zu byte%s at %llx, %s the %u bytes at %llx", verb_of(a),
			     a->size, a->size == 1 ? "" : "s", va,
			     a->va < o->va		? "before"
			     : a->va < o->va + o->asked ? "past the end of"
							: "behind",
			     o->asked, object);
	}
}

void fxmi_on_access(struct fxm_vcpu *cpu, const struct fxmi_access *a)
{
	static void (*const finders[])(struct fxm_vcpu *, struct fxmi_kernel *, const struct fxmi_access *) = {
	    [FXMI_STALE] = find_stale,	     [FXMI_AWAY] = find_away,	     [FXMI_FOREIGN] = find_foreign,
	    [FXMI_OFF_PAGE] = find_off_page, [FXMI_PAGE_FREED] = find_freed, [FXMI_OBJECT] = find_object};

	finders[a->wrong](cpu, fxmi_kernel_of(cpu), a);
}

uintptr_t fxmi_on_place(struct fxm_vcpu *cpu)
{
	return fxmi_kernel_of(cpu)->record_sites ? fxmi_note_caller(cpu) : 0;
}
