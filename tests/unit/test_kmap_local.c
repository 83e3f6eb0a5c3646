/* SPDX-License-Identifier: MIT */
/* Temporary mappings that belong to the task (6.1): depth, mistakes, context switches, and the fast forms against the slow ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#define DEBUG_LOCAL "DEBUG_KMAP_LOCAL_FORCE_MAP=1"

static const char *const profiles[] = {"profile=x86_32-6.1", "profile=x86_32-6.1,pae=1", "profile=x86_32-6.1,pae=1,pti=1",
				       "profile=x86_32-6.1,pae=1,nx=1"};

static void call_map(struct call *c)
{
	c->va = fxm_kmap_local_page(c->cpu, c->page);
}

static void call_unmap(struct call *c)
{
	c->result = (uint64_t)fxm_kunmap_local(c->cpu, c->va);
}

static fxm_va slot_va(struct kernel *k, unsigned cpu, int slot)
{
	uint32_t index = fixed_index(k, "FIX_KMAP_BEGIN") + cpu * (uint32_t)layout_value(k, "KM_MAX_IDX") + (uint32_t)slot;
	return fxm_fix_to_virt_unchecked(k->m, index);
}

static uint64_t pte_at(struct kernel *k, fxm_va va)
{
	return fxm_pte_at(k->m, va).v;
}

static void assert_counts(struct fxm_vcpu *cpu, int idx, int migrate, int pagefault, int preempt)
{
	struct fxm_counts c = counts_of(cpu);

	assert_int_equal(c.kmap_depth, idx);
	assert_int_equal(c.migrate, migrate);
	assert_int_equal(c.pagefault, pagefault);
	assert_int_equal(c.preempt, preempt);
}

static void assert_warned(struct kernel *k, unsigned warns, const char *where)
{
	assert_int_equal(k->record.kinds[FXM_REPORT_WARN], warns);
	assert_string_equal(k->record.where, where);
}

/* ---- arguments ------------------------------------------------------------------------------------------------------------ */

static void other_kernels_refuse_it(void **state)
{
	static const char *const others[] = {"profile=i386-2.6.12", "profile=x86_32-4.7", "profile=x86_32-4.15",
					     "profile=x86_32-5.10"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct kernel *k = kernel_new(others[i]);
		struct fxm_page *page = high_page(k);

		assert_va_error(fxm_kmap_local_page(k->cpu, page), -ENOSYS);
		assert_va_error(fxm_kmap_local_page_prot(k->cpu, page, prot_of(k, "PAGE_KERNEL")), -ENOSYS);
		assert_va_error(fxm_kmap_local_pfn(k->cpu, 1), -ENOSYS);
		assert_va_error(fxm_kmap_local_pfn_indexed(k->cpu, 1, fxm_pte_of(0x63)), -ENOSYS);
		assert_va_error(fxm_kmap_local_folio(k->cpu, page, 0), -ENOSYS);
		assert_int_equal(fxm_kunmap_local(k->cpu, fxm_va_of(0xfffbb000)), -ENOSYS);
		assert_int_equal(fxm_is_kmap_addr(k->cpu, fxm_va_of(0)), -ENOSYS);
		assert_counts(k->cpu, 0, 0, 0, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
	assert_string_equal(fxm_since("kmap_local_page"), "since 5.11");
	assert_string_equal(fxm_since("kunmap_local"), "since 5.11");
}

static void what_went_before_5_11_is_refused(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(profiles[0]);

	assert_int_equal(fxm_kmap_atomic_idx_push(k->cpu), -ENOSYS);
	assert_int_equal(fxm_kmap_atomic_idx(k->cpu), -ENOSYS);
	assert_int_equal(fxm_kmap_atomic_idx_pop(k->cpu), -ENOSYS);
	assert_va_error(fxm_kmap_atomic_type(k->cpu, high_page(k), 0), -ENOSYS);
	assert_counts(k->cpu, 0, 0, 0, 0);
	kernel_free(k);
}

static void bad_arguments_leave_no_trace(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]), *other = kernel_new(profiles[i]);
		struct fxm_page *good = high_page(k);
		struct fxm_page *bad[] = {NULL, high_page(other), (struct fxm_page *)((char *)good + 8),
					  (struct fxm_page *)((char *)fxm_page_of_pfn(k->m, 0) - 64)};

		for (size_t b = 0; b < ARRAY_SIZE(bad); b++) {
			assert_va_error(fxm_kmap_local_page(k->cpu, bad[b]), -EINVAL);
			assert_va_error(fxm_kmap_local_page_prot(k->cpu, bad[b], prot_of(k, "PAGE_KERNEL")), -EINVAL);
			assert_va_error(fxm_kmap_local_folio(k->cpu, bad[b], 0), -EINVAL);
			assert_va_error(fxm_kmap_atomic(k->cpu, bad[b]), -EINVAL);
		}
		assert_va_error(fxm_kmap_local_folio(k->cpu, good, SIZE_MAX), -EINVAL);
		assert_va_error(fxm_kmap_local_pfn(NULL, 1), -EINVAL);
		assert_va_error(fxm_kmap_local_pfn_indexed(NULL, 1, fxm_pte_of(0)), -EINVAL);
		assert_va_error(fxm_kmap_local_folio(NULL, good, 0), -EINVAL);
		assert_int_equal(fxm_is_kmap_addr(NULL, fxm_va_of(0)), -EINVAL);
		assert_counts(k->cpu, 0, 0, 0, 0);
		assert_int_equal(pte_at(k, slot_va(k, 0, 0)), 0);
		assert_no_reports(k);
		kernel_free(other);
		kernel_free(k);
	}
}

