/* SPDX-License-Identifier: MIT */
/* kmap() and the pkmap pool: mistakes, exhaustion, and what a BUG leaves behind. The recorded traces cover the ordinary ways. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static const char *const profiles[] = {ALL_PROFILES};

/* Sites of the BUGs, by profile. */
static const struct sites {
	const char *words, *irq, *unmapped, *zero;
} sites[] = {
    {"profile=i386-2.6.12", "arch/i386/mm/highmem.c:14", "mm/highmem.c:183", "mm/highmem.c:193"},
    {"profile=x86_32-4.15,pae=1", "arch/x86/mm/highmem_32.c:18", "mm/highmem.c:340", "mm/highmem.c:350"},
    {"profile=x86_32-5.10", NULL, "mm/highmem.c:339", "mm/highmem.c:349"},
};

static void call_flush(struct call *c)
{
	fxm_flush_all_zero_pkmaps(c->cpu);
}

/* ---- arguments ------------------------------------------------------------------------------------------------------------ */

static void refuses_bad_arguments(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10"), *other = kernel_new("profile=x86_32-5.10");
	struct fxm_page *good = high_page(k), *foreign = high_page(other), *low = low_page(k);
	int on_the_stack = 0;
	struct fxm_page *bad[] = {NULL,
				  foreign,
				  (struct fxm_page *)((char *)good + 1),
				  (struct fxm_page *)((char *)good + 32),
				  (struct fxm_page *)(void *)&on_the_stack,
				  (struct fxm_page *)UINTPTR_MAX};
	struct fxm_page *out;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_va_error(fxm_kmap(k->cpu, bad[i]), -EINVAL);
		assert_int_equal(fxm_kunmap(k->cpu, bad[i]), -EINVAL);
		assert_va_error(fxm_kmap_high(k->cpu, bad[i]), -EINVAL);
		assert_int_equal(fxm_kunmap_high(k->cpu, bad[i]), -EINVAL);
		assert_va_error(fxm_map_new_virtual(k->cpu, bad[i]), -EINVAL);
		assert_va_error(fxm_page_address(k->cpu, bad[i]), -EINVAL);
	}
	assert_va_error(fxm_kmap(NULL, good), -EINVAL);
	assert_int_equal(fxm_kunmap(NULL, good), -EINVAL);
	assert_va_error(fxm_kmap_high(NULL, good), -EINVAL);
	assert_int_equal(fxm_kunmap_high(NULL, good), -EINVAL);
	assert_va_error(fxm_map_new_virtual(NULL, good), -EINVAL);
	assert_va_error(fxm_page_address(NULL, good), -EINVAL);
	assert_int_equal(fxm_flush_all_zero_pkmaps(NULL), -EINVAL);
	assert_int_equal(fxm_kmap_flush_unused(NULL), -EINVAL);
	assert_int_equal(fxm_kmap_to_page(NULL, fxm_va_of(0), &out), -EINVAL);
	assert_int_equal(fxm_kmap_to_page(k->cpu, fxm_va_of(0), NULL), -EINVAL);
	assert_int_equal(kmap_pfn(NULL, fxm_va_of(0)), UINT64_MAX);
	assert_int_equal(fxm_pkmap_count(NULL, 0, NULL), -EINVAL);
	assert_int_equal(fxm_pkmap_count(k->m, pool_of(k).last_pkmap, NULL), -ENOENT);

	/* These three are for highmem pages only. */
	assert_va_error(fxm_kmap_high(k->cpu, low), -EINVAL);
	assert_int_equal(fxm_kunmap_high(k->cpu, low), -EINVAL);
	assert_va_error(fxm_map_new_virtual(k->cpu, low), -EINVAL);

	assert_int_equal(pool_of(k).used + pool_of(k).idle, 0);
	assert_int_equal(pool_of(other).used + pool_of(other).idle, 0);
	assert_no_reports(k);
	assert_no_reports(other);
	kernel_free(other);
	kernel_free(k);
}

