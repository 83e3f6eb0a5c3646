// SPDX-License-Identifier: MIT
/*
 * Unmapped twice: the helper unmaps on failure, and so does its caller.
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

static int parse(char *text)
{
	if (*text == 'x')
		return 0;
	if (!after)
		unmap_quickly(text);
	return -EINVAL;
}

static int __init unmapped_twice_atomic_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *text;

	if (!page)
		return -ENOMEM;
	text = map_quickly(page);
	*text = 'y';
	if (parse(text))
		printk(KERN_INFO "not ours\n");
	unmap_quickly(text); /* HERE */
	__free_page(page);
	return 0;
}

module_init(unmapped_twice_atomic_init);
MODULE_LICENSE("Dual MIT/GPL");
