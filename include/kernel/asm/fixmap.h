/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_FIXMAP_H
#define FXM_KERNEL_ASM_FIXMAP_H

/* Fixed addresses: enum fixed_addresses comes from the profile, everything else from the machine. */

#include <asm/page.h>
#include <asm/pgtable.h>
#include <linux/bug.h>

#define FIXADDR_TOP FXM_K_BORDER("FIXADDR_TOP")
#define FIXADDR_START FXM_K_BORDER("FIXADDR_START")
#define FIXADDR_SIZE ((unsigned long)__end_of_permanent_fixed_addresses << PAGE_SHIFT)
#define __FIXADDR_TOP FIXADDR_TOP
#ifdef FXM_K_TYPED
#define __FIXADDR_SIZE FIXADDR_SIZE
#define FIXADDR_BOOT_START FXM_K_BORDER("FIXADDR_BOOT_START")
#else
#define FIXADDR_TOT_SIZE ((unsigned long)__end_of_fixed_addresses << PAGE_SHIFT)
#define FIXADDR_TOT_START (FIXADDR_TOP - FIXADDR_TOT_SIZE)
#define FIXMAP_PAGE_NORMAL FXM_K_PROT("FIXMAP_PAGE_NORMAL")
#define FIXMAP_PAGE_NOCACHE FXM_K_PROT("FIXMAP_PAGE_NOCACHE")
#define FIXMAP_PAGE_IO FXM_K_PROT("FIXMAP_PAGE_IO")
#define FIXMAP_PAGE_RO PAGE_KERNEL_RO
#define FIXMAP_PAGE_CLEAR __pgprot(0)
#endif

#define __fix_to_virt(index) fxm_k_fix_to_virt((unsigned int)(index))
#define __virt_to_fix(address) fxm_k_virt_to_fix((unsigned long)(address))

/*
 * The index must be known to the compiler, as in the kernel. Without optimisation an inline function's argument never is:
 * the check then happens at run time.
 */
#ifdef __OPTIMIZE__
void fxm_k_refuse_index(void) __attribute__((
    error("fix_to_virt(): the index is no constant below __end_of_fixed_addresses; for a variable use __fix_to_virt()")));

FXM_K_INLINE unsigned long fix_to_virt(const unsigned int index)
{
	if (!__builtin_constant_p(index) || index >= __end_of_fixed_addresses)
		fxm_k_refuse_index();
	return __fix_to_virt(index);
}
#else
FXM_K_INLINE unsigned long fix_to_virt(const unsigned int index)
{
	return fxm_k_fix_to_virt_checked(index);
}
#endif

FXM_K_INLINE unsigned long virt_to_fix(const unsigned long address)
{
	return fxm_k_virt_to_fix_checked(address);
}

/* The physical address is as wide as phys_addr_t, or as unsigned long was on 32 bits in 2.6: PAE addresses lose their top there. */
#ifdef FXM_K_TYPED
#define FXM_K_PHYS(physical) ((u32)(physical))
#else
#define FXM_K_PHYS(physical) ((phys_addr_t)(physical))
#endif

FXM_K_INLINE void __set_fixmap(enum fixed_addresses index, unsigned long long physical, pgprot_t flags)
{
	fxm_k_set_fixmap_prot(index, FXM_K_PHYS(physical), pgprot_val(flags));
}

#define set_fixmap(index, physical) fxm_k_set_fixmap(FXM_K_FIXMAP_NORMAL, (unsigned int)(index), FXM_K_PHYS(physical))
#define set_fixmap_nocache(index, physical) fxm_k_set_fixmap(FXM_K_FIXMAP_NOCACHE, (unsigned int)(index), FXM_K_PHYS(physical))
#define clear_fixmap(index) fxm_k_clear_fixmap((unsigned int)(index))

/* What 2.6 does not have is refused when it is called. */
#define set_fixmap_io(index, physical) fxm_k_set_fixmap(FXM_K_FIXMAP_IO, (unsigned int)(index), FXM_K_PHYS(physical))
#define FXM_K_SET_OFFSET(kind, index, physical)                                                                                    \
	((void)fix_to_virt(index), fxm_k_set_fixmap_offset(kind, (unsigned int)(index), FXM_K_PHYS(physical)))
#define set_fixmap_offset(index, physical) FXM_K_SET_OFFSET(FXM_K_FIXMAP_NORMAL, index, physical)
#define set_fixmap_offset_nocache(index, physical) FXM_K_SET_OFFSET(FXM_K_FIXMAP_NOCACHE, index, physical)
#if FXM_K_HAS(set_fixmap_offset_io) || FXM_K_HAS(kmap_atomic_type)
#define set_fixmap_offset_io(index, physical) FXM_K_SET_OFFSET(FXM_K_FIXMAP_IO, index, physical)
#else
unsigned long set_fixmap_offset_io(unsigned int index, unsigned long long physical) FXM_K_NOT_HERE(set_fixmap_offset_io);
#endif

#define __set_fixmap_offset(index, physical, flags)                                                                               \
	((void)fix_to_virt(index), __set_fixmap(index, physical, flags),                                                           \
	 __fix_to_virt(index) + ((unsigned long)(physical) & (PAGE_SIZE - 1)))

#define reserve_top_address(reserve) fxm_k_reserve_top_address(reserve)

#endif
