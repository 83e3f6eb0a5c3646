/* SPDX-License-Identifier: MIT */
#ifndef FXM_KMAP_ATOMIC_H
#define FXM_KMAP_ATOMIC_H

/*
 * Temporary mappings that never sleep. Three generations: typed slots (2.6.12-2.6.36: the caller names a km_type, slot =
 * type + KM_TYPE_NR * cpu), a stack per CPU (2.6.37-5.10), and since 5.11 the task's stack of kmap_local.h, with preemption and
 * page faults disabled (PREEMPT_RT: migration instead of preemption). A call that the profile's kernel does not have is refused
 * with -ENOSYS; fxm_since() names the version that has it.
 *
 * Context of all: any, interrupts included; between map and unmap the caller may not sleep. One host thread at a time per vCPU.
 * fxm_kmap_atomic() and fxm_kunmap_atomic() are the hot path: they do not check @cpu. Errors of the others: -EINVAL no vCPU, in the
 * address where one is returned. Ownership: pages are the machine's, valid for its lifetime. Addresses are simulated virtual ones.
 * The kernel's files: arch/i386/mm/highmem.c (2.6.12), arch/x86/mm/highmem_32.c and include/linux/highmem.h (2.6.37 to 5.10),
 * include/linux/highmem-internal.h (5.11 and later).
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Maps @page into the next slot of @cpu's stack and returns its address (a lowmem page's permanent one). preempt and
 * pagefault counters are raised until fxm_kunmap_atomic(). BUG: the slot's PTE is in use; DEBUG_HIGHMEM, or since 5.11: too
 * deep. Errors in the address: -ENOSYS typed generation, -EINVAL not a page of this machine. Models kmap_atomic(), 2.6.37 and
 * later.
 */
FXM_API fxm_va fxm_kmap_atomic(struct fxm_vcpu *cpu, struct fxm_page *page);

/** The same with another protection than kmap_prot. Models kmap_atomic_prot(). */
FXM_API fxm_va fxm_kmap_atomic_prot(struct fxm_vcpu *cpu, struct fxm_page *page, fxm_pte prot);

/** Maps any frame, one without struct page and lowmem too. Models kmap_atomic_pfn(), 2.6.37 and later. */
FXM_API fxm_va fxm_kmap_atomic_pfn(struct fxm_vcpu *cpu, uint64_t pfn);

/**
 * Ends the topmost mapping of @cpu; any address inside its page will do, and the kernel does not check that it is the
 * topmost one (DEBUG_HIGHMEM, or since 5.11: WARN). Errors: -ENOSYS typed generation. Models kunmap_atomic(), 2.6.37 and later.
 */
FXM_API int fxm_kunmap_atomic(struct fxm_vcpu *cpu, fxm_va va);

/**
 * The typed generation: slot @type (enum km_type) of @cpu. -EINVAL for a type that does not exist. Model kmap_atomic(page,
 * type) and so on, 2.6.12-2.6.36.
 */
FXM_API fxm_va fxm_kmap_atomic_type(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type);
FXM_API fxm_va fxm_kmap_atomic_pfn_type(struct fxm_vcpu *cpu, uint64_t pfn, uint32_t type);
FXM_API int fxm_kunmap_atomic_type(struct fxm_vcpu *cpu, fxm_va va, uint32_t type);

/**
 * The number of the frame that kmap_atomic_to_page() computes for @va, existing or not, into @pfn; BUG outside [.., FIXADDR_TOP).
 * Errors: -ENOSYS this version has no kmap_atomic_to_page(). Models that.
 */
FXM_API int fxm_find_kmap_atomic_pfn(struct fxm_vcpu *cpu, fxm_va va, uint64_t *pfn);

/** The page of that frame. Errors: -ENOSYS, -ENOENT no such frame. Models kmap_atomic_to_page(), 2.6. */
FXM_API int fxm_kmap_atomic_to_page(struct fxm_vcpu *cpu, fxm_va va, struct fxm_page **out);

/**
 * The stack's counter: push returns the new top level, idx the present one, pop lowers it. DEBUG_HIGHMEM checks as the
 * kernel's. -ENOSYS else. Model kmap_atomic_idx_push() and so on, 2.6.37 to 5.10.
 */
FXM_API int fxm_kmap_atomic_idx_push(struct fxm_vcpu *cpu);
FXM_API int fxm_kmap_atomic_idx(struct fxm_vcpu *cpu);
FXM_API int fxm_kmap_atomic_idx_pop(struct fxm_vcpu *cpu);

#ifdef __cplusplus
}
#endif

#endif
