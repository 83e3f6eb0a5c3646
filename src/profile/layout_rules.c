/* SPDX-License-Identifier: MIT */
/*
 * What a layout must be for the machine to work at all. The built-in profiles are made so; one that a user wrote may be anything,
 * so each of its layouts is held against these rules. The rules of boot code that a kernel may break are `fixmap plan --layout`'s.
 */
#include "base.h"
#include "config.h"
#include "layout.h"
#include "profile.h"
#include "profile_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LAST_PKMAP = 1024, MAX_KM_TYPES = 64, MAX_KM_MAX_IDX = 33, MAX_BOOT_SLOTS = 8, MAX_COLOURS = 8 };

struct rules {
	const struct fxm_layout *layout;
	const struct fxmi_profile *profile;
	struct fxmi_error *error;
};

/* The rule that the row called @name breaks. */
static int __attribute__((format(printf, 3, 4))) broken(const struct rules *r, const char *name, const char *fmt, ...)
{
	char text[sizeof(r->error->text) / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	int err = fxmi_error_set(r->error, "%s", text);
	for (size_t i = 0; i < r->profile->nr_rows; i++)
		if (r->profile->rows[i].name && !strcmp(r->profile->rows[i].name, name))
			return fxmi_error_at(r->profile, &r->profile->rows[i], err, r->error);
	return fxmi_error_at(r->profile, r->profile->rows, err, r->error);
}

static uint64_t get(const struct rules *r, const char *name)
{
	return fxm_layout_get(r->layout, name);
}

static uint64_t page_size(const struct rules *r)
{
	return UINT64_C(1) << get(r, "PAGE_SHIFT");
}

/* ---- numbers ---- */

static int check_numbers(const struct rules *r)
{
	uint64_t shift = get(r, "PAGE_SHIFT"), pmd = get(r, "PMD_SIZE"), last = get(r, "LAST_PKMAP");
	uint64_t types = get(r, "KM_TYPE_NR") ? get(r, "KM_TYPE_NR") : get(r, "KM_MAX_IDX");
	uint64_t colours = fxmi_trait(r->layout, FXMI_TRAIT_cache_colours);
	static const char *const aligned[] = {"PAGE_OFFSET", "FIXADDR_TOP", "PKMAP_BASE"};

	if (shift != 12 && shift != 14 && shift != 16)
		return broken(r, "PAGE_SHIFT", "PAGE_SHIFT is %llu: pages are 4 KB (12), 16 KB (14) or 64 KB (16)",
			      (unsigned long long)shift);
	for (size_t i = 0; i < sizeof(aligned) / sizeof(aligned[0]); i++)
		if (get(r, aligned[i]) % page_size(r))
			return broken(r, aligned[i], "%s is %#llx, which is no multiple of a page", aligned[i],
				      (unsigned long long)get(r, aligned[i]));
	if (pmd & (pmd - 1))
		return broken(r, "PMD_SIZE", "PMD_SIZE is %#llx, which is no power of two", (unsigned long long)pmd);
	if (pmd && get(r, "PAGE_OFFSET") % pmd)
		return broken(r, "PAGE_OFFSET", "PAGE_OFFSET is %#llx: the direct map begins at a multiple of PMD_SIZE, %#llx",
			      (unsigned long long)get(r, "PAGE_OFFSET"), (unsigned long long)pmd);
	if (fxmi_setting(r->layout, FXMI_SETTING_HIGHMEM) && (!last || (last & (last - 1)) || last > MAX_LAST_PKMAP))
		return broken(r, "LAST_PKMAP", "LAST_PKMAP is %llu: the pool has a power of two of slots, at most %d",
			      (unsigned long long)last, MAX_LAST_PKMAP);
	if (colours > MAX_COLOURS || (colours & (colours - 1)) || last % (colours ? colours : 1))
		return broken(r, "cache_colours",
			      "cache_colours is %llu: a cache has a power of two of colours, at most %d, and "
			      "LAST_PKMAP is a multiple",
			      (unsigned long long)colours, MAX_COLOURS);
	if (colours > 1 && fxmi_trait(r->layout, FXMI_TRAIT_kmap_atomic_generation) != 3)
		return broken(r, "cache_colours",
			      "cache_colours is %llu: temporary mappings have colours since 5.11 only, with kmap_local",
			      (unsigned long long)colours);
	int most = fxmi_trait(r->layout, FXMI_TRAIT_kmap_atomic_generation) == 3 ? MAX_KM_MAX_IDX : MAX_KM_TYPES;
	if (types < 1 || types > (unsigned)most)
		return broken(r, get(r, "KM_TYPE_NR") ? "KM_TYPE_NR" : "KM_MAX_IDX", "%llu temporary mappings: there are 1 to %d",
			      (unsigned long long)types, most);
	if (get(r, "FIX_BTMAPS_SLOTS") > MAX_BOOT_SLOTS)
		return broken(r, "FIX_BTMAPS_SLOTS", "FIX_BTMAPS_SLOTS is %llu: there are at most %d",
			      (unsigned long long)get(r, "FIX_BTMAPS_SLOTS"), MAX_BOOT_SLOTS);
	return 0;
}

/* ---- fixed addresses ---- */

struct range {
	const char *name;
	uint64_t first, slots;
};

/* Whether these indices may be somebody else's too: marks, boot maps, which end before the others begin. */
static bool is_shared(const char *name)
{
	return name[0] == '_' || !strncmp(name, "FIX_BTMAP", 9);
}

/* The indices of row @i; none when its condition does not hold. */
static bool range_of(const struct rules *r, size_t i, struct range *out)
{
	const struct fxmi_row *row = &r->profile->rows[i];

	if (row->kind < FXMI_ROW_FIX || row->kind > FXMI_ROW_FIX_AT || is_shared(row->name))
		return false;
	int first = fxm_fixed_index(r->layout, row->name);
	int last = row->kind == FXMI_ROW_FIX_GROUP ? fxm_fixed_index(r->layout, row->last) : first;
	/* A group of older tables has its two ends in rows of their own. */
	*out = (struct range){row->name, (uint64_t)first, (uint64_t)(last - first) + 1};
	return first >= 0 && last >= first;
}

static int check_fixed(const struct rules *r)
{
	uint64_t end = 0, room = get(r, "FIXADDR_TOP") / page_size(r);
	struct range a, b;

	for (size_t i = 0; i < r->profile->nr_rows; i++) {
		if (!range_of(r, i, &a))
			continue;
		for (size_t j = 0; j < i; j++)
			if (range_of(r, j, &b) && strcmp(a.name, b.name) != 0 && a.first < b.first + b.slots &&
			    b.first < a.first + a.slots)
				return broken(r, a.name, "%s takes index %llu, which %s has", a.name,
					      (unsigned long long)(a.first > b.first ? a.first : b.first), b.name);
		end = a.first + a.slots > end ? a.first + a.slots : end;
		if (end > room)
			return broken(r, a.name, "%s ends at index %llu, below address 0", a.name, (unsigned long long)end - 1);
	}
	return 0;
}

static int check_kmap_group(const struct rules *r)
{
	int first = fxm_fixed_index(r->layout, "FIX_KMAP_BEGIN"), last = fxm_fixed_index(r->layout, "FIX_KMAP_END");
	uint64_t types = get(r, "KM_TYPE_NR") ? get(r, "KM_TYPE_NR") : get(r, "KM_MAX_IDX");
	uint64_t colours = fxmi_trait(r->layout, FXMI_TRAIT_cache_colours) ? fxmi_trait(r->layout, FXMI_TRAIT_cache_colours) : 1;
	uint64_t wanted = types * fxmi_setting(r->layout, FXMI_SETTING_NR_CPUS) * colours;

	if (!fxmi_setting(r->layout, FXMI_SETTING_HIGHMEM))
		return 0;
	if (first < 0 || last < first)
		return broken(r, "FIX_KMAP_BEGIN", "a kernel with HIGHMEM needs FIX_KMAP_BEGIN and FIX_KMAP_END");
	if ((uint64_t)(last - first) + 1 < wanted)
		return broken(r, "FIX_KMAP_BEGIN",
			      "FIX_KMAP_BEGIN to FIX_KMAP_END are %d slots, and %llu temporary mappings on %llu CPUs need %llu",
			      last - first + 1, (unsigned long long)types,
			      (unsigned long long)fxmi_setting(r->layout, FXMI_SETTING_NR_CPUS), (unsigned long long)wanted);
	/* The address of index n has the colour that is n counted from the last one down. */
	uint64_t begin = get(r, "FIXADDR_TOP") / page_size(r) - (uint64_t)first;
	if ((begin + 1) % colours || get(r, "PKMAP_BASE") / page_size(r) % colours)
		return broken(r, "cache_colours",
			      "with %llu colours PKMAP_BASE has the first one, and FIX_KMAP_BEGIN, index %d, the last: move them",
			      (unsigned long long)colours, first);
	return 0;
}

/* ---- regions ---- */

static int check_regions(const struct rules *r)
{
	struct fxm_region a, b;

	for (size_t i = 0; !fxm_region_at(r->layout, i, &a); i++)
		for (size_t j = i + 1; !fxm_region_at(r->layout, j, &b); j++)
			/* Boot maps may reuse what is not there yet; the vsyscall page is one of the fixmap's. */
			if (b.start.v - a.start.v < a.size_bytes && strcmp(a.name, "early_ioremap") != 0 &&
			    strcmp(b.name, "early_ioremap") != 0 && strcmp(b.name, "vsyscall") != 0)
				return broken(r, b.name, "region %s at %#llx overlaps %s, which ends at %#llx", b.name,
					      (unsigned long long)b.start.v, a.name,
					      (unsigned long long)(a.start.v + a.size_bytes - 1));
	return 0;
}

int fxmi_layout_check(const struct fxm_layout *layout, const struct fxmi_profile *profile, struct fxmi_error *error)
{
	const struct rules r = {layout, profile, error};
	int (*const checks[])(const struct rules *) = {check_numbers, check_fixed, check_kmap_group, check_regions};
	int err = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && !err; i++)
		err = checks[i](&r);
	return err;
}
