// SPDX-License-Identifier: MIT
/*
 * Unmapped in another order than mapped, where only 32-bit kernels notice. Page tables of processes may lie in high memory;
 * moving an entry from one table to another maps both. The unlock path undoes them in the order of its arguments, which is
 * that of mapping.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static u32 *map_entry(struct page *table, unsigned int nr)
{
	return (u32 *)kmap_local_page(table) + nr;
}

static void move_entry(struct page *to, struct page *from, unsigned int nr)
{
	u32 *dst = map_entry(to, nr);
	u32 *src = map_entry(from, nr);

	*dst = *src;
	*src = 0;
	if (after)
		kunmap_local(src);
	kunmap_local(dst); /* HERE */
	if (!after)
		kunmap_local(src);
}

static int __init page_table_order_init(void)
{
	struct page *from = alloc_page(GFP_HIGHUSER | __GFP_ZERO), *to = alloc_page(GFP_HIGHUSER | __GFP_ZERO);

	if (from && to)
		move_entry(to, from, 17);
	if (to)
		__free_page(to);
	if (from)
		__free_page(from);
	return 0;
}

module_init(page_table_order_init);
MODULE_LICENSE("Dual MIT/GPL");
