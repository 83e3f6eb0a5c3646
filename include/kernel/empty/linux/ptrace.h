/* SPDX-License-Identifier: MIT */
#ifndef FXM_KERNEL_LINUX_PTRACE_H
#define FXM_KERNEL_LINUX_PTRACE_H

/* Nobody traces a task. */

struct pt_regs {
	unsigned long ip, sp;
};

#endif
