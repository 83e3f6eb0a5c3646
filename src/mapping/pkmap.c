/* SPDX-License-Identifier: MIT */
/*
 * Persistent kernel mappings: kmap() and its pool. Models mm/highmem.c (map_new_virtual, kmap_high, kunmap_high,
 * flush_all_zero_pkmaps) and kmap()/kunmap() of arch/i386/mm/highmem.c, arch/x86/mm/highmem_32.c, include/linux/highmem.h.
 *
 * Where the cache has colours (the profile's trait cache_colours; one elsewhere), each has its own slots, cursor and queue.
 *
 * Start reading at map_new_virtual_locked(): it is the allocator. pkmap_count's states are described in <fixmap/kmap.h>.
 *
 * Invariants (pkmap_is_valid): free bit set <=> count 0; count 1 => idle bit set; count >= 1 => the PTE shows the slot's page
 * and the page has an address record. A BUG of the simulated kernel may break them, as it does in the kernel.
 *
 * Concurrency: while a slot's count is >= 1, kmap and kunmap of its page move the count by compare-and-swap, without
 * kmap_lock; the word carries the page, so a slot that was flushed and reused in between does not match. A flush takes a slot
 * by the same swap (1 -> 0) and skips it when somebody revived it first. A sleeper announces itself before it looks at the
 * counts a last time, an unmapper changes the count before it looks for sleepers: one of the two sees the other.
 *
 * Lock order: kmap_lock is outermost.
 */
#include "detect.h"
#include "mapping.h"
#include "report.h"
#include "state.h"
#include "trace.h"

#include <stdlib.h>

#define WORD_BITS (8 * sizeof(unsigned long))

static uint64_t slot_word(uint64_t pfn, uint32_t count)
{
	return (pfn + 1) << 32 | count;
}

static uint64_t word_pfn(uint64_t word)
{
	return (word >> 32) - 1;
}

static unsigned char *slot_pte(const struct fxmi_kernel *k, uint32_t nr)
{
	return k->pkmap.pte + (size_t)nr * k->pte_bytes;
}

static void set_bit(unsigned long *map, uint32_t nr)
{
	map[nr / WORD_BITS] |= 1UL << (nr % WORD_BITS);
}

static void clear_bit(unsigned long *map, uint32_t nr)
{
	map[nr / WORD_BITS] &= ~(1UL << (nr % WORD_BITS));
}

/* The first free slot in [from, LAST_PKMAP), or LAST_PKMAP. */
static uint32_t next_free(const struct fxmi_pkmap *p, uint32_t from)
{
	for (uint32_t i = from; i < p->last_pkmap; i = (i / WORD_BITS + 1) * WORD_BITS) {
		unsigned long word = p->free[i / WORD_BITS] >> (i % WORD_BITS);
		if (word)
			return i + (uint32_t)__builtin_ctzl(word);
	}
	return p->last_pkmap;
}

/* get_pkmap_color(): page and slot have the same, so that the cache finds both in one place. */
static uint32_t colour_of(const struct fxmi_pkmap *p, uint64_t pfn)
{
	return (uint32_t)pfn & (p->colours - 1);
}

/* The first free slot of @colour in [from, LAST_PKMAP), or LAST_PKMAP. */
static uint32_t next_free_of(const struct fxmi_pkmap *p, uint32_t from, uint32_t colour)
{
	uint32_t nr = next_free(p, from);

	while (nr < p->last_pkmap && colour_of(p, nr) != colour)
		nr = next_free(p, nr + 1);
	return nr;
}

/*
 * A slot's count has fallen to 1. The bit is sticky: only a flush takes it away, so that a page mapped and unmapped again and
 * again costs a load here.
 */
static void mark_idle(struct fxmi_pkmap *p, uint32_t nr)
{
	_Atomic unsigned long *word = &p->idle[nr / WORD_BITS];
	unsigned long bit = 1UL << (nr % WORD_BITS);
	if (!(atomic_load(word) & bit))
		atomic_fetch_or(word, bit);
}

