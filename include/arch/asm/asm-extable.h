/* SPDX-License-Identifier: MIT */
#ifndef _ASM_ASM_EXTABLE_H
#define _ASM_ASM_EXTABLE_H

/* Nothing of it differs from the generic kernel. */

#endif
