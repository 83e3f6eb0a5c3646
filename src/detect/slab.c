/* SPDX-License-Identifier: MIT */
/* Objects of kmalloc() that were written to where nobody may: past their end, or after kfree(). The machine's allocator looks. */
#include "detect.h"
#include "report.h"
#include "state.h"

#define NR_DAMAGE (sizeof(((struct fxmi_kernel *)NULL)->damage) / sizeof(struct fxmi_damage))

void fxmi_slab_told(struct fxmi_kernel *k, uint64_t va, size_t size)
{
	struct fxmi_damage *d = &k->damage[atomic_fetch_add(&k->nr_damage, 1) % NR_DAMAGE];

	atomic_store_explicit(&d->va, va, memory_order_relaxed);
	atomic_store_explicit(&d->size, size, memory_order_relaxed);
}

/*
 * The byte at @va was written by an access that was told. By the time that the access goes on the memory may be another object,
 * freed in its turn.
 */
static bool is_told(struct fxmi_kernel *k, uint64_t va)
{
	for (size_t i = 0; i < NR_DAMAGE; i++)
		if (va - atomic_load_explicit(&k->damage[i].va, memory_order_relaxed) <
		    atomic_load_explicit(&k->damage[i].size, memory_order_relaxed))
			return true;
	return false;
}

void fxmi_slab_written(struct fxm_machine *m, const struct fxmi_written *w)
{
	unsigned long long va = w->va;
	bool is_in_kfree = w->freed_site && !w->after_free;
	struct fxmi_subject about = {
	    .va = va, .site = w->freed_site ? w->freed_site : w->site, .taken_at = w->site, .is_left = !is_in_kfree};
	char taken[300], given[300];

	if (is_told(fxmi_kernel(m), w->va + w->offset)) {
		atomic_fetch_add(&fxmi_kernel(m)->repeated, 1);
		return;
	}
	fxm_symbolize((struct fxm_site){.pc = w->site}, taken, sizeof(taken));
	fxm_symbolize((struct fxm_site){.pc = w->freed_site}, given, sizeof(given));
	if (w->after_free)
		fxmi_finding(fxmi_kernel(m), NULL, FXMI_FIND_USE_AFTER_FREE, &about,
			     "the %u bytes at %llx were written after kfree() at %s: byte %u is %02x; kmalloc() at %s", w->asked,
			     va, given, w->offset, w->byte, taken);
	else
		fxmi_finding(fxmi_kernel(m), is_in_kfree ? w->cpu : NULL, FXMI_FIND_RED_ZONE, &about,
			     "the %u bytes at %llx were written past their end: byte %u is %02x; kmalloc() at %s", w->asked, va,
			     w->offset, w->byte, taken);
}
