// SPDX-License-Identifier: MIT
/*
 * An index given where the address is wanted: the number of the buffer instead of where it is mapped.
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

static void clear(struct page *page, unsigned long number)
{
	void *address = map_quickly(page);

	memset(address, 0, 64);
	unmap_quickly(after ? address : (void *)number); /* HERE */
}

static int __init index_for_address_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	clear(page, 3);
	__free_page(page);
	return 0;
}

module_init(index_for_address_init);
MODULE_LICENSE("Dual MIT/GPL");
