/* SPDX-License-Identifier: MIT */
/* Strings of JSON: whatever bytes there are, what comes out is valid, and characters stay. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fixmap/json.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void assert_quoted(const char *text, const char *expected)
{
	char buf[256];

	assert_int_equal(fxm_json_quote(text, buf, sizeof(buf)), strlen(expected));
	assert_string_equal(buf, expected);
}

static void characters_stay(void **state)
{
	(void)state;
	assert_quoted("", "\"\"");
	assert_quoted("kmap_atomic", "\"kmap_atomic\"");
	assert_quoted("\xc3\xa9t\xc3\xa9", "\"\xc3\xa9t\xc3\xa9\"");
	assert_quoted("\xe2\x82\xac \xf0\x9f\x90\xa7", "\"\xe2\x82\xac \xf0\x9f\x90\xa7\"");
}

static void what_json_reserves_is_escaped(void **state)
{
	(void)state;
	assert_quoted("a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"");
	assert_quoted("\t\n\x01\x1f\x7f", "\"\\u0009\\u000a\\u0001\\u001f\\u007f\"");
}

static void bytes_that_are_no_characters_are_replaced(void **state)
{
	static const char *const broken[] = {
	    "\x80",
	    "\xbf",
	    "\xc0\xaf",
	    "\xc1\xbf",
	    "\xc3",
	    "\xe0\x80\xaf",
	    "\xe2\x82",
	    "\xed\xa0\x80",
	    "\xfe",
	    "\xff",
	    "\xf0\x80\x80\xaf",
	    "\xf4\x90\x80\x80",
	    "\xf5\x80\x80\x80",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		char expected[64] = "\"";
		for (size_t n = 0; n < strlen(broken[i]); n++)
			strcat(expected, "\\ufffd");
		assert_quoted(broken[i], strcat(expected, "\""));
	}
	assert_quoted("\xe2\x82x", "\"\\ufffd\\ufffdx\"");
}

static void every_byte_alone_is_valid(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		char text[2] = {(char)byte, 0}, buf[16];
		int len = fxm_json_quote(text, buf, sizeof(buf));

		assert_int_equal(len, strlen(buf));
		for (int i = 0; i < len; i++)
			assert_true(buf[i] >= 0x20 && buf[i] < 0x7f);
	}
}

static void what_does_not_fit_is_counted(void **state)
{
	char buf[4] = "";

	(void)state;
	assert_int_equal(fxm_json_quote("abcdef", NULL, 0), 8);
	assert_int_equal(fxm_json_quote("abcdef", buf, sizeof(buf)), 8);
	assert_string_equal(buf, "\"ab");
	assert_int_equal(fxm_json_quote(NULL, buf, sizeof(buf)), -EINVAL);
	assert_int_equal(fxm_json_quote("a", NULL, 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(characters_stay),
	    cmocka_unit_test(what_json_reserves_is_escaped),
	    cmocka_unit_test(bytes_that_are_no_characters_are_replaced),
	    cmocka_unit_test(every_byte_alone_is_valid),
	    cmocka_unit_test(what_does_not_fit_is_counted),
	};
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
