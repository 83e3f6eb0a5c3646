/* SPDX-License-Identifier: MIT */
/* Temporary mappings as a stack per CPU (4.15, 5.10): mistakes, their exact effects, and the fast forms against the slow ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static const char *const profiles[] = {"profile=x86_32-4.15", "profile=x86_32-4.15,pae=1", "profile=x86_32-5.10",
				       "profile=x86_32-5.10,pae=1"};

enum { KM_TYPE_NR = 20, KM_TYPE_NR_DEBUG = 41 };

static void call_map(struct call *c)
{
	c->va = fxm_kmap_atomic(c->cpu, c->page);
}

static void call_unmap(struct call *c)
{
	c->result = (uint64_t)fxm_kunmap_atomic(c->cpu, c->va);
}

static void call_push(struct call *c)
{
	c->result = (uint64_t)fxm_kmap_atomic_idx_push(c->cpu);
}

static void call_pop(struct call *c)
{
	c->result = (uint64_t)fxm_kmap_atomic_idx_pop(c->cpu);
}

static uint32_t level_index(struct kernel *k, unsigned cpu, int level)
{
	return fixed_index(k, "FIX_KMAP_BEGIN") + cpu * (uint32_t)layout_value(k, "KM_TYPE_NR") + (uint32_t)level;
}

static fxm_va level_va(struct kernel *k, unsigned cpu, int level)
{
	return fxm_fix_to_virt_unchecked(k->m, level_index(k, cpu, level));
}

static void assert_counts(struct fxm_vcpu *cpu, int depth, int pagefault, int preempt)
{
	struct fxm_counts c = counts_of(cpu);

	assert_int_equal(c.kmap_depth, depth);
	assert_int_equal(c.pagefault, pagefault);
	assert_int_equal(c.preempt, preempt);
	assert_int_equal(c.migrate, 0);
}

/* ---- arguments ------------------------------------------------------------------------------------------------------------ */

static void refuses_bad_pages_without_a_trace(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]), *other = kernel_new(profiles[i]);
		struct fxm_page *good = high_page(k), *foreign = high_page(other);
		struct fxm_page *last = fxm_page_of_pfn(k->m, (layout_value(k, "max_pfn")) - 1);
		int on_the_stack = 0;
		struct fxm_page *bad[] = {
		    NULL,
		    foreign,
		    (struct fxm_page *)((char *)good + 1),
		    (struct fxm_page *)((char *)good + 32),
		    (struct fxm_page *)((char *)good - 8),
		    (struct fxm_page *)((char *)last + 64),
		    (struct fxm_page *)((char *)fxm_page_of_pfn(k->m, 0) - 64),
		    (struct fxm_page *)(void *)&on_the_stack,
		    (struct fxm_page *)UINTPTR_MAX,
		};

		assert_non_null(last);
		for (size_t b = 0; b < ARRAY_SIZE(bad); b++) {
			assert_va_error(fxm_kmap_atomic(k->cpu, bad[b]), -EINVAL);
			assert_va_error(fxm_kmap_atomic_prot(k->cpu, bad[b], prot_of(k, "PAGE_KERNEL")), -EINVAL);
		}
		assert_counts(k->cpu, 0, 0, 0);
		assert_int_equal(fxm_pte_at(k->m, level_va(k, 0, 0)).v, 0);

		/* The outermost frames are fine. */
		fxm_va va = fxm_kmap_atomic(k->cpu, last);
		assert_int_equal(mapped_pfn(k, va), pfn_of(k, last));
		fxm_kunmap_atomic(k->cpu, va);
		assert_no_reports(k);
		kernel_free(other);
		kernel_free(k);
	}
}

static void the_typed_calls_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k), *out;
		fxm_va va = level_va(k, 0, 0);

		assert_va_error(fxm_kmap_atomic_type(k->cpu, page, 0), -ENOSYS);
		assert_va_error(fxm_kmap_atomic_pfn_type(k->cpu, 1, 0), -ENOSYS);
		assert_int_equal(fxm_kunmap_atomic_type(k->cpu, va, 0), -ENOSYS);
		assert_int_equal(fxm_kmap_atomic_to_page(k->cpu, va, &out), -ENOSYS);
		assert_int_equal(kmap_atomic_pfn_of(k->cpu, va), UINT64_MAX);
		assert_int_equal(fxm_km_type_index(k->layout, "KM_USER0"), -ENOENT);
		assert_counts(k->cpu, 0, 0, 0);
		kernel_free(k);
	}
	assert_non_null(strstr(fxm_since("kmap_atomic_type"), "until 2.6.36"));
	assert_non_null(strstr(fxm_since("kmap_atomic_to_page"), "4.0"));
}