static void lowmem_pages_use_no_slot(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *pages[] = {low_page(k), fxm_alloc_page(k->m, FXM_GFP_DMA)};

		for (size_t p = 0; p < ARRAY_SIZE(pages); p++) {
			uint64_t direct = layout_value(k, "PAGE_OFFSET") + (pfn_of(k, pages[p]) << FXM_PAGE_SHIFT);

			mark_page(k, pages[p], 77 + p);
			assert_va(fxm_kmap(k->cpu, pages[p]), direct);
			assert_int_equal(read_mark(k->cpu, fxm_va_of(direct)), 77 + p);
			assert_int_equal(fxm_kunmap(k->cpu, pages[p]), 0);
			assert_int_equal(fxm_kunmap(k->cpu, pages[p]), 0); /* nothing counts them */
			assert_va(fxm_page_address(k->cpu, pages[p]), direct);
		}
		assert_int_equal(pool_of(k).used + pool_of(k).idle, 0);
		assert_int_equal(pool_of(k).last_pkmap_nr, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

/* ---- counts ----------------------------------------------------------------------------------------------------------------- */

static void counts_users_and_revives(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k), *seen;
		fxm_va va = fxm_kmap(k->cpu, page);

		assert_va(va, layout_value(k, "PKMAP_BASE") + FXM_PAGE_SIZE); /* the cursor moves before the first look */
		assert_va(fxm_kmap(k->cpu, page), va.v);
		assert_int_equal(fxm_pkmap_count(k->m, 1, &seen), 3);
		assert_ptr_equal(seen, page);
		fxm_kunmap(k->cpu, page);
		fxm_kunmap(k->cpu, page);
		assert_int_equal(count_of(k, va), 1);
		assert_int_equal(pool_of(k).idle, 1);
		assert_va(fxm_page_address(k->cpu, page), va.v);

		/* Idle, the slot is this page's only: another page gets the next one. */
		assert_va(fxm_kmap(k->cpu, high_page(k)), va.v + FXM_PAGE_SIZE);
		assert_va(fxm_kmap(k->cpu, page), va.v);
		assert_int_equal(count_of(k, va), 2);
		assert_int_equal(pool_of(k).used, 2);
		assert_int_equal(pool_of(k).idle, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void a_flush_frees_idle_slots_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *idle = high_page(k), *used = high_page(k), *seen;
		fxm_va idle_va = fxm_kmap(k->cpu, idle), used_va = fxm_kmap(k->cpu, used);

		mark_page(k, used, 5);
		fxm_kunmap(k->cpu, idle);
		assert_int_equal(read_mark(k->cpu, used_va), 5);
		assert_int_equal(fxm_read(k->cpu, idle_va, &(uint64_t){0}, 8), 0);
		assert_int_equal(fxm_flush_all_zero_pkmaps(k->cpu), 1);
		assert_int_equal(count_of(k, idle_va), 0);
		assert_int_equal(fxm_pkmap_count(k->m, slot_of(k, idle_va), &seen), 0);
		assert_null(seen);
		assert_va(fxm_page_address(k->cpu, idle), 0);
		assert_int_equal(fxm_pte_at(k->m, idle_va).v, 0);
		assert_int_equal(fxm_read(k->cpu, idle_va, &(uint64_t){0}, 8), -EFAULT);
		assert_int_equal(read_mark(k->cpu, used_va), 5);
		assert_int_equal(fxm_flush_all_zero_pkmaps(k->cpu), 0);
		kernel_free(k);
	}
}

/* 2.6 flushes all TLBs even when there was nothing to free, 4.x only when there was. */
static void an_empty_flush_touches_the_tlb_only_on_2_6(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_vcpu *cpu1 = fxm_machine_vcpu(k->m, 1);
		fxm_va va = fxm_kmap(k->cpu, high_page(k));
		fxm_pa pa;

		read_mark(cpu1, va);
		assert_true(fxm_tlb_lookup(cpu1, va, &pa));
		fxm_flush_all_zero_pkmaps(k->cpu);
		assert_int_equal(fxm_tlb_lookup(cpu1, va, &pa), strncmp(profiles[i], "profile=i386", 12) != 0);
		kernel_free(k);
	}
}

/* ---- BUGs ------------------------------------------------------------------------------------------------------------------- */

static void kunmap_of_a_page_never_mapped_is_a_bug(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct kernel *k = kernel_new(sites[i].words);
		struct fxm_page *page = high_page(k);

		assert_bug(k, call_kunmap, (struct call){.page = page}, sites[i].unmapped);
		assert_int_equal(k->record.last.pfn, pfn_of(k, page));
		assert_int_equal(k->record.last.slot, -1);
		assert_non_null(strstr(k->record.last.message, "never kmapped"));

		/* The same once its slot was flushed. */
		fxm_kmap(k->cpu, page);
		fxm_kunmap(k->cpu, page);
		fxm_flush_all_zero_pkmaps(k->cpu);
		assert_bug(k, call_kunmap, (struct call){.page = page}, sites[i].unmapped);
		assert_int_equal(fxm_report_count(k->m, FXM_REPORT_BUG), 2);

		/* kmap_lock is free again. */
		assert_va_error(fxm_kmap(k->cpu, page), 0);
		kernel_free(k);
	}
}

/*
 * One kunmap too many takes the count to 0 with the address still on record: the next kmap trips over that, the one after
 * does not.
 */
