/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MM_H
#define FXM_KERNEL_LINUX_MM_H

#include <asm/page.h>
#include <asm/pgtable.h>
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/math.h>
#include <linux/mmdebug.h>
#include <linux/completion.h>
#include <linux/page-flags.h>

/* An address while the page has one: lowmem always, highmem only between kmap() and the flush after kunmap(). */
FXM_K_INLINE void *page_address(const struct page *page)
{
	return fxm_k_page_address((const struct fxm_page *)page);
}

FXM_K_INLINE void set_page_address(struct page *page, void *address)
{
	fxm_k_set_page_address(FXM_K_PAGE(page), address);
}

FXM_K_INLINE int page_count(const struct page *page)
{
	return fxm_k_page_count((const struct fxm_page *)page);
}

FXM_K_INLINE void get_page(struct page *page)
{
	fxm_k_get_page(FXM_K_PAGE(page));
}

FXM_K_INLINE void put_page(struct page *page)
{
	fxm_k_put_page(FXM_K_PAGE(page));
}

FXM_K_INLINE struct page *virt_to_head_page(const void *address)
{
	return compound_head(virt_to_page(address));
}

#define page_to_phys(page) ((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#define phys_to_page(phys) pfn_to_page((unsigned long)((phys) >> PAGE_SHIFT))
#define lowmem_page_address(page) __va((unsigned long long)page_to_pfn(page) << PAGE_SHIFT)
#define nth_page(page, n) ((page) + (n))
#define set_page_dirty(page) (SetPageDirty(page), true)
#define mark_page_accessed(page) SetPageReferenced(page)
#define page_private(page) ((page)->private)
#define set_page_private(page, v) ((page)->private = (v))

/* Pages of the compound page that @page is the head of. */
FXM_K_INLINE unsigned long compound_nr(struct page *page)
{
	unsigned long n = 1;

	while (pfn_valid(page_to_pfn(page) + n) && compound_head(page + n) == page)
		n <<= 1;
	return n;
}

#define page_size(page) (compound_nr(page) * PAGE_SIZE)
#define thp_size(page) page_size(page)
#define thp_nr_pages(page) ((int)compound_nr(page))
#define compound_order(page) ((unsigned int)__builtin_ctzl(compound_nr(page)))
#ifdef FXM_K_LOCAL
#define folio_nr_pages(folio) ((long)compound_nr(&(folio)->page))
#define folio_size(folio) page_size(&(folio)->page)
#define folio_pfn(folio) page_to_pfn(&(folio)->page)
#define offset_in_folio(folio, p) ((unsigned long)(p) & (folio_size(folio) - 1))
#define folio_test_large(folio) (folio_nr_pages(folio) > 1)
#define folio_order(folio) compound_order(&(folio)->page)
#define folio_shift(folio) (PAGE_SHIFT + folio_order(folio))
#define folio_get(folio) get_page(&(folio)->page)
#define folio_put(folio) put_page(&(folio)->page)
#endif

#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
#define PAGE_ALIGN(address) (((address) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGE_ALIGNED(address) (offset_in_page(address) == 0)
#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define PFN_PHYS(x) ((phys_addr_t)(x) << PAGE_SHIFT)
#define PHYS_PFN(x) ((unsigned long)((x) >> PAGE_SHIFT))
#define PFN_ALIGN(x) (((unsigned long)(x) + PAGE_SIZE - 1) & PAGE_MASK)

/* No task has pages of its own that could be pinned. */
#define FOLL_WRITE 0x01
#define FOLL_FORCE 0x10
#define FOLL_NOFAULT 0x80
#define FOLL_LONGTERM 0x10000
#define get_user_pages_fast(start, n, flags, pages) ((void)(start), (void)(n), (void)(flags), (void)(pages), -EFAULT)

/* The page cache is not here: who calls it brings it, as a file of the tree or of its own. */
struct inode;
void truncate_inode_pages(struct address_space *mapping, loff_t from);
void truncate_inode_pages_range(struct address_space *mapping, loff_t from, loff_t to);
void truncate_inode_pages_final(struct address_space *mapping);
void truncate_pagecache(struct inode *inode, loff_t size);
void truncate_pagecache_range(struct inode *inode, loff_t from, loff_t to);
void truncate_setsize(struct inode *inode, loff_t size);
void pagecache_isize_extended(struct inode *inode, loff_t from, loff_t to);
vm_fault_t filemap_fault(struct vm_fault *fault);
vm_fault_t filemap_map_pages(struct vm_fault *fault, pgoff_t first, pgoff_t last);
vm_fault_t filemap_page_mkwrite(struct vm_fault *fault);
int generic_error_remove_page(struct address_space *mapping, struct page *page);
bool set_page_writeback(struct page *page);
struct address_space *page_mapping(struct page *page);

/* The borders of the address space: functions of the machine, not constants. */
#define high_memory ((void *)fxm_k_address("high_memory"))
#define totalhigh_pages() fxm_k_number("totalhigh_pages")

/* No page is kept zero for all to read. */
extern unsigned long empty_zero_page[];
#define ZERO_PAGE(address) ((void)(address), virt_to_page(empty_zero_page))
unsigned long totalram_pages(void);

#include <linux/page_ref.h>

#endif
