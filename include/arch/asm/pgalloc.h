/* SPDX-License-Identifier: MIT */
#ifndef _ASM_PGALLOC_H
#define _ASM_PGALLOC_H

/* Page tables of processes: asm-generic's, linked into the machine's format. */

#include <linux/mm.h>
#include <asm-generic/pgalloc.h>

static inline void pmd_populate_kernel(struct mm_struct *mm, pmd_t *pmd, pte_t *pte)
{
	*(pteval_t *)pmd = (pteval_t)(__pa(pte) | _PAGE_TABLE);
}

static inline void pmd_populate(struct mm_struct *mm, pmd_t *pmd, pgtable_t pte)
{
	*(pteval_t *)pmd = (pteval_t)(page_to_phys(pte) | _PAGE_TABLE);
}

#ifdef CONFIG_X86_PAE
static inline void pud_populate(struct mm_struct *mm, pud_t *pud, pmd_t *pmd)
{
	*(pteval_t *)pud = (pteval_t)(__pa(pmd) | _PAGE_PRESENT);
}
#define __pmd_free_tlb(tlb, pmd, address) tlb_remove_page((tlb), virt_to_page(pmd))
#endif

pgd_t *pgd_alloc(struct mm_struct *mm);
#define __pte_free_tlb(tlb, pte, address) tlb_remove_page((tlb), (pte))

#endif
