/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: settings as text, and the layouts that they come to.
 *
 * Input: words as FIXMAP_OPTIONS has them. Whatever they say, a failure leaves one line that tells why, a setting's text gives
 * the setting again, and a layout that is accepted agrees with itself: index and address of each fixed address, names and
 * values, regions in order. The machine that it comes to works.
 */
#include "config_checks.h"
#include "fuzz.h"
#include "machine_checks.h"

#include <string.h>

#define check(e) ((e) ? (void)0 : config_checks_fail(#e, __LINE__))

static char words[1024];

/* What does not depend on the input. */
static void check_constants(void)
{
	for (int error = -300; error <= 300; error++)
		check(fxm_strerror(error) && *fxm_strerror(error));
	for (size_t i = 0; i < fxm_profile_count(); i++)
		check(fxm_profile_name(i) && fxm_profile_summary(i));
	check(!fxm_profile_name(fxm_profile_count()) && !fxm_profile_summary(fxm_profile_count()));
	check(fxm_profile_default());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool constants_checked;
	struct fxm_config *cfg;

	if (size >= sizeof(words))
		return 0;
	if (!constants_checked)
		check_constants();
	constants_checked = true;
	memcpy(words, data, size);
	words[size] = 0;
	config_checks_input(words);
	if (fxm_config_create(NULL, &cfg))
		return 0;
	config_checks_error(cfg, fxm_config_parse(cfg, words));
	config_checks_layout(cfg);
	config_checks_options(cfg);
	config_checks_layout(cfg);
	machine_checks(cfg);
	fxm_config_destroy(cfg);
	return 0;
}
