/* SPDX-License-Identifier: MIT */
#ifndef FXM_HIGHPAGE_H
#define FXM_HIGHPAGE_H

/*
 * The helpers of linux/highmem.h that map a page, do something with it and unmap it, each with its version's mappings, in their
 * order, and its version's checks: typed kmap_atomic with KM_USER0 and KM_USER1 (2.6), kmap_atomic (4.x to 5.10),
 * kmap_local_page (5.11 and later). The bytes move through the simulated page tables: a wrong entry shows in the contents, a
 * missing one is an oops. Offsets and sizes are unsigned int of 32 bits, or size_t of the profile; sums of them wrap as the
 * kernel's do.
 *
 * Models include/linux/highmem.h, 2.6.12 to 6.12, and mm/highmem.c, where zero_user_segments() is since 5.11.
 *
 * Context of all: any; they never sleep. 2.6: not while the caller holds KM_USER0 or KM_USER1 itself. Buffers are the host's,
 * offsets and sizes bytes. Errors of all: -EINVAL @page is no page of this machine, or a null pointer; -ENOSYS this version
 * does not have the function (fxm_since() names the ones that do). What the kernel checks is its BUG.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Zeroes a page. Models clear_highpage(). */
FXM_API int fxm_clear_highpage(struct fxm_vcpu *cpu, struct fxm_page *page);

/** Zeroes a page that user space has, or will have, at @uaddr. x86 does not use the address. Models clear_user_highpage(). */
FXM_API int fxm_clear_user_highpage(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t uaddr);

/** Copies a page. Models copy_highpage(). */
FXM_API int fxm_copy_highpage(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from);

/** The same for a page of user space. Models copy_user_highpage(). */
FXM_API int fxm_copy_user_highpage(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from, uint64_t uaddr);

/** Zeroes @size bytes at @offset. BUG, before mapping: the sum is beyond the page. Models memclear_highpage_flush(), 2.6. */
FXM_API int fxm_memclear_highpage_flush(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t offset, uint32_t size);

/**
 * Zeroes [@start1, @end1) and [@start2, @end2); an empty or backward range does nothing. BUG, after mapping: an end beyond the
 * page. 5.11 and later: ranges of a compound page, of which only the pages concerned are mapped; BUG before mapping. Models
 * zero_user_segments(), 2.6.25 and later.
 */
FXM_API int fxm_zero_user_segments(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t start1, uint32_t end1, uint32_t start2,
				   uint32_t end2);

/** The same of one range, given by its ends or by its size. Model zero_user_segment(), zero_user(). */
FXM_API int fxm_zero_user_segment(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t start, uint32_t end);
FXM_API int fxm_zero_user(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t start, uint32_t size);

/**
 * The same of a folio, given by its first page: 5.17 and later. In traces they are the zero_user_segments() that they call.
 * Model folio_zero_segments(), folio_zero_segment() and folio_zero_range().
 */
FXM_API int fxm_folio_zero_segments(struct fxm_vcpu *cpu, struct fxm_page *folio, uint32_t start1, uint32_t end1, uint32_t start2,
				    uint32_t end2);
FXM_API int fxm_folio_zero_segment(struct fxm_vcpu *cpu, struct fxm_page *folio, uint32_t start, uint32_t end);
FXM_API int fxm_folio_zero_range(struct fxm_vcpu *cpu, struct fxm_page *folio, uint32_t start, uint32_t length);

/**
 * 5.12 and later: bytes between two pages, between a page and a buffer of the caller, or of one value. With DEBUG_VM, BUG when
 * they leave the page; without it the kernel goes on into whatever is mapped behind it. Model memcpy_page(), memset_page(),
 * memcpy_from_page(), memcpy_to_page(), and memzero_page() of 5.13.
 */
FXM_API int fxm_memcpy_page(struct fxm_vcpu *cpu, struct fxm_page *to, uint64_t to_offset, struct fxm_page *from,
			    uint64_t from_offset, uint64_t len);
FXM_API int fxm_memset_page(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t offset, int value, uint64_t len);
FXM_API int fxm_memcpy_from_page(struct fxm_vcpu *cpu, void *to, struct fxm_page *page, uint64_t offset, uint64_t len);
FXM_API int fxm_memcpy_to_page(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t offset, const void *from, uint64_t len);
FXM_API int fxm_memzero_page(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t offset, uint64_t len);

/**
 * Bytes between a folio, given by its first page, and a buffer of the caller: 6.6 and later. Of a folio in highmem, or with
 * DEBUG_KMAP_LOCAL_FORCE_MAP, a page at a time is mapped. With DEBUG_VM, BUG when they leave the folio. In traces they are the
 * kmap_local_page() and kunmap_local() that they call, as all that follow. Model memcpy_from_folio() and memcpy_to_folio().
 */
FXM_API int fxm_memcpy_from_folio(struct fxm_vcpu *cpu, void *to, struct fxm_page *folio, uint64_t offset, uint64_t len);
FXM_API int fxm_memcpy_to_folio(struct fxm_vcpu *cpu, struct fxm_page *folio, uint64_t offset, const void *from, uint64_t len);

/**
 * At most @len bytes from position @pos of a file, which lies in @folio, to a buffer: up to the end of the folio, or of the page
 * where one page is mapped at a time. Returns how many they were, or a negative error. 6.3 and later. Models
 * memcpy_from_file_folio().
 */
FXM_API int64_t fxm_memcpy_from_file_folio(struct fxm_vcpu *cpu, void *to, struct fxm_page *folio, uint64_t pos, uint64_t len);

/**
 * Zeroes a folio from byte @offset on, which the caller has mapped at @va by fxm_kmap_local_folio(); that mapping may end and
 * another begin. Returns an address for fxm_kunmap_local(). Errors in the address. 6.8 and later. Models folio_zero_tail().
 */
FXM_API fxm_va fxm_folio_zero_tail(struct fxm_vcpu *cpu, struct fxm_page *folio, uint64_t offset, fxm_va va);

/**
 * Copies @len bytes to byte @offset of a folio and zeroes what is behind them. As in the kernel, bytes that end with a page of a
 * folio that is mapped page by page lead one page too far. With DEBUG_VM, BUG when they leave the folio. 6.8 and later. Models
 * folio_fill_tail().
 */
FXM_API int fxm_folio_fill_tail(struct fxm_vcpu *cpu, struct fxm_page *folio, uint64_t offset, const void *from, uint64_t len);

/**
 * fxm_copy_highpage() and fxm_copy_user_highpage(); what they would do at a machine check has no place here. In traces those
 * functions. Model copy_mc_highpage() of 6.4 and copy_mc_user_highpage() of 6.1's stable releases.
 */
FXM_API int fxm_copy_mc_highpage(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from);
FXM_API int fxm_copy_mc_user_highpage(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from, uint64_t uaddr);

/** CRC-32 (zlib's) of the contents of @page: what traces call sum=. 0 when it is no page of @m. Models nothing of the kernel. */
FXM_API uint32_t fxm_page_sum(struct fxm_machine *m, const struct fxm_page *page);

#ifdef __cplusplus
}
#endif

#endif
