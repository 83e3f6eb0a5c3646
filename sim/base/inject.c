/* SPDX-License-Identifier: MIT */
/*
 * Injection: places that are passed while the machine runs have numbers, and on each somebody may have asked for actions at
 * certain passages. This file counts; who passes acts. The machine has one such place of its own, an allocation of memory; the
 * others, and what the actions mean, are src/'s.
 *
 * inject.lock is a leaf. Nobody takes it at a point that has no injection: inject.points says so without it.
 */
#include "internal.h"

#include <errno.h>

int fxmi_inject_init(struct fxm_machine *m)
{
	pthread_mutex_init(&m->inject.lock, NULL);
	return 0;
}

void fxmi_inject_free(struct fxm_machine *m)
{
	pthread_mutex_destroy(&m->inject.lock);
}

/* Points beside the allocator's are looked at in the slow forms only. */
static void update(struct fxm_machine *m)
{
	uint32_t points = 0;

	for (unsigned i = 0; i < FXMI_INJECTIONS; i++)
		if (m->inject.item[i].action)
			points |= UINT32_C(1) << m->inject.item[i].point;
	m->inject.points = points;
}

static void update_rare(struct fxm_machine *m)
{
	bool is_rare = m->inject.points & ~(UINT32_C(1) << FXMI_POINT_ALLOC);

	fxmi_set_rare(m, is_rare ? FXMI_RARE_INJECT : 0, is_rare ? 0 : FXMI_RARE_INJECT);
}

int fxmi_inject_add(struct fxm_machine *m, unsigned point, uint32_t action, uint64_t first, uint64_t every)
{
	int n = 0;

	pthread_mutex_lock(&m->inject.lock);
	while (n < FXMI_INJECTIONS && m->inject.item[n].action)
		n++;
	if (n < FXMI_INJECTIONS)
		m->inject.item[n] = (struct fxmi_injection){.point = point, .action = action, .first = first, .every = every};
	update(m);
	pthread_mutex_unlock(&m->inject.lock);
	update_rare(m);
	return n < FXMI_INJECTIONS ? n : -ENOSPC;
}

void fxmi_inject_clear(struct fxm_machine *m, uint32_t points)
{
	pthread_mutex_lock(&m->inject.lock);
	for (unsigned i = 0; i < FXMI_INJECTIONS; i++)
		if (points >> m->inject.item[i].point & 1)
			m->inject.item[i] = (struct fxmi_injection){0};
	update(m);
	pthread_mutex_unlock(&m->inject.lock);
	update_rare(m);
}

int fxmi_inject_get(struct fxm_machine *m, int n, struct fxmi_injection *out)
{
	if (n < 0 || n >= FXMI_INJECTIONS)
		return -ENOENT;
	pthread_mutex_lock(&m->inject.lock);
	*out = m->inject.item[n];
	pthread_mutex_unlock(&m->inject.lock);
	return out->action ? 0 : -ENOENT;
}

/* Counts a passage, and says whether it is one that was asked for. */
static bool step(struct fxmi_injection *i)
{
	uint64_t n = ++i->passages;
	bool due = n == i->first || (i->every && n > i->first && (n - i->first) % i->every == 0);

	i->done += due;
	return due;
}

uint32_t fxmi_inject_due(struct fxm_machine *m, unsigned point, uint32_t possible)
{
	uint32_t due = 0;

	if (!(m->inject.points >> point & 1))
		return 0;
	pthread_mutex_lock(&m->inject.lock);
	for (struct fxmi_injection *i = m->inject.item; i < m->inject.item + FXMI_INJECTIONS; i++)
		if (i->point == point && (i->action & possible) && step(i))
			due |= i->action;
	pthread_mutex_unlock(&m->inject.lock);
	return due;
}
