/* SPDX-License-Identifier: MIT */
#ifndef FXMI_MM_H
#define FXMI_MM_H

/*
 * The room `mm`: what stands behind the kernel's names for memory: maps, page helpers, pages, kmalloc, strings, per-CPU data, and
 * the judge of what compiled kernel code touches. A function here finds the thread's vCPU, turns host values into simulated ones,
 * calls the explicit tier, and turns the answer into what the kernel's function gives. It keeps nothing: what was taken is noted
 * in the room `tier`.
 */

#include "tier.h"

/* The bits of a gfp_t that mean something to the library; a caller that may not sleep and would is reported. */
unsigned fxmi_gfp(struct fxm_vcpu *cpu, unsigned gfp);

/* kmalloc() and kfree() on behalf of @site. */
void *fxmi_tier_kmalloc(struct fxm_vcpu *cpu, size_t size, unsigned gfp, const void *site);
void fxmi_tier_kfree(struct fxm_vcpu *cpu, const void *address, const void *site);

#endif
