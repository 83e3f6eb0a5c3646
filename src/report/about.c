/* SPDX-License-Identifier: MIT */
/* What a report is about: the record of the mapping at an address, put into the report's fields and into words. */
#include "report.h"
#include "state.h"

void fxmi_about_mapping(struct fxmi_subject *about, const struct fxmi_mapping *m)
{
	about->mapped_at = m->mapped_at;
	about->unmapped_at = m->unmapped_at;
	about->told = m->told;
	about->is_fixed = m->family && m->family->is_set;
}

void fxmi_history(const struct fxmi_kernel *k, uint64_t va, struct fxmi_subject *about)
{
	struct fxmi_mapping m;

	if (fxmi_mapping_at(k, va, &m))
		fxmi_about_mapping(about, &m);
}

void fxmi_describe(const struct fxmi_kernel *k, uint64_t va, char *buf, size_t size)
{
	unsigned long long shown = va;
	struct fxmi_mapping m;
	char slot[96];

	if (va < k->nr_fixed) {
		snprintf(buf, size, "%llu, which is a number and no address (the fixed address of that index is %llx)", shown,
			 (unsigned long long)fxmi_fix_to_virt(k, va));
	} else if (va <= k->va_mask && fxmi_mapping_at(k, va, &m)) {
		m.is_live = false; /* whose it is now matters to nobody here */
		fxmi_mapping_describe(k, &m, slot, sizeof(slot));
		if (m.family == k->family[FXMI_FAMILY_PKMAP])
			snprintf(buf, size, "%llx, an address inside %s, which kmap() returns and kunmap() undoes", shown, slot);
		else if (m.family == k->family[FXMI_FAMILY_FIXED])
			snprintf(buf, size, "%llx, the address of fixmap %s", shown, slot);
		else if (m.family == k->family[FXMI_FAMILY_AREA])
			snprintf(buf, size, "%llx, an address in the vmalloc area, of the %s", shown, slot);
		else
			snprintf(buf, size, "%llx, an address inside %s %s", shown, m.family->name, slot);
	} else if (va >= k->page_offset && va < k->high_memory) {
		snprintf(buf, size, "%llx, an address in the direct map (pfn %llx)", shown,
			 (unsigned long long)((va - k->linear_base) >> FXM_PAGE_SHIFT));
	} else {
		snprintf(buf, size, "%llx, which is no pointer of this machine", shown);
	}
}

void fxmi_note_done(struct fxmi_notes *notes, uint64_t va, const char *done, uintptr_t site)
{
	if (site)
		fxmi_note(notes, site, "%llx was %s", (unsigned long long)va, done);
}

struct fxmi_subject fxmi_order_subject(const struct fxmi_kernel *k, uint64_t va, uintptr_t top_site, struct fxmi_notes *notes)
{
	struct fxmi_subject given = {0};

	notes->nr = 0;
	fxmi_history(k, va, &given);
	fxmi_note_done(notes, va, "mapped", given.mapped_at);
	fxmi_note_done(notes, va, "unmapped", given.unmapped_at);
	return (struct fxmi_subject){.va = va, .mapped_at = top_site, .notes = notes};
}
