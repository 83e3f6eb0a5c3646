/* SPDX-License-Identifier: MIT */

/*
 * The buddy allocator over the zones. Models mm/page_alloc.c.
 *
 * A free block of order n is 2^n frames, aligned to its size, inside one zone. It is recorded in one of two places:
 *
 *     free lists     the head's struct page carries FXMI_PG_BUDDY and the order, kernel[0] and kernel[1] link the list
 *     fresh bitmap   max-order blocks that were never touched since the machine was created; they are taken when the lists
 *                    of their zone have nothing large enough, and never come back here
 *
 * Invariants (zone_lock held): no two free buddies of one zone and order exist below the max order; zone.free counts the frames of
 * both places; a frame is part of at most one block, free or allocated. An allocated block's head has refcount > 0 and its
 * order; the other frames of a block have refcount 0, so none of them passes for a head.
 */

#include "mem_internal.h"

#include <errno.h>

#define BLOCK_PAGES (1u << FXM_MAX_ORDER)

/* Bits of ours that say what a page is used for now. NAMED belongs to the frame and outlives the allocation. */
#define PG_USE (FXMI_PG_BUDDY | FXMI_PG_HEAD | FXMI_PG_TAIL | FXMI_PG_SLAB)

/* ---- free blocks ----------------------------------------------------------------------------------------------------- */

static struct fxm_page *link_get(struct fxm_page *page, int way)
{
	return (struct fxm_page *)page->kernel[way];
}

static void link_set(struct fxm_page *page, int way, struct fxm_page *to)
{
	page->kernel[way] = (unsigned long)to;
}

static void list_add(struct fxmi_physmem *mem, struct fxmi_free_list *list, struct fxm_page *page, unsigned order)
{
	fxm_assert_internal(order <= FXM_MAX_ORDER);
	fxm_assert_internal(!(page->flags & (FXMI_PG_BUDDY | FXMI_PG_RESERVED | FXMI_PG_SLAB)));
	fxm_assert_internal(!page->refcount);
	fxm_assert_internal(!list->head == !list->blocks);
	link_set(page, 0, list->head);
	link_set(page, 1, NULL);
	if (list->head)
		link_set(list->head, 1, page);
	list->head = page;
	list->blocks++;
	page->order = order;
	page->flags |= FXMI_PG_BUDDY;
	fxmi_pages_touch(mem, (uint64_t)(page - mem->mem_map), 1);
}

static void list_del(struct fxmi_free_list *list, struct fxm_page *page)
{
	struct fxm_page *next = link_get(page, 0), *prev = link_get(page, 1);

	fxm_assert_internal(page->flags & FXMI_PG_BUDDY);
	fxm_assert_internal(list->blocks);
	fxm_assert_internal(prev ? link_get(prev, 0) == page : list->head == page);
	fxm_assert_internal(!next || link_get(next, 1) == page);
	if (prev)
		link_set(prev, 0, next);
	else
		list->head = next;
	if (next)
		link_set(next, 1, prev);
	list->blocks--;
	page->flags &= ~FXMI_PG_BUDDY;
}

static struct fxmi_zone *zone_of(struct fxmi_physmem *mem, uint64_t pfn)
{
	struct fxmi_zone *zone = mem->zone;

	fxm_assert_internal(pfn < mem->nr_frames);
	while (pfn >= zone->end_pfn)
		zone++;
	fxm_assert_internal(zone < mem->zone + FXM_ZONES && pfn >= zone->start_pfn);
	return zone;
}

/* The page may be somebody's, who sets flags of his own in it meanwhile. */
static bool is_free_head(const struct fxm_page *page, unsigned order)
{
	return (__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & FXMI_PG_BUDDY) && page->order == order;
}

