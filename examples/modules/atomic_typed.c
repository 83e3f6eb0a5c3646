// SPDX-License-Identifier: MIT
/*
 * kmap_atomic() of the 2.6 kernels: the caller names one of its CPU's slots. KM_USER0 and KM_USER1 are for process context.
 *
 *     fixmap insmod -p i386-2.6.12 atomic_typed.c
 *
 * Profile i386-2.6.12 only: 2.6.37 took the argument away.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>

static int __init atomic_typed_init(void)
{
	struct page *page[2] = {alloc_page(__GFP_HIGHMEM), alloc_page(__GFP_HIGHMEM)};
	char *from, *to;
	int ret = -ENOMEM;

	if (!page[0] || !page[1])
		goto out;
	from = kmap_atomic(page[0], KM_USER0);
	sprintf(from, "written through KM_USER0 on CPU %d", smp_processor_id());
	to = kmap_atomic(page[1], KM_USER1);
	memcpy(to, from, PAGE_SIZE);
	printk(KERN_INFO "[%#lx] %s\n", (unsigned long)from, from);
	printk(KERN_INFO "[%#lx] %s\n", (unsigned long)to, to);
	printk(KERN_INFO "fixmap indices %lu and %lu, preempt_count %d\n", virt_to_fix((unsigned long)from),
	       virt_to_fix((unsigned long)to), preempt_count());
	kunmap_atomic(to, KM_USER1);
	kunmap_atomic(from, KM_USER0);
	ret = 0;
out:
	if (page[1])
		__free_page(page[1]);
	if (page[0])
		__free_page(page[0]);
	return ret;
}

static void __exit atomic_typed_exit(void)
{
}

module_init(atomic_typed_init);
module_exit(atomic_typed_exit);
MODULE_LICENSE("Dual MIT/GPL");
