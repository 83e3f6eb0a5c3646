// SPDX-License-Identifier: MIT
/* Init disables interrupts, and its error path does not enable them. */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/preempt.h>

static bool after;
module_param(after, bool, 0444);

static int registers;

static int __init init_leaves_interrupts_off_init(void)
{
	unsigned long flags;

	local_irq_save(flags); /* HERE */
	if (!registers && !after)
		return 0;
	local_irq_restore(flags);
	return 0;
}

module_init(init_leaves_interrupts_off_init);
MODULE_LICENSE("Dual MIT/GPL");
