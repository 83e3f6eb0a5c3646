/* SPDX-License-Identifier: MIT */
/* Detectors of the explicit tier: what unmap calls were given, whose mapping was used, where an access ran to, stale entries. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static void assert_finding(struct kernel *k, unsigned nr, const char *detector, const char *part)
{
	if (k->record.kinds[FXM_REPORT_FINDING] != nr || strcmp(k->record.last.detector, detector) || !strstr(k->record.text, part))
		print_error("%u findings, expected %u, %s with \"%s\"; the last one:\n%s\n", k->record.kinds[FXM_REPORT_FINDING],
			    nr, detector, part, k->record.text);
	assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], nr);
	assert_string_equal(k->record.last.detector, detector);
	assert_non_null(strstr(k->record.text, part));
}

static void assert_silent(struct kernel *k)
{
	if (k->record.kinds[FXM_REPORT_FINDING])
		print_error("unexpected:\n%s\n", k->record.text);
	assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 0);
}

/* ---- unmap calls ---------------------------------------------------------------------------------------------------------- */

static const char *const stacks[] = {"profile=x86_32-4.15,detect=on", "profile=x86_32-5.10,pae=1,detect=on",
				     "profile=arm-4.7,detect=on"};

static void a_wrong_order_is_told_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
		struct kernel *k = kernel_new(stacks[i]);
		fxm_va a = fxm_kmap_atomic(k->cpu, high_page(k)), b = fxm_kmap_atomic(k->cpu, high_page(k)),
		       c = fxm_kmap_atomic(k->cpu, high_page(k));

		fxm_kunmap_atomic(k->cpu, a);
		assert_finding(k, 1, "unmap-order", "unmap in reverse order");
		assert_non_null(strstr(k->record.text, " was mapped at "));
		/* c was popped in place of a, b in place of c. */
		fxm_kunmap_atomic(k->cpu, c);
		fxm_kunmap_atomic(k->cpu, b);
		assert_int_equal(fxm_report_leaks(k->m), 0);
		assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 1);

		/* The slots can be used, and misused, again. */
		a = fxm_kmap_atomic(k->cpu, high_page(k));
		fxm_kunmap_atomic(k->cpu, a);
		fxm_kunmap_atomic(k->cpu, a);
		assert_finding(k, 2, "double-unmap", "unmapped at ");
		kernel_free(k);
	}
}

static void the_right_order_is_silent(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
		struct kernel *k = kernel_new(stacks[i]);
		struct fxm_page *low = fxm_alloc_page(k->m, 0);

		for (int n = 0; n < 3; n++) {
			fxm_va a = fxm_kmap_atomic(k->cpu, high_page(k)), b = fxm_kmap_atomic(k->cpu, low),
			       c = fxm_kmap_atomic(k->cpu, high_page(k));
			fxm_kunmap_atomic(k->cpu, fxm_va_of(c.v + 4095));
			fxm_kunmap_atomic(k->cpu, b);
			fxm_kunmap_atomic(k->cpu, a);
		}
		assert_silent(k);
		kernel_free(k);
	}
}

static void an_address_that_is_none_is_named(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,detect=on");
	struct fxm_page *page = high_page(k);
	fxm_va at = fxm_kmap(k->cpu, page), a = fxm_kmap_atomic(k->cpu, high_page(k));

	fxm_kunmap_atomic(k->cpu, fxm_va_of(a.v + 4096));
	assert_finding(k, 1, "wrong-argument", "one past the page");
	assert_int_equal(fxm_report_leaks(k->m), 1); /* of the kmap() */
	assert_finding(k, 2, "leak", "kmap never undone");
	fxm_kmap_atomic(k->cpu, high_page(k));
	fxm_kunmap_atomic(k->cpu, at);
	assert_finding(k, 3, "wrong-argument", "which kmap() returns and kunmap() undoes");
	fxm_kmap_atomic(k->cpu, high_page(k));
	fxm_kunmap_atomic(k->cpu, fxm_va_of(7));
	assert_finding(k, 4, "wrong-argument", "was given 7, which is a number");
	kernel_free(k);
}

