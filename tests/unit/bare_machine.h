/* SPDX-License-Identifier: MIT */
#ifndef BARE_MACHINE_H
#define BARE_MACHINE_H

/*
 * A whole i386 machine of sim/ without a simulated kernel: its callbacks are the test's. Lazy segments: a pkmap and a fixmap area,
 * their page tables populated. The test writes the entries itself.
 */

#include "machines.h"
#include "window_internal.h"

#include <fixmap/machine.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE_OFFSET UINT64_C(0xc0000000)
#define LOWMEM_BYTES UINT64_C(0x2000000)
#define RAM_END UINT64_C(0x4000000)
#define HIGHMEM_PFN (LOWMEM_BYTES >> FXM_PAGE_SHIFT)
#define PKMAP UINT64_C(0xff800000)
#define PKMAP_PAGES 512
#define FIXMAP UINT64_C(0xfff15000)
#define FIXMAP_PAGES 234

/* PAGE_KERNEL, and what it lacks in the other two. */
#define RW_ENTRY UINT64_C(0x163)
#define CLEAN_ENTRY UINT64_C(0x123)
#define RO_ENTRY UINT64_C(0x121)

static inline struct fxmi_desc bare_desc(enum fxm_window_mode window, bool identity, const struct fxmi_callbacks *callbacks)
{
	return (struct fxmi_desc){
		.nr_cpus = 4,
		.cpus = 2,
		.ram_end = RAM_END,
		.highmem_pfn = HIGHMEM_PFN,
		.dma_pfn = 0x1000,
		.page_offset = PAGE_OFFSET,
		.format = &fxmi_pt_i386,
		.preempt_count = true,
		.window = window,
		.identity = identity,
		.nr_segments = 3,
		.segment = {{PAGE_OFFSET, LOWMEM_BYTES, false},
			    {PKMAP, PKMAP_PAGES * FXM_PAGE_SIZE, true},
			    {FIXMAP, FIXMAP_PAGES * FXM_PAGE_SIZE, true}},
		.hung_task_seconds = 1,
		.callbacks = callbacks,
	};
}

static inline struct fxm_machine *bare_machine_of(const struct fxmi_desc *desc)
{
	struct fxm_machine *m = NULL;
	int error = fxmi_machine_new(desc, &m);

	if (!error)
		error = fxmi_pgtable_map_linear(m, PAGE_OFFSET, 0, LOWMEM_BYTES, RW_ENTRY);
	if (!error)
		error = fxmi_pgtable_populate(m, PKMAP, UINT64_C(1) << 32);
	if (error) {
		fprintf(stderr, "cannot make a machine: error %d\n", error);
		exit(99);
	}
	return m;
}

static inline struct fxm_machine *bare_machine(enum fxm_window_mode window, bool identity, const struct fxmi_callbacks *callbacks)
{
	struct fxmi_desc desc = bare_desc(window, identity, callbacks);

	return bare_machine_of(&desc);
}

/* Its end, with every structure of sim/ whole. For teardowns. */
static inline int bare_machine_free(struct fxm_machine *m)
{
	fxm_assert(fxmi_machine_is_valid(m));
	return fxmi_machine_free(m);
}

static inline uint64_t bare_pte(const struct fxm_machine *m, uint64_t va)
{
	return fxmi_pte_get(fxmi_pte_ptr(m, va), m->desc.format->entry_bytes);
}

static inline void bare_set_pte(struct fxm_machine *m, uint64_t va, uint64_t entry)
{
	fxmi_pte_set(fxmi_pte_ptr(m, va), m->desc.format->entry_bytes, entry);
}

/* A mapping begins, as src/ does it. */
static inline void bare_map(struct fxm_vcpu *cpu, uint64_t va, uint64_t pfn, uint64_t bits)
{
	uint64_t entry = pfn << FXM_PAGE_SHIFT | bits;

	bare_set_pte(cpu->machine, va, entry);
	fxmi_tlb_flush_one(cpu, va);
	fxmi_window_begin(cpu, va, entry);
}

/* It ends; @leave: the entry stays, as in 2.6. */
static inline void bare_unmap(struct fxm_vcpu *cpu, uint64_t va, bool leave)
{
	if (!leave)
		bare_set_pte(cpu->machine, va, 0);
	fxmi_tlb_flush_one(cpu, va);
	fxmi_window_end(cpu, va);
}

/* The first byte of frame @pfn, past every mapping. */
static inline volatile unsigned char *bare_frame(struct fxm_machine *m, uint64_t pfn)
{
	return fxmi_frame(m, pfn);
}

static inline volatile unsigned char *bare_host(struct fxm_machine *m, uint64_t va)
{
	return fxm_host(m, fxm_va_of(va));
}

#endif
