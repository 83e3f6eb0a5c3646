/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own names in an ordinary program: the code between the lines could stand in a driver. The calls act for the CPU that
 * the main thread sits down on. Compile with the flags of `pkg-config fixmap-kernel`, or of `fixmap cflags -p PROFILE`.
 */
#include <stdio.h>

#include <fixmap/kernel.h>

/* -------- */
static int copy_and_sum(struct page *to, struct page *from)
{
	unsigned char *source = kmap_local_page(from), *target = kmap_local_page(to);
	int sum = 0;

	for (size_t i = 0; i < PAGE_SIZE; i++)
		sum += target[i] = source[i];
	kunmap_local(target);
	kunmap_local(source);
	return sum;
}
/* -------- */

int main(void)
{
	struct page *a = alloc_page(GFP_HIGHUSER), *b = alloc_page(GFP_HIGHUSER);
	unsigned char *va = kmap(a);

	memset(va, 3, PAGE_SIZE);
	kunmap(a);
	printf("the sum is %d\n", copy_and_sum(b, a));
	printf("both are highmem: %s\n", PageHighMem(a) && PageHighMem(b) ? "yes" : "no");
	__free_page(a);
	__free_page(b);
	return 0;
}
