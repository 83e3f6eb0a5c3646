/* SPDX-License-Identifier: MIT */
/* What can be asked of a layout: by name, one after the other, and for the rest of src/. Nothing here changes one. */
#include "config.h"
#include "layout.h"
#include "layout_symbols.h"
#include "profile.h"

#include <errno.h>
#include <string.h>

/* The symbol of that name, of a row whose kind is one of those from @first to @last. */
static const struct fxmi_symbol *find_kind(const struct fxm_layout *l, const char *name, enum fxmi_row_kind first,
					   enum fxmi_row_kind last)
{
	const struct fxmi_symbol *s = fxmi_symbol_find(l, name);
	return s && s->row->kind >= first && s->row->kind <= last ? s : NULL;
}

/* Symbol number @i of @list among those that exist, or NULL past the end. */
static const struct fxmi_symbol *at(const struct fxm_layout *l, enum fxmi_list list, size_t i)
{
	for (size_t n = 0; l && n < l->nr_list[list]; n++) {
		const struct fxmi_symbol *s = &l->symbol[l->list[list][n]];
		if (s->state == FXMI_SYMBOL_DONE && i-- == 0)
			return s;
	}
	return NULL;
}

int fxm_layout_find(const struct fxm_layout *layout, const char *name, uint64_t *out)
{
	const struct fxmi_symbol *s = find_kind(layout, name, FXMI_ROW_CONST, FXMI_ROW_BITS);
	if (!layout || !name || !out)
		return -EINVAL;
	if (!s)
		return -ENOENT;
	*out = s->value;
	return 0;
}

uint64_t fxm_layout_get(const struct fxm_layout *layout, const char *name)
{
	uint64_t value = 0;
	fxm_layout_find(layout, name, &value);
	return value;
}

int fxm_layout_at(const struct fxm_layout *layout, size_t i, const char **name, uint64_t *value, bool *is_address)
{
	const struct fxmi_symbol *s = at(layout, FXMI_LIST_VALUE, i);
	if (!layout || !name || !value || !is_address)
		return -EINVAL;
	if (!s)
		return -ENOENT;
	*name = s->name;
	*value = s->value;
	*is_address = s->row->kind == FXMI_ROW_VALUE || s->row->kind == FXMI_ROW_BITS;
	return 0;
}

static uint64_t fix_to_virt(const struct fxm_layout *l, uint64_t index)
{
	return (fxm_layout_get(l, "FIXADDR_TOP") - index * fxm_layout_page_size(l)) & fxmi_address_mask(l);
}

uint64_t fxm_layout_page_size(const struct fxm_layout *layout)
{
	return UINT64_C(1) << fxm_layout_get(layout, "PAGE_SHIFT");
}

int fxm_fixed_at(const struct fxm_layout *layout, size_t i, struct fxm_fixed *out)
{
	const struct fxmi_symbol *s = at(layout, FXMI_LIST_FIXED, i);
	if (!layout || !out)
		return -EINVAL;
	if (!s)
		return -ENOENT;
	*out =
	    (struct fxm_fixed){.name = s->name, .index = (uint32_t)s->value, .address = fxm_va_of(fix_to_virt(layout, s->value))};
	return 0;
}

int fxm_fixed_index(const struct fxm_layout *layout, const char *name)
{
	const struct fxmi_symbol *s = find_kind(layout, name, FXMI_ROW_FIX, FXMI_ROW_FIX_MARK);
	return !layout || !name ? -EINVAL : s ? (int)s->value : -ENOENT;
}

/* The end markers share their value with the entry that follows, whose name is the more telling. */
const char *fxm_fixed_name(const struct fxm_layout *layout, uint32_t index)
{
	const char *name = NULL;
	for (size_t n = 0; layout && n < layout->nr_list[FXMI_LIST_FIXED]; n++) {
		const struct fxmi_symbol *s = &layout->symbol[layout->list[FXMI_LIST_FIXED][n]];
		if (s->state == FXMI_SYMBOL_DONE && s->value == index && (!name || s->row->kind != FXMI_ROW_FIX_MARK))
			name = s->name;
	}
	return name;
}

