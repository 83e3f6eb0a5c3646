/* SPDX-License-Identifier: MIT */
/* The SIGSEGV handler: what it takes for whose fault, and how it gets along with the handlers of others, CMocka's among them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bare_machine.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* memcheck need not complain of what is meant to be wild; it is told per thread. */
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_DISABLE_ERROR_REPORTING ((void)0)
#define RUNNING_ON_VALGRIND 0
#endif

#define SLOT (FIXMAP + 4 * FXM_PAGE_SIZE)
#define PFN (HIGHMEM_PFN + 5)

/* ---- callbacks --------------------------------------------------------------------------------------------------- */

static struct fxmi_trap_info trapped;
static volatile unsigned traps;

static void on_trap(struct fxm_vcpu *cpu, const struct fxmi_trap_info *info)
{
	trapped = *info;
	traps++;
	if (info->trap != FXMI_TRAP_UNATTACHED)
		fxmi_task_kill(cpu);
}

static const struct fxmi_callbacks callbacks = {.trap = on_trap};

static struct fxm_machine *of_group, *of_earlier_test;

static int group_setup(void **state)
{
	(void)state;
	of_group = bare_machine(FXM_WINDOW_STRICT, false, &callbacks); /* leaves the identity addresses to the tests */
	bare_map(fxm_machine_vcpu(of_group, 0), SLOT, PFN, RW_ENTRY);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	return fxmi_machine_free(of_group);
}

/* Attaching is what puts the handler back in front of CMocka's. */
static struct fxm_machine *attached(struct fxm_machine *m)
{
	traps = 0;
	assert_int_equal(fxm_attach(m, 0), 0);
	return m;
}

static void touch(struct fxm_machine *m, unsigned char value)
{
	*bare_host(m, SLOT) = value;
	assert_int_equal(*bare_frame(m, PFN), value);
	bare_unmap(fxm_machine_vcpu(m, 0), SLOT, false);
	bare_map(fxm_machine_vcpu(m, 0), SLOT, PFN, RW_ENTRY);
}

/* ---- CMocka ------------------------------------------------------------------------------------------------------ */

static void test_a_machine_of_the_group_fixture(void **state)
{
	(void)state;
	touch(attached(of_group), 1);
	assert_int_equal(traps, 0);
	assert_int_equal(fxm_detach(), 0);
}

static void test_rearming_on_request(void **state)
{
	(void)state;
	traps = 0;
	fxm_window_rearm();
	touch(of_group, 2);
	assert_int_equal(traps, 1); /* the thread is not attached; told, and served as vCPU 0 */
	assert_int_equal(trapped.trap, FXMI_TRAP_UNATTACHED);
}

static int test_setup(void **state)
{
	*state = bare_machine(FXM_WINDOW_STRICT, true, &callbacks);
	bare_map(fxm_machine_vcpu(*state, 0), SLOT, PFN, RW_ENTRY);
	return 0;
}

static int test_teardown(void **state)
{
	return bare_machine_free(*state);
}

static void test_a_machine_of_the_tests_fixture(void **state)
{
	touch(attached(*state), 3);
	assert_int_equal(traps, 0);
}

static void test_a_machine_made_here(void **state)
{
	(void)state;
	of_earlier_test = bare_machine(FXM_WINDOW_STRICT, true, &callbacks);
	bare_map(fxm_machine_vcpu(of_earlier_test, 0), SLOT, PFN, RW_ENTRY);
	traps = 0;
	touch(of_earlier_test, 4);
	assert_int_equal(traps, 1);
}

static int touch_in_fibre(void *arg)
{
	*bare_host(arg, SLOT) = 5;
	return *bare_frame(arg, PFN);
}

static void test_a_machine_of_an_earlier_test(void **state)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr)};
	struct fxm_task *task;
	int result = 0;

	(void)state;
	traps = 0;
	assert_int_equal(fxm_task_create(of_earlier_test, &attr, touch_in_fibre, of_earlier_test, &task), 0);
	assert_int_equal(fxm_task_join(task, &result), 0);
	assert_int_equal(result, 5);
	assert_int_equal(traps, 0);
	assert_int_equal(fxmi_machine_free(of_earlier_test), 0);
}

/* ---- handlers of others ------------------------------------------------------------------------------------------ */

static void *volatile near_null = (void *)8;
static sigjmp_buf escape;
static char called[16];
static struct sigaction ours;

static void note(char c)
{
	called[strlen(called)] = c;
}

static void base_handler(int sig)
{
	(void)sig;
	note('b');
	siglongjmp(escape, 1);
}

static void leaving_handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	note(sig == SIGSEGV && info->si_addr == (void *)8 ? 'l' : '?');
	siglongjmp(escape, 1);
}

/* As a crash reporter does: passes on to the one that it found. */
static void passing_handler(int sig, siginfo_t *info, void *context)
{
	note('p');
	ours.sa_sigaction(sig, info, context);
}

