/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: kmalloc, with what mm/slab.c has under CONFIG_DEBUG_SLAB.
 *
 * Behind each object lies a red zone: what is left of its place, and RED_ZONE_MIN bytes at least. Whoever writes there wrote past
 * the object's end, which shows when it is freed, or not freed.
 *
 * A freed object is filled with POISON_FREE and kept for a while, so that a write through a pointer that somebody still has damages
 * nobody. That shows when the object leaves: for a newer one, when memory runs out, or at the end.
 *
 *     kfree: held -> tier.freed (a ring, the oldest first) -> fxm_kfree()
 *
 * An object that leaves the ring is its taker's alone until fxm_kfree().
 */
#include "tier.h"

enum { RED_ZONE_MIN = 8, RED_ZONE_BYTE = 0xcc, POISON_FREE = 0x6b, KMALLOC_MAX = FXM_PAGE_SIZE << FXM_MAX_ORDER };

static unsigned char *memory(const struct fxm_machine *m, const struct fxm_held *object)
{
	return m->mem.ram + (object->address.v - m->desc.page_offset);
}

static size_t place_bytes(const struct fxm_machine *m, const struct fxm_held *object)
{
	return fxm_ksize((struct fxm_machine *)m, object->address);
}

/* The first of the bytes [@from, @to) of @object that is not @byte, or @to. */
static size_t first_other(const struct fxm_machine *m, const struct fxm_held *object, size_t from, size_t to, unsigned char byte)
{
	const unsigned char *at = memory(m, object);

	while (from < to && at[from] == byte)
		from++;
	return from;
}

/* ---- red zones ---- */

/* Whether the red zone of @object is as it was made; says so when it is not. */
static bool check_red_zone(struct fxmi_kernel *k, struct fxm_vcpu *cpu, const struct fxm_held *object, const void *site)
{
	size_t end = place_bytes(k->m, object), i = first_other(k->m, object, object->size_bytes, end, RED_ZONE_BYTE);
	char place[300];

	if (i >= end)
		return true;
	fxm_symbolize(object->site, place, sizeof(place));
	fxmi_finding(k, cpu, "red-zone", &(struct fxmi_subject){.va = object->address.v, .site = (uintptr_t)site, .is_left = !cpu},
		     "the %zu bytes at %llx were written past their end: byte %zu is %02x; kmalloc() at %s", object->size_bytes,
		     (unsigned long long)object->address.v, i, memory(k->m, object)[i], place);
	return false;
}

struct overruns {
	struct fxmi_kernel *k;
	unsigned found;
};

static int count_overrun(const struct fxm_held *held, void *arg)
{
	struct overruns *all = arg;

	if (held->kind == FXM_HELD_KMALLOC && !check_red_zone(all->k, NULL, held, NULL))
		all->found++;
	return 0;
}

/* ---- freed objects ---- */

/* Takes the oldest out of the ring; @tier->lock held. */
static bool pop(struct fxmi_tier *tier, struct fxmi_freed *out)
{
	if (!tier->nr_freed)
		return false;
	*out = tier->freed[tier->first_freed];
	tier->first_freed = (tier->first_freed + 1) % FXMI_FREED_MAX;
	tier->nr_freed--;
	return true;
}

/* Puts @object in; when that takes the oldest out, it is in @out. */
static bool push(struct fxmi_tier *tier, const struct fxmi_freed *object, struct fxmi_freed *out)
{
	pthread_mutex_lock(&tier->lock);
	bool has_out = tier->nr_freed == FXMI_FREED_MAX && pop(tier, out);
	tier->freed[(tier->first_freed + tier->nr_freed++) % FXMI_FREED_MAX] = *object;
	pthread_mutex_unlock(&tier->lock);
	return has_out;
}

static bool find_freed(struct fxmi_tier *tier, uint64_t va, struct fxmi_freed *out)
{
	bool found = false;

	pthread_mutex_lock(&tier->lock);
	for (unsigned i = 0; i < tier->nr_freed && !found; i++) {
		*out = tier->freed[(tier->first_freed + i) % FXMI_FREED_MAX];
		found = out->object.address.v == va;
	}
	pthread_mutex_unlock(&tier->lock);
	return found;
}

/* Gives an object back that has left the ring. Whether nobody wrote to it meanwhile; says so when somebody did. */
static bool release(struct fxmi_kernel *k, const struct fxmi_freed *freed)
{
	const struct fxm_held *object = &freed->object;
	size_t end = place_bytes(k->m, object), i = first_other(k->m, object, 0, end, POISON_FREE);
	struct fxmi_subject about = {.va = object->address.v, .site = freed->site, .is_left = true};
	char taken[300], given[300];

	if (i < end) {
		fxm_symbolize(object->site, taken, sizeof(taken));
		fxm_symbolize((struct fxm_site){.pc = freed->site}, given, sizeof(given));
		fxmi_finding(k, NULL, "use-after-free", &about,
			     "the %zu bytes at %llx were written after kfree() at %s: byte %zu is %02x; kmalloc() at %s",
			     object->size_bytes, (unsigned long long)object->address.v, given, i, memory(k->m, object)[i], taken);
	}
	fxm_kfree(k->m, object->address);
	return i >= end;
}

