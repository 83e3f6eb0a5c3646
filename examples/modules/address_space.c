// SPDX-License-Identifier: MIT
/*
 * Where everything lies: the borders of the kernel's address space, from the direct map up to the fixmap.
 *
 *     fixmap insmod -p x86_32-4.15 address_space.c
 *
 * Any profile. `fixmap layout` computes the same numbers without running anything.
 */
#include <asm/fixmap.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static void range(const char *name, unsigned long start, unsigned long end)
{
	pr_info("%-8s 0x%08lx - 0x%08lx  %6lu kB\n", name, start, end, (end - start) >> 10);
}

static int __init address_space_init(void)
{
	range("lowmem", PAGE_OFFSET, (unsigned long)high_memory);
	range("vmalloc", VMALLOC_START, VMALLOC_END);
	range("pkmap", PKMAP_BASE, PKMAP_BASE + LAST_PKMAP * PAGE_SIZE);
	range("fixmap", FIXADDR_START, FIXADDR_TOP);
	pr_info("kmap_atomic slots: indices %d to %d, %d per CPU\n", FIX_KMAP_BEGIN, FIX_KMAP_END,
		(FIX_KMAP_END - FIX_KMAP_BEGIN + 1) / NR_CPUS);
	return 0;
}

static void __exit address_space_exit(void)
{
}

module_init(address_space_init);
module_exit(address_space_exit);
MODULE_LICENSE("Dual MIT/GPL");