static void install(void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction s = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	sigemptyset(&s.sa_mask);
	assert_int_equal(sigaction(SIGSEGV, &s, &ours), 0);
}

static void fault_outside(void)
{
	memset(called, 0, sizeof(called));
	if (!sigsetjmp(escape, 1))
		*(volatile int *)near_null = 1;
}

static void test_what_is_not_ours_goes_to_the_earlier_handler(void **state)
{
	struct sigaction cmockas;

	(void)state;
	attached(of_group);
	install(leaving_handler);
	cmockas = ours;
	fxm_window_rearm();
	for (int i = 0; i < 3; i++) {
		fault_outside();
		assert_string_equal(called, "l");
		touch(of_group, (unsigned char)i);
	}
	assert_int_equal(traps, 0);
	assert_int_equal(fxm_detach(), 0);
	sigaction(SIGSEGV, &cmockas, NULL);
}

static void test_a_handler_that_passes_on_to_us_makes_no_circle(void **state)
{
	volatile unsigned char *p = bare_host(attached(of_group), SLOT);

	(void)state;
	signal(SIGSEGV, SIG_DFL);
	fxm_window_rearm(); /* forgets CMocka's */
	signal(SIGSEGV, base_handler);
	fxm_window_rearm();
	install(passing_handler);
	memset(called, 0, sizeof(called));
	*p = 1; /* served by way of it */
	assert_string_equal(called, "p");
	assert_int_equal(*bare_frame(of_group, PFN), 1);
	bare_unmap(fxm_current_or_null(), SLOT, false);
	bare_map(fxm_current_or_null(), SLOT, PFN, RW_ENTRY);
	fxm_window_rearm();
	for (int i = 0; i < 3; i++) {
		fault_outside();
		assert_string_equal(called, "pb");
	}
	memset(called, 0, sizeof(called));
	touch(of_group, 2);
	assert_string_equal(called, "");
	assert_int_equal(fxm_detach(), 0);
}

static void test_a_handler_put_back_by_signal_gets_its_flags_again(void **state)
{
	struct sigaction now;

	(void)state;
	fxm_window_rearm();
	signal(SIGSEGV, signal(SIGSEGV, SIG_DFL)); /* as CMocka puts back what it found */
	assert_int_equal(sigaction(SIGSEGV, NULL, &now), 0);
	assert_false(now.sa_flags & SA_SIGINFO);
	touch(attached(of_group), 3);
	assert_int_equal(sigaction(SIGSEGV, NULL, &now), 0);
	assert_int_equal(now.sa_flags & (SA_SIGINFO | SA_ONSTACK), SA_SIGINFO | SA_ONSTACK);
	assert_int_equal(fxm_detach(), 0);
}

static int death_of_child(void (*die)(void))
{
	pid_t child = fork();
	int status = 0;

	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		fxm_window_rearm();
		die();
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void write_to_null(void)
{
	*(volatile int *)near_null = 1;
}

static void send_it(void)
{
	raise(SIGSEGV);
}

/* The other handler gives the signal back to us before it returns: the fault comes again and again. */
static void restoring_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	sigaction(SIGSEGV, &ours, NULL);
}

static void circle_by_restoring(void)
{
	struct sigaction s = {.sa_sigaction = restoring_handler, .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &s, &ours);
	fxm_window_rearm();
	*(volatile int *)near_null = 1;
}

static void test_without_an_earlier_handler_the_process_dies_of_the_signal(void **state)
{
	(void)state;
	fxm_window_rearm();
	assert_int_equal(death_of_child(write_to_null), SIGSEGV);
	assert_int_equal(death_of_child(send_it), SIGSEGV);
	if (!RUNNING_ON_VALGRIND) /* ten thousand signals take minutes there */
		assert_int_equal(death_of_child(circle_by_restoring), SIGSEGV);
}

/* ---- kinds of faults --------------------------------------------------------------------------------------------- */

static int write_there(void *arg)
{
	*(volatile char *)arg = 1;
	return 0;
}

static int read_there(void *arg)
{
	return *(volatile char *)arg;
}

static int call_there(void *arg)
{
	return ((int (*)(void))(uintptr_t)arg)();
}

static void test_a_wild_pointer_ends_the_task(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(attached(*state), 0);

	assert_int_equal(fxm_task_run(cpu, write_there, (void *)16, NULL), -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_WILD);
	assert_int_equal(trapped.fault.address.v, 16);
	assert_int_equal(trapped.fault.access, FXM_WRITE);
	assert_int_equal(fxm_task_run(cpu, read_there, (void *)16, NULL), -ECANCELED);
	assert_int_equal(trapped.fault.access, FXM_READ);
	assert_int_equal(fxm_task_run(cpu, call_there, (void *)16, NULL), -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_WILD);
	assert_int_equal(trapped.fault.access, FXM_EXEC);
	assert_int_equal(traps, 3);
}

