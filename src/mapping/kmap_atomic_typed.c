/* SPDX-License-Identifier: MIT */
/*
 * Temporary mappings, first generation (2.6.12 to 2.6.36): the caller names a slot, an enum km_type. Models
 * arch/i386/mm/highmem.c of 2.6.12 (and kmap_atomic_pfn of 2.6.13).
 *
 * Type t of CPU c is slot t + KM_TYPE_NR * c of the FIX_KMAP group. Without DEBUG_HIGHMEM nobody checks the slot: mapping a
 * type again re-targets the earlier address, and unmapping leaves the PTE where it is. With it, the slot must be empty, the
 * address must be the type's on this CPU, and unmapping clears and flushes.
 *
 * Without HIGHMEM the calls are macros for page_address() and for nothing; not even the preempt count moves.
 *
 * live_types says which types are mapped and not yet unmapped; the kernel does not know that, the window asks for it.
 */
#include "detect.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

#include <stdlib.h>

static uint64_t slot_va(const struct fxmi_percpu *pc, uint32_t type)
{
	return pc->kmap_va - (uint64_t)type * FXM_PAGE_SIZE;
}

/* The earlier user's pointer will show the page of the later one, and the kernel does not look. */
static FXMI_COLD void find_reuse(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va, uint32_t type)
{
	struct fxmi_subject about = {.va = va, .slot_plus_1 = (uint32_t)fxmi_virt_to_fix(k, va) + 1};

	fxmi_history(k, va, &about);
	bool is_told = fxmi_finding(
	    k, cpu, FXMI_FIND_SLOT_REUSE, &about,
	    "kmap_atomic: %s of CPU %u, at %llx, is mapped already, and shows another page from here on%s",
	    fxmi_km_type_name(k, type), cpu->id, (unsigned long long)va,
	    fxm_context(cpu) == FXM_CONTEXT_TASK ? "" : ": code that interrupts others needs a type of its own (KM_IRQ0)");
	if (is_told && fxm_context(cpu) == FXM_CONTEXT_TASK) /* the first user did not unmap it */
		cpu->current->told_preempt++;
}

static uint64_t map_pfn(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t pfn, uint32_t type, bool check_busy)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint64_t va = slot_va(pc, type);
	void *pte = pc->kmap_pte - (size_t)type * k->pte_bytes;
	uint64_t entry = (pfn << FXM_PAGE_SHIFT | k->kmap_prot) & (k->pte_bytes == 4 ? UINT32_MAX : UINT64_MAX);

	fxmi_point(cpu, FXMI_POINT_ATOMIC_PUSHED);
	if (check_busy && k->debug_highmem && fxmi_pte_get(pte, k->pte_bytes))
		fxmi_bug(cpu, "type_busy",
			 &(struct fxmi_subject){
			     .va = va,
			     .mapped_at = pc->slots.mapped_at[type],
			     .slot_plus_1 = (uint32_t)fxmi_virt_to_fix(k, va) + 1},
			 "kmap_atomic: type %u of CPU %u is mapped already: unmap it first, or use another km_type in code that "
			 "interrupts",
			 type, cpu->id);
	bool is_reused = pc->live_types >> type & 1;
	if (fxmi_unlikely(is_reused))
		find_reuse(cpu, k, va, type);
	else if (k->detect)
		fxmi_check_slot_context(cpu, fxmi_km_type_name(k, type), va);
	fxmi_set_pte(k->m, pte, entry);
	if (k->atomic_flush_at_map)
		fxmi_flush_tlb_one(cpu, va);
	fxmi_write_once(pc->live_types, pc->live_types | 1u << type);
	fxmi_window_begin(cpu, va, entry);
	fxmi_note_map(cpu, k, (int)type, check_busy ? NULL : "kmap_atomic_pfn");
	if (fxmi_unlikely(is_reused)) /* both users will unmap it */
		fxmi_tell(k, va, FXMI_MISTAKE_REUSE);
	fxmi_point(cpu, FXMI_POINT_ATOMIC_MAPPED);
	return va;
}

/* 0, or why a typed call is refused. */
static int check_typed(const struct fxm_vcpu *cpu, uint32_t type)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	return !k->typed ? -ENOSYS : type >= k->km_type_nr ? -EINVAL : 0;
}

static void begin(struct fxm_vcpu *cpu, struct fxmi_op *op, const char *name, const struct fxm_page *page, uint64_t address,
		  uint32_t type)
{
	fxmi_op_begin(cpu, op, name, page, address);
	if (fxmi_tracing(cpu))
		snprintf(op->detail, sizeof(op->detail), "type=%s", fxmi_km_type_name(fxmi_kernel_of(cpu), type));
}

