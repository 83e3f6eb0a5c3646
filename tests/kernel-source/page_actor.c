// SPDX-License-Identifier: MIT
/*
 * Drives fs/squashfs/page_actor.c: a block is "decompressed" page by page into highmem pages of the page cache, some of which are
 * not there, and into plain buffers.
 */
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "squashfs_fs_sb.h"

#include "decompressor.h"
#include "page_actor.h"

enum { BLOCK_PAGES = 16, BLOCK = BLOCK_PAGES * 4096 };

static unsigned char byte_at(size_t at)
{
	return (unsigned char)(at * 7 + (at >> 12) * 31);
}

/* Writes the whole block through @actor; returns how many bytes it took. */
static size_t decompress(struct squashfs_page_actor *actor, size_t size)
{
	size_t at = 0;

	for (unsigned char *to = squashfs_first_page(actor); to; to = squashfs_next_page(actor)) {
		if (IS_ERR(to))
			return 0;
		for (size_t i = 0; i < 4096 && at < size; i++, at++)
			to[i] = byte_at(at);
	}
	squashfs_finish_page(actor);
	return at;
}

static int check_page(struct page *page, size_t size)
{
	unsigned char *va = kmap_local_page(page);
	size_t first = (page->index % BLOCK_PAGES) * 4096;
	int error = 0;

	for (size_t i = 0; i < 4096 && first + i < size; i++)
		if (va[i] != byte_at(first + i))
			error = -EINVAL;
	kunmap_local(va);
	return error;
}

/* Pages of which bit i of @present says whether page i of the block is in the page cache; page 0 of it is index 32. */
static int into_pages(unsigned int present, size_t size)
{
	static const struct squashfs_decompressor decompressor = {.alloc_buffer = 1};
	struct squashfs_sb_info msblk = {.decompressor = &decompressor, .block_log = 16};
	struct page *pages[BLOCK_PAGES];
	int n = 0, error = -ENOMEM;

	for (unsigned int i = 0; i < BLOCK_PAGES; i++)
		if (present >> i & 1) {
			pages[n] = alloc_page(GFP_HIGHUSER);
			pages[n++]->index = 2 * BLOCK_PAGES + i;
		}
	struct squashfs_page_actor *actor = squashfs_page_actor_init_special(&msblk, pages, n, (int)size);
	if (actor) {
		error = decompress(actor, size) == size ? 0 : -EIO;
		squashfs_page_actor_free(actor);
	}
	while (n--) {
		if (!error)
			error = check_page(pages[n], size);
		__free_page(pages[n]);
	}
	return error;
}

static int into_buffers(void)
{
	void *buffer[4];
	int error = 0;

	for (int i = 0; i < 4; i++)
		buffer[i] = kmalloc(4096, GFP_KERNEL);
	struct squashfs_page_actor *actor = squashfs_page_actor_init(buffer, 4, 0);
	if (decompress(actor, 4 * 4096) != 4 * 4096)
		error = -EIO;
	squashfs_page_actor_free(actor);
	for (size_t i = 0; i < 4; i++) {
		for (size_t at = 0; at < 4096; at++)
			if (((unsigned char *)buffer[i])[at] != byte_at(i * 4096 + at))
				error = -EINVAL;
		kfree(buffer[i]);
	}
	return error;
}

static int __init page_actor_test(void)
{
	static const unsigned int present[] = {0xffff, 0x0001, 0x8000, 0x5555, 0xff01, 0x7ffe};
	int error = into_buffers();

	for (size_t i = 0; i < ARRAY_SIZE(present) && !error; i++) {
		error = into_pages(present[i], BLOCK);
		if (!error)
			error = into_pages(present[i], BLOCK - 5000);
	}
	pr_info("page_actor: %s\n", error ? "wrong" : "as in plain memory");
	return error;
}
module_init(page_actor_test);
MODULE_LICENSE("MIT");
