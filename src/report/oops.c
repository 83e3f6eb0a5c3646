/* SPDX-License-Identifier: MIT */
/* Bad accesses: the oops, and what the address is and what is near it, for the user. The kernel's own lines are in oops_text.c. */
#include "report.h"
#include "state.h"
#include "trace.h"

/* ---- what is near ---- */

enum { NEAR_PAGES = 16 };

/* The live mapping that @cpu can reach in the page at @va. */
static bool is_reachable(const struct fxm_vcpu *cpu, uint64_t va, struct fxmi_mapping *m)
{
	return fxmi_mapping_at(fxmi_kernel_of(cpu), va, m) && m->is_live && !m->is_away && (m->cpu_id < 0 || m->cpu == cpu) &&
	       m->mapped_at;
}

/* The nearest one that ends before @va, and how many pages before; 0: none. */
static unsigned find_before(const struct fxm_vcpu *cpu, uint64_t va, struct fxmi_mapping *m)
{
	uint64_t page = va & FXMI_PAGE_MASK;

	for (unsigned n = 1; n <= NEAR_PAGES; n++)
		if (is_reachable(cpu, page - (uint64_t)n * FXM_PAGE_SIZE, m))
			return n;
	return 0;
}

void fxmi_note_near(const struct fxm_vcpu *cpu, struct fxmi_subject *about, struct fxmi_notes *notes)
{
	struct fxmi_mapping m;
	char which[64];

	notes->nr = 0;
	unsigned pages = find_before(cpu, about->va, &m);
	if (m.family && m.family->has_sizes)
		snprintf(which, sizeof(which), "%s of %llu bytes", m.undo ? m.call : m.family->name, (unsigned long long)m.bytes);
	else
		snprintf(which, sizeof(which), "page");
	if (pages == 1)
		fxmi_note(notes, 0, "it is right behind the %s at %llx: does the access run off that one?", which,
			  (unsigned long long)m.va);
	else if (pages)
		fxmi_note(notes, 0, "it is %u pages behind the page at %llx: does the access run off that one?", pages,
			  (unsigned long long)m.va);
	else if (is_reachable(cpu, about->va + FXM_PAGE_SIZE, &m) && m.va - about->va <= FXM_PAGE_SIZE / 2)
		fxmi_note(notes, 0, "it is %llu bytes before the page at %llx", (unsigned long long)(m.va - about->va),
			  (unsigned long long)m.va);
	else
		return;
	fxmi_note_done(notes, m.va, "mapped", m.mapped_at);
	about->notes = notes;
}

/* Where a NULL pointer came from, if a call has returned one to this task. */
static void note_null(const struct fxm_vcpu *cpu, struct fxmi_subject *about, struct fxmi_notes *notes)
{
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);

	if (!pc->null_call || pc->null_pid != cpu->current->pid || !pc->null_site)
		return;
	fxmi_note(notes, pc->null_site, "%s() returned NULL", pc->null_call);
	about->notes = notes;
}

void fxmi_note_null(struct fxm_vcpu *cpu, const char *call)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);

	pc->null_call = call;
	pc->null_pid = cpu->current->pid;
	pc->null_site = pc->kernel->record_sites ? fxmi_note_caller(cpu) : 0;
}

/* ---- the oops ---- */

_Noreturn void fxmi_oops(struct fxm_vcpu *cpu, const struct fxm_fault *fault, uintptr_t pc, bool is_access, const char *explanation)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_notes notes;
	char head[1024];

	k->oopses++;
	fxmi_oops_head(k, fault, pc, is_access, head, sizeof(head));
	fxmi_trace_report(cpu, FXM_REPORT_OOPS, NULL, fault, true);
	struct fxmi_subject about = {.va = fault->address.v,
				     .fault = fault,
				     .site = pc,
				     .is_access = is_access,
				     .slot_plus_1 = fxmi_pkmap_nr(&k->pkmap, fault->address.v) + 1};
	fxmi_history(k, about.va, &about);
	fxmi_note_near(cpu, &about, &notes);
	if (about.va < FXM_PAGE_SIZE)
		note_null(cpu, &about, &notes);
	fxmi_report(k, cpu, FXM_REPORT_OOPS, NULL, NULL, head, &about, explanation);
	fxmi_task_kill(cpu);
}

/* ---- what the address is, for the user ---- */

/* The call that returned NULL to @cpu's task last, if it is not page_address(). */
static const char *null_of(const struct fxm_vcpu *cpu)
{
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);
	bool is_known = pc->null_call && pc->null_pid == cpu->current->pid && strcmp(pc->null_call, "page_address") != 0;

	return is_known ? pc->null_call : NULL;
}

