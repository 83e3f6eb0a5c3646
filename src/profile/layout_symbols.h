/* SPDX-License-Identifier: MIT */
#ifndef FXMI_LAYOUT_SYMBOLS_H
#define FXMI_LAYOUT_SYMBOLS_H

/* What a layout is inside: layout.c computes it, layout_query.c reads it. */

#include "config.h"
#include "profile.h"

#include <fixmap/layout.h>

enum fxmi_symbol_state { FXMI_SYMBOL_NEW, FXMI_SYMBOL_BUSY, FXMI_SYMBOL_DONE, FXMI_SYMBOL_ABSENT };

struct fxmi_symbol {
	const char *name;
	const struct fxmi_row *row;
	uint64_t value;
	enum fxmi_symbol_state state;
	uint16_t next; /* 1 + the next symbol of the bucket */
};

/* What the public API enumerates: symbol numbers in the order of the profile. */
enum fxmi_list {
	FXMI_LIST_VALUE,
	FXMI_LIST_FIXED,
	FXMI_LIST_PROT,
	FXMI_LIST_KM_TYPE,
	FXMI_LIST_CONFIG,
	FXMI_LIST_TRAIT,
	FXMI_LISTS
};

struct fxmi_boot {
	uint32_t index;
	uint64_t phys, prot;
};

#define FXMI_SYMBOL_BUCKETS 256u

struct fxm_layout {
	const struct fxmi_profile *profile;
	struct fxmi_settings settings;
	struct fxmi_symbol *symbol;
	size_t nr_symbols;
	uint16_t bucket[FXMI_SYMBOL_BUCKETS]; /* 1 + symbol number, 0 for none */
	uint16_t *list[FXMI_LISTS];
	size_t nr_list[FXMI_LISTS];
	struct fxm_region *region; /* by address */
	size_t nr_regions;
	struct fxmi_boot *boot;
	size_t nr_boot;
	bool counting; /* the fixed addresses are being counted */
};

/* The symbol of that name if it has a value; NULL too for a NULL layout or name. */
const struct fxmi_symbol *fxmi_symbol_find(const struct fxm_layout *layout, const char *name);

/* The bits of an address. */
static inline uint64_t fxmi_address_mask(const struct fxm_layout *layout)
{
	return layout->profile->address_bits < 64 ? (UINT64_C(1) << layout->profile->address_bits) - 1 : ~UINT64_C(0);
}

#endif
