/* SPDX-License-Identifier: MIT */
/* A fault in the hardware's own code, which kernels print. sim/ tells it in x86's terms, whatever the page tables are. */
#include "state.h"

/*
 * arm, short descriptors: 5 and 7 for no section, no page, 13 and 15 for a permission; bits 4 to 7 have the domain, which is 3 in
 * the 2 MB that the fixmap shares with the vectors. Long ones: bit 9, and the level.
 */
static unsigned arm_status(const struct fxmi_kernel *k, const struct fxm_fault *f)
{
	unsigned status = f->present ? 12 : 4;

	if (k->pte_bytes == 8)
		status |= 0x200 | (f->level + 1);
	else
		status |= (f->level ? 3 : 1) | (k->version >= 5u << 16 && f->address.v >> 21 == 0x7ff ? 0x30 : 0);
	return status | (f->access == FXM_WRITE ? 0x800 : 0) | (f->access == FXM_EXEC ? 0x80000000u : 0);
}

/* The syndrome: an abort of the same exception level, the write bit, a translation or permission fault at the level walked last. */
static unsigned arm64_status(const struct fxmi_kernel *k, const struct fxm_fault *f)
{
	return (f->access == FXM_EXEC ? 0x86000000u : 0x96000000u) | (f->access == FXM_WRITE ? 0x40 : 0) | (f->present ? 12 : 4) |
	       (4 - k->m->desc.format->levels + f->level);
}

unsigned fxmi_fault_status(const struct fxmi_kernel *k, const struct fxm_fault *fault)
{
	const char *arch = fxmi_layout_arch(k->layout);

	return !strcmp(arch, "arm") ? arm_status(k, fault) : !strcmp(arch, "arm64") ? arm64_status(k, fault) : fault->code;
}
