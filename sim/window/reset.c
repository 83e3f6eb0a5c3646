/* SPDX-License-Identifier: MIT */
/*
 * The window as it was when its machine was made: nothing is shown, and no pointer was handed out. Where it lies among the host's
 * addresses, it stays. Nobody uses it meanwhile.
 */
#include "lanes.h"
#include "window_internal.h"

#include <sys/mman.h>

/* Makes sparse memory zeroes again. */
static void forget(void *p, uint64_t bytes)
{
	if (p && madvise(p, bytes, MADV_DONTNEED))
		memset(p, 0, bytes);
}

/* To make the aliases anew would take many system calls. */
static void spare_aliases(struct fxm_machine *m)
{
	struct fxmi_lanes *l = m->lanes;

	if (l->has_moved)
		fxmi_lanes_drop(m);
	if (!l->host)
		return;
	forget(l->word, fxmi_alias_pages(l) * sizeof(*l->word));
	forget(l->places, fxmi_alias_pages(l) * sizeof(*l->places));
	forget(l->turn, m->mem.nr_frames);
	l->spare = l->host;
	l->host = NULL;
}

static void reset_lanes(struct fxm_machine *m)
{
	struct fxmi_lanes *l = m->lanes;

	spare_aliases(m);
	forget(l->alias_of, FXMI_SLOTS * sizeof(*l->alias_of));
	forget(l->told, FXMI_SLOTS * sizeof(*l->told));
	l->is_announced = l->is_over = false;
}

void fxmi_window_reset(struct fxm_machine *m)
{
	struct fxmi_window *w = m->window;

	pthread_mutex_lock(&w->lock);
	for (unsigned i = 0; i < w->nr_segments; i++) {
		struct fxmi_segment *seg = &w->segment[i];

		if (!seg->touched)
			continue;
		fxmi_resident_withdraw(m, seg, 0, seg->touched);
		seg->touched = 0;
	}
	pthread_mutex_unlock(&w->lock);
	w->faults = w->system_calls = 0;
	if (m->lanes)
		reset_lanes(m);
}
