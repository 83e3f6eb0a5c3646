// SPDX-License-Identifier: MIT
/*
 * Never unmapped: a loop over the pages of a directory leaves by `goto` when it has found its entry, past the kunmap_local().
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

#define PAGES 3

static int find_entry(struct page **pages, char name)
{
	char *entries;
	int i;

	for (i = 0; i < PAGES; i++) {
		entries = kmap_local_page(pages[i]); /* HERE */
		if (*entries == name)
			goto found;
		kunmap_local(entries);
	}
	return -ENOENT;
found:
	if (after)
		kunmap_local(entries);
	return i;
}

static int __init local_leak_init(void)
{
	/* Pages of somebody else's in high memory, as the page cache gives them. */
	struct page *pages[PAGES], *first = virt_to_page(high_memory - PAGE_SIZE) + 100;
	int i;

	for (i = 0; i < PAGES; i++) {
		pages[i] = first + i;
		memset_page(pages[i], 0, 'a' + i, 1);
	}
	pr_info("b is in page %d\n", find_entry(pages, 'b'));
	return 0;
}

module_init(local_leak_init);
MODULE_LICENSE("Dual MIT/GPL");