static FXMI_COLD fxm_va map_slow(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type)
{
	int error = check_typed(cpu, type);
	if (error || !fxmi_page_is_valid(cpu->machine, page))
		return fxmi_va_error(error ? error : -EINVAL);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	begin(cpu, &op, "kmap_atomic", page, 0, type);
	if (k->highmem)
		fxmi_counts_add(cpu, k->atomic_step);
	if (fxm_page_is_highmem(k->m, page))
		op.address = map_pfn(cpu, k, fxmi_page_pfn(k->m, page), type, true);
	else
		op.address = fxmi_page_address(k, page);
	fxmi_op_end_atomic(cpu, &op);
	return fxm_va_of(op.address);
}

fxm_va fxm_kmap_atomic_pfn_type(struct fxm_vcpu *cpu, uint64_t pfn, uint32_t type)
{
	int error = check_typed(cpu, type);
	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	if (!fxmi_has(k, "kmap_atomic_pfn"))
		return fxmi_va_error(-ENOSYS);
	begin(cpu, &op, "kmap_atomic_pfn", fxm_page_of_pfn(k->m, pfn), 0, type);
	fxmi_counts_add(cpu, k->atomic_step);
	op.address = map_pfn(cpu, k, pfn, type, false);
	fxmi_op_end_atomic(cpu, &op);
	return fxm_va_of(op.address);
}

/* The mapping at @page has ended for its user, whatever the kernel does with the PTE. */
static void end_mapping(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, uint64_t page)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint64_t type = (pc->kmap_va - page) >> FXM_PAGE_SHIFT;

	if (page <= pc->kmap_va && type < k->km_type_nr)
		fxmi_write_once(pc->live_types, pc->live_types & ~(1u << type));
	fxmi_window_end(cpu, page);
}

static void check_address(struct fxm_vcpu *cpu, uint64_t page, uint32_t type)
{
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);

	if (page != slot_va(pc, type))
		fxmi_bug(cpu, "type_address", &(struct fxmi_subject){.va = page},
			 "kunmap_atomic of %llx with type %u, whose address on CPU %u is %llx", (unsigned long long)page, type,
			 cpu->id, (unsigned long long)slot_va(pc, type));
}

static void clear(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t page, uint32_t type)
{
	fxmi_set_pte(k->m, fxmi_percpu(cpu)->kmap_pte - (size_t)type * k->pte_bytes, 0);
	fxmi_flush_tlb_one(cpu, page);
}

static void check_unmap(struct fxm_vcpu *cpu, uint64_t va, uint32_t type)
{
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);

	fxmi_check_unmap_type(cpu, &(struct fxmi_unmap){"kunmap_atomic", va, slot_va(pc, type), (int)type, true, va},
			      pc->live_types >> type & 1);
}

static FXMI_COLD int unmap_slow(struct fxm_vcpu *cpu, fxm_va va, uint32_t type)
{
	int error = check_typed(cpu, type);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t page = va.v & FXMI_PAGE_MASK;
	struct fxmi_op op;

	begin(cpu, &op, "kunmap_atomic", NULL, va.v, type);
	if (k->highmem && !(k->debug_highmem && page >= k->fixaddr_start))
		check_unmap(cpu, page >= k->fixaddr_start ? page : va.v, type);
	if (k->highmem && page >= k->fixaddr_start) {
		if (k->debug_highmem)
			check_address(cpu, page, type);
		if (!k->atomic_pte_left)
			clear(cpu, k, page, type);
		fxmi_point(cpu, FXMI_POINT_ATOMIC_CLEARED);
		if (page == slot_va(fxmi_percpu(cpu), type))
			fxmi_note_unmap(cpu, k, (int)type);
		end_mapping(cpu, k, page);
		fxmi_point(cpu, FXMI_POINT_ATOMIC_POPPED);
	}
	if (k->highmem)
		fxmi_counts_sub(cpu, k->atomic_step);
	fxmi_op_end_atomic(cpu, &op);
	return 0;
}

/* ---- the fast forms ---- */

/*
 * Without DEBUG_HIGHMEM nothing about the slot is looked at: it is re-targeted if somebody has it. @site: as for the stack; who
 * wants to know callers wants to know of that too.
 */
