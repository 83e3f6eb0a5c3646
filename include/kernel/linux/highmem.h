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

FXM_K_INLINE void kmap_flush_unused(void)
{
	fxm_k_kmap_flush_unused();
}

FXM_K_INLINE struct page *kmap_to_page(void *address)
{
	return FXM_K_FROM(fxm_k_kmap_to_page(address));
}

#define PKMAP_BASE fxm_k_address("PKMAP_BASE")
#define LAST_PKMAP_MASK (LAST_PKMAP - 1)
#define PKMAP_NR(address) (((unsigned long)(address)-PKMAP_BASE) >> PAGE_SHIFT)
#define PKMAP_ADDR(nr) (PKMAP_BASE + ((unsigned long)(nr) << PAGE_SHIFT))
#define kmap_prot __pgprot((pteval_t)fxm_k_prot("kmap_prot"))

/* ---- temporary mappings: one name, two forms ---- */

#define FXM_K_FORM(one, two, form, ...) form

#ifdef FXM_K_TYPED

void *fxm_k_refuse_kmap_atomic(void) __attribute__((error("kmap_atomic() without a km_type came with 2.6.37; " FXM_KERNEL_PROFILE
							  " has kmap_atomic(page, KM_USER0)")));
void fxm_k_refuse_kunmap_atomic(void) __attribute__((error("kunmap_atomic() without a km_type came with 2.6.37; " FXM_KERNEL_PROFILE
							   " has kunmap_atomic(address, KM_USER0)")));

FXM_K_INLINE void *fxm_k_map_typed(struct page *page, enum km_type type)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_atomic_type(FXM_K_PAGE(page), type));
}

FXM_K_INLINE void fxm_k_unmap_typed(void *address, enum km_type type)
{
	fxm_k_kunmap_atomic_type(address, type);
}

FXM_K_INLINE void *kmap_atomic_pfn(unsigned long pfn, enum km_type type)
{
	return FXM_K_ONE_PAGE(fxm_k_kmap_atomic_pfn_type(pfn, type));
}

FXM_K_INLINE struct page *kmap_atomic_to_page(void *address)
{
	return FXM_K_FROM(fxm_k_kmap_atomic_to_page(address));
}

#define FXM_K_MAP_1(page) ((void)(page), fxm_k_refuse_kmap_atomic())
#define FXM_K_MAP_2(page, type) fxm_k_map_typed(page, type)
#define FXM_K_UNMAP_1(address) ((void)(address), fxm_k_refuse_kunmap_atomic())
#define FXM_K_UNMAP_2(address, type) fxm_k_unmap_typed(address, type)

#else

void *fxm_k_refuse_km_type(void)
    __attribute__((error("the km_type argument of kmap_atomic() went with 2.6.37; " FXM_KERNEL_PROFILE " has kmap_atomic(page)")));
void fxm_k_refuse_km_type_unmap(void)
    __attribute__((error("the km_type argument of kunmap_atomic() went with 2.6.37; " FXM_KERNEL_PROFILE
			 " has kunmap_atomic(address)")));

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

#ifndef FXM_K_LOCAL
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
#endif

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

/* ---- temporary mappings of the task ---- */

#ifdef FXM_K_LOCAL

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

FXM_K_INLINE void *kmap_local_folio(struct folio *folio, size_t offset)
{
	return fxm_k_reaches(fxm_k_kmap_local_folio(FXM_K_PAGE(&folio->page), offset), PAGE_SIZE - offset % PAGE_SIZE);
}

#define kunmap_local(address)                                                                                                      \
	({                                                                                                                         \
		BUILD_BUG_ON_MSG(__same_type((address), struct page *), "kunmap_local() takes the address, not the page");         \
		fxm_k_kunmap_local(address);                                                                                       \
	})

#endif

/* ---- what this kernel does not have: declared, so that the error can name the versions that do ---- */

#define FXM_K_NOT_HERE(words) __attribute__((error(words "; not in " FXM_KERNEL_PROFILE)))

