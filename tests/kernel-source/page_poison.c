// SPDX-License-Identifier: MIT
/*
 * Drives mm/page_poison.c on highmem pages: they hold the pattern afterwards, whole pages are accepted, and a page that somebody
 * wrote to is told in the log.
 */
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/poison.h>

void __kernel_poison_pages(struct page *page, int n);
void __kernel_unpoison_pages(struct page *page, int n);

static bool corrupt;
module_param(corrupt, bool, 0);

static int holds_pattern(struct page *page)
{
	unsigned char *va = kmap_local_page(page);
	int holds = !memchr_inv(va, PAGE_POISON, PAGE_SIZE);

	kunmap_local(va);
	return holds;
}

static int __init page_poison_test(void)
{
	struct page *pages = alloc_pages(GFP_HIGHUSER, 2);
	int error = 0;

	if (!pages)
		return -ENOMEM;
	__kernel_poison_pages(pages, 4);
	for (int i = 0; i < 4; i++)
		if (!holds_pattern(pages + i))
			error = -EINVAL;
	if (corrupt) {
		unsigned char *va = kmap_local_page(pages + 2);
		va[123] ^= 1;
		kunmap_local(va);
	}
	__kernel_unpoison_pages(pages, 4);
	__free_pages(pages, 2);
	pr_info("page_poison: %s\n", error ? "wrong" : "as in plain memory");
	return error;
}
module_init(page_poison_test);
MODULE_LICENSE("MIT");
