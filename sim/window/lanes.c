/* SPDX-License-Identifier: MIT */
/*
 * The aliases of RAM: made, handed out, given back. lanes.h says what they are.
 *
 * The aliases are one reservation, a power of two of lanes, each as many pages as the next power of two above RAM, and at least
 * 4 GiB: then the low half of a pointer is the same in every lane, and a pointer that was cut to 32 bits and printed can be
 * recognised. What lies behind RAM in each lane stays unmapped. Words, places and the rest are sparse: what is never mapped costs
 * nothing.
 *
 * lanes.lock guards what an alias page shows, and is a leaf.
 */
#include "lanes.h"
#include "window_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

const _Atomic uint64_t fxmi_always = 1;

enum { LANES = 16, LEAST_LANES = 4, LANE_BITS = 32 - FXM_PAGE_SHIFT };

/* The low half of the first alias: no address of a simulated kernel or physical memory that is often printed looks like it. */
#define LOW_HALF UINT64_C(0x5a5a5000)
#define FOUR_GIB (UINT64_C(1) << 32)

static void *sparse(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static unsigned lane_shift_for(uint64_t frames)
{
	unsigned shift = LANE_BITS;

	while (UINT64_C(1) << shift <= frames) /* at least one page behind RAM is nobody's */
		shift++;
	return shift;
}

/* Reserves and fills @lanes aliases; NULL: the host has no room. */
static unsigned char *make_aliases(struct fxm_machine *m, unsigned lanes, unsigned shift)
{
	uint64_t lane = UINT64_C(1) << (shift + FXM_PAGE_SHIFT), bytes = lane * lanes, ram = m->mem.nr_frames << FXM_PAGE_SHIFT;
	unsigned char *p = mmap(NULL, bytes + 2 * FOUR_GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	uint64_t skip = (LOW_HALF - (uintptr_t)p) & (FOUR_GIB - 1);
	skip += skip < FXM_PAGE_SIZE ? FOUR_GIB : 0; /* the page before the first is nobody's */
	munmap(p + skip + bytes, 2 * FOUR_GIB - skip);
	munmap(p, skip);
	p += skip;
	bool good = true;
	for (unsigned i = 0; good && i < lanes; i++)
		good = mmap(p + i * lane, ram, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, m->mem.memfd, 0) != MAP_FAILED;
	if (good && !madvise(p, bytes, MADV_DONTFORK))
		return p;
	munmap(p, bytes);
	return NULL;
}

/* Grants of alias page @page were taken back: it is no vCPU's hot page any more. */
static void cool(struct fxm_machine *m, uint64_t page)
{
	uintptr_t host = (uintptr_t)m->lanes->host + (page << FXM_PAGE_SHIFT);

	for (unsigned i = 0; i < m->cpus_online; i++)
		for (unsigned n = 0; n < 2; n++) {
			uintptr_t hot = host;

			atomic_compare_exchange_strong(&m->vcpu[i]->view.hot[n], &hot, FXMI_NOT_HOT);
		}
}

/* Nobody is granted alias page @page any more until the TLB says so again. */
static void take_back(struct fxm_machine *m, uint64_t page)
{
	uint64_t granted = FXMI_WORD_READ | FXMI_WORD_WRITE;

	if (atomic_fetch_and(&m->lanes->word[page], ~granted) & granted)
		cool(m, page);
}

/* Who had it mapped when it was given back is granted nothing any more. */
static void frames_freed(struct fxm_machine *m, uint64_t pfn, unsigned order)
{
	struct fxmi_lanes *l = m->lanes;
	uint64_t pages = fxmi_alias_pages(l);

	for (uint64_t end = pfn + (UINT64_C(1) << order); l->host && pfn < end; pfn++)
		for (uint64_t page = l->turn[pfn] ? pfn : pages; page < pages; page += UINT64_C(1) << l->shift)
			if (atomic_load(&l->word[page]) & FXMI_WORD_LIVE)
				take_back(m, page);
}

void fxmi_lanes_drop(struct fxm_machine *m)
{
	struct fxmi_lanes *l = m->lanes;

	if (l->host || l->spare) {
		unsigned char *host = l->host ? l->host : l->spare;

		munmap(host, fxmi_alias_pages(l) << FXM_PAGE_SHIFT);
		fxmi_gone_add(host, fxmi_alias_pages(l) << FXM_PAGE_SHIFT);
	}
	if (l->word)
		munmap(l->word, fxmi_alias_pages(l) * sizeof(*l->word));
	if (l->places)
		munmap(l->places, fxmi_alias_pages(l) * sizeof(*l->places));
	if (l->shows)
		munmap(l->shows, fxmi_alias_pages(l) * sizeof(*l->shows));
	if (l->turn)
		munmap(l->turn, m->mem.nr_frames);
	l->host = l->spare = NULL;
	l->has_moved = false;
	l->word = NULL;
	l->places = NULL;
	l->shows = NULL;
	l->turn = NULL;
}

static bool add_aliases(struct fxm_machine *m)
{
	struct fxmi_lanes *l = m->lanes;

	if (l->spare) {
		l->host = l->spare;
		l->spare = NULL;
		return true;
	}
	l->shift = lane_shift_for(m->mem.nr_frames);
	for (l->nr = LANES; !l->host && l->nr >= LEAST_LANES; l->nr /= 2)
		if ((l->host = make_aliases(m, l->nr, l->shift)))
			break;
	if (!l->host)
		return false;
	l->word = sparse(fxmi_alias_pages(l) * sizeof(*l->word));
	l->places = sparse(fxmi_alias_pages(l) * sizeof(*l->places));
	l->shows = sparse(fxmi_alias_pages(l) * sizeof(*l->shows));
	l->turn = sparse(m->mem.nr_frames);
	if (l->word && l->places && l->shows && l->turn)
		return true;
	fxmi_lanes_drop(m);
	return false;
}

static void free_slots(struct fxmi_lanes *l)
{
	if (l->kind)
		munmap(l->kind, FXMI_SLOTS * sizeof(*l->kind));
	if (l->told)
		munmap(l->told, FXMI_SLOTS * sizeof(*l->told));
	if (l->alias_of)
		munmap(l->alias_of, FXMI_SLOTS * sizeof(*l->alias_of));
}

int fxmi_lanes_init(struct fxm_machine *m)
{
	if (m->window->mode != FXM_WINDOW_CHECKED)
		return 0;
	m->lanes = calloc(1, sizeof(*m->lanes));
	if (!m->lanes)
		return -ENOMEM;
	pthread_mutex_init(&m->lanes->lock, NULL);
	m->mem.freed = frames_freed;
	return fxmi_frames_watch(m) ? 0 : -ENOMEM;
}

void fxmi_lanes_free(struct fxm_machine *m)
{
	struct fxmi_lanes *l = m->lanes;

	if (!l)
		return;
	fxmi_lanes_drop(m);
	m->mem.freed = NULL;
	free_slots(l);
	pthread_mutex_destroy(&l->lock);
	free(l);
	m->lanes = NULL;
}

/* The pages are gone, and no access is judged; the addresses stay on record, so that the handler can name their use. */
void fxmi_lanes_after_fork(struct fxm_machine *m)
{
	if (!m->lanes)
		return;
	if (m->lanes->spare)
		munmap(m->lanes->spare, fxmi_alias_pages(m->lanes) << FXM_PAGE_SHIFT);
	if (m->lanes->host)
		munmap(m->lanes->host, fxmi_alias_pages(m->lanes) << FXM_PAGE_SHIFT);
	for (unsigned n = 0; n < m->cpus_online; n++) {
		struct fxmi_view *v = &m->vcpu[n]->view;

		v->alias_bytes = v->direct_bytes = v->slots_bytes = 0;
		fxmi_view_cool(v);
	}
}

bool fxmi_lanes_contain(const struct fxm_machine *m, uintptr_t host)
{
	const struct fxmi_lanes *l = m->lanes;
	const unsigned char *first = !l ? NULL : l->host ? l->host : l->spare;

	return first && host - (uintptr_t)first < fxmi_alias_pages(l) << FXM_PAGE_SHIFT;
}

int fxmi_lanes_slots(struct fxm_machine *m, uint64_t va, uint64_t end)
{
	struct fxmi_lanes *l = m->lanes;
	uint64_t slots = end <= FXMI_SLOTS << FXM_PAGE_SHIFT ? (end - va) >> FXM_PAGE_SHIFT : 0;

	if (!l || (l->kind && l->slots_va == va && l->slots == slots))
		return 0;
	free_slots(l);
	l->slots_va = va;
	l->slots = slots;
	l->first = FXMI_SLOTS;
	l->kind = sparse(FXMI_SLOTS * sizeof(*l->kind));
	l->told = sparse(FXMI_SLOTS * sizeof(*l->told));
	l->alias_of = sparse(FXMI_SLOTS * sizeof(*l->alias_of));
	return l->kind && l->told && l->alias_of ? 0 : -ENOMEM;
}

void fxmi_lanes_kind(struct fxm_machine *m, uint64_t va, uint64_t pages, enum fxmi_slot_kind kind)
{
	struct fxmi_lanes *l = m->lanes;

	if (l && kind != FXMI_SLOT_PLAIN && va >> FXM_PAGE_SHIFT < l->first)
		l->first = va >> FXM_PAGE_SHIFT;
	for (uint64_t slot = va >> FXM_PAGE_SHIFT; l && l->slots && pages-- && slot < FXMI_SLOTS; slot++)
		l->kind[slot] = (unsigned char)kind;
}

/* ---- what an alias page shows. lanes.lock held ---- */

static void show_locked(struct fxm_machine *m, uint64_t page, uint64_t pfn)
{
	struct fxmi_lanes *l = m->lanes;
	uint64_t own = page & ((UINT64_C(1) << l->shift) - 1);

	fxm_assert_internal(page < fxmi_alias_pages(l) && own < m->mem.nr_frames);
	if (l->shows[page] == (pfn == own ? 0 : (uint32_t)pfn + 1))
		return;
	fxmi_window_remap(m, l->host + (page << FXM_PAGE_SHIFT), pfn);
	l->shows[page] = pfn == own ? 0 : (uint32_t)pfn + 1;
	l->has_moved = true;
	if (pfn == own)
		atomic_fetch_and(&l->word[page], ~(uint64_t)FXMI_WORD_MOVED);
	else
		atomic_fetch_or(&l->word[page], FXMI_WORD_MOVED);
}

void fxmi_lane_show(struct fxm_machine *m, uint64_t page, uint64_t pfn)
{
	uint64_t own = page & ((UINT64_C(1) << m->lanes->shift) - 1);
	sigset_t all, before;

	if (__atomic_load_n(&m->lanes->shows[page], __ATOMIC_RELAXED) == (pfn == own ? 0 : (uint32_t)pfn + 1))
		return;
	sigfillset(&all); /* a handler may make an access, too */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pthread_mutex_lock(&m->lanes->lock);
	show_locked(m, page, pfn);
	pthread_mutex_unlock(&m->lanes->lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- begin and end ---- */

/* The page of @va in the arrays of slots; beyond their end for an address that has none. */
static uint64_t slot_of(uint64_t va)
{
	return va >> FXM_PAGE_SHIFT;
}

static void end_page(struct fxm_vcpu *cpu, uint64_t slot, uintptr_t place)
{
	const struct fxmi_view *v = &cpu->view;
	uint64_t page = v->alias_of[slot];

	if (!page--)
		return;
	fxm_assert_internal(page < v->alias_bytes >> FXM_PAGE_SHIFT);
	uint64_t word = fxmi_word(v, page);

	while (word & FXMI_WORD_LIVE && fxmi_word_va(word) == slot << FXM_PAGE_SHIFT)
		if (atomic_compare_exchange_weak(&v->word[page], &word,
						 (word & ~(uint64_t)(FXMI_WORD_READ | FXMI_WORD_WRITE | FXMI_WORD_LIVE)) |
						     FXMI_WORD_ENDED)) {
			if (word & FXMI_WORD_READ)
				cool(cpu->machine, page);
			if (place)
				v->places[page].unmapped = place;
			return;
		}
}

/* The next lane of @pfn that is not in use; odd frames have the odd ones. UINT64_MAX: all are. */
static uint64_t claim(struct fxm_vcpu *cpu, uint64_t pfn, uint64_t begun)
{
	const struct fxmi_view *v = &cpu->view;

	fxm_assert_internal(fxmi_pfn_is_ram(cpu->machine, pfn) && begun & FXMI_WORD_LIVE);
	for (unsigned tries = (v->lane_mask + 1) / 2; tries; tries--) {
		unsigned turn = __atomic_load_n(&v->turn[pfn], __ATOMIC_RELAXED) + 1u;
		uint64_t page = ((turn * 2 + (unsigned)pfn) & v->lane_mask) * v->lane_pages + pfn;
		uint64_t old = fxmi_word(v, page);

		__atomic_store_n(&v->turn[pfn], (unsigned char)turn, __ATOMIC_RELAXED);
		if (old & (FXMI_WORD_LIVE | FXMI_WORD_AWAY))
			continue;
		if (old & FXMI_WORD_MOVED) {
			fxmi_lane_show(cpu->machine, page, pfn);
			old = fxmi_word(v, page);
		}
		if (atomic_compare_exchange_strong(&v->word[page], &old, begun | (old & FXMI_WORD_ENDED) * FXMI_WORD_REUSED_BY))
			return page;
	}
	return UINT64_MAX;
}

uintptr_t fxmi_lane_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t pfn, bool is_bound, uintptr_t place)
{
	const struct fxmi_view *v = &cpu->view;
	uint64_t slot = slot_of(va), page = v->alias_of[slot];

	if (page--) {
		uint64_t word = fxmi_word(v, page), own = page & (v->lane_pages - 1);

		if (word & FXMI_WORD_LIVE && fxmi_word_va(word) == slot << FXM_PAGE_SHIFT) {
			/* told twice; or a fixed address, which is a constant: its pointers go along with what it is set to */
			bool goes_on = cpu->machine->lanes->kind[slot] == FXMI_SLOT_FIXED;

			if (goes_on || (own == pfn && !is_bound)) {
				take_back(cpu->machine, page);
				if (goes_on && place)
					v->places[page].mapped = place;
				return v->alias_host + (page << FXM_PAGE_SHIFT);
			}
			end_page(cpu, slot, place);
		}
	}
	page = cpu->machine->lanes->is_over ? UINT64_MAX
					    : claim(cpu, pfn, fxmi_word_of(va, is_bound ? cpu->id : FXMI_WORD_NONE, is_bound));
	if (page == UINT64_MAX) {
		v->alias_of[slot] = 0;
		return va + v->delta;
	}
	if (place)
		v->places[page].mapped = place;
	v->alias_of[slot] = (uint32_t)page + 1;
	return v->alias_host + (page << FXM_PAGE_SHIFT);
}

/* Who maps or unmaps, as src/ notes it. */
static uintptr_t place_of(struct fxm_vcpu *cpu)
{
	uintptr_t (*place)(struct fxm_vcpu *) = fxmi_callback(cpu->machine, place);

	return place ? place(cpu) : 0;
}

void fxmi_lanes_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry)
{
	const struct fxmi_view *v = &cpu->view;
	struct fxm_machine *m = cpu->machine;
	uint64_t slot = slot_of(va), pfn = fxmi_page_pa(m->desc.format, fxmi_pte_view(m->desc.format, entry)) >> FXM_PAGE_SHIFT;

	if (!m->lanes->slots || slot >= FXMI_SLOTS)
		return;
	__atomic_store_n(&m->lanes->told[slot], 0, __ATOMIC_RELAXED);
	if (!fxmi_has_lanes(v) || m->lanes->kind[slot] == FXMI_SLOT_PLAIN)
		return;
	if (fxmi_pfn_is_ram(m, pfn)) {
		fxmi_lane_begin(cpu, va, pfn, m->lanes->kind[slot] == FXMI_SLOT_CPU, place_of(cpu));
	} else {
		end_page(cpu, slot, place_of(cpu));
		v->alias_of[slot] = 0;
	}
}

void fxmi_lanes_end(struct fxm_vcpu *cpu, uint64_t va, uint64_t pages)
{
	const struct fxmi_view *v = &cpu->view;

	for (uint64_t slot = slot_of(va); fxmi_has_lanes(v) && pages-- && slot < FXMI_SLOTS; slot++)
		if (v->alias_of[slot])
			end_page(cpu, slot, place_of(cpu));
}

uint32_t fxmi_window_away(struct fxm_vcpu *cpu, uint64_t va)
{
	const struct fxmi_view *v = &cpu->view;
	uint64_t slot = slot_of(va);
	uint32_t alias = fxmi_has_lanes(v) && slot < FXMI_SLOTS ? v->alias_of[slot] : 0;

	fxmi_residents_end(cpu, va, 1);
	if (!alias)
		return 0;
	uint64_t word = fxmi_word(v, alias - 1);

	if (!(word & FXMI_WORD_LIVE) || fxmi_word_va(word) != slot << FXM_PAGE_SHIFT)
		return 0;
	take_back(cpu->machine, alias - 1);
	atomic_fetch_or(&v->word[alias - 1], FXMI_WORD_AWAY);
	atomic_fetch_and(&v->word[alias - 1], ~(uint64_t)FXMI_WORD_LIVE);
	v->alias_of[slot] = 0;
	return alias;
}

void fxmi_window_back(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry, uint32_t alias)
{
	const struct fxmi_view *v = &cpu->view;

	fxmi_residents_begin(cpu, va, entry);
	if (!alias || !fxmi_has_lanes(v))
		return;
	fxm_assert_internal(fxmi_word(v, alias - 1) & FXMI_WORD_AWAY);
	fxm_assert_internal(fxmi_word_va(fxmi_word(v, alias - 1)) == (va & ~(uint64_t)(FXM_PAGE_SIZE - 1)));
	atomic_fetch_or(&v->word[alias - 1], FXMI_WORD_LIVE);
	atomic_fetch_and(&v->word[alias - 1], ~(uint64_t)FXMI_WORD_AWAY);
	v->alias_of[slot_of(va)] = alias;
}

/* ---- the kernel tier's pointers, when they are not all of a begin or an end ---- */

void *fxmi_pointer_begin_slow(struct fxm_vcpu *cpu, uint64_t va, uint64_t pfn, uintptr_t place, uintptr_t caller)
{
	struct fxmi_view *v = &cpu->view;

	if (atomic_load(v->nr_resident))
		fxmi_residents_begin(cpu, va, fxm_pte_at(cpu->machine, fxm_va_of(va)).v);
	if (fxmi_has_lanes(v))
		return (void *)fxmi_lane_begin(cpu, va, pfn, true, place);
	if (!v->direct_bytes && v->armed[caller >> 2 & 15] != caller)
		fxmi_segv_rearm();
	v->armed[caller >> 2 & 15] = caller;
	return (void *)(uintptr_t)(va + v->delta);
}

int fxmi_pointer_end_slow(struct fxm_vcpu *cpu, uint64_t va, uintptr_t place)
{
	(void)place;
	fxmi_residents_end(cpu, va & ~(uint64_t)(FXM_PAGE_SIZE - 1), 1);
	return 0;
}

/* ---- pointers and addresses ---- */

void *fxmi_lane_pointer(const struct fxmi_view *v, uint64_t va)
{
	uint64_t slot = slot_of(va), page = fxmi_has_lanes(v) && slot < FXMI_SLOTS ? v->alias_of[slot] : 0;

	if (page && fxmi_word(v, page - 1) & FXMI_WORD_LIVE)
		return (void *)(v->alias_host + ((page - 1) << FXM_PAGE_SHIFT) + (va & (FXM_PAGE_SIZE - 1)));
	return (void *)(uintptr_t)(va + v->delta);
}

/*
 * The page that a pointer to @page, which is nobody's, came from: the nearest that was handed out in the lane, a live one before
 * one that has ended. Frames that are neighbours use different lanes, so a run off the page meets its own first.
 */
bool fxmi_lane_origin(const struct fxmi_view *v, uint64_t page, uint64_t *origin)
{
	enum { FAR = 64 };
	const uint64_t used[] = {FXMI_WORD_LIVE, FXMI_WORD_ENDED | FXMI_WORD_AWAY};
	uint64_t pages = v->alias_bytes >> FXM_PAGE_SHIFT;

	for (unsigned i = 0; i < 2; i++)
		for (uint64_t far = 1; far < FAR; far++) {
			if (page >= far && fxmi_word(v, page - far) & used[i]) {
				*origin = page - far;
				return true;
			}
			if (page + far < pages && fxmi_word(v, page + far) & used[i]) {
				*origin = page + far;
				return true;
			}
		}
	return false;
}

/* The alias page of the mapping that the pointer to @page came from. */
static bool find_origin(const struct fxmi_view *v, uint64_t page, uint64_t *origin)
{
	*origin = page;
	return (fxmi_word(v, page) & (FXMI_WORD_LIVE | FXMI_WORD_ENDED | FXMI_WORD_AWAY)) || fxmi_lane_origin(v, page, origin);
}

uint64_t fxmi_lane_va(const struct fxmi_view *v, uintptr_t host)
{
	uint64_t offset = host - v->alias_host, page = offset >> FXM_PAGE_SHIFT, origin;

	if (!find_origin(v, page, &origin))
		return 0;
	return fxmi_word_va(fxmi_word(v, origin)) + ((page - origin) << FXM_PAGE_SHIFT) + (offset & (FXM_PAGE_SIZE - 1));
}

uint64_t fxmi_lane_mapping(const struct fxmi_view *v, uintptr_t host)
{
	uint64_t origin;

	return fxmi_is_alias(v, host) && find_origin(v, (host - v->alias_host) >> FXM_PAGE_SHIFT, &origin)
		   ? fxmi_word_va(fxmi_word(v, origin))
		   : 0;
}

/* The live mapping whose pointer has the low half @low. */
uint64_t fxmi_lane_va_of_low(const struct fxmi_view *v, uint32_t low)
{
	uint64_t pages = v->alias_bytes >> FXM_PAGE_SHIFT, page = (uint32_t)(low - (uint32_t)v->alias_host) >> FXM_PAGE_SHIFT;

	for (; page < pages; page += UINT64_C(1) << LANE_BITS)
		if (fxmi_word(v, page) & FXMI_WORD_LIVE)
			return fxmi_lane_va(v, v->alias_host + (page << FXM_PAGE_SHIFT)) + (low & (FXM_PAGE_SIZE - 1));
	return 0;
}

/* ---- the view of a vCPU ---- */

static void see_memory(struct fxmi_view *v, struct fxm_machine *m)
{
	const struct fxmi_window *w = m->window;

	for (unsigned i = 0; i < w->nr_segments; i++)
		if (!w->segment[i].lazy && w->segment[i].host) {
			uint64_t ram = m->mem.nr_frames << FXM_PAGE_SHIFT;

			/* Counted from physical 0, which may lie before the memory. */
			v->direct_host = (uintptr_t)w->segment[i].host - m->desc.ram_start;
			v->direct_bytes = m->desc.ram_start + w->segment[i].size;
			v->direct_bytes = v->direct_bytes < ram ? v->direct_bytes : ram;
		}
	v->shadow = m->mem.shadow;
	v->slots_host = fxmi_window_host(w, m->lanes->slots_va);
	v->slots_bytes = m->lanes->slots << FXM_PAGE_SHIFT;
}

static void see_aliases(struct fxmi_view *v, const struct fxmi_lanes *l)
{
	v->alias_of = l->alias_of;
	v->turn = l->turn;
	v->places = l->places;
	v->lane_mask = l->nr - 1;
	v->lane_pages = UINT64_C(1) << l->shift;
	v->word = l->word;
	v->alias_host = (uintptr_t)l->host;
	v->alias_bytes = fxmi_alias_pages(l) << FXM_PAGE_SHIFT;
}

void fxmi_view_set(struct fxm_vcpu *cpu)
{
	struct fxm_machine *m = cpu->machine;
	const struct fxmi_lanes *l = m->lanes;
	struct fxmi_view *v = &cpu->view;

	*v = (struct fxmi_view){.units = v->units,
				.delta = (uint64_t)m->window->delta,
				.nr_resident = &m->window->nr_resident,
				.first_high = m->mem.highmem_pfn,
				.key = FXMI_WORD_GRANTED | cpu->id,
				.begun = FXMI_WORD_LIVE | FXMI_WORD_BOUND | cpu->id,
				.is_checked = l != NULL};
	fxmi_view_cool(v);
	if (l && l->is_announced)
		see_memory(v, m);
	if (l && l->host)
		see_aliases(v, l);
}

void fxmi_window_identify(struct fxm_machine *m, bool is_announced, bool wants_identity)
{
	struct fxmi_lanes *l = m->lanes;

	if (!l)
		return;
	pthread_mutex_lock(&m->task_lock);
	l->is_announced = is_announced;
	if (!wants_identity)
		l->is_over = true;
	else if (!l->is_over && !l->host && l->slots)
		add_aliases(m);
	for (unsigned i = 0; i < m->cpus_online; i++)
		fxmi_view_set(m->vcpu[i]);
	pthread_mutex_unlock(&m->task_lock);
}

/* ---- self-check ---- */

/* What a word says of its own page, whoever it is for. */
static bool word_is_valid(const struct fxm_machine *m, uint64_t page)
{
	const struct fxmi_lanes *l = m->lanes;
	uint64_t word = atomic_load(&l->word[page]), who = word & FXMI_WORD_WHO;

	fxm_invariant(!(word & FXMI_WORD_LIVE) || !(word & (FXMI_WORD_ENDED | FXMI_WORD_AWAY)));
	fxm_invariant(word & FXMI_WORD_LIVE || !(word & (FXMI_WORD_READ | FXMI_WORD_WRITE)));
	fxm_invariant(word & FXMI_WORD_READ || !(word & FXMI_WORD_WRITE));
	fxm_invariant(!(word & FXMI_WORD_BOUND) || who < m->cpus_online);
	fxm_invariant(!(word & FXMI_WORD_READ) || who < m->cpus_online || who == FXMI_WORD_ANYONE);
	fxm_invariant(fxmi_word_va(word) % FXM_PAGE_SIZE == 0);
	fxm_invariant(!(word & FXMI_WORD_MOVED) == !l->shows[page]);
	return true;
}

/* A slot's alias is a page of RAM in a lane of its frame's parity. */
static bool slot_is_valid(const struct fxm_machine *m, uint64_t slot)
{
	const struct fxmi_lanes *l = m->lanes;
	uint64_t page = l->alias_of[slot], own;

	fxm_invariant(l->kind[slot] <= FXMI_SLOT_FIXED);
	if (!page--)
		return true;
	own = page & ((UINT64_C(1) << l->shift) - 1);
	fxm_invariant(l->kind[slot] != FXMI_SLOT_PLAIN);
	fxm_invariant(page < fxmi_alias_pages(l) && own < m->mem.nr_frames);
	fxm_invariant((page >> l->shift & 1) == (own & 1));
	return word_is_valid(m, page);
}

/* What passes at once is granted. */
static bool hot_is_valid(const struct fxmi_view *v, unsigned id)
{
	const uint64_t grant[] = {FXMI_WORD_READ, FXMI_WORD_WRITE};

	for (unsigned n = 0; n < 2; n++) {
		uintptr_t hot = atomic_load_explicit(&v->hot[n], memory_order_relaxed);

		if (hot == FXMI_NOT_HOT)
			continue;
		fxm_invariant(fxmi_is_alias(v, hot) && hot % FXM_PAGE_SIZE == 0);
		uint64_t word = fxmi_word(v, (hot - v->alias_host) >> FXM_PAGE_SHIFT), who = word & FXMI_WORD_WHO;
		fxm_invariant(word & FXMI_WORD_LIVE && word & grant[n] && !(word & FXMI_WORD_MOVED));
		fxm_invariant(who == id || who == FXMI_WORD_ANYONE || !(word & FXMI_WORD_BOUND));
	}
	return true;
}

/* What the vCPUs' fast ways see is what the machine has. */
static bool view_is_valid(const struct fxm_machine *m, const struct fxmi_view *v)
{
	const struct fxmi_lanes *l = m->lanes;

	fxm_invariant(v->is_checked == (l != NULL));
	fxm_invariant(!v->alias_bytes == !(l && l->host));
	fxm_invariant(!v->alias_bytes || (v->alias_host == (uintptr_t)l->host && v->word == l->word && v->alias_of == l->alias_of));
	fxm_invariant(!v->alias_bytes || v->alias_bytes >> FXM_PAGE_SHIFT == fxmi_alias_pages(l));
	fxm_invariant(!v->direct_bytes || v->shadow == m->mem.shadow);
	return true;
}

bool fxmi_lanes_are_valid(const struct fxm_machine *m)
{
	const struct fxmi_lanes *l = m->lanes;

	fxm_invariant(!l == (m->window->mode != FXM_WINDOW_CHECKED));
	for (unsigned n = 0; n < m->cpus_online; n++)
		if (!view_is_valid(m, &m->vcpu[n]->view) || !hot_is_valid(&m->vcpu[n]->view, n))
			return false;
	if (!l || !l->host)
		return true;
	fxm_invariant(l->nr >= LEAST_LANES && l->nr <= LANES && !(l->nr & (l->nr - 1)));
	fxm_invariant(m->mem.nr_frames < UINT64_C(1) << l->shift);
	fxm_invariant((uint32_t)(uintptr_t)l->host == LOW_HALF);
	fxm_invariant(l->word && l->places && l->shows && l->turn);
	fxm_invariant(l->kind && l->told && l->alias_of);
	for (uint64_t slot = l->first; slot < (l->slots_va >> FXM_PAGE_SHIFT) + l->slots; slot++)
		if (!slot_is_valid(m, slot))
			return false;
	return true;
}
