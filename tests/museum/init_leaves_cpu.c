// SPDX-License-Identifier: MIT
/* The error path of init returns between get_cpu() and put_cpu(). */
#include <linux/module.h>
#include <linux/smp.h>

static bool after;
module_param(after, bool, 0444);

static unsigned long seen[NR_CPUS];

static int __init init_leaves_cpu_init(void)
{
	int cpu = get_cpu(); /* HERE */

	if (!seen[cpu] && !after)
		return 0;
	seen[cpu]++;
	put_cpu();
	return 0;
}

module_init(init_leaves_cpu_init);
MODULE_LICENSE("Dual MIT/GPL");
