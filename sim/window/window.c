/* SPDX-License-Identifier: MIT */
/*
 * The window: the host's page table as a second-level TLB of the simulated one.
 *
 *   reserved                                                    reserved + reserved_bytes
 *   |  direct map: frames from 0 on, one shared mapping  | hole | pkmap, fixmap: lazy, page by page | hole |
 *
 * Simulated address a lies at host address a + delta; delta is 0 under identity, else a multiple of 4 GiB. A 64-bit kernel whose
 * direct map and fixmap lie further apart than a host's addresses reach has another delta above the hole between them.
 *
 * Under AddressSanitizer a page that retain keeps is poisoned from the end of its mapping to the begin of the next (poison.c).
 *
 * A lazy page is in one of three states. Its bit in `resident` is clear: PROT_NONE. The bit is set and shown_pfn is
 * FXMI_NOT_MAPPED: a fault handler is about to map it. The bit is set and shown_pfn is a frame: mapped. All changes happen under
 * window.lock; nr_resident counts the bits.
 *
 * The bit is also how the owner of a mapping and the handler on another thread meet:
 *
 *   handler: set the bit; barrier on all threads; read the PTE; map
 *   owner:   write the PTE; compiler barrier; read nr_resident or the bit; if set, come here and wait for the lock
 *
 * Whatever way the two interleave, the handler reads the new PTE or the owner sees the bit, and the owner pays no fence. An
 * owner that finds a page claimed but not mapped takes the claim away; the handler notices and starts again.
 *
 * Revoked pages become plain PROT_NONE again, so that they merge with their neighbours: the host allows some 65000 areas.
 * window.lock is taken inside a lock of src/; no callback runs under it.
 */
#include "lanes.h"
#include "window_internal.h"

#include <errno.h>

/* ---- begin and end --------------------------------------------------------------------------------------------------------- */

static bool has(uint64_t entry, uint64_t bits)
{
	return (entry & bits) == bits;
}

/* What may be shown of @entry without an access that the hardware would record in it. */
static bool may_read(const struct fxmi_pt_format *f, uint64_t entry)
{
	return has(entry, f->present | f->accessed);
}

static bool may_write(const struct fxmi_pt_format *f, uint64_t entry)
{
	return has(entry, f->present | f->accessed | f->write | f->dirty);
}

static uint64_t entry_pfn(const struct fxmi_pt_format *f, uint64_t entry)
{
	return fxmi_page_pa(f, entry) >> FXM_PAGE_SHIFT;
}

static void begin_locked(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t n, uint64_t entry)
{
	const struct fxmi_pt_format *f = m->desc.format;
	uint64_t pfn = entry_pfn(f, entry), shown = fxmi_shown_pfn(seg, n);
	bool eager = m->window->mode == FXM_WINDOW_EAGER;
	bool replaces = eager || (m->window->mode == FXM_WINDOW_RETAIN && shown != FXMI_NOT_MAPPED);
	bool writable = may_write(f, entry), is_writable = seg->page[n].writable;

	fxm_assert_internal(n < seg->size >> FXM_PAGE_SHIFT);
	fxmi_unpoison(seg, n);
	/* The right frame, with no permission too much; one too few is what the next fault is for, unless there should be none. */
	if ((entry & f->present) && shown == pfn && (is_writable == writable || (writable && !eager)))
		return;
	if (replaces && may_read(f, entry) && fxmi_pfn_is_ram(m, pfn))
		fxmi_resident_show(m, seg, n, pfn, writable);
	else
		fxmi_resident_withdraw(m, seg, n, n + 1);
}

/* The common case of retain: the slot shows this very frame, and the handler could not have shown more of it. */
static bool is_settled(const struct fxm_machine *m, const struct fxmi_segment *seg, uint64_t n, uint64_t entry)
{
	return fxmi_shown_pfn(seg, n) == entry_pfn(m->desc.format, entry) &&
	       __atomic_load_n(&seg->page[n].writable, __ATOMIC_RELAXED) &&
	       !__atomic_load_n(&seg->page[n].poisoned, __ATOMIC_RELAXED) && may_write(m->desc.format, entry);
}

