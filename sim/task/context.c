/* SPDX-License-Identifier: MIT */
/*
 * Interrupt contexts and the counters that say what kernel code may do: preempt_count, pagefault_disabled,
 * migration_disabled. Models include/linux/preempt.h, uaccess.h and the effect of irq_enter() and irq_exit().
 *
 * Everything here belongs to the caller's own seat; nothing is locked. Counters may go below zero, as in the kernel.
 */
#include "task_internal.h"

#include <errno.h>

/* What a context adds to preempt_count, and whether it runs with interrupts off. */
static const struct {
	uint32_t offset;
	bool irqs_off;
} contexts[] = {
    [FXM_CONTEXT_SOFTIRQ] = {FXMI_SOFTIRQ_OFFSET, false},
    [FXM_CONTEXT_HARDIRQ] = {FXMI_HARDIRQ_OFFSET, true},
    [FXM_CONTEXT_NMI] = {FXMI_NMI_OFFSET, true},
};

/* ---- who may not sleep since when ---- */

static const char by_preempt, by_irq, by_bh, by_context; /* by their addresses */

static void atomic_begin(struct fxm_vcpu *cpu, const void *what, const void *site)
{
	struct fxm_task *task = cpu->current;

	if (task->nr_atomic < FXMI_MAX_ATOMIC)
		task->atomic[task->nr_atomic++] =
			(struct fxmi_atomic){what, (uintptr_t)site, fxmi_count_preempt(cpu->counts)};
}

/* Sections of several locks need not nest: those that began later stay, with @less fewer around them. */
static bool atomic_end(struct fxm_vcpu *cpu, const void *what, int less)
{
	struct fxm_task *task = cpu->current;
	unsigned n = task->nr_atomic;

	fxm_assert_internal(n <= FXMI_MAX_ATOMIC);
	while (n && task->atomic[n - 1].what != what)
		n--;
	if (!n)
		return false;
	for (; n < task->nr_atomic; n++) {
		task->atomic[n - 1] = task->atomic[n];
		task->atomic[n - 1].count -= less;
	}
	task->nr_atomic--;
	return true;
}

static FXMI_COLD void underflow(struct fxm_vcpu *cpu, bool is_preempt)
{
	void (*tell)(struct fxm_vcpu *, bool) = fxmi_callback(cpu->machine, underflow);

	if (tell)
		tell(cpu, is_preempt);
}

void fxmi_preempt_disable(struct fxm_vcpu *cpu, const void *what, uintptr_t site)
{
	if (cpu->machine->desc.preempt_count)
		fxmi_counts_add(cpu, FXMI_PREEMPT_ONE);
	atomic_begin(cpu, what, (const void *)site);
}

void fxmi_preempt_enable(struct fxm_vcpu *cpu, const void *what)
{
	bool counts = cpu->machine->desc.preempt_count;

	if (counts)
		fxmi_counts_sub(cpu, FXMI_PREEMPT_ONE);
	bool is_paired = atomic_end(cpu, what, counts);
	if (fxmi_unlikely(counts ? fxmi_count_preempt(cpu->counts) < 0 : !is_paired && !cpu->current->nr_atomic))
		underflow(cpu, true);
}

void fxmi_bh_disable(struct fxm_vcpu *cpu, unsigned offset, uintptr_t site)
{
	fxmi_counts_add(cpu, offset);
	atomic_begin(cpu, &by_bh, (const void *)site);
}

void fxmi_bh_enable(struct fxm_vcpu *cpu, unsigned offset)
{
	fxmi_counts_sub(cpu, offset);
	atomic_end(cpu, &by_bh, (int)offset);
	if (fxmi_unlikely(fxmi_count_preempt(cpu->counts) < 0))
		underflow(cpu, true);
}

/* The interrupts that a task was in are over, by no fxm_context_leave(); what it has locked stays locked. */
void fxmi_atomic_leave_interrupts(struct fxm_task *task)
{
	unsigned kept = 0;

	for (unsigned n = 0; n < task->nr_atomic; n++)
		if (task->atomic[n].what != &by_irq && task->atomic[n].what != &by_context)
			task->atomic[kept++] = task->atomic[n];
	task->nr_atomic = kept;
}

/* ---- contexts ---- */

static bool is_interrupt(enum fxm_context context)
{
	return context > FXM_CONTEXT_TASK && (size_t)context < sizeof(contexts) / sizeof(*contexts);
}

