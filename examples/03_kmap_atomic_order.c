/* SPDX-License-Identifier: MIT */
/*
 * kmap_atomic() is a stack per CPU, so the last mapping must go first; without DEBUG_HIGHMEM the kernel does not check it.
 * Here a is unmapped while b is on top. kunmap_atomic(a) clears the topmost entry, which is b's, but flushes a's address:
 * a stays mapped, and b goes on working out of the TLB until something flushes it.
 */
#include "example.h"

#include <inttypes.h>

static void show(struct fxm_vcpu *cpu, const char *name, fxm_va va)
{
	char text[16] = "a fault";

	/* A fault leaves the text as it is. */
	fxm_read(cpu, va, text, sizeof(text));
	printf("  %s %08" PRIx64 "  entry %08" PRIx64 "  reading gives %s\n", name, va.v, fxm_pte_at(fxm_vcpu_machine(cpu), va).v,
	       text);
}

int main(void)
{
	struct fxm_machine *m = example_machine("x86_32-5.10", "");
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
	struct fxm_page *page_a = example_page(m, "page a"), *page_b = example_page(m, "page b");
	fxm_va a = fxm_kmap_atomic(cpu, page_a), b = fxm_kmap_atomic(cpu, page_b);

	printf("mapped a, then b\n");
	show(cpu, "a", a);
	show(cpu, "b", b);
	fxm_kunmap_atomic(cpu, a);
	printf("unmapped a first\n");
	show(cpu, "a", a);
	show(cpu, "b", b);
	fxm_tlb_flush(cpu);
	printf("flushed the TLB\n");
	show(cpu, "b", b);
	fxm_kunmap_atomic(cpu, b);
	fxm_free_pages(m, page_a, 0);
	fxm_free_pages(m, page_b, 0);
	return fxm_machine_destroy(m) != 0;
}
