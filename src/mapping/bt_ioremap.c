/* SPDX-License-Identifier: MIT */
/*
 * Early mappings of 2.6. Models bt_ioremap() and bt_iounmap(), arch/i386/mm/ioremap.c of 2.6.12.
 *
 * One window of NR_FIX_BTMAPS pages that begins at FIX_BTMAP_BEGIN; every mapping begins at its start, over what is there.
 * Nothing is remembered and nothing warns. The number of pages is PAGE_ALIGN(last byte) - first page: a last page of which
 * only the first byte is wanted is left out. Addresses and sizes are unsigned long, with PAE too.
 *
 * What slot 0 of struct fxmi_early holds is the simulator's: who mapped last, until the window is empty.
 */
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

#include <inttypes.h>

#define ISA_START 0xa0000u
#define ISA_END 0x100000u

static uint64_t pages_of(uint64_t offset, uint64_t size)
{
	return (uint32_t)(offset + size - 1 + FXM_PAGE_SIZE - 1) >> FXM_PAGE_SHIFT;
}

/* PAGE_ALIGN(last) - first page, in pages. */
static uint64_t pages_between(uint64_t phys, uint64_t last)
{
	return (((last + FXM_PAGE_SIZE - 1) & FXMI_PAGE_MASK) - (phys & FXMI_PAGE_MASK)) >> FXM_PAGE_SHIFT &
	       (UINT32_MAX >> FXM_PAGE_SHIFT);
}

static uint64_t map(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t phys, uint64_t size)
{
	struct fxmi_early *e = &k->early;
	uint64_t last = (phys + size - 1) & UINT32_MAX;
	uint64_t pages = pages_between(phys, last);

	if (!size || last < phys)
		return 0;
	if (phys >= ISA_START && last < ISA_END)
		return k->linear_base + phys;
	if (pages > e->pages)
		return 0;
	for (uint64_t i = 0; i < pages; i++)
		fxmi_set_fixmap(cpu, k, (uint32_t)(e->begin - i), (phys & FXMI_PAGE_MASK) + (i << FXM_PAGE_SHIFT), k->prot_normal);
	e->slot[0].prev_map = pages ? e->slot[0].base + (phys & (FXM_PAGE_SIZE - 1)) : 0;
	e->slot[0].prev_size = size;
	if (pages)
		fxmi_early_note(cpu, k, 0, e->slot[0].prev_map, size, "bt_ioremap");
	return e->slot[0].base + (phys & (FXM_PAGE_SIZE - 1));
}

static void unmap(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va, uint64_t size)
{
	struct fxmi_early *e = &k->early;
	struct fxm_early_slot window;

	if (va < e->slot[0].base)
		return;
	for (uint64_t i = 0; i < pages_of(va & (FXM_PAGE_SIZE - 1), size); i++)
		fxmi_set_fixmap(cpu, k, (uint32_t)(e->begin - i), 0, 0);
	fxm_early_slot_at(k->m, 0, &window);
	if (window.ptes_set)
		return;
	e->slot[0].prev_map = 0;
	fxmi_early_note(cpu, k, 0, 0, 0, NULL);
}

static int check(const struct fxm_vcpu *cpu)
{
	int error = fxmi_check_cpu(cpu);
	return error ? error : fxmi_has(fxmi_kernel_of(cpu), "bt_ioremap") ? 0 : -ENOSYS;
}

fxm_va fxm_bt_ioremap(struct fxm_vcpu *cpu, fxm_pa pa, uint64_t size)
{
	int error = check(cpu);
	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	pa.v &= UINT32_MAX;
	size &= UINT32_MAX;
	fxmi_op_begin(cpu, &op, "bt_ioremap", NULL, 0);
	if (fxmi_tracing(cpu))
		snprintf(op.detail, sizeof(op.detail), "phys=%" PRIx64 " size=%" PRIx64, pa.v, size);
	op.address = map(cpu, k, pa.v, size);
	if (!op.address)
		fxmi_note_null(cpu, "bt_ioremap");
	if (fxmi_tracing(cpu))
		fxmi_op_end_fields(cpu, &op, "%s pte=%" PRIx64, op.detail,
				   op.address ? fxm_pte_at(k->m, fxm_va_of(op.address)).v : 0);
	return fxm_va_of(op.address);
}

int fxm_bt_iounmap(struct fxm_vcpu *cpu, fxm_va va, uint64_t size)
{
	int error = check(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	va.v &= k->va_mask;
	size &= UINT32_MAX;
	fxmi_op_begin(cpu, &op, "bt_iounmap", NULL, va.v);
	if (fxmi_tracing(cpu))
		snprintf(op.detail, sizeof(op.detail), "size=%" PRIx64, size);
	unmap(cpu, k, va.v, size);
	if (fxmi_tracing(cpu))
		fxmi_op_end_fields(cpu, &op, "%s pte=%" PRIx64, op.detail, fxm_pte_at(k->m, va).v);
	return 0;
}