static void null_cpus_are_refused_beside_the_hot_path(void **state)
{
	(void)state;
	struct fxm_page *out;

	assert_va_error(fxm_kmap_atomic_prot(NULL, NULL, fxm_pte_of(0)), -EINVAL);
	assert_va_error(fxm_kmap_atomic_pfn(NULL, 1), -EINVAL);
	assert_va_error(fxm_kmap_atomic_type(NULL, NULL, 0), -EINVAL);
	assert_va_error(fxm_kmap_atomic_pfn_type(NULL, 1, 0), -EINVAL);
	assert_int_equal(fxm_kunmap_atomic_type(NULL, fxm_va_of(0), 0), -EINVAL);
	assert_int_equal(fxm_kmap_atomic_to_page(NULL, fxm_va_of(0), &out), -EINVAL);
	assert_int_equal(kmap_atomic_pfn_of(NULL, fxm_va_of(0)), UINT64_MAX);
	assert_int_equal(fxm_kmap_atomic_idx_push(NULL), -EINVAL);
	assert_int_equal(fxm_kmap_atomic_idx(NULL), -EINVAL);
	assert_int_equal(fxm_kmap_atomic_idx_pop(NULL), -EINVAL);
}

/* ---- the stack --------------------------------------------------------------------------------------------------- */

static void levels_go_down_and_come_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_vcpu *cpus[] = {k->cpu, fxm_machine_vcpu(k->m, 1)};
		struct fxm_page *page[KM_TYPE_NR];

		for (int level = 0; level < KM_TYPE_NR; level++) {
			page[level] = high_page(k);
			mark_page(k, page[level], 100 + (unsigned)level);
			for (unsigned c = 0; c < 2; c++) {
				assert_va(fxm_kmap_atomic(cpus[c], page[level]), level_va(k, c, level).v);
				assert_int_equal(fxm_kmap_atomic_idx(cpus[c]), level);
			}
		}
		for (int level = KM_TYPE_NR - 1; level >= 0; level--) {
			for (unsigned c = 0; c < 2; c++) {
				fxm_va va = level_va(k, c, level);
				assert_int_equal(read_mark(cpus[c], va), 100 + (unsigned)level);
				assert_int_equal(fxm_kunmap_atomic(cpus[c], fxm_va_of(va.v + 0xfff)), 0);
				assert_int_equal(fxm_read(cpus[c], va, &(char){0}, 1), -EFAULT);
				assert_counts(cpus[c], level, level, 0);
			}
		}
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void counters_follow_preempt_count(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=x86_32-4.15,PREEMPT=1", "profile=x86_32-5.10,DEBUG_ATOMIC_SLEEP=1"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *pages[] = {high_page(k), low_page(k)};

		for (unsigned p = 0; p < 2; p++) {
			fxm_va va = fxm_kmap_atomic(k->cpu, pages[p]);
			assert_counts(k->cpu, !p, 1, 1); /* lowmem: no level, but the counters all the same */
			fxm_kunmap_atomic(k->cpu, va);
			assert_counts(k->cpu, 0, 0, 0);
		}
		kernel_free(k);
	}
}

static void lowmem_pages_use_no_level(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,DEBUG_HIGHMEM=1");
	struct fxm_page *page = low_page(k);
	fxm_va va = fxm_kmap_atomic(k->cpu, page);

	assert_va(va, fxm_page_address(k->cpu, page).v);
	assert_int_equal(fxm_kmap_atomic_idx(k->cpu), -1);
	assert_va(fxm_kmap_atomic(k->cpu, high_page(k)), level_va(k, 0, 0).v);
	fxm_kunmap_atomic(k->cpu, level_va(k, 0, 0));
	assert_int_equal(fxm_kunmap_atomic(k->cpu, va), 0);
	assert_counts(k->cpu, 0, 0, 0);
	assert_no_reports(k);
	kernel_free(k);
}

