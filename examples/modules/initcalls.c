// SPDX-License-Identifier: MIT
/*
 * Hooks into boot: fixmap_initcall() runs when the fixmap is up, kmap_initcall() when kmap is, both before any module_init().
 *
 *     fixmap insmod initcalls.c
 *
 * Any profile with highmem.
 */
#include <asm/fixmap.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static int __init after_fixmap(void)
{
	pr_info("fixmap is up: %d fixed addresses, from %#lx down\n", __end_of_fixed_addresses, FIXADDR_TOP);
	return 0;
}
fixmap_initcall(after_fixmap);

static int __init after_kmap(void)
{
	struct page *page = alloc_page(__GFP_HIGHMEM);

	if (!page)
		return -ENOMEM;
	pr_info("kmap is up: the first page went to %px\n", kmap(page));
	kunmap(page);
	__free_page(page);
	return 0;
}
kmap_initcall(after_kmap);

static int __init initcalls_init(void)
{
	pr_info("module_init comes last\n");
	return 0;
}

static void __exit initcalls_exit(void)
{
}

module_init(initcalls_init);
module_exit(initcalls_exit);
MODULE_LICENSE("Dual MIT/GPL");
