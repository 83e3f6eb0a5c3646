/* SPDX-License-Identifier: MIT */
/*
 * Checked accesses: code that was compiled with the compiler's outlined kernel address-sanitizer calls announces each of its loads
 * and stores, and this judges them as the simulated hardware and its kernel would, before they are made.
 *
 * An access by an alias (lanes.h) is by the pointer of one mapping. Whether the hardware lets it pass is asked of the vCPU's own
 * TLB, at the slot's address: what it holds, stale or not, is what the access finds. An alias page that must show another frame
 * than its own for that is moved there first, and moved back when it is handed out again.
 *
 * An access by a slot's own address, of code that computes it or on a machine without aliases, asks the TLB each time. In the
 * direct map pages that were given back and what is no object of kmalloc() are found. An access outside the machine is nobody's
 * business.
 *
 * Nothing of a page is granted to a vCPU unless its TLB has just said so; whoever undoes the mapping, or frees the page, takes it
 * back.
 */
#include "lanes.h"
#include "window_internal.h"

#include <stdlib.h>

/* What stays constant in one access. */
struct check {
	struct fxm_vcpu *cpu;
	enum fxm_access access;
	uintptr_t pc;
	bool is_alias;
};

static void tell(const struct check *c, struct fxmi_access *a)
{
	void (*access)(struct fxm_vcpu *, const struct fxmi_access *) = fxmi_callback(c->cpu->machine, access);

	a->access = c->access;
	a->pc = c->pc;
	if (access)
		access(c->cpu, a);
}

static void trap(const struct check *c, enum fxmi_trap trap, const struct fxm_fault *fault, const struct fxmi_places *places)
{
	fxmi_trap_of_check(c->cpu, trap, fault, c->pc, places);
}

/* What the vCPU's TLB says of @va; false: the access faults, and cpu->last_fault says how. */
static bool translate(const struct check *c, uint64_t va, uint64_t *pfn, bool *is_writable)
{
	struct fxm_machine *m = c->cpu->machine;

	c->cpu->access_pc = c->pc;
	c->cpu->access_has_owner = c->is_alias;
	struct fxmi_tlb_entry *e = fxmi_tlb_fill(c->cpu, va, c->access);
	c->cpu->access_pc = 0;
	c->cpu->access_has_owner = false;
	if (!e)
		return false;
	*pfn = fxmi_page_pa(m->desc.format, e->entry) >> FXM_PAGE_SHIFT;
	*is_writable = atomic_load_explicit(&e->write_tag, memory_order_relaxed) != FXMI_TLB_INVALID;
	return true;
}

/* The fault that cpu->last_fault is. Does not return. */
static _Noreturn void fault(const struct check *c, const struct fxmi_places *places)
{
	struct fxm_fault f = c->cpu->last_fault;

	trap(c, FXMI_TRAP_FAULT, &f, places);
	abort();
}

static struct fxm_fault passing_fault(const struct check *c, uint64_t va)
{
	struct fxm_machine *m = c->cpu->machine;

	return (struct fxm_fault){
	    .address = fxm_va_of(va),
	    .access = c->access,
	    .code = 1u | (c->access == FXM_WRITE ? 2u : 0),
	    .present = true,
	    .pte = fxm_pte_at(m, fxm_va_of(va)),
	    .level = m->desc.format->levels - 1,
	};
}

static void tell_device(const struct check *c, uint64_t va, uint64_t pfn)
{
	if (fxmi_likely(fxmi_pfn_is_ram(c->cpu->machine, pfn)))
		return;
	struct fxm_fault f = passing_fault(c, va);
	trap(c, FXMI_TRAP_DEVICE, &f, NULL);
}

/* ---- aliases ---- */

static uint64_t frame_of(const struct fxmi_view *v, uint64_t page)
{
	return page & (v->lane_pages - 1);
}

/* Sets @bit of the word at @page unless its mapping has changed or it is set already; whether it was set now. */
static bool mark(const struct fxmi_view *v, uint64_t page, uint64_t word, uint64_t bit)
{
	while (!(word & bit)) {
		uint64_t now = word;

		if (atomic_compare_exchange_weak(&v->word[page], &now, word | bit))
			return true;
		if ((now ^ word) >> FXMI_WORD_VA_SHIFT || (now ^ word) & FXMI_WORD_LIVE)
			return true;
		word = now;
	}
	return false;
}

/*
 * Page @page, which this vCPU is granted, passes at once from here on. Who takes the grant back changes the word and then looks at
 * what is hot; here it is the other way round, so one of the two sees the other.
 */