/* ---- mapping -------------------------------------------------------------------------------------------------------------- */

static void fifteen_mappings_nest_and_one_more_is_a_bug(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		uint64_t prot = prot_of(k, "kmap_prot").v;

		for (int n = 0; n < 15; n++) {
			struct fxm_page *page = high_page(k);
			assert_va(fxm_kmap_local_page(k->cpu, page), slot_va(k, 0, n).v);
			assert_int_equal(pte_at(k, slot_va(k, 0, n)), pfn_of(k, page) << 12 | prot);
			assert_counts(k->cpu, n + 1, n + 1, 0, 0);
		}
		assert_bug(k, call_map, (struct call){.page = high_page(k)}, "mm/highmem.c:467");
		assert_int_equal(pte_at(k, slot_va(k, 0, 15)), 0);
		assert_counts(k->cpu, 16, 16, 0, 1);
		kernel_free(k);
	}
}

static void debugging_leaves_guard_slots(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,pae=1," DEBUG_LOCAL);

	assert_int_equal(layout_value(k, "KM_MAX_IDX"), 33);
	for (int n = 0; n < 16; n++) {
		fxm_va va = fxm_kmap_local_page(k->cpu, n & 1 ? high_page(k) : low_page(k));
		assert_va(va, slot_va(k, 0, 2 * n + 1).v);
		assert_int_equal(pte_at(k, slot_va(k, 0, 2 * n)), 0);
		assert_counts(k->cpu, 2 * n + 2, n + 1, 0, 0);
	}
	assert_bug(k, call_map, (struct call){.page = high_page(k)}, "mm/highmem.c:467");
	kernel_free(k);
}

static void running_past_the_page_hits_the_guard(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1," DEBUG_LOCAL), *plain = kernel_new("profile=x86_32-6.1");
	char byte = 0;

	fxm_kmap_local_page(k->cpu, high_page(k));
	fxm_va second = fxm_kmap_local_page(k->cpu, high_page(k));
	assert_int_equal(fxm_read(k->cpu, fxm_va_of(second.v + 4095), &byte, 1), 0);
	assert_int_equal(fxm_read(k->cpu, fxm_va_of(second.v + 4096), &byte, 1), -EFAULT);
	/* Without debugging the slot above it is the mapping made before. */
	fxm_kmap_local_page(plain->cpu, high_page(plain));
	second = fxm_kmap_local_page(plain->cpu, high_page(plain));
	assert_int_equal(fxm_read(plain->cpu, fxm_va_of(second.v + 4096), &byte, 1), 0);
	kernel_free(plain);
	kernel_free(k);
}

static void lowmem_has_its_own_address_unless_forced(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(profiles[0]), *forced = kernel_new("profile=x86_32-6.1," DEBUG_LOCAL);
	struct fxm_page *low = low_page(k);
	fxm_va own = fxm_page_address(k->cpu, low);

	assert_va(fxm_kmap_local_page(k->cpu, low), own.v);
	assert_counts(k->cpu, 0, 0, 0, 0);
	assert_int_equal(fxm_kunmap_local(k->cpu, own), 0);
	assert_va(fxm_kmap_atomic(k->cpu, low), own.v);
	assert_counts(k->cpu, 0, 0, 1, 1);
	assert_int_equal(fxm_kunmap_atomic(k->cpu, own), 0);
	assert_counts(k->cpu, 0, 0, 0, 0);
	/* kmap_local_pfn() always takes a slot. */
	assert_va(fxm_kmap_local_pfn(k->cpu, pfn_of(k, low)), slot_va(k, 0, 0).v);
	fxm_kunmap_local(k->cpu, slot_va(k, 0, 0));
	assert_va(fxm_kmap_local_page(forced->cpu, low_page(forced)), slot_va(forced, 0, 1).v);
	assert_no_reports(k);
	kernel_free(forced);
	kernel_free(k);
}

