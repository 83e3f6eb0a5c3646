/* SPDX-License-Identifier: MIT */
#ifndef MODEL_H
#define MODEL_H

/*
 * A second opinion: what the mapping code of i386 2.6.12 and x86_32 4.15, 5.10 and 6.1 does, written from the descriptions of those
 * kernels and not from src/. Plain arrays, linear scans, one statement per step of the kernel's; slow and obvious. The fuzz target
 * runs it beside the library and compares.
 *
 * The numbers of the address-space layout are given; everything that moves is the model's own: pkmap_count, the cursor, the
 * page-to-address records, page-table entries, the counters, the sleepers, which TLB may still hold what.
 *
 * After a BUG the state is what the kernel leaves behind.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_PAGE 4096u
#define MODEL_CPUS 8
#define MODEL_TASKS 16	 /* the first MODEL_CPUS are the CPUs' idle tasks */
#define MODEL_PAGES 8192 /* of address space, up to 4 GiB */
#define MODEL_SLOTS 1024
#define MODEL_CONTEXTS 16
#define MODEL_LEVELS 64 /* kmap_local mappings that a task could have on record */

/* A level has been taken, its entry written, the entry cleared, the level given back. */
enum model_point { MODEL_PUSHED, MODEL_MAPPED, MODEL_CLEARED, MODEL_POPPED, MODEL_POINTS };

enum model_context { MODEL_SOFTIRQ = 1, MODEL_HARDIRQ, MODEL_NMI };

struct model_config {
	bool typed;		 /* 2.6.12, else a stack per CPU */
	bool local;		 /* 6.1: a stack per task */
	bool force_map;		 /* kmap_local maps lowmem too */
	bool debug_virtual;	 /* virt_to_page() of what is not in the direct map is a BUG */
	bool kunmap_might_sleep; /* 5.10 and later, else BUG in interrupt */
	bool pae, debug_highmem, debug_atomic_sleep, preempt_count;
	unsigned nr_cpus;
	uint64_t page_offset, high_memory, fixaddr_top, fixaddr_start, pkmap_base;
	uint32_t nr_fixed, kmap_begin;
	uint64_t highmem_pfn, nr_frames;
	uint64_t supported_mask;				/* __supported_pte_mask */
	uint64_t kmap_prot, prot_normal, prot_nocache, prot_io; /* as the kernel names them, unmasked */
};

struct model_task {
	int preempt, pagefault, migrate;
	int idx; /* current->kmap_ctrl */
	uint64_t pteval[MODEL_LEVELS];
	bool irq_disabled; /* of the CPU while the task sits there */
	unsigned contexts;
	unsigned char context[MODEL_CONTEXTS]; /* enum model_context, innermost last */
	bool irq_saved[MODEL_CONTEXTS];
	/* asleep in kmap: the page, whether kmap_high() goes on to raise the count, and whether somebody woke it */
	bool sleeps, woken, raise;
	uint64_t page;
};

struct model_cpu {
	int depth;
	unsigned current; /* task */
};

/* A translation that a CPU once loaded and nobody flushed. It may have been evicted; nothing else may be there. */
struct model_tlb {
	uint64_t generation; /* of the CPU when loaded; another one: flushed. 0: never */
	uint64_t pte;
};

struct model_record {
	uint64_t pfn, va;
};

struct model {
	struct model_config c;
	uint32_t last_pkmap, km_type_nr;
	uint64_t low; /* address of pte[0] */
	uint64_t pte[MODEL_PAGES];
	int count[MODEL_SLOTS];
	uint32_t last_nr;
	struct model_record record[MODEL_SLOTS]; /* oldest first */
	unsigned records;
	uint64_t fixmaps_set;
	bool warned_order, warned_push;
	bool warned_outside, warned_pkmap_page, warned_local_page;		 /* kunmap_local() of nothing, kmap_to_page() */
	bool warned_out_guard, warned_out_none, warned_in_guard, warned_in_none; /* context switches */
	struct model_task task[MODEL_TASKS];
	struct model_cpu cpu[MODEL_CPUS];
	/* called at each point of kmap_atomic and kmap_local where an interrupt could come */
	void (*interleave)(struct model *m, unsigned cpu, enum model_point point, void *arg);
	void *interleave_arg;
	/* model_init() leaves the rest as it is: it begins with zeroes, and a new generation empties it */
	uint64_t tlb_generation[MODEL_CPUS];
	struct model_tlb tlb[MODEL_CPUS][MODEL_PAGES];
};

enum model_outcome {
	MODEL_DONE,
	MODEL_BUG,
	MODEL_SLEEPS, /* the task is asleep; model_resume() goes on */
	MODEL_REFUSED /* the call does not exist there, or its argument is none: value is the errno */
};

/* What an operation comes to. */
struct model_result {
	enum model_outcome outcome;
	uint64_t address;
	int64_t value;
	int flushed;
	unsigned warnings, sleeping; /* reports besides the BUG */
	const char *where;	     /* of the BUG: FILE:LINE, NULL when not known */
};

