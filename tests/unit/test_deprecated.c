/* SPDX-License-Identifier: MIT */
/* Names of an earlier form of the interface: what was written with them still compiles, and does the same. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static void fixmaps_are_set_by_their_old_names(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	uint32_t index = fixed_index(k, "FIX_APIC_BASE");
	fxm_va va = fxm___fix_to_virt(k->m, index);

	(void)state;
	assert_int_equal(va.v, fxm_fix_to_virt_unchecked(k->m, index).v);
	assert_int_equal(fxm___virt_to_fix(k->m, va), index);
	fxm___set_fixmap(k->cpu, index, fxm_pa_of(0x5000), prot_of(k, "PAGE_KERNEL"));
	assert_int_equal(mapped_pfn(k, va), 5);
	kernel_free(k);
}

static void frame_numbers_are_values(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1"), *old = kernel_new("profile=i386-2.6.12");
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap(k->cpu, page);

	(void)state;
	assert_int_equal(fxm_kmap_to_pfn(k->cpu, va), pfn_of(k, page));
	assert_int_equal(fxm_kmap_atomic_to_pfn(k->cpu, va), UINT64_MAX);
	assert_int_equal(fxm_kmap_to_pfn(old->cpu, va), UINT64_MAX);
	assert_int_equal(fxm_kunmap(k->cpu, page), 0);
	kernel_free(k);
	kernel_free(old);
}

static void the_calling_thread_is_asked(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");

	(void)state;
	assert_null(fxm_self());
	assert_int_equal(fxm_attach(k->m, 0), 0);
	assert_ptr_equal(fxm_self(), k->cpu);
	assert_int_equal(fxm_detach(), 0);
	kernel_free(k);
}

static void what_was_a_noun_does_the_same(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	struct fxm_pkmap pool, same_pool;
	struct fxm_counts counts;
	struct fxm_zone_info zone;
	struct fxm_inject_point point;
	uint64_t base;

	(void)state;
	fxm_pkmap(k->m, &pool);
	fxm_get_pkmap(k->m, &same_pool);
	assert_memory_equal(&pool, &same_pool, sizeof(pool));
	fxm_counts(k->cpu, &counts);
	assert_int_equal(counts.kmap_depth, 0);
	assert_int_equal(fxm_zone_info(k->m, FXM_ZONE_NORMAL, &zone), 0);
	assert_string_equal(zone.name, "Normal");
	assert_int_equal(fxm_inject_point(0, &point), 0);
	assert_int_equal(fxm_layout_value(fxm_machine_layout(k->m), "PKMAP_BASE", &base), 0);
	assert_int_equal(base, fxm_layout_get(fxm_machine_layout(k->m), "PKMAP_BASE"));
	kernel_free(k);
}

static void failing_allocations_are_injected(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");

	(void)state;
	fxm_fail_alloc(k->m, 2, true);
	fxm_fail_alloc(k->m, 2, false);
	assert_non_null(fxm_alloc_page(k->m, 0));
	assert_null(fxm_alloc_page(k->m, 0));
	assert_non_null(fxm_alloc_page(k->m, 0));
	fxm_fail_alloc(k->m, 1, true);
	assert_null(fxm_alloc_page(k->m, 0));
	fxm_fail_alloc(k->m, 0, false);
	assert_non_null(fxm_alloc_page(k->m, 0));
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fixmaps_are_set_by_their_old_names),
	    cmocka_unit_test(frame_numbers_are_values),
	    cmocka_unit_test(the_calling_thread_is_asked),
	    cmocka_unit_test(what_was_a_noun_does_the_same),
	    cmocka_unit_test(failing_allocations_are_injected),
	};
	return cmocka_run_group_tests_name("deprecated", tests, NULL, NULL);
}