static void interrupts_nest_on_top(void **state)
{
	(void)state;
	static const enum fxm_context contexts[] = {FXM_CONTEXT_SOFTIRQ, FXM_CONTEXT_HARDIRQ, FXM_CONTEXT_NMI};
	struct kernel *k = kernel_new("profile=x86_32-4.15,DEBUG_HIGHMEM=1");
	fxm_va va[4];

	va[0] = fxm_kmap_atomic(k->cpu, high_page(k));
	for (unsigned i = 0; i < 3; i++) {
		fxm_context_enter(k->cpu, contexts[i]);
		va[i + 1] = fxm_kmap_atomic(k->cpu, high_page(k));
		assert_va(va[i + 1], va[i].v - FXM_PAGE_SIZE);
	}
	for (unsigned i = 3; i--;) {
		fxm_kunmap_atomic(k->cpu, va[i + 1]);
		fxm_context_leave(k->cpu, contexts[i]);
	}
	fxm_kunmap_atomic(k->cpu, va[0]);
	assert_counts(k->cpu, 0, 0, 0);
	assert_no_reports(k);
	kernel_free(k);
}

/* ---- out of order ------------------------------------------------------------------------------------------------ */

/*
 * The unmap of A clears the entry of B, which is on top, and flushes A. Each CPU then believes its TLB: B goes on working and A's
 * address shows its old page even when another one is mapped there.
 */
static void unmapping_out_of_order_clears_the_wrong_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page[] = {high_page(k), high_page(k), high_page(k)};
		fxm_pa pa;

		for (unsigned p = 0; p < 3; p++)
			mark_page(k, page[p], p + 1);
		fxm_va a = fxm_kmap_atomic(k->cpu, page[0]), b = fxm_kmap_atomic(k->cpu, page[1]);
		assert_int_equal(read_mark(k->cpu, a), 1);
		assert_int_equal(read_mark(k->cpu, b), 2);

		fxm_kunmap_atomic(k->cpu, a);
		assert_int_equal(mapped_pfn(k, a), pfn_of(k, page[0]));
		assert_int_equal(fxm_pte_at(k->m, b).v, 0);
		assert_false(fxm_tlb_lookup(k->cpu, a, &pa));
		assert_int_equal(read_mark(k->cpu, b), 2); /* stale */
		assert_int_equal(read_mark(k->cpu, a), 1); /* still mapped; in the TLB again */

		fxm_kunmap_atomic(k->cpu, b);
		assert_int_equal(fxm_pte_at(k->m, a).v, 0);
		assert_int_equal(fxm_read(k->cpu, b, &(char){0}, 1), -EFAULT);
		assert_int_equal(read_mark(k->cpu, a), 1); /* stale */
		assert_counts(k->cpu, 0, 0, 0);

		assert_va(fxm_kmap_atomic(k->cpu, page[2]), a.v); /* no flush at map */
		assert_int_equal(mapped_pfn(k, a), pfn_of(k, page[2]));
		assert_int_equal(read_mark(k->cpu, a), 1);
		fxm_tlb_flush_one(k->cpu, a);
		assert_int_equal(read_mark(k->cpu, a), 3);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void debug_warns_of_it_once_per_boot(void **state)
{
	(void)state;
	static const struct {
		const char *words, *where;
	} cases[] = {{"profile=x86_32-4.15,DEBUG_HIGHMEM=1", "arch/x86/mm/highmem_32.c:83"},
		     {"profile=x86_32-5.10,DEBUG_HIGHMEM=1", NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (unsigned boot = 0; boot < 2; boot++) {
			struct kernel *k = kernel_new(cases[i].words);

			for (unsigned times = 0; times < 3; times++) {
				struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, times % 2);
				fxm_va a = fxm_kmap_atomic(cpu, high_page(k)), b = fxm_kmap_atomic(cpu, high_page(k));
				fxm_kunmap_atomic(cpu, a);
				assert_int_equal(k->record.kinds[FXM_REPORT_WARN], 1);
				if (!times)
					assert_va(k->record.last.address, a.v);
				fxm_kunmap_atomic(cpu, b);
				assert_counts(cpu, 0, 0, 0);
			}
			if (cases[i].where)
				assert_string_equal(k->record.last.where, cases[i].where);
			assert_non_null(strstr(k->record.last.message, "reverse order"));
			assert_int_equal(k->record.kinds[FXM_REPORT_BUG], 0);
			kernel_free(k);
		}
	}
}

/* ---- too few, too many ------------------------------------------------------------------------------------------- */

