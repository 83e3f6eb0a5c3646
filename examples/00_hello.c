/* SPDX-License-Identifier: MIT */
/* The first program: map a highmem page, write and read through the mapping, unmap it, try again. */
#include <fixmap/fixmap.h>

#include <inttypes.h>
#include <stdio.h>

int main(void)
{
	struct fxm_config *cfg;
	struct fxm_machine *m;
	struct fxm_vcpu *cpu;
	struct fxm_page *page;
	uint64_t value = 0;
	fxm_va va;

	if (fxm_config_create("x86_32-6.1", &cfg) || fxm_machine_create(cfg, &m))
		return 1;
	cpu = fxm_machine_vcpu(m, 0);
	page = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
	va = fxm_kmap_atomic(cpu, page);
	fxm_write_u64(cpu, va, 42);
	fxm_read_u64(cpu, va, &value);
	printf("mapped at %08" PRIx64 ", holds %" PRIu64 "\n", va.v, value);
	fxm_kunmap_atomic(cpu, va);
	printf("unmapped: %s\n", fxm_strerror(fxm_read_u64(cpu, va, &value)));
	fxm_free_pages(m, page, 0);
	fxm_config_destroy(cfg);
	return fxm_machine_destroy(m) != 0;
}
