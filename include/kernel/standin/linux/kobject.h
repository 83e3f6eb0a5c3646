/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_KOBJECT_H
#define FXM_KERNEL_LINUX_KOBJECT_H

#if __has_include_next(<linux/kobject.h>) && __has_include(<uapi/linux/stat.h>)
#include_next <linux/kobject.h>
#else

/* Folders of /sys, for attributes. They are not counted: kobject_put() of what kobject_create_and_add() made takes it away. */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

static struct kobject fxm_k_sys_kernel __attribute__((unused)) = {.name = "kernel", .path = "/sys/kernel"};
static struct kobject fxm_k_sys_mm __attribute__((unused)) = {.name = "mm", .path = "/sys/kernel/mm"};
#define kernel_kobj (&fxm_k_sys_kernel)
#define mm_kobj (&fxm_k_sys_mm)

FXM_K_INLINE struct kobject *kobject_create_and_add(const char *name, struct kobject *parent)
{
	struct kobject *kobj = (struct kobject *)kzalloc(sizeof(*kobj), GFP_KERNEL);

	if (!kobj)
		return NULL;
	kobj->parent = parent;
	snprintf(kobj->path, sizeof(kobj->path), "%s/%s", parent ? parent->path : "/sys", name);
	kobj->name = kobj->path + strlen(kobj->path) - strlen(name);
	if (fxm_k_file_add(kobj->path, NULL, NULL)) {
		kfree(kobj);
		return NULL;
	}
	return kobj;
}

FXM_K_INLINE void kobject_put(struct kobject *kobj)
{
	if (!kobj)
		return;
	fxm_k_file_remove(kobj->path);
	kfree(kobj);
}

#define kobject_del(kobj) ((void)fxm_k_file_remove((kobj)->path))
#define kobject_name(kobj) ((kobj)->name)

#endif
#endif
