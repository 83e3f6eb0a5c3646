/* SPDX-License-Identifier: MIT */
/*
 * The reference model. Each function reads like the description of the kernel's: the same steps in the same order, no shortcut.
 */
#include "model.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { PRESENT = 0x1, RW = 0x2, ACCESSED = 0x20, DIRTY = 0x40 };
enum { SOFTIRQ_MASK = 0xff00, HARDIRQ_MASK = 0xf0000, NMI_MASK = 0xf00000 };

#define VA_MASK UINT64_C(0xffffffff)
#define FRAME_MASK UINT64_C(0x000ffffffffff000)

static struct model_result done(uint64_t address)
{
	return (struct model_result){.outcome = MODEL_DONE, .address = address};
}

static struct model_result value(int64_t v)
{
	return (struct model_result){.outcome = MODEL_DONE, .value = v};
}

static struct model_result refused(int error)
{
	return (struct model_result){.outcome = MODEL_REFUSED, .value = error};
}

/* Where each kernel's BUG stands. */
static struct model_result bug(const struct model *m, const char *in_2_6_12, const char *in_4_15, const char *in_5_10)
{
	return (struct model_result){.outcome = MODEL_BUG,
				     .where = m->c.local		? NULL
					      : m->c.typed		? in_2_6_12
					      : m->c.kunmap_might_sleep ? in_5_10
									: in_4_15};
}

/* ---- addresses, entries, TLBs ---- */

uint64_t model_fix_to_virt(const struct model *m, uint64_t index)
{
	return (m->c.fixaddr_top - index * MODEL_PAGE) & VA_MASK;
}

bool model_covers(const struct model *m, uint64_t va)
{
	return va >= m->low && va <= VA_MASK;
}

static unsigned page_number(const struct model *m, uint64_t va)
{
	assert(model_covers(m, va));
	return (unsigned)((va - m->low) / MODEL_PAGE);
}

uint64_t model_pte(const struct model *m, uint64_t va)
{
	return m->pte[page_number(m, va)];
}

static uint64_t width(const struct model *m, uint64_t entry)
{
	return m->c.pae ? entry : entry & VA_MASK;
}

static void set_pte(struct model *m, uint64_t va, uint64_t entry)
{
	m->pte[page_number(m, va)] = width(m, entry);
}

static uint64_t frame_of(const struct model *m, uint64_t entry)
{
	return (width(m, entry) & FRAME_MASK) / MODEL_PAGE;
}

void model_tlb_flush_one(struct model *m, unsigned cpu, uint64_t va)
{
	if (model_covers(m, va))
		m->tlb[cpu][page_number(m, va)].generation = 0;
}

void model_tlb_flush(struct model *m, unsigned cpu)
{
	m->tlb_generation[cpu]++;
}

static void flush_all_cpus(struct model *m)
{
	for (unsigned cpu = 0; cpu < m->c.nr_cpus; cpu++)
		model_tlb_flush(m, cpu);
}

static bool is_high(const struct model *m, uint64_t pfn)
{
	return pfn >= m->c.highmem_pfn;
}

void model_init(struct model *m, const struct model_config *c, uint64_t (*pte)(void *arg, uint64_t va), void *arg)
{
	memset(m, 0, offsetof(struct model, tlb_generation));
	m->c = *c;
	m->last_pkmap = c->pae ? 512 : 1024;
	m->km_type_nr = c->typed ? (c->debug_highmem ? 27 : 13) : (c->debug_highmem ? 41 : 20);
	if (c->local)
		m->km_type_nr = c->debug_highmem ? 33 : 16;
	uint64_t lowest_fixed = model_fix_to_virt(m, c->nr_fixed - 1);
	m->low = c->pkmap_base < lowest_fixed ? c->pkmap_base : lowest_fixed;
	assert((VA_MASK + 1 - m->low) / MODEL_PAGE <= MODEL_PAGES);
	for (uint64_t va = m->low; va <= VA_MASK; va += MODEL_PAGE)
		m->pte[page_number(m, va)] = pte(arg, va);
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		m->cpu[cpu].current = cpu;
		m->tlb_generation[cpu]++;
	}
}

