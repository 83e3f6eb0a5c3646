/* SPDX-License-Identifier: MIT */
/*
 * Where the memory of destroyed machines lay, so that the handler of SIGSEGV can name a use of it. The latest alone are kept; what
 * somebody else has mapped there since does not fault. No lock: the handler reads, and a place that is being overwritten matches
 * nothing.
 */
#include "window_internal.h"

#include <unistd.h>

enum { KEPT = 16 };

static struct {
	_Atomic uintptr_t host;
	_Atomic uint64_t bytes; /* 0: nothing */
} gone[KEPT];
static _Atomic unsigned latest;

void fxmi_gone_add(const void *host, uint64_t bytes)
{
	unsigned n = atomic_fetch_add(&latest, 1) % KEPT;

	atomic_store(&gone[n].bytes, 0);
	atomic_store(&gone[n].host, (uintptr_t)host);
	atomic_store(&gone[n].bytes, bytes);
}

bool fxmi_gone_contains(uintptr_t host)
{
	for (unsigned n = 0; n < KEPT; n++)
		if (host - atomic_load(&gone[n].host) < atomic_load(&gone[n].bytes))
			return true;
	return false;
}

void fxmi_complain_gone(void)
{
	static const char line[] =
	    "libfixmap: this pointer is into a machine that has been destroyed: keep the machine, or unmap and "
	    "forget its pointers before fxm_machine_destroy().\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		return;
}
