/* SPDX-License-Identifier: MIT */
/*
 * kmap() and the three states of a pool slot. After the last kunmap() the count is 1, not 0: the mapping stays, kmap() of
 * the same page revives it, and only a flush makes the slot free for another page.
 */
#include "example.h"

#include <inttypes.h>

static void show(struct fxm_machine *m, struct fxm_page *page, uint32_t slot, const char *when)
{
	fxm_va va = fxm_page_address(fxm_machine_vcpu(m, 0), page);

	printf("%-24s pkmap_count[%" PRIu32 "] = %d, page_address() = %08" PRIx64 "\n", when, slot,
	       fxm_pkmap_count(m, slot, NULL), va.v);
}

int main(void)
{
	struct fxm_machine *m = example_machine("x86_32-5.10", "");
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
	struct fxm_page *page = example_page(m, "");
	uint64_t base = fxm_layout_get(fxm_machine_layout(m), "PKMAP_BASE");
	fxm_va va = fxm_kmap(cpu, page);
	uint32_t slot = (uint32_t)((va.v - base) >> FXM_PAGE_SHIFT);

	show(m, page, slot, "kmap");
	fxm_kmap(cpu, page);
	show(m, page, slot, "kmap again");
	fxm_kunmap(cpu, page);
	fxm_kunmap(cpu, page);
	show(m, page, slot, "kunmap twice");
	fxm_kmap(cpu, page);
	show(m, page, slot, "kmap revives it");
	fxm_kunmap(cpu, page);
	printf("the flush frees %d slot\n", fxm_flush_all_zero_pkmaps(cpu));
	show(m, page, slot, "after the flush");
	fxm_free_pages(m, page, 0);
	return fxm_machine_destroy(m) != 0;
}
