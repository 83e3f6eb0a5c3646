/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SYSFS_H
#define FXM_KERNEL_LINUX_SYSFS_H

#if __has_include_next(<linux/sysfs.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/sysfs.h>
#else

/* Attributes: a file of a few bytes in a folder of /sys. */

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/gfp.h>
#include <linux/stat.h>
#include <linux/stringify.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct kobject;

struct attribute {
	const char *name;
	umode_t mode;
};

struct attribute_group {
	const char *name;
	struct attribute **attrs;
};

struct kobject {
	const char *name;
	struct kobject *parent;
	char path[128]; /* the folder */
};

struct kobj_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, struct kobj_attribute *attr, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count);
};

#define __ATTR(name_, mode_, show_, store_)                                                                                        \
	{                                                                                                                          \
		.attr = {.name = __stringify(name_), .mode = (mode_)}, .show = (show_), .store = (store_)                          \
	}
#define __ATTR_RO(name_) __ATTR(name_, 0444, name_##_show, NULL)
#define __ATTR_WO(name_) __ATTR(name_, 0200, NULL, name_##_store)
#define __ATTR_RW(name_) __ATTR(name_, 0644, name_##_show, name_##_store)
#define ATTRIBUTE_GROUPS(name_)                                                                                                    \
	static const struct attribute_group name_##_group = {.attrs = name_##_attrs};                                              \
	static const struct attribute_group *name_##_groups[] = {&name_##_group, NULL}

#define sysfs_emit(buf, ...) scnprintf(buf, PAGE_SIZE, __VA_ARGS__)
#define sysfs_emit_at(buf, at, ...) scnprintf((buf) + (at), PAGE_SIZE - (size_t)(at), __VA_ARGS__)

/* What a path leads to; an attribute's buffer is a page. */
struct fxm_k_attribute {
	void *owner; /* the kobject or device */
	const struct attribute *attr;
	ssize_t (*show)(void *owner, const struct attribute *attr, char *buf);
	ssize_t (*store)(void *owner, const struct attribute *attr, const char *buf, size_t count);
};

static __attribute__((unused)) long fxm_k_attribute_read(void *file, char *buf, size_t size, int64_t *pos)
{
	struct fxm_k_attribute *a = (struct fxm_k_attribute *)file;
	char *page = (char *)get_zeroed_page(GFP_KERNEL);
	loff_t at = *pos;

	if (!page)
		return -ENOMEM;
	ssize_t n = a->attr->mode & 0444 ? a->show(a->owner, a->attr, page) : -EACCES;
	if (n >= 0)
		n = simple_read_from_buffer(buf, size, &at, page, (size_t)n);
	free_page((unsigned long)page);
	*pos = at;
	return n;
}

static __attribute__((unused)) long fxm_k_attribute_write(void *file, const char *buf, size_t size, int64_t *pos)
{
	struct fxm_k_attribute *a = (struct fxm_k_attribute *)file;
	char *page = (char *)get_zeroed_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	size = size < PAGE_SIZE - 1 ? size : PAGE_SIZE - 1;
	memcpy(page, buf, size);
	ssize_t n = a->attr->mode & 0222 ? a->store(a->owner, a->attr, page, size) : -EACCES;
	free_page((unsigned long)page);
	*pos += n > 0 ? n : 0;
	return n;
}

static const struct fxm_file_ops fxm_k_attribute_ops
    __attribute__((unused)) = {NULL, fxm_k_attribute_read, fxm_k_attribute_write, NULL, NULL};

/* The nodes are never freed before the machine: a few words for each attribute. */
FXM_K_INLINE int fxm_k_attribute_add(const char *folder, const struct attribute *attr, void *owner,
				     ssize_t (*show)(void *, const struct attribute *, char *),
				     ssize_t (*store)(void *, const struct attribute *, const char *, size_t),
				     struct fxm_k_attribute *node)
{
	char path[256];

	*node = (struct fxm_k_attribute){owner, attr, show, store};
	snprintf(path, sizeof(path), "%s/%s", folder, attr->name);
	return fxm_k_file_add(path, &fxm_k_attribute_ops, node);
}

FXM_K_INLINE void fxm_k_attribute_remove(const char *folder, const struct attribute *attr)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, attr->name);
	fxm_k_file_remove(path);
}

static __attribute__((unused)) ssize_t fxm_k_kobj_show(void *owner, const struct attribute *attr, char *buf)
{
	struct kobj_attribute *a = (struct kobj_attribute *)attr;
	return a->show ? a->show((struct kobject *)owner, a, buf) : -EIO;
}

static __attribute__((unused)) ssize_t fxm_k_kobj_store(void *owner, const struct attribute *attr, const char *buf, size_t count)
{
	struct kobj_attribute *a = (struct kobj_attribute *)attr;
	return a->store ? a->store((struct kobject *)owner, a, buf, count) : -EIO;
}

/* One node for each call in the source: an attribute is added once. */
#define sysfs_create_file(kobj, attribute)                                                                                         \
	({                                                                                                                         \
		static struct fxm_k_attribute fxm_k_node;                                                                          \
		fxm_k_attribute_add((kobj)->path, attribute, kobj, fxm_k_kobj_show, fxm_k_kobj_store, &fxm_k_node);                \
	})
#define sysfs_remove_file(kobj, attribute) fxm_k_attribute_remove((kobj)->path, attribute)

#define FXM_K_GROUP 16 /* attributes of a group */
#define sysfs_create_group(kobj, group)                                                                                            \
	({                                                                                                                         \
		static struct fxm_k_attribute fxm_k_nodes[FXM_K_GROUP];                                                            \
		fxm_k_group_add(kobj, group, fxm_k_nodes);                                                                         \
	})

FXM_K_INLINE int fxm_k_group_add(struct kobject *kobj, const struct attribute_group *group, struct fxm_k_attribute *nodes)
{
	char folder[192];
	int error = 0;

	snprintf(folder, sizeof(folder), "%s%s%s", kobj->path, group->name ? "/" : "", group->name ? group->name : "");
	for (int i = 0; group->attrs[i] && i < FXM_K_GROUP && !error; i++)
		error = fxm_k_attribute_add(folder, group->attrs[i], kobj, fxm_k_kobj_show, fxm_k_kobj_store, &nodes[i]);
	return error;
}

FXM_K_INLINE void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *group)
{
	char folder[192];

	snprintf(folder, sizeof(folder), "%s%s%s", kobj->path, group->name ? "/" : "", group->name ? group->name : "");
	for (int i = 0; group->attrs[i]; i++)
		fxm_k_attribute_remove(folder, group->attrs[i]);
}

#endif
#endif
