// SPDX-License-Identifier: MIT
/*
 * Never unmapped: a tutorial module takes a slot of the CPU's stack by hand, sets its entry, clears the entry again, and never
 * gives the slot back. Every later kmap_atomic() on that CPU lies one slot further down.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static bool after;
module_param(after, bool, 0444);

static int __init slot_never_popped_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	int type, idx;

	if (!page)
		return -ENOMEM;
	preempt_disable();
	type = kmap_atomic_idx_push(); /* HERE */
	idx = FIX_KMAP_BEGIN + type + KM_TYPE_NR * smp_processor_id();
	set_fixmap(idx, page_to_phys(page));
	strcpy((char *)__fix_to_virt(idx), "by hand");
	clear_fixmap(idx);
	if (after)
		kmap_atomic_idx_pop();
	preempt_enable();
	__free_page(page);
	return 0;
}

module_init(slot_never_popped_init);
MODULE_LICENSE("Dual MIT/GPL");
