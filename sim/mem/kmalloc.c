/* SPDX-License-Identifier: MIT */

/*
 * kmalloc: power-of-two caches over lowmem pages, larger sizes in whole blocks. Models mm/slab.c as far as callers see it:
 * sizes, alignment, addresses in the direct map, and what CONFIG_DEBUG_SLAB does: red zones, and with desc.poison_slabs poison.
 *
 * A slab is one block of pages cut into equal objects; a large allocation is a slab of one object. What is free, and who
 * allocated what, is kept in host memory: a simulated overrun damages neighbouring objects, never the allocator.
 *
 *     page (first of the block): FXMI_PG_SLAB, kernel[0] -> struct slab
 *
 * A slab without live objects stays for a while, as slabs_free does: the newest MAX_EMPTY of them, until memory runs out.
 *
 * With a red zone, what is left of an object's place behind the size that was asked for is filled with RED_ZONE, and looked at when
 * it is freed: somebody wrote past the end. A freed object is filled with POISON_FREE up to that size, and looked at before it is
 * allocated anew, or its slab goes: somebody wrote after kfree(). Both are told at the end of the call, without zone_lock.
 *
 * Invariants: every slab is on machine.kmalloc.all; those of a cache with a free object and a live one are on its partial list,
 * those without a live one on the empty list. Lock: zone_lock guards everything here.
 */

#include "mem_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum {
	MIN_SHIFT = 3,
	MAX_SHIFT = 11, /* 2048: two to a page */
	SHIFTS = MAX_SHIFT + 1 - MIN_SHIFT,
	KINDS = 2, /* ZONE_DMA only, or not */
	MAX_EMPTY = 32,
	MAX_EMPTY_ORDER = 2,
	RED_ZONE = 0xcc,
	POISON_FREE = 0x6b
};

struct object {
	uintptr_t site, freed_site;
	uint32_t asked; /* size in the call */
	bool live, has_zone, poisoned;
};

struct slab {
	struct slab *next, **link;		   /* kmalloc.all */
	struct slab *next_partial, **link_partial; /* cache.partial, or both NULL */
	struct slab *next_empty;		   /* kmalloc.empty, the newest first */
	struct fxm_page *page;
	struct fxmi_cache *cache; /* NULL: large */
	size_t size;
	bool is_dma;
	unsigned objects, live, free_from; /* no object below free_from is free */
	unsigned first; /* 1: with checked accesses the first place is nobody's, so that a byte before any object is none's */
	struct object object[];
};

struct fxmi_cache {
	struct slab *partial;
};

struct fxmi_kmalloc {
	struct slab *all, *empty;
	unsigned nr_empty;
	struct fxmi_written *written, **written_end; /* not told yet, the oldest first */
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
	fxm_assert_internal(*s->link == s);
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
	fxm_assert_internal(*s->link_partial == s && s->cache);
	*s->link_partial = s->next_partial;
	if (s->next_partial)
		s->next_partial->link_partial = s->link_partial;
	s->link_partial = NULL;
}

int fxmi_kmalloc_init(struct fxm_machine *m)
{
	m->kmalloc = calloc(1, sizeof(*m->kmalloc));
	if (!m->kmalloc)
		return -ENOMEM;
	m->kmalloc->written_end = &m->kmalloc->written;
	return 0;
}

static void forget(struct fxmi_kmalloc *k)
{
	while (k->written) {
		struct fxmi_written *w = k->written;

		k->written = w->next;
		free(w);
	}
	while (k->all) {
		struct slab *s = k->all;

		unlink_slab(s);
		free(s);
	}
}

void fxmi_kmalloc_free(struct fxm_machine *m)
{
	if (m->kmalloc)
		forget(m->kmalloc);
	free(m->kmalloc);
	m->kmalloc = NULL;
}

void fxmi_kmalloc_reset(struct fxm_machine *m)
{
	forget(m->kmalloc);
	*m->kmalloc = (struct fxmi_kmalloc){.written_end = &m->kmalloc->written};
}

/* ---- the shadow ---- */

