/* SPDX-License-Identifier: MIT */
/* The unit that is compiled with checks: one pointer that outlived its mapping, in whose slot the page is mapped again. */
#include "kernel.h"

#include <linux/highmem.h>

static char *stale, *live;

void map_and_keep(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);

	stale = kmap_local_page(page);
	kunmap_local(stale);
	live = kmap_local_page(page);
}

void touch(void)
{
	*(volatile char *)live += 1;
}

void use_stale(void)
{
	*(volatile char *)stale += 1; /* HERE */
}

void use_of_host(volatile char *p)
{
	p[7] += 1;
}
