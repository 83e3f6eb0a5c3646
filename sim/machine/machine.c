/* SPDX-License-Identifier: MIT */
/*
 * Machines: building one from its description, and what fork() does to all of them.
 *
 * After fork() the child has a copy of every machine's bookkeeping, but neither the frames nor the window: those are the
 * parent's. Such a machine is dead: it stays on the list for the handler of SIGSEGV to recognise its addresses, every vCPU has
 * FXMI_RARE_DEAD, and it is never freed.
 */
#include "machines.h"
#include "lanes.h"
#include "window_internal.h"

#include <fixmap/machine.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- fork ------------------------------------------------------------------------------------------------------------------- */

static void before_fork(void)
{
	fxmi_machines_lock();
}

static void after_fork_in_parent(void)
{
	fxmi_machines_unlock();
}

static void after_fork_in_child(void)
{
	for (struct fxm_machine *m = fxmi_machines_locked(); m; m = m->next_machine) {
		fxm_assert_internal(!m->next_machine || !m->dead || m->next_machine->dead);
		if (m->dead)
			continue;
		m->dead = true;
		for (unsigned n = 0; n < m->cpus_online; n++)
			fxmi_vcpu_set_rare(m->vcpu[n], m->vcpu[n]->rare | FXMI_RARE_DEAD);
		fxmi_window_after_fork(m);
	}
	fxmi_task_after_fork();
	fxmi_blocked_after_fork();
	fxmi_machines_unlock();
}

static void watch_forks(void)
{
	if (pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child))
		abort();
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

static bool is_buildable(const struct fxmi_desc *d)
{
	return d->format && d->cpus && d->cpus <= d->nr_cpus && d->nr_cpus <= FXMI_MAX_CPUS && d->nr_segments <= FXMI_SEGMENTS;
}

static int add_vcpus(struct fxm_machine *m)
{
	int n = 0;

	while (n >= 0 && m->cpus_online < m->desc.cpus)
		n = fxmi_vcpu_add_locked(m);
	return n < 0 ? n : 0;
}

static void remove_vcpus(struct fxm_machine *m)
{
	while (m->cpus_online)
		fxmi_vcpu_free(m->vcpu[--m->cpus_online]);
}

/* The parts in the order of building; freeing goes backwards, from the last one that was built. */
static const struct {
	int (*init)(struct fxm_machine *m);
	void (*free)(struct fxm_machine *m);
} parts[] = {
    {fxmi_physmem_init, fxmi_physmem_free},
    {fxmi_kmalloc_init, fxmi_kmalloc_free},
    {fxmi_pgtable_init, NULL},
    {add_vcpus, remove_vcpus},
    {fxmi_window_init, fxmi_window_free},
    {fxmi_lanes_init, fxmi_lanes_free},
};

enum { NR_PARTS = sizeof(parts) / sizeof(*parts) };

static void free_parts(struct fxm_machine *m, unsigned n)
{
	while (n--)
		if (parts[n].free)
			parts[n].free(m);
	pthread_cond_destroy(&m->seat_left);
	pthread_mutex_destroy(&m->task_lock);
	fxmi_injections_free(&m->inject);
	free(m);
}

int fxmi_machine_new(const struct fxmi_desc *desc, struct fxm_machine **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned n = 0;
	int error = 0;

	if (!is_buildable(desc))
		return -EINVAL;
	struct fxm_machine *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	pthread_once(&once, watch_forks);
	m->desc = *desc;
	m->nr_cpus = desc->nr_cpus;
	m->next_pid = 1;
	pthread_mutex_init(&m->task_lock, NULL);
	fxmi_injections_init(&m->inject);
	fxmi_cond_init(&m->seat_left);
	while (n < NR_PARTS && !(error = parts[n].init(m)))
		n++;
	if (error) {
		/* add_vcpus() may have added some */
		free_parts(m, n < NR_PARTS && parts[n].init == add_vcpus ? n + 1 : n);
		return error;
	}
	m->desc.refused = NULL;
	for (n = 0; n < m->cpus_online; n++)
		fxmi_view_set(m->vcpu[n]);
	fxmi_machine_enlist(m);
	*out = m;
	return 0;
}

int fxmi_machine_check_free(struct fxm_machine *m)
{
	return m->dead ? -ECHILD : fxmi_tasks_check_free(m);
}

int fxmi_machine_free(struct fxm_machine *m)
{
	int error = fxmi_machine_check_free(m);
	if (error)
		return error;
	fxm_assert_expensive(fxmi_mem_is_valid(m) && fxmi_tasks_are_valid(m) && fxmi_window_is_valid(m));
	fxmi_tasks_free(m);
	fxm_assert_internal(!m->tasks && !m->seat_seekers);
	fxmi_machine_delist(m);
	fxmi_bus_free(m);
	free_parts(m, NR_PARTS);
	return 0;
}

int fxmi_machine_reset(struct fxm_machine *m)
{
	fxm_assert_expensive(fxmi_mem_is_valid(m) && fxmi_tasks_are_valid(m) && fxmi_window_is_valid(m));
	fxmi_tasks_reset(m);
	fxmi_inject_clear(&m->inject, UINT32_MAX);
	fxmi_bus_free(m);
	fxmi_window_reset(m);
	fxmi_kmalloc_reset(m);
	fxmi_physmem_reset(m);
	for (unsigned n = 0; n < m->cpus_online; n++)
		fxmi_view_set(m->vcpu[n]);
	return fxmi_pgtable_init(m);
}

/* ---- looking -------------------------------------------------------------------------------------------------------- */

struct fxm_machine *fxmi_machine_guess(uintptr_t host)
{
	struct fxm_machine *newest = fxmi_machines_locked(), *m = newest;

	if (fxmi_self)
		return fxmi_self->machine;
	while (m && (m->dead || !fxmi_window_contains(m, host)))
		m = m->next_machine;
	return m ? m : newest && !newest->dead ? newest : NULL;
}

/* ---- self-check ----------------------------------------------------------------------------------------------------- */

static int count(struct fxm_machine *m, void *arg)
{
	const struct fxm_machine *wanted = ((void **)arg)[0];

	*(unsigned *)((void **)arg)[1] += m == wanted;
	return 0;
}

static bool board_is_valid(struct fxm_machine *m)
{
	unsigned found = 0;

	fxmi_machine_each(count, (void *[]){m, &found});
	fxm_invariant(found == 1);
	fxm_invariant(!m->dead);
	fxm_invariant(is_buildable(&m->desc));
	fxm_invariant(!m->desc.refused);
	fxm_invariant(m->nr_cpus == m->desc.nr_cpus);
	fxm_invariant(m->cpus_online >= m->desc.cpus && m->cpus_online <= m->nr_cpus);
	for (unsigned n = m->cpus_online; n < FXMI_MAX_CPUS; n++)
		fxm_invariant(!m->vcpu[n]);
	return true;
}

bool fxmi_machine_is_valid(struct fxm_machine *m)
{
	return board_is_valid(m) && fxmi_injections_are_valid(&m->inject) && fxmi_mem_is_valid(m) && fxmi_mmu_is_valid(m) &&
	       fxmi_tasks_are_valid(m) && fxmi_window_is_valid(m);
}