int fxm_prot_at(const struct fxm_layout *layout, size_t i, const char **name, fxm_pte *value)
{
	const struct fxmi_symbol *s = at(layout, FXMI_LIST_PROT, i);
	if (!layout || !name || !value)
		return -EINVAL;
	if (!s)
		return -ENOENT;
	*name = s->name;
	*value = fxm_pte_of(s->value);
	return 0;
}

int fxm_prot_find(const struct fxm_layout *layout, const char *name, fxm_pte *out)
{
	const struct fxmi_symbol *s = find_kind(layout, name, FXMI_ROW_PROT, FXMI_ROW_PROT);
	if (!layout || !name || !out)
		return -EINVAL;
	if (!s)
		return -ENOENT;
	*out = fxm_pte_of(s->value);
	return 0;
}

int fxm_km_type_index(const struct fxm_layout *layout, const char *name)
{
	const struct fxmi_symbol *s = find_kind(layout, name, FXMI_ROW_KM_TYPE, FXMI_ROW_KM_TYPE);
	return !layout || !name ? -EINVAL : s ? (int)s->value : -ENOENT;
}

int fxm_km_type_at(const struct fxm_layout *layout, size_t i, const char **name, uint32_t *value)
{
	const struct fxmi_symbol *s = at(layout, FXMI_LIST_KM_TYPE, i);
	if (!layout || !name || !value)
		return -EINVAL;
	if (!s)
		return -ENOENT;
	*name = s->name;
	*value = (uint32_t)s->value;
	return 0;
}

int fxm_layout_trait_at(const struct fxm_layout *layout, size_t i, const char **name, uint64_t *value)
{
	const struct fxmi_symbol *s = at(layout, FXMI_LIST_TRAIT, i);
	if (!layout || !name || !value)
		return -EINVAL;
	if (!s)
		return -ENOENT;
	*name = s->name;
	*value = s->value;
	return 0;
}

int fxm_layout_site_at(const struct fxm_layout *layout, size_t i, const char **name, const char **where)
{
	if (!layout || !name || !where)
		return -EINVAL;
	for (size_t n = 0; n < layout->profile->nr_rows; n++) {
		const struct fxmi_row *row = &layout->profile->rows[n];
		if (row->kind != FXMI_ROW_SITE || i-- != 0)
			continue;
		*name = row->name;
		*where = row->expr;
		return 0;
	}
	return -ENOENT;
}

int fxm_region_at(const struct fxm_layout *layout, size_t i, struct fxm_region *out)
{
	if (!layout || !out)
		return -EINVAL;
	if (i >= layout->nr_regions)
		return -ENOENT;
	*out = layout->region[i];
	return 0;
}

int fxm_btslot_at(const struct fxm_layout *layout, size_t i, fxm_va *out)
{
	const struct fxmi_symbol *begin = fxmi_symbol_find(layout, "FIX_BTMAP_BEGIN");
	if (!layout || !out)
		return -EINVAL;
	if (!begin || i >= fxm_layout_get(layout, "FIX_BTMAPS_SLOTS"))
		return -ENOENT;
	*out = fxm_va_of(fix_to_virt(layout, begin->value - i * fxm_layout_get(layout, "NR_FIX_BTMAPS")));
	return 0;
}

static bool is_kernel_config(const struct fxmi_setting *s)
{
	return s->row->name[0] >= 'A' && s->row->name[0] <= 'Z';
}

