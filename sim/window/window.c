/* SPDX-License-Identifier: MIT */
/*
 * The window: the host's page table as a second-level TLB of the simulated one.
 *
 *   reserved                                                    reserved + reserved_bytes
 *   |  direct map: frames from 0 on, one shared mapping  | hole | pkmap, fixmap: lazy, page by page | hole |
 *
 * Simulated address a lies at host address a + delta; delta is 0 under identity, else a multiple of 4 GiB.
 *
 * Under AddressSanitizer a page that retain keeps is poisoned from the end of its mapping to the begin of the next (poison.c).
 *
 * A lazy page is in one of three states. Its bit in `resident` is clear: PROT_NONE. The bit is set and page.pfn is
 * NOT_MAPPED: a fault handler is about to map it. The bit is set and page.pfn is a frame: mapped. All changes happen under
 * window->lock; nr_resident counts the bits.
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
 * window->lock is taken inside a lock of src/; no callback runs under it.
 */
#include "window_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#endif

#define NOT_MAPPED UINT64_MAX
#define FOUR_GIB (UINT64_C(1) << 32)
#define RESERVE_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

enum { BITS = 8 * sizeof(unsigned long) };

/* ---- the host's side: one call, one count ------------------------------------------------------------------------------ */

static _Atomic int ones_fd = -1; /* a page of all ones: what a read finds where there is neither RAM nor the device's answer */

/* Made once; what the host refused to one machine it may grant to the next. No lock: a forked child would inherit it taken. */
static int make_ones(void)
{
	unsigned char ones[FXM_PAGE_SIZE];
	int none = -1;

	if (ones_fd >= 0)
		return 0;
	int fd = fxmi_memfd("fixmap-ones", 0);
	if (fd < 0)
		return -ENOMEM;
	memset(ones, 0xff, sizeof(ones));
	bool is_written = write(fd, ones, sizeof(ones)) == (ssize_t)sizeof(ones);
	if (!is_written || !atomic_compare_exchange_strong(&ones_fd, &none, fd))
		close(fd);
	return is_written ? 0 : -ENOMEM;
}

static _Noreturn FXMI_COLD void die_of_host(const struct fxmi_window *w)
{
	char why[128];

	snprintf(why, sizeof(why), "%s",
		 errno == ENOMEM ? "out of memory or of memory areas (sysctl vm.max_map_count)" : strerror(errno));
	fprintf(stderr,
		"libfixmap: the host refused to change a page of the window: %s; %llu pages are resident. Use fewer mappings at a "
		"time, or window=off. Aborting.\n",
		why, (unsigned long long)w->nr_resident);
	abort();
}

/*
 * For memcheck all of the reservation is memory: a page that is not there yet is no error, and what must not be touched the
 * handler knows better. In pieces, because memcheck warns of large ones.
 */
static void tell_memcheck(const unsigned char *host, size_t bytes)
{
	const size_t piece = 128 << 20;

	for (size_t at = 0; at < bytes; at += piece)
		(void)VALGRIND_MAKE_MEM_DEFINED(host + at, bytes - at < piece ? bytes - at : piece);
}

static void remap(struct fxmi_window *w, unsigned char *host, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
	int saved_errno = errno;

	w->system_calls++;
	/*
	 * The thread sanitizer takes mmap() for a write to every page by a thread that wrote nothing: not so the bare system
	 * call.
	 */
	if (syscall(SYS_mmap, host, bytes, prot, flags | MAP_FIXED, fd, (off_t)offset) == -1)
		die_of_host(w);
	errno = saved_errno;
}

/* ---- lazy pages. window->lock held ---------------------------------------------------------------------------------------- */

static unsigned char *host_page(const struct fxmi_segment *seg, uint64_t n)
{
	return seg->host + (n << FXM_PAGE_SHIFT);
}

static uint64_t page_index(const struct fxmi_segment *seg, uint64_t va)
{
	return (va - seg->start) >> FXM_PAGE_SHIFT;
}

