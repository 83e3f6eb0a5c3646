/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MM_TYPES_H
#define FXM_KERNEL_LINUX_MM_TYPES_H

/* struct page: the library's struct fxm_page under the kernel's field names, the same object byte for byte. */

#include <linux/types.h>

struct address_space;

struct page {
	unsigned long flags; /* the top byte is the library's */
	union {
		struct {
			struct list_head lru;
			struct address_space *mapping;
			pgoff_t index;
			unsigned long private;
		};
		unsigned long fxm_words[5];
	};
	atomic_t _mapcount;
	union {
		atomic_t _refcount;
		atomic_t _count; /* before 4.6 */
	};
	u64 fxm_internal;
};
_Static_assert(sizeof(struct page) == 64, "struct page is the library's struct fxm_page");

#ifdef FXM_K_LOCAL
/* One page, or the head of several: the same object again. */
struct folio {
	struct page page;
};
#define page_folio(p) ((struct folio *)compound_head(p))
#define folio_page(folio, n) (&(folio)->page + (n))
#endif

/* The same object under the library's name and back. */
#define FXM_K_PAGE(kernel_page) ((struct fxm_page *)(kernel_page))
#define FXM_K_FROM(library_page) ((struct page *)(library_page))

#endif
