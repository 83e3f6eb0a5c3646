/* SPDX-License-Identifier: MIT */
/*
 * Who has which part of the vmalloc area. Models get_vm_area() and remove_vm_area() of mm/vmalloc.c: the lowest addresses that fit
 * and a guard page; __get_vm_area() of 2.6.12, which flushes at once.
 */
#include "area.h"

#include "trace.h"

#include <stdlib.h>

#define VERSION(major, minor, patch) ((unsigned)(major) << 16 | (minor) << 8 | (patch))

enum { BITS = 8 * sizeof(unsigned long), MOST_AREAS = 16384 };

/* ---- the table ---- */

static void areas_free(struct fxmi_areas *a)
{
	if (!a)
		return;
	for (uint32_t n = 0; a->area && n < a->used; n++)
		free(a->area[n].pfn);
	fxmi_records_free(&a->records);
	fxmi_spin_destroy(&a->lock);
	free(a->area);
	free(a->of_page);
	free(a->busy);
	free(a);
}

static struct fxmi_areas *areas_new(const struct fxmi_kernel *k)
{
	struct fxmi_areas *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	fxmi_spin_init(&a->lock, "vmap_area_lock");
	a->start = k->vmalloc_start;
	a->pages = k->vmalloc_end > a->start ? (k->vmalloc_end - a->start) >> FXM_PAGE_SHIFT : 0;
	a->nr = a->pages / 2 < MOST_AREAS ? (uint32_t)(a->pages / 2) : MOST_AREAS;
	a->area = calloc(a->nr, sizeof(*a->area));
	a->of_page = calloc(a->pages, sizeof(*a->of_page));
	a->busy = calloc(a->pages / BITS + 1, sizeof(*a->busy));
	if (a->area && a->of_page && a->busy && !fxmi_records_init(&a->records, a->nr))
		return a;
	areas_free(a);
	return NULL;
}

/* NULL: no memory, or this kernel's area is not simulated. */
static struct fxmi_areas *areas(struct fxmi_kernel *k)
{
	struct fxmi_areas *a = atomic_load_explicit(&k->areas, memory_order_acquire), *none = NULL;

	if (a || k->va_mask != UINT32_MAX)
		return a;
	a = areas_new(k);
	if (!a || atomic_compare_exchange_strong(&k->areas, &none, a))
		return a;
	areas_free(a);
	return none;
}

void fxmi_areas_free(struct fxmi_kernel *k)
{
	areas_free(atomic_exchange(&k->areas, NULL));
}

/* ---- addresses. areas.lock held ---- */

static bool is_busy(const struct fxmi_areas *a, uint64_t page)
{
	return a->busy[page / BITS] >> page % BITS & 1;
}

static void set_busy(struct fxmi_areas *a, uint64_t page, uint64_t n, bool is_set)
{
	for (uint64_t end = page + n; page < end; page++) {
		unsigned long bit = 1ul << page % BITS;

		fxm_assert_internal(page < a->pages && is_busy(a, page) != is_set);
		a->busy[page / BITS] ^= bit;
	}
}

/* The first of @n free pages that lie side by side, at a multiple of @align; UINT64_MAX: there are none. */
static uint64_t find_room(const struct fxmi_areas *a, uint64_t n, uint64_t align)
{
	uint64_t from = 0, page = 0;

	while (n <= a->pages && from <= a->pages - n) {
		uint64_t start = (a->start + (from << FXM_PAGE_SHIFT) + align - 1) & ~(align - 1);

		from = (start - a->start) >> FXM_PAGE_SHIFT;
		for (page = from; page < from + n && page < a->pages && !is_busy(a, page); page++) {
		}
		if (page == from + n)
			return from;
		while (page < a->pages && is_busy(a, page))
			page += page % BITS == 0 && a->busy[page / BITS] == ~0ul ? BITS : 1;
		from = page;
	}
	return UINT64_MAX;
}

/* The addresses of what was undone are anybody's again: no TLB knows them any more. */
static void purge(struct fxm_vcpu *cpu, struct fxmi_areas *a)
{
	for (uint32_t n = 0; a->lazy_pages && n < a->used; n++) {
		struct fxmi_area *area = &a->area[n];

		if (area->state != FXMI_AREA_LAZY)
			continue;
		fxmi_flush_tlb_kernel_range(cpu, area->start, area->start + (area->pages << FXM_PAGE_SHIFT));
		set_busy(a, (area->start - a->start) >> FXM_PAGE_SHIFT, area->pages + 1, false);
		a->lazy_pages -= area->pages + 1;
		fxmi_write_once(area->state, FXMI_AREA_NONE);
	}
}

