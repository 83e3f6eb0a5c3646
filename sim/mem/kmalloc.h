/* SPDX-License-Identifier: MIT */
#ifndef FXMI_KMALLOC_H
#define FXMI_KMALLOC_H

/*
 * kmalloc with the caller on record for each object, and what it finds overwritten.
 */

#include "board.h"

/* An object of kmalloc() whose byte @offset was written by somebody who may not. @freed_site: 0 while it is not freed. */
struct fxmi_written {
	struct fxmi_written *next;
	struct fxm_vcpu *cpu; /* who found it; NULL: nobody on a vCPU of this machine */
	bool after_free;
	uint64_t va;
	uint32_t asked, offset;
	unsigned char byte;
	uintptr_t site, freed_site;
};

/* What an access to a slab's page hits that may not. */
struct fxmi_object {
	uint64_t va; /* of the nearest object; 0: there is none */
	uint32_t asked;
	bool is_freed;
	uintptr_t site, freed_site;
};

/*
 * Whether all of [@pa, @pa + @size), within a page, is a live object's; else @object says whose it is not. What a write (@is_write)
 * leaves there is not told again by fxmi_kmalloc_check().
 */
bool fxmi_kmalloc_holds(struct fxm_machine *m, uint64_t pa, size_t size, bool is_write, struct fxmi_object *object);

/* fxm_kmalloc() on behalf of @site, a return address that reports show; with a red zone of @red_zone bytes at least, or 0. */
fxm_va fxmi_kmalloc(struct fxm_machine *m, size_t size, size_t red_zone, unsigned gfp, uintptr_t site);

/* fxm_kfree() on behalf of @site. @poison: may be filled, if the machine does that. */
int fxmi_kfree(struct fxm_machine *m, fxm_va va, bool poison, uintptr_t site);

/* Who freed the object at @va, if it is still known; else 0. */
uintptr_t fxmi_kmalloc_freed(struct fxm_machine *m, fxm_va va);

/* Looks at all objects. Has those told that were written to where nobody may, once; returns how many. Without locks. */
unsigned fxmi_kmalloc_check(struct fxm_machine *m);

/*
 * Calls @fn for every live allocation, the newest slab's first, until it returns non-zero; returns that. @size is what was
 * asked for. zone_lock is held: @fn must not allocate or free.
 */
int fxmi_kmalloc_each(struct fxm_machine *m, int (*fn)(void *arg, fxm_va va, size_t size, uintptr_t site), void *arg);

#endif
