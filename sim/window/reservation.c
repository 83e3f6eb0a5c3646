/* SPDX-License-Identifier: MIT */
/*
 * The window's place among the host's addresses: one PROT_NONE reservation from the lowest segment to the end of the half that the
 * segments lie in, with the direct map in it. Where a 64-bit kernel has more between its direct map and its fixmap than a host has
 * addresses, that hole is left out.
 *
 * One machine at most lies at the simulated addresses themselves (identity_owner).
 */
#include "window_internal.h"

#include <errno.h>
#include <sys/mman.h>

#define FOUR_GIB (UINT64_C(1) << 32)
#define RESERVE_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

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

	*start = desc->segment[0].start;
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
	off_t offset = (off_t)m->desc.ram_start;

	if (mmap(seg->host, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, m->mem.memfd, offset) == MAP_FAILED)
		return -ENOMEM;
	return madvise(seg->host, bytes, MADV_DONTFORK) ? -ENOMEM : 0;
}

/* More than this is not to be had of a host's 47 bits. */
#define MOST_BYTES (UINT64_C(1) << 45)

/* What is kept beside the hole for overruns. */
#define MARGIN FOUR_GIB

/* Leaves a hole out of the @bytes from @w->reserved_start on if they are too many: how many are left. */
static uint64_t leave_hole(const struct fxmi_desc *desc, struct fxmi_window *w, uint64_t bytes)
{
	uint64_t low = 0, high = UINT64_MAX;

	w->low_bytes = bytes;
	w->hole_end = w->hole_bytes = 0;
	if (bytes <= MOST_BYTES)
		return bytes;
	for (unsigned i = 0; i < desc->nr_segments; i++) {
		uint64_t from = desc->segment[i].start - w->reserved_start, to = from + desc->segment[i].size;

		if (to <= MOST_BYTES && to > low)
			low = to;
		if (to > MOST_BYTES && from < high)
			high = from;
	}
	low = (low + MARGIN + FOUR_GIB - 1) & ~(FOUR_GIB - 1);
	high = high > low + MARGIN ? (high - low - MARGIN) & ~(FOUR_GIB - 1) : 0;
	w->low_bytes = low;
	w->hole_bytes = high;
	w->hole_end = w->reserved_start + low + high;
	return bytes - high;
}

int fxmi_reservation_place(struct fxm_machine *m)
{
	struct fxmi_window *w = m->window;
	uint64_t bytes;

	fxm_assert_internal(!w->reserved);
	span(&m->desc, &w->reserved_start, &bytes);
	bytes = leave_hole(&m->desc, w, bytes);
	fxm_assert_internal(bytes && (bytes | w->reserved_start) % FXM_PAGE_SIZE == 0);
	void *p = reserve_identity(m, w->reserved_start, bytes);
	if (p == MAP_FAILED)
		p = reserve_relocated(w->reserved_start, bytes);
	if (p == MAP_FAILED)
		return -ENOMEM;
	w->reserved = p;
	w->reserved_bytes = bytes;
	w->delta = (int64_t)((uintptr_t)p - w->reserved_start);
	w->identity = !w->delta;
	fxm_assert_internal(w->identity == (identity_owner == m));
	fxmi_tell_memcheck(p, bytes);
	int error = 0;
	for (unsigned i = 0; !error && i < w->nr_segments; i++) {
		struct fxmi_segment *seg = &w->segment[i];

		seg->host = (unsigned char *)fxmi_window_host(w, seg->start);
		error = seg->lazy ? 0 : map_direct(m, seg);
	}
	return error;
}

void fxmi_reservation_displace(struct fxm_machine *m)
{
	struct fxmi_window *w = m->window;
	struct fxm_machine *self = m;

	fxmi_unpoison_all(w);
	if (w->reserved) {
		munmap(w->reserved, w->reserved_bytes);
		fxmi_gone_add(w->reserved, w->reserved_bytes);
	}
	atomic_compare_exchange_strong(&identity_owner, &self, NULL);
	w->reserved = NULL;
	w->reserved_bytes = 0;
	w->identity = false;
	for (unsigned i = 0; i < w->nr_segments; i++)
		w->segment[i].host = NULL;
}

/* Lazily mapped pages were inherited; the addresses stay on record, so that the handler can name their use. */
void fxmi_reservation_after_fork(struct fxm_machine *m)
{
	if (m->window->reserved)
		munmap(m->window->reserved, m->window->reserved_bytes);
	if (identity_owner == m)
		identity_owner = NULL;
}

bool fxmi_reservation_is_valid(const struct fxm_machine *m)
{
	fxm_invariant(m->window->identity == (identity_owner == m));
	return true;
}