static uint64_t shown_pfn(const struct fxmi_segment *seg, uint64_t n)
{
	return __atomic_load_n(&seg->page[n].pfn, __ATOMIC_RELAXED);
}

static void set_shown(struct fxmi_segment *seg, uint64_t n, uint64_t pfn, bool writable)
{
	__atomic_store_n(&seg->page[n].pfn, pfn, __ATOMIC_RELAXED);
	__atomic_store_n(&seg->page[n].writable, writable, __ATOMIC_RELAXED);
}

static void set_bit(struct fxmi_window *w, struct fxmi_segment *seg, uint64_t n)
{
	unsigned long bit = 1ul << n % BITS;

	if (!(atomic_fetch_or(&seg->resident[n / BITS], bit) & bit))
		w->nr_resident++;
}

static void clear_bit(struct fxmi_window *w, struct fxmi_segment *seg, uint64_t n)
{
	unsigned long bit = 1ul << n % BITS;

	if (atomic_fetch_and(&seg->resident[n / BITS], ~bit) & bit)
		w->nr_resident--;
}

static void show(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t n, uint64_t pfn, bool writable)
{
	bool is_ram = fxmi_pfn_is_ram(m, pfn);
	int prot = PROT_READ | (writable ? PROT_WRITE : 0);

	set_bit(m->window, seg, n);
	if (is_ram)
		remap(m->window, host_page(seg, n), FXM_PAGE_SIZE, prot, MAP_SHARED | MAP_POPULATE, m->mem.memfd,
		      pfn << FXM_PAGE_SHIFT);
	else
		remap(m->window, host_page(seg, n), FXM_PAGE_SIZE, prot, MAP_PRIVATE, ones_fd, 0);
	set_shown(seg, n, pfn, writable);
}

/* Takes pages [from, to) back: one system call if any of them is mapped. */
static void withdraw(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t from, uint64_t to)
{
	bool mapped = false;

	for (uint64_t n = from; n < to; n++) {
		mapped |= shown_pfn(seg, n) != NOT_MAPPED;
		fxmi_unpoison(seg, n);
	}
	if (mapped) {
		remap(m->window, host_page(seg, from), (to - from) << FXM_PAGE_SHIFT, PROT_NONE, RESERVE_FLAGS, -1, 0);
		tell_memcheck(host_page(seg, from), (to - from) << FXM_PAGE_SHIFT);
	}
	for (uint64_t n = from; n < to; n++) {
		set_shown(seg, n, NOT_MAPPED, false);
		clear_bit(m->window, seg, n);
	}
}

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
	uint64_t pfn = entry_pfn(f, entry), shown = shown_pfn(seg, n);
	bool eager = m->window->mode == FXM_WINDOW_EAGER;
	bool replaces = eager || (m->window->mode == FXM_WINDOW_RETAIN && shown != NOT_MAPPED);
	bool writable = may_write(f, entry), is_writable = seg->page[n].writable;

	fxmi_unpoison(seg, n);
	/* The right frame, with no permission too much; one too few is what the next fault is for, unless there should be none. */
	if ((entry & f->present) && shown == pfn && (is_writable == writable || (writable && !eager)))
		return;
	if (replaces && may_read(f, entry) && fxmi_pfn_is_ram(m, pfn))
		show(m, seg, n, pfn, writable);
	else
		withdraw(m, seg, n, n + 1);
}

/* The common case of retain: the slot shows this very frame, and the handler could not have shown more of it. */
static bool is_settled(const struct fxm_machine *m, const struct fxmi_segment *seg, uint64_t n, uint64_t entry)
{
	return shown_pfn(seg, n) == entry_pfn(m->desc.format, entry) && __atomic_load_n(&seg->page[n].writable, __ATOMIC_RELAXED) &&
	       !__atomic_load_n(&seg->page[n].poisoned, __ATOMIC_RELAXED) && may_write(m->desc.format, entry);
}