static uint64_t room_for(struct fxm_vcpu *cpu, struct fxmi_areas *a, uint64_t n, uint64_t align)
{
	uint64_t page = find_room(a, n, align);

	if (page != UINT64_MAX || !a->lazy_pages)
		return page;
	purge(cpu, a);
	return find_room(a, n, align);
}

/* A place in area[] that no part of the area has: new ones first, so that what is known of the others lives longer. */
static uint32_t take_place(struct fxmi_areas *a)
{
	if (a->used < a->nr) {
		fxmi_write_once(a->used, a->used + 1);
		return a->used - 1;
	}
	for (uint32_t tries = a->nr; tries; tries--) {
		a->cursor = (a->cursor + 1) % a->nr;
		if (a->area[a->cursor].state == FXMI_AREA_NONE)
			return a->cursor;
	}
	return UINT32_MAX;
}

/* IOREMAP_MAX_ORDER, and what a size is rounded up to: until 4.9 a power of two to the next one. */
static uint64_t io_align(const struct fxmi_kernel *k, uint64_t pages)
{
	uint64_t bytes = pages << FXM_PAGE_SHIFT, most = k->is_arm ? UINT64_C(1) << 24 : fxm_layout_get(k->layout, "PMD_SIZE");
	uint64_t align = FXM_PAGE_SIZE;

	while (align < bytes || (align == bytes && k->version < VERSION(4, 10, 0)))
		align *= 2;
	return align < most ? align : most;
}

/* ---- map, unmap ---- */

static uint64_t entry_of(const struct fxmi_kernel *k, uint64_t pfn, uint64_t prot)
{
	return (pfn << FXM_PAGE_SHIFT | (prot & k->pte_mask)) & (k->pte_bytes == 4 ? UINT32_MAX : UINT64_MAX);
}

static void set_pages(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t start, const struct fxmi_area_request *r)
{
	for (uint64_t i = 0; i < r->pages; i++) {
		uint64_t va = start + (i << FXM_PAGE_SHIFT);
		uint64_t entry = entry_of(k, r->pfn ? r->pfn[i] : r->first_pfn + i, r->prot);

		fxmi_set_pte(k->m, fxmi_pte_ptr(k->m, va), entry);
		fxmi_window_begin(cpu, va, entry);
	}
}

/* What is looked at without the lock is written last. */
static void publish(struct fxmi_areas *a, uint32_t n, uint64_t page, const struct fxmi_area_request *r)
{
	struct fxmi_area *area = &a->area[n];
	uint64_t start = a->start + (page << FXM_PAGE_SHIFT);

	fxmi_write_once(area->start, start);
	fxmi_write_once(area->pages, r->pages);
	fxmi_write_once(area->va, start + r->offset);
	fxmi_write_once(area->bytes, r->bytes);
	fxmi_write_once(area->undo, r->undo);
	area->pfn = r->is_owner ? r->pfn : NULL;
	fxmi_write_once(area->state, FXMI_AREA_LIVE);
	for (uint64_t i = 0; i <= r->pages; i++)
		fxmi_write_once(a->of_page[page + i], n + 1);
}

static uint64_t map_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxmi_areas *a, const struct fxmi_area_request *r)
{
	uint64_t page = room_for(cpu, a, r->pages + 1, r->is_io ? io_align(k, r->pages) : FXM_PAGE_SIZE);
	uint64_t start = a->start + (page << FXM_PAGE_SHIFT);

	if (page == UINT64_MAX || fxmi_pgtable_populate(k->m, start, start + (r->pages << FXM_PAGE_SHIFT)))
		return 0;
	uint32_t n = take_place(a);
	if (n == UINT32_MAX)
		return 0;
	set_busy(a, page, r->pages + 1, true);
	set_pages(cpu, k, start, r);
	publish(a, n, page, r);
	fxmi_record_map(&a->records, n, k->record_sites ? fxmi_note_caller(cpu) : 0, cpu->current, r->call);
	return start + r->offset;
}

