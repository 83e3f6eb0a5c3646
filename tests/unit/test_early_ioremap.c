/* SPDX-License-Identifier: MIT */
/* Early mappings: the edge cases of both generations, boot phases, copies, leaks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#define GLOBAL UINT64_C(0x100)
#define SLOT_BYTES UINT64_C(0x40000)
#define SLOTS 8

/* Before system_state is SYSTEM_RUNNING, so that only the mistakes warn. */
static const char *const slot_profiles[] = {
    "profile=x86_32-4.7,phase=reset",	     "profile=x86_32-4.7,pae=1,phase=reset", "profile=x86_32-4.15,phase=reset",
    "profile=x86_32-4.15,pae=1,phase=reset", "profile=x86_32-5.10,phase=reset",	     "profile=x86_32-5.10,pae=1,phase=reset",
    "profile=x86_32-6.1,phase=reset",	     "profile=x86_32-6.1,pae=1,phase=reset",
};

static const char *const window_profiles[] = {"profile=i386-2.6.12", "profile=i386-2.6.12,pae=1", "profile=i386-2.6.14",
					      "profile=i386-2.6.15"};

static bool has_pae(const char *words)
{
	return strstr(words, "pae=1") != NULL;
}

static struct fxm_early_slot slot_at(struct kernel *k, uint32_t i)
{
	struct fxm_early_slot slot;

	assert_int_equal(fxm_early_slot_at(k->m, i, &slot), 0);
	return slot;
}

static unsigned warnings(const struct kernel *k)
{
	return k->record.kinds[FXM_REPORT_WARN];
}

static void assert_warned(struct kernel *k, unsigned before, const char *word)
{
	assert_int_equal(warnings(k), before + 1);
	assert_non_null(k->record.last.where);
	assert_non_null(strstr(k->record.last.where, "mm/early_ioremap.c"));
	assert_non_null(strstr(k->record.last.message, word));
}

static void unmap_all(struct kernel *k)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct fxm_early_slot slot = slot_at(k, i);

		if (slot.prev_map.v)
			assert_int_equal(fxm_early_iounmap(k->cpu, slot.prev_map, slot.size), 0);
	}
}

/* ---- the edge cases ------------------------------------------------------------------------------------------------------- */

/* One mapping into an empty machine: how many pages, 0 for refused with a WARN that says @word. */
static void one_mapping(struct kernel *k, uint64_t phys, uint64_t size, uint32_t pages, const char *word)
{
	unsigned before = warnings(k);
	fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(phys), size);
	struct fxm_early_slot slot = slot_at(k, 0);

	assert_int_equal(slot.ptes_set, pages);
	if (!pages) {
		assert_int_equal(va.v, 0);
		assert_int_equal(slot.prev_map.v, 0);
		assert_warned(k, before, word);
		return;
	}
	assert_int_equal(va.v, slot.base.v + (phys & (FXM_PAGE_SIZE - 1)));
	assert_int_equal(slot.prev_map.v, va.v);
	assert_int_equal(slot.size, size);
	assert_int_equal(slot.first_pte.v & 0xfffff000, phys & 0xfffff000);
	assert_int_equal(fxm_early_iounmap(k->cpu, va, size), 0);
	assert_int_equal(slot_at(k, 0).ptes_set, 0);
	assert_int_equal(slot_at(k, 0).prev_map.v, 0);
	assert_int_equal(warnings(k), before);
}

static void size_0(struct kernel *k, bool pae)
{
	(void)pae;
	one_mapping(k, 0xfe000000, 0, 0, "nothing to map");
}

static void wrap(struct kernel *k, bool pae)
{
	one_mapping(k, 0xfffff000, 0x2000, pae ? 2 : 0, "beyond the end");
	one_mapping(k, 0xfffffff0, 0x20, pae ? 2 : 0, "beyond the end");
	if (pae)
		one_mapping(k, 0xfffffffffffff000, 0x2000, 0, "beyond the end");
}