static bool any_idle(const struct fxmi_pkmap *p, uint32_t colour)
{
	for (uint32_t nr = colour; nr < p->last_pkmap; nr += p->colours)
		if ((p->idle[nr / WORD_BITS] >> (nr % WORD_BITS) & 1) && fxmi_pkmap_count(p, nr) == 1)
			return true;
	return false;
}

/* ---- flush_all_zero_pkmaps ---- */

/* The flush ends here and now. The slots that it has not come to stay idle, and the next one finds them. */
static FXMI_COLD _Noreturn void flush_bug(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t nr, const char *key,
					  const char *why)
{
	struct fxmi_pkmap *p = &k->pkmap;

	for (uint32_t i = nr; i < p->last_pkmap; i++)
		if (fxmi_pkmap_count(p, i) == 1)
			mark_idle(p, i);
	fxmi_bug(cpu, key, &(struct fxmi_subject){.va = fxmi_pkmap_addr(p, nr), .slot_plus_1 = nr + 1},
		 "flush_all_zero_pkmaps: pkmap slot %u is in use but %s", nr, why);
}

/* Takes slot @nr from 1 to 0 and unmaps it. False when it has users (again). */
static bool flush_slot_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t nr)
{
	struct fxmi_pkmap *p = &k->pkmap;
	uint64_t word = atomic_load(&p->slot[nr].word);

	if ((uint32_t)word != 1 || !atomic_compare_exchange_strong(&p->slot[nr].word, &word, 0))
		return false;
	set_bit(p->free, nr);

	uint64_t entry = fxmi_pte_get(slot_pte(k, nr), k->pte_bytes);
	if (!entry)
		flush_bug(cpu, k, nr, "flush_pte_none", "its page-table entry was cleared by somebody else");
	uint64_t pfn = (entry & k->m->desc.format->frame_mask) >> FXM_PAGE_SHIFT;
	fxmi_set_pte(k->m, slot_pte(k, nr), 0);
	if (pfn < k->m->mem.highmem_pfn)
		flush_bug(cpu, k, nr, "set_page_address",
			  "its page-table entry was replaced by somebody else: it shows a lowmem page");
	if (fxmi_pfn_is_ram(k->m, pfn))
		fxmi_set_page_address_locked(cpu, &k->m->mem.mem_map[pfn], 0);
	return true;
}

/* The window shows an idle slot only if it was used after its unmap; drop those pages, neighbours in one call. */
static void end_flushed(struct fxm_vcpu *cpu, struct fxmi_kernel *k, const unsigned long *flushed)
{
	struct fxmi_pkmap *p = &k->pkmap;
	uint32_t run = 0;

	for (uint32_t nr = 0; nr <= p->last_pkmap; nr++) {
		if (nr < p->last_pkmap && (flushed[nr / WORD_BITS] >> (nr % WORD_BITS) & 1)) {
			run++;
		} else if (run) {
			fxmi_window_end_range(cpu, fxmi_pkmap_addr(p, nr - run), run);
			run = 0;
		}
	}
}

static int flush_all_zero_pkmaps_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k)
{
	struct fxmi_pkmap *p = &k->pkmap;
	unsigned long flushed[1024 / WORD_BITS + 1] = {0};
	int n = 0;

	if (k->cache_vivt) /* flush_cache_kmaps() */
		fxmi_op_cache(cpu, "all");
	for (uint32_t i = 0; i * WORD_BITS < p->last_pkmap; i++) {
		unsigned long candidates = atomic_load(&p->idle[i]);
		if (!candidates)
			continue;
		/* Before the counts are looked at: a slot that turns idle from here on sets its bit anew. */
		atomic_fetch_and(&p->idle[i], ~candidates);
		for (; candidates; candidates &= candidates - 1) {
			uint32_t nr = i * WORD_BITS + (uint32_t)__builtin_ctzl(candidates);
			if (flush_slot_locked(cpu, k, nr)) {
				set_bit(flushed, nr);
				n++;
			}
		}
	}
	if (n || k->flush_pkmap_always)
		fxmi_flush_tlb_kernel_range(cpu, p->base, fxmi_pkmap_addr(p, p->last_pkmap));
	if (n && k->m->window->mode != FXM_WINDOW_OFF && k->m->window->mode != FXM_WINDOW_RETAIN)
		end_flushed(cpu, k, flushed);
	fxmi_op_flushed(cpu, n);
	return n;
}

