/* SPDX-License-Identifier: MIT */
#ifndef _UAPI_ASM_PTRACE_H
#define _UAPI_ASM_PTRACE_H

#ifndef __ASSEMBLY__
struct user_regs_struct {
	unsigned long pc, sp, regs[16];
};
#endif

#endif
