/* SPDX-License-Identifier: MIT */
/*
 * A fixed mapping: the address is known when the kernel is compiled, what it maps is set at run time.
 * set_fixmap() writes one page-table entry; translating the address walks the page table to it; clear_fixmap() empties it.
 */
#include "example.h"

#include <inttypes.h>

static void show(struct fxm_vcpu *cpu, const char *when, fxm_va va)
{
	fxm_pa pa;

	if (fxm_translate(cpu, va, FXM_READ, &pa))
		printf("%-20s va %08" PRIx64 " is not mapped\n", when, va.v);
	else
		printf("%-20s va %08" PRIx64 " -> pa %08" PRIx64 "\n", when, va.v, pa.v);
}

int main(void)
{
	struct fxm_machine *m = example_machine("x86_32-5.10", "");
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
	struct fxm_page *page = example_page(m, "first bytes of the frame");
	uint32_t index = (uint32_t)fxm_fixed_index(fxm_machine_layout(m), "FIX_EARLYCON_MEM_BASE");
	fxm_va va = fxm_fix_to_virt(m, index);
	char text[32];

	printf("FIX_EARLYCON_MEM_BASE is index %" PRIu32 "\n", index);
	show(cpu, "before", va);
	fxm_set_fixmap(cpu, index, fxm_page_phys(m, page));
	show(cpu, "after set_fixmap", va);
	if (fxm_read(cpu, va, text, sizeof(text)) == 0)
		printf("%-20s \"%s\"\n", "it reads", text);
	fxm_clear_fixmap(cpu, index);
	show(cpu, "after clear_fixmap", va);
	fxm_free_pages(m, page, 0);
	return fxm_machine_destroy(m) != 0;
}