/* ---- map_new_virtual ---- */

static void move_cursor(struct fxmi_pkmap *p, uint32_t colour, uint32_t nr)
{
	p->last_of[colour] = nr;
	__atomic_store_n(&p->last_nr, nr, __ATOMIC_RELAXED);
}

/*
 * The cursor's walk among the slots of @colour: the next free one after it, flushing when it passes the first. LAST_PKMAP when a
 * full pass from the first found every slot in use; the cursor then stands on the last one, as after the kernel's loop.
 */
static uint32_t find_slot_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t colour)
{
	struct fxmi_pkmap *p = &k->pkmap;
	uint32_t nr = next_free_of(p, p->last_of[colour] + 1, colour);

	if (nr == p->last_pkmap) {
		move_cursor(p, colour, colour);
		flush_all_zero_pkmaps_locked(cpu, k);
		nr = next_free_of(p, colour, colour);
	}
	move_cursor(p, colour, nr == p->last_pkmap ? nr - p->colours + colour : nr);
	return nr;
}

static uint64_t take_slot_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page, uint32_t nr)
{
	struct fxmi_pkmap *p = &k->pkmap;
	uint64_t va = fxmi_pkmap_addr(p, nr);
	uint64_t pfn = fxmi_page_pfn(k->m, page);
	uint64_t entry = pfn << FXM_PAGE_SHIFT | k->kmap_prot;

	fxmi_set_pte(k->m, slot_pte(k, nr), entry);
	fxmi_window_begin(cpu, va, entry);
	clear_bit(p->free, nr);
	atomic_store(&p->slot[nr].word, slot_word(pfn, 1));
	mark_idle(p, nr);
	fxmi_set_page_address_locked(cpu, page, va);
	return va;
}

/* Sleeps until the last user of some slot of @colour is gone; @injected: one goes as soon as others have had their turn. */
static void wait_for_slot_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t colour, bool injected)
{
	struct fxmi_pkmap *p = &k->pkmap;
	struct fxmi_wait_queue *queue = &p->map_wait[colour];
	struct fxmi_op *op = fxmi_percpu(cpu)->op;
	struct fxmi_waiter waiter;

	waiter.site = k->record_sites ? fxmi_note_caller(cpu) : 0;
	fxmi_wait_begin_locked(cpu, queue, &waiter);
	if (injected || any_idle(p, colour)) {
		/* An unmapper that did not see us: what follows is as if it had come right after we fell asleep. */
		fxmi_wake_all_locked(cpu, queue);
	} else if (op) {
		fxmi_op_sleeps(cpu, op);
	}
	fxmi_op_pause(cpu, op);
	fxmi_wait_sleep(cpu, &p->kmap_lock, queue, &waiter, "kmap");
	if (fxmi_unlikely(op != NULL)) { /* the trace's lock is outside of kmap_lock */
		fxmi_spin_unlock(cpu, &p->kmap_lock);
		fxmi_op_resume(cpu, op);
		fxmi_spin_lock(cpu, &p->kmap_lock);
	}
}

