// SPDX-License-Identifier: MIT
/*
 * An early mapping never undone: the table is not what was looked for, and the function returns.
 */
#include <asm/io.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init early_leak_init(void)
{
	void *table = early_memremap(0x1000000, 256); /* HERE */

	if (!table)
		return -ENOMEM;
	if (after)
		early_memunmap(table, 256);
	return 0;
}

module_init(early_leak_init);
MODULE_LICENSE("Dual MIT/GPL");
