/* SPDX-License-Identifier: MIT */
#ifndef _ASM_FIXMAP_H
#define _ASM_FIXMAP_H

/* Fixed addresses: the profile's own enum, in the machine's fixmap. Its constants are in asm/kmap_size.h. */

#include <linux/kernel.h>
#include <linux/threads.h>
#include <asm/kmap_size.h>
#include <asm/page.h>
#include <asm/pgtable.h>

#include <fixmap/profiles/fixed_addresses.h>

#define FIXADDR_TOP fxm_k_address("FIXADDR_TOP")
#define FIXADDR_SIZE ((unsigned long)__end_of_permanent_fixed_addresses << PAGE_SHIFT)
#define FIXADDR_START fxm_k_address("FIXADDR_START")
#define FIXMAP_PAGE_NORMAL FXM_PROT_OF("FIXMAP_PAGE_NORMAL")
#define FIXMAP_PAGE_NOCACHE FXM_PROT_OF("FIXMAP_PAGE_NOCACHE")
#define FIXMAP_PAGE_IO FXM_PROT_OF("FIXMAP_PAGE_IO")
#define FIXMAP_PAGE_RO PAGE_KERNEL_RO

static inline void __set_fixmap(enum fixed_addresses index, phys_addr_t physical, pgprot_t prot)
{
	if (pgprot_val(prot))
		fxm_k_set_fixmap_prot(index, physical, pgprot_val(prot));
	else
		fxm_k_clear_fixmap(index);
}
#define __early_set_fixmap __set_fixmap
#define __late_set_fixmap __set_fixmap
#define __late_clear_fixmap(index) fxm_k_clear_fixmap(index)

#include <asm-generic/fixmap.h>

#endif
