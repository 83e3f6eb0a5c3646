// SPDX-License-Identifier: MIT
/*
 * An early mapping larger than a slot: a firmware table is mapped whole, as large as its header says. The boot-time slots have
 * a fixed number of pages; the caller must map its table in parts.
 */
#include <asm/io.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

#define TABLE_PHYS 0x1000000
#define TABLE_SIZE (300 * 1024)
#define PART (64 * 1024)

static int __init early_too_large_init(void)
{
	unsigned long offset, part = after ? PART : TABLE_SIZE;
	void *table;

	for (offset = 0; offset < TABLE_SIZE; offset += part) {
		if (part > TABLE_SIZE - offset)
			part = TABLE_SIZE - offset;
		table = early_memremap(TABLE_PHYS + offset, part); /* HERE */
		if (table)
			early_memunmap(table, part);
	}
	return 0;
}

module_init(early_too_large_init);
MODULE_LICENSE("Dual MIT/GPL");