static void protections_and_folios(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *folio = fxm_alloc_pages(k->m, FXM_GFP_HIGHMEM | FXM_GFP_COMP, 2);
		uint64_t ro = prot_of(k, "PAGE_KERNEL_RO").v, pfn;

		assert_non_null(folio);
		pfn = pfn_of(k, folio);
		assert_va(fxm_kmap_local_folio(k->cpu, folio, 3 * 4096 + 5), slot_va(k, 0, 0).v + 5);
		assert_int_equal(mapped_pfn(k, slot_va(k, 0, 0)), pfn + 3);
		assert_va(fxm_kmap_local_page_prot(k->cpu, folio, fxm_pte_of(ro)), slot_va(k, 0, 1).v);
		assert_int_equal(pte_at(k, slot_va(k, 0, 1)), pfn << 12 | ro);
		assert_va(fxm_kmap_local_pfn_indexed(k->cpu, pfn + 1, fxm_pte_of(ro)), slot_va(k, 0, 2).v);
		assert_int_equal(pte_at(k, slot_va(k, 0, 2)), (pfn + 1) << 12 | ro);
		assert_int_equal(fxm_write(k->cpu, slot_va(k, 0, 2), "x", 1), -EFAULT);
		for (int n = 2; n >= 0; n--)
			assert_int_equal(fxm_kunmap_local(k->cpu, fxm_va_of(slot_va(k, 0, n).v + 123)), 0);
		assert_counts(k->cpu, 0, 0, 0, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void kmap_atomic_shares_the_stack(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(profiles[1]), *rt = kernel_new("profile=x86_32-6.1,PREEMPT_RT=1");

	assert_va(fxm_kmap_local_page(k->cpu, high_page(k)), slot_va(k, 0, 0).v);
	assert_va(fxm_kmap_atomic(k->cpu, high_page(k)), slot_va(k, 0, 1).v);
	assert_counts(k->cpu, 2, 2, 1, 1);
	assert_va(fxm_kmap_atomic_pfn(k->cpu, 3), slot_va(k, 0, 2).v);
	assert_va(fxm_kmap_atomic_prot(k->cpu, high_page(k), prot_of(k, "PAGE_KERNEL_RO")), slot_va(k, 0, 3).v);
	assert_counts(k->cpu, 4, 4, 3, 3);
	for (int n = 3; n > 0; n--)
		fxm_kunmap_atomic(k->cpu, slot_va(k, 0, n));
	fxm_kunmap_local(k->cpu, slot_va(k, 0, 0));
	assert_counts(k->cpu, 0, 0, 0, 0);
	/* A real-time kernel only pins the task. */
	fxm_va va = fxm_kmap_atomic(rt->cpu, high_page(rt));
	assert_counts(rt->cpu, 1, 2, 1, 0);
	fxm_kunmap_atomic(rt->cpu, va);
	assert_counts(rt->cpu, 0, 0, 0, 0);
	assert_no_reports(k);
	kernel_free(rt);
	kernel_free(k);
}

static void a_busy_slot_is_a_bug(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(profiles[0]);

	fxm_set_fixmap(k->cpu, fixed_index(k, "FIX_KMAP_BEGIN"), fxm_pa_of(0x5000));
	assert_bug(k, call_map, (struct call){.page = high_page(k)}, "mm/highmem.c:552");
	assert_int_equal(k->record.last.pfn, 5);
	kernel_free(k);
}

/* ---- mistakes ------------------------------------------------------------------------------------------------------------- */

static void the_wrong_order_takes_the_wrong_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *one = high_page(k), *two = high_page(k);
		fxm_va a = fxm_kmap_local_page(k->cpu, one), b = fxm_kmap_local_page(k->cpu, two);

		mark_page(k, one, 1);
		mark_page(k, two, 2);
		assert_int_equal(read_mark(k->cpu, b), 2);
		fxm_kunmap_local(k->cpu, a);
		assert_warned(k, 1, "mm/highmem.c:610");
		assert_int_equal(mapped_pfn(k, a), pfn_of(k, one));
		assert_int_equal(pte_at(k, b), 0);
		assert_int_equal(read_mark(k->cpu, b), 2); /* the TLB was told of the other page */
		fxm_kunmap_local(k->cpu, b);
		assert_warned(k, 1, "mm/highmem.c:610"); /* once */
		assert_int_equal(pte_at(k, a), 0);
		assert_counts(k->cpu, 0, 0, 0, 0);
		kernel_free(k);
	}
}