static void kunmap_twice_is_a_bug_and_spoils_the_slot(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct kernel *k = kernel_new(sites[i].words);
		struct fxm_page *page = high_page(k);
		fxm_va va = fxm_kmap(k->cpu, page);

		fxm_kunmap(k->cpu, page);
		assert_bug(k, call_kunmap, (struct call){.page = page}, sites[i].zero);
		assert_int_equal(k->record.last.slot, 1);
		assert_va(k->record.last.address, va.v);
		assert_int_equal(k->record.last.pfn, pfn_of(k, page));
		assert_int_equal(count_of(k, va), 0);
		assert_va(fxm_page_address(k->cpu, page), va.v);

		assert_bug(k, call_kmap, (struct call){.page = page}, NULL);
		assert_non_null(strstr(k->record.last.message, "count was 0"));
		assert_int_equal(count_of(k, va), 1);

		struct call again = {.cpu = k->cpu, .page = page, .fn = call_kmap};
		assert_int_equal(task_run(&again), 0);
		assert_va(again.va, va.v);
		assert_int_equal(count_of(k, va), 2);
		kernel_free(k);
	}
}

/* Only the step from 1 to 0 is checked: a third kunmap takes the count below zero, and two kmaps bring it back. */
static void kunmap_thrice_goes_below_zero(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_page *page = high_page(k), *seen;
	fxm_va va = fxm_kmap(k->cpu, page);

	fxm_kunmap(k->cpu, page);
	assert_bug(k, call_kunmap, (struct call){.page = page}, "mm/highmem.c:350");
	assert_int_equal(fxm_kunmap(k->cpu, page), 0);
	assert_int_equal(count_of(k, va), -1);
	assert_int_equal(pool_of(k).used + pool_of(k).idle, 0);
	assert_int_equal(fxm_report_leaks(k->m), 0);
	for (int count = 0; count < 2; count++) {
		assert_bug(k, call_kmap, (struct call){.page = page}, NULL);
		assert_int_equal(count_of(k, va), count);
	}
	assert_va(fxm_kmap(k->cpu, page), va.v);
	assert_int_equal(fxm_pkmap_count(k->m, 1, &seen), 2);
	assert_ptr_equal(seen, page);
	kernel_free(k);
}

/* The count that the failed kmap left at 1 is one that a flush frees. */
static void a_slot_spoilt_by_kunmap_is_flushed_again(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap(k->cpu, page);

	fxm_kunmap(k->cpu, page);
	assert_bug(k, call_kunmap, (struct call){.page = page}, "mm/highmem.c:349");
	assert_int_equal(fxm_flush_all_zero_pkmaps(k->cpu), 0);
	assert_bug(k, call_kmap, (struct call){.page = page}, NULL);
	assert_int_equal(fxm_flush_all_zero_pkmaps(k->cpu), 1);
	assert_int_equal(count_of(k, va), 0);
	assert_va(fxm_page_address(k->cpu, page), 0);
	assert_va(fxm_kmap(k->cpu, page), va.v + FXM_PAGE_SIZE);
	kernel_free(k);
}

static void call_in_context(struct call *c)
{
	assert_int_equal(fxm_context_enter(c->cpu, (enum fxm_context)c->n), 0);
	c->result = (uint64_t)fxm_kunmap(c->cpu, c->page);
	assert_int_equal(fxm_context_leave(c->cpu, (enum fxm_context)c->n), 0);
}

static void kunmap_in_interrupt_is_a_bug_before_5_8(void **state)
{
	(void)state;
	static const enum fxm_context contexts[] = {FXM_CONTEXT_SOFTIRQ, FXM_CONTEXT_HARDIRQ, FXM_CONTEXT_NMI};

	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct kernel *k = kernel_new(sites[i].words);
		struct fxm_page *high = high_page(k), *pages[] = {high, low_page(k)};
		fxm_va va = fxm_kmap(k->cpu, high);

		for (size_t c = 0; c < ARRAY_SIZE(contexts); c++) {
			for (size_t p = 0; p < ARRAY_SIZE(pages); p++) {
				struct call call = {.cpu = k->cpu, .page = pages[p], .n = contexts[c], .fn = call_in_context};
				if (sites[i].irq)
					assert_bug(k, call_in_context, call, sites[i].irq);
				else
					assert_int_equal(task_run(&call), 0);
				/* The interrupt ended with its task; the count was not touched. */
				assert_int_equal(fxm_context(k->cpu), FXM_CONTEXT_TASK);
				assert_false(fxm_irqs_disabled(k->cpu));
				if (!sites[i].irq && p == 0)
					fxm_kmap(k->cpu, high);
				assert_int_equal(count_of(k, va), 2);
			}
		}
		kernel_free(k);
	}
}

/* Clears the PTE of @va behind the kernel's back, as a wild store into the page table would. */
static void clear_pte_by_hand(struct kernel *k, fxm_va va)
{
	struct fxm_walk w;
	uint64_t zero = 0;

	fxm_walk(k->m, va, &w);
	assert_true(w.mapped);
	fxm_va entry = fxm_va_of(layout_value(k, "PAGE_OFFSET") + w.level[w.levels - 1].entry_at.v);
	assert_int_equal(fxm_write(k->cpu, entry, &zero, (size_t)layout_value(k, "sizeof(pte_t)")), 0);
}

