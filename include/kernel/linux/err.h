/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_ERR_H
#define FXM_KERNEL_LINUX_ERR_H

/* Error numbers inside pointers. */

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>

#define MAX_ERRNO 4095
#define IS_ERR_VALUE(x) unlikely((unsigned long)(x) >= (unsigned long)-MAX_ERRNO)

FXM_K_INLINE void *ERR_PTR(long error)
{
	return (void *)error;
}

FXM_K_INLINE long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

FXM_K_INLINE bool IS_ERR(const void *ptr)
{
	return IS_ERR_VALUE((unsigned long)ptr);
}

FXM_K_INLINE bool IS_ERR_OR_NULL(const void *ptr)
{
	return !ptr || IS_ERR_VALUE((unsigned long)ptr);
}

FXM_K_INLINE void *ERR_CAST(const void *ptr)
{
	return (void *)ptr;
}

FXM_K_INLINE int PTR_ERR_OR_ZERO(const void *ptr)
{
	return IS_ERR(ptr) ? (int)PTR_ERR(ptr) : 0;
}

#endif
