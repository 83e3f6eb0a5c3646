/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PAGE_FLAGS_H
#define FXM_KERNEL_LINUX_PAGE_FLAGS_H

/* The flag bits that code keeps for itself; the zone is asked of the library. */

#include <linux/mm_types.h>

enum pageflags { PG_locked, PG_error, PG_referenced, PG_uptodate, PG_dirty, PG_private };

#define FXM_K_PAGE_FLAG(Name, bit)                                                                                                 \
	FXM_K_INLINE int Page##Name(const struct page *page)                                                                       \
	{                                                                                                                          \
		return (int)(page->flags >> (bit)&1);                                                                              \
	}                                                                                                                          \
	FXM_K_INLINE void SetPage##Name(struct page *page)                                                                         \
	{                                                                                                                          \
		__atomic_fetch_or(&page->flags, 1UL << (bit), __ATOMIC_SEQ_CST);                                                   \
	}                                                                                                                          \
	FXM_K_INLINE void ClearPage##Name(struct page *page)                                                                       \
	{                                                                                                                          \
		__atomic_fetch_and(&page->flags, ~(1UL << (bit)), __ATOMIC_SEQ_CST);                                               \
	}

FXM_K_PAGE_FLAG(Locked, PG_locked)
FXM_K_PAGE_FLAG(Error, PG_error)
FXM_K_PAGE_FLAG(Referenced, PG_referenced)
FXM_K_PAGE_FLAG(Uptodate, PG_uptodate)
FXM_K_PAGE_FLAG(Dirty, PG_dirty)
FXM_K_PAGE_FLAG(Private, PG_private)

FXM_K_INLINE int PageHighMem(const struct page *page)
{
	return fxm_k_page_is_highmem((const struct fxm_page *)page);
}

FXM_K_INLINE struct page *compound_head(struct page *page)
{
	return FXM_K_FROM(fxm_k_compound_head(FXM_K_PAGE(page)));
}

#endif
