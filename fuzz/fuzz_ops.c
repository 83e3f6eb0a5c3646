/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: sequences of mapping operations on a small machine, each compared with the reference model.
 *
 * Input: three bytes of settings, then operations of four bytes: what, who, and two bytes of arguments. Every input means
 * something, and changing one operation leaves the others as they were.
 *
 *   byte 0  bits 0-1 profile, 2 pae, 3 DEBUG_HIGHMEM, 4 DEBUG_ATOMIC_SLEEP, 5 PREEMPT_COUNT, 6 detectors on, 7 tracing on
 *   byte 1  bits 0-2 NR_CPUS - 1, 3-5 CPUs online (at most NR_CPUS), 6-7 hard interrupts wherever they can come when both are set
 *   byte 2  bits 0-1 window mode when bits 2-4 are all set, else off
 *   what    a number of the table below, modulo its size
 *   who     bit 6: fibre number bits 0-2, which lives on CPU bits 3-5; else the idle task of CPU bits 0-2
 */
#include "fuzz.h"
#include "ops.h"
#include "whole.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_BYTES = 3, STEP_BYTES = 4 };

struct step {
	unsigned what, who, a, b;
};

static struct ops_run the_run;
static const uint8_t *the_data;
static size_t the_size;

/* ---- arguments ---- */

/* Mostly one of 64 highmem pages; some lowmem pages; some of the thousands that fill the pool. */
static uint64_t pfn_of(const struct ops_run *run, const struct step *s)
{
	if (s->a >= 0xf0)
		return OPS_LOW_PFN + s->a % OPS_LOW_PAGES;
	if (s->a >= 0xc0)
		return run->model->c.highmem_pfn + 64 + ((s->a & 0xf) << 8 | s->b);
	return run->model->c.highmem_pfn + s->a % 64;
}

/* The edges of every area. */
static uint64_t edge(const struct ops_run *run, unsigned n)
{
	const struct model_config *c = &run->model->c;
	uint64_t pkmap_end = c->pkmap_base + (uint64_t)run->model->last_pkmap * MODEL_PAGE;
	const uint64_t at[] = {0,
			       0x1000,
			       c->page_offset,
			       c->high_memory,
			       c->pkmap_base,
			       pkmap_end,
			       c->fixaddr_start,
			       c->fixaddr_top,
			       c->fixaddr_top + MODEL_PAGE,
			       model_fix_to_virt(run->model, c->nr_fixed - 1),
			       model_fix_to_virt(run->model, c->kmap_begin),
			       model_fix_to_virt(run->model, c->kmap_begin + run->model->km_type_nr * c->nr_cpus - 1)};
	static const int64_t beside[] = {0, -1, -8, -4, 1, MODEL_PAGE, -(int64_t)MODEL_PAGE, 8};

	return (at[n % (sizeof(at) / sizeof(at[0]))] + (uint64_t)beside[n / 16 % 8]) & UINT32_MAX;
}

static uint64_t slot_of(const struct ops_run *run, unsigned cpu, int level)
{
	const struct model *m = run->model;
	return model_fix_to_virt(m, (uint64_t)((int64_t)m->c.kmap_begin + (int64_t)m->km_type_nr * cpu + level));
}

static uint64_t any_va(const struct ops_run *run, const struct step *s, unsigned cpu)
{
	const struct model *m = run->model;
	unsigned offset = (s->a & 0x1f) * 136;

	switch (s->a >> 5) {
	case 0:
		return m->c.pkmap_base + (uint64_t)(s->b % m->last_pkmap) * MODEL_PAGE + offset;
	case 1:
		return m->c.pkmap_base + (uint64_t)((s->b * 4 + (s->a & 3)) % m->last_pkmap) * MODEL_PAGE;
	case 2:
		return model_fix_to_virt(m, s->b % (m->c.nr_fixed + 2)) + offset;
	case 3:
		return slot_of(run, cpu, (int)(s->b % 46) - 2) + offset % MODEL_PAGE;
	case 4:
		return m->c.page_offset + (OPS_LOW_PFN + s->b % OPS_LOW_PAGES) * (uint64_t)MODEL_PAGE + offset;
	case 5:
		return edge(run, s->b);
	case 6:
		return run->recent[s->b % OPS_RECENT];
	default:
		return run->recent[s->b % OPS_RECENT] + offset;
	}
}