FXMI_INLINE fxm_va map_fast(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type, unsigned pte_bytes, uintptr_t site,
			    bool is_tier)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint64_t frame = fxmi_highmem_frame(pc, page);

	if (fxmi_unlikely(frame >= pc->nr_high) || fxmi_unlikely(type >= fxmi_fast_levels(pc)) ||
	    (site && ((!is_tier && fxmi_is_inside(site)) || (pc->live_types | pc->judged_types) >> type & 1 || cpu->contexts)))
		return is_tier ? fxm_va_of(0) : map_slow(cpu, page, type);
	if (site) {
		fxmi_write_once(pc->slots.mapped_at[type], site);
		fxmi_write_once(pc->slots.serial[type], pc->slots.serial[type] + 1);
	}
	uint64_t va = slot_va(pc, type);
	uint64_t entry = (frame << FXM_PAGE_SHIFT) + pc->high_entry;
	fxmi_counts_add(cpu, FXMI_PREEMPT_ONE);
	fxmi_pte_set(pc->kmap_pte - (size_t)type * pte_bytes, pte_bytes, entry);
	fxmi_tlb_flush_one(cpu, va);
	fxmi_write_once(pc->live_types, pc->live_types | 1u << type);
	if (!is_tier && fxmi_unlikely(atomic_load_explicit(pc->nr_resident, memory_order_relaxed)))
		fxmi_window_begin(cpu, va, entry);
	return fxm_va_of(va);
}

/* The PTE stays. */
FXMI_INLINE int unmap_fast(struct fxm_vcpu *cpu, fxm_va va, uint32_t type, uintptr_t site, bool is_tier)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint64_t page = va.v & FXMI_PAGE_MASK;

	if (fxmi_unlikely(type >= fxmi_fast_levels(pc)) || fxmi_unlikely(page != slot_va(pc, type)) ||
	    (site && ((!is_tier && fxmi_is_inside(site)) || !(pc->live_types >> type & 1))))
		return is_tier ? FXMI_SLOW : unmap_slow(cpu, va, type);
	if (site)
		fxmi_write_once(pc->slots.unmapped_at[type], site);
	fxmi_write_once(pc->live_types, pc->live_types & ~(1u << type));
	fxmi_counts_sub(cpu, FXMI_PREEMPT_ONE);
	if (!is_tier && fxmi_unlikely(atomic_load_explicit(pc->nr_resident, memory_order_relaxed)))
		fxmi_window_end(cpu, page);
	return 0;
}

static int unmap_fast_any(struct fxm_vcpu *cpu, fxm_va va, uint32_t type)
{
	return unmap_fast(cpu, va, type, 0, false);
}

static int unmap_noting_any(struct fxm_vcpu *cpu, fxm_va va, uint32_t type)
{
	return unmap_fast(cpu, va, type, FXMI_NOTED_SITE(), false);
}

static fxm_va map_fast_4(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type)
{
	return map_fast(cpu, page, type, 4, 0, false);
}

static fxm_va map_fast_8(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type)
{
	return map_fast(cpu, page, type, 8, 0, false);
}

static fxm_va map_noting_4(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type)
{
	return map_fast(cpu, page, type, 4, FXMI_NOTED_SITE(), false);
}

static fxm_va map_noting_8(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type)
{
	return map_fast(cpu, page, type, 8, FXMI_NOTED_SITE(), false);
}

/* As in kmap_atomic_stack.c. The type goes along with the address: any slot of the CPU may be the one. */
struct typed_unmap {
	uint32_t type;
	uintptr_t caller;
};

#define TIER_FORMS(name, bytes, site)                                                                                              \
	static void *map_tier_##name(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type, uintptr_t caller)                 \
	{                                                                                                                          \
		uint64_t frame = fxmi_highmem_frame(fxmi_percpu(cpu), page);                                                       \
		uint64_t va = map_fast(cpu, page, type, bytes, site, true).v;                                                      \
		return fxmi_likely(va) ? fxmi_pointer_begin(cpu, va, frame, site, caller) : NULL;                                  \
	}

TIER_FORMS(4, 4, 0)
TIER_FORMS(8, 8, 0)
TIER_FORMS(noting_4, 4, FXMI_KNOWN_SITE(caller))
TIER_FORMS(noting_8, 8, FXMI_KNOWN_SITE(caller))

static int unmap_by_va(struct fxm_vcpu *cpu, fxm_va va, uintptr_t type)
{
	return unmap_fast(cpu, va, (uint32_t)type, 0, true);
}

static int unmap_tier(struct fxm_vcpu *cpu, const void *address, uint32_t type, uintptr_t caller)
{
	(void)caller;
	return fxmi_pointer_unmap(cpu, (uintptr_t)address, 0, type, unmap_by_va);
}

static int unmap_by_va_noting(struct fxm_vcpu *cpu, fxm_va va, uintptr_t arg)
{
	const struct typed_unmap *u = (const struct typed_unmap *)arg;

	return unmap_fast(cpu, va, u->type, FXMI_KNOWN_SITE(u->caller), true);
}

static int unmap_tier_noting(struct fxm_vcpu *cpu, const void *address, uint32_t type, uintptr_t caller)
{
	struct typed_unmap u = {type, caller};

	return fxmi_pointer_unmap(cpu, (uintptr_t)address, caller, (uintptr_t)&u, unmap_by_va_noting);
}

