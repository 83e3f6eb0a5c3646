/* SPDX-License-Identifier: MIT */
/* Temporary mappings in named slots (2.6.12): mistakes and their exact effects, with and without DEBUG_HIGHMEM. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static const char *const profiles[] = {"profile=i386-2.6.12", "profile=i386-2.6.12,pae=1"};
static const char *const debug_profiles[] = {"profile=i386-2.6.12,DEBUG_HIGHMEM=1", "profile=i386-2.6.12,pae=1,DEBUG_HIGHMEM=1"};

static void call_map(struct call *c)
{
	c->va = fxm_kmap_atomic_type(c->cpu, c->page, (uint32_t)c->n);
}

static void call_unmap(struct call *c)
{
	c->result = (uint64_t)fxm_kunmap_atomic_type(c->cpu, c->va, (uint32_t)c->n);
}

static void call_to_page(struct call *c)
{
	c->result = kmap_atomic_pfn_of(c->cpu, c->va);
}

static uint32_t km_type(struct kernel *k, const char *name)
{
	int type = fxm_km_type_index(k->layout, name);

	assert_true(type >= 0);
	return (uint32_t)type;
}

static fxm_va type_va(struct kernel *k, unsigned cpu, uint32_t type)
{
	return fxm_fix_to_virt(k->m, fixed_index(k, "FIX_KMAP_BEGIN") + cpu * (uint32_t)layout_value(k, "KM_TYPE_NR") + type);
}

/* ---- arguments and versions -------------------------------------------------------------------------------------------------- */

static void refuses_bad_arguments(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(profiles[0]), *other = kernel_new(profiles[0]);
	struct fxm_page *good = high_page(k), *foreign = high_page(other);
	struct fxm_page *bad[] = {NULL, foreign, (struct fxm_page *)((char *)good + 4)}, *out;
	uint32_t nr = (uint32_t)layout_value(k, "KM_TYPE_NR");

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_va_error(fxm_kmap_atomic_type(k->cpu, bad[i], 0), -EINVAL);
	assert_va_error(fxm_kmap_atomic_type(k->cpu, good, nr), -EINVAL);
	assert_va_error(fxm_kmap_atomic_type(k->cpu, good, UINT32_MAX), -EINVAL);
	assert_int_equal(fxm_kunmap_atomic_type(k->cpu, fxm_va_of(0), nr), -EINVAL);
	assert_int_equal(fxm_kmap_atomic_to_page(k->cpu, fxm_va_of(0xc0000000), NULL), -EINVAL);
	assert_int_equal(fxm_kmap_atomic_to_page(k->cpu, fxm_va_of(0xb0000000), &out), -ENOENT);
	assert_int_equal(counts_of(k->cpu).preempt, 0);
	assert_va(fxm_kmap_atomic_type(k->cpu, good, nr - 1), type_va(k, 0, nr - 1).v);
	assert_no_reports(k);
	kernel_free(other);
	kernel_free(k);
}

static void the_calls_of_later_kernels_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k);

		assert_va_error(fxm_kmap_atomic(k->cpu, page), -ENOSYS);
		assert_va_error(fxm_kmap_atomic_prot(k->cpu, page, fxm_pte_of(0x163)), -ENOSYS);
		assert_va_error(fxm_kmap_atomic_pfn(k->cpu, 1), -ENOSYS);
		assert_va_error(fxm_kmap_atomic_pfn_type(k->cpu, 1, 0), -ENOSYS);
		assert_int_equal(fxm_kunmap_atomic(k->cpu, type_va(k, 0, 0)), -ENOSYS);
		assert_int_equal(fxm_kmap_atomic_idx_push(k->cpu), -ENOSYS);
		assert_int_equal(fxm_kmap_atomic_idx(k->cpu), -ENOSYS);
		assert_int_equal(fxm_kmap_atomic_idx_pop(k->cpu), -ENOSYS);
		assert_int_equal(counts_of(k->cpu).preempt, 0);
		assert_int_equal(counts_of(k->cpu).kmap_depth, 0);
		assert_int_equal(fxm_pte_at(k->m, type_va(k, 0, 0)).v, 0);
		kernel_free(k);
	}
	assert_non_null(strstr(fxm_since("kmap_atomic"), "since 2.6.37"));
	assert_string_equal(fxm_since("kmap_atomic_pfn"), "since 2.6.13");
	assert_string_equal(fxm_since("kmap_atomic_idx"), "2.6.37 to 5.10");
	assert_string_equal(fxm_since("kmap_local_page"), "since 5.11");
}

/* ---- slots ------------------------------------------------------------------------------------------------------- */

