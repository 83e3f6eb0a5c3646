/* SPDX-License-Identifier: MIT */
#ifndef FXMI_VIEW_H
#define FXMI_VIEW_H

/*
 * What a vCPU needs at hand of the window's identities (sim/window/lanes.h): for each access that compiled kernel code announces,
 * and for each pointer that is handed out or comes back.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Where a mapping was made and where it was undone, as src/ notes it. */
struct fxmi_places {
	uintptr_t mapped, unmapped;
};

/* No page of the host, and not near one. */
#define FXMI_NOT_HOT (UINTPTR_MAX / 2 + 1)

struct fxmi_view {
	/*
	 * An access: sim/window/check.c. hot: the host page that this vCPU was granted last, for a load, for a store: what lies in
	 * it passes at once. Whoever takes a grant back cools it, after the word; who sets it looks at the word again afterwards.
	 */
	_Atomic uintptr_t hot[2];
	uintptr_t alias_host; /* the aliases of RAM; bytes 0: there are none */
	uint64_t alias_bytes;
	_Atomic uint64_t *word; /* of each page of them */
	uint32_t key;		/* a word's low half that lets this vCPU read and write: sim/window/lanes.h */
	bool is_checked;	/* window=checked */
	uintptr_t direct_host;	/* the direct map; bytes 0: it is not checked */
	uint64_t direct_bytes;
	const unsigned char *shadow; /* of each 8 bytes of the direct map: sim/mem/kmalloc.c */
	uintptr_t slots_host;	     /* the slots' own addresses; bytes 0: they are not checked */
	uint64_t slots_bytes;
	/* a map, an unmap */
	uint64_t delta;	     /* host - simulated of a slot's own address */
	uint64_t first_high; /* first highmem frame */
	uint64_t begun;	     /* the low half of a word that begins in a slot of this CPU */
	uint32_t *alias_of;  /* of each page of the address space: 1 + the alias page of its present or last mapping, 0: none */
	unsigned char *turn; /* of each frame: how often it was mapped */
	struct fxmi_places *places;	     /* of each alias page; NULL: nobody wants to know */
	unsigned lane_mask;		     /* lanes - 1 */
	uint64_t lane_pages;		     /* a power of two */
	const _Atomic uint64_t *nr_resident; /* the window's */
	/* where accesses are not checked: places in code that have mapped since the window's SIGSEGV handler was looked after */
	uintptr_t armed[16];
	/* the kernel tier's */
	unsigned units; /* which of the loaded units were found to fit: src/tier/unit.c */
};

FXMI_INLINE void fxmi_view_cool(struct fxmi_view *v)
{
	atomic_store_explicit(&v->hot[0], FXMI_NOT_HOT, memory_order_relaxed);
	atomic_store_explicit(&v->hot[1], FXMI_NOT_HOT, memory_order_relaxed);
}

#endif