static void typed_slots_have_one_user(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12,detect=on");
	fxm_va task = fxm_kmap_atomic_type(k->cpu, high_page(k), 3), other = fxm_kmap_atomic_type(k->cpu, high_page(k), 4);

	fxm_kunmap_atomic_type(k->cpu, task, 3);
	task = fxm_kmap_atomic_type(k->cpu, high_page(k), 3);
	assert_silent(k);
	fxm_context_enter(k->cpu, FXM_CONTEXT_HARDIRQ);
	fxm_va irq = fxm_kmap_atomic_type(k->cpu, high_page(k), 3);
	assert_finding(k, 1, "slot-reuse", "needs a type of its own");
	assert_int_not_equal(k->record.last.mapped_at.pc, 0);
	fxm_kunmap_atomic_type(k->cpu, irq, 3);
	fxm_context_leave(k->cpu, FXM_CONTEXT_HARDIRQ);
	fxm_kunmap_atomic_type(k->cpu, task, 3); /* in vain, as a consequence */
	assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 1);
	fxm_kunmap_atomic_type(k->cpu, other, 5);
	assert_finding(k, 2, "wrong-argument", "KM_");
	kernel_free(k);
}

/* ---- accesses ------------------------------------------------------------------------------------------------------------- */

static void a_foreign_access_names_owner_and_user(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,detect=on");
	struct fxm_vcpu *other = fxm_machine_vcpu(k->m, 1);
	fxm_va shared = fxm_kmap(k->cpu, high_page(k)), a = fxm_kmap_atomic(k->cpu, high_page(k));
	uint64_t value;

	fxm_read_u64(k->cpu, a, &value);
	fxm_read_u64(other, shared, &value); /* anybody's */
	assert_silent(k);
	fxm_read_u64(other, a, &value);
	assert_finding(k, 1, "foreign-use", "on CPU 1: it is a mapping of ");
	assert_int_not_equal(k->record.last.mapped_at.pc, 0);
	kernel_free(k);
}

static void an_overrun_into_a_neighbour_is_found(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,detect=on");
	struct fxm_page *one = high_page(k), *two = high_page(k);
	fxm_va a = fxm_kmap(k->cpu, one), b = fxm_kmap(k->cpu, two);
	char bytes[64] = {0};

	assert_int_equal(b.v, a.v + 4096);
	assert_int_equal(fxm_write(k->cpu, fxm_va_of(a.v + 4032), bytes, sizeof(bytes)), 0);
	assert_int_equal(fxm_fill(k->cpu, a, 0, 4096), 0);
	assert_silent(k);
	assert_int_equal(fxm_write(k->cpu, fxm_va_of(a.v + 4033), bytes, sizeof(bytes)), 0);
	assert_finding(k, 1, "past-the-page", "which is another mapping");
	assert_va(k->record.last.address, b.v);
	assert_int_equal(fxm_copy(k->cpu, a, fxm_va_of(a.v + 4095), 2), 0);
	assert_finding(k, 2, "past-the-page", "a read runs off");
	kernel_free(k);
}

static void a_stale_entry_is_told_when_it_is_used(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=x86_32-4.15,detect=on", "profile=arm-4.7,detect=on"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_vcpu *other = fxm_machine_vcpu(k->m, 1);
		uint32_t index = 3;
		fxm_va va = fxm_fix_to_virt_unchecked(k->m, index);
		struct fxm_page *first = high_page(k), *second = high_page(k);
		fxm_pa one = fxm_pa_of(pfn_of(k, first) << 12), two = fxm_pa_of(pfn_of(k, second) << 12);
		uint64_t before = 1, after = 2, value;

		fxm_set_fixmap(k->cpu, index, one);
		fxm_write_u64(k->cpu, va, before);
		fxm_read_u64(other, va, &value);
		fxm_set_fixmap(k->cpu, index, two);
		fxm_write_u64(k->cpu, va, after);
		assert_silent(k); /* nobody has used it yet */
		fxm_read_u64(other, va, &value);
		assert_int_equal(value, before);
		assert_finding(k, 1, "stale-tlb", "on CPU 1 goes by a stale TLB entry");
		assert_int_equal(k->record.last.pfn, pfn_of(k, first));
		fxm_read_u64(other, va, &value);
		assert_int_equal(value, before);
		fxm_read_u64(k->cpu, va, &value);
		assert_int_equal(value, after);
		assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 1);

		/* Flushed, it is none. */
		fxm_set_fixmap(k->cpu, index, one);
		fxm_tlb_flush_one(other, va);
		fxm_read_u64(other, va, &value);
		assert_int_equal(value, before);
		assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 1);
		kernel_free(k);
	}
}

