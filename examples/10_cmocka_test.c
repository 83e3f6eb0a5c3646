/* SPDX-License-Identifier: MIT */
/*
 * Tests of mapping code with CMocka: one call makes every report of the machine a failure of the test that it arose in. What is
 * tested here is a driver's copy; give the program any argument, and the version with the mistake is tested.
 *
 *   gcc 10_cmocka_test.c $(pkg-config --cflags --libs fixmap cmocka)
 */
#include <fixmap/cmocka.h>
#include <fixmap/fixmap.h>

/* -------- what is tested -------- */

static void copy_page(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from)
{
	fxm_va source = fxm_kmap_local_page(cpu, from), target = fxm_kmap_local_page(cpu, to);

	fxm_copy(cpu, target, source, FXM_PAGE_SIZE);
	fxm_kunmap_local(cpu, target);
	fxm_kunmap_local(cpu, source);
}

static void copy_page_wrong(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from)
{
	fxm_va source = fxm_kmap_local_page(cpu, from), target = fxm_kmap_local_page(cpu, to);

	fxm_copy(cpu, target, source, FXM_PAGE_SIZE);
	fxm_kunmap_local(cpu, source);
	fxm_kunmap_local(cpu, target);
}

static void (*copy)(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from) = copy_page;

/* -------- the tests -------- */

static int setup(void **state)
{
	struct fxm_config *cfg;
	struct fxm_machine *m;

	if (fxm_config_create("x86_32-6.1", &cfg) || fxm_config_parse(cfg, "detect=on") || fxm_machine_create(cfg, &m))
		return -1;
	fxm_config_destroy(cfg);
	*state = m;
	return fxm_cmocka_fail_on_report(m);
}

/* Fails when a report is left, what is still mapped included. */
static int teardown(void **state)
{
	return fxm_machine_destroy(*state);
}

static void a_copy_has_the_same_bytes(void **state)
{
	struct fxm_machine *m = *state;
	struct fxm_page *from = fxm_alloc_page(m, FXM_GFP_HIGHMEM), *to = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
	unsigned char *bytes = fxm_frame(m, fxm_page_pfn(m, from));

	memset(bytes, 7, FXM_PAGE_SIZE);
	copy(fxm_machine_vcpu(m, 0), to, from);
	assert_memory_equal(fxm_frame(m, fxm_page_pfn(m, to)), bytes, FXM_PAGE_SIZE);
	fxm_report_check(m);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(a_copy_has_the_same_bytes, setup, teardown)};

	(void)argv;
	if (argc > 1)
		copy = copy_page_wrong;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
