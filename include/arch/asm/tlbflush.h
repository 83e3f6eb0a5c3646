/* SPDX-License-Identifier: MIT */
#ifndef _ASM_TLBFLUSH_H
#define _ASM_TLBFLUSH_H

#include <linux/mm_types.h>
#include <asm/fxm.h>

static inline void flush_tlb_all(void)
{
	fxm_k_flush_tlb_all();
}

static inline void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	for (; start < end; start += PAGE_SIZE)
		fxm_k_flush_tlb_one(start);
}

static inline void flush_tlb_mm(struct mm_struct *mm)
{
	fxm_k_flush_tlb_all();
}

static inline void flush_tlb_page(struct vm_area_struct *vma, unsigned long address)
{
	fxm_k_flush_tlb_one(address);
}

static inline void flush_tlb_range(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	flush_tlb_kernel_range(start, end);
}

#endif
