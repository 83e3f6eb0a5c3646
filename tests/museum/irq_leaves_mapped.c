// SPDX-License-Identifier: MIT
/* An interrupt handler returns on its error path with a mapping: whoever was interrupted goes on one level deeper. */
#include <linux/highmem.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static struct page *ring, *buffer;

static irqreturn_t receive(int irq, void *dev)
{
	unsigned int *descriptor = kmap_atomic(ring); /* HERE */
	bool is_ours = *descriptor & 1;

	if (!is_ours && !after)
		return IRQ_NONE;
	kunmap_atomic(descriptor);
	return IRQ_RETVAL(is_ours);
}

static int __init irq_leaves_mapped_init(void)
{
	ring = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	buffer = alloc_page(GFP_HIGHUSER);
	if (!ring || !buffer || request_irq(5, receive, 0, "receive", &ring))
		return -EBUSY;
	kmap(buffer);
	kunmap(buffer);
	free_irq(5, &ring);
	__free_page(buffer);
	__free_page(ring);
	return 0;
}

module_init(irq_leaves_mapped_init);
MODULE_LICENSE("Dual MIT/GPL");
