/* SPDX-License-Identifier: MIT */
/*
 * Devices' memory. Models __ioremap_caller() and iounmap() of arch/x86/mm/ioremap.c, __arm_ioremap_pfn_caller() of
 * arch/arm/mm/ioremap.c, and memremap() of kernel/iomem.c.
 *
 * RAM is what the machine has, without a PC's hole below 1 MB, which lowmem's part of the direct map shows too.
 */
#include "area.h"

#include "detect.h"

#include <inttypes.h>

#define VERSION(major, minor, patch) ((unsigned)(major) << 16 | (minor) << 8 | (patch))
#define ISA_START 0xa0000u
#define ISA_END 0x100000u

enum { MEMREMAP_WB = 1, MEMREMAP_WT = 2, MEMREMAP_WC = 4 };

static bool is_ram(const struct fxmi_kernel *k, uint64_t pa)
{
	bool is_hole = fxmi_is_x86(k->layout) && pa >= ISA_START && pa < ISA_END;

	return !is_hole && fxmi_pfn_is_ram(k->m, pa >> FXM_PAGE_SHIFT);
}

/* How many of the pages of [@pa, @last] are RAM, and how many are not. */
static void count_ram(const struct fxmi_kernel *k, uint64_t pa, uint64_t last, uint64_t *ram, uint64_t *other)
{
	uint64_t ram_end = k->m->mem.nr_frames;

	*ram = *other = 0;
	for (uint64_t pfn = pa >> FXM_PAGE_SHIFT; pfn <= last >> FXM_PAGE_SHIFT; pfn++) {
		if (pfn >= ram_end) {
			*other += (last >> FXM_PAGE_SHIFT) - pfn + 1;
			return;
		}
		(*(is_ram(k, pfn << FXM_PAGE_SHIFT) ? ram : other))++;
	}
}

/* x86 has PCD and PWT for it; 2.6 made its own value, and ioremap() of it did not ask for uncached memory. */
static uint64_t prot_of(const struct fxmi_kernel *k, enum fxmi_io how)
{
	static const unsigned char bits[] = {
	    [FXMI_IO_UNCACHED] = 0x10, [FXMI_IO_WRITE_COMBINED] = 0x08, [FXMI_IO_WRITE_THROUGH] = 0x08, [FXMI_IO_CACHED] = 0};

	if (!fxmi_is_x86(k->layout))
		return how == FXMI_IO_CACHED ? k->prot_normal : k->prot_io;
	if (k->typed)
		return 0x063;
	return (k->prot_io & ~UINT64_C(0x18)) | bits[how];
}

/* The kernel's answer to RAM, and whether that ends the call. 2.6 says nothing, and looks at lowmem only. */
static bool refuses_ram(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const char *call, uint64_t pa, uint64_t last, enum fxmi_io how)
{
	uint64_t ram, other;

	count_ram(k, pa, last, &ram, &other);
	if (!ram || (k->is_arm && how == FXMI_IO_CACHED))
		return false;
	if (k->typed)
		fxmi_finding(k, cpu, FXMI_FIND_WRONG_ARGUMENT, NULL,
			     "%s() is for devices and was given RAM, %" PRIx64 " to %" PRIx64 ": use kmap() or its kin", call, pa,
			     last);
	else
		fxmi_warn(cpu, "ioremap_ram", NULL,
			  "ioremap on RAM at %08" PRIx64 " - %08" PRIx64
			  ": %s() is for devices and returns NULL; use kmap() or its kin",
			  pa, last, call);
	return true;
}

