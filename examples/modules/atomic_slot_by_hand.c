// SPDX-License-Identifier: MIT
/*
 * What kmap_atomic() does inside, step by step: take the next slot of this CPU's stack, turn it into a fixmap index, and set
 * that index. preempt_disable() keeps the CPU; the pop at the end gives the slot back (leave it out, and the report says so).
 *
 *     fixmap insmod -p x86_32-4.15 atomic_slot_by_hand.c
 *
 * Profiles 2.6.37 to 5.10. The index is not a constant, so its address comes from __fix_to_virt(), not fix_to_virt().
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static int __init atomic_slot_by_hand_init(void)
{
	struct page *high_page = alloc_page(__GFP_HIGHMEM);
	unsigned long vaddr;
	int idx, type;

	if (!high_page)
		return -ENOMEM;
	preempt_disable();
	type = kmap_atomic_idx_push();
	idx = FIX_KMAP_BEGIN + type + KM_TYPE_NR * smp_processor_id();
	vaddr = __fix_to_virt(idx);
	set_fixmap(idx, page_to_phys(high_page));

	snprintf((char *)vaddr, PAGE_SIZE, "level %d of CPU %d", type, smp_processor_id());
	pr_info("%s: index %d, address %#08lx\n", (char *)vaddr, idx, vaddr);

	clear_fixmap(idx);
	kmap_atomic_idx_pop();
	preempt_enable();
	__free_page(high_page);
	return 0;
}

static void __exit atomic_slot_by_hand_exit(void)
{
}

module_init(atomic_slot_by_hand_init);
module_exit(atomic_slot_by_hand_exit);
MODULE_LICENSE("Dual MIT/GPL");