/* One unmap too many clears the fixed address above the group, which is the last IO-APIC's; the next map lands there. */
static void underflow_of_cpu_0_hits_the_neighbour(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		uint32_t index = fixed_index(k, "FIX_KMAP_BEGIN") - 1;
		fxm_va neighbour = fxm_fix_to_virt(k->m, index);
		struct fxm_page *device = high_page(k), *page = high_page(k);

		assert_int_equal(index, fixed_index(k, "FIX_IO_APIC_BASE_END"));
		mark_page(k, device, 7);
		fxm_set_fixmap(k->cpu, index, fxm_page_phys(k->m, device));
		assert_int_equal(read_mark(k->cpu, neighbour), 7);
		assert_int_equal(fxm_kunmap_atomic(k->cpu, level_va(k, 0, 0)), 0);
		assert_int_equal(fxm_pte_at(k->m, neighbour).v, 0);
		assert_int_equal(read_mark(k->cpu, neighbour), 7); /* the TLB was flushed for the other address */
		assert_counts(k->cpu, -1, -1, 0);
		assert_int_equal(fxm_kmap_atomic_idx(k->cpu), -2);

		assert_va(fxm_kmap_atomic(k->cpu, page), neighbour.v);
		assert_int_equal(mapped_pfn(k, neighbour), pfn_of(k, page));
		assert_counts(k->cpu, 0, 0, 0);
		assert_va(fxm_kmap_atomic(k->cpu, page), level_va(k, 0, 0).v);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void underflow_of_cpu_1_hits_cpu_0(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_vcpu *cpu1 = fxm_machine_vcpu(k->m, 1);
	struct fxm_page *page = high_page(k);

	for (int level = 0; level < KM_TYPE_NR; level++)
		fxm_kmap_atomic(k->cpu, page);
	fxm_kunmap_atomic(cpu1, level_va(k, 1, 0));
	assert_int_equal(fxm_pte_at(k->m, level_va(k, 0, KM_TYPE_NR - 1)).v, 0);
	assert_counts(cpu1, -1, -1, 0);

	/* CPU 0 does not notice, and puts something there again: CPU 1's next map finds it busy. */
	fxm_kunmap_atomic(k->cpu, level_va(k, 0, KM_TYPE_NR - 1));
	fxm_kmap_atomic(k->cpu, page);
	assert_bug(k, call_map, (struct call){.cpu = cpu1, .page = page}, "arch/x86/mm/highmem_32.c:47");
	assert_non_null(strstr(k->record.last.message, "one kunmap_atomic too many"));
	assert_int_equal(k->record.last.slot, (int)level_index(k, 0, KM_TYPE_NR - 1));
	kernel_free(k);
}

static void debug_stops_underflow(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,DEBUG_HIGHMEM=1");

	assert_bug(k, call_unmap, (struct call){.va = level_va(k, 0, 0)}, "include/linux/highmem.h:113");
	assert_int_equal(k->record.kinds[FXM_REPORT_WARN], 1); /* before that, the address is not the top's */
	assert_counts(k->cpu, -1, 0, 0);
	assert_bug(k, call_pop, (struct call){.va = {0}}, "include/linux/highmem.h:113");
	kernel_free(k);
}

static void too_deep_is_the_next_cpus_slot(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_vcpu *cpu1 = fxm_machine_vcpu(k->m, 1);
		struct fxm_page *page = high_page(k), *theirs = high_page(k);
		const char *where = strstr(profiles[i], "4.15") ? "arch/x86/mm/highmem_32.c:47" : "arch/x86/mm/highmem_32.c:15";

		for (int level = 0; level < KM_TYPE_NR; level++)
			fxm_kmap_atomic(k->cpu, page);
		fxm_va beyond = fxm_kmap_atomic(k->cpu, page);
		assert_va(beyond, level_va(k, 1, 0).v);
		assert_counts(k->cpu, KM_TYPE_NR + 1, KM_TYPE_NR + 1, 0);
		fxm_kunmap_atomic(k->cpu, beyond);
		assert_int_equal(fxm_pte_at(k->m, beyond).v, 0);
		assert_no_reports(k);

		/* In use by its owner, it is a BUG, and the counters stay raised. */
		fxm_kmap_atomic(cpu1, theirs);
		assert_bug(k, call_map, (struct call){.page = page}, where);
		assert_non_null(strstr(k->record.last.message, "nested too deep"));
		assert_int_equal(k->record.last.pfn, pfn_of(k, theirs));
		assert_va(k->record.last.address, beyond.v);
		assert_counts(k->cpu, KM_TYPE_NR + 1, KM_TYPE_NR + 1, 0);
		assert_int_equal(mapped_pfn(k, beyond), pfn_of(k, theirs));
		kernel_free(k);
	}
}