static void warm(const struct check *c, uint64_t page)
{
	struct fxmi_view *v = &c->cpu->view;
	_Atomic uintptr_t *hot = &v->hot[c->access == FXM_WRITE];
	uint64_t word, needed = c->access == FXM_WRITE ? FXMI_WORD_WRITE : FXMI_WORD_READ;

	atomic_store(hot, v->alias_host + (page << FXM_PAGE_SHIFT));
	word = atomic_load(&v->word[page]);
	if (!(word & needed) || ((word & FXMI_WORD_WHO) != c->cpu->id && (word & FXMI_WORD_WHO) != FXMI_WORD_ANYONE))
		atomic_store_explicit(hot, FXMI_NOT_HOT, memory_order_relaxed);
}

static struct fxm_vcpu *owner_of(const struct fxm_machine *m, uint64_t word)
{
	uint64_t who = word & FXMI_WORD_WHO;

	return word & FXMI_WORD_BOUND && who < FXMI_MAX_CPUS ? m->vcpu[who] : NULL;
}

static struct fxmi_access about(const struct check *c, enum fxmi_wrong wrong, uint64_t page, uint64_t word, uint64_t va)
{
	const struct fxmi_view *v = &c->cpu->view;

	return (struct fxmi_access){
	    .wrong = wrong,
	    .va = va,
	    .from = fxmi_word_va(word),
	    .owner = owner_of(c->cpu->machine, word),
	    .places = v->places[page],
	    .pfn = frame_of(v, page),
	    .is_reused = word & FXMI_WORD_REUSED,
	};
}

/* A live mapping's own page: granted to this vCPU when its TLB agrees. */
static void use(const struct check *c, uint64_t page, uint64_t word, uint64_t va)
{
	const struct fxmi_view *v = &c->cpu->view;
	uint64_t pfn, who = word & FXMI_WORD_WHO;
	bool is_writable;

	if (word & FXMI_WORD_BOUND && who != c->cpu->id && mark(v, page, word, FXMI_WORD_TOLD_FOREIGN)) {
		struct fxmi_access a = about(c, FXMI_FOREIGN, page, word, va);
		tell(c, &a);
	}
	if (!translate(c, va, &pfn, &is_writable))
		fault(c, &v->places[page]);
	if (c->cpu->machine->mem.frame_state[frame_of(v, page)] == FXMI_FRAME_FREED && mark(v, page, word, FXMI_WORD_TOLD_FREED)) {
		struct fxmi_access a = about(c, FXMI_PAGE_FREED, page, word, va);
		tell(c, &a);
	}
	tell_device(c, va, pfn);
	fxmi_lane_show(c->cpu->machine, page, pfn);
	if (pfn != frame_of(v, page))
		return;
	/* the host, too: for a read it fetches the pages around with it, for a write only the one */
	(void)*(const volatile unsigned char *)(v->alias_host + (page << FXM_PAGE_SHIFT));
	if (word & FXMI_WORD_BOUND) {
		if (who != c->cpu->id)
			return;
	} else {
		enum fxmi_slot_kind kind = c->cpu->machine->lanes->kind[fxmi_word_va(word) >> FXM_PAGE_SHIFT];

		who = kind == FXMI_SLOT_POOL ? FXMI_WORD_ANYONE : c->cpu->id;
	}
	/* whatever the mapping became meanwhile, it is not granted */
	word = fxmi_word(v, page);
	uint64_t granted =
	    (word & ~(uint64_t)(FXMI_WORD_WHO | FXMI_WORD_WRITE)) | who | FXMI_WORD_READ | (is_writable ? FXMI_WORD_WRITE : 0);
	if (word & FXMI_WORD_LIVE && fxmi_word_va(word) == (va & ~(uint64_t)(FXM_PAGE_SIZE - 1)) &&
	    !(word & (FXMI_WORD_TOLD_FREED | FXMI_WORD_MOVED)))
		if (atomic_compare_exchange_strong(&v->word[page], &word, granted))
			warm(c, page);
}

