/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PREEMPT_H
#define FXM_KERNEL_LINUX_PREEMPT_H

/* The counters of the vCPU that the caller sits on. */

#include <linux/bug.h>
#include <linux/types.h>

#define PREEMPT_OFFSET 1
#define SOFTIRQ_OFFSET 0x100
#define HARDIRQ_OFFSET 0x10000
#define NMI_OFFSET 0x100000
#define SOFTIRQ_MASK 0x0000ff00
#define HARDIRQ_MASK 0x000f0000
#define NMI_MASK 0x00f00000

#define preempt_count() fxm_k_preempt_count()
#define preempt_disable() fxm_preempt_disable(fxm_k_cpu())
#define preempt_enable() fxm_preempt_enable(fxm_k_cpu())
#define preempt_enable_no_resched() preempt_enable()
#define migrate_disable() fxm_migrate_disable(fxm_k_cpu())
#define migrate_enable() fxm_migrate_enable(fxm_k_cpu())
#define get_cpu() (preempt_disable(), smp_processor_id())
#define put_cpu() preempt_enable()

#define in_irq() (preempt_count() & HARDIRQ_MASK)
#define in_hardirq() in_irq()
#define in_serving_softirq() ((preempt_count() & SOFTIRQ_MASK) & SOFTIRQ_OFFSET)
#define in_softirq() (preempt_count() & SOFTIRQ_MASK)
#define in_nmi() (preempt_count() & NMI_MASK)
#define in_interrupt() (preempt_count() & (HARDIRQ_MASK | SOFTIRQ_MASK | NMI_MASK))
#define in_task() (!(preempt_count() & (HARDIRQ_MASK | NMI_MASK | SOFTIRQ_OFFSET)))
#define in_atomic() (preempt_count() != 0)
#define preemptible() (preempt_count() == 0 && !irqs_disabled())

#define irqs_disabled() fxm_irqs_disabled(fxm_k_cpu())
#define local_irq_disable() fxm_irq_disable(fxm_k_cpu())
#define local_irq_enable() fxm_irq_enable(fxm_k_cpu())
#define local_save_flags(flags) ((void)((flags) = irqs_disabled()))
#define local_irq_save(flags) (local_save_flags(flags), local_irq_disable())
#define local_irq_restore(flags) ((flags) ? (void)0 : local_irq_enable())
#define local_bh_disable() fxm_k_local_bh_disable()
#define local_bh_enable() fxm_k_local_bh_enable()

#define raw_smp_processor_id() ((int)fxm_vcpu_id(fxm_k_cpu()))
#define smp_processor_id() (fxm_k_check_preemptible("smp_processor_id"), raw_smp_processor_id())

#endif