uint64_t fxmi_ioremap(struct fxm_vcpu *cpu, const char *call, const char *undo, uint64_t pa, uint64_t size, enum fxmi_io how)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t mask = k->pte_bytes == 8 ? UINT64_MAX : UINT32_MAX, last = (pa + size - 1) & mask;
	uint64_t offset = pa & (FXM_PAGE_SIZE - 1), first = pa >> FXM_PAGE_SHIFT;

	if (fxmi_count_preempt(cpu->counts) & FXMI_INTERRUPT_MASK && k->version >= VERSION(2, 6, 28))
		fxmi_bug(cpu, "get_vm_area_irq", NULL, "%s() in interrupt context: map the device beforehand", call);
	fxmi_might_sleep(cpu, "vmalloc_might_sleep");
	if (!size || last < pa)
		return 0;
	if (fxmi_is_x86(k->layout) && k->version < VERSION(4, 14, 0) && pa >= ISA_START && last < ISA_END)
		return k->linear_base + pa;
	if (refuses_ram(cpu, k, call, pa, last, how))
		return 0;
	return fxmi_area_map(cpu, &(struct fxmi_area_request){.call = call,
							      .undo = undo,
							      .bytes = size,
							      .offset = offset,
							      .pages = (last >> FXM_PAGE_SHIFT) - first + 1,
							      .is_io = true,
							      .prot = prot_of(k, how),
							      .first_pfn = first});
}

static void undo_io(struct fxm_vcpu *cpu, const char *call, uint64_t va)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_subject about = {.va = va};
	struct fxmi_mapping was;
	char what[256], head[64];

	if (k->version >= VERSION(4, 10, 0))
		fxmi_might_sleep(cpu, "iounmap_might_sleep");
	if (fxmi_area_unmap(cpu, va & FXMI_PAGE_MASK, false, &was)) {
		fxmi_area_judge(cpu, call, va, &was);
		return;
	}
	fxmi_area_describe_none(cpu, va, &about, what, sizeof(what));
	if (k->is_arm) {
		fxmi_warn(cpu, "vunmap_none", &about, "Trying to vfree() nonexistent vm area (%08" PRIx64 "): %s() was given %s",
			  va & FXMI_PAGE_MASK, call, what);
		return;
	}
	snprintf(head, sizeof(head), "%siounmap: bad address %08" PRIx64 "\n", k->typed ? "__" : "", va & FXMI_PAGE_MASK);
	fxmi_report(k, cpu, FXM_REPORT_WARN, NULL, NULL, head, &about, what);
}

void fxmi_iounmap(struct fxm_vcpu *cpu, uint64_t va)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	/* what ioremap() gives of a PC's hole, or of nothing */
	if (fxmi_is_x86(k->layout) && va <= k->high_memory)
		return;
	undo_io(cpu, "iounmap", va);
}

uint64_t fxmi_memremap(struct fxm_vcpu *cpu, uint64_t pa, uint64_t size, unsigned flags)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t ram, other, va = 0;

	count_ram(k, pa, pa + (size ? size - 1 : 0), &ram, &other);
	if (!flags)
		return 0;
	if (ram && other) {
		fxmi_warn(cpu, "memremap_mixed", NULL,
			  "memremap attempted on mixed range %08" PRIx64 " size: %#" PRIx64
			  ": part of it is RAM; map the parts one by one",
			  pa, size);
		return 0;
	}
	if (flags & MEMREMAP_WB && ram && pa >> FXM_PAGE_SHIFT < k->m->mem.highmem_pfn)
		return k->linear_base + pa;
	if (flags & MEMREMAP_WB)
		va = fxmi_ioremap(cpu, "memremap", "memunmap", pa, size, FXMI_IO_CACHED);
	if (!va && ram && flags != MEMREMAP_WB) {
		fxmi_warn(cpu, "memremap_ram", NULL,
			  "memremap attempted on ram %08" PRIx64 " size: %#" PRIx64 ": of RAM there is MEMREMAP_WB alone", pa,
			  size);
		return 0;
	}
	if (!va && flags & MEMREMAP_WT)
		va = fxmi_ioremap(cpu, "memremap", "memunmap", pa, size, FXMI_IO_WRITE_THROUGH);
	if (!va && flags & MEMREMAP_WC)
		va = fxmi_ioremap(cpu, "memremap", "memunmap", pa, size, FXMI_IO_WRITE_COMBINED);
	return va;
}

void fxmi_memunmap(struct fxm_vcpu *cpu, uint64_t va)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);

	if (va >= k->vmalloc_start && va < k->vmalloc_end)
		undo_io(cpu, "memunmap", va);
}
