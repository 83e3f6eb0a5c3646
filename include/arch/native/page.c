/* SPDX-License-Identifier: MIT */

/* Pages are the machine's zones and allocator. What the tree's headers read in struct page and struct zone is kept beside. */

#include "native.h"

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

static_assert(sizeof(struct page) == 64, "the library's struct fxm_page");
static_assert(offsetof(struct page, _mapcount) == 48 && offsetof(struct page, _refcount) == 52, "the library's struct fxm_page");

#ifndef CONFIG_NUMA
struct pglist_data contig_page_data;
#endif
int movable_zone = ZONE_MOVABLE;
unsigned long max_pfn, max_low_pfn, min_low_pfn, highstart_pfn, highend_pfn, totalreserve_pages;
unsigned long long max_possible_pfn;
atomic_long_t _totalram_pages, _totalhigh_pages;
int sysctl_lowmem_reserve_ratio[MAX_NR_ZONES];
int user_min_free_kbytes = -1;
s32 vm_committed_as_batch = 32;
gfp_t gfp_allowed_mask = __GFP_BITS_MASK;
unsigned long empty_zero_page[PAGE_SIZE / sizeof(unsigned long)] __page_aligned_bss;
pgd_t swapper_pg_dir[PTRS_PER_PGD] __page_aligned_bss;
void *high_memory;
DEFINE_STATIC_KEY_FALSE(init_on_alloc);
DEFINE_STATIC_KEY_FALSE(init_on_free);
DEFINE_STATIC_KEY_FALSE(_page_poisoning_enabled);
bool _page_poisoning_enabled_early;

/* Large folios have a head and tails, as the kernel links them. */
static void prepare(struct page *page, gfp_t gfp, unsigned int order)
{
	unsigned int i, zone = fxm_k_page_is_highmem(page) ? ZONE_HIGHMEM : ZONE_NORMAL;

	for (i = 0; i < 1u << order; i++) {
		set_page_zone(page + i, zone);
		atomic_set(&page[i]._mapcount, -1);
		page[i].mapping = NULL;
		page[i].private = 0;
	}
	if (!(gfp & __GFP_COMP) || !order)
		return;
	__SetPageHead(page);
	for (i = 1; i < 1u << order; i++) {
		page[i].mapping = TAIL_MAPPING;
		set_compound_head(page + i, page);
	}
#if FXM_TREE_BEFORE(6, 2)
	set_compound_page_dtor(page, COMPOUND_PAGE_DTOR);
	set_compound_order(page, order);
	atomic_set(compound_mapcount_ptr(page), -1);
	atomic_set(compound_pincount_ptr(page), 0);
#else
	((struct folio *)page)->_flags_1 = (((struct folio *)page)->_flags_1 & ~0xffUL) | order;
	((struct folio *)page)->_folio_nr_pages = 1u << order;
	atomic_set(&((struct folio *)page)->_entire_mapcount, -1);
	atomic_set(&((struct folio *)page)->_pincount, 0);
#endif
}

static struct page *get(gfp_t gfp, unsigned int order)
{
	struct page *page = fxm_k_alloc_pages((__force unsigned int)(gfp & ~__GFP_COMP), order);

	if (page)
		prepare(page, gfp, order);
	return page;
}

static void put(struct page *page, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < 1u << order; i++) {
		page[i].mapping = NULL;
		page[i].flags &= ~(PAGE_FLAGS_CHECK_AT_FREE | (1UL << PG_head));
		if (i)
			page[i].compound_head = 0;
	}
	fxm_k_free_pages(page, order);
}

#if FXM_TREE_BEFORE(6, 10)
#define NATIVE(name) name
#else
#define NATIVE(name) name##_noprof
#endif

struct page *NATIVE(__alloc_pages)(gfp_t gfp, unsigned int order, int node, nodemask_t *nodes)
{
	return get(gfp, order);
}

#if FXM_TREE_BEFORE(6, 10)
struct folio *__folio_alloc(gfp_t gfp, unsigned int order, int node, nodemask_t *nodes)
#else
struct folio *__folio_alloc_noprof(gfp_t gfp, unsigned int order, int node, nodemask_t *nodes)
#endif
{
	return (struct folio *)get(gfp | __GFP_COMP, order);
}

unsigned long NATIVE(__alloc_pages_bulk)(gfp_t gfp, int node, nodemask_t *nodes, int nr, struct list_head *list,
					 struct page **array)
{
	unsigned long n = 0;

	for (n = 0; n < nr; n++) {
		struct page *page = array && array[n] ? array[n] : get(gfp, 0);
		if (!page)
			break;
		if (array)
			array[n] = page;
		else
			list_add(&page->lru, list);
	}
	return n;
}

unsigned long NATIVE(__get_free_pages)(gfp_t gfp, unsigned int order)
{
	struct page *page = get(gfp & ~__GFP_HIGHMEM, order);

	return page ? (unsigned long)fxm_k_page_address(page) : 0;
}

unsigned long NATIVE(get_zeroed_page)(gfp_t gfp)
{
	return NATIVE(__get_free_pages)(gfp | __GFP_ZERO, 0);
}

void __free_pages(struct page *page, unsigned int order)
{
	if (put_page_testzero(page)) {
		set_page_count(page, 1); /* the machine's counts down to none itself */
		put(page, order);
	}
}

void free_pages(unsigned long address, unsigned int order)
{
	if (address)
		__free_pages(virt_to_page((void *)address), order);
}

void free_unref_page(struct page *page, unsigned int order)
{
	set_page_count(page, 1);
	put(page, order);
}

