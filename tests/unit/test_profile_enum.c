/* SPDX-License-Identifier: MIT */

/*
 * A profile read by the preprocessor comes to the same as the profile read at run time: the enum fixed_addresses and the
 * constants of 4.15 with PAE (whose boot maps are aligned), three options away from the default.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fixmap/config.h>
#include <fixmap/layout.h>

#define PROFILE <fixmap/profiles/x86_32-4.15.def>
#define WORDS "profile=x86_32-4.15,pae=1,NR_CPUS=3,PROVIDE_OHCI1394_DMA_INIT=1,PARAVIRT=0"

#define CONFIG_X86_32 1
#define CONFIG_X86_PAE 1
#define CONFIG_X86_LOCAL_APIC 1
#define CONFIG_X86_IO_APIC 1
#define CONFIG_PCI_MMCONFIG 1
#define CONFIG_PROVIDE_OHCI1394_DMA_INIT 1
#define CONFIG_ACPI_APEI_GHES 1
#define CONFIG_INTEL_TXT 1
#define NR_CPUS 3

#define IS_ENABLED(option) (0 FXM_IF_ON(option)(+1))

enum constants {
#define FXM_CONST(name, expr) name = (expr),
#include <fixmap/profiles/rows.h>
#include PROFILE
#include <fixmap/profiles/rows_end.h>
};

enum fixed_addresses {
#define FXM_FIX(name, cond) FXM_IF_ON(cond)(name,)
#define FXM_FIX_GROUP(first, last, slots, cond) FXM_IF_ON(cond)(first, last = first + (slots)-1,)
#define FXM_FIX_AT(name, expr, cond) FXM_IF_ON(cond)(name = (expr),)
#define FXM_FIX_MARK(name) name,
#include <fixmap/profiles/rows.h>
#include PROFILE
#include <fixmap/profiles/rows_end.h>
};

struct number {
	const char *name;
	uint64_t value;
};

static const struct number fixed[] = {
#define FXM_FIX(name, cond) FXM_IF_ON(cond)({#name, name},)
#define FXM_FIX_GROUP(first, last, slots, cond) FXM_IF_ON(cond)({#first, first}, {#last, last},)
#define FXM_FIX_AT(name, expr, cond) FXM_IF_ON(cond)({#name, name},)
#define FXM_FIX_MARK(name) {#name, name},
#include <fixmap/profiles/rows.h>
#include PROFILE
#include <fixmap/profiles/rows_end.h>
};

static const struct number constants[] = {
#define FXM_CONST(name, expr) {#name, name},
#include <fixmap/profiles/rows.h>
#include PROFILE
#include <fixmap/profiles/rows_end.h>
};

static int setup(void **state)
{
	struct fxm_config *cfg;
	struct fxm_layout *layout;
	assert_int_equal(fxm_config_create(NULL, &cfg), 0);
	assert_int_equal(fxm_config_parse(cfg, WORDS), 0);
	assert_int_equal(fxm_layout_create(cfg, &layout), 0);
	fxm_config_destroy(cfg);
	*state = layout;
	return 0;
}

static int teardown(void **state)
{
	fxm_layout_destroy(*state);
	return 0;
}

static void enumerators_are_the_same_and_as_many(void **state)
{
	struct fxm_fixed f;
	size_t n = 0;
	for (; !fxm_fixed_at(*state, n, &f); n++) {
		assert_true(n < sizeof(fixed) / sizeof(fixed[0]));
		assert_string_equal(f.name, fixed[n].name);
		assert_int_equal(f.index, fixed[n].value);
	}
	assert_int_equal(n, sizeof(fixed) / sizeof(fixed[0]));
	assert_int_equal(FIX_BTMAP_END, 512);
}

static void constants_are_the_same(void **state)
{
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		uint64_t value = UINT64_MAX;
		assert_int_equal(fxm_layout_find(*state, constants[i].name, &value), 0);
		assert_int_equal(value, constants[i].value);
	}
	assert_int_equal(LAST_PKMAP, 512);
	assert_int_equal(KM_TYPE_NR, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enumerators_are_the_same_and_as_many),
		cmocka_unit_test(constants_are_the_same),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
