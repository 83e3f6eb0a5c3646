/* SPDX-License-Identifier: MIT */
/*
 * The page tables that a kernel boots with. Models paging_init (the direct map) and page_table_range_init (tables of pkmap and of
 * the fixed addresses) of each version.
 */
#include "machine.h"
#include "state.h"

/*
 * The direct map. Where the CPU has NX, only the kernel's image in its first large page is executable; and since 4.11, when kernels
 * took the image's writable pages out of that, nothing is here, where there is no image.
 */
int fxmi_map_lowmem(struct fxmi_kernel *k)
{
	struct fxm_machine *m = k->m;
	uint64_t size = m->desc.segment[0].size, start = m->desc.ram_start;
	uint64_t image = k->version < (4 << 16 | 11 << 8) ? fxm_layout_get(k->layout, "PMD_SIZE") : 0;
	int error = 0;

	if (image > size)
		image = size;
	if (image)
		error = fxmi_pgtable_map_linear(m, k->page_offset, start, image,
						fxmi_adopt_prot(k->layout, "PAGE_KERNEL_EXEC", NULL, "PAGE_KERNEL") & k->pte_mask);
	if (!error && size > image)
		error = fxmi_pgtable_map_linear(m, k->page_offset + image, start + image, size - image,
						fxmi_adopt_prot(k->layout, "PAGE_KERNEL", NULL, "PAGE_KERNEL") & k->pte_mask);
	return error;
}

static unsigned char *kmap_pte(const struct fxmi_kernel *k, uint32_t i)
{
	return fxmi_pte_ptr(k->m, fxmi_fix_to_virt(k, k->fix_kmap_begin + i));
}

/* The kernel steps from PTE to PTE of the KMAP group by pointer arithmetic: its tables must lie next to each other. */
static bool kmap_ptes_are_contiguous(const struct fxmi_kernel *k)
{
	enum { STEP = FXM_PAGE_SIZE / 8 }; /* no table has fewer entries */
	const unsigned char *first = kmap_pte(k, 0);
	uint32_t last = k->fix_kmap_end - k->fix_kmap_begin;

	for (uint32_t i = 0; i < last; i += STEP)
		if (kmap_pte(k, i) != first - (size_t)i * k->pte_bytes)
			return false;
	return kmap_pte(k, last) == first - (size_t)last * k->pte_bytes;
}

/* The end of the addresses that get tables at boot: of the address space on x86, else of the fixed addresses' last PMD. */
static uint64_t fixed_end(const struct fxmi_kernel *k, uint64_t pmd)
{
	if (fxmi_is_x86(k->layout) && k->va_mask == UINT32_MAX)
		return k->va_mask + 1;
	uint64_t end = (k->fixaddr_top + k->page_size + pmd - 1) & ~(pmd - 1);

	return end ? end : UINT64_MAX; /* the last PMD of the address space */
}

/* The first address of the fixmap's tables: of its last entry's PMD, or FIXADDR_START's; x86_64 has FIXMAP_PMD_NUM tables. */
static uint64_t fixed_begin(const struct fxmi_kernel *k, uint64_t pmd)
{
	uint64_t last = fxmi_fix_to_virt(k, k->nr_fixed - 1) & ~(pmd - 1);
	uint64_t tables = fxm_layout_get(k->layout, "FIXMAP_PMD_NUM");
	uint64_t first = tables ? fixed_end(k, pmd) - tables * pmd : k->fixaddr_start & ~(pmd - 1);

	return first < last ? first : last;
}

/* Tables for pkmap and for [fixed_begin(), fixed_end()). */
int fxmi_populate_tables(struct fxmi_kernel *k)
{
	uint64_t pmd = fxm_layout_get(k->layout, "PMD_SIZE");
	int error = 0;

	if (k->highmem)
		error = fxmi_pgtable_populate(k->m, k->pkmap.base, fxmi_pkmap_addr(&k->pkmap, k->pkmap.last_pkmap));
	if (!error)
		error = fxmi_pgtable_populate(k->m, fixed_begin(k, pmd), fixed_end(k, pmd));
	if (error)
		return error;
	k->pkmap.pte = k->highmem ? fxmi_pte_ptr(k->m, k->pkmap.base) : NULL;
	fxm_assert(!k->has_kmap_group || k->is_arm || kmap_ptes_are_contiguous(k));
	return 0;
}
