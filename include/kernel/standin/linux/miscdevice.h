/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MISCDEVICE_H
#define FXM_KERNEL_LINUX_MISCDEVICE_H

#if __has_include_next(<linux/miscdevice.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/miscdevice.h>
#else

/* Character devices of major number 10. */

#include <linux/device.h>
#include <linux/fs.h>

#define MISC_MAJOR 10
#define MISC_DYNAMIC_MINOR 255

struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	struct device *parent, *this_device;
	const struct attribute_group **groups;
	const char *nodename;
	umode_t mode;
	struct fxm_k_node node;
	struct device device;
};

/* Its open finds the structure in private_data, as drivers/char/misc.c leaves it. */
static __attribute__((unused)) int fxm_k_misc_open(void *object, void **file)
{
	const struct fxm_k_node *node = (const struct fxm_k_node *)object;
	struct fxm_k_opened *opened = (struct fxm_k_opened *)fxm_k_file_object(sizeof(*opened));
	int error = 0;

	if (!opened)
		return -ENOMEM;
	opened->inode = node->inode;
	opened->file.f_op = node->fops;
	opened->file.f_inode = &opened->inode;
	opened->file.f_flags = O_RDWR;
	opened->file.f_mode = FMODE_READ | FMODE_WRITE;
	opened->file.private_data = node->inode.i_private;
	if (node->fops->open)
		error = node->fops->open(&opened->inode, &opened->file);
	if (error)
		fxm_k_file_forget(opened);
	else
		*file = opened;
	return error;
}

static const struct fxm_file_ops fxm_k_misc_ops
    __attribute__((unused)) = {fxm_k_misc_open, fxm_k_fops_read, fxm_k_fops_write, fxm_k_fops_ioctl, fxm_k_fops_release};

FXM_K_INLINE int misc_register(struct miscdevice *misc)
{
	unsigned int minor = (unsigned int)misc->minor;
	int error = -EBUSY;

	if (misc->minor == MISC_DYNAMIC_MINOR) { /* downwards from 127 */
		for (minor = 127; minor && error == -EBUSY; minor--)
			error = fxm_k_cdev_region(MISC_MAJOR, minor, 1, misc->name);
		minor++;
	} else {
		error = fxm_k_cdev_region(MISC_MAJOR, minor, 1, misc->name);
	}
	if (error < 0)
		return error;
	misc->minor = (int)minor;
	misc->node.fops = misc->fops;
	misc->node.inode.i_rdev = MKDEV(MISC_MAJOR, minor);
	misc->node.inode.i_private = misc;
	misc->device.kobj.name = misc->name;
	misc->this_device = &misc->device;
	snprintf(misc->device.kobj.path, sizeof(misc->device.kobj.path), "/sys/class/misc/%s", misc->name);
	return fxm_k_cdev_add(MISC_MAJOR, minor, 1, &fxm_k_misc_ops, &misc->node);
}

FXM_K_INLINE void misc_deregister(struct miscdevice *misc)
{
	fxm_k_cdev_remove(&misc->node);
	fxm_k_cdev_region_end(MISC_MAJOR, (unsigned int)misc->minor);
}

#define module_misc_device(misc)                                                                                                   \
	static int fxm_k_misc_begin(void)                                                                                          \
	{                                                                                                                          \
		return misc_register(&(misc));                                                                                     \
	}                                                                                                                          \
	static void fxm_k_misc_end(void)                                                                                           \
	{                                                                                                                          \
		misc_deregister(&(misc));                                                                                          \
	}                                                                                                                          \
	module_init(fxm_k_misc_begin);                                                                                             \
	module_exit(fxm_k_misc_end)

#endif
#endif