static uint64_t va_of(const struct ops_run *run, const struct step *s, unsigned cpu)
{
	return any_va(run, s, cpu) & UINT32_MAX;
}

static uint64_t pa_of(const struct ops_run *run, const struct step *s)
{
	switch (s->a >> 6) {
	case 0:
		return (run->model->c.highmem_pfn + s->a % 64) * MODEL_PAGE + s->b;
	case 1:
		return (OPS_LOW_PFN + s->a % OPS_LOW_PAGES) * (uint64_t)MODEL_PAGE + 0xf00 + s->b;
	case 2:
		return UINT64_C(0xfee00000) + s->b * 16;
	default:
		return UINT64_C(0x123456000) + s->a * UINT64_C(0x1000) + s->b;
	}
}

static uint32_t index_of(const struct ops_run *run, const struct step *s)
{
	const struct model_config *c = &run->model->c;

	if (s->b < 0xe0)
		return c->nr_fixed > 0xe0 ? (s->b * 5u + (s->a & 3)) % c->nr_fixed : s->b % c->nr_fixed;
	if (s->b < 0xf0)
		return c->kmap_begin + s->b % 16;
	static const uint32_t others[] = {0, 1, 2, 3};
	if (s->b < 0xf4)
		return others[s->b & 3];
	return s->b < 0xfc ? c->nr_fixed - 2 + (s->b & 7) : s->b < 0xfe ? UINT32_C(0xfffff000) : UINT32_MAX;
}

/* Protections that a walk can tell apart; none without PRESENT but 0: such entries differ between the kernels. */
static uint64_t prot_of(const struct ops_run *run, unsigned n)
{
	const struct model_config *c = &run->model->c;
	const uint64_t prots[] = {
	    c->prot_normal, c->prot_normal & ~UINT64_C(2), c->prot_nocache, 0x1, 0x3, 0x61, 0x21, 0x25, 0x163, 0x23};

	return prots[n % (sizeof(prots) / sizeof(prots[0]))];
}

/* ---- operations ---- */

typedef void (*operation_fn)(struct ops_run *run, const struct step *s, unsigned arg);

static void simple(struct ops_run *run, const struct step *s, unsigned kind)
{
	struct ops_actor *actor = ops_actor_of(run, s->who, false);
	struct ops_call c = {
	    .kind = (enum ops_kind)kind, .pfn = pfn_of(run, s), .va = va_of(run, s, actor->cpu), .pa = pa_of(run, s)};

	c.index = index_of(run, s);
	c.prot = prot_of(run, s->a + s->b);
	ops_do(run, actor, &c);
}

/* kmap() and kmap_high() by a fibre: the one that may fall asleep. */
static void sleepy(struct ops_run *run, const struct step *s, unsigned kind)
{
	struct ops_call c = {.kind = (enum ops_kind)kind, .pfn = pfn_of(run, s)};
	ops_do(run, ops_actor_of(run, s->who, true), &c);
}

/* set_page_address() is the kernel's own; called by hand it contradicts what the pool says. */
static void set_page_address(struct ops_run *run, const struct step *s, unsigned kind)
{
	uint32_t slot = s->b % run->model->last_pkmap;
	struct ops_call c = {
	    .kind = (enum ops_kind)kind, .pfn = pfn_of(run, s), .va = run->model->c.pkmap_base + slot * (uint64_t)MODEL_PAGE};

	if (s->who & 0x20)
		c.va = 0;
	ops_do(run, ops_actor_of(run, s->who, false), &c);
}

