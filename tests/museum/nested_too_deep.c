// SPDX-License-Identifier: MIT
/*
 * Nested too deep: a tree is walked with one temporary mapping per level, and the tree is deeper than a CPU has slots.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

#define DEPTH 48

static void walk(struct page *page, unsigned int level)
{
	u32 *node = kmap_atomic(page); /* HERE */

	*node = level;
	if (after)
		kunmap_atomic(node);
	if (level + 1 < DEPTH)
		walk(page, level + 1);
	if (!after)
		kunmap_atomic(node);
}

static int __init nested_too_deep_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	walk(page, 0);
	__free_page(page);
	return 0;
}

module_init(nested_too_deep_init);
MODULE_LICENSE("Dual MIT/GPL");
