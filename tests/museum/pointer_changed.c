// SPDX-License-Identifier: MIT
/*
 * Unmapped with a changed pointer: the loop advances the pointer that kmap_atomic() returned through the whole page; at its
 * end it lies in the page behind, and that is what is unmapped. The kernel ignores it, and the mapping stays.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

#define OBJECT 128

static void link_objects(struct page *page)
{
	void *link, *mapped;
	unsigned int i;

	link = mapped = kmap_atomic(page);
	for (i = 0; i < PAGE_SIZE / OBJECT; i++, link += OBJECT)
		*(u32 *)link = i + 1;
	kunmap_atomic(after ? mapped : link); /* HERE */
}

static int __init pointer_changed_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	link_objects(page);
	__free_page(page);
	return 0;
}

module_init(pointer_changed_init);
MODULE_LICENSE("Dual MIT/GPL");
