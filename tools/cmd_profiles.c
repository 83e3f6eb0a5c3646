/* SPDX-License-Identifier: MIT */

/* `fixmap profiles`: the kernels that can be simulated, and where something can be injected. */

#include "options.h"

#include <fixmap/inject.h>

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

static const char help[] =
    "usage: fixmap profiles [--points]\n"
    "\n"
    "Lists the kernels that can be simulated: the name that -p takes, then what it is.\n"
    "`fixmap diff A B` tells what differs between two of them.\n"
    "\n"
    "  --points        where something can be injected, in every kernel, and what: inject=POINT:PASSAGE:ACTION\n";

static int print_points(void)
{
	struct fxm_inject_point point;

	for (size_t i = 0; !fxm_inject_point_at(i, &point); i++) {
		const char *name;

		printf("%-22s %s:", point.name, point.help);
		for (unsigned a = 0; (name = fxm_inject_action_name((enum fxm_inject_action)a)); a++)
			if (point.actions >> a & 1)
				printf(" %s", name);
		putchar('\n');
	}
	return 0;
}

int cmd_profiles(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"help", no_argument, NULL, 'h'}, {"points", no_argument, NULL, 'P'}, {0}};
	struct tool_target target = {.command = "profiles"};
	bool is_points = false;
	int opt;
	while ((opt = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (opt == 'h')
			return fputs(help, stdout), 0;
		if (opt != 'P')
			return tool_option(&target, opt, argv);
		is_points = true;
	}
	if (tool_no_arguments(&target, argc, argv))
		return 2;
	if (is_points)
		return print_points();
	for (size_t i = 0; i < fxm_profile_count(); i++)
		printf("%-16s %s%s\n", fxm_profile_name(i), fxm_profile_summary(i),
		       strcmp(fxm_profile_name(i), fxm_profile_default()) ? "" : " (default)");
	return 0;
}
