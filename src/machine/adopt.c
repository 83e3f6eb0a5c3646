/* SPDX-License-Identifier: MIT */
/*
 * What a layout comes to in a running kernel: its numbers, so that nobody looks a name up later, and those of each CPU; and how
 * they change when reserve_top_address() moves everything.
 */
#include "area.h"
#include "detect.h"
#include "machine.h"
#include "mapping.h"
#include "report.h"
#include "state.h"

uint64_t fxmi_adopt_prot(const struct fxm_layout *layout, const char *name, const char **used_name, const char *fallback)
{
	fxm_pte value;
	const char *found = !fxm_prot_find(layout, name, &value) ? name : fallback;
	if (used_name)
		*used_name = found;
	return fxm_prot_find(layout, found, &value) ? 0 : value.v;
}

/* __supported_pte_mask: what the CPU and the boot options leave of a protection value. */
static uint64_t supported_mask(const struct fxm_layout *layout)
{
	uint64_t mask = UINT64_MAX;
	if (!fxmi_is_x86(layout))
		return mask;
	if ((!fxmi_layout_pae(layout) && fxmi_layout_address_bits(layout) == 32) || !fxmi_setting(layout, FXMI_SETTING_nx))
		mask &= ~(UINT64_C(1) << 63);
	if (!fxmi_setting(layout, FXMI_SETTING_pge) || fxmi_setting(layout, FXMI_SETTING_pti))
		mask &= ~UINT64_C(0x100);
	return mask;
}

static void adopt_fixed(struct fxmi_kernel *k)
{
	int begin = fxm_fixed_index(k->layout, "FIX_KMAP_BEGIN");
	int end = fxm_fixed_index(k->layout, "FIX_KMAP_END");

	k->nr_fixed = (uint32_t)fxm_fixed_index(k->layout, "__end_of_fixed_addresses");
	k->has_kmap_group = begin >= 0 && end >= 0;
	/* Without the group the range is empty, for every address. */
	k->fix_kmap_begin = k->has_kmap_group ? (uint32_t)begin : 1;
	k->fix_kmap_end = k->has_kmap_group ? (uint32_t)end : 0;
	k->km_type_nr = (uint32_t)fxm_layout_get(k->layout, "KM_TYPE_NR");
	if (!k->km_type_nr)
		k->km_type_nr = (uint32_t)fxm_layout_get(k->layout, "KM_MAX_IDX");
}

