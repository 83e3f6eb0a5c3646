/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_PAGE_H
#define FXM_KERNEL_ASM_PAGE_H

/* Pages, and what the kernel computes from an address in the direct map: for any other address too, wrongly, as it does. */

#include <linux/mm_types.h>
#include <linux/string.h>

#ifndef PAGE_SIZE
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#endif
#ifndef PAGE_MASK
#define PAGE_MASK (~(PAGE_SIZE - 1))
#endif

#define PAGE_OFFSET fxm_k_address("PAGE_OFFSET")
#define TASK_SIZE PAGE_OFFSET

#define __pa(address) ((phys_addr_t)fxm_k_pa((unsigned long)(address)))
#define __va(physical) fxm_k_va(physical)
#define virt_to_phys(address) __pa(address)
#define phys_to_virt(physical) __va(physical)
#define virt_to_page(address) FXM_K_FROM(fxm_k_virt_to_page((const void *)(unsigned long)(address)))
#define virt_addr_valid(address) fxm_k_virt_addr_valid((const void *)(unsigned long)(address))
#define virt_to_pfn(address) ((unsigned long)(__pa(address) >> PAGE_SHIFT))
#define pfn_to_kaddr(pfn) __va((unsigned long long)(pfn) << PAGE_SHIFT)
#define page_to_virt(page) __va((unsigned long long)page_to_pfn(page) << PAGE_SHIFT)

FXM_K_INLINE unsigned long page_to_pfn(const struct page *page)
{
	return fxm_k_page_to_pfn((const struct fxm_page *)page);
}

FXM_K_INLINE struct page *pfn_to_page(unsigned long pfn)
{
	return FXM_K_FROM(fxm_k_pfn_to_page(pfn));
}

FXM_K_INLINE int pfn_valid(unsigned long pfn)
{
	return fxm_k_pfn_valid(pfn);
}

#define clear_page(address) memset(address, 0, PAGE_SIZE)
#define copy_page(to, from) memcpy(to, from, PAGE_SIZE)

#endif
