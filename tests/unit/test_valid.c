/* SPDX-License-Identifier: MIT */
/*
 * The rooms' self-checks: on a machine in use they hold; one field of one record changed by hand is caught, by the invariant that
 * says so; put back, they hold again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bare_machine.h"
#include "lanes.h"

#define FIRST (PKMAP + 3 * FXM_PAGE_SIZE)
#define SECOND (PKMAP + 4 * FXM_PAGE_SIZE)

struct use {
	struct fxm_machine *m;
	struct fxm_vcpu *cpu;
	struct fxm_task *sleeper, *ended;
	fxm_va object;
	struct fxm_page *page;
};

static const struct fxm_mmio_ops no_ops = {0};
static struct use u;

static bool yes(struct fxm_machine *m, uint64_t va)
{
	(void)m;
	(void)va;
	return true;
}

static int yield(void *arg)
{
	(void)arg;
	fxm_task_yield();
	return 0;
}

/* Two mappings, one of them in the window and one in the TLB; objects, free blocks, devices, tasks, injections. */
static int setup(void **state)
{
	static const struct fxmi_callbacks callbacks = {.is_live = yes};
	static const struct fxm_task_attr fibre = {.struct_size = sizeof(fibre), .name = "fibre"};
	uint64_t word;

	(void)state;
	u.m = bare_machine(FXM_WINDOW_STRICT, false, &callbacks);
	u.cpu = fxm_machine_vcpu(u.m, 0);
	u.object = fxm_kmalloc(u.m, 100, 0);
	u.page = fxm_alloc_pages(u.m, 0, 0);
	assert_non_null(u.page);
	assert_int_equal(fxm_mmio_add(u.m, "one", fxm_pa_of(0xfee00000), FXM_PAGE_SIZE, &no_ops, NULL), 0);
	assert_int_equal(fxm_mmio_add(u.m, "two", fxm_pa_of(0xfee01000), FXM_PAGE_SIZE, &no_ops, NULL), 0);
	assert_true(fxmi_inject_add(&u.m->inject, 3, 1, 5, 0) >= 0);
	bare_map(u.cpu, FIRST, HIGHMEM_PFN + 7, RW_ENTRY);
	bare_map(u.cpu, SECOND, HIGHMEM_PFN + 8, RW_ENTRY);
	assert_int_equal(fxm_prefault(u.cpu, fxm_va_of(FIRST), 1), 0);
	assert_int_equal(fxm_read_u64(u.cpu, fxm_va_of(SECOND), &word), 0);
	assert_int_equal(fxm_task_create(u.m, &fibre, yield, NULL, &u.sleeper), 0);
	assert_int_equal(fxm_task_create(u.m, &fibre, yield, NULL, &u.ended), 0);
	assert_int_equal(fxm_task_resume(u.sleeper), FXM_TASK_RUNNABLE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(fxm_task_join(u.sleeper, NULL), 0);
	assert_int_equal(fxm_task_join(u.ended, NULL), 0);
	assert_true(fxmi_machine_is_valid(u.m));
	assert_int_equal(fxmi_machine_free(u.m), 0);
	return 0;
}

static bool is_valid(void)
{
	return fxmi_machine_is_valid(u.m) && fxmi_pgtables_are_valid(u.m);
}

/* @field is @value for a moment: not valid, by an invariant that has @words in it. */
#define mutate(field, value, words)                                                                                                \
	do {                                                                                                                       \
		__typeof__(field) kept = (field);                                                                                  \
		if (!is_valid())                                                                                                   \
			fail_msg("before %s: %s", #field, fxmi_broken_invariant());                                                \
		(field) = (value);                                                                                                 \
		bool was_valid = is_valid();                                                                                       \
		(field) = kept;                                                                                                    \
		if (was_valid || !strstr(fxmi_broken_invariant(), words))                                                          \
			fail_msg("%s = %s: %s", #field, #value, was_valid ? "nobody noticed" : fxmi_broken_invariant());           \
		assert_true(is_valid());                                                                                           \
	} while (0)

static void base_notices(void **state)
{
	(void)state;
	struct fxmi_injections *in = &u.m->inject;

	mutate(in->item[0].point, 4, "in->points == points");
	mutate(in->item[0].done, 1, "i->done <= i->passages");
	mutate(in->item[7].passages, 1, "!i->passages");
	mutate(in->points, 0, "in->points == points");
}

/* The first block on a list of @order or above. */
static struct fxm_page *free_block(struct fxmi_zone *zone, unsigned order)
{
	while (!zone->area[order].head)
		order++;
	return zone->area[order].head;
}

static void mem_notices_free_lists(void **state)
{
	(void)state;
	struct fxmi_physmem *mem = &u.m->mem;
	struct fxmi_zone *zone = &mem->zone[FXM_ZONE_NORMAL];
	struct fxm_page *block = free_block(zone, 2);

	mutate(zone->free, zone->free - 1, "== zone->free");
	mutate(zone->fresh, zone->fresh + 1, "fresh == zone->fresh");
	mutate(zone->area[0].blocks, zone->area[0].blocks + 1, "blocks == list->blocks");
	mutate(block->order, block->order - 1, "is_free_head");
	mutate(block->refcount, 1, "refcount");
	mutate(block->kernel[1], (unsigned long)mem->mem_map, "link_get(page, 1) == prev");
	mutate(block[1].refcount, 1, "page->refcount");
	mutate(block[1].flags, FXMI_PG_SLAB, "PG_USE");
	mutate(mem->mem_map[0x101].flags, 0, "FXMI_PG_RESERVED");
	mutate(mem->table_pfn, mem->table_end_pfn + 1, "table_end_pfn");
}

static void mem_notices_slabs_and_devices(void **state)
{
	(void)state;
	struct fxm_page *slab = &u.m->mem.mem_map[(u.object.v - PAGE_OFFSET) >> FXM_PAGE_SHIFT];

	mutate(slab->flags, 0, "FXMI_PG_SLAB");
	mutate(slab->kernel[0], 0, "kernel[0]");
	mutate(slab->refcount, 0, "refcount");
	mutate(u.m->devices->base, 0xfee00000, "fxmi_device_at");
	mutate(u.m->devices->size, 100, "is_possible");
	mutate(u.m->devices->ops, NULL, "d->ops");
}

static void mmu_notices_tables(void **state)
{
	(void)state;
	uint32_t *root = (void *)fxmi_frame(u.m, u.m->root_pfn);
	uint32_t pkmap = root[PKMAP >> 22];

	/* Two entries for one table; a table among the frames of processes; one that nobody has taken. */
	mutate(root[10], pkmap, "is_taken");
	mutate(root[10], (uint32_t)(HIGHMEM_PFN << FXM_PAGE_SHIFT) | (pkmap & 0xfff), "table_pfn");
	mutate(root[10], (uint32_t)(u.m->mem.table_pfn << FXM_PAGE_SHIFT) | (pkmap & 0xfff), "table_pfn");
	mutate(u.m->root_pfn, u.m->root_pfn + 1, "");
}

static void mmu_notices_tlb_entries(void **state)
{
	(void)state;
	struct fxmi_tlb_entry *e = fxmi_tlb_set(u.cpu, SECOND);

	assert_int_equal(e->read_tag, SECOND);
	mutate(e->read_tag, SECOND + 8, "write_tag == read_tag");
	mutate(e->write_tag, FIRST, "write_tag == read_tag");
	mutate(e->entry, 0, "f->present");
	mutate(e->entry, e->entry ^ FXM_PAGE_SIZE, "fxmi_frame(m, pfn)");
	mutate(e->host, fxmi_frame(u.m, HIGHMEM_PFN + 9), "fxmi_frame(m, pfn)");
	mutate(e->host, NULL, "m->watched");
	mutate(e[1].read_tag, SECOND + FXM_PAGE_SIZE, "FXMI_TLB_SETS");
	mutate(u.cpu->tlb_generation, u.cpu->tlb_generation + 1, "flush_goes_on");
	mutate(u.cpu->id, 7, "cpu->id == n");
}

static void task_notices_tasks_and_seats(void **state)
{
	(void)state;
	struct fxmi_vehicle *v = fxmi_vehicle(u.sleeper);

	mutate(u.sleeper->state, 17, "FXM_TASK_KILLED");
	mutate(u.sleeper->pid, u.ended->pid, "t->pid > pid");
	mutate(u.sleeper->cpu, NULL, "owns");
	mutate(u.sleeper->nr_held, 9, "nr_held");
	mutate(u.sleeper->nr_atomic, FXMI_MAX_ATOMIC + 1, "FXMI_MAX_ATOMIC");
	mutate(u.sleeper->is_attached, true, "is_attached");
	mutate(u.sleeper->doomed, true, "doomed");
	mutate(v->refs, 0, "refs");
	mutate(v->on_callers_seat, true, "on_callers_seat");
	mutate(v->interrupts.contexts, 99, "FXMI_MAX_CONTEXTS");
	mutate(u.cpu->current, u.sleeper, "seat_taken");
	mutate(u.cpu->irq_disabled, 2, "irq_disabled");
	mutate(u.cpu->rare, FXMI_RARE_DEAD, "m->dead");
	mutate(u.m->next_pid, 2, "m->next_pid");
}

static void task_notices_wait_queues(void **state)
{
	(void)state;
	struct fxmi_waiter second = {.task = u.ended}, first = {.task = u.sleeper, .next = &second};
	struct fxmi_wait_queue q = {.head = &first, .waiters = 2};

	assert_true(fxmi_wait_queue_is_valid_locked(&q));
	q.waiters = 3;
	assert_false(fxmi_wait_queue_is_valid_locked(&q));
	q.waiters = 2;
	second.next = &first; /* a circle */
	assert_false(fxmi_wait_queue_is_valid_locked(&q));
	second.next = NULL;
	assert_true(fxmi_wait_queue_is_valid_locked(&q));
}

static void window_notices_pages_and_segments(void **state)
{
	(void)state;
	struct fxmi_window *w = u.m->window;
	struct fxmi_segment *seg = fxmi_lazy_segment(w, FIRST);
	struct fxmi_resident *shown = &seg->page[(FIRST - seg->start) >> FXM_PAGE_SHIFT];

	assert_int_equal(shown->pfn_plus_1, HIGHMEM_PFN + 8);
	mutate(w->nr_resident, 0, "resident == w->nr_resident");
	mutate(seg->resident[0], 0, "is_mapped");
	mutate(shown->pfn_plus_1, 0, "is_mapped");
	mutate(seg->touched, 0, "resident == w->nr_resident");
	seg->touched++; /* as if the next page had been resident once */
	mutate(shown[1].pfn_plus_1, HIGHMEM_PFN + 9, "is_mapped");
	mutate(shown[1].writable, true, "writable");
	mutate(shown->poisoned, true, "poisons");
	mutate(seg->start, seg->start + FXM_PAGE_SIZE, "fxmi_window_host");
	mutate(seg->host, seg->host + FXM_PAGE_SIZE, "fxmi_window_host");
	mutate(w->identity, true, "identity");
	mutate(w->delta, w->delta + 4096, "");
	mutate(w->reserved_bytes, FXM_PAGE_SIZE, "reserved_bytes");
	mutate(w->wants_all, true, "wants_all");
}

/* Pointers with identity: a mapping in a slot of the vCPU's, and the word of its alias. */
static void window_notices_words_of_aliases(void **state)
{
	(void)state;
	u.m = bare_machine(FXM_WINDOW_CHECKED, false, NULL);
	u.cpu = fxm_machine_vcpu(u.m, 0);
	assert_int_equal(fxmi_lanes_slots(u.m, PKMAP, UINT64_C(1) << 32), 0);
	fxmi_lanes_kind(u.m, FIRST, 2, FXMI_SLOT_CPU);
	fxmi_window_identify(u.m, true, true);
	bare_map(u.cpu, FIRST, HIGHMEM_PFN + 7, RW_ENTRY);
	uint32_t *alias = &u.m->lanes->alias_of[FIRST >> FXM_PAGE_SHIFT];
	if (*alias) { /* else the host has no room for lanes */
		_Atomic uint64_t *word = &u.m->lanes->word[*alias - 1];

		assert_true(*word & FXMI_WORD_LIVE);
		mutate(*alias, *alias + 1, "own & 1");
		mutate(*alias, UINT32_MAX, "alias_pages");
		mutate(*word, *word | FXMI_WORD_ENDED, "FXMI_WORD_ENDED");
		mutate(*word, *word | FXMI_WORD_WRITE, "FXMI_WORD_WRITE");
		mutate(*word, *word | FXMI_WORD_MOVED, "shows");
		mutate(*word, *word | FXMI_WORD_ANYONE, "cpus_online");
		mutate(u.m->lanes->kind[FIRST >> FXM_PAGE_SHIFT], FXMI_SLOT_PLAIN, "FXMI_SLOT_PLAIN");
		mutate(u.m->lanes->nr, 12, "alias_pages");
	}
	mutate(u.cpu->view.is_checked, false, "is_checked");
	assert_int_equal(bare_machine_free(u.m), 0);
}

static void machine_notices(void **state)
{
	(void)state;
	mutate(u.m->nr_cpus, 3, "nr_cpus");
	mutate(u.m->cpus_online, 1, "cpus_online");
	mutate(u.m->vcpu[3], u.cpu, "!m->vcpu[n]");
	mutate(u.m->dead, true, "!m->dead");
}

/* ---- the words ---- */

static bool is_whole(int left, int right)
{
	fxm_invariant(left == right);
	return true;
}

static void a_broken_invariant_is_noted(void **state)
{
	(void)state;
	assert_true(is_whole(1, 1));
	assert_false(is_whole(1, 2));
	assert_string_equal(fxmi_broken_invariant(), "left == right");
}

#define in_use(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_invariant_is_noted),
		in_use(base_notices),
		in_use(mem_notices_free_lists),
		in_use(mem_notices_slabs_and_devices),
		in_use(mmu_notices_tables),
		in_use(mmu_notices_tlb_entries),
		in_use(task_notices_tasks_and_seats),
		in_use(task_notices_wait_queues),
		in_use(window_notices_pages_and_segments),
		cmocka_unit_test(window_notices_words_of_aliases),
		in_use(machine_notices),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