static void adopt_values(struct fxmi_kernel *k)
{
	const struct fxm_layout *l = k->layout;
	unsigned bits = fxmi_layout_address_bits(l);

	k->version = fxmi_layout_version(l);
	k->pte_bytes = k->m->desc.format->entry_bytes;
	k->page_shift = (unsigned)fxm_layout_get(l, "PAGE_SHIFT");
	k->page_size = UINT64_C(1) << k->page_shift;
	k->typed = fxmi_trait(l, FXMI_TRAIT_kmap_atomic_generation) == 1;
	k->local = fxmi_trait(l, FXMI_TRAIT_kmap_atomic_generation) == 3;
	k->force_map = fxmi_setting(l, FXMI_SETTING_DEBUG_KMAP_LOCAL_FORCE_MAP);
	k->preempt_rt = fxmi_setting(l, FXMI_SETTING_PREEMPT_RT);
	k->km_incr = fxmi_trait(l, FXMI_TRAIT_kmap_local_increment);
	k->highmem = fxmi_setting(l, FXMI_SETTING_HIGHMEM);
	k->debug_highmem = fxmi_setting(l, FXMI_SETTING_DEBUG_HIGHMEM);
	k->debug_atomic_sleep = fxmi_setting(l, FXMI_SETTING_DEBUG_ATOMIC_SLEEP);
	k->debug_preempt = fxmi_setting(l, FXMI_SETTING_DEBUG_PREEMPT);
	k->smp = fxmi_setting(l, FXMI_SETTING_SMP);
	k->preemptible = fxmi_setting(l, FXMI_SETTING_PREEMPT) || fxmi_setting(l, FXMI_SETTING_PREEMPTION);
	k->checks_preempt = k->preemptible && (k->debug_preempt || fxmi_detects(l, FXMI_FIND_PREEMPTIBLE));
	k->flush_pkmap_always = fxmi_trait(l, FXMI_TRAIT_flush_pkmap_always);
	k->flush_range_is_all = fxmi_trait(l, FXMI_TRAIT_flush_kernel_range_is_all);
	k->kunmap_bug_in_irq = fxmi_trait(l, FXMI_TRAIT_kunmap_bug_in_interrupt);
	k->kunmap_might_sleep = fxmi_trait(l, FXMI_TRAIT_kunmap_might_sleep);
	k->setter_is_x86 = !fxmi_trait(l, FXMI_TRAIT_fixmap_clear_by_prot);
	k->flush_on_clear_only = fxmi_trait(l, FXMI_TRAIT_fixmap_flush_on_clear_only);
	k->is_kmap_addr_local = fxmi_trait(l, FXMI_TRAIT_is_kmap_addr_local);
	k->refuses_hole = fxmi_trait(l, FXMI_TRAIT_fixmap_hole_is_refused);
	k->is_arm = !strcmp(fxmi_layout_arch(l), "arm");
	k->arm = fxmi_trait(l, FXMI_TRAIT_atomic_arm);
	k->has_high_get = fxmi_trait(l, FXMI_TRAIT_kmap_high_get);
	k->atomic_high_get = k->has_high_get && fxmi_trait(l, FXMI_TRAIT_atomic_high_get);
	k->cache_colours = fxmi_trait(l, FXMI_TRAIT_cache_colours) ? (uint32_t)fxmi_trait(l, FXMI_TRAIT_cache_colours) : 1;
	k->cache_vivt = fxmi_trait(l, FXMI_TRAIT_cache_vivt);
	k->kmap_local_pte_by_address = fxmi_trait(l, FXMI_TRAIT_kmap_local_pte_by_address);
	k->atomic_flush_at_map = fxmi_trait(l, FXMI_TRAIT_atomic_flush_at_map);
	k->atomic_pte_left = fxmi_trait(l, FXMI_TRAIT_atomic_pte_left);
	k->debug_virtual = fxmi_setting(l, FXMI_SETTING_DEBUG_VIRTUAL);
	k->kmap_to_page_local = fxmi_trait(l, FXMI_TRAIT_kmap_to_page_generation) == 2;
	/* pagefault_disable() was preempt_disable() until 4.1, counted whatever PREEMPT_COUNT is. */
	k->atomic_step = fxmi_trait(l, FXMI_TRAIT_pagefault_counter)
			     ? FXMI_PAGEFAULT_ONE + (k->m->desc.preempt_count ? FXMI_PREEMPT_ONE : 0)
			     : FXMI_PREEMPT_ONE;
	k->detect = strcmp(fxmi_setting_text(l, FXMI_SETTING_detect), "off") != 0;
	k->has_stacks = strcmp(fxmi_setting_text(l, FXMI_SETTING_stacks), "off") != 0;
	k->full_stacks = !strcmp(fxmi_setting_text(l, FXMI_SETTING_stacks), "full");
	k->record_sites = k->detect && k->has_stacks;
	fxmi_watch_init(k);
	k->checks_sleep = k->debug_atomic_sleep || fxmi_detects(l, FXMI_FIND_SLEEP_IN_ATOMIC);
	k->va_mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	k->fixaddr_top = fxm_layout_get(l, "FIXADDR_TOP");
	k->fixaddr_start = fxm_layout_get(l, "FIXADDR_START");
	k->page_offset = fxm_layout_get(l, "PAGE_OFFSET");
	k->linear_base = k->m->desc.page_offset;
	k->high_memory = k->linear_base + (k->m->mem.highmem_pfn << FXM_PAGE_SHIFT);
	if (!k->vmalloc_start) /* above lowmem, which stays where it is */
		k->vmalloc_start = fxm_layout_get(l, "VMALLOC_START");
	k->vmalloc_end = fxm_layout_get(l, "VMALLOC_END");
	k->pte_mask = supported_mask(l);
	k->kmap_prot = fxmi_adopt_prot(l, "kmap_prot", NULL, "PAGE_KERNEL") & k->pte_mask;
	k->prot_normal = fxmi_adopt_prot(l, "FIXMAP_PAGE_NORMAL", &k->prot_normal_name, "PAGE_KERNEL");
	k->prot_nocache = fxmi_adopt_prot(l, "FIXMAP_PAGE_NOCACHE", &k->prot_nocache_name, "PAGE_KERNEL_NOCACHE");
	k->prot_io = fxmi_adopt_prot(l, "FIXMAP_PAGE_IO", &k->prot_io_name, "PAGE_KERNEL");
	k->pkmap.base = fxm_layout_get(l, "PKMAP_BASE");
	fxmi_early_adopt(k);
	k->pkmap.colours = k->cache_colours;
	k->pkmap.last_pkmap = k->highmem ? (uint32_t)fxm_layout_get(l, "LAST_PKMAP") : 0;
}