/* Past the CPU's own levels there are other CPUs' and other fixed addresses; far past them, other people's memory. */
static bool depth_allows(const struct ops_run *run, const struct ops_actor *actor, int step)
{
	int depth = model_depth(run->model, actor->cpu, actor->task);

	/* The kernel's record of a task is a part of it: past its ends is the rest of the task. */
	if (run->model->c.local)
		return depth >= 0 && depth < (int)run->model->km_type_nr + (step < 0 ? 2 : 0);
	depth += step;
	return depth >= -2 && depth <= (int)run->model->km_type_nr + 3;
}

static void atomic_map(struct ops_run *run, const struct step *s, unsigned kind)
{
	struct ops_actor *actor = ops_actor_of(run, s->who, false);
	struct ops_call c = {.kind = (enum ops_kind)kind, .pfn = pfn_of(run, s), .prot = prot_of(run, s->b), .pa = s->b * 48u};

	if (actor->asleep || depth_allows(run, actor, 1))
		ops_do(run, actor, &c);
}

enum { TOPMOST, ANYWHERE };

static void unmap(struct ops_run *run, const struct step *s, enum ops_kind kind, unsigned which)
{
	struct ops_actor *actor = ops_actor_of(run, s->who, false);
	struct ops_call c = {.kind = kind, .va = va_of(run, s, actor->cpu)};

	if (which == TOPMOST)
		c.va = slot_of(run, actor->cpu, model_depth(run->model, actor->cpu, actor->task) - 1) + (s->a & 0xfff);
	if (actor->asleep || depth_allows(run, actor, -1))
		ops_do(run, actor, &c);
}

static void atomic_unmap(struct ops_run *run, const struct step *s, unsigned which)
{
	unmap(run, s, CALL_KUNMAP_ATOMIC, which);
}

static void local_unmap(struct ops_run *run, const struct step *s, unsigned which)
{
	unmap(run, s, CALL_KUNMAP_LOCAL, which);
}

static void idx(struct ops_run *run, const struct step *s, unsigned kind)
{
	struct ops_actor *actor = ops_actor_of(run, s->who, false);
	struct ops_call c = {.kind = (enum ops_kind)kind};

	if (depth_allows(run, actor, kind == CALL_IDX_PUSH ? 1 : kind == CALL_IDX_POP ? -1 : 0))
		ops_do(run, actor, &c);
}

/* A pair in one operation, and many of them: the fast paths. */
static void atomic_pairs(struct ops_run *run, const struct step *s, unsigned arg)
{
	struct step up = *s, down = *s;

	(void)arg;
	for (unsigned i = 0; i < 1 + (s->b & 3); i++) {
		up.a = (s->a + i) % 0xc0;
		atomic_map(run, &up, CALL_KMAP_ATOMIC);
		const struct ops_actor *actor = ops_actor_of(run, s->who, false);
		if (!run->model->c.typed && model_depth(run->model, actor->cpu, actor->task) > 0) {
			down.a = 0;
			atomic_unmap(run, &down, TOPMOST);
		}
	}
}

static void type_map(struct ops_run *run, const struct step *s, unsigned kind)
{
	struct ops_call c = {.kind = (enum ops_kind)kind, .pfn = pfn_of(run, s), .index = s->b % (run->model->km_type_nr + 1)};
	ops_do(run, ops_actor_of(run, s->who, false), &c);
}

static void type_unmap(struct ops_run *run, const struct step *s, unsigned which)
{
	struct ops_actor *actor = ops_actor_of(run, s->who, false);
	struct ops_call c = {.kind = CALL_KUNMAP_ATOMIC_TYPE, .index = s->b % run->model->km_type_nr};

	c.va = which == TOPMOST ? slot_of(run, actor->cpu, (int)c.index) + s->a : va_of(run, s, actor->cpu);
	ops_do(run, actor, &c);
}

static void pagefault(struct ops_run *run, const struct step *s, unsigned kind)
{
	if (!run->model->c.typed) /* 2.6.12 has no such calls */
		simple(run, s, kind);
}

