/* SPDX-License-Identifier: MIT */
#ifndef _ASM_PTRACE_H
#define _ASM_PTRACE_H

/* Registers by name: nothing is ever stopped in the middle. */

#include <uapi/asm/ptrace.h>

#ifndef __ASSEMBLY__
#include <linux/types.h>

struct pt_regs {
	unsigned long pc, sp, regs[16];
	long orig_nr;
};

#define user_mode(regs) (0)
#define instruction_pointer(regs) ((regs)->pc)
#define instruction_pointer_set(regs, value) ((regs)->pc = (value))
#define profile_pc(regs) instruction_pointer(regs)
#define user_stack_pointer(regs) ((regs)->sp)
#define kernel_stack_pointer(regs) ((regs)->sp)
#define frame_pointer(regs) ((regs)->regs[5])
#define regs_return_value(regs) ((long)(regs)->regs[0])
#define arch_has_single_step() (0)

static inline bool regs_irqs_disabled(struct pt_regs *regs)
{
	return false;
}
#endif

#endif
