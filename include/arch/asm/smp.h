/* SPDX-License-Identifier: MIT */
#ifndef _ASM_SMP_H
#define _ASM_SMP_H

#include <linux/cpumask.h>
#include <linux/version.h>

#define raw_smp_processor_id() (current_thread_info()->cpu)

void arch_send_call_function_single_ipi(int cpu);
void arch_send_call_function_ipi_mask(const struct cpumask *mask);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
void smp_send_reschedule(int cpu);
#else
void arch_smp_send_reschedule(int cpu);
#endif

#endif