static void last_page(struct kernel *k, bool pae)
{
	one_mapping(k, 0xfffff000, 0x1000, 1, NULL);
	one_mapping(k, 0xffffffff, 1, 1, NULL);
	if (pae)
		one_mapping(k, 0xfffffffffffff000, 0x1000, 1, NULL);
}

static void full_slot(struct kernel *k, bool pae)
{
	(void)pae;
	one_mapping(k, 0x1000, SLOT_BYTES, 64, NULL);
	one_mapping(k, 0x1001, SLOT_BYTES - 1, 64, NULL);
}

static void one_page_too_many(struct kernel *k, bool pae)
{
	(void)pae;
	one_mapping(k, 0x1001, SLOT_BYTES, 0, "touches 65 pages");
	one_mapping(k, 0x1000, SLOT_BYTES + 1, 0, "touches 65 pages");
}

static void last_byte(struct kernel *k, bool pae)
{
	(void)pae;
	one_mapping(k, 0x1fff, 1, 1, NULL);
}

static void two_pages(struct kernel *k, bool pae)
{
	(void)pae;
	one_mapping(k, 0x1fff, 2, 2, NULL);
}

static void ninth(struct kernel *k, bool pae)
{
	uint64_t first = slot_at(k, 0).base.v;
	(void)pae;

	for (uint32_t i = 0; i < SLOTS; i++)
		assert_va(fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000 + i * SLOT_BYTES), 0x1000), first + i * SLOT_BYTES);
	unsigned before = warnings(k);
	assert_va(fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x1000), 0);
	assert_warned(k, before, "not found slot");
	/* Before the size is looked at. */
	assert_va(fxm_early_memremap(k->cpu, fxm_pa_of(0xfe000000), 0), 0);
	assert_warned(k, before + 1, "early_memremap(fe000000, 00000000) not found slot");
	/* The one that is freed is taken next. */
	assert_int_equal(fxm_early_iounmap(k->cpu, fxm_va_of(first + 3 * SLOT_BYTES), 0x1000), 0);
	assert_va(fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000010), 0x10), first + 3 * SLOT_BYTES + 0x10);
}

static void another_size(struct kernel *k, bool pae)
{
	fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x1000);
	unsigned before = warnings(k);
	(void)pae;

	assert_int_equal(fxm_early_iounmap(k->cpu, va, 0x2000), 0);
	assert_warned(k, before, "size not consistent 00001000");
	assert_int_equal(slot_at(k, 0).prev_map.v, va.v);
	assert_int_equal(slot_at(k, 0).ptes_set, 1);
	assert_int_equal(fxm_check_early_ioremap_leak(k->cpu), 1);
	assert_warned(k, before + 1, "1 early mapping");
	assert_int_equal(fxm_early_iounmap(k->cpu, va, 0x1000), 0);
	assert_int_equal(fxm_check_early_ioremap_leak(k->cpu), 0);
	assert_int_equal(warnings(k), before + 2);
}

static void another_address(struct kernel *k, bool pae)
{
	fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x1000);
	uint64_t wrong[] = {va.v + 4, va.v + 0x1000, 0x1000};
	(void)pae;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		unsigned before = warnings(k);

		assert_int_equal(fxm_early_iounmap(k->cpu, fxm_va_of(wrong[i]), 0x1000), 0);
		assert_warned(k, before, "not found slot");
		assert_int_equal(slot_at(k, 0).ptes_set, 1);
	}
	/* And twice. */
	assert_int_equal(fxm_early_iounmap(k->cpu, va, 0x1000), 0);
	unsigned before = warnings(k);
	assert_int_equal(fxm_early_iounmap(k->cpu, va, 0x1000), 0);
	assert_warned(k, before, "not found slot");
	/* The null pointer is what a free slot holds. */
	assert_int_equal(fxm_early_iounmap(k->cpu, fxm_va_of(0), 0x2000), 0);
	assert_warned(k, before + 1, "size not consistent");
	assert_int_equal(fxm_early_iounmap(k->cpu, fxm_va_of(0), 0x1000), 0);
	assert_warned(k, before + 2, "below the boot maps");
}

