/* SPDX-License-Identifier: MIT */
#ifndef FXMI_INJECTIONS_H
#define FXMI_INJECTIONS_H

/*
 * Injection: places that are passed while the machine runs have numbers, and on each somebody may have asked for actions at
 * certain passages. Here they are counted; who passes acts.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Numbers of points: this one is the machine's, those above are src/'s, up to 31. */
#define FXMI_POINT_ALLOC 0u /* an allocation of pages or kmalloc memory; fails when any action is due */
#define FXMI_INJECTIONS 32

/* What shall happen at one point: at passage @first, and at every @every-th one after it (0: at no other). */
struct fxmi_injection {
	unsigned point;
	uint32_t action; /* a bit that means something to who passes; 0: none is here */
	uint64_t first, every;
	uint64_t passages, done;
};

struct fxmi_injections {
	pthread_mutex_t lock;	 /* guards item */
	_Atomic uint32_t points; /* bit per point: it has injections */
	struct fxmi_injection item[FXMI_INJECTIONS];
};

void fxmi_injections_init(struct fxmi_injections *in);
void fxmi_injections_free(struct fxmi_injections *in);

/* Each one counts at a point that says it has some. Takes the lock. */
bool fxmi_injections_are_valid(struct fxmi_injections *in);

/* Its number. -ENOSPC: FXMI_INJECTIONS are there. No other thread may pass points meanwhile. */
int fxmi_inject_add(struct fxmi_injections *in, unsigned point, uint32_t action, uint64_t first, uint64_t every);

/* Removes those at the points that have their bits in @points. */
void fxmi_inject_clear(struct fxmi_injections *in, uint32_t points);

/* -ENOENT: no such number. */
int fxmi_inject_get(struct fxmi_injections *in, int n, struct fxmi_injection *out);

/*
 * The point is passed: the actions that are due, of those that are @possible there and then. For the others the passage does not
 * count.
 */
uint32_t fxmi_inject_due(struct fxmi_injections *in, unsigned point, uint32_t possible);

#endif
