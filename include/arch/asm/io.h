/* SPDX-License-Identifier: MIT */
#ifndef _ASM_IO_H
#define _ASM_IO_H

/* Devices are the machine's: an access that no device answers, or that faults, is told. */

#include <linux/types.h>
#include <asm/fxm.h>
#include <asm/page.h>

#define FXM_RAW_IO(letter, type, width)                                                                                            \
	static inline type __raw_read##letter(const volatile void __iomem *address)                                                \
	{                                                                                                                          \
		return (type)fxm_k_mmio_read((const volatile void __force *)address, width);                                       \
	}                                                                                                                          \
	static inline void __raw_write##letter(type value, volatile void __iomem *address)                                         \
	{                                                                                                                          \
		fxm_k_mmio_write((volatile void __force *)address, width, value);                                                  \
	}
FXM_RAW_IO(b, u8, 1)
FXM_RAW_IO(w, u16, 2)
FXM_RAW_IO(l, u32, 4)
FXM_RAW_IO(q, u64, 8)
#define __raw_readb __raw_readb
#define __raw_readw __raw_readw
#define __raw_readl __raw_readl
#define __raw_readq __raw_readq
#define __raw_writeb __raw_writeb
#define __raw_writew __raw_writew
#define __raw_writel __raw_writel
#define __raw_writeq __raw_writeq

static inline void __iomem *ioremap(phys_addr_t physical, size_t size)
{
	return (void __force __iomem *)fxm_k_ioremap("ioremap", physical, size, 0);
}
static inline void iounmap(volatile void __iomem *address)
{
	fxm_k_iounmap((volatile void __force *)address);
}
#define ioremap ioremap
#define ioremap_wc ioremap
#define ioremap_wt ioremap
#define ioremap_cache ioremap
#define iounmap iounmap

#include <asm-generic/io.h>

#endif
