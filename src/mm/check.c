/* SPDX-License-Identifier: MIT */
/*
 * What compiled kernel code calls before each of its loads and stores: the compiler's kernel address-sanitizer calls, under names
 * of this library (include/kernel/fxm/checks.h).
 */
#include "tier.h"

#define SITE ((uintptr_t)__builtin_return_address(0))

#define SIZED(bytes)                                                                                                               \
	void fxm_k_load##bytes(uintptr_t address)                                                                                  \
	{                                                                                                                          \
		fxmi_check(address, bytes, FXM_READ, SITE);                                                                        \
	}                                                                                                                          \
	void fxm_k_store##bytes(uintptr_t address)                                                                                 \
	{                                                                                                                          \
		fxmi_check(address, bytes, FXM_WRITE, SITE);                                                                       \
	}

SIZED(1)
SIZED(2)
SIZED(4)
SIZED(8)
SIZED(16)

void fxm_k_loadN(uintptr_t address, size_t size)
{
	fxmi_check_range(address, size, FXM_READ, SITE);
}

void fxm_k_storeN(uintptr_t address, size_t size)
{
	fxmi_check_range(address, size, FXM_WRITE, SITE);
}

void fxm_k_no_return(void)
{
}
