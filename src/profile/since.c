/* SPDX-License-Identifier: MIT */
/*
 * Which kernel versions have which function. A call that the profile's kernel does not have is refused, and the message
 * names the version that has it; nothing is emulated silently.
 */
#include "profile.h"

#include <fixmap/since.h>
#include <sim.h>

#include <errno.h>

static const struct {
	const char *function;
	uint32_t first, last; /* versions of the profiles that have it, inclusive */
	const char *words;
} functions[] = {
#define FUNCTION(name) {#name, FXM_SINCE_##name},
    FXM_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

const char *fxm_since(const char *function)
{
	for (size_t i = 0; function && i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!strcmp(functions[i].function, function))
			return functions[i].words;
	return NULL;
}

int fxm_since_at(size_t i, const char **function, unsigned *first, unsigned *last)
{
	if (!function || !first || !last)
		return -EINVAL;
	if (i >= sizeof(functions) / sizeof(functions[0]))
		return -ENOENT;
	*function = functions[i].function;
	*first = functions[i].first;
	*last = functions[i].last;
	return 0;
}

bool fxmi_version_has(unsigned version, const char *function)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!strcmp(functions[i].function, function))
			return version >= functions[i].first && version <= functions[i].last;
	fxm_assert(!"a function of the table");
	return false;
}
