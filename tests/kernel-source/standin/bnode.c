/* SPDX-License-Identifier: MIT */
/* What fs/hfsplus/bnode.c calls of others: a page cache that is an array, and of the rest of hfsplus what is never called here. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

struct hfs_bnode;
void hfsplus_bmap_free(struct hfs_bnode *node);

void hfsplus_bmap_free(struct hfs_bnode *node)
{
	(void)node;
	BUG();
}

/* The page is there, or it is not. */
struct page *read_cache_page(struct address_space *mapping, pgoff_t index, filler_t *filler, struct file *file)
{
	struct page **pages = mapping->private_data;

	(void)filler;
	(void)file;
	if (index >= mapping->nrpages)
		return ERR_PTR(-EIO);
	get_page(pages[index]);
	return pages[index];
}

void __mark_inode_dirty(struct inode *inode, int flags)
{
	(void)inode;
	(void)flags;
}
