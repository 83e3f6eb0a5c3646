/* SPDX-License-Identifier: MIT */
#ifndef _ASM_PGTABLE_H
#define _ASM_PGTABLE_H

/*
 * Page tables of 32-bit x86: two levels with entries of 4 bytes, or PAE's three with entries of 8. The kernel's protection values
 * are the machine's, which knows whether the CPU has no-execute and global pages.
 */

#include <linux/version.h>
#include <asm/page.h>

#ifdef CONFIG_X86_PAE
#include <asm-generic/pgtable-nopud.h>
#define PGDIR_SHIFT 30
#define PMD_SHIFT 21
#define PTRS_PER_PGD 4
#define PTRS_PER_PMD 512
#define PTRS_PER_PTE 512
#define USER_PTRS_PER_PGD 3
#define PMD_SIZE (1UL << PMD_SHIFT)
#define PMD_MASK (~(PMD_SIZE - 1))
#define _PAGE_NX (1UL << 63)
#else
#include <asm-generic/pgtable-nopmd.h>
#define PGDIR_SHIFT 22
#define PTRS_PER_PGD 1024
#define PTRS_PER_PTE 1024
#define USER_PTRS_PER_PGD 768
#define _PAGE_NX 0UL
#endif
#define PGDIR_SIZE (1UL << PGDIR_SHIFT)
#define PGDIR_MASK (~(PGDIR_SIZE - 1))

#define _PAGE_PRESENT 0x001UL
#define _PAGE_RW 0x002UL
#define _PAGE_USER 0x004UL
#define _PAGE_PWT 0x008UL
#define _PAGE_PCD 0x010UL
#define _PAGE_ACCESSED 0x020UL
#define _PAGE_DIRTY 0x040UL
#define _PAGE_PSE 0x080UL
#define _PAGE_GLOBAL 0x100UL
#define _PAGE_PROTNONE _PAGE_GLOBAL /* of an entry that is not present */
#define _PAGE_SWP_EXCLUSIVE _PAGE_PSE
#define _PAGE_FRAME (((1UL << 52) - 1) & PAGE_MASK)
#define _PAGE_TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _PAGE_KERNEL_TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _PAGE_CHG_MASK (_PAGE_FRAME | _PAGE_ACCESSED | _PAGE_DIRTY)

#define PAGE_NONE __pgprot(_PAGE_PROTNONE | _PAGE_ACCESSED)
#define PAGE_SHARED __pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_COPY __pgprot(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_READONLY PAGE_COPY
#define FXM_PROT_OF(name) __pgprot(fxm_k_prot(name))
#define PAGE_KERNEL FXM_PROT_OF("PAGE_KERNEL")
#define PAGE_KERNEL_RO FXM_PROT_OF("PAGE_KERNEL_RO")
#define PAGE_KERNEL_EXEC FXM_PROT_OF("PAGE_KERNEL_EXEC")
#define PAGE_KERNEL_NOCACHE FXM_PROT_OF("PAGE_KERNEL_NOCACHE")
#define pgprot_noncached(prot) __pgprot(pgprot_val(prot) | _PAGE_PCD | _PAGE_PWT)

#ifndef __ASSEMBLY__
struct mm_struct;
struct vm_area_struct;
struct vm_fault;

extern pgd_t swapper_pg_dir[PTRS_PER_PGD];
extern unsigned long empty_zero_page[];
#define ZERO_PAGE(vaddr) virt_to_page(empty_zero_page)
void paging_init(void);

#define VMALLOC_START fxm_k_address("VMALLOC_START")
#define VMALLOC_END fxm_k_address("VMALLOC_END")
#define MODULES_VADDR fxm_k_address("MODULES_VADDR")
#define MODULES_END fxm_k_address("MODULES_END")

#define pte_ERROR(e) pr_err("bad pte %llx\n", (unsigned long long)pte_val(e))
#define pmd_ERROR(e) pr_err("bad pmd %llx\n", (unsigned long long)pmd_val(e))
#define pgd_ERROR(e) pr_err("bad pgd %llx\n", (unsigned long long)pgd_val(e))

/* ---- the last level ---- */

#define PFN_PTE_SHIFT PAGE_SHIFT
#define pte_none(x) (!pte_val(x))
#define pte_present(x) (pte_val(x) & (_PAGE_PRESENT | _PAGE_PROTNONE))
#define pte_pfn(x) ((unsigned long)((pte_val(x) & _PAGE_FRAME) >> PAGE_SHIFT))
#define pte_page(x) pfn_to_page(pte_pfn(x))
#define mk_pte(page, prot) pfn_pte(page_to_pfn(page), (prot))

static inline void set_pte(pte_t *entry, pte_t value)
{
	*(volatile pteval_t *)&entry->pte = pte_val(value);
}
#define set_pte_atomic(entry, value) set_pte(entry, value)

static inline void pte_clear(struct mm_struct *mm, unsigned long address, pte_t *entry)
{
	set_pte(entry, __pte(0));
}

static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
	return __pte(((pteval_t)pfn << PAGE_SHIFT) | pgprot_val(prot));
}

static inline pte_t pte_modify(pte_t entry, pgprot_t prot)
{
	return __pte((pte_val(entry) & _PAGE_CHG_MASK) | pgprot_val(prot));
}

#define FXM_PTE_TEST(name, bits)                                                                                                   \
	static inline int pte_##name(pte_t entry)                                                                                  \
	{                                                                                                                          \
		return (pte_val(entry) & (bits)) != 0;                                                                             \
	}