static uint64_t map_new_virtual_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page)
{
	uint32_t colour = colour_of(&k->pkmap, fxmi_page_pfn(k->m, page));
	bool injected = fxmi_point(cpu, FXMI_POINT_KMAP_POOL);

	for (;; injected = false) {
		uint32_t nr = injected ? k->pkmap.last_pkmap : find_slot_locked(cpu, k, colour);
		if (nr < k->pkmap.last_pkmap)
			return take_slot_locked(cpu, k, page, nr);
		wait_for_slot_locked(cpu, k, colour, injected);
		uint64_t va = fxmi_page_address(k, page);
		if (va)
			return va; /* somebody else mapped it meanwhile */
	}
}

/* ---- kmap_high, kunmap_high ---- */

/* A slot whose mapping ended although its entry stayed has a user again, or has lost its last one. */
static FXMI_COLD void tell_window_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t nr, uint32_t count, uint32_t step)
{
	uint64_t va = fxmi_pkmap_addr(&k->pkmap, nr);

	if (step == 1 && count == 2)
		fxmi_window_begin(cpu, va, fxmi_pte_get(slot_pte(k, nr), k->pte_bytes));
	else if (step != 1 && count == 1)
		fxmi_window_end(cpu, va);
}

/*
 * Moves a count by one wherever it stands. Misuse takes it through 0 and below, where the slot is not free either, and must
 * not carry into or borrow of the page in the upper half.
 */
static uint32_t step_count_locked(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t nr, uint32_t step)
{
	struct fxmi_pkmap *p = &k->pkmap;
	uint64_t word = atomic_load(&p->slot[nr].word);
	uint32_t count;

	do
		count = (uint32_t)word + step;
	while (!atomic_compare_exchange_weak(&p->slot[nr].word, &word, (word & ~(uint64_t)UINT32_MAX) | count));
	if (count)
		clear_bit(p->free, nr);
	else
		set_bit(p->free, nr);
	if (count == 1)
		mark_idle(p, nr);
	if (fxmi_unlikely(k->m->window->wants_users))
		tell_window_locked(cpu, k, nr, count, step);
	return count;
}

/* An idle slot has a user again: what is mapped is the new user's. */
FXMI_INLINE void note_first_user(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t nr, uint32_t count)
{
	if (fxmi_likely(!k->record_sites) || count != 2)
		return;
	fxmi_record_map(&k->pkmap.records, nr, fxmi_note_caller(cpu), cpu->current, NULL);
}

static uint64_t kmap_high(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page)
{
	struct fxmi_pkmap *p = &k->pkmap;
	fxmi_point(cpu, FXMI_POINT_KMAP_CALLED);
	fxmi_spin_lock(cpu, &p->kmap_lock);
	uint64_t va = fxmi_page_address(k, page);
	if (!va)
		va = map_new_virtual_locked(cpu, k, page);
	uint32_t nr = (uint32_t)fxmi_pkmap_nr(p, va);
	uint32_t count = step_count_locked(cpu, k, nr, 1);
	note_first_user(cpu, k, nr, count);
	if ((int32_t)count < 2)
		fxmi_bug(cpu, "kmap_high_count", &(struct fxmi_subject){.page = page, .va = va, .slot_plus_1 = nr + 1},
			 "kmap: the page has an address in pkmap slot %u, but the slot's count was 0: set_page_address() without a "
			 "mapping",
			 nr);
	fxmi_spin_unlock(cpu, &p->kmap_lock);
	fxmi_point(cpu, FXMI_POINT_KMAP_MAPPED);
	return va;
}

static void wake_waiters(struct fxm_vcpu *cpu, struct fxmi_pkmap *p, uint32_t colour)
{
	if (fxmi_likely(!atomic_load(&p->map_wait[colour].waiters)))
		return;
	fxmi_spin_lock(cpu, &p->kmap_lock);
	fxmi_wake_all_locked(cpu, &p->map_wait[colour]);
	fxmi_spin_unlock(cpu, &p->kmap_lock);
}

