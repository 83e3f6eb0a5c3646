/* SPDX-License-Identifier: MIT */
#ifndef FXM_SINCE_H
#define FXM_SINCE_H

/*
 * Which kernel versions have which function. The library refuses a call that the profile's kernel does not have, and code of
 * the kernel tier does not compile with it; both say what stands here. Nothing is emulated silently.
 *
 * FXM_SINCE_name: the first and the last version that have the function, among those of the profiles, and the words for it. The
 * preprocessor understands FXM_VERSION_HAS(), so one table serves #if, messages and the library. Models nothing: it says what
 * there is.
 */

#include <fixmap/types.h>

#define FXM_V(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))
#define FXM_EVER 0xffffffff

#define FXM_SINCE_kmap_atomic_type                                                                                                 \
	0, FXM_V(2, 6, 36), "the form with a km_type: until 2.6.36; since 2.6.37 kmap_atomic(page) takes the page alone"
#define FXM_SINCE_kmap_atomic                                                                                                      \
	FXM_V(2, 6, 37), FXM_EVER, "the form without a km_type: since 2.6.37; until then kmap_atomic(page, type)"
#define FXM_SINCE_kmap_atomic_prot FXM_V(2, 6, 22), FXM_EVER, "since 2.6.22"
#define FXM_SINCE_kmap_atomic_pfn FXM_V(2, 6, 13), FXM_EVER, "since 2.6.13"
#define FXM_SINCE_kmap_atomic_to_page 0, FXM_V(4, 0, 0), "2.6.12 until 4.0"
#define FXM_SINCE_kmap_atomic_idx FXM_V(2, 6, 37), FXM_V(5, 10, 255), "2.6.37 to 5.10"
#define FXM_SINCE_kmap_flush_unused FXM_V(2, 6, 22), FXM_EVER, "since 2.6.22"
#define FXM_SINCE_kmap_to_page FXM_V(3, 6, 0), FXM_EVER, "since 3.6"
#define FXM_SINCE_kmap_high_get FXM_V(2, 6, 29), FXM_EVER, "since 2.6.29, where the architecture asks for it (arm)"
#define FXM_SINCE_kmap_local_page FXM_V(5, 11, 0), FXM_EVER, "since 5.11"
#define FXM_SINCE_kmap_local_page_prot FXM_V(5, 11, 0), FXM_EVER, "since 5.11"
#define FXM_SINCE_kmap_local_pfn FXM_V(5, 11, 0), FXM_EVER, "since 5.11"
#define FXM_SINCE_kmap_local_folio FXM_V(5, 16, 0), FXM_EVER, "since 5.16, with folios"
#define FXM_SINCE_kunmap_local FXM_V(5, 11, 0), FXM_EVER, "since 5.11"
#define FXM_SINCE___kmap_local_page_prot FXM_V(5, 11, 0), FXM_EVER, "since 5.11, where there is CONFIG_KMAP_LOCAL"
#define FXM_SINCE___kmap_local_pfn_prot FXM_V(5, 11, 0), FXM_EVER, "since 5.11, where there is CONFIG_KMAP_LOCAL"
#define FXM_SINCE_kunmap_local_indexed FXM_V(5, 11, 0), FXM_EVER, "since 5.11, where there is CONFIG_KMAP_LOCAL"
#define FXM_SINCE_is_kmap_addr FXM_V(5, 18, 0), FXM_EVER, "since 5.18"
#define FXM_SINCE_set_fixmap_io FXM_V(3, 14, 0), FXM_EVER, "since 3.14"
#define FXM_SINCE_set_fixmap_offset FXM_V(3, 14, 0), FXM_EVER, "since 3.14"
#define FXM_SINCE_set_fixmap_offset_io FXM_V(3, 14, 0), FXM_V(6, 11, 255), "3.14 to 6.1, no more in 6.12; there set_fixmap_io"
#define FXM_SINCE_bt_ioremap 0, FXM_V(2, 6, 26), "2.6 until 2.6.26; since 2.6.27 early_ioremap"
#define FXM_SINCE_bt_iounmap 0, FXM_V(2, 6, 26), "2.6 until 2.6.26; since 2.6.27 early_iounmap"
#define FXM_SINCE_early_ioremap FXM_V(2, 6, 27), FXM_EVER, "since 2.6.27; until then bt_ioremap"
#define FXM_SINCE_early_iounmap FXM_V(2, 6, 27), FXM_EVER, "since 2.6.27; until then bt_iounmap"
#define FXM_SINCE_early_memremap FXM_V(2, 6, 29), FXM_EVER, "since 2.6.29"
#define FXM_SINCE_early_memremap_ro FXM_V(4, 3, 0), FXM_EVER, "since 4.3, where the architecture has FIXMAP_PAGE_RO"
#define FXM_SINCE_early_memremap_prot FXM_V(4, 14, 0), FXM_EVER, "since 4.14, with CONFIG_ARCH_USE_MEMREMAP_PROT (64-bit x86)"
#define FXM_SINCE_early_memunmap FXM_V(3, 15, 0), FXM_EVER, "since 3.15"
#define FXM_SINCE_copy_from_early_mem FXM_V(4, 3, 0), FXM_EVER, "since 4.3"
#define FXM_SINCE_check_early_ioremap_leak FXM_V(2, 6, 27), FXM_EVER, "since 2.6.27"
#define FXM_SINCE_early_ioremap_init FXM_V(2, 6, 27), FXM_EVER, "since 2.6.27"
#define FXM_SINCE_early_fixmap_init FXM_V(3, 15, 0), FXM_EVER, "since 3.15 on arm64, 4.3 on arm; x86 has early_ioremap_init"
#define FXM_SINCE_early_fixmap_shutdown FXM_V(4, 3, 0), FXM_EVER, "since 4.3, on arm"
#define FXM_SINCE_fixmap_remap_fdt FXM_V(4, 2, 0), FXM_EVER, "since 4.2, on arm64"
#define FXM_SINCE_pte_set_fixmap FXM_V(4, 6, 0), FXM_EVER, "since 4.6, on arm64"
#define FXM_SINCE_pmd_set_fixmap FXM_V(4, 6, 0), FXM_EVER, "since 4.6, on arm64 with three levels or more"
#define FXM_SINCE_pud_set_fixmap FXM_V(4, 6, 0), FXM_EVER, "since 4.6, on arm64 with four levels"
#define FXM_SINCE_pgd_set_fixmap FXM_V(4, 6, 0), FXM_EVER, "since 4.6, on arm64"
#define FXM_SINCE_pte_clear_fixmap FXM_V(4, 6, 0), FXM_EVER, "since 4.6, on arm64"
#define FXM_SINCE_pmd_clear_fixmap FXM_V(4, 6, 0), FXM_EVER, "since 4.6, on arm64 with three levels or more"
#define FXM_SINCE_pud_clear_fixmap FXM_V(4, 6, 0), FXM_EVER, "since 4.6, on arm64 with four levels"
#define FXM_SINCE_pgd_clear_fixmap FXM_V(4, 6, 0), FXM_EVER, "since 4.6, on arm64"
#define FXM_SINCE_memclear_highpage_flush 0, FXM_V(2, 6, 24), "2.6 until 2.6.24; since 2.6.25 zero_user"
#define FXM_SINCE_zero_user_segments FXM_V(2, 6, 25), FXM_EVER, "since 2.6.25; until then memclear_highpage_flush"
#define FXM_SINCE_zero_user_segment FXM_V(2, 6, 25), FXM_EVER, "since 2.6.25; until then memclear_highpage_flush"
#define FXM_SINCE_zero_user FXM_V(2, 6, 25), FXM_EVER, "since 2.6.25; until then memclear_highpage_flush"
#define FXM_SINCE_memcpy_page FXM_V(5, 12, 0), FXM_EVER, "since 5.12"
#define FXM_SINCE_memset_page FXM_V(5, 12, 0), FXM_EVER, "since 5.12"
#define FXM_SINCE_memcpy_from_page FXM_V(5, 12, 0), FXM_EVER, "since 5.12"
#define FXM_SINCE_memcpy_to_page FXM_V(5, 12, 0), FXM_EVER, "since 5.12"
#define FXM_SINCE_memzero_page FXM_V(5, 12, 0), FXM_EVER, "since 5.12"
#define FXM_SINCE_folio_zero_segments FXM_V(5, 17, 0), FXM_EVER, "since 5.17; until then zero_user_segments"
#define FXM_SINCE_folio_zero_segment FXM_V(5, 17, 0), FXM_EVER, "since 5.17; until then zero_user_segment"
#define FXM_SINCE_folio_zero_range FXM_V(5, 17, 0), FXM_EVER, "since 5.17; until then zero_user"
#define FXM_SINCE_copy_mc_user_highpage FXM_V(6, 1, 0), FXM_EVER, "since 6.2, and in stable releases of 6.1"
#define FXM_SINCE_copy_mc_highpage FXM_V(6, 4, 0), FXM_EVER, "since 6.4; until then copy_highpage"
#define FXM_SINCE_memcpy_from_file_folio FXM_V(6, 3, 0), FXM_EVER, "since 6.3; until then memcpy_from_page"
#define FXM_SINCE_memcpy_from_folio FXM_V(6, 6, 0), FXM_EVER, "since 6.6; until then memcpy_from_page"
#define FXM_SINCE_memcpy_to_folio FXM_V(6, 6, 0), FXM_EVER, "since 6.6; until then memcpy_to_page"
#define FXM_SINCE_folio_zero_tail FXM_V(6, 8, 0), FXM_EVER, "since 6.8; until then folio_zero_range"
#define FXM_SINCE_folio_fill_tail FXM_V(6, 8, 0), FXM_EVER, "since 6.8; until then memcpy_to_page and folio_zero_range"
#define FXM_SINCE_folio_release_kmap FXM_V(6, 7, 0), FXM_EVER, "since 6.7; until then kunmap_local and folio_put"
#define FXM_SINCE_proc_zoneinfo FXM_V(2, 6, 16), FXM_EVER, "since 2.6.13 or 2.6.14, in 2.6.16 for certain"
#define FXM_SINCE_mem_init_print_layout FXM_V(2, 6, 25), FXM_V(5, 7, 255), "32-bit x86: until 5.7; arm and arm64: 4.7"
#define FXM_SINCE_ptdump FXM_V(2, 6, 26), FXM_EVER, "since 2.6.26"
#define FXM_SINCE_reserve_top_address FXM_V(2, 6, 18), FXM_EVER, "since 2.6.18"

