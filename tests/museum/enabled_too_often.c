// SPDX-License-Identifier: MIT
/* A helper enables preemption for its caller, who does it too. */
#include <linux/module.h>
#include <linux/preempt.h>

static bool after;
module_param(after, bool, 0444);

static int statistics;

static void account(void)
{
	preempt_disable();
	statistics++;
	preempt_enable();
}

static int __init enabled_too_often_init(void)
{
	account();
	if (!after)
		preempt_enable(); /* HERE */
	return 0;
}

module_init(enabled_too_often_init);
MODULE_LICENSE("Dual MIT/GPL");
