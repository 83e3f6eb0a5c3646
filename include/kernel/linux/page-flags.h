/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PAGE_FLAGS_H
#define FXM_KERNEL_LINUX_PAGE_FLAGS_H

/* The flag bits that code keeps for itself; the zone is asked of the library. */

#include <linux/mm_types.h>

enum pageflags {
	PG_locked,
	PG_error,
	PG_referenced,
	PG_uptodate,
	PG_dirty,
	PG_private,
	PG_checked,
	PG_owner_priv_1 = PG_checked,
	PG_writeback,
	PG_private_2,
	PG_fscache = PG_private_2,
	PG_mappedtodisk,
	PG_reclaim,
	PG_readahead = PG_reclaim,
	PG_swapbacked,
	PG_active,
	PG_lru,
	PG_workingset,
	PG_unevictable,
	PG_waiters
};

FXM_K_INLINE bool fxm_k_flag_test(const unsigned long *flags, int bit)
{
	return *flags >> bit & 1;
}

/* These give what the bit was. */
FXM_K_INLINE bool fxm_k_flag_set(unsigned long *flags, int bit)
{
	return __atomic_fetch_or(flags, 1UL << bit, __ATOMIC_SEQ_CST) >> bit & 1;
}

FXM_K_INLINE bool fxm_k_flag_clear(unsigned long *flags, int bit)
{
	return __atomic_fetch_and(flags, ~(1UL << bit), __ATOMIC_SEQ_CST) >> bit & 1;
}

#define FXM_K_FLAG_FUNCTION(result, function, type, call)                                                                          \
	FXM_K_INLINE result function(type *of)                                                                                     \
	{                                                                                                                          \
		return (result)(call);                                                                                             \
	}

#define FXM_K_PAGE_FLAG_ONLY(Name, bit)                                                                                            \
	FXM_K_FLAG_FUNCTION(int, Page##Name, const struct page, fxm_k_flag_test(&of->flags, bit))                                  \
	FXM_K_FLAG_FUNCTION(void, SetPage##Name, struct page, fxm_k_flag_set(&of->flags, bit))                                     \
	FXM_K_FLAG_FUNCTION(void, ClearPage##Name, struct page, fxm_k_flag_clear(&of->flags, bit))                                 \
	FXM_K_FLAG_FUNCTION(void, __SetPage##Name, struct page, fxm_k_flag_set(&of->flags, bit))                                   \
	FXM_K_FLAG_FUNCTION(void, __ClearPage##Name, struct page, fxm_k_flag_clear(&of->flags, bit))                               \
	FXM_K_FLAG_FUNCTION(int, TestSetPage##Name, struct page, fxm_k_flag_set(&of->flags, bit))                                  \
	FXM_K_FLAG_FUNCTION(int, TestClearPage##Name, struct page, fxm_k_flag_clear(&of->flags, bit))

#ifdef FXM_K_LOCAL
#define FXM_K_PAGE_FLAG(Name, name, bit)                                                                                           \
	FXM_K_PAGE_FLAG_ONLY(Name, bit)                                                                                            \
	FXM_K_FLAG_FUNCTION(bool, folio_test_##name, const struct folio, fxm_k_flag_test(&of->flags, bit))                         \
	FXM_K_FLAG_FUNCTION(void, folio_set_##name, struct folio, fxm_k_flag_set(&of->flags, bit))                                 \
	FXM_K_FLAG_FUNCTION(void, folio_clear_##name, struct folio, fxm_k_flag_clear(&of->flags, bit))                             \
	FXM_K_FLAG_FUNCTION(void, __folio_set_##name, struct folio, fxm_k_flag_set(&of->flags, bit))                               \
	FXM_K_FLAG_FUNCTION(void, __folio_clear_##name, struct folio, fxm_k_flag_clear(&of->flags, bit))                           \
	FXM_K_FLAG_FUNCTION(bool, folio_test_set_##name, struct folio, fxm_k_flag_set(&of->flags, bit))                            \
	FXM_K_FLAG_FUNCTION(bool, folio_test_clear_##name, struct folio, fxm_k_flag_clear(&of->flags, bit))
#else
#define FXM_K_PAGE_FLAG(Name, name, bit) FXM_K_PAGE_FLAG_ONLY(Name, bit)
#endif

FXM_K_PAGE_FLAG(Locked, locked, PG_locked)
FXM_K_PAGE_FLAG(Error, error, PG_error)
FXM_K_PAGE_FLAG(Referenced, referenced, PG_referenced)
FXM_K_PAGE_FLAG(Uptodate, uptodate, PG_uptodate)
FXM_K_PAGE_FLAG(Dirty, dirty, PG_dirty)
FXM_K_PAGE_FLAG(Private, private, PG_private)
FXM_K_PAGE_FLAG(Checked, checked, PG_checked)
FXM_K_PAGE_FLAG(Writeback, writeback, PG_writeback)
FXM_K_PAGE_FLAG(Private2, private_2, PG_private_2)
FXM_K_PAGE_FLAG(MappedToDisk, mappedtodisk, PG_mappedtodisk)
FXM_K_PAGE_FLAG(Reclaim, reclaim, PG_reclaim)
FXM_K_PAGE_FLAG(Readahead, readahead, PG_readahead)
FXM_K_PAGE_FLAG(SwapBacked, swapbacked, PG_swapbacked)
FXM_K_PAGE_FLAG(Active, active, PG_active)
FXM_K_PAGE_FLAG(LRU, lru, PG_lru)
FXM_K_PAGE_FLAG(Workingset, workingset, PG_workingset)
FXM_K_PAGE_FLAG(Unevictable, unevictable, PG_unevictable)
FXM_K_PAGE_FLAG(Waiters, waiters, PG_waiters)

#ifdef FXM_K_LOCAL
FXM_K_INLINE void folio_mark_uptodate(struct folio *folio)
{
	folio_set_uptodate(folio);
}
#endif

/* No page here belongs to a task, to swap, or to huge pages, and none is broken. */
#define PageAnon(page) ((void)(page), 0)
#define PageKsm(page) ((void)(page), 0)
#define PageSwapCache(page) ((void)(page), 0)
#define PageHWPoison(page) ((void)(page), 0)
#define PageHuge(page) ((void)(page), 0)
#define PageTransHuge(page) ((void)(page), 0)
#define PageTransCompound(page) ((void)(page), 0)
#define folio_test_anon(folio) ((void)(folio), false)
#define folio_test_ksm(folio) ((void)(folio), false)
#define folio_test_swapcache(folio) ((void)(folio), false)
#define folio_test_hwpoison(folio) ((void)(folio), false)
#define folio_test_hugetlb(folio) ((void)(folio), false)

FXM_K_INLINE int PageHighMem(const struct page *page)
{
	return fxm_k_page_is_highmem((const struct fxm_page *)page);
}

FXM_K_INLINE struct page *compound_head(struct page *page)
{
	return FXM_K_FROM(fxm_k_compound_head(FXM_K_PAGE(page)));
}

#endif
