// SPDX-License-Identifier: MIT
/*
 * Use after unmap: the pointer to a name inside the page outlives the mapping. kunmap() leaves the entry in place until the
 * pool is flushed, so on the machine itself this nearly always works.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init use_after_kunmap_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	volatile char *name;
	char first;

	if (!page)
		return -ENOMEM;
	name = kmap(page);
	*name = 'n';
	if (!after)
		kunmap(page);
	first = *name; /* HERE */
	if (after)
		kunmap(page);
	printk(KERN_INFO "name begins with %c\n", first);
	__free_page(page);
	return 0;
}

module_init(use_after_kunmap_init);
MODULE_LICENSE("Dual MIT/GPL");
