/* SPDX-License-Identifier: MIT */
#include <generated/asm-offsets.h>
