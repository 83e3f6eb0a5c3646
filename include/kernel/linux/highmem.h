/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_HIGHMEM_H
#define FXM_KERNEL_LINUX_HIGHMEM_H

/*
 * kmap, kmap_atomic and kmap_local. What the kernel's prototype accepts compiles; a pointer of the wrong kind is reported when
 * it is used.
 * Both forms of kmap_atomic() parse, and the one that the profile's kernel does not have is an error that says so.
 */

#include <asm/cacheflush.h>
#include <asm/fixmap.h>
#include <asm/kmap_types.h>
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

/* of kernels since 5.16 */
struct folio;

/* <fxm/reach.h> tells the compiler; where it is not included, this is the address. */
#ifndef fxm_k_reaches
#define fxm_k_reaches(address, bytes) (address)
#endif
#define FXM_K_ONE_PAGE(address) fxm_k_reaches(address, PAGE_SIZE)

FXM_K_INLINE void *kmap(struct page *page)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap(FXM_K_PAGE(page)));
}

FXM_K_INLINE void kunmap(struct page *page)
{
	fxm_k_kunmap(FXM_K_PAGE(page));
}

FXM_K_INLINE void *kmap_high(struct page *page)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_high(FXM_K_PAGE(page)));
}

FXM_K_INLINE void kunmap_high(struct page *page)
{
	fxm_k_kunmap_high(FXM_K_PAGE(page));
}

#if FXM_K_HAS(kmap_flush_unused)
FXM_K_INLINE void kmap_flush_unused(void)
{
	fxm_k_kmap_flush_unused();
}
#else
void kmap_flush_unused(void) FXM_K_NOT_HERE(kmap_flush_unused);
#endif

#if FXM_K_HAS(kmap_to_page)
FXM_K_INLINE struct page *kmap_to_page(void *address)
{
	return FXM_K_FROM(fxm_k_kmap_to_page(address));
}
#else
struct page *kmap_to_page(void *address) FXM_K_NOT_HERE(kmap_to_page);
#endif

#define PKMAP_BASE FXM_K_BORDER("PKMAP_BASE")
#define LAST_PKMAP_MASK (LAST_PKMAP - 1)
#define PKMAP_NR(address) fxm_k_pkmap_nr((unsigned long)(address))
#define PKMAP_ADDR(nr) fxm_k_pkmap_addr(nr)
#define kmap_prot __pgprot((pteval_t)fxm_k_prot("kmap_prot"))

/* ---- temporary mappings: one name, two forms ---- */

#define FXM_K_FORM(one, two, form, ...) form

#ifdef FXM_K_TYPED

void *fxm_k_refuse_kmap_atomic(void) FXM_K_NOT_HERE(kmap_atomic);
void fxm_k_refuse_kunmap_atomic(void) FXM_K_NOT_HERE_AS("kunmap_atomic", kmap_atomic);

FXM_K_INLINE void *fxm_k_map_typed(struct page *page, enum km_type type)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_atomic_type(FXM_K_PAGE(page), type));
}

FXM_K_INLINE void fxm_k_unmap_typed(void *address, enum km_type type)
{
	fxm_k_kunmap_atomic_type(address, type);
}

#if FXM_K_HAS(kmap_atomic_pfn)
FXM_K_INLINE void *kmap_atomic_pfn(unsigned long pfn, enum km_type type)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_atomic_pfn_type(pfn, type));
}
#else
void *kmap_atomic_pfn(unsigned long pfn, enum km_type type) FXM_K_NOT_HERE(kmap_atomic_pfn);
#endif
void *kmap_atomic_prot(struct page *page, pgprot_t prot) FXM_K_NOT_HERE(kmap_atomic_prot);