/* ---- counters ---- */

static struct model_task *current(struct model *m, unsigned cpu)
{
	return &m->task[m->cpu[cpu].current];
}

static int preempt_count(const struct model *m, unsigned cpu)
{
	return m->task[m->cpu[cpu].current].preempt;
}

static bool in_interrupt(const struct model *m, unsigned cpu)
{
	return preempt_count(m, cpu) & (SOFTIRQ_MASK | HARDIRQ_MASK | NMI_MASK);
}

/* 2.6 always counts, later kernels with PREEMPT_COUNT. */
void model_preempt(struct model *m, unsigned cpu, int step)
{
	if (m->c.typed || m->c.preempt_count)
		current(m, cpu)->preempt += step;
}

void model_pagefault(struct model *m, unsigned cpu, int step)
{
	if (m->c.typed)
		current(m, cpu)->preempt += step;
	else
		current(m, cpu)->pagefault += step;
}

void model_irq(struct model *m, unsigned cpu, bool disable)
{
	current(m, cpu)->irq_disabled = disable;
}

static int context_offset(enum model_context context)
{
	return context == MODEL_SOFTIRQ ? 0x100 : context == MODEL_HARDIRQ ? 0x10000 : 0x100000;
}

struct model_result model_enter(struct model *m, unsigned cpu, enum model_context context)
{
	struct model_task *t = current(m, cpu);

	if (t->contexts == MODEL_CONTEXTS)
		return refused(-ENOSPC);
	t->irq_saved[t->contexts] = t->irq_disabled;
	t->context[t->contexts++] = (unsigned char)context;
	if (context != MODEL_SOFTIRQ)
		t->irq_disabled = true;
	t->preempt += context_offset(context);
	return value(0);
}

struct model_result model_leave(struct model *m, unsigned cpu, enum model_context context)
{
	struct model_task *t = current(m, cpu);

	if (!t->contexts || t->context[t->contexts - 1] != context)
		return refused(-EINVAL);
	t->contexts--;
	if (context != MODEL_SOFTIRQ)
		t->irq_disabled = t->irq_saved[t->contexts];
	t->preempt -= context_offset(context);
	return value(0);
}

struct model_result model_might_sleep(const struct model *m, unsigned cpu)
{
	struct model_result r = value(0);
	if (m->c.debug_atomic_sleep && (preempt_count(m, cpu) || m->task[m->cpu[cpu].current].irq_disabled))
		r.sleeping = 1;
	return r;
}

/* ---- page to address ---- */

static uint64_t page_address(const struct model *m, uint64_t pfn)
{
	if (!is_high(m, pfn))
		return m->c.page_offset + pfn * MODEL_PAGE;
	for (unsigned i = 0; i < m->records; i++)
		if (m->record[i].pfn == pfn)
			return m->record[i].va;
	return 0;
}

static void remove_record(struct model *m, unsigned n)
{
	m->records--;
	memmove(&m->record[n], &m->record[n + 1], (m->records - n) * sizeof(m->record[0]));
}

/*
 * 2.6 takes a record from a pool. Later a slot has one record, found by its number; filling it in again takes it away from the
 * page that it was for. False: BUG, the pool is empty.
 */
static bool set_page_address(struct model *m, uint64_t pfn, uint64_t va)
{
	if (va) {
		for (unsigned i = 0; !m->c.typed && i < m->records; i++)
			if (m->record[i].va == va) {
				remove_record(m, i);
				break;
			}
		if (m->records == m->last_pkmap)
			return false;
		m->record[m->records++] = (struct model_record){pfn, va};
		return true;
	}
	for (unsigned i = 0; i < m->records; i++)
		if (m->record[i].pfn == pfn) {
			remove_record(m, i);
			return true;
		}
	return true;
}

struct model_result model_page_address(const struct model *m, uint64_t pfn)
{
	return done(page_address(m, pfn));
}

struct model_result model_set_page_address(struct model *m, uint64_t pfn, uint64_t va)
{
	if (!is_high(m, pfn) || !set_page_address(m, pfn, va))
		return bug(m, NULL, NULL, NULL);
	return value(0);
}

/* ---- the pkmap pool ---- */

