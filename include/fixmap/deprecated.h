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

/* What does something has a verb. With parentheses where a structure has the same name. */
#define fxm_boot_log fxm_print_boot_log
#define fxm_config_option fxm_config_option_at
#define fxm_config_profile_info fxm_config_get_profile_info
#define fxm_counts(cpu, out) fxm_get_counts(cpu, out)
#define fxm_early_slot(m, i, out) fxm_early_slot_at(m, i, out)
#define fxm_inject_handler fxm_inject_handler_set
#define fxm_inject_point(i, out) fxm_inject_point_at(i, out)
#define fxm_inject_state(m, n, out) fxm_inject_get_state(m, n, out)
#define fxm_k_exitcall fxm_k_do_exitcall
#define fxm_k_initcall fxm_k_do_one_initcall
#define fxm_kernel_config fxm_kernel_config_find
#define fxm_last_fault fxm_get_last_fault
#define fxm_layout_value fxm_layout_find
#define fxm_pkmap(m, out) fxm_get_pkmap(m, out)
#define fxm_proc fxm_print_proc
#define fxm_prot_value fxm_prot_find
#define fxm_report_silent(m, out) fxm_report_get_silent(m, out)
#define fxm_walk_text fxm_walk_describe
#define fxm_window_stats(m, out) fxm_get_window_stats(m, out)
#define fxm_zone_info(m, zone, out) fxm_get_zone_info(m, zone, out)

/* Failures are injections, all of which this removes first: 0 of @nth, no more. Needs <fixmap/inject.h>. */
#define fxm_fail_alloc(m, nth, and_all_after)                                                                                      \
	__extension__({                                                                                                            \
		uint64_t fxmi_nth = (nth);                                                                                         \
		fxm_inject_clear(m);                                                                                               \
		if (fxmi_nth)                                                                                                      \
			fxm_inject(m, "alloc", FXM_INJECT_FAIL, fxmi_nth, and_all_after);                                          \
	})

/* The frame number, or UINT64_MAX for an error. */
#define fxm_kmap_to_pfn(cpu, va) FXMI_PFN_OR_NONE(fxm_find_kmap_pfn, cpu, va)
#define fxm_kmap_atomic_to_pfn(cpu, va) FXMI_PFN_OR_NONE(fxm_find_kmap_atomic_pfn, cpu, va)
#define FXMI_PFN_OR_NONE(find, cpu, va)                                                                                            \
	__extension__({                                                                                                            \
		uint64_t fxmi_pfn;                                                                                                 \
		find(cpu, va, &fxmi_pfn) ? UINT64_MAX : fxmi_pfn;                                                                  \
	})

#endif