/* Gives all back that are in the ring. @released and the result count them, and those that somebody wrote to. */
static unsigned release_all(struct fxmi_kernel *k, unsigned *released)
{
	struct fxmi_tier *tier = atomic_load_explicit(&k->tier, memory_order_acquire);
	struct fxmi_freed oldest;
	unsigned written = 0;

	for (*released = 0; tier; ++*released) {
		pthread_mutex_lock(&tier->lock);
		bool is_taken = pop(tier, &oldest);
		pthread_mutex_unlock(&tier->lock);
		if (!is_taken)
			break;
		written += !release(k, &oldest);
	}
	return written;
}

bool fxmi_slab_shrink(struct fxm_machine *m)
{
	unsigned released;

	release_all(fxmi_kernel(m), &released);
	return released;
}

unsigned fxmi_slab_report(struct fxmi_kernel *k)
{
	struct overruns all = {.k = k};
	unsigned released;

	if (atomic_load_explicit(&k->tier, memory_order_acquire))
		fxm_held_each(k->m, count_overrun, &all);
	return all.found + release_all(k, &released);
}

/* ---- the calls ---- */

static void *do_kmalloc(struct fxm_vcpu *cpu, size_t size, unsigned gfp, const void *site)
{
	struct fxm_machine *m = cpu->machine;
	struct fxm_held object = {.kind = FXM_HELD_KMALLOC, .size_bytes = size, .site.pc = (uintptr_t)site};

	gfp = fxmi_tier_gfp(cpu, gfp) & ~FXM_GFP_HIGHMEM;
	/* the largest sizes go without one */
	object.address = fxm_kmalloc(m, size > KMALLOC_MAX - RED_ZONE_MIN ? size : size + RED_ZONE_MIN, gfp);
	if (!object.address.v)
		return NULL;
	memset(memory(m, &object) + size, RED_ZONE_BYTE, place_bytes(m, &object) - size);
	fxmi_held_add(fxmi_tier(fxmi_kernel(m)), &object, 0);
	return fxmi_tier_host(cpu, object.address.v);
}

/* kfree() of what is no object now. */
static void refuse(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const void *object, uint64_t va, const void *site)
{
	struct fxmi_subject about = {.va = va, .site = (uintptr_t)site};
	struct fxmi_freed freed;
	char what[128], place[300];

	fxmi_tier_describe(k, (uintptr_t)object, what, sizeof(what));
	if (!find_freed(fxmi_tier(k), va, &freed))
		fxmi_bug(cpu, "mm/slab.c", &about, "kfree() was given %s: no allocation begins there now (freed already?)", what);
	fxm_symbolize((struct fxm_site){.pc = freed.site}, place, sizeof(place));
	fxmi_bug(cpu, "mm/slab.c", &about, "kfree() was given %s, which was freed already, at %s", what, place);
}

static void do_kfree(struct fxm_vcpu *cpu, const void *address, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = fxmi_tier_simulated(k->m, (uintptr_t)address);
	struct fxmi_freed freed = {.site = (uintptr_t)site}, oldest;

	/* ERR_PTR-like small values and ZERO_SIZE_PTR of the kernel are not freed. */
	if ((uintptr_t)address <= 16)
		return;
	if (!fxmi_held_find(fxmi_tier(k), FXM_HELD_KMALLOC, va, &freed.object) || !place_bytes(k->m, &freed.object)) {
		/* the explicit tier's, which has no red zone */
		if (find_freed(fxmi_tier(k), va, &oldest) || fxm_kfree(k->m, fxm_va_of(va)))
			refuse(cpu, k, address, va, site);
		return;
	}
	check_red_zone(k, cpu, &freed.object, site);
	fxmi_held_remove(fxmi_tier(k), FXM_HELD_KMALLOC, va);
	if (place_bytes(k->m, &freed.object) > FXM_PAGE_SIZE) {
		fxm_kfree(k->m, freed.object.address);
		return;
	}
	memset(memory(k->m, &freed.object), POISON_FREE, place_bytes(k->m, &freed.object));
	if (push(fxmi_tier(k), &freed, &oldest))
		release(k, &oldest);
}

void *fxm_k_kmalloc(size_t size, unsigned gfp)
{
	return do_kmalloc(fxm_k_cpu(), size, gfp, __builtin_return_address(0));
}

void fxm_k_kfree(const void *object)
{
	do_kfree(fxm_k_cpu(), object, __builtin_return_address(0));
}

/* What the caller may use, which ends where the red zone begins. */
size_t fxm_k_ksize(const void *object)
{
	struct fxm_machine *m = fxm_k_cpu()->machine;
	struct fxm_held held;

	return fxmi_held_find(fxmi_tier(fxmi_kernel(m)), FXM_HELD_KMALLOC, fxmi_tier_simulated(m, (uintptr_t)object), &held)
		   ? held.size_bytes
		   : 0;
}

void *fxm_k_krealloc(const void *old, size_t size, unsigned gfp)
{
	const void *site = __builtin_return_address(0);
	struct fxm_vcpu *cpu = fxm_k_cpu();
	size_t had = old ? fxm_k_ksize(old) : 0;

	if (!size) {
		do_kfree(cpu, old, site);
		return NULL;
	}
	if (had >= size)
		return (void *)old;
	void *larger = do_kmalloc(cpu, size, gfp, site);
	if (larger && had) {
		memcpy(larger, old, had);
		do_kfree(cpu, old, site);
	}
	return larger;
}
