/* SPDX-License-Identifier: MIT */

/* `fixmap profiles`: the kernels that can be simulated, and how two of them differ. */

#include "options.h"

#include <fixmap/inject.h>

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

static const char help[] =
    "usage: fixmap profiles [--diff A B | --points]\n"
    "\n"
    "Lists the kernels that can be simulated: the name that -p takes, then what it is.\n"
    "\n"
    "  --diff A B      what differs between two of them: settings, addresses, fixed addresses,\n"
    "                  protection values, behaviour, functions. Settings may follow a name, with\n"
    "                  commas before them: x86_32-4.15,pae=1\n"
    "  --points        where something can be injected, in every kernel, and what: inject=POINT:PASSAGE:ACTION\n";

static int print_points(void)
{
	struct fxm_inject_point point;

	for (size_t i = 0; !fxm_inject_point(i, &point); i++) {
		const char *name;

		printf("%-22s %s:", point.name, point.help);
		for (unsigned a = 0; (name = fxm_inject_action_name((enum fxm_inject_action)a)); a++)
			if (point.actions >> a & 1)
				printf(" %s", name);
		putchar('\n');
	}
	return 0;
}

static int diff(int argc, char **argv)
{
	if (argc - optind < 2)
		return tool_error("profiles", "--diff wants two profiles; `fixmap profiles` lists them");
	if (argc - optind > 2)
		return tool_error("profiles", "%s is not expected here; --diff takes two profiles", argv[optind + 2]);
	return tool_profiles_diff(argv[optind], argv[optind + 1]);
}

int cmd_profiles(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"help", no_argument, NULL, 'h'}, {"diff", no_argument, NULL, 'd'}, {"points", no_argument, NULL, 'P'}, {0}};
	struct tool_target target = {.command = "profiles"};
	bool is_diff = false, is_points = false;
	int opt;
	while ((opt = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (opt == 'h')
			return fputs(help, stdout), 0;
		if (opt != 'd' && opt != 'P')
			return tool_option(&target, opt, argv);
		*(opt == 'd' ? &is_diff : &is_points) = true;
	}
	if (is_diff && is_points)
		return tool_error("profiles", "--diff and --points do not go together; write one of them");
	if (is_diff)
		return diff(argc, argv);
	if (tool_no_arguments(&target, argc, argv))
		return 2;
	if (is_points)
		return print_points();
	for (size_t i = 0; i < fxm_profile_count(); i++)
		printf("%-16s %s%s\n", fxm_profile_name(i), fxm_profile_summary(i),
		       strcmp(fxm_profile_name(i), fxm_profile_default()) ? "" : " (default)");
	return 0;
}
