/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_INTERRUPT_H
#define FXM_KERNEL_LINUX_INTERRUPT_H

/*
 * Interrupt handlers. An interrupt comes when it is injected (inject=kmap.mapped:1:irq): it runs every handler that was requested,
 * whatever its number. A number is given to one only.
 */

#include <linux/preempt.h>

#define IRQF_SHARED 0x80

enum irqreturn { IRQ_NONE, IRQ_HANDLED };
typedef int irqreturn_t;
#define IRQ_RETVAL(x) ((x) ? IRQ_HANDLED : IRQ_NONE)

/* Up to 2.6.18 a handler had a third argument, the registers, which are not simulated. */
#if FXM_K_VERSION_CODE < 0x020613
#define SA_SHIRQ 0x04000000
struct pt_regs;
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev, struct pt_regs *regs);
#else
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev);
#endif

#define request_irq(irq, handler, flags, name, dev)                                                                                \
	({                                                                                                                         \
		irq_handler_t fxm_handler_ = (handler);                                                                            \
		(void)(flags);                                                                                                     \
		(void)(name);                                                                                                      \
		fxm_k_request_irq((irq), (fxm_k_irq_fn)(void (*)(void))fxm_handler_, (dev));                                       \
	})
#define free_irq(irq, dev) fxm_k_free_irq((irq), (dev))

enum {
	HI_SOFTIRQ,
	TIMER_SOFTIRQ,
	NET_TX_SOFTIRQ,
	NET_RX_SOFTIRQ,
	BLOCK_SOFTIRQ,
	IRQ_POLL_SOFTIRQ,
	TASKLET_SOFTIRQ,
	SCHED_SOFTIRQ,
	HRTIMER_SOFTIRQ,
	RCU_SOFTIRQ,
	NR_SOFTIRQS
};

#endif