void fxmi_window_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry)
{
	fxmi_residents_begin(cpu, va, entry);
	if (cpu->machine->lanes)
		fxmi_lanes_begin(cpu, va, entry);
}

void fxmi_residents_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry)
{
	struct fxm_machine *m = cpu->machine;
	struct fxmi_segment *seg = m->window->mode == FXM_WINDOW_OFF ? NULL : fxmi_lazy_segment(m->window, va);

	if (!seg)
		return;
	uint64_t n = fxmi_lazy_index(seg, va);
	entry = fxmi_pte_view(m->desc.format, entry);
	if (m->window->mode != FXM_WINDOW_EAGER && (!fxmi_is_resident(seg->resident, n) || is_settled(m, seg, n, entry)))
		return;
	pthread_mutex_lock(&m->window->lock);
	begin_locked(m, seg, n, entry);
	pthread_mutex_unlock(&m->window->lock);
}

void fxmi_window_end(struct fxm_vcpu *cpu, uint64_t va)
{
	fxmi_window_end_range(cpu, va, 1);
}

/* The part of [@va, @va + @n pages) that lies in @seg, as page indices. */
static bool clip(const struct fxmi_segment *seg, uint64_t va, uint64_t n, uint64_t *from, uint64_t *to)
{
	uint64_t end = va + (n << FXM_PAGE_SHIFT), seg_end = seg->start + seg->size;

	fxm_assert_internal(va % FXM_PAGE_SIZE == 0);
	va = va > seg->start ? va : seg->start;
	end = end < seg_end ? end : seg_end;
	*from = fxmi_lazy_index(seg, va);
	*to = fxmi_lazy_index(seg, end);
	return va < end;
}

static void poison_shown(struct fxmi_segment *seg, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n < to; n++)
		if (fxmi_shown_pfn(seg, n) != FXMI_NOT_MAPPED)
			fxmi_poison(seg, n);
}

static void end_segment(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t from, uint64_t to)
{
	while (from < to && !fxmi_is_resident(seg->resident, from))
		from++;
	while (from < to && !fxmi_is_resident(seg->resident, to - 1))
		to--;
	if (from == to)
		return;
	pthread_mutex_lock(&m->window->lock);
	if (m->window->poisons)
		poison_shown(seg, from, to);
	else
		fxmi_resident_withdraw(m, seg, from, to);
	pthread_mutex_unlock(&m->window->lock);
}

void fxmi_window_end_range(struct fxm_vcpu *cpu, uint64_t va, uint64_t n)
{
	fxmi_residents_end(cpu, va, n);
	if (cpu->machine->lanes)
		fxmi_lanes_end(cpu, va, n);
}

void fxmi_residents_end(struct fxm_vcpu *cpu, uint64_t va, uint64_t n)
{
	struct fxmi_window *w = cpu->machine->window;
	uint64_t from, to;

	if (w->mode == FXM_WINDOW_OFF || (w->mode == FXM_WINDOW_RETAIN && !w->poisons))
		return;
	for (unsigned i = 0; i < w->nr_segments; i++)
		if (w->segment[i].lazy && clip(&w->segment[i], va, n, &from, &to))
			end_segment(cpu->machine, &w->segment[i], from, to);
}

/* ---- a touch ----------------------------------------------------------------------------------------------------- */

/* One page being made resident for an access. What has been told is not asked again. */
struct touch {
	struct fxm_vcpu *cpu;
	struct fxmi_segment *seg;
	uint64_t va, n;
	enum fxm_access access;
	bool foreign; /* the thread does not sit on cpu */
	bool told_ended, told_device;
	struct fxm_fault fault;
};

enum outcome { SHOWN, FAULTS, ENDED, DEVICE, TRY_AGAIN };

static bool asks_life(const struct touch *t)
{
	enum fxm_window_mode mode = t->cpu->machine->window->mode;

	return !t->told_ended && mode != FXM_WINDOW_RETAIN && fxmi_callback(t->cpu->machine, is_live);
}

