/* SPDX-License-Identifier: MIT */
#ifndef FXM_DEPRECATED_H
#define FXM_DEPRECATED_H

/* Names of an earlier form of this interface. They go with the next release: write the new ones. */

#define fxm___set_fixmap fxm_set_fixmap_prot
#define fxm___fix_to_virt fxm_fix_to_virt_unchecked
#define fxm___virt_to_fix fxm_virt_to_fix_unchecked
#define fxm___kmap_local_page_prot fxm_kmap_local_page_indexed
#define fxm___kmap_local_pfn_prot fxm_kmap_local_pfn_indexed
#define fxm_self fxm_current_or_null

/* The frame number, or UINT64_MAX for an error. */
#define fxm_kmap_to_pfn(cpu, va) FXMI_PFN_OR_NONE(fxm_find_kmap_pfn, cpu, va)
#define fxm_kmap_atomic_to_pfn(cpu, va) FXMI_PFN_OR_NONE(fxm_find_kmap_atomic_pfn, cpu, va)
#define FXMI_PFN_OR_NONE(find, cpu, va)                                                                                            \
	__extension__({                                                                                                            \
		uint64_t fxmi_pfn;                                                                                                 \
		find(cpu, va, &fxmi_pfn) ? UINT64_MAX : fxmi_pfn;                                                                  \
	})

#endif