void fxmi_window_begin(struct fxm_vcpu *cpu, uint64_t va, uint64_t entry)
{
	struct fxm_machine *m = cpu->machine;
	struct fxmi_segment *seg = m->window->mode == FXM_WINDOW_OFF ? NULL : fxmi_lazy_segment(m->window, va);

	if (!seg)
		return;
	uint64_t n = page_index(seg, va);
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

	va = va > seg->start ? va : seg->start;
	end = end < seg_end ? end : seg_end;
	*from = page_index(seg, va);
	*to = page_index(seg, end);
	return va < end;
}

static void poison_shown(struct fxmi_segment *seg, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n < to; n++)
		if (shown_pfn(seg, n) != NOT_MAPPED)
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
		withdraw(m, seg, from, to);
	pthread_mutex_unlock(&m->window->lock);
}

void fxmi_window_end_range(struct fxm_vcpu *cpu, uint64_t va, uint64_t n)
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

	return !t->told_ended && (mode == FXM_WINDOW_STRICT || mode == FXM_WINDOW_EAGER) && fxmi_callback(t->cpu->machine, is_live);
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

/* Marks the page as about to be mapped, so that from here on its owner comes to us. window->lock held. */
static void claim_locked(struct touch *t)
{
	struct fxm_machine *m = t->cpu->machine;

	set_bit(m->window, t->seg, t->n);
	if (t->foreign || m->cpus_online > 1)
		fxmi_barrier_all_threads();
}

static void disclaim_locked(struct touch *t)
{
	if (shown_pfn(t->seg, t->n) == NOT_MAPPED)
		clear_bit(t->cpu->machine->window, t->seg, t->n);
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
	if (outcome == SHOWN)
		show(m, t->seg, t->n, at.pfn, at.writable && (t->access == FXM_WRITE || at.dirty));
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
	    .cpu = cpu, .seg = seg, .va = va, .n = page_index(seg, va), .access = access, .foreign = fxmi_self != cpu};
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
	    .cpu = cpu, .seg = lazy, .va = va, .n = page_index(lazy, va), .access = FXM_WRITE, .foreign = fxmi_self != cpu};
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

/* ---- the reservation --------------------------------------------------------------------------------------------- */

static _Atomic(struct fxm_machine *) identity_owner;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif

/* AddressSanitizer's shadow lies across the simulated addresses, also when only the program was built with it. */
extern void __asan_init(void) __attribute__((weak, visibility("default")));

static bool is_identity_possible(void)
{
	return !UNDER_ASAN && !__asan_init;
}

static void *reserve_at(uint64_t start, uint64_t bytes)
{
	void *p = mmap((void *)(uintptr_t)start, bytes, PROT_NONE, RESERVE_FLAGS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED || p == (void *)(uintptr_t)start)
		return p;
	munmap(p, bytes); /* a kernel that takes the flag for a hint */
	return MAP_FAILED;
}

static void *reserve_identity(struct fxm_machine *m, uint64_t start, uint64_t bytes)
{
	struct fxm_machine *nobody = NULL;

	if (!m->desc.identity || !is_identity_possible() || !atomic_compare_exchange_strong(&identity_owner, &nobody, m))
		return MAP_FAILED;
	void *p = reserve_at(start, bytes);
	if (p == MAP_FAILED)
		identity_owner = NULL;
	return p;
}

/* Somewhere in [@bytes + @slack), with the low 32 bits of @start, but not there itself: a pointer cut to 32 bits must not work. */
static void *reserve_within(uint64_t start, uint64_t bytes, uint64_t slack)
{
	unsigned char *p = mmap(NULL, bytes + slack, PROT_NONE, RESERVE_FLAGS, -1, 0);

	if (p == MAP_FAILED)
		return p;
	uint64_t skip = (start - (uintptr_t)p) & (FOUR_GIB - 1);
	if ((uintptr_t)p + skip == start)
		skip += FOUR_GIB;
	if (skip > slack) {
		munmap(p, bytes + slack);
		return MAP_FAILED;
	}
	if (skip)
		munmap(p, skip);
	if (skip != slack)
		munmap(p + skip + bytes, slack - skip);
	return p + skip;
}

