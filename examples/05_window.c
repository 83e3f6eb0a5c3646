/* SPDX-License-Identifier: MIT */
/*
 * The window: ordinary C code dereferences a simulated address. At the first access the library walks the simulated page
 * table and maps the frame. After the unmapping the access is the kernel's oops, which ends the task, here fxm_task_run().
 */
#include "example.h"

#include <inttypes.h>

static void on_report(const struct fxm_report *report, void *arg)
{
	(void)arg;
	printf("report: %s\n", report->message);
}

static void show(struct fxm_machine *m, const char *when)
{
	struct fxm_window_stats stats;

	fxm_get_window_stats(m, &stats);
	printf("%s, faults answered so far: %" PRIu64 "\n", when, stats.faults);
}

static int use(void *arg)
{
	return *(volatile char *)arg;
}

int main(void)
{
	struct fxm_machine *m = example_machine("x86_32-5.10", "window=strict");
	struct fxm_page *page = example_page(m, "hello");
	struct fxm_vcpu *cpu;
	char *p;
	fxm_va va;

	/* A dereference acts for the vCPU that this thread sits on. */
	if (fxm_attach(m, 0))
		return 1;
	fxm_report_set(m, on_report, NULL);
	cpu = fxm_current_or_null();
	va = fxm_kmap_atomic(cpu, page);
	p = fxm_host(m, va);
	if (!p)
		return 1;
	show(m, "mapped");
	printf("p[0] is '%c'\n", use(p));
	show(m, "read");
	*p = 'j';
	show(m, "written");
	printf("the frame holds \"%s\"\n", (const char *)fxm_frame(m, fxm_page_pfn(m, page)));
	fxm_kunmap_atomic(cpu, va);
	printf("after the unmapping: %s\n", fxm_strerror(fxm_task_run(cpu, use, p, NULL)));
	fxm_free_pages(m, page, 0);
	fxm_detach();
	return fxm_machine_destroy(m) != 0;
}
