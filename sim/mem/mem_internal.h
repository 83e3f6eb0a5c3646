/* SPDX-License-Identifier: MIT */
#ifndef FXMI_MEM_INTERNAL_H
#define FXMI_MEM_INTERNAL_H

/*
 * What the rooms of sim/ see of `mem` and src/ does not need.
 */

#include "assertions.h"
#include "forked.h"
#include "frames.h"
#include "kmalloc.h"

#include <string.h>

/* ---- building and tearing down ---- */

/*
 * The frames, mem_map and zones of m->desc (ram_end, highmem_pfn, dma_pfn). Touches neither the frames nor, beyond a few,
 * their struct pages: the cost does not depend on the size. -EINVAL: ram_end has no room for the kernel's image, or is
 * beyond 64 bits' worth of sense; else what the host refused with (desc.refused). Nothing remains after an error.
 */
int fxmi_physmem_init(struct fxm_machine *m);

void fxmi_physmem_free(struct fxm_machine *m);

/* Frames, struct pages and zones as fxmi_physmem_init() left them; whoever had memory has given it up. */
void fxmi_physmem_reset(struct fxm_machine *m);

/* The offset in the memfd of a page of all ones. */
uint64_t fxmi_physmem_ones(const struct fxm_machine *m);

/* While a machine is made: the host has refused @call, with errno. Returns that, negative. */
int fxmi_host_refused(const struct fxm_machine *m, const char *call);

int fxmi_kmalloc_init(struct fxm_machine *m);
void fxmi_kmalloc_free(struct fxm_machine *m);
void fxmi_kmalloc_reset(struct fxm_machine *m);

void fxmi_bus_free(struct fxm_machine *m);

/* ---- the machines of this process ---- */

/*
 * Calls @fn for every machine of this process, the dead ones last, until it returns non-zero; returns that. From the SIGSEGV
 * handler too: a thread that is changing the list runs no code that could fault.
 */
int fxmi_machine_each(int (*fn)(struct fxm_machine *m, void *arg), void *arg);

void fxmi_machine_enlist(struct fxm_machine *m);
void fxmi_machine_delist(struct fxm_machine *m);

/* fork() holds the lock all along; a debugger stops everybody. To them the newest machine, the others by next_machine. */
void fxmi_machines_lock(void);
void fxmi_machines_unlock(void);
struct fxm_machine *fxmi_machines_locked(void);

/* ---- page allocator ---- */

/* Hands the free frames [start, end) of one zone to the allocator, at machine creation. */
void fxmi_zone_add(struct fxmi_physmem *mem, struct fxmi_zone *zone, uint64_t start, uint64_t end);

/* fxm_alloc_pages() and fxm_free_pages() without failure injection and with zone_lock held. */
struct fxm_page *fxmi_alloc_pages_locked(struct fxm_machine *m, unsigned gfp, unsigned order);
void fxmi_free_pages_locked(struct fxm_machine *m, struct fxm_page *page);

/* Has the frames' states and kmalloc's shadow kept from here on; before anything is allocated. False: the host refused. */
bool fxmi_frames_watch(struct fxm_machine *m);

/* The block of frames is allocated, kmalloc's, or given back. */
void fxmi_frames_become(struct fxm_machine *m, uint64_t pfn, unsigned order, unsigned char state);

FXMI_INLINE void fxmi_frame_set(struct fxm_machine *m, uint64_t pfn, unsigned order, unsigned char state)
{
	if (fxmi_unlikely(m->mem.frame_state != NULL))
		fxmi_frames_become(m, pfn, order, state);
}

/* Whether the allocation that is about to happen shall fail. */
FXMI_INLINE bool fxmi_alloc_fails(struct fxm_machine *m)
{
	return fxmi_inject_due(&m->inject, FXMI_POINT_ALLOC, UINT32_MAX);
}

/* Whether the zones' books agree with each other and with mem_map. Takes zone_lock. */
bool fxmi_zones_are_valid(struct fxm_machine *m);

/* ---- kmalloc ---- */

/* Has told what was noted of kmalloc's objects; returns how many. Without locks. */
unsigned fxmi_kmalloc_tell(struct fxm_machine *m);

/* Gives back the slabs that kmalloc keeps without a live object; whether there were any. zone_lock held. */
bool fxmi_kmalloc_reap_locked(struct fxm_machine *m);

/* ---- the bus ---- */

/* One access of @width 1, 2, 4 or 8 bytes at physical @pa outside RAM. */
uint64_t fxmi_device_read(const struct fxm_machine *m, uint64_t pa, unsigned width);
void fxmi_device_write(const struct fxm_machine *m, uint64_t pa, unsigned width, uint64_t value);

/* Physical access outside RAM, of any length within one page: cut into naturally aligned accesses of the device there. */
void fxmi_bus_read(const struct fxm_machine *m, uint64_t pa, void *buf, size_t len);
void fxmi_bus_write(const struct fxm_machine *m, uint64_t pa, const void *buf, size_t len);

/* ---- self-check ---- */

/* All of the room; takes zone_lock. No operation of another thread may be half done. */
bool fxmi_mem_is_valid(struct fxm_machine *m);

/* The files' parts. zone_lock held. */
bool fxmi_physmem_is_valid_locked(struct fxm_machine *m);
bool fxmi_zones_are_valid_locked(struct fxm_machine *m);
bool fxmi_kmalloc_is_valid_locked(struct fxm_machine *m);
bool fxmi_bus_is_valid_locked(struct fxm_machine *m);

#endif
