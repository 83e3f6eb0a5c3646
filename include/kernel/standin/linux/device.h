/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_DEVICE_H
#define FXM_KERNEL_LINUX_DEVICE_H

#if __has_include_next(<linux/device.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/device.h>
#else

/* Devices as far as modules make them for their numbers: a class, and /dev/NAME. No driver is bound to one. */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/printk.h>
#include <linux/version.h>

struct class
{
	const char *name;
};

struct device {
	struct kobject kobj;
	dev_t devt;
	void *driver_data;
	struct device *parent;
	char name[64];
};

struct device_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device *dev, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *dev, struct device_attribute *attr, const char *buf, size_t count);
};

#define DEVICE_ATTR(name_, mode_, show_, store_) struct device_attribute dev_attr_##name_ = __ATTR(name_, mode_, show_, store_)
#define DEVICE_ATTR_RO(name_) struct device_attribute dev_attr_##name_ = __ATTR_RO(name_)
#define DEVICE_ATTR_RW(name_) struct device_attribute dev_attr_##name_ = __ATTR_RW(name_)
#define DEVICE_ATTR_WO(name_) struct device_attribute dev_attr_##name_ = __ATTR_WO(name_)

FXM_K_INLINE struct class *fxm_k_class_create(const char *name)
{
	struct class *made = (struct class *)kzalloc(sizeof(*made), GFP_KERNEL);

	if (!made)
		return (struct class *)ERR_PTR(-ENOMEM);
	made->name = name;
	return made;
}

/* 6.4 took the owner away. */
#if FXM_K_VERSION_CODE >= 0x060400
#define class_create(name) fxm_k_class_create(name)
#else
#define class_create(owner, name) ((void)(owner), fxm_k_class_create(name))
#endif
#define class_destroy(class_) kfree(class_)

#define device_create(class_, parent_, devt_, data_, ...)                                                                          \
	({                                                                                                                         \
		struct device *fxm_k_device = (struct device *)kzalloc(sizeof(struct device), GFP_KERNEL);                         \
		if (fxm_k_device)                                                                                                  \
			snprintf(fxm_k_device->name, sizeof(fxm_k_device->name), __VA_ARGS__);                                     \
		fxm_k_device_add(fxm_k_device, class_, parent_, devt_, data_);                                                     \
	})

/* Found again by device_destroy(), which has the number alone. One list for each file of the module. */
static struct fxm_k_device_of {
	dev_t devt;
	struct device *device;
} fxm_k_devices[16] __attribute__((unused));

FXM_K_INLINE struct device *fxm_k_device_add(struct device *dev, const struct class *class_, struct device *parent, dev_t devt,
					     void *data)
{
	if (!dev)
		return (struct device *)ERR_PTR(-ENOMEM);
	dev->parent = parent;
	dev->devt = devt;
	dev->driver_data = data;
	dev->kobj.name = dev->name;
	snprintf(dev->kobj.path, sizeof(dev->kobj.path), "/sys/class/%s/%s", class_->name, dev->name);
	for (int i = 0; i < 16; i++)
		if (!fxm_k_devices[i].device) {
			int error = devt ? fxm_k_cdev_node(MAJOR(devt), MINOR(devt), dev->name) : 0;
			if (error) {
				kfree(dev);
				return (struct device *)ERR_PTR(error);
			}
			fxm_k_devices[i].devt = devt;
			fxm_k_devices[i].device = dev;
			return dev;
		}
	kfree(dev);
	return (struct device *)ERR_PTR(-ENOMEM);
}

FXM_K_INLINE void device_destroy(const struct class *class_, dev_t devt)
{
	(void)class_;
	for (int i = 0; i < 16; i++)
		if (fxm_k_devices[i].device && fxm_k_devices[i].devt == devt) {
			if (devt)
				fxm_k_cdev_node_end(MAJOR(devt), MINOR(devt));
			kfree(fxm_k_devices[i].device);
			fxm_k_devices[i].device = NULL;
			return;
		}
}

static __attribute__((unused)) ssize_t fxm_k_device_show(void *owner, const struct attribute *attr, char *buf)
{
	struct device_attribute *a = (struct device_attribute *)attr;
	return a->show ? a->show((struct device *)owner, a, buf) : -EIO;
}

static __attribute__((unused)) ssize_t fxm_k_device_store(void *owner, const struct attribute *attr, const char *buf, size_t count)
{
	struct device_attribute *a = (struct device_attribute *)attr;
	return a->store ? a->store((struct device *)owner, a, buf, count) : -EIO;
}

#define device_create_file(dev, attribute)                                                                                         \
	({                                                                                                                         \
		static struct fxm_k_attribute fxm_k_node;                                                                          \
		fxm_k_attribute_add((dev)->kobj.path, &(attribute)->attr, dev, fxm_k_device_show, fxm_k_device_store,              \
				    &fxm_k_node);                                                                                  \
	})
#define device_remove_file(dev, attribute) fxm_k_attribute_remove((dev)->kobj.path, &(attribute)->attr)

#define dev_name(dev) ((dev)->kobj.name)
#define dev_get_drvdata(dev) ((dev)->driver_data)
#define dev_set_drvdata(dev, data) ((void)((dev)->driver_data = (data)))
#define dev_err(dev, fmt, ...) pr_err("%s: " fmt, dev_name(dev), ##__VA_ARGS__)
#define dev_warn(dev, fmt, ...) pr_warn("%s: " fmt, dev_name(dev), ##__VA_ARGS__)
#define dev_info(dev, fmt, ...) pr_info("%s: " fmt, dev_name(dev), ##__VA_ARGS__)
#define dev_dbg(dev, fmt, ...) pr_debug("%s: " fmt, dev_name(dev), ##__VA_ARGS__)

#endif
#endif