#ifdef FXM_K_TYPED
int kmap_atomic_idx_push(void) FXM_K_NOT_HERE("kmap_atomic_idx_push() came with 2.6.37");
int kmap_atomic_idx(void) FXM_K_NOT_HERE("kmap_atomic_idx() came with 2.6.37");
void kmap_atomic_idx_pop(void) FXM_K_NOT_HERE("kmap_atomic_idx_pop() came with 2.6.37");
void *kmap_atomic_prot(struct page *page, pgprot_t prot) FXM_K_NOT_HERE("kmap_atomic_prot() came with a later 2.6");
#else
struct page *kmap_atomic_to_page(void *address) FXM_K_NOT_HERE("kmap_atomic_to_page() went before 4.7");
#endif
#ifdef FXM_K_LOCAL
int kmap_atomic_idx_push(void) FXM_K_NOT_HERE("kmap_atomic_idx_push() went with 5.11");
int kmap_atomic_idx(void) FXM_K_NOT_HERE("kmap_atomic_idx() went with 5.11");
void kmap_atomic_idx_pop(void) FXM_K_NOT_HERE("kmap_atomic_idx_pop() went with 5.11");
#else
void *kmap_local_page(struct page *page) FXM_K_NOT_HERE("kmap_local_page() came with 5.11");
void *kmap_local_page_prot(struct page *page, pgprot_t prot) FXM_K_NOT_HERE("kmap_local_page_prot() came with 5.11");
void *kmap_local_pfn(unsigned long pfn) FXM_K_NOT_HERE("kmap_local_pfn() came with 5.11");
void kunmap_local(const void *address) FXM_K_NOT_HERE("kunmap_local() came with 5.11");
#endif

/* ---- helpers on one page ---- */

#ifdef FXM_K_TYPED
#define FXM_K_MAP_FIRST(page) kmap_atomic(page, KM_USER0)
#define FXM_K_MAP_SECOND(page) kmap_atomic(page, KM_USER1)
#define FXM_K_UNMAP_FIRST(address) kunmap_atomic(address, KM_USER0)
#define FXM_K_UNMAP_SECOND(address) kunmap_atomic(address, KM_USER1)
#elif defined(FXM_K_LOCAL)
#define FXM_K_MAP_FIRST(page) kmap_local_page(page)
#define FXM_K_MAP_SECOND(page) kmap_local_page(page)
#define FXM_K_UNMAP_FIRST(address) kunmap_local(address)
#define FXM_K_UNMAP_SECOND(address) kunmap_local(address)
#else
#define FXM_K_MAP_FIRST(page) kmap_atomic(page)
#define FXM_K_MAP_SECOND(page) kmap_atomic(page)
#define FXM_K_UNMAP_FIRST(address) kunmap_atomic(address)
#define FXM_K_UNMAP_SECOND(address) kunmap_atomic(address)
#endif

FXM_K_INLINE void clear_highpage(struct page *page)
{
	void *to = FXM_K_MAP_FIRST(page);
	memset(to, 0, PAGE_SIZE);
	FXM_K_UNMAP_FIRST(to);
}

/* Slots are independent while they have types, and a stack afterwards: the order of unmapping follows. */
FXM_K_INLINE void copy_highpage(struct page *to, struct page *from)
{
	char *source = FXM_K_MAP_FIRST(from);
	char *target = FXM_K_MAP_SECOND(to);
	memcpy(target, source, PAGE_SIZE);
#ifdef FXM_K_TYPED
	FXM_K_UNMAP_FIRST(source);
	FXM_K_UNMAP_SECOND(target);
#else
	FXM_K_UNMAP_SECOND(target);
	FXM_K_UNMAP_FIRST(source);
#endif
}

/* x86 does not look at the user's address. */
FXM_K_INLINE void clear_user_highpage(struct page *page, unsigned long address)
{
	(void)address;
	clear_highpage(page);
}

#ifdef FXM_K_TYPED
FXM_K_INLINE void copy_user_highpage(struct page *to, struct page *from, unsigned long address)
{
	(void)address;
	copy_highpage(to, from);
}
#else
struct vm_area_struct;
FXM_K_INLINE void copy_user_highpage(struct page *to, struct page *from, unsigned long address, struct vm_area_struct *vma)
{
	(void)address, (void)vma;
	copy_highpage(to, from);
}
#endif

