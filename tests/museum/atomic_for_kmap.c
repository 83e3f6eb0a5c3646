// SPDX-License-Identifier: MIT
/*
 * A pointer of kmap_atomic() given to kunmap(), which takes a page: the mapping was changed to a temporary one, its end was not.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(2, 6, 37)
#define map_quickly(page) kmap_atomic(page, KM_USER0)
#define unmap_quickly(address) kunmap_atomic(address, KM_USER0)
#else
#define map_quickly(page) kmap_atomic(page)
#define unmap_quickly(address) kunmap_atomic(address)
#endif

static bool after;
module_param(after, bool, 0444);

static void clear(struct page *page)
{
	void *address = map_quickly(page);

	memset(address, 0, 64);
	if (after)
		unmap_quickly(address);
	else
		kunmap(address); /* HERE */
}

static int __init atomic_for_kmap_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	clear(page);
	__free_page(page);
	return 0;
}

module_init(atomic_for_kmap_init);
MODULE_LICENSE("Dual MIT/GPL");
