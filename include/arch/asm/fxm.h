/* SPDX-License-Identifier: MIT */
#ifndef _ASM_FXM_H
#define _ASM_FXM_H

/*
 * What the machine gives to a kernel tree that is compiled for it: every function here is libfixmap's, and nothing else is. The
 * headers beside this one put the kernel's own names over them; the tree's include/ and asm-generic do the rest.
 *
 * Addresses are host pointers, base + simulated, as everywhere in the kernel tier. unsigned long has 64 bits here.
 */

#ifndef __ASSEMBLY__
#include <linux/types.h>

struct page;
struct task_struct;
struct thread_info;

/* The layout's addresses, numbers and protection values, by name. */
unsigned long fxm_k_address(const char *name);
unsigned long fxm_k_number(const char *name);
u64 fxm_k_prot(const char *name);

/* Frames and the direct map. */
unsigned long fxm_k_page_to_pfn(const struct page *page);
struct page *fxm_k_pfn_to_page(unsigned long pfn);
bool fxm_k_pfn_valid(unsigned long pfn);
unsigned long fxm_k_pa(unsigned long address);
void *fxm_k_va(unsigned long long physical);
bool fxm_k_virt_addr_valid(const void *address);

/* Fixed addresses and the TLB. */
void fxm_k_set_fixmap_prot(unsigned int index, unsigned long long physical, u64 prot);
void fxm_k_clear_fixmap(unsigned int index);
void fxm_k_flush_tlb_one(unsigned long address);
void fxm_k_flush_tlb_all(void);

/* Devices. */
u64 fxm_k_mmio_read(const volatile void *address, unsigned int width);
void *fxm_k_ioremap(const char *call, unsigned long long physical, size_t size, unsigned int how);
void fxm_k_iounmap(const volatile void *address);
void fxm_k_mmio_write(volatile void *address, unsigned int width, u64 value);

/* The CPU: who runs on it, its interrupts, and waiting for another one. */
struct thread_info *fxm_arch_thread_info(void);
unsigned long fxm_arch_irq_flags(void);
void fxm_arch_irq_restore(unsigned long flags);
void fxm_arch_relax(void);
int fxm_k_preempt_count(void);
void fxm_arch_preempt_count_add(int value);

void __attribute__((noreturn)) fxm_k_bug(const char *where);
#endif

#endif
