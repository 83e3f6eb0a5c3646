/* SPDX-License-Identifier: MIT */
#ifndef _ASM_PREEMPT_H
#define _ASM_PREEMPT_H

/* The counter is the machine's, so that it knows who may sleep; it gives others their turns by itself. */

#include <asm/fxm.h>

static __always_inline int preempt_count(void)
{
	return fxm_k_preempt_count();
}

static __always_inline void preempt_count_set(int count)
{
}

#define init_task_preempt_count(task) do { } while (0)
#define init_idle_preempt_count(task, cpu) do { } while (0)

static __always_inline void set_preempt_need_resched(void)
{
}

static __always_inline void clear_preempt_need_resched(void)
{
}

static __always_inline bool test_preempt_need_resched(void)
{
	return false;
}

static __always_inline void __preempt_count_add(int value)
{
	fxm_arch_preempt_count_add(value);
}

static __always_inline void __preempt_count_sub(int value)
{
	fxm_arch_preempt_count_add(-value);
}

static __always_inline bool __preempt_count_dec_and_test(void)
{
	fxm_arch_preempt_count_add(-1);
	return false;
}

static __always_inline bool should_resched(int preempt_offset)
{
	return false;
}

#ifdef CONFIG_PREEMPTION
extern asmlinkage void preempt_schedule(void);
extern asmlinkage void preempt_schedule_notrace(void);
#define __preempt_schedule() preempt_schedule()
#define __preempt_schedule_notrace() preempt_schedule_notrace()
#endif

#endif
