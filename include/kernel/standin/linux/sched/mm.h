/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_SCHED_MM_H
#define FXM_KERNEL_LINUX_SCHED_MM_H

/* There is no reclaim that could recurse. */

#include <linux/gfp.h>

FXM_K_INLINE unsigned int memalloc_nofs_save(void)
{
	return 0;
}

FXM_K_INLINE void memalloc_nofs_restore(unsigned int flags)
{
	(void)flags;
}

#define memalloc_noio_save() memalloc_nofs_save()
#define memalloc_noio_restore(flags) memalloc_nofs_restore(flags)

#endif
