/* SPDX-License-Identifier: MIT */
#ifndef FXMI_MACHINE_H
#define FXMI_MACHINE_H

/*
 * The room `machine`: the life of a machine, what its hardware calls, and what is left when it ends.
 */

#include "state.h"

/* reserve_top_address() moves everything: a new layout's numbers for the kernel and every online CPU. Lowmem stays. */
int fxmi_kernel_adopt_layout(struct fxmi_kernel *k, struct fxm_layout *layout);

/* Sets up the per-CPU data of an online CPU. -ENOMEM. */
int fxmi_percpu_init(struct fxmi_kernel *k, struct fxm_vcpu *cpu);

/* ---- callbacks.c ---- */

extern const struct fxmi_callbacks fxmi_kernel_callbacks;

/* ---- leaks.c ---- */

/* Finding "leak" for each temporary mapping of the task on @cpu, which ends: nobody else can undo them. None is reported again. */
void fxmi_report_left_mapped(struct fxm_vcpu *cpu);

#endif
