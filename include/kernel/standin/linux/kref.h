/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_KREF_H
#define FXM_KERNEL_LINUX_KREF_H

#if __has_include_next(<linux/kref.h>)
#include_next <linux/kref.h>
#else

/* An object that is released with its last reference. */

#include <linux/refcount.h>

struct kref {
	refcount_t refcount;
};
#define KREF_INIT(n)                                                                                                               \
	{                                                                                                                          \
		.refcount = REFCOUNT_INIT(n)                                                                                       \
	}

#define kref_init(kref) refcount_set(&(kref)->refcount, 1)
#define kref_read(kref) refcount_read(&(kref)->refcount)
#define kref_get(kref) refcount_inc(&(kref)->refcount)
#define kref_get_unless_zero(kref) refcount_inc_not_zero(&(kref)->refcount)

FXM_K_INLINE int kref_put(struct kref *kref, void (*release)(struct kref *kref))
{
	if (!refcount_dec_and_test(&kref->refcount))
		return 0;
	release(kref);
	return 1;
}

#endif
#endif
