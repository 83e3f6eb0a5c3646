// SPDX-License-Identifier: MIT
/*
 * page_address() of a highmem page that nobody mapped is NULL. On 64-bit machines, where the module was written, it never is.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init address_of_unmapped_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	volatile char *block;

	if (!page)
		return -ENOMEM;
	if (after)
		kmap(page);
	block = page_address(page);
	block[0] = 1; /* HERE */
	if (after)
		kunmap(page);
	__free_page(page);
	return 0;
}

module_init(address_of_unmapped_init);
MODULE_LICENSE("Dual MIT/GPL");
