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

/* Struct pages [@first, @first + @n) become other than zero. From any thread. */
FXMI_INLINE void fxmi_pages_touch(struct fxmi_physmem *mem, uint64_t first, uint64_t n)
{
	for (uint64_t at = first / FXMI_TOUCH_PAGES; at <= (first + n - 1) / FXMI_TOUCH_PAGES; at++) {
		uint64_t bit = UINT64_C(1) << at % 64;

		if (!(atomic_load_explicit(&mem->touched[at / 64], memory_order_relaxed) & bit))
			atomic_fetch_or_explicit(&mem->touched[at / 64], bit, memory_order_relaxed);
	}
}

/* The struct page of @pfn, for somebody who may write to it although he has not allocated it. */
FXMI_INLINE struct fxm_page *fxmi_page_of(struct fxm_machine *m, uint64_t pfn)
{
	if (fxmi_pfn_is_ram(m, pfn))
		fxmi_pages_touch(&m->mem, pfn, 1);
	return m->mem.mem_map + pfn;
}

/* The device at physical @pa, or NULL. */
struct fxmi_device *fxmi_device_at(const struct fxm_machine *m, uint64_t pa);

#endif
