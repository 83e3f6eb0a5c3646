/* SPDX-License-Identifier: MIT */
#ifndef FXMI_LAYOUT_H
#define FXMI_LAYOUT_H

/*
 * What the rest of src/ asks a layout besides the public <fixmap/layout.h>. All of these look names up: for machine creation
 * and for reports, not for fast paths. A layout keeps a copy of the settings that it was computed from.
 */

#include "config.h"
#include "expr.h"
#include "profile.h"
#include "words.h"

#include <fixmap/layout.h>

/* Number of setting @id: 0 or 1 of an option, an integer, a size, the index of a choice in its list; 0 for no such setting. */
uint64_t fxmi_setting(const struct fxm_layout *layout, enum fxmi_setting_id id);

/* Its text as fxm_config_get() gives it, or NULL. */
const char *fxmi_setting_text(const struct fxm_layout *layout, enum fxmi_setting_id id);

/* Setting number @i, the profile's first, or NULL past the end: the words of a machine line. */
const struct fxmi_setting *fxmi_setting_at(const struct fxm_layout *layout, size_t i);

/* @trait; 0 when the profile does not have it. */
uint64_t fxmi_trait(const struct fxm_layout *layout, enum fxmi_trait trait);

bool fxmi_is_x86(const struct fxm_layout *layout);

/* Holds a layout of a profile that the user wrote against what a machine needs. Errors: -EINVAL, @error says which rule. */
int fxmi_layout_check(const struct fxm_layout *layout, const struct fxmi_profile *profile, struct fxmi_error *error);

/* Whether it is what its settings and its profile make of it. */
bool fxmi_layout_is_valid(const struct fxm_layout *layout);

/* "FILE:LINE" in that version's source for site @key, or NULL. */
const char *fxmi_site(const struct fxm_layout *layout, const char *key);

const char *fxmi_layout_profile(const struct fxm_layout *layout);
const char *fxmi_layout_arch(const struct fxm_layout *layout); /* "i386", "x86_32", "x86_64", "arm", "arm64" */
unsigned fxmi_layout_version(const struct fxm_layout *layout); /* major << 16 | minor << 8 | patch */
unsigned fxmi_layout_address_bits(const struct fxm_layout *layout);
bool fxmi_layout_pae(const struct fxm_layout *layout);

/* Fixed address number @i that boot code sets. Errors: -ENOENT past the end. */
int fxmi_boot_at(const struct fxm_layout *layout, size_t i, uint32_t *index, fxm_pa *phys, fxm_pte *prot);

/*
 * The layout of @layout's settings with setting @id changed to @value: reservetop, when reserve_top_address() is called.
 * Errors: -ENOENT this profile has no such setting; -EINVAL it cannot be, @error says why; -ENOMEM.
 */
int fxmi_layout_with(const struct fxm_layout *layout, enum fxmi_setting_id id, uint64_t value, struct fxm_layout **out,
		     struct fxmi_error *error);

#endif
