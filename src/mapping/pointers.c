/* SPDX-License-Identifier: MIT */
/*
 * The kernel tier's forms of a CPU whose kernel has no fast ones: they leave everything to the slow ones.
 */
#include "mapping.h"

static void *leave_map(struct fxm_vcpu *cpu, struct fxm_page *page, uintptr_t caller)
{
	(void)cpu, (void)page, (void)caller;
	return NULL;
}

static int leave_unmap(struct fxm_vcpu *cpu, const void *address, uintptr_t caller)
{
	(void)cpu, (void)address, (void)caller;
	return FXMI_SLOW;
}

static void *leave_map_type(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t type, uintptr_t caller)
{
	(void)cpu, (void)page, (void)type, (void)caller;
	return NULL;
}

static int leave_unmap_type(struct fxm_vcpu *cpu, const void *address, uint32_t type, uintptr_t caller)
{
	(void)cpu, (void)address, (void)type, (void)caller;
	return FXMI_SLOW;
}

void fxmi_pointers_init(struct fxm_vcpu *cpu)
{
	struct fxmi_percpu *pc = fxmi_percpu(cpu);

	pc->map_pointer = pc->map_local_pointer = leave_map;
	pc->unmap_pointer = pc->unmap_local_pointer = leave_unmap;
	pc->map_type_pointer = leave_map_type;
	pc->unmap_type_pointer = leave_unmap_type;
}
