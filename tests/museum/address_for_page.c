// SPDX-License-Identifier: MIT
/*
 * The address given where the page is wanted: a void * is any pointer in C, so kunmap() accepts what kmap() returned.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static void clear(struct page *page)
{
	void *address = kmap(page);

	memset(address, 0, 64);
	if (after)
		kunmap(page);
	else
		kunmap(address); /* HERE */
}

static int __init address_for_page_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	clear(page);
	__free_page(page);
	return 0;
}

module_init(address_for_page_init);
MODULE_LICENSE("Dual MIT/GPL");
