/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PAGEMAP_H
#define FXM_KERNEL_LINUX_PAGEMAP_H

#if __has_include_next(<linux/pagemap.h>)
#include_next <linux/pagemap.h>
#else

/* Without a kernel tree: the page cache's names for a page's size and reference count; there is no page cache. */

#include <linux/highmem.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#if __has_include(<linux/xarray.h>)
#include <linux/xarray.h>
#endif

#define MAX_RW_COUNT (INT_MAX & PAGE_MASK)
#define find_subpage(head, index) ((head) + ((index) & (compound_nr(head) - 1)))
#define PAGE_CACHE_SHIFT PAGE_SHIFT
#define PAGE_CACHE_SIZE PAGE_SIZE
#define PAGE_CACHE_MASK PAGE_MASK
#define page_cache_get(page) get_page(page)
#define page_cache_release(page) put_page(page)

#endif
#endif
