/* SPDX-License-Identifier: MIT */
/* Objects of kmalloc() that were written to where nobody may: past their end, or after kfree(). The machine's allocator looks. */
#include "detect.h"
#include "report.h"
#include "state.h"

void fxmi_slab_written(struct fxm_machine *m, const struct fxmi_written *w)
{
	unsigned long long va = w->va;
	bool is_in_kfree = w->freed_site && !w->after_free;
	struct fxmi_subject about = {
	    .va = va, .site = w->freed_site ? w->freed_site : w->site, .taken_at = w->site, .is_left = !is_in_kfree};
	char taken[300], given[300];

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
