/* SPDX-License-Identifier: MIT */
#ifndef _ASM_MMU_CONTEXT_H
#define _ASM_MMU_CONTEXT_H

#include <linux/mm_types.h>
#include <asm-generic/mm_hooks.h>

void switch_mm(struct mm_struct *prev, struct mm_struct *next, struct task_struct *task);
#define activate_mm(prev, next) switch_mm((prev), (next), NULL)

#include <asm-generic/mmu_context.h>

#endif
