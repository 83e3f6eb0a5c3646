/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_MMDEBUG_H
#define FXM_KERNEL_LINUX_MMDEBUG_H

/* Checks of the memory manager, which CONFIG_DEBUG_VM switches on. */

#include <linux/bug.h>
#include <linux/printk.h>

#ifdef CONFIG_DEBUG_VM
#define VM_BUG_ON(cond) BUG_ON(cond)
#define VM_WARN_ON(cond) ((void)WARN_ON(cond))
#define VM_WARN_ON_ONCE(cond) ((void)WARN_ON_ONCE(cond))
#else
#define VM_BUG_ON(cond) ((void)sizeof((long)(cond)))
#define VM_WARN_ON(cond) ((void)sizeof((long)(cond)))
#define VM_WARN_ON_ONCE(cond) ((void)sizeof((long)(cond)))
#endif
#define VM_BUG_ON_PAGE(cond, page) VM_BUG_ON(cond)
#define VM_BUG_ON_FOLIO(cond, folio) VM_BUG_ON(cond)
#define VM_WARN_ON_ONCE_PAGE(cond, page) WARN_ON_ONCE(cond)
#define VIRTUAL_BUG_ON(cond) ((void)sizeof((long)(cond)))

#define dump_page(page, reason)                                                                                                    \
	do {                                                                                                                       \
		printk(KERN_WARNING "page:%px refcount:%d pfn:%#lx\n", (page), page_count(page), page_to_pfn(page));              \
		printk(KERN_WARNING "page dumped because: %s\n", (reason));                                                       \
	} while (0)

#endif
