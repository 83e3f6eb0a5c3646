/* SPDX-License-Identifier: MIT */
/*
 * What a fork()ed child is told that uses a machine of its parent's.
 */
#include "forked.h"

#include <stdlib.h>
#include <unistd.h>

void fxmi_complain_forked(void)
{
	static const char line[] = "libfixmap: this machine was made before fork(); its memory stayed with the parent process: "
				   "create a new one in the child.\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		return;
}

_Noreturn void fxmi_die_forked(void)
{
	fxmi_complain_forked();
	abort();
}
