// SPDX-License-Identifier: MIT
/*
 * Sleeping while atomic: a memory dumper copies between a page mapped with kmap_atomic() and one that it maps with kmap() in
 * between.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static void dump_one(struct page *out, struct page *page)
{
	char *from, *to = NULL;

	if (after)
		to = kmap(out);
	from = kmap_atomic(page);
	if (!after)
		to = kmap(out); /* HERE */
	memcpy(to, from, 64);
	kunmap_atomic(from);
	kunmap(out);
}

static int __init kmap_inside_atomic_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER), *out = alloc_page(GFP_HIGHUSER);

	if (page && out) {
		clear_highpage(page);
		dump_one(out, page);
	}
	if (out)
		__free_page(out);
	if (page)
		__free_page(page);
	return 0;
}

module_init(kmap_inside_atomic_init);
MODULE_LICENSE("Dual MIT/GPL");
