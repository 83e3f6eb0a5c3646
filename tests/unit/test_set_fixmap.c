/* SPDX-License-Identifier: MIT */
/* Fixed mappings: index arithmetic, the setters' values and mistakes, stale TLBs, reserve_top_address(). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static const char *const profiles[] = {ALL_PROFILES};

#define NX (UINT64_C(1) << 63)

static bool is_2_6(const char *words)
{
	return !strncmp(words, "profile=i386", 12);
}

static void call_set(struct call *c)
{
	fxm_set_fixmap(c->cpu, (uint32_t)c->n, fxm_page_phys(fxm_vcpu_machine(c->cpu), c->page));
}

static void call_clear(struct call *c)
{
	fxm_clear_fixmap(c->cpu, (uint32_t)c->n);
}

static void call_virt_to_fix(struct call *c)
{
	c->result = fxm_virt_to_fix(c->cpu, c->va);
}

static void call_reserve(struct call *c)
{
	c->result = (uint64_t)fxm_reserve_top_address(c->cpu, c->n);
}

/* ---- arguments and versions ---------------------------------------------------------------------------------------------- */

static void refuses_null(void **state)
{
	(void)state;
	fxm_pa pa = fxm_pa_of(0x100000);

	assert_va_error(fxm_fix_to_virt_unchecked(NULL, 1), -EINVAL);
	assert_va_error(fxm_fix_to_virt(NULL, 1), -EINVAL);
	assert_int_equal(fxm_virt_to_fix_unchecked(NULL, fxm_va_of(0xffffe000)), UINT64_MAX);
	assert_int_equal(fxm_virt_to_fix(NULL, fxm_va_of(0xffffe000)), UINT64_MAX);
	assert_int_equal(fxm_set_fixmap(NULL, 1, pa), -EINVAL);
	assert_int_equal(fxm_set_fixmap_nocache(NULL, 1, pa), -EINVAL);
	assert_int_equal(fxm_set_fixmap_io(NULL, 1, pa), -EINVAL);
	assert_va_error(fxm_set_fixmap_offset(NULL, 1, pa), -EINVAL);
	assert_va_error(fxm_set_fixmap_offset_nocache(NULL, 1, pa), -EINVAL);
	assert_va_error(fxm_set_fixmap_offset_io(NULL, 1, pa), -EINVAL);
	assert_int_equal(fxm_reserve_top_address(NULL, 0), -EINVAL);
	fxm_set_fixmap_prot(NULL, 1, pa, fxm_pte_of(0));
	fxm_clear_fixmap(NULL, 1);
}

static void the_macros_of_3_x_are_refused_on_2_6(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
		fxm_va va = fxm_fix_to_virt(k->m, index);
		fxm_pa pa = fxm_pa_of(0x234567);

		if (is_2_6(profiles[i])) {
			assert_int_equal(fxm_set_fixmap_io(k->cpu, index, pa), -ENOSYS);
			assert_va_error(fxm_set_fixmap_offset(k->cpu, index, pa), -ENOSYS);
			assert_va_error(fxm_set_fixmap_offset_nocache(k->cpu, index, pa), -ENOSYS);
			assert_va_error(fxm_set_fixmap_offset_io(k->cpu, index, pa), -ENOSYS);
			assert_int_equal(fxm_reserve_top_address(k->cpu, 0), -ENOSYS);
			assert_int_equal(fxm_pte_at(k->m, va).v, 0);
		} else {
			assert_int_equal(fxm_set_fixmap_io(k->cpu, index, pa), 0);
			assert_va(fxm_set_fixmap_offset(k->cpu, index, pa), va.v + 0x567);
			assert_va(fxm_set_fixmap_offset_nocache(k->cpu, index, pa), va.v + 0x567);
			assert_va(fxm_set_fixmap_offset_io(k->cpu, index, pa), va.v + 0x567);
			assert_int_equal(mapped_pfn(k, va), 0x234);
		}
		kernel_free(k);
	}
	assert_string_equal(fxm_since("set_fixmap_io"), "since 3.14");
	assert_string_equal(fxm_since("set_fixmap_offset"), "since 3.14");
	assert_string_equal(fxm_since("reserve_top_address"), "since 2.6.18");
	assert_null(fxm_since("set_fixmap_sideways"));
	assert_null(fxm_since(NULL));
}

