/* SPDX-License-Identifier: MIT */
#ifndef FXM_MAPPING_H
#define FXM_MAPPING_H

/*
 * The mappings that there are on a machine, whatever call made them: kmap(), kmap_atomic() of any generation, kmap_local_page(),
 * early_ioremap() and its kin, set_fixmap(). For test frameworks and tools that want to show or check them all.
 *
 * Addresses are simulated ones. Who mapped, and serials, are recorded while detectors are on (detect=on); fixed and early mappings
 * have serials always. Models nothing of the kernel, which has no such list.
 */

#include <fixmap/report.h>
#include <fixmap/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One mapping. The texts live as long as the machine; comm, as long as the callback. */
struct fxm_mapping {
	size_t struct_size;   /**< of this struct, in the library that fills it: what lies beyond is not there */
	const char *call;     /**< which call made it: "kmap", "kmap_atomic_prot", "set_fixmap" */
	fxm_va address;	      /**< where it begins */
	uint64_t size_bytes;  /**< of a page, or what an early mapping was asked for */
	uint64_t pfn;	      /**< its first frame; UINT64_MAX: nothing is at the address now */
	uint32_t slot;	      /**< the call's own number: pkmap slot, km_type, level, boot slot, fixed index */
	unsigned users;	      /**< kmap(): how many calls are not undone; else 0 */
	uint64_t serial;      /**< tells two mappings of one slot apart, the later one is greater within a task; 0: not recorded */
	int cpu;	      /**< whose slot it is; -1: all CPUs share it */
	int pid;	      /**< who holds it; 0: unknown, or nobody */
	const char *comm;     /**< the same; "" */
	struct fxm_site mapped_at, unmapped_at; /**< 0 when unknown; unmapped_at only of one that has ended */
	bool is_live;	      /**< made, and not undone */
	bool is_away;	      /**< live, but the task that holds it is switched out or has ended */
	bool is_atomic;	      /**< its holder may not sleep */
};

/** Receives a mapping. Must not map or unmap. 0: go on. */
typedef int (*fxm_mapping_fn)(const struct fxm_mapping *mapping, void *arg);

/**
 * Calls @fn for each live mapping on @m, those of a task or CPU innermost last, until it returns non-zero; returns that, else 0.
 * Context: any; without a lock: what other threads map and unmap meanwhile may be seen or not. Errors: -EINVAL.
 */
FXM_API int fxm_mapping_each(struct fxm_machine *m, fxm_mapping_fn fn, void *arg);

/**
 * The last mapping of the slot that @va lies in, live or ended. Context: as above. Errors: -EINVAL; -ENOENT @va lies in no slot.
 * @out->comm is "": it would not outlive the call.
 */
FXM_API int fxm_mapping_at(struct fxm_machine *m, fxm_va va, struct fxm_mapping *out);

#ifdef __cplusplus
}
#endif

#endif