/* The object in the @size bytes at @pa has @asked. */
static void shade_object(struct fxm_machine *m, uint64_t pa, size_t size, size_t asked)
{
	fxm_assert_internal(asked <= size && pa % 8 == 0);
	if (!m->mem.shadow)
		return;
	unsigned char *at = m->mem.shadow + (pa >> 3);
	memset(at, 0, asked >> 3);
	if (asked & 7)
		at[asked >> 3] = asked & 7;
	memset(at + ((asked + 7) >> 3), FXMI_SHADE_NONE, (size - ((asked + 7) & ~(size_t)7)) >> 3);
}

static void shade_freed(struct fxm_machine *m, uint64_t pa, size_t asked)
{
	if (m->mem.shadow)
		memset(m->mem.shadow + (pa >> 3), FXMI_SHADE_FREED, (asked + 7) >> 3);
}

static bool is_all_live(const struct fxm_machine *m, uint64_t pa, size_t size)
{
	for (uint64_t at = pa & ~UINT64_C(7); at < pa + size; at += 8) {
		unsigned char shade = m->mem.shadow[at >> 3];
		uint64_t used = shade > 7 ? 0 : shade ? shade : 8, end = pa + size - at;

		if ((end < 8 ? end : 8) > used)
			return false;
	}
	return true;
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
	fxm_assert_internal(objects && !(s->page->flags & FXMI_PG_SLAB));
	fxm_assert_internal(objects * size <= (size_t)FXM_PAGE_SIZE << order);
	s->page->flags |= FXMI_PG_SLAB;
	fxmi_frame_set(m, fxmi_page_pfn(m, s->page), order, FXMI_FRAME_SLAB);
	s->page->kernel[0] = (unsigned long)s;
	s->cache = cache;
	s->is_dma = gfp & FXM_GFP_DMA;
	s->size = size;
	s->objects = objects;
	s->first = s->free_from = m->mem.shadow && objects > 1;
	link_slab(s, &m->kmalloc->all);
	link_partial(s);
	return s;
}

/* ---- what was written where nobody may ---- */

static uint64_t object_pa(const struct fxm_machine *m, const struct slab *s, unsigned n)
{
	fxm_assert_internal(n < s->objects);
	return (fxmi_page_pfn(m, s->page) << FXM_PAGE_SHIFT) + n * s->size;
}

/* The vCPU of @m that the caller sits on, or NULL. */
static struct fxm_vcpu *own_vcpu(const struct fxm_machine *m)
{
	for (unsigned n = 0; n < m->cpus_online; n++)
		if (m->vcpu[n] == fxmi_self)
			return fxmi_self;
	return NULL;
}

/* Notes it when a byte in [@from, @to) of an object is not @byte; whether that is so. */
static bool check_bytes(struct fxm_machine *m, const struct slab *s, unsigned n, size_t from, size_t to, unsigned char byte)
{
	struct fxmi_kmalloc *k = m->kmalloc;
	const struct object *o = &s->object[n];
	const unsigned char *at = m->mem.ram + object_pa(m, s, n);

	fxm_assert_internal(to <= s->size);
	while (from < to && at[from] == byte)
		from++;
	if (from >= to)
		return false;
	struct fxmi_written *w = malloc(sizeof(*w));
	if (!w)
		return true;
	*w = (struct fxmi_written){.cpu = own_vcpu(m),
				   .after_free = byte == POISON_FREE,
				   .va = m->desc.page_offset + object_pa(m, s, n),
				   .asked = o->asked,
				   .offset = (uint32_t)from,
				   .byte = at[from],
				   .site = o->site,
				   .freed_site = o->freed_site};
	*k->written_end = w;
	k->written_end = &w->next;
	return true;
}

/* Each is told once. */
static void check_zone(struct fxm_machine *m, struct slab *s, unsigned n)
{
	if (s->object[n].has_zone && check_bytes(m, s, n, s->object[n].asked, s->size, RED_ZONE))
		s->object[n].has_zone = false;
}