static void same_twice(struct kernel *k, bool pae)
{
	fxm_va a = fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x1000);
	fxm_va b = fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x1000);
	(void)pae;

	assert_int_equal(b.v, a.v + SLOT_BYTES);
	assert_int_equal(mapped_pfn(k, a), 0xfe000);
	assert_int_equal(mapped_pfn(k, b), 0xfe000);
	assert_int_equal(warnings(k), 0);
}

static void after_boot(struct kernel *k, bool pae)
{
	(void)pae;
	assert_int_equal(fxm_boot_phase_set(k->m, FXM_PHASE_RUNNING), 0);
	fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x1000);
	assert_warned(k, 0, "while the system is running");
	assert_int_equal(mapped_pfn(k, va), 0xfe000);
	assert_int_equal(fxm_early_iounmap(k->cpu, va, 0x1000), 0);
	assert_int_equal(warnings(k), 1);
}

static const struct {
	const char *call;
	void (*check)(struct kernel *k, bool pae);
} edges[] = {
    {"size 0", size_0},
    {"phys 0xFFFFF000, size 0x2000", wrap},
    {"phys 0xFFFFF000, size 0x1000", last_page},
    {"phys 0x1000, size 0x40000", full_slot},
    {"phys 0x1001, size 0x40000", one_page_too_many},
    {"phys 0x1FFF, size 1", last_byte},
    {"phys 0x1FFF, size 2", two_pages},
    {"9th mapping", ninth},
    {"unmap with another size", another_size},
    {"unmap addr + 4", another_address},
    {"same phys mapped twice", same_twice},
    {"map after boot (system running)", after_boot},
};

static void edge_table(void **state)
{
	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(slot_profiles); p++) {
		struct kernel *k = kernel_new(slot_profiles[p]);

		for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
			memset(&k->record, 0, sizeof(k->record));
			assert_int_equal(fxm_boot_phase_set(k->m, FXM_PHASE_RESET), 0);
			edges[i].check(k, has_pae(slot_profiles[p]));
			unmap_all(k);
		}
		kernel_free(k);
	}
	print_message("early_ioremap edge cases: %zu rows\n", ARRAY_SIZE(edges));
}

/* ---- phases, protections ----------------------------------------------------------------------------------------------------- */

static void early_entries_lack_what_the_mask_gains_later(void **state)
{
	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(slot_profiles); p++) {
		struct kernel *k = kernel_new(slot_profiles[p]);
		uint64_t late = prot_of(k, "FIXMAP_PAGE_RO").v;

		assert_int_equal(fxm_boot_phase(k->m), FXM_PHASE_RESET);
		fxm_va va = fxm_early_memremap_ro(k->cpu, fxm_pa_of(0xf0000), 0x1000);
		assert_int_equal(fxm_pte_at(k->m, va).v, 0xf0000 | late);
		assert_int_equal(fxm_boot_phase_set(k->m, FXM_PHASE_EARLY), 0);
		/* Made late, undone early, and the other way round. */
		assert_int_equal(fxm_early_iounmap(k->cpu, va, 0x1000), 0);
		va = fxm_early_ioremap(k->cpu, fxm_pa_of(0xfed00000), 0x1000);
		assert_int_equal(fxm_pte_at(k->m, va).v, 0xfed00063);
		assert_int_equal(fxm_early_ioremap_reset(k->cpu), 0);
		assert_int_equal(fxm_boot_phase(k->m), FXM_PHASE_RESET);
		assert_int_equal(fxm_pte_at(k->m, va).v, 0xfed00063);
		assert_int_equal(fxm_early_iounmap(k->cpu, va, 0x1000), 0);
		assert_int_equal(fxm_pte_at(k->m, va).v, 0);
		/* A reset later than that is none. */
		assert_int_equal(fxm_boot_phase_set(k->m, FXM_PHASE_RUNNING), 0);
		assert_int_equal(fxm_early_ioremap_reset(k->cpu), 0);
		assert_int_equal(fxm_boot_phase(k->m), FXM_PHASE_RUNNING);
		assert_int_equal(warnings(k), 0);
		kernel_free(k);
	}
}

