// SPDX-License-Identifier: MIT
/*
 * Sleeping while atomic: the page stays mapped with kmap_atomic() over a call that gives up the CPU.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

static bool after;
module_param(after, bool, 0444);

static int __init schedule_inside_atomic_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	void *mapped;

	if (!page)
		return -ENOMEM;
	mapped = kmap_atomic(page);
	memset(mapped, 0, 64);
	if (after)
		kunmap_atomic(mapped);
	schedule(); /* HERE */
	if (!after)
		kunmap_atomic(mapped);
	__free_page(page);
	return 0;
}

module_init(schedule_inside_atomic_init);
MODULE_LICENSE("Dual MIT/GPL");
