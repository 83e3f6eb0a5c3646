/* SPDX-License-Identifier: MIT */
#ifndef FXM_EARLY_FIXMAP_H
#define FXM_EARLY_FIXMAP_H

/*
 * How the fixmap comes up, and the fixed addresses that boot code alone uses: the one page table that exists before memory is
 * mapped (bm_pte), its hand-over to the final tables, the device tree blob, and tables that are edited through a fixed address.
 * Models arch/arm/mm/mmu.c and arch/arm64/mm/mmu.c (4.7), arch/x86/mm/ioremap.c.
 *
 * Context of all: the boot CPU alone, so no lock is taken; nothing sleeps. A call that the profile's kernel or architecture does
 * not have is refused with -ENOSYS. The machine comes up with all of this done: call these to go through the boot once more, with
 * phase=early. Errors of all: -ENOSYS, -EINVAL no vCPU. Physical addresses are fxm_pa, those returned simulated virtual ones.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Puts a fresh bm_pte under the fixed addresses that it serves: what was mapped there is gone, without a flush. The machine is in
 * the early phase then (early_ioremap.h). WARN on arm64 when the boot-time mappings cross a page-middle directory.
 * Models early_fixmap_init() of arm (4.3 and later) and arm64 (3.15 and later).
 */
FXM_API int fxm_early_fixmap_init(struct fxm_vcpu *cpu);

/**
 * The hand-over of arm: only permanent entries that map a device stay, all others are lost. The early phase ends with
 * early_ioremap_reset(), which setup_arch() calls before.
 * Models early_fixmap_shutdown() of arm, which paging_init() calls (4.3 and later).
 */
FXM_API int fxm_early_fixmap_shutdown(struct fxm_vcpu *cpu);

/**
 * x86: a fresh bm_pte under FIX_BTMAP_BEGIN, and fxm_early_ioremap_setup(); WARN when what lies above fixed address 0 does not
 * begin a page-middle directory, and when the boot-time mappings cross one. arm, arm64: fxm_early_ioremap_setup() alone. The boot
 * parameter reservetop= calls it a second time, after fxm_reserve_top_address(). Models early_ioremap_init(), 2.6.27 and later.
 */
FXM_API int fxm_early_ioremap_init(struct fxm_vcpu *cpu);

/**
 * Maps the device tree blob at physical address @pa, read-only, at FIX_FDT: one block of 2 MB (4 KB pages, until 6.1) or one page
 * (16 and 64 KB pages; all of them in 6.12), more when the blob goes on, at most 2 MB; its frames are reserved. Returns the address
 * of the blob; 0, as the kernel, when @pa is 0 or no multiple of 8, the blob does not begin with the magic number d00dfeed, or says
 * that it is larger than 2 MB. Afterwards FIX_FDT's range has no entries of its own. Models fixmap_remap_fdt() of arm64, 4.2 and
 * later.
 * Errors in the address: -ENOSYS.
 */
FXM_API fxm_va fxm_fixmap_remap_fdt(struct fxm_vcpu *cpu, fxm_pa pa);

/**
 * A page table at physical address @pa, of the level that the name says, at FIX_PTE, FIX_PMD, FIX_PUD or FIX_PGD: the address of
 * the byte at @pa; and the end of that. A level that this page table folds away has none: -ENOSYS.
 * Model pte_set_fixmap(), pte_clear_fixmap() and their kin of arm64 (4.6 and later).
 */
FXM_API fxm_va fxm_pte_set_fixmap(struct fxm_vcpu *cpu, fxm_pa pa);
FXM_API fxm_va fxm_pmd_set_fixmap(struct fxm_vcpu *cpu, fxm_pa pa);
FXM_API fxm_va fxm_pud_set_fixmap(struct fxm_vcpu *cpu, fxm_pa pa);
FXM_API fxm_va fxm_pgd_set_fixmap(struct fxm_vcpu *cpu, fxm_pa pa);
FXM_API int fxm_pte_clear_fixmap(struct fxm_vcpu *cpu);
FXM_API int fxm_pmd_clear_fixmap(struct fxm_vcpu *cpu);
FXM_API int fxm_pud_clear_fixmap(struct fxm_vcpu *cpu);
FXM_API int fxm_pgd_clear_fixmap(struct fxm_vcpu *cpu);

#ifdef __cplusplus
}
#endif

#endif