static void describe_fault(struct touch *t, const struct fxmi_translation *at)
{
	t->fault = (struct fxm_fault){
		.address = fxm_va_of(t->va),
		.access = t->access,
		.code = 1u | (t->access == FXM_WRITE ? 2u : 0) | (t->access == FXM_EXEC ? 16u : 0),
		.present = true,
		.pte = t->cpu->machine->desc.format->decode ? fxm_pte_at(t->cpu->machine, fxm_va_of(t->va)) : fxm_pte_of(at->entry),
		.level = t->cpu->machine->desc.format->levels - 1,
	};
}

/* The walk that the access makes. Host pages are never executable, whatever the entry says. */
static enum outcome walk(struct touch *t, struct fxmi_translation *at)
{
	if (!fxmi_translate(t->cpu->machine, t->va, t->access, at, &t->fault))
		return FAULTS;
	describe_fault(t, at);
	if (t->access == FXM_EXEC)
		return FAULTS;
	return at->host || t->told_device ? SHOWN : DEVICE;
}

/* Marks the page as about to be mapped, so that from here on its owner comes to us. window.lock held. */
static void claim_locked(struct touch *t)
{
	struct fxm_machine *m = t->cpu->machine;

	fxm_assert_internal(t->seg->lazy && t->n < t->seg->size >> FXM_PAGE_SHIFT);
	fxmi_resident_set(m->window, t->seg, t->n);
	if (t->foreign || m->cpus_online > 1)
		fxmi_barrier_all_threads();
}

static void disclaim_locked(struct touch *t)
{
	if (fxmi_shown_pfn(t->seg, t->n) == FXMI_NOT_MAPPED)
		fxmi_resident_clear(t->cpu->machine->window, t->seg, t->n);
}

/* Is the mapping alive? The answer may come from src/, so the lock is dropped; a claim lost meanwhile means that things changed. */
static enum outcome ask_life_locked(struct touch *t)
{
	struct fxm_machine *m = t->cpu->machine;

	if (!asks_life(t))
		return SHOWN;
	pthread_mutex_unlock(&m->window->lock);
	bool live = m->desc.callbacks->is_live(m, t->va & ~(uint64_t)(FXM_PAGE_SIZE - 1));
	pthread_mutex_lock(&m->window->lock);
	return !fxmi_is_resident(t->seg->resident, t->n) ? TRY_AGAIN : live ? SHOWN : ENDED;
}

static enum outcome touch_locked(struct touch *t)
{
	struct fxm_machine *m = t->cpu->machine;
	struct fxmi_translation at;

	claim_locked(t);
	enum outcome outcome = walk(t, &at);
	if (outcome != FAULTS) {
		enum outcome life = ask_life_locked(t);

		/* The entry may have changed, and its bits with it. */
		outcome = life == SHOWN ? walk(t, &at) : life;
	}
	fxm_assert_internal(outcome != SHOWN || at.host || t->told_device);
	fxm_assert_internal(outcome != SHOWN || t->access != FXM_WRITE || at.writable);
	if (outcome == SHOWN)
		fxmi_resident_show(m, t->seg, t->n, at.pfn, at.writable && (t->access == FXM_WRITE || at.dirty));
	else
		disclaim_locked(t);
	return outcome;
}

static enum outcome touch(struct touch *t)
{
	pthread_mutex_t *lock = &t->cpu->machine->window->lock;
	enum outcome outcome;

	do {
		pthread_mutex_lock(lock);
		outcome = touch_locked(t);
		pthread_mutex_unlock(lock);
	} while (outcome == TRY_AGAIN);
	return outcome;
}

void fxmi_window_fault(struct fxm_vcpu *cpu, struct fxmi_segment *seg, uint64_t va, enum fxm_access access, uintptr_t pc)
{
	struct touch t = {
	    .cpu = cpu, .seg = seg, .va = va, .n = fxmi_lazy_index(seg, va), .access = access, .foreign = fxmi_self != cpu};
	enum outcome outcome;

	if (cpu->machine->watched && !t.foreign)
		fxmi_watch(cpu, FXMI_WATCH_FIRST, va, access, 0, pc);
	while ((outcome = touch(&t)) != SHOWN) {
		if (outcome == ENDED)
			t.told_ended = true;
		else if (outcome == DEVICE)
			t.told_device = true;
		fxmi_trap(cpu,
			  outcome == ENDED    ? FXMI_TRAP_ENDED
			  : outcome == DEVICE ? FXMI_TRAP_DEVICE
					      : FXMI_TRAP_FAULT,
			  &t.fault, pc);
	}
}

