/* SPDX-License-Identifier: MIT */
/*
 * The edge cases of early_ioremap() (early_ioremap.md, section 5), row by row, on every 32-bit x86 kernel that has it. Prints
 * how many rows were checked.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static const char *const kernels[] = {"profile=x86_32-4.7", "profile=x86_32-4.15", "profile=x86_32-5.10", "profile=x86_32-6.1"};

static struct kernel *booting(const char *words)
{
	struct kernel *k = kernel_new(words);

	assert_int_equal(fxm_boot_phase_set(k->m, FXM_PHASE_RESET), 0);
	return k;
}

static unsigned warns(const struct kernel *k)
{
	return k->record.kinds[FXM_REPORT_WARN];
}

static unsigned pages_at(struct kernel *k, fxm_va va)
{
	unsigned n = 0;

	while (mapped_pfn(k, fxm_va_of((va.v & ~UINT64_C(0xfff)) + n * FXM_PAGE_SIZE)) != UINT64_MAX)
		n++;
	return n;
}

/* A mapping that stands alone: whether it warns, and how many pages it maps from which offset; no pages: it is refused. */
static const struct {
	const char *row;
	uint64_t phys, size;
	unsigned pages, offset;
} maps[] = {
    {"size 0", 0x1000, 0, 0, 0},
    {"wrap", 0xfffff000, 0x2000, 0, 0},
    {"last byte of the address space", 0xfffff000, 0x1000, 1, 0},
    {"a slot full", 0x1000, 0x40000, 64, 0},
    {"one page too many by offset", 0x1001, 0x40000, 0, 0},
    {"last byte of a page", 0x1fff, 1, 1, 0xfff},
    {"across a page boundary", 0x1fff, 2, 2, 0xfff},
};

static unsigned rows;

static void single_mappings(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(kernels); n++)
		for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
			struct kernel *k = booting(kernels[n]);
			fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(maps[i].phys), maps[i].size);

			if (warns(k) != !maps[i].pages || (va.v != 0) != (maps[i].pages != 0))
				print_error("%s: %s\n", kernels[n], maps[i].row);
			assert_int_equal(warns(k), !maps[i].pages);
			assert_int_equal(va.v != 0, maps[i].pages != 0);
			if (va.v) {
				assert_int_equal(va.v & 0xfff, maps[i].offset);
				assert_int_equal(pages_at(k, va), maps[i].pages);
				fxm_early_iounmap(k->cpu, va, maps[i].size);
				assert_int_equal(pages_at(k, va), 0);
			}
			kernel_free(k);
		}
	rows += ARRAY_SIZE(maps);
}

static void ninth_mapping(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(kernels); n++) {
		struct kernel *k = booting(kernels[n]);

		for (unsigned i = 0; i < 8; i++)
			assert_int_not_equal(fxm_early_ioremap(k->cpu, fxm_pa_of(0x100000 + i * 0x1000), 0x1000).v, 0);
		assert_int_equal(warns(k), 0);
		assert_int_equal(fxm_early_ioremap(k->cpu, fxm_pa_of(0x200000), 0x1000).v, 0);
		assert_int_equal(warns(k), 1);
		fxm_machine_destroy(k->m);
		free(k);
	}
	rows++;
}

static void unmap_with_another_size(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(kernels); n++) {
		struct kernel *k = booting(kernels[n]);
		fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(0x100000), 0x2000);

		fxm_early_iounmap(k->cpu, va, 0x1000);
		assert_int_equal(warns(k), 1);
		assert_int_equal(pages_at(k, va), 2);
		assert_int_equal(fxm_check_early_ioremap_leak(k->cpu), 1);
		assert_int_equal(warns(k), 2);
		fxm_machine_destroy(k->m);
		free(k);
	}
	rows++;
}

static void unmap_of_another_address(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(kernels); n++) {
		struct kernel *k = booting(kernels[n]);
		fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(0x100000), 0x1000);

		fxm_early_iounmap(k->cpu, fxm_va_of(va.v + 4), 0x1000);
		assert_int_equal(warns(k), 1);
		assert_int_equal(pages_at(k, va), 1);
		fxm_early_iounmap(k->cpu, va, 0x1000);
		assert_int_equal(warns(k), 1);
		kernel_free(k);
	}
	rows++;
}

static void same_phys_twice(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(kernels); n++) {
		struct kernel *k = booting(kernels[n]);
		fxm_va a = fxm_early_ioremap(k->cpu, fxm_pa_of(0x100000), 0x1000);
		fxm_va b = fxm_early_ioremap(k->cpu, fxm_pa_of(0x100000), 0x1000);

		assert_int_equal(b.v - a.v, 0x40000);
		assert_int_equal(mapped_pfn(k, a), mapped_pfn(k, b));
		assert_int_equal(warns(k), 0);
		fxm_early_iounmap(k->cpu, b, 0x1000);
		fxm_early_iounmap(k->cpu, a, 0x1000);
		kernel_free(k);
	}
	rows++;
}

static void map_after_boot(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(kernels); n++) {
		struct kernel *k = booting(kernels[n]);

		assert_int_equal(fxm_boot_phase_set(k->m, FXM_PHASE_RUNNING), 0);
		fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(0x100000), 0x1000);
		assert_int_equal(warns(k), 1);
		assert_int_equal(pages_at(k, va), 1);
		fxm_early_iounmap(k->cpu, va, 0x1000);
		kernel_free(k);
	}
	rows++;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(single_mappings),	       cmocka_unit_test(ninth_mapping),
	    cmocka_unit_test(unmap_with_another_size), cmocka_unit_test(unmap_of_another_address),
	    cmocka_unit_test(same_phys_twice),	       cmocka_unit_test(map_after_boot),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	printf("table early_ioremap.md | 5. Edge-case table | 1: %u rows\n", rows);
	return failed;
}
