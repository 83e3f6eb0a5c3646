/* SPDX-License-Identifier: MIT */
/*
 * vCPUs as they come and go: each with its idle task and an empty TLB.
 */
#include "task_internal.h"

#include <fixmap/machine.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void fxmi_vcpu_set_rare(struct fxm_vcpu *cpu, uint32_t rare)
{
	const struct fxm_machine *m = cpu->machine;

	__atomic_store_n(&cpu->rare, rare, __ATOMIC_RELAXED);
	if (m->kernel && fxmi_callback(m, rare_changed))
		fxmi_callback(m, rare_changed)(cpu);
}

void fxmi_vcpu_free(struct fxm_vcpu *cpu)
{
	fxm_assert_internal(!cpu->seat_queue && fxmi_self != cpu);
	fxmi_task_put(cpu->idle);
	pthread_mutex_destroy(&cpu->seat_lock);
	free(cpu);
}

/* A vCPU that nobody has sat on, but for its id, machine, idle task and lock. */
static void begin(struct fxm_vcpu *cpu)
{
	fxmi_counts_set(cpu, FXMI_COUNTS_ZERO);
	cpu->rare = cpu->id ? cpu->machine->vcpu[0]->rare : 0;
	cpu->current = cpu->idle;
	fxmi_tlb_init(cpu);
	fxmi_view_cool(&cpu->view);
}

void fxmi_vcpu_reset(struct fxm_vcpu *cpu)
{
	fxm_assert_internal(!cpu->seat_taken && !cpu->seat_queue && fxmi_self != cpu);
	fxmi_idle_reset(cpu->idle);
	cpu->last_fault = (struct fxm_fault){0};
	cpu->access_pc = 0;
	cpu->access_has_owner = false;
	cpu->irq_disabled = 0;
	cpu->irq_saved = 0;
	cpu->contexts = 0;
	begin(cpu);
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
	cpu->id = id;
	cpu->machine = m;
	fxmi_idle_reset(cpu->idle);
	pthread_mutex_init(&cpu->seat_lock, NULL);
	begin(cpu);
	return cpu;
}

int fxmi_vcpu_add_locked(struct fxm_machine *m)
{
	unsigned n = m->cpus_online;

	fxm_assert_internal(n <= m->nr_cpus && m->nr_cpus <= FXMI_MAX_CPUS);
	if (n == m->nr_cpus)
		return -ENOSPC;
	fxm_assert_internal(!m->vcpu[n]);
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
		fxmi_vcpu_set_rare(m->vcpu[n], (m->vcpu[n]->rare & ~clear) | set);
	pthread_mutex_unlock(&m->task_lock);
}