#define FXM_K_MAP_1(page) ((void)(page), fxm_k_refuse_kmap_atomic())
#define FXM_K_MAP_2(page, type) fxm_k_map_typed(page, type)
#define FXM_K_UNMAP_1(address) ((void)(address), fxm_k_refuse_kunmap_atomic())
#define FXM_K_UNMAP_2(address, type) fxm_k_unmap_typed(address, type)

#else

void *fxm_k_refuse_km_type(void) FXM_K_NOT_HERE_AS("kmap_atomic", kmap_atomic_type);
void fxm_k_refuse_km_type_unmap(void) FXM_K_NOT_HERE_AS("kunmap_atomic", kmap_atomic_type);

FXM_K_INLINE void *fxm_k_map(struct page *page)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_atomic(FXM_K_PAGE(page)));
}

FXM_K_INLINE void fxm_k_unmap(const void *address)
{
	fxm_k_kunmap_atomic(address);
}

FXM_K_INLINE void *kmap_atomic_prot(struct page *page, pgprot_t prot)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_atomic_prot(FXM_K_PAGE(page), pgprot_val(prot)));
}

FXM_K_INLINE void *kmap_atomic_pfn(unsigned long pfn)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_atomic_pfn(pfn));
}

#define FXM_K_MAP_1(page) fxm_k_map(page)
#define FXM_K_MAP_2(page, type) ((void)(page), fxm_k_refuse_km_type())
#define FXM_K_UNMAP_1(address)                                                                                                     \
	({                                                                                                                         \
		BUILD_BUG_ON_MSG(__same_type((address), struct page *), "kunmap_atomic() takes the address, not the page");        \
		fxm_k_unmap(address);                                                                                              \
	})
#define FXM_K_UNMAP_2(address, type) ((void)(address), fxm_k_refuse_km_type_unmap())

#endif

#define kmap_atomic(...) FXM_K_FORM(__VA_ARGS__, FXM_K_MAP_2, FXM_K_MAP_1, )(__VA_ARGS__)
#define kunmap_atomic(...) FXM_K_FORM(__VA_ARGS__, FXM_K_UNMAP_2, FXM_K_UNMAP_1, )(__VA_ARGS__)

#if FXM_K_HAS(kmap_atomic_to_page)
FXM_K_INLINE struct page *kmap_atomic_to_page(void *address)
{
	return FXM_K_FROM(fxm_k_kmap_atomic_to_page(address));
}
#else
struct page *kmap_atomic_to_page(void *address) FXM_K_NOT_HERE(kmap_atomic_to_page);
#endif

#if FXM_K_HAS(kmap_atomic_idx)
FXM_K_INLINE int kmap_atomic_idx_push(void)
{
	return fxm_k_kmap_atomic_idx_push();
}

FXM_K_INLINE int kmap_atomic_idx(void)
{
	return fxm_k_kmap_atomic_idx();
}

FXM_K_INLINE void kmap_atomic_idx_pop(void)
{
	fxm_k_kmap_atomic_idx_pop();
}
#else
int kmap_atomic_idx_push(void) FXM_K_NOT_HERE_AS("kmap_atomic_idx_push", kmap_atomic_idx);
int kmap_atomic_idx(void) FXM_K_NOT_HERE(kmap_atomic_idx);
void kmap_atomic_idx_pop(void) FXM_K_NOT_HERE_AS("kmap_atomic_idx_pop", kmap_atomic_idx);
#endif

/* ---- temporary mappings of the task ---- */

#if FXM_K_HAS(kmap_local_page)

FXM_K_INLINE void *kmap_local_page(struct page *page)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_local_page(FXM_K_PAGE(page)));
}

FXM_K_INLINE void *kmap_local_page_prot(struct page *page, pgprot_t prot)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_local_page_prot(FXM_K_PAGE(page), pgprot_val(prot)));
}

FXM_K_INLINE void *__kmap_local_page_prot(struct page *page, pgprot_t prot)
{
	return kmap_local_page_prot(page, prot);
}

FXM_K_INLINE void *kmap_local_pfn(unsigned long pfn)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_local_pfn(pfn));
}

