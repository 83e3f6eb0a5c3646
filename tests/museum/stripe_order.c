// SPDX-License-Identifier: MIT
/*
 * Unmapped in another order than mapped. The parity of a stripe is computed from two mapped pages, and the first is given back
 * first. kunmap_atomic() takes the topmost slot away, which is the second's; with DEBUG_HIGHMEM the kernel notices.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static u8 parity(struct page *data, struct page *more)
{
	u8 *a = kmap_atomic(data);
	u8 *b = kmap_atomic(more);
	u8 sum = *a ^ *b;

	if (after)
		kunmap_atomic(b);
	kunmap_atomic(a); /* HERE */
	if (!after)
		kunmap_atomic(b);
	return sum;
}

static int __init stripe_order_init(void)
{
	struct page *data = alloc_page(GFP_HIGHUSER | __GFP_ZERO), *more = alloc_page(GFP_HIGHUSER | __GFP_ZERO);

	if (data && more)
		pr_info("parity %u\n", parity(data, more));
	if (more)
		__free_page(more);
	if (data)
		__free_page(data);
	return 0;
}

module_init(stripe_order_init);
MODULE_LICENSE("Dual MIT/GPL");
