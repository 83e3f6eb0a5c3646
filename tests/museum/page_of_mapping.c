// SPDX-License-Identifier: MIT
/*
 * virt_to_page() computes; it does not look anything up. Given the address of a kmap() it returns a struct page that is not
 * the page's.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init page_of_mapping_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER), *found;
	void *buffer;

	if (!page)
		return -ENOMEM;
	buffer = kmap(page);
	if (after)
		found = page; /* kept from the start */
	else
		found = virt_to_page(buffer); /* HERE */
	printk(KERN_INFO "%s page\n", found == page ? "the right" : "another");
	kunmap(page);
	__free_page(page);
	return 0;
}

module_init(page_of_mapping_init);
MODULE_LICENSE("Dual MIT/GPL");
