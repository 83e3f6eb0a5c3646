/* SPDX-License-Identifier: MIT */

/*
 * The TLB of a vCPU: 128 sets of two ways, the most recently used one first. It holds 4K translations; a large page is
 * cached in 4K pieces, and INVLPG drops the one piece it names. Instruction fetches are not cached.
 *
 * Only a vCPU's own thread makes an entry valid. Other vCPUs invalidate, as an IPI handler would do on its behalf:
 *
 *     owner                                     another vCPU
 *     g = generation                            change the PTE
 *     walk (may read the old PTE)               generation += 2^16 + 1
 *     host, entry                               barrier on all threads (fxmi_barrier_all_threads)
 *     write_tag, then read_tag                  read_tag = invalid, then write_tag = invalid
 *     generation != g: invalidate               generation -= 1
 *
 * The barrier falls either before the owner's last line, which then sees the new generation, or after its tag stores, which
 * the invalidation then overwrites: nothing that was read before the flush survives it. Moving an entry between the ways is
 * guarded in the same way, and not done at all while somebody is invalidating (the low half of the generation is not 0): the
 * entry could slip past him.
 *
 * Invariant: a valid write_tag has an equal read_tag beside it (so a flush may look at read_tag alone), even while both
 * sides store: the owner stores write_tag first, the others read_tag first.
 *
 * A fill that loses the race still returns its translation: the access itself happened before the flush.
 */

#include "mmu_internal.h"
#include "walk.h"

#include <linux/membarrier.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

/* fxm_vcpu.tlb_generation's unit; below it, the number of flushes that go on. */
#define FLUSH_BEGUN (UINT64_C(1) << 16)

#define PAGE_MASK (~(uint64_t)(FXM_PAGE_SIZE - 1))

FXMI_INLINE uint64_t wrap(const struct fxm_vcpu *cpu, uint64_t va)
{
	return cpu->machine->desc.format->va_bits == 32 ? (uint32_t)va : va;
}

/* ---- the barrier ----------------------------------------------------------------------------------------------------- */

/* The host refused membarrier: each fill pays for a barrier of its own instead. */
static atomic_bool barrier_in_fill;
static pthread_once_t barrier_once = PTHREAD_ONCE_INIT;

static void register_barrier(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		atomic_store(&barrier_in_fill, true);
}

