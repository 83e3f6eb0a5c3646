/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PROC_FS_H
#define FXM_KERNEL_LINUX_PROC_FS_H

#if __has_include_next(<linux/proc_fs.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/proc_fs.h>
#else

/* Files of /proc. 5.6 brought operations of their own; before, they are file_operations. */

#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/uidgid.h>
#include <linux/version.h>

struct proc_dir_entry {
	char path[128];
	struct proc_dir_entry *next;
	struct fxm_k_node node;
	struct file_operations fops;
	const struct seq_operations *seq;
	int (*show)(struct seq_file *m, void *v);
};

#if FXM_K_VERSION_CODE >= 0x050600
struct proc_ops {
	unsigned int proc_flags;
	int (*proc_open)(struct inode *inode, struct file *file);
	ssize_t (*proc_read)(struct file *file, char *buf, size_t size, loff_t *pos);
	ssize_t (*proc_write)(struct file *file, const char *buf, size_t size, loff_t *pos);
	loff_t (*proc_lseek)(struct file *file, loff_t offset, int whence);
	int (*proc_release)(struct inode *inode, struct file *file);
	__poll_t (*proc_poll)(struct file *file, struct poll_table_struct *wait);
	long (*proc_ioctl)(struct file *file, unsigned int command, unsigned long argument);
	int (*proc_mmap)(struct file *file, struct vm_area_struct *vma);
};
#define FXM_K_PROC_OPS struct proc_ops
#else
#define FXM_K_PROC_OPS struct file_operations
#endif

/* The entries of this file of the module: they are found again by name and freed with it. */
static struct proc_dir_entry *fxm_k_proc_entries __attribute__((unused));

FXM_K_INLINE struct proc_dir_entry *fxm_k_proc_add(const char *name, struct proc_dir_entry *parent, void *data,
						   const struct file_operations *fops)
{
	struct proc_dir_entry *entry = (struct proc_dir_entry *)fxm_k_file_object(sizeof(*entry));

	if (!entry)
		return NULL;
	snprintf(entry->path, sizeof(entry->path), "%s/%s", parent ? parent->path : "/proc", name);
	if (fops)
		entry->fops = *fops;
	entry->node.fops = &entry->fops;
	entry->node.name = strrchr(entry->path, '/') + 1;
	entry->node.inode.i_private = data;
	if (fxm_k_file_add(entry->path, fops ? &fxm_k_fops : NULL, &entry->node)) {
		pr_warn("proc_dir_entry '%s' already registered\n", entry->path + 6);
		fxm_k_file_forget(entry);
		return NULL;
	}
	entry->next = fxm_k_proc_entries;
	fxm_k_proc_entries = entry;
	return entry;
}

FXM_K_INLINE struct proc_dir_entry *proc_create_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
						     const FXM_K_PROC_OPS *ops, void *data)
{
	(void)mode;
#if FXM_K_VERSION_CODE >= 0x050600
	struct file_operations fops = {.open = ops->proc_open,
				       .read = ops->proc_read,
				       .write = ops->proc_write,
				       .llseek = ops->proc_lseek,
				       .release = ops->proc_release,
				       .unlocked_ioctl = ops->proc_ioctl};
	return fxm_k_proc_add(name, parent, data, &fops);
#else
	return fxm_k_proc_add(name, parent, data, ops);
#endif
}

#define proc_create(name, mode, parent, ops) proc_create_data(name, mode, parent, ops, NULL)
#define proc_mkdir(name, parent) fxm_k_proc_add(name, parent, NULL, NULL)
#define proc_mkdir_data(name, mode, parent, data) ((void)(mode), fxm_k_proc_add(name, parent, data, NULL))
#define proc_set_size(entry, size) ((void)((entry)->node.inode.i_size = (size)))
#define proc_set_user(entry, uid, gid) ((void)(entry), (void)(uid), (void)(gid))
#define pde_data(inode) ((inode)->i_private)
#define PDE_DATA(inode) pde_data(inode)

static __attribute__((unused)) int fxm_k_proc_open(struct inode *inode, struct file *file)
{
	struct proc_dir_entry *entry = fxm_k_proc_entries;

	while (entry && &entry->fops != file->f_op)
		entry = entry->next;
	if (!entry)
		return -ENOENT;
	return entry->show ? single_open(file, entry->show, inode->i_private) : seq_open(file, entry->seq);
}

static const struct file_operations fxm_k_proc_seq
    __attribute__((unused)) = {.open = fxm_k_proc_open, .read = seq_read, .llseek = seq_lseek, .release = seq_release};

FXM_K_INLINE struct proc_dir_entry *proc_create_single_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
							    int (*show)(struct seq_file *, void *), void *data)
{
	struct proc_dir_entry *entry = fxm_k_proc_add(name, parent, data, &fxm_k_proc_seq);

	(void)mode;
	if (entry)
		entry->show = show;
	return entry;
}
#define proc_create_single(name, mode, parent, show) proc_create_single_data(name, mode, parent, show, NULL)

FXM_K_INLINE struct proc_dir_entry *proc_create_seq_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
							 const struct seq_operations *ops, void *data)
{
	struct proc_dir_entry *entry = fxm_k_proc_add(name, parent, data, &fxm_k_proc_seq);

	(void)mode;
	if (entry)
		entry->seq = ops;
	return entry;
}
#define proc_create_seq(name, mode, parent, ops) proc_create_seq_data(name, mode, parent, ops, NULL)

/* What lies below goes too. */
static __attribute__((unused)) int fxm_k_proc_remove(const char *path)
{
	char folder[128];
	size_t len = strlen(path);
	int error;

	snprintf(folder, sizeof(folder), "%s", path); /* the path may be an entry's own */
	error = fxm_k_file_remove(folder);
	for (struct proc_dir_entry **at = &fxm_k_proc_entries; *at;) {
		struct proc_dir_entry *entry = *at;

		if (!strncmp(entry->path, folder, len) && (!entry->path[len] || entry->path[len] == '/')) {
			*at = entry->next;
			fxm_k_file_forget(entry);
		} else {
			at = &entry->next;
		}
	}
	return error;
}

static __attribute__((unused)) void remove_proc_entry(const char *name, struct proc_dir_entry *parent)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", parent ? parent->path : "/proc", name);
	WARN(fxm_k_proc_remove(path), "name '%s'\n", name);
}

#define remove_proc_subtree(name, parent) (remove_proc_entry(name, parent), 0)

FXM_K_INLINE void proc_remove(struct proc_dir_entry *entry)
{
	if (entry)
		fxm_k_proc_remove(entry->path);
}

#endif
#endif
