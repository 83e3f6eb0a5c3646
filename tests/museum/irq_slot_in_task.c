// SPDX-License-Identifier: MIT
/* A task takes the slot of interrupts with interrupts enabled: one that comes now takes it away. */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>

static bool after;
module_param(after, bool, 0444);

static void fill(struct page *page)
{
	unsigned long flags = 0;
	char *address;

	if (after)
		local_irq_save(flags);
	address = kmap_atomic(page, KM_BIO_SRC_IRQ); /* HERE */
	address[0] = 1;
	kunmap_atomic(address, KM_BIO_SRC_IRQ);
	if (after)
		local_irq_restore(flags);
}

static int __init irq_slot_in_task_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (page) {
		fill(page);
		__free_page(page);
	}
	return 0;
}

module_init(irq_slot_in_task_init);
MODULE_LICENSE("Dual MIT/GPL");
