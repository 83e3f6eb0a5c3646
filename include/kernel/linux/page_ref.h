/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PAGE_REF_H
#define FXM_KERNEL_LINUX_PAGE_REF_H

#include <linux/mm.h>

#define page_ref_count(page) page_count(page)
#ifdef FXM_K_LOCAL
#define folio_ref_count(folio) page_count(&(folio)->page)
#endif

#endif
