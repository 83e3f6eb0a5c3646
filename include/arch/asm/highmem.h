/* SPDX-License-Identifier: MIT */
#ifndef _ASM_HIGHMEM_H
#define _ASM_HIGHMEM_H

/* Permanent and local mappings at the machine's places. Their functions are the machine's too: fxm_k_kmap() and its kin. */

#include <linux/interrupt.h>
#include <linux/threads.h>
#include <asm/fixmap.h>
#include <asm/tlbflush.h>

#define LAST_PKMAP_MASK (LAST_PKMAP - 1)
#define PKMAP_BASE fxm_k_address("PKMAP_BASE")
#define PKMAP_NR(address) (((address) - PKMAP_BASE) >> PAGE_SHIFT)
#define PKMAP_ADDR(nr) (PKMAP_BASE + ((unsigned long)(nr) << PAGE_SHIFT))
#define kmap_prot PAGE_KERNEL

#define flush_cache_kmaps() do { } while (0)
#define arch_kmap_local_post_map(address, entry) fxm_k_flush_tlb_one(address)
#define arch_kmap_local_post_unmap(address) fxm_k_flush_tlb_one(address)

extern pte_t *pkmap_page_table;
extern unsigned long highstart_pfn, highend_pfn;

#endif
