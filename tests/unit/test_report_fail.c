/* SPDX-License-Identifier: MIT */
/* Reports as failures of a test: which become one, where the failure is made, and what it says. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#include <pthread.h>

/* A framework that leaves by longjmp, and what its failures said. */
static struct {
	jmp_buf env;
	bool leaves;
	unsigned failures;
	char text[128 * 1024];
	pthread_t thread;
} test;

static void fail_test(const char *text, void *arg)
{
	assert_ptr_equal(arg, &test);
	test.failures++;
	test.thread = pthread_self();
	snprintf(test.text, sizeof(test.text), "%s", text);
	if (test.leaves)
		longjmp(test.env, 1);
}

static struct kernel *failing_kernel(const char *words)
{
	struct kernel *k = kernel_new(words);

	memset(&test, 0, sizeof(test));
	fxm_report_set(k->m, NULL, NULL);
	assert_int_equal(fxm_report_fail_with(k->m, fail_test, &test), 0);
	return k;
}

static bool says(const char *part)
{
	return strstr(test.text, part) != NULL;
}

static void a_warning_fails_at_the_check(void **state)
{
	(void)state;
	struct kernel *k = failing_kernel("profile=x86_32-5.10");

	assert_int_equal(fxm_report_check(k->m), 0);
	fxm_warn(k->cpu, "drivers/char/mine.c:34", "the device is hot");
	fxm_warn(k->cpu, "drivers/char/mine.c:35", "the device burns");
	assert_int_equal(test.failures, 0);
	assert_int_equal(fxm_report_check(k->m), 2);
	assert_int_equal(test.failures, 1);
	assert_true(says("WARNING: CPU: 0 PID: 0 at drivers/char/mine.c:34\n"));
	assert_true(says("libfixmap: the device is hot\n"));
	assert_true(says("libfixmap: the device burns\n"));
	assert_int_equal(fxm_report_check(k->m), 0);
	assert_int_equal(test.failures, 1);
	kernel_free(k);
	assert_int_equal(test.failures, 1);
}

static void only_the_first_texts_are_kept(void **state)
{
	(void)state;
	struct kernel *k = failing_kernel("profile=x86_32-5.10");

	for (unsigned n = 0; n < 500; n++) {
		char where[40];

		snprintf(where, sizeof(where), "drivers/char/mine.c:%u", n);
		fxm_warn(k->cpu, where, "the device is hot");
	}
	assert_int_equal(fxm_report_check(k->m), 500);
	assert_true(strlen(test.text) < 65 * 1024);
	assert_true(says("\nand "));
	assert_true(says(" more reports\n"));
	kernel_free(k);
}

/* No fxm_task_run(): without the failure it would abort. */
static void a_bug_fails_at_once(void **state)
{
	(void)state;
	struct kernel *k = failing_kernel("profile=x86_32-4.15");
	struct fxm_page *page = high_page(k), *other = high_page(k);

	test.leaves = true;
	if (!setjmp(test.env)) {
		fxm_kunmap(k->cpu, page);
		fail_msg("the task was to end");
	}
	assert_int_equal(test.failures, 1);
	assert_true(says("kernel BUG at mm/highmem.c:"));
	/* kmap_lock was held there. */
	fxm_kmap(k->cpu, other);
	fxm_kunmap(k->cpu, other);
	test.leaves = false;
	assert_int_equal(fxm_report_check(k->m), 0);
	kernel_free(k);
}

static void an_oops_in_the_handler_fails_at_once(void **state)
{
	(void)state;
	struct kernel *k = failing_kernel("profile=x86_32-6.1,window=strict,detect=on");
	sigset_t mask;

	assert_int_equal(fxm_attach(k->m, 0), 0);
	fxm_va va = fxm_kmap_local_page(k->cpu, high_page(k));
	volatile uint32_t *p = fxm_host(k->m, va);
	*p = 1;
	fxm_kunmap_local(k->cpu, va);
	for (unsigned n = 1; n <= 3; n++) {
		test.leaves = true;
		if (!setjmp(test.env)) {
			*p = 2;
			fail_msg("the access was to end the task");
		}
		test.leaves = false;
		assert_int_equal(test.failures, n);
		assert_true(says("BUG: unable to handle page fault for address: "));
		assert_true(says("\n  unmapped at "));
		pthread_sigmask(SIG_SETMASK, NULL, &mask);
		assert_false(sigismember(&mask, SIGSEGV));
	}
	kernel_free(k);
}

static void a_task_that_ends_fails_at_the_check(void **state)
{
	(void)state;
	struct kernel *k = failing_kernel("profile=x86_32-4.15");
	struct call c = {.cpu = k->cpu, .page = high_page(k), .fn = call_kunmap};

	assert_int_equal(task_run(&c), -ECANCELED);
	assert_int_equal(test.failures, 0);
	assert_int_equal(fxm_report_check(k->m), 1);
	assert_true(says("kernel BUG at mm/highmem.c:"));
	kernel_free(k);
}

