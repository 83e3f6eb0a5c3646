/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_EARLY_IOREMAP_H
#define FXM_KERNEL_ASM_EARLY_IOREMAP_H

/* Early mappings since 2.6.27, and of 2.6 before that: each kernel has one of the two. */

#include <asm/fixmap.h>
#include <linux/types.h>

#define FXM_K_NO_EARLY(words) __attribute__((error(words "; not in " FXM_KERNEL_PROFILE)))

#ifdef FXM_K_TYPED

FXM_K_INLINE void *bt_ioremap(unsigned long physical, unsigned long size)
{
	return fxm_k_bt_ioremap(physical, size);
}

FXM_K_INLINE void bt_iounmap(void *address, unsigned long size)
{
	fxm_k_bt_iounmap(address, size);
}

void *early_ioremap(resource_size_t physical, unsigned long size) FXM_K_NO_EARLY("early_ioremap() came with 2.6.27");
void *early_memremap(resource_size_t physical, unsigned long size) FXM_K_NO_EARLY("early_memremap() came with 2.6.29");
void early_iounmap(void *address, unsigned long size) FXM_K_NO_EARLY("early_iounmap() came with 2.6.27");

#else

FXM_K_INLINE void *early_ioremap(resource_size_t physical, unsigned long size)
{
	return fxm_k_early_ioremap(physical, size);
}

FXM_K_INLINE void *early_memremap(resource_size_t physical, unsigned long size)
{
	return fxm_k_early_memremap(physical, size);
}

FXM_K_INLINE void *early_memremap_ro(resource_size_t physical, unsigned long size)
{
	return fxm_k_early_memremap_ro(physical, size);
}

FXM_K_INLINE void early_iounmap(void *address, unsigned long size)
{
	fxm_k_early_iounmap(address, size);
}

FXM_K_INLINE void early_memunmap(void *address, unsigned long size)
{
	fxm_k_early_iounmap(address, size);
}

FXM_K_INLINE void copy_from_early_mem(void *dest, phys_addr_t src, unsigned long size)
{
	fxm_k_copy_from_early_mem(dest, src, size);
}

FXM_K_INLINE void early_ioremap_reset(void)
{
	fxm_k_early_ioremap_reset();
}

void *bt_ioremap(unsigned long physical, unsigned long size) FXM_K_NO_EARLY("bt_ioremap() went with 2.6.27");
void bt_iounmap(void *address, unsigned long size) FXM_K_NO_EARLY("bt_iounmap() went with 2.6.27");

#endif

#endif
