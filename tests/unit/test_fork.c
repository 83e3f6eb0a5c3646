/* SPDX-License-Identifier: MIT */
/* After fork(): in the child a machine made before is dead and says so, a new one works; the parent's goes on undisturbed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bare_machine.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* memcheck need not complain of what is meant to be wild. */
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_DISABLE_ERROR_REPORTING ((void)0)
#endif

#define SLOT (FIXMAP + 4 * FXM_PAGE_SIZE)
#define PFN (HIGHMEM_PFN + 5)
#define LINE "libfixmap: this machine was made before fork()"

static struct fxm_machine *machine;
static struct fxm_task *fibre;
static volatile unsigned char *page; /* resident when the child is made */

static int yield_once(void *arg)
{
	fxm_task_yield();
	return arg != NULL;
}

static int setup(void **state)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .cpu = 1};

	(void)state;
	machine = bare_machine(FXM_WINDOW_RETAIN, true, NULL);
	page = bare_host(machine, SLOT);
	if (fxm_task_create(machine, &attr, yield_once, NULL, &fibre) || fxm_attach(machine, 0))
		return -1;
	fxm_task_resume(fibre);
	bare_map(fxm_current_or_null(), SLOT, PFN, RW_ENTRY);
	*page = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return fxm_task_join(fibre, NULL) || fxmi_machine_free(machine);
}

/* Runs @fn in a child; its status, and what it printed on standard error. */
static int in_child(int (*fn)(void), char *printed, size_t size)
{
	int fd[2], status = 0;
	ssize_t n;

	assert_int_equal(pipe(fd), 0);
	pid_t child = fork();
	if (!child) {
		dup2(fd[1], STDERR_FILENO);
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		fxm_window_rearm();
		_exit(fn());
	}
	assert_true(child > 0);
	close(fd[1]);
	for (size_t at = 0; (n = read(fd[0], printed + at, size - 1 - at)) > 0; at += (size_t)n)
		printed[at + (size_t)n] = '\0';
	close(fd[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void assert_dies_of(int signal, int (*fn)(void))
{
	char printed[4096] = "";
	int status = in_child(fn, printed, sizeof(printed));

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), signal);
	assert_ptr_equal(strstr(printed, LINE), printed);
}

/* ---- what returns an error --------------------------------------------------------------------------------------- */

static int count(struct fxm_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return 1;
}

static int errors(void)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(machine, 0);
	struct fxm_task *task;
	const int results[] = {
		fxm_attach(machine, -1),
		fxm_attach(machine, 0),
		fxm_machine_cpu_add(machine),
		fxm_task_create(machine, NULL, yield_once, NULL, &task),
		fxm_task_resume(fibre),
		fxm_task_join(fibre, NULL),
		fxm_task_each(machine, count, NULL),
		fxm_task_run(cpu, yield_once, NULL, NULL),
		fxm_context_enter(cpu, FXM_CONTEXT_HARDIRQ),
		fxm_prefault(cpu, fxm_va_of(SLOT), 1),
		fxmi_machine_free(machine),
	};

	if (fxm_current_or_null() || fxm_detach() != -EPERM)
		return 200;
	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
		if (results[i] != -ECHILD)
			return 100 + (int)i;
	return 0;
}

static void test_calls_return_echild(void **state)
{
	char printed[4096] = "";

	(void)state;
	assert_int_equal(in_child(errors, printed, sizeof(printed)), 0);
	assert_string_equal(printed, "");
}

/* ---- what cannot ------------------------------------------------------------------------------------------------- */

static int disable_preemption(void)
{
	fxm_preempt_disable(fxm_machine_vcpu(machine, 0));
	return 0;
}

static int schedule(void)
{
	fxm_schedule(fxm_machine_vcpu(machine, 0));
	return 0;
}

static int ask_host(void)
{
	return fxm_host(machine, fxm_va_of(SLOT)) != NULL;
}

static int touch_resident_page(void)
{
	*page = 2;
	return 0;
}