static void a_machine_comes_up_running(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");

	assert_int_equal(fxm_boot_phase(k->m), FXM_PHASE_RUNNING);
	assert_int_equal(fxm_boot_phase_set(k->m, (enum fxm_boot_phase)4), -EINVAL);
	assert_int_equal(fxm_boot_phase_set(NULL, FXM_PHASE_EARLY), -EINVAL);
	kernel_free(k);
	k = kernel_new("profile=x86_32-4.15,phase=early");
	assert_int_equal(fxm_boot_phase(k->m), FXM_PHASE_EARLY);
	kernel_free(k);
}

/* PAGE_MASK of a 32-bit kernel cuts a physical address of 64 bits; the page after a carry has all of it. */
static void above_4_gb_the_frame_is_cut(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,pae=1,phase=reset");
	fxm_va va = fxm_early_memremap(k->cpu, fxm_pa_of(0x123456000), 0x1000);

	assert_int_equal(mapped_pfn(k, va), 0x23456);
	va = fxm_early_memremap(k->cpu, fxm_pa_of(0xfffff800), 0x1000);
	assert_int_equal(mapped_pfn(k, va), 0xfffff);
	assert_int_equal(mapped_pfn(k, fxm_va_of(va.v + 0x1000)), 0x100000);
	unmap_all(k);
	assert_int_equal(warnings(k), 0);
	kernel_free(k);
}

static void setup_complains_of_a_busy_slot(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,phase=early");

	assert_int_equal(fxm_early_ioremap_setup(k->cpu), 0);
	assert_int_equal(warnings(k), 0);
	fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x1000);
	fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x1000);
	assert_int_equal(fxm_early_ioremap_setup(k->cpu), 0);
	assert_warned(k, 0, "slot 0 is mapped");
	assert_int_equal(slot_at(k, 0).ptes_set, 1);
	unmap_all(k);
	kernel_free(k);
}

static void debug_tells_each_mapping(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,phase=early,early_ioremap_debug=1");
	fxm_va va = fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000123), 0x1000);

	assert_warned(k, 0, "early_ioremap(fe000123, 00002000) [0]");
	assert_int_equal(fxm_early_iounmap(k->cpu, va, 0x1000), 0);
	assert_warned(k, 1, "early_iounmap(");
	kernel_free(k);
}

/* reserve_top_address() moves the slots with everything else. */
static void slots_move_with_the_fixmap(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,phase=early");
	uint64_t before = slot_at(k, 0).base.v;

	assert_int_equal(fxm_reserve_top_address(k->cpu, 0x400000), 0);
	assert_int_equal(slot_at(k, 0).base.v, before - 0x400000);
	assert_int_equal(fxm_boot_phase(k->m), FXM_PHASE_EARLY);
	kernel_free(k);
}

/* ---- copies ----------------------------------------------------------------------------------------------------------------- */

