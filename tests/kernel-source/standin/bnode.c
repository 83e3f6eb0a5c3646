/* SPDX-License-Identifier: MIT */
/* What fs/hfsplus/bnode.c calls of the rest of hfsplus: nodes are never given back here. */
#include <linux/fs.h>

struct hfs_bnode;
void hfsplus_bmap_free(struct hfs_bnode *node);

void hfsplus_bmap_free(struct hfs_bnode *node)
{
	(void)node;
	BUG();
}