static void each_type_and_cpu_has_its_slot(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		uint32_t nr = (uint32_t)layout_value(k, "KM_TYPE_NR");

		assert_int_equal(nr, 13);
		for (unsigned c = 0; c < 2; c++) {
			for (uint32_t type = 0; type < nr; type++) {
				struct fxm_page *page = high_page(k);
				struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, c);

				mark_page(k, page, 100 * c + type);
				assert_va(fxm_kmap_atomic_type(cpu, page, type), type_va(k, c, type).v);
				assert_int_equal(counts_of(cpu).preempt, (int)type + 1);
				assert_int_equal(counts_of(cpu).pagefault, 0);
			}
		}
		for (unsigned c = 0; c < 2; c++)
			for (uint32_t type = 0; type < nr; type++)
				assert_int_equal(read_mark(k->cpu, type_va(k, c, type)), 100 * c + type);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void mapping_a_type_again_retargets_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *first = high_page(k), *second = high_page(k);
		uint32_t type = km_type(k, "KM_USER0");

		mark_page(k, first, 1);
		mark_page(k, second, 2);
		fxm_va va = fxm_kmap_atomic_type(k->cpu, first, type);
		assert_int_equal(read_mark(k->cpu, va), 1);
		/* An interrupt that uses the interrupted code's type. */
		fxm_context_enter(k->cpu, FXM_CONTEXT_HARDIRQ);
		assert_va(fxm_kmap_atomic_type(k->cpu, second, type), va.v);
		fxm_kunmap_atomic_type(k->cpu, va, type);
		fxm_context_leave(k->cpu, FXM_CONTEXT_HARDIRQ);
		assert_int_equal(read_mark(k->cpu, va), 2); /* flushed at map */
		assert_int_equal(counts_of(k->cpu).preempt, 1);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void unmapping_leaves_the_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k);
		fxm_va va = fxm_kmap_atomic_type(k->cpu, page, km_type(k, "KM_USER0"));

		/* Neither address nor type are looked at. */
		assert_int_equal(fxm_kunmap_atomic_type(k->cpu, type_va(k, 1, 5), km_type(k, "KM_IRQ1")), 0);
		assert_int_equal(counts_of(k->cpu).preempt, 0);
		assert_int_equal(mapped_pfn(k, va), pfn_of(k, page));
		fxm_tlb_flush(k->cpu);
		mark_page(k, page, 8);
		assert_int_equal(read_mark(k->cpu, va), 8);
		assert_int_equal(fxm_kunmap_atomic_type(k->cpu, va, 0), 0); /* once more goes below 0 */
		assert_int_equal(counts_of(k->cpu).preempt, -1);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void lowmem_pages_count_too(void **state)
{
	(void)state;
	for (unsigned debug = 0; debug < 2; debug++) {
		struct kernel *k = kernel_new(debug ? debug_profiles[0] : profiles[0]);
		struct fxm_page *page = low_page(k);
		fxm_va va = fxm_kmap_atomic_type(k->cpu, page, 0);

		assert_va(va, fxm_page_address(k->cpu, page).v);
		assert_int_equal(counts_of(k->cpu).preempt, 1);
		assert_int_equal(fxm_pte_at(k->m, type_va(k, 0, 0)).v, 0);
		assert_int_equal(fxm_kunmap_atomic_type(k->cpu, va, 0), 0);
		assert_int_equal(counts_of(k->cpu).preempt, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

/* ---- DEBUG_HIGHMEM ----------------------------------------------------------------------------------------------- */

static void debug_clears_at_unmap(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(debug_profiles); i++) {
		struct kernel *k = kernel_new(debug_profiles[i]);
		uint32_t type = km_type(k, "KM_USER1");
		fxm_va va = fxm_kmap_atomic_type(k->cpu, high_page(k), type);

		assert_int_equal(layout_value(k, "KM_TYPE_NR"), 27);
		read_mark(k->cpu, va);
		fxm_kunmap_atomic_type(k->cpu, fxm_va_of(va.v + 0x123), type);
		assert_int_equal(fxm_pte_at(k->m, va).v, 0);
		assert_int_equal(fxm_read(k->cpu, va, &(char){0}, 1), -EFAULT);
		kernel_free(k);
	}
}

static void debug_finds_a_busy_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(debug_profiles); i++) {
		struct kernel *k = kernel_new(debug_profiles[i]);
		struct fxm_page *first = high_page(k), *second = high_page(k);
		uint32_t type = km_type(k, "KM_USER0");
		fxm_va va = fxm_kmap_atomic_type(k->cpu, first, type);

		assert_bug(k, call_map, (struct call){.page = second, .n = type}, "arch/i386/mm/highmem.c:42");
		assert_va(k->record.last.address, va.v);
		assert_int_equal(mapped_pfn(k, va), pfn_of(k, first));
		assert_int_equal(counts_of(k->cpu).preempt, 2); /* raised before the check */
		/* The same type of the other CPU is another slot. */
		assert_va(fxm_kmap_atomic_type(fxm_machine_vcpu(k->m, 1), second, type), type_va(k, 1, type).v);
		kernel_free(k);
	}
}

