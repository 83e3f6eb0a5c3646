// SPDX-License-Identifier: MIT
/*
 * Access past the mapped page where another mapping lies behind it: nothing faults, and the neighbour's page is overwritten. Two
 * pages of a record are mapped, and the second happens to get the slot behind the first; the copy relies on that.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

static bool after;
module_param(after, bool, 0444);

static char record[256];

static void store(struct page *one, struct page *two, unsigned int offset)
{
	char *first = kmap(one), *second = kmap(two);
	unsigned int len = PAGE_SIZE - offset;

	second[0] = 0;
	if (after) {
		memcpy(first + offset, record, len);
		memcpy(second, record + len, sizeof(record) - len);
	} else {
		memcpy(first + offset, record, sizeof(record)); /* HERE */
	}
	kunmap(two);
	kunmap(one);
}

static int __init past_into_neighbour_init(void)
{
	struct page *one = alloc_page(GFP_HIGHUSER), *two = alloc_page(GFP_HIGHUSER);

	if (one && two)
		store(one, two, PAGE_SIZE - 100);
	if (two)
		__free_page(two);
	if (one)
		__free_page(one);
	return 0;
}

module_init(past_into_neighbour_init);
MODULE_LICENSE("Dual MIT/GPL");