/* X(function) for each of them. */
/* clang-format off */
#define FXM_FUNCTIONS(X) \
	X(kmap_atomic_type) X(kmap_atomic) X(kmap_atomic_prot) X(kmap_atomic_pfn) X(kmap_atomic_to_page) \
	X(kmap_atomic_idx) X(kmap_flush_unused) X(kmap_to_page) X(kmap_high_get) X(kmap_local_page) \
	X(kmap_local_page_prot) X(kmap_local_pfn) X(kmap_local_folio) X(kunmap_local) X(is_kmap_addr) \
	X(__kmap_local_page_prot) X(__kmap_local_pfn_prot) X(kunmap_local_indexed) \
	X(set_fixmap_io) X(set_fixmap_offset) X(set_fixmap_offset_io) X(bt_ioremap) X(bt_iounmap) \
	X(early_ioremap) X(early_iounmap) \
	X(early_memremap) X(early_memremap_ro) X(early_memremap_prot) X(early_memunmap) X(copy_from_early_mem) \
	X(check_early_ioremap_leak) X(early_ioremap_init) X(early_fixmap_init) X(early_fixmap_shutdown) \
	X(fixmap_remap_fdt) X(pte_set_fixmap) X(pmd_set_fixmap) X(pud_set_fixmap) X(pgd_set_fixmap) \
	X(pte_clear_fixmap) X(pmd_clear_fixmap) X(pud_clear_fixmap) X(pgd_clear_fixmap) X(memclear_highpage_flush) \
	X(zero_user_segments) X(zero_user_segment) X(zero_user) X(memcpy_page) X(memset_page) X(memcpy_from_page) \
	X(memcpy_to_page) X(memzero_page) X(folio_zero_segments) X(folio_zero_segment) X(folio_zero_range) \
	X(copy_mc_user_highpage) X(copy_mc_highpage) X(memcpy_from_file_folio) X(memcpy_from_folio) \
	X(memcpy_to_folio) X(folio_zero_tail) X(folio_fill_tail) X(folio_release_kmap) \
	X(proc_zoneinfo) X(mem_init_print_layout) X(ptdump) X(reserve_top_address)
