// SPDX-License-Identifier: MIT
/* The number of the CPU is taken where the task may be preempted, and used after it went on elsewhere. */
#include <linux/module.h>
#include <linux/smp.h>

static bool after;
module_param(after, bool, 0444);

static unsigned long hits[NR_CPUS];

static int __init cpu_number_preemptible_init(void)
{
	int cpu;

	if (after)
		get_cpu();
	cpu = smp_processor_id(); /* HERE */
	hits[cpu]++;
	if (after)
		put_cpu();
	return 0;
}

module_init(cpu_number_preemptible_init);
MODULE_LICENSE("Dual MIT/GPL");