#if defined(__x86_64__)
static void test_an_address_that_is_not_canonical_is_wild(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(attached(*state), 0);

	assert_int_equal(fxm_task_run(cpu, read_there, (void *)UINT64_C(0x1234567800000000), NULL), -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_WILD);
	assert_true(trapped.fault.address.v == UINT64_MAX);
}
#endif

static void test_code_in_the_window_does_not_run(void **state)
{
	struct fxm_machine *m = attached(*state);

	assert_int_equal(fxm_task_run(fxm_current_or_null(), call_there, fxm_host(m, fxm_va_of(SLOT)), NULL), -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_FAULT);
	assert_int_equal(trapped.fault.access, FXM_EXEC);
	assert_int_equal(trapped.fault.code, 17);
	assert_int_equal(trapped.fault.address.v, SLOT);
	assert_int_equal(fxm_task_run(fxm_current_or_null(), call_there, fxm_host(m, fxm_va_of(PAGE_OFFSET + 0x5000)), NULL),
			 -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_FAULT);
	assert_int_equal(trapped.fault.access, FXM_EXEC);
}

static void test_a_simulated_address_used_as_a_pointer_is_named(void **state)
{
	struct fxm_machine *m = bare_machine(FXM_WINDOW_STRICT, false, &callbacks);

	(void)state;
	assert_false(fxm_window_is_identity(m));
	attached(m);
	bare_map(fxm_current_or_null(), SLOT, PFN, RW_ENTRY);
	assert_int_equal(fxm_task_run(fxm_current_or_null(), read_there, (void *)(uintptr_t)(SLOT + 24), NULL), -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_TRUNCATED);
	assert_int_equal(trapped.fault.address.v & ~UINT64_C(7), SLOT + 24);
	assert_int_equal(fxm_task_run(fxm_current_or_null(), read_there, (void *)24, NULL), -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_WILD);
	assert_int_equal(fxmi_machine_free(m), 0);
}

/* ---- stack overflow ---------------------------------------------------------------------------------------------- */

static int recurse(void *arg)
{
	volatile char frame[512];

	frame[0] = *(char *)arg;
	if (frame[0] < 100) /* always */
		frame[511] = (char)recurse((void *)(uintptr_t)frame);
	return frame[511];
}

static int overflow(void *arg)
{
	char byte = 0;

	(void)arg;
	VALGRIND_DISABLE_ERROR_REPORTING;
	return recurse(&byte);
}

static void test_a_task_that_overflows_its_stack_ends(void **state)
{
	struct fxm_machine *m = attached(*state);

	for (int vehicle = FXM_FIBRE; vehicle <= FXM_THREAD; vehicle++) {
		struct fxm_task_attr attr = {.struct_size = sizeof(attr), .vehicle = (enum fxm_vehicle)vehicle, .cpu = 1};
		struct fxm_task *task;

		assert_int_equal(fxm_task_create(m, &attr, overflow, NULL, &task), 0);
		assert_int_equal(fxm_task_join(task, NULL), -ECANCELED);
		assert_int_equal(trapped.trap, FXMI_TRAP_STACK);
	}
	assert_int_equal(traps, 2);
}

static void *attach_and_overflow(void *arg)
{
	if (fxm_attach(arg, 1))
		return NULL;
	return (void *)(intptr_t)fxm_task_run(fxm_current_or_null(), overflow, NULL, NULL);
}

static void test_a_stack_of_the_hosts_overflows_too(void **state)
{
	struct fxm_machine *m = attached(*state);
	pthread_attr_t attr;
	pthread_t other;
	void *error = NULL;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 2 << 20);
	assert_int_equal(pthread_create(&other, &attr, attach_and_overflow, m), 0);
	assert_int_equal(pthread_join(other, &error), 0);
	pthread_attr_destroy(&attr);
	assert_int_equal((intptr_t)error, -ECANCELED);
	assert_int_equal(trapped.trap, FXMI_TRAP_STACK);
}

/* ---- the race ------------------------------------------------------------------------------------------------------- */

/* One vCPU touches a page again and again and says what came of the latest touch: the byte there, or FAULTED. */
enum { FAULTED = -1, MAX_ROUNDS = 20000, MAX_SECONDS = 2 };

static struct race {
	_Atomic bool stop;
	_Atomic unsigned touches;
	_Atomic int seen;
} race;

static int touch_again_and_again(void *arg)
{
	while (!race.stop) {
		int byte = FAULTED;

		fxm_task_run(fxm_current_or_null(), read_there, arg, &byte);
		race.seen = byte;
		race.touches++;
	}
	return 0;
}

