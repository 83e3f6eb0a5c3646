/* SPDX-License-Identifier: MIT */
#ifndef _UAPI_ASM_BITSPERLONG_H
#define _UAPI_ASM_BITSPERLONG_H

/* The host's: a 32-bit kernel's unsigned long has 64 bits here. */
#define __BITS_PER_LONG 64
#include <asm-generic/bitsperlong.h>

#endif
