/* SPDX-License-Identifier: MIT */
/*
 * Which address a page has: page_address(), set_page_address(). Models mm/highmem.c.
 *
 * A lowmem page's address follows from its frame number. For highmem pages the kernel keeps LAST_PKMAP records in a hash of
 * 128 buckets. The hash only makes the look-up fast; what can be observed is that a page's oldest record wins. Here a
 * record is the slot's (record_page, record_seq) pair, and each struct page points at its oldest one, so reading needs no lock.
 *
 * Invariant: page->pkmap_slot is 1 + the slot of the page's oldest record, 0 without one. Changed under kmap_lock.
 */
#include "kernel.h"

#define PA_HASH_ORDER 7

uint64_t fxmi_page_address(const struct fxmi_kernel *k, const struct fxm_page *page)
{
	uint64_t pfn = fxmi_page_pfn(k->m, page);
	if (pfn < k->m->mem.highmem_pfn)
		return k->page_offset + (pfn << FXM_PAGE_SHIFT);
	uint32_t slot_plus_1 = atomic_load_explicit(&page->pkmap_slot, memory_order_acquire);
	return slot_plus_1 ? fxmi_pkmap_addr(&k->pkmap, slot_plus_1 - 1) : 0;
}

/* 1 + the slot of @pfn's oldest record, 0 for none. */
static uint32_t oldest_record(const struct fxmi_pkmap *p, uint64_t pfn)
{
	uint32_t best = 0;
	for (uint32_t nr = 0; nr < p->last_pkmap; nr++)
		if (p->record_seq[nr] && p->record_page[nr] == pfn && (!best || p->record_seq[nr] < p->record_seq[best - 1]))
			best = nr + 1;
	return best;
}

void fxmi_set_page_address_locked(struct fxmi_kernel *k, struct fxm_page *page, uint64_t va)
{
	struct fxmi_pkmap *p = &k->pkmap;
	uint64_t pfn = fxmi_page_pfn(k->m, page);
	uint32_t first = atomic_load_explicit(&page->pkmap_slot, memory_order_relaxed);

	if (va) {
		uint32_t nr = (uint32_t)fxmi_pkmap_nr(p, va);
		bool had_another = p->record_seq[nr] && p->record_page[nr] != pfn;
		uint64_t other = p->record_page[nr];
		p->record_seq[nr] = ++p->next_seq;
		p->record_page[nr] = pfn;
		if (!first)
			atomic_store_explicit(&page->pkmap_slot, nr + 1, memory_order_release);
		if (had_another) /* the slot's record was overwritten: its page falls back to its next one */
			atomic_store_explicit(&k->m->mem.mem_map[other].pkmap_slot, oldest_record(p, other), memory_order_release);
	} else if (first) {
		p->record_seq[first - 1] = 0;
		/* Only set_page_address() or map_new_virtual() called by hand give a page a second record. */
		atomic_store_explicit(&page->pkmap_slot, p->has_duplicates ? oldest_record(p, pfn) : 0, memory_order_release);
	}
	p->has_duplicates |= va && first;
}

fxm_va fxm_page_address(struct fxm_vcpu *cpu, const struct fxm_page *page)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !fxmi_page_is_valid(cpu->machine, page))
		return fxmi_va_error(error ? error : -EINVAL);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = fxmi_page_address(k, page);

	if (fxmi_tracing(cpu)) {
		struct fxmi_op op;
		fxmi_op_begin(cpu, &op, "page_address", page, va);
		fxmi_op_end_fields(cpu, &op, "%s", "");
	}
	return fxm_va_of(va);
}

int fxm_set_page_address(struct fxm_vcpu *cpu, struct fxm_page *page, fxm_va va)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !fxmi_page_is_valid(cpu->machine, page))
		return error ? error : -EINVAL;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!k->highmem)
		return 0; /* an empty macro in the kernel */
	if (va.v && fxmi_pkmap_nr(&k->pkmap, va.v) < 0)
		return -EINVAL;
	fxmi_op_begin(cpu, &op, "set_page_address", page, va.v);
	if (!fxm_page_is_highmem(k->m, page))
		fxmi_bug(cpu, "set_page_address", &(struct fxmi_subject){.page = page, .va = va.v},
			 "set_page_address of a lowmem page: its address is fixed, only highmem pages get one");
	fxmi_spin_lock(cpu, &k->pkmap.kmap_lock);
	fxmi_set_page_address_locked(k, page, va.v);
	fxmi_spin_unlock(cpu, &k->pkmap.kmap_lock);
	fxmi_op_end_fields(cpu, &op, "%s", "");
	return 0;
}

int fxm_page_slot(struct fxm_vcpu *cpu, const struct fxm_page *page)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !fxmi_page_is_valid(cpu->machine, page))
		return error ? error : -EINVAL;
	/* The address that this struct page would have in a kernel whose mem_map begins 16 MB into lowmem, 32 bytes a page. */
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint32_t address = (uint32_t)(k->page_offset + 0x1000000 + fxmi_page_pfn(k->m, page) * 32);
	uint32_t multiplier = fxmi_trait(k->layout, "golden_ratio_new") ? 0x61c88647u : 0x9e370001u;
	return (int)(address * multiplier >> (32 - PA_HASH_ORDER));
}

int fxm_page_address_init(struct fxm_machine *m)
{
	if (!m || m->dead)
		return m ? -ECHILD : -EINVAL;
	struct fxmi_pkmap *p = &fxmi_kernel(m)->pkmap;
	for (uint32_t nr = 0; nr < p->last_pkmap; nr++)
		if (fxmi_pkmap_count(p, nr))
			return -EBUSY;
	for (uint32_t nr = 0; nr < p->last_pkmap; nr++) {
		if (p->record_seq[nr])
			atomic_store(&m->mem.mem_map[p->record_page[nr]].pkmap_slot, 0);
		p->record_seq[nr] = 0;
	}
	p->has_duplicates = false;
	return 0;
}