void fxmi_adopt_numbers(struct fxmi_kernel *k)
{
	adopt_fixed(k);
	adopt_values(k);
}

int fxmi_adopt_families(struct fxmi_kernel *k)
{
	int error = fxmi_fixed_init(k);

	k->family[FXMI_FAMILY_PKMAP] = k->highmem ? &fxmi_family_pkmap : NULL;
	k->family[FXMI_FAMILY_TEMPORARY] = !k->has_kmap_group ? NULL
					   : k->typed	      ? &fxmi_family_typed
					   : k->local	      ? &fxmi_family_local
							      : &fxmi_family_stack;
	k->family[FXMI_FAMILY_EARLY] = &fxmi_family_early;
	k->family[FXMI_FAMILY_FIXED] = &fxmi_family_fixed;
	k->family[FXMI_FAMILY_AREA] = &fxmi_family_area;
	return error ? error : fxmi_records_init(&k->early.records, FXMI_EARLY_SLOTS);
}

/* ---- per CPU ---- */

int fxmi_percpu_init(struct fxmi_kernel *k, struct fxm_vcpu *cpu)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	uint32_t first = k->fix_kmap_begin + k->km_type_nr * k->cache_colours * cpu->id;
	uint64_t highmem_pfn = k->m->mem.highmem_pfn;

	pc->kernel = k;
	if (fxmi_records_init(&pc->slots, k->km_type_nr))
		return -ENOMEM;
	pc->kmap_va = k->has_kmap_group ? fxmi_fix_to_virt(k, first) : 0;
	pc->kmap_pte = k->has_kmap_group ? fxmi_pte_ptr(k->m, pc->kmap_va) : NULL;
	pc->high_map = k->m->mem.mem_map + highmem_pfn;
	pc->nr_high = k->has_kmap_group ? k->m->mem.nr_frames - highmem_pfn : 0;
	pc->high_entry = highmem_pfn << FXM_PAGE_SHIFT | k->kmap_prot;
	pc->map_step = FXMI_DEPTH_ONE + k->atomic_step;
	pc->nr_resident = k->m->lanes ? &fxmi_always : &k->m->window->nr_resident;
	fxmi_view_set(cpu);
	fxmi_pointers_init(cpu);
	fxmi_kmap_atomic_typed_init(cpu);
	if (k->arm && !k->typed)
		fxmi_kmap_atomic_arm_init(cpu);
	else if (!k->local && !k->typed)
		fxmi_kmap_atomic_stack_init(cpu);
	fxmi_kmap_local_init(cpu);
	return 0;
}

