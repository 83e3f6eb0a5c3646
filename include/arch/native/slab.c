/* SPDX-License-Identifier: MIT */

/* kmalloc and vmalloc are the machine's, red zones and all. A cache knows its size and constructor; each object is kmalloc's. */

#include "native.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#if FXM_TREE_BEFORE(6, 10)
#define NATIVE(name) name
#else
#define NATIVE(name) name##_noprof
#endif

/* Stands behind the tree's struct kmem_cache, which its headers do not look into. */
struct kmem_cache {
	const char *name;
	unsigned int size, align;
	slab_flags_t flags;
	void (*ctor)(void *object);
	bool is_used;
};
enum { CACHES = 1024 };
static struct kmem_cache caches[CACHES];

static void *zeroed(size_t size, gfp_t gfp)
{
	return fxm_k_kmalloc(size, (__force unsigned int)gfp);
}

#if FXM_TREE_BEFORE(6, 10)
struct kmem_cache *kmalloc_caches[NR_KMALLOC_TYPES][KMALLOC_SHIFT_HIGH + 1];

void *__kmalloc(size_t size, gfp_t gfp)
{
	return zeroed(size, gfp);
}

void *__kmalloc_node(size_t size, gfp_t gfp, int node)
{
	return zeroed(size, gfp);
}

void *__kmalloc_node_track_caller(size_t size, gfp_t gfp, int node, unsigned long caller)
{
	return zeroed(size, gfp);
}

void *__kmalloc_track_caller(size_t size, gfp_t gfp, unsigned long caller)
{
	return zeroed(size, gfp);
}

void *kmalloc_trace(struct kmem_cache *cache, gfp_t gfp, size_t size)
{
	return zeroed(size, gfp);
}

void *kmalloc_node_trace(struct kmem_cache *cache, gfp_t gfp, int node, size_t size)
{
	return zeroed(size, gfp);
}

void *kmalloc_large(size_t size, gfp_t gfp)
{
	return zeroed(size, gfp);
}

void *kmalloc_large_node(size_t size, gfp_t gfp, int node)
{
	return zeroed(size, gfp);
}

void *kvmalloc_node(size_t size, gfp_t gfp, int node)
{
	return fxm_k_kvmalloc(size, (__force unsigned int)gfp);
}
#else
kmem_buckets kmalloc_caches[NR_KMALLOC_TYPES];

void *__kmalloc_noprof(size_t size, gfp_t gfp)
{
	return zeroed(size, gfp);
}

void *__kmalloc_node_noprof(DECL_BUCKET_PARAMS(size, b), gfp_t gfp, int node)
{
	return zeroed(size, gfp);
}

void *__kmalloc_node_track_caller_noprof(DECL_BUCKET_PARAMS(size, b), gfp_t gfp, int node, unsigned long caller)
{
	return zeroed(size, gfp);
}

void *__kmalloc_cache_noprof(struct kmem_cache *cache, gfp_t gfp, size_t size)
{
	return zeroed(size, gfp);
}

void *__kmalloc_cache_node_noprof(struct kmem_cache *cache, gfp_t gfp, int node, size_t size)
{
	return zeroed(size, gfp);
}

void *__kmalloc_large_noprof(size_t size, gfp_t gfp)
{
	return zeroed(size, gfp);
}

void *__kmalloc_large_node_noprof(size_t size, gfp_t gfp, int node)
{
	return zeroed(size, gfp);
}

void *__kvmalloc_node_noprof(DECL_BUCKET_PARAMS(size, b), gfp_t gfp, int node)
{
	return fxm_k_kvmalloc(size, (__force unsigned int)gfp);
}
#endif

void *NATIVE(krealloc)(const void *old, size_t size, gfp_t gfp)
{
	return fxm_k_krealloc(old, size, (__force unsigned int)gfp);
}

void kfree(const void *object)
{
	fxm_k_kfree(object);
}

void kvfree(const void *address)
{
	fxm_k_kvfree(address);
}

void kfree_sensitive(const void *object)
{
	if (object)
		memset((void *)object, 0, fxm_k_ksize(object));
	fxm_k_kfree(object);
}

void kvfree_sensitive(const void *address, size_t size)
{
	if (address)
		memset((void *)address, 0, size);
	fxm_k_kvfree(address);
}

size_t ksize(const void *object)
{
	return fxm_k_ksize(object);
}

size_t __ksize(const void *object)
{
	return fxm_k_ksize(object);
}

size_t kmalloc_size_roundup(size_t size)
{
	return size;
}

bool kmem_dump_obj(void *object)
{
	return false;
}

/* ---- caches ---- */

static struct kmem_cache *create(const char *name, unsigned int size, unsigned int align, slab_flags_t flags,
				 void (*ctor)(void *object))
{
	int i;

	for (i = 0; i < CACHES && caches[i].is_used; i++)
		;
	if (i == CACHES)
		return NULL;
	caches[i] = (struct kmem_cache){name, size, align, flags, ctor, true};
	return &caches[i];
}

#if FXM_TREE_BEFORE(6, 12)
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *object))
{
	return create(name, size, align, flags, ctor);
}

struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size, unsigned int align, slab_flags_t flags,
					      unsigned int useroffset, unsigned int usersize, void (*ctor)(void *object))
{
	return create(name, size, align, flags, ctor);
}
#else
struct kmem_cache *__kmem_cache_create_args(const char *name, unsigned int size, struct kmem_cache_args *args, slab_flags_t flags)
{
	return create(name, size, args->align, flags, args->ctor);
}
#endif

void kmem_cache_destroy(struct kmem_cache *cache)
{
	if (cache)
		cache->is_used = false;
}

int kmem_cache_shrink(struct kmem_cache *cache)
{
	return 0;
}

unsigned int kmem_cache_size(struct kmem_cache *cache)
{
	return cache->size;
}

static void *allocate(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = zeroed(cache->size, gfp);

	if (object && cache->ctor)
		cache->ctor(object);
	return object;
}

void *NATIVE(kmem_cache_alloc)(struct kmem_cache *cache, gfp_t gfp)
{
	return allocate(cache, gfp);
}

void *NATIVE(kmem_cache_alloc_lru)(struct kmem_cache *cache, struct list_lru *lru, gfp_t gfp)
{
	return allocate(cache, gfp);
}

void *NATIVE(kmem_cache_alloc_node)(struct kmem_cache *cache, gfp_t gfp, int node)
{
	return allocate(cache, gfp);
}

int NATIVE(kmem_cache_alloc_bulk)(struct kmem_cache *cache, gfp_t gfp, size_t n, void **objects)
{
	size_t i;

	for (i = 0; i < n; i++) {
		objects[i] = allocate(cache, gfp);
		if (!objects[i])
			break;
	}
	if (i == n)
		return n;
	while (i)
		fxm_k_kfree(objects[--i]);
	return 0;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	fxm_k_kfree(object);
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **objects)
{
	while (n)
		fxm_k_kfree(objects[--n]);
}

/* ---- vmalloc ---- */

void *NATIVE(vmalloc)(unsigned long size)
{
	return fxm_k_vmalloc("vmalloc", size, (__force unsigned int)GFP_KERNEL);
}

void *NATIVE(vzalloc)(unsigned long size)
{
	return fxm_k_vmalloc("vzalloc", size, (__force unsigned int)(GFP_KERNEL | __GFP_ZERO));
}

void *NATIVE(vmalloc_user)(unsigned long size)
{
	return fxm_k_vmalloc("vmalloc_user", size, (__force unsigned int)(GFP_KERNEL | __GFP_ZERO));
}

void *NATIVE(vmalloc_node)(unsigned long size, int node)
{
	return fxm_k_vmalloc("vmalloc_node", size, (__force unsigned int)GFP_KERNEL);
}

void *NATIVE(vzalloc_node)(unsigned long size, int node)
{
	return fxm_k_vmalloc("vzalloc_node", size, (__force unsigned int)(GFP_KERNEL | __GFP_ZERO));
}

void *NATIVE(vmalloc_huge)(unsigned long size, gfp_t gfp)
{
	return fxm_k_vmalloc("vmalloc_huge", size, (__force unsigned int)gfp);
}

void *NATIVE(__vmalloc)(unsigned long size, gfp_t gfp)
{
	return fxm_k_vmalloc("__vmalloc", size, (__force unsigned int)gfp);
}

void *NATIVE(__vmalloc_node)(unsigned long size, unsigned long align, gfp_t gfp, int node, const void *caller)
{
	return fxm_k_vmalloc("__vmalloc_node", size, (__force unsigned int)gfp);
}

void *NATIVE(__vmalloc_node_range)(unsigned long size, unsigned long align, unsigned long start, unsigned long end, gfp_t gfp,
				   pgprot_t prot, unsigned long flags, int node, const void *caller)
{
	return fxm_k_vmalloc("__vmalloc_node_range", size, (__force unsigned int)gfp);
}

void vfree(const void *address)
{
	fxm_k_vfree(address);
}

void vfree_atomic(const void *address)
{
	fxm_k_vfree(address);
}

void *vmap(struct page **pages, unsigned int n, unsigned long flags, pgprot_t prot)
{
	return fxm_k_vmap("vmap", "vunmap", pages, n, pgprot_val(prot));
}

void vunmap(const void *address)
{
	fxm_k_vunmap("vunmap", address);
}

void *vm_map_ram(struct page **pages, unsigned int n, int node)
{
	return fxm_k_vmap("vm_map_ram", "vm_unmap_ram", pages, n, pgprot_val(PAGE_KERNEL));
}

void vm_unmap_ram(const void *address, unsigned int n)
{
	fxm_k_vunmap("vm_unmap_ram", address);
}

void vm_unmap_aliases(void)
{
}

struct page *vmalloc_to_page(const void *address)
{
	return fxm_k_vmalloc_to_page(address);
}

unsigned long vmalloc_to_pfn(const void *address)
{
	return page_to_pfn(fxm_k_vmalloc_to_page(address));
}

bool is_vmalloc_addr(const void *address)
{
	return fxm_k_is_vmalloc_addr(address);
}

int is_vmalloc_or_module_addr(const void *address)
{
	return fxm_k_is_vmalloc_addr(address);
}
