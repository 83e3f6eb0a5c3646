/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_IO_H
#define FXM_KERNEL_ASM_IO_H

/* Memory of devices: mapped, and its registers read and written. An address that is not mapped is an oops. */

#include <asm/early_ioremap.h>
#include <asm/page.h>
#include <linux/types.h>

#define FXM_K_READ(name, type)                                                                                                     \
	FXM_K_INLINE type name(const volatile void *address)                                                                       \
	{                                                                                                                          \
		return (type)fxm_k_mmio_read(address, sizeof(type));                                                               \
	}
#define FXM_K_WRITE(name, type)                                                                                                    \
	FXM_K_INLINE void name(type value, volatile void *address)                                                                 \
	{                                                                                                                          \
		fxm_k_mmio_write(address, sizeof(type), value);                                                                    \
	}

/* Ports: nothing answers at any of them. */
#define inb(port) ((void)(port), (u8)0xff)
#define inw(port) ((void)(port), (u16)0xffff)
#define inl(port) ((void)(port), 0xffffffffu)
#define outb(value, port) ((void)(value), (void)(port))
#define outw(value, port) outb(value, port)
#define outl(value, port) outb(value, port)

FXM_K_READ(readb, u8)
FXM_K_READ(readw, u16)
FXM_K_READ(readl, u32)
FXM_K_READ(readq, u64)
FXM_K_WRITE(writeb, u8)
FXM_K_WRITE(writew, u16)
FXM_K_WRITE(writel, u32)
FXM_K_WRITE(writeq, u64)

#define FXM_K_IOREMAP(name, how)                                                                                                   \
	FXM_K_INLINE void __iomem *name(resource_size_t physical, unsigned long size)                                              \
	{                                                                                                                          \
		return (void __iomem *)fxm_k_ioremap(#name, physical, size, how);                                                  \
	}
FXM_K_IOREMAP(ioremap, 0)
FXM_K_IOREMAP(ioremap_uc, 0)
FXM_K_IOREMAP(ioremap_nocache, 0)
FXM_K_IOREMAP(ioremap_wc, 1)
FXM_K_IOREMAP(ioremap_wt, 2)
FXM_K_IOREMAP(ioremap_cache, 3)

FXM_K_INLINE void iounmap(volatile void __iomem *address)
{
	fxm_k_iounmap((volatile void *)address);
}

#define MEMREMAP_WB 1
#define MEMREMAP_WT 2
#define MEMREMAP_WC 4

FXM_K_INLINE void *memremap(resource_size_t physical, size_t size, unsigned long flags)
{
	return fxm_k_memremap(physical, size, flags);
}

FXM_K_INLINE void memunmap(void *address)
{
	fxm_k_memunmap(address);
}

#define readb_relaxed(address) readb(address)
#define readw_relaxed(address) readw(address)
#define readl_relaxed(address) readl(address)
#define writeb_relaxed(value, address) writeb(value, address)
#define writew_relaxed(value, address) writew(value, address)
#define writel_relaxed(value, address) writel(value, address)
#define __raw_readl(address) readl(address)
#define __raw_writel(value, address) writel(value, address)
#define ioread8(address) readb(address)
#define ioread16(address) readw(address)
#define ioread32(address) readl(address)
#define iowrite8(value, address) writeb(value, address)
#define iowrite16(value, address) writew(value, address)
#define iowrite32(value, address) writel(value, address)

#endif