static void copies_go_slot_by_slot(void **state)
{
	(void)state;
	enum { PAGES = 130 };
	struct kernel *k = kernel_new("profile=x86_32-4.15,phase=reset");
	struct fxm_page *page = fxm_alloc_pages(k->m, FXM_GFP_HIGHMEM, 8);
	uint64_t from = fxm_page_phys(k->m, page).v + 0x123;
	unsigned char *copy = malloc(PAGES * FXM_PAGE_SIZE);
	unsigned char *there = (unsigned char *)fxm_frame(k->m, from >> FXM_PAGE_SHIFT) + 0x123;

	for (size_t i = 0; i < PAGES * FXM_PAGE_SIZE; i++)
		there[i] = (unsigned char)(i * 31 + i / 4096);
	assert_int_equal(fxm_copy_from_early_mem(k->cpu, copy, fxm_pa_of(from), PAGES * FXM_PAGE_SIZE), 0);
	assert_memory_equal(copy, there, PAGES * FXM_PAGE_SIZE);
	assert_int_equal(fxm_copy_from_early_mem(k->cpu, NULL, fxm_pa_of(from), 0), 0);
	assert_int_equal(fxm_copy_from_early_mem(k->cpu, NULL, fxm_pa_of(from), 1), -EINVAL);
	assert_int_equal(fxm_check_early_ioremap_leak(k->cpu), 0);
	assert_int_equal(warnings(k), 0);
	free(copy);
	kernel_free(k);
}

static void call_copy(struct call *c)
{
	char byte;

	fxm_copy_from_early_mem(c->cpu, &byte, fxm_pa_of(0x100123), 1);
}

static void a_copy_without_a_slot_is_an_oops(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,phase=reset");
	struct call c = {.cpu = k->cpu, .fn = call_copy};

	for (uint32_t i = 0; i < SLOTS; i++)
		fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 1);
	assert_int_equal(task_run(&c), -ECANCELED);
	assert_int_equal(k->record.kinds[FXM_REPORT_OOPS], 1);
	assert_int_equal(k->record.last.fault.address.v, 0x123);
	unmap_all(k);
	kernel_free(k);
}

/* ---- what others see ------------------------------------------------------------------------------------------------------- */

static void the_mapping_can_be_used(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=x86_32-4.15,phase=early",
					    "profile=x86_32-6.1,pae=1,phase=early,window=strict"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *page = low_page(k);
		fxm_va va = fxm_early_memremap(k->cpu, fxm_page_phys(k->m, page), FXM_PAGE_SIZE);
		uint64_t mark;

		mark_page(k, page, 0x1234);
		assert_int_equal(read_mark(k->cpu, va), 0x1234);
		if (fxm_window_mode(k->m) != FXM_WINDOW_OFF)
			assert_int_equal(*(volatile uint64_t *)fxm_host(k->m, va), 0x1234);
		assert_int_equal(fxm_early_memunmap(k->cpu, va, FXM_PAGE_SIZE), 0);
		assert_int_equal(fxm_read(k->cpu, va, &mark, sizeof(mark)), -EFAULT);
		kernel_free(k);
	}
}

static void leaks_are_found(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,phase=reset,detect=on");

	fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x1000);
	fxm_va undone = fxm_early_ioremap(k->cpu, fxm_pa_of(0xfe001000), 0x1000);
	fxm_early_iounmap(k->cpu, undone, 0x1000);
	assert_int_equal(fxm_report_leaks(k->m), 1);
	assert_string_equal(k->record.last.detector, "leak");
	assert_non_null(strstr(k->record.last.message, "early mapping never undone: 1000 bytes of frame fe000"));
	unmap_all(k);
	assert_int_equal(fxm_report_leaks(k->m), 0);
	kernel_free(k);
	k = kernel_new("profile=i386-2.6.12,detect=on");
	fxm_va va = fxm_bt_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x2000);
	fxm_bt_iounmap(k->cpu, va, 0x1000);
	assert_int_equal(fxm_report_leaks(k->m), 1);
	fxm_bt_iounmap(k->cpu, va, 0x2000);
	assert_int_equal(fxm_report_leaks(k->m), 0);
	kernel_free(k);
}

/* ---- 2.6 --------------------------------------------------------------------------------------------------------------------- */