/* The line is known where a recorded kernel died there. */
static const char *flush_where(const char *words)
{
	return strstr(words, "4.15") ? "mm/highmem.c:185" : NULL;
}

static void flushing_a_slot_whose_pte_was_cleared_is_a_bug(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k);
		fxm_va va = fxm_kmap(k->cpu, page);

		fxm_kunmap(k->cpu, page);
		clear_pte_by_hand(k, va);
		assert_bug(k, call_flush, (struct call){.page = NULL}, flush_where(profiles[i]));
		assert_non_null(strstr(k->record.last.message, "cleared by somebody else"));
		assert_int_equal(k->record.last.slot, 1);
		assert_va(k->record.last.address, va.v);
		/* The kernel had set the count to 0 before it looked. */
		assert_int_equal(count_of(k, va), 0);
		assert_va_error(fxm_kmap(k->cpu, high_page(k)), 0);
		kernel_free(k);
	}
}

/* The same when a kmap comes round to slot 0: the cursor stays there. */
static void a_flush_that_dies_leaves_the_cursor_at_0(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,pae=1");
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap(k->cpu, page);

	fxm_kunmap(k->cpu, page);
	clear_pte_by_hand(k, va);
	while (pool_of(k).last_pkmap_nr != pool_of(k).last_pkmap - 1)
		fxm_kmap(k->cpu, high_page(k));
	assert_bug(k, call_kmap, (struct call){.page = high_page(k)}, flush_where("profile=x86_32-4.15"));
	assert_int_equal(pool_of(k).last_pkmap_nr, 0);
	assert_int_equal(slot_of(k, fxm_kmap(k->cpu, high_page(k))), 1);
	kernel_free(k);
}

/* Recorded on 4.15 with PAE: two fixmaps beyond the permanent ones are pkmap slots 510 and 511. */
static void a_fixmap_can_lie_in_pkmap(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,pae=1");
	uint32_t index = fixed_index(k, "FIX_WP_TEST");
	fxm_va last = fxm_fix_to_virt(k->m, index);
	struct fxm_page **pages = fill_pool(k), *victim = NULL, *intruder = low_page(k);

	assert_int_equal(slot_of(k, last), 511);
	assert_int_equal(fxm_pkmap_count(k->m, 511, &victim), 2);
	mark_page(k, victim, 1);
	mark_page(k, intruder, 2);
	assert_int_equal(read_mark(k->cpu, last), 1);
	assert_int_equal(fxm_set_fixmap(k->cpu, index, fxm_page_phys(k->m, intruder)), 0);
	assert_int_equal(read_mark(k->cpu, last), 2);
	assert_va(fxm_page_address(k->cpu, victim), last.v);
	fxm_clear_fixmap(k->cpu, index);
	fxm_kunmap(k->cpu, victim);
	assert_bug(k, call_flush, (struct call){.page = NULL}, flush_where("profile=x86_32-4.15"));
	free(pages);
	kernel_free(k);
}

/* ---- map_new_virtual by hand ------------------------------------------------------------------------------------- */

static void map_new_virtual_gives_a_second_slot(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k), *next = high_page(k);
		fxm_va first = fxm_kmap(k->cpu, page), second = fxm_map_new_virtual(k->cpu, page);

		assert_va(second, first.v + FXM_PAGE_SIZE);
		assert_int_equal(count_of(k, second), 1);
		assert_va(fxm_page_address(k->cpu, page), first.v); /* the oldest record wins */
		mark_page(k, page, 9);
		assert_int_equal(read_mark(k->cpu, second), 9);

		/*
		 * A flush frees the second slot, but takes the page's first record away: the page now seems to live in the slot
		 * that is gone.
		 */
		assert_int_equal(fxm_flush_all_zero_pkmaps(k->cpu), 1);
		assert_va(fxm_page_address(k->cpu, page), second.v);
		assert_int_equal(count_of(k, first), 2);

		/* So the kunmap takes the wrong count below zero, which no check notices; the slot is then not free for others. */
		struct call unmap = {.cpu = k->cpu, .page = page, .fn = call_kunmap};
		assert_int_equal(task_run(&unmap), 0);
		assert_int_equal(count_of(k, second), -1);
		assert_va(fxm_kmap(k->cpu, next), second.v + FXM_PAGE_SIZE);
		while (fxm_kmap(k->cpu, high_page(k)).v != layout_value(k, "PKMAP_BASE"))
			;
		fxm_kunmap(k->cpu, next);
		assert_va(fxm_kmap(k->cpu, high_page(k)), second.v + FXM_PAGE_SIZE);
		assert_int_equal(count_of(k, second), -1);

		/* And its next kmap counts up to 0, where the check is. */
		assert_bug(k, call_kmap, (struct call){.page = page}, NULL);
		assert_int_equal(count_of(k, second), 0);
		kernel_free(k);
	}
}

