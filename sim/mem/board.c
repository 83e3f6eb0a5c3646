/* SPDX-License-Identifier: MIT */
/*
 * The boards of this process in a list, and who the calling thread is.
 *
 * boards_lock is a leaf, except that it is held across fork(): a child finds the list whole, and unlocks it.
 */
#include "mem_internal.h"

__thread struct fxm_vcpu *fxmi_self;

static pthread_mutex_t boards_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fxm_machine *machines; /* newest first, so that in a child the dead ones are the last */

void fxmi_machines_lock(void)
{
	pthread_mutex_lock(&boards_lock);
}

void fxmi_machines_unlock(void)
{
	pthread_mutex_unlock(&boards_lock);
}

struct fxm_machine *fxmi_machines_locked(void)
{
	return machines;
}

int fxmi_machine_each(int (*fn)(struct fxm_machine *m, void *arg), void *arg)
{
	int result = 0;

	pthread_mutex_lock(&boards_lock);
	for (struct fxm_machine *m = machines; m && !result; m = m->next_machine)
		result = fn(m, arg);
	pthread_mutex_unlock(&boards_lock);
	return result;
}

void fxmi_machine_enlist(struct fxm_machine *m)
{
	pthread_mutex_lock(&boards_lock);
	m->next_machine = machines;
	machines = m;
	pthread_mutex_unlock(&boards_lock);
}

void fxmi_machine_delist(struct fxm_machine *m)
{
	pthread_mutex_lock(&boards_lock);
	struct fxm_machine **at = &machines;
	while (*at && *at != m)
		at = &(*at)->next_machine;
	if (*at)
		*at = m->next_machine;
	pthread_mutex_unlock(&boards_lock);
}

bool fxmi_mem_is_valid(struct fxm_machine *m)
{
	pthread_mutex_lock(&m->mem.zone_lock);
	bool valid = fxmi_physmem_is_valid_locked(m) && fxmi_zones_are_valid_locked(m) && fxmi_kmalloc_is_valid_locked(m) &&
		     fxmi_bus_is_valid_locked(m);
	pthread_mutex_unlock(&m->mem.zone_lock);
	return valid;
}