static uint64_t pkmap_addr(const struct model *m, uint32_t nr)
{
	return m->c.pkmap_base + (uint64_t)nr * MODEL_PAGE;
}

static uint32_t pkmap_nr(const struct model *m, uint64_t va)
{
	return (uint32_t)((va - m->c.pkmap_base) / MODEL_PAGE);
}

struct model_result model_flush_all_zero_pkmaps(struct model *m)
{
	struct model_result r = value(0);

	for (uint32_t i = 0; i < m->last_pkmap; i++) {
		if (m->count[i] != 1)
			continue;
		m->count[i] = 0;
		uint64_t entry = model_pte(m, pkmap_addr(m, i));
		if (!entry)
			return bug(m, NULL, NULL, NULL);
		set_pte(m, pkmap_addr(m, i), 0);
		if (!is_high(m, frame_of(m, entry)))
			return bug(m, NULL, NULL, NULL); /* set_page_address() */
		if (frame_of(m, entry) < m->c.nr_frames)
			set_page_address(m, frame_of(m, entry), 0);
		r.flushed++;
	}
	if (r.flushed || m->c.typed)
		flush_all_cpus(m);
	r.value = r.flushed;
	return r;
}

/* Steps 1 to 8 of map_new_virtual(); going on after a sleep is the same from the start. */
static struct model_result find_and_map(struct model *m, unsigned cpu, uint64_t pfn, bool raise)
{
	uint32_t count = m->last_pkmap;
	struct model_result r = done(0), flush;

	for (;;) {
		m->last_nr = (m->last_nr + 1) & (m->last_pkmap - 1);
		if (!m->last_nr) {
			flush = model_flush_all_zero_pkmaps(m);
			if (flush.outcome == MODEL_BUG)
				return flush;
			r.flushed += flush.flushed;
			count = m->last_pkmap;
		}
		if (!m->count[m->last_nr])
			break;
		if (--count)
			continue;
		struct model_task *t = current(m, cpu);
		t->sleeps = true;
		t->woken = false;
		t->raise = raise;
		t->page = pfn;
		r.outcome = MODEL_SLEEPS;
		return r;
	}
	r.address = pkmap_addr(m, m->last_nr);
	set_pte(m, r.address, pfn * MODEL_PAGE | (m->c.kmap_prot & m->c.supported_mask));
	m->count[m->last_nr] = 1;
	return set_page_address(m, pfn, r.address) ? r : bug(m, NULL, NULL, NULL);
}

struct model_result model_map_new_virtual(struct model *m, unsigned cpu, uint64_t pfn)
{
	return is_high(m, pfn) ? find_and_map(m, cpu, pfn, false) : refused(-EINVAL);
}

/* The end of kmap_high(). */
static struct model_result raise_count(struct model *m, struct model_result r)
{
	int count = ++m->count[pkmap_nr(m, r.address)];
	if (count < 2) {
		struct model_result died = bug(m, NULL, NULL, NULL);
		died.flushed = r.flushed;
		return died;
	}
	return r;
}

struct model_result model_kmap_high(struct model *m, unsigned cpu, uint64_t pfn)
{
	struct model_result r = done(page_address(m, pfn));

	if (!is_high(m, pfn))
		return refused(-EINVAL);
	if (!r.address)
		r = find_and_map(m, cpu, pfn, true);
	return r.outcome == MODEL_DONE ? raise_count(m, r) : r;
}

struct model_result model_resume(struct model *m, unsigned cpu)
{
	struct model_task *t = current(m, cpu);
	struct model_result r;

	assert(t->sleeps && t->woken);
	t->sleeps = t->woken = false;
	r = done(page_address(m, t->page));
	if (!r.address)
		r = find_and_map(m, cpu, t->page, t->raise);
	return r.outcome == MODEL_DONE && t->raise ? raise_count(m, r) : r;
}

unsigned model_waiters(const struct model *m)
{
	unsigned n = 0;
	for (unsigned i = 0; i < MODEL_TASKS; i++)
		n += m->task[i].sleeps;
	return n;
}

struct model_result model_kunmap_high(struct model *m, unsigned cpu, uint64_t pfn)
{
	uint64_t va = page_address(m, pfn);