#if FXM_K_HAS(kmap_local_folio)
FXM_K_INLINE void *kmap_local_folio(struct folio *folio, size_t offset)
{
	return fxm_k_reaches(fxm_k_kmap_local_folio(FXM_K_PAGE(&folio->page), offset), PAGE_SIZE - offset % PAGE_SIZE);
}
#else
void *kmap_local_folio(struct folio *folio, size_t offset) FXM_K_NOT_HERE(kmap_local_folio);
#endif

#define kunmap_local(address)                                                                                                      \
	({                                                                                                                         \
		BUILD_BUG_ON_MSG(__same_type((address), struct page *), "kunmap_local() takes the address, not the page");         \
		fxm_k_kunmap_local(address);                                                                                       \
	})

#else

void *kmap_local_page(struct page *page) FXM_K_NOT_HERE(kmap_local_page);
void *kmap_local_page_prot(struct page *page, pgprot_t prot) FXM_K_NOT_HERE(kmap_local_page_prot);
void *kmap_local_pfn(unsigned long pfn) FXM_K_NOT_HERE(kmap_local_pfn);
void *kmap_local_folio(struct folio *folio, size_t offset) FXM_K_NOT_HERE(kmap_local_folio);
void kunmap_local(const void *address) FXM_K_NOT_HERE(kunmap_local);

#endif

/* ---- helpers on one page: the library has their bodies, the same as the explicit tier's ---- */

FXM_K_INLINE void clear_highpage(struct page *page)
{
	fxm_k_clear_highpage(FXM_K_PAGE(page));
}

FXM_K_INLINE void copy_highpage(struct page *to, struct page *from)
{
	fxm_k_copy_highpage(FXM_K_PAGE(to), FXM_K_PAGE(from));
}

FXM_K_INLINE void clear_user_highpage(struct page *page, unsigned long address)
{
	fxm_k_clear_user_highpage(FXM_K_PAGE(page), address);
}

#ifdef FXM_K_TYPED
FXM_K_INLINE void copy_user_highpage(struct page *to, struct page *from, unsigned long address)
{
	fxm_k_copy_user_highpage(FXM_K_PAGE(to), FXM_K_PAGE(from), address);
}
#else
struct vm_area_struct;
FXM_K_INLINE void copy_user_highpage(struct page *to, struct page *from, unsigned long address, struct vm_area_struct *vma)
{
	(void)vma;
	fxm_k_copy_user_highpage(FXM_K_PAGE(to), FXM_K_PAGE(from), address);
}
#endif

#if FXM_K_HAS(memclear_highpage_flush)
FXM_K_INLINE void memclear_highpage_flush(struct page *page, unsigned int offset, unsigned int size)
{
	fxm_k_memclear_highpage_flush(FXM_K_PAGE(page), offset, size);
}
#else
void memclear_highpage_flush(struct page *page, unsigned int offset, unsigned int size) FXM_K_NOT_HERE(memclear_highpage_flush);
#endif

#if FXM_K_HAS(zero_user_segments)
FXM_K_INLINE void zero_user_segments(struct page *page, unsigned int start1, unsigned int end1, unsigned int start2,
				     unsigned int end2)
{
	fxm_k_zero_user_segments(FXM_K_PAGE(page), start1, end1, start2, end2);
}

FXM_K_INLINE void zero_user_segment(struct page *page, unsigned int start, unsigned int end)
{
	fxm_k_zero_user_segment(FXM_K_PAGE(page), start, end);
}

FXM_K_INLINE void zero_user(struct page *page, unsigned int start, unsigned int size)
{
	fxm_k_zero_user(FXM_K_PAGE(page), start, size);
}
#else
void zero_user_segments(struct page *page, unsigned int start1, unsigned int end1, unsigned int start2, unsigned int end2)
    FXM_K_NOT_HERE(zero_user_segments);