static void *warn_in_a_thread(void *arg)
{
	struct kernel *k = arg;

	assert_int_equal(fxm_attach(k->m, -1), 0);
	fxm_warn(fxm_current_or_null(), "drivers/char/mine.c:34", "the device is hot");
	fxm_detach();
	return NULL;
}

static int bug_in_a_task(void *arg)
{
	struct kernel *k = arg;

	return fxm_kunmap(fxm_current_or_null(), high_page(k));
}

static void other_threads_and_tasks_fail_in_the_tests_thread(void **state)
{
	(void)state;
	struct kernel *k = failing_kernel("profile=x86_32-4.15");
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "worker", .cpu = 1, .vehicle = FXM_THREAD};
	struct fxm_task *task;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, warn_in_a_thread, k), 0);
	pthread_join(thread, NULL);
	assert_int_equal(fxm_task_create(k->m, &attr, bug_in_a_task, k, &task), 0);
	assert_int_equal(fxm_task_join(task, NULL), -ECANCELED);
	assert_int_equal(test.failures, 0);
	assert_int_equal(fxm_report_check(k->m), 2);
	assert_true(pthread_equal(test.thread, pthread_self()));
	assert_true(says("the device is hot"));
	assert_true(says("Comm: worker"));
	kernel_free(k);
}

static void a_leak_fails_when_the_machine_goes(void **state)
{
	(void)state;
	struct kernel *k = failing_kernel("profile=x86_32-4.15,detect=on");

	fxm_kmap(k->cpu, high_page(k));
	test.leaves = true;
	if (!setjmp(test.env)) {
		fxm_machine_destroy(k->m);
		fail_msg("the leak was to fail");
	}
	assert_int_equal(test.failures, 1);
	assert_true(says("==== finding: leak ("));
	free(k);
}

/* ---- what stays as it was -------------------------------------------------------------------------------------------------- */

static int call_in_thread(void *(*fn)(void *), struct kernel *k)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, fn, k) || pthread_join(thread, NULL);
}

static void *bug_in_a_thread(void *arg)
{
	struct kernel *k = arg;

	if (!fxm_attach(k->m, -1))
		fxm_kunmap(fxm_current_or_null(), high_page(k));
	return NULL;
}

static int bug_elsewhere(void *arg)
{
	(void)arg;
	return call_in_thread(bug_in_a_thread, failing_kernel("profile=x86_32-4.15"));
}

static int failures_switched_off(void *arg)
{
	struct kernel *k = failing_kernel("profile=x86_32-4.15");

	(void)arg;
	fxm_warn(k->cpu, "drivers/char/mine.c:34", "the device is hot");
	fxm_report_fail_with(k->m, NULL, NULL);
	fxm_warn(k->cpu, "drivers/char/mine.c:35", "the device burns");
	fxm_report_check(k->m);
	return test.failures ? 1 : fxm_machine_destroy(k->m);
}

static int kept_and_printed(void *arg)
{
	struct kernel *k = failing_kernel("profile=x86_32-4.15,policy=warn");

	(void)arg;
	fxm_warn(k->cpu, "drivers/char/mine.c:34", "the device is hot");
	return fxm_report_check(k->m) != 1;
}

static void another_threads_end_prints_and_aborts(void **state)
{
	(void)state;
	char output[16384];

	assert_int_equal(run_child(bug_elsewhere, NULL, output, sizeof(output)), -SIGABRT);
	assert_non_null(strstr(output, "kernel BUG at mm/highmem.c:"));
	assert_non_null(strstr(output, "no fxm_task_run() is around it"));
}

static void what_is_kept_is_not_printed_unless_asked_for(void **state)
{
	(void)state;
	char output[16384];

	assert_int_equal(run_child(failures_switched_off, NULL, output, sizeof(output)), 0);
	assert_null(strstr(output, "the device is hot"));
	assert_non_null(strstr(output, "the device burns"));
	assert_int_equal(run_child(kept_and_printed, NULL, output, sizeof(output)), 0);
	assert_non_null(strstr(output, "the device is hot"));
}

static void arguments(void **state)
{
	(void)state;
	assert_int_equal(fxm_report_fail_with(NULL, fail_test, NULL), -EINVAL);
	assert_int_equal(fxm_report_check(NULL), -EINVAL);
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	assert_int_equal(fxm_report_check(k->m), 0);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_warning_fails_at_the_check),
	    cmocka_unit_test(only_the_first_texts_are_kept),
	    cmocka_unit_test(a_bug_fails_at_once),
	    cmocka_unit_test(an_oops_in_the_handler_fails_at_once),
	    cmocka_unit_test(a_task_that_ends_fails_at_the_check),
	    cmocka_unit_test(other_threads_and_tasks_fail_in_the_tests_thread),
	    cmocka_unit_test(a_leak_fails_when_the_machine_goes),
	    cmocka_unit_test(another_threads_end_prints_and_aborts),
	    cmocka_unit_test(what_is_kept_is_not_printed_unless_asked_for),
	    cmocka_unit_test(arguments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
