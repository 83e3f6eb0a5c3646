// SPDX-License-Identifier: MIT
/*
 * Write through a read-only mapping: the table is mapped with PAGE_KERNEL_RO, and its checksum is corrected in place.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static void correct(struct page *page)
{
	u8 *table = kmap_atomic_prot(page, after ? PAGE_KERNEL : PAGE_KERNEL_RO);

	*(volatile u8 *)table = 0; /* HERE */
	kunmap_atomic(table);
}

static int __init read_only_mapping_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	correct(page);
	__free_page(page);
	return 0;
}

module_init(read_only_mapping_init);
MODULE_LICENSE("Dual MIT/GPL");