/* Puts a block on the lists, merged with its free buddies as far as the zone's borders let it grow. */
static void free_block(struct fxmi_physmem *mem, struct fxmi_zone *zone, uint64_t pfn, unsigned order)
{
	fxm_assert_internal(pfn % (UINT64_C(1) << order) == 0);
	fxm_assert_internal(pfn >= zone->start_pfn && pfn + (UINT64_C(1) << order) <= zone->end_pfn);
	zone->free += UINT64_C(1) << order;
	fxm_assert_internal(zone->free <= zone->present);
	for (; order < FXM_MAX_ORDER; order++) {
		uint64_t buddy = pfn ^ UINT64_C(1) << order;

		if (buddy < zone->start_pfn || buddy >= zone->end_pfn || !is_free_head(&mem->mem_map[buddy], order))
			break;
		list_del(&zone->area[order], &mem->mem_map[buddy]);
		pfn &= buddy;
	}
	list_add(mem, &zone->area[order], &mem->mem_map[pfn], order);
}

/* ---- blocks that were never touched ---------------------------------------------------------------------------------- */

static bool is_fresh(const struct fxmi_physmem *mem, uint64_t block)
{
	return mem->fresh[block / 64] >> block % 64 & 1;
}

/* Moves a fresh block to the lists. */
static void thaw(struct fxmi_physmem *mem, struct fxmi_zone *zone, uint64_t block)
{
	fxm_assert_internal(is_fresh(mem, block) && zone->fresh);
	mem->fresh[block / 64] &= ~(UINT64_C(1) << block % 64);
	zone->fresh--;
	list_add(mem, &zone->area[FXM_MAX_ORDER], &mem->mem_map[block << FXM_MAX_ORDER], FXM_MAX_ORDER);
}

static bool thaw_lowest(struct fxmi_physmem *mem, struct fxmi_zone *zone)
{
	if (!zone->fresh)
		return false;
	while (!is_fresh(mem, zone->fresh_from))
		zone->fresh_from++;
	fxm_assert_internal(zone->fresh_from << FXM_MAX_ORDER < zone->end_pfn);
	thaw(mem, zone, zone->fresh_from);
	return true;
}

/* Blocks [@from, @to) are fresh. */
static void add_fresh(struct fxmi_physmem *mem, struct fxmi_zone *zone, uint64_t from, uint64_t to)
{
	zone->fresh += to - from;
	zone->free += (to - from) * BLOCK_PAGES;
	while (from < to) {
		uint64_t n = to - from < 64 - from % 64 ? to - from : 64 - from % 64;

		mem->fresh[from / 64] |= UINT64_MAX >> (64 - n) << from % 64;
		from += n;
	}
}

void fxmi_zone_add(struct fxmi_physmem *mem, struct fxmi_zone *zone, uint64_t start, uint64_t end)
{
	while (start < end) {
		unsigned order = start ? (unsigned)__builtin_ctzll(start) : FXM_MAX_ORDER;

		if (order >= FXM_MAX_ORDER && end - start >= BLOCK_PAGES) {
			add_fresh(mem, zone, start >> FXM_MAX_ORDER, end >> FXM_MAX_ORDER);
			start = end & ~(uint64_t)(BLOCK_PAGES - 1);
			continue;
		}
		if (order > FXM_MAX_ORDER)
			order = FXM_MAX_ORDER;
		while (UINT64_C(1) << order > end - start)
			order--;
		free_block(mem, zone, start, order);
		start += UINT64_C(1) << order;
	}
}

/* ---- taking blocks --------------------------------------------------------------------------------------------------- */

/* Takes a free block of at least @order off its list. @order becomes its own order. */
static struct fxm_page *take_block(struct fxmi_physmem *mem, struct fxmi_zone *zone, unsigned *order)
{
	unsigned o = *order;

	while (o <= FXM_MAX_ORDER && !zone->area[o].head)
		o++;
	if (o > FXM_MAX_ORDER) {
		if (!thaw_lowest(mem, zone))
			return NULL;
		o = FXM_MAX_ORDER;
	}
	struct fxm_page *page = zone->area[o].head;

	list_del(&zone->area[o], page);
	*order = o;
	return page;
}

