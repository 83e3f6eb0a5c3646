/* SPDX-License-Identifier: MIT */
#ifndef FXMI_STATE_H
#define FXMI_STATE_H

/*
 * The room `state`: what the simulated kernel of a machine knows, as data. Every room above reads it; who writes a field is said
 * beside it. Everything that depends on the profile is copied into struct fxmi_kernel at machine creation.
 *
 * Lock order: trace.op_lock -> kmap_lock -> (sim's locks); report and trace.lock are leaves, never held while calling up or
 * sleeping.
 */

#include "layout.h"
#include "percpu.h"
#include "slots.h"

#include <fixmap/fixmap.h>
#include <sim.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define FXMI_PAGE_MASK (~(uint64_t)(FXM_PAGE_SIZE - 1))

struct fxmi_part;
struct fxmi_stacks;
struct fxmi_suppressions;
struct fxmi_tier;
struct fxmi_told;
struct fxmi_trace;

/* inject.c: who answers an injected interrupt. */
struct fxmi_handler {
	fxm_inject_fn fn; /* NULL: nobody */
	void *arg;
	bool is_checked; /* it looks itself at what its functions leave */
};

/* Sites that warn once per boot. */
enum fxmi_once {
	FXMI_ONCE_ATOMIC_ORDER,
	FXMI_ONCE_PUSH_IRQ,
	FXMI_ONCE_LOCAL_ORDER,
	FXMI_ONCE_LOCAL_LOW,
	FXMI_ONCE_LOCAL_FORCE_MAP,
	FXMI_ONCE_OUT_GUARD,
	FXMI_ONCE_OUT_NONE,
	FXMI_ONCE_IN_GUARD,
	FXMI_ONCE_IN_NONE,
	FXMI_ONCE_TO_PAGE_PKMAP,
	FXMI_ONCE_TO_PAGE_LOCAL
};

/* report_fail.c: what the next failure of a test will say. Guarded by report_lock. */
struct fxmi_failure {
	fxm_fail_fn fail; /* NULL: reports fail nothing */
	void *arg;
	pthread_t thread; /* whose tests they are */
	char *text;	  /* of the reports, one after the other */
	uint64_t reports, dropped;
};

struct fxmi_kernel {
	struct fxm_machine *m;
	struct fxm_layout *layout;
	unsigned version; /* major << 16 | minor << 8 | patch */
	unsigned pte_bytes;
	unsigned page_shift; /* of a base page; frames are numbered in units of 4 KB whatever it is */
	uint64_t page_size;
	bool typed;				     /* the km_type generation */
	bool local;				     /* the kmap_local generation */
	bool force_map, preempt_rt;		     /* DEBUG_KMAP_LOCAL_FORCE_MAP, PREEMPT_RT */
	uint64_t km_incr;			     /* KM_INCR: what a mapping adds to kmap_ctrl.idx */
	bool highmem;				     /* CONFIG_HIGHMEM */
	bool has_kmap_group;			     /* FIX_KMAP_BEGIN..END exist */
	bool debug_highmem, debug_atomic_sleep, smp;
	bool debug_preempt, checks_preempt; /* DEBUG_PREEMPT; that, or the detector "preemptible", of a preemptible kernel */
	bool checks_sleep; /* the kernel or the detector "sleep-in-atomic" */
	bool flush_pkmap_always, flush_range_is_all, kunmap_bug_in_irq, kunmap_might_sleep;
	bool setter_is_x86; /* __set_fixmap: the value decides, not the protection; flushes this CPU's page */
	bool flush_on_clear_only, refuses_hole, is_kmap_addr_local;
	bool is_arm;	      /* arch/arm */
	bool arm;	      /* its kmap_atomic, until 5.10 */
	bool has_high_get;    /* ARCH_NEEDS_KMAP_HIGH_GET */
	bool atomic_high_get; /* kmap_atomic and kmap_local try it */
	bool kmap_local_pte_by_address; /* KMAP_LOCAL_NON_LINEAR_PTE_ARRAY */
	bool cache_vivt;
	bool atomic_flush_at_map; /* kmap_atomic flushes what the slot showed before */
	bool atomic_pte_left;	  /* kunmap_atomic leaves the PTE in place, and flushes nothing */
	bool debug_virtual;	  /* __pa() of what is not in the direct map is a BUG */
	bool kmap_to_page_local;  /* kmap_to_page() knows addresses of kmap_local */
	uint64_t atomic_step;	  /* what kmap_atomic adds to fxm_vcpu.counts, besides a level */
	uint32_t cache_colours; /* a power of two: pages that a virtually indexed cache holds apart */
	uint64_t va_mask, fixaddr_top, fixaddr_start, page_offset, high_memory;
	uint64_t vmalloc_start, vmalloc_end; /* reserve_top_address() moves the end alone: lowmem stays */
	uint64_t linear_base; /* PAGE_OFFSET - PHYS_OFFSET: what a physical address of lowmem and its virtual one differ by */
	uint32_t nr_fixed; /* __end_of_fixed_addresses */
	uint32_t fix_kmap_begin, fix_kmap_end, km_type_nr;
	uint64_t kmap_prot, prot_normal, prot_nocache, prot_io;
	const char *prot_normal_name, *prot_nocache_name, *prot_io_name;
	uint64_t pte_mask; /* __supported_pte_mask */
	struct fxmi_pkmap pkmap;
	struct fxmi_early early;
	struct fxmi_fixed fixed;
	const struct fxmi_family *family[FXMI_FAMILIES]; /* NULL: this kernel has none */
	struct fxm_layout *moved_from; /* what reserve_top_address() moved; NULL: nothing, and `layout` is the machine's first */