/* The pointer of a mapping that has been undone, or whose task is away: what the slot has now is what it finds. */
static void use_old(const struct check *c, uint64_t page, uint64_t word, uint64_t va)
{
	const struct fxmi_view *v = &c->cpu->view;
	struct fxmi_access a = about(c, word & FXMI_WORD_AWAY ? FXMI_AWAY : FXMI_STALE, page, word, va);
	uint64_t pfn, now = v->alias_of[fxmi_word_va(word) >> FXM_PAGE_SHIFT];
	bool is_writable;

	if (now && now - 1 != page && fxmi_word(v, now - 1) & FXMI_WORD_LIVE) {
		a.has_now = true;
		a.now_mapped = v->places[now - 1].mapped;
	}
	bool is_new = !(word & FXMI_WORD_TOLD_STALE);
	bool passes = translate(c, va, &pfn, &is_writable);
	a.is_present = fxm_pte_at(c->cpu->machine, fxm_va_of(va)).v & c->cpu->machine->desc.format->present;
	a.is_cached = passes && !a.is_present;
	if (is_new && (a.has_now || passes || a.wrong == FXMI_AWAY) && mark(v, page, word, FXMI_WORD_TOLD_STALE))
		tell(c, &a);
	if (!passes)
		fault(c, &a.places);
	tell_device(c, va, pfn);
	fxmi_lane_show(c->cpu->machine, page, pfn);
}

/* A page that was never handed out, or not since: a pointer ran off its own, or was wild from the beginning. */
static void use_nobodys(const struct check *c, uint64_t page, uint64_t offset)
{
	const struct fxmi_view *v = &c->cpu->view;
	uint64_t origin, pfn;
	bool is_writable;

	if (!fxmi_lane_origin(v, page, &origin)) {
		struct fxm_fault f = {.address = fxm_va_of(v->alias_host + offset), .access = c->access};

		trap(c, FXMI_TRAP_WILD, &f, NULL);
		abort();
	}
	uint64_t word = fxmi_word(v, origin);
	uint64_t va = fxmi_word_va(word) + ((page - origin) << FXM_PAGE_SHIFT) + (offset & (FXM_PAGE_SIZE - 1));
	struct fxmi_access a = about(c, FXMI_OFF_PAGE, origin, word, va);

	a.is_present = translate(c, va, &pfn, &is_writable);
	if (!a.is_present)
		fault(c, &a.places);
	a.is_repeated = !mark(v, origin, word, page > origin ? FXMI_WORD_TOLD_BEHIND : FXMI_WORD_TOLD_BEFORE);
	tell(c, &a);
	tell_device(c, va, pfn);
	fxmi_lane_show(c->cpu->machine, page, pfn);
}

static void check_alias_page(const struct check *c, uint64_t offset)
{
	const struct fxmi_view *v = &c->cpu->view;
	uint64_t page = offset >> FXM_PAGE_SHIFT, word = fxmi_word(v, page);
	uint64_t va = fxmi_word_va(word) + (offset & (FXM_PAGE_SIZE - 1));
	uint64_t who = word & FXMI_WORD_WHO;

	if (word & (c->access == FXM_WRITE ? FXMI_WORD_WRITE : FXMI_WORD_READ) && (who == c->cpu->id || who == FXMI_WORD_ANYONE)) {
		if (!(word & FXMI_WORD_MOVED))
			warm(c, page);
		return;
	}
	if (word & FXMI_WORD_LIVE)
		use(c, page, word, va);
	else if (word & (FXMI_WORD_ENDED | FXMI_WORD_AWAY))
		use_old(c, page, word, va);
	else
		use_nobodys(c, page, offset);
}

void fxmi_check_alias(uintptr_t address, size_t size, enum fxm_access access, uintptr_t pc)
{
	struct check c = {fxmi_self, access, pc, true};
	uint64_t offset = address - c.cpu->view.alias_host, end = offset + size, bytes = c.cpu->view.alias_bytes;

	for (; offset < end && offset < bytes; offset = (offset | (FXM_PAGE_SIZE - 1)) + 1)
		check_alias_page(&c, offset);
}

/* ---- the direct map ---- */

void fxmi_check_direct(uintptr_t address, size_t size, enum fxm_access access, uintptr_t pc)
{
	struct check c = {fxmi_self, access, pc, false};
	struct fxm_machine *m = c.cpu->machine;
	uint64_t offset = address - c.cpu->view.direct_host, end = offset + size, bytes = c.cpu->view.direct_bytes;
	uint64_t start = offset;

	for (; offset < end && offset < bytes; offset = (offset | (FXM_PAGE_SIZE - 1)) + 1) {
		uint64_t next = (offset | (FXM_PAGE_SIZE - 1)) + 1, pfn = offset >> FXM_PAGE_SHIFT;
		struct fxmi_access a = {.wrong = FXMI_PAGE_FREED, .va = m->desc.page_offset + offset, .size = size, .pfn = pfn};
		size_t here = (next < end ? next : end) - offset;

		if (m->mem.frame_state[pfn] == FXMI_FRAME_FREED) {
			tell(&c, &a);
			return;
		}
		if (m->mem.frame_state[pfn] == FXMI_FRAME_SLAB &&
		    !fxmi_kmalloc_holds(m, offset, here, access == FXM_WRITE, &a.object)) {
			a.wrong = FXMI_OBJECT;
			a.va = m->desc.page_offset + start;
			tell(&c, &a);
			return;
		}
	}
}

