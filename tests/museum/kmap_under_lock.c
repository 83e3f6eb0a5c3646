// SPDX-License-Identifier: MIT
/*
 * Sleeping while atomic: kmap() may wait for a free slot, and is called with a spinlock held. It waits only when the pool is
 * full, so tests rarely see it.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/spinlock.h>

static bool after;
module_param(after, bool, 0444);

static DEFINE_SPINLOCK(lock);

static int __init kmap_under_lock_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *text = NULL;

	if (!page)
		return -ENOMEM;
	if (after)
		text = kmap(page);
	spin_lock(&lock);
	if (!after)
		text = kmap(page); /* HERE */
	text[0] = 'x';
	spin_unlock(&lock);
	kunmap(page);
	__free_page(page);
	return 0;
}

module_init(kmap_under_lock_init);
MODULE_LICENSE("Dual MIT/GPL");
