/* SPDX-License-Identifier: MIT */
#ifndef _ASM_CPUINFO_H
#define _ASM_CPUINFO_H

/* Nothing of it differs from the generic kernel. */

#endif
