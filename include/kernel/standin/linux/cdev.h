/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_CDEV_H
#define FXM_KERNEL_LINUX_CDEV_H

#if __has_include_next(<linux/cdev.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/cdev.h>
#else

/* A character device that a module embeds in a structure of its own. */

#include <linux/container_of.h>
#include <linux/fs.h>

struct cdev {
	struct module *owner;
	const struct file_operations *ops;
	dev_t dev;
	unsigned int count;
	struct fxm_k_node node;
};

FXM_K_INLINE void cdev_init(struct cdev *cdev, const struct file_operations *fops)
{
	memset(cdev, 0, sizeof(*cdev));
	cdev->ops = fops;
}

FXM_K_INLINE struct cdev *cdev_alloc(void)
{
	return (struct cdev *)kzalloc(sizeof(struct cdev), GFP_KERNEL);
}

FXM_K_INLINE int cdev_add(struct cdev *cdev, dev_t dev, unsigned int count)
{
	cdev->dev = dev;
	cdev->count = count;
	cdev->node.fops = cdev->ops;
	cdev->node.inode.i_rdev = dev;
	cdev->node.inode.i_cdev = cdev;
	return fxm_k_cdev_add(MAJOR(dev), MINOR(dev), count, &fxm_k_fops, &cdev->node);
}

FXM_K_INLINE void cdev_del(struct cdev *cdev)
{
	fxm_k_cdev_remove(&cdev->node);
}

#endif
#endif
