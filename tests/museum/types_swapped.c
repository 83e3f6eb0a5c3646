// SPDX-License-Identifier: MIT
/*
 * Unmapped with the type of another slot: the two unmaps are in the order of a stack, their types in that of the maps.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static void copy(struct page *to, struct page *from)
{
	char *source = kmap_atomic(from, KM_USER0);
	char *target = kmap_atomic(to, KM_USER1);

	memcpy(target, source, PAGE_SIZE);
	kunmap_atomic(target, after ? KM_USER1 : KM_USER0); /* HERE */
	kunmap_atomic(source, after ? KM_USER0 : KM_USER1);
}

static int __init types_swapped_init(void)
{
	struct page *from = alloc_page(GFP_HIGHUSER), *to = alloc_page(GFP_HIGHUSER);

	if (from && to)
		copy(to, from);
	if (to)
		__free_page(to);
	if (from)
		__free_page(from);
	return 0;
}

module_init(types_swapped_init);
MODULE_LICENSE("Dual MIT/GPL");