static FXMI_COLD _Noreturn void kunmap_bug(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page, int nr)
{
	struct fxmi_subject about = {.page = page, .slot_plus_1 = nr + 1};
	unsigned long long pfn = fxmi_page_pfn(k->m, page);
	struct fxmi_mapping other;

	if (nr < 0 && fxmi_mapping_of(cpu, pfn, &other)) {
		about.va = other.va;
		fxmi_about_mapping(&about, &other);
		fxmi_bug(cpu, "kunmap_high_unmapped", &about,
			 "kunmap of page pfn %llx, which kmap() did not map: %s() did, at %llx, and %s() of that address undoes it",
			 pfn, other.call, (unsigned long long)other.va, fxmi_mapping_undo(&other));
	}
	if (nr < 0)
		fxmi_bug(cpu, "kunmap_high_unmapped", &about,
			 "kunmap of page pfn %llx, which has no kmap address: it was never kmapped, or its slot was flushed after "
			 "its last kunmap",
			 pfn);
	about.va = fxmi_pkmap_addr(&k->pkmap, (uint32_t)nr);
	about.mapped_at = k->pkmap.records.mapped_at[nr];
	about.unmapped_at = k->pkmap.records.unmapped_at[nr];
	fxmi_bug(cpu, "kunmap_high_zero", &about, "kunmap of page pfn %llx more often than kmap: pkmap slot %d has no users left",
		 pfn, nr);
}

/* After the count of @nr fell to 1, perhaps without kmap_lock: the slot's next last user may note its site before this one does. */
static void slot_fell_idle(struct fxm_vcpu *cpu, struct fxmi_kernel *k, uint32_t nr)
{
	if (k->record_sites)
		fxmi_record_unmap(&k->pkmap.records, nr, fxmi_note_caller(cpu));
	if (!k->m->window->wants_users) /* else under the lock: a page that has a user again must not be poisoned */
		fxmi_window_end(cpu, fxmi_pkmap_addr(&k->pkmap, nr));
	wake_waiters(cpu, &k->pkmap, colour_of(&k->pkmap, nr));
}

void fxmi_kunmap_high(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page)
{
	struct fxmi_pkmap *p = &k->pkmap;
	fxmi_spin_lock(cpu, &p->kmap_lock);
	uint64_t va = fxmi_page_address(k, page);
	if (!va)
		kunmap_bug(cpu, k, page, -1);
	uint32_t nr = (uint32_t)fxmi_pkmap_nr(p, va);
	uint32_t count = step_count_locked(cpu, k, nr, (uint32_t)-1);
	if (count == 0)
		kunmap_bug(cpu, k, page, (int)nr);
	fxmi_spin_unlock(cpu, &p->kmap_lock);
	if (count != 1)
		return;
	fxmi_point(cpu, FXMI_POINT_KUNMAP_IDLE);
	slot_fell_idle(cpu, k, nr);
}

/*
 * Moves the count of the slot that holds @page by @step if it is at least @least. Returns the slot, -1 when the slow path must
 * decide.
 */
FXMI_INLINE int move_count(struct fxmi_kernel *k, struct fxm_page *page, int32_t least, uint64_t step, uint32_t *count)
{
	uint32_t slot_plus_1 = atomic_load_explicit(&page->pkmap_slot, memory_order_acquire);
	if (!slot_plus_1)
		return -1;
	_Atomic uint64_t *slot = &k->pkmap.slot[slot_plus_1 - 1].word;
	uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);
	do {
		if (word_pfn(word) != fxmi_page_pfn(k->m, page) || (int32_t)word < least)
			return -1;
	} while (!atomic_compare_exchange_weak(slot, &word, word + step));
	*count = (uint32_t)(word + step);
	return (int)slot_plus_1 - 1;
}

