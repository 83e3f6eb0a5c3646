/* SPDX-License-Identifier: MIT */
#ifndef _ASM_PROCESSOR_H
#define _ASM_PROCESSOR_H

/* A CPU without processes: there are no user addresses, and nothing is ever started in user mode. */

#ifndef __ASSEMBLY__
#include <asm/page.h>
#include <asm/ptrace.h>

struct task_struct;

#define TASK_SIZE PAGE_OFFSET
#define TASK_SIZE_MAX (~0UL) /* a user's address is one like any other: tasks have no memory of their own */
#define TASK_UNMAPPED_BASE PAGE_ALIGN(TASK_SIZE / 3)
#define STACK_TOP TASK_SIZE
#define STACK_TOP_MAX STACK_TOP

struct thread_struct {
	struct pt_regs regs;
	unsigned long error_code, trap_nr, cr2;
};

#define INIT_THREAD                                                                                                                \
	{                                                                                                                          \
	}
#define task_pt_regs(task) (&(task)->thread.regs)
#define task_top_of_stack(task) ((unsigned long)task_stack_page(task) + THREAD_SIZE)
#define KSTK_EIP(task) (task_pt_regs(task)->pc)
#define KSTK_ESP(task) (task_pt_regs(task)->sp)
#define cpu_relax() fxm_arch_relax()

unsigned long __get_wchan(struct task_struct *task);
void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp);
void show_registers(struct pt_regs *regs);

static inline void flush_thread(void)
{
}

static inline void release_thread(struct task_struct *task)
{
}
#endif

#endif
