/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_H
#define EXAMPLE_H

/* What every example does first: a config, settings as `fixmap -o` takes them, a machine; one line and exit 2 when that fails. */

#include <fixmap/fixmap.h>

#include <stdio.h>
#include <stdlib.h>

static inline struct fxm_machine *example_machine(const char *profile, const char *settings)
{
	struct fxm_machine *m = NULL;
	struct fxm_config *cfg;

	if (fxm_config_create(profile, &cfg)) {
		fprintf(stderr, "no profile %s; `fixmap profiles` lists them\n", profile);
		exit(2);
	}
	if (fxm_config_parse(cfg, settings) || fxm_machine_create(cfg, &m)) {
		fprintf(stderr, "%s\n", fxm_config_error(cfg));
		exit(2);
	}
	fxm_config_destroy(cfg);
	return m;
}

/* A highmem page whose first bytes hold @text; written as a device would, past the page tables. */
static inline struct fxm_page *example_page(struct fxm_machine *m, const char *text)
{
	struct fxm_page *page = fxm_alloc_page(m, FXM_GFP_HIGHMEM);

	if (!page) {
		fprintf(stderr, "no highmem page is free\n");
		exit(2);
	}
	snprintf(fxm_frame(m, fxm_page_pfn(m, page)), FXM_PAGE_SIZE, "%s", text);
	return page;
}

#endif
