/* SPDX-License-Identifier: MIT */
/*
 * Faults at chosen places: an allocation that fails, an interrupt in the middle of kunmap_atomic(), and a CPU that stands still
 * there while another one looks. The same could be written as a setting: inject=alloc:2:fail+kunmap_atomic.popped:1:irq.
 */
#include "example.h"

#include <inttypes.h>

static struct fxm_machine *m;

static void interrupt(struct fxm_vcpu *cpu, void *page)
{
	fxm_va va = fxm_kmap_atomic(cpu, page);

	printf("  the interrupt maps its page at %08" PRIx64 "\n", va.v);
	fxm_kunmap_atomic(cpu, va);
}

static int pair(void *page)
{
	fxm_va va = fxm_kmap_atomic(fxm_current_or_null(), page);

	printf("  the task maps its page at %08" PRIx64 "\n", va.v);
	fxm_kunmap_atomic(fxm_current_or_null(), va);
	return 0;
}

static void run(struct fxm_page *page, const char *point, enum fxm_inject_action action)
{
	struct fxm_task_attr on_cpu1 = {.struct_size = sizeof(on_cpu1), .cpu = 1};
	struct fxm_task *task;

	printf("%s: %s\n", point, fxm_inject_action_name(action));
	if (fxm_inject(m, point, action, 1, 0) < 0 || fxm_task_create(m, &on_cpu1, pair, page, &task))
		exit(1);
	while (fxm_task_resume(task) == FXM_TASK_RUNNABLE) {
		struct fxm_counts counts;

		fxm_get_counts(fxm_machine_vcpu(m, 1), &counts);
		printf("  CPU 1 stands still, %d level taken\n", counts.kmap_depth);
	}
	fxm_task_join(task, NULL);
	fxm_inject_clear(m);
}

int main(void)
{
	m = example_machine("x86_32-4.15", "cpus=2");
	struct fxm_page *page = example_page(m, "");

	fxm_inject(m, "alloc", FXM_INJECT_FAIL, 2, 0);
	for (int i = 1; i <= 3; i++)
		printf("allocation %d: %s\n", i, fxm_alloc_page(m, FXM_GFP_HIGHMEM) ? "a page" : "none");
	fxm_inject_clear(m);
	fxm_inject_handler_set(m, FXM_CONTEXT_HARDIRQ, interrupt, example_page(m, ""));
	run(page, "kmap_atomic.mapped", FXM_INJECT_IRQ);
	run(page, "kunmap_atomic.popped", FXM_INJECT_IRQ);
	run(page, "kunmap_atomic.cleared", FXM_INJECT_DELAY);
	return fxm_machine_destroy(m) != 0;
}