fxm_va fxm_kmap_atomic_type(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type)
{
	return cpu ? fxmi_percpu(cpu)->kmap_atomic_type(cpu, page, type) : fxmi_va_error(-EINVAL);
}

int fxm_kunmap_atomic_type(struct fxm_vcpu *cpu, fxm_va va, uint32_t type)
{
	return cpu ? fxmi_percpu(cpu)->kunmap_atomic_type(cpu, va, type) : -EINVAL;
}

int fxm_find_kmap_atomic_pfn(struct fxm_vcpu *cpu, fxm_va va, uint64_t *out)
{
	int error = fxmi_check_cpu(cpu);
	if (error || !out)
		return error ? error : -EINVAL;
	if (!fxmi_has(fxmi_kernel_of(cpu), "kmap_atomic_to_page"))
		return -ENOSYS;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;
	uint64_t pfn;

	fxmi_op_begin(cpu, &op, "kmap_atomic_to_page", NULL, va.v);
	if (!k->highmem || va.v < k->fixaddr_start) {
		pfn = ((va.v - k->linear_base) & k->va_mask) >> FXM_PAGE_SHIFT;
	} else {
		if (va.v >= k->fixaddr_top)
			fxmi_bug(cpu, "virt_to_fix", &(struct fxmi_subject){.va = va.v},
				 "kmap_atomic_to_page of %llx, which is at or above FIXADDR_TOP %llx", (unsigned long long)va.v,
				 (unsigned long long)k->fixaddr_top);
		/* No check that the index is in the KMAP group or that the PTE is present. */
		void *pte = fxmi_pte_ptr(k->m, va.v & FXMI_PAGE_MASK);
		pfn = (fxmi_pte_get(pte, k->pte_bytes) & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT;
	}
	fxmi_op_end_fields(cpu, &op, "pfn=%llx", (unsigned long long)pfn);
	*out = pfn;
	return 0;
}

int fxm_kmap_atomic_to_page(struct fxm_vcpu *cpu, fxm_va va, struct fxm_page **out)
{
	uint64_t pfn;
	int error = out ? fxm_find_kmap_atomic_pfn(cpu, va, &pfn) : -EINVAL;
	if (error)
		return error;
	*out = fxm_page_of_pfn(cpu->machine, pfn);
	return *out ? 0 : -ENOENT;
}

/* ---- the untyped calls on a typed kernel ---- */

static fxm_va no_map(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	(void)cpu, (void)page;
	return fxmi_va_error(-ENOSYS);
}

static int no_unmap(struct fxm_vcpu *cpu, fxm_va va)
{
	(void)cpu, (void)va;
	return -ENOSYS;
}

/* As for the stack; and an ARM PTE has the hardware's beside it. The slow forms refuse other generations. */
void fxmi_kmap_atomic_typed_init(struct fxm_vcpu *cpu)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	const struct fxmi_kernel *k = pc->kernel;
	bool slow = !k->typed || k->debug_highmem || k->full_stacks || k->m->window->mode == FXM_WINDOW_EAGER ||
		    k->m->desc.format->shadow_offset || !k->atomic_flush_at_map || !k->atomic_pte_left ||
		    k->atomic_step != FXMI_PREEMPT_ONE;

	fxm_va (*const fast[2][2])(struct fxm_vcpu *, struct fxm_page *, uint32_t) = {{map_fast_4, map_fast_8},
										      {map_noting_4, map_noting_8}};
	pc->kmap_atomic_type = slow ? map_slow : fast[k->record_sites][k->pte_bytes == 8];
	pc->kunmap_atomic_type = slow ? unmap_slow : k->record_sites ? unmap_noting_any : unmap_fast_any;
	if (!k->typed)
		return;
	static void *(*const tier[2][2])(struct fxm_vcpu *, struct fxm_page *, uint32_t,
					 uintptr_t) = {{map_tier_4, map_tier_8}, {map_tier_noting_4, map_tier_noting_8}};
	if (!slow) {
		pc->map_type_pointer = tier[k->record_sites][k->pte_bytes == 8];
		pc->unmap_type_pointer = k->record_sites ? unmap_tier_noting : unmap_tier;
	}
	/* Those that a task may use as it likes are fast, there. */
	for (uint32_t type = 0; type < k->km_type_nr; type++)
		if (strncmp(fxmi_km_type_name(k, type), "KM_USER", 7) != 0)
			pc->judged_types |= 1u << type;
	fxmi_kmap_atomic_rare_changed(cpu);
	pc->kmap_atomic = no_map;
	pc->kunmap_atomic = no_unmap;
}
