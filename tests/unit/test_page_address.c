/* SPDX-License-Identifier: MIT */
/* Which address a page has: page_address(), set_page_address(), page_slot(), page_address_init(). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static const char *const profiles[] = {ALL_PROFILES};

static fxm_va slot_va(struct kernel *k, uint32_t slot)
{
	return fxm_va_of(layout_value(k, "PKMAP_BASE") + (uint64_t)slot * FXM_PAGE_SIZE);
}

static void call_set(struct call *c)
{
	fxm_set_page_address(c->cpu, c->page, c->va);
}

static void refuses_bad_arguments(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10"), *other = kernel_new("profile=x86_32-5.10");
	struct fxm_page *page = high_page(k), *foreign = high_page(other);
	fxm_va beside[] = {fxm_va_of(slot_va(k, 0).v - 1), slot_va(k, pool_of(k).last_pkmap), fxm_va_of(0xc0000000), fxm_va_of(1)};

	assert_int_equal(fxm_set_page_address(NULL, page, slot_va(k, 1)), -EINVAL);
	assert_int_equal(fxm_set_page_address(k->cpu, NULL, slot_va(k, 1)), -EINVAL);
	assert_int_equal(fxm_set_page_address(k->cpu, foreign, slot_va(k, 1)), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++)
		assert_int_equal(fxm_set_page_address(k->cpu, page, beside[i]), -EINVAL);
	assert_va(fxm_page_address(k->cpu, page), 0);
	assert_int_equal(fxm_page_slot(NULL, page), -EINVAL);
	assert_int_equal(fxm_page_slot(k->cpu, NULL), -EINVAL);
	assert_int_equal(fxm_page_slot(k->cpu, foreign), -EINVAL);
	assert_int_equal(fxm_page_address_init(NULL), -EINVAL);
	assert_no_reports(k);
	kernel_free(other);
	kernel_free(k);
}

static void follows_the_life_of_a_mapping(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k);

		assert_va(fxm_page_address(k->cpu, page), 0);
		fxm_va va = fxm_kmap(k->cpu, page);
		assert_va(fxm_page_address(fxm_machine_vcpu(k->m, 1), page), va.v);
		fxm_kunmap(k->cpu, page);
		assert_va(fxm_page_address(k->cpu, page), va.v);
		fxm_flush_all_zero_pkmaps(k->cpu);
		assert_va(fxm_page_address(k->cpu, page), 0);
		kernel_free(k);
	}
}

static void can_be_asked_in_interrupts(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,DEBUG_ATOMIC_SLEEP=1,DEBUG_HIGHMEM=1");
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap(k->cpu, page);

	fxm_context_enter(k->cpu, FXM_CONTEXT_NMI);
	assert_va(fxm_page_address(k->cpu, page), va.v);
	fxm_context_leave(k->cpu, FXM_CONTEXT_NMI);
	assert_no_reports(k);
	kernel_free(k);
}

/* Nothing checks for duplicates: the record that was entered first is found and removed first. */
static void the_oldest_record_wins(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k), *other = high_page(k);
		static const uint32_t slots[] = {9, 5, 30};

		assert_int_equal(fxm_set_page_address(k->cpu, other, slot_va(k, 20)), 0);
		for (size_t s = 0; s < ARRAY_SIZE(slots); s++) {
			assert_int_equal(fxm_set_page_address(k->cpu, page, slot_va(k, slots[s])), 0);
			assert_va(fxm_page_address(k->cpu, page), slot_va(k, 9).v);
		}
		for (size_t s = 0; s < ARRAY_SIZE(slots); s++) {
			assert_va(fxm_page_address(k->cpu, page), slot_va(k, slots[s]).v);
			assert_int_equal(fxm_set_page_address(k->cpu, page, fxm_va_of(0)), 0);
		}
		assert_va(fxm_page_address(k->cpu, page), 0);
		assert_int_equal(fxm_set_page_address(k->cpu, page, fxm_va_of(0)), 0); /* nothing to remove */
		assert_va(fxm_page_address(k->cpu, other), slot_va(k, 20).v);
		assert_no_reports(k);
		kernel_free(k);
	}
}

/* 4.x keeps one record per slot: entering another page for it takes the first page's away. */
static void a_slot_has_one_record(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_page *first = high_page(k), *second = high_page(k);

	fxm_set_page_address(k->cpu, first, slot_va(k, 3));
	fxm_set_page_address(k->cpu, first, slot_va(k, 4));
	fxm_set_page_address(k->cpu, second, slot_va(k, 3));
	assert_va(fxm_page_address(k->cpu, second), slot_va(k, 3).v);
	assert_va(fxm_page_address(k->cpu, first), slot_va(k, 4).v);
	fxm_set_page_address(k->cpu, second, slot_va(k, 4));
	assert_va(fxm_page_address(k->cpu, first), 0);
	kernel_free(k);
}

