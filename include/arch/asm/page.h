/* SPDX-License-Identifier: MIT */
#ifndef _ASM_PAGE_H
#define _ASM_PAGE_H

/* Pages of 4 KiB; frames and the direct map are the machine's. Entries have the profile's width. */

#include <linux/const.h>
#include <asm/fxm.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (_AC(1, UL) << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#ifndef __ASSEMBLY__
#include <linux/pfn.h>

#define clear_page(page) memset((page), 0, PAGE_SIZE)
#define copy_page(to, from) memcpy((to), (from), PAGE_SIZE)
#define clear_user_page(page, vaddr, pg) clear_page(page)
#define copy_user_page(to, from, vaddr, pg) copy_page(to, from)

#ifdef CONFIG_X86_PAE
typedef u64 pteval_t;
#else
typedef u32 pteval_t;
#endif
typedef struct {
	pteval_t pte;
} pte_t;
typedef struct {
	pteval_t pgd;
} pgd_t;
typedef struct {
	pteval_t pgprot;
} pgprot_t;
typedef struct page *pgtable_t;

#define pte_val(x) ((x).pte)
#define pgd_val(x) ((x).pgd)
#define pgprot_val(x) ((x).pgprot)
#define __pte(x) ((pte_t){(pteval_t)(x)})
#define __pgd(x) ((pgd_t){(pteval_t)(x)})
#define __pgprot(x) ((pgprot_t){(pteval_t)(x)})
#ifdef CONFIG_X86_PAE
typedef struct {
	pteval_t pmd;
} pmd_t;
#define pmd_val(x) ((x).pmd)
#define __pmd(x) ((pmd_t){(pteval_t)(x)})
#endif

#define PAGE_OFFSET fxm_k_address("PAGE_OFFSET")
#define ARCH_PFN_OFFSET 0UL
#define __pa(x) fxm_k_pa((unsigned long)(x))
#define __va(x) fxm_k_va((unsigned long long)(x))
#define __pa_symbol(x) __pa(x)

/* No array of struct page is at a place that the compiler knows, so that asm-generic/memory_model.h has nothing to say. */
#define page_to_pfn(page) fxm_k_page_to_pfn(page)
#define pfn_to_page(pfn) fxm_k_pfn_to_page(pfn)
#define __page_to_pfn page_to_pfn
#define __pfn_to_page pfn_to_page
#define pfn_valid(pfn) fxm_k_pfn_valid(pfn)
#define __phys_to_pfn(physical) PHYS_PFN(physical)
#define __pfn_to_phys(pfn) PFN_PHYS(pfn)
#define page_to_phys(page) ((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#define phys_to_page(physical) pfn_to_page(PHYS_PFN(physical))
#define virt_to_pfn(address) (__pa(address) >> PAGE_SHIFT)
#define pfn_to_virt(pfn) __va((unsigned long long)(pfn) << PAGE_SHIFT)
#define pfn_to_kaddr(pfn) pfn_to_virt(pfn)
#define virt_to_page(address) pfn_to_page(virt_to_pfn(address))
#define page_to_virt(page) pfn_to_virt(page_to_pfn(page))
#define virt_addr_valid(address) fxm_k_virt_addr_valid((const void *)(unsigned long)(address))
#endif

#define VM_DATA_DEFAULT_FLAGS VM_DATA_FLAGS_TSK_EXEC
#include <asm-generic/getorder.h>

#endif
