// SPDX-License-Identifier: MIT
/*
 * Unmapped with the wrong call: a function was converted from kmap_atomic() to kmap_local_page(), and one of its two maps was
 * forgotten. The slot is free again, and page faults and preemption stay disabled: what fails is something else, later.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

static bool after;
module_param(after, bool, 0444);

static void copy_head(struct page *to, struct page *from, unsigned int len)
{
	void *target = kmap_local_page(to);
	void *source = after ? kmap_local_page(from) : kmap_atomic(from);

	memcpy(target, source, len);
	kunmap_local(source); /* HERE */
	kunmap_local(target);
}

static int __init local_for_atomic_init(void)
{
	struct page *to = alloc_page(GFP_HIGHUSER), *from = alloc_page(GFP_HIGHUSER);

	if (to && from)
		copy_head(to, from, 512);
	if (from)
		__free_page(from);
	if (to)
		__free_page(to);
	return 0;
}

module_init(local_for_atomic_init);
MODULE_LICENSE("Dual MIT/GPL");
