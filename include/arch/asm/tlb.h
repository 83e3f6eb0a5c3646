/* SPDX-License-Identifier: MIT */
#ifndef _ASM_TLB_H
#define _ASM_TLB_H

#include <linux/pagemap.h>
#include <asm-generic/tlb.h>

#endif
