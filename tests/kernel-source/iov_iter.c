// SPDX-License-Identifier: MIT
/*
 * Drives lib/iov_iter.c: bytes go into and out of highmem pages through iterators over them (bvec), and from highmem pages into
 * iterators over plain memory (kvec), in pieces of any size; all as one memcpy() in plain memory.
 */
#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>

enum { PAGES = 6, SIZE = PAGES * 4096 };

static struct page *pages[PAGES];
static struct bio_vec bvec[PAGES];
static unsigned char *plain, *copy;
static unsigned int seed = 5;

static unsigned int random_below(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static size_t make_vector(void)
{
	size_t total = 0;

	for (int i = 0; i < PAGES; i++) {
		bvec[i].bv_page = pages[i];
		bvec[i].bv_offset = random_below(4000);
		bvec[i].bv_len = 1 + random_below(4096 - bvec[i].bv_offset);
		total += bvec[i].bv_len;
	}
	return total;
}

static int bytes(void)
{
	struct iov_iter iter;
	size_t total = make_vector(), skip = random_below((unsigned int)total), at, n;

	for (size_t i = 0; i < total; i++)
		plain[i] = (unsigned char)random_below(256);
	iov_iter_bvec(&iter, READ, bvec, PAGES, total);
	for (at = 0; at < total; at += n) {
		n = 1 + random_below((unsigned int)(total - at));
		if (copy_to_iter(plain + at, n, &iter) != n)
			return -EIO;
	}
	iov_iter_bvec(&iter, READ, bvec, PAGES, total);
	iov_iter_advance(&iter, skip);
	n = random_below((unsigned int)(total - skip));
	memset(plain + skip, 0, n);
	if (iov_iter_zero(n, &iter) != n)
		return -EIO;
	memset(copy, 0x55, total);
	iov_iter_bvec(&iter, WRITE, bvec, PAGES, total);
	for (at = 0; at < total; at += n) {
		n = 1 + random_below((unsigned int)(total - at));
		if (copy_from_iter(copy + at, n, &iter) != n)
			return -EIO;
	}
	return memcmp(copy, plain, total) ? -EINVAL : 0;
}

/* A page into the middle of plain memory, and back into another page. */
static int whole_pages(void)
{
	unsigned int offset = random_below(4000), len = 1 + random_below(4096 - offset);
	struct kvec vec[2] = {{copy, 700}, {copy + 1000, 4096}};
	struct iov_iter iter;
	unsigned char *a, *b;
	int error = 0;

	iov_iter_kvec(&iter, READ, vec, 2, 700 + 4096);
	if (copy_page_to_iter(pages[0], offset, len, &iter) != len)
		return -EIO;
	iov_iter_kvec(&iter, WRITE, vec, 2, 700 + 4096);
	if (copy_page_from_iter(pages[1], offset, len, &iter) != len)
		return -EIO;
	a = kmap_local_page(pages[0]);
	b = kmap_local_page(pages[1]);
	if (memcmp(a + offset, b + offset, len))
		error = -EINVAL;
	kunmap_local(b);
	kunmap_local(a);
	return error;
}

static int __init iov_iter_test(void)
{
	int error = -ENOMEM, n = 0;

	plain = kmalloc(SIZE, GFP_KERNEL);
	copy = kmalloc(SIZE, GFP_KERNEL);
	while (n < PAGES && (pages[n] = alloc_page(GFP_HIGHUSER)))
		n++;
	if (plain && copy && n == PAGES) {
		error = 0;
		for (int round = 0; round < 50 && !error; round++) {
			error = bytes();
			if (!error)
				error = whole_pages();
		}
	}
	while (n--)
		__free_page(pages[n]);
	kfree(plain);
	kfree(copy);
	pr_info("iov_iter: %s\n", error ? "wrong" : "as in plain memory");
	return error;
}
module_init(iov_iter_test);
MODULE_LICENSE("MIT");