void fxmi_interrupts_save(const struct fxm_vcpu *cpu, struct fxmi_interrupts *out)
{
	out->irq_disabled = cpu->irq_disabled;
	out->contexts = cpu->contexts;
	out->irq_saved = cpu->irq_saved;
	memcpy(out->context, cpu->context, sizeof(out->context));
}

void fxmi_interrupts_restore(struct fxm_vcpu *cpu, const struct fxmi_interrupts *in)
{
	fxm_assert_internal(in->contexts <= FXMI_MAX_CONTEXTS);
	fxm_assert_internal((unsigned)in->irq_disabled <= 1);
	cpu->irq_disabled = in->irq_disabled;
	cpu->contexts = in->contexts;
	cpu->irq_saved = in->irq_saved;
	memcpy(cpu->context, in->context, sizeof(cpu->context));
}

int fxm_context_enter(struct fxm_vcpu *cpu, enum fxm_context context)
{
	if (!cpu || !is_interrupt(context))
		return -EINVAL;
	if (fxmi_rare(cpu) & FXMI_RARE_DEAD)
		return -ECHILD;
	if (cpu->contexts == FXMI_MAX_CONTEXTS)
		return -ENOSPC;
	fxm_assert_internal((unsigned)cpu->irq_disabled <= 1);
	uint32_t bit = UINT32_C(1) << cpu->contexts;
	cpu->irq_saved = cpu->irq_disabled ? cpu->irq_saved | bit : cpu->irq_saved & ~bit;
	cpu->context[cpu->contexts++] = (unsigned char)context;
	if (contexts[context].irqs_off)
		cpu->irq_disabled = 1;
	fxmi_counts_add(cpu, contexts[context].offset);
	fxm_assert_internal(fxm_context(cpu) == context);
	atomic_begin(cpu, &by_context, __builtin_return_address(0));
	return 0;
}

int fxm_context_leave(struct fxm_vcpu *cpu, enum fxm_context context)
{
	if (!cpu || !is_interrupt(context) || fxm_context(cpu) != context)
		return -EINVAL;
	if (fxmi_rare(cpu) & FXMI_RARE_DEAD)
		return -ECHILD;
	cpu->contexts--;
	if (contexts[context].irqs_off)
		cpu->irq_disabled = cpu->irq_saved >> cpu->contexts & 1;
	fxmi_counts_sub(cpu, contexts[context].offset);
	atomic_end(cpu, &by_context, 0);
	return 0;
}

enum fxm_context fxm_context(const struct fxm_vcpu *cpu)
{
	return cpu && cpu->contexts ? (enum fxm_context)cpu->context[cpu->contexts - 1] : FXM_CONTEXT_TASK;
}

void fxm_irq_disable(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	if (!cpu->irq_disabled)
		atomic_begin(cpu, &by_irq, __builtin_return_address(0));
	cpu->irq_disabled = 1;
}

void fxm_irq_enable(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	atomic_end(cpu, &by_irq, 0);
	cpu->irq_disabled = 0;
}

bool fxm_irqs_disabled(const struct fxm_vcpu *cpu)
{
	return cpu && cpu->irq_disabled;
}

void fxm_preempt_disable(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	fxmi_preempt_disable(cpu, &by_preempt, (uintptr_t)__builtin_return_address(0));
}

void fxm_preempt_enable(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	fxmi_preempt_enable(cpu, &by_preempt);
}

void fxm_pagefault_disable(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	fxmi_counts_add(cpu, FXMI_PAGEFAULT_ONE);
}

void fxm_pagefault_enable(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	fxmi_counts_sub(cpu, FXMI_PAGEFAULT_ONE);
	if (fxmi_unlikely(fxmi_count_pagefault(cpu->counts) < 0))
		underflow(cpu, false);
}

void fxm_migrate_disable(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	cpu->current->migrate++;
}

void fxm_migrate_enable(struct fxm_vcpu *cpu)
{
	if (!cpu)
		return;
	fxmi_check_alive(cpu);
	cpu->current->migrate--;
}

void fxm_get_counts(const struct fxm_vcpu *cpu, struct fxm_counts *out)
{
	if (!cpu || !out)
		return;
	uint64_t counts = fxmi_counts(cpu);
	*out = (struct fxm_counts){
	    .preempt = fxmi_count_preempt(counts),
	    .pagefault = fxmi_count_pagefault(counts),
	    .migrate = cpu->current->migrate,
	    .kmap_depth = fxmi_count_depth(counts),
	};
}
