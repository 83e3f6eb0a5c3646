// SPDX-License-Identifier: MIT
/*
 * Sleeping while atomic: memory is allocated with GFP_KERNEL while a page is mapped with kmap_atomic().
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

static bool after;
module_param(after, bool, 0444);

static int __init alloc_inside_atomic_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	void *from, *copy = NULL;

	if (!page)
		return -ENOMEM;
	clear_highpage(page);
	if (after)
		copy = kmalloc(64, GFP_KERNEL);
	from = kmap_atomic(page);
	if (!after)
		copy = kmalloc(64, GFP_KERNEL); /* HERE */
	if (copy)
		memcpy(copy, from, 64);
	kunmap_atomic(from);
	kfree(copy);
	__free_page(page);
	return 0;
}

module_init(alloc_inside_atomic_init);
MODULE_LICENSE("Dual MIT/GPL");
