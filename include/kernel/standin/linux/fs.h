/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_FS_H
#define FXM_KERNEL_LINUX_FS_H

#if __has_include_next(<linux/fs.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/fs.h>
#else

/*
 * Files that a module offers: file_operations behind /dev, /proc and debugfs, called from outside by `fixmap insmod --read` and its
 * kin, or fxm_file_open(). There are no file systems, inodes have a number only, and nobody can map or poll.
 */

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kdev_t.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct cdev;
struct file;
struct kiocb;
struct poll_table_struct;
struct vm_area_struct;

struct inode {
	dev_t i_rdev;
	umode_t i_mode;
	void *i_private;
	struct cdev *i_cdev;
	loff_t i_size;
};

struct file_operations {
	struct module *owner;
	loff_t (*llseek)(struct file *file, loff_t offset, int whence);
	ssize_t (*read)(struct file *file, char *buf, size_t size, loff_t *pos);
	ssize_t (*write)(struct file *file, const char *buf, size_t size, loff_t *pos);
	__poll_t (*poll)(struct file *file, struct poll_table_struct *wait);
	long (*unlocked_ioctl)(struct file *file, unsigned int command, unsigned long argument);
	long (*compat_ioctl)(struct file *file, unsigned int command, unsigned long argument);
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	int (*open)(struct inode *inode, struct file *file);
	int (*flush)(struct file *file, void *id);
	int (*release)(struct inode *inode, struct file *file);
	int (*fsync)(struct file *file, loff_t from, loff_t to, int datasync);
};

struct qstr {
	unsigned int len;
	const unsigned char *name;
};

/* What a path leads to: operations, and what their inode holds. @name: the last word of the path. */
struct fxm_k_node {
	const struct file_operations *fops;
	const char *name;
	struct inode inode;
};

/* A file's name; of debugfs, the file too. */
struct dentry {
	struct qstr d_name;
	unsigned char d_iname[40];
	char path[160];
	struct fxm_k_node node;
	void *value;
	int width; /* of a number, in bytes */
	bool is_hex;
	struct dentry *next;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	const struct file_operations *f_op;
	unsigned int f_flags;
	fmode_t f_mode;
	loff_t f_pos;
	void *private_data;
	struct inode *f_inode;
};

#define FMODE_READ 1u
#define FMODE_WRITE 2u
#ifndef O_RDONLY
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_ACCMODE 3
#define O_NONBLOCK 04000
#endif
#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif
#define file_inode(file) ((file)->f_inode)
#define file_dentry(file) ((file)->f_path.dentry)
#define iminor(inode) MINOR((inode)->i_rdev)
#define imajor(inode) MAJOR((inode)->i_rdev)
#define nonseekable_open(inode, file) ((void)(inode), (void)(file), 0)
#define no_llseek NULL

FXM_K_INLINE int simple_open(struct inode *inode, struct file *file)
{
	if (inode->i_private)
		file->private_data = inode->i_private;
	return 0;
}

FXM_K_INLINE loff_t default_llseek(struct file *file, loff_t offset, int whence)
{
	return file->f_pos = whence == SEEK_CUR ? file->f_pos + offset : offset;
}

#define noop_llseek default_llseek

/* Between a kernel buffer and a user's, at *@pos of @available bytes: what a file's read and write return. */
FXM_K_INLINE ssize_t simple_read_from_buffer(void *to, size_t count, loff_t *pos, const void *from, size_t available)
{
	if (*pos < 0)
		return -EINVAL;
	if ((size_t)*pos >= available || !count)
		return 0;
	count = count < available - (size_t)*pos ? count : available - (size_t)*pos;
	count -= copy_to_user(to, (const char *)from + *pos, count);
	*pos += (loff_t)count;
	return (ssize_t)count;
}

FXM_K_INLINE ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *pos, const void *from, size_t count)
{
	if (*pos < 0)
		return -EINVAL;
	if ((size_t)*pos >= available || !count)
		return 0;
	count = count < available - (size_t)*pos ? count : available - (size_t)*pos;
	count -= copy_from_user((char *)to + *pos, from, count);
	*pos += (loff_t)count;
	return (ssize_t)count;
}

/* ---- as the library calls them ---- */

/* One opening of a node. The library keeps neither: both are the module's memory. */
struct fxm_k_opened {
	struct file file;
	struct inode inode;
	struct dentry dentry;
};

