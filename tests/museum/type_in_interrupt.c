// SPDX-License-Identifier: MIT
/*
 * A typed slot reused by what interrupts its user: the handler takes KM_USER0 too, and the task writes to the handler's page.
 * (The interrupt is one of the simulator's: kernel code has no call for it.)
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <fixmap/task.h>

static bool after;
module_param(after, bool, 0444);

static struct page *buffers[2];

static void handler(void)
{
	enum km_type type = after ? KM_IRQ0 : KM_USER0;
	char *address;

	fxm_context_enter(fxm_k_cpu(), FXM_CONTEXT_HARDIRQ);
	address = kmap_atomic(buffers[1], type); /* HERE */
	address[0] = 'i';
	kunmap_atomic(address, type);
	fxm_context_leave(fxm_k_cpu(), FXM_CONTEXT_HARDIRQ);
}

static void task(void)
{
	char *address = kmap_atomic(buffers[0], KM_USER0);

	address[0] = 't';
	handler();
	address[1] = 't';
	kunmap_atomic(address, KM_USER0);
}

static int __init type_in_interrupt_init(void)
{
	buffers[0] = alloc_page(GFP_HIGHUSER);
	buffers[1] = alloc_page(GFP_HIGHUSER);
	if (buffers[0] && buffers[1])
		task();
	if (buffers[1])
		__free_page(buffers[1]);
	if (buffers[0])
		__free_page(buffers[0]);
	return 0;
}

module_init(type_in_interrupt_init);
MODULE_LICENSE("Dual MIT/GPL");
