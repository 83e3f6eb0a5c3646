// SPDX-License-Identifier: MIT
/*
 * A pointer kept after kunmap(). The kernel leaves the entry in place until the next flush, so this works, most of the time,
 * on every kernel; the library reports it and lets it go on.
 *
 *     fixmap insmod use_after_unmap.c        (exit status 1)
 *
 * Any profile with highmem.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static int __init use_after_unmap_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *text;

	if (!page)
		return -ENOMEM;
	text = kmap(page);
	text[0] = 'x';
	kunmap(page);
	pr_info("it still reads %c\n", text[0]);
	__free_page(page);
	return 0;
}

static void __exit use_after_unmap_exit(void)
{
}

module_init(use_after_unmap_init);
module_exit(use_after_unmap_exit);
MODULE_LICENSE("Dual MIT/GPL");
