/* SPDX-License-Identifier: MIT */

/*
 * kmalloc: power-of-two caches over lowmem pages, larger sizes in whole blocks. Models mm/slab.c as far as callers see it:
 * sizes, alignment, addresses in the direct map.
 *
 * A slab is one block of pages cut into equal objects; a large allocation is a slab of one object. What is free, and who
 * allocated what, is kept in host memory: a simulated overrun damages neighbouring objects, never the allocator.
 *
 *     page (first of the block): FXMI_PG_SLAB, kernel[0] -> struct slab
 *
 * Invariants: every slab is on machine.kmalloc.all; those of a cache with a free object are on its partial list; a slab
 * without live objects does not exist. Lock: zone_lock guards everything here.
 */

#include "internal.h"

#include <errno.h>
#include <stdlib.h>

enum {
	MIN_SHIFT = 3,
	MAX_SHIFT = 11, /* 2048: two to a page */
	SHIFTS = MAX_SHIFT + 1 - MIN_SHIFT,
	KINDS = 2 /* ZONE_DMA only, or not */
};

struct object {
	uintptr_t site;
	uint32_t asked; /* size in the call */
	bool live;
};

struct slab {
	struct slab *next, **link;		   /* kmalloc.all */
	struct slab *next_partial, **link_partial; /* cache.partial, or both NULL */
	struct fxm_page *page;
	struct fxmi_cache *cache; /* NULL: large */
	size_t size;
	unsigned objects, live, free_from; /* no object below free_from is free */
	struct object object[];
};

struct fxmi_cache {
	struct slab *partial;
};

struct fxmi_kmalloc {
	struct slab *all;
	struct fxmi_cache cache[KINDS][SHIFTS];
};

static void link_slab(struct slab *s, struct slab **list)
{
	s->next = *list;
	s->link = list;
	if (s->next)
		s->next->link = &s->next;
	*list = s;
}

static void unlink_slab(struct slab *s)
{
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
}

static void link_partial(struct slab *s)
{
	if (!s->cache || s->link_partial)
		return;
	s->next_partial = s->cache->partial;
	s->link_partial = &s->cache->partial;
	if (s->next_partial)
		s->next_partial->link_partial = &s->next_partial;
	s->cache->partial = s;
}

static void unlink_partial(struct slab *s)
{
	if (!s->link_partial)
		return;
	*s->link_partial = s->next_partial;
	if (s->next_partial)
		s->next_partial->link_partial = s->link_partial;
	s->link_partial = NULL;
}

int fxmi_kmalloc_init(struct fxm_machine *m)
{
	m->kmalloc = calloc(1, sizeof(*m->kmalloc));
	return m->kmalloc ? 0 : -ENOMEM;
}

void fxmi_kmalloc_free(struct fxm_machine *m)
{
	while (m->kmalloc && m->kmalloc->all) {
		struct slab *s = m->kmalloc->all;

		unlink_slab(s);
		free(s);
	}
	free(m->kmalloc);
	m->kmalloc = NULL;
}

static struct slab *new_slab(struct fxm_machine *m, struct fxmi_cache *cache, size_t size, unsigned order, unsigned gfp)
{
	unsigned objects = cache ? FXM_PAGE_SIZE / (unsigned)size : 1;
	struct slab *s = calloc(1, sizeof(*s) + objects * sizeof(s->object[0]));

	if (!s)
		return NULL;
	s->page = fxmi_alloc_pages_locked(m, gfp & FXM_GFP_DMA, order);
	if (!s->page) {
		free(s);
		return NULL;
	}
	s->page->flags |= FXMI_PG_SLAB;
	s->page->kernel[0] = (unsigned long)s;
	s->cache = cache;
	s->size = size;
	s->objects = objects;
	link_slab(s, &m->kmalloc->all);
	link_partial(s);
	return s;
}

static unsigned take_object(struct slab *s, size_t asked, uintptr_t site)
{
	unsigned n = s->free_from;

	while (s->object[n].live)
		n++;
	s->object[n] = (struct object){.site = site, .asked = (uint32_t)asked, .live = true};
	s->free_from = n + 1;
	if (++s->live == s->objects)
		unlink_partial(s);
	return n;
}

static unsigned shift_for(size_t size)
{
	return size <= 1u << MIN_SHIFT ? MIN_SHIFT : 64 - (unsigned)__builtin_clzll(size - 1);
}

static struct slab *slab_for(struct fxm_machine *m, size_t size, unsigned gfp)
{
	unsigned shift = shift_for(size);