static void one_unmap_too_many_is_a_bug(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);

		fxm_set_fixmap(k->cpu, fixed_index(k, "FIX_KMAP_BEGIN") - 1, fxm_pa_of(0x7000));
		assert_bug(k, call_unmap, (struct call){.va = slot_va(k, 0, 0)}, "mm/highmem.c:479");
		assert_int_equal(k->record.kinds[FXM_REPORT_WARN], 1);
		/* What lies above the group was cleared. */
		assert_int_equal(pte_at(k, fxm_fix_to_virt_unchecked(k->m, fixed_index(k, "FIX_KMAP_BEGIN") - 1)), 0);
		assert_counts(k->cpu, -1, 0, 0, 1);
		kernel_free(k);
	}
}

static void foreign_addresses_are_ignored_or_warned_of(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(profiles[0]), *forced = kernel_new("profile=x86_32-6.1," DEBUG_LOCAL);
	fxm_va pkmap = fxm_kmap(k->cpu, high_page(k));

	assert_int_equal(fxm_kunmap_local(k->cpu, pkmap), 0);
	assert_int_equal(count_of(k, pkmap), 2);
	assert_no_reports(k);
	assert_int_equal(fxm_kunmap_local(k->cpu, fxm_va_of(0x1000)), 0);
	assert_warned(k, 1, "mm/highmem.c:604");
	assert_int_equal(fxm_kunmap_local(k->cpu, fxm_va_of(0x2000)), 0);
	assert_warned(k, 1, "mm/highmem.c:604");
	assert_int_equal(fxm_kunmap_local(forced->cpu, fxm_page_address(forced->cpu, low_page(forced))), 0);
	assert_warned(forced, 1, "mm/highmem.c:594");
	assert_counts(k->cpu, 0, 0, 0, 0);
	kernel_free(forced);
	kernel_free(k);
}

static void kmap_to_page_knows_all_slots_but_the_first(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(profiles[1]);
	struct fxm_page *page = high_page(k);
	fxm_va pkmap = fxm_kmap(k->cpu, page);
	fxm_va first = fxm_kmap_local_page(k->cpu, page), second = fxm_kmap_local_page(k->cpu, page);

	assert_int_equal(kmap_pfn(k->cpu, first), (first.v - 0xc0000000) >> 12);
	assert_no_reports(k);
	assert_int_equal(kmap_pfn(k->cpu, fxm_va_of(second.v + 9)), pfn_of(k, page));
	assert_warned(k, 1, "mm/highmem.c:167");
	assert_int_equal(kmap_pfn(k->cpu, pkmap), pfn_of(k, page));
	assert_warned(k, 2, "mm/highmem.c:162");
	kmap_pfn(k->cpu, pkmap);
	kmap_pfn(k->cpu, second);
	assert_warned(k, 2, "mm/highmem.c:162");
	assert_int_equal(fxm_is_kmap_addr(k->cpu, pkmap), 1);
	assert_int_equal(fxm_is_kmap_addr(k->cpu, second), 0);
	kernel_free(k);
}

/* 6.12: the first slot begins at the border that is compared with, and so is left out. */
static void is_kmap_addr_of_6_12_sees_slots_but_the_first(void **state)
{
	static const char *const words[] = {"profile=x86_32-6.12", "profile=x86_32-6.12,pae=1", "profile=arm-6.12"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *page = high_page(k), *low = low_page(k);
		fxm_va first = fxm_kmap_local_page(k->cpu, page), second = fxm_kmap_local_page(k->cpu, page);
		uint64_t last = fxm_fix_to_virt(k->m, fixed_index(k, "FIX_KMAP_END")).v;

		assert_int_equal(fxm_is_kmap_addr(k->cpu, first), 0);
		assert_int_equal(fxm_is_kmap_addr(k->cpu, second), 1);
		assert_int_equal(fxm_is_kmap_addr(k->cpu, fxm_va_of(last)), 1);
		assert_int_equal(fxm_is_kmap_addr(k->cpu, fxm_va_of(last - 1)), 0);
		assert_int_equal(fxm_is_kmap_addr(k->cpu, fxm_kmap(k->cpu, page)), 1);
		assert_int_equal(fxm_is_kmap_addr(k->cpu, fxm_page_address(k->cpu, low)), 0);
		kernel_free(k);
	}
	struct kernel *k = kernel_new("profile=x86_64-6.12");
	assert_int_equal(fxm_is_kmap_addr(k->cpu, fxm_kmap_local_page(k->cpu, low_page(k))), 0);
	kernel_free(k);
}

