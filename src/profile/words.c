/* SPDX-License-Identifier: MIT */
/* The names of traits and settings. */
#include "words.h"

static const char *const traits[] = {
#define FXM_TRAIT_WORD(name, meaning) #name,
#include <fixmap/profiles/traits.def>
#undef FXM_TRAIT_WORD
};

static const char *const settings[] = {
#define FXMI_PROFILE_SETTING(name) #name,
#define FXMI_SETTING_ROW(id, kind, name, default_, words, last, help) name,
#include "settings.def"
#undef FXMI_PROFILE_SETTING
#undef FXMI_SETTING_ROW
};

const char *fxmi_trait_name(enum fxmi_trait trait)
{
	return traits[trait];
}

const char *fxmi_setting_name(enum fxmi_setting_id id)
{
	return settings[id];
}
