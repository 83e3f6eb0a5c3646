/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_UACCESS_H
#define FXM_KERNEL_LINUX_UACCESS_H

/*
 * Simulated tasks have no user memory: a user address is an address like any other, which is there. What copies may sleep, unless
 * page faults are off.
 */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/string.h>

#define pagefault_disable() fxm_pagefault_disable(fxm_k_cpu())
#define pagefault_enable() fxm_pagefault_enable(fxm_k_cpu())
#define pagefault_disabled() (fxm_k_pagefault_count() != 0)
#define access_ok(address, size) ((void)(address), (void)(size), 1)
#define might_fault() fxm_k_might_fault(FXM_K_WHERE)

FXM_K_INLINE unsigned long raw_copy_to_user(void *to, const void *from, unsigned long size)
{
	memcpy(to, from, size);
	return 0;
}

#define raw_copy_from_user(to, from, size) raw_copy_to_user(to, from, size)
#define FXM_K_COPY_INATOMIC(what, to, from, size) (fxm_k_check_inatomic(what), raw_copy_to_user(to, from, size))
#define __copy_to_user_inatomic(to, from, size) FXM_K_COPY_INATOMIC("__copy_to_user_inatomic", to, from, size)
#define __copy_from_user_inatomic(to, from, size) FXM_K_COPY_INATOMIC("__copy_from_user_inatomic", to, from, size)
#define __copy_from_user_inatomic_nocache(to, from, size) FXM_K_COPY_INATOMIC("__copy_from_user_inatomic_nocache", to, from, size)
#define __copy_from_user_flushcache(to, from, size) raw_copy_to_user(to, from, size)
#define user_access_begin(address, size) access_ok(address, size)
#define user_access_end() ((void)0)
#define unsafe_get_user(x, p, label)                                                                                               \
	do {                                                                                                                       \
		if (0)                                                                                                             \
			goto label;                                                                                                \
		(x) = *(p);                                                                                                        \
	} while (0)
#define unsafe_put_user(x, p, label)                                                                                               \
	do {                                                                                                                       \
		if (0)                                                                                                             \
			goto label;                                                                                                \
		*(p) = (x);                                                                                                        \
	} while (0)
#define get_user(x, p) (might_fault(), (x) = *(p), 0)
#define put_user(x, p) (might_fault(), *(p) = (x), 0)
#define copy_to_user(to, from, size) (might_fault(), raw_copy_to_user(to, from, size))
#define copy_from_user(to, from, size) (might_fault(), raw_copy_to_user(to, from, size))
#define __get_user(x, p) get_user(x, p)
#define __put_user(x, p) put_user(x, p)
#define __copy_to_user(to, from, size) copy_to_user(to, from, size)
#define __copy_from_user(to, from, size) copy_from_user(to, from, size)

/* The length without the 0 behind it, or @count. */
FXM_K_INLINE long strncpy_from_user(char *to, const char *from, long count)
{
	long len = 0;

	might_fault();
	for (; len < count; len++)
		if (!(to[len] = from[len]))
			break;
	return len;
}

FXM_K_INLINE long strnlen_user(const char *text, long count)
{
	might_fault();
	return (long)strnlen(text, (size_t)count) + 1;
}

#define clear_user(to, size) (might_fault(), memset(to, 0, size), 0UL)

FXM_K_INLINE size_t fault_in_readable(const char *address, size_t size)
{
	(void)address;
	(void)size;
	return 0;
}

FXM_K_INLINE size_t fault_in_writeable(char *address, size_t size)
{
	return fault_in_readable(address, size);
}

FXM_K_INLINE size_t fault_in_subpage_writeable(char *address, size_t size)
{
	return fault_in_readable(address, size);
}

FXM_K_INLINE size_t fault_in_safe_writeable(const char *address, size_t size)
{
	return fault_in_readable(address, size);
}

#define faulthandler_disabled() (pagefault_disabled() || in_atomic())

#endif
