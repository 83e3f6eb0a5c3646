// SPDX-License-Identifier: MIT
/*
 * A pointer of kmap_atomic() handed to another CPU: a thread of the driver's reads through it while its maker still has it
 * mapped. The slot is the maker's, and its next mapping will be there. (The thread is one of the simulator's.)
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <fixmap/fixmap.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(2, 6, 37)
#define map_quickly(page) kmap_atomic(page, KM_USER0)
#define unmap_quickly(address) kunmap_atomic(address, KM_USER0)
#else
#define map_quickly(page) kmap_atomic(page)
#define unmap_quickly(address) kunmap_atomic(address)
#endif

static bool after;
module_param(after, bool, 0444);

struct work {
	char *text;
	struct page *page;
	volatile bool done;
};

static int read_text(void *arg)
{
	struct work *work = arg;
	char *text = after ? kmap(work->page) : work->text;
	char first = *(volatile char *)text; /* HERE */

	if (after)
		kunmap(work->page);
	work->done = true;
	return first;
}

static void hand_over(struct page *page)
{
	struct fxm_task_attr on_cpu1 = { .struct_size = sizeof(on_cpu1), .name = "worker", .cpu = 1, .vehicle = FXM_THREAD };
	struct work work = { .text = map_quickly(page), .page = page };
	struct fxm_task *worker;
	int error = fxm_task_create(fxm_vcpu_machine(fxm_k_cpu()), &on_cpu1, read_text, &work, &worker);

	while (!error && !work.done)
		cpu_relax();
	unmap_quickly(work.text);
	if (!error)
		fxm_task_join(worker, NULL);
}

static int __init another_cpu_init(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!page)
		return -ENOMEM;
	hand_over(page);
	__free_page(page);
	return 0;
}

module_init(another_cpu_init);
MODULE_LICENSE("Dual MIT/GPL");
