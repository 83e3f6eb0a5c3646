/* SPDX-License-Identifier: MIT */
/*
 * Temporary mappings of arm, on the stack per CPU of kmap_atomic_stack.c. Models arch/arm/mm/highmem.c, 4.7.
 *
 * Three things differ from x86. A page that kmap() has mapped already keeps that address, with a reference more, and no slot is
 * taken (kmap_high_get); where the cache does not alias, DEBUG_HIGHMEM leaves that out, to have more checked. The TLB is flushed
 * when mapping, because unmapping leaves the PTE in place; only DEBUG_HIGHMEM clears it. And a cache that is looked up by
 * virtual address is written back when unmapping.
 *
 * kunmap_atomic() goes by the address: from FIXADDR_START on, the topmost level ends; in pkmap, a reference is given back;
 * anything else only moves the counters.
 */
#include "detect.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

/* The address of @level of this CPU: below 0 and above KM_TYPE_NR, of what lies beside. */
static uint64_t level_va(const struct fxmi_percpu *pc, int level)
{
	return pc->kmap_va - (uint64_t)(int64_t)level * FXM_PAGE_SIZE;
}

static bool is_own(const struct fxmi_kernel *k, int level)
{
	return level >= 0 && level < (int)k->km_type_nr;
}

static uint64_t map_pfn(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t pfn)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	int level = fxmi_kmap_atomic_idx_push(cpu, k);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_PUSHED);
	uint64_t va = level_va(pc, level);
	void *pte = fxmi_pte_ptr(k->m, va);
	uint64_t entry = (pfn << FXM_PAGE_SHIFT | k->kmap_prot) & UINT32_MAX;

	if (k->debug_highmem && fxmi_pte_get(pte, k->pte_bytes))
		fxmi_bug(cpu, "atomic_busy",
			 &(struct fxmi_subject){.va = va,
						.slot_plus_1 = (uint32_t)fxmi_virt_to_fix(k, va) + 1,
						.mapped_at = is_own(k, level) ? pc->slots.mapped_at[level] : 0},
			 "kmap_atomic: level %d of CPU %u at %llx is mapped already", level, cpu->id, (unsigned long long)va);
	fxmi_set_pte(k->m, pte, entry);
	if (k->atomic_flush_at_map)
		fxmi_flush_tlb_one(cpu, va);
	fxmi_window_begin(cpu, va, entry);
	fxmi_note_map(cpu, k, level, NULL);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_MAPPED);
	return va;
}

static uint64_t map_page(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page)
{
	if (!fxm_page_is_highmem(k->m, page))
		return fxmi_page_address(k, page);
	uint64_t va = k->atomic_high_get ? fxmi_kmap_high_get(cpu, k, page) : 0;
	return va ? va : map_pfn(cpu, k, fxmi_page_pfn(k->m, page));
}

static fxm_va map(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !fxmi_page_is_valid(cpu->machine, page))
		return fxmi_va_error(error ? error : -EINVAL);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	fxmi_op_begin(cpu, &op, "kmap_atomic", page, 0);
	fxmi_counts_add(cpu, k->atomic_step);
	op.address = map_page(cpu, k, page);
	fxmi_op_end_atomic(cpu, &op);
	return fxm_va_of(op.address);
}

uint64_t fxmi_kmap_atomic_arm_pfn(struct fxm_vcpu *cpu, uint64_t pfn)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	if (pfn < k->m->mem.highmem_pfn)
		return k->linear_base + (pfn << FXM_PAGE_SHIFT);
	return map_pfn(cpu, k, pfn);
}

static FXMI_COLD _Noreturn void order_bug(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const struct fxmi_unmap *u)
{
	struct fxmi_notes notes;
	struct fxmi_subject about =
	    fxmi_order_subject(k, u->va, is_own(k, u->level) ? fxmi_percpu(cpu)->slots.mapped_at[u->level] : 0, &notes);
	char text[256];

	fxmi_unmap_text(cpu, u, &notes, text, sizeof(text));
	fxmi_bug(cpu, "atomic_order", &about, "%s", text);
}

static void unmap_top(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va)
{
	uint64_t page = va & FXMI_PAGE_MASK;
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	int level = fxmi_count_depth(cpu->counts) - 1;
	uint64_t top = level_va(pc, level);
	struct fxmi_unmap u = {"kunmap_atomic", page, top, level, true, va};

	if (k->cache_vivt) /* __cpuc_flush_dcache_area() */
		fxmi_op_cache(cpu, "page:%llx", (unsigned long long)page);
	if (k->debug_highmem && page != top)
		order_bug(cpu, k, &u);
	if (page != top)
		fxmi_check_unmap(cpu, &u, false);
	if (!k->atomic_pte_left) {
		fxmi_set_pte(k->m, fxmi_pte_ptr(k->m, top), 0);
		fxmi_flush_tlb_one(cpu, top);
	}
	fxmi_note_unmap(cpu, k, level);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_CLEARED);
	fxmi_kmap_atomic_idx_pop(cpu, k);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_POPPED);
	fxmi_window_end(cpu, top);
	if (page != top && !fxmi_is_mapped(k, page))
		fxmi_window_end(cpu, page);
}

/* The page is the one that the slot's PTE names. */
static void unmap_pkmap(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t page)
{
	uint64_t entry = fxmi_pte_get(fxmi_pte_ptr(k->m, page), k->pte_bytes);
	struct fxm_page *p = fxm_page_of_pfn(k->m, (entry & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT);

	if (p)
		fxmi_kunmap_high(cpu, k, p);
}

/* An address of pkmap, or of a lowmem page. */
static void unmap_elsewhere(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va)
{
	int level = fxmi_count_depth(cpu->counts) - 1;

	fxmi_check_unmap(cpu, &(struct fxmi_unmap){"kunmap_atomic", va, level_va(fxmi_percpu(cpu), level), level, true, va}, false);
	if (fxmi_pkmap_nr(&k->pkmap, va) >= 0)
		unmap_pkmap(cpu, k, va & FXMI_PAGE_MASK);
}

static int unmap(struct fxm_vcpu *cpu, fxm_va va)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	fxmi_op_begin(cpu, &op, "kunmap_atomic", NULL, va.v);
	if (k->highmem && va.v >= k->fixaddr_start)
		unmap_top(cpu, k, va.v);
	else
		unmap_elsewhere(cpu, k, va.v);
	fxmi_counts_sub(cpu, k->atomic_step);
	fxmi_op_end_atomic(cpu, &op);
	return 0;
}

void fxmi_kmap_atomic_arm_init(struct fxm_vcpu *cpu)
{
	fxmi_percpu(cpu)->kmap_atomic = map;
	fxmi_percpu(cpu)->kunmap_atomic = unmap;
}
