// SPDX-License-Identifier: MIT
/*
 * Device memory used through a pointer: the register is written as if it were memory, without writel().
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <asm/fixmap.h>
#include <asm/io.h>

#define SLOT FIX_WP_TEST

static bool after;
module_param(after, bool, 0444);

static int __init touch(void)
{
	u32 *registers;

	set_fixmap_nocache(SLOT, 0xfebc0000);
	registers = (u32 *)fix_to_virt(SLOT);
	if (after)
		(void)readl(registers);
	else
		(void)*(volatile u32 *)registers; /* HERE */
	clear_fixmap(SLOT);
	return 0;
}

static int __init device_through_pointer_init(void)
{
	return touch();
}

module_init(device_through_pointer_init);
MODULE_LICENSE("Dual MIT/GPL");
