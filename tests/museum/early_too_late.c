// SPDX-License-Identifier: MIT
/*
 * An early mapping after boot: the function is not marked __init, and a driver calls it when the system runs. What it needs by
 * then is ioremap(), or for memory the direct map.
 */
#include <asm/io.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init early_too_late_init(void)
{
	void *table;

	if (after) {
		pr_info("%u\n", *(u32 *)__va(0x1000000));
		return 0;
	}
	table = early_memremap(0x1000000, 256); /* HERE */
	if (table)
		early_memunmap(table, 256);
	return 0;
}

module_init(early_too_late_init);
MODULE_LICENSE("Dual MIT/GPL");
