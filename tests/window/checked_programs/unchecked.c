/* SPDX-License-Identifier: MIT */
/* A unit without checks, which maps by itself. */
#include <linux/highmem.h>

void unchecked_pair(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *p = kmap_local_page(page);

	*(volatile char *)p = 1;
	kunmap_local(p);
	*(volatile char *)p = 2; /* HERE */
	__free_page(page);
}
