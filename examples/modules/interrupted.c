/* SPDX-License-Identifier: MIT */
/*
 * An interrupt in the middle of kunmap_atomic(): its handler maps a page too, and what the module has mapped must not suffer.
 *
 *   fixmap insmod -p x86_32-4.15 -o inject=kunmap_atomic.popped:1:irq examples/modules/interrupted.c
 */
#include <linux/highmem.h>
#include <linux/interrupt.h>
#include <linux/module.h>

static struct page *page, *interrupt_page;
static int interrupts;

static irqreturn_t handler(int irq, void *dev)
{
	char *va = kmap_atomic(interrupt_page);

	*va = (char)++interrupts;
	kunmap_atomic(va);
	printk("IRQ %d at preempt_count %x\n", irq, preempt_count());
	return IRQ_HANDLED;
}

static int __init interrupted_init(void)
{
	char *outer, *inner;
	int error;

	page = alloc_page(GFP_HIGHUSER);
	interrupt_page = alloc_page(GFP_HIGHUSER);
	error = page && interrupt_page ? request_irq(9, handler, 0, "interrupted", &page) : -ENOMEM;
	if (error)
		goto out;
	outer = kmap_atomic(page);
	*outer = 42;
	inner = kmap_atomic(page);
	kunmap_atomic(inner);
	printk("it is still %d after %d interrupts\n", *outer, interrupts);
	kunmap_atomic(outer);
	return 0;
out:
	if (interrupt_page)
		__free_page(interrupt_page);
	if (page)
		__free_page(page);
	return error;
}

static void __exit interrupted_exit(void)
{
	free_irq(9, &page);
	__free_page(interrupt_page);
	__free_page(page);
}

module_init(interrupted_init);
module_exit(interrupted_exit);
MODULE_LICENSE("GPL");
