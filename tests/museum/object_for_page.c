// SPDX-License-Identifier: MIT
/*
 * Another object given where the page is wanted: the request instead of the page it carries.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

static bool after;
module_param(after, bool, 0444);

struct request {
	unsigned int len;
	struct page *page;
};

static void clear_payload(struct request *request)
{
	void *untyped = request;

	memset(kmap(request->page), 0, request->len);
	kunmap(after ? request->page : untyped); /* HERE */
}

static int __init object_for_page_init(void)
{
	struct request *request = kmalloc(sizeof(*request), GFP_KERNEL);

	if (!request)
		return -ENOMEM;
	request->page = alloc_page(GFP_HIGHUSER);
	request->len = 64;
	if (request->page) {
		clear_payload(request);
		__free_page(request->page);
	}
	kfree(request);
	return 0;
}

module_init(object_for_page_init);
MODULE_LICENSE("Dual MIT/GPL");