static void check_poison(struct fxm_machine *m, struct slab *s, unsigned n)
{
	if (s->object[n].poisoned && check_bytes(m, s, n, 0, s->object[n].asked, POISON_FREE))
		s->object[n].poisoned = false;
}

unsigned fxmi_kmalloc_tell(struct fxm_machine *m)
{
	void (*tell)(struct fxm_machine *, const struct fxmi_written *) = fxmi_callback(m, written);
	struct fxmi_kmalloc *k = m->kmalloc;
	unsigned told = 0;

	pthread_mutex_lock(&m->mem.zone_lock);
	struct fxmi_written *w = k->written;
	k->written = NULL;
	k->written_end = &k->written;
	pthread_mutex_unlock(&m->mem.zone_lock);
	while (w) {
		struct fxmi_written *next = w->next;
		if (tell)
			tell(m, w);
		free(w);
		w = next;
		told++;
	}
	return told;
}

/* ---- slabs without live objects ---- */

static void destroy(struct fxm_machine *m, struct slab *s)
{
	fxm_assert_internal(!s->live && !s->link_partial);
	fxm_assert_internal(s->page->kernel[0] == (unsigned long)s);
	for (unsigned n = 0; n < s->objects; n++)
		check_poison(m, s, n);
	unlink_slab(s);
	fxmi_free_pages_locked(m, s->page);
	free(s);
}

static void unlink_empty(struct fxmi_kmalloc *k, struct slab **link)
{
	fxm_assert_internal(k->nr_empty && !(*link)->live);
	*link = (*link)->next_empty;
	k->nr_empty--;
}

static void keep_empty(struct fxm_machine *m, struct slab *s)
{
	struct fxmi_kmalloc *k = m->kmalloc;

	if (s->page->order > MAX_EMPTY_ORDER) {
		destroy(m, s);
		return;
	}
	s->next_empty = k->empty;
	k->empty = s;
	if (++k->nr_empty <= MAX_EMPTY)
		return;
	struct slab **oldest = &k->empty;
	while ((*oldest)->next_empty)
		oldest = &(*oldest)->next_empty;
	s = *oldest;
	unlink_empty(k, oldest);
	destroy(m, s);
}

/* The newest that serves @cache, or large allocations of @size, taken off the list; or NULL. */
static struct slab *take_empty(struct fxmi_kmalloc *k, const struct fxmi_cache *cache, size_t size, bool is_dma)
{
	for (struct slab **link = &k->empty; *link; link = &(*link)->next_empty) {
		struct slab *s = *link;

		if (s->cache == cache && s->size == size && s->is_dma == is_dma) {
			unlink_empty(k, link);
			link_partial(s);
			return s;
		}
	}
	return NULL;
}

bool fxmi_kmalloc_reap_locked(struct fxm_machine *m)
{
	struct fxmi_kmalloc *k = m->kmalloc;
	bool reaped = k && k->empty;

	while (k && k->empty) {
		struct slab *s = k->empty;

		unlink_empty(k, &k->empty);
		destroy(m, s);
	}
	return reaped;
}

/* ---- allocating ---- */

static unsigned take_object(struct fxm_machine *m, struct slab *s, size_t asked, bool has_zone, uintptr_t site)
{
	unsigned n = s->free_from;

	fxm_assert_internal(s->live < s->objects && asked <= s->size);
	while (s->object[n].live)
		n++;
	fxm_assert_internal(n < s->objects);
	check_poison(m, s, n);
	s->object[n] = (struct object){.site = site, .asked = (uint32_t)asked, .live = true, .has_zone = has_zone};
	s->free_from = n + 1;
	if (++s->live == s->objects - s->first)
		unlink_partial(s);
	return n;
}

static unsigned shift_for(size_t size)
{
	return size <= 1u << MIN_SHIFT ? MIN_SHIFT : 64 - (unsigned)__builtin_clzll(size - 1);
}

