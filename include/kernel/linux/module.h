/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MODULE_H
#define FXM_KERNEL_LINUX_MODULE_H

#include <asm/barrier.h>
#include <asm/page.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/spinlock.h>
#include <linux/stringify.h>

#ifndef KBUILD_MODNAME
#define KBUILD_MODNAME "module"
#endif

#define MODULE_INFO(tag, value) FXM_K_INFO(tag, value)
#define MODULE_LICENSE(value) FXM_K_INFO(license, value)
#define MODULE_AUTHOR(value) FXM_K_INFO(author, value)
#define MODULE_DESCRIPTION(value) FXM_K_INFO(description, value)
#define MODULE_VERSION(value) FXM_K_INFO(version, value)
#define MODULE_ALIAS(value) FXM_K_INFO(alias, value)
#define MODULE_SOFTDEP(value) FXM_K_INFO(softdep, value)
#define MODULE_IMPORT_NS(ns) FXM_K_INFO(import_ns, __stringify(ns))
#define MODULE_SUPPORTED_DEVICE(value) FXM_K_INFO(device, value)
#define MODULE_DEVICE_TABLE(type, name)

FXM_K_INLINE bool try_module_get(struct module *module)
{
	(void)module;
	return true;
}

FXM_K_INLINE void module_put(struct module *module)
{
	(void)module;
}

#endif
