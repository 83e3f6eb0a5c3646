/* SPDX-License-Identifier: MIT */
/* The fixmap while the kernel boots: bm_pte and its hand-over, the device tree blob, tables edited through fixed addresses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static uint64_t entry_at(struct kernel *k, const char *name)
{
	return fxm_pte_at(k->m, fxm_fix_to_virt(k->m, fixed_index(k, name))).v;
}

static unsigned warnings(const struct kernel *k)
{
	return k->record.kinds[FXM_REPORT_WARN];
}

/* ---- bm_pte ---- */

static void arm_hands_over_devices_only(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=arm-4.7,phase=early");
	uint32_t console = fixed_index(k, "FIX_EARLYCON_MEM_BASE");

	assert_int_equal(fxm_set_fixmap_io(k->cpu, console, fxm_pa_of(0x10009000)), 0);
	uint64_t device = entry_at(k, "FIX_EARLYCON_MEM_BASE");
	fxm_va early = fxm_early_ioremap(k->cpu, fxm_pa_of(0x20000000), 64);
	assert_int_equal(fxm_va_error(early), 0);
	assert_int_not_equal(fxm_pte_at(k->m, early).v, 0);

	assert_int_equal(fxm_early_fixmap_shutdown(k->cpu), 0);
	assert_int_equal(fxm_boot_phase(k->m), FXM_PHASE_EARLY);
	assert_int_equal(entry_at(k, "FIX_EARLYCON_MEM_BASE"), device);
	assert_int_equal(fxm_pte_at(k->m, early).v, 0);
	kernel_free(k);

	/* Memory that is no device is lost, though its fixed address is permanent. */
	k = kernel_new("profile=arm-4.7,phase=early");
	assert_int_equal(fxm_set_fixmap(k->cpu, console, fxm_pa_of(0x60000000)), 0);
	assert_int_equal(fxm_early_fixmap_shutdown(k->cpu), 0);
	assert_int_equal(entry_at(k, "FIX_EARLYCON_MEM_BASE"), 0);
	kernel_free(k);
}

/* What was mapped before is gone, and nobody told the TLB. */
static void a_fresh_table_is_not_flushed(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=arm-4.7", "profile=arm64-4.7",
					    "profile=arm64-4.7,ARM64_PAGE_SHIFT=16,ARM64_VA_BITS=42"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		uint32_t console = fixed_index(k, "FIX_EARLYCON_MEM_BASE");
		uint64_t word;

		assert_int_equal(fxm_set_fixmap(k->cpu, console, fxm_pa_of(fxm_page_pfn(k->m, low_page(k)) << 12)), 0);
		fxm_va va = fxm_fix_to_virt(k->m, console);
		assert_int_equal(fxm_read_u64(k->cpu, va, &word), 0);
		assert_int_equal(fxm_early_fixmap_init(k->cpu), 0);
		assert_int_equal(fxm_boot_phase(k->m), FXM_PHASE_EARLY);
		assert_int_equal(fxm_pte_at(k->m, va).v, 0);
		assert_true(fxm_tlb_lookup(k->cpu, va, &(fxm_pa){0}));
		assert_int_equal(warnings(k), 0);
		kernel_free(k);
	}
}

static void x86_starts_early_ioremap_again(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,phase=early");

	assert_int_equal(fxm_early_ioremap_init(k->cpu), 0);
	assert_int_equal(warnings(k), 0);
	fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(0xe0000), 16);
	assert_int_not_equal(fxm_pte_at(k->m, va).v, 0);
	assert_int_equal(fxm_early_ioremap_init(k->cpu), 0);
	assert_int_equal(warnings(k), 1); /* a slot is still mapped */
	assert_int_equal(fxm_pte_at(k->m, va).v, 0);
	kernel_free(k);
}

/* reservetop= moves the fixed addresses to where a page table begins, so that the second call has nothing to warn about. */
static void reservetop_keeps_the_boot_mappings_in_one_table(void **state)
{
	(void)state;
	static const uint64_t reserved[] = {0x1000, 0x400000, 0x1234000};

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		struct kernel *k = kernel_new("profile=x86_32-4.15,phase=early,ram_end=20000000");

		assert_int_equal(fxm_reserve_top_address(k->cpu, reserved[i]), 0);
		k->layout = fxm_machine_layout(k->m);
		assert_int_equal(fxm_early_ioremap_init(k->cpu), 0);
		assert_int_equal(warnings(k), 0);
		struct fxm_early_slot slot;
		assert_int_equal(fxm_early_slot_at(k->m, 0, &slot), 0);
		assert_int_equal(slot.base.v, fxm_fix_to_virt(k->m, fixed_index(k, "FIX_BTMAP_BEGIN")).v);
		kernel_free(k);
	}
}