uint64_t fxmi_kmap_high_get(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page)
{
	struct fxmi_pkmap *p = &k->pkmap;

	fxmi_spin_lock(cpu, &p->kmap_lock);
	uint64_t va = fxmi_page_address(k, page);
	uint32_t nr = va ? (uint32_t)fxmi_pkmap_nr(p, va) : 0;
	if (va && (int32_t)fxmi_pkmap_count(p, nr) < 1)
		fxmi_bug(cpu, "kmap_high_get_count", &(struct fxmi_subject){.page = page, .va = va, .slot_plus_1 = nr + 1},
			 "kmap_high_get: the page has an address in pkmap slot %u, but the slot's count is 0", nr);
	if (va)
		note_first_user(cpu, k, nr, step_count_locked(cpu, k, nr, 1));
	fxmi_spin_unlock(cpu, &p->kmap_lock);
	return va;
}

/* ---- public ---- */

static FXMI_COLD fxm_va kmap_traced(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page)
{
	struct fxmi_op op;
	uint64_t va;

	fxmi_op_begin(cpu, &op, "kmap", page, 0);
	fxmi_might_sleep(cpu, "kmap_might_sleep");
	va = fxmi_page_pfn(k->m, page) < k->m->mem.highmem_pfn ? fxmi_page_address(k, page) : kmap_high(cpu, k, page);
	op.address = va;
	fxmi_op_end_kmap(cpu, &op);
	return fxm_va_of(va);
}

fxm_va fxm_kmap(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint32_t count;

	if (fxmi_unlikely(!fxmi_page_is_valid(k->m, page)))
		return fxmi_va_error(-EINVAL);
	if (fxmi_unlikely(fxmi_rare(cpu) || k->checks_sleep)) {
		if (fxmi_rare(cpu) || k->debug_atomic_sleep)
			return kmap_traced(cpu, k, page);
		fxmi_might_sleep(cpu, "kmap_might_sleep");
	}
	if (fxmi_page_pfn(k->m, page) < k->m->mem.highmem_pfn)
		return fxm_va_of(fxmi_page_address(k, page));
	if (fxmi_likely(!k->m->window->wants_all)) {
		int nr = move_count(k, page, 1, 1, &count);
		if (fxmi_likely(nr >= 0)) {
			note_first_user(cpu, k, (uint32_t)nr, count);
			return fxm_va_of(fxmi_pkmap_addr(&k->pkmap, (uint32_t)nr));
		}
	}
	return fxm_va_of(kmap_high(cpu, k, page));
}

static void kunmap_context(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page)
{
	if (k->kunmap_bug_in_irq && fxmi_unlikely(fxmi_count_preempt(cpu->counts) & FXMI_INTERRUPT_MASK))
		fxmi_bug(cpu, "kunmap_irq", &(struct fxmi_subject){.page = page},
			 "kunmap in interrupt context: use kmap_atomic there");
	/* A finding, unlike the kernel's report, tells once of a pair. */
	if (k->kunmap_might_sleep && (k->debug_atomic_sleep || !fxmi_sleep_is_told(cpu)))
		fxmi_might_sleep(cpu, "kunmap_might_sleep");
}

static FXMI_COLD void kunmap_traced(struct fxm_vcpu *cpu, struct fxmi_kernel *k, struct fxm_page *page)
{
	struct fxmi_op op;
	fxmi_op_begin(cpu, &op, "kunmap", page, 0);
	kunmap_context(cpu, k, page);
	if (fxmi_page_pfn(k->m, page) >= k->m->mem.highmem_pfn)
		fxmi_kunmap_high(cpu, k, page);
	fxmi_op_end_kmap(cpu, &op);
}

