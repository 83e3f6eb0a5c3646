// SPDX-License-Identifier: MIT
/*
 * Unmapped twice: the function unmaps on failure, and so does its caller.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int parse(struct page *page, const char *text)
{
	if (*text == 'x')
		return 0;
	if (!after)
		kunmap(page);
	return -EINVAL;
}

static int __init unmapped_twice_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *text;

	if (!page)
		return -ENOMEM;
	text = kmap(page);
	*text = 'y';
	if (parse(page, text))
		printk(KERN_INFO "not ours\n");
	kunmap(page); /* HERE */
	__free_page(page);
	return 0;
}

module_init(unmapped_twice_init);
MODULE_LICENSE("Dual MIT/GPL");
