/* SPDX-License-Identifier: MIT */
#ifndef _ASM_LINKAGE_H
#define _ASM_LINKAGE_H

/* Nothing of it differs from the generic kernel. */

#endif
