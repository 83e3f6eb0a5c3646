// SPDX-License-Identifier: MIT
/*
 * A compound page treated as one page: kmap_local_page() shows the first 4 KiB of it only, and the copy runs over its end. In
 * low memory it works by luck, unless the kernel is built to map lowmem pages too (DEBUG_KMAP_LOCAL_FORCE_MAP).
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static bool low;
module_param(low, bool, 0444);

#define ORDER 1

static void fill(struct page *pages, unsigned int offset, unsigned int len)
{
	while (len) {
		unsigned int part = len, i;
		volatile u8 *to;

		if (after && part > PAGE_SIZE - offset % PAGE_SIZE)
			part = PAGE_SIZE - offset % PAGE_SIZE;
		to = (u8 *)kmap_local_page(pages + offset / PAGE_SIZE) + offset % PAGE_SIZE;
		for (i = 0; i < part; i++)
			to[i] = 0x5a; /* HERE */
		kunmap_local((void *)to);
		offset += part;
		len -= part;
	}
}

static int __init compound_as_one_init(void)
{
	struct page *pages = alloc_pages((low ? GFP_KERNEL : GFP_HIGHUSER) | __GFP_COMP, ORDER);

	if (!pages)
		return -ENOMEM;
	fill(pages, 4000, 200);
	__free_pages(pages, ORDER);
	return 0;
}

module_init(compound_as_one_init);
MODULE_LICENSE("Dual MIT/GPL");
