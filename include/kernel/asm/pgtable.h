/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_PGTABLE_H
#define FXM_KERNEL_ASM_PGTABLE_H

/* Entry and protection types of the profile's width, the kernel's protections, and the borders of the vmalloc area. */

#include <linux/compiler.h>
#include <linux/types.h>

#ifdef CONFIG_X86_PAE
typedef u64 pteval_t;
#else
typedef u32 pteval_t;
#endif
typedef pteval_t pgprotval_t;

typedef struct {
	pteval_t pte;
} pte_t;

typedef struct {
	pgprotval_t pgprot;
} pgprot_t;

/* The levels above, by name. */
typedef struct {
	pteval_t pmd;
} pmd_t;
typedef struct {
	pmd_t pmd;
} pud_t;
typedef struct {
	pud_t pud;
} p4d_t;
typedef struct {
	pteval_t pgd;
} pgd_t;
typedef struct page *pgtable_t;

#define __pmd(value) ((pmd_t){(pteval_t)(value)})
#define pmd_val(entry) ((entry).pmd)
#define __pte(value) ((pte_t){(pteval_t)(value)})
#define pte_val(entry) ((entry).pte)
#define __pgprot(value) ((pgprot_t){(pgprotval_t)(value)})
#define pgprot_val(prot) ((prot).pgprot)

#define PMD_SIZE (1UL << PMD_SHIFT)
#define PMD_MASK (~(PMD_SIZE - 1))

#define _PAGE_PRESENT 0x001
#define _PAGE_RW 0x002
#define _PAGE_USER 0x004
#define _PAGE_PWT 0x008
#define _PAGE_PCD 0x010
#define _PAGE_ACCESSED 0x020
#define _PAGE_DIRTY 0x040
#define _PAGE_PSE 0x080
#define _PAGE_GLOBAL 0x100
#ifdef CONFIG_X86_PAE
#define _PAGE_NX (1ULL << 63)
#else
#define _PAGE_NX 0
#endif

/* Values of the machine: whether the CPU has NX or global pages is not known to the compiler. */
#define FXM_K_PROT(name) __pgprot((pteval_t)fxm_k_prot(name))
#define PAGE_KERNEL FXM_K_PROT("PAGE_KERNEL")
#define PAGE_KERNEL_RO FXM_K_PROT("PAGE_KERNEL_RO")
#define PAGE_KERNEL_EXEC FXM_K_PROT("PAGE_KERNEL_EXEC")
#define PAGE_KERNEL_NOCACHE FXM_K_PROT("PAGE_KERNEL_NOCACHE")
#define PAGE_KERNEL_IO FXM_K_PROT("PAGE_KERNEL_IO")
#define PAGE_KERNEL_IO_NOCACHE FXM_K_PROT("PAGE_KERNEL_IO_NOCACHE")
#define PAGE_READONLY FXM_K_PROT("PAGE_READONLY")

#define pfn_pte(pfn, prot) __pte(((pteval_t)(pfn) << 12) | pgprot_val(prot))
#define mk_pte(page, prot) pfn_pte(page_to_pfn(page), prot)
#define pte_pfn(entry) ((unsigned long)((pte_val(entry) & ~(pteval_t)_PAGE_NX) >> 12))
#define pte_page(entry) pfn_to_page(pte_pfn(entry))
#define pte_none(entry) (pte_val(entry) == 0)
#define pte_present(entry) (pte_val(entry) & _PAGE_PRESENT)
#define pte_write(entry) (pte_val(entry) & _PAGE_RW)
#define pte_dirty(entry) (pte_val(entry) & _PAGE_DIRTY)
#define pte_young(entry) (pte_val(entry) & _PAGE_ACCESSED)

/* An entry that is not present can name a place in swap. Nothing is swapped, so that no other bit of it is known. */
#define __swp_type(entry) ((entry).val & 31)
#define __swp_offset(entry) ((entry).val >> 5)
#define __swp_entry(type, offset) ((swp_entry_t){(unsigned long)(type) | (unsigned long)(offset) << 5})
#define __pte_to_swp_entry(entry) ((swp_entry_t){pte_val(entry)})
#define __swp_entry_to_pte(entry) __pte((entry).val)
#define pte_swp_exclusive(entry) ((void)(entry), 0)
#define pte_swp_soft_dirty(entry) ((void)(entry), 0)
#define pte_swp_uffd_wp(entry) ((void)(entry), 0)
#define pte_swp_clear_exclusive(entry) (entry)
#define pte_swp_clear_soft_dirty(entry) (entry)
#define pte_swp_clear_uffd_wp(entry) (entry)

#define VMALLOC_START fxm_k_address("VMALLOC_START")
#define VMALLOC_END fxm_k_address("VMALLOC_END")
#define VMALLOC_OFFSET fxm_k_number("VMALLOC_OFFSET")
#define MODULES_VADDR fxm_k_address("MODULES_VADDR")
#define MODULES_END fxm_k_address("MODULES_END")
#define MAXMEM fxm_k_number("MAXMEM")

#endif
