// SPDX-License-Identifier: MIT
/*
 * The page given where the address is wanted: kunmap() takes the one, kunmap_atomic() the other. As a void * in a structure of
 * the driver's it compiles, and the kernel takes it for an address in the direct map, which it ignores.
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

struct request {
	void *payload;
};

static void clear_payload(struct request *request)
{
	void *address = map_quickly(request->payload);

	memset(address, 0, 64);
	unmap_quickly(after ? address : request->payload); /* HERE */
}

static int __init page_for_address_init(void)
{
	struct request request = { .payload = alloc_page(GFP_HIGHUSER) };

	if (!request.payload)
		return -ENOMEM;
	clear_payload(&request);
	__free_page(request.payload);
	return 0;
}

module_init(page_for_address_init);
MODULE_LICENSE("Dual MIT/GPL");
