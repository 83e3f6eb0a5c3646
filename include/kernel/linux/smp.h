/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SMP_H
#define FXM_KERNEL_LINUX_SMP_H

#include <linux/preempt.h>
#if __has_include(<linux/smp_types.h>)
#include <linux/smp_types.h>
#endif
#if __has_include(<linux/cpumask.h>)
#include <linux/cpumask.h>
#endif

typedef void (*smp_call_func_t)(void *info);
#if __has_include(<linux/smp_types.h>)
struct __call_single_data {
	struct __call_single_node node;
	smp_call_func_t func;
	void *info;
};
typedef struct __call_single_data call_single_data_t;
#endif

#define num_online_cpus() fxm_machine_cpus_online(fxm_vcpu_machine(fxm_k_cpu()))

#endif
