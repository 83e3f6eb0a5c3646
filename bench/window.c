/* SPDX-License-Identifier: MIT */
/*
 * What does it cost to map a page, write to it through a pointer, and unmap it, in each mode of the window? Beside it the same
 * with mmap() and munmap(). And does retain mode do the same frame again without a system call and without a fault?
 */
#include "bench.h"

#include <sys/mman.h>
#include <unistd.h>

enum { PAGES = 64 };

struct view {
	struct fxm_machine *m;
	struct fxm_vcpu *cpu;
	struct fxm_page *page[PAGES];
	unsigned next, step;
	ptrdiff_t delta; /* host - simulated, of the fixmap */
};

static void touches(void *arg, uint64_t n)
{
	struct view *v = arg;

	while (n--) {
		fxm_va va = fxm_kmap_atomic(v->cpu, v->page[v->next]);
		*(volatile uint64_t *)(va.v + (uint64_t)v->delta) = n;
		fxm_kunmap_atomic(v->cpu, va);
		v->next = (v->next + v->step) % PAGES;
	}
}

static void host_touches(void *arg, uint64_t n)
{
	int fd = *(int *)arg;

	while (n--) {
		volatile uint64_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(n % PAGES) * 4096);
		*p = n;
		munmap((void *)p, 4096);
	}
}

static struct view make(const char *settings, unsigned step)
{
	struct view v = {.m = bench_machine("x86_32-5.10", settings), .step = step};

	bench_check(!fxm_attach(v.m, 0), "no seat");
	v.cpu = fxm_current_or_null();
	for (unsigned i = 0; i < PAGES; i++) {
		v.page[i] = bench_high_page(v.m, i);
		*(uint64_t *)fxm_frame(v.m, fxm_page_pfn(v.m, v.page[i])) = i; /* as in the file, the frames exist */
	}
	fxm_va va = fxm_kmap_atomic(v.cpu, v.page[0]);
	void *host = fxm_host(v.m, va);
	bench_check(host, "the host refused a window");
	v.delta = (ptrdiff_t)((uint64_t)(uintptr_t)host - va.v);
	fxm_kunmap_atomic(v.cpu, va);
	fxm_detach();
	return v;
}

/* A thread sits on one machine at a time. */
static void with_seat(struct view *v, uint64_t n)
{
	fxm_attach(v->m, 0);
	touches(v, n);
	fxm_detach();
}

static void seated_touches(void *arg, uint64_t n)
{
	with_seat(arg, n);
}

static int make_file(void)
{
	static unsigned char zeroes[PAGES * 4096];
	int fd = memfd_create("bench", 0);

	bench_check(fd >= 0 && write(fd, zeroes, sizeof(zeroes)) == (ssize_t)sizeof(zeroes), "no memfd");
	return fd;
}

/* The first touch makes the page resident; then nothing more may happen. */
static void count_same_frame(struct view *v)
{
	struct fxm_window_stats before, after;

	with_seat(v, 10);
	fxm_get_window_stats(v->m, &before);
	with_seat(v, 10000);
	fxm_get_window_stats(v->m, &after);
	bench_fact("same-frame-faults", after.faults - before.faults);
	bench_fact("same-frame-system-calls", after.system_calls - before.system_calls);
}

int main(int argc, char **argv)
{
	struct view strict = make("window=strict,detect=off", 1), eager = make("window=eager,detect=off", 1);
	struct view retain = make("window=retain,detect=off", 1), same = make("window=retain,detect=off", 0);
	int fd = make_file();
	const struct bench_variant variants[] = {
		{"window-strict", seated_touches, &strict, 40}, {"window-eager", seated_touches, &eager, 40},
		{"window-retain", seated_touches, &retain, 40}, {"window-same", seated_touches, &same, 2000},
		{"mmap-touch", host_touches, &fd, 40},
	};
	static const struct bench_ratio ratios[] = {
		{"strict/mmap", "window-strict", "mmap-touch", 0},
		{"eager/mmap", "window-eager", "mmap-touch", 0},
		{"retain/mmap", "window-retain", "mmap-touch", 0},
	};
	if (argc == 1)
		count_same_frame(&same);
	return bench_main(argc, argv, variants, BENCH_COUNT(variants), ratios, BENCH_COUNT(ratios), 200);
}
