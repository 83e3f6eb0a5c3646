// SPDX-License-Identifier: MIT
/*
 * User memory copied while the page is mapped with kmap_atomic(): the user's page may be absent, and nobody may fetch it. With
 * kmap() around the copy the fault may sleep.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>
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

static char users[64];

static unsigned long fetch(struct page *page)
{
	char *address;
	unsigned long missing;

	if (after) {
		address = kmap(page);
		missing = copy_from_user(address, users, sizeof(users));
		kunmap(page);
	} else {
		address = map_quickly(page);
		missing = copy_from_user(address, users, sizeof(users)); /* HERE */
		unmap_quickly(address);
	}
	return missing;
}

static int __init user_access_inside_atomic_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	fetch(page);
	__free_page(page);
	return 0;
}

module_init(user_access_inside_atomic_init);
MODULE_LICENSE("Dual MIT/GPL");