/* ---- a slot's own address ---- */

enum { TOLD_ENDED = 1, TOLD_DEVICE = 2, TOLD_RUN_ON = 4 };

/* Once for each mapping. */
static bool is_first(struct fxm_machine *m, uint64_t slot, unsigned char what)
{
	return !(__atomic_fetch_or(&m->lanes->told[slot], what, __ATOMIC_RELAXED) & what);
}

static void check_own_page(const struct check *c, struct fxmi_segment *seg, uint64_t va, bool runs_on)
{
	struct fxm_machine *m = c->cpu->machine;
	uint64_t slot = va >> FXM_PAGE_SHIFT, pfn, page = va & ~(uint64_t)(FXM_PAGE_SIZE - 1);
	bool is_writable, (*is_live)(struct fxm_machine *, uint64_t) = fxmi_callback(m, is_live);

	if (runs_on && m->watched) {
		c->cpu->access_pc = c->pc;
		fxmi_watch(c->cpu, FXMI_WATCH_RUN_ON, page, c->access, 0, 0);
		c->cpu->access_pc = 0;
	}
	if (!translate(c, va, &pfn, &is_writable))
		fault(c, NULL);
	if (is_live && !is_live(m, page) && is_first(m, slot, TOLD_ENDED)) {
		struct fxm_fault f = passing_fault(c, va);
		trap(c, FXMI_TRAP_ENDED, &f, NULL);
	}
	if (!fxmi_pfn_is_ram(m, pfn) && is_first(m, slot, TOLD_DEVICE))
		tell_device(c, va, pfn);
	fxmi_window_show(m, seg, va, pfn, is_writable && c->access == FXM_WRITE);
}

static void check_own(const struct check *c, uint64_t va, size_t size)
{
	uint64_t end = va + size, start = va;

	for (; va < end; va = (va | (FXM_PAGE_SIZE - 1)) + 1) {
		struct fxmi_segment *seg = fxmi_lazy_segment(c->cpu->machine->window, va);

		if (!seg)
			return; /* a hole: the host faults */
		check_own_page(c, seg, va, va != start);
	}
}

/* ---- threads that sit nowhere ---- */

static int tell_stranger(struct fxm_machine *m, void *arg)
{
	const struct check *c = ((void **)arg)[0];
	uintptr_t address = *(const uintptr_t *)((void **)arg)[1];
	const struct fxmi_view *v = &m->vcpu[0]->view;

	if (m->dead || !fxmi_is_alias(v, address))
		return 0;
	struct fxm_fault f = {.address = fxm_va_of(fxmi_lane_va(v, address)), .access = c->access};
	fxmi_trap_of_check(m->vcpu[0], FXMI_TRAP_UNATTACHED, &f, c->pc, NULL);
	return 1;
}

void fxmi_check_elsewhere(uintptr_t address, size_t size, enum fxm_access access, uintptr_t pc)
{
	struct check c = {fxmi_self, access, pc, false};

	if (c.cpu)
		check_own(&c, address - c.cpu->view.delta, size);
	else
		fxmi_machine_each(tell_stranger, (void *[]){&c, &address});
}

/* ---- any size ---- */

void fxmi_check_range(uintptr_t address, size_t size, enum fxm_access access, uintptr_t pc)
{
	const struct fxm_vcpu *cpu = fxmi_self;

	if (!size)
		return;
	if (!cpu)
		fxmi_check_elsewhere(address, size, access, pc);
	else if (fxmi_is_alias(&cpu->view, address))
		fxmi_check_alias(address, size, access, pc);
	else if (address - cpu->view.direct_host < cpu->view.direct_bytes)
		fxmi_check_direct(address, size, access, pc);
	else if (address - cpu->view.slots_host < cpu->view.slots_bytes)
		fxmi_check_elsewhere(address, size, access, pc);
}