void zero_user_segment(struct page *page, unsigned int start, unsigned int end) FXM_K_NOT_HERE(zero_user_segment);
void zero_user(struct page *page, unsigned int start, unsigned int size) FXM_K_NOT_HERE(zero_user);
#endif

/* ---- parts of pages: each checks with CONFIG_DEBUG_VM only ---- */

#if FXM_K_HAS(memcpy_page)
FXM_K_INLINE void memcpy_page(struct page *to, size_t to_offset, struct page *from, size_t from_offset, size_t len)
{
	fxm_k_memcpy_page(FXM_K_PAGE(to), to_offset, FXM_K_PAGE(from), from_offset, len);
}

FXM_K_INLINE void memset_page(struct page *page, size_t offset, int value, size_t len)
{
	fxm_k_memset_page(FXM_K_PAGE(page), offset, value, len);
}

FXM_K_INLINE void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len)
{
	fxm_k_memcpy_from_page(to, FXM_K_PAGE(page), offset, len);
}

FXM_K_INLINE void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len)
{
	fxm_k_memcpy_to_page(FXM_K_PAGE(page), offset, from, len);
}

FXM_K_INLINE void memzero_page(struct page *page, size_t offset, size_t len)
{
	fxm_k_memzero_page(FXM_K_PAGE(page), offset, len);
}
#else
void memcpy_page(struct page *to, size_t to_offset, struct page *from, size_t from_offset, size_t len) FXM_K_NOT_HERE(memcpy_page);
void memset_page(struct page *page, size_t offset, int value, size_t len) FXM_K_NOT_HERE(memset_page);
void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len) FXM_K_NOT_HERE(memcpy_from_page);
void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len) FXM_K_NOT_HERE(memcpy_to_page);
void memzero_page(struct page *page, size_t offset, size_t len) FXM_K_NOT_HERE(memzero_page);
#endif

/* Of a folio: ranges may lie in any of its pages. */
#if FXM_K_HAS(folio_zero_segments)
FXM_K_INLINE void folio_zero_segments(struct folio *folio, size_t start1, size_t end1, size_t start2, size_t end2)
{
	fxm_k_folio_zero_segments(FXM_K_PAGE(&folio->page), (unsigned int)start1, (unsigned int)end1, (unsigned int)start2,
				  (unsigned int)end2);
}

FXM_K_INLINE void folio_zero_segment(struct folio *folio, size_t start, size_t end)
{
	fxm_k_folio_zero_segment(FXM_K_PAGE(&folio->page), (unsigned int)start, (unsigned int)end);
}

FXM_K_INLINE void folio_zero_range(struct folio *folio, size_t start, size_t length)
{
	fxm_k_folio_zero_range(FXM_K_PAGE(&folio->page), (unsigned int)start, (unsigned int)length);
}
#else
void folio_zero_segments(struct folio *folio, size_t start1, size_t end1, size_t start2, size_t end2)
    FXM_K_NOT_HERE(folio_zero_segments);
void folio_zero_segment(struct folio *folio, size_t start, size_t end) FXM_K_NOT_HERE(folio_zero_segment);
void folio_zero_range(struct folio *folio, size_t start, size_t length) FXM_K_NOT_HERE(folio_zero_range);
#endif

#if FXM_K_HAS(memcpy_from_folio)
FXM_K_INLINE void memcpy_from_folio(char *to, struct folio *folio, size_t offset, size_t len)
{
	fxm_k_memcpy_from_folio(to, FXM_K_PAGE(&folio->page), offset, len);
}

FXM_K_INLINE void memcpy_to_folio(struct folio *folio, size_t offset, const char *from, size_t len)
{
	fxm_k_memcpy_to_folio(FXM_K_PAGE(&folio->page), offset, from, len);
}
#else
void memcpy_from_folio(char *to, struct folio *folio, size_t offset, size_t len) FXM_K_NOT_HERE(memcpy_from_folio);
void memcpy_to_folio(struct folio *folio, size_t offset, const char *from, size_t len) FXM_K_NOT_HERE(memcpy_to_folio);
#endif