static void *reserve_relocated(uint64_t start, uint64_t bytes)
{
	void *p = reserve_within(start, bytes, FOUR_GIB);

	return p == MAP_FAILED ? reserve_within(start, bytes, 2 * FOUR_GIB) : p; /* valgrind's addresses start low */
}

/* From the lowest segment to the end of the address space's half that the segments lie in, so that overruns are ours too. */
static void span(const struct fxmi_desc *desc, uint64_t *start, uint64_t *bytes)
{
	uint64_t end = desc->format->va_bits == 32 ? FOUR_GIB : 0;

	*start = desc->page_offset;
	for (unsigned i = 0; i < desc->nr_segments; i++) {
		const struct fxmi_segment_desc *s = &desc->segment[i];

		if (s->start < *start)
			*start = s->start;
		if (s->start + s->size > end)
			end = s->start + s->size;
	}
	*bytes = end - *start;
}

static int map_direct(struct fxm_machine *m, const struct fxmi_segment *seg)
{
	uint64_t ram = m->mem.nr_frames << FXM_PAGE_SHIFT, bytes = seg->size < ram ? seg->size : ram;

	if (mmap(seg->host, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, m->mem.memfd, 0) == MAP_FAILED)
		return -ENOMEM;
	return madvise(seg->host, bytes, MADV_DONTFORK) ? -ENOMEM : 0;
}

static int place(struct fxm_machine *m)
{
	struct fxmi_window *w = m->window;
	uint64_t bytes;

	span(&m->desc, &w->reserved_start, &bytes);
	void *p = reserve_identity(m, w->reserved_start, bytes);
	if (p == MAP_FAILED)
		p = reserve_relocated(w->reserved_start, bytes);
	if (p == MAP_FAILED)
		return -ENOMEM;
	w->reserved = p;
	w->reserved_bytes = bytes;
	w->delta = (int64_t)((uintptr_t)p - w->reserved_start);
	w->identity = !w->delta;
	tell_memcheck(p, bytes);
	int error = 0;
	for (unsigned i = 0; !error && i < w->nr_segments; i++) {
		struct fxmi_segment *seg = &w->segment[i];

		seg->host = (unsigned char *)(uintptr_t)(seg->start + (uint64_t)w->delta);
		error = seg->lazy ? 0 : map_direct(m, seg);
	}
	return error;
}

static void displace(struct fxm_machine *m)
{
	struct fxmi_window *w = m->window;
	struct fxm_machine *self = m;

	fxmi_unpoison_all(w);
	if (w->reserved)
		munmap(w->reserved, w->reserved_bytes);
	atomic_compare_exchange_strong(&identity_owner, &self, NULL);
	w->reserved = NULL;
	w->reserved_bytes = 0;
	w->identity = false;
	for (unsigned i = 0; i < w->nr_segments; i++)
		w->segment[i].host = NULL;
}

/* ---- init and free ----------------------------------------------------------------------------------------------- */

/* The bitmaps exist without a window too: src/ tests them without asking. */
static int init_segment(struct fxmi_segment *seg, const struct fxmi_segment_desc *desc)
{
	uint64_t pages = desc->size >> FXM_PAGE_SHIFT;

	*seg = (struct fxmi_segment){.start = desc->start, .size = desc->size, .lazy = desc->lazy};
	if (!seg->lazy)
		return 0;
	seg->resident = calloc(pages / BITS + 1, sizeof(*seg->resident));
	seg->page = calloc(pages + 1, sizeof(*seg->page));
	if (!seg->resident || !seg->page)
		return -ENOMEM;
	for (uint64_t n = 0; n < pages; n++)
		seg->page[n].pfn = NOT_MAPPED;
	return 0;
}

static int init_segments(struct fxm_machine *m)
{
	int error = m->desc.nr_segments > FXMI_SEGMENTS ? -EINVAL : 0;

	for (unsigned i = 0; !error && i < m->desc.nr_segments; i++) {
		error = init_segment(&m->window->segment[i], &m->desc.segment[i]);
		m->window->nr_segments = i + 1;
	}
	return error;
}

