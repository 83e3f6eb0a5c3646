/* SPDX-License-Identifier: MIT */
#ifndef WHOLE_H
#define WHOLE_H

/*
 * Whether the library's own structures are whole: the one thing that a fuzz target sees of its inside.
 */

#include <sim.h>

static inline void check_whole(struct fxm_machine *m)
{
	fxm_assert(fxmi_machine_is_valid(m));
}

/* Of a machine whose page tables nobody has written to past the library. */
static inline void check_whole_with_tables(struct fxm_machine *m)
{
	check_whole(m);
	fxm_assert(fxmi_pgtables_are_valid(m));
}

#endif
