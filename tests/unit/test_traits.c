/* SPDX-License-Identifier: MIT */
/* What a trait says, the mapping code does: kernels that differ from a built-in one in one trait, and what can be seen of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "edited_profile.h"
#include "kernel_machine.h"

static struct kernel *kernel_with(const char *profile, const char *what, const char *instead)
{
	char path[] = "/tmp/trait-XXXXXX.def", words[96], name[64];

	snprintf(name, sizeof(name), "FXM_PROFILE(%s,", profile);
	write_edited_profile(path, profile, (const struct edit[]){{name, "FXM_PROFILE(edited,"}, {what, instead}, {NULL, NULL}});
	snprintf(words, sizeof(words), "profile=%s", path);
	struct kernel *k = kernel_new(words);
	unlink(path);
	return k;
}

static void assert_counts(struct fxm_vcpu *cpu, int preempt, int pagefault)
{
	struct fxm_counts c = counts_of(cpu);

	assert_int_equal(c.preempt, preempt);
	assert_int_equal(c.pagefault, pagefault);
}

static void page_faults_count_as_preemption_without_a_counter(void **state)
{
	static const struct {
		const char *instead;
		int preempt, pagefault;
	} cases[] = {{"FXM_TRAIT(pagefault_counter, 1)", 1, 1}, {"FXM_TRAIT(pagefault_counter, 0)", 1, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_with("arm-4.7", "FXM_TRAIT(pagefault_counter, 1)", cases[i].instead);
		fxm_va va = fxm_kmap_atomic(k->cpu, high_page(k));

		assert_counts(k->cpu, cases[i].preempt, cases[i].pagefault);
		assert_int_equal(fxm_kunmap_atomic(k->cpu, va), 0);
		assert_counts(k->cpu, 0, 0);
		kernel_free(k);
	}
}

/* The second page appears at the first one's address, whose translation is still in the TLB unless somebody flushes. */
static uint64_t second_mapping_shows(const char *instead)
{
	struct kernel *k = kernel_with("arm-4.7", "FXM_TRAIT(atomic_flush_at_map, 1)", instead);
	struct fxm_page *page[2] = {high_page(k), high_page(k)};
	fxm_va va = fxm_kmap_atomic(k->cpu, page[0]);

	mark_page(k, page[0], 1);
	mark_page(k, page[1], 2);
	assert_int_equal(read_mark(k->cpu, va), 1);
	assert_int_equal(fxm_kunmap_atomic(k->cpu, va), 0);
	assert_int_equal(fxm_kmap_atomic(k->cpu, page[1]).v, va.v);
	uint64_t shown = read_mark(k->cpu, va);
	assert_int_equal(fxm_kunmap_atomic(k->cpu, va), 0);
	kernel_free(k);
	return shown;
}

static void a_map_that_does_not_flush_shows_the_page_before(void **state)
{
	(void)state;
	assert_int_equal(second_mapping_shows("FXM_TRAIT(atomic_flush_at_map, 1)"), 2);
	assert_int_equal(second_mapping_shows("FXM_TRAIT(atomic_flush_at_map, 0)"), 1);
}

static uint64_t entry_after_unmap(const char *profile, const char *what, const char *instead)
{
	struct kernel *k = kernel_with(profile, what, instead);
	bool is_typed = *profile == 'i';
	struct fxm_page *page = high_page(k);
	fxm_va va = is_typed ? fxm_kmap_atomic_type(k->cpu, page, 0) : fxm_kmap_atomic(k->cpu, page);

	assert_int_equal(is_typed ? fxm_kunmap_atomic_type(k->cpu, va, 0) : fxm_kunmap_atomic(k->cpu, va), 0);
	uint64_t entry = fxm_pte_at(k->m, va).v;
	kernel_free(k);
	return entry;
}

static void an_unmap_leaves_the_entry_where_the_kernel_does(void **state)
{
	static const char left[] = "FXM_TRAIT(atomic_pte_left, !DEBUG_HIGHMEM)", cleared[] = "FXM_TRAIT(atomic_pte_left, 0)";
	(void)state;
	assert_int_not_equal(entry_after_unmap("arm-4.7", left, left), 0);
	assert_int_equal(entry_after_unmap("arm-4.7", left, cleared), 0);
	assert_int_equal(entry_after_unmap("x86_32-4.15", "FXM_TRAIT(cache_colours, 1)", "FXM_TRAIT(cache_colours, 1)"), 0);
	assert_int_not_equal(entry_after_unmap("x86_32-4.15", "FXM_TRAIT(cache_colours, 1)",
					       "FXM_TRAIT(cache_colours, 1)\nFXM_TRAIT(atomic_pte_left, 1)"),
			     0);
}

static uint64_t page_of_a_local_address(const char *instead, unsigned *warns)
{
	struct kernel *k = kernel_with("x86_32-6.1", "FXM_TRAIT(kmap_to_page_generation, 2)", instead);
	struct fxm_page *page = high_page(k);
	fxm_va first = fxm_kmap_local_page(k->cpu, high_page(k)), second = fxm_kmap_local_page(k->cpu, page);
	uint64_t pfn = kmap_pfn(k->cpu, second);
	bool is_found = pfn == pfn_of(k, page);

	*warns = k->record.kinds[FXM_REPORT_WARN];
	fxm_kunmap_local(k->cpu, second);
	fxm_kunmap_local(k->cpu, first);
	kernel_free(k);
	return is_found;
}

static void kmap_to_page_knows_local_addresses_where_the_kernel_does(void **state)
{
	unsigned warns;

	(void)state;
	assert_true(page_of_a_local_address("FXM_TRAIT(kmap_to_page_generation, 2)", &warns));
	assert_int_equal(warns, 1);
	assert_false(page_of_a_local_address("FXM_TRAIT(kmap_to_page_generation, 1)", &warns));
	assert_int_equal(warns, 0);
}

static void ask(struct call *c)
{
	c->result = kmap_pfn(c->cpu, c->va);
}

/* CPU 0's first slot is the one that 6.1's kmap_to_page() takes for a lowmem address. */
static void debug_virtual_refuses_addresses_outside_of_the_direct_map(void **state)
{
	static const char *const words[] = {"profile=x86_32-6.1,DEBUG_VIRTUAL=0", "profile=x86_32-6.1,DEBUG_VIRTUAL=1"};

	(void)state;
	for (unsigned on = 0; on < 2; on++) {
		struct kernel *k = kernel_new(words[on]);
		struct fxm_page *low = low_page(k);
		fxm_va first = fxm_kmap_local_page(k->cpu, high_page(k));

		assert_int_equal(kmap_pfn(k->cpu, fxm_kmap(k->cpu, low)), pfn_of(k, low));
		struct call c = {.cpu = k->cpu, .va = first, .fn = ask};
		if (on)
			assert_bug(k, ask, c, "arch/x86/mm/physaddr.c:80");
		else
			assert_int_equal(task_run(&c), 0);
		kernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(page_faults_count_as_preemption_without_a_counter),
	    cmocka_unit_test(a_map_that_does_not_flush_shows_the_page_before),
	    cmocka_unit_test(an_unmap_leaves_the_entry_where_the_kernel_does),
	    cmocka_unit_test(kmap_to_page_knows_local_addresses_where_the_kernel_does),
	    cmocka_unit_test(debug_virtual_refuses_addresses_outside_of_the_direct_map),
	};
	return cmocka_run_group_tests_name("traits", tests, NULL, NULL);
}