static void an_interrupt_with_interrupts_on_warns(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(profiles[0]);

	fxm_va below = fxm_kmap_local_page(k->cpu, high_page(k));
	assert_int_equal(fxm_context_enter(k->cpu, FXM_CONTEXT_HARDIRQ), 0);
	fxm_va va = fxm_kmap_local_page(k->cpu, high_page(k));
	assert_va(va, slot_va(k, 0, 1).v); /* on top of the task that was interrupted */
	fxm_kunmap_local(k->cpu, va);
	assert_no_reports(k);
	fxm_irq_enable(k->cpu);
	va = fxm_kmap_local_page(k->cpu, high_page(k));
	assert_int_equal(k->record.kinds[FXM_REPORT_WARN], 1);
	fxm_kunmap_local(k->cpu, va);
	fxm_irq_disable(k->cpu);
	assert_int_equal(fxm_context_leave(k->cpu, FXM_CONTEXT_HARDIRQ), 0);
	fxm_kunmap_local(k->cpu, below);
	kernel_free(k);
}

/* ---- tasks ---------------------------------------------------------------------------------------------------------------- */

struct worker {
	struct kernel *k;
	struct fxm_vcpu *cpu;
	struct fxm_page *page[3];
	fxm_va va[3];
	uint64_t seen[2];
	unsigned maps;
	bool quits_early;
};

/* Maps, yields, looks, yields, unmaps. */
static int work(void *arg)
{
	struct worker *w = arg;

	for (unsigned n = 0; n < w->maps; n++)
		w->va[n] = fxm_kmap_local_page(w->cpu, w->page[n]);
	fxm_task_yield();
	w->seen[0] = read_mark(w->cpu, w->va[0]);
	fxm_task_yield();
	if (w->quits_early)
		return 0;
	w->seen[1] = read_mark(w->cpu, w->va[w->maps - 1]);
	for (unsigned n = w->maps; n--;)
		fxm_kunmap_local(w->cpu, w->va[n]);
	return 0;
}

static struct fxm_task *worker_task(struct worker *w, const char *name)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = name, .cpu = 0, .vehicle = FXM_FIBRE};
	struct fxm_task *task;

	w->cpu = w->k->cpu;
	for (unsigned n = 0; n < w->maps; n++) {
		w->page[n] = high_page(w->k);
		mark_page(w->k, w->page[n], (uint64_t)(uintptr_t)w + n);
	}
	assert_int_equal(fxm_task_create(w->k->m, &attr, work, w, &task), 0);
	return task;
}

