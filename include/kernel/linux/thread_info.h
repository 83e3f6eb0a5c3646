/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_THREAD_INFO_H
#define FXM_KERNEL_LINUX_THREAD_INFO_H

/* What copying to and from user memory asks first. */

#include <linux/kernel.h>
#include <linux/sched.h>

FXM_K_INLINE bool check_copy_size(const void *address, size_t bytes, bool is_source)
{
	(void)address;
	(void)is_source;
	return !WARN_ON_ONCE(bytes > INT_MAX);
}

#define check_object_size(address, bytes, to_user) ((void)(address))

#endif
