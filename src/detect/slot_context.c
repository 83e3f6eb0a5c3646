/* SPDX-License-Identifier: MIT */
/*
 * Slots with a type, and the contexts that each type is for. A type that interrupts use is safe in a task only while they are off,
 * or an interrupt takes the slot away; a task's type is never safe in an interrupt. Told by that rule, whether an interrupt comes
 * or not.
 * Models what debug_kmap_atomic() (mm/highmem.c of 2.6.30 to 2.6.36) says of later kernels with types.
 */
#include "detect.h"
#include "report.h"
#include "state.h"

/* Where a type may be used: with interrupts off always. */
enum where {
	IN_TASK = 1,	/* with everything enabled */
	IN_SOFTIRQ = 2, /* there, or in a task with softirqs off */
};

static const struct {
	const char *name;
	unsigned where;
	const char *instead;
} types[] = {
    {"KM_USER0", IN_TASK, "KM_IRQ0 is for interrupts, KM_SOFTIRQ0 for softirqs"},
    {"KM_USER1", IN_TASK, "KM_IRQ1 is for interrupts, KM_SOFTIRQ1 for softirqs"},
    {"KM_PTE0", IN_TASK, "page tables are a task's business"},
    {"KM_PTE1", IN_TASK, "page tables are a task's business"},
    {"KM_SKB_SUNRPC_DATA", IN_TASK | IN_SOFTIRQ, "KM_IRQ0 is for interrupts"},
    {"KM_SKB_DATA_SOFTIRQ", IN_SOFTIRQ, "local_bh_disable() first, or KM_USER0"},
    {"KM_SOFTIRQ0", IN_SOFTIRQ, "local_bh_disable() first, or KM_USER0"},
    {"KM_SOFTIRQ1", IN_SOFTIRQ, "local_bh_disable() first, or KM_USER1"},
    {"KM_IRQ0", 0, "local_irq_save() first, or KM_USER0"},
    {"KM_IRQ1", 0, "local_irq_save() first, or KM_USER1"},
    {"KM_BOUNCE_READ", 0, "local_irq_save() first"},
    {"KM_BIO_SRC_IRQ", 0, "local_irq_save() first"},
    {"KM_BIO_DST_IRQ", 0, "local_irq_save() first"},
};

/* What is wrong with a type that is for @where, here; NULL: nothing. */
static const char *objection(const struct fxm_vcpu *cpu, unsigned where)
{
	int preempt = fxmi_count_preempt(cpu->counts);

	if (where & IN_TASK && preempt & (FXMI_HARDIRQ_MASK | FXMI_NMI_MASK))
		return "in interrupt context, where a task's mapping may be in it";
	if (where == IN_TASK && preempt & FXMI_SOFTIRQ_MASK && cpu->contexts)
		return "in softirq context, where a task's mapping may be in it";
	if (cpu->irq_disabled || where & IN_TASK)
		return NULL;
	if (!(where & IN_SOFTIRQ))
		return "with interrupts enabled, and one that uses it takes the slot away";
	return preempt & FXMI_SOFTIRQ_MASK ? NULL : "with softirqs enabled, and one that uses it takes the slot away";
}

void fxmi_check_slot_context(struct fxm_vcpu *cpu, const char *name, uint64_t va)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	size_t n = 0;

	while (n < sizeof(types) / sizeof(types[0]) && strcmp(types[n].name, name) != 0)
		n++;
	const char *what = n < sizeof(types) / sizeof(types[0]) ? objection(cpu, types[n].where) : NULL;
	if (what)
		fxmi_finding(k, cpu, FXMI_FIND_SLOT_CONTEXT,
			     &(struct fxmi_subject){.va = va, .slot_plus_1 = (uint32_t)fxmi_virt_to_fix(k, va) + 1},
			     "kmap_atomic: %s is used %s: %s", name, what, types[n].instead);
}