/* First the settings that are CONFIG_ options, then what follows from them. */
int fxm_kernel_config_at(const struct fxm_layout *layout, size_t i, const char **name, uint64_t *value)
{
	if (!layout || !name || !value)
		return -EINVAL;
	for (size_t n = 0; n < layout->settings.nr; n++) {
		const struct fxmi_setting *setting = &layout->settings.item[n];
		if (!is_kernel_config(setting) || i-- != 0)
			continue;
		*name = setting->row->name;
		*value = setting->value;
		return 0;
	}
	const struct fxmi_symbol *s = at(layout, FXMI_LIST_CONFIG, i);
	if (!s)
		return -ENOENT;
	*name = s->name;
	*value = s->value;
	return 0;
}

int fxm_kernel_config_find(const struct fxm_layout *layout, const char *name, uint64_t *out)
{
	if (!layout || !name || !out)
		return -EINVAL;
	const struct fxmi_symbol *s = find_kind(layout, name, FXMI_ROW_CONFIG, FXMI_ROW_CONFIG);
	const struct fxmi_setting *setting = fxmi_settings_find(&layout->settings, name, strlen(name));
	if (!s && !(setting && is_kernel_config(setting)))
		return -ENOENT;
	*out = s ? s->value : setting->value;
	return 0;
}

/* ---- for the rest of src/ ---------------------------------------------------------------------------------------------------- */

static const struct fxmi_setting *setting_of(const struct fxm_layout *layout, enum fxmi_setting_id id)
{
	const char *name = fxmi_setting_name(id);
	return fxmi_settings_find(&layout->settings, name, strlen(name));
}

uint64_t fxmi_setting(const struct fxm_layout *layout, enum fxmi_setting_id id)
{
	const struct fxmi_setting *s = setting_of(layout, id);
	return s ? s->value : 0;
}

const char *fxmi_setting_text(const struct fxm_layout *layout, enum fxmi_setting_id id)
{
	const struct fxmi_setting *s = setting_of(layout, id);
	return s ? fxmi_setting_as_text(s) : NULL;
}

const struct fxmi_setting *fxmi_setting_at(const struct fxm_layout *layout, size_t i)
{
	return i < layout->settings.nr ? &layout->settings.item[i] : NULL;
}

uint64_t fxmi_trait(const struct fxm_layout *layout, enum fxmi_trait trait)
{
	const struct fxmi_symbol *s = find_kind(layout, fxmi_trait_name(trait), FXMI_ROW_TRAIT, FXMI_ROW_TRAIT);
	return s ? s->value : 0;
}

const char *fxmi_site(const struct fxm_layout *layout, const char *key)
{
	for (size_t i = 0; i < layout->profile->nr_rows; i++) {
		const struct fxmi_row *row = &layout->profile->rows[i];
		if (row->kind == FXMI_ROW_SITE && !strcmp(row->name, key))
			return row->expr;
	}
	return NULL;
}

const char *fxmi_layout_profile(const struct fxm_layout *layout)
{
	return layout->profile->name;
}

const char *fxmi_layout_arch(const struct fxm_layout *layout)
{
	return layout->profile->arch;
}

unsigned fxmi_layout_version(const struct fxm_layout *layout)
{
	return layout->profile->version;
}

bool fxmi_is_x86(const struct fxm_layout *layout)
{
	return fxmi_trait(layout, FXMI_TRAIT_page_table_format) == 0;
}

unsigned fxmi_layout_address_bits(const struct fxm_layout *layout)
{
	return layout->profile->address_bits;
}

bool fxmi_layout_pae(const struct fxm_layout *layout)
{
	return fxmi_setting(layout, FXMI_SETTING_pae) != 0;
}

int fxmi_boot_at(const struct fxm_layout *layout, size_t i, uint32_t *index, fxm_pa *phys, fxm_pte *prot)
{
	if (i >= layout->nr_boot)
		return -ENOENT;
	*index = layout->boot[i].index;
	*phys = fxm_pa_of(layout->boot[i].phys);
	*prot = fxm_pte_of(layout->boot[i].prot);
	return 0;
}
