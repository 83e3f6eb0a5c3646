/* SPDX-License-Identifier: MIT */
/*
 * 20273941f212: kunmap_atomic() gave its level back before it cleared the entry. One injected interrupt finds that in sources that
 * have the bug (PATCHED), the first time and each time, and nothing in ours.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static void interrupt(struct fxm_vcpu *cpu, void *page)
{
	fxm_kunmap_atomic(cpu, fxm_kmap_atomic(cpu, page));
}

static int pair(void *arg)
{
	struct call *c = arg;

	fxm_kunmap_atomic(c->cpu, fxm_kmap_atomic(c->cpu, c->page));
	return 0;
}

static void an_interrupt_when_the_level_is_popped(void **state)
{
	static const char *const profiles[] = {"profile=x86_32-4.7", "profile=x86_32-4.15",
					       "profile=x86_32-4.15,pae=1,DEBUG_HIGHMEM=1", "profile=x86_32-5.10"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		char words[128];

		snprintf(words, sizeof(words), "%s,inject=kunmap_atomic.popped:1:irq", profiles[i]);
		struct kernel *k = kernel_new(words);
		struct call c = {.cpu = k->cpu, .page = high_page(k)};
		struct fxm_inject_state injected;

		fxm_inject_handler_set(k->m, FXM_CONTEXT_HARDIRQ, interrupt, high_page(k));
		int error = fxm_task_run(k->cpu, pair, &c, NULL);
		assert_int_equal(fxm_inject_get_state(k->m, 0, &injected), 0);
		assert_int_equal(injected.done, 1);
#ifdef PATCHED
		assert_int_equal(error, -ECANCELED);
		assert_int_equal(k->record.kinds[FXM_REPORT_BUG], 1);
		assert_non_null(strstr(k->record.message, "kmap_atomic: level 0 of CPU 0"));
#else
		assert_int_equal(error, 0);
		assert_no_reports(k);
#endif
		kernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(an_interrupt_when_the_level_is_popped)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
