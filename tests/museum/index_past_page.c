// SPDX-License-Identifier: MIT
/*
 * Access past the mapped page by an index, where another mapping lies behind it: a fragment that begins near the end of a page is
 * summed up as if it all lay there.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

#define FRAGMENT 256

static unsigned int sum_of_part(struct page *page, unsigned int offset, unsigned int len)
{
	const u8 *address = kmap(page);
	unsigned int i, sum = 0;

	for (i = 0; i < len; i++)
		sum += address[offset + i]; /* HERE */
	kunmap(page);
	return sum;
}

static unsigned int sum_of_fragment(struct page *page, unsigned int offset)
{
	unsigned int here = PAGE_SIZE - offset;

	if (after)
		return sum_of_part(page, offset, here) + sum_of_part(page + 1, 0, FRAGMENT - here);
	return sum_of_part(page, offset, FRAGMENT);
}

static int __init index_past_page_init(void)
{
	struct page *page = alloc_pages(GFP_HIGHUSER, 1), *other = alloc_page(GFP_HIGHUSER);

	if (page && other) {
		kmap(page);
		kmap(other);
		printk(KERN_INFO "sum %u\n", sum_of_fragment(page, PAGE_SIZE - 100));
		kunmap(other);
		kunmap(page);
	}
	if (other)
		__free_page(other);
	if (page)
		__free_pages(page, 1);
	return 0;
}

module_init(index_past_page_init);
MODULE_LICENSE("Dual MIT/GPL");
