/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_CONTAINER_OF_H
#define FXM_KERNEL_LINUX_CONTAINER_OF_H

#include <linux/compiler.h>

#include <stddef.h>

#define container_of(ptr, type, member)                                                                                            \
	({                                                                                                                         \
		const __typeof__(((type *)0)->member) *fxm_member = (ptr);                                                         \
		(type *)((char *)fxm_member - offsetof(type, member));                                                             \
	})

#endif
