/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SLAB_H
#define FXM_KERNEL_LINUX_SLAB_H

/* Memory from simulated lowmem: its addresses lie in the direct map, so virt_to_page() and __pa() work on them. */

#include <linux/gfp.h>
#include <linux/string.h>

#define ARCH_KMALLOC_MINALIGN 8
#define KMALLOC_MIN_SIZE 8
#define KMALLOC_MAX_SIZE (4UL << 20)
#define ARCH_SLAB_MINALIGN 8

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

/* A string of what lies there, which need not end. */
FXM_K_INLINE char *kmemdup_nul(const char *from, size_t len, gfp_t gfp)
{
	char *to = (char *)fxm_k_kmalloc(len + 1, gfp);

	if (!to)
		return NULL;
	memcpy(to, from, len);
	to[len] = 0;
	return to;
}

FXM_K_INLINE char *kstrdup(const char *from, gfp_t gfp)
{
	return from ? (char *)kmemdup(from, strlen(from) + 1, gfp) : NULL;
}

/* ---- caches: objects of one size, from kmalloc() ---- */

#define SLAB_HWCACHE_ALIGN 0x2000u
#define SLAB_PANIC 0x40000u
#define SLAB_CONSISTENCY_CHECKS 0x100u
#define SLAB_RED_ZONE 0x400u
#define SLAB_POISON 0x800u
#define SLAB_STORE_USER 0x10000u
#define SLAB_RECLAIM_ACCOUNT 0x20000u
#define SLAB_MEM_SPREAD 0x100000u
#define SLAB_ACCOUNT 0x4000000u

#define SLAB_TEMPORARY SLAB_RECLAIM_ACCOUNT
#define SLAB_TYPESAFE_BY_RCU 0x80000u

struct kmem_cache {
	const char *name;
	unsigned int size;
	slab_flags_t flags;
	void (*ctor)(void *object);
};

FXM_K_INLINE struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, slab_flags_t flags,
						  void (*ctor)(void *object))
{
	struct kmem_cache *cache = (struct kmem_cache *)fxm_k_kmalloc(sizeof(*cache), GFP_KERNEL);

	(void)align;
	if (cache) {
		cache->flags = flags;
		cache->name = name;
		cache->size = size;
		cache->ctor = ctor;
	}
	return cache;
}

#define KMEM_CACHE(type, flags) kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), flags, NULL)

FXM_K_INLINE void kmem_cache_destroy(struct kmem_cache *cache)
{
	fxm_k_kfree(cache);
}

FXM_K_INLINE void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = fxm_k_kmalloc(cache->size, gfp);

	if (object && cache->ctor)
		cache->ctor(object);
	return object;
}

FXM_K_INLINE void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	/* a late reader may still look at such an object */
	if (cache->flags & SLAB_TYPESAFE_BY_RCU)
		fxm_k_kfree_typesafe(object);
	else
		fxm_k_kfree(object);
}

#define kmem_cache_zalloc(cache, gfp) kmem_cache_alloc(cache, (gfp) | __GFP_ZERO)
#define kmem_cache_alloc_lru(cache, lru, gfp) ((void)(lru), kmem_cache_alloc(cache, gfp))
#define kmem_cache_size(cache) ((cache)->size)

/* What kmalloc() has not is vmalloc()'s. */
#define kvmalloc(size, gfp) fxm_k_kvmalloc(size, gfp)
#define kvzalloc(size, gfp) fxm_k_kvmalloc(size, (gfp) | __GFP_ZERO)

FXM_K_INLINE void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;
	return __builtin_mul_overflow(n, size, &bytes) ? NULL : fxm_k_kvmalloc(bytes, gfp);
}

#define kvcalloc(n, size, gfp) kvmalloc_array(n, size, (gfp) | __GFP_ZERO)

FXM_K_INLINE void kvfree(const void *object)
{
	fxm_k_kvfree(object);
}

#define kfree_sensitive(object) kfree(object)
#define kzfree(object) kfree(object)

#endif
