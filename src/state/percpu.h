/* SPDX-License-Identifier: MIT */
#ifndef FXMI_PERCPU_H
#define FXMI_PERCPU_H

/*
 * What the simulated kernel keeps of each CPU. It begins with what a kmap_atomic pair touches; everything that depends on the
 * profile is copied there at machine creation, so that no fast path looks up a trait.
 */

#include "record.h"

#include <fixmap/fixmap.h>
#include <sim.h>

struct fxmi_kernel;
struct fxmi_kmap_ctrl;
struct fxmi_op;

/* The per-CPU data of the simulated kernel. */
struct fxmi_percpu {
	/* the fast paths of kmap_atomic_stack.c and kmap_atomic_typed.c */
	unsigned char *kmap_pte;	     /* host address of the PTE of this CPU's slot 0; slot n lies n entries below */
	uint64_t kmap_va;		     /* address of slot 0; slot n lies n pages below */
	const struct fxm_page *high_map;     /* struct page of the first highmem frame */
	uint64_t nr_high;		     /* highmem frames */
	uint64_t high_entry;		     /* PTE of the first highmem frame with kmap_prot */
	uint64_t map_step;		     /* what a map adds to fxm_vcpu.counts */
	uint64_t fast_levels;		     /* levels (types) that the fast forms may use; 0 while cpu->rare is not */
	const _Atomic uint64_t *nr_resident; /* lazily mapped pages in the window; 0: no slot needs looking at */
	fxm_va (*kmap_atomic)(struct fxm_vcpu *, struct fxm_page *);
	int (*kunmap_atomic)(struct fxm_vcpu *, fxm_va);
	/* the fast paths of kmap_atomic_typed.c */
	fxm_va (*kmap_atomic_type)(struct fxm_vcpu *, struct fxm_page *, uint32_t type);
	int (*kunmap_atomic_type)(struct fxm_vcpu *, fxm_va, uint32_t type);
	/* the fast paths of kmap_local.c */
	struct fxmi_kmap_ctrl *kmap_ctrl; /* the current task's; NULL before its first mapping */
	fxm_va (*kmap_local_page)(struct fxm_vcpu *, struct fxm_page *);
	int (*kunmap_local)(struct fxm_vcpu *, fxm_va);
	/* the kernel tier's fast forms, which give and take pointers. NULL, FXMI_SLOW: nothing has happened, the others decide */
	void *(*map_pointer)(struct fxm_vcpu *, struct fxm_page *, uintptr_t caller); /* kmap_atomic() */
	int (*unmap_pointer)(struct fxm_vcpu *, const void *, uintptr_t caller);
	void *(*map_local_pointer)(struct fxm_vcpu *, struct fxm_page *, uintptr_t caller);
	int (*unmap_local_pointer)(struct fxm_vcpu *, const void *, uintptr_t caller);
	void *(*map_type_pointer)(struct fxm_vcpu *, struct fxm_page *, uint32_t type, uintptr_t caller);
	int (*unmap_type_pointer)(struct fxm_vcpu *, const void *, uint32_t type, uintptr_t caller);
	/* colder */
	struct fxmi_kernel *kernel;
	struct fxmi_op *op;    /* the traced operation in progress on this CPU */
	uint32_t judged_types; /* ... types that may not be used everywhere */
	uint32_t live_types;   /* typed generation: types mapped and not yet unmapped */
	struct fxmi_records slots; /* of this CPU's part of the FIX_KMAP group; with kmap_local, of what its tasks left there */
	bool levels_are_off;   /* an unmap too many was told: which level is whose means nothing any more */
	const char *null_call; /* which call returned NULL last, NULL: none; to whom, and where to */
	int null_pid;
	uintptr_t null_site;
	uintptr_t caller;      /* the kernel tier's, while it calls; 0: the call stack tells */
	uint64_t pointer_of;   /* then, in an unmap: the mapping that the pointer was of before it moved; 0: nothing tells */
};
_Static_assert(sizeof(struct fxmi_percpu) <= FXMI_PERCPU_BYTES, "the per-CPU area is too small");

/*
 * A fast form that notes who maps is given its own return address. A call from inside the library is the kernel tier's: whose
 * that is only the call stack can tell, so the slow form takes it. Linked statically, everything is inside.
 */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

FXMI_INLINE bool fxmi_is_inside(uintptr_t pc)
{
	return pc - (uintptr_t)__ehdr_start < (uintptr_t)etext - (uintptr_t)__ehdr_start;
}

/* The return address, in a fast form. The compiler does not know that it is never 0, and would test. */
#define FXMI_NOTED_SITE()                                                                                                          \
	({                                                                                                                         \
		uintptr_t site_ = (uintptr_t)__builtin_return_address(0);                                                          \
		if (!site_)                                                                                                        \
			__builtin_unreachable();                                                                                   \
		site_;                                                                                                             \
	})

/* The same of a caller that is handed down. */
#define FXMI_KNOWN_SITE(caller)                                                                                                    \
	({                                                                                                                         \
		if (!(caller))                                                                                                     \
			__builtin_unreachable();                                                                                   \
		(caller);                                                                                                          \
	})

FXMI_INLINE struct fxmi_percpu *fxmi_percpu(const struct fxm_vcpu *cpu)
{
	return (struct fxmi_percpu *)cpu->percpu;
}

/*
 * Every rare condition is folded into the comparison with the levels. Another thread may switch a trace on meanwhile: this call
 * may still miss it. Atomic loads are not folded into the comparison, which would cost an instruction each; one aligned word is
 * loaded as a whole anyway, and ThreadSanitizer is told.
 */
FXMI_INLINE uint64_t fxmi_fast_levels(const struct fxmi_percpu *pc)
{
#ifdef FXMI_UNDER_TSAN
	return __atomic_load_n(&pc->fast_levels, __ATOMIC_RELAXED);
#else
	return pc->fast_levels;
#endif
}

/*
 * The page's number among the highmem frames, by one rotation: a pointer below, beyond or not a multiple of the array stride
 * becomes a huge number, and leaves a fast form by the same comparison with nr_high as a lowmem page.
 */
FXMI_INLINE uint64_t fxmi_highmem_frame(const struct fxmi_percpu *pc, const struct fxm_page *page)
{
	uint64_t offset = (uintptr_t)page - (uintptr_t)pc->high_map;
	return offset >> 6 | offset << 58;
}

#endif