/* ---- indices and addresses -------------------------------------------------------------------------------------------------- */

static void permanent_indices_round_trip(void **state)
{
	(void)state;
	static const char *const where[] = {"include/asm/fixmap.h:153",	       "include/asm/fixmap.h:153",
					    "include/asm-generic/fixmap.h:37", "include/asm-generic/fixmap.h:37",
					    "include/asm-generic/fixmap.h:38", "include/asm-generic/fixmap.h:38",
					    "include/asm-generic/fixmap.h:38", "include/asm-generic/fixmap.h:38"};

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		uint32_t permanent = fixed_index(k, "__end_of_permanent_fixed_addresses"),
			 end = fixed_index(k, "__end_of_fixed_addresses");

		for (uint32_t index = 1; index <= permanent; index++) {
			fxm_va va = fxm_fix_to_virt(k->m, index);
			assert_va(va, layout_value(k, "FIXADDR_TOP") - ((uint64_t)index << FXM_PAGE_SHIFT));
			assert_int_equal(fxm_virt_to_fix(k->cpu, va), index);
			assert_int_equal(fxm_virt_to_fix(k->cpu, fxm_va_of(va.v + 0xfff)), index);
			assert_int_equal(fxm_virt_to_fix_unchecked(k->m, va), index);
		}
		/* Index 0 lies at FIXADDR_TOP, the boot-time ones below FIXADDR_START: virt_to_fix() takes neither. */
		assert_bug(k, call_virt_to_fix, (struct call){.va = fxm_fix_to_virt(k->m, 0)}, where[i]);
		assert_non_null(strstr(k->record.last.message, "index 0 lies above FIXADDR_TOP"));
		if (end > permanent + 1)
			assert_bug(k, call_virt_to_fix, (struct call){.va = fxm_fix_to_virt(k->m, permanent + 1)}, where[i]);
		assert_va_error(fxm_fix_to_virt(k->m, end), -EINVAL);
		assert_va_error(fxm_fix_to_virt(k->m, UINT32_MAX), -EINVAL);
		/* The unchecked forms compute, in 32 bits. */
		assert_va(fxm_fix_to_virt_unchecked(k->m, end), layout_value(k, "FIXADDR_TOP") - ((uint64_t)end << FXM_PAGE_SHIFT));
		assert_int_equal(fxm_fix_to_virt_unchecked(k->m, 0x100000).v, layout_value(k, "FIXADDR_TOP"));
		assert_int_equal(fxm_virt_to_fix_unchecked(k->m, fxm_va_of(0)), layout_value(k, "FIXADDR_TOP") >> FXM_PAGE_SHIFT);
		kernel_free(k);
	}
}

