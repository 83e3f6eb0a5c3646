/* SPDX-License-Identifier: MIT */
#ifndef _ASM_PERCPU_H
#define _ASM_PERCPU_H

/* The section's name is a C identifier, so that the linker gives its two ends. */
#define PER_CPU_BASE_SECTION "fxm_percpu"
#include <asm-generic/percpu.h>

#endif