static void context(struct ops_run *run, const struct step *s, unsigned kind)
{
	struct ops_call c = {.kind = (enum ops_kind)kind, .index = 1 + s->a % 3};
	ops_do(run, ops_actor_of(run, s->who, false), &c);
}

/* Leaves whatever context the actor is in. */
static void leave(struct ops_run *run, const struct step *s, unsigned kind)
{
	struct ops_actor *actor = ops_actor_of(run, s->who, false);
	const struct model_task *t = &run->model->task[actor->task];
	struct ops_call c = {.kind = (enum ops_kind)kind, .index = t->contexts ? t->context[t->contexts - 1] : FXM_CONTEXT_SOFTIRQ};

	ops_do(run, actor, &c);
}

/* The whole call reads, so only addresses that fault, or that may be read. */
static void oops(struct ops_run *run, const struct step *s, unsigned kind)
{
	struct ops_actor *actor = ops_actor_of(run, s->who, false);
	struct ops_call c = {.kind = (enum ops_kind)kind, .va = va_of(run, s, actor->cpu) & ~UINT64_C(7)};
	struct fxm_walk walk;

	fxm_walk(run->m, fxm_va_of(c.va), &walk);
	if (walk.mapped || actor->asleep)
		return;
	fxm_tlb_flush_one(fxm_machine_vcpu(run->m, actor->cpu), fxm_va_of(c.va));
	model_tlb_flush_one(run->model, actor->cpu, c.va & ~(uint64_t)(MODEL_PAGE - 1));
	ops_do(run, actor, &c);
}

static void dereference(struct ops_run *run, const struct step *s, unsigned write)
{
	struct ops_actor *actor = ops_actor_of(run, s->who, true);
	struct ops_call c = {
	    .kind = CALL_DEREFERENCE, .va = va_of(run, s, actor->cpu) & ~UINT64_C(7), .write = write, .pa = ++run->serial};

	if (!actor->asleep)
		ops_do(run, actor, &c);
}

static void access(struct ops_run *run, const struct step *s, unsigned access)
{
	static const uint16_t lengths[] = {8, 1, 64, 0, 4096, 4097, 8192, 3};
	unsigned cpu = (s->who & 7) % run->cpus;
	struct step from = {.a = s->b, .b = s->a};

	ops_access(run, cpu, (enum ops_access)access, va_of(run, s, cpu), va_of(run, &from, cpu), lengths[s->who >> 3 & 7],
		   s->who & 0x40);
}

/* ---- many at a time ---- */

static void for_pages(struct ops_run *run, const struct step *s, enum ops_kind kind, unsigned n)
{
	struct ops_actor *actor = &run->idle[(s->who & 7) % run->cpus];
	struct ops_call c = {.kind = kind};

	for (unsigned i = 0; i < n; i++) {
		c.pfn = run->model->c.highmem_pfn + (s->a * 16u + i) % OPS_HIGH_PAGES;
		/* What is not mapped cannot be unmapped in bulk: one BUG is enough. */
		if (kind == CALL_KUNMAP && !model_page_address(run->model, c.pfn).address)
			continue;
		if (!ops_do_quickly(run, actor, &c))
			break;
	}
	ops_compare_pool(run);
	ops_compare_cpu(run, actor->cpu);
}

static void bulk(struct ops_run *run, const struct step *s, unsigned kind)
{
	static const uint16_t sizes[] = {16, 64, 256, 512, 1024, 1030};
	for_pages(run, s, (enum ops_kind)kind, sizes[s->b % 6]);
}

/* ---- the machine ---- */

static void end_fibre(struct ops_run *run, const struct step *s, unsigned arg)
{
	(void)arg;
	ops_end_fibre(run, &run->fibre[s->who & 7], s->a & 1);
}

static void cpu_add(struct ops_run *run, const struct step *s, unsigned arg)
{
	(void)s;
	(void)arg;
	int n = fxm_machine_cpu_add(run->m);
	int expected = run->cpus < run->set.nr_cpus ? (int)run->cpus : -ENOSPC;

	if (n != expected)
		ops_differ(run, "fxm_machine_cpu_add: %d, not %d", n, expected);
	run->cpus += n >= 0;
}