static void an_index_out_of_range_is_a_bug(void **state)
{
	(void)state;
	static const char *const where[] = {"arch/i386/mm/pgtable.c:135", "arch/i386/mm/pgtable.c:135",
					    "arch/x86/mm/pgtable.c:576",  "arch/x86/mm/pgtable.c:576",
					    "arch/x86/mm/pgtable.c:646",  "arch/x86/mm/pgtable.c:646",
					    "arch/x86/mm/pgtable.c:661",  "arch/x86/mm/pgtable.c:661"};

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		uint32_t end = fixed_index(k, "__end_of_fixed_addresses");
		struct fxm_page *page = low_page(k);

		assert_bug(k, call_set, (struct call){.page = page, .n = end}, where[i]);
		assert_int_equal(k->record.last.slot, (int)end);
		assert_bug(k, call_clear, (struct call){.n = end}, where[i]);
		assert_bug(k, call_set, (struct call){.page = page, .n = UINT32_MAX}, where[i]);

		/* The documents' mistake: the address itself. The message tells which index was meant. */
		assert_bug(k, call_set, (struct call){.page = page, .n = 0xffffd000}, where[i]);
		assert_non_null(strstr(k->record.last.message, "0xffffd000 is an address: its index would be 2"));

		/* The last one is fine, boot-time or not. */
		struct call last = {.cpu = k->cpu, .page = page, .n = end - 1, .fn = call_set};
		assert_int_equal(task_run(&last), 0);
		assert_int_equal(mapped_pfn(k, fxm_fix_to_virt_unchecked(k->m, end - 1)), pfn_of(k, page));
		kernel_free(k);
	}
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static void writes_the_entry_of_each_version(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		uint64_t normal, nocache;
	} cases[] = {
	    {"profile=i386-2.6.12", 0xfee00163, 0xfee00173},
	    {"profile=i386-2.6.12,pge=0", 0xfee00063, 0xfee00073},
	    {"profile=i386-2.6.12,pae=1", NX | 0xfee00163, NX | 0xfee00173},
	    {"profile=i386-2.6.12,pae=1,nx=0", 0xfee00163, 0xfee00173},
	    {"profile=x86_32-4.15", 0xfee00163, 0xfee0017b},
	    {"profile=x86_32-4.15,pae=1", NX | 0xfee00163, NX | 0xfee0017b},
	    {"profile=x86_32-4.15,pae=1,nx=0", 0xfee00163, 0xfee0017b},
	    {"profile=x86_32-5.10", 0xfee00163, 0xfee0017b},
	    {"profile=x86_32-5.10,pae=1,pti=1", 0xfee00063, 0xfee0007b},
	    {"profile=x86_32-5.10,pae=1,nx=1", NX | 0xfee00163, NX | 0xfee0017b},
	    {"profile=x86_32-6.1", 0xfee00163, 0xfee0017b},
	    {"profile=x86_32-6.1,pae=1,pti=1", 0xfee00063, 0xfee0007b},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		uint32_t index = fixed_index(k, "FIX_APIC_BASE");
		fxm_va va = fxm_fix_to_virt(k->m, index);

		fxm_set_fixmap(k->cpu, index, fxm_pa_of(0xfee00000));
		assert_int_equal(fxm_pte_at(k->m, va).v, cases[i].normal);
		fxm_set_fixmap_nocache(k->cpu, index, fxm_pa_of(0xfee00000));
		assert_int_equal(fxm_pte_at(k->m, va).v, cases[i].nocache);
		if (fxm_set_fixmap_io(k->cpu, index, fxm_pa_of(0xfee00000)) != -ENOSYS) /* cacheable, for all its name */
			assert_int_equal(fxm_pte_at(k->m, va).v, cases[i].normal);
		fxm_clear_fixmap(k->cpu, index);
		assert_int_equal(fxm_pte_at(k->m, va).v, 0);
		kernel_free(k);
	}
}

static void index_0_maps_the_last_page(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k);

		mark_page(k, page, 4711);
		fxm_set_fixmap(k->cpu, 0, fxm_page_phys(k->m, page));
		assert_int_equal(read_mark(k->cpu, fxm_va_of(0xfffff000)), 4711);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void the_low_bits_of_the_address_are_dropped(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	uint32_t index = fixed_index(k, "FIX_TEXT_POKE0");

	fxm_set_fixmap(k->cpu, index, fxm_pa_of(0x345fff));
	assert_int_equal(fxm_pte_at(k->m, fxm_fix_to_virt(k->m, index)).v, 0x345163);
	assert_va(fxm_set_fixmap_offset(k->cpu, index, fxm_pa_of(0x345fff)), fxm_fix_to_virt(k->m, index).v + 0xfff);
	kernel_free(k);
}

