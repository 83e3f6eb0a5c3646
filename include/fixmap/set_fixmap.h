/* SPDX-License-Identifier: MIT */
#ifndef FXM_SET_FIXMAP_H
#define FXM_SET_FIXMAP_H

/*
 * Fixed mappings: an index of `enum fixed_addresses` is a virtual address known at compile time; what it maps is set at run
 * time. Models include/asm-i386/fixmap.h + arch/i386/mm/pgtable.c (2.6.12) and include/asm-generic/fixmap.h +
 * arch/x86/mm/pgtable.c (4.x to 6.12). Addresses are simulated ones, physical where they are fxm_pa; indices those of `enum
 * fixed_addresses`.
 *
 * Context of all that only compute: any thread. Context of all setters: any, they take no lock (callers serialize) and never
 * sleep; the TLB is flushed on the calling vCPU only, so a fixmap set over another one leaves other vCPUs stale. Indices out of
 * range are the simulated kernel's BUG, not an errno.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** FIXADDR_TOP - (@index << PAGE_SHIFT), unchecked, at the profile's address width. Errors: none. Models __fix_to_virt(). */
FXM_API fxm_va fxm_fix_to_virt_unchecked(const struct fxm_machine *m, uint32_t index);

/** (FIXADDR_TOP - (@va & PAGE_MASK)) >> PAGE_SHIFT, unchecked. Models __virt_to_fix(). */
FXM_API uint64_t fxm_virt_to_fix_unchecked(const struct fxm_machine *m, fxm_va va);

/**
 * Address of a valid index. Where the kernel refuses to link or compile: the error -EINVAL in the address. Models
 * fix_to_virt().
 */
FXM_API fxm_va fxm_fix_to_virt(const struct fxm_machine *m, uint32_t index);

/** Index of an address; BUG unless FIXADDR_START <= @va < FIXADDR_TOP (so index 0 is refused). Models virt_to_fix(). */
FXM_API uint64_t fxm_virt_to_fix(struct fxm_vcpu *cpu, fxm_va va);

/**
 * Maps @pa at fixed address @index with protection @prot; its low 12 bits are dropped. BUG when @index is out of range.
 * Models __set_fixmap().
 */
FXM_API void fxm_set_fixmap_prot(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa, fxm_pte prot);

/**
 * The same with PAGE_KERNEL / FIXMAP_PAGE_NORMAL, _NOCACHE, _IO. fxm_set_fixmap_io() came with 3.x. Errors: -ENOSYS on 2.6,
 * -EINVAL no vCPU. Model the macros set_fixmap(), set_fixmap_nocache(), set_fixmap_io().
 */
FXM_API int fxm_set_fixmap(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa);
FXM_API int fxm_set_fixmap_nocache(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa);
FXM_API int fxm_set_fixmap_io(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa);

/**
 * Set, then the address of @pa's byte in the mapping. 3.x and later; the error -ENOSYS in the address on 2.6. Model
 * set_fixmap_offset(), set_fixmap_offset_nocache(), set_fixmap_offset_io().
 */
FXM_API fxm_va fxm_set_fixmap_offset(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa);
FXM_API fxm_va fxm_set_fixmap_offset_nocache(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa);
FXM_API fxm_va fxm_set_fixmap_offset_io(struct fxm_vcpu *cpu, uint32_t index, fxm_pa pa);

/** Unmaps fixed address @index; harmless when it is not mapped. Models clear_fixmap(). */
FXM_API void fxm_clear_fixmap(struct fxm_vcpu *cpu, uint32_t index);

/**
 * Moves FIXADDR_TOP down by @reserve bytes, rounded to a PMD, and everything that follows from it but lowmem, which is mapped
 * already. BUG when a fixmap was set already. Models reserve_top_address(), x86_32 2.6.18 and later.
 * Context: before other threads use the machine; what fxm_machine_layout() returned before is no longer valid.
 * Errors: -ENOSYS on 2.6.12 to 2.6.15, -EINVAL the areas below no longer fit, -ENOMEM (nothing has moved).
 */
FXM_API int fxm_reserve_top_address(struct fxm_vcpu *cpu, uint64_t reserve);

#ifdef __cplusplus
}
#endif

#endif
