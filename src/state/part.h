/* SPDX-License-Identifier: MIT */
#ifndef FXMI_PART_H
#define FXMI_PART_H

/*
 * What a room above adds to a machine when it is first used there: what it wants to be told, and is asked. Parts are only ever
 * added.
 */

#include "state.h"

struct fxmi_notes;

struct fxmi_part {
	/* Findings "leak" for what its users took and have not given back; how many. */
	unsigned (*leaks)(struct fxmi_kernel *k);
	/* Whether what it keeps is what it should be. */
	bool (*is_valid)(struct fxmi_kernel *k);
	/* The machine ends: nobody uses it any more, and the parts below are still there. Frees the part too. */
	void (*free)(struct fxmi_kernel *k);
	/* @task, current on @cpu, ends. NULL, as those that follow: does not matter to it. */
	void (*task_end)(struct fxm_vcpu *cpu, struct fxm_task *task);
	/* Notes who waits for what, and who holds what. */
	void (*note_waits)(struct fxmi_kernel *k, struct fxmi_notes *notes);
	/* Nobody can run on @cpu: what comes next, time included, is made to happen. False: nothing will. */
	bool (*idle)(struct fxm_vcpu *cpu);
	/* An interrupt of @cpu has ended. */
	void (*irq_exit)(struct fxm_vcpu *cpu);
	struct fxmi_part *next;
};

/* Calls @call of each part of @k that has it. */
#define FXMI_PARTS_CALL(k, call, ...)                                                                                              \
	do {                                                                                                                       \
		for (const struct fxmi_part *part_ = atomic_load(&(k)->parts); part_; part_ = part_->next)                         \
			if (part_->call)                                                                                           \
				part_->call(__VA_ARGS__);                                                                          \
	} while (0)

#endif
