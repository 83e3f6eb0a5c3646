/* SPDX-License-Identifier: MIT */
#ifndef FXMI_SLOTS_H
#define FXMI_SLOTS_H

/*
 * What the simulated kernel keeps of the slots that all CPUs share: the pkmap pool and the boot maps. Those of a CPU's own are in
 * its per-CPU area, those of a task's own with the task.
 */

#include "record.h"

#include <fixmap/fixmap.h>
#include <sim.h>

/*
 * A slot of the pkmap pool: 1 + pfn of its page in the upper half, pkmap_count in the lower. Raising and lowering a count
 * >= 1 is a compare-and-swap on the word by anybody; 0 -> 1 (map_new_virtual) and 1 -> 0 (flush_all_zero_pkmaps) happen under
 * kmap_lock only. One to a cache line: tasks that map different pages do not slow each other down.
 */
struct fxmi_pkmap_slot {
	_Atomic uint64_t word;
	char line[64 - sizeof(uint64_t)];
};

/* Colours of a cache, at most. */
#define FXMI_COLOURS 8

struct fxmi_pkmap {
	struct fxmi_spinlock kmap_lock;
	struct fxmi_wait_queue map_wait[FXMI_COLOURS]; /* pkmap_map_wait, one for each colour; guarded by kmap_lock */
	struct fxmi_pkmap_slot *slot;
	unsigned long *free;	     /* bit per slot: count is 0; kmap_lock */
	_Atomic unsigned long *idle; /* bit per slot: count has been 1 since the last flush (may have risen again) */
	/* page_address.c: the address records, guarded by kmap_lock */
	uint64_t *record_seq;  /* age, 0 for a free one */
	uint64_t *record_page; /* pfn */
	uint32_t *record_slot;
	bool has_record_pool;	       /* 2.6: any record serves any slot */
	bool is_irregular;	       /* more or other records than kmap() makes */
	uint32_t used;		       /* no slot and no record from this one on was ever taken; kmap_lock */
	struct fxmi_records records;   /* of each slot, from its first user (1 -> 2) to its last (2 -> 1) */
	uint64_t next_seq;
	uint32_t last_pkmap;			 /* LAST_PKMAP, a power of two */
	uint32_t last_nr;			 /* last_pkmap_nr; written under kmap_lock, looked at from anywhere */
	uint32_t colours, last_of[FXMI_COLOURS]; /* the same for each colour; kmap_lock */
	unsigned char *pte;			 /* pkmap_page_table, host address */
	uint64_t base;				 /* PKMAP_BASE */
};

/* early_ioremap.c, bt_ioremap.c: the boot maps. Boot code runs on one CPU: no lock. */
#define FXMI_EARLY_SLOTS 8

struct fxmi_early_slot {
	uint64_t base;		      /* slot_virt */
	uint64_t prev_map, prev_size; /* prev_map 0: free */
	uint64_t last_map, last_size; /* of the last mapping, live or not */
};

struct fxmi_early {
	enum fxm_boot_phase phase;
	bool debug;	   /* boot parameter early_ioremap_debug */
	uint32_t begin;	   /* FIX_BTMAP_BEGIN */
	uint32_t pages;	   /* NR_FIX_BTMAPS */
	uint32_t nr_slots; /* FIX_BTMAPS_SLOTS */
	struct fxmi_early_slot slot[FXMI_EARLY_SLOTS];
	struct fxmi_records records;
};

/* fixmap.c: what set_fixmap() was called for, by index. */
struct fxmi_fixed {
	struct fxmi_records records;
	_Atomic uint32_t used;	/* no index from this one on was ever set */
	uint64_t *group_serial; /* of a slot of the FIX_KMAP group: its serial at that time; another one now is a later user */
};

/*
 * room area: a part of the vmalloc area that one call has, or had. Changed under areas.lock; looked at from anywhere, so that each
 * word is read and written once.
 */
enum fxmi_area_state {
	FXMI_AREA_NONE, /* its addresses may be another's by now */
	FXMI_AREA_LIVE,
	FXMI_AREA_LAZY /* undone; nobody has its addresses until the TLBs have been flushed */
};

struct fxmi_area {
	uint64_t start, pages; /* its first page, and how many, without the guard page behind them */
	uint64_t va, bytes;    /* what the call returned, and what it was asked for */
	uint64_t *pfn;	       /* vmalloc(): the pages that it took. areas.lock */
	const char *undo;      /* "vfree" */
	unsigned state;
};

struct fxmi_areas {
	struct fxmi_spinlock lock; /* vmap_area_lock; guards all but the areas' words */
	uint64_t start, pages;	   /* of the vmalloc area */
	uint32_t nr, used, cursor; /* places in area[]; those before `used` had one; where to look for one next */
	struct fxmi_area *area;
	uint32_t *of_page;	 /* 1 + the last area that had this page, its guard page included; a word as the areas' */
	unsigned long *busy;	 /* a bit per page: live or lazy */
	uint64_t lazy_pages;
	struct fxmi_records records;
};

/* The area that the page at @va was of last, which may be its guard page; NULL: none. */
FXMI_INLINE const struct fxmi_area *fxmi_area_of(const struct fxmi_areas *a, uint64_t va)
{
	uint64_t page = a ? (va - a->start) >> FXM_PAGE_SHIFT : 0;
	uint32_t n = a && va >= a->start && page < a->pages ? fxmi_read_once(a->of_page[page]) : 0;

	return n ? &a->area[n - 1] : NULL;
}

FXMI_INLINE uint64_t fxmi_pkmap_addr(const struct fxmi_pkmap *p, uint32_t nr)
{
	return p->base + ((uint64_t)nr << FXM_PAGE_SHIFT);
}

/* The slot of @va, or -1 when it lies outside the area. */
FXMI_INLINE int fxmi_pkmap_nr(const struct fxmi_pkmap *p, uint64_t va)
{
	uint64_t nr = (va - p->base) >> FXM_PAGE_SHIFT;
	return va >= p->base && nr < p->last_pkmap ? (int)nr : -1;
}

/* last_pkmap_nr, for those without kmap_lock. */
FXMI_INLINE uint32_t fxmi_pkmap_cursor(const struct fxmi_pkmap *p)
{
	return __atomic_load_n(&p->last_nr, __ATOMIC_RELAXED);
}

FXMI_INLINE uint32_t fxmi_pkmap_count(const struct fxmi_pkmap *p, uint32_t nr)
{
	return (uint32_t)atomic_load_explicit(&p->slot[nr].word, memory_order_acquire);
}

#endif
