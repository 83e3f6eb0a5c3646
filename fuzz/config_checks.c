/* SPDX-License-Identifier: MIT */
/*
 * What holds for every config and every layout, whatever they were made from: settings as text (fuzz_config.c) or a profile file
 * (fuzz_profile.c).
 */
#include "config_checks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define check(e) ((e) ? (void)0 : config_checks_fail(#e, __LINE__))

static const char *input = "";

void config_checks_input(const char *text)
{
	input = text;
}

_Noreturn void config_checks_fail(const char *what, int line)
{
	fprintf(stderr, "line %d: not so: %s\ninput: %s\n", line, what, input);
	abort();
}

void config_checks_error(const struct fxm_config *cfg, int error)
{
	const char *text = fxm_config_error(cfg);

	if (!error)
		return;
	check(error == -EINVAL || error == -ENOENT || error == -ERANGE);
	check(*text && !strchr(text, '\n'));
	check(*fxm_strerror(error));
}

/* Each setting, given its own text, stays what it is. */
void config_checks_options(struct fxm_config *cfg)
{
	struct fxm_option option;
	char text[1024], name[64];

	for (size_t i = 0; !fxm_config_option_at(cfg, i, &option); i++) {
		check(option.name && option.value && option.default_value && option.help);
		check(!strcmp(option.value, fxm_config_get(cfg, option.name)));
		if (strlen(option.value) >= sizeof(text) || strlen(option.name) >= sizeof(name))
			continue;
		strcpy(text, option.value);
		strcpy(name, option.name);
		if (*text)
			check(!fxm_config_set(cfg, name, text));
		check(!strcmp(fxm_config_get(cfg, name), text));
	}
	check(fxm_config_option_at(cfg, fxm_config_option_count(cfg), &option) == -ENOENT);
}

static void check_values(const struct fxm_layout *layout)
{
	const char *name;
	uint64_t value, again;
	bool is_address;
	fxm_pte prot, prot_again;
	fxm_va slot;

	for (size_t i = 0; !fxm_layout_at(layout, i, &name, &value, &is_address); i++)
		check(!fxm_layout_find(layout, name, &again) && again == value);
	for (size_t i = 0; !fxm_prot_at(layout, i, &name, &prot); i++)
		check(!fxm_prot_find(layout, name, &prot_again) && prot_again.v == prot.v);
	for (size_t i = 0; !fxm_kernel_config_at(layout, i, &name, &value); i++)
		check(!fxm_kernel_config_find(layout, name, &again) && again == value);
	for (size_t i = 0; !fxm_btslot_at(layout, i, &slot); i++)
		check(slot.v % FXM_PAGE_SIZE == 0);
	check(fxm_layout_page_size(layout) >= FXM_PAGE_SIZE);
	check(fxm_layout_find(layout, "no such value", &value) == -ENOENT);
}

static void check_fixed(const struct fxm_layout *layout)
{
	uint64_t top = fxm_layout_get(layout, "FIXADDR_TOP"), page = fxm_layout_page_size(layout);
	struct fxm_fixed fixed;
	const char *name;
	uint32_t type;

	for (size_t i = 0; !fxm_fixed_at(layout, i, &fixed); i++) {
		check(fxm_fixed_index(layout, fixed.name) == (int)fixed.index);
		check(((fixed.address.v ^ (top - fixed.index * page)) & UINT32_MAX) == 0);
		name = fxm_fixed_name(layout, fixed.index);
		check(!name || fxm_fixed_index(layout, name) == (int)fixed.index);
	}
	for (size_t i = 0; !fxm_km_type_at(layout, i, &name, &type); i++)
		check(fxm_km_type_index(layout, name) == (int)type);
}

static void check_regions(const struct fxm_layout *layout)
{
	struct fxm_region region;
	uint64_t last = 0;

	for (size_t i = 0; !fxm_region_at(layout, i, &region); i++) {
		check(region.start.v >= last && region.name);
		last = region.start.v;
	}
}

void config_checks_layout(struct fxm_config *cfg)
{
	struct fxm_layout *layout;
	int error = fxm_layout_create(cfg, &layout);

	config_checks_error(cfg, error);
	if (error)
		return;
	check_values(layout);
	check_fixed(layout);
	check_regions(layout);
	fxm_layout_destroy(layout);
}
