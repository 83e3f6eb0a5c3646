/* SPDX-License-Identifier: MIT */
#ifndef FXMI_PHYSMEM_H
#define FXMI_PHYSMEM_H

/*
 * Physical memory: a struct fxm_page for each frame, and the zones that the buddy allocator divides them into.
 */

#include <fixmap/memory.h>

#include "assertions.h"
#include "compiler.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * One per frame, 64 bytes, in an array indexed by pfn. `kernel` belongs to whoever owns the page (include/kernel's struct
 * page gives it field names: lru, mapping, index, private); the buddy allocator uses it while the page is free.
 */
struct fxm_page {
	unsigned long flags; /* FXMI_PG_* in the top byte; the rest is the kernel tier's */
	unsigned long kernel[5];
	atomic_int mapcount;
	atomic_int refcount; /* 0: free or never usable */
	uint32_t order;	     /* of a free block or an allocated head */
	_Atomic uint32_t pkmap_slot; /* src/: 1 + pkmap slot that holds this page, 0 for none */
};
_Static_assert(sizeof(struct fxm_page) == 64, "struct page of the kernel tier has the same size");

#define FXMI_PG_SHIFT 56
#define FXMI_PG_BUDDY (1UL << (FXMI_PG_SHIFT + 0))	/* head of a free block */
#define FXMI_PG_HEAD (1UL << (FXMI_PG_SHIFT + 1))	/* head of a compound page */
#define FXMI_PG_TAIL (1UL << (FXMI_PG_SHIFT + 2))	/* tail; kernel[0] holds the head's address */
#define FXMI_PG_RESERVED (1UL << (FXMI_PG_SHIFT + 3)) /* holes, the kernel's image and page tables */
#define FXMI_PG_SLAB (1UL << (FXMI_PG_SHIFT + 4))	/* kmalloc's */
#define FXMI_PG_NAMED (1UL << (FXMI_PG_SHIFT + 5))	/* src/trace.c knows a name for it */

struct fxmi_free_list {
	struct fxm_page *head; /* linked by kernel[0] (next) and kernel[1] (prev) */
	uint64_t blocks;
};

struct fxmi_zone {
	uint64_t start_pfn, end_pfn, present, free;
	uint64_t fresh, fresh_from; /* blocks in physmem.fresh that are this zone's; no lower block number of it is */
	struct fxmi_free_list area[FXM_MAX_ORDER + 1];
};

/* Of a frame, what a checked access has to know. */
enum { FXMI_FRAME_PLAIN, FXMI_FRAME_SLAB, FXMI_FRAME_FREED };

/*
 * The shadow: a byte for each 8 bytes of the direct map. 0: all of them may be accessed; 1 to 7: so many; else none. An object of
 * kmalloc() that was freed stays so until its place is allocated anew.
 */
enum { FXMI_SHADE_NONE = 0xfa, FXMI_SHADE_FREED = 0xfb };

/* One bit of `touched` stands for so many struct pages: a page of the host. */
enum { FXMI_TOUCH_PAGES = FXM_PAGE_SIZE / sizeof(struct fxm_page) };

/* Runs of frames that the host keeps memory for, as the last reset found them. */
enum { FXMI_KEPT_RUNS = 16, FXMI_KEPT_FRAMES = 256 };
struct fxmi_kept {
	uint64_t host_blocks; /* st_blocks of the memfd then: while it says the same, no other frame was touched. 0: unknown */
	unsigned nr;
	struct {
		uint64_t pfn, end;
	} run[FXMI_KEPT_RUNS];
};

struct fxmi_physmem {
	int memfd;
	unsigned char *ram;	   /* the whole memfd, mapped once: frame n at ram + (n << 12) */
	uint64_t start_pfn;	   /* the first frame; below it there is nothing */
	uint64_t nr_frames;	   /* the end: one more than the last frame's number */
	struct fxm_page *mem_map;  /* nr_frames entries */
	uint64_t highmem_pfn;	   /* first frame without a permanent address */
	pthread_mutex_t zone_lock; /* guards zones and free blocks, kmalloc's slabs, and additions to machine.devices */
	struct fxmi_zone zone[FXM_ZONES];
	uint64_t *fresh; /* a bit per max-order block: free, on no list, its struct pages never touched */
	/* Behind `fresh`, a bit per FXMI_TOUCH_PAGES struct pages: one of them may be other than zero. */
	_Atomic uint64_t *touched;
	struct fxmi_kept kept;
	size_t mem_map_bytes, fresh_bytes; /* host mappings, for unmapping; fresh_bytes with `touched` */
	unsigned char *frame_state;	   /* FXMI_FRAME_* of each; sparse, NULL unless accesses are checked */
	unsigned char *shadow;		   /* kmalloc.c: of each 8 bytes below highmem; as frame_state */
	void (*freed)(struct fxm_machine *m, uint64_t pfn, unsigned order); /* who wants to know, with zone_lock; or NULL */
	uint64_t table_pfn, table_end_pfn; /* reserved frames that page tables are taken from, next first */
};

#endif
