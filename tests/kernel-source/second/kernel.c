/* SPDX-License-Identifier: MIT */
/* The kernel's two files, and their functions in a table. */
#include "shim.h"

struct second_host host;
struct page *mem_map;
struct task_struct current_task;

#include <linux/highmem-internal.h>

void early_memunmap(void *address, unsigned int size);

#include SECOND_HIGHMEM
#include SECOND_EARLY

#undef memcpy
#define VA(pointer) ((uint32_t)(uintptr_t)(pointer))
#define POINTER(va) ((void *)(uintptr_t)(va))

static void init(const struct second_host *h)
{
	host = *h;
	mem_map = calloc(h->nr_frames, sizeof(*mem_map));
	pkmap_page_table = host.pte(PKMAP_BASE);
	page_address_init();
	early_ioremap_setup();
}

static void switch_in(struct second_task *task)
{
	current->second = task;
	current->kmap_ctrl.idx = task->idx;
	for (int i = 0; i < KM_MAX_IDX; i++)
		current->kmap_ctrl.pteval[i] = __pte(task->pteval[i]);
	if (task->idx)
		__kmap_local_sched_in();
}

static void switch_out(struct second_task *task)
{
	if (current->kmap_ctrl.idx)
		__kmap_local_sched_out();
	task->idx = current->kmap_ctrl.idx;
	for (int i = 0; i < KM_MAX_IDX; i++)
		task->pteval[i] = pte_val(current->kmap_ctrl.pteval[i]);
}

static uint32_t do_kmap(uint64_t pfn)
{
	return VA(kmap(pfn_to_page(pfn)));
}

static void do_kunmap(uint64_t pfn)
{
	kunmap(pfn_to_page(pfn));
}

static uint32_t do_page_address(uint64_t pfn)
{
	return VA(page_address(pfn_to_page(pfn)));
}

static uint64_t do_kmap_to_page(uint32_t va)
{
	return page_to_pfn(__kmap_to_page(POINTER(va)));
}

static uint32_t do_kmap_local_page(uint64_t pfn)
{
	return VA(kmap_local_page(pfn_to_page(pfn)));
}

static uint32_t do_kmap_local_pfn(uint64_t pfn)
{
	return VA(kmap_local_pfn((uint32_t)pfn));
}

static void do_kunmap_local(uint32_t va)
{
	kunmap_local_indexed(POINTER(va));
}

static uint32_t do_kmap_atomic(uint64_t pfn)
{
	return VA(kmap_atomic(pfn_to_page(pfn)));
}

static void do_kunmap_atomic(uint32_t va)
{
	__kunmap_atomic(POINTER(va));
}

static int do_pkmap_count(unsigned nr)
{
	return pkmap_count[nr];
}

static uint32_t do_early_ioremap(uint64_t pa, uint32_t size)
{
	return VA(early_ioremap((phys_addr_t)pa, size));
}

static uint32_t do_early_memremap(uint64_t pa, uint32_t size)
{
	return VA(early_memremap((phys_addr_t)pa, size));
}

static uint32_t do_early_memremap_ro(uint64_t pa, uint32_t size)
{
	return VA(early_memremap_ro((phys_addr_t)pa, size));
}

static void do_early_iounmap(uint32_t va, uint32_t size)
{
	early_iounmap(POINTER(va), size);
}

static int task_idx(void)
{
	return current->kmap_ctrl.idx;
}

static struct second_task *task(void)
{
	return current->second;
}

const struct second_kernel second_kernel = {init,
					    switch_in,
					    switch_out,
					    do_kmap,
					    do_kunmap,
					    do_page_address,
					    __kmap_flush_unused,
					    do_kmap_to_page,
					    do_kmap_local_page,
					    do_kmap_local_pfn,
					    do_kunmap_local,
					    do_kmap_atomic,
					    do_kunmap_atomic,
					    do_pkmap_count,
					    early_ioremap_reset,
					    do_early_ioremap,
					    do_early_memremap,
					    do_early_memremap_ro,
					    do_early_iounmap,
					    check_early_ioremap_leak,
					    task_idx,
					    task};