/* Protection 0 is no clear: the frame's bits stay in an entry that is not present. Frame 0 with a protection is a mapping. */
static void protection_0_is_not_a_clear(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
		fxm_va va = fxm_fix_to_virt(k->m, index);
		struct fxm_fault fault;

		fxm_set_fixmap_prot(k->cpu, index, fxm_pa_of(0x345000), fxm_pte_of(0));
		assert_int_equal(fxm_pte_at(k->m, va).v, 0x345000);
		assert_int_equal(fxm_read(k->cpu, va, &(char){0}, 1), -EFAULT);
		fxm_get_last_fault(k->cpu, &fault);
		assert_false(fault.present);
		assert_int_equal(fault.code, 0);
		fxm_set_fixmap_prot(k->cpu, index, fxm_pa_of(0), prot_of(k, "PAGE_KERNEL"));
		assert_int_equal(mapped_pfn(k, va), 0);
		kernel_free(k);
	}
}

static void a_read_only_mapping_refuses_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
		fxm_va va = fxm_fix_to_virt(k->m, index);
		struct fxm_page *page = high_page(k);
		uint64_t value = 1;
		struct fxm_fault fault;

		mark_page(k, page, 55);
		fxm_set_fixmap_prot(k->cpu, index, fxm_page_phys(k->m, page), prot_of(k, "PAGE_KERNEL_RO"));
		assert_int_equal(read_mark(k->cpu, va), 55);
		assert_int_equal(fxm_write(k->cpu, va, &value, sizeof(value)), -EFAULT);
		fxm_get_last_fault(k->cpu, &fault);
		assert_int_equal(fault.code, 3);
		assert_true(fault.present);
		assert_int_equal(mark_of(k, page), 55);
		kernel_free(k);
	}
}

static void clearing_what_is_not_mapped_is_harmless(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12");
	uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");

	fxm_clear_fixmap(k->cpu, index);
	fxm_clear_fixmap(k->cpu, index);
	assert_int_equal(fxm_pte_at(k->m, fxm_fix_to_virt(k->m, index)).v, 0);
	assert_no_reports(k);
	kernel_free(k);
}

/* ---- physical addresses above 4 GB ------------------------------------------------------------------------------- */

static void above_4_gb_2_6_cuts_the_address(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		uint64_t pfn;
	} cases[] = {{"profile=i386-2.6.12,pae=1,ram_end=140000000", 0x23456},
		     {"profile=x86_32-4.15,pae=1,ram_end=140000000", 0x123456},
		     {"profile=x86_32-5.10,pae=1,ram_end=140000000", 0x123456}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
		fxm_va va = fxm_fix_to_virt(k->m, index);

		*(uint64_t *)fxm_frame(k->m, 0x23456) = 1;
		*(uint64_t *)fxm_frame(k->m, 0x123456) = 2;
		fxm_set_fixmap(k->cpu, index, fxm_pa_of(0x123456000));
		assert_int_equal(mapped_pfn(k, va), cases[i].pfn);
		assert_int_equal(read_mark(k->cpu, va), cases[i].pfn == 0x23456 ? 1 : 2);
		kernel_free(k);
	}
}

/* ---- TLBs -------------------------------------------------------------------------------------------------------- */

static void set_over_set_leaves_other_cpus_stale(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_vcpu *other = fxm_machine_vcpu(k->m, 1);
		uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
		fxm_va va = fxm_fix_to_virt(k->m, index);
		struct fxm_page *first = high_page(k), *second = high_page(k);

		mark_page(k, first, 1);
		mark_page(k, second, 2);
		fxm_set_fixmap(k->cpu, index, fxm_page_phys(k->m, first));
		assert_int_equal(read_mark(k->cpu, va), 1);
		assert_int_equal(read_mark(other, va), 1);
		fxm_set_fixmap(k->cpu, index, fxm_page_phys(k->m, second));
		assert_int_equal(read_mark(k->cpu, va), 2);
		assert_int_equal(read_mark(other, va), 1);
		fxm_tlb_flush_one(other, va);
		assert_int_equal(read_mark(other, va), 2);

		/* The same for a clear: the other CPU still writes into a page that is unmapped. */
		uint64_t stray = 99;
		assert_int_equal(fxm_write(other, va, &stray, 8), 0);
		fxm_clear_fixmap(k->cpu, index);
		assert_int_equal(fxm_write(k->cpu, va, &stray, 8), -EFAULT);
		stray = 100;
		assert_int_equal(fxm_write(other, va, &stray, 8), 0);
		assert_int_equal(mark_of(k, second), 100);
		fxm_tlb_flush(other);
		assert_int_equal(fxm_write(other, va, &stray, 8), -EFAULT);
		assert_no_reports(k);
		kernel_free(k);
	}
}