static struct slab *slab_for(struct fxm_machine *m, unsigned shift, unsigned gfp)
{
	struct fxmi_kmalloc *k = m->kmalloc;
	size_t size = (size_t)1 << shift;
	bool is_dma = gfp & FXM_GFP_DMA;
	struct fxmi_cache *cache = shift > MAX_SHIFT ? NULL : &k->cache[is_dma][shift - MIN_SHIFT];

	if (cache && cache->partial)
		return cache->partial;
	struct slab *s = take_empty(k, cache, size, is_dma);
	return s ? s : new_slab(m, cache, size, cache ? 0 : shift - FXM_PAGE_SHIFT, gfp);
}

fxm_va fxmi_kmalloc(struct fxm_machine *m, size_t size, size_t red_zone, unsigned gfp, uintptr_t site)
{
	unsigned shift = size > SIZE_MAX - red_zone ? UINT_MAX : shift_for(size + red_zone);
	struct slab *s = NULL;
	uint64_t pa = 0;

	pthread_mutex_lock(&m->mem.zone_lock);
	if (!fxmi_alloc_fails(m) && shift <= FXM_PAGE_SHIFT + FXM_MAX_ORDER) {
		s = slab_for(m, shift, gfp);
		if (!s && fxmi_kmalloc_reap_locked(m))
			s = slab_for(m, shift, gfp);
	}
	if (s) {
		pa = object_pa(m, s, take_object(m, s, size, red_zone, site));
		if (gfp & FXM_GFP_ZERO)
			memset(m->mem.ram + pa, 0, s->size);
		if (red_zone)
			memset(m->mem.ram + pa + size, RED_ZONE, s->size - size);
		shade_object(m, pa, s->size, red_zone ? size : s->size);
	}
	bool has_written = m->kmalloc->written;
	pthread_mutex_unlock(&m->mem.zone_lock);
	if (has_written)
		fxmi_kmalloc_tell(m);
	return fxm_va_of(s ? m->desc.page_offset + pa : 0);
}

fxm_va fxm_kmalloc(struct fxm_machine *m, size_t size, unsigned gfp)
{
	return m ? fxmi_kmalloc(m, size, 0, gfp, (uintptr_t)__builtin_return_address(0)) : fxm_va_of(0);
}

/* The slab with an object that begins at @va, and which: live or free. */
static struct slab *find_object(struct fxm_machine *m, fxm_va va, unsigned *n)
{
	uint64_t pa = va.v - m->desc.page_offset, pfn = pa >> FXM_PAGE_SHIFT;

	if (pfn >= m->mem.highmem_pfn || !(m->mem.mem_map[pfn].flags & FXMI_PG_SLAB))
		return NULL;
	struct slab *s = (struct slab *)m->mem.mem_map[pfn].kernel[0];
	fxm_assert_internal(s && fxmi_page_pfn(m, s->page) == pfn);
	uint64_t offset = pa & (FXM_PAGE_SIZE - 1);

	*n = (unsigned)(offset / s->size);
	return offset % s->size == 0 ? s : NULL;
}

static struct slab *find_live(struct fxm_machine *m, fxm_va va, unsigned *n)
{
	struct slab *s = find_object(m, va, n);

	return s && s->object[*n].live ? s : NULL;
}

static void free_object(struct fxm_machine *m, struct slab *s, unsigned n, bool poison, uintptr_t site)
{
	struct object *o = &s->object[n];

	fxm_assert_internal(o->live && s->live);
	o->freed_site = site;
	check_zone(m, s, n);
	o->live = false;
	o->poisoned = poison;
	if (poison) {
		memset(m->mem.ram + object_pa(m, s, n), POISON_FREE, o->asked);
		shade_freed(m, object_pa(m, s, n), o->asked);
	}
	if (n < s->free_from)
		s->free_from = n;
	link_partial(s);
	if (--s->live)
		return;
	unlink_partial(s);
	keep_empty(m, s);
	fxm_assert_internal(m->kmalloc->nr_empty <= MAX_EMPTY);
}

