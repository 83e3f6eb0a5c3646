/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_ASM_APIC_H
#define FXM_KERNEL_ASM_APIC_H

#include <asm/apicdef.h>

#endif
