/* SPDX-License-Identifier: MIT */
/* Behind the kernel's names: kmalloc. Each object has a red zone; what was written there, or after kfree(), is reported. */
#include "mm.h"
#include "report.h"
#include "state.h"
#include "tier.h"

enum { RED_ZONE_MIN = 8, KMALLOC_MAX = FXM_PAGE_SIZE << FXM_MAX_ORDER };

void *fxmi_tier_kmalloc(struct fxm_vcpu *cpu, size_t size, unsigned gfp, const void *site)
{
	struct fxm_machine *m = cpu->machine;
	struct fxm_held object = {.kind = FXM_HELD_KMALLOC, .size_bytes = size, .site.pc = (uintptr_t)site};
	/* the largest sizes go without one */
	size_t red_zone = size > KMALLOC_MAX - RED_ZONE_MIN ? 0 : RED_ZONE_MIN;

	gfp = fxmi_gfp(cpu, gfp) & ~FXM_GFP_HIGHMEM;
	object.address = fxmi_kmalloc(m, size, red_zone, gfp, (uintptr_t)site);
	if (!object.address.v)
		return NULL;
	fxmi_held_add(fxmi_tier(fxmi_kernel(m)), &object, 0);
	return fxmi_tier_host(cpu, object.address.v);
}

/* What is wrong with @address, which is no object now: what it is, and if it was one, who freed it. */
static void describe_no_object(struct fxmi_kernel *k, const void *address, char *buf, size_t size)
{
	uintptr_t freed = fxmi_kmalloc_freed(k->m, fxm_va_of(fxmi_tier_simulated(k->m, (uintptr_t)address)));
	char what[128], place[300];

	fxmi_tier_describe(k, (uintptr_t)address, what, sizeof(what));
	if (freed) {
		fxm_symbolize((struct fxm_site){.pc = freed}, place, sizeof(place));
		snprintf(buf, size, "%s, which was freed already, at %s", what, place);
	} else {
		snprintf(buf, size, "%s: no allocation begins there now (freed already?)", what);
	}
}

static void do_kfree(struct fxm_vcpu *cpu, const void *address, bool poison, const void *site)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t va = fxmi_tier_simulated(k->m, (uintptr_t)address);
	char what[512];

	/* ERR_PTR-like small values and ZERO_SIZE_PTR of the kernel are not freed. */
	if ((uintptr_t)address <= 16)
		return;
	fxmi_held_remove(fxmi_tier(k), FXM_HELD_KMALLOC, va); /* before somebody else can have it */
	if (fxmi_kfree(k->m, fxm_va_of(va), poison, (uintptr_t)site)) {
		describe_no_object(k, address, what, sizeof(what));
		fxmi_bug(cpu, "mm/slab.c", &(struct fxmi_subject){.va = va, .site = (uintptr_t)site}, "kfree() was given %s", what);
	}
}

void fxmi_tier_kfree(struct fxm_vcpu *cpu, const void *address, const void *site)
{
	do_kfree(cpu, address, true, site);
}

void *fxm_k_kmalloc(size_t size, unsigned gfp)
{
	return fxmi_tier_kmalloc(fxm_k_cpu(), size, gfp, __builtin_return_address(0));
}

void fxm_k_kfree(const void *object)
{
	do_kfree(fxm_k_cpu(), object, true, __builtin_return_address(0));
}

void fxm_k_kfree_typesafe(const void *object)
{
	do_kfree(fxm_k_cpu(), object, false, __builtin_return_address(0));
}

/* What the caller may use, which ends where the red zone begins. An object of fxm_kmalloc() has none. */
static size_t usable(struct fxm_machine *m, const void *object)
{
	uint64_t va = fxmi_tier_simulated(m, (uintptr_t)object);
	struct fxm_held held;

	if (fxmi_held_find(fxmi_tier(fxmi_kernel(m)), FXM_HELD_KMALLOC, va, &held))
		return held.size_bytes;
	return fxm_ksize(m, fxm_va_of(va));
}

size_t fxm_k_ksize(const void *object)
{
	return usable(fxm_k_cpu()->machine, object);
}

void *fxm_k_krealloc(const void *old, size_t size, unsigned gfp)
{
	const void *site = __builtin_return_address(0);
	struct fxm_vcpu *cpu = fxm_k_cpu();
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	size_t had = usable(k->m, old);
	char what[512];

	if (!size) {
		do_kfree(cpu, old, true, site);
		return NULL;
	}
	/* an object of no bytes is usable for none, too, and known */
	if ((uintptr_t)old > 16 && !had && !fxm_ksize(k->m, fxm_va_of(fxmi_tier_simulated(k->m, (uintptr_t)old)))) {
		describe_no_object(k, old, what, sizeof(what));
		fxmi_finding(k, cpu, FXMI_FIND_USE_AFTER_FREE, &(struct fxmi_subject){.site = (uintptr_t)site},
			     "krealloc() was given %s", what);
	}
	if (had >= size)
		return (void *)old;
	void *larger = fxmi_tier_kmalloc(cpu, size, gfp, site);
	if (larger && had) {
		memcpy(larger, old, had);
		do_kfree(cpu, old, true, site);
	}
	return larger;
}