static void mappings_stay_with_their_task(void **state)
{
	static const char *const words[] = {"profile=x86_32-6.1", "profile=x86_32-6.1,pae=1", ("profile=x86_32-6.1," DEBUG_LOCAL),
					    "profile=x86_32-6.1,detect=on", "profile=x86_32-6.1,window=strict"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct worker a = {.k = k, .maps = 3}, b = {.k = k, .maps = 2};
		struct fxm_task *ta = worker_task(&a, "A"), *tb = worker_task(&b, "B");

		for (unsigned round = 0; round < 3; round++) {
			fxm_task_resume(ta);
			/* Nobody is on the CPU: nothing is mapped, and nothing is in its TLB. */
			assert_counts(k->cpu, 0, 0, 0, 0);
			for (int slot = 0; slot < 6; slot++)
				assert_int_equal(pte_at(k, slot_va(k, 0, slot)), 0);
			fxm_task_resume(tb);
		}
		assert_va(a.va[0], b.va[0].v);
		assert_int_equal(a.seen[0], (uintptr_t)&a);
		assert_int_equal(b.seen[0], (uintptr_t)&b);
		assert_int_equal(a.seen[1], (uintptr_t)&a + 2);
		assert_int_equal(b.seen[1], (uintptr_t)&b + 1);
		assert_int_equal(fxm_task_join(ta, NULL), 0);
		assert_int_equal(fxm_task_join(tb, NULL), 0);
		assert_counts(k->cpu, 0, 0, 0, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void a_task_that_ends_leaves_a_leak_and_no_mapping(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,detect=on");
	struct worker a = {.k = k, .maps = 2, .quits_early = true}, b = {.k = k, .maps = 2};
	struct fxm_task *ta = worker_task(&a, "A");

	assert_int_equal(fxm_task_join(ta, NULL), 0);
	struct fxm_report_silent silent;
	assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 1);
	fxm_report_get_silent(k->m, &silent);
	assert_int_equal(silent.repeated, 1); /* both were mapped by one line */
	assert_string_equal(k->record.detector, "leak");
	assert_non_null(strstr(k->record.message, "kmap_local never undone"));
	assert_non_null(strstr(k->record.message, " of A["));
	assert_int_equal(pte_at(k, a.va[0]), 0);
	assert_int_equal(pte_at(k, a.va[1]), 0);
	/* The next task starts with an empty stack. */
	assert_int_equal(fxm_task_join(worker_task(&b, "B"), NULL), 0);
	assert_va(b.va[0], a.va[0].v);
	/* Told when the task ended; that is enough. */
	assert_int_equal(fxm_report_leaks(k->m), 0);
	kernel_free(k);
}

static void sleepers_are_leaks_too(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	struct worker a = {.k = k, .maps = 3};
	struct fxm_task *ta = worker_task(&a, "A");

	fxm_task_resume(ta);
	fxm_kmap_local_page(k->cpu, high_page(k));
	assert_int_equal(fxm_report_leaks(k->m), 4);
	kernel_free(k);
}

static int overflow(void *arg)
{
	struct worker *w = arg;

	for (;;)
		fxm_kmap_local_page(w->cpu, w->page[0]);
	return 0;
}

static void a_task_that_dies_takes_its_mappings_along(void **state)
{
	static const char *const words[] = {"profile=x86_32-6.1", "profile=x86_32-6.1," DEBUG_LOCAL};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct worker w = {.k = k, .cpu = k->cpu, .page = {high_page(k)}};
		struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "deep", .vehicle = FXM_FIBRE};
		struct fxm_task *task;

		assert_int_equal(fxm_task_create(k->m, &attr, overflow, &w, &task), 0);
		assert_int_equal(fxm_task_join(task, NULL), -ECANCELED);
		assert_int_equal(k->record.kinds[FXM_REPORT_BUG], 1);
		assert_int_equal(k->record.kinds[FXM_REPORT_WARN], 0);
		for (int slot = 0; slot < (int)layout_value(k, "KM_MAX_IDX"); slot++)
			assert_int_equal(pte_at(k, slot_va(k, 0, slot)), 0);
		assert_int_equal(counts_of(k->cpu).kmap_depth, 0);
		kernel_free(k);
	}
}

/* A task of fxm_task_run() goes on after the BUG with a counter beyond its slots: a switch must not run past them. */
static void a_task_that_survives_its_bug_can_be_switched(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1," DEBUG_LOCAL);
	struct worker a = {.k = k, .maps = 1};

	assert_int_equal(fxm_attach(k->m, 0), 0);
	for (int n = 0; n < 16; n++)
		fxm_kmap_local_page(k->cpu, high_page(k));
	assert_bug(k, call_map, (struct call){.page = high_page(k)}, "mm/highmem.c:467");
	struct fxm_task *ta = worker_task(&a, "A");
	assert_int_equal(fxm_task_join(ta, NULL), 0);
	assert_int_equal(counts_of(k->cpu).kmap_depth, 34);
	assert_int_equal(fxm_detach(), 0);
	kernel_free(k);
}

/* Maps, lets the others run, and finds its own pages again; counts what it found of somebody else's. */
static int work_in_turns(void *arg)
{
	struct worker *w = arg;
	int wrong = 0;

	for (unsigned round = 0; round < 200; round++) {
		for (unsigned n = 0; n < w->maps; n++)
			w->va[n] = fxm_kmap_local_page(w->cpu, w->page[n]);
		fxm_schedule(w->cpu);
		for (unsigned n = w->maps; n--;) {
			uint64_t mark = 0;
			wrong += fxm_read(w->cpu, w->va[n], &mark, sizeof(mark)) || mark != (uintptr_t)w + n;
			fxm_kunmap_local(w->cpu, w->va[n]);
		}
	}
	return wrong;
}

