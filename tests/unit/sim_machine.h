/* SPDX-License-Identifier: MIT */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

/*
 * A machine with memory, page tables and vCPUs, and nothing else: no window, no tasks. For tests of those parts alone.
 */

#include "mmu_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define SIM_PAGE_OFFSET UINT64_C(0xc0000000)
/* 64 MB: DMA to 16 MB, Normal to 48 MB less two pages (a border inside a block), then HighMem. */
#define SIM_RAM_END UINT64_C(0x4000000)
#define SIM_DMA_PFN UINT64_C(0x1000)
#define SIM_HIGHMEM_PFN UINT64_C(0x2ffe)
/* An area of base pages to play in, populated by sim_machine_new(). */
#define SIM_AREA UINT64_C(0xff800000)
#define SIM_AREA_END UINT64_C(0x100000000)
/* PAGE_KERNEL: present, writable, accessed, dirty, global. */
#define SIM_KERNEL UINT64_C(0x163)

static inline void sim_add_cpu(struct fxm_machine *m)
{
	struct fxm_vcpu *cpu = aligned_alloc(64, (sizeof(*cpu) + 63) & ~(size_t)63);

	fxm_assert(cpu);
	memset(cpu, 0, sizeof(*cpu));
	cpu->machine = m;
	cpu->id = m->cpus_online;
	fxmi_tlb_init(cpu);
	m->vcpu[m->cpus_online++] = cpu;
}

/* NULL when the host has no room for it. */
static inline struct fxm_machine *sim_machine_try(const struct fxmi_pt_format *format, uint64_t ram_end, unsigned cpus)
{
	struct fxm_machine *m = calloc(1, sizeof(*m));

	fxm_assert(m);
	m->desc = (struct fxmi_desc){
	    .ram_end = ram_end,
	    .dma_pfn = SIM_DMA_PFN,
	    .highmem_pfn = SIM_HIGHMEM_PFN,
	    .page_offset = SIM_PAGE_OFFSET,
	    .format = format,
	};
	if (fxmi_physmem_init(m)) {
		free(m);
		return NULL;
	}
	fxmi_injections_init(&m->inject);
	fxm_assert(fxmi_kmalloc_init(m) == 0 && fxmi_pgtable_init(m) == 0);
	while (m->cpus_online < cpus)
		sim_add_cpu(m);
	return m;
}

static inline struct fxm_machine *sim_machine_sized(const struct fxmi_pt_format *format, uint64_t ram_end, unsigned cpus)
{
	struct fxm_machine *m = sim_machine_try(format, ram_end, cpus);

	fxm_assert(m);
	return m;
}

/* With its direct map, and page tables for the area. */
static inline struct fxm_machine *sim_machine_new(const struct fxmi_pt_format *format, unsigned cpus)
{
	struct fxm_machine *m = sim_machine_sized(format, SIM_RAM_END, cpus);

	fxm_assert(fxmi_pgtable_map_linear(m, SIM_PAGE_OFFSET, 0, SIM_HIGHMEM_PFN << FXM_PAGE_SHIFT, SIM_KERNEL) == 0);
	fxm_assert(fxmi_pgtable_populate(m, SIM_AREA, SIM_AREA_END) == 0);
	return m;
}

static inline void sim_machine_free(struct fxm_machine *m)
{
	fxm_assert(fxmi_injections_are_valid(&m->inject));
	fxm_assert(fxmi_mem_is_valid(m));
	for (unsigned i = 0; i < m->cpus_online; i++)
		free(m->vcpu[i]);
	fxmi_bus_free(m);
	fxmi_kmalloc_free(m);
	fxmi_physmem_free(m);
	free(m);
}

/* Writes the base-page entry of @va. */
static inline void sim_set_pte(struct fxm_machine *m, uint64_t va, uint64_t entry)
{
	void *pte = fxmi_pte_ptr(m, va);

	fxm_assert(pte);
	fxmi_pte_set(pte, m->desc.format->entry_bytes, entry);
}

static inline uint64_t sim_entry(uint64_t pfn, uint64_t prot)
{
	return pfn << FXM_PAGE_SHIFT | prot;
}

#endif