static void debug_limits_the_depth(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,DEBUG_HIGHMEM=1");
	struct fxm_page *page = high_page(k);

	assert_int_equal(layout_value(k, "KM_TYPE_NR"), KM_TYPE_NR_DEBUG);
	for (int level = 0; level < KM_TYPE_NR_DEBUG; level++)
		assert_va(fxm_kmap_atomic(k->cpu, page), level_va(k, 0, level).v);
	assert_bug(k, call_map, (struct call){.page = page}, "include/linux/highmem.h:98");
	assert_counts(k->cpu, KM_TYPE_NR_DEBUG + 1, KM_TYPE_NR_DEBUG + 1, 0);
	assert_bug(k, call_push, (struct call){.page = NULL}, "include/linux/highmem.h:98");
	kernel_free(k);
}

/* ---- busy slots, other addresses --------------------------------------------------------------------------------- */

static void a_busy_slot_is_a_bug(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *intruder = low_page(k), *page = high_page(k);
		const char *where = strstr(profiles[i], "4.15") ? "arch/x86/mm/highmem_32.c:47" : "arch/x86/mm/highmem_32.c:15";

		fxm_set_fixmap(k->cpu, level_index(k, 0, 0), fxm_page_phys(k->m, intruder));
		assert_bug(k, call_map, (struct call){.page = page}, where);
		assert_int_equal(k->record.last.slot, (int)level_index(k, 0, 0));
		assert_int_equal(k->record.last.pfn, pfn_of(k, intruder));
		assert_counts(k->cpu, 1, 1, 0);
		fxm_kunmap_atomic(k->cpu, level_va(k, 0, 0));
		assert_counts(k->cpu, 0, 0, 0);

		/* kmap_atomic_pfn() does not look. */
		fxm_set_fixmap(k->cpu, level_index(k, 0, 0), fxm_page_phys(k->m, intruder));
		assert_va(fxm_kmap_atomic_pfn(k->cpu, pfn_of(k, page)), level_va(k, 0, 0).v);
		assert_int_equal(mapped_pfn(k, level_va(k, 0, 0)), pfn_of(k, page));
		kernel_free(k);
	}
}

static void other_addresses_are_ignored_but_counted(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_page *page = high_page(k), *top = high_page(k);
	fxm_va va[] = {fxm_kmap(k->cpu, page), fxm_va_of(0x8048000), fxm_va_of(0), level_va(k, 0, -1),
		       fxm_fix_to_virt(k->m, fixed_index(k, "FIX_KMAP_END") + 1)};

	fxm_va mapped = fxm_kmap_atomic(k->cpu, top);
	for (size_t i = 0; i < ARRAY_SIZE(va); i++) {
		assert_int_equal(fxm_kunmap_atomic(k->cpu, va[i]), 0);
		assert_counts(k->cpu, 1, -(int)i, 0);
		assert_int_equal(mapped_pfn(k, mapped), pfn_of(k, top));
	}
	assert_int_equal(count_of(k, va[0]), 2);
	assert_no_reports(k);
	kernel_free(k);
}

static void debug_refuses_other_addresses(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,DEBUG_HIGHMEM=1");
	fxm_va pkmap = fxm_kmap(k->cpu, high_page(k));

	fxm_kmap_atomic(k->cpu, high_page(k));
	assert_bug(k, call_unmap, (struct call){.va = pkmap}, "arch/x86/mm/highmem_32.c:98");
	assert_non_null(strstr(k->record.last.message, "it came from kmap()"));
	assert_bug(k, call_unmap, (struct call){.va = {0x8048000}}, "arch/x86/mm/highmem_32.c:97");
	assert_bug(k, call_unmap, (struct call){.va = {layout_value(k, "high_memory")}}, "arch/x86/mm/highmem_32.c:98");
	assert_counts(k->cpu, 1, 1, 0); /* before the counters went down */
	kernel_free(k);
}

/* ---- the variants ------------------------------------------------------------------------------------------------ */

static void pfn_maps_frames_of_any_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		uint64_t no_ram = 0xfee00, low = pfn_of(k, low_page(k));

		fxm_va a = fxm_kmap_atomic_pfn(k->cpu, low), b = fxm_kmap_atomic_pfn(k->cpu, no_ram);
		assert_va(a, level_va(k, 0, 0).v); /* lowmem too gets a slot */
		assert_int_equal(mapped_pfn(k, a), low);
		assert_int_equal(mapped_pfn(k, b), no_ram);
		assert_int_equal(fxm_kunmap_atomic(k->cpu, b), 0);
		assert_int_equal(fxm_kunmap_atomic(k->cpu, a), 0);
		assert_counts(k->cpu, 0, 0, 0);
		kernel_free(k);
	}
}

