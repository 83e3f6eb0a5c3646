/* SPDX-License-Identifier: MIT */
/*
 * set_fixmap() flushes the TLB of the CPU that calls it, no other. CPU 1 has used the address before; after CPU 0 sets
 * another page there, CPU 1 goes on reading the old one until it flushes.
 */
#include "example.h"

static void show(struct fxm_vcpu *cpu, fxm_va va)
{
	char text[16] = "";

	fxm_read(cpu, va, text, sizeof(text));
	printf("  CPU %u reads \"%s\"\n", fxm_vcpu_id(cpu), text);
}

int main(void)
{
	struct fxm_machine *m = example_machine("x86_32-5.10", "cpus=2");
	struct fxm_vcpu *cpu0 = fxm_machine_vcpu(m, 0), *cpu1 = fxm_machine_vcpu(m, 1);
	struct fxm_page *old_page = example_page(m, "old"), *new_page = example_page(m, "new");
	uint32_t index = (uint32_t)fxm_fixed_index(fxm_machine_layout(m), "FIX_EARLYCON_MEM_BASE");
	fxm_va va = fxm_fix_to_virt(m, index);

	fxm_set_fixmap(cpu0, index, fxm_page_phys(m, old_page));
	printf("CPU 0 set the old page:\n");
	show(cpu0, va);
	show(cpu1, va);
	fxm_set_fixmap(cpu0, index, fxm_page_phys(m, new_page));
	printf("CPU 0 set the new page over it:\n");
	show(cpu0, va);
	show(cpu1, va);
	fxm_tlb_flush_one(cpu1, va);
	printf("CPU 1 flushed its entry:\n");
	show(cpu1, va);
	fxm_clear_fixmap(cpu0, index);
	fxm_tlb_flush_one(cpu1, va);
	fxm_free_pages(m, old_page, 0);
	fxm_free_pages(m, new_page, 0);
	return fxm_machine_destroy(m) != 0;
}