	bool detect;	   /* some detector is on */
	bool record_sites; /* mapping sites are recorded: detectors and stacks are on */
	bool has_stacks;   /* stacks=on or full: reports say where they arose */
	bool full_stacks;  /* stacks=full: and by which calls a mapping was made */
	bool preemptible;  /* CONFIG_PREEMPT, CONFIG_PREEMPTION */
	enum fxm_policy policy[FXM_REPORT_FINDING + 1];
	pthread_mutex_t report_lock;
	struct fxmi_told *told;			/* the findings that were told */
	struct fxmi_suppressions *suppressions; /* NULL: none */
	struct fxmi_stacks *stacks;		/* call_site.c; NULL without stacks=full */
	struct fxmi_trace *trace;

	/* From here on all is zero when the kernel boots. */
	_Atomic(struct fxmi_kmap_ctrl *) kmap_ctrls; /* of all tasks that ever mapped; kmap_ctrl.c */
	_Atomic uint64_t kmap_ctrl_uses;
	_Atomic(struct fxmi_areas *) areas; /* NULL when never used */
	_Atomic(struct fxmi_part *) parts;  /* what rooms above `machine` added */
	_Atomic(struct fxmi_tier *) tier;   /* NULL when never used */
	struct fxmi_handler handler[FXM_CONTEXT_NMI + 1]; /* of injected interrupts, and TASK: of calls */
	uint64_t fixmaps_set;
	uint32_t once; /* bits of enum fxmi_once that have fired */

	/* report.c */
	fxm_report_fn report_fn;
	void *report_arg;
	_Atomic uint64_t report_count[FXM_REPORT_FINDING + 1];
	_Atomic uint64_t repeated, suppressed; /* reports that nobody was told of */
	struct fxmi_failure failure;
	_Atomic unsigned oopses;   /* the N of "[#N]" */
	uintptr_t stale_site;	   /* who left a stale TLB entry on another CPU last */
	uintptr_t overrun_told[2]; /* the mapping that a pointer ran off last: where it was made, and where that was */
	uintptr_t sleep_told;	   /* where the section began that a sleep was found in last */
	struct fxmi_damage {	   /* the last writes to kmalloc()'s memory that were told when they were made */
		_Atomic uint64_t va, size;
	} damage[16];
	_Atomic unsigned nr_damage;
};

FXMI_INLINE struct fxmi_kernel *fxmi_kernel(const struct fxm_machine *m)
{
	return m->kernel;
}

/* Kernel of @cpu. */
FXMI_INLINE struct fxmi_kernel *fxmi_kernel_of(const struct fxm_vcpu *cpu)
{
	return fxmi_percpu(cpu)->kernel;
}

FXMI_INLINE fxm_va fxmi_va_error(int error)
{
	return fxm_va_of((uint64_t)(int64_t)error);
}

/* 0, or the error of a first argument that is null or whose machine this process may not use. */
FXMI_INLINE int fxmi_check_cpu(const struct fxm_vcpu *cpu)
{
	return fxmi_unlikely(!cpu) ? -EINVAL : fxmi_unlikely(fxmi_rare(cpu) & FXMI_RARE_DEAD) ? -ECHILD : 0;
}

/* ---- fixed addresses ---- */

FXMI_INLINE uint64_t fxmi_fix_to_virt(const struct fxmi_kernel *k, uint64_t index)
{
	return (k->fixaddr_top - (index << k->page_shift)) & k->va_mask;
}

FXMI_INLINE uint64_t fxmi_virt_to_fix(const struct fxmi_kernel *k, uint64_t va)
{
	return ((k->fixaddr_top - (va & ~(k->page_size - 1))) & k->va_mask) >> k->page_shift;
}

/* Whether @va lies in the fixed-address area, boot mappings included, and not in pkmap (which boot mappings may overlap). */
bool fxmi_va_is_fixed(const struct fxmi_kernel *k, uint64_t va);

/* "KM_USER0", "?" for a number that is none. */
const char *fxmi_km_type_name(const struct fxmi_kernel *k, uint32_t type);

/* page_address() of a valid page; 0: it has none. */
FXMI_INLINE uint64_t fxmi_page_address(const struct fxmi_kernel *k, const struct fxm_page *page)
{
	uint64_t pfn = fxmi_page_pfn(k->m, page);
	if (pfn < k->m->mem.highmem_pfn)
		return k->linear_base + (pfn << FXM_PAGE_SHIFT);
	uint32_t slot_plus_1 = atomic_load_explicit(&page->pkmap_slot, memory_order_acquire);
	return slot_plus_1 ? fxmi_pkmap_addr(&k->pkmap, slot_plus_1 - 1) : 0;
}

/* The frame of a PTE. */
FXMI_INLINE uint64_t fxmi_pte_pfn(const struct fxmi_kernel *k, uint64_t entry)
{
	return (entry & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT;
}

/* ---- fault.c ---- */

/* The fault in the hardware's own code, as kernels print it: the error code, the fault status register, the syndrome. */
unsigned fxmi_fault_status(const struct fxmi_kernel *k, const struct fxm_fault *fault);

/* ---- questions ---- */

/* Whether this kernel's version has @function (a name that fxm_since() knows). */
FXMI_INLINE bool fxmi_has(const struct fxmi_kernel *k, const char *function)
{
	return fxmi_version_has(k->version, function);
}

/* The word of @bytes at physical address @pa, 0 outside of RAM. */
FXMI_INLINE uint64_t fxmi_phys_word(const struct fxmi_kernel *k, uint64_t pa, unsigned bytes)
{
	return fxmi_pfn_is_ram(k->m, pa >> FXM_PAGE_SHIFT)
		   ? fxmi_pte_get(fxmi_frame(k->m, pa >> FXM_PAGE_SHIFT) + (pa & (FXM_PAGE_SIZE - 1)), bytes)
		   : 0;
}

#endif
