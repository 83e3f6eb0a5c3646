// SPDX-License-Identifier: MIT
/*
 * A page is freed while it is mapped, then unmapped. The kernel does not look; between the two the mapping shows the next
 * owner's page.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init freed_while_mapped_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	*(char *)kmap(page) = 1;
	if (after)
		kunmap(page);
	__free_page(page); /* HERE */
	if (!after)
		kunmap(page);
	return 0;
}

module_init(freed_while_mapped_init);
MODULE_LICENSE("Dual MIT/GPL");
