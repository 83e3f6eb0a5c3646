/* SPDX-License-Identifier: MIT */
/* Bad accesses: the oops, and what the address is and what is near it, for the user. The kernel's own lines are in oops_text.c. */
#include "report.h"
#include "state.h"
#include "trace.h"

void fxmi_note_page_before(const struct fxm_vcpu *cpu, struct fxmi_subject *about, struct fxmi_notes *notes)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t before = (about->va & FXMI_PAGE_MASK) - FXM_PAGE_SIZE;
	struct fxmi_mapping page;

	notes->nr = 0;
	if (!fxmi_mapping_at(k, before, &page) || !page.is_live || page.is_away || (page.cpu_id >= 0 && page.cpu != cpu) ||
	    !page.mapped_at)
		return;
	fxmi_note(notes, 0, "it is right behind the page at %llx: does the access run off that one?", (unsigned long long)before);
	fxmi_note_done(notes, before, "mapped", page.mapped_at);
	about->notes = notes;
}

_Noreturn void fxmi_oops(struct fxm_vcpu *cpu, const struct fxm_fault *fault, uintptr_t pc, bool is_access, const char *explanation)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_notes notes;
	char head[768];

	k->oopses++;
	fxmi_oops_head(k, fault, pc, is_access, head, sizeof(head));
	fxmi_trace_report(cpu, FXM_REPORT_OOPS, NULL, fault, true);
	struct fxmi_subject about = {.va = fault->address.v,
				     .fault = fault,
				     .site = pc,
				     .is_access = is_access,
				     .slot_plus_1 = fxmi_pkmap_nr(&k->pkmap, fault->address.v) + 1};
	fxmi_history(k, about.va, &about);
	fxmi_note_page_before(cpu, &about, &notes);
	fxmi_report(k, cpu, FXM_REPORT_OOPS, NULL, NULL, head, &about, explanation);
	fxmi_task_kill(cpu);
}

/* ---- what the address is, for the user ---- */

void fxmi_explain_fault(const struct fxmi_kernel *k, const struct fxm_fault *f, char *buf, size_t size)
{
	uint64_t va = f->address.v;
	int nr = fxmi_pkmap_nr(&k->pkmap, va);
	const char *verb = f->access == FXM_WRITE ? "write" : f->access == FXM_EXEC ? "jump" : "read";

	if (f->present)
		snprintf(buf, size, "%s of %llx: the mapping there %s (PTE %llx)", verb, (unsigned long long)va,
			 f->access == FXM_WRITE ? "is read-only" : "does not allow it", (unsigned long long)f->pte.v);
	else if (va < FXM_PAGE_SIZE)
		snprintf(
		    buf, size,
		    "%s through a NULL pointer, or a small offset from one: page_address() of a page without a mapping is NULL",
		    verb);
	else if (nr >= 0)
		snprintf(buf, size, "%s of %llx: pkmap slot %d is not mapped (count %u)", verb, (unsigned long long)va, nr,
			 fxmi_pkmap_count(&k->pkmap, (uint32_t)nr));
	else if (fxmi_va_is_fixed(k, va)) {
		uint64_t index = fxmi_virt_to_fix(k, va);
		if (index - k->fix_kmap_begin < (uint64_t)k->fix_kmap_end - k->fix_kmap_begin + 1)
			snprintf(buf, size, "%s of %llx: %s slot %llu of CPU %llu is not mapped", verb, (unsigned long long)va,
				 k->local ? "kmap_local" : "kmap_atomic",
				 (unsigned long long)((index - k->fix_kmap_begin) / k->cache_colours % k->km_type_nr),
				 (unsigned long long)((index - k->fix_kmap_begin) / k->cache_colours / k->km_type_nr));
		else
			snprintf(buf, size, "%s of %llx: fixed address %llu is not mapped", verb, (unsigned long long)va,
				 (unsigned long long)index);
	} else if (va > k->va_mask)
		snprintf(buf, size, "%s of %llx, which is no address of the simulated kernel", verb, (unsigned long long)va);
	else if (va < k->page_offset)
		snprintf(buf, size, "%s of %llx, which is a user address, not a kernel one", verb, (unsigned long long)va);
	else
		snprintf(buf, size, "%s of %llx: nothing is mapped there", verb, (unsigned long long)va);
}

void fxm_oops(struct fxm_vcpu *cpu, const struct fxm_fault *fault)
{
	char explanation[256];
	if (fxmi_check_cpu(cpu) || !fault)
		fxmi_die_of_argument("fxm_oops", fault ? fxmi_check_cpu(cpu) : -EINVAL);
	fxmi_explain_fault(fxmi_kernel_of(cpu), fault, explanation, sizeof(explanation));
	fxmi_oops(cpu, fault, fxmi_kernel_of(cpu)->has_stacks ? fxmi_caller() : 0, false, explanation);
}