static bool barrier_on_all(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void fxmi_barrier_all_threads(void)
{
	if (__libc_single_threaded)
		return;
	if (!atomic_load_explicit(&barrier_in_fill, memory_order_relaxed)) {
		if (barrier_on_all())
			return;
		register_barrier(); /* a fork()ed child may have to do it again */
		if (barrier_on_all())
			return;
		atomic_store(&barrier_in_fill, true);
	}
	__sync_synchronize();
}

FXMI_INLINE uint64_t generation_of(const struct fxm_vcpu *cpu)
{
	return atomic_load_explicit(&cpu->tlb_generation, memory_order_acquire);
}

FXMI_INLINE bool flush_goes_on(uint64_t generation)
{
	return fxmi_unlikely(generation & (FLUSH_BEGUN - 1));
}

/* Adding nothing takes its place among the flushes' additions: either it sees theirs, or they see all that was stored before. */
static FXMI_COLD uint64_t generation_with_barrier(struct fxm_vcpu *cpu)
{
	return atomic_fetch_add_explicit(&cpu->tlb_generation, 0, memory_order_seq_cst);
}

FXMI_INLINE bool generation_changed(struct fxm_vcpu *cpu, uint64_t generation)
{
	if (fxmi_unlikely(atomic_load_explicit(&barrier_in_fill, memory_order_relaxed)))
		return generation_with_barrier(cpu) != generation;
	atomic_signal_fence(memory_order_seq_cst);
	return generation_of(cpu) != generation;
}

void fxmi_tlb_init(struct fxm_vcpu *cpu)
{
	pthread_once(&barrier_once, register_barrier);
	atomic_init(&cpu->tlb_generation, 0);
	for (unsigned i = 0; i < FXMI_TLB_SETS; i++)
		for (unsigned way = 0; way < FXMI_TLB_WAYS; way++) {
			atomic_init(&cpu->tlb[i][way].read_tag, FXMI_TLB_INVALID);
			atomic_init(&cpu->tlb[i][way].write_tag, FXMI_TLB_INVALID);
		}
}

/* ---- filling, on the owner's thread ---------------------------------------------------------------------------------- */

/* The contents of an entry while it is moved. */
struct value {
	uint64_t read_tag, write_tag;
	unsigned char *host;
	uint64_t entry;
};

/* Whether an access by way of the leaf at @c is allowed, and finds every bit set that it would set. */
FXMI_INLINE bool is_quick(const struct fxmi_pt_format *f, const struct fxmi_cursor *c, enum fxm_access access)
{
	uint64_t path = f->accessed | (access == FXM_WRITE ? f->write : 0), leaf = access == FXM_WRITE ? f->dirty : 0;

	return !((path & ~c->allowed) | (leaf & ~c->entry) | (access == FXM_EXEC ? c->denied : 0));
}

/*
 * The walk of an access that has nothing to object to and nothing to mark. False: fxmi_translate() shall look. The level is
 * constant in each turn of the unrolled loop, so that every shift and mask is.
 */
FXMI_INLINE bool quick_walk(const struct fxm_machine *m, const struct fxmi_pt_format *f, uint64_t va, enum fxm_access access,
			    struct fxmi_translation *out)
{
	struct fxmi_cursor c;

	fxmi_walk_begin(m, f, va, &c);
#pragma GCC unroll 5
	for (unsigned level = 0; level < f->levels; level++) {
		c.level = level;
		if (fxmi_unlikely(!(c.entry & f->present)))
			return false;
		if (fxmi_pt_is_leaf(f, level, c.entry)) {
			fxmi_set_page(f, &c, va, out);
			break;
		}
		fxmi_walk_next(m, f, va, &c);
	}
	if (fxmi_unlikely(!is_quick(f, &c, access)))
		return false;
	fxmi_set_rights(m, f, &c, out);
	return true;
}

FXMI_INLINE uint64_t tag(const _Atomic uint64_t *t)
{
	return atomic_load_explicit(t, memory_order_relaxed);
}

FXMI_INLINE struct value entry_get(const struct fxmi_tlb_entry *e)
{
	return (struct value){tag(&e->read_tag), tag(&e->write_tag), fxmi_tlb_host(e), e->entry};
}

FXMI_INLINE void entry_set(struct fxmi_tlb_entry *e, struct value v)
{
	__atomic_store_n(&e->host, v.host, __ATOMIC_RELAXED);
	e->entry = v.entry;
	atomic_store_explicit(&e->write_tag, v.write_tag, memory_order_release);
	atomic_store_explicit(&e->read_tag, v.read_tag, memory_order_release);
}

FXMI_INLINE bool is_usable(const struct fxmi_tlb_entry *e, uint64_t page, enum fxm_access access)
{
	return tag(access == FXM_READ ? &e->read_tag : &e->write_tag) == page;
}

/* The second way answers: it becomes the first. */
static struct fxmi_tlb_entry *move_to_front(struct fxm_vcpu *cpu, struct fxmi_tlb_entry *set)
{
	uint64_t generation = generation_of(cpu);

	if (flush_goes_on(generation))
		return &set[1];
	struct value first = entry_get(&set[0]), second = entry_get(&set[1]);

	fxm_assert_internal(second.write_tag == FXMI_TLB_INVALID || second.read_tag == FXMI_TLB_INVALID ||
			    second.write_tag == second.read_tag);
	entry_set(&set[0], second);
	entry_set(&set[1], first);
	if (fxmi_unlikely(generation_changed(cpu, generation))) {
		fxmi_tlb_entry_invalidate(&set[0]);
		fxmi_tlb_entry_invalidate(&set[1]);
	}
	return &set[0];
}

/* Frees the first way for @page: its tenant moves back, unless it is the same page or nothing. */
FXMI_INLINE void make_room(struct fxmi_tlb_entry *set, uint64_t page, bool may_move)
{
	uint64_t first = tag(&set[0].read_tag);

	if (first == page)
		return;
	if (first != FXMI_TLB_INVALID && may_move)
		entry_set(&set[1], entry_get(&set[0]));
	else if (tag(&set[1].read_tag) == page)
		fxmi_tlb_entry_invalidate(&set[1]);
}

/* Makes @t the translation of @va, unless a flush has begun since @generation. */
FXMI_INLINE struct fxmi_tlb_entry *install(struct fxm_vcpu *cpu, uint64_t va, const struct fxmi_translation *t, uint64_t generation)
{
	struct fxmi_tlb_entry *set = fxmi_tlb_set(cpu, va);
	uint64_t page = va & PAGE_MASK;

	make_room(set, page, !flush_goes_on(generation));
	entry_set(&set[0], (struct value){page, t->writable && t->dirty ? page : FXMI_TLB_INVALID, t->host, t->entry});
	if (fxmi_unlikely(generation_changed(cpu, generation))) {
		fxmi_tlb_entry_invalidate(&set[0]);
		fxmi_tlb_entry_invalidate(&set[1]);
	}
	return &set[0];
}

static __attribute__((noinline)) struct fxmi_tlb_entry *fill_carefully(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access)
{
	uint64_t generation = generation_of(cpu);
	struct fxmi_translation t;

	if (fxmi_translate(cpu->machine, va, access, &t, &cpu->last_fault)) {
		fxm_assert_internal(t.entry & cpu->machine->desc.format->present);
		return install(cpu, va, &t, generation);
	}
	fxm_assert_internal(cpu->last_fault.access == access);
	/* As on x86: a page fault drops what is cached for its address. */
	fxmi_tlb_flush_one(cpu, va & PAGE_MASK);
	return NULL;
}

FXMI_INLINE struct fxmi_tlb_entry *fill_quickly(struct fxm_vcpu *cpu, const struct fxmi_pt_format *f, uint64_t va,
						enum fxm_access access)
{
	uint64_t generation = generation_of(cpu);
	struct fxmi_translation t;

	if (fxmi_likely(quick_walk(cpu->machine, f, va, access, &t)))
		return install(cpu, va, &t, generation);
	return fill_carefully(cpu, va, access);
}

static const struct fxmi_pt_format i386 = FXMI_PT_I386(NULL);
static const struct fxmi_pt_format i386_pae = FXMI_PT_I386_PAE(NULL);

static __attribute__((noinline)) struct fxmi_tlb_entry *fill_i386(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access)
{
	return fill_quickly(cpu, &i386, va, access);
}

static __attribute__((noinline)) struct fxmi_tlb_entry *fill_i386_pae(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access)
{
	return fill_quickly(cpu, &i386_pae, va, access);
}

FXMI_INLINE struct fxmi_tlb_entry *fill(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access)
{
	if (cpu->machine->desc.format == &fxmi_pt_i386)
		return fill_i386(cpu, va, access);
	if (cpu->machine->desc.format == &fxmi_pt_i386_pae)
		return fill_i386_pae(cpu, va, access);
	return fill_carefully(cpu, va, access);
}

/* A usable entry without host: of a device, or one that fxmi_tlb_watch() took it from. */
static FXMI_COLD struct fxmi_tlb_entry *look_again(struct fxm_vcpu *cpu, struct fxmi_tlb_entry *e, uint64_t va,
						   enum fxm_access access)
{
	struct fxm_machine *m = cpu->machine;
	uint64_t pfn = fxmi_page_pa(m->desc.format, e->entry) >> FXM_PAGE_SHIFT;

	fxm_assert_internal(!fxmi_pfn_is_ram(m, pfn) || m->watched);
	if (!fxmi_pfn_is_ram(m, pfn))
		return e;
	__atomic_store_n(&e->host, fxmi_frame(m, pfn), __ATOMIC_RELAXED);
	fxmi_watch(cpu, FXMI_WATCH_CACHED, va, access, pfn, 0);
	return e;
}

FXMI_INLINE struct fxmi_tlb_entry *cached(struct fxm_vcpu *cpu, struct fxmi_tlb_entry *e, uint64_t va, enum fxm_access access)
{
	return fxmi_likely(fxmi_tlb_host(e) != NULL) ? e : look_again(cpu, e, va, access);
}

static __attribute__((noinline)) struct fxmi_tlb_entry *fill_watched(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access)
{
	struct fxmi_tlb_entry *e = fill(cpu, va, access);

	fxm_assert_internal(cpu->machine->watched);
	if (e && !cpu->access_has_owner)
		fxmi_watch(cpu, FXMI_WATCH_FIRST, va, access, 0, 0);
	return e;
}

struct fxmi_tlb_entry *fxmi_tlb_fill(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access)
{
	struct fxmi_tlb_entry *set;
	uint64_t page;

	va = wrap(cpu, va);
	set = fxmi_tlb_set(cpu, va);
	page = va & PAGE_MASK;
	if (fxmi_likely(access != FXM_EXEC)) {
		if (is_usable(&set[0], page, access))
			return cached(cpu, &set[0], va, access);
		if (is_usable(&set[1], page, access))
			return cached(cpu, move_to_front(cpu, set), va, access);
	}
	return fxmi_unlikely(cpu->machine->watched) ? fill_watched(cpu, va, access) : fill(cpu, va, access);
}

/*
 * Only `host` is taken away: that sends the next access past the first way's hit. The owner may be filling the entry with another
 * page just now, and loses that one's host instead: look_again() gives it back.
 */
bool fxmi_tlb_watch(struct fxm_vcpu *cpu, uint64_t va)
{
	struct fxm_machine *m = cpu->machine;
	bool found = false;

	for (unsigned i = 0; m->watched && i < atomic_load_explicit(&m->cpus_online, memory_order_acquire); i++) {
		struct fxmi_tlb_entry *set = fxmi_tlb_set(m->vcpu[i], va);

		for (unsigned way = 0; m->vcpu[i] != cpu && way < FXMI_TLB_WAYS; way++) {
			if (tag(&set[way].read_tag) != va)
				continue;
			__atomic_store_n(&set[way].host, NULL, __ATOMIC_RELAXED);
			found = true;
		}
	}
	return found;
}

/* ---- flushing -------------------------------------------------------------------------------------------------------- */

static void drop_all(struct fxm_vcpu *cpu)
{
	for (unsigned i = 0; i < FXMI_TLB_SETS; i++)
		for (unsigned way = 0; way < FXMI_TLB_WAYS; way++)
			fxmi_tlb_entry_invalidate(&cpu->tlb[i][way]);
}

static void flush_begin(struct fxm_vcpu *cpu)
{
	atomic_fetch_add_explicit(&cpu->tlb_generation, FLUSH_BEGUN + 1, memory_order_seq_cst);
}

static void flush_end(struct fxm_vcpu *cpu)
{
	uint64_t before = atomic_fetch_sub_explicit(&cpu->tlb_generation, 1, memory_order_release);

	fxm_assert_internal(flush_goes_on(before));
	(void)before;
}

void fxmi_tlb_flush_cpu(struct fxm_vcpu *cpu)
{
	if (cpu == fxmi_self) {
		drop_all(cpu);
		return;
	}
	flush_begin(cpu);
	fxmi_barrier_all_threads();
	drop_all(cpu);
	flush_end(cpu);
}

/* Begins a flush on every online vCPU, and says how many. With one online, the caller is its only thread. */
static unsigned flush_begin_all(struct fxm_machine *m)
{
	unsigned online = atomic_load_explicit(&m->cpus_online, memory_order_acquire);

	for (unsigned i = 0; i < online; i++)
		flush_begin(m->vcpu[i]);
	if (online > 1)
		fxmi_barrier_all_threads();
	return online;
}

void fxmi_tlb_flush_all(struct fxm_machine *m)
{
	unsigned online = flush_begin_all(m);

	for (unsigned i = 0; i < online; i++) {
		drop_all(m->vcpu[i]);
		flush_end(m->vcpu[i]);
	}
}

void fxmi_tlb_flush_range(struct fxm_vcpu *cpu, uint64_t start, uint64_t end)
{
	fxm_assert_internal(start <= end);
	for (uint64_t va = start & PAGE_MASK; va < end; va += FXM_PAGE_SIZE)
		fxmi_tlb_flush_one(cpu, va);
}

void fxmi_tlb_flush_range_all(struct fxm_machine *m, uint64_t start, uint64_t end)
{
	fxm_assert_internal(start <= end);
	start &= PAGE_MASK;
	if ((end - start) >> FXM_PAGE_SHIFT > m->desc.format->flush_ceiling) {
		fxmi_tlb_flush_all(m);
		return;
	}
	unsigned online = flush_begin_all(m);

	for (unsigned i = 0; i < online; i++) {
		for (uint64_t va = start; va < end; va += FXM_PAGE_SIZE)
			fxmi_tlb_flush_one(m->vcpu[i], va);
		flush_end(m->vcpu[i]);
	}
}

void fxm_tlb_flush_one(struct fxm_vcpu *cpu, fxm_va va)
{
	if (cpu)
		fxmi_tlb_flush_one(cpu, wrap(cpu, va.v) & PAGE_MASK);
}

void fxm_tlb_flush(struct fxm_vcpu *cpu)
{
	if (cpu)
		drop_all(cpu);
}

bool fxm_tlb_lookup(const struct fxm_vcpu *cpu, fxm_va va, fxm_pa *out)
{
	if (!cpu)
		return false;
	va.v = wrap(cpu, va.v);
	for (unsigned way = 0; way < FXMI_TLB_WAYS; way++) {
		const struct fxmi_tlb_entry *e = &cpu->tlb[(va.v >> FXM_PAGE_SHIFT) % FXMI_TLB_SETS][way];

		if (tag(&e->read_tag) != (va.v & PAGE_MASK))
			continue;
		if (out)
			*out = fxm_pa_of(fxmi_page_pa(cpu->machine->desc.format, e->entry) + (va.v & ~PAGE_MASK));
		return true;
	}
	return false;
}

/* ---- self-check ------------------------------------------------------------------------------------------------------ */

/* A tag belongs to its set; a write tag stands beside its read tag, over a page that is dirty; host is the frame's. */
static bool entry_is_valid(const struct fxm_vcpu *cpu, const struct fxmi_tlb_entry *e, unsigned set)
{
	const struct fxm_machine *m = cpu->machine;
	const struct fxmi_pt_format *f = m->desc.format;
	uint64_t read_tag = tag(&e->read_tag), write_tag = tag(&e->write_tag), va = read_tag;
	uint64_t pfn = fxmi_page_pa(f, e->entry) >> FXM_PAGE_SHIFT;

	fxm_invariant(write_tag == FXMI_TLB_INVALID || write_tag == read_tag);
	if (read_tag == FXMI_TLB_INVALID)
		return true;
	fxm_invariant((read_tag & ~PAGE_MASK) == 0);
	fxm_invariant(fxmi_wrap_va(f, &va) && va == read_tag);
	fxm_invariant((read_tag >> FXM_PAGE_SHIFT) % FXMI_TLB_SETS == set);
	fxm_invariant(e->entry & f->present);
	fxm_invariant(write_tag == FXMI_TLB_INVALID || (e->entry & f->dirty));
	fxm_invariant(fxmi_pfn_is_ram(m, pfn) ? !e->host || e->host == fxmi_frame(m, pfn) : !e->host);
	fxm_invariant(e->host || !fxmi_pfn_is_ram(m, pfn) || m->watched);
	return true;
}

bool fxmi_tlb_is_valid(const struct fxm_vcpu *cpu)
{
	for (unsigned i = 0; i < FXMI_TLB_SETS; i++) {
		const struct fxmi_tlb_entry *e = cpu->tlb[i];

		for (unsigned way = 0; way < FXMI_TLB_WAYS; way++)
			if (!entry_is_valid(cpu, &e[way], i))
				return false;
		fxm_invariant(tag(&e[0].read_tag) != tag(&e[1].read_tag) || tag(&e[0].read_tag) == FXMI_TLB_INVALID);
	}
	fxm_invariant(!flush_goes_on(generation_of(cpu)));
	return true;
}

/* A fault is of a page that the format has a level for. */
static bool vcpu_is_valid(const struct fxm_machine *m, const struct fxm_vcpu *cpu, unsigned n)
{
	fxm_invariant(cpu && cpu->machine == m && cpu->id == n);
	fxm_invariant(cpu->last_fault.level < m->desc.format->levels);
	fxm_invariant((unsigned)cpu->last_fault.access <= FXM_EXEC);
	return fxmi_tlb_is_valid(cpu);
}

bool fxmi_mmu_is_valid(const struct fxm_machine *m)
{
	fxm_invariant(m->cpus_online && m->cpus_online <= FXMI_MAX_CPUS);
	for (unsigned n = 0; n < m->cpus_online; n++)
		if (!vcpu_is_valid(m, m->vcpu[n], n))
			return false;
	return true;
}
