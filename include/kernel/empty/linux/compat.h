/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_COMPAT_H
#define FXM_KERNEL_LINUX_COMPAT_H

#if __has_include_next(<linux/compat.h>)
#include_next <linux/compat.h>
#else

/* There are no 32-bit tasks on a 64-bit kernel: the names of what they would pass. */

#include <linux/types.h>

typedef u32 compat_uptr_t;
typedef s32 compat_ssize_t;
typedef u32 compat_size_t;

struct compat_iovec {
	compat_uptr_t iov_base;
	compat_size_t iov_len;
};

#define compat_ptr(address) ((void *)(unsigned long)(address))
#define in_compat_syscall() false

#endif
#endif
