/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PAGEMAP_H
#define FXM_KERNEL_LINUX_PAGEMAP_H

/* Stand-in: the page cache's names for a page's size and reference count; there is no page cache. */

#include <linux/highmem.h>

#define PAGE_CACHE_SHIFT PAGE_SHIFT
#define PAGE_CACHE_SIZE PAGE_SIZE
#define PAGE_CACHE_MASK PAGE_MASK
#define page_cache_get(page) get_page(page)
#define page_cache_release(page) put_page(page)

#endif
