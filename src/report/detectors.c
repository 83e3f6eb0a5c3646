/* SPDX-License-Identifier: MIT */
/* The names of the detectors, and which of them detect= switches on. What they look for is in the room `detect` and above. */
#include "base.h"
#include "config.h"
#include "report.h"
#include "state.h"

static const char *const detectors[] = {
#define FXMI_DETECTOR(NAME, word) word,
#include "detectors.def"
#undef FXMI_DETECTOR
};

const char *fxmi_detector_name(enum fxmi_detector detector)
{
	return detectors[detector];
}

bool fxmi_is_detector(const char *name, size_t len)
{
	for (size_t i = 0; i < FXMI_DETECTORS; i++)
		if (strlen(detectors[i]) == len && !memcmp(detectors[i], name, len))
			return true;
	return false;
}

void fxmi_detectors_list(char *buf, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < FXMI_DETECTORS && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, " %s", detectors[i]);
}

/* detect=on, off, or known names joined by '+'. */
static int check_detectors(const char *text, struct fxmi_error *error)
{
	if (!strcmp(text, "on") || !strcmp(text, "off"))
		return 0;
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, "+");
		if (!fxmi_is_detector(at, len)) {
			char all[512];
			fxmi_detectors_list(all, sizeof(all));
			return fxmi_error_set(error, "detect=%s: write on, off, or names joined by +:%s", text, all);
		}
		at += len;
		if (!*at)
			return 0;
	}
}

FXMI_WORDS(FXMI_SETTING_detect, check_detectors)

bool fxmi_detects(const struct fxm_layout *layout, enum fxmi_detector detector)
{
	const char *name = fxmi_detector_name(detector);
	const char *list = fxmi_setting_text(layout, FXMI_SETTING_detect);
	size_t len = strlen(name);
	if (!strcmp(list, "on"))
		return true;
	for (const char *word = list; *word; word += *word == '+') {
		size_t n = strcspn(word, "+");
		if (n == len && !memcmp(word, name, n))
			return true;
		word += n;
	}
	return false;
}
