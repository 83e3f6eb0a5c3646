// SPDX-License-Identifier: MIT
/*
 * A real mistake, made in more than one driver: two pages are mapped to copy one to the other, and the first is unmapped
 * first. kunmap_atomic() takes the topmost slot away whatever it is given, so the mapping that is still in use goes.
 *
 *     fixmap insmod -o DEBUG_HIGHMEM=1 wrong_order.c        (exit status 1)
 *
 * Profiles 2.6.37 to 5.10. Without DEBUG_HIGHMEM the kernel says nothing before the access faults.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static char copy_page_and_peek(struct page *to, struct page *from)
{
	char *src = kmap_atomic(from);
	char *dst = kmap_atomic(to);
	char first;

	memcpy(dst, src, PAGE_SIZE);
	kunmap_atomic(src);
	first = *dst;
	kunmap_atomic(dst);
	return first;
}

static int __init wrong_order_init(void)
{
	struct page *from = alloc_page(GFP_HIGHUSER), *to = alloc_page(GFP_HIGHUSER);

	if (from && to)
		pr_info("the copy begins with %d\n", copy_page_and_peek(to, from));
	if (from)
		__free_page(from);
	if (to)
		__free_page(to);
	return 0;
}

static void __exit wrong_order_exit(void)
{
}

module_init(wrong_order_init);
module_exit(wrong_order_exit);
MODULE_LICENSE("Dual MIT/GPL");
