/* SPDX-License-Identifier: MIT */
/*
 * Machines: building one from its description, its vCPUs, the list of all, and what fork() does to them.
 *
 * After fork() the child has a copy of every machine's bookkeeping, but neither the frames nor the window: those are the
 * parent's. Such a machine is dead: it stays on the list for the handler of SIGSEGV to recognise its addresses, every vCPU has
 * FXMI_RARE_DEAD, and it is never freed.
 *
 * registry_lock is a leaf, except that it is held across fork().
 */
#include "machines.h"
#include "window_internal.h"

#include <fixmap/machine.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list of machines ------------------------------------------------------------------------------------------------- */

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fxm_machine *machines; /* newest first, so that in a child the dead ones are the last */

int fxmi_machine_each(int (*fn)(struct fxm_machine *m, void *arg), void *arg)
{
	int result = 0;

	pthread_mutex_lock(&registry_lock);
	for (struct fxm_machine *m = machines; m && !result; m = m->next_machine)
		result = fn(m, arg);
	pthread_mutex_unlock(&registry_lock);
	return result;
}

struct fxm_machine *fxmi_machine_guess(uintptr_t host)
{
	struct fxm_machine *m = machines;

	if (fxmi_self)
		return fxmi_self->machine;
	while (m && (m->dead || !fxmi_window_contains(m, host)))
		m = m->next_machine;
	return m ? m : machines && !machines->dead ? machines : NULL;
}

static void enlist(struct fxm_machine *m)
{
	pthread_mutex_lock(&registry_lock);
	m->next_machine = machines;
	machines = m;
	pthread_mutex_unlock(&registry_lock);
}

static void delist(struct fxm_machine *m)
{
	pthread_mutex_lock(&registry_lock);
	struct fxm_machine **at = &machines;
	while (*at && *at != m)
		at = &(*at)->next_machine;
	if (*at)
		*at = m->next_machine;
	pthread_mutex_unlock(&registry_lock);
}

static void set_rare(struct fxm_vcpu *cpu, uint32_t rare)
{
	const struct fxm_machine *m = cpu->machine;

	__atomic_store_n(&cpu->rare, rare, __ATOMIC_RELAXED);
	if (m->kernel && fxmi_callback(m, rare_changed))
		fxmi_callback(m, rare_changed)(cpu);
}

/* ---- fork ------------------------------------------------------------------------------------------------------------------- */

static void before_fork(void)
{
	pthread_mutex_lock(&registry_lock);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&registry_lock);
}

static void after_fork_in_child(void)
{
	for (struct fxm_machine *m = machines; m; m = m->next_machine) {
		if (m->dead)
			continue;
		m->dead = true;
		for (unsigned n = 0; n < m->cpus_online; n++)
			set_rare(m->vcpu[n], m->vcpu[n]->rare | FXMI_RARE_DEAD);
		fxmi_window_after_fork(m);
	}
	fxmi_task_after_fork();
	fxmi_blocked_after_fork();
	pthread_mutex_unlock(&registry_lock);
}

static void watch_forks(void)
{
	if (pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child))
		abort();
}

/* ---- vCPUs ------------------------------------------------------------------------------------------------------------------- */

static void free_vcpu(struct fxm_vcpu *cpu)
{
	fxmi_task_put(cpu->idle);
	pthread_mutex_destroy(&cpu->seat_lock);
	free(cpu);
}

static struct fxm_vcpu *new_vcpu(struct fxm_machine *m, unsigned id)
{
	struct fxm_vcpu *cpu = aligned_alloc(_Alignof(struct fxm_vcpu), sizeof(*cpu));
	char name[16];

	if (!cpu)
		return NULL;
	memset(cpu, 0, sizeof(*cpu));
	snprintf(name, sizeof(name), "swapper/%u", id);
	cpu->idle = fxmi_task_alloc(m, cpu, FXM_THREAD, name);
	if (!cpu->idle) {
		free(cpu);
		return NULL;
	}
	cpu->idle->is_idle = true;
	cpu->idle->state = FXM_TASK_RUNNING;
	cpu->counts = FXMI_COUNTS_ZERO;
	cpu->rare = id ? m->vcpu[0]->rare : 0;
	cpu->id = id;
	cpu->machine = m;
	cpu->current = cpu->idle;
	pthread_mutex_init(&cpu->seat_lock, NULL);
	fxmi_tlb_init(cpu);
	return cpu;
}

int fxmi_vcpu_add_locked(struct fxm_machine *m)
{
	unsigned n = m->cpus_online;

	if (n == m->nr_cpus)
		return -ENOSPC;
	struct fxm_vcpu *cpu = new_vcpu(m, n);
	if (!cpu)
		return -ENOMEM;
	void (*cpu_online)(struct fxm_vcpu *) = fxmi_callback(m, cpu_online);
	if (n >= m->desc.cpus && cpu_online)
		cpu_online(cpu);
	m->vcpu[n] = cpu;
	m->cpus_online = n + 1;
	return (int)n;
}

int fxm_machine_cpu_add(struct fxm_machine *m)
{
	if (!m)
		return -EINVAL;
	if (m->dead)
		return -ECHILD;
	pthread_mutex_lock(&m->task_lock);
	int n = fxmi_vcpu_add_locked(m);
	if (n >= 0)
		pthread_cond_broadcast(&m->seat_left);
	pthread_mutex_unlock(&m->task_lock);
	return n;
}

struct fxm_machine *fxm_vcpu_machine(const struct fxm_vcpu *cpu)
{
	return cpu ? cpu->machine : NULL;
}

unsigned fxm_vcpu_id(const struct fxm_vcpu *cpu)
{
	return cpu ? cpu->id : 0;
}

struct fxm_vcpu *fxm_machine_vcpu(struct fxm_machine *m, unsigned n)
{
	return m && n < m->cpus_online ? m->vcpu[n] : NULL;
}

unsigned fxm_machine_cpus_online(const struct fxm_machine *m)
{
	return m ? m->cpus_online : 0;
}

void fxmi_set_rare(struct fxm_machine *m, uint32_t set, uint32_t clear)
{
	pthread_mutex_lock(&m->task_lock);
	for (unsigned n = 0; n < m->cpus_online; n++)
		set_rare(m->vcpu[n], (m->vcpu[n]->rare & ~clear) | set);
	pthread_mutex_unlock(&m->task_lock);
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
		free_vcpu(m->vcpu[--m->cpus_online]);
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
	enlist(m);
	fxmi_segv_rearm();
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
	fxmi_tasks_free(m);
	delist(m);
	fxmi_mmio_free(m);
	free_parts(m, NR_PARTS);
	return 0;
}
