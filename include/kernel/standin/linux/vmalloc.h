/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_VMALLOC_H
#define FXM_KERNEL_LINUX_VMALLOC_H

/* Memory that is side by side in virtual addresses only, in the kernel's vmalloc area, with page tables behind it. */

#include <asm/pgtable.h>

#include <linux/slab.h>

#define VM_IOREMAP 0x1
#define VM_ALLOC 0x2
#define VM_MAP 0x4

#define vmalloc(size) fxm_k_vmalloc("vmalloc", size, GFP_KERNEL)
#define vzalloc(size) fxm_k_vmalloc("vzalloc", size, GFP_KERNEL | __GFP_ZERO)
#define vmalloc_user(size) fxm_k_vmalloc("vmalloc_user", size, GFP_KERNEL | __GFP_ZERO)
#define vmalloc_32(size) fxm_k_vmalloc("vmalloc_32", size, GFP_KERNEL)
#define vmalloc_node(size, node) ((void)(node), vmalloc(size))
#define vzalloc_node(size, node) ((void)(node), vzalloc(size))
/* Since 5.8 without a protection. */
#define __vmalloc(size, gfp, ...) fxm_k_vmalloc("__vmalloc", size, gfp)

FXM_K_INLINE void vfree(const void *address)
{
	fxm_k_vfree(address);
}

FXM_K_INLINE bool is_vmalloc_addr(const void *address)
{
	return fxm_k_is_vmalloc_addr(address);
}

#define is_vmalloc_or_module_addr(address) is_vmalloc_addr(address)
#define is_ioremap_addr(address) is_vmalloc_addr(address)

/* NULL where nothing is mapped. */
FXM_K_INLINE struct page *vmalloc_to_page(const void *address)
{
	return FXM_K_FROM(fxm_k_vmalloc_to_page(address));
}

FXM_K_INLINE unsigned long vmalloc_to_pfn(const void *address)
{
	return fxm_k_page_to_pfn((const struct fxm_page *)vmalloc_to_page(address));
}

FXM_K_INLINE void *vmap(struct page **pages, unsigned int n, unsigned long flags, pgprot_t prot)
{
	(void)flags;
	return fxm_k_vmap("vmap", "vunmap", (struct fxm_page *const *)pages, n, pgprot_val(prot));
}

FXM_K_INLINE void vunmap(const void *address)
{
	fxm_k_vunmap("vunmap", address);
}

/* The kernel cuts small ones out of a larger part of the area; here each has its own. Until 5.7 there is a protection as well. */
#define vm_map_ram(pages, n, ...) fxm_k_vmap("vm_map_ram", "vm_unmap_ram", (struct fxm_page *const *)(pages), n, 0)

FXM_K_INLINE void vm_unmap_ram(const void *address, unsigned int n)
{
	(void)n;
	fxm_k_vunmap("vm_unmap_ram", address);
}

/* The caches here are coherent, and nothing is left lazily mapped that could be seen. */
#define vm_unmap_aliases() ((void)0)
#define flush_kernel_vmap_range(address, size) ((void)(address), (void)(size))
#define invalidate_kernel_vmap_range(address, size) ((void)(address), (void)(size))

#endif