void fxmi_window_show(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t va, uint64_t pfn, bool writable)
{
	uint64_t n = fxmi_lazy_index(seg, va);

	if (fxmi_is_resident(seg->resident, n) && fxmi_shown_pfn(seg, n) == pfn &&
	    (!writable || __atomic_load_n(&seg->page[n].writable, __ATOMIC_RELAXED)))
		return;
	pthread_mutex_lock(&m->window->lock);
	fxmi_resident_show(m, seg, n, pfn, writable);
	pthread_mutex_unlock(&m->window->lock);
}

static int prefault_page(struct fxm_vcpu *cpu, uint64_t va)
{
	struct fxmi_window *w = cpu->machine->window;
	struct fxmi_segment *lazy = fxmi_lazy_segment(w, va);

	if (!lazy) {
		uint64_t ram = cpu->machine->mem.nr_frames << FXM_PAGE_SHIFT;

		for (unsigned i = 0; i < w->nr_segments; i++)
			if (!w->segment[i].lazy && va - w->segment[i].start < (w->segment[i].size < ram ? w->segment[i].size : ram))
				return 0;
		return -EFAULT;
	}
	struct touch t = {
	    .cpu = cpu, .seg = lazy, .va = va, .n = fxmi_lazy_index(lazy, va), .access = FXM_WRITE, .foreign = fxmi_self != cpu};
	enum outcome outcome = touch(&t);
	if (outcome == FAULTS) {
		t.access = FXM_READ;
		outcome = touch(&t);
	}
	return outcome == SHOWN ? 0 : -EFAULT;
}

int fxm_prefault(struct fxm_vcpu *cpu, fxm_va va, size_t len)
{
	if (!cpu)
		return -EINVAL;
	if (fxmi_rare(cpu) & FXMI_RARE_DEAD)
		return -ECHILD;
	if (cpu->machine->window->mode == FXM_WINDOW_OFF)
		return -ENOTSUP;
	if (len && va.v + len - 1 < va.v)
		return -EFAULT;
	for (uint64_t at = va.v & ~(uint64_t)(FXM_PAGE_SIZE - 1); len && at <= va.v + (len - 1); at += FXM_PAGE_SIZE) {
		int error = prefault_page(cpu, at);

		if (error)
			return error;
	}
	return 0;
}

/* ---- addresses and numbers --------------------------------------------------------------------------------------- */

enum fxm_window_mode fxm_window_mode(const struct fxm_machine *m)
{
	return m ? m->window->mode : FXM_WINDOW_OFF;
}

bool fxm_window_is_identity(const struct fxm_machine *m)
{
	return m && m->window->identity;
}

void *fxm_host(const struct fxm_machine *m, fxm_va va)
{
	if (!m || m->window->mode == FXM_WINDOW_OFF)
		return NULL;
	if (m->dead)
		fxmi_die_forked();
	for (unsigned i = 0; i < m->window->nr_segments; i++) {
		const struct fxmi_segment *seg = &m->window->segment[i];

		if (va.v - seg->start >= seg->size)
			continue;
		/* Whoever asks will use it. The handler that this wants is put back in front if somebody took its place. */
		if (seg->lazy && !fxmi_is_resident(seg->resident, fxmi_lazy_index(seg, va.v)))
			fxmi_segv_rearm();
		return seg->host + (va.v - seg->start);
	}
	return NULL;
}

fxm_va fxm_va_of_host(const struct fxm_machine *m, const void *host)
{
	uintptr_t p = (uintptr_t)host;

	return fxm_va_of(m && fxmi_window_contains(m, p) ? fxmi_window_va(m->window, p) : p);
}

void fxm_get_window_stats(const struct fxm_machine *m, struct fxm_window_stats *out)
{
	if (!m || !out)
		return;
	*out = (struct fxm_window_stats){
		.faults = m->window->faults,
		.system_calls = m->window->system_calls,
		.resident = m->window->nr_resident,
	};
}

void fxm_window_rearm(void)
{
	fxmi_segv_rearm();
}
