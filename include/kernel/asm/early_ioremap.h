/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_EARLY_IOREMAP_H
#define FXM_KERNEL_ASM_EARLY_IOREMAP_H

/* Early mappings since 2.6.27, and of 2.6 before that: each kernel has one of the two. */

#include <asm/fixmap.h>
#include <linux/types.h>

#if FXM_K_HAS(bt_ioremap)
FXM_K_INLINE void *bt_ioremap(unsigned long physical, unsigned long size)
{
	return fxm_k_bt_ioremap(physical, size);
}

FXM_K_INLINE void bt_iounmap(void *address, unsigned long size)
{
	fxm_k_bt_iounmap(address, size);
}
#else
void *bt_ioremap(unsigned long physical, unsigned long size) FXM_K_NOT_HERE(bt_ioremap);
void bt_iounmap(void *address, unsigned long size) FXM_K_NOT_HERE(bt_iounmap);
#endif

#if FXM_K_HAS(early_ioremap)
FXM_K_INLINE void *early_ioremap(resource_size_t physical, unsigned long size)
{
	return fxm_k_early_ioremap(physical, size);
}

FXM_K_INLINE void early_iounmap(void *address, unsigned long size)
{
	fxm_k_early_iounmap(address, size);
}

FXM_K_INLINE void early_ioremap_reset(void)
{
	fxm_k_early_ioremap_reset();
}
#else
void *early_ioremap(resource_size_t physical, unsigned long size) FXM_K_NOT_HERE(early_ioremap);
void early_iounmap(void *address, unsigned long size) FXM_K_NOT_HERE(early_iounmap);
#endif

#if FXM_K_HAS(early_memremap)
FXM_K_INLINE void *early_memremap(resource_size_t physical, unsigned long size)
{
	return fxm_k_early_memremap(physical, size);
}
#else
void *early_memremap(resource_size_t physical, unsigned long size) FXM_K_NOT_HERE(early_memremap);
#endif

#if FXM_K_HAS(early_memremap_ro)
FXM_K_INLINE void *early_memremap_ro(resource_size_t physical, unsigned long size)
{
	return fxm_k_early_memremap_ro(physical, size);
}
#else
void *early_memremap_ro(resource_size_t physical, unsigned long size) FXM_K_NOT_HERE(early_memremap_ro);
#endif

#if FXM_K_HAS(early_memunmap)
FXM_K_INLINE void early_memunmap(void *address, unsigned long size)
{
	fxm_k_early_iounmap(address, size);
}
#else
void early_memunmap(void *address, unsigned long size) FXM_K_NOT_HERE(early_memunmap);
#endif

#if FXM_K_HAS(copy_from_early_mem)
FXM_K_INLINE void copy_from_early_mem(void *dest, phys_addr_t src, unsigned long size)
{
	fxm_k_copy_from_early_mem(dest, src, size);
}
#else
void copy_from_early_mem(void *dest, phys_addr_t src, unsigned long size) FXM_K_NOT_HERE(copy_from_early_mem);
#endif

#endif
