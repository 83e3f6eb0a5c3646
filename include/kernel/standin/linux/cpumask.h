/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_CPUMASK_H
#define FXM_KERNEL_LINUX_CPUMASK_H

#if __has_include_next(<linux/cpumask.h>)
#include_next <linux/cpumask.h>
#else

/* Which CPUs there are: those of the machine, all of them online. */

#include <linux/bitmap.h>
#include <linux/smp.h>
#include <linux/threads.h>

struct cpumask {
	DECLARE_BITMAP(bits, NR_CPUS);
};
typedef struct cpumask cpumask_t;
typedef struct cpumask cpumask_var_t[1];

#define nr_cpu_ids num_online_cpus()
#define num_possible_cpus() num_online_cpus()
#define num_present_cpus() num_online_cpus()
#define num_active_cpus() num_online_cpus()
#define cpu_online(cpu) ((unsigned int)(cpu) < num_online_cpus())
#define cpu_possible(cpu) cpu_online(cpu)
#define cpu_present(cpu) cpu_online(cpu)
#define for_each_online_cpu(cpu) for ((cpu) = 0; (unsigned int)(cpu) < num_online_cpus(); (cpu)++)
#define for_each_possible_cpu(cpu) for_each_online_cpu(cpu)
#define for_each_present_cpu(cpu) for_each_online_cpu(cpu)

#define cpumask_bits(mask) ((mask)->bits)
#define cpumask_set_cpu(cpu, mask) set_bit((cpu), cpumask_bits(mask))
#define cpumask_clear_cpu(cpu, mask) clear_bit((cpu), cpumask_bits(mask))
#define cpumask_test_cpu(cpu, mask) test_bit((cpu), cpumask_bits(mask))
#define cpumask_clear(mask) bitmap_zero(cpumask_bits(mask), NR_CPUS)
#define cpumask_weight(mask) bitmap_weight(cpumask_bits(mask), NR_CPUS)
#define for_each_cpu(cpu, mask)                                                                                                    \
	for ((cpu) = 0; (unsigned int)(cpu) < num_online_cpus(); (cpu)++)                                                          \
		if (cpumask_test_cpu(cpu, mask))
#define zalloc_cpumask_var(mask, gfp) ((void)(gfp), cpumask_clear(*(mask)), true)
#define free_cpumask_var(mask) ((void)(mask))

#endif
#endif