	if (shift > FXM_PAGE_SHIFT + FXM_MAX_ORDER)
		return NULL;
	if (shift > MAX_SHIFT)
		return new_slab(m, NULL, (size_t)1 << shift, shift - FXM_PAGE_SHIFT, gfp);
	struct fxmi_cache *cache = &m->kmalloc->cache[!!(gfp & FXM_GFP_DMA)][shift - MIN_SHIFT];

	return cache->partial ? cache->partial : new_slab(m, cache, (size_t)1 << shift, 0, gfp);
}

static uint64_t object_pa(const struct fxm_machine *m, const struct slab *s, unsigned n)
{
	return (fxmi_page_pfn(m, s->page) << FXM_PAGE_SHIFT) + n * s->size;
}

fxm_va fxmi_kmalloc(struct fxm_machine *m, size_t size, unsigned gfp, uintptr_t site)
{
	struct slab *s = NULL;
	uint64_t pa = 0;

	pthread_mutex_lock(&m->mem.zone_lock);
	bool may_try = !fxmi_alloc_fails(m);
	if (may_try)
		s = slab_for(m, size, gfp);
	if (may_try && !s) {
		pthread_mutex_unlock(&m->mem.zone_lock);
		bool has_more = fxmi_shrink(m);
		pthread_mutex_lock(&m->mem.zone_lock);
		if (has_more)
			s = slab_for(m, size, gfp);
	}
	if (s) {
		pa = object_pa(m, s, take_object(s, size, site));
		if (gfp & FXM_GFP_ZERO)
			memset(m->mem.ram + pa, 0, s->size);
	}
	pthread_mutex_unlock(&m->mem.zone_lock);
	return fxm_va_of(s ? m->desc.page_offset + pa : 0);
}

fxm_va fxm_kmalloc(struct fxm_machine *m, size_t size, unsigned gfp)
{
	return m ? fxmi_kmalloc(m, size, gfp, (uintptr_t)__builtin_return_address(0)) : fxm_va_of(0);
}

/* The slab with a live object that begins at @va, and which. */
static struct slab *find_live(struct fxm_machine *m, fxm_va va, unsigned *n)
{
	uint64_t pa = va.v - m->desc.page_offset, pfn = pa >> FXM_PAGE_SHIFT;

	if (pfn >= m->mem.highmem_pfn || !(m->mem.mem_map[pfn].flags & FXMI_PG_SLAB))
		return NULL;
	struct slab *s = (struct slab *)m->mem.mem_map[pfn].kernel[0];
	uint64_t offset = pa & (FXM_PAGE_SIZE - 1);

	*n = (unsigned)(offset / s->size);
	return offset % s->size == 0 && s->object[*n].live ? s : NULL;
}

static void free_object(struct fxm_machine *m, struct slab *s, unsigned n)
{
	s->object[n].live = false;
	if (n < s->free_from)
		s->free_from = n;
	link_partial(s);
	if (--s->live)
		return;
	unlink_partial(s);
	unlink_slab(s);
	fxmi_free_pages_locked(m, s->page);
	free(s);
}

int fxm_kfree(struct fxm_machine *m, fxm_va va)
{
	struct slab *s;
	unsigned n;

	if (!m)
		return -EINVAL;
	if (!va.v)
		return 0;
	pthread_mutex_lock(&m->mem.zone_lock);
	s = find_live(m, va, &n);
	if (s)
		free_object(m, s, n);
	pthread_mutex_unlock(&m->mem.zone_lock);
	return s ? 0 : -EINVAL;
}

size_t fxm_ksize(struct fxm_machine *m, fxm_va va)
{
	size_t size = 0;
	unsigned n;

	if (!m || !va.v)
		return 0;
	pthread_mutex_lock(&m->mem.zone_lock);
	struct slab *s = find_live(m, va, &n);

	if (s)
		size = s->size;
	pthread_mutex_unlock(&m->mem.zone_lock);
	return size;
}

static int slab_each(struct fxm_machine *m, struct slab *s, int (*fn)(void *, fxm_va, size_t, uintptr_t), void *arg)
{
	int ret = 0;

	for (unsigned n = 0; n < s->objects && !ret; n++)
		if (s->object[n].live)
			ret = fn(arg, fxm_va_of(m->desc.page_offset + object_pa(m, s, n)), s->object[n].asked, s->object[n].site);
	return ret;
}

int fxmi_kmalloc_each(struct fxm_machine *m, int (*fn)(void *arg, fxm_va va, size_t size, uintptr_t site), void *arg)
{
	int ret = 0;

	pthread_mutex_lock(&m->mem.zone_lock);
	for (struct slab *s = m->kmalloc->all; s && !ret; s = s->next)
		ret = slab_each(m, s, fn, arg);
	pthread_mutex_unlock(&m->mem.zone_lock);
	return ret;
}