static void kmap_high_and_kunmap_high_count_the_same(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap_high(k->cpu, page);

	assert_va(fxm_kmap(k->cpu, page), va.v);
	assert_int_equal(count_of(k, va), 3);
	assert_int_equal(fxm_kunmap_high(k->cpu, page), 0);
	assert_int_equal(fxm_kunmap(k->cpu, page), 0);
	assert_int_equal(count_of(k, va), 1);
	kernel_free(k);
}

/* ---- versions ---------------------------------------------------------------------------------------------------- */

static void kmap_flush_unused_came_after_2_6_12(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		bool old = !strncmp(profiles[i], "profile=i386", 12);
		struct fxm_page *page = high_page(k);

		fxm_kmap(k->cpu, page);
		fxm_kunmap(k->cpu, page);
		assert_int_equal(fxm_kmap_flush_unused(k->cpu), old ? -ENOSYS : 1);
		assert_int_equal(pool_of(k).idle, old);
		kernel_free(k);
	}
	assert_string_equal(fxm_since("kmap_flush_unused"), "since 2.6.22");
}

static void kmap_to_page_is_right_for_pkmap_and_lowmem_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *high = high_page(k), *low = low_page(k), *out = NULL;
		fxm_va va = fxm_kmap(k->cpu, high);

		if (!strncmp(profiles[i], "profile=i386", 12)) {
			assert_int_equal(fxm_kmap_to_page(k->cpu, va, &out), -ENOSYS);
			assert_int_equal(kmap_pfn(k->cpu, va), UINT64_MAX);
			assert_non_null(fxm_since("kmap_to_page"));
			kernel_free(k);
			continue;
		}
		assert_int_equal(fxm_kmap_to_page(k->cpu, fxm_va_of(va.v + 123), &out), 0);
		assert_ptr_equal(out, high);
		assert_int_equal(fxm_kmap_to_page(k->cpu, fxm_kmap(k->cpu, low), &out), 0);
		assert_ptr_equal(out, low);
		fxm_kunmap(k->cpu, high); /* idle: still there */
		assert_int_equal(kmap_pfn(k->cpu, va), pfn_of(k, high));
		fxm_flush_all_zero_pkmaps(k->cpu); /* nothing checks for an empty entry */
		assert_int_equal(kmap_pfn(k->cpu, va), 0);

		/* A temporary address goes through lowmem's arithmetic: a frame that is not the page's and may not exist. */
		fxm_va atomic = fxm_kmap_atomic(k->cpu, high);
		assert_int_equal(kmap_pfn(k->cpu, atomic), (atomic.v - layout_value(k, "PAGE_OFFSET")) >> FXM_PAGE_SHIFT);
		assert_int_equal(fxm_kmap_to_page(k->cpu, atomic, &out), 0);
		assert_ptr_not_equal(out, high);
		fxm_kunmap_atomic(k->cpu, atomic);
		kernel_free(k);
	}
}

/* ---- a full pool ------------------------------------------------------------------------------------------------- */

static void a_full_pool_and_nobody_to_free_it_is_reported_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page **pages = fill_pool(k), *more = high_page(k);
		struct call call = {.cpu = k->cpu, .page = more, .fn = call_kmap};

		assert_int_equal(task_run(&call), -ECANCELED);
		assert_int_equal(k->record.kinds[FXM_REPORT_DEADLOCK], 1);
		assert_int_equal(k->record.last.kind, FXM_REPORT_DEADLOCK);
		assert_non_null(strstr(k->record.last.message, "kmap slots are in use"));
		assert_int_equal(pool_of(k).waiters, 0);
		assert_int_equal(pool_of(k).used, pool_of(k).last_pkmap);
		assert_int_equal(k->record.kinds[FXM_REPORT_BUG], 0);

		/* A page that has a slot needs none; and the pool goes on once a slot is given back. */
		assert_va_error(fxm_kmap(k->cpu, pages[3]), 0);
		fxm_kunmap(k->cpu, pages[3]);
		fxm_kunmap(k->cpu, pages[7]);
		assert_int_equal(task_run(&call), 0);
		assert_va(call.va, layout_value(k, "PKMAP_BASE") + 8 * FXM_PAGE_SIZE);
		free(pages);
		kernel_free(k);
	}
}

static _Atomic bool is_told_hung;

static void wait_until_told(const struct fxm_report *r, void *arg)
{
	record_report(r, arg);
	if (r->kind == FXM_REPORT_HUNG)
		is_told_hung = true;
}

struct holder {
	struct kernel *k;
	struct fxm_page *page;
	_Atomic bool sits;
};

static void *hold_until_told(void *arg)
{
	struct holder *h = arg;

	assert_int_equal(fxm_attach(h->k->m, 1), 0);
	h->sits = true;
	while (!is_told_hung)
		sched_yield();
	fxm_kunmap(fxm_current_or_null(), h->page);
	assert_int_equal(fxm_detach(), 0);
	return NULL;
}