/* Everything unmapped; @m was zero before its first time. @pte(va) is asked for what boot left in each entry. */
void model_init(struct model *m, const struct model_config *c, uint64_t (*pte)(void *arg, uint64_t va), void *arg);

uint64_t model_pte(const struct model *m, uint64_t va);
unsigned model_waiters(const struct model *m);
uint64_t model_fix_to_virt(const struct model *m, uint64_t index);

struct model_result model_kmap(struct model *m, unsigned cpu, uint64_t pfn);
struct model_result model_kunmap(struct model *m, unsigned cpu, uint64_t pfn);
struct model_result model_kmap_high(struct model *m, unsigned cpu, uint64_t pfn);
struct model_result model_kunmap_high(struct model *m, unsigned cpu, uint64_t pfn);
struct model_result model_map_new_virtual(struct model *m, unsigned cpu, uint64_t pfn);
struct model_result model_flush_all_zero_pkmaps(struct model *m);
struct model_result model_kmap_flush_unused(struct model *m);
struct model_result model_page_address(const struct model *m, uint64_t pfn);
struct model_result model_set_page_address(struct model *m, uint64_t pfn, uint64_t va);
struct model_result model_kmap_to_pfn(struct model *m, unsigned cpu, uint64_t va);

/* Puts @task on @cpu in place of the one that is there; returns the WARNs of the context switch. */
unsigned model_switch(struct model *m, unsigned cpu, unsigned task);

/* @task, which sits on @cpu, ends: returns how many kmap_local mappings it never undid. @other sits there afterwards. */
unsigned model_task_end(struct model *m, unsigned cpu, unsigned other);

/* How many kmap_local mappings @task has, as far as its record goes. */
unsigned model_held(const struct model *m, unsigned task);

/* Mappings that @task on @cpu has: the depth of the CPU's stack, or of the task's. */
int model_depth(const struct model *m, unsigned cpu, unsigned task);

/* How far a mapping moves it. */
int model_increment(const struct model *m);

/* The task that sits on @cpu was asleep and runs again; it must have been woken. */
struct model_result model_resume(struct model *m, unsigned cpu);

struct model_result model_kmap_atomic(struct model *m, unsigned cpu, uint64_t pfn, uint64_t prot);
struct model_result model_kmap_atomic_pfn(struct model *m, unsigned cpu, uint64_t pfn);
struct model_result model_kunmap_atomic(struct model *m, unsigned cpu, uint64_t va);
struct model_result model_kmap_local_page(struct model *m, unsigned cpu, uint64_t pfn, uint64_t prot);
struct model_result model_kmap_local_pfn(struct model *m, unsigned cpu, uint64_t pfn);
struct model_result model_kunmap_local(struct model *m, unsigned cpu, uint64_t va);
struct model_result model_is_kmap_addr(const struct model *m, uint64_t va);
struct model_result model_idx_push(struct model *m, unsigned cpu);
struct model_result model_idx(const struct model *m, unsigned cpu);
struct model_result model_idx_pop(struct model *m, unsigned cpu);

struct model_result model_kmap_atomic_type(struct model *m, unsigned cpu, uint64_t pfn, uint32_t type);
struct model_result model_kunmap_atomic_type(struct model *m, unsigned cpu, uint64_t va, uint32_t type);
struct model_result model_kmap_atomic_to_pfn(const struct model *m, uint64_t va);

struct model_result model_set_fixmap(struct model *m, unsigned cpu, uint32_t index, uint64_t pa, uint64_t prot);
struct model_result model_virt_to_fix(const struct model *m, uint64_t va);

struct model_result model_might_sleep(const struct model *m, unsigned cpu);
void model_preempt(struct model *m, unsigned cpu, int step);
void model_irq(struct model *m, unsigned cpu, bool disable);
struct model_result model_enter(struct model *m, unsigned cpu, enum model_context context);
struct model_result model_leave(struct model *m, unsigned cpu, enum model_context context);
void model_pagefault(struct model *m, unsigned cpu, int step);

void model_tlb_flush_one(struct model *m, unsigned cpu, uint64_t va);
void model_tlb_flush(struct model *m, unsigned cpu);

/* What an access through the TLB of @cpu comes to. */
struct model_access {
	bool fault, present; /* present: the fault is one of permission */
	bool illegal;	     /* @hit is not a translation that this TLB may hold */
	uint64_t pfn;
};

/*
 * An access to @va. @hit: the TLB was seen to hold a translation of its page, to frame @hit_pfn. Sets ACCESSED and DIRTY as the
 * walk does, and notes what the TLB holds from now on.
 */
struct model_access model_access(struct model *m, unsigned cpu, uint64_t va, bool write, bool hit, uint64_t hit_pfn);

/* Whether @va lies in the pages that the model keeps entries for. */
bool model_covers(const struct model *m, uint64_t va);

#endif
