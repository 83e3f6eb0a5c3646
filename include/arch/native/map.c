/* SPDX-License-Identifier: MIT */

/* Mappings. kmap_atomic() of these kernels is kmap_local with page faults disabled, which tells them apart here. */

#include "native.h"

#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#ifdef CONFIG_HIGHMEM
pte_t *pkmap_page_table;

void *kmap_high(struct page *page)
{
	return fxm_k_kmap_high(page);
}

void kunmap_high(struct page *page)
{
	fxm_k_kunmap_high(page);
}

void *page_address(const struct page *page)
{
	return fxm_k_page_address(page);
}

void set_page_address(struct page *page, void *address)
{
	fxm_k_set_page_address(page, address);
}

void page_address_init(void)
{
}

struct page *__kmap_to_page(void *address)
{
	return fxm_k_kmap_to_page(address);
}

void __kmap_flush_unused(void)
{
	fxm_k_kmap_flush_unused();
}
#endif

static bool is_atomic(void)
{
	return current->pagefault_disabled > 0;
}

void *__kmap_local_page_prot(struct page *page, pgprot_t prot)
{
	return is_atomic() ? fxm_k_kmap_atomic_prot(page, pgprot_val(prot)) : fxm_k_kmap_local_page_prot(page, pgprot_val(prot));
}

void *__kmap_local_pfn_prot(unsigned long pfn, pgprot_t prot)
{
	return is_atomic() ? fxm_k_kmap_atomic_pfn(pfn) : fxm_k_kmap_local_pfn(pfn);
}

void kunmap_local_indexed(const void *address)
{
	if (is_atomic())
		fxm_k_kunmap_atomic(address);
	else
		fxm_k_kunmap_local(address);
}

void kmap_local_fork(struct task_struct *task)
{
}

void __kmap_local_sched_in(void)
{
}

void __kmap_local_sched_out(void)
{
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
void zero_user_segments(struct page *page, unsigned int start1, unsigned int end1, unsigned int start2, unsigned int end2)
{
	fxm_k_zero_user_segments(page, start1, end1, start2, end2);
}
#endif

/* ---- early and of devices ---- */

void __iomem *early_ioremap(resource_size_t physical, unsigned long size)
{
	return (void __force __iomem *)fxm_k_early_ioremap(physical, size);
}

void *early_memremap(resource_size_t physical, unsigned long size)
{
	return fxm_k_early_memremap(physical, size);
}

void *early_memremap_ro(resource_size_t physical, unsigned long size)
{
	return fxm_k_early_memremap_ro(physical, size);
}

void early_iounmap(void __iomem *address, unsigned long size)
{
	fxm_k_early_iounmap((volatile void __force *)address, size);
}

void early_memunmap(void *address, unsigned long size)
{
	fxm_k_early_iounmap(address, size);
}

void copy_from_early_mem(void *dest, phys_addr_t physical, unsigned long size)
{
	fxm_k_copy_from_early_mem(dest, physical, size);
}

void early_ioremap_reset(void)
{
	fxm_k_early_ioremap_reset();
}

void early_ioremap_setup(void)
{
}

void *memremap(resource_size_t physical, size_t size, unsigned long flags)
{
	return fxm_k_memremap(physical, size, flags);
}

void memunmap(void *address)
{
	fxm_k_memunmap(address);
}

/* ---- users' memory is memory like any other ---- */

#ifndef INLINE_COPY_FROM_USER
unsigned long _copy_from_user(void *to, const void __user *from, unsigned long n)
{
	memcpy(to, (const void __force *)from, n);
	return 0;
}
#endif

#ifndef INLINE_COPY_TO_USER
unsigned long _copy_to_user(void __user *to, const void *from, unsigned long n)
{
	memcpy((void __force *)to, from, n);
	return 0;
}
#endif

long strncpy_from_user(char *to, const char __user *from, long n)
{
	long len = strnlen((const char __force *)from, n);

	memcpy(to, (const char __force *)from, len < n ? len + 1 : n);
	return len;
}

long strnlen_user(const char __user *text, long n)
{
	return strnlen((const char __force *)text, n) + 1;
}

long copy_from_kernel_nofault(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	return 0;
}

long copy_to_kernel_nofault(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	return 0;
}

long copy_from_user_nofault(void *to, const void __user *from, size_t n)
{
	return _copy_from_user(to, from, n) ? -EFAULT : 0;
}

bool copy_from_kernel_nofault_allowed(const void *from, size_t n)
{
	return true;
}

void __check_object_size(const void *at, unsigned long n, bool to_user)
{
}

size_t fault_in_readable(const char __user *at, size_t size)
{
	return 0;
}

size_t fault_in_writeable(char __user *at, size_t size)
{
	return 0;
}

size_t fault_in_safe_writeable(const char __user *at, size_t size)
{
	return 0;
}
