/* SPDX-License-Identifier: MIT */
/* What a debugger is told: the mappings of each generation, and what is known of an address. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static void assert_says(const char *text, const char *fmt, ...)
{
	char part[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(part, sizeof(part), fmt, args);
	va_end(args);
	if (!strstr(text, part)) {
		print_error("\"%s\" is not in:\n%s\n", part, text);
		fail();
	}
}

static void each_generation_lists_its_mappings(void **state)
{
	(void)state;
	static const struct {
		const char *words, *line;
	} cases[] = {{"profile=i386-2.6.12,detect=on", "kmap_atomic type 3 on CPU 1, pfn %llx, mapped at <0x"},
		     {"profile=x86_32-4.15,detect=on", "kmap_atomic level 0 on CPU 1, pfn %llx, mapped at <0x"},
		     {"profile=x86_32-4.15,detect=off", "kmap_atomic level 0 on CPU 1, pfn %llx\n"},
		     {"profile=x86_32-6.1,detect=on", "kmap_local level 0 of swapper/1[0] on CPU 1, pfn %llx, by kmap_atomic(),"},
		     {"profile=x86_32-6.1,DEBUG_KMAP_LOCAL=1,detect=on", "kmap_local level 0 of swapper/1[0] on CPU 1, pfn %llx"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, 1);
		struct fxm_page *page = high_page(k);
		unsigned long long pfn = pfn_of(k, page);
		fxm_va va = fxm_kmap_atomic_type(cpu, page, 3);
		bool typed = !fxm_va_error(va);

		if (!typed)
			va = fxm_kmap_atomic(cpu, page);

		fxm_kmap(k->cpu, page);
		fxm_kmap(k->cpu, page);
		assert_says(fxm_debugger_mappings(), "%s, 2 CPUs online", fxm_machine_profile(k->m));
		assert_says(fxm_debugger_mappings(), cases[i].line, pfn);
		assert_says(fxm_debugger_mappings(), "kmap slot 1, pfn %llx, 2 users", pfn);
		fxm_kunmap(k->cpu, page);
		fxm_kunmap(k->cpu, page);
		assert_null(strstr(fxm_debugger_mappings(), "kmap slot"));
		assert_says(fxm_debugger_who(va.v), cases[i].line, pfn);
		assert_int_equal(typed ? fxm_kunmap_atomic_type(cpu, va, 3) : fxm_kunmap_atomic(cpu, va), 0);
		/* 2.6.12 leaves the entry. */
		assert_says(fxm_debugger_who(va.v), typed ? "\n  no call holds it, but there is an entry" : "\n  not mapped\n");
		assert_says(fxm_debugger_who(va.v), strstr(cases[i].words, "on") ? "\n  unmapped at <0x" : "is not recorded");
		assert_no_reports(k);
		kernel_free(k);
	}
}

static int map_and_yield(void *arg)
{
	struct kernel *k = arg;
	fxm_va va = fxm_kmap_local_page(fxm_current_or_null(), high_page(k));

	fxm_task_yield();
	return fxm_kunmap_local(fxm_current_or_null(), va);
}

static void a_task_that_sits_nowhere_is_listed(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,detect=on");
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "away"};
	struct fxm_task *task;

	assert_int_equal(fxm_task_create(k->m, &attr, map_and_yield, k, &task), 0);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	assert_says(fxm_debugger_mappings(), "kmap_local level 0 of away[%d], which sits on no CPU, pfn", fxm_task_pid(task));
	assert_int_equal(fxm_task_join(task, NULL), 0);
	kernel_free(k);
}

static void early_mappings_are_listed(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,phase=early,detect=on");
	fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(0xfed00123), 0x1000);

	assert_va_error(va, 0);
	assert_says(fxm_debugger_mappings(), "early slot 0, pfn fed00, ");
	assert_says(fxm_debugger_who(va.v + 0xfff), "early slot 0, pfn fed00, ");
	assert_null(strstr(fxm_debugger_who(va.v + 0x1000), "early slot"));
	assert_int_equal(fxm_early_iounmap(k->cpu, va, 0x1000), 0);
	assert_null(strstr(fxm_debugger_mappings(), "early slot"));
	kernel_free(k);
}

static void a_host_pointer_is_its_simulated_address(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,window=strict,identity=0"), *newer = kernel_new("profile=x86_32-4.15");
	fxm_va va = fxm_kmap(k->cpu, high_page(k));
	uint64_t host = (uintptr_t)fxm_host(k->m, va);
	char text[2048];

	/* This thread sits nowhere: the window tells the machine. */
	assert_true(fxm_walk_describe(k->m, va, text, sizeof(text)) < (int)sizeof(text));
	assert_string_equal(fxm_debugger_walk(host), text);
	assert_says(text, "%08llx  pkmap slot 1, count 2\n", (unsigned long long)va.v);
	assert_says(fxm_debugger_who(host + 5), "kmap slot 1, pfn");
	assert_says(fxm_debugger_mappings(), "x86_32-4.15, ");
	assert_int_equal(fxm_attach(k->m, 0), 0);
	assert_says(fxm_debugger_mappings(), "x86_32-5.10, ");
	assert_int_equal(fxm_detach(), 0);
	kernel_free(newer);
	kernel_free(k);
}

static void a_text_longer_than_its_buffer_is_cut(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	char text[16] = "xxxxxxxxxxxxxxx";
	int length = fxm_walk_describe(k->m, fxm_va_of(0xc0001000), text, 8);

	assert_true(length > 8);
	assert_string_equal(text, "c000100");
	assert_int_equal(text[8], 'x');
	assert_int_equal(fxm_walk_describe(k->m, fxm_va_of(0xc0001000), NULL, 0), length);
	assert_int_equal(fxm_walk_describe(NULL, fxm_va_of(0), text, 8), -EINVAL);
	kernel_free(k);
}

static void without_a_machine_it_says_so(void **state)
{
	(void)state;
	unsigned long before = fxm_debugger_answer.number;

	assert_string_equal(fxm_debugger_mappings(), "there is no machine now\n");
	assert_string_equal(fxm_debugger_walk(0xc0000000), "there is no machine now\n");
	assert_string_equal(fxm_debugger_who(0xc0000000), "there is no machine now\n");
	assert_int_equal(fxm_debugger_answer.number, before + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_machine_it_says_so),
	    cmocka_unit_test(each_generation_lists_its_mappings),
	    cmocka_unit_test(a_task_that_sits_nowhere_is_listed),
	    cmocka_unit_test(early_mappings_are_listed),
	    cmocka_unit_test(a_host_pointer_is_its_simulated_address),
	    cmocka_unit_test(a_text_longer_than_its_buffer_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