static unsigned expected_leaks(const struct ops_run *run)
{
	const struct model *m = run->model;
	unsigned n = 0;

	for (uint32_t i = 0; i < m->last_pkmap; i++)
		n += m->count[i] >= 2;
	for (unsigned task = 0; m->c.local && task < MODEL_TASKS; task++)
		n += model_held(m, task);
	for (unsigned cpu = 0; cpu < run->cpus && !m->c.local; cpu++)
		for (int level = 0; level < m->cpu[cpu].depth && level < (int)m->km_type_nr; level++)
			n++;
	return n + run->held_by_ended;
}

static void leaks(struct ops_run *run, const struct step *s, unsigned arg)
{
	(void)s;
	(void)arg;
	if (run->model->c.typed) /* which types are mapped the kernel does not know, nor does the model */
		return;
	unsigned n = fxm_report_leaks(run->m);
	if (n != expected_leaks(run))
		ops_differ(run, "fxm_report_leaks: %u, the model says %u", n, expected_leaks(run));
}

/* Every PTE in the area is empty, and nobody has set a fixmap. */
static bool is_untouched(const struct ops_run *run)
{
	const struct model *m = run->model;

	if (m->records || m->fixmaps_set)
		return false;
	for (unsigned i = 0; i < MODEL_PAGES; i++)
		if (m->pte[i])
			return false;
	for (unsigned i = 0; i < OPS_FIBRES; i++)
		if (run->fibre[i].fibre)
			return false;
	return run->set.window == FXM_WINDOW_OFF && !run->operations;
}

static void reserve_top(struct ops_run *run, const struct step *s, unsigned arg)
{
	uint64_t reserve = (uint64_t)(s->a + 1) << (12 + s->b % 5);
	uint64_t pmd = run->set.pae ? 0x200000 : 0x400000;
	uint64_t top = (((UINT64_C(1) << 32) - reserve) & ~(pmd - 1)) - MODEL_PAGE;

	(void)arg;
	if (!is_untouched(run) || run->model->c.typed)
		return;
	int error = fxm_reserve_top_address(fxm_machine_vcpu(run->m, 0), reserve);
	if (error == -EINVAL)
		return;
	if (error || fxm_layout_get(fxm_machine_layout(run->m), "FIXADDR_TOP") != top)
		ops_differ(run, "reserve_top_address(%llx): error %d, FIXADDR_TOP %llx, not %llx", (unsigned long long)reserve,
			   error, (unsigned long long)fxm_layout_get(fxm_machine_layout(run->m), "FIXADDR_TOP"),
			   (unsigned long long)top);
	ops_machine_adopt(run);
}

static void prefault(struct ops_run *run, const struct step *s, unsigned arg)
{
	(void)arg;
	struct fxm_vcpu *cpu = fxm_machine_vcpu(run->m, 0);

	if (run->set.window != FXM_WINDOW_OFF && run->set.window != FXM_WINDOW_RETAIN)
		fxm_prefault(cpu, fxm_va_of(va_of(run, s, 0) & ~UINT64_C(0xfff)), 1);
}

static void everything(struct ops_run *run, const struct step *s, unsigned arg)
{
	(void)s;
	(void)arg;
	ops_compare_everything(run);
}

static void bad_arguments(struct ops_run *run, const struct step *s, unsigned arg)
{
	(void)s;
	(void)arg;
	ops_bad_arguments(run);
}

/* The first page to appear in a trace gets its name here. */
static void trace(struct ops_run *run, const struct step *s, unsigned arg)
{
	char name[8];

	(void)arg;
	snprintf(name, sizeof(name), "%c%u", s->a & 1 ? 'P' : 'Q', s->b);
	fxm_trace_name_page(run->m, fxm_page_of_pfn(run->m, pfn_of(run, s)), name);
	fxm_trace_peek(fxm_machine_vcpu(run->m, 0), fxm_va_of(va_of(run, s, 0)));
}