static __attribute__((unused)) int fxm_k_fops_open(void *object, void **file)
{
	const struct fxm_k_node *node = (const struct fxm_k_node *)object;
	struct fxm_k_opened *opened = (struct fxm_k_opened *)fxm_k_file_object(sizeof(*opened));
	int error = 0;

	if (!opened)
		return -ENOMEM;
	opened->inode = node->inode;
	opened->file.f_op = node->fops;
	opened->file.f_inode = &opened->inode;
	opened->file.f_path.dentry = &opened->dentry;
	opened->dentry.d_name.name = (const unsigned char *)(node->name ? node->name : "");
	snprintf((char *)opened->dentry.d_iname, sizeof(opened->dentry.d_iname), "%s", (const char *)opened->dentry.d_name.name);
	opened->dentry.d_name.len = (unsigned int)strlen((const char *)opened->dentry.d_name.name);
	opened->file.f_flags = O_RDWR;
	opened->file.f_mode = FMODE_READ | FMODE_WRITE;
	if (node->fops->open)
		error = node->fops->open(&opened->inode, &opened->file);
	if (error)
		fxm_k_file_forget(opened);
	else
		*file = opened;
	return error;
}

static __attribute__((unused)) long fxm_k_fops_read(void *file, char *buf, size_t size, int64_t *pos)
{
	struct file *f = &((struct fxm_k_opened *)file)->file;
	loff_t at = *pos;
	long n = f->f_op->read ? f->f_op->read(f, buf, size, &at) : -EINVAL;

	*pos = f->f_pos = at;
	return n;
}

static __attribute__((unused)) long fxm_k_fops_write(void *file, const char *buf, size_t size, int64_t *pos)
{
	struct file *f = &((struct fxm_k_opened *)file)->file;
	loff_t at = *pos;
	long n = f->f_op->write ? f->f_op->write(f, buf, size, &at) : -EINVAL;

	*pos = f->f_pos = at;
	return n;
}

static __attribute__((unused)) long fxm_k_fops_ioctl(void *file, unsigned command, unsigned long argument)
{
	struct file *f = &((struct fxm_k_opened *)file)->file;

	return f->f_op->unlocked_ioctl ? f->f_op->unlocked_ioctl(f, command, argument) : -ENOTTY;
}

static __attribute__((unused)) void fxm_k_fops_release(void *file)
{
	struct fxm_k_opened *opened = (struct fxm_k_opened *)file;

	if (opened->file.f_op->release)
		opened->file.f_op->release(&opened->inode, &opened->file);
	fxm_k_file_forget(opened);
}

static const struct fxm_file_ops fxm_k_fops
    __attribute__((unused)) = {fxm_k_fops_open, fxm_k_fops_read, fxm_k_fops_write, fxm_k_fops_ioctl, fxm_k_fops_release};

/* ---- numbers of character devices ---- */

FXM_K_INLINE int alloc_chrdev_region(dev_t *dev, unsigned int minor, unsigned int count, const char *name)
{
	int major = fxm_k_cdev_region(0, minor, count, name);

	if (major < 0)
		return major;
	*dev = MKDEV(major, minor);
	return 0;
}

FXM_K_INLINE int register_chrdev_region(dev_t dev, unsigned int count, const char *name)
{
	int major = fxm_k_cdev_region(MAJOR(dev), MINOR(dev), count, name);

	return major < 0 ? major : 0;
}

FXM_K_INLINE void unregister_chrdev_region(dev_t dev, unsigned int count)
{
	(void)count;
	fxm_k_cdev_region_end(MAJOR(dev), MINOR(dev));
}

/* All minors of a major number. The nodes live in the module: one for each call in the source. */
#define register_chrdev(major_, name, fops_)                                                                                       \
	({                                                                                                                         \
		static struct fxm_k_node fxm_k_chrdev;                                                                             \
		int fxm_k_major = fxm_k_cdev_region(major_, 0, 256, name);                                                         \
		fxm_k_chrdev.fops = (fops_);                                                                                       \
		if (fxm_k_major > 0) {                                                                                             \
			fxm_k_chrdev.inode.i_rdev = MKDEV(fxm_k_major, 0);                                                         \
			fxm_k_cdev_add((unsigned)fxm_k_major, 0, 256, &fxm_k_fops, &fxm_k_chrdev);                                 \
		}                                                                                                                  \
		fxm_k_major > 0 && (major_) ? 0 : fxm_k_major;                                                                     \
	})

FXM_K_INLINE void unregister_chrdev(unsigned int major, const char *name)
{
	(void)name;
	fxm_k_cdev_remove_all(major);
}

#endif
#endif
