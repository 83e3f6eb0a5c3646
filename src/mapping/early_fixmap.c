/* SPDX-License-Identifier: MIT */
/*
 * The fixmap while the kernel boots. Models early_fixmap_init() and early_fixmap_shutdown() of arch/arm/mm/mmu.c,
 * early_fixmap_init(), fixmap_remap_fdt() and pte_set_fixmap() of arch/arm64/mm/mmu.c (4.7), early_ioremap_init() of
 * arch/x86/mm/ioremap.c.
 *
 * The kernel has one static table for all of that, bm_pte, which serves the page-middle directory of FIXADDR_START (arm64), of
 * FIXADDR_TOP (arm) or of FIX_BTMAP_BEGIN (x86). Here the tables are the machine's own all the time; a fresh bm_pte is that
 * table without an entry.
 *
 * No locks: boot code runs on one CPU.
 */
#include "report.h"
#include "state.h"
#include "trace.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_FDT_SIZE = 2 << 20 };

/* 0, or why a call of this generation is refused. @fixed: a fixed address that kernels with the call have. */
static int check(const struct fxm_vcpu *cpu, const char *function, const char *fixed)
{
	int error = fxmi_check_cpu(cpu);

	if (error)
		return error;
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	return fxmi_has(k, function) && fxm_fixed_index(k->layout, fixed) >= 0 ? 0 : -ENOSYS;
}

/* ---- bm_pte ---- */

static uint64_t pmd_of(const struct fxmi_kernel *k, uint64_t va)
{
	return va / fxm_layout_get(k->layout, "PMD_SIZE");
}

static uint64_t btmap(const struct fxmi_kernel *k, const char *end)
{
	return fxmi_fix_to_virt(k, (uint64_t)fxm_fixed_index(k->layout, end));
}

static void clear_entry(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va)
{
	void *pte = fxmi_pte_ptr(k->m, va);

	if (pte)
		fxmi_set_pte(k->m, pte, 0);
	fxmi_window_end_range(cpu, va, k->page_size >> FXM_PAGE_SHIFT);
}

/* A fresh table under @va's page-middle directory. Nobody flushes: what a TLB holds of it stays. */
static void clear_bm_pte(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint64_t va)
{
	for (uint32_t i = 0; i < k->nr_fixed; i++)
		if (pmd_of(k, fxmi_fix_to_virt(k, i)) == pmd_of(k, va))
			clear_entry(cpu, k, fxmi_fix_to_virt(k, i));
}

static void warn_about_crossing(struct fxm_vcpu *cpu, const struct fxmi_kernel *k, const char *key)
{
	uint64_t begin = btmap(k, "FIX_BTMAP_BEGIN"), end = btmap(k, "FIX_BTMAP_END");

	if (pmd_of(k, begin) != pmd_of(k, end))
		fxmi_warn(cpu, key, &(struct fxmi_subject){.va = begin},
			  "the boot-time mappings cross a page-middle directory: FIX_BTMAP_BEGIN is at %" PRIx64
			  ", FIX_BTMAP_END at %" PRIx64,
			  begin, end);
}

int fxm_early_fixmap_init(struct fxm_vcpu *cpu)
{
	int error = check(cpu, "early_fixmap_init", "FIX_BTMAP_BEGIN");

	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	if (k->setter_is_x86)
		return -ENOSYS;
	fxm_boot_phase_set(k->m, FXM_PHASE_EARLY);
	clear_bm_pte(cpu, k, k->is_arm ? k->fixaddr_top : k->fixaddr_start);
	if (!k->is_arm)
		warn_about_crossing(cpu, k, "early_fixmap_pmd");
	return 0;
}

/* L_PTE_MT_MASK: of what kind the memory is. */
static bool is_device(uint64_t entry, uint64_t io)
{
	const uint64_t kind = 0xf << 2;

	return entry && (entry & kind) == (io & kind);
}

int fxm_early_fixmap_shutdown(struct fxm_vcpu *cpu)
{
	int error = check(cpu, "early_fixmap_shutdown", "FIX_BTMAP_BEGIN");

	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	if (!k->is_arm)
		return -ENOSYS;
	uint32_t permanent = (uint32_t)fxm_fixed_index(k->layout, "__end_of_permanent_fixed_addresses");
	for (uint32_t i = 0; i < k->nr_fixed; i++) {
		uint64_t va = fxmi_fix_to_virt(k, i), entry = fxm_pte_at(k->m, fxm_va_of(va)).v;
		if (pmd_of(k, va) != pmd_of(k, k->fixaddr_top))
			continue;
		if (i < permanent && is_device(entry, k->prot_io)) {
			fxmi_set_pte(k->m, fxmi_pte_ptr(k->m, va), (entry & k->m->desc.format->frame_mask) | k->prot_io);
			continue;
		}
		clear_entry(cpu, k, va);
		fxmi_flush_tlb_local_range(cpu, va, va + k->page_size);
	}
	return 0;
}

int fxm_early_ioremap_init(struct fxm_vcpu *cpu)
{
	int error = check(cpu, "early_ioremap_init", "FIX_BTMAP_BEGIN");

	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t above = fxmi_fix_to_virt(k, 0) + k->page_size;
	if (k->setter_is_x86 && above % fxm_layout_get(k->layout, "PMD_SIZE"))
		fxmi_warn(cpu, "early_init_unaligned", &(struct fxmi_subject){.va = above},
			  "early_ioremap_init: %" PRIx64 ", above fixed address 0, does not begin a page-middle directory", above);
	error = fxm_early_ioremap_setup(cpu);
	if (error || !k->setter_is_x86)
		return error;
	clear_bm_pte(cpu, k, btmap(k, "FIX_BTMAP_BEGIN"));
	warn_about_crossing(cpu, k, "early_init_pmd");
	return 0;
}