#ifdef FXM_K_TYPED
FXM_K_INLINE void memclear_highpage_flush(struct page *page, unsigned int offset, unsigned int size)
{
	char *to;
	BUG_ON(offset + size > PAGE_SIZE);
	to = kmap_atomic(page, KM_USER0);
	memset(to + offset, 0, size);
	flush_dcache_page(page);
	kunmap_atomic(to, KM_USER0);
}
#else
#ifdef FXM_K_LOCAL
FXM_K_INLINE void zero_user_segments(struct page *page, unsigned int start1, unsigned int end1, unsigned int start2,
				     unsigned int end2)
{
	fxm_k_zero_user_segments(FXM_K_PAGE(page), start1, end1, start2, end2);
}
#else
FXM_K_INLINE void zero_user_segments(struct page *page, unsigned int start1, unsigned int end1, unsigned int start2,
				     unsigned int end2)
{
	char *to = FXM_K_MAP_FIRST(page);
	BUG_ON(end1 > PAGE_SIZE || end2 > PAGE_SIZE);
	if (end1 > start1)
		memset(to + start1, 0, end1 - start1);
	if (end2 > start2)
		memset(to + start2, 0, end2 - start2);
	FXM_K_UNMAP_FIRST(to);
	flush_dcache_page(page);
}
#endif

FXM_K_INLINE void zero_user_segment(struct page *page, unsigned int start, unsigned int end)
{
	zero_user_segments(page, start, end, 0, 0);
}

FXM_K_INLINE void zero_user(struct page *page, unsigned int start, unsigned int size)
{
	zero_user_segments(page, start, start + size, 0, 0);
}
#endif

/* ---- parts of pages: each checks with CONFIG_DEBUG_VM only ---- */

#ifdef FXM_K_LOCAL

FXM_K_INLINE void memcpy_page(struct page *to, size_t to_offset, struct page *from, size_t from_offset, size_t len)
{
	char *target = kmap_local_page(to);
	char *source = kmap_local_page(from);
	VM_BUG_ON(to_offset + len > PAGE_SIZE || from_offset + len > PAGE_SIZE);
	memcpy(target + to_offset, source + from_offset, len);
	kunmap_local(source);
	kunmap_local(target);
}

FXM_K_INLINE void memset_page(struct page *page, size_t offset, int value, size_t len)
{
	char *to = kmap_local_page(page);
	VM_BUG_ON(offset + len > PAGE_SIZE);
	memset(to + offset, value, len);
	kunmap_local(to);
}

FXM_K_INLINE void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len)
{
	char *from = kmap_local_page(page);
	VM_BUG_ON(offset + len > PAGE_SIZE);
	memcpy(to, from + offset, len);
	kunmap_local(from);
}

FXM_K_INLINE void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len)
{
	char *to = kmap_local_page(page);
	VM_BUG_ON(offset + len > PAGE_SIZE);
	memcpy(to + offset, from, len);
	flush_dcache_page(page);
	kunmap_local(to);
}

FXM_K_INLINE void memzero_page(struct page *page, size_t offset, size_t len)
{
	memset_page(page, offset, 0, len);
	flush_dcache_page(page);
}

/* Of a folio: ranges may lie in any of its pages. */
FXM_K_INLINE void folio_zero_segments(struct folio *folio, size_t start1, size_t end1, size_t start2, size_t end2)
{
	zero_user_segments(&folio->page, (unsigned int)start1, (unsigned int)end1, (unsigned int)start2, (unsigned int)end2);
}

FXM_K_INLINE void folio_zero_segment(struct folio *folio, size_t start, size_t end)
{
	zero_user_segments(&folio->page, (unsigned int)start, (unsigned int)end, 0, 0);
}

FXM_K_INLINE void folio_zero_range(struct folio *folio, size_t start, size_t length)
{
	zero_user_segments(&folio->page, (unsigned int)start, (unsigned int)(start + length), 0, 0);
}

#endif

#if __has_include(<uapi/linux/fs.h>) /* a kernel tree, whose headers expect it from here */
#include <linux/fs.h>
#endif

#endif