int fxm_kunmap(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uint32_t count;

	if (fxmi_unlikely(!fxmi_page_is_valid(k->m, page)))
		return -EINVAL;
	if (fxmi_unlikely(fxmi_rare(cpu) || k->debug_atomic_sleep)) {
		kunmap_traced(cpu, k, page);
		return 0;
	}
	kunmap_context(cpu, k, page);
	if (fxmi_page_pfn(k->m, page) < k->m->mem.highmem_pfn)
		return 0;
	int nr = fxmi_unlikely(k->m->window->wants_all) ? -1 : move_count(k, page, 2, (uint64_t)-1, &count);
	if (nr < 0) {
		fxmi_kunmap_high(cpu, k, page);
	} else if (count == 1) {
		mark_idle(&k->pkmap, (uint32_t)nr);
		slot_fell_idle(cpu, k, (uint32_t)nr);
	}
	return 0;
}

/* A highmem page of @cpu's machine, or the error. */
static int check_high(const struct fxm_vcpu *cpu, const struct fxm_page *page)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	return fxmi_page_is_valid(cpu->machine, page) && fxm_page_is_highmem(cpu->machine, page) ? 0 : -EINVAL;
}

fxm_va fxm_kmap_high(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	int error = check_high(cpu, page);
	struct fxmi_op op;

	if (error)
		return fxmi_va_error(error);
	fxmi_op_begin(cpu, &op, "kmap_high", page, 0);
	op.address = kmap_high(cpu, fxmi_kernel_of(cpu), page);
	fxmi_op_end_kmap(cpu, &op);
	return fxm_va_of(op.address);
}

int fxm_kunmap_high(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	int error = check_high(cpu, page);
	struct fxmi_op op;

	if (error)
		return error;
	fxmi_op_begin(cpu, &op, "kunmap_high", page, 0);
	fxmi_kunmap_high(cpu, fxmi_kernel_of(cpu), page);
	fxmi_op_end_kmap(cpu, &op);
	return 0;
}

fxm_va fxm_kmap_high_get(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	int error = fxmi_check_cpu(cpu);
	struct fxmi_op op;

	if (!error)
		error = fxmi_kernel_of(cpu)->arm ? check_high(cpu, page) : -ENOSYS;
	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	fxmi_op_begin(cpu, &op, "kmap_high_get", page, 0);
	op.address = k->has_high_get ? fxmi_kmap_high_get(cpu, k, page) : 0;
	fxmi_op_end_kmap(cpu, &op);
	return fxm_va_of(op.address);
}

fxm_va fxm_map_new_virtual(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	int error = check_high(cpu, page);
	struct fxmi_op op;

	if (error)
		return fxmi_va_error(error);
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	fxmi_op_begin(cpu, &op, "map_new_virtual", page, 0);
	fxmi_spin_lock(cpu, &k->pkmap.kmap_lock);
	op.address = map_new_virtual_locked(cpu, k, page);
	fxmi_spin_unlock(cpu, &k->pkmap.kmap_lock);
	fxmi_op_end_kmap(cpu, &op);
	return fxm_va_of(op.address);
}

static int flush_unused(struct fxm_vcpu *cpu, const char *name)
{
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	struct fxmi_op op;

	fxmi_op_begin(cpu, &op, name, NULL, 0);
	fxmi_spin_lock(cpu, &k->pkmap.kmap_lock);
	int n = flush_all_zero_pkmaps_locked(cpu, k);
	fxmi_spin_unlock(cpu, &k->pkmap.kmap_lock);
	fxmi_op_end_kmap(cpu, &op);
	return n;
}

int fxm_flush_all_zero_pkmaps(struct fxm_vcpu *cpu)
{
	int error = fxmi_check_cpu(cpu);
	return error ? error : flush_unused(cpu, "flush_all_zero_pkmaps");
}

int fxm_kmap_flush_unused(struct fxm_vcpu *cpu)
{
	int error = fxmi_check_cpu(cpu);
	if (error)
		return error;
	return fxmi_has(fxmi_kernel_of(cpu), "kmap_flush_unused") ? flush_unused(cpu, "kmap_flush_unused") : -ENOSYS;
}

