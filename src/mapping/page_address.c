/* SPDX-License-Identifier: MIT */
/*
 * Which address a page has: page_address(), set_page_address(). Models mm/highmem.c.
 *
 * A lowmem page's address follows from its frame number. For highmem pages the kernel keeps LAST_PKMAP records in a hash of
 * 128 buckets. The hash only makes the look-up fast; what can be observed is that a page's oldest record wins. Here each
 * struct page holds the slot of its oldest record, so reading needs no lock.
 *
 * Invariants, under kmap_lock: page->pkmap_slot is 1 + the slot of the page's oldest record, 0 without one. Unless is_irregular, a
 * page has one record at most, and its number is the slot's: what kmap() does. BUGs and set_page_address() by hand change that.
 */
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

#define PA_HASH_ORDER 7

static FXMI_COLD void check_phys_addr(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, uint64_t va)
{
	uint64_t start = fxm_layout_get(k->layout, "VMALLOC_START"), end = fxm_layout_get(k->layout, "VMALLOC_END");

	if (va < k->page_offset || va > k->high_memory)
		fxmi_bug(cpu,
			 va < k->page_offset	   ? "phys_addr_below"
			 : va >= start && va < end ? "phys_addr_vmalloc"
						   : "phys_addr_above",
			 &(struct fxmi_subject){.va = va},
			 "virt_to_phys() or virt_to_page() of %llx, which is not in the direct map", (unsigned long long)va);
}

uint64_t fxmi_phys_addr(struct fxm_vcpu *cpu, uint64_t va)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	if (fxmi_unlikely(k->debug_virtual))
		check_phys_addr(cpu, k, va);
	return (va - k->linear_base) & k->va_mask;
}

/* 1 + the number of @pfn's oldest record, 0 for none. */
static uint32_t oldest_record(const struct fxmi_pkmap *p, uint64_t pfn)
{
	uint32_t best = 0;
	for (uint32_t i = 0; i < p->last_pkmap; i++)
		if (p->record_seq[i] && p->record_page[i] == pfn && (!best || p->record_seq[i] < p->record_seq[best - 1]))
			best = i + 1;
	return best;
}

/* page->pkmap_slot, anew. */
static void find_address(struct fxmi_kernel *k, uint64_t pfn)
{
	uint32_t record_plus_1 = oldest_record(&k->pkmap, pfn);
	atomic_store_explicit(&k->m->mem.mem_map[pfn].pkmap_slot, record_plus_1 ? k->pkmap.record_slot[record_plus_1 - 1] + 1 : 0,
			      memory_order_release);
}

/* The record for slot @nr: the one of that number; 2.6 takes any free one from a pool. LAST_PKMAP when there is none. */
static uint32_t take_record(const struct fxmi_pkmap *p, uint32_t nr)
{
	if (!p->record_seq[nr] || !p->has_record_pool)
		return nr;
	for (nr = 0; nr < p->last_pkmap && p->record_seq[nr];)
		nr++;
	return nr;
}

static void add_record(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page, uint32_t nr)
{
	struct fxmi_pkmap *p = &k->pkmap;
	uint64_t pfn = fxmi_page_pfn(k->m, page);
	uint32_t i = take_record(p, nr);

	if (i == p->last_pkmap)
		fxmi_bug(cpu, "set_page_address", &(struct fxmi_subject){.page = page},
			 "set_page_address: all %u address records are in use", p->last_pkmap);
	uint32_t last = i > nr ? i : nr;
	if (last >= p->used)
		p->used = last + 1;
	fxmi_pages_touch(&k->m->mem, pfn, 1);
	uint64_t overwritten = p->record_seq[i] ? p->record_page[i] : UINT64_MAX;
	bool is_only_one = !atomic_load_explicit(&page->pkmap_slot, memory_order_relaxed);
	p->record_seq[i] = ++p->next_seq;
	p->record_page[i] = pfn;
	p->record_slot[i] = nr;
	p->is_irregular |= !is_only_one || i != nr || overwritten != UINT64_MAX;
	if (is_only_one)
		atomic_store_explicit(&page->pkmap_slot, nr + 1, memory_order_release);
	if (overwritten != UINT64_MAX) /* its page falls back to its next one */
		find_address(k, overwritten);
}

