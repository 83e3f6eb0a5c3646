// SPDX-License-Identifier: MIT
/*
 * Access past the mapped page: a record that begins near the end of a page is cleared whole, though only its first page is
 * mapped.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

#define RECORD 256

static void clear_record(struct page *page, unsigned int offset)
{
	volatile u8 *bytes = (u8 *)kmap(page) + offset;
	unsigned int i, len = RECORD;

	if (after && len > PAGE_SIZE - offset)
		len = PAGE_SIZE - offset;
	for (i = 0; i < len; i++)
		bytes[i] = 0; /* HERE */
	kunmap(page);
}

static int __init past_the_page_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	clear_record(page, PAGE_SIZE - 100);
	__free_page(page);
	return 0;
}

module_init(past_the_page_init);
MODULE_LICENSE("Dual MIT/GPL");
