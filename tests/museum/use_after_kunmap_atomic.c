// SPDX-License-Identifier: MIT
/*
 * Use after unmap: a checksum is compared after the page that holds it was unmapped. x86 clears the entry and faults; arm
 * leaves it in place and reads on, in what may be another page by then.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init use_after_kunmap_atomic_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	volatile u32 *stored;
	u32 sum = 0;

	if (!page)
		return -ENOMEM;
	stored = kmap_atomic(page);
	if (after) {
		sum = *stored;
		kunmap_atomic((void *)stored);
	} else {
		kunmap_atomic((void *)stored);
		sum = *stored; /* HERE */
	}
	pr_info("sum %u\n", sum);
	__free_page(page);
	return 0;
}

module_init(use_after_kunmap_atomic_init);
MODULE_LICENSE("Dual MIT/GPL");