/*
 * Which pages hold mappings whose pointers have identity. Boot maps and parts of the vmalloc area have several pages side by side,
 * and none.
 */
static int init_slots(struct fxmi_kernel *k)
{
	uint64_t fixed = fxmi_fix_to_virt(k, k->nr_fixed - 1), end = fxmi_fix_to_virt(k, 0) + FXM_PAGE_SIZE;
	uint32_t boot = k->early.pages * k->early.nr_slots;
	uint64_t first = k->pkmap.last_pkmap && k->pkmap.base < fixed ? k->pkmap.base : fixed;
	uint64_t vmalloc = k->vmalloc_start;
	int error = fxmi_lanes_slots(k->m, k->va_mask == UINT32_MAX && vmalloc < first ? vmalloc : first, end);

	if (error || k->page_size != FXM_PAGE_SIZE)
		return error;
	fxmi_lanes_kind(k->m, fixed, k->nr_fixed, FXMI_SLOT_FIXED);
	fxmi_lanes_kind(k->m, fxmi_fix_to_virt(k, k->early.begin), boot, FXMI_SLOT_PLAIN);
	if (k->has_kmap_group)
		fxmi_lanes_kind(k->m, fxmi_fix_to_virt(k, k->fix_kmap_end), k->fix_kmap_end - k->fix_kmap_begin + 1, FXMI_SLOT_CPU);
	fxmi_lanes_kind(k->m, k->pkmap.base, k->pkmap.last_pkmap, FXMI_SLOT_POOL);
	return 0;
}

void fxmi_percpu_clear(struct fxm_vcpu *cpu)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);
	struct fxmi_records slots = pc->slots;

	fxmi_records_clear(&slots, slots.nr);
	*pc = (struct fxmi_percpu){.slots = slots};
}

int fxmi_percpu_init_all(struct fxmi_kernel *k)
{
	int error = init_slots(k);
	for (unsigned i = 0; !error && i < fxm_machine_cpus_online(k->m); i++)
		error = fxmi_percpu_init(k, fxm_machine_vcpu(k->m, i));
	return error;
}

/* ---- what must hold ---- */

static bool percpu_is_valid(const struct fxmi_kernel *k, const struct fxm_vcpu *cpu)
{
	const struct fxmi_percpu *pc = fxmi_percpu(cpu);

	fxm_invariant(pc->kernel == k);
	fxm_invariant(pc->high_map == k->m->mem.mem_map + k->m->mem.highmem_pfn);
	fxm_invariant(pc->high_entry == (k->m->mem.highmem_pfn << FXM_PAGE_SHIFT | k->kmap_prot));
	fxm_invariant(pc->kmap_atomic && pc->kunmap_atomic && pc->kmap_atomic_type && pc->kunmap_atomic_type);
	fxm_invariant(pc->kmap_local_page && pc->kunmap_local);
	fxm_invariant(pc->fast_levels <= k->km_type_nr);
	fxm_invariant(!fxmi_rare(cpu) || !pc->fast_levels);
	if (!k->has_kmap_group)
		return true;
	fxm_invariant(pc->kmap_va == fxmi_fix_to_virt(k, k->fix_kmap_begin + k->km_type_nr * k->cache_colours * cpu->id));
	fxm_invariant(pc->kmap_pte == fxmi_pte_ptr(k->m, pc->kmap_va));
	fxm_invariant(pc->nr_high == k->m->mem.nr_frames - k->m->mem.highmem_pfn);
	return true;
}