/* What a touch sees that begins from now on. */
static int seen_from_now_on(void)
{
	unsigned first = race.touches + 2;

	for (unsigned spins = 0; (int)(race.touches - first) < 0; spins++)
		if (spins % 4096 == 4095)
			sched_yield();
	return race.seen;
}

/* As the fast paths of src/: the window is looked at only when something is resident. */
static void race_map(struct fxm_vcpu *cpu, uint64_t pfn)
{
	struct fxmi_window *w = cpu->machine->window;
	uint64_t entry = pfn << FXM_PAGE_SHIFT | RW_ENTRY;

	bare_set_pte(cpu->machine, SLOT, entry);
	if (w->mode == FXM_WINDOW_EAGER || atomic_load_explicit(&w->nr_resident, memory_order_relaxed))
		fxmi_window_begin(cpu, SLOT, entry);
}

static void race_unmap(struct fxm_vcpu *cpu)
{
	bare_set_pte(cpu->machine, SLOT, 0);
	if (atomic_load_explicit(&cpu->machine->window->nr_resident, memory_order_relaxed))
		fxmi_window_end(cpu, SLOT);
}

static void spin(unsigned n)
{
	for (volatile unsigned i = 0; i < n; i++)
		;
}

/* A touch in progress when the unmap began must not bring the page back after it. */
static bool unmap_leaves_nothing(struct fxm_vcpu *cpu, unsigned round)
{
	race_map(cpu, PFN);
	spin(round * 7 % 1500);
	race_unmap(cpu);
	return seen_from_now_on() == FAULTED;
}

/* Nor one in progress when another frame was set over it keep the old one. */
static bool map_shows_its_frame(struct fxm_vcpu *cpu, unsigned round)
{
	race_map(cpu, PFN);
	spin(round * 7 % 1500);
	race_map(cpu, PFN + 1);
	bool shown = seen_from_now_on() == 2;
	race_unmap(cpu);
	return shown;
}

static void race_in_mode(enum fxm_window_mode mode)
{
	struct fxm_machine *m = bare_machine(mode, true, &callbacks);
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .vehicle = FXM_THREAD, .cpu = 1};
	unsigned stale = 0, wrong = 0;
	time_t begin = time(NULL);
	struct fxm_task *toucher;

	race.stop = false;
	*bare_frame(m, PFN) = 1;
	*bare_frame(m, PFN + 1) = 2;
	assert_int_equal(fxm_attach(m, 0), 0);
	assert_int_equal(fxm_task_create(m, &attr, touch_again_and_again, fxm_host(m, fxm_va_of(SLOT)), &toucher), 0);
	/* bounded by time too: on a busy host the two take turns instead of running side by side */
	for (unsigned i = 0; i < MAX_ROUNDS && time(NULL) <= begin + MAX_SECONDS; i++) {
		if (mode != FXM_WINDOW_RETAIN)
			stale += !unmap_leaves_nothing(fxm_current_or_null(), i);
		wrong += !map_shows_its_frame(fxm_current_or_null(), i);
	}
	race.stop = true;
	assert_int_equal(fxm_task_join(toucher, NULL), 0);
	assert_int_equal(fxmi_machine_free(m), 0);
	assert_int_equal(stale, 0);
	assert_int_equal(wrong, 0);
}

static void test_a_fault_beside_an_unmap_leaves_nothing_behind(void **state)
{
	(void)state;
	race_in_mode(FXM_WINDOW_STRICT);
	race_in_mode(FXM_WINDOW_EAGER);
	race_in_mode(FXM_WINDOW_RETAIN);
}

#define with_machine(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_machine_of_the_group_fixture),
		cmocka_unit_test(test_rearming_on_request),
		with_machine(test_a_machine_of_the_tests_fixture),
		cmocka_unit_test(test_a_machine_made_here),
		cmocka_unit_test(test_a_machine_of_an_earlier_test),
		cmocka_unit_test(test_what_is_not_ours_goes_to_the_earlier_handler),
		cmocka_unit_test(test_a_handler_that_passes_on_to_us_makes_no_circle),
		cmocka_unit_test(test_a_handler_put_back_by_signal_gets_its_flags_again),
		cmocka_unit_test(test_without_an_earlier_handler_the_process_dies_of_the_signal),
		with_machine(test_a_wild_pointer_ends_the_task),
#if defined(__x86_64__)
		with_machine(test_an_address_that_is_not_canonical_is_wild),
#endif
		with_machine(test_code_in_the_window_does_not_run),
		cmocka_unit_test(test_a_simulated_address_used_as_a_pointer_is_named),
		with_machine(test_a_task_that_overflows_its_stack_ends),
		with_machine(test_a_stack_of_the_hosts_overflows_too),
		cmocka_unit_test(test_a_fault_beside_an_unmap_leaves_nothing_behind),
	};

	VALGRIND_DISABLE_ERROR_REPORTING;
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
