/* SPDX-License-Identifier: MIT */
#include <linux/module.h>
#include <linux/cdev.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>

static dev_t devt;
static struct cdev cdev;
static struct class *class_of;
static int major, level = 3;
static u32 number = 7;
static struct dentry *dir;
static struct kobject *kobj;

static int my_open(struct inode *inode, struct file *file)
{
	pr_info("open %u:%u\n", imajor(inode), iminor(inode));
	return iminor(inode) == 9 ? -EBUSY : 0;
}

static ssize_t my_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	return simple_read_from_buffer(buf, size, pos, "device\n", 7);
}

static long my_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return command == 0x100 ? (long)argument + 1 : -ENOTTY;
}

static const struct file_operations fops = {.owner = THIS_MODULE, .open = my_open, .read = my_read, .unlocked_ioctl = my_ioctl};
static struct miscdevice misc = {.minor = MISC_DYNAMIC_MINOR, .name = "mymisc", .fops = &fops};

static ssize_t level_show(struct kobject *k, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", level);
}

static ssize_t level_store(struct kobject *k, struct kobj_attribute *attr, const char *buf, size_t count)
{
	int error = kstrtoint(buf, 10, &level);

	return error ? error : (ssize_t)count;
}

static struct kobj_attribute level_attr = __ATTR_RW(level);

static int __init dev_init(void)
{
	int error = alloc_chrdev_region(&devt, 0, 1, "chars");

	if (error)
		return error;
	cdev_init(&cdev, &fops);
	error = cdev_add(&cdev, devt, 1);
	class_of = class_create(THIS_MODULE, "mine");
	device_create(class_of, NULL, devt, NULL, "mine%d", 0);
	major = register_chrdev(0, "old", &fops);
	misc_register(&misc);
	dir = debugfs_create_dir("mine", NULL);
	debugfs_create_u32("number", 0644, dir, &number);
	kobj = kobject_create_and_add("mine", kernel_kobj);
	pr_info("majors %u %d\n", MAJOR(devt), major);
	return error ? error : sysfs_create_file(kobj, &level_attr.attr);
}

static void __exit dev_exit(void)
{
	kobject_put(kobj);
	debugfs_remove_recursive(dir);
	misc_deregister(&misc);
	unregister_chrdev(major, "old");
	device_destroy(class_of, devt);
	class_destroy(class_of);
	cdev_del(&cdev);
	unregister_chrdev_region(devt, 1);
}

module_init(dev_init);
module_exit(dev_exit);
MODULE_LICENSE("GPL");
