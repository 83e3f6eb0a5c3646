// SPDX-License-Identifier: MIT
/* kmap_atomic() kept the task on its CPU, and nobody else came in between; kmap_local_page() does not do the latter. */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>

static bool after;
module_param(after, bool, 0444);

static unsigned long streams[NR_CPUS];

static void compress(struct page *page)
{
	char *address = after ? kmap_atomic(page) : kmap_local_page(page);
	int cpu = smp_processor_id(); /* HERE */

	streams[cpu]++;
	address[0] = (char)streams[cpu];
	if (after)
		kunmap_atomic(address);
	else
		kunmap_local(address);
}

static int __init cpu_number_converted_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (page) {
		compress(page);
		__free_page(page);
	}
	return 0;
}

module_init(cpu_number_converted_init);
MODULE_LICENSE("Dual MIT/GPL");
