/* SPDX-License-Identifier: MIT */
/* Maps a page twice at the same addresses and uses it while it is mapped; with an argument, after it was unmapped too. */
#include <fixmap/fixmap.h>

int main(int argc, char **argv)
{
	struct fxm_config *cfg;
	struct fxm_machine *m;

	(void)argv;
	if (fxm_config_create("x86_32-4.15", &cfg) || fxm_config_parse(cfg, "window=retain,detect=on") ||
	    fxm_machine_create(cfg, &m) || fxm_attach(m, 0))
		return 2;
	fxm_config_destroy(cfg);
	struct fxm_vcpu *cpu = fxm_current_or_null();
	struct fxm_page *page = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
	volatile int *kmapped, *atomic;

	for (unsigned n = 0; n < 2; n++) {
		kmapped = fxm_host(m, fxm_kmap(cpu, page));
		fxm_va va = fxm_kmap_atomic(cpu, page);
		atomic = fxm_host(m, va);
		*kmapped = *atomic + 1;
		fxm_kunmap_atomic(cpu, va);
		fxm_kunmap(cpu, page);
	}
	if (argc > 1)
		*atomic = *kmapped;
	return fxm_machine_destroy(m) != 0;
}
