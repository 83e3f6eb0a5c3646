/* SPDX-License-Identifier: MIT */
/*
 * The window's segments as they come, move and go.
 */
#include "lanes.h"
#include "window_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BITS = 8 * sizeof(unsigned long) };

/* The bitmaps exist without a window too: src/ tests them without asking. */
static int init_segment(struct fxmi_segment *seg, const struct fxmi_segment_desc *desc)
{
	uint64_t pages = desc->size >> FXM_PAGE_SHIFT;

	fxm_assert_internal((desc->start | desc->size) % FXM_PAGE_SIZE == 0);
	*seg = (struct fxmi_segment){.start = desc->start, .size = desc->size, .lazy = desc->lazy};
	if (!seg->lazy)
		return 0;
	seg->resident = calloc(pages / BITS + 1, sizeof(*seg->resident));
	seg->page = calloc(pages + 1, sizeof(*seg->page));
	return seg->resident && seg->page ? 0 : -ENOMEM;
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
		fxm_assert_internal(moved[i].resident && moved[i].page);
		fxmi_resident_withdraw(m, seg, 0, seg->size >> FXM_PAGE_SHIFT);
		free_segment(seg);
		*seg = moved[i];
		if (w->reserved)
			seg->host = (unsigned char *)fxmi_window_host(w, seg->start);
	}
	pthread_mutex_unlock(&w->lock);
	return 0;
}

/* Without a window the handler does no more than name wild accesses. */
static int arm(const struct fxm_machine *m)
{
	int error = fxmi_segv_rearm();

	if (!error || m->window->mode == FXM_WINDOW_OFF)
		return 0;
	errno = -error;
	return fxmi_host_refused(m, "sigaction");
}

static int open_window(struct fxm_machine *m)
{
	if (sysconf(_SC_PAGESIZE) != (long)FXM_PAGE_SIZE)
		return -ENOTSUP;
	m->window->mode = m->desc.window;
	if (!fxmi_reservation_place(m)) {
		m->window->poisons = m->desc.poison && m->window->mode == FXM_WINDOW_RETAIN && fxmi_poison_init();
		m->window->wants_users = m->window->mode == FXM_WINDOW_CHECKED || m->window->poisons;
		m->window->wants_all = m->window->mode == FXM_WINDOW_EAGER || m->window->wants_users;
		return 0;
	}
	fxmi_reservation_displace(m);
	m->window->mode = FXM_WINDOW_OFF;
	fprintf(stderr, "libfixmap: the host has no address space for the window (ulimit -v?): this machine runs without one.\n");
	return 0;
}

/* The handler may have been taken over; for a fibre that runs in turns that is looked at only where there is a window. */
static void thread_enters(struct fxm_machine *m, bool again)
{
	if (!again || m->window->mode != FXM_WINDOW_OFF)
		fxmi_segv_rearm();
}

int fxmi_window_init(struct fxm_machine *m)
{
	int saved_errno = errno, error;

	fxm_assert_internal(!m->window && m->mem.ram);
	m->window = calloc(1, sizeof(*m->window));
	if (!m->window)
		return -ENOMEM;
	pthread_mutex_init(&m->window->lock, NULL);
	m->thread_enters = thread_enters;
	error = init_segments(m);
	if (!error && m->desc.window != FXM_WINDOW_OFF && m->window->nr_segments)
		error = open_window(m);
	if (!error)
		error = arm(m);
	if (error)
		fxmi_window_free(m);
	errno = saved_errno;
	return error;
}

void fxmi_window_free(struct fxm_machine *m)
{
	fxmi_reservation_displace(m);
	for (unsigned i = 0; i < m->window->nr_segments; i++)
		free_segment(&m->window->segment[i]);
	pthread_mutex_destroy(&m->window->lock);
	free(m->window);
	m->window = NULL;
}

void fxmi_window_after_fork(struct fxm_machine *m)
{
	fxmi_unpoison_all(m->window);
	fxmi_reservation_after_fork(m);
	fxmi_lanes_after_fork(m);
}

/* ---- self-check ---- */

static bool overlap(const struct fxmi_segment *a, const struct fxmi_segment *b)
{
	return a->start - b->start < b->size || b->start - a->start < a->size;
}

/* At its place in the reservation, beside the others. */
static bool segment_is_valid(const struct fxmi_window *w, const struct fxmi_segment *seg)
{
	fxm_invariant((seg->start | seg->size) % FXM_PAGE_SIZE == 0);
	fxm_invariant(seg->start + seg->size >= seg->start || seg->start + seg->size == 0);
	fxm_invariant(!seg->lazy == !seg->resident && !seg->lazy == !seg->page);
	fxm_invariant(!seg->host == !w->reserved);
	fxm_invariant(!seg->host || (uintptr_t)seg->host == fxmi_window_host(w, seg->start));
	fxm_invariant(!seg->host || (size_t)(seg->host - w->reserved) + seg->size <= w->reserved_bytes);
	for (const struct fxmi_segment *other = w->segment; other < seg; other++)
		fxm_invariant(!seg->size || !other->size || !overlap(seg, other));
	return true;
}

static bool window_is_valid_locked(const struct fxm_machine *m)
{
	const struct fxmi_window *w = m->window;

	fxm_invariant(w->mode == FXM_WINDOW_OFF || w->mode == m->desc.window);
	fxm_invariant((w->mode != FXM_WINDOW_OFF) == (w->reserved != NULL));
	fxm_invariant(!w->reserved == !w->reserved_bytes);
	fxm_invariant(w->identity == (w->reserved && !w->delta));
	fxm_invariant(!w->reserved || (uintptr_t)w->reserved == w->reserved_start + (uint64_t)w->delta);
	fxm_invariant((w->delta & UINT32_MAX) == 0 || !w->reserved);
	fxm_invariant(!w->poisons || w->mode == FXM_WINDOW_RETAIN);
	fxm_invariant(w->wants_all == (w->wants_users || w->mode == FXM_WINDOW_EAGER));
	fxm_invariant(!w->poisons || w->wants_users);
	fxm_invariant(w->nr_segments <= FXMI_SEGMENTS && w->nr_segments == m->desc.nr_segments);
	for (unsigned i = 0; i < w->nr_segments; i++)
		if (!segment_is_valid(w, &w->segment[i]))
			return false;
	return fxmi_residents_are_valid_locked(m) && fxmi_reservation_is_valid(m) && fxmi_lanes_are_valid(m);
}

bool fxmi_window_is_valid(struct fxm_machine *m)
{
	fxm_invariant(m->window);
	pthread_mutex_lock(&m->window->lock);
	bool valid = window_is_valid_locked(m);
	pthread_mutex_unlock(&m->window->lock);
	return valid && fxmi_segv_is_valid();
}
