/* SPDX-License-Identifier: MIT */

/* `fixmap profiles`: the kernels that can be simulated. */

#include "options.h"

#include <getopt.h>
#include <string.h>

static const char help[] = "usage: fixmap profiles\n"
			   "\n"
			   "Lists the kernels that can be simulated: the name that -p takes, then what it is.\n";

int cmd_profiles(int argc, char **argv)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct tool_target target = {.command = "profiles"};
	int opt;
	while ((opt = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (opt == 'h')
			return fputs(help, stdout), 0;
		return tool_option(&target, opt, argv);
	}
	if (tool_no_arguments(&target, argc, argv))
		return 2;
	for (size_t i = 0; i < fxm_profile_count(); i++)
		printf("%-16s %s%s\n", fxm_profile_name(i), fxm_profile_summary(i),
		       strcmp(fxm_profile_name(i), fxm_profile_default()) ? "" : " (default)");
	return 0;
}
