/* SPDX-License-Identifier: MIT */
#ifndef _ASM_VMALLOC_H
#define _ASM_VMALLOC_H

/* Nothing of it differs from the generic kernel. */

#endif