static void prot_is_obeyed(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,pae=1");
	struct fxm_page *page = high_page(k);
	uint64_t value = 9;

	mark_page(k, page, 4);
	fxm_va va = fxm_kmap_atomic_prot(k->cpu, page, prot_of(k, "PAGE_KERNEL_RO"));
	assert_int_equal(read_mark(k->cpu, va), 4);
	assert_int_equal(fxm_write(k->cpu, va, &value, 8), -EFAULT);
	fxm_kunmap_atomic(k->cpu, va);
	va = fxm_kmap_atomic_prot(k->cpu, page, prot_of(k, "PAGE_KERNEL_NOCACHE"));
	assert_int_equal(fxm_pte_at(k->m, va).v & 0x18, 0x18);
	assert_int_equal(fxm_write(k->cpu, va, &value, 8), 0);
	assert_int_equal(mark_of(k, page), 9);
	fxm_kunmap_atomic(k->cpu, va);

	/* A lowmem page keeps its permanent mapping, whatever is asked for. */
	struct fxm_page *low = low_page(k);
	va = fxm_kmap_atomic_prot(k->cpu, low, prot_of(k, "PAGE_KERNEL_RO"));
	assert_int_equal(fxm_write(k->cpu, va, &value, 8), 0);
	fxm_kunmap_atomic(k->cpu, va);
	kernel_free(k);
}

static void frames_above_4_gb(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=x86_32-4.15,pae=1,ram_end=240000000",
					    "profile=x86_32-5.10,pae=1,ram_end=240000000"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *page;
		uint64_t mark = 0xfeedfacecafebeef;

		assert_int_equal(fxm_alloc_pfn(k->m, 0x223344, &page), 0);
		fxm_va va = fxm_kmap_atomic(k->cpu, page);
		assert_int_equal(mapped_pfn(k, va), 0x223344);
		assert_int_equal(fxm_write_u64(k->cpu, va, mark), 0);
		assert_int_equal(mark_of(k, page), mark);
		fxm_kunmap_atomic(k->cpu, va);
		va = fxm_kmap_atomic_pfn(k->cpu, 0x223344);
		assert_int_equal(read_mark(k->cpu, va), mark);
		fxm_kunmap_atomic(k->cpu, va);
		kernel_free(k);
	}
}

