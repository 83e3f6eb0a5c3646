/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_CACHEFLUSH_H
#define FXM_KERNEL_ASM_CACHEFLUSH_H

/* x86 caches see physical addresses: nothing to do. */
#define flush_dcache_page(page) ((void)(page))
#define flush_dcache_folio(folio) ((void)(folio))
#define flush_kernel_dcache_page(page) ((void)(page))
#define flush_cache_kmaps() ((void)0)
#define flush_cache_all() ((void)0)

#define ARCH_IMPLEMENTS_FLUSH_DCACHE_PAGE 0

#endif
