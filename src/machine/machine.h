/* SPDX-License-Identifier: MIT */
#ifndef FXMI_MACHINE_H
#define FXMI_MACHINE_H

/*
 * The room `machine`: the life of a machine, what its hardware calls, and what is left when it ends. It knows all rooms below;
 * those above add themselves as parts.
 */

#include "part.h"
#include "state.h"

/* ---- machine.c ---- */

/* fxm_machine_create(), and whether the window asks for the simulated addresses themselves. */
int fxmi_machine_create(struct fxm_config *cfg, bool identity, struct fxm_machine **out);

/*
 * Whether all rooms' state is what it should be: each is asked, the lowest first. For tests and fuzzers; no operation may be going
 * on elsewhere.
 */
bool fxmi_kernel_is_valid(struct fxmi_kernel *k);

/* From any thread. */
void fxmi_part_add(struct fxmi_kernel *k, struct fxmi_part *part);

/* The leaks of all parts. */
unsigned fxmi_parts_leaks(struct fxmi_kernel *k);

/* ---- adopt.c ---- */

/* What k->layout says, in k's fields. */
void fxmi_adopt_numbers(struct fxmi_kernel *k);

/* Whether they are what the layout says, and those of each CPU with them. */
bool fxmi_adopted_are_valid(struct fxmi_kernel *k);

/* Who answers for the mappings of this kernel's generation: k->family. -ENOMEM. */
int fxmi_adopt_families(struct fxmi_kernel *k);

/* The value of protection @name, or of @fallback where the profile does not have it. @used_name: which, or NULL. */
uint64_t fxmi_adopt_prot(const struct fxm_layout *layout, const char *name, const char **used_name, const char *fallback);

/* Sets up the per-CPU data of an online CPU / of all. -ENOMEM. */
int fxmi_percpu_init(struct fxmi_kernel *k, struct fxm_vcpu *cpu);
int fxmi_percpu_init_all(struct fxmi_kernel *k);

/* As it was before fxmi_percpu_init(), but for the memory of its records. */
void fxmi_percpu_clear(struct fxm_vcpu *cpu);

/* Undoes every reserve_top_address(); the tables are made anew by whoever calls. -ENOMEM: nothing has changed. */
int fxmi_move_back(struct fxmi_kernel *k);

/* ---- hardware.c ---- */

void fxmi_describe_machine(struct fxmi_desc *d, const struct fxm_layout *layout, bool identity);

/* Adds the segments of its window: lowmem, then what is mapped lazily. */
void fxmi_describe_segments(struct fxmi_desc *d, const struct fxm_layout *layout, uint64_t vmalloc_start);

/* ---- paging_init.c ---- */

/* Maps all of lowmem / makes the tables of pkmap and of the fixed addresses. Errors: -ENOMEM. */
int fxmi_map_lowmem(struct fxmi_kernel *k);
int fxmi_populate_tables(struct fxmi_kernel *k);

/* ---- default.c ---- */

/*
 * Whom to ask for the profile that loaded code was compiled for, and whether all of it with checks: the default machine will be of
 * that one. NULL: none yet. */
void fxmi_default_from(const char *(*compiled_profile)(void), bool (*compiled_checked)(void));

/* ---- callbacks.c ---- */

extern const struct fxmi_callbacks fxmi_kernel_callbacks;

/* ---- leaks.c ---- */

/* Finding "leak" for each temporary mapping of the task on @cpu, which ends: nobody else can undo them. None is reported again. */
void fxmi_report_left_mapped(struct fxm_vcpu *cpu);

#endif
