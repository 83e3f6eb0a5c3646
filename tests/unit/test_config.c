/* SPDX-License-Identifier: MIT */

/* Settings: defaults, words, defaults that follow other settings, and what is said about words that are wrong. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fixmap/config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fxm_config *make(const char *profile)
{
	struct fxm_config *cfg = NULL;
	assert_int_equal(fxm_config_create(profile, &cfg), 0);
	assert_non_null(cfg);
	return cfg;
}

static void assert_setting(const struct fxm_config *cfg, const char *name, const char *value)
{
	const char *got = fxm_config_get(cfg, name);
	if (!got || strcmp(got, value))
		fail_msg("%s of %s is %s, not %s", name, fxm_config_profile(cfg), got ? got : "nothing", value);
}

static void profiles_are_listed(void **state)
{
	static const char *const names[] = {"i386-2.6.12", "i386-2.6.12.6", "i386-2.6.13.1", "i386-2.6.15",
					    "x86_32-4.7",  "x86_32-4.15",   "x86_32-5.10",   "x86_32-6.1"};
	static const unsigned versions[] = {0x02060c, 0x02060c, 0x02060d, 0x02060f, 0x040700, 0x040f00, 0x050a00, 0x060100};
	(void)state;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		size_t i = 0;
		while (fxm_profile_name(i) && strcmp(fxm_profile_name(i), names[n]))
			i++;
		assert_true(i < fxm_profile_count());
		assert_int_equal(fxm_profile_version(i), versions[n]);
		assert_true(strlen(fxm_profile_summary(i)) > 20);
	}
	assert_null(fxm_profile_name(fxm_profile_count()));
	assert_null(fxm_profile_summary(fxm_profile_count()));
	assert_int_equal(fxm_profile_version(fxm_profile_count()), 0);
	struct fxm_config *cfg = make(NULL);
	assert_string_equal(fxm_config_profile(cfg), fxm_profile_default());
	fxm_config_destroy(cfg);
	assert_int_equal(fxm_config_create("i386-2.4.0", &cfg), -ENOENT);
	assert_null(cfg);
}

static void defaults_are_the_documented_machines(void **state)
{
	static const struct {
		const char *profile, *name, *value;
	} cases[] = {
	    {"i386-2.6.12", "NR_CPUS", "8"},
	    {"i386-2.6.12", "pae", "0"},
	    {"i386-2.6.12", "ACPI_BOOT", "1"},
	    {"i386-2.6.12", "PREEMPT_COUNT", "1"},
	    {"i386-2.6.12", "HIGHPTE", "0"},
	    {"x86_32-4.15", "NR_CPUS", "8"},
	    {"x86_32-4.15", "INTEL_TXT", "1"},
	    {"x86_32-4.15", "ACPI_APEI_GHES", "1"},
	    {"x86_32-4.15", "pae", "0"},
	    {"x86_32-4.15", "PREEMPT_COUNT", "0"},
	    {"x86_32-5.10", "NR_CPUS", "32"},
	    {"x86_32-5.10", "cpus", "2"},
	    {"x86_32-5.10", "ram_end", "7ffe0000"},
	    {"x86_32-5.10", "INTEL_TXT", "0"},
	    {"x86_32-5.10", "HIGHPTE", "1"},
	    {"x86_32-5.10", "window", "off"},
	    {"x86_32-5.10", "policy.bug", "record"},
	    {"x86_32-5.10", "hung_task", "5"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fxm_config *cfg = make(cases[i].profile);
		assert_setting(cfg, cases[i].name, cases[i].value);
		fxm_config_destroy(cfg);
	}
}

static void every_setting_takes_its_own_value(void **state)
{
	(void)state;
	for (size_t p = 0; p < fxm_profile_count(); p++) {
		struct fxm_config *cfg = make(fxm_profile_name(p));
		struct fxm_option o;
		for (size_t i = 0; i < fxm_config_option_count(cfg); i++) {
			char name[64], value[64];
			assert_int_equal(fxm_config_option_at(cfg, i, &o), 0);
			assert_true(o.help && *o.help && !strchr(o.help, '\n'));
			assert_string_equal(o.value, o.default_value);
			assert_int_equal(o.is_kernel_config, o.name[0] >= 'A' && o.name[0] <= 'Z');
			strcpy(name, o.name);
			strcpy(value, o.value);
			if (fxm_config_set(cfg, name, value))
				fail_msg("%s=%s: %s", name, value, fxm_config_error(cfg));
			assert_setting(cfg, name, value);
		}
		assert_int_equal(fxm_config_option_at(cfg, fxm_config_option_count(cfg), &o), -ENOENT);
		fxm_config_destroy(cfg);
	}
}

static void defaults_follow_other_settings(void **state)
{
	struct fxm_config *cfg = make("x86_32-4.15");
	(void)state;
	assert_int_equal(fxm_config_set(cfg, "NR_CPUS", "1"), 0);
	assert_setting(cfg, "cpus", "1");
	assert_int_equal(fxm_config_set(cfg, "NR_CPUS", "4"), 0);
	assert_setting(cfg, "cpus", "2");
	assert_int_equal(fxm_config_set(cfg, "cpus", "3"), 0);
	assert_int_equal(fxm_config_set(cfg, "NR_CPUS", "8"), 0);
	assert_setting(cfg, "cpus", "3");
	assert_int_equal(fxm_config_set(cfg, "DEBUG_ATOMIC_SLEEP", "1"), 0);
	assert_setting(cfg, "PREEMPT_COUNT", "1");
	assert_int_equal(fxm_config_set(cfg, "pae", "1"), 0);
	assert_setting(cfg, "nx", "1");
	assert_int_equal(fxm_config_set(cfg, "policy", "abort"), 0);
	assert_setting(cfg, "policy.oops", "abort");
	assert_int_equal(fxm_config_set(cfg, "policy.oops", "record"), 0);
	assert_setting(cfg, "policy.oops", "record");
	assert_setting(cfg, "policy.bug", "abort");
	fxm_config_destroy(cfg);
}

static void sizes_are_hexadecimal_or_have_a_unit(void **state)
{
	static const struct {
		const char *written, *value;
	} cases[] = {{"10000000", "10000000"},
		     {"0x10000000", "10000000"},
		     {"256M", "10000000"},
		     {"2G", "80000000"},
		     {"4096k", "400000"},
		     {"ABCDE000", "abcde000"},
		     {"0", "0"}};
	struct fxm_config *cfg = make("x86_32-5.10");
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(fxm_config_set(cfg, "ram_end", cases[i].written), 0);
		assert_setting(cfg, "ram_end", cases[i].value);
	}
	fxm_config_destroy(cfg);
}

static void words_are_applied_in_order_with_the_profile_first(void **state)
{
	struct fxm_config *cfg = make(NULL);
	(void)state;
	assert_int_equal(fxm_config_parse(cfg, " NR_CPUS=4,ACPI_BOOT=0  window=strict\tprofile=i386-2.6.12 ,, NR_CPUS=6"), 0);
	assert_string_equal(fxm_config_profile(cfg), "i386-2.6.12");
	assert_setting(cfg, "NR_CPUS", "6");
	assert_setting(cfg, "ACPI_BOOT", "0");
	assert_setting(cfg, "window", "strict");
	assert_setting(cfg, "profile", "i386-2.6.12");
	assert_int_equal(fxm_config_parse(cfg, "NR_CPUS=5 SMP=7 NR_CPUS=3"), -EINVAL);
	assert_setting(cfg, "NR_CPUS", "5");
	assert_int_equal(fxm_config_parse(cfg, ""), 0);
	assert_string_equal(fxm_config_error(cfg), "");
	fxm_config_destroy(cfg);
}

static void a_new_profile_resets_the_kernel_and_keeps_the_library(void **state)
{
	struct fxm_config *cfg = make("i386-2.6.12");
	(void)state;
	assert_int_equal(fxm_config_parse(cfg, "NR_CPUS=3,window=strict,trace=/tmp/x.trace,detect=on"), 0);
	assert_int_equal(fxm_config_set(cfg, "profile", "x86_32-5.10"), 0);
	assert_setting(cfg, "NR_CPUS", "32");
	assert_setting(cfg, "window", "strict");
	assert_setting(cfg, "trace", "/tmp/x.trace");
	assert_setting(cfg, "detect", "on");
	assert_null(fxm_config_get(cfg, "ACPI_BOOT"));
	assert_int_equal(fxm_config_set(cfg, "profile", "x86_32-5.9"), -ENOENT);
	assert_string_equal(fxm_config_profile(cfg), "x86_32-5.10");
	fxm_config_destroy(cfg);
}

static void a_wrong_word_changes_nothing_and_is_explained(void **state)
{
	static const struct {
		const char *profile, *name, *value, *message;
		int err;
	} cases[] = {
	    {"x86_32-5.10", "NR_CPU", "4", "x86_32-5.10 has no setting NR_CPU: did you mean NR_CPUS?", -ENOENT},
	    {"x86_32-5.10", "debug_highmen", "1", "did you mean DEBUG_HIGHMEM?", -ENOENT},
	    {"x86_32-5.10", "CONFIG_SMP", "1", "leave CONFIG_ out: write SMP=", -ENOENT},
	    {"x86_32-5.10", "X86_F00F_BUG", "1", "X86_F00F_BUG is a setting of i386-2.6.15, not of x86_32-5.10", -ENOENT},
	    {"i386-2.6.12", "reservetop", "1000", "not of i386-2.6.12", -ENOENT},
	    {"x86_32-5.10", "qwertyuiop", "1", "`fixmap layout --settings` lists them", -ENOENT},
	    {"x86_32-5.10", "profile", "x86_32-415", "did you mean x86_32-4.15?", -ENOENT},
	    {"x86_32-5.10", "profile", "hurd", "`fixmap profiles` lists them", -ENOENT},
	    {"x86_32-5.10", "pae", "2", "pae=2: write pae=0 or pae=1", -EINVAL},
	    {"x86_32-5.10", "pae", "", "write pae=0 or pae=1", -EINVAL},
	    {"x86_32-5.10", "NR_CPUS", "0", "NR_CPUS=0: write a number from 1 to 8192", -ERANGE},
	    {"x86_32-5.10", "NR_CPUS", "8193", "write a number from 1 to 8192", -ERANGE},
	    {"x86_32-5.10", "NR_CPUS", "-1", "write a number from 1 to 8192", -EINVAL},
	    {"x86_32-5.10", "NR_CPUS", "4x", "write a number from 1 to 8192", -EINVAL},
	    {"x86_32-5.10", "NR_CPUS", "99999999999999999999999", "write a number from 1 to 8192", -EINVAL},
	    {"x86_32-5.10", "ram_end", "2T", "write a hexadecimal number (10000000) or a size (256M)", -EINVAL},
	    {"x86_32-5.10", "ram_end", "-1000", "write a hexadecimal number", -EINVAL},
	    {"x86_32-5.10", "ram_end", "", "write a hexadecimal number", -EINVAL},
	    {"x86_32-5.10", "ram_end", "ffffffffffffffffff", "write a hexadecimal number", -EINVAL},
	    {"x86_32-5.10", "window", "fast", "window=fast: write one of off|checked|strict|retain|eager", -EINVAL},
	    {"x86_32-5.10", "window", "off|strict", "write one of", -EINVAL},
	    {"x86_32-5.10", "policy.bug", "ignore", "write one of record|warn|abort", -EINVAL},
	    {"x86_32-5.10", "detect", "leak+leek", "names joined by +:", -EINVAL},
	    {"x86_32-5.10", "detect", "", "names joined by +:", -EINVAL},
	    {"x86_32-5.10", "hung_task", "soon", "write a number from 0 to 86400", -EINVAL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fxm_config *cfg = make(cases[i].profile);
		const char *text = fxm_config_get(cfg, cases[i].name);
		char before[64] = "";
		snprintf(before, sizeof(before), "%s", text ? text : "");
		int err = fxm_config_set(cfg, cases[i].name, cases[i].value);
		if (err != cases[i].err || !strstr(fxm_config_error(cfg), cases[i].message) || strchr(fxm_config_error(cfg), '\n'))
			fail_msg("%s=%s gave %d: %s", cases[i].name, cases[i].value, err, fxm_config_error(cfg));
		if (*before)
			assert_setting(cfg, cases[i].name, before);
		assert_int_equal(fxm_config_set(cfg, "SMP", "1"), 0);
		assert_string_equal(fxm_config_error(cfg), "");
		fxm_config_destroy(cfg);
	}
}

static void words_without_a_value_are_explained(void **state)
{
	struct fxm_config *cfg = make(NULL);
	(void)state;
	assert_int_equal(fxm_config_parse(cfg, "pae"), -EINVAL);
	assert_string_equal(fxm_config_error(cfg), "pae: write it as NAME=VALUE");
	assert_int_equal(fxm_config_parse(cfg, "x86_32-4.15"), -EINVAL);
	assert_string_equal(fxm_config_error(cfg), "x86_32-4.15: write profile=x86_32-4.15");
	fxm_config_destroy(cfg);
}

static void the_environment_is_words_too(void **state)
{
	struct fxm_config *cfg = make(NULL);
	(void)state;
	unsetenv("FIXMAP_OPTIONS");
	assert_int_equal(fxm_config_parse_environment(cfg), 0);
	setenv("FIXMAP_OPTIONS", "pae=1,profile=x86_32-4.15", 1);
	assert_int_equal(fxm_config_parse_environment(cfg), 0);
	assert_setting(cfg, "profile", "x86_32-4.15");
	assert_setting(cfg, "pae", "1");
	setenv("FIXMAP_OPTIONS", "pea=1", 1);
	assert_int_equal(fxm_config_parse_environment(cfg), -ENOENT);
	unsetenv("FIXMAP_OPTIONS");
	fxm_config_destroy(cfg);
}

static void null_arguments_are_refused(void **state)
{
	struct fxm_config *cfg = make(NULL);
	(void)state;
	assert_int_equal(fxm_config_create(NULL, NULL), -EINVAL);
	assert_int_equal(fxm_config_set(NULL, "pae", "1"), -EINVAL);
	assert_int_equal(fxm_config_set(cfg, NULL, "1"), -EINVAL);
	assert_int_equal(fxm_config_set(cfg, "pae", NULL), -EINVAL);
	assert_int_equal(fxm_config_parse(NULL, "pae=1"), -EINVAL);
	assert_int_equal(fxm_config_parse(cfg, NULL), -EINVAL);
	assert_int_equal(fxm_config_parse_environment(NULL), -EINVAL);
	assert_int_equal(fxm_config_option_at(cfg, 0, NULL), -EINVAL);
	assert_null(fxm_config_get(NULL, "pae"));
	assert_null(fxm_config_get(cfg, NULL));
	assert_null(fxm_config_profile(NULL));
	assert_string_equal(fxm_config_error(NULL), "");
	assert_int_equal(fxm_config_option_count(NULL), 0);
	fxm_config_destroy(NULL);
	fxm_config_destroy(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(profiles_are_listed),
	    cmocka_unit_test(defaults_are_the_documented_machines),
	    cmocka_unit_test(every_setting_takes_its_own_value),
	    cmocka_unit_test(defaults_follow_other_settings),
	    cmocka_unit_test(sizes_are_hexadecimal_or_have_a_unit),
	    cmocka_unit_test(words_are_applied_in_order_with_the_profile_first),
	    cmocka_unit_test(a_new_profile_resets_the_kernel_and_keeps_the_library),
	    cmocka_unit_test(a_wrong_word_changes_nothing_and_is_explained),
	    cmocka_unit_test(words_without_a_value_are_explained),
	    cmocka_unit_test(the_environment_is_words_too),
	    cmocka_unit_test(null_arguments_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
