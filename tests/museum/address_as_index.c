// SPDX-License-Identifier: MIT
/*
 * An address passed to set_fixmap() as an index. Both are integers, so the compiler has nothing to say.
 */
#include <asm/fixmap.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init address_as_index_init(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long vaddr = __fix_to_virt(FIX_KMAP_BEGIN);

	if (!page)
		return -ENOMEM;
	if (after)
		set_fixmap(FIX_KMAP_BEGIN, page_to_phys(page));
	else
		set_fixmap(vaddr, page_to_phys(page)); /* HERE */
	clear_fixmap(FIX_KMAP_BEGIN);
	__free_page(page);
	return 0;
}

module_init(address_as_index_init);
MODULE_LICENSE("Dual MIT/GPL");