static void a_wait_for_a_thread_that_runs_on_is_reported_and_goes_on(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,hung_task=1");
	struct fxm_page **pages = fill_pool(k);
	struct call call = {.cpu = k->cpu, .page = high_page(k), .fn = call_kmap};
	struct holder holder = {.k = k, .page = pages[5]};
	pthread_t thread;

	fxm_report_set(k->m, wait_until_told, &k->record);
	assert_int_equal(pthread_create(&thread, NULL, hold_until_told, &holder), 0);
	while (!holder.sits)
		sched_yield();
	assert_int_equal(task_run(&call), 0);
	pthread_join(thread, NULL);
	assert_va_error(call.va, 0);
	assert_int_equal(k->record.kinds[FXM_REPORT_HUNG], 1);
	assert_int_equal(k->record.kinds[FXM_REPORT_DEADLOCK], 0);
	assert_string_equal(k->record.last.message,
			    "it sleeps in kmap, and a thread that could wake it runs on; 1024 of 1024 kmap slots are in use");
	free(pages);
	kernel_free(k);
}

static int fibre_kmap(void *arg)
{
	struct call *c = arg;

	c->va = fxm_kmap(c->cpu, c->page);
	return 0;
}

static struct fxm_task *fibre(struct kernel *k, const char *name, struct call *c)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = name, .cpu = fxm_vcpu_id(c->cpu)};
	struct fxm_task *task;

	assert_int_equal(fxm_task_create(k->m, &attr, fibre_kmap, c, &task), 0);
	return task;
}

static void fibres_sleep_and_all_wake(void **state)
{
	(void)state;
	enum { SLEEPERS = 4 };
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_page **pages = fill_pool(k);
	struct call c[SLEEPERS];
	struct fxm_task *task[SLEEPERS];

	for (unsigned i = 0; i < SLEEPERS; i++) {
		c[i] = (struct call){.cpu = fxm_machine_vcpu(k->m, i % 2), .page = high_page(k)};
		task[i] = fibre(k, "sleeper", &c[i]);
		assert_int_equal(fxm_task_resume(task[i]), FXM_TASK_SLEEPING);
		assert_int_equal(pool_of(k).waiters, i + 1);
	}
	assert_int_equal(fxm_task_resume(task[0]), FXM_TASK_SLEEPING); /* nobody woke it */

	/* A count that stays above 1 frees nothing and wakes nobody. */
	fxm_kmap(k->cpu, pages[0]);
	fxm_kunmap(k->cpu, pages[0]);
	for (unsigned i = 0; i < SLEEPERS; i++)
		assert_int_equal(fxm_task_state(task[i]), FXM_TASK_SLEEPING);

	/* The last user gone wakes all; the first to run gets the slot, the others sleep again. */
	fxm_kunmap(k->cpu, pages[5]);
	for (unsigned i = 0; i < SLEEPERS; i++)
		assert_int_equal(fxm_task_state(task[i]), FXM_TASK_RUNNABLE);
	assert_int_equal(fxm_task_resume(task[2]), FXM_TASK_DONE);
	assert_int_equal(slot_of(k, c[2].va), 6);
	for (unsigned i = 0; i < SLEEPERS; i++)
		if (i != 2)
			assert_int_equal(fxm_task_resume(task[i]), FXM_TASK_SLEEPING);
	assert_int_equal(pool_of(k).waiters, SLEEPERS - 1);
	assert_int_equal(pool_of(k).last_pkmap_nr, pool_of(k).last_pkmap - 1);

	for (unsigned i = 0; i < SLEEPERS; i++)
		fxm_kunmap(k->cpu, pages[10 + i]);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		assert_int_equal(fxm_task_join(task[i], NULL), 0);
		assert_va_error(c[i].va, 0);
		assert_int_equal(mapped_pfn(k, c[i].va), pfn_of(k, c[i].page));
	}
	assert_int_equal(pool_of(k).waiters, 0);
	assert_no_reports(k);
	free(pages);
	kernel_free(k);
}

/* Somebody else mapped the sleeper's page meanwhile: it gets that address. */
static void a_sleeper_finds_its_page_mapped(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_page **pages = fill_pool(k);
	struct call c = {.cpu = fxm_machine_vcpu(k->m, 1), .page = high_page(k)};
	struct fxm_task *task = fibre(k, "late", &c);

	assert_int_equal(fxm_task_resume(task), FXM_TASK_SLEEPING);
	fxm_kunmap(k->cpu, pages[100]);
	fxm_va va = fxm_kmap(k->cpu, c.page);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_DONE);
	assert_va(c.va, va.v);
	assert_int_equal(count_of(k, va), 3);
	assert_int_equal(fxm_task_join(task, NULL), 0);
	free(pages);
	kernel_free(k);
}

