/* SPDX-License-Identifier: MIT */
#ifndef _ASM_IRQFLAGS_H
#define _ASM_IRQFLAGS_H

/* The CPU's interrupt flag. */

#include <asm/fxm.h>

#define ARCH_IRQ_DISABLED 0
#define ARCH_IRQ_ENABLED 0x200

static inline unsigned long arch_local_save_flags(void)
{
	return fxm_arch_irq_flags();
}

static inline void arch_local_irq_restore(unsigned long flags)
{
	fxm_arch_irq_restore(flags);
}

#include <asm-generic/irqflags.h>

#endif
