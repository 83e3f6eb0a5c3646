/* SPDX-License-Identifier: MIT */
#ifndef _ASM_MMU_H
#define _ASM_MMU_H

typedef struct {
	unsigned long id;
	void *vdso;
} mm_context_t;

#endif