/* Cuts the taken block at @head down to the one of @order that contains @pfn; the rest becomes free blocks again. */
static void split_to(struct fxmi_physmem *mem, struct fxmi_zone *zone, uint64_t head, unsigned have, uint64_t pfn, unsigned order)
{
	fxm_assert_internal(have >= order && pfn >= head && pfn + (UINT64_C(1) << order) <= head + (UINT64_C(1) << have));
	fxm_assert_internal(zone->free >= UINT64_C(1) << order);
	zone->free -= UINT64_C(1) << order;
	while (have > order) {
		uint64_t half = UINT64_C(1) << --have, spare = head + half;

		if (pfn >= spare) {
			spare = head;
			head += half;
		}
		list_add(mem, &zone->area[have], &mem->mem_map[spare], have);
	}
}

/* What a page looks like to its new owner. */
static void prepare(struct fxmi_physmem *mem, struct fxm_page *head, unsigned gfp, unsigned order)
{
	bool compound = (gfp & FXM_GFP_COMP) && order;

	fxmi_pages_touch(mem, (uint64_t)(head - mem->mem_map), UINT64_C(1) << order);
	for (struct fxm_page *page = head; page < head + (1u << order); page++) {
		fxm_assert_internal(!(page->flags & (FXMI_PG_BUDDY | FXMI_PG_RESERVED)) && !page->refcount);
		page->flags &= FXMI_PG_NAMED;
		memset(page->kernel, 0, sizeof(page->kernel));
		page->order = 0;
		atomic_store_explicit(&page->mapcount, 0, memory_order_relaxed);
		atomic_store_explicit(&page->refcount, 0, memory_order_relaxed);
		if (compound) {
			page->flags |= page == head ? FXMI_PG_HEAD : FXMI_PG_TAIL;
			page->kernel[0] = page == head ? 0 : (unsigned long)head;
		}
	}
	head->order = order;
	atomic_store_explicit(&head->refcount, 1, memory_order_relaxed);
}

/* The zones that may serve a request: from this one downwards, to ZONE_DMA. */
static int highest_zone(unsigned gfp)
{
	if (gfp & FXM_GFP_DMA)
		return FXM_ZONE_DMA;
	return gfp & FXM_GFP_HIGHMEM ? FXM_ZONE_HIGHMEM : FXM_ZONE_NORMAL;
}

struct fxm_page *fxmi_alloc_pages_locked(struct fxm_machine *m, unsigned gfp, unsigned order)
{
	struct fxmi_physmem *mem = &m->mem;

	for (int z = highest_zone(gfp); z >= 0; z--) {
		struct fxmi_zone *zone = &mem->zone[z];
		unsigned have = order;
		struct fxm_page *page = take_block(mem, zone, &have);

		if (page) {
			uint64_t pfn = fxmi_page_pfn(m, page);

			fxm_assert_internal(zone_of(mem, pfn) == zone);
			split_to(mem, zone, pfn, have, pfn, order);
			prepare(mem, page, gfp, order);
			fxmi_frame_set(m, pfn, order, FXMI_FRAME_PLAIN);
			return page;
		}
	}
	return NULL;
}

struct fxm_page *fxm_alloc_pages(struct fxm_machine *m, unsigned gfp, unsigned order)
{
	struct fxm_page *page = NULL;
	bool reaped = false;

	if (!m || order > FXM_MAX_ORDER)
		return NULL;
	pthread_mutex_lock(&m->mem.zone_lock);
	if (!fxmi_alloc_fails(m)) {
		page = fxmi_alloc_pages_locked(m, gfp, order);
		reaped = !page && fxmi_kmalloc_reap_locked(m);
		if (reaped)
			page = fxmi_alloc_pages_locked(m, gfp, order);
	}
	pthread_mutex_unlock(&m->mem.zone_lock);
	if (reaped)
		fxmi_kmalloc_tell(m);
	if (page && (gfp & FXM_GFP_ZERO))
		memset(fxmi_frame(m, fxmi_page_pfn(m, page)), 0, (size_t)FXM_PAGE_SIZE << order);
	return page;
}