static int touch_direct_map(void)
{
	*(page - (SLOT - PAGE_OFFSET)) = 2;
	return 0;
}

static int touch_pool(void)
{
	*bare_frame(machine, PFN) = 2;
	return 0;
}

static void test_calls_without_an_error_to_return_abort(void **state)
{
	(void)state;
	assert_dies_of(SIGABRT, disable_preemption);
	assert_dies_of(SIGABRT, schedule);
	assert_dies_of(SIGABRT, ask_host);
}

static void test_memory_is_the_parents(void **state)
{
	(void)state;
	assert_dies_of(SIGSEGV, touch_resident_page);
	assert_dies_of(SIGSEGV, touch_direct_map);
	assert_dies_of(SIGSEGV, touch_pool);
	assert_int_equal(*page, 1);
}

/* ---- a new machine ----------------------------------------------------------------------------------------------- */

/* ThreadSanitizer allows a child no new threads when the parent had several, and takes fibres for threads. */
#if defined(__SANITIZE_THREAD__)
#define VEHICLE FXM_FIBRE
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VEHICLE FXM_FIBRE
#endif
#endif
#ifndef VEHICLE
#define VEHICLE FXM_THREAD
#endif

static int work_on_a_new_one(void)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .vehicle = VEHICLE};
	struct fxm_machine *m = bare_machine(FXM_WINDOW_STRICT, true, NULL);
	struct fxm_task *task;
	int result = 0;

	if (fxm_window_is_identity(m) != fxm_window_is_identity(machine))
		return 1;
	if (fxm_attach(m, 0))
		return 2;
	bare_map(fxm_current_or_null(), SLOT, PFN + 1, RW_ENTRY);
	*bare_host(m, SLOT) = 9;
	if (*bare_frame(m, PFN + 1) != 9)
		return 3;
	if (fxm_task_create(m, &attr, yield_once, m, &task) || fxm_task_join(task, &result) || result != 1)
		return 4;
	return fxmi_machine_free(m) ? 5 : 0;
}

static void test_a_new_machine_works_in_the_child(void **state)
{
	char printed[4096] = "";

	(void)state;
	assert_int_equal(in_child(work_on_a_new_one, printed, sizeof(printed)), 0);
	assert_string_equal(printed, "");
}

static int grandchild(void)
{
	struct fxm_machine *m = bare_machine(FXM_WINDOW_STRICT, true, NULL);
	pid_t child = fork();
	int status = 0;

	if (!child)
		_exit(fxm_attach(m, 0) == -ECHILD && fxm_attach(machine, 0) == -ECHILD ? work_on_a_new_one() : 10);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 20;
}

static void test_forking_again_kills_the_childs_machine_too(void **state)
{
	char printed[4096] = "";

	(void)state;
	assert_int_equal(in_child(grandchild, printed, sizeof(printed)), 0);
}

static void test_the_parent_goes_on(void **state)
{
	char printed[4096] = "";

	(void)state;
	in_child(touch_pool, printed, sizeof(printed));
	fxm_window_rearm();
	*page = 3;
	assert_int_equal(*bare_frame(machine, PFN), 3);
	bare_map(fxm_current_or_null(), SLOT + FXM_PAGE_SIZE, PFN + 1, RW_ENTRY);
	page[FXM_PAGE_SIZE] = 4;
	assert_int_equal(*bare_frame(machine, PFN + 1), 4);
	assert_int_equal(fxm_task_resume(fibre), FXM_TASK_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_return_echild),
		cmocka_unit_test(test_calls_without_an_error_to_return_abort),
		cmocka_unit_test(test_memory_is_the_parents),
		cmocka_unit_test(test_a_new_machine_works_in_the_child),
		cmocka_unit_test(test_forking_again_kills_the_childs_machine_too),
		cmocka_unit_test(test_the_parent_goes_on),
	};

	VALGRIND_DISABLE_ERROR_REPORTING;
	return cmocka_run_group_tests(tests, setup, teardown);
}