	(void)cpu;
	if (!is_high(m, pfn))
		return refused(-EINVAL);
	if (!va)
		return bug(m, "mm/highmem.c:183", "mm/highmem.c:340", "mm/highmem.c:339");
	int count = --m->count[pkmap_nr(m, va)];
	if (count == 0)
		return bug(m, "mm/highmem.c:193", "mm/highmem.c:350", "mm/highmem.c:349");
	if (count == 1)
		for (unsigned i = 0; i < MODEL_TASKS; i++)
			m->task[i].woken |= m->task[i].sleeps;
	return value(0);
}

struct model_result model_kmap(struct model *m, unsigned cpu, uint64_t pfn)
{
	unsigned sleeping = model_might_sleep(m, cpu).sleeping;
	struct model_result r = is_high(m, pfn) ? model_kmap_high(m, cpu, pfn) : done(page_address(m, pfn));
	r.sleeping += sleeping;
	return r;
}

struct model_result model_kunmap(struct model *m, unsigned cpu, uint64_t pfn)
{
	unsigned sleeping = 0;

	if (m->c.kunmap_might_sleep)
		sleeping = model_might_sleep(m, cpu).sleeping;
	else if (in_interrupt(m, cpu))
		return bug(m, "arch/i386/mm/highmem.c:14", "arch/x86/mm/highmem_32.c:18", NULL);
	struct model_result r = is_high(m, pfn) ? model_kunmap_high(m, cpu, pfn) : value(0);
	r.sleeping += sleeping;
	return r;
}

struct model_result model_kmap_flush_unused(struct model *m)
{
	return m->c.typed ? refused(-ENOSYS) : model_flush_all_zero_pkmaps(m);
}

/* ---- kmap_atomic: typed slots ---- */

static uint64_t atomic_va(const struct model *m, unsigned cpu, int n)
{
	return (model_fix_to_virt(m, m->c.kmap_begin) - (uint64_t)((int64_t)n + (int64_t)m->km_type_nr * cpu) * MODEL_PAGE) &
	       VA_MASK;
}

struct model_result model_kmap_atomic_type(struct model *m, unsigned cpu, uint64_t pfn, uint32_t type)
{
	if (!m->c.typed)
		return refused(-ENOSYS);
	if (type >= m->km_type_nr)
		return refused(-EINVAL);
	current(m, cpu)->preempt++;
	if (!is_high(m, pfn))
		return done(page_address(m, pfn));
	uint64_t va = atomic_va(m, cpu, (int)type);
	if (m->c.debug_highmem && model_pte(m, va))
		return bug(m, "arch/i386/mm/highmem.c:42", NULL, NULL);
	set_pte(m, va, pfn * MODEL_PAGE | (m->c.kmap_prot & m->c.supported_mask));
	model_tlb_flush_one(m, cpu, va);
	return done(va);
}

struct model_result model_kunmap_atomic_type(struct model *m, unsigned cpu, uint64_t va, uint32_t type)
{
	if (!m->c.typed)
		return refused(-ENOSYS);
	if (type >= m->km_type_nr)
		return refused(-EINVAL);
	uint64_t page = va & ~(uint64_t)(MODEL_PAGE - 1);
	if (page >= m->c.fixaddr_start && m->c.debug_highmem) {
		if (page != atomic_va(m, cpu, (int)type))
			return bug(m, "arch/i386/mm/highmem.c:63", NULL, NULL);
		set_pte(m, page, 0);
		model_tlb_flush_one(m, cpu, page);
	}
	current(m, cpu)->preempt--;
	return value(0);
}

struct model_result model_kmap_atomic_to_pfn(const struct model *m, uint64_t va)
{
	if (!m->c.typed)
		return refused(-ENOSYS);
	if (va < m->c.fixaddr_start)
		return value((int64_t)(((va - m->c.page_offset) & VA_MASK) / MODEL_PAGE));
	if (va >= m->c.fixaddr_top)
		return bug(m, "include/asm/fixmap.h:153", NULL, NULL);
	return value((int64_t)frame_of(m, model_pte(m, va)));
}

