// SPDX-License-Identifier: MIT
/*
 * Unmapped in another order than mapped. A copy of a page maps the source, then the destination, and takes the source away
 * first. While kmap() was used nothing depended on the order; kmap_local_page() keeps a stack.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static void copy_page_contents(struct page *to, struct page *from)
{
	void *src = kmap_local_page(from);
	void *dst = kmap_local_page(to);

	memcpy(dst, src, PAGE_SIZE);
	if (after) {
		kunmap_local(dst);
		kunmap_local(src);
	} else {
		kunmap_local(src); /* HERE */
		kunmap_local(dst);
	}
}

static int __init copy_order_init(void)
{
	struct page *from = alloc_page(GFP_HIGHUSER | __GFP_ZERO), *to = alloc_page(GFP_HIGHUSER);

	if (from && to)
		copy_page_contents(to, from);
	if (to)
		__free_page(to);
	if (from)
		__free_page(from);
	return 0;
}

module_init(copy_order_init);
MODULE_LICENSE("Dual MIT/GPL");
