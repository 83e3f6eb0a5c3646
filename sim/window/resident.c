/* SPDX-License-Identifier: MIT */
/*
 * The pages of lazy segments in the host's page table: one system call each, counted. window.lock held.
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

#define RESERVE_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

enum { BITS = 8 * sizeof(unsigned long) };

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
void fxmi_tell_memcheck(const unsigned char *host, size_t bytes)
{
	const size_t piece = 128 << 20;

	for (size_t at = 0; at < bytes; at += piece)
		(void)VALGRIND_MAKE_MEM_DEFINED(host + at, bytes - at < piece ? bytes - at : piece);
}

static void remap(struct fxmi_window *w, unsigned char *host, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
	int saved_errno = errno;

	fxm_assert_internal(bytes && bytes % FXM_PAGE_SIZE == 0);
	w->system_calls++;
	/*
	 * The thread sanitizer takes mmap() for a write to every page by a thread that wrote nothing: not so the bare system
	 * call.
	 */
	if (syscall(SYS_mmap, host, bytes, prot, flags | MAP_FIXED, fd, (off_t)offset) == -1)
		die_of_host(w);
	errno = saved_errno;
}

static unsigned char *host_page(const struct fxmi_segment *seg, uint64_t n)
{
	fxm_assert_internal(seg->lazy && seg->host && n < seg->size >> FXM_PAGE_SHIFT);
	return seg->host + (n << FXM_PAGE_SHIFT);
}

static void set_shown(struct fxmi_segment *seg, uint64_t n, uint64_t pfn, bool writable)
{
	__atomic_store_n(&seg->page[n].pfn_plus_1, pfn + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&seg->page[n].writable, writable, __ATOMIC_RELAXED);
}

void fxmi_resident_set(struct fxmi_window *w, struct fxmi_segment *seg, uint64_t n)
{
	unsigned long bit = 1ul << n % BITS;

	if (n >= seg->touched)
		seg->touched = n + 1;
	if (!(atomic_fetch_or(&seg->resident[n / BITS], bit) & bit))
		w->nr_resident++;
}

void fxmi_resident_clear(struct fxmi_window *w, struct fxmi_segment *seg, uint64_t n)
{
	unsigned long bit = 1ul << n % BITS;

	fxm_assert_internal(fxmi_shown_pfn(seg, n) == FXMI_NOT_MAPPED);
	if (atomic_fetch_and(&seg->resident[n / BITS], ~bit) & bit)
		w->nr_resident--;
}

void fxmi_resident_show(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t n, uint64_t pfn, bool writable)
{
	bool is_ram = fxmi_pfn_is_ram(m, pfn);
	int prot = PROT_READ | (writable ? PROT_WRITE : 0);

	fxm_assert_internal(pfn != FXMI_NOT_MAPPED && !seg->page[n].poisoned);
	fxmi_resident_set(m->window, seg, n);
	if (is_ram)
		remap(m->window, host_page(seg, n), FXM_PAGE_SIZE, prot, MAP_SHARED | MAP_POPULATE, m->mem.memfd,
		      pfn << FXM_PAGE_SHIFT);
	else
		remap(m->window, host_page(seg, n), FXM_PAGE_SIZE, prot, MAP_PRIVATE, m->mem.memfd, fxmi_physmem_ones(m));
	set_shown(seg, n, pfn, writable);
}

void fxmi_window_remap(struct fxm_machine *m, unsigned char *host, uint64_t pfn)
{
	if (fxmi_pfn_is_ram(m, pfn))
		remap(m->window, host, FXM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, m->mem.memfd, pfn << FXM_PAGE_SHIFT);
	else
		remap(m->window, host, FXM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, m->mem.memfd, fxmi_physmem_ones(m));
}

void fxmi_resident_withdraw(struct fxm_machine *m, struct fxmi_segment *seg, uint64_t from, uint64_t to)
{
	bool mapped = false;

	fxm_assert_internal(from < to && to <= seg->size >> FXM_PAGE_SHIFT);
	for (uint64_t n = from; n < to; n++) {
		mapped |= fxmi_shown_pfn(seg, n) != FXMI_NOT_MAPPED;
		fxmi_unpoison(seg, n);
	}
	if (mapped) {
		remap(m->window, host_page(seg, from), (to - from) << FXM_PAGE_SHIFT, PROT_NONE, RESERVE_FLAGS, -1, 0);
		fxmi_tell_memcheck(host_page(seg, from), (to - from) << FXM_PAGE_SHIFT);
	}
	for (uint64_t n = from; n < to; n++) {
		set_shown(seg, n, FXMI_NOT_MAPPED, false);
		fxmi_resident_clear(m->window, seg, n);
	}
}

/* ---- self-check ---- */

/* While no handler is at work, a page whose bit is set is mapped. */
static bool page_is_valid(const struct fxmi_window *w, const struct fxmi_segment *seg, uint64_t n)
{
	bool is_mapped = fxmi_shown_pfn(seg, n) != FXMI_NOT_MAPPED;

	fxm_invariant(fxmi_is_resident(seg->resident, n) == is_mapped);
	fxm_invariant(is_mapped || !seg->page[n].writable);
	fxm_invariant(!seg->page[n].poisoned || (is_mapped && w->poisons));
	return true;
}

bool fxmi_residents_are_valid_locked(const struct fxm_machine *m)
{
	const struct fxmi_window *w = m->window;
	uint64_t resident = 0;

	for (unsigned i = 0; i < w->nr_segments; i++) {
		const struct fxmi_segment *seg = &w->segment[i];

		fxm_invariant(seg->touched <= seg->size >> FXM_PAGE_SHIFT);
		for (uint64_t n = 0; seg->lazy && n < seg->touched; n++) {
			if (!page_is_valid(w, seg, n))
				return false;
			resident += fxmi_is_resident(seg->resident, n);
		}
	}
	fxm_invariant(resident == w->nr_resident);
	fxm_invariant(!resident || w->reserved);
	return true;
}