void free_unref_page_list(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		list_del(&page->lru);
		free_unref_page(page, 0);
	}
}

void destroy_large_folio(struct folio *folio)
{
	free_unref_page(&folio->page, folio_order(folio));
}

void free_compound_page(struct page *page)
{
	free_unref_page(page, compound_order(page));
}

void folio_undo_large_rmappable(struct folio *folio)
{
}

void split_page(struct page *page, unsigned int order)
{
	unsigned int i;

	for (i = 1; i < 1u << order; i++)
		set_page_count(page + i, 1);
}

void *NATIVE(alloc_pages_exact)(size_t size, gfp_t gfp)
{
	return (void *)NATIVE(__get_free_pages)(gfp, get_order(size));
}

void free_pages_exact(void *address, size_t size)
{
	free_pages((unsigned long)address, get_order(size));
}

bool gfp_pfmemalloc_allowed(gfp_t gfp)
{
	return false;
}

#if FXM_TREE_BEFORE(6, 10)
void *page_frag_alloc_align(struct page_frag_cache *cache, unsigned int size, gfp_t gfp, unsigned int mask)
#else
void *__page_frag_alloc_align(struct page_frag_cache *cache, unsigned int size, gfp_t gfp, unsigned int mask)
#endif
{
	struct page *page = get((gfp & ~__GFP_HIGHMEM) | __GFP_COMP, get_order(size));

	return page ? fxm_k_page_address(page) : NULL;
}

void page_frag_free(void *address)
{
	struct page *page = virt_to_head_page(address);

	if (put_page_testzero(page))
		free_unref_page(page, compound_order(page));
}

void __page_frag_cache_drain(struct page *page, unsigned int count)
{
	if (page_ref_sub_and_test(page, count))
		free_unref_page(page, compound_order(page));
}

void page_frag_cache_drain(struct page_frag_cache *cache)
{
}

/* ---- zones: what is asked of them ---- */

unsigned long nr_free_buffer_pages(void)
{
	return 1ul << 16;
}

#if FXM_TREE_BEFORE(6, 12)
unsigned int __nr_free_highpages(void)
#else
unsigned long __nr_free_highpages(void)
#endif
{
	return 1u << 16;
}

bool __zone_watermark_ok(struct zone *zone, unsigned int order, unsigned long mark, int highest, unsigned int flags, long free)
{
	return true;
}

bool zone_watermark_ok(struct zone *zone, unsigned int order, unsigned long mark, int highest, unsigned int flags)
{
	return true;
}

void si_meminfo(struct sysinfo *info)
{
	info->totalram = totalram_pages();
	info->freeram = totalram_pages() / 2;
	info->totalhigh = totalhigh_pages();
	info->mem_unit = PAGE_SIZE;
}

long si_mem_available(void)
{
	return totalram_pages() / 2;
}

struct pglist_data *first_online_pgdat(void)
{
	return NODE_DATA(0);
}

struct pglist_data *next_online_pgdat(struct pglist_data *node)
{
	return NULL;
}

struct zone *next_zone(struct zone *zone)
{
	return zone < contig_page_data.node_zones + MAX_NR_ZONES - 1 ? zone + 1 : NULL;
}

struct zoneref *__next_zones_zonelist(struct zoneref *z, enum zone_type highest, nodemask_t *nodes)
{
	return z;
}

/* ---- counters ---- */

atomic_long_t vm_zone_stat[NR_VM_ZONE_STAT_ITEMS], vm_node_stat[NR_VM_NODE_STAT_ITEMS];

static void count_node(enum node_stat_item item, long delta)
{
	atomic_long_add(delta, &vm_node_stat[item]);
	atomic_long_add(delta, &contig_page_data.vm_stat[item]);
}

static void count_zone(struct zone *zone, enum zone_stat_item item, long delta)
{
	atomic_long_add(delta, &vm_zone_stat[item]);
	atomic_long_add(delta, &zone->vm_stat[item]);
}

#define NATIVE_COUNTERS(prefix)                                                                                                    \
	void prefix##mod_node_page_state(struct pglist_data *node, enum node_stat_item item, long delta)                           \
	{                                                                                                                          \
		count_node(item, delta);                                                                                           \
	}                                                                                                                          \
	void prefix##mod_zone_page_state(struct zone *zone, enum zone_stat_item item, long delta)                                  \
	{                                                                                                                          \
		count_zone(zone, item, delta);                                                                                     \
	}                                                                                                                          \
	void prefix##inc_node_page_state(struct page *page, enum node_stat_item item)                                              \
	{                                                                                                                          \
		count_node(item, 1);                                                                                               \
	}                                                                                                                          \
	void prefix##dec_node_page_state(struct page *page, enum node_stat_item item)                                              \
	{                                                                                                                          \
		count_node(item, -1);                                                                                              \
	}                                                                                                                          \
	void prefix##inc_zone_page_state(struct page *page, enum zone_stat_item item)                                              \
	{                                                                                                                          \
		count_zone(page_zone(page), item, 1);                                                                              \
	}                                                                                                                          \
	void prefix##dec_zone_page_state(struct page *page, enum zone_stat_item item)                                              \
	{                                                                                                                          \
		count_zone(page_zone(page), item, -1);                                                                             \
	}
NATIVE_COUNTERS()
NATIVE_COUNTERS(__)

void inc_node_state(struct pglist_data *node, enum node_stat_item item)
{
	count_node(item, 1);
}

#if FXM_TREE_BEFORE(6, 12)
void set_pageblock_migratetype(struct page *page, int migratetype)
{
}
#endif
