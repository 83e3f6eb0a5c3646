// SPDX-License-Identifier: MIT
/*
 * virt_to_phys() of a kmap address: it subtracts PAGE_OFFSET, which is right in the direct map only; the device would be given
 * a wrong address.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <asm/io.h>

static bool after;
module_param(after, bool, 0444);

static phys_addr_t dma_address(struct page *page, unsigned int offset)
{
	char *text = kmap(page);
	phys_addr_t address;

	if (after)
		address = page_to_phys(page) + offset;
	else
		address = virt_to_phys(text + offset); /* HERE */
	kunmap(page);
	return address;
}

static int __init pa_of_mapping_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	pr_info("%llx\n", (unsigned long long)dma_address(page, 64));
	__free_page(page);
	return 0;
}

module_init(pa_of_mapping_init);
MODULE_LICENSE("Dual MIT/GPL");