static void threads_in_turns_and_in_parallel(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,pae=1");
	struct worker w[5];
	struct fxm_task *task[ARRAY_SIZE(w)];

	for (size_t i = 0; i < ARRAY_SIZE(w); i++) {
		struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "w", .cpu = i & 1, .vehicle = FXM_THREAD};
		w[i] = (struct worker){.k = k, .cpu = fxm_machine_vcpu(k->m, i & 1), .maps = 1 + (unsigned)i % 3};
		for (unsigned n = 0; n < w[i].maps; n++) {
			w[i].page[n] = high_page(k);
			mark_page(k, w[i].page[n], (uint64_t)(uintptr_t)&w[i] + n);
		}
		assert_int_equal(fxm_task_create(k->m, &attr, work_in_turns, &w[i], &task[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(w); i++) {
		int wrong = -1;
		assert_int_equal(fxm_task_join(task[i], &wrong), 0);
		assert_int_equal(wrong, 0);
	}
	assert_no_reports(k);
	assert_int_equal(fxm_report_leaks(k->m), 0);
	kernel_free(k);
}

static void another_cpu_has_its_own_slots(void **state)
{
	(void)state;
	struct kernel *k = kernel_new(profiles[0]);
	struct fxm_vcpu *one = fxm_machine_vcpu(k->m, 1);

	fxm_va a = fxm_kmap_local_page(k->cpu, high_page(k)), b = fxm_kmap_local_page(one, high_page(k));
	assert_va(a, slot_va(k, 0, 0).v);
	assert_va(b, slot_va(k, 1, 0).v);
	fxm_kunmap_local(one, b);
	fxm_kunmap_local(k->cpu, a);
	assert_no_reports(k);
	kernel_free(k);
}

/* ---- the fast forms against the slow ones ---------------------------------------------------------------------------------- */

static void ignore_line(const char *line, void *arg)
{
	(void)line, (void)arg;
}

static void assert_same(struct kernel *fast, struct kernel *slow, unsigned cpu)
{
	struct fxm_counts f = counts_of(fxm_machine_vcpu(fast->m, cpu)), s = counts_of(fxm_machine_vcpu(slow->m, cpu));

	assert_int_equal(f.kmap_depth, s.kmap_depth);
	assert_int_equal(f.migrate, s.migrate);
	assert_int_equal(f.pagefault, s.pagefault);
	assert_int_equal(f.preempt, s.preempt);
	for (int slot = -1; slot < 17; slot++)
		assert_int_equal(pte_at(fast, slot_va(fast, cpu, slot)), pte_at(slow, slot_va(slow, cpu, slot)));
}

/* A traced machine takes the slow forms. The same random calls on both must leave the same state. */
static void both_forms_do_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k[2] = {kernel_new(profiles[i]), kernel_new(profiles[i])};
		uint64_t first = fxm_page_pfn(k[0]->m, high_page(k[0])), rng = 88172645463325252u + i;

		assert_int_equal(fxm_trace_start_bare(k[1]->m, ignore_line, NULL), 0);
		for (unsigned step = 0; step < 2000; step++) {
			rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
			unsigned cpu = rng >> 8 & 1, what = rng >> 32 & 7, slot = rng >> 24 & 15;
			int idx = counts_of(fxm_machine_vcpu(k[0]->m, cpu)).kmap_depth;
			uint64_t va[2] = {0, 0};

			for (unsigned m = 0; m < 2; m++) {
				struct fxm_vcpu *c = fxm_machine_vcpu(k[m]->m, cpu);
				struct fxm_page *page = fxm_page_of_pfn(k[m]->m, what & 1 ? first - (rng >> 40 & 63) : 4);
				if (what < 3 && idx < 15)
					va[m] = fxm_kmap_local_page(c, page).v;
				else if (what == 3 && idx < 15)
					va[m] = fxm_kmap_atomic(c, page).v;
				else if (what < 6 && idx > 0)
					fxm_kunmap_local(c, slot_va(k[m], cpu, idx - 1));
				else if (what == 6 && idx > 0)
					fxm_kunmap_atomic(c, slot_va(k[m], cpu, idx - 1));
				else if (what == 7 && idx > 0)
					fxm_kunmap_local(c, slot_va(k[m], slot & 1, (int)slot));
			}
			assert_int_equal(va[0], va[1]);
			assert_same(k[0], k[1], cpu);
		}
		assert_int_equal(k[0]->record.kinds[FXM_REPORT_WARN], k[1]->record.kinds[FXM_REPORT_WARN]);
		fxm_trace_stop(k[1]->m, "test");
		kernel_free(k[1]);
		kernel_free(k[0]);
	}
}