/* ---- kmap_atomic: a stack per CPU ---- */

static struct model_result push(struct model *m, unsigned cpu)
{
	struct model_result r = value(++m->cpu[cpu].depth - 1);

	if (!m->c.debug_highmem)
		return r;
	if ((preempt_count(m, cpu) & HARDIRQ_MASK) && !current(m, cpu)->irq_disabled && !m->warned_push) {
		m->warned_push = true;
		r.warnings = 1;
	}
	if (r.value >= (int64_t)m->km_type_nr) {
		r.outcome = MODEL_BUG;
		r.where = m->c.kunmap_might_sleep ? NULL : "include/linux/highmem.h:98";
	}
	return r;
}

static struct model_result pop(struct model *m, unsigned cpu)
{
	int depth = --m->cpu[cpu].depth;
	return m->c.debug_highmem && depth < 0 ? bug(m, NULL, "include/linux/highmem.h:113", NULL) : value(depth - 1);
}

struct model_result model_idx_push(struct model *m, unsigned cpu)
{
	return m->c.typed || m->c.local ? refused(-ENOSYS) : push(m, cpu);
}

struct model_result model_idx(const struct model *m, unsigned cpu)
{
	return m->c.typed || m->c.local ? refused(-ENOSYS) : value(m->cpu[cpu].depth - 1);
}

struct model_result model_idx_pop(struct model *m, unsigned cpu)
{
	return m->c.typed || m->c.local ? refused(-ENOSYS) : pop(m, cpu);
}

static void interfere(struct model *m, unsigned cpu, enum model_point point)
{
	if (m->interleave)
		m->interleave(m, cpu, point, m->interleave_arg);
}

static struct model_result map_level(struct model *m, unsigned cpu, uint64_t pfn, uint64_t prot, bool check)
{
	struct model_result r = push(m, cpu);

	if (r.outcome == MODEL_BUG)
		return r;
	interfere(m, cpu, MODEL_PUSHED);
	uint64_t va = atomic_va(m, cpu, (int)r.value);
	if (check && model_pte(m, va)) {
		struct model_result died = bug(m, NULL, "arch/x86/mm/highmem_32.c:47", "arch/x86/mm/highmem_32.c:15");
		died.warnings = r.warnings;
		return died;
	}
	set_pte(m, va, pfn * MODEL_PAGE | ((prot & PRESENT) ? prot & m->c.supported_mask : prot));
	r.address = va;
	interfere(m, cpu, MODEL_MAPPED);
	return r;
}

static struct model_result unmap_top(struct model *m, unsigned cpu, uint64_t page)
{
	uint64_t top = atomic_va(m, cpu, m->cpu[cpu].depth - 1);
	unsigned warnings = 0;

	if (m->c.debug_highmem && page != top && !m->warned_order) {
		m->warned_order = true;
		warnings = 1;
	}
	set_pte(m, top, 0);
	model_tlb_flush_one(m, cpu, page);
	interfere(m, cpu, MODEL_CLEARED);
	struct model_result r = pop(m, cpu);
	r.warnings += warnings;
	if (r.outcome != MODEL_BUG)
		interfere(m, cpu, MODEL_POPPED);
	return r;
}

/* ---- kmap_local: a stack per task ---- */

int model_increment(const struct model *m)
{
	return m->c.local && m->c.debug_highmem ? 2 : 1;
}

int model_depth(const struct model *m, unsigned cpu, unsigned task)
{
	return m->c.local ? m->task[task].idx : m->cpu[cpu].depth;
}

static unsigned warn_once(bool *warned)
{
	unsigned n = !*warned;
	*warned = true;
	return n;
}

static uint64_t *pteval(struct model_task *t, int slot)
{
	static uint64_t lost;
	return slot >= 0 && slot < MODEL_LEVELS ? &t->pteval[slot] : &lost;
}

static struct model_result map_local(struct model *m, unsigned cpu, uint64_t pfn, uint64_t prot)
{
	struct model_task *t = current(m, cpu);
	struct model_result r = done(0);

