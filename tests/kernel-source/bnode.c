// SPDX-License-Identifier: MIT
/*
 * Drives fs/hfsplus/bnode.c: B-tree nodes of two pages in highmem, read, written, cleared, copied and moved at random, as in two
 * plain buffers.
 *
 * hfs_bnode_move() has two mistakes that only highmem shows. To a higher offset, across pages, it passes kunmap_local() a pointer
 * one past the page, which is the neighbouring slot's: the wrong page leaves the TLB, and later data go astray. And it maps a page
 * twice when both ranges lie in it, so that memmove() cannot see that they overlap. upwards=1 does what is left out else.
 */
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "hfsplus_fs.h"

static bool upwards;
module_param(upwards, bool, 0);

enum { NODE = 8192, NODES = 2, PAGES = NODES * NODE / 4096 };

static struct page *pages[PAGES];
static unsigned char *plain[NODES], *copy;
static unsigned int seed = 3;

static unsigned int random_below(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static int same(struct hfs_bnode **node, const char *what)
{
	for (int i = 0; i < NODES; i++) {
		hfs_bnode_read(node[i], copy, 0, NODE);
		if (memcmp(copy, plain[i], NODE)) {
			pr_err("bnode: %s: node %d differs\n", what, i);
			return -EINVAL;
		}
	}
	return 0;
}

static int change(struct hfs_bnode **node)
{
	unsigned int n = random_below(NODES), other = NODES - 1 - n;
	unsigned int to = random_below(NODE), from = random_below(NODE), most = NODE - (to > from ? to : from);
	unsigned int len = 1 + random_below(most);

	switch (random_below(5)) {
	case 0:
		for (unsigned int i = 0; i < len; i++)
			plain[n][to + i] = (unsigned char)random_below(256);
		hfs_bnode_write(node[n], plain[n] + to, to, len);
		return same(node, "hfs_bnode_write");
	case 1:
		memset(plain[n] + to, 0, len);
		hfs_bnode_clear(node[n], to, len);
		return same(node, "hfs_bnode_clear");
	case 2:
		if (to > NODE - 2)
			return 0;
		plain[n][to] = 0x12;
		plain[n][to + 1] = 0x34;
		hfs_bnode_write_u16(node[n], to, 0x1234);
		return hfs_bnode_read_u16(node[n], to) == 0x1234 ? same(node, "hfs_bnode_write_u16") : -EINVAL;
	case 3:
		if (!upwards && (to > from ? to - from : from - to) < len)
			return 0;
		if (to > from && !upwards && (to % 4096 + len >= 4096 || from % 4096 + len >= 4096))
			return 0;
		memmove(plain[n] + to, plain[n] + from, len);
		hfs_bnode_move(node[n], to, from, len);
		return same(node, "hfs_bnode_move");
	default:
		memcpy(plain[other] + to, plain[n] + from, len);
		hfs_bnode_copy(node[other], to, node[n], from, len);
		return same(node, "hfs_bnode_copy");
	}
}

static int run(struct hfs_btree *tree)
{
	struct hfs_bnode *node[NODES];
	int error = 0;

	for (unsigned int i = 0; i < NODES; i++) {
		node[i] = hfs_bnode_create(tree, i);
		if (IS_ERR(node[i]))
			return (int)PTR_ERR(node[i]);
		clear_bit(HFS_BNODE_NEW, &node[i]->flags);
	}
	error = same(node, "hfs_bnode_create");
	for (int round = 0; round < 400 && !error; round++)
		error = change(node);
	for (int i = 0; i < NODES; i++) {
		hfs_bnode_unhash(node[i]);
		hfs_bnode_free(node[i]);
	}
	return error;
}

static int __init bnode_test(void)
{
	struct hfs_btree *tree = kzalloc(sizeof(*tree), GFP_KERNEL);
	struct address_space mapping = {.private_data = pages, .nrpages = PAGES};
	struct super_block sb = {.s_fs_info = NULL};
	struct inode inode = {.i_mapping = &mapping, .i_sb = &sb};
	int error = -ENOMEM, n = 0;

	copy = kmalloc(NODE, GFP_KERNEL);
	for (int i = 0; i < NODES; i++)
		plain[i] = kzalloc(NODE, GFP_KERNEL);
	while (n < PAGES && (pages[n] = alloc_page(GFP_HIGHUSER)))
		n++;
	if (tree && copy && plain[NODES - 1] && n == PAGES) {
		tree->sb = &sb;
		tree->inode = &inode;
		tree->node_size = NODE;
		tree->node_size_shift = 13;
		tree->pages_per_bnode = 2;
		tree->node_count = NODES;
		spin_lock_init(&tree->hash_lock);
		error = run(tree);
	}
	while (n--)
		__free_page(pages[n]);
	for (int i = 0; i < NODES; i++)
		kfree(plain[i]);
	kfree(copy);
	kfree(tree);
	pr_info("bnode: %s\n", error ? "wrong" : "as in plain memory");
	return error;
}
module_init(bnode_test);
MODULE_LICENSE("MIT");
