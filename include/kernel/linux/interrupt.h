/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_INTERRUPT_H
#define FXM_KERNEL_LINUX_INTERRUPT_H

/*
 * Interrupt handlers. An interrupt comes when it is injected (inject=kmap.mapped:1:irq): it runs every handler that was requested,
 * whatever its number. A number is given to one only.
 */

#include <linux/container_of.h>
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

/* Tasklets: a function in softirq context, soon. Since 5.9 it may be given its tasklet. */
struct tasklet_struct {
	struct fxm_k_tasklet tasklet; /* first */
};

#define FXM_K_TASKLET(function, data)                                                                                              \
	{                                                                                                                          \
		.tasklet = {.fn = (void (*)(void *))(void (*)(void))(function), .arg = (void *)(data) }                            \
	}

FXM_K_INLINE void tasklet_init(struct tasklet_struct *tasklet, void (*function)(unsigned long data), unsigned long data)
{
	*tasklet = (struct tasklet_struct)FXM_K_TASKLET(function, data);
}

#if FXM_K_VERSION_CODE >= 0x050900
FXM_K_INLINE void tasklet_setup(struct tasklet_struct *tasklet, void (*function)(struct tasklet_struct *tasklet))
{
	*tasklet = (struct tasklet_struct)FXM_K_TASKLET(function, tasklet);
}
#define DECLARE_TASKLET(name, function) struct tasklet_struct name = FXM_K_TASKLET(function, &(name))
#define DECLARE_TASKLET_OLD(name, function) struct tasklet_struct name = FXM_K_TASKLET(function, 0)
#define from_tasklet(var, callback_tasklet, field) container_of(callback_tasklet, __typeof__(*var), field)
#else
#define DECLARE_TASKLET(name, function, data) struct tasklet_struct name = FXM_K_TASKLET(function, data)
#endif

#define tasklet_schedule(t) fxm_k_tasklet_schedule(&(t)->tasklet)
#define tasklet_hi_schedule(t) tasklet_schedule(t)
#define tasklet_kill(t) fxm_k_tasklet_kill(&(t)->tasklet)
#define tasklet_disable(t) ((void)(t)->tasklet.disabled++)
#define tasklet_disable_nosync(t) tasklet_disable(t)
#define tasklet_enable(t) ((void)(t)->tasklet.disabled--)

#endif