/* The documents' way: a level by hand, mapped with set_fixmap. */
static void idx_push_with_set_fixmap(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k), *other = high_page(k);

		mark_page(k, page, 12);
		assert_int_equal(fxm_kmap_atomic_idx_push(k->cpu), 0);
		fxm_set_fixmap(k->cpu, level_index(k, 0, 0), fxm_page_phys(k->m, page));
		assert_int_equal(read_mark(k->cpu, level_va(k, 0, 0)), 12);
		assert_va(fxm_kmap_atomic(k->cpu, other), level_va(k, 0, 1).v);
		fxm_kunmap_atomic(k->cpu, level_va(k, 0, 1));
		fxm_clear_fixmap(k->cpu, level_index(k, 0, 0));
		assert_int_equal(fxm_kmap_atomic_idx(k->cpu), 0); /* without the pop the level is lost */
		assert_va(fxm_kmap_atomic(k->cpu, other), level_va(k, 0, 1).v);
		fxm_kunmap_atomic(k->cpu, level_va(k, 0, 1));
		assert_int_equal(fxm_kmap_atomic_idx_pop(k->cpu), -1);
		assert_va(fxm_kmap_atomic(k->cpu, other), level_va(k, 0, 0).v);
		fxm_kunmap_atomic(k->cpu, level_va(k, 0, 0));
		assert_counts(k->cpu, 0, 0, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void debug_warns_of_interrupts_that_are_enabled(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,DEBUG_HIGHMEM=1");
	struct fxm_page *page = high_page(k);

	fxm_context_enter(k->cpu, FXM_CONTEXT_HARDIRQ);
	fxm_kunmap_atomic(k->cpu, fxm_kmap_atomic(k->cpu, page));
	assert_no_reports(k);
	fxm_irq_enable(k->cpu);
	for (unsigned i = 0; i < 2; i++) {
		fxm_kunmap_atomic(k->cpu, fxm_kmap_atomic(k->cpu, page));
		assert_int_equal(k->record.kinds[FXM_REPORT_WARN], 1); /* once per boot */
	}
	assert_string_equal(k->record.last.where, "include/linux/highmem.h:97");
	fxm_context_leave(k->cpu, FXM_CONTEXT_HARDIRQ);
	kernel_free(k);
}

/* ---- fast and slow ----------------------------------------------------------------------------------------------- */

/* One machine takes the fast forms, the other, traced, the slow ones: nobody can tell them apart. */
static void ignore_line(const char *line, void *arg)
{
	(void)line, (void)arg;
}

static void assert_same(struct kernel *a, struct kernel *b, unsigned cpu)
{
	struct fxm_counts ca = counts_of(fxm_machine_vcpu(a->m, cpu)), cb = counts_of(fxm_machine_vcpu(b->m, cpu));
	fxm_pa pa, pb;

	assert_memory_equal(&ca, &cb, sizeof(ca));
	for (int level = -1; level < KM_TYPE_NR + 1; level++) {
		fxm_va va = level_va(a, cpu, level);
		assert_int_equal(fxm_pte_at(a->m, va).v, fxm_pte_at(b->m, va).v);
		bool in_a = fxm_tlb_lookup(fxm_machine_vcpu(a->m, cpu), va, &pa);
		assert_int_equal(in_a, fxm_tlb_lookup(fxm_machine_vcpu(b->m, cpu), va, &pb));
		if (in_a)
			assert_int_equal(pa.v, pb.v);
	}
}

static void fast_and_slow_forms_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k[] = {kernel_new(profiles[i]), kernel_new(profiles[i])};
		uint64_t pfns[8], rng = 88172645463325252u + i;

		assert_int_equal(fxm_trace_start(k[1]->m, ignore_line, NULL), 0);
		for (unsigned p = 0; p < 8; p++) {
			pfns[p] = p < 6 ? 0x40000 + 977 * p : 0x2000 + p;
			for (unsigned m = 0; m < 2; m++) {
				struct fxm_page *page;
				assert_int_equal(fxm_alloc_pfn(k[m]->m, pfns[p], &page), 0);
			}
		}
		for (unsigned step = 0; step < 2000; step++) {
			rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
			unsigned cpu = rng >> 8 & 1, page = rng >> 16 & 7, level = rng >> 24 & 15, what = rng >> 32 & 7;
			uint64_t va[2] = {0, 0};

			int depth = counts_of(fxm_machine_vcpu(k[0]->m, cpu)).kmap_depth;

			for (unsigned m = 0; m < 2; m++) {
				struct fxm_vcpu *c = fxm_machine_vcpu(k[m]->m, cpu);
				if (what < 3 && depth < KM_TYPE_NR)
					va[m] = fxm_kmap_atomic(c, fxm_page_of_pfn(k[m]->m, pfns[page])).v;
				else if (what < 5 && depth > 0) /* in order */
					fxm_kunmap_atomic(c, level_va(k[m], cpu, depth - 1));
				else if (what == 5 && depth > 0) /* out of order, some other level or the other CPU's */
					fxm_kunmap_atomic(c, level_va(k[m], level & 1, (int)level));
				else if (what == 6)
					fxm_read(c, level_va(k[m], cpu, (int)level), &(char){0}, 1);
				else if (what == 7 && page == 0)
					fxm_kunmap_atomic(c, fxm_va_of(0xc0000000)); /* counters only */
			}
			assert_int_equal(va[0], va[1]);
			assert_same(k[0], k[1], cpu);
		}
		assert_no_reports(k[0]);
		assert_no_reports(k[1]);
		fxm_trace_stop(k[1]->m, "test");
		kernel_free(k[1]);
		kernel_free(k[0]);
	}
}

/* ---- machines of all shapes -------------------------------------------------------------------------------------- */

static void a_uniprocessor_kernel(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=x86_32-4.15,SMP=0", "profile=x86_32-5.10,SMP=0,pae=1",
					    "profile=x86_32-5.10,NR_CPUS=1"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *page = high_page(k);

		assert_int_equal(fxm_machine_cpus_online(k->m), 1);
		assert_int_equal(fixed_index(k, "FIX_KMAP_END") - fixed_index(k, "FIX_KMAP_BEGIN") + 1, KM_TYPE_NR);
		mark_page(k, page, 6);
		for (int level = 0; level < KM_TYPE_NR; level++)
			assert_int_equal(read_mark(k->cpu, fxm_kmap_atomic(k->cpu, page)), 6);
		/* There is no next CPU: the level beyond is the fixed address after the group. */
		assert_va(fxm_kmap_atomic(k->cpu, page), level_va(k, 0, KM_TYPE_NR).v);
		assert_int_equal(fxm_machine_cpu_add(k->m), -ENOSPC);
		kernel_free(k);
	}
}

