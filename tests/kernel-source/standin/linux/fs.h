/* SPDX-License-Identifier: MIT */
#ifndef STANDIN_LINUX_FS_H
#define STANDIN_LINUX_FS_H

/* What hfsplus's own header mentions of file systems. The page cache is the driver's: read_mapping_page() below. */

#include <linux/highmem.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

typedef struct {
	uid_t val;
} kuid_t;
typedef struct {
	gid_t val;
} kgid_t;

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

struct address_space {
	struct page **pages;
	unsigned long nrpages;
};

struct super_block {
	void *s_fs_info;
	unsigned long s_blocksize;
};

struct inode {
	struct address_space *i_mapping;
	struct super_block *i_sb;
	loff_t i_size;
	umode_t i_mode;
	unsigned long i_ino;
};

struct file;
struct buffer_head;
struct seq_file;
struct dentry;
struct kstat;
struct iattr;
struct path;
struct user_namespace;
struct qstr;
struct writeback_control;
struct file_operations;
struct inode_operations;
struct address_space_operations;
struct dentry_operations;
struct fileattr;
typedef int (*filldir_t)(void);

#define mark_inode_dirty(inode) ((void)(inode))

/* The page is there, or it is not. */
static inline struct page *read_mapping_page(struct address_space *mapping, pgoff_t index, struct file *file)
{
	(void)file;
	if (index >= mapping->nrpages)
		return ERR_PTR(-EIO);
	get_page(mapping->pages[index]);
	return mapping->pages[index];
}

#endif
