/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_VMALLOC_H
#define FXM_KERNEL_LINUX_VMALLOC_H

#include <asm/pgtable.h>

#include <linux/slab.h>

/* The memory of vmalloc() is in one piece, too: kmalloc()'s. */
#define vmalloc(size) kmalloc(size, GFP_KERNEL)
#define vzalloc(size) kzalloc(size, GFP_KERNEL)
#define vfree(address) kfree(address)

/* No pages are mapped one behind the other: who calls these brings them. */
#define is_vmalloc_addr(address) ((unsigned long)(address) >= VMALLOC_START && (unsigned long)(address) < VMALLOC_END)
#define VM_MAP 0x4
void *vmap(struct page **pages, unsigned int n, unsigned long flags, pgprot_t prot);
void vunmap(const void *address);
void *vm_map_ram(struct page **pages, unsigned int n, int node);
void vm_unmap_ram(const void *address, unsigned int n);
void vm_unmap_aliases(void);
void flush_kernel_vmap_range(void *address, int size);
void invalidate_kernel_vmap_range(void *address, int size);

#endif
