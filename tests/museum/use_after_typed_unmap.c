// SPDX-License-Identifier: MIT
/*
 * Use after unmap on the 2.6 kernels, whose kunmap_atomic() changes nothing: the slot shows the old page until its type is
 * used again. The machine never faults here.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init use_after_typed_unmap_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	volatile u32 *stored;
	u32 sum;

	if (!page)
		return -ENOMEM;
	clear_highpage(page);
	stored = kmap_atomic(page, KM_USER0);
	if (after) {
		sum = *stored;
		kunmap_atomic((void *)stored, KM_USER0);
	} else {
		kunmap_atomic((void *)stored, KM_USER0);
		sum = *stored; /* HERE */
	}
	printk(KERN_INFO "sum %u\n", sum);
	__free_page(page);
	return 0;
}

module_init(use_after_typed_unmap_init);
MODULE_LICENSE("Dual MIT/GPL");
