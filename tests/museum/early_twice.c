// SPDX-License-Identifier: MIT
/*
 * An early mapping undone twice: the table is let go where it is parsed, and once more where it was found.
 */
#include <asm/io.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init early_twice_init(void)
{
	void *table = early_memremap(0x1000000, 256);

	if (!table)
		return -ENOMEM;
	if (!after)
		early_memunmap(table, 256);
	early_memunmap(table, 256); /* HERE */
	return 0;
}

module_init(early_twice_init);
MODULE_LICENSE("Dual MIT/GPL");