uint64_t fxmi_area_map(struct fxm_vcpu *cpu, const struct fxmi_area_request *r)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_areas *a = areas(k);

	if (!a || !r->pages || r->pages >= a->pages)
		return 0;
	fxmi_spin_lock(cpu, &a->lock);
	uint64_t va = map_locked(cpu, k, a, r);
	fxmi_spin_unlock(cpu, &a->lock);
	return va;
}

bool fxmi_area_has_room(struct fxm_vcpu *cpu, uint64_t pages)
{
	struct fxmi_areas *a = areas(fxmi_kernel_of(cpu));

	if (!a)
		return false;
	fxmi_spin_lock(cpu, &a->lock);
	bool has = room_for(cpu, a, pages + 1, FXM_PAGE_SIZE) != UINT64_MAX;
	fxmi_spin_unlock(cpu, &a->lock);
	return has;
}

/* lazy_max_pages() */
static uint64_t most_lazy_pages(const struct fxmi_kernel *k)
{
	unsigned log = 32 - (unsigned)__builtin_clz(fxm_machine_cpus_online(k->m));

	return log * (UINT64_C(32) << 20 >> FXM_PAGE_SHIFT);
}

static void unmap_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxmi_areas *a, struct fxmi_area *area)
{
	for (uint64_t i = 0; i < area->pages; i++)
		fxmi_set_pte(k->m, fxmi_pte_ptr(k->m, area->start + (i << FXM_PAGE_SHIFT)), 0);
	fxmi_window_end_range(cpu, area->start, area->pages);
	fxmi_record_unmap(&a->records, area - a->area, k->record_sites ? fxmi_note_caller(cpu) : 0);
	fxmi_write_once(area->state, FXMI_AREA_LAZY);
	a->lazy_pages += area->pages + 1;
	if (k->version < VERSION(2, 6, 28) || a->lazy_pages > most_lazy_pages(k))
		purge(cpu, a);
}

static void fill(const struct fxmi_kernel *k, const struct fxmi_areas *a, const struct fxmi_area *area, struct fxmi_mapping *out)
{
	out->va = fxmi_read_once(area->va);
	out->bytes = fxmi_read_once(area->bytes);
	out->is_live = fxmi_read_once(area->state) == FXMI_AREA_LIVE;
	out->undo = fxmi_read_once(area->undo);
	uint64_t entry = out->is_live ? fxm_pte_at(k->m, fxm_va_of(fxmi_read_once(area->start))).v : 0;
	out->pfn = entry ? fxmi_pte_pfn(k, entry) : UINT64_MAX;
	out->slot = out->record = (uint32_t)(area - a->area);
	out->records = &a->records;
	fxmi_mapping_fill(out);
}

bool fxmi_area_unmap(struct fxm_vcpu *cpu, uint64_t va, bool frees, struct fxmi_mapping *out)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_areas *a = atomic_load_explicit(&k->areas, memory_order_acquire);
	uint64_t pages = 0, *pfn = NULL;
	bool is_found = false;

	*out = (struct fxmi_mapping){.family = &fxmi_family_area, .cpu_id = -1};
	if (!a)
		return false;
	fxmi_spin_lock(cpu, &a->lock);
	struct fxmi_area *area = (struct fxmi_area *)fxmi_area_of(a, va);
	if (area && area->state == FXMI_AREA_LIVE && (k->version >= VERSION(3, 11, 0) || area->start == va)) {
		is_found = true;
		fill(k, a, area, out);
		pages = area->pages;
		pfn = area->pfn;
		area->pfn = NULL;
		unmap_locked(cpu, k, a, area);
	}
	fxmi_spin_unlock(cpu, &a->lock);
	for (uint64_t i = 0; pfn && frees && i < pages; i++)
		fxm_free_pages(k->m, k->m->mem.mem_map + pfn[i], 0);
	free(pfn);
	return is_found;
}

/* ---- the family ---- */

static bool at(const struct fxmi_kernel *k, uint64_t va, struct fxmi_mapping *out)
{
	const struct fxmi_areas *a = atomic_load_explicit(&k->areas, memory_order_acquire);
	const struct fxmi_area *area = fxmi_area_of(a, va);

	/* its guard page is not it */
	if (!area || (va - fxmi_read_once(area->start)) >> FXM_PAGE_SHIFT >= fxmi_read_once(area->pages))
		return false;
	fill(k, a, area, out);
	return true;
}