/* ---- machines of all shapes ------------------------------------------------------------------------------------------------ */

static void without_highmem_there_is_nothing_to_map(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,HIGHMEM=0");
	struct fxm_page *page = low_page(k);
	fxm_va own = fxm_page_address(k->cpu, page);

	assert_va(fxm_kmap_local_page(k->cpu, page), own.v);
	assert_va(fxm_kmap_local_pfn(k->cpu, pfn_of(k, page)), own.v);
	assert_int_equal(fxm_kunmap_local(k->cpu, own), 0);
	assert_int_equal(fxm_kunmap_local(k->cpu, fxm_va_of(0)), 0);
	assert_counts(k->cpu, 0, 0, 0, 0);
	assert_va(fxm_kmap_atomic(k->cpu, page), own.v);
	assert_counts(k->cpu, 0, 0, 1, 1);
	fxm_kunmap_atomic(k->cpu, own);
	assert_no_reports(k);
	kernel_free(k);
}

static void the_window_shows_only_what_is_mapped(void **state)
{
	static const char *const words[] = {"profile=x86_32-6.1,window=strict", "profile=x86_32-6.1,window=eager,pae=1",
					    "profile=x86_32-6.1,window=retain"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *one = high_page(k), *two = high_page(k);

		assert_int_equal(fxm_attach(k->m, 0), 0);
		mark_page(k, one, 11);
		mark_page(k, two, 22);
		for (int round = 0; round < 3; round++) {
			fxm_va a = fxm_kmap_local_page(k->cpu, one), b = fxm_kmap_atomic(k->cpu, two);
			assert_int_equal(*(volatile uint64_t *)fxm_host(k->m, a), 11);
			assert_int_equal(*(volatile uint64_t *)fxm_host(k->m, b), 22);
			fxm_kunmap_atomic(k->cpu, b);
			fxm_kunmap_local(k->cpu, a);
			/* The same slot, another page. */
			a = fxm_kmap_local_page(k->cpu, two);
			assert_int_equal(*(volatile uint64_t *)fxm_host(k->m, a), 22);
			fxm_kunmap_local(k->cpu, a);
		}
		assert_no_reports(k);
		assert_int_equal(fxm_detach(), 0);
		kernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(other_kernels_refuse_it),
	    cmocka_unit_test(what_went_before_5_11_is_refused),
	    cmocka_unit_test(bad_arguments_leave_no_trace),
	    cmocka_unit_test(fifteen_mappings_nest_and_one_more_is_a_bug),
	    cmocka_unit_test(debugging_leaves_guard_slots),
	    cmocka_unit_test(running_past_the_page_hits_the_guard),
	    cmocka_unit_test(lowmem_has_its_own_address_unless_forced),
	    cmocka_unit_test(protections_and_folios),
	    cmocka_unit_test(kmap_atomic_shares_the_stack),
	    cmocka_unit_test(a_busy_slot_is_a_bug),
	    cmocka_unit_test(the_wrong_order_takes_the_wrong_one),
	    cmocka_unit_test(one_unmap_too_many_is_a_bug),
	    cmocka_unit_test(foreign_addresses_are_ignored_or_warned_of),
	    cmocka_unit_test(kmap_to_page_knows_all_slots_but_the_first),
	    cmocka_unit_test(is_kmap_addr_of_6_12_sees_slots_but_the_first),
	    cmocka_unit_test(an_interrupt_with_interrupts_on_warns),
	    cmocka_unit_test(mappings_stay_with_their_task),
	    cmocka_unit_test(a_task_that_ends_leaves_a_leak_and_no_mapping),
	    cmocka_unit_test(sleepers_are_leaks_too),
	    cmocka_unit_test(a_task_that_dies_takes_its_mappings_along),
	    cmocka_unit_test(a_task_that_survives_its_bug_can_be_switched),
	    cmocka_unit_test(threads_in_turns_and_in_parallel),
	    cmocka_unit_test(another_cpu_has_its_own_slots),
	    cmocka_unit_test(both_forms_do_the_same),
	    cmocka_unit_test(without_highmem_there_is_nothing_to_map),
	    cmocka_unit_test(the_window_shows_only_what_is_mapped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
