/* SPDX-License-Identifier: MIT */
#ifndef FXM_EARLY_IOREMAP_H
#define FXM_EARLY_IOREMAP_H

/*
 * Mappings of early boot, when ioremap() does not work yet. Two generations: one window of NR_FIX_BTMAPS pages without any
 * account (bt_ioremap, 2.6.12 to 2.6.26), and FIX_BTMAPS_SLOTS slots of NR_FIX_BTMAPS pages each (early_ioremap, 2.6.27 and
 * later). Models arch/i386/mm/ioremap.c (2.6.12) and mm/early_ioremap.c with arch/x86/mm/ioremap.c (4.x, 5.10, 6.1).
 *
 * Context of all: the boot CPU alone, so no lock is taken; they work later too, with a warning. The TLB is flushed on the
 * calling vCPU only. Addresses and sizes have the width of the profile's types: on 32-bit kernels unsigned long has 32 bits. A
 * call that the profile's kernel does not have is refused with -ENOSYS; fxm_since() names the version that has it. Sizes in
 * bytes.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How far the boot has come. 2.6 knows no such phases: setting one changes nothing there. */
enum fxm_boot_phase {
	FXM_PHASE_EARLY,  /**< before paging_init(): entries lack GLOBAL and NX */
	FXM_PHASE_RESET,  /**< after early_ioremap_reset(): entries as everywhere else */
	FXM_PHASE_RUNNING, /**< system_state is SYSTEM_RUNNING: early mappings warn */
	FXM_PHASE_RUNNING_UNRESET /**< the same where nobody called early_ioremap_reset(): a module that has the code in itself */
};

/** The phase that @m is in. A machine comes up running, unless its config says phase=early or phase=reset. Models system_state. */
FXM_API enum fxm_boot_phase fxm_boot_phase(const struct fxm_machine *m);

/**
 * Puts @m into @phase, in either direction: going back is for trying out early code. Mappings stay.
 * Errors: -EINVAL no such phase. Models nothing of the kernel, which goes forward.
 */
FXM_API int fxm_boot_phase_set(struct fxm_machine *m, enum fxm_boot_phase phase);

/**
 * Computes the slots' addresses; WARN when one of them is still mapped. The machine has done it. Models early_ioremap_setup().
 * Errors: -ENOSYS.
 */
FXM_API int fxm_early_ioremap_setup(struct fxm_vcpu *cpu);

/** The end of the early phase; does nothing when it is over. Models early_ioremap_reset(). Errors: -ENOSYS. */
FXM_API int fxm_early_ioremap_reset(struct fxm_vcpu *cpu);

/**
 * Maps @size bytes of physical memory from @pa on into the first free slot and returns the address of the byte at @pa; 0, with
 * a WARN, when no slot is free, @size is 0 or wraps, or the pages are more than a slot has. Errors in the address: -ENOSYS.
 * Model early_ioremap(), early_memremap() and so on. Protection: early_ioremap FIXMAP_PAGE_IO, early_memremap
 * FIXMAP_PAGE_NORMAL, _ro FIXMAP_PAGE_RO, _prot @prot.
 */
FXM_API fxm_va fxm_early_ioremap(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size);
FXM_API fxm_va fxm_early_memremap(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size);
FXM_API fxm_va fxm_early_memremap_ro(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size);
FXM_API fxm_va fxm_early_memremap_prot(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size, fxm_pte prot);

/**
 * Ends a mapping. @va and @size must be exactly those of the mapping: else WARN, and it stays. Errors: -ENOSYS. Model
 * early_iounmap(), early_memunmap().
 */
FXM_API int fxm_early_iounmap(struct fxm_vcpu *cpu, fxm_va va, uint64_t size);
FXM_API int fxm_early_memunmap(struct fxm_vcpu *cpu, fxm_va va, uint64_t size);

/**
 * Copies physical memory into @dest, a slot's worth at a time. When a slot cannot be had, the kernel reads through the null
 * pointer it got: an oops. Errors: -ENOSYS, -EINVAL null pointer. Models copy_from_early_mem().
 */
FXM_API int fxm_copy_from_early_mem(struct fxm_vcpu *cpu, void *dest, fxm_pa src, uint64_t size);

/** 1, with a WARN, when a slot is still mapped, else 0. Errors: -ENOSYS. Models check_early_ioremap_leak(). */
FXM_API int fxm_check_early_ioremap_leak(struct fxm_vcpu *cpu);

/**
 * Maps @size bytes from @pa on at the start of the one window, over whatever is mapped there; memory of the ISA hole (0xa0000 to
 * 1 MB) has its address in the direct map. 0 when @size is 0 or wraps or needs more than NR_FIX_BTMAPS pages. As the kernel, it
 * leaves out the last page when only its first byte is wanted. Errors in the address: -ENOSYS. Models bt_ioremap(), 2.6.
 */
FXM_API fxm_va fxm_bt_ioremap(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size);

/**
 * Clears as many pages as @va's offset and @size make, from the start of the window on; nothing below the window. Errors:
 * -ENOSYS. Models bt_iounmap(), 2.6.
 */
FXM_API int fxm_bt_iounmap(struct fxm_vcpu *cpu, fxm_va va, uint64_t size);

/** One slot of early_ioremap; 2.6: the window. */
struct fxm_early_slot {
	fxm_va base;	   /**< slot_virt[] */
	fxm_va prev_map;   /**< the address handed out, 0 for a free slot; 2.6 keeps none: that of the last call not undone */
	uint64_t size;	   /**< prev_size[]: the size asked for; kept when the slot is freed */
	uint32_t pages;	   /**< NR_FIX_BTMAPS */
	uint32_t ptes_set; /**< entries of the slot that are not 0 */
	fxm_pte first_pte; /**< of the slot's first page */
};

/**
 * Slot number @i into @out. Errors: -ENOENT past the last one, -EINVAL null pointer. Models slot_virt[], prev_map[],
 * prev_size[].
 */
FXM_API int fxm_early_slot_at(struct fxm_machine *m, uint32_t i, struct fxm_early_slot *out);

#ifdef __cplusplus
}
#endif

#endif