/* ---- reserve_top_address ----------------------------------------------------------------------------------------- */

static const char *const moved_names[] = {"FIXADDR_TOP", "FIXADDR_START", "PKMAP_BASE", "VMALLOC_END", "CPU_ENTRY_AREA_BASE"};

static void reserve_top_address_moves_everything(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		uint64_t reserve, top;
	} cases[] = {
	    {"profile=x86_32-4.15", 0x4000000, 0xfbfff000},	  {"profile=x86_32-4.15", 1, 0xffbff000},
	    {"profile=x86_32-4.15", 0x400001, 0xff7ff000},	  {"profile=x86_32-4.15,pae=1", 1, 0xffdff000},
	    {"profile=x86_32-4.15,pae=1", 0x4000000, 0xfbfff000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		uint64_t before[ARRAY_SIZE(moved_names)], by = 0xfffff000 - cases[i].top;
		struct fxm_page *page = high_page(k);

		for (size_t n = 0; n < ARRAY_SIZE(moved_names); n++)
			before[n] = layout_value(k, moved_names[n]);
		assert_int_equal(fxm_reserve_top_address(k->cpu, cases[i].reserve), 0);
		k->layout = fxm_machine_layout(k->m);
		assert_int_equal(layout_value(k, "FIXADDR_TOP"), cases[i].top);
		for (size_t n = 0; n < 3; n++)
			assert_in_range(before[n] - layout_value(k, moved_names[n]), by, by + 0x400000);
		for (size_t n = 3; n < ARRAY_SIZE(moved_names); n++)
			assert_true(layout_value(k, moved_names[n]) < before[n]);

		/* All three families work at the new places, on every CPU. */
		mark_page(k, page, 31);
		fxm_va va = fxm_kmap(k->cpu, page);
		assert_va(va, layout_value(k, "PKMAP_BASE") + FXM_PAGE_SIZE);
		assert_int_equal(read_mark(k->cpu, va), 31);
		for (unsigned cpu = 0; cpu < 2; cpu++) {
			struct fxm_vcpu *c = fxm_machine_vcpu(k->m, cpu);
			fxm_va atomic = fxm_kmap_atomic(c, page);
			assert_va(atomic, fxm_fix_to_virt_unchecked(k->m, fixed_index(k, "FIX_KMAP_BEGIN") + 20 * cpu).v);
			assert_int_equal(read_mark(c, atomic), 31);
			fxm_kunmap_atomic(c, atomic);
		}
		fxm_set_fixmap(k->cpu, 1, fxm_page_phys(k->m, page));
		assert_int_equal(read_mark(k->cpu, fxm_va_of(cases[i].top - FXM_PAGE_SIZE)), 31);
		kernel_free(k);
	}
}

static void reserve_top_address_must_come_first(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");

	fxm_clear_fixmap(k->cpu, 1); /* a clear counts as a set */
	assert_bug(k, call_reserve, (struct call){.n = 0x400000}, NULL);
	assert_int_equal(layout_value(k, "FIXADDR_TOP"), 0xfffff000);
	kernel_free(k);

	/* 5.10 sets the APIC's at boot. */
	k = kernel_new("profile=x86_32-5.10");
	assert_bug(k, call_reserve, (struct call){.n = 0x400000}, NULL);
	kernel_free(k);
}

