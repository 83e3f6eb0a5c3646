/* SPDX-License-Identifier: MIT */
/* A program outside the source tree, built against the installed library by consumer.py. */
#include <fixmap/fixmap.h>

#include <stdio.h>

int main(void)
{
	struct fxm_machine *m;
	struct fxm_config *cfg;
	struct fxm_page *page;
	fxm_va va;

	if (fxm_config_create(NULL, &cfg) || fxm_machine_create(cfg, &m))
		return 1;
	page = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
	va = fxm_kmap(fxm_machine_vcpu(m, 0), page);
	printf("%s %d\n", FXM_VERSION, fxm_va_error(va));
	fxm_kunmap(fxm_machine_vcpu(m, 0), page);
	fxm_free_pages(m, page, 0);
	fxm_config_destroy(cfg);
	return fxm_machine_destroy(m) != 0;
}
