/* SPDX-License-Identifier: MIT */
/* In the shared library only: whatever lies beside the library's code there is the library's too. See call_site.c. */
#include "kernel.h"

bool fxmi_is_shared(void)
{
	return true;
}
