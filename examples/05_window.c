/* SPDX-License-Identifier: MIT */
/*
 * The window: ordinary C code dereferences a simulated address. The first access faults, the library walks the simulated
 * page table and maps the frame; the page-table entry gets its ACCESSED and DIRTY bits as on hardware.
 */
#include "example.h"

#include <inttypes.h>
#include <string.h>

static void show(struct fxm_machine *m, const char *when, fxm_va va)
{
	struct fxm_window_stats stats;
	char bits[64];

	fxm_window_stats(m, &stats);
	fxm_pte_describe(m, fxm_pte_at(m, va), false, bits, sizeof(bits));
	printf("%-12s entry: %-24s faults so far: %" PRIu64 "\n", when, bits, stats.faults);
}

int main(void)
{
	struct fxm_machine *m = example_machine("x86_32-5.10", "window=strict");
	struct fxm_vcpu *cpu;
	struct fxm_page *page = example_page(m, "hello");
	volatile char *p;
	fxm_va va;

	/* A dereference acts for the vCPU that this thread sits on. */
	if (fxm_attach(m, 0))
		return 1;
	cpu = fxm_self();
	va = fxm_kmap(cpu, page);
	p = fxm_host(m, va);
	if (!p)
		return 1;
	show(m, "mapped", va);
	printf("read: %c\n", p[0]);
	show(m, "read", va);
	p[0] = 'j';
	show(m, "written", va);
	printf("the frame holds \"%s\"\n", (const char *)fxm_frame(m, fxm_page_pfn(m, page)));
	fxm_kunmap(cpu, page);
	fxm_free_pages(m, page, 0);
	fxm_detach();
	return fxm_machine_destroy(m) != 0;
}