int fxmi_kfree(struct fxm_machine *m, fxm_va va, bool poison, uintptr_t site)
{
	unsigned n;

	pthread_mutex_lock(&m->mem.zone_lock);
	struct slab *s = find_live(m, va, &n);
	if (s)
		free_object(m, s, n, poison && m->desc.poison_slabs, site);
	bool has_written = m->kmalloc->written;
	pthread_mutex_unlock(&m->mem.zone_lock);
	if (has_written)
		fxmi_kmalloc_tell(m);
	return s ? 0 : -EINVAL;
}

int fxm_kfree(struct fxm_machine *m, fxm_va va)
{
	if (!m)
		return -EINVAL;
	return va.v ? fxmi_kfree(m, va, true, (uintptr_t)__builtin_return_address(0)) : 0;
}

uintptr_t fxmi_kmalloc_freed(struct fxm_machine *m, fxm_va va)
{
	unsigned n;

	pthread_mutex_lock(&m->mem.zone_lock);
	const struct slab *s = find_object(m, va, &n);
	uintptr_t site = s && !s->object[n].live ? s->object[n].freed_site : 0;
	pthread_mutex_unlock(&m->mem.zone_lock);
	return site;
}

static struct slab *slab_at(const struct fxm_machine *m, uint64_t pfn)
{
	struct fxm_page *page = &m->mem.mem_map[pfn];

	for (unsigned order = 0; !(page->flags & FXMI_PG_SLAB) && order < FXM_MAX_ORDER; order++)
		page = &m->mem.mem_map[pfn & ~((UINT64_C(2) << order) - 1)];
	return page->flags & FXMI_PG_SLAB ? (struct slab *)page->kernel[0] : NULL;
}

/* What the object's own bytes, or those that it has lost, are nearest to: the one whose place it is, unless the next is nearer. */
static void describe(const struct fxm_machine *m, struct slab *s, uint64_t pa, bool is_write, struct fxmi_object *out)
{
	uint64_t at = pa - object_pa(m, s, 0);
	unsigned n = (unsigned)(at / s->size);
	fxm_assert_internal(pa >= object_pa(m, s, 0) && n < s->objects);
	struct object *o = &s->object[n], *next = n + 1 < s->objects ? o + 1 : NULL;
	uint64_t offset = at - n * s->size;

	if ((!o->site || offset >= o->asked) && next && next->live && (!o->site || s->size - offset < offset - o->asked + 1))
		o = &s->object[++n];
	if (is_write)
		s->object[(unsigned)(at / s->size)].has_zone = s->object[(unsigned)(at / s->size)].poisoned = false;
	if (!o->site)
		return;
	*out = (struct fxmi_object){.va = m->desc.page_offset + object_pa(m, s, n),
				    .asked = o->asked,
				    .is_freed = !o->live,
				    .site = o->site,
				    .freed_site = o->freed_site};
}

bool fxmi_kmalloc_holds(struct fxm_machine *m, uint64_t pa, size_t size, bool is_write, struct fxmi_object *out)
{
	if (is_all_live(m, pa, size))
		return true;
	*out = (struct fxmi_object){0};
	pthread_mutex_lock(&m->mem.zone_lock);
	struct slab *s = slab_at(m, pa >> FXM_PAGE_SHIFT);
	/* the first byte of it that is nobody's */
	while (s && size > 1 && is_all_live(m, pa, 1)) {
		pa++;
		size--;
	}
	if (s)
		describe(m, s, pa, is_write, out);
	pthread_mutex_unlock(&m->mem.zone_lock);
	return !s;
}

