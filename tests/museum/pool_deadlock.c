// SPDX-License-Identifier: MIT
/*
 * A task that holds kmaps waits for a free slot: it maps all the pages of a large request before it unmaps the first. Two such
 * tasks share the pool and wait for each other; one alone with more pages than slots waits for itself.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

#define PAGES 2000

static struct page *pages[PAGES];

static void read_all(void)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		kmap(pages[i]); /* HERE */
		if (after)
			kunmap(pages[i]);
	}
	for (i = 0; i < PAGES && !after; i++)
		kunmap(pages[i]);
}

static int __init pool_deadlock_init(void)
{
	int i;

	for (i = 0; i < PAGES; i++)
		pages[i] = alloc_page(GFP_HIGHUSER);
	read_all();
	for (i = 0; i < PAGES; i++)
		__free_page(pages[i]);
	return 0;
}

module_init(pool_deadlock_init);
MODULE_LICENSE("Dual MIT/GPL");