/* ---- sleeping ------------------------------------------------------------------------------------------------------------- */

static void sleeping_names_the_innermost_section(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,detect=on");
	struct fxm_page *page = high_page(k);

	fxm_kmap(k->cpu, page);
	assert_silent(k);
	fxm_preempt_disable(k->cpu);
	fxm_kmap(k->cpu, page);
	assert_finding(k, 1, "sleep-in-atomic", "made atomic at sleeping_names_the_innermost_section");
	fxm_preempt_enable(k->cpu);
	fxm_va local = fxm_kmap_local_page(k->cpu, page);
	fxm_kmap(k->cpu, page); /* allowed */
	fxm_kunmap_local(k->cpu, local);
	assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 1);
	fxm_context_enter(k->cpu, FXM_CONTEXT_HARDIRQ);
	fxm_kmap(k->cpu, page);
	assert_finding(k, 2, "sleep-in-atomic", "in interrupt context");
	fxm_context_leave(k->cpu, FXM_CONTEXT_HARDIRQ);
	kernel_free(k);
}

static void call_bug_without_irqs(struct call *c)
{
	fxm_irq_disable(c->cpu);
	fxm_bug(c->cpu, "drivers/char/mine.c:12");
}

static void a_bug_enables_interrupts_again(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,detect=on");

	assert_bug(k, call_bug_without_irqs, (struct call){.page = NULL}, "drivers/char/mine.c:12");
	fxm_kmap(k->cpu, high_page(k));
	assert_silent(k);
	kernel_free(k);
}

/* ---- deadlock ------------------------------------------------------------------------------------------------------------- */

static int fill_half(void *arg)
{
	struct kernel *k = arg;
	struct fxm_pkmap pool;

	fxm_get_pkmap(k->m, &pool);
	for (uint32_t i = 0; i < pool.last_pkmap / 2; i++)
		fxm_kmap(fxm_current(), high_page(k));
	fxm_task_yield();
	fxm_kmap(fxm_current(), high_page(k)); /* waits for the other task, and it for us */
	return 0;
}

static void a_deadlock_lists_holders_and_waiters(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,detect=on");
	struct fxm_task *tasks[2];

	for (int i = 0; i < 2; i++) {
		struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = i ? "second" : "first"};
		assert_int_equal(fxm_task_create(k->m, &attr, fill_half, k, &tasks[i]), 0);
		fxm_task_resume(tasks[i]);
	}
	fxm_task_resume(tasks[0]);
	assert_int_equal(fxm_task_resume(tasks[1]), FXM_TASK_SLEEPING);
	assert_int_equal(fxm_task_join(tasks[1], NULL), -ECANCELED);
	assert_int_equal(k->record.kinds[FXM_REPORT_DEADLOCK], 1);
	static const char *const parts[] = {"first[", "second[", "holds 512 slots, mapped at ", "waits for a slot at "};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		assert_non_null(strstr(k->record.text, parts[i]));
	assert_int_equal(fxm_task_join(tasks[0], NULL), -ECANCELED);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_wrong_order_is_told_once),
	    cmocka_unit_test(the_right_order_is_silent),
	    cmocka_unit_test(an_address_that_is_none_is_named),
	    cmocka_unit_test(typed_slots_have_one_user),
	    cmocka_unit_test(a_foreign_access_names_owner_and_user),
	    cmocka_unit_test(an_overrun_into_a_neighbour_is_found),
	    cmocka_unit_test(a_stale_entry_is_told_when_it_is_used),
	    cmocka_unit_test(sleeping_names_the_innermost_section),
	    cmocka_unit_test(a_bug_enables_interrupts_again),
	    cmocka_unit_test(a_deadlock_lists_holders_and_waiters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
