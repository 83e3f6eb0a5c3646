/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_GFP_H
#define FXM_KERNEL_LINUX_GFP_H

/*
 * Allocating pages. The bits that choose a zone or the contents are the library's; the others are told apart only by whether
 * the allocation may sleep, which is __GFP_WAIT, called __GFP_DIRECT_RECLAIM since 4.4.
 */

#include <linux/mm_types.h>

#define __GFP_DMA FXM_GFP_DMA
#define __GFP_HIGHMEM FXM_GFP_HIGHMEM
#define __GFP_ZERO FXM_GFP_ZERO
#define __GFP_COMP FXM_GFP_COMP
#define __GFP_HIGH 0x100u
#define __GFP_IO 0x200u
#define __GFP_FS 0x400u
#define __GFP_WAIT 0x800u
#define __GFP_DIRECT_RECLAIM __GFP_WAIT
#define __GFP_KSWAPD_RECLAIM 0x1000u
#define __GFP_RECLAIM (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define __GFP_NOWARN 0x2000u
#define __GFP_NORETRY 0x4000u
#define __GFP_REPEAT 0x8000u
#define __GFP_RETRY_MAYFAIL 0x8000u
#define __GFP_NOFAIL 0x10000u
#define __GFP_MOVABLE 0x20000u
#define __GFP_DMA32 0x0u
#define __GFP_ACCOUNT 0x0u
#define __GFP_BITS_SHIFT 27
#define __GFP_BITS_MASK ((gfp_t)((1 << __GFP_BITS_SHIFT) - 1))

#define GFP_ATOMIC (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT __GFP_KSWAPD_RECLAIM
#define GFP_NOIO __GFP_RECLAIM
#define GFP_NOFS (__GFP_RECLAIM | __GFP_IO)
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_USER GFP_KERNEL
#define GFP_HIGHUSER (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_DMA __GFP_DMA

FXM_K_INLINE struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return FXM_K_FROM(fxm_k_alloc_pages(gfp, order));
}

FXM_K_INLINE void __free_pages(struct page *page, unsigned int order)
{
	fxm_k_free_pages(FXM_K_PAGE(page), order);
}

FXM_K_INLINE unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	return fxm_k_get_free_pages(gfp, order);
}

FXM_K_INLINE void free_pages(unsigned long address, unsigned int order)
{
	fxm_k_free_pages_at(address, order);
}

FXM_K_INLINE unsigned int fxm_k_order_of(size_t size)
{
	return size <= 1UL << PAGE_SHIFT ? 0 : (unsigned int)(64 - __builtin_clzl((size - 1) >> PAGE_SHIFT));
}

/* Pages one after the other, as many as @size bytes need; the library keeps those of the block that are too many. */
#define alloc_pages_exact(size, gfp) ((void *)__get_free_pages(gfp, fxm_k_order_of(size)))
#define free_pages_exact(address, size) free_pages((unsigned long)(address), fxm_k_order_of(size))

#define alloc_page(gfp) alloc_pages(gfp, 0)
#define alloc_pages_node(node, gfp, order) ((void)(node), alloc_pages(gfp, order))
#define __free_page(page) __free_pages(page, 0)
#define __get_free_page(gfp) __get_free_pages(gfp, 0)
#define get_zeroed_page(gfp) __get_free_pages((gfp) | __GFP_ZERO, 0)
#define __get_dma_pages(gfp, order) __get_free_pages((gfp) | __GFP_DMA, order)
#define free_page(address) free_pages(address, 0)

FXM_K_INLINE bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

#endif