	t->migrate++;
	model_preempt(m, cpu, 1);
	if ((t->preempt & HARDIRQ_MASK) && !t->irq_disabled)
		r.warnings = warn_once(&m->warned_push);
	t->idx += model_increment(m);
	if (t->idx >= (int)m->km_type_nr) {
		r.outcome = MODEL_BUG;
		return r;
	}
	int slot = t->idx - 1;
	interfere(m, cpu, MODEL_PUSHED);
	r.address = atomic_va(m, cpu, slot);
	if (model_pte(m, r.address)) {
		r.outcome = MODEL_BUG;
		return r;
	}
	set_pte(m, r.address, pfn * MODEL_PAGE | (prot & m->c.supported_mask));
	*pteval(t, slot) = model_pte(m, r.address);
	model_preempt(m, cpu, -1);
	interfere(m, cpu, MODEL_MAPPED);
	return r;
}

static struct model_result unmap_local(struct model *m, unsigned cpu, uint64_t page)
{
	struct model_task *t = current(m, cpu);
	struct model_result r = value(0);

	if (page < atomic_va(m, m->c.nr_cpus - 1, (int)m->km_type_nr - 1) || page > atomic_va(m, 0, 0)) {
		if (m->c.force_map || page < m->c.page_offset)
			r.warnings = warn_once(&m->warned_outside);
		return r;
	}
	model_preempt(m, cpu, 1);
	uint64_t top = atomic_va(m, cpu, t->idx - 1);
	if (page != top)
		r.warnings = warn_once(&m->warned_order);
	set_pte(m, top, 0);
	model_tlb_flush_one(m, cpu, page);
	interfere(m, cpu, MODEL_CLEARED);
	*pteval(t, t->idx - 1) = 0;
	t->idx -= model_increment(m);
	if (t->idx < 0) {
		r.outcome = MODEL_BUG;
		return r;
	}
	interfere(m, cpu, MODEL_POPPED);
	model_preempt(m, cpu, -1);
	t->migrate--;
	return r;
}

static struct model_result map_local_page(struct model *m, unsigned cpu, uint64_t pfn, uint64_t prot)
{
	if (!m->c.force_map && !is_high(m, pfn))
		return done(page_address(m, pfn));
	return map_local(m, cpu, pfn, prot);
}

struct model_result model_kmap_local_page(struct model *m, unsigned cpu, uint64_t pfn, uint64_t prot)
{
	return m->c.local ? map_local_page(m, cpu, pfn, prot) : refused(-ENOSYS);
}

struct model_result model_kmap_local_pfn(struct model *m, unsigned cpu, uint64_t pfn)
{
	return m->c.local ? map_local(m, cpu, pfn, m->c.kmap_prot) : refused(-ENOSYS);
}

struct model_result model_kunmap_local(struct model *m, unsigned cpu, uint64_t va)
{
	return m->c.local ? unmap_local(m, cpu, va & ~(uint64_t)(MODEL_PAGE - 1)) : refused(-ENOSYS);
}

struct model_result model_is_kmap_addr(const struct model *m, uint64_t va)
{
	if (!m->c.local)
		return refused(-ENOSYS);
	return value(va >= m->c.pkmap_base && va < pkmap_addr(m, m->last_pkmap));
}

unsigned model_held(const struct model *m, unsigned task)
{
	const struct model_task *t = &m->task[task];
	unsigned n = 0;

	for (int slot = model_increment(m) - 1; slot < t->idx && slot < MODEL_LEVELS && t->pteval[slot]; slot += model_increment(m))
		n++;
	return n;
}

/* Both loops of a context switch look at the slots below idx alike. */
static bool is_switched(const struct model *m, const struct model_task *t, int i, bool *warned_guard, bool *warned_none,
			unsigned *warnings)
{
	if (model_increment(m) == 2 && i % 2 == 0) {
		if (t->pteval[i])
			*warnings += warn_once(warned_guard);
		return false;
	}
	if (!t->pteval[i])
		*warnings += warn_once(warned_none);
	return t->pteval[i] != 0;
}