/* 2.6 takes records from a pool: two pages may claim a slot, and the pool may run dry. */
static void records_of_2_6_come_from_a_pool(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12");
	struct fxm_page *first = high_page(k), *second = high_page(k);

	fxm_set_page_address(k->cpu, first, slot_va(k, 3));
	fxm_set_page_address(k->cpu, second, slot_va(k, 3));
	assert_va(fxm_page_address(k->cpu, first), slot_va(k, 3).v);
	assert_va(fxm_page_address(k->cpu, second), slot_va(k, 3).v);
	fxm_set_page_address(k->cpu, first, fxm_va_of(0));
	assert_va(fxm_page_address(k->cpu, second), slot_va(k, 3).v);
	for (uint32_t i = 1; i < pool_of(k).last_pkmap; i++)
		assert_int_equal(fxm_set_page_address(k->cpu, high_page(k), slot_va(k, 3)), 0);
	assert_bug(k, call_set, (struct call){.page = first, .va = slot_va(k, 3)}, NULL);
	fxm_set_page_address(k->cpu, second, fxm_va_of(0));
	assert_int_equal(fxm_set_page_address(k->cpu, first, slot_va(k, 3)), 0);
	kernel_free(k);
}

static void lowmem_pages_have_no_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = low_page(k);
		fxm_va direct = fxm_page_address(k->cpu, page);

		assert_va(direct, layout_value(k, "PAGE_OFFSET") + (pfn_of(k, page) << FXM_PAGE_SHIFT));
		assert_bug(k, call_set, (struct call){.page = page, .va = slot_va(k, 1)}, NULL);
		assert_bug(k, call_set, (struct call){.page = page}, NULL);
		assert_int_equal(k->record.last.pfn, pfn_of(k, page));
		assert_va(fxm_page_address(k->cpu, page), direct.v);
		kernel_free(k);
	}
}

/* kmap believes the record, finds a count of 0 and stops there. */
static void a_record_without_a_mapping_stops_kmap(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k);

		fxm_set_page_address(k->cpu, page, slot_va(k, 12));
		assert_bug(k, call_kmap, (struct call){.page = page}, NULL);
		assert_int_equal(k->record.last.slot, 12);
		assert_va(k->record.last.address, slot_va(k, 12).v);
		assert_int_equal(fxm_pkmap_count(k->m, 12, NULL), 1);
		assert_va_error(fxm_kmap(k->cpu, high_page(k)), 0);
		kernel_free(k);
	}
}

static void without_highmem_there_is_nothing_to_record(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,HIGHMEM=0");
	struct fxm_page *page = low_page(k);
	fxm_va direct = fxm_page_address(k->cpu, page);

	assert_int_equal(fxm_set_page_address(k->cpu, page, fxm_va_of(0xff800000)), 0);
	assert_int_equal(fxm_set_page_address(k->cpu, page, fxm_va_of(0)), 0);
	assert_va(fxm_page_address(k->cpu, page), direct.v);
	assert_int_equal(fxm_page_address_init(k->m), 0);
	assert_no_reports(k);
	kernel_free(k);
}

/* Buckets of struct pages at the addresses 0xc1000000, 0xc1000020 and 0xc1020000, old multiplier and new. */
static void page_slot_is_the_hash_of_the_struct_page(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		int bucket[3];
	} cases[] = {
	    {"profile=i386-2.6.12", {96, 67, 96}}, {"profile=x86_32-4.15", {67, 96, 73}}, {"profile=x86_32-5.10", {67, 96, 73}}};
	static const uint64_t pfns[] = {0, 1, 0x1000};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);

		for (size_t p = 0; p < ARRAY_SIZE(pfns); p++)
			assert_int_equal(fxm_page_slot(k->cpu, fxm_page_of_pfn(k->m, pfns[p])), cases[i].bucket[p]);
		for (uint64_t pfn = 0; pfn < 0x7ffe0; pfn += 0x1fff)
			assert_in_range(fxm_page_slot(k->cpu, fxm_page_of_pfn(k->m, pfn)), 0, 127);
		kernel_free(k);
	}
}

static void init_empties_the_map_of_an_idle_pool(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_page *page = high_page(k), *mapped = high_page(k);

	fxm_set_page_address(k->cpu, page, slot_va(k, 7));
	fxm_va va = fxm_kmap(k->cpu, mapped);
	assert_int_equal(fxm_page_address_init(k->m), -EBUSY);
	fxm_kunmap(k->cpu, mapped);
	assert_int_equal(fxm_page_address_init(k->m), -EBUSY); /* still mapped, though idle */
	assert_va(fxm_page_address(k->cpu, mapped), va.v);
	assert_va(fxm_page_address(k->cpu, page), slot_va(k, 7).v);
	fxm_flush_all_zero_pkmaps(k->cpu);
	assert_int_equal(fxm_page_address_init(k->m), 0);
	assert_va(fxm_page_address(k->cpu, page), 0);
	assert_va_error(fxm_kmap(k->cpu, page), 0);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_bad_arguments),
	    cmocka_unit_test(follows_the_life_of_a_mapping),
	    cmocka_unit_test(can_be_asked_in_interrupts),
	    cmocka_unit_test(the_oldest_record_wins),
	    cmocka_unit_test(a_slot_has_one_record),
	    cmocka_unit_test(records_of_2_6_come_from_a_pool),
	    cmocka_unit_test(lowmem_pages_have_no_record),
	    cmocka_unit_test(a_record_without_a_mapping_stops_kmap),
	    cmocka_unit_test(without_highmem_there_is_nothing_to_record),
	    cmocka_unit_test(page_slot_is_the_hash_of_the_struct_page),
	    cmocka_unit_test(init_empties_the_map_of_an_idle_pool),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
