/* SPDX-License-Identifier: MIT */
/* Interrupt contexts and the counters of preempt.h and uaccess.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bare_machine.h"

static int setup(void **state)
{
	*state = bare_machine(FXM_WINDOW_OFF, false, NULL);
	return 0;
}

static int teardown(void **state)
{
	return bare_machine_free(*state);
}

static struct fxm_counts counts_of(const struct fxm_vcpu *cpu)
{
	struct fxm_counts c;

	fxm_get_counts(cpu, &c);
	return c;
}

static void test_a_new_vcpu_has_all_counters_at_zero(void **state)
{
	struct fxm_counts c = counts_of(fxm_machine_vcpu(*state, 1));

	assert_int_equal(c.preempt, 0);
	assert_int_equal(c.pagefault, 0);
	assert_int_equal(c.migrate, 0);
	assert_int_equal(c.kmap_depth, 0);
}

static void test_no_vcpu_is_ignored(void **state)
{
	(void)state;
	fxm_irq_disable(NULL);
	fxm_irq_enable(NULL);
	assert_false(fxm_irqs_disabled(NULL));
	fxm_preempt_disable(NULL);
	fxm_preempt_enable(NULL);
	fxm_pagefault_disable(NULL);
	fxm_pagefault_enable(NULL);
	fxm_migrate_disable(NULL);
	fxm_migrate_enable(NULL);
}

static void test_counters_below_zero_do_not_disturb_each_other(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);

	fxm_preempt_enable(cpu);
	assert_int_equal(counts_of(cpu).preempt, -1);
	assert_int_equal(counts_of(cpu).pagefault, 0);
	assert_int_equal(counts_of(cpu).kmap_depth, 0);
	fxm_pagefault_enable(cpu);
	assert_int_equal(counts_of(cpu).preempt, -1);
	assert_int_equal(counts_of(cpu).pagefault, -1);
	assert_int_equal(counts_of(cpu).kmap_depth, 0);
	cpu->counts -= FXMI_DEPTH_ONE;
	assert_int_equal(counts_of(cpu).pagefault, -1);
	assert_int_equal(counts_of(cpu).kmap_depth, -1);
	fxm_preempt_disable(cpu);
	fxm_pagefault_disable(cpu);
	assert_int_equal(counts_of(cpu).preempt, 0);
	assert_int_equal(counts_of(cpu).pagefault, 0);
	assert_int_equal(counts_of(cpu).kmap_depth, -1);
	fxm_migrate_enable(cpu);
	assert_int_equal(counts_of(cpu).migrate, -1);
}

static void test_preempt_disable_does_nothing_without_preempt_count(void **state)
{
	struct fxmi_desc desc = bare_desc(FXM_WINDOW_OFF, false, NULL);
	struct fxm_vcpu *cpu;

	(void)state;
	desc.preempt_count = false;
	cpu = fxm_machine_vcpu(bare_machine_of(&desc), 0);
	fxm_preempt_disable(cpu);
	assert_int_equal(counts_of(cpu).preempt, 0);
	fxm_pagefault_disable(cpu);
	assert_int_equal(counts_of(cpu).pagefault, 1);
	assert_int_equal(fxmi_machine_free(cpu->machine), 0);
}

static void test_contexts_nest_and_show_in_preempt_count(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);

	assert_int_equal(fxm_context(cpu), FXM_CONTEXT_TASK);
	assert_int_equal(fxm_context_enter(cpu, FXM_CONTEXT_SOFTIRQ), 0);
	assert_int_equal(counts_of(cpu).preempt, 0x100);
	assert_false(fxm_irqs_disabled(cpu));
	assert_int_equal(fxm_context_enter(cpu, FXM_CONTEXT_HARDIRQ), 0);
	assert_int_equal(counts_of(cpu).preempt, 0x10100);
	assert_true(fxm_irqs_disabled(cpu));
	assert_int_equal(fxm_context_enter(cpu, FXM_CONTEXT_NMI), 0);
	assert_int_equal(counts_of(cpu).preempt, 0x110100);
	assert_int_equal(fxm_context(cpu), FXM_CONTEXT_NMI);
	assert_int_equal(fxm_context_leave(cpu, FXM_CONTEXT_HARDIRQ), -EINVAL);
	assert_int_equal(fxm_context_leave(cpu, FXM_CONTEXT_NMI), 0);
	assert_true(fxm_irqs_disabled(cpu));
	assert_int_equal(fxm_context_leave(cpu, FXM_CONTEXT_HARDIRQ), 0);
	assert_false(fxm_irqs_disabled(cpu));
	assert_int_equal(fxm_context_leave(cpu, FXM_CONTEXT_SOFTIRQ), 0);
	assert_int_equal(counts_of(cpu).preempt, 0);
	assert_int_equal(fxm_context_leave(cpu, FXM_CONTEXT_SOFTIRQ), -EINVAL);
	assert_int_equal(fxm_context_enter(cpu, FXM_CONTEXT_TASK), -EINVAL);
	assert_int_equal(fxm_context_enter(cpu, (enum fxm_context)(FXM_CONTEXT_NMI + 1)), -EINVAL);
	assert_int_equal(fxm_context_leave(cpu, (enum fxm_context)(FXM_CONTEXT_NMI + 1)), -EINVAL);
	assert_int_equal(counts_of(cpu).preempt, 0);
}

static void test_the_interrupt_flag_is_a_flag(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);

	fxm_irq_disable(cpu);
	fxm_irq_disable(cpu);
	fxm_irq_enable(cpu);
	assert_false(fxm_irqs_disabled(cpu));
	fxm_irq_disable(cpu);
	assert_int_equal(fxm_context_enter(cpu, FXM_CONTEXT_HARDIRQ), 0);
	fxm_irq_enable(cpu);
	assert_false(fxm_irqs_disabled(cpu));
	assert_int_equal(fxm_context_leave(cpu, FXM_CONTEXT_HARDIRQ), 0);
	assert_true(fxm_irqs_disabled(cpu));
}

static void test_contexts_nest_only_so_deep(void **state)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(*state, 0);

	for (int i = 0; i < FXMI_MAX_CONTEXTS; i++)
		assert_int_equal(fxm_context_enter(cpu, FXM_CONTEXT_SOFTIRQ), 0);
	assert_int_equal(fxm_context_enter(cpu, FXM_CONTEXT_SOFTIRQ), -ENOSPC);
	for (int i = 0; i < FXMI_MAX_CONTEXTS; i++)
		assert_int_equal(fxm_context_leave(cpu, FXM_CONTEXT_SOFTIRQ), 0);
	assert_int_equal(counts_of(cpu).preempt, 0);
}

static int in_its_own_context(void *arg)
{
	struct fxm_vcpu *cpu = arg;

	fxm_preempt_disable(cpu);
	fxm_context_enter(cpu, FXM_CONTEXT_HARDIRQ);
	fxm_migrate_disable(cpu);
	cpu->counts += FXMI_DEPTH_ONE;
	fxm_task_yield();
	struct fxm_counts c = counts_of(cpu);
	bool same = c.preempt == 0x10001 && c.migrate == 1 && c.kmap_depth == 1 && fxm_irqs_disabled(cpu);
	cpu->counts -= FXMI_DEPTH_ONE;
	fxm_context_leave(cpu, FXM_CONTEXT_HARDIRQ);
	return same;
}

/* preempt_count, pagefault_disabled and the interrupted frames are on a task's stack; the depth of kmap_atomic is per CPU. */
static void test_a_switch_keeps_the_tasks_counters_and_the_vcpus_depth(void **state)
{
	struct fxm_machine *m = *state;
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 1);
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .cpu = 1};
	struct fxm_task *task;
	int same = 0;

	fxm_pagefault_disable(cpu);
	assert_int_equal(fxm_task_create(m, &attr, in_its_own_context, cpu, &task), 0);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_RUNNABLE);
	struct fxm_counts c = counts_of(cpu);
	assert_int_equal(c.preempt, 0);
	assert_int_equal(c.pagefault, 1);
	assert_int_equal(c.migrate, 0);
	assert_int_equal(c.kmap_depth, 1);
	assert_false(fxm_irqs_disabled(cpu));
	assert_int_equal(fxm_context(cpu), FXM_CONTEXT_TASK);
	assert_int_equal(fxm_task_join(task, &same), 0);
	assert_true(same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_new_vcpu_has_all_counters_at_zero, setup, teardown),
		cmocka_unit_test(test_no_vcpu_is_ignored),
		cmocka_unit_test_setup_teardown(test_counters_below_zero_do_not_disturb_each_other, setup, teardown),
		cmocka_unit_test(test_preempt_disable_does_nothing_without_preempt_count),
		cmocka_unit_test_setup_teardown(test_contexts_nest_and_show_in_preempt_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_interrupt_flag_is_a_flag, setup, teardown),
		cmocka_unit_test_setup_teardown(test_contexts_nest_only_so_deep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_switch_keeps_the_tasks_counters_and_the_vcpus_depth, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
