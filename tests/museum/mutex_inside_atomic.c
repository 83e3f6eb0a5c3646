// SPDX-License-Identifier: MIT
/*
 * Sleeping while atomic: the list that the page is entered in has a mutex, and the page is mapped with kmap_atomic().
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
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

static DEFINE_MUTEX(list_lock);

static void enter(struct page *page)
{
	char *address = map_quickly(page);

	address[0] = 'x';
	if (after)
		unmap_quickly(address);
	mutex_lock(&list_lock); /* HERE */
	mutex_unlock(&list_lock);
	if (!after)
		unmap_quickly(address);
}

static int __init mutex_inside_atomic_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	enter(page);
	__free_page(page);
	return 0;
}

module_init(mutex_inside_atomic_init);
MODULE_LICENSE("Dual MIT/GPL");
