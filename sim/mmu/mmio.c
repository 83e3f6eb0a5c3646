/* SPDX-License-Identifier: MIT */
/*
 * readl, writel and their kin: accesses of one width through a mapping, to a device's register or, on a page of RAM, to memory.
 */
#include "mmu_internal.h"

#include <errno.h>

static bool is_width(unsigned width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

/* Whether @va is a device register: naturally aligned, on a page outside RAM. Everything else goes through memory's path. */
static int find_register(struct fxm_vcpu *cpu, uint64_t va, unsigned width, enum fxm_access access, uint64_t *pa)
{
	const struct fxmi_tlb_entry *e = fxmi_tlb_fill(cpu, va, access);

	if (!e)
		return -EFAULT;
	*pa = fxmi_page_pa(cpu->machine->desc.format, e->entry) + va % FXM_PAGE_SIZE;
	fxm_assert_internal(!e->host == !fxmi_pfn_is_ram(cpu->machine, *pa >> FXM_PAGE_SHIFT) || cpu->machine->watched);
	return !e->host && va % width == 0;
}

int fxm_mmio_read(struct fxm_vcpu *cpu, fxm_va va, unsigned width, uint64_t *value)
{
	uint64_t pa;

	if (!cpu || !value || !is_width(width))
		return -EINVAL;
	int found = find_register(cpu, va.v, width, FXM_READ, &pa);

	if (found < 0)
		return found;
	*value = 0;
	if (!found)
		return fxm_read(cpu, va, value, width);
	*value = fxmi_device_read(cpu->machine, pa, width);
	return 0;
}

int fxm_mmio_write(struct fxm_vcpu *cpu, fxm_va va, unsigned width, uint64_t value)
{
	uint64_t pa;

	if (!cpu || !is_width(width))
		return -EINVAL;
	int found = find_register(cpu, va.v, width, FXM_WRITE, &pa);

	if (found < 0)
		return found;
	if (!found)
		return fxm_write(cpu, va, &value, width);
	fxmi_device_write(cpu->machine, pa, width, value);
	return 0;
}
