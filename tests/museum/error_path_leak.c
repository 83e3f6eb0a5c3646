// SPDX-License-Identifier: MIT
/*
 * Never unmapped: the error path returns before the kunmap(). The kmap pool is small and shared by everybody, so each such
 * error takes one slot from the whole system.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int read_header(struct page *page)
{
	unsigned char *header = kmap(page); /* HERE */
	int error = 0;

	if (header[0] != 0x7f) {
		error = -EINVAL;
		if (!after)
			return error;
	}
	kunmap(page);
	return error;
}

static int __init error_path_leak_init(void)
{
	/* A page of somebody else's in high memory, as get_user_pages() or the page cache gives it. */
	struct page *page = virt_to_page(high_memory - PAGE_SIZE) + 100;

	printk(KERN_INFO "header: %d\n", read_header(page));
	return 0;
}

module_init(error_path_leak_init);
MODULE_LICENSE("Dual MIT/GPL");
