/* SPDX-License-Identifier: MIT */
#ifndef FXMI_FRAMES_H
#define FXMI_FRAMES_H

/*
 * What lies at a physical address: a frame of RAM, its struct page, or a device.
 */

#include "board.h"

FXMI_INLINE unsigned char *fxmi_frame(const struct fxm_machine *m, uint64_t pfn)
{
	return m->mem.ram + (pfn << FXM_PAGE_SHIFT);
}

FXMI_INLINE bool fxmi_pfn_is_ram(const struct fxm_machine *m, uint64_t pfn)
{
	return pfn - m->mem.start_pfn < m->mem.nr_frames - m->mem.start_pfn;
}

FXMI_INLINE uint64_t fxmi_page_pfn(const struct fxm_machine *m, const struct fxm_page *page)
{
	return (uint64_t)((uintptr_t)page - (uintptr_t)m->mem.mem_map) / sizeof(struct fxm_page);
}

/* Whether @page points at an element of this machine's mem_map. */
FXMI_INLINE bool fxmi_page_is_valid(const struct fxm_machine *m, const struct fxm_page *page)
{
	uintptr_t offset = (uintptr_t)page - (uintptr_t)(m->mem.mem_map + m->mem.start_pfn);
	return offset < (m->mem.nr_frames - m->mem.start_pfn) * sizeof(struct fxm_page) && offset % sizeof(struct fxm_page) == 0;
}

/* The device at physical @pa, or NULL. */
struct fxmi_device *fxmi_device_at(const struct fxm_machine *m, uint64_t pa);

#endif
