/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SMP_H
#define FXM_KERNEL_LINUX_SMP_H

#include <linux/preempt.h>

#define num_online_cpus() fxm_machine_cpus_online(fxm_vcpu_machine(fxm_k_cpu()))

#endif