#if FXM_K_HAS(memcpy_from_file_folio)
FXM_K_INLINE size_t memcpy_from_file_folio(char *to, struct folio *folio, loff_t pos, size_t len)
{
	return fxm_k_memcpy_from_file_folio(to, FXM_K_PAGE(&folio->page), (u64)pos, len);
}
#else
size_t memcpy_from_file_folio(char *to, struct folio *folio, loff_t pos, size_t len) FXM_K_NOT_HERE(memcpy_from_file_folio);
#endif

#if FXM_K_HAS(folio_zero_tail)
/* What kmap_local_folio() of @folio reaches from @offset on: the page where pages are mapped one by one. */
FXM_K_INLINE size_t fxm_k_folio_reach(struct folio *folio, size_t offset)
{
	if (IS_ENABLED(CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP) || PageHighMem(&folio->page))
		return PAGE_SIZE - offset % PAGE_SIZE;
	return folio_size(folio) - offset;
}

/* Here and not in the library: its accesses and its mappings are its caller's. */
FXM_K_INLINE __must_check void *folio_zero_tail(struct folio *folio, size_t offset, void *address)
{
	for (size_t left = folio_size(folio) - offset, reach; (reach = fxm_k_folio_reach(folio, offset)) < left; left -= reach) {
		memset(address, 0, reach);
		kunmap_local(address);
		offset += reach;
		address = kmap_local_folio(folio, offset);
	}
	memset(address, 0, folio_size(folio) - offset);
	return address;
}

FXM_K_INLINE void folio_fill_tail(struct folio *folio, size_t offset, const char *from, size_t len)
{
	fxm_k_folio_fill_tail(FXM_K_PAGE(&folio->page), offset, from, len);
}
#else
void *folio_zero_tail(struct folio *folio, size_t offset, void *address) FXM_K_NOT_HERE(folio_zero_tail);
void folio_fill_tail(struct folio *folio, size_t offset, const char *from, size_t len) FXM_K_NOT_HERE(folio_fill_tail);
#endif

#if FXM_K_HAS(folio_release_kmap)
FXM_K_INLINE void folio_release_kmap(struct folio *folio, void *address)
{
	kunmap_local(address);
	folio_put(folio);
}

FXM_K_INLINE void unmap_and_put_page(struct page *page, void *address)
{
	folio_release_kmap(page_folio(page), address);
}
#else
void folio_release_kmap(struct folio *folio, void *address) FXM_K_NOT_HERE(folio_release_kmap);
#endif

/* ---- copies that live through a machine check: none is left to copy ---- */

#if FXM_K_HAS(copy_mc_user_highpage)
FXM_K_INLINE int copy_mc_user_highpage(struct page *to, struct page *from, unsigned long address, struct vm_area_struct *vma)
{
	(void)vma;
	fxm_k_copy_mc_user_highpage(FXM_K_PAGE(to), FXM_K_PAGE(from), address);
	return 0;
}
#else
struct vm_area_struct;
int copy_mc_user_highpage(struct page *to, struct page *from, unsigned long address, struct vm_area_struct *vma)
    FXM_K_NOT_HERE(copy_mc_user_highpage);
#endif

#if FXM_K_HAS(copy_mc_highpage)
FXM_K_INLINE int copy_mc_highpage(struct page *to, struct page *from)
{
	fxm_k_copy_mc_highpage(FXM_K_PAGE(to), FXM_K_PAGE(from));
	return 0;
}
#else
int copy_mc_highpage(struct page *to, struct page *from) FXM_K_NOT_HERE(copy_mc_highpage);
#endif

#if __has_include(<uapi/linux/fs.h>) /* a kernel tree, whose headers expect it from here */
#include <linux/fs.h>
#endif

#endif
