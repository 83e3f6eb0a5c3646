/* SPDX-License-Identifier: MIT */
#ifndef _ASM_STRING_H
#define _ASM_STRING_H

/* Nothing of it differs from the generic kernel. */

#endif
