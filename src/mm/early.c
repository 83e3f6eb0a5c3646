/* SPDX-License-Identifier: MIT */
/*
 * Behind the kernel's names: early mappings.
 */
#include "tier.h"

void *fxm_k_early_ioremap(unsigned long long physical, unsigned long size)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return fxmi_tier_pointer(cpu, "early_ioremap", fxm_early_ioremap(cpu, fxm_pa_of(physical), size));
}

void *fxm_k_early_memremap(unsigned long long physical, unsigned long size)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return fxmi_tier_pointer(cpu, "early_memremap", fxm_early_memremap(cpu, fxm_pa_of(physical), size));
}

void *fxm_k_early_memremap_ro(unsigned long long physical, unsigned long size)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return fxmi_tier_pointer(cpu, "early_memremap_ro", fxm_early_memremap_ro(cpu, fxm_pa_of(physical), size));
}

void fxm_k_early_iounmap(const volatile void *address, unsigned long size)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t va = fxmi_tier_simulated(cpu->machine, (uintptr_t)address);
	fxmi_tier_checked(cpu, "early_iounmap", fxm_early_iounmap(cpu, fxm_va_of(va), size));
}

void fxm_k_copy_from_early_mem(void *dest, unsigned long long physical, unsigned long size)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxmi_tier_checked(cpu, "copy_from_early_mem", fxm_copy_from_early_mem(cpu, dest, fxm_pa_of(physical), size));
}

void fxm_k_early_ioremap_reset(void)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	fxmi_tier_checked(cpu, "early_ioremap", fxm_early_ioremap_reset(cpu));
}

void *fxm_k_bt_ioremap(unsigned long physical, unsigned long size)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	return fxmi_tier_pointer(cpu, "bt_ioremap", fxm_bt_ioremap(cpu, fxm_pa_of(physical), size));
}

void fxm_k_bt_iounmap(const volatile void *address, unsigned long size)
{
	struct fxm_vcpu *cpu = fxm_k_cpu();
	uint64_t va = fxmi_tier_simulated(cpu->machine, (uintptr_t)address);
	fxmi_tier_checked(cpu, "bt_iounmap", fxm_bt_iounmap(cpu, fxm_va_of(va), size));
}