unsigned fxmi_kmalloc_check(struct fxm_machine *m)
{
	pthread_mutex_lock(&m->mem.zone_lock);
	for (struct slab *s = m->kmalloc->all; s; s = s->next)
		for (unsigned n = 0; n < s->objects; n++)
			(s->object[n].live ? check_zone : check_poison)(m, s, n);
	pthread_mutex_unlock(&m->mem.zone_lock);
	return fxmi_kmalloc_tell(m);
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

/* ---- self-check ---- */

static bool object_is_valid(const struct slab *s, const struct object *o)
{
	fxm_invariant(o->asked <= s->size);
	fxm_invariant(!o->live || !o->poisoned);
	fxm_invariant(!o->live || !o->freed_site);
	return true;
}

static bool objects_are_valid(const struct slab *s)
{
	unsigned live = 0;

	fxm_invariant(!s->first || (!s->object[0].live && !s->object[0].site));
	for (unsigned n = s->first; n < s->objects; n++) {
		if (!object_is_valid(s, &s->object[n]))
			return false;
		fxm_invariant(n >= s->free_from || s->object[n].live);
		live += s->object[n].live;
	}
	fxm_invariant(live == s->live);
	return true;
}

/* The shadow of each 8 bytes: nobody's, the object's as far as it was asked for, or a freed one's. */
static bool shadow_is_valid(const struct fxm_machine *m, const struct slab *s)
{
	for (unsigned n = 0; m->mem.shadow && n < s->objects; n++) {
		const struct object *o = &s->object[n];
		const unsigned char *at = m->mem.shadow + (object_pa(m, s, n) >> 3);

		for (unsigned i = 0; i < o->asked >> 3; i++)
			fxm_invariant(at[i] == (o->live ? 0 : FXMI_SHADE_FREED));
		fxm_invariant(o->site || s->size < 8 || at[0] == FXMI_SHADE_NONE);
		fxm_invariant(!o->has_zone || o->asked + 8 > s->size || at[(s->size >> 3) - 1] == FXMI_SHADE_NONE);
	}
	fxm_invariant(!m->mem.frame_state || m->mem.frame_state[fxmi_page_pfn(m, s->page)] == FXMI_FRAME_SLAB);
	return true;
}

/* Its page says whose it is; it serves the cache of its size; who has both free and live objects is on the cache's list. */
static bool slab_is_valid(const struct fxm_machine *m, const struct slab *s)
{
	const struct fxmi_kmalloc *k = m->kmalloc;
	bool is_small = s->size <= UINT64_C(1) << MAX_SHIFT;

	fxm_invariant(*s->link == s);
	fxm_invariant(fxmi_page_is_valid(m, s->page));
	fxm_invariant(s->page->flags & FXMI_PG_SLAB);
	fxm_invariant(s->page->kernel[0] == (unsigned long)s);
	fxm_invariant(s->page->refcount >= 1);
	fxm_invariant(s->size >= 1u << MIN_SHIFT && !(s->size & (s->size - 1)));
	fxm_invariant(s->cache == (is_small ? &k->cache[s->is_dma][shift_for(s->size) - MIN_SHIFT] : NULL));
	fxm_invariant(s->objects == (is_small ? FXM_PAGE_SIZE / s->size : 1));
	fxm_invariant(s->objects * s->size <= (size_t)FXM_PAGE_SIZE << s->page->order);
	fxm_invariant(s->first == (m->mem.shadow && s->objects > 1));
	fxm_invariant(s->live <= s->objects - s->first && s->free_from >= s->first && s->free_from <= s->objects);
	fxm_invariant(!s->link_partial == (!s->cache || !s->live || s->live == s->objects - s->first));
	fxm_invariant(!s->link_partial || *s->link_partial == s);
	return objects_are_valid(s) && shadow_is_valid(m, s);
}

bool fxmi_kmalloc_is_valid_locked(struct fxm_machine *m)
{
	const struct fxmi_kmalloc *k = m->kmalloc;
	unsigned without = 0, empty = 0;

	for (const struct slab *s = k->all; s; s = s->next) {
		if (!slab_is_valid(m, s))
			return false;
		without += !s->live;
	}
	for (const struct slab *s = k->empty; s; s = s->next_empty) {
		fxm_invariant(!s->live);
		fxm_invariant(++empty <= k->nr_empty);
	}
	fxm_invariant(empty == k->nr_empty && empty == without);
	fxm_invariant(empty <= MAX_EMPTY);
	fxm_invariant(!*k->written_end);
	fxm_invariant(k->written || k->written_end == &k->written);
	return true;
}