static void window_edge_table(void **state)
{
	(void)state;
	static const struct {
		uint64_t phys, size;
		uint32_t pages; /* set afterwards */
		int where;	/* 1: in the window; 0: refused; -1: in the direct map */
	} rows[] = {
	    {0xfed00000, 0x1000, 1, 1},
	    {0xfed00123, 0x10, 1, 1},
	    /* only the first byte of the last page: that page is missing */
	    {0x300000, 1, 0, 1},
	    {0x300800, 0x801, 1, 1},
	    {0x300800, 0x802, 2, 1},
	    {0x300fff, 2, 1, 1},
	    /* the ISA hole and what crosses its ends */
	    {0xa0000, 0x1000, 0, -1},
	    {0xfffff, 1, 0, -1},
	    {0x9f000, 0x2000, 2, 1},
	    {0xff000, 0x1001, 1, 1},
	    /* full, one page too many, and the two that pass because of the missing page */
	    {0xfe000000, 0x10000, 16, 1},
	    {0xfe000000, 0x11000, 0, 0},
	    {0xfe000000, 0x10001, 16, 1},
	    {0xfe000001, 0x10000, 16, 1},
	    {0xfe000002, 0x10000, 0, 0},
	    /* nothing, the end of the address space */
	    {0xfe000000, 0, 0, 0},
	    {0xfffff000, 0x2000, 0, 0},
	    {0xfffff000, 0x1000, 1, 1},
	    {0xffffffff, 2, 0, 0},
	};

	for (size_t p = 0; p < ARRAY_SIZE(window_profiles); p++) {
		struct kernel *k = kernel_new(window_profiles[p]);
		uint64_t base = slot_at(k, 0).base.v;

		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			fxm_va va = fxm_bt_ioremap(k->cpu, fxm_pa_of(rows[i].phys), rows[i].size);

			assert_va(va, rows[i].where > 0	  ? base + (rows[i].phys & 0xfff)
				      : rows[i].where < 0 ? 0xc0000000 + rows[i].phys
							  : 0);
			assert_int_equal(slot_at(k, 0).ptes_set, rows[i].pages);
			if (va.v)
				fxm_bt_iounmap(k->cpu, va, rows[i].size);
			assert_int_equal(slot_at(k, 0).ptes_set, 0);
		}
		assert_int_equal(warnings(k), 0);
		kernel_free(k);
	}
	print_message("bt_ioremap edge cases: %zu rows\n", ARRAY_SIZE(rows));
}

static void unmapping_clears_from_the_start_of_the_window(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12");
	fxm_va va = fxm_bt_ioremap(k->cpu, fxm_pa_of(0xfe000000), 0x4000);

	assert_int_equal(fxm_pte_at(k->m, va).v, 0xfe000000 | prot_of(k, "PAGE_KERNEL").v);
	fxm_bt_iounmap(k->cpu, fxm_va_of(va.v - 0x1000), 0x1000);
	assert_int_equal(slot_at(k, 0).ptes_set, 4);
	fxm_bt_iounmap(k->cpu, fxm_va_of(va.v + 0x2010), 0x1000);
	assert_int_equal(slot_at(k, 0).ptes_set, 2);
	assert_int_equal(fxm_pte_at(k->m, va).v, 0);
	/* A second mapping goes over the first. */
	va = fxm_bt_ioremap(k->cpu, fxm_pa_of(0xfd000000), 0x1000);
	assert_int_equal(slot_at(k, 0).ptes_set, 3);
	assert_int_equal(mapped_pfn(k, va), 0xfd000);
	fxm_bt_iounmap(k->cpu, va, 0x10000);
	assert_int_equal(warnings(k), 0);
	kernel_free(k);
}

/* ---- arguments and versions ------------------------------------------------------------------------------------------------- */

