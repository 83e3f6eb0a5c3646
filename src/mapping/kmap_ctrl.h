/* SPDX-License-Identifier: MIT */
#ifndef FXMI_KMAP_CTRL_H
#define FXMI_KMAP_CTRL_H

/* current->kmap_ctrl: the stack of kmap_local mappings that a task has. What it means: kmap_local.c; its life: kmap_ctrl.c. */

#include "mapping.h"
#include "state.h"

#define FXMI_KMAP_SLOTS 33 /* KM_MAX_IDX with DEBUG_KMAP_LOCAL */

/* Written by its task; others read by fxmi_read_once(), as it stands. */
struct fxmi_kmap_ctrl {
	struct fxmi_kmap_ctrl *next; /* of the machine */
	_Atomic bool in_use;
	struct fxm_vcpu *seat; /* where its task sits; NULL: idx is here */
	struct fxm_vcpu *cpu;  /* whose slots its mappings are in */
	int idx;
	int pid;
	char comm[16];
	bool has_ended; /* its task: what it held stays on record */
	uint64_t pteval[FXMI_KMAP_SLOTS];
	uint32_t alias[FXMI_KMAP_SLOTS]; /* while it sits nowhere: what fxmi_window_away() gave */
	bool is_atomic[FXMI_KMAP_SLOTS]; /* whether by kmap_atomic(), when sites are recorded */
	struct fxmi_records records;	 /* of its slots, when sites are recorded */
};

/*
 * arch_kmap_local_map_idx(): where a cache has colours, a slot has an address of each; @page_number is of the frame, or of an
 * address of the same colour.
 */
FXMI_INLINE int fxmi_kmap_index(const struct fxmi_kernel *k, int slot, uint64_t page_number)
{
	int colours = (int)k->cache_colours;

	return slot * colours + colours - 1 - (int)(page_number & (k->cache_colours - 1));
}

FXMI_INLINE uint64_t fxmi_kmap_index_va(const struct fxmi_percpu *pc, int index)
{
	return pc->kmap_va - (uint64_t)(int64_t)index * FXM_PAGE_SIZE;
}

/* kmap_get_pte(): by the index, or, where the entries of the slots do not lie in one row, by the address @va. */
FXMI_INLINE void *fxmi_kmap_pte(const struct fxmi_kernel *k, const struct fxmi_percpu *pc, int index, uint64_t va)
{
	return k->kmap_local_pte_by_address ? fxmi_pte_ptr(k->m, va) : pc->kmap_pte - (int64_t)index * k->pte_bytes;
}

/* Whether the mapping in @slot is noted. A task whose counter ran off at either end has slots without a note. */
FXMI_INLINE bool fxmi_kmap_is_noted(int slot)
{
	return slot >= 0 && slot < FXMI_KMAP_SLOTS;
}

/* The current task's kmap_ctrl, made at its first mapping. NULL: no memory. */
struct fxmi_kmap_ctrl *fxmi_kmap_ctrl_of_current(struct fxm_vcpu *cpu, struct fxmi_kernel *k);

#endif
