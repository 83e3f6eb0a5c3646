/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SLAB_H
#define FXM_KERNEL_LINUX_SLAB_H

/* Memory from simulated lowmem: its addresses lie in the direct map, so virt_to_page() and __pa() work on them. */

#include <linux/gfp.h>
#include <linux/string.h>

FXM_K_INLINE void *kmalloc(size_t size, gfp_t gfp)
{
	return fxm_k_kmalloc(size, gfp);
}

FXM_K_INLINE void *kzalloc(size_t size, gfp_t gfp)
{
	return fxm_k_kmalloc(size, gfp | __GFP_ZERO);
}

FXM_K_INLINE void *krealloc(const void *old, size_t size, gfp_t gfp)
{
	return fxm_k_krealloc(old, size, gfp);
}

FXM_K_INLINE void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;
	return __builtin_mul_overflow(n, size, &bytes) ? NULL : fxm_k_kmalloc(bytes, gfp);
}

FXM_K_INLINE void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

FXM_K_INLINE void kfree(const void *object)
{
	fxm_k_kfree(object);
}

FXM_K_INLINE size_t ksize(const void *object)
{
	return fxm_k_ksize(object);
}

FXM_K_INLINE void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *to = fxm_k_kmalloc(size, gfp);
	return to ? memcpy(to, from, size) : NULL;
}

FXM_K_INLINE char *kstrdup(const char *from, gfp_t gfp)
{
	return from ? (char *)kmemdup(from, strlen(from) + 1, gfp) : NULL;
}

/* Names differ, the memory does not: there is no area of virtually contiguous memory here. */
#define kfree_sensitive(object) kfree(object)
#define kzfree(object) kfree(object)

#endif