static void a_cpu_brought_online_later_has_its_own_slots(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,NR_CPUS=4,cpus=1");
	struct fxm_page *page = high_page(k);

	fxm_kmap_atomic(k->cpu, page);
	for (int n = 1; n < 4; n++) {
		assert_int_equal(fxm_machine_cpu_add(k->m), n);
		struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, (unsigned)n);
		assert_non_null(cpu);
		assert_va(fxm_kmap_atomic(cpu, page), level_va(k, (unsigned)n, 0).v);
		assert_va(fxm_kmap_atomic(cpu, page), level_va(k, (unsigned)n, 1).v);
		assert_counts(cpu, 2, 2, 0);
	}
	assert_counts(k->cpu, 1, 1, 0);
	assert_int_equal(fxm_machine_cpu_add(k->m), -ENOSPC);
	kernel_free(k);
}

/* Without highmem there are no slots to use, only counters. */
static void without_highmem_there_are_counters_only(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=x86_32-4.15,HIGHMEM=0", "profile=x86_32-5.10,HIGHMEM=0",
					    "profile=x86_32-5.10,HIGHMEM=0,pae=1"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *page = low_page(k);
		uint64_t direct = fxm_page_address(k->cpu, page).v;

		assert_va(fxm_kmap_atomic(k->cpu, page), direct);
		assert_va(fxm_kmap_atomic_prot(k->cpu, page, prot_of(k, "PAGE_KERNEL_RO")), direct);
		assert_va(fxm_kmap_atomic_pfn(k->cpu, pfn_of(k, page)), direct);
		assert_counts(k->cpu, 0, 3, 0);

		/* An address of the group means nothing to kunmap_atomic() then. */
		fxm_set_fixmap(k->cpu, level_index(k, 0, 0), fxm_page_phys(k->m, page));
		assert_int_equal(fxm_kunmap_atomic(k->cpu, level_va(k, 0, 0)), 0);
		assert_int_equal(mapped_pfn(k, level_va(k, 0, 0)), pfn_of(k, page));
		assert_int_equal(fxm_kunmap_atomic(k->cpu, fxm_va_of(direct)), 0);
		assert_int_equal(fxm_kunmap_atomic(k->cpu, fxm_va_of(direct)), 0);
		assert_counts(k->cpu, 0, 0, 0);
		assert_int_equal(fxm_kmap_atomic_idx_push(k->cpu), 0);
		assert_int_equal(fxm_kunmap_atomic(k->cpu, level_va(k, 0, 0)), 0);
		assert_counts(k->cpu, 1, -1, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_bad_pages_without_a_trace),
	    cmocka_unit_test(the_typed_calls_are_refused),
	    cmocka_unit_test(null_cpus_are_refused_beside_the_hot_path),
	    cmocka_unit_test(levels_go_down_and_come_back),
	    cmocka_unit_test(counters_follow_preempt_count),
	    cmocka_unit_test(lowmem_pages_use_no_level),
	    cmocka_unit_test(interrupts_nest_on_top),
	    cmocka_unit_test(unmapping_out_of_order_clears_the_wrong_entry),
	    cmocka_unit_test(debug_warns_of_it_once_per_boot),
	    cmocka_unit_test(underflow_of_cpu_0_hits_the_neighbour),
	    cmocka_unit_test(underflow_of_cpu_1_hits_cpu_0),
	    cmocka_unit_test(debug_stops_underflow),
	    cmocka_unit_test(too_deep_is_the_next_cpus_slot),
	    cmocka_unit_test(debug_limits_the_depth),
	    cmocka_unit_test(a_busy_slot_is_a_bug),
	    cmocka_unit_test(other_addresses_are_ignored_but_counted),
	    cmocka_unit_test(debug_refuses_other_addresses),
	    cmocka_unit_test(pfn_maps_frames_of_any_kind),
	    cmocka_unit_test(prot_is_obeyed),
	    cmocka_unit_test(frames_above_4_gb),
	    cmocka_unit_test(idx_push_with_set_fixmap),
	    cmocka_unit_test(debug_warns_of_interrupts_that_are_enabled),
	    cmocka_unit_test(fast_and_slow_forms_agree),
	    cmocka_unit_test(a_uniprocessor_kernel),
	    cmocka_unit_test(a_cpu_brought_online_later_has_its_own_slots),
	    cmocka_unit_test(without_highmem_there_are_counters_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