static void page_address_init(struct ops_run *run, const struct step *s, unsigned arg)
{
	bool mapped = false;

	(void)s;
	(void)arg;
	for (unsigned i = 0; i < run->model->last_pkmap; i++)
		mapped |= run->model->count[i] != 0;
	int error = fxm_page_address_init(run->m);
	if (error != (mapped ? -EBUSY : 0))
		ops_differ(run, "fxm_page_address_init: %d", error);
	if (!mapped)
		run->model->records = 0;
}

/* An interrupt at a chosen passage of a point, or no more of any. */
static void inject(struct ops_run *run, const struct step *s, unsigned arg)
{
	(void)arg;
	if (run->model->c.typed)
		return;
	if (s->b >= 0xe0)
		ops_inject_clear(run);
	else
		ops_inject(run, (enum model_point)(s->a % MODEL_POINTS),
			   (enum model_context)(MODEL_SOFTIRQ + s->a / MODEL_POINTS % 3), 1 + (s->b & 7), s->b >> 3 & 3);
}

/* Often used ones stand here more than once. */
static const struct {
	operation_fn fn;
	unsigned arg;
} operations[] = {
    {simple, CALL_KMAP},
    {simple, CALL_KMAP},
    {simple, CALL_KUNMAP},
    {simple, CALL_KUNMAP},
    {sleepy, CALL_KMAP},
    {sleepy, CALL_KMAP_HIGH},
    {simple, CALL_KUNMAP_HIGH},
    {sleepy, CALL_MAP_NEW_VIRTUAL},
    {simple, CALL_FLUSH_ALL_ZERO_PKMAPS},
    {simple, CALL_KMAP_FLUSH_UNUSED},
    {simple, CALL_PAGE_ADDRESS},
    {set_page_address, CALL_SET_PAGE_ADDRESS},
    {simple, CALL_KMAP_TO_PFN},
    {atomic_map, CALL_KMAP_ATOMIC},
    {atomic_map, CALL_KMAP_ATOMIC},
    {atomic_map, CALL_KMAP_ATOMIC_PROT},
    {atomic_map, CALL_KMAP_ATOMIC_PFN},
    {atomic_unmap, TOPMOST},
    {atomic_unmap, TOPMOST},
    {atomic_unmap, ANYWHERE},
    {atomic_pairs, 0},
    {idx, CALL_IDX_PUSH},
    {idx, CALL_IDX},
    {idx, CALL_IDX_POP},
    {type_map, CALL_KMAP_ATOMIC_TYPE},
    {type_map, CALL_KMAP_ATOMIC_TYPE},
    {type_map, CALL_KMAP_ATOMIC_PFN_TYPE},
    {type_unmap, TOPMOST},
    {type_unmap, ANYWHERE},
    {simple, CALL_KMAP_ATOMIC_TO_PFN},
    {simple, CALL___SET_FIXMAP},
    {simple, CALL_SET_FIXMAP},
    {simple, CALL_SET_FIXMAP_NOCACHE},
    {simple, CALL_SET_FIXMAP_IO},
    {simple, CALL_SET_FIXMAP_OFFSET},
    {simple, CALL_SET_FIXMAP_OFFSET_NOCACHE},
    {simple, CALL_SET_FIXMAP_OFFSET_IO},
    {simple, CALL_CLEAR_FIXMAP},
    {simple, CALL_VIRT_TO_FIX},
    {simple, CALL_FIX_TO_VIRT},
    {simple, CALL_PREEMPT_DISABLE},
    {simple, CALL_PREEMPT_ENABLE},
    {pagefault, CALL_PAGEFAULT_DISABLE},
    {pagefault, CALL_PAGEFAULT_ENABLE},
    {simple, CALL_IRQ_DISABLE},
    {simple, CALL_IRQ_ENABLE},
    {context, CALL_ENTER},
    {context, CALL_LEAVE},
    {leave, CALL_LEAVE},
    {simple, CALL_MIGHT_SLEEP},
    {simple, CALL_SCHEDULE},
    {simple, CALL_TLB_FLUSH_ONE},
    {simple, CALL_TLB_FLUSH},
    {simple, CALL_WARN},
    {simple, CALL_BUG},
    {oops, CALL_OOPS},
    {dereference, false},
    {dereference, true},
    {access, ACCESS_READ},
    {access, ACCESS_READ_U64},
    {access, ACCESS_READ_U64},
    {access, ACCESS_WRITE},
    {access, ACCESS_WRITE_U64},
    {access, ACCESS_TRANSLATE},
    {access, ACCESS_FILL},
    {access, ACCESS_COPY},
    {access, ACCESS_MMIO},
    {bulk, CALL_KMAP},
    {bulk, CALL_KUNMAP},
    {end_fibre, 0},
    {cpu_add, 0},
    {leaks, 0},
    {reserve_top, 0},
    {prefault, 0},
    {everything, 0},
    {bad_arguments, 0},
    {trace, 0},
    {page_address_init, 0},
    {atomic_map, CALL_KMAP_LOCAL_PAGE},
    {atomic_map, CALL_KMAP_LOCAL_PAGE},
    {atomic_map, CALL_KMAP_LOCAL_PAGE_PROT},
    {atomic_map, CALL_KMAP_LOCAL_PFN},
    {atomic_map, CALL_KMAP_LOCAL_FOLIO},
    {local_unmap, TOPMOST},
    {local_unmap, TOPMOST},
    {local_unmap, ANYWHERE},
    {simple, CALL_IS_KMAP_ADDR},
    {inject, 0},
};

