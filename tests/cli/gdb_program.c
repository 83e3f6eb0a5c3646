/* SPDX-License-Identifier: MIT */
/* A program for gdb's `fixmap` commands to look at. They stop it in look_here() and inside the library. */
#include <fixmap/fixmap.h>

#include <stdlib.h>

static volatile int *kmapped, *first, *second;

static __attribute__((noinline)) void look_here(int at)
{
	__asm__ volatile("" ::"r"(at) : "memory");
}

static fxm_va map_one(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	return fxm_kmap_local_page(cpu, page);
}

int main(void)
{
	struct fxm_config *cfg;
	struct fxm_machine *m;

	if (fxm_config_create("x86_32-6.1", &cfg) || fxm_config_parse(cfg, "window=strict,detect=on") ||
	    fxm_machine_create(cfg, &m) || fxm_attach(m, 0))
		return 2;
	fxm_config_destroy(cfg);
	struct fxm_vcpu *cpu = fxm_current_or_null();
	struct fxm_page *a = fxm_alloc_page(m, FXM_GFP_HIGHMEM), *b = fxm_alloc_page(m, FXM_GFP_HIGHMEM);

	kmapped = fxm_host(m, fxm_kmap(cpu, a)); /* line: kmap */
	fxm_va va = map_one(cpu, a), inner = map_one(cpu, b);
	first = fxm_host(m, va);
	second = fxm_host(m, inner);
	*kmapped = *second + 1;
	look_here(1);
	fxm_kunmap_local(cpu, inner); /* line: unmap */
	look_here(2);
	fxm_kmap(cpu, b);
	fxm_kunmap(cpu, b);
	free(malloc(12345));
	fxm_kunmap_local(cpu, va);
	fxm_kunmap(cpu, a);
	return fxm_machine_destroy(m) != 0;
}
