/* SPDX-License-Identifier: MIT */
/*
 * kmap_atomic() is a stack per CPU: the last mapping must go first. The kernel does not check it (without DEBUG_HIGHMEM).
 * Here a is unmapped while b is on top: b's slot is cleared, b's address is dead, and a's stays mapped.
 */
#include "example.h"

#include <inttypes.h>

static void on_report(const struct fxm_report *report, void *arg)
{
	(void)arg;
	if (report->kind == FXM_REPORT_FINDING)
		printf("finding: %s\n", report->detector);
}

static void show(struct fxm_vcpu *cpu, const char *name, fxm_va va)
{
	char text[16] = "not mapped";

	/* A fault leaves the text as it is. */
	fxm_read(cpu, va, text, sizeof(text));
	printf("  %s %08" PRIx64 ": %s\n", name, va.v, text);
}

int main(void)
{
	struct fxm_machine *m = example_machine("x86_32-5.10", "");
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
	struct fxm_page *page_a = example_page(m, "page a"), *page_b = example_page(m, "page b");
	fxm_va a, b;

	fxm_report_set(m, on_report, NULL);
	a = fxm_kmap_atomic(cpu, page_a);
	b = fxm_kmap_atomic(cpu, page_b);
	printf("mapped a, then b:\n");
	show(cpu, "a", a);
	show(cpu, "b", b);
	printf("unmapped a first:\n");
	fxm_kunmap_atomic(cpu, a);
	show(cpu, "a", a);
	show(cpu, "b", b);
	fxm_kunmap_atomic(cpu, b);
	fxm_free_pages(m, page_a, 0);
	fxm_free_pages(m, page_b, 0);
	return fxm_machine_destroy(m) != 0;
}