static void each(const struct fxmi_kernel *k, fxmi_mapping_fn *fn, void *arg)
{
	const struct fxmi_areas *a = atomic_load_explicit(&k->areas, memory_order_acquire);

	for (uint32_t n = 0; a && n < fxmi_read_once(a->used); n++) {
		struct fxmi_mapping m = {.family = &fxmi_family_area, .cpu_id = -1};

		if (fxmi_read_once(a->area[n].state) != FXMI_AREA_LIVE)
			continue;
		fill(k, a, &a->area[n], &m);
		fn(&m, arg);
	}
}

/* What vmap() and memremap() map is other people's; what vmalloc() took, nobody else's; a device's is no page at all. */
static bool may_be_others(const struct fxmi_kernel *k, const struct fxmi_area *area)
{
	const char *undo = fxmi_read_once(area->undo);

	return fxmi_read_once(area->state) == FXMI_AREA_LIVE && undo && strcmp(undo, "vfree") != 0 &&
	       fxmi_pfn_is_ram(k->m, fxmi_pte_pfn(k, fxm_pte_at(k->m, fxm_va_of(fxmi_read_once(area->start))).v));
}

static bool of(const struct fxmi_kernel *k, uint64_t pfn, struct fxmi_mapping *out)
{
	const struct fxmi_areas *a = atomic_load_explicit(&k->areas, memory_order_acquire);

	for (uint32_t n = 0; a && n < fxmi_read_once(a->used); n++) {
		const struct fxmi_area *area = &a->area[n];

		for (uint64_t i = 0; may_be_others(k, area) && i < fxmi_read_once(area->pages); i++) {
			uint64_t entry = fxm_pte_at(k->m, fxm_va_of(fxmi_read_once(area->start) + (i << FXM_PAGE_SHIFT))).v;

			if (!entry || fxmi_pte_pfn(k, entry) != pfn)
				continue;
			*out = (struct fxmi_mapping){.family = &fxmi_family_area, .cpu_id = -1};
			fill(k, a, area, out);
			return true;
		}
	}
	return false;
}

static void describe(const struct fxmi_kernel *k, const struct fxmi_mapping *m, char *buf, size_t size)
{
	(void)k;
	snprintf(buf, size, "%llu bytes at %llx, which %s() mapped and %s() undoes", (unsigned long long)m->bytes,
		 (unsigned long long)m->va, m->call, fxmi_mapping_undo(m));
}

const struct fxmi_family fxmi_family_area = {
    .name = "vmalloc area",
    .noun = "part",
    .call = "vmalloc",
    .undo = "vfree",
    .has_sizes = true,
    .at = at,
    .each = each,
    .of = of,
    .describe = describe,
};

/* ---- what must hold ---- */

bool fxmi_areas_are_valid(struct fxmi_kernel *k)
{
	const struct fxmi_areas *a = atomic_load_explicit(&k->areas, memory_order_acquire);
	uint64_t lazy = 0, held = 0, busy = 0;

	if (!a)
		return true;
	fxm_invariant(a->used <= a->nr && a->records.nr == a->nr);
	for (uint32_t n = 0; n < a->used; n++) {
		const struct fxmi_area *area = &a->area[n];

		if (area->state == FXMI_AREA_NONE)
			continue;
		uint64_t first = (area->start - a->start) >> FXM_PAGE_SHIFT;
		fxm_invariant(area->start % FXM_PAGE_SIZE == 0 && first + area->pages < a->pages);
		for (uint64_t i = 0; i <= area->pages; i++)
			fxm_invariant(is_busy(a, first + i) && a->of_page[first + i] == n + 1);
		fxm_invariant(area->state == FXMI_AREA_LIVE || !area->pfn);
		held += area->pages + 1;
		lazy += area->state == FXMI_AREA_LAZY ? area->pages + 1 : 0;
	}
	for (uint64_t page = 0; page < a->pages; page++)
		busy += is_busy(a, page);
	fxm_invariant(busy == held);
	fxm_invariant(lazy == a->lazy_pages);
	return true;
}
