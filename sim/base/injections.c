/* SPDX-License-Identifier: MIT */
/*
 * Injection: places that are passed while the machine runs have numbers, and on each somebody may have asked for actions at
 * certain passages. This file counts; who passes acts. The machine has one such place of its own, an allocation of memory; the
 * others, and what the actions mean, are src/'s.
 *
 * Its lock is a leaf. Nobody takes it at a point that has no injection: `points` says so without it.
 */
#include "injections.h"

#include "assertions.h"

#include <errno.h>

void fxmi_injections_init(struct fxmi_injections *in)
{
	pthread_mutex_init(&in->lock, NULL);
}

void fxmi_injections_free(struct fxmi_injections *in)
{
	pthread_mutex_destroy(&in->lock);
}

static void update(struct fxmi_injections *in)
{
	uint32_t points = 0;

	for (unsigned i = 0; i < FXMI_INJECTIONS; i++)
		if (in->item[i].action)
			points |= UINT32_C(1) << in->item[i].point;
	in->points = points;
}

int fxmi_inject_add(struct fxmi_injections *in, unsigned point, uint32_t action, uint64_t first, uint64_t every)
{
	int n = 0;

	fxm_assert_internal(point < 32 && action && first);
	pthread_mutex_lock(&in->lock);
	while (n < FXMI_INJECTIONS && in->item[n].action)
		n++;
	if (n < FXMI_INJECTIONS)
		in->item[n] = (struct fxmi_injection){.point = point, .action = action, .first = first, .every = every};
	update(in);
	pthread_mutex_unlock(&in->lock);
	return n < FXMI_INJECTIONS ? n : -ENOSPC;
}

void fxmi_inject_clear(struct fxmi_injections *in, uint32_t points)
{
	pthread_mutex_lock(&in->lock);
	for (unsigned i = 0; i < FXMI_INJECTIONS; i++)
		if (points >> in->item[i].point & 1)
			in->item[i] = (struct fxmi_injection){0};
	update(in);
	pthread_mutex_unlock(&in->lock);
}

int fxmi_inject_get(struct fxmi_injections *in, int n, struct fxmi_injection *out)
{
	if (n < 0 || n >= FXMI_INJECTIONS)
		return -ENOENT;
	pthread_mutex_lock(&in->lock);
	*out = in->item[n];
	pthread_mutex_unlock(&in->lock);
	return out->action ? 0 : -ENOENT;
}

/* Counts a passage, and says whether it is one that was asked for. */
static bool step(struct fxmi_injection *i)
{
	fxm_assert_internal(i->action && i->first);
	uint64_t n = ++i->passages;
	bool due = n == i->first || (i->every && n > i->first && (n - i->first) % i->every == 0);

	i->done += due;
	fxm_assert_internal(i->done <= i->passages);
	return due;
}

uint32_t fxmi_inject_due(struct fxmi_injections *in, unsigned point, uint32_t possible)
{
	uint32_t due = 0;

	if (!(in->points >> point & 1))
		return 0;
	pthread_mutex_lock(&in->lock);
	for (struct fxmi_injection *i = in->item; i < in->item + FXMI_INJECTIONS; i++)
		if (i->point == point && (i->action & possible) && step(i))
			due |= i->action;
	pthread_mutex_unlock(&in->lock);
	return due;
}

/* ---- self-check ---- */

static bool injection_is_valid(const struct fxmi_injection *i)
{
	fxm_invariant(i->action || (!i->point && !i->first && !i->every && !i->passages && !i->done));
	fxm_invariant(i->point < 32);
	fxm_invariant(!i->action || i->first);
	fxm_invariant(i->done <= i->passages);
	fxm_invariant(!i->done || i->passages >= i->first);
	return true;
}

static bool injections_are_valid_locked(const struct fxmi_injections *in)
{
	uint32_t points = 0;

	for (unsigned n = 0; n < FXMI_INJECTIONS; n++) {
		if (!injection_is_valid(&in->item[n]))
			return false;
		points |= (uint32_t)(in->item[n].action != 0) << in->item[n].point;
	}
	fxm_invariant(in->points == points);
	return true;
}

bool fxmi_injections_are_valid(struct fxmi_injections *in)
{
	pthread_mutex_lock(&in->lock);
	bool valid = injections_are_valid_locked(in);
	pthread_mutex_unlock(&in->lock);
	return valid;
}