/* The head of the free block that frame @pfn is in, taken off its list; NULL when the frame is not free. */
static struct fxm_page *take_containing(struct fxmi_physmem *mem, struct fxmi_zone *zone, uint64_t pfn, unsigned *order)
{
	if (is_fresh(mem, pfn >> FXM_MAX_ORDER))
		thaw(mem, zone, pfn >> FXM_MAX_ORDER);
	for (unsigned o = 0; o <= FXM_MAX_ORDER; o++) {
		struct fxm_page *head = &mem->mem_map[pfn & ~((UINT64_C(1) << o) - 1)];

		if (is_free_head(head, o)) {
			list_del(&zone->area[o], head);
			*order = o;
			return head;
		}
	}
	return NULL;
}

int fxm_alloc_pfn(struct fxm_machine *m, uint64_t pfn, struct fxm_page **out)
{
	struct fxm_page *head;
	unsigned have;

	if (!m || !out)
		return -EINVAL;
	if (!fxmi_pfn_is_ram(m, pfn))
		return -ENOENT;
	pthread_mutex_lock(&m->mem.zone_lock);
	struct fxmi_zone *zone = zone_of(&m->mem, pfn);

	head = take_containing(&m->mem, zone, pfn, &have);
	bool reaped = !head && fxmi_kmalloc_reap_locked(m);
	if (reaped)
		head = take_containing(&m->mem, zone, pfn, &have);
	if (head) {
		split_to(&m->mem, zone, fxmi_page_pfn(m, head), have, pfn, 0);
		*out = &m->mem.mem_map[pfn];
		prepare(&m->mem, *out, 0, 0);
		fxmi_frame_set(m, pfn, 0, FXMI_FRAME_PLAIN);
	}
	pthread_mutex_unlock(&m->mem.zone_lock);
	if (reaped)
		fxmi_kmalloc_tell(m);
	return head ? 0 : -EBUSY;
}

/* ---- references and freeing ------------------------------------------------------------------------------------------ */

/* Changes a reference count that is not zero, and returns what it was. */
static int refcount_add_unless_zero(struct fxm_page *page, int n)
{
	int count = atomic_load_explicit(&page->refcount, memory_order_relaxed);

	while (count > 0 && !atomic_compare_exchange_weak_explicit(&page->refcount, &count, count + n, memory_order_acq_rel,
								   memory_order_relaxed))
		;
	return count;
}

static bool is_allocated_head(const struct fxm_page *page, unsigned order)
{
	return !(page->flags & (FXMI_PG_BUDDY | FXMI_PG_TAIL | FXMI_PG_RESERVED | FXMI_PG_SLAB)) && page->order == order;
}

void fxmi_free_pages_locked(struct fxm_machine *m, struct fxm_page *page)
{
	uint64_t pfn = fxmi_page_pfn(m, page);
	unsigned order = page->order;

	fxm_assert_internal(fxmi_page_is_valid(m, page) && order <= FXM_MAX_ORDER);
	fxm_assert_internal(!(page->flags & (FXMI_PG_BUDDY | FXMI_PG_TAIL | FXMI_PG_RESERVED)));
	fxm_assert_internal(!is_fresh(&m->mem, pfn >> FXM_MAX_ORDER));
	if (page->flags & FXMI_PG_HEAD)
		for (struct fxm_page *tail = page + 1; tail < page + (1u << order); tail++)
			tail->flags &= ~FXMI_PG_TAIL;
	page->flags &= ~PG_USE;
	atomic_store_explicit(&page->refcount, 0, memory_order_relaxed);
	fxmi_frame_set(m, pfn, order, FXMI_FRAME_FREED);
	if (m->mem.freed)
		m->mem.freed(m, pfn, order);
	free_block(&m->mem, zone_of(&m->mem, pfn), pfn, order);
}