/* ---- a run ---- */

static void read_settings(struct ops_settings *s, const uint8_t *d)
{
	static const char *const profiles[] = {"x86_32-5.10", "i386-2.6.12", "x86_32-4.15", "x86_32-6.1"};
	bool typed = (d[0] & 3) == 1;

	*s = (struct ops_settings){
	    .profile = profiles[d[0] & 3],
	    .pae = d[0] & 4,
	    .debug_highmem = d[0] & 8,
	    .debug_atomic_sleep = d[0] & 0x10,
	    .preempt_count = typed || (d[0] & 0x30),
	    .detect = d[0] & 0x40,
	    .trace = d[0] & 0x80,
	    .nr_cpus = 1 + (d[1] & 7),
	    .interrupt = (d[1] & 0xc0) == 0xc0,
	    .window = (d[2] & 0x1c) == 0x1c ? (enum fxm_window_mode)(d[2] & 3) : FXM_WINDOW_OFF,
	};
	s->cpus = 1 + (d[1] >> 3 & 7) % s->nr_cpus;
}

static void no_line(const char *line, void *arg)
{
	(void)line;
	(void)arg;
}

static void run_input(const uint8_t *data, size_t size)
{
	struct ops_run *run = &the_run;

	run->m = NULL;
	run->operations = run->nr_recent = run->serial = 0;
	memset(run->recent, 0, sizeof(run->recent));
	read_settings(&run->set, data);
	if (!ops_machine_make(run))
		return;
	ops_record_start(run);
	if (run->set.trace)
		fxm_trace_start(run->m, no_line, NULL);
	data += SETTINGS_BYTES;
	size -= SETTINGS_BYTES;
	for (; size >= STEP_BYTES; data += STEP_BYTES, size -= STEP_BYTES) {
		struct step s = {
		    .what = data[0] % (sizeof(operations) / sizeof(operations[0])), .who = data[1], .a = data[2], .b = data[3]};
		operations[s.what].fn(run, &s, operations[s.what].arg);
		check_whole_with_tables(run->m);
	}
	ops_compare_everything(run);
	ops_machine_end(run);
}

static void run_again(struct ops_run *run)
{
	(void)run;
	run_input(the_data, the_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < SETTINGS_BYTES)
		return 0;
	the_data = data;
	the_size = size;
	the_run.again = run_again;
	run_input(data, size);
	return 0;
}
