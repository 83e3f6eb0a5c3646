// SPDX-License-Identifier: MIT
/*
 * A string in a highmem page: kmap() gives the page an address in the pkmap area, below the fixmap.
 *
 *     fixmap insmod kmap_string.c
 *     fixmap insmod -p i386-2.6.12 kmap_string.c text=hello
 *
 * Any profile with highmem.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static char *text = "libfixmap";
module_param(text, charp, 0444);
MODULE_PARM_DESC(text, "what is written into the page");

static int __init kmap_string_init(void)
{
	struct page *page = alloc_page(__GFP_HIGHMEM);
	char *addr;

	if (!page)
		return -ENOMEM;
	addr = kmap(page);
	sprintf(addr, "%s-%s", text, __func__);
	printk(KERN_INFO "[%#lx] %s\n", (unsigned long)addr, addr);
	printk(KERN_INFO "pfn %lx is %s, pkmap slot %lu\n", page_to_pfn(page), PageHighMem(page) ? "highmem" : "lowmem",
	       PageHighMem(page) ? PKMAP_NR(addr) : 0);
	kunmap(page);
	__free_page(page);
	return 0;
}

static void __exit kmap_string_exit(void)
{
}

module_init(kmap_string_init);
module_exit(kmap_string_exit);
MODULE_LICENSE("Dual MIT/GPL");