static void the_other_generation_is_refused(void **state)
{
	(void)state;
	fxm_pa pa = fxm_pa_of(0xfe000000);
	struct kernel *k = kernel_new("profile=i386-2.6.12");

	assert_va_error(fxm_early_ioremap(k->cpu, pa, 1), -ENOSYS);
	assert_va_error(fxm_early_memremap(k->cpu, pa, 1), -ENOSYS);
	assert_va_error(fxm_early_memremap_ro(k->cpu, pa, 1), -ENOSYS);
	assert_int_equal(fxm_early_iounmap(k->cpu, fxm_va_of(0), 1), -ENOSYS);
	assert_int_equal(fxm_early_ioremap_setup(k->cpu), -ENOSYS);
	assert_int_equal(fxm_early_ioremap_reset(k->cpu), -ENOSYS);
	assert_int_equal(fxm_copy_from_early_mem(k->cpu, NULL, pa, 0), -ENOSYS);
	assert_int_equal(fxm_check_early_ioremap_leak(k->cpu), -ENOSYS);
	kernel_free(k);
	k = kernel_new("profile=x86_32-4.15");
	assert_va_error(fxm_bt_ioremap(k->cpu, pa, 1), -ENOSYS);
	assert_int_equal(fxm_bt_iounmap(k->cpu, fxm_va_of(0), 1), -ENOSYS);
	/* 64-bit x86 with memory encryption only. */
	assert_va_error(fxm_early_memremap_prot(k->cpu, pa, 1, fxm_pte_of(0x163)), -ENOSYS);
	kernel_free(k);
	assert_non_null(strstr(fxm_since("bt_ioremap"), "2.6.26"));
	assert_non_null(strstr(fxm_since("early_ioremap"), "2.6.27"));
}

static void refuses_null(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	fxm_pa pa = fxm_pa_of(0xfe000000);
	struct fxm_early_slot slot;

	assert_va_error(fxm_early_ioremap(NULL, pa, 1), -EINVAL);
	assert_va_error(fxm_early_memremap(NULL, pa, 1), -EINVAL);
	assert_va_error(fxm_early_memremap_ro(NULL, pa, 1), -EINVAL);
	assert_va_error(fxm_early_memremap_prot(NULL, pa, 1, fxm_pte_of(0)), -EINVAL);
	assert_int_equal(fxm_early_iounmap(NULL, fxm_va_of(1), 1), -EINVAL);
	assert_int_equal(fxm_early_ioremap_setup(NULL), -EINVAL);
	assert_int_equal(fxm_early_ioremap_reset(NULL), -EINVAL);
	assert_int_equal(fxm_copy_from_early_mem(NULL, NULL, pa, 0), -EINVAL);
	assert_int_equal(fxm_check_early_ioremap_leak(NULL), -EINVAL);
	assert_va_error(fxm_bt_ioremap(NULL, pa, 1), -EINVAL);
	assert_int_equal(fxm_bt_iounmap(NULL, fxm_va_of(1), 1), -EINVAL);
	assert_int_equal(fxm_early_slot_at(NULL, 0, &slot), -EINVAL);
	assert_int_equal(fxm_early_slot_at(k->m, 0, NULL), -EINVAL);
	assert_int_equal(fxm_early_slot_at(k->m, SLOTS, &slot), -ENOENT);
	assert_int_equal(fxm_early_slot_at(k->m, UINT32_MAX, &slot), -ENOENT);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(edge_table),
	    cmocka_unit_test(early_entries_lack_what_the_mask_gains_later),
	    cmocka_unit_test(a_machine_comes_up_running),
	    cmocka_unit_test(above_4_gb_the_frame_is_cut),
	    cmocka_unit_test(setup_complains_of_a_busy_slot),
	    cmocka_unit_test(debug_tells_each_mapping),
	    cmocka_unit_test(slots_move_with_the_fixmap),
	    cmocka_unit_test(copies_go_slot_by_slot),
	    cmocka_unit_test(a_copy_without_a_slot_is_an_oops),
	    cmocka_unit_test(the_mapping_can_be_used),
	    cmocka_unit_test(leaks_are_found),
	    cmocka_unit_test(window_edge_table),
	    cmocka_unit_test(unmapping_clears_from_the_start_of_the_window),
	    cmocka_unit_test(the_other_generation_is_refused),
	    cmocka_unit_test(refuses_null),
	};

	return cmocka_run_group_tests_name("early_ioremap", tests, NULL, NULL);
}