/* ---- the device tree ---- */

/* A blob of @size bytes at @pa, or what says to be one. */
static void put_blob(struct kernel *k, uint64_t pa, uint32_t magic, uint32_t size)
{
	unsigned char *b = (unsigned char *)fxm_frame(k->m, pa >> 12) + (pa & 0xfff);

	for (int i = 0; i < 4; i++) {
		b[i] = (unsigned char)(magic >> (24 - 8 * i));
		b[4 + i] = (unsigned char)(size >> (24 - 8 * i));
	}
}

static const char *const arm64[] = {"profile=arm64-4.7", "profile=arm64-4.7,ARM64_VA_BITS=48",
				    "profile=arm64-4.7,ARM64_PAGE_SHIFT=16,ARM64_VA_BITS=42",
				    "profile=arm64-4.7,ARM64_PAGE_SHIFT=16,ARM64_VA_BITS=48"};

static const char *const arm64_6[] = {"profile=arm64-6.1", "profile=arm64-6.1,ARM64_PAGE_SHIFT=14,ARM64_VA_BITS=47",
				      "profile=arm64-6.1,ARM64_PAGE_SHIFT=16,ARM64_VA_BITS=42", "profile=arm64-6.12",
				      "profile=arm64-6.12,ARM64_PAGE_SHIFT=14,ARM64_VA_BITS=47",
				      "profile=arm64-6.12,ARM64_PAGE_SHIFT=16,ARM64_VA_BITS=42"};

static void the_blob_is_mapped_read_only(void **state)
{
	(void)state;
	const uint64_t pa = 0x3f01040; /* near the end of a block of 2 MB */

	for (size_t i = 0; i < ARRAY_SIZE(arm64); i++) {
		struct kernel *k = kernel_new(arm64[i]);
		uint64_t block = fxm_layout_page_size(k->layout) == 4096 ? 0x200000 : 0x10000;
		fxm_va base = fxm_fix_to_virt(k->m, fixed_index(k, "FIX_FDT"));
		unsigned char magic[4];
		struct fxm_page *page;
		uint64_t word;

		put_blob(k, pa, 0xd00dfeed, 0x180000);
		fxm_va va = fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(pa));
		assert_int_equal(va.v, base.v + (pa & (block - 1)));
		assert_int_equal(fxm_read(k->cpu, va, magic, 4), 0);
		assert_int_equal(magic[0], 0xd0);
		assert_int_equal(magic[3], 0xed);
		/* To its last byte, across the block's end, and nothing can be written there. */
		assert_int_equal(fxm_read_u64(k->cpu, fxm_va_of(va.v + 0x180000 - 8), &word), 0);
		assert_int_equal(fxm_write_u64(k->cpu, va, 1), -EFAULT);
		assert_int_equal(fxm_alloc_pfn(k->m, pa >> 12, &page), -EBUSY);
		assert_int_equal(fxm_alloc_pfn(k->m, (pa + 0x180000 - 1) >> 12, &page), -EBUSY);
		kernel_free(k);
	}
}

/* Blocks of 2 MB until 6.1 where pages have 4 KB; after that the pages that the blob lies in and no more. */
static void the_blob_of_6_x_is_mapped_as_far_as_it_reaches(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(arm64_6); i++) {
		struct kernel *k = kernel_new(arm64_6[i]);
		const uint64_t pa = 0x43f01040, size = 0x21000;
		uint64_t page = fxm_layout_page_size(k->layout), block = page == 4096 && i == 0 ? 0x200000 : page;
		fxm_va base = fxm_fix_to_virt(k->m, fixed_index(k, "FIX_FDT"));
		uint64_t end = ((pa & (block - 1)) + size + block - 1) & ~(block - 1), word;

		put_blob(k, pa, 0xd00dfeed, (uint32_t)size);
		fxm_va va = fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(pa));
		assert_int_equal(va.v, base.v + (pa & (block - 1)));
		assert_int_equal(fxm_read_u64(k->cpu, fxm_va_of(va.v + size - 8), &word), 0);
		assert_int_equal(fxm_write_u64(k->cpu, va, 1), -EFAULT);
		assert_int_equal(fxm_read_u64(k->cpu, fxm_va_of(base.v + end - 8), &word), 0);
		assert_int_equal(fxm_read_u64(k->cpu, fxm_va_of(base.v + end), &word), -EFAULT);
		assert_int_equal(fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(pa + 4)).v, 0);
		put_blob(k, pa, 0xd00dfeed, 0x200001);
		assert_int_equal(fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(pa)).v, 0);
		kernel_free(k);
	}
}

