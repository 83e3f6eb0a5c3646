/* SPDX-License-Identifier: MIT */
/*
 * The kernel's names inside CMocka, with nothing but them: the default machine made in the group's fixture, pages mapped in a
 * test's fixture or in an earlier test. Run at identity addresses and relocated (FIXMAP_OPTIONS=identity=0).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fixmap/fixmap.h>
#include <fixmap/kernel.h>

#include <stdlib.h>

static struct page *page;
static char *kept; /* a mapping that lives from test to test */
static char message[512];

static void keep_message(const struct fxm_report *report, void *arg)
{
	(void)arg;
	snprintf(message, sizeof(message), "%s", report->message);
}

static int group_setup(void **state)
{
	(void)state;
	page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	return page ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	__free_page(page);
	return 0;
}

static void a_page_of_the_group_fixture(void **state)
{
	char *p = kmap(page);
	(void)state;

	assert_int_equal(p[0], 0);
	strcpy(p, "from a test");
	kunmap(page);
}

static void the_same_in_the_next_test(void **state)
{
	char *p = kmap_atomic(page);
	(void)state;

	assert_string_equal(p, "from a test");
	kunmap_atomic(p);
}

static int map_in_fixture(void **state)
{
	*state = kmap(page);
	return 0;
}

static int unmap_in_fixture(void **state)
{
	(void)state;
	kunmap(page);
	return 0;
}

/* The pointer is older than CMocka's handler: mapping anything, or asking where it is, puts the window's back. */
static void a_page_mapped_in_the_fixture(void **state)
{
	char *p = *state;

	assert_ptr_equal(page_address(page), p);
	assert_string_equal(p, "from a test");
	p[0] = 'F';
}

static void keep_a_mapping(void **state)
{
	(void)state;
	kept = kmap(page);
	assert_int_equal(kept[0], 'F');
}

/* What is resident needs no handler at all. */
static void use_it_in_the_next_test(void **state)
{
	(void)state;
	assert_int_equal(kept[0], 'F');
	kept[0] = 'f';
	kunmap(page);
}

static void a_fixed_address(void **state)
{
	char *p = (char *)__fix_to_virt(FIX_PCIE_MCFG);
	(void)state;

	set_fixmap(FIX_PCIE_MCFG, page_to_phys(page));
	assert_string_equal((char *)fix_to_virt(FIX_PCIE_MCFG), "from a test");
	p[0] = 'F';
	clear_fixmap(FIX_PCIE_MCFG);
}

static int store_through_u32(void *arg)
{
	*(volatile char *)(unsigned long)*(u32 *)arg = 'X';
	return 0;
}

/* Old code: an address in a u32, printed with %08lx, and virt_to_page() of lowmem. */
static void code_that_thinks_in_32_bits(void **state)
{
	struct fxm_machine *m = fxm_vcpu_machine(fxm_k_cpu());
	bool identity = fxm_window_is_identity(m);
	char *low = (char *)__get_free_page(GFP_KERNEL), *p = kmap(page), text[16];
	u32 cut = (u32)(unsigned long)p;
	int result;
	(void)state;

	assert_ptr_equal(page_address(virt_to_page(low)), low);
	fxm_k_snprintf(text, sizeof(text), "%08lx", fxm_k_simulated(p));
	assert_int_equal(strtoul(text, NULL, 16), cut);
	fxm_report_set(m, keep_message, NULL);
	assert_int_equal(fxm_task_run(fxm_k_cpu(), store_through_u32, &cut, &result), identity ? 0 : -ECANCELED);
	fxm_report_set(m, NULL, NULL);
	if (identity)
		assert_int_equal(*p, 'X');
	else
		assert_non_null(strstr(message, "truncated to 32 bits"));
	kunmap(page);
	free_page((unsigned long)low);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_of_the_group_fixture),
	    cmocka_unit_test(the_same_in_the_next_test),
	    cmocka_unit_test_setup_teardown(a_page_mapped_in_the_fixture, map_in_fixture, unmap_in_fixture),
	    cmocka_unit_test(keep_a_mapping),
	    cmocka_unit_test(use_it_in_the_next_test),
	    cmocka_unit_test(a_fixed_address),
	    cmocka_unit_test(code_that_thinks_in_32_bits),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