int fxm_free_pages(struct fxm_machine *m, struct fxm_page *page, unsigned order)
{
	int err = -EINVAL;

	if (!m || !fxmi_page_is_valid(m, page))
		return -EINVAL;
	pthread_mutex_lock(&m->mem.zone_lock);
	if (is_allocated_head(page, order)) {
		int count = refcount_add_unless_zero(page, -1);

		if (count > 0)
			err = 0;
		if (count == 1)
			fxmi_free_pages_locked(m, page);
	}
	pthread_mutex_unlock(&m->mem.zone_lock);
	return err;
}

int fxm_page_count(const struct fxm_machine *m, const struct fxm_page *page)
{
	return m && fxmi_page_is_valid(m, page) ? atomic_load_explicit(&page->refcount, memory_order_acquire) : 0;
}

void fxm_page_get(struct fxm_machine *m, struct fxm_page *page)
{
	/* A page that is free stays free: a reference taken too late is the caller's bug, and must not corrupt the lists. */
	if (m && fxmi_page_is_valid(m, page))
		refcount_add_unless_zero(fxm_compound_head(m, page), 1);
}

/* ---- questions ------------------------------------------------------------------------------------------------------- */

struct fxm_page *fxm_page_of_pfn(struct fxm_machine *m, uint64_t pfn)
{
	return m && fxmi_pfn_is_ram(m, pfn) ? fxmi_page_of(m, pfn) : NULL;
}

uint64_t fxm_page_pfn(const struct fxm_machine *m, const struct fxm_page *page)
{
	return m && fxmi_page_is_valid(m, page) ? fxmi_page_pfn(m, page) : UINT64_MAX;
}

bool fxm_page_is_highmem(const struct fxm_machine *m, const struct fxm_page *page)
{
	return m && fxmi_page_is_valid(m, page) && fxmi_page_pfn(m, page) >= m->mem.highmem_pfn;
}

struct fxm_page *fxm_compound_head(const struct fxm_machine *m, struct fxm_page *page)
{
	if (!m || !fxmi_page_is_valid(m, page) || !(page->flags & FXMI_PG_TAIL))
		return page;
	struct fxm_page *head = (struct fxm_page *)page->kernel[0];

	return fxmi_page_is_valid(m, head) ? head : page; /* the owner may have written there */
}

void *fxm_frame(struct fxm_machine *m, uint64_t pfn)
{
	return m && fxmi_pfn_is_ram(m, pfn) ? fxmi_frame(m, pfn) : NULL;
}

int fxm_get_zone_info(struct fxm_machine *m, enum fxm_zone zone, struct fxm_zone_info *out)
{
	static const char *const names[FXM_ZONES] = {"DMA", "Normal", "HighMem"};

	if (!m || !out)
		return -EINVAL;
	if ((unsigned)zone >= FXM_ZONES)
		return -ENOENT;
	pthread_mutex_lock(&m->mem.zone_lock);
	const struct fxmi_zone *z = &m->mem.zone[zone];

	*out = (struct fxm_zone_info){.name = names[zone],
				      .start_pfn = z->start_pfn,
				      .spanned = z->end_pfn - z->start_pfn,
				      .present = z->present,
				      .free = z->free};
	for (unsigned o = 0; o <= FXM_MAX_ORDER; o++)
		out->free_blocks[o] = z->area[o].blocks;
	out->free_blocks[FXM_MAX_ORDER] += z->fresh;
	pthread_mutex_unlock(&m->mem.zone_lock);
	return 0;
}

/* ---- self-check ------------------------------------------------------------------------------------------------------ */

/* Not the head of a free block: what somebody still owns would show in it. */
static bool rest_is_valid(const struct fxm_page *page)
{
	fxm_invariant(!(__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & (PG_USE | FXMI_PG_RESERVED)));
	fxm_invariant(!atomic_load_explicit(&page->refcount, memory_order_relaxed));
	return true;
}