/* Joined while nobody can wake it, a fibre is told so and ends; the others are not touched. */
static void joining_a_hopeless_sleeper_ends_it(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_page **pages = fill_pool(k);
	struct call c[2] = {{.cpu = k->cpu, .page = high_page(k)}, {.cpu = k->cpu, .page = high_page(k)}};
	struct fxm_task *doomed = fibre(k, "doomed", &c[0]), *lucky = fibre(k, "lucky", &c[1]);

	assert_int_equal(fxm_task_resume(lucky), FXM_TASK_SLEEPING);
	assert_int_equal(fxm_task_join(doomed, NULL), -ECANCELED);
	assert_int_equal(k->record.kinds[FXM_REPORT_DEADLOCK], 1);
	assert_string_equal(k->record.last.comm, "doomed");
	assert_int_equal(pool_of(k).waiters, 1);
	fxm_kunmap(k->cpu, pages[0]);
	assert_int_equal(fxm_task_join(lucky, NULL), 0);
	assert_va_error(c[1].va, 0);
	free(pages);
	kernel_free(k);
}

/* ---- sleeping where one may not ---------------------------------------------------------------------------------- */

static void kmap_complains_in_atomic_context_if_so_configured(void **state)
{
	(void)state;
	static const struct {
		const char *words, *where;
	} cases[] = {
	    {"profile=i386-2.6.12,DEBUG_ATOMIC_SLEEP=1", "arch/i386/mm/highmem.c:5"},
	    {"profile=x86_32-4.15,DEBUG_ATOMIC_SLEEP=1", "arch/x86/mm/highmem_32.c:8"},
	    {"profile=x86_32-5.10,DEBUG_ATOMIC_SLEEP=1", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		struct fxm_page *pages[] = {high_page(k), low_page(k)};

		fxm_kmap(k->cpu, pages[0]);
		assert_no_reports(k);
		fxm_preempt_disable(k->cpu);
		for (unsigned p = 0; p < 2; p++) {
			assert_va_error(fxm_kmap(k->cpu, pages[p]), 0); /* it goes on */
			assert_int_equal(k->record.kinds[FXM_REPORT_SLEEPING], p + 1);
		}
		if (cases[i].where)
			assert_string_equal(k->record.last.where, cases[i].where);
		assert_non_null(strstr(k->record.last.text, "in_atomic():"));
		fxm_preempt_enable(k->cpu);
		fxm_kmap(k->cpu, pages[0]);
		assert_int_equal(k->record.kinds[FXM_REPORT_SLEEPING], 2);
		fxm_irq_disable(k->cpu);
		fxm_kmap(k->cpu, pages[0]);
		fxm_irq_enable(k->cpu);
		assert_int_equal(k->record.kinds[FXM_REPORT_SLEEPING], 3);
		assert_int_equal(fxm_pkmap_count(k->m, 1, NULL), 5);
		kernel_free(k);
	}
}

static void kmap_does_not_complain_otherwise(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);

		fxm_irq_disable(k->cpu);
		fxm_kmap(k->cpu, high_page(k));
		fxm_irq_enable(k->cpu);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void kunmap_may_sleep_since_5_8(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,DEBUG_ATOMIC_SLEEP=1");
	struct fxm_page *page = high_page(k);

	fxm_kmap(k->cpu, page);
	fxm_preempt_disable(k->cpu);
	assert_int_equal(fxm_kunmap(k->cpu, page), 0);
	fxm_preempt_enable(k->cpu);
	assert_int_equal(k->record.kinds[FXM_REPORT_SLEEPING], 1);
	kernel_free(k);
}

/* ---- machines of all shapes -------------------------------------------------------------------------------------- */

static void pages_above_4_gb(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=i386-2.6.12,pae=1,ram_end=140000000",
					    "profile=x86_32-4.15,pae=1,ram_end=140000000",
					    "profile=x86_32-5.10,pae=1,ram_end=140000000"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *page;
		uint64_t mark = 0x1122334455667788;

		assert_int_equal(fxm_alloc_pfn(k->m, 0x123456, &page), 0);
		fxm_va va = fxm_kmap(k->cpu, page);
		assert_int_equal(fxm_pte_at(k->m, va).v & ~UINT64_C(0x8000000000000fff), UINT64_C(0x123456000));
		assert_int_equal(fxm_write(k->cpu, va, &mark, sizeof(mark)), 0);
		assert_int_equal(mark_of(k, page), mark);
		fxm_kunmap(k->cpu, page);
		assert_int_equal(fxm_flush_all_zero_pkmaps(k->cpu), 1);
		assert_va(fxm_page_address(k->cpu, page), 0);
		kernel_free(k);
	}
}

