/* SPDX-License-Identifier: MIT */
#ifndef FXM_MEMORY_H
#define FXM_MEMORY_H

/*
 * Physical memory: frames, their `struct page`, zones, the buddy allocator, kmalloc. Models mm/page_alloc.c as far as code that
 * maps pages can see it: zones DMA (below 16 MB), NORMAL (lowmem) and HIGHMEM with the profile's borders, free blocks of
 * 2^order frames, compound pages.
 *
 * Of all, unless a function says otherwise: Context: any thread. Ownership: pages and frames belong to the machine, and are
 * valid for its lifetime; who allocated one may use it. What is asked of a page that is not of this machine is 0, false or
 * NULL, and nothing happens to it. pfn counts frames of 4 KiB or of the profile's page size. The kernel's functions are those
 * of include/linux/mm.h, mm/page_alloc.c and mm/slab.c, 2.6.12 to 6.12.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Allocation flags. The kernel tier's GFP_ values are made of these. */
#define FXM_GFP_DMA 0x01u     /**< from ZONE_DMA only */
#define FXM_GFP_HIGHMEM 0x02u /**< may come from ZONE_HIGHMEM (preferred when it has room) */
#define FXM_GFP_ZERO 0x04u    /**< contents zeroed */
#define FXM_GFP_COMP 0x08u    /**< one compound page: tail pages know their head */
#define FXM_GFP_ATOMIC 0x10u  /**< must not sleep; without it might_sleep() is checked */

#define FXM_MAX_ORDER 10u /**< largest order that can be asked for */

enum fxm_zone { FXM_ZONE_DMA, FXM_ZONE_NORMAL, FXM_ZONE_HIGHMEM, FXM_ZONES };

/**
 * Allocates 2^@order contiguous frames and returns the first one's page, reference count 1; NULL when the zones that
 * @gfp allows have none (or a failure was injected, fxm_inject() of inject.h).
 * Context: any; may "sleep" unless FXM_GFP_ATOMIC. Ownership: the caller's, until fxm_free_pages().
 * Models alloc_pages(), mm/page_alloc.c.
 */
FXM_API struct fxm_page *fxm_alloc_pages(struct fxm_machine *m, unsigned gfp, unsigned order);

/** fxm_alloc_pages() of order 0; NULL as there. Models alloc_page(). */
static inline struct fxm_page *fxm_alloc_page(struct fxm_machine *m, unsigned gfp)
{
	return fxm_alloc_pages(m, gfp, 0);
}

/**
 * Allocates exactly frame @pfn. For replaying: traces name their frames. Models nothing of the kernel.
 * Context: any. Errors: -ENOENT no such frame, -EBUSY not free. Ownership: as fxm_alloc_pages().
 */
FXM_API int fxm_alloc_pfn(struct fxm_machine *m, uint64_t pfn, struct fxm_page **out);

/**
 * Drops a reference of the 2^@order block that starts at @page; at zero the block is free again. Models __free_pages().
 * Errors: -EINVAL @page is no page of @m, not the head of such a block, or already free (nothing is changed).
 */
FXM_API int fxm_free_pages(struct fxm_machine *m, struct fxm_page *page, unsigned order);

/** The page of frame @pfn, or NULL when the machine has no such frame. Models pfn_to_page(). */
FXM_API struct fxm_page *fxm_page_of_pfn(struct fxm_machine *m, uint64_t pfn);

/** The frame number of @page, or UINT64_MAX when it is no page of @m. Models page_to_pfn(). */
FXM_API uint64_t fxm_page_pfn(const struct fxm_machine *m, const struct fxm_page *page);

/** The physical address of @page. Models page_to_phys(). */
static inline fxm_pa fxm_page_phys(const struct fxm_machine *m, const struct fxm_page *page)
{
	return fxm_pa_of(fxm_page_pfn(m, page) << FXM_PAGE_SHIFT);
}

/** Whether @page lies in ZONE_HIGHMEM, i.e. has no permanent address. Models PageHighMem(). */
FXM_API bool fxm_page_is_highmem(const struct fxm_machine *m, const struct fxm_page *page);

/** The head of the compound page that @page is part of, else @page, so never NULL for a page. Models compound_head(). */
FXM_API struct fxm_page *fxm_compound_head(const struct fxm_machine *m, struct fxm_page *page);

/** The reference count of @page. Errors: none, 0 of a page of another machine. Models page_count(). */
FXM_API int fxm_page_count(const struct fxm_machine *m, const struct fxm_page *page);

/** Takes a reference. Models get_page(). */
FXM_API void fxm_page_get(struct fxm_machine *m, struct fxm_page *page);

/**
 * Where the contents of frame @pfn lie in the host, for tests and tools that look behind the MMU; NULL for no frame.
 * Ownership: the machine's. Writing there is like a device's DMA: no page table, no dirty bit. Models nothing of the kernel.
 */
FXM_API void *fxm_frame(struct fxm_machine *m, uint64_t pfn);

/** Frames of a zone. */
struct fxm_zone_info {
	const char *name;	       /**< "DMA", "Normal", "HighMem" */
	uint64_t start_pfn;	       /**< first frame */
	uint64_t spanned;	       /**< frames to the zone's end */
	uint64_t present;	       /**< of these, usable memory */
	uint64_t free;		       /**< of these, free now */
	uint64_t free_blocks[FXM_MAX_ORDER + 1]; /**< free blocks by order, as /proc/buddyinfo */
};

/**
 * Numbers of zone @zone into @out. Errors: -ENOENT no such zone, -EINVAL. Models /proc/zoneinfo and /proc/buddyinfo,
 * mm/vmstat.c.
 */
FXM_API int fxm_get_zone_info(struct fxm_machine *m, enum fxm_zone zone, struct fxm_zone_info *out);

/**
 * Allocates @size bytes of simulated lowmem (direct map) and returns their simulated address. Errors: 0 when there is none.
 * Aligned to 8 bytes, to the size for powers of two. Context and flags as fxm_alloc_pages(). Models kmalloc().
 */
FXM_API fxm_va fxm_kmalloc(struct fxm_machine *m, size_t size, unsigned gfp);

/**
 * Frees memory from fxm_kmalloc(); 0 is allowed. Its page may stay with kmalloc until others need it, as in the kernel.
 * Errors: -EINVAL no such allocation. Models kfree(), mm/slab.c.
 */
FXM_API int fxm_kfree(struct fxm_machine *m, fxm_va va);

/** The usable size of an allocation, or 0 when @va is none. Models ksize(). */
FXM_API size_t fxm_ksize(struct fxm_machine *m, fxm_va va);

#ifdef __cplusplus
}
#endif

#endif