static unsigned sched_out(struct model *m, unsigned cpu)
{
	const struct model_task *t = current(m, cpu);
	unsigned warnings = 0;

	for (int i = 0; i < t->idx && i < (int)m->km_type_nr; i++)
		if (is_switched(m, t, i, &m->warned_out_guard, &m->warned_out_none, &warnings)) {
			set_pte(m, atomic_va(m, cpu, i), 0);
			model_tlb_flush_one(m, cpu, atomic_va(m, cpu, i));
		}
	return warnings;
}

static unsigned sched_in(struct model *m, unsigned cpu)
{
	const struct model_task *t = current(m, cpu);
	unsigned warnings = 0;

	for (int i = 0; i < t->idx && i < (int)m->km_type_nr; i++)
		if (is_switched(m, t, i, &m->warned_in_guard, &m->warned_in_none, &warnings))
			set_pte(m, atomic_va(m, cpu, i), t->pteval[i]);
	return warnings;
}

unsigned model_switch(struct model *m, unsigned cpu, unsigned task)
{
	unsigned warnings = 0;

	if (m->cpu[cpu].current == task)
		return 0;
	if (m->c.local)
		warnings = sched_out(m, cpu);
	m->cpu[cpu].current = task;
	return m->c.local ? warnings + sched_in(m, cpu) : 0;
}

unsigned model_task_end(struct model *m, unsigned cpu, unsigned other)
{
	struct model_task *t = current(m, cpu);
	unsigned held = model_held(m, m->cpu[cpu].current);

	/* One that died in the middle of kmap_local has a counter that no longer fits; nobody looks at it any more. */
	t->idx = (int)held * model_increment(m);
	model_switch(m, cpu, other);
	*t = (struct model_task){0};
	return held;
}

/* The kernel's own bound: slot 0 of CPU 0 is not among the kmap_local addresses. */
static bool local_page(struct model *m, unsigned cpu, uint64_t page, struct model_result *r)
{
	struct model_task *t = current(m, cpu);

	if (page < atomic_va(m, m->c.nr_cpus - 1, (int)m->km_type_nr - 1) || page >= atomic_va(m, 0, 0))
		return false;
	r->warnings = warn_once(&m->warned_local_page);
	for (int i = 0; i < t->idx && i < (int)m->km_type_nr; i++)
		if (atomic_va(m, cpu, i) == page) {
			r->value = (int64_t)frame_of(m, t->pteval[i]);
			return true;
		}
	return false;
}

struct model_result model_kmap_to_pfn(struct model *m, unsigned cpu, uint64_t va)
{
	struct model_result r = value(0);

	if (m->c.typed)
		return refused(-ENOSYS);
	if (va >= m->c.pkmap_base && va < pkmap_addr(m, m->last_pkmap)) {
		r.value = (int64_t)frame_of(m, model_pte(m, va));
		r.warnings = m->c.local ? warn_once(&m->warned_pkmap_page) : 0;
		return r;
	}
	if (m->c.local && local_page(m, cpu, va & ~(uint64_t)(MODEL_PAGE - 1), &r))
		return r;
	if (m->c.debug_virtual && (va < m->c.page_offset || va > m->c.page_offset + m->c.highmem_pfn * MODEL_PAGE)) {
		struct model_result died = bug(m, NULL, NULL, NULL);
		died.warnings = r.warnings;
		return died;
	}
	r.value = (int64_t)(((va - m->c.page_offset) & VA_MASK) / MODEL_PAGE);
	return r;
}

/* ---- kmap_atomic of both stacks ---- */

struct model_result model_kmap_atomic(struct model *m, unsigned cpu, uint64_t pfn, uint64_t prot)
{
	if (m->c.typed)
		return refused(-ENOSYS);
	model_preempt(m, cpu, 1);
	model_pagefault(m, cpu, 1);
	if (m->c.local)
		return map_local_page(m, cpu, pfn, prot);
	return is_high(m, pfn) ? map_level(m, cpu, pfn, prot, true) : done(page_address(m, pfn));
}

struct model_result model_kmap_atomic_pfn(struct model *m, unsigned cpu, uint64_t pfn)
{
	if (m->c.typed)
		return refused(-ENOSYS);
	model_preempt(m, cpu, 1);
	model_pagefault(m, cpu, 1);
	return m->c.local ? map_local(m, cpu, pfn, m->c.kmap_prot) : map_level(m, cpu, pfn, m->c.kmap_prot, false);
}