/* What does not fit, or would run into the direct map that is already there, is refused; nothing has moved then. */
static void reserve_top_address_refuses_what_does_not_fit(void **state)
{
	(void)state;
	static const uint64_t reserves[] = {0x30000000, 0x3fffffff, 0x40000000, UINT64_C(0x100000000), UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(reserves); i++) {
		struct kernel *k = kernel_new("profile=x86_32-4.15");
		struct fxm_page *page = high_page(k);
		uint64_t base = layout_value(k, "PKMAP_BASE");

		assert_int_equal(fxm_reserve_top_address(k->cpu, reserves[i]), -EINVAL);
		assert_int_equal(layout_value(k, "FIXADDR_TOP"), 0xfffff000);
		assert_va(fxm_kmap(k->cpu, page), base + FXM_PAGE_SIZE);
		assert_int_equal(fxm_reserve_top_address(k->cpu, 0), 0);
		kernel_free(k);
	}
}

/* Lowmem was mapped at boot: it stays where it is, whatever moves above it. */
static void reserve_top_address_never_reaches_into_lowmem(void **state)
{
	(void)state;
	for (uint64_t reserve = 0x1000000; reserve < 0x20000000; reserve *= 2) {
		struct kernel *k = kernel_new("profile=x86_32-4.15");
		struct fxm_zone_info normal;

		assert_int_equal(fxm_get_zone_info(k->m, FXM_ZONE_NORMAL, &normal), 0);
		uint64_t last = normal.start_pfn + normal.spanned - 1;
		fxm_va direct = fxm_va_of(layout_value(k, "PAGE_OFFSET") + (last << FXM_PAGE_SHIFT));
		int error = fxm_reserve_top_address(k->cpu, reserve);

		*(uint64_t *)fxm_frame(k->m, last) = 17;
		assert_int_equal(read_mark(k->cpu, direct), 17);
		k->layout = fxm_machine_layout(k->m);
		if (!error)
			assert_true(layout_value(k, "PKMAP_BASE") > direct.v);
		struct fxm_page *page = high_page(k);
		mark_page(k, page, 18);
		assert_int_equal(read_mark(k->cpu, fxm_kmap(k->cpu, page)), 18);
		kernel_free(k);
	}
}

/* ---- without highmem --------------------------------------------------------------------------------------------- */

static void works_without_highmem(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=i386-2.6.12,HIGHMEM=0", "profile=x86_32-4.15,HIGHMEM=0",
					    "profile=x86_32-5.10,HIGHMEM=0,pae=1", "profile=x86_32-5.10,SMP=0"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		uint32_t end = fixed_index(k, "__end_of_fixed_addresses");
		struct fxm_page *page = low_page(k);

		mark_page(k, page, 3);
		for (uint32_t index = 0; index < end; index++) {
			assert_int_equal(fxm_set_fixmap(k->cpu, index, fxm_page_phys(k->m, page)), 0);
			assert_int_equal(read_mark(k->cpu, fxm_fix_to_virt_unchecked(k->m, index)), 3);
			fxm_clear_fixmap(k->cpu, index);
		}
		assert_no_reports(k);
		kernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_null),
	    cmocka_unit_test(the_macros_of_3_x_are_refused_on_2_6),
	    cmocka_unit_test(permanent_indices_round_trip),
	    cmocka_unit_test(an_index_out_of_range_is_a_bug),
	    cmocka_unit_test(writes_the_entry_of_each_version),
	    cmocka_unit_test(index_0_maps_the_last_page),
	    cmocka_unit_test(the_low_bits_of_the_address_are_dropped),
	    cmocka_unit_test(protection_0_is_not_a_clear),
	    cmocka_unit_test(a_read_only_mapping_refuses_writes),
	    cmocka_unit_test(clearing_what_is_not_mapped_is_harmless),
	    cmocka_unit_test(above_4_gb_2_6_cuts_the_address),
	    cmocka_unit_test(set_over_set_leaves_other_cpus_stale),
	    cmocka_unit_test(reserve_top_address_moves_everything),
	    cmocka_unit_test(reserve_top_address_must_come_first),
	    cmocka_unit_test(reserve_top_address_refuses_what_does_not_fit),
	    cmocka_unit_test(reserve_top_address_never_reaches_into_lowmem),
	    cmocka_unit_test(works_without_highmem),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
