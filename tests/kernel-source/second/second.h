/* SPDX-License-Identifier: MIT */
#ifndef SECOND_H
#define SECOND_H

/*
 * A second opinion: the kernel's own mm/highmem.c and mm/early_ioremap.c of 6.1, unmodified, on the page tables and TLBs of a
 * machine of ours. kernel.c is compiled with them into a shared object, once per PTE width and debug setting; second_opinion.c
 * loads it, gives it its machine, and does everything twice.
 */

#include <stdbool.h>
#include <stdint.h>

/* What the kernel's files stand on; second_opinion.c has it. Addresses have 32 bits. */
struct second_host {
	void *(*pte)(uint32_t va);			   /* of the kernel's page table, in the machine's own frames */
	void (*flush_one)(uint32_t va);			   /* on the current CPU */
	void (*flush_range)(uint32_t start, uint32_t end); /* on every CPU */
	void *(*frame)(uint64_t pa);			   /* what a mapping shows, for copying out of it */
	void (*warn)(void);
	void (*bug)(void); /* does not return */
	unsigned (*cpu)(void);
	uint32_t page_offset, pkmap_base, fixaddr_top, fix_kmap_begin, fix_kmap_end, fix_btmap_begin;
	uint64_t nr_frames, highmem_pfn;
	uint64_t kmap_prot, fixmap_io, fixmap_normal, fixmap_ro, supported_mask, early_mask;
};

/* A task's share of the kernel's state. */
struct second_task {
	int preempt, pagefault, migrate;
	int idx;
	uint64_t pteval[64]; /* kmap_ctrl as it is stored while the task is off its CPU */
};

struct second_kernel {
	void (*init)(const struct second_host *host);
	void (*switch_in)(struct second_task *task);
	void (*switch_out)(struct second_task *task);
	uint32_t (*kmap)(uint64_t pfn);
	void (*kunmap)(uint64_t pfn);
	uint32_t (*page_address)(uint64_t pfn);
	void (*kmap_flush_unused)(void);
	uint64_t (*kmap_to_page)(uint32_t va);
	uint32_t (*kmap_local_page)(uint64_t pfn);
	uint32_t (*kmap_local_pfn)(uint64_t pfn);
	void (*kunmap_local)(uint32_t va);
	uint32_t (*kmap_atomic)(uint64_t pfn);
	void (*kunmap_atomic)(uint32_t va);
	int (*pkmap_count)(unsigned nr);
	void (*early_reset)(void);
	uint32_t (*early_ioremap)(uint64_t pa, uint32_t size);
	uint32_t (*early_memremap)(uint64_t pa, uint32_t size);
	uint32_t (*early_memremap_ro)(uint64_t pa, uint32_t size);
	void (*early_iounmap)(uint32_t va, uint32_t size);
	int (*early_leak)(void);
	int (*task_idx)(void);
	struct second_task *(*task)(void);
};

extern const struct second_kernel second_kernel;

#endif
