// SPDX-License-Identifier: MIT
/*
 * `fixmap walk`: how an address translates after a trace (or up to one of its operations), level by level.
 */

#include "after.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "usage: fixmap walk [--after TRACE[:SEQ]] [-p PROFILE] [-o NAME=VALUE]... ADDRESS...\n"
			   "\n"
			   "Prints every level's page-table entry for ADDRESS (hex), decoded: after the whole TRACE, after its\n"
			   "operation number SEQ, or on a machine that has just booted. TRACE - is standard input.\n";

static bool read_address(const char *text, fxm_va *va)
{
	char *end;

	errno = 0;
	va->v = strtoull(text, &end, 16);
	return *text && *text != '-' && !*end && !errno;
}

static void print_walk(struct fxm_machine *m, fxm_va va)
{
	char text[2048];

	fxm_walk_describe(m, va, text, sizeof(text));
	fputs(text, stdout);
}

static int walk_all(struct fxm_machine *m, int argc, char **argv)
{
	fxm_va va;

	for (int i = optind; i < argc; i++) {
		if (!read_address(argv[i], &va))
			return tool_error("walk", "%s is no address; write one in hex", argv[i]);
		if (va.v > UINT32_MAX && fxm_layout_get(fxm_machine_layout(m), "PAGE_OFFSET") <= UINT32_MAX)
			return tool_error("walk", "%s is beyond this kernel's 32-bit addresses; write at most ffffffff", argv[i]);
		print_walk(m, va);
	}
	errno = 0;
	return fflush(stdout) || ferror(stdout) ? tool_output_failed("walk", errno) : 0;
}

int cmd_walk(int argc, char **argv)
{
	struct after a = {0};
	int status = after_parse(&a, "walk", help, argc, argv);

	if (!status && optind == argc)
		status = tool_error("walk", "which address? `fixmap help walk` tells more");
	if (!status) {
		struct fxm_machine *m = after_machine(&a);
		status = m ? walk_all(m, argc, argv) : 2;
	}
	after_free(&a);
	return status < 0 ? 0 : status;
}