/* A free block is aligned, inside its zone, marked as free, in one piece, and has no free buddy that it should have merged with. */
static bool block_is_valid(const struct fxmi_physmem *mem, const struct fxmi_zone *zone, uint64_t pfn, unsigned order)
{
	uint64_t size = UINT64_C(1) << order, buddy = pfn ^ size;

	fxm_invariant(pfn % size == 0);
	fxm_invariant(pfn >= zone->start_pfn && pfn + size <= zone->end_pfn);
	fxm_invariant(is_free_head(&mem->mem_map[pfn], order));
	fxm_invariant(!atomic_load(&mem->mem_map[pfn].refcount));
	fxm_invariant(!is_fresh(mem, pfn >> FXM_MAX_ORDER));
	fxm_invariant(!mem->frame_state || mem->frame_state[pfn] != FXMI_FRAME_SLAB);
	for (uint64_t n = 1; n < size; n++)
		if (!rest_is_valid(&mem->mem_map[pfn + n]))
			return false;
	fxm_invariant(order == FXM_MAX_ORDER || buddy < zone->start_pfn || buddy + size > zone->end_pfn ||
		      !is_free_head(&mem->mem_map[buddy], order));
	return true;
}

static bool list_is_valid(const struct fxm_machine *m, const struct fxmi_zone *zone, unsigned order, uint64_t *frames)
{
	const struct fxmi_free_list *list = &zone->area[order];
	const struct fxm_page *prev = NULL;
	uint64_t blocks = 0;

	for (struct fxm_page *page = list->head; page; prev = page, page = link_get(page, 0)) {
		fxm_invariant(fxmi_page_is_valid(m, page));
		fxm_invariant(link_get(page, 1) == prev);
		fxm_invariant(++blocks <= list->blocks);
		if (!block_is_valid(&m->mem, zone, fxmi_page_pfn(m, page), order))
			return false;
		*frames += UINT64_C(1) << order;
	}
	fxm_invariant(blocks == list->blocks);
	return true;
}

static bool zone_is_valid(const struct fxm_machine *m, const struct fxmi_zone *zone)
{
	uint64_t fresh = 0, frames = 0;

	for (uint64_t block = zone->start_pfn >> FXM_MAX_ORDER; block << FXM_MAX_ORDER < zone->end_pfn; block++)
		if (block << FXM_MAX_ORDER >= zone->start_pfn && is_fresh(&m->mem, block)) {
			fxm_invariant(block >= zone->fresh_from);
			fresh++;
		}
	for (unsigned order = 0; order <= FXM_MAX_ORDER; order++)
		if (!list_is_valid(m, zone, order, &frames))
			return false;
	fxm_invariant(fresh == zone->fresh);
	fxm_invariant(frames + fresh * BLOCK_PAGES == zone->free);
	fxm_invariant(zone->free <= zone->present);
	fxm_invariant(zone->present <= zone->end_pfn - zone->start_pfn);
	return true;
}

bool fxmi_zones_are_valid_locked(struct fxm_machine *m)
{
	uint64_t end = m->mem.start_pfn;

	for (int z = 0; z < FXM_ZONES; z++) {
		fxm_invariant(m->mem.zone[z].start_pfn == end);
		fxm_invariant(m->mem.zone[z].end_pfn >= end);
		end = m->mem.zone[z].end_pfn;
		if (!zone_is_valid(m, &m->mem.zone[z]))
			return false;
	}
	fxm_invariant(end == m->mem.nr_frames);
	fxm_invariant(m->mem.zone[FXM_ZONE_HIGHMEM].start_pfn == m->mem.highmem_pfn);
	return true;
}

bool fxmi_zones_are_valid(struct fxm_machine *m)
{
	pthread_mutex_lock(&m->mem.zone_lock);
	bool valid = fxmi_zones_are_valid_locked(m);
	pthread_mutex_unlock(&m->mem.zone_lock);
	return valid;
}
