/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_TLBFLUSH_H
#define FXM_KERNEL_ASM_TLBFLUSH_H

#include <fxm/unit.h>

/* One page on this CPU; everything on all of them. */
#define __flush_tlb_one(address) fxm_k_flush_tlb_one((unsigned long)(address))
#define __flush_tlb_single(address) fxm_k_flush_tlb_one((unsigned long)(address))
#define flush_tlb_all() fxm_k_flush_tlb_all()
#define flush_tlb_kernel_range(start, end) ((void)(start), (void)(end), fxm_k_flush_tlb_all())

#endif