/* clang-format on */

/** Whether the kernel of @version (LINUX_VERSION_CODE) has @function, in #if and in C. */
#define FXM_VERSION_HAS(version, function) FXMI_IS_BETWEEN(version, FXM_SINCE_##function)
#define FXMI_IS_BETWEEN(...) FXMI_IS_BETWEEN_(__VA_ARGS__)
#define FXMI_IS_BETWEEN_(version, first, last, words) ((version) + 1 > (first) && (version) <= (last))

/** The words for it: a string literal. */
#define FXM_SINCE_WORDS(function) FXMI_WORDS_OF(FXM_SINCE_##function)
#define FXMI_WORDS_OF(...) FXMI_WORDS_OF_(__VA_ARGS__)
#define FXMI_WORDS_OF_(first, last, words) words

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Which versions have @function, in words ("since 5.11"): NULL if @function is not a call of this library. Context: any thread.
 * Ownership: static storage.
 */
FXM_API const char *fxm_since(const char *function);

/**
 * Function number @i of those that not all versions have: its name, and the first and last version of a profile that has it.
 * Context: any thread. Errors: -ENOENT past the end, -EINVAL. Ownership: static storage.
 */
FXM_API int fxm_since_at(size_t i, const char **function, unsigned *first, unsigned *last);

#ifdef __cplusplus
}
#endif

#endif
