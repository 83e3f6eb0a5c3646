/* SPDX-License-Identifier: MIT */
#ifndef FXMI_WORDS_H
#define FXMI_WORDS_H

/*
 * The words of profiles and settings as values, each list from one table: a word that is not in its table does not compile, in the
 * library and in the built-in profiles. Text is only what comes from users.
 */

enum fxmi_trait {
#define FXM_TRAIT_WORD(name, meaning) FXMI_TRAIT_##name,
#include <fixmap/profiles/traits.def>
#undef FXM_TRAIT_WORD
	FXMI_TRAITS
};

enum fxmi_setting_id {
#define FXMI_PROFILE_SETTING(name) FXMI_SETTING_##name,
#define FXMI_SETTING_ROW(id, kind, name, default_, words, last, help) FXMI_SETTING_##id,
#include "settings.def"
#undef FXMI_PROFILE_SETTING
#undef FXMI_SETTING_ROW
	FXMI_SETTINGS
};

const char *fxmi_trait_name(enum fxmi_trait trait);
const char *fxmi_setting_name(enum fxmi_setting_id id);

#endif
