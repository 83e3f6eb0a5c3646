// SPDX-License-Identifier: MIT
/*
 * A real mistake, made when kmap() was replaced by kmap_local_page(), whose mappings are a stack: the page mapped first is
 * unmapped first. kunmap_local() takes the topmost mapping away whatever it is given, so the one that is still in use goes.
 *
 *     fixmap insmod -p x86_32-6.1 local_order.c        (exit status 1)
 *
 * Profiles since 5.11. The kernel warns once per boot, then the access faults.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static char copy_page_and_peek(struct page *to, struct page *from)
{
	char *src = kmap_local_page(from);
	char *dst = kmap_local_page(to);
	char first;

	memcpy(dst, src, PAGE_SIZE);
	kunmap_local(src);
	first = *dst;
	kunmap_local(dst);
	return first;
}

static int __init local_order_init(void)
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

static void __exit local_order_exit(void)
{
}

module_init(local_order_init);
module_exit(local_order_exit);
MODULE_LICENSE("Dual MIT/GPL");