static void without_highmem_kmap_is_page_address(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=i386-2.6.12,HIGHMEM=0", "profile=x86_32-4.15,HIGHMEM=0",
					    "profile=x86_32-5.10,HIGHMEM=0", "profile=x86_32-5.10,HIGHMEM=0,pae=1"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *page = fxm_alloc_page(k->m, FXM_GFP_HIGHMEM), *out = NULL;
		uint64_t pkmap = 0;

		assert_non_null(page);
		assert_false(fxm_page_is_highmem(k->m, page));
		uint64_t direct = layout_value(k, "PAGE_OFFSET") + (pfn_of(k, page) << FXM_PAGE_SHIFT);
		assert_va(fxm_kmap(k->cpu, page), direct);
		assert_int_equal(fxm_kunmap(k->cpu, page), 0);
		assert_va_error(fxm_kmap_high(k->cpu, page), -EINVAL);
		assert_va_error(fxm_map_new_virtual(k->cpu, page), -EINVAL);
		assert_int_equal(fxm_flush_all_zero_pkmaps(k->cpu), 0);
		assert_int_equal(pool_of(k).used + pool_of(k).idle, 0);
		if (!fxm_kmap_to_page(k->cpu, fxm_va_of(direct), &out))
			assert_ptr_equal(out, page);
		/* Where the pool would be, there is nothing, and asking about it hurts nobody. */
		if (!fxm_layout_find(k->layout, "PKMAP_BASE", &pkmap)) {
			fxm_kmap_to_page(k->cpu, fxm_va_of(pkmap + FXM_PAGE_SIZE), &out);
			assert_int_equal(fxm_read(k->cpu, fxm_va_of(pkmap + FXM_PAGE_SIZE), &(uint64_t){0}, 8), -EFAULT);
		}
		assert_no_reports(k);
		kernel_free(k);
	}
}

/* Two machines with the same frames and the same addresses know nothing of each other. */
static void machines_share_nothing(void **state)
{
	(void)state;
	struct kernel *a = kernel_new("profile=x86_32-5.10"), *b = kernel_new("profile=x86_32-5.10");
	struct fxm_page *page_a, *page_b;

	assert_int_equal(fxm_alloc_pfn(a->m, 0x40000, &page_a), 0);
	assert_int_equal(fxm_alloc_pfn(b->m, 0x40000, &page_b), 0);
	assert_ptr_not_equal(page_a, page_b);
	mark_page(a, page_a, 1);
	mark_page(b, page_b, 2);
	fxm_va va = fxm_kmap(a->cpu, page_a);
	assert_int_equal(pool_of(b).used, 0);
	assert_va(fxm_page_address(b->cpu, page_b), 0);
	assert_va(fxm_kmap(b->cpu, page_b), va.v);
	assert_int_equal(read_mark(a->cpu, va), 1);
	assert_int_equal(read_mark(b->cpu, va), 2);
	kernel_free(a);
	assert_int_equal(read_mark(b->cpu, va), 2);
	assert_int_equal(fxm_kunmap(b->cpu, page_b), 0);
	kernel_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_bad_arguments),
	    cmocka_unit_test(lowmem_pages_use_no_slot),
	    cmocka_unit_test(counts_users_and_revives),
	    cmocka_unit_test(a_flush_frees_idle_slots_only),
	    cmocka_unit_test(an_empty_flush_touches_the_tlb_only_on_2_6),
	    cmocka_unit_test(kunmap_of_a_page_never_mapped_is_a_bug),
	    cmocka_unit_test(kunmap_twice_is_a_bug_and_spoils_the_slot),
	    cmocka_unit_test(kunmap_thrice_goes_below_zero),
	    cmocka_unit_test(a_slot_spoilt_by_kunmap_is_flushed_again),
	    cmocka_unit_test(kunmap_in_interrupt_is_a_bug_before_5_8),
	    cmocka_unit_test(flushing_a_slot_whose_pte_was_cleared_is_a_bug),
	    cmocka_unit_test(a_flush_that_dies_leaves_the_cursor_at_0),
	    cmocka_unit_test(a_fixmap_can_lie_in_pkmap),
	    cmocka_unit_test(map_new_virtual_gives_a_second_slot),
	    cmocka_unit_test(kmap_high_and_kunmap_high_count_the_same),
	    cmocka_unit_test(kmap_flush_unused_came_after_2_6_12),
	    cmocka_unit_test(kmap_to_page_is_right_for_pkmap_and_lowmem_only),
	    cmocka_unit_test(a_full_pool_and_nobody_to_free_it_is_reported_at_once),
	    cmocka_unit_test(a_wait_for_a_thread_that_runs_on_is_reported_and_goes_on),
	    cmocka_unit_test(fibres_sleep_and_all_wake),
	    cmocka_unit_test(a_sleeper_finds_its_page_mapped),
	    cmocka_unit_test(joining_a_hopeless_sleeper_ends_it),
	    cmocka_unit_test(kmap_complains_in_atomic_context_if_so_configured),
	    cmocka_unit_test(kmap_does_not_complain_otherwise),
	    cmocka_unit_test(kunmap_may_sleep_since_5_8),
	    cmocka_unit_test(pages_above_4_gb),
	    cmocka_unit_test(without_highmem_kmap_is_page_address),
	    cmocka_unit_test(machines_share_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