/* A second blob takes the place of the first one, for everybody who has read that. */
static void another_blob_is_seen_at_once(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=arm64-4.7");
	unsigned char first, second;

	put_blob(k, 0x401000, 0xd00dfeed, 0x1000);
	put_blob(k, 0x801000, 0xd00dfeed, 0x1000);
	((unsigned char *)fxm_frame(k->m, 0x401))[8] = 1;
	((unsigned char *)fxm_frame(k->m, 0x801))[8] = 2;
	fxm_va va = fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(0x401000));
	assert_int_equal(fxm_read(k->cpu, fxm_va_of(va.v + 8), &first, 1), 0);
	assert_int_equal(fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(0x801000)).v, va.v);
	assert_int_equal(fxm_read(k->cpu, fxm_va_of(va.v + 8), &second, 1), 0);
	assert_int_equal(first, 1);
	assert_int_equal(second, 2);
	kernel_free(k);
}

static void what_is_no_blob_is_null(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(arm64); i++) {
		struct kernel *k = kernel_new(arm64[i]);

		assert_int_equal(fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(0)).v, 0);
		assert_int_equal(fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(0x400004)).v, 0);
		assert_int_equal(fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(0x400000)).v, 0);
		put_blob(k, 0x400000, 0xd00dfeed, 0x200001);
		assert_int_equal(fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(0x400000)).v, 0);
		put_blob(k, 0x400000, 0xd00dfeed, 0x200000);
		assert_int_not_equal(fxm_fixmap_remap_fdt(k->cpu, fxm_pa_of(0x400000)).v, 0);
		assert_int_equal(k->record.kinds[FXM_REPORT_BUG], 0);
		kernel_free(k);
	}
}

/* ---- tables ---- */

static void a_table_is_edited_through_its_fixed_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(arm64); i++) {
		struct kernel *k = kernel_new(arm64[i]);
		unsigned levels = i == 1 ? 4 : i == 2 ? 2 : 3;
		fxm_pa table = {fxm_page_pfn(k->m, low_page(k)) << 12};
		uint64_t word;

		table.v = (table.v & ~(fxm_layout_page_size(k->layout) - 1)) + 0x48;
		fxm_va va = fxm_pte_set_fixmap(k->cpu, table);
		assert_int_equal(va.v, fxm_fix_to_virt(k->m, fixed_index(k, "FIX_PTE")).v + 0x48);
		assert_int_equal(fxm_write_u64(k->cpu, va, 0x713), 0);
		assert_int_equal(*(uint64_t *)((char *)fxm_frame(k->m, table.v >> 12) + 0x48), 0x713);
		assert_int_equal(fxm_pte_clear_fixmap(k->cpu), 0);
		assert_int_equal(fxm_read_u64(k->cpu, va, &word), -EFAULT);
		assert_int_equal(fxm_va_error(fxm_pmd_set_fixmap(k->cpu, table)), levels >= 3 ? 0 : -ENOSYS);
		assert_int_equal(fxm_va_error(fxm_pud_set_fixmap(k->cpu, table)), levels >= 4 ? 0 : -ENOSYS);
		assert_int_equal(fxm_va_error(fxm_pgd_set_fixmap(k->cpu, table)), 0);
		assert_int_equal(fxm_pmd_clear_fixmap(k->cpu), levels >= 3 ? 0 : -ENOSYS);
		assert_int_equal(fxm_pud_clear_fixmap(k->cpu), levels >= 4 ? 0 : -ENOSYS);
		assert_int_equal(fxm_pgd_clear_fixmap(k->cpu), 0);
		kernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arm_hands_over_devices_only),    cmocka_unit_test(a_fresh_table_is_not_flushed),
	    cmocka_unit_test(x86_starts_early_ioremap_again), cmocka_unit_test(reservetop_keeps_the_boot_mappings_in_one_table),
	    cmocka_unit_test(the_blob_is_mapped_read_only),
	    cmocka_unit_test(the_blob_of_6_x_is_mapped_as_far_as_it_reaches),
	    cmocka_unit_test(another_blob_is_seen_at_once),
	    cmocka_unit_test(what_is_no_blob_is_null),	      cmocka_unit_test(a_table_is_edited_through_its_fixed_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