static void remove_record(struct fxmi_kernel *k, struct fxm_page *page, uint32_t nr)
{
	struct fxmi_pkmap *p = &k->pkmap;
	uint64_t pfn = fxmi_page_pfn(k->m, page);

	if (p->is_irregular)
		nr = oldest_record(p, pfn) - 1;
	p->record_seq[nr] = 0;
	if (p->is_irregular)
		find_address(k, pfn);
	else
		atomic_store_explicit(&page->pkmap_slot, 0, memory_order_release);
}

void fxmi_set_page_address_locked(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t va)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint32_t first = atomic_load_explicit(&page->pkmap_slot, memory_order_relaxed);

	if (va)
		add_record(cpu, k, page, (uint32_t)fxmi_pkmap_nr(&k->pkmap, va));
	else if (first)
		remove_record(k, page, first - 1);
}

fxm_va fxm_page_address(struct fxm_vcpu *cpu, const struct fxm_page *page)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !fxmi_page_is_valid(cpu->machine, page))
		return fxmi_va_error(error ? error : -EINVAL);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!fxmi_page_address(k, page))
		fxmi_note_null(cpu, "page_address");
	if (fxmi_likely(!fxmi_tracing(cpu)))
		return fxm_va_of(fxmi_page_address(k, page));
	fxmi_op_begin(cpu, &op, "page_address", page, 0);
	op.address = fxmi_page_address(k, page);
	fxm_va va = fxm_va_of(op.address);
	fxmi_op_end_fields(cpu, &op, "%s", "");
	return va;
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
	fxmi_set_page_address_locked(cpu, page, va.v);
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
	uint32_t multiplier = fxmi_trait(k->layout, FXMI_TRAIT_golden_ratio_new) ? 0x61c88647u : 0x9e370001u;
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
	p->is_irregular = false;
	return 0;
}

/* ---- the other way round ---- */

int fxm_find_kmap_pfn(struct fxm_vcpu *cpu, fxm_va va, uint64_t *out)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !out)
		return error ? error : -EINVAL;
	if (!fxmi_has(fxmi_kernel_of(cpu), "kmap_to_page"))
		return -ENOSYS;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	int nr = fxmi_pkmap_nr(&k->pkmap, va.v);
	struct fxmi_op op;
	uint64_t pfn;

	fxmi_op_begin(cpu, &op, "kmap_to_page", NULL, va.v);
	if (nr >= 0 && k->kmap_to_page_local)
		fxmi_warn_once(cpu, FXMI_ONCE_TO_PAGE_PKMAP, "kmap_to_page_pkmap",
			       &(struct fxmi_subject){.va = va.v, .slot_plus_1 = nr + 1},
			       "kmap_to_page of %llx, a kmap() address: keep the page instead", (unsigned long long)va.v);
	if (nr >= 0)
		pfn = fxmi_pte_pfn(k, fxm_pte_at(k->m, fxm_va_of(fxmi_pkmap_addr(&k->pkmap, (uint32_t)nr))).v);
	else if (!k->kmap_to_page_local || !fxmi_kmap_local_to_pfn(cpu, va.v, &pfn)) {
		pfn = fxmi_phys_addr(cpu, va.v) >> FXM_PAGE_SHIFT;
		if (!k->kmap_to_page_local && va.v > k->high_memory)
			fxmi_finding(k, cpu, FXMI_FIND_VIRT_TO_PAGE, &(struct fxmi_subject){.va = va.v},
				     "kmap_to_page() of %llx is virt_to_page(), right in the direct map only: it comes to pfn %llx",
				     (unsigned long long)va.v, (unsigned long long)pfn);
	}
	fxmi_op_end_fields(cpu, &op, "pfn=%llx", (unsigned long long)pfn);
	*out = pfn;
	return 0;
}

int fxm_kmap_to_page(struct fxm_vcpu *cpu, fxm_va va, struct fxm_page **out)
{
	uint64_t pfn;
	int error = out ? fxm_find_kmap_pfn(cpu, va, &pfn) : -EINVAL;
	if (error)
		return error;
	*out = fxm_page_of_pfn(cpu->machine, pfn);
	return 0;
}
