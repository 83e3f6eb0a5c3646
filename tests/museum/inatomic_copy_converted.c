// SPDX-License-Identifier: MIT
/* kmap_atomic() disabled page faults, so that the copy failed where the user's page was not there; kmap_local_page() does not. */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

static bool after;
module_param(after, bool, 0444);

static unsigned long fill(struct page *page, const char *user)
{
	char *address = kmap_local_page(page);
	unsigned long left;

	if (after)
		pagefault_disable();
	left = __copy_from_user_inatomic(address, user, 64); /* HERE */
	if (after)
		pagefault_enable();
	kunmap_local(address);
	return left;
}

static int __init inatomic_copy_converted_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *user = kzalloc(64, GFP_KERNEL);

	if (page && user)
		fill(page, user);
	kfree(user);
	if (page)
		__free_page(page);
	return 0;
}

module_init(inatomic_copy_converted_init);
MODULE_LICENSE("Dual MIT/GPL");
