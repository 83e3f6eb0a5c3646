/* SPDX-License-Identifier: MIT */

/* The expressions of profiles: values as C gives them, lazily taken branches, and one line for what cannot be read. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "expr.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static unsigned lookups;

static int lookup(void *ctx, const char *name, size_t len, uint64_t *value, struct fxmi_error *error)
{
	static const struct {
		const char *name;
		uint64_t value;
	} names[] = {{"one", 1}, {"zero", 0}, {"top", 0xfffff000}, {"CONFIG_ON", 1}, {"CONFIG_OFF", 0}, {"_x9", 9}};
	(void)ctx;
	lookups++;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == len && !memcmp(names[i].name, name, len)) {
			*value = names[i].value;
			return 0;
		}
	return len == 6 && !memcmp(name, "broken", 6) ? fxmi_error_set(error, "broken by design") : -ENOENT;
}

static int eval(const char *text, uint64_t *value, struct fxmi_error *error)
{
	struct fxmi_scope scope = {lookup, NULL};
	error->text[0] = 0;
	return fxmi_expr_eval(text, &scope, value, error);
}

/* The compiler says what each must come to. */
#define SAME(e)                                                                                                                    \
	{                                                                                                                          \
#e, (uint64_t)(e)                                                                                                  \
	}
#define zero UINT64_C(0)
#define one UINT64_C(1)

static void values_are_those_of_c(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} cases[] = {
	    SAME(1 + 2 * 3),
	    SAME((1 + 2) * 3),
	    SAME(10 - 4 - 3),
	    SAME(100 / 7 / 2),
	    SAME(100 % 7),
	    {"1 << 4 + 1", 32},
	    {"0xff & 0x0f | 0x30 ^ 0x10", 0x2f},
	    {"7 & 3 == 3", 1},
	    {"1 < 2 == 1", 1},
	    SAME(one << 63),
	    SAME(!zero + !5),
	    SAME(one	? 2
		 : zero ? 3
			: 4),
	    SAME(zero  ? 2
		 : one ? 3
		       : 4),
	    SAME((zero || 7) + (one && 0) * 10),
	    {"1 == 1 && 2 != 3 || zero", 1},
	    SAME(3 >= 3),
	    SAME(2 > 3),
	    SAME(0x10UL + 010),
	    {"-1", UINT64_MAX},
	    {"~0", UINT64_MAX},
	    {"-top & ~0xfff", UINT64_C(0xffffffff00001000)},
	    {"1 << 64", 0},
	    {"1 >> 64", 0},
	    {"0 - 1 > 0", 1},
	    {"min(3, 2) * 10 + max(3, 2)", 23},
	    {"max(min(5, 9), one + one)", 5},
	    {"IS_ENABLED(CONFIG_ON) ? 41 : 20", 41},
	    {"IS_ENABLED( CONFIG_OFF )", 0},
	    {" _x9\n\t", 9},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 99;
		struct fxmi_error error;
		if (eval(cases[i].text, &value, &error) || value != cases[i].value)
			fail_msg("%s gave %llx (%s), not %llx", cases[i].text, (unsigned long long)value, error.text,
				 (unsigned long long)cases[i].value);
	}
}

static void mistakes_get_one_line(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
	    {"", "the expression ends too early at character 1 of \"\""},
	    {"1 +", "the expression ends too early at character 4 of \"1 +\""},
	    {"(1", "')' is missing"},
	    {"1)", "something is left over at character 2"},
	    {"1 2", "something is left over"},
	    {"3 = 4", "something is left over"},
	    {"12ab", "a digit that does not belong there"},
	    {"0x", "a digit that does not belong there"},
	    {"0x1ffffffffffffffff", "a number beyond 64 bits"},
	    {"nobody + 1", "unknown name nobody in \"nobody + 1\""},
	    {"1 / zero", "a division by zero"},
	    {"1 % zero", "a division by zero"},
	    {"1 ? 2", "':' is missing"},
	    {"min(1)", "',' is missing"},
	    {"IS_ENABLED(1)", "a CONFIG_ name is missing"},
	    {"#", "a number or name is missing at character 1"},
	    {"broken + nobody", "broken by design"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 99;
		struct fxmi_error error;
		int err = eval(cases[i].text, &value, &error);
		if (err != -EINVAL || value != 99 || !strstr(error.text, cases[i].message) || strchr(error.text, '\n'))
			fail_msg("%s gave %d: %s", cases[i].text, err, error.text);
	}
}

static void only_the_taken_branch_is_looked_at(void **state)
{
	static const char *const texts[] = {"one ? 5 : nobody", "zero ? 1 / zero : 5", "(one || nobody) + 4",
					    "(zero && nobody) + 5", "one ? zero ? nobody : 5 : nobody"};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t value = 0;
		struct fxmi_error error;
		assert_int_equal(eval(texts[i], &value, &error), 0);
		assert_int_equal(value, 5);
	}
	uint64_t value;
	struct fxmi_error error;
	lookups = 0;
	assert_int_equal(eval("zero && (one + one + one)", &value, &error), 0);
	assert_int_equal(lookups, 1);
}

static void nesting_is_bounded(void **state)
{
	static char deep[100001];
	uint64_t value;
	struct fxmi_error error;
	(void)state;
	memset(deep, '(', sizeof(deep) - 1);
	assert_int_equal(eval(deep, &value, &error), -EINVAL);
	assert_non_null(strstr(error.text, "nested too deep"));
	memset(deep, '-', sizeof(deep) - 1);
	assert_int_equal(eval(deep, &value, &error), -EINVAL);
	assert_int_equal(eval("((((((((((one))))))))))", &value, &error), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_those_of_c),
	    cmocka_unit_test(mistakes_get_one_line),
	    cmocka_unit_test(only_the_taken_branch_is_looked_at),
	    cmocka_unit_test(nesting_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
