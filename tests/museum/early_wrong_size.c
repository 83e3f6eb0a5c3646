// SPDX-License-Identifier: MIT
/*
 * An early mapping undone with another size than it was made with: the header's size, after the whole table was mapped.
 */
#include <asm/io.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init early_wrong_size_init(void)
{
	void *table = early_memremap(0x1000000, 256);

	if (!table)
		return -ENOMEM;
	early_memunmap(table, after ? 256 : 36); /* HERE */
	return 0;
}

module_init(early_wrong_size_init);
MODULE_LICENSE("Dual MIT/GPL");
