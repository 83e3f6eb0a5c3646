/* SPDX-License-Identifier: MIT */
#ifndef FXM_KMAP_LOCAL_H
#define FXM_KMAP_LOCAL_H

/*
 * Temporary mappings that belong to a task: kmap_local, 5.11 and later. The task may sleep and be preempted with mappings held;
 * they are taken away when it leaves its CPU and put back, at the same addresses, when it returns, because it cannot migrate
 * meanwhile. They nest: unmap in reverse order. fxm_kmap_atomic() of such a kernel shares the stack and disables preemption
 * and page faults as well.
 *
 * Depth: 15 mappings per task, interrupts on top of it included; 16 with DEBUG_KMAP_LOCAL, which leaves a guard slot below
 * each. One more is a BUG. fxm_counts.kmap_depth is current->kmap_ctrl.idx (a mapping adds 2 with DEBUG_KMAP_LOCAL).
 *
 * Context of all: any, interrupts included; the mapping is the task's that sits on @cpu. One host thread at a time per vCPU.
 * Errors of all, in the address where one is returned: -ENOSYS on a kernel before 5.11 (fxm_since() says so), -ENOMEM the host
 * has no memory for the task's first mapping. fxm_kmap_local_page() and fxm_kunmap_local() are the hot path: they do not check
 * @cpu. Addresses are simulated virtual ones, offsets bytes. The kernel's files: mm/highmem.c, include/linux/highmem-internal.h.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Maps @page into the next slot of the task on @cpu and returns its address; a lowmem page's permanent one, without a slot, unless
 * DEBUG_KMAP_LOCAL_FORCE_MAP. Migration is disabled until fxm_kunmap_local(). BUG: too deep; the slot's PTE is in use.
 * Errors in the address: -EINVAL not a page of this machine. Models kmap_local_page().
 */
FXM_API fxm_va fxm_kmap_local_page(struct fxm_vcpu *cpu, struct fxm_page *page);

/** The same with another protection than kmap_prot. Models kmap_local_page_prot(). */
FXM_API fxm_va fxm_kmap_local_page_prot(struct fxm_vcpu *cpu, struct fxm_page *page, fxm_pte prot);

/** Maps any frame, one without struct page and lowmem too. Models kmap_local_pfn(). */
FXM_API fxm_va fxm_kmap_local_pfn(struct fxm_vcpu *cpu, uint64_t pfn);

/**
 * What the calls above come to where there is high memory, with a protection: exported functions, which a kernel without it has
 * too when DEBUG_KMAP_LOCAL_FORCE_MAP gave it slots. There the calls above stay page_address(); only these map. fxm_kunmap_local()
 * undoes nothing then, fxm_kunmap_local_indexed() does.
 * Errors: -ENOSYS this kernel has no slots (CONFIG_KMAP_LOCAL), and as above. Models __kmap_local_page_prot(),
 * __kmap_local_pfn_prot(), kunmap_local_indexed().
 */
FXM_API fxm_va fxm_kmap_local_page_indexed(struct fxm_vcpu *cpu, struct fxm_page *page, fxm_pte prot);
FXM_API fxm_va fxm_kmap_local_pfn_indexed(struct fxm_vcpu *cpu, uint64_t pfn, fxm_pte prot);
FXM_API int fxm_kunmap_local_indexed(struct fxm_vcpu *cpu, fxm_va va);

/**
 * Maps the page of @folio, a compound page or a single one, that byte @offset lies in, and returns that byte's address. The
 * bytes after it are mapped up to the end of its page only. Errors in the address: -EINVAL not a page of this machine, or the
 * offset leads out of it. Models kmap_local_folio().
 */
FXM_API fxm_va fxm_kmap_local_folio(struct fxm_vcpu *cpu, struct fxm_page *folio, size_t offset);

/**
 * Ends the topmost mapping of the task on @cpu; any address inside its page will do. WARN, once: it is not the topmost one
 * (which is unmapped all the same, and the address passed is flushed). BUG: nothing is mapped. An address outside the slots is
 * ignored; WARN, once: it lies below PAGE_OFFSET, or DEBUG_KMAP_LOCAL_FORCE_MAP. Models kunmap_local().
 */
FXM_API int fxm_kunmap_local(struct fxm_vcpu *cpu, fxm_va va);

/**
 * 1 when @va lies in the pkmap area, 0 else. Slots of kmap_local do not count in 6.1; in 6.12 all do but the first one of CPU 0.
 * Errors: -ENOSYS. Models is_kmap_addr().
 */
FXM_API int fxm_is_kmap_addr(struct fxm_vcpu *cpu, fxm_va va);

#ifdef __cplusplus
}
#endif

#endif
