/* SPDX-License-Identifier: MIT */
#ifndef _ASM_UNWIND_H
#define _ASM_UNWIND_H

/* Nothing of it differs from the generic kernel. */

#endif