static void free_segment(struct fxmi_segment *seg)
{
	free(seg->resident);
	free(seg->page);
}

int fxmi_window_move(struct fxm_machine *m, const struct fxmi_desc *desc)
{
	struct fxmi_window *w = m->window;
	struct fxmi_segment moved[FXMI_SEGMENTS] = {{0}};
	int error = desc->nr_segments == w->nr_segments ? 0 : -EINVAL;

	for (unsigned i = 0; !error && i < w->nr_segments; i++)
		if (w->segment[i].lazy)
			error = init_segment(&moved[i], &desc->segment[i]);
	if (error) {
		for (unsigned i = 0; i < w->nr_segments; i++)
			free_segment(&moved[i]);
		return error;
	}
	pthread_mutex_lock(&w->lock);
	for (unsigned i = 0; i < w->nr_segments; i++) {
		struct fxmi_segment *seg = &w->segment[i];

		if (!seg->lazy)
			continue;
		withdraw(m, seg, 0, seg->size >> FXM_PAGE_SHIFT);
		free_segment(seg);
		*seg = moved[i];
		if (w->reserved)
			seg->host = (unsigned char *)(uintptr_t)(seg->start + (uint64_t)w->delta);
	}
	pthread_mutex_unlock(&w->lock);
	return 0;
}

static int check_host(void)
{
	if (sysconf(_SC_PAGESIZE) != (long)FXM_PAGE_SIZE)
		return -ENOTSUP;
	return make_ones();
}

static void open_window(struct fxm_machine *m)
{
	m->window->mode = m->desc.window;
	if (!place(m)) {
		m->window->poisons = m->desc.poison && m->window->mode == FXM_WINDOW_RETAIN && fxmi_poison_init();
		m->window->wants_all = m->window->mode == FXM_WINDOW_EAGER || m->window->poisons;
		return;
	}
	displace(m);
	m->window->mode = FXM_WINDOW_OFF;
	fprintf(stderr, "libfixmap: the host has no address space for the window (ulimit -v?): this machine runs without one.\n");
}

int fxmi_window_init(struct fxm_machine *m)
{
	int saved_errno = errno, error;

	m->window = calloc(1, sizeof(*m->window));
	if (!m->window)
		return -ENOMEM;
	pthread_mutex_init(&m->window->lock, NULL);
	error = init_segments(m);
	if (!error && m->desc.window != FXM_WINDOW_OFF && m->window->nr_segments) {
		error = check_host();
		if (!error)
			open_window(m);
	}
	if (error)
		fxmi_window_free(m);
	errno = saved_errno;
	return error;
}

void fxmi_window_free(struct fxm_machine *m)
{
	displace(m);
	for (unsigned i = 0; i < m->window->nr_segments; i++)
		free_segment(&m->window->segment[i]);
	pthread_mutex_destroy(&m->window->lock);
	free(m->window);
	m->window = NULL;
}

/* Lazily mapped pages were inherited; the addresses stay on record, so that the handler can name their use. */
void fxmi_window_after_fork(struct fxm_machine *m)
{
	fxmi_unpoison_all(m->window);
	if (m->window->reserved)
		munmap(m->window->reserved, m->window->reserved_bytes);
	if (identity_owner == m)
		identity_owner = NULL;
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
		if (seg->lazy && !fxmi_is_resident(seg->resident, page_index(seg, va.v)))
			fxmi_segv_rearm();
		return seg->host + (va.v - seg->start);
	}
	return NULL;
}

fxm_va fxm_va_of_host(const struct fxm_machine *m, const void *host)
{
	uintptr_t p = (uintptr_t)host;

	return fxm_va_of(m && fxmi_window_contains(m, p) ? p - (uint64_t)m->window->delta : p);
}

void fxm_window_stats(const struct fxm_machine *m, struct fxm_window_stats *out)
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