bool fxmi_adopted_are_valid(struct fxmi_kernel *k)
{
	const struct fxm_layout *l = k->layout;

	fxm_invariant(k->version == fxmi_layout_version(l) && k->pte_bytes == k->m->desc.format->entry_bytes);
	fxm_invariant(k->page_size == fxm_layout_page_size(l) && k->page_size == UINT64_C(1) << k->page_shift);
	fxm_invariant(k->fixaddr_top == fxm_layout_get(l, "FIXADDR_TOP") &&
			     k->fixaddr_start == fxm_layout_get(l, "FIXADDR_START"));
	fxm_invariant(k->page_offset == fxm_layout_get(l, "PAGE_OFFSET") && k->high_memory >= k->page_offset);
	fxm_invariant(k->nr_fixed == (uint32_t)fxm_fixed_index(l, "__end_of_fixed_addresses"));
	fxm_invariant(!k->typed || !k->local);
	fxm_invariant(k->has_kmap_group == (k->fix_kmap_begin <= k->fix_kmap_end));
	fxm_invariant(k->km_type_nr || !k->has_kmap_group);
	fxm_invariant(k->pkmap.base == fxm_layout_get(l, "PKMAP_BASE"));
	fxm_invariant(k->pkmap.last_pkmap == (k->highmem ? fxm_layout_get(l, "LAST_PKMAP") : 0));
	fxm_invariant(!(k->pkmap.last_pkmap & (k->pkmap.last_pkmap - 1)));
	fxm_invariant(k->cache_colours && k->cache_colours == k->pkmap.colours && k->cache_colours <= FXMI_COLOURS);
	for (unsigned i = 0; i < fxm_machine_cpus_online(k->m); i++)
		if (!percpu_is_valid(k, fxm_machine_vcpu(k->m, i)))
			return false;
	return true;
}

/* ---- reserve_top_address: everything moves ---- */

/* A new layout's numbers for the kernel and every online CPU. Lowmem stays. */
static int adopt_layout(struct fxmi_kernel *k, struct fxm_layout *layout)
{
	struct fxmi_desc desc = {.ram_start = k->m->desc.ram_start, .page_offset = k->linear_base};

	fxmi_describe_segments(&desc, layout, k->vmalloc_start);
	int error = fxmi_window_move(k->m, &desc);
	if (error) {
		fxm_layout_destroy(layout);
		return error;
	}
	if (k->moved_from)
		fxm_layout_destroy(k->layout);
	else
		k->moved_from = k->layout;
	k->layout = layout;
	fxmi_adopt_numbers(k);
	fxmi_areas_free(k); /* this early there is nothing in it */
	error = fxmi_populate_tables(k);
	return error ? error : fxmi_percpu_init_all(k);
}

int fxmi_move_back(struct fxmi_kernel *k)
{
	int error = k->moved_from ? fxmi_window_move(k->m, &k->m->desc) : 0;

	if (error || !k->moved_from)
		return error;
	fxm_layout_destroy(k->layout);
	k->layout = k->moved_from;
	k->moved_from = NULL;
	fxmi_adopt_numbers(k);
	return 0;
}

int fxm_reserve_top_address(struct fxm_vcpu *cpu, uint64_t reserve)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxm_layout *moved;

	if (!fxmi_has(k, "reserve_top_address"))
		return -ENOSYS;
	if (__atomic_load_n(&k->fixmaps_set, __ATOMIC_RELAXED))
		fxmi_bug(cpu, "reserve_top", NULL,
			 "reserve_top_address after a fixmap was set: it must run before the first set_fixmap");
	struct fxmi_error why;
	error = fxmi_layout_with(k->layout, FXMI_SETTING_reservetop, reserve, &moved, &why);
	if (error)
		return error;
	/* The kernel calls this before it maps lowmem; here lowmem is mapped, and stays. */
	bool has_room = fxm_layout_get(moved, "VMALLOC_END") > k->vmalloc_start;
	if (!has_room || (k->highmem && fxm_layout_get(moved, "PKMAP_BASE") < k->high_memory)) {
		fxm_layout_destroy(moved);
		return -EINVAL;
	}
	return adopt_layout(k, moved);
}
