// SPDX-License-Identifier: MIT
/*
 * The ninth early mapping: nine tables are mapped before the first is let go, and there are eight slots (seven on arm).
 */
#include <asm/io.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

#define TABLES 9

static int __init early_ninth_init(void)
{
	void *table[TABLES];
	int i;

	for (i = 0; i < TABLES; i++) {
		table[i] = early_memremap(0x1000000 + i * 0x10000, 256); /* HERE */
		if (!table[i])
			break;
		if (after)
			early_memunmap(table[i], 256);
	}
	while (!after && i--)
		early_memunmap(table[i], 256);
	return 0;
}

module_init(early_ninth_init);
MODULE_LICENSE("Dual MIT/GPL");