#define FXM_PTE_CHANGE(name, on, off)                                                                                              \
	static inline pte_t pte_##name(pte_t entry)                                                                                \
	{                                                                                                                          \
		return __pte((pte_val(entry) | (on)) & ~(pteval_t)(off));                                                          \
	}
FXM_PTE_TEST(write, _PAGE_RW)
FXM_PTE_TEST(dirty, _PAGE_DIRTY)
FXM_PTE_TEST(young, _PAGE_ACCESSED)
FXM_PTE_TEST(swp_exclusive, _PAGE_SWP_EXCLUSIVE)
FXM_PTE_CHANGE(wrprotect, 0, _PAGE_RW)
FXM_PTE_CHANGE(mkclean, 0, _PAGE_DIRTY)
FXM_PTE_CHANGE(mkdirty, _PAGE_DIRTY, 0)
FXM_PTE_CHANGE(mkold, 0, _PAGE_ACCESSED)
FXM_PTE_CHANGE(mkyoung, _PAGE_ACCESSED, 0)
FXM_PTE_CHANGE(mkwrite_novma, _PAGE_RW, 0)
FXM_PTE_CHANGE(swp_mkexclusive, _PAGE_SWP_EXCLUSIVE, 0)
FXM_PTE_CHANGE(swp_clear_exclusive, 0, _PAGE_SWP_EXCLUSIVE)
#define __HAVE_ARCH_PTE_SWP_EXCLUSIVE

static inline int pte_exec(pte_t entry)
{
	return !(pte_val(entry) & _PAGE_NX);
}

/* Where later trees have it in include/. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define pte_mkwrite(entry) pte_mkwrite_novma(entry)
static inline void set_pte_at(struct mm_struct *mm, unsigned long address, pte_t *entry, pte_t value)
{
	set_pte(entry, value);
}
#define kern_addr_valid(address) (1)
#endif

/* ---- the levels above ---- */

#ifdef CONFIG_X86_PAE
#define pmd_none(x) (!pmd_val(x))
#define pmd_present(x) (pmd_val(x) & _PAGE_PRESENT)
#define pmd_bad(x) ((pmd_val(x) & (~_PAGE_FRAME & ~_PAGE_USER & ~_PAGE_NX)) != _PAGE_KERNEL_TABLE)

static inline void set_pud(pud_t *entry, pud_t value)
{
	*(volatile pteval_t *)entry = pud_val(value);
}

static inline void pud_clear(pud_t *entry)
{
	set_pud(entry, (pud_t){});
}

#define pud_none(x) (!pud_val(x))
#define pud_bad(x) (0)
#define pud_present(x) (pud_val(x) & _PAGE_PRESENT)
#define pud_pfn(x) ((unsigned long)((pud_val(x) & _PAGE_FRAME) >> PAGE_SHIFT))
#define pud_page(x) pfn_to_page(pud_pfn(x))
#define pud_pgtable(x) ((pmd_t *)__va(pud_val(x) & _PAGE_FRAME))
#define pud_leaf(x) (0)
#else
#define pmd_none(x) (!pmd_val(x))
#define pmd_present(x) (pmd_val(x) & _PAGE_PRESENT)
#define pmd_bad(x) ((pmd_val(x) & (~_PAGE_FRAME & ~_PAGE_USER)) != _PAGE_KERNEL_TABLE)
#endif

static inline void set_pmd(pmd_t *entry, pmd_t value)
{
	*(volatile pteval_t *)entry = (pteval_t)pmd_val(value);
}

static inline void pmd_clear(pmd_t *entry)
{
	*(volatile pteval_t *)entry = 0;
}

#ifdef CONFIG_X86_PAE
static inline pmd_t pfn_pmd(unsigned long pfn, pgprot_t prot)
{
	return __pmd(((pteval_t)pfn << PAGE_SHIFT) | pgprot_val(prot));
}
#else
static inline pmd_t pfn_pmd(unsigned long pfn, pgprot_t prot)
{
	pmd_t entry = {};

	*(pteval_t *)&entry = ((pteval_t)pfn << PAGE_SHIFT) | pgprot_val(prot);
	return entry;
}
#endif
#define pmd_pfn(x) ((unsigned long)((pmd_val(x) & _PAGE_FRAME) >> PAGE_SHIFT))
#define pmd_page(x) pfn_to_page(pmd_pfn(x))
#define pmd_page_vaddr(x) ((unsigned long)__va(pmd_val(x) & _PAGE_FRAME))
#define pmd_pgtable(x) pmd_page(x)
#define pmd_leaf(x) (pmd_val(x) & _PAGE_PSE)
#define set_pgd(entry, value) (*(entry) = (value))

static inline void update_mmu_cache(struct vm_area_struct *vma, unsigned long address, pte_t *entry)
{
}

static inline void update_mmu_cache_range(struct vm_fault *fault, struct vm_area_struct *vma, unsigned long address, pte_t *entry,
					  unsigned int nr)
{
}

/* ---- places in swap: an entry that is not present ---- */

#define __swp_type(x) (((x).val >> 1) & 0x1f)
#define __swp_offset(x) ((x).val >> 10)
#define __swp_entry(type, offset) ((swp_entry_t){((unsigned long)(type) & 0x1f) << 1 | (unsigned long)(offset) << 10})
#define __pte_to_swp_entry(entry) ((swp_entry_t){pte_val(entry)})
#define __swp_entry_to_pte(x) __pte((x).val)
#endif

#endif
