/* SPDX-License-Identifier: MIT */
#ifndef FXM_KMAP_H
#define FXM_KMAP_H

/*
 * Persistent kernel mappings: kmap() and the pkmap pool behind it. Models mm/highmem.c and arch/x86/mm/highmem_32.c
 * (arch/i386/mm/highmem.c in 2.6) of each version, 2.6.12 to 6.12. Addresses are simulated virtual ones.
 *
 * pkmap_count[slot]: 0 free and flushed; 1 unused but still mapped and perhaps in a TLB, not reusable for another page before
 * the next flush; n >= 2: n-1 users. Lock: kmap_lock, one per machine; the calls take it themselves.
 *
 * Of all, unless a function says otherwise: Context: the thread that sits on @cpu, in any context. Errors: -EINVAL a null
 * pointer, -ECHILD the machine is dead (forked), in the address where one is returned. Ownership: pages are the machine's,
 * valid for its lifetime.
 */

#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Maps @page until kunmap() and returns its address: the permanent one for a lowmem page, a pkmap slot for a highmem page.
 * Context: a task that may sleep: it waits while all slots have users. A wait that cannot end is reported and ends the task.
 * Errors in the address: -EINVAL @page is no page of this machine. Models kmap().
 */
FXM_API fxm_va fxm_kmap(struct fxm_vcpu *cpu, struct fxm_page *page);

/**
 * Drops one use. The page's PTE and address stay until a flush. BUG: page not mapped, or without users; in interrupt
 * context (before 5.8).
 * Context: task. Errors: -EINVAL @page is no page of this machine. Models kunmap().
 */
FXM_API int fxm_kunmap(struct fxm_vcpu *cpu, struct fxm_page *page);

/**
 * kmap() and kunmap() of a highmem page without their might_sleep() and lowmem test; -EINVAL for a lowmem page. Model
 * kmap_high(), kunmap_high().
 */
FXM_API fxm_va fxm_kmap_high(struct fxm_vcpu *cpu, struct fxm_page *page);
FXM_API int fxm_kunmap_high(struct fxm_vcpu *cpu, struct fxm_page *page);

/**
 * The pkmap address that @page has, with its count raised by one: it never maps and never sleeps, so any context may call it.
 * 0 when the page has none, or where this CONFIG makes it a stub. fxm_kunmap_high() gives the reference back.
 * Errors in the address: -EINVAL not a highmem page of this machine, -ENOSYS not on this architecture (arm has it).
 * Models kmap_high_get().
 */
FXM_API fxm_va fxm_kmap_high_get(struct fxm_vcpu *cpu, struct fxm_page *page);

/**
 * A new slot for @page, count 1, whether or not it has one already; may sleep. Static in the kernel; takes kmap_lock itself.
 * Errors in the address: -EINVAL not a highmem page of this machine. Models map_new_virtual().
 */
FXM_API fxm_va fxm_map_new_virtual(struct fxm_vcpu *cpu, struct fxm_page *page);

/**
 * Frees every slot with count 1; returns how many. Static in the kernel; takes kmap_lock itself. Models
 * flush_all_zero_pkmaps().
 */
FXM_API int fxm_flush_all_zero_pkmaps(struct fxm_vcpu *cpu);

/** The exported form of the flush. Errors: -ENOSYS this version does not have it. Models kmap_flush_unused(). */
FXM_API int fxm_kmap_flush_unused(struct fxm_vcpu *cpu);

/**
 * The address of @page: permanent for lowmem, its slot's for a mapped (or idle) highmem page, 0 when it has none. Any
 * context. Models page_address().
 */
FXM_API fxm_va fxm_page_address(struct fxm_vcpu *cpu, const struct fxm_page *page);

/** Enters (@va != 0) or removes (0) @page in the page-to-address map. BUG for a lowmem page. Models set_page_address(). */
FXM_API int fxm_set_page_address(struct fxm_vcpu *cpu, struct fxm_page *page, fxm_va va);

/** The hash bucket (0 to 127) that @page's address record lives in. Static in the kernel. Models page_slot(). */
FXM_API int fxm_page_slot(struct fxm_vcpu *cpu, const struct fxm_page *page);

/** Empties the page-to-address map, as at boot. Errors: -EBUSY pages are mapped. Models page_address_init(). */
FXM_API int fxm_page_address_init(struct fxm_machine *m);

/**
 * The page behind a kernel address as that version computes it, mistakes included (a kmap_atomic address gives the wrong
 * page before 6.1). NULL when the resulting frame does not exist. Errors: -ENOSYS this version has none. Models kmap_to_page().
 */
FXM_API int fxm_kmap_to_page(struct fxm_vcpu *cpu, fxm_va va, struct fxm_page **out);

/** The frame number that it computes, existing or not, into @pfn. Errors: -ENOSYS this version has none. Models kmap_to_page(). */
FXM_API int fxm_find_kmap_pfn(struct fxm_vcpu *cpu, fxm_va va, uint64_t *pfn);

/** The state of the pool. */
struct fxm_pkmap {
	uint32_t last_pkmap;	/**< LAST_PKMAP: number of slots */
	uint32_t last_pkmap_nr; /**< the round-robin cursor */
	uint32_t used;		/**< slots with users (count >= 2) */
	uint32_t idle;		/**< slots with count 1 */
	uint32_t waiters;	/**< tasks asleep for a slot */
};

/** Reads the pool's state. Context: any thread. Models last_pkmap_nr and pkmap_count[]. */
FXM_API void fxm_get_pkmap(struct fxm_machine *m, struct fxm_pkmap *out);

/**
 * pkmap_count[@slot], and through @page (may be NULL) the page in it. Context: any thread. Errors: -ENOENT no such slot. Models
 * that array.
 */
FXM_API int fxm_pkmap_count(struct fxm_machine *m, uint32_t slot, struct fxm_page **page);

#ifdef __cplusplus
}
#endif

#endif