/* The slot that the address lies in, and whose it is. */
static void explain_slot(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size)
{
	char slot[96];

	fxmi_mapping_describe(k, m, slot, sizeof(slot));
	if (m->family == k->family[FXMI_FAMILY_PKMAP])
		snprintf(buf, size, "%s is not mapped (count %u)", slot, fxmi_pkmap_count(&k->pkmap, m->slot));
	else if (m->family == k->family[FXMI_FAMILY_FIXED])
		snprintf(buf, size, "fixed address %s, is not mapped%s", slot + strlen("index "), m->mapped_at ? " any more" : "");
	else if (m->family == k->family[FXMI_FAMILY_AREA])
		snprintf(buf, size, "the %llu bytes that %s() mapped at %llx were given back by %s()", (unsigned long long)m->bytes,
			 m->call, (unsigned long long)m->va, m->undo);
	else if (m->family == k->family[FXMI_FAMILY_EARLY])
		snprintf(buf, size, "the %s of %llu bytes in %s is undone", m->family->name, (unsigned long long)m->bytes, slot);
	else if (m->is_away)
		snprintf(buf, size, "%s slot %u of CPU %d belongs to %s[%d], which %s", m->family->name, m->slot, m->cpu_id,
			 m->comm, m->pid, m->has_ended ? "has ended" : "is switched out");
	else
		snprintf(buf, size, "%s slot %u of CPU %d is not mapped", m->family->name, m->slot, m->cpu_id);
}

/* An address beyond the direct map that a page of highmem would have in it. */
static bool is_linear_highmem(const struct fxmi_kernel *k, uint64_t va)
{
	uint64_t pfn = (va - k->page_offset) >> FXM_PAGE_SHIFT;

	return va >= k->high_memory && fxmi_pfn_is_ram(k->m, pfn) && fxm_page_count(k->m, fxm_page_of_pfn(k->m, pfn)) > 0;
}

/* The page behind a live part of the vmalloc area. */
static bool is_guard(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *m)
{
	const struct fxmi_area *area = fxmi_area_of(atomic_load_explicit(&k->areas, memory_order_acquire), va);

	return area && fxmi_mapping_at(k, fxmi_read_once(area->start), m) && m->is_live;
}

void fxmi_explain_fault(const struct fxm_vcpu *cpu, const struct fxm_fault *f, char *buf, size_t size)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	const char *verb = f->access == FXM_WRITE ? "write" : f->access == FXM_EXEC ? "jump" : "read";
	unsigned long long va = f->address.v;
	struct fxmi_mapping m;
	char slot[160];

	if (f->present) {
		snprintf(buf, size, "%s of %llx: the mapping there %s (PTE %llx)", verb, va,
			 f->access == FXM_WRITE ? "is read-only" : "does not allow it", (unsigned long long)f->pte.v);
	} else if (va < FXM_PAGE_SIZE) {
		const char *call = null_of(cpu);

		snprintf(buf, size, "%s through a NULL pointer, or a small offset from one: %s()%s NULL", verb,
			 call ? call : "page_address", call ? " returned" : " of a page without a mapping is");
	} else if (va <= k->va_mask && fxmi_mapping_at(k, va, &m)) {
		explain_slot(k, &m, slot, sizeof(slot));
		snprintf(buf, size, "%s of %llx: %s", verb, va, slot);
	} else if (is_guard(k, va, &m)) {
		snprintf(buf, size, "%s of %llx: the guard page behind the %llu bytes at %llx that %s() mapped", verb, va,
			 (unsigned long long)m.bytes, (unsigned long long)m.va, m.call);
	} else if (va > k->va_mask) {
		snprintf(buf, size, "%s of %llx, which is no address of the simulated kernel", verb, va);
	} else if (va < k->page_offset) {
		snprintf(buf, size, "%s of %llx, which is a user address, not a kernel one", verb, va);
	} else if (is_linear_highmem(k, va)) {
		snprintf(buf, size,
			 "%s of %llx: nothing is mapped there; it is __va() of a highmem page (pfn %llx), which has no address "
			 "before kmap() or its kin give it one",
			 verb, va, (va - k->page_offset) >> FXM_PAGE_SHIFT);
	} else {
		snprintf(buf, size, "%s of %llx: nothing is mapped there", verb, va);
	}
}

void fxm_oops(struct fxm_vcpu *cpu, const struct fxm_fault *fault)
{
	char explanation[256];
	if (fxmi_check_cpu(cpu) || !fault)
		fxmi_die_of_argument("fxm_oops", fault ? fxmi_check_cpu(cpu) : -EINVAL);
	fxmi_explain_fault(cpu, fault, explanation, sizeof(explanation));
	fxmi_oops(cpu, fault, fxmi_kernel_of(cpu)->has_stacks ? fxmi_caller() : 0, false, explanation);
}