/* ---- the device tree ---- */

static uint32_t big_endian(const unsigned char *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The blocks that @offset and @size of the blob touch. False: the tables have no room. */
static bool map_blob(struct fxmi_kernel *k, uint64_t base, uint64_t pa, uint64_t bytes, uint64_t block)
{
	fxm_pte prot;

	if (fxm_prot_find(k->layout, "PAGE_KERNEL_RO", &prot))
		return false;
	if (fxmi_pgtable_map_linear(k->m, base, pa & ~(block - 1), (bytes + block - 1) & ~(block - 1), prot.v))
		return false;
	/* A block that replaces another one is flushed everywhere; pages are only set. */
	for (unsigned i = 0; block > k->page_size && i < fxm_machine_cpus_online(k->m); i++)
		fxm_tlb_flush(fxm_machine_vcpu(k->m, i));
	return true;
}

fxm_va fxm_fixmap_remap_fdt(struct fxm_vcpu *cpu, fxm_pa pa)
{
	int error = check(cpu, "fixmap_remap_fdt", "FIX_FDT");
	unsigned char header[8];

	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint64_t base = btmap(k, "FIX_FDT"), range = btmap(k, "FIX_FDT_END") + k->page_size - base;
	bool has_blocks = k->page_size == FXM_PAGE_SIZE && !fxmi_trait(k->layout, FXMI_TRAIT_fdt_by_pages);
	uint64_t block = has_blocks ? MAX_FDT_SIZE : k->page_size, offset = pa.v & (block - 1);
	if (!pa.v || pa.v % 8)
		return fxm_va_of(0);
	if (block > k->page_size)
		fxmi_pgtable_unlink(k->m, base, base + range);
	fxmi_window_end_range(cpu, base, range >> FXM_PAGE_SHIFT);
	if (!map_blob(k, base, pa.v, block, block) || fxm_read(cpu, fxm_va_of(base + offset), header, sizeof(header)))
		return fxm_va_of(0);
	uint32_t size = big_endian(header + 4);
	if (big_endian(header) != 0xd00dfeed || size > MAX_FDT_SIZE)
		return fxm_va_of(0);
	if (offset + size > block && !map_blob(k, base, pa.v, offset + size, block))
		return fxm_va_of(0);
	for (uint64_t pfn = pa.v >> FXM_PAGE_SHIFT; pfn <= (pa.v + size - 1) >> FXM_PAGE_SHIFT; pfn++)
		fxm_alloc_pfn(k->m, pfn, &(struct fxm_page *){NULL}); /* memblock_reserve(): some of them may be, already */
	return fxm_va_of(base + offset);
}

/* ---- page tables that are edited ---- */

/* The tables from the root down, of which a page table with less than four levels leaves out those in the middle. */
static const struct {
	const char *fixed, *set, *clear;
	unsigned levels; /* of the page table, to have it */
} tables[] = {
    {"FIX_PTE", "pte_set_fixmap", "pte_clear_fixmap", 2},
    {"FIX_PMD", "pmd_set_fixmap", "pmd_clear_fixmap", 3},
    {"FIX_PUD", "pud_set_fixmap", "pud_clear_fixmap", 4},
    {"FIX_PGD", "pgd_set_fixmap", "pgd_clear_fixmap", 2},
};

enum { PTE, PMD, PUD, PGD };

static int check_table(const struct fxm_vcpu *cpu, const char *function, unsigned table)
{
	int error = check(cpu, function, tables[table].fixed);

	if (!error && cpu->machine->desc.format->levels < tables[table].levels)
		error = -ENOSYS;
	return error;
}

static uint32_t index_of(const struct fxm_vcpu *cpu, unsigned table)
{
	return (uint32_t)fxm_fixed_index(fxmi_kernel_of(cpu)->layout, tables[table].fixed);
}

static fxm_va set_table(struct fxm_vcpu *cpu, unsigned table, fxm_pa pa)
{
	int error = check_table(cpu, tables[table].set, table);
	return error ? fxmi_va_error(error) : fxm_set_fixmap_offset(cpu, index_of(cpu, table), pa);
}

static int clear_table(struct fxm_vcpu *cpu, unsigned table)
{
	int error = check_table(cpu, tables[table].clear, table);

	if (!error)
		fxm_clear_fixmap(cpu, index_of(cpu, table));
	return error;
}

fxm_va fxm_pte_set_fixmap(struct fxm_vcpu *cpu, fxm_pa pa)
{
	return set_table(cpu, PTE, pa);
}

fxm_va fxm_pmd_set_fixmap(struct fxm_vcpu *cpu, fxm_pa pa)
{
	return set_table(cpu, PMD, pa);
}

fxm_va fxm_pud_set_fixmap(struct fxm_vcpu *cpu, fxm_pa pa)
{
	return set_table(cpu, PUD, pa);
}

fxm_va fxm_pgd_set_fixmap(struct fxm_vcpu *cpu, fxm_pa pa)
{
	return set_table(cpu, PGD, pa);
}

int fxm_pte_clear_fixmap(struct fxm_vcpu *cpu)
{
	return clear_table(cpu, PTE);
}

int fxm_pmd_clear_fixmap(struct fxm_vcpu *cpu)
{
	return clear_table(cpu, PMD);
}

int fxm_pud_clear_fixmap(struct fxm_vcpu *cpu)
{
	return clear_table(cpu, PUD);
}

int fxm_pgd_clear_fixmap(struct fxm_vcpu *cpu)
{
	return clear_table(cpu, PGD);
}