struct model_result model_kunmap_atomic(struct model *m, unsigned cpu, uint64_t va)
{
	struct model_result r = value(0);
	uint64_t page = va & ~(uint64_t)(MODEL_PAGE - 1);

	if (m->c.typed)
		return refused(-ENOSYS);
	uint64_t lowest = atomic_va(m, m->c.nr_cpus - 1, (int)m->km_type_nr - 1); /* FIX_KMAP_END */
	if (m->c.local) {
		r = unmap_local(m, cpu, page);
	} else if (page >= lowest && page <= atomic_va(m, 0, 0)) {
		r = unmap_top(m, cpu, page);
	} else if (m->c.debug_highmem) {
		if (page < m->c.page_offset)
			return bug(m, NULL, "arch/x86/mm/highmem_32.c:97", NULL);
		if (page >= m->c.high_memory)
			return bug(m, NULL, "arch/x86/mm/highmem_32.c:98", NULL);
	}
	if (r.outcome != MODEL_DONE)
		return r;
	model_pagefault(m, cpu, -1);
	model_preempt(m, cpu, -1);
	r.value = 0;
	return r;
}

/* ---- fixed mappings ---- */

struct model_result model_set_fixmap(struct model *m, unsigned cpu, uint32_t index, uint64_t pa, uint64_t prot)
{
	uint64_t va = model_fix_to_virt(m, index);

	if (index >= m->c.nr_fixed)
		return bug(m, "arch/i386/mm/pgtable.c:135", "arch/x86/mm/pgtable.c:576", "arch/x86/mm/pgtable.c:646");
	if (m->c.typed || !m->c.pae)
		pa &= VA_MASK; /* unsigned long, or a phys_addr_t of 32 bits */
	if (m->c.typed || (prot & PRESENT))
		prot &= m->c.supported_mask;
	set_pte(m, va, (pa & ~(uint64_t)(MODEL_PAGE - 1)) | prot);
	model_tlb_flush_one(m, cpu, va);
	m->fixmaps_set++;
	return done(va);
}

struct model_result model_virt_to_fix(const struct model *m, uint64_t va)
{
	if (va >= m->c.fixaddr_top || va < m->c.fixaddr_start)
		return bug(m, "include/asm/fixmap.h:153", "include/asm-generic/fixmap.h:37", "include/asm-generic/fixmap.h:38");
	return value((int64_t)((m->c.fixaddr_top - (va & ~(uint64_t)(MODEL_PAGE - 1))) / MODEL_PAGE));
}

/* ---- accesses ---- */

static struct model_tlb *loaded(struct model *m, unsigned cpu, unsigned page)
{
	struct model_tlb *t = &m->tlb[cpu][page];
	return t->generation == m->tlb_generation[cpu] ? t : NULL;
}

static struct model_access walk(struct model *m, unsigned cpu, unsigned page, bool write)
{
	struct model_access a = {.present = m->pte[page] & PRESENT};

	a.fault = !a.present || (write && !(m->pte[page] & RW));
	if (a.fault) {
		m->tlb[cpu][page].generation = 0; /* a fault drops the translation of its page */
		return a;
	}
	m->pte[page] |= ACCESSED | (write ? DIRTY : 0);
	a.pfn = frame_of(m, m->pte[page]);
	m->tlb[cpu][page] = (struct model_tlb){m->tlb_generation[cpu], m->pte[page]};
	return a;
}

struct model_access model_access(struct model *m, unsigned cpu, uint64_t va, bool write, bool hit, uint64_t hit_pfn)
{
	unsigned page = page_number(m, va);
	struct model_tlb *t = loaded(m, cpu, page);

	if (!hit)
		return walk(m, cpu, page, write);
	if (!t || frame_of(m, t->pte) != hit_pfn)
		return (struct model_access){.illegal = true};
	/* A write by an entry that is read-only or clean walks again. */
	if (write && (t->pte & (RW | DIRTY)) != (RW | DIRTY))
		return walk(m, cpu, page, write);
	return (struct model_access){.pfn = hit_pfn};
}
