// SPDX-License-Identifier: MIT
/*
 * Drives lib/scatterlist.c on highmem pages: what it copies, zeroes and iterates over must be what the same operations do to plain
 * memory.
 */
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

enum { PAGES = 7, SIZE = PAGES * 4096 };

static struct page *pages[PAGES];
static struct scatterlist sgl[PAGES];
static unsigned char *plain, *copy;
static unsigned int seed = 1;

static unsigned int random_below(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static void fill(unsigned char *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (unsigned char)random_below(256);
}

/* The list's bytes, one page after the other, read without the code under test. */
static int differs(const char *what, size_t total)
{
	size_t at = 0;

	for (int i = 0; i < PAGES && at < total; i++) {
		unsigned char *va = kmap_local_page(sg_page(&sgl[i]));
		int bad = memcmp(va + sgl[i].offset, plain + at, sgl[i].length);
		kunmap_local(va);
		at += sgl[i].length;
		if (bad) {
			pr_err("%s: entry %d differs\n", what, i);
			return -EINVAL;
		}
	}
	return 0;
}

/* Entries that begin and end anywhere in their pages. */
static size_t make_list(void)
{
	size_t total = 0;

	sg_init_table(sgl, PAGES);
	for (int i = 0; i < PAGES; i++) {
		unsigned int offset = random_below(4000), length = 1 + random_below(4096 - offset);
		sg_set_page(&sgl[i], pages[i], length, offset);
		total += length;
	}
	return total;
}

static int copies(void)
{
	size_t total = make_list(), skip = random_below((unsigned int)total), len = random_below((unsigned int)(total - skip)) + 1;

	fill(plain, total);
	if (sg_copy_from_buffer(sgl, PAGES, plain, total) != total || differs("sg_copy_from_buffer", total))
		return -EINVAL;
	memset(copy, 0, total);
	if (sg_copy_to_buffer(sgl, PAGES, copy, total) != total || memcmp(copy, plain, total))
		return -EINVAL;
	fill(plain + skip, len);
	if (sg_pcopy_from_buffer(sgl, PAGES, plain + skip, len, (off_t)skip) != len || differs("sg_pcopy_from_buffer", total))
		return -EINVAL;
	memset(plain + skip, 0, len);
	if (sg_zero_buffer(sgl, PAGES, len, (off_t)skip) != len || differs("sg_zero_buffer", total))
		return -EINVAL;
	return 0;
}

static int iterates(unsigned int flags)
{
	struct sg_mapping_iter miter;
	size_t total = make_list(), at = 0;

	sg_miter_start(&miter, sgl, PAGES, flags | SG_MITER_TO_SG);
	while (sg_miter_next(&miter)) {
		for (size_t i = 0; i < miter.length; i++)
			((unsigned char *)miter.addr)[i] = plain[at + i] = (unsigned char)random_below(256);
		at += miter.length;
		if (random_below(4) == 0 && miter.length > 3) { /* take less than was offered */
			miter.consumed = miter.length - 3;
			at -= 3;
		}
	}
	sg_miter_stop(&miter);
	return at == total ? differs("sg_miter", total) : -EINVAL;
}

static int tables(void)
{
	struct sg_table table;
	int error = sg_alloc_table_from_pages(&table, pages, PAGES, 100, SIZE - 200, GFP_KERNEL);

	if (error)
		return error;
	fill(plain, SIZE - 200);
	memset(copy, 0, SIZE);
	sg_copy_from_buffer(table.sgl, table.orig_nents, plain, SIZE - 200);
	sg_copy_to_buffer(table.sgl, table.orig_nents, copy, SIZE - 200);
	sg_free_table(&table);
	return memcmp(copy, plain, SIZE - 200) ? -EINVAL : 0;
}

static int run(void)
{
	int error = 0;

	for (int round = 0; round < 20 && !error; round++) {
		error = copies();
		if (!error)
			error = iterates(SG_MITER_ATOMIC);
		if (!error)
			error = iterates(0);
	}
	return error ? error : tables();
}

static int __init scatterlist_test(void)
{
	int error = -ENOMEM, n = 0;

	plain = kmalloc(SIZE, GFP_KERNEL);
	copy = kmalloc(SIZE, GFP_KERNEL);
	while (n < PAGES && (pages[n] = alloc_page(GFP_HIGHUSER)))
		n++;
	if (plain && copy && n == PAGES)
		error = run();
	while (n--)
		__free_page(pages[n]);
	kfree(plain);
	kfree(copy);
	pr_info("scatterlist: %s\n", error ? "wrong" : "as in plain memory");
	return error;
}
module_init(scatterlist_test);
MODULE_LICENSE("MIT");
