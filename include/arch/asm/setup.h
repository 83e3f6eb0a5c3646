/* SPDX-License-Identifier: MIT */
#include <uapi/asm-generic/setup.h>