static void debug_finds_a_wrong_address(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(debug_profiles[0]);
	uint32_t type = km_type(k, "KM_USER0"), other = km_type(k, "KM_USER1");
	fxm_va va = fxm_kmap_atomic_type(k->cpu, high_page(k), type);

	assert_bug(k, call_unmap, (struct call){.va = va, .n = other}, "arch/i386/mm/highmem.c:63");
	assert_bug(k, call_unmap, (struct call){.cpu = fxm_machine_vcpu(k->m, 1), .va = va, .n = type},
		   "arch/i386/mm/highmem.c:63");
	assert_int_equal(k->record.last.cpu, 1);
	assert_bug(k, call_unmap, (struct call){.va = fxm_va_of(va.v - 1), .n = type}, "arch/i386/mm/highmem.c:63");
	assert_true(mapped_pfn(k, va) != UINT64_MAX);
	/* Below FIXADDR_START anything passes for lowmem. */
	struct call low = {.cpu = k->cpu, .va = {0x1234}, .n = type, .fn = call_unmap};
	assert_int_equal(task_run(&low), 0);
	kernel_free(k);
}

/* ---- kmap_atomic_to_page ----------------------------------------------------------------------------------------- */

static void to_page_reads_the_entry_unchecked(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *high = high_page(k), *low = low_page(k), *out = NULL;
		fxm_va va = fxm_kmap_atomic_type(k->cpu, high, 3);

		assert_int_equal(fxm_kmap_atomic_to_page(k->cpu, fxm_va_of(va.v + 8), &out), 0);
		assert_ptr_equal(out, high);
		assert_int_equal(fxm_kmap_atomic_to_page(k->cpu, fxm_page_address(k->cpu, low), &out), 0);
		assert_ptr_equal(out, low);
		/* Never mapped: frame 0. A kmap() address: lowmem's arithmetic, a frame that is not its. */
		assert_int_equal(kmap_atomic_pfn_of(k->cpu, type_va(k, 0, 4)), 0);
		assert_int_not_equal(kmap_atomic_pfn_of(k->cpu, fxm_kmap(k->cpu, high)), pfn_of(k, high));
		assert_bug(k, call_to_page, (struct call){.va = {layout_value(k, "FIXADDR_TOP")}}, "include/asm/fixmap.h:153");
		kernel_free(k);
	}
}

/* ---- machines of all shapes -------------------------------------------------------------------------------------- */

static void frames_above_4_gb(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12,pae=1,ram_end=140000000");
	struct fxm_page *page, *out;
	uint64_t mark = 0x8877665544332211;

	assert_int_equal(fxm_alloc_pfn(k->m, 0x13ffff, &page), 0);
	fxm_va va = fxm_kmap_atomic_type(k->cpu, page, 1);
	assert_int_equal(mapped_pfn(k, va), 0x13ffff);
	assert_int_equal(fxm_write_u64(k->cpu, va, mark), 0);
	assert_int_equal(mark_of(k, page), mark);
	assert_int_equal(fxm_kmap_atomic_to_page(k->cpu, va, &out), 0);
	assert_ptr_equal(out, page);
	kernel_free(k);
}

/* Without HIGHMEM the calls are macros for page_address() and for nothing: not even the counter moves. */
static void without_highmem_nothing_is_counted(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12,HIGHMEM=0");
	struct fxm_page *page = low_page(k), *out = NULL;
	fxm_va va = fxm_kmap_atomic_type(k->cpu, page, 3);

	assert_va(va, fxm_page_address(k->cpu, page).v);
	assert_int_equal(counts_of(k->cpu).preempt, 0);
	assert_int_equal(fxm_kmap_atomic_to_page(k->cpu, va, &out), 0);
	assert_ptr_equal(out, page);
	assert_int_equal(fxm_kunmap_atomic_type(k->cpu, va, 3), 0);
	assert_int_equal(fxm_kunmap_atomic_type(k->cpu, fxm_va_of(layout_value(k, "FIXADDR_START") + FXM_PAGE_SIZE), 3), 0);
	assert_int_equal(counts_of(k->cpu).preempt, 0);
	assert_int_equal(fxm_report_leaks(k->m), 0);
	assert_no_reports(k);
	kernel_free(k);
}

static void a_uniprocessor_kernel(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12,SMP=0");
	struct fxm_page *page = high_page(k);

	assert_int_equal(fixed_index(k, "FIX_KMAP_END") - fixed_index(k, "FIX_KMAP_BEGIN") + 1, 13);
	mark_page(k, page, 5);
	assert_int_equal(read_mark(k->cpu, fxm_kmap_atomic_type(k->cpu, page, 12)), 5);
	assert_int_equal(fxm_machine_cpu_add(k->m), -ENOSPC);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_bad_arguments),
	    cmocka_unit_test(the_calls_of_later_kernels_are_refused),
	    cmocka_unit_test(each_type_and_cpu_has_its_slot),
	    cmocka_unit_test(mapping_a_type_again_retargets_it),
	    cmocka_unit_test(unmapping_leaves_the_entry),
	    cmocka_unit_test(lowmem_pages_count_too),
	    cmocka_unit_test(debug_clears_at_unmap),
	    cmocka_unit_test(debug_finds_a_busy_type),
	    cmocka_unit_test(debug_finds_a_wrong_address),
	    cmocka_unit_test(to_page_reads_the_entry_unchecked),
	    cmocka_unit_test(frames_above_4_gb),
	    cmocka_unit_test(without_highmem_nothing_is_counted),
	    cmocka_unit_test(a_uniprocessor_kernel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