void fxm_get_pkmap(struct fxm_machine *m, struct fxm_pkmap *out)
{
	if (!m || !out)
		return;
	const struct fxmi_pkmap *p = &fxmi_kernel(m)->pkmap;
	*out = (struct fxm_pkmap){.last_pkmap = p->last_pkmap, .last_pkmap_nr = fxmi_pkmap_cursor(p), .waiters = 0};
	for (uint32_t colour = 0; colour < p->colours; colour++)
		out->waiters += p->map_wait[colour].waiters;
	for (uint32_t nr = 0; nr < p->last_pkmap; nr++) {
		int32_t count = (int32_t)fxmi_pkmap_count(p, nr);
		out->used += count >= 2;
		out->idle += count == 1;
	}
}

int fxm_pkmap_count(struct fxm_machine *m, uint32_t slot, struct fxm_page **page)
{
	if (!m)
		return -EINVAL;
	const struct fxmi_pkmap *p = &fxmi_kernel(m)->pkmap;
	if (slot >= p->last_pkmap)
		return -ENOENT;
	uint64_t word = atomic_load(&p->slot[slot].word);
	if (page)
		*page = (uint32_t)word ? fxm_page_of_pfn(m, word_pfn(word)) : NULL;
	return (int)(uint32_t)word;
}

/* ---- life ---- */

int fxmi_pkmap_init(struct fxmi_kernel *k)
{
	struct fxmi_pkmap *p = &k->pkmap;
	size_t slots = p->last_pkmap + 1; /* one to spare: without HIGHMEM there are none */
	size_t words = slots / WORD_BITS + 1;

	p->slot = calloc(slots, sizeof(*p->slot));
	p->free = calloc(words, sizeof(*p->free));
	p->idle = calloc(words, sizeof(*p->idle));
	p->record_seq = calloc(slots, sizeof(*p->record_seq));
	p->record_page = calloc(slots, sizeof(*p->record_page));
	p->record_slot = calloc(slots, sizeof(*p->record_slot));
	p->has_record_pool = fxmi_trait(k->layout, FXMI_TRAIT_page_address_pool);
	if (!p->slot || !p->free || !p->idle || !p->record_seq || !p->record_page || !p->record_slot ||
	    fxmi_records_init(&p->records, p->last_pkmap))
		return -ENOMEM;
	fxmi_spin_init(&p->kmap_lock, "kmap_lock");
	fxmi_pkmap_reset(k);
	return 0;
}

void fxmi_pkmap_reset(struct fxmi_kernel *k)
{
	struct fxmi_pkmap *p = &k->pkmap;

	fxm_assert_internal(!p->kmap_lock.holder);
	memset(p->slot, 0, p->used * sizeof(*p->slot));
	memset(p->record_seq, 0, p->used * sizeof(*p->record_seq));
	memset(p->record_page, 0, p->used * sizeof(*p->record_page));
	memset(p->record_slot, 0, p->used * sizeof(*p->record_slot));
	memset(p->map_wait, 0, sizeof(p->map_wait));
	fxmi_records_clear(&p->records, p->used);
	for (uint32_t nr = 0; nr < p->last_pkmap; nr += WORD_BITS) {
		p->free[nr / WORD_BITS] = p->last_pkmap - nr < WORD_BITS ? (1ul << (p->last_pkmap - nr)) - 1 : ~0ul;
		p->idle[nr / WORD_BITS] = 0;
	}
	for (uint32_t colour = 0; colour < p->colours; colour++)
		p->last_of[colour] = colour;
	p->next_seq = p->last_nr = p->used = 0;
	p->is_irregular = false;
}

void fxmi_pkmap_free(struct fxmi_kernel *k)
{
	struct fxmi_pkmap *p = &k->pkmap;
	if (p->records.more)
		fxmi_spin_destroy(&p->kmap_lock);
	free(p->slot);
	free(p->free);
	free(p->idle);
	free(p->record_seq);
	free(p->record_page);
	free(p->record_slot);
	fxmi_records_free(&p->records);
}
