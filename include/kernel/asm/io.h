/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_IO_H
#define FXM_KERNEL_ASM_IO_H

/* Registers of memory-mapped devices, through a fixmap. An address that is not mapped is an oops. */

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

FXM_K_READ(readb, u8)
FXM_K_READ(readw, u16)
FXM_K_READ(readl, u32)
FXM_K_READ(readq, u64)
FXM_K_WRITE(writeb, u8)
FXM_K_WRITE(writew, u16)
FXM_K_WRITE(writel, u32)
FXM_K_WRITE(writeq, u64)

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
