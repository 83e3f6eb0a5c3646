/* SPDX-License-Identifier: MIT */
/*
 * What does the kernel tier cost, which is what a module calls: a kmap_atomic() / kunmap_atomic() pair with a pointer in between,
 * an 8-byte load, a page touched and a page copied, new frames each time? Compiled three times: without checks (tier:
 * window=strict), with them (tier_checked: window=checked, pointers with identity), and as a program under AddressSanitizer
 * (tier_asan: window=strict); the loads say what a check adds. Beside them what a program without the library would do: mmap() and
 * munmap() of the same pages of a file.
 */
#include "bench.h"

#include <linux/highmem.h>
#include <linux/slab.h>

#include <sys/mman.h>
#include <unistd.h>

#ifdef FXM_KERNEL_CHECKED
#define WINDOW "window=checked,"
#else
#define WINDOW "window=strict,"
#endif

enum { POOL = 4096, WORDS = PAGE_SIZE / 8 };

struct tier {
	struct fxm_machine *m;
	struct page **pool; /* new frames, one after the other */
	unsigned next;
	struct page *page; /* mapped by nobody else */
	volatile unsigned long *high, *low, *object, *host;
};

static void sit(const struct tier *t)
{
	if (fxm_current_or_null() && fxm_vcpu_machine(fxm_current_or_null()) == t->m)
		return;
	if (fxm_current_or_null())
		fxm_detach();
	bench_check(!fxm_attach(t->m, -1), "no vCPU is free");
}

static struct tier make(const char *settings)
{
	static unsigned long host[512];
	struct tier t = {.m = bench_machine("x86_32-5.10", settings), .host = host};

	sit(&t);
	t.page = alloc_page(GFP_HIGHUSER);
	t.high = kmap(alloc_page(GFP_HIGHUSER));
	t.low = (unsigned long *)__get_free_page(GFP_KERNEL);
	t.object = kmalloc(2000, GFP_KERNEL);
	return t;
}

static struct tier make_pool(const char *settings)
{
	static struct page *pool[POOL];
	struct tier t = {.m = bench_machine("x86_32-5.10", settings), .pool = pool};

	sit(&t);
	for (unsigned i = 0; i < POOL; i++)
		bench_check((pool[i] = alloc_page(GFP_HIGHUSER)) != NULL, "no page is free");
	return t;
}

static struct page *next_of(struct tier *t)
{
	t->next = (t->next + 7) % POOL;
	return t->pool[t->next];
}

static void pairs(void *arg, uint64_t n)
{
	const struct tier *t = arg;

	sit(t);
	while (n--)
		kunmap_atomic(kmap_atomic(t->page));
}

static void touched_pairs(void *arg, uint64_t n)
{
	const struct tier *t = arg;

	sit(t);
	while (n--) {
		volatile char *p = kmap_atomic(t->page);
		p[n & 4095] = 1;
		kunmap_atomic((void *)p);
	}
}

static void touched_frames(void *arg, uint64_t n)
{
	struct tier *t = arg;

	sit(t);
	while (n--) {
		volatile char *p = kmap_atomic(next_of(t));
		p[n & 4095] = 1;
		kunmap_atomic((void *)p);
	}
}

static noinline void copy_words(unsigned long *to, const unsigned long *from)
{
	for (unsigned i = 0; i < WORDS; i++) {
		to[i] = from[i];
		bench_keep(to);
	}
}

static noinline void copy_page_of(unsigned long *to, const unsigned long *from)
{
	memcpy(to, from, PAGE_SIZE);
}

static void copies(struct tier *t, void (*copy)(unsigned long *, const unsigned long *), uint64_t n)
{
	sit(t);
	while (n--) {
		unsigned long *from = kmap_atomic(next_of(t)), *to = kmap_atomic(next_of(t));

		copy(to, from);
		kunmap_atomic(to);
		kunmap_atomic(from);
	}
}

static void copied_words(void *arg, uint64_t n)
{
	copies(arg, copy_words, n);
}

static void copied_pages(void *arg, uint64_t n)
{
	copies(arg, copy_page_of, n);
}

/* The same pages of a file, with the host's own calls. */
static int make_file(void)
{
	static const unsigned char zeroes[PAGE_SIZE];
	int fd = memfd_create("bench", 0);

	for (unsigned i = 0; i < POOL; i++)
		bench_check(write(fd, zeroes, sizeof(zeroes)) == (ssize_t)sizeof(zeroes), "no file");
	return fd;
}

static void *map_file(int fd, uint64_t i)
{
	void *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(i % POOL) * (off_t)PAGE_SIZE);

	bench_check(p != MAP_FAILED, "mmap");
	return p;
}

static void host_touches(void *arg, uint64_t n)
{
	while (n--) {
		volatile char *p = map_file(*(int *)arg, n * 7);
		p[n & 4095] = 1;
		munmap((void *)p, PAGE_SIZE);
	}
}

static void host_copies(void *arg, uint64_t n)
{
	while (n--) {
		void *from = map_file(*(int *)arg, n * 14), *to = map_file(*(int *)arg, n * 14 + 7);

		memcpy(to, from, PAGE_SIZE);
		munmap(to, PAGE_SIZE);
		munmap(from, PAGE_SIZE);
	}
}

static void nothing(void *arg, uint64_t n)
{
	const struct tier *t = arg;

	sit(t);
	while (n--)
		bench_keep(t);
}

static noinline void load(const struct tier *t, volatile unsigned long *at, uint64_t n)
{
	sit(t);
	while (n--)
		(void)*at;
}

static void load_high(void *arg, uint64_t n)
{
	load(arg, ((struct tier *)arg)->high, n);
}
static void load_low(void *arg, uint64_t n)
{
	load(arg, ((struct tier *)arg)->low, n);
}
static void load_object(void *arg, uint64_t n)
{
	load(arg, ((struct tier *)arg)->object, n);
}
static void load_host(void *arg, uint64_t n)
{
	load(arg, ((struct tier *)arg)->host, n);
}

/* The floor of a checked access: a call into the library that does nothing. */
static void empty_calls(void *arg, uint64_t n)
{
	sit(arg);
	while (n--)
		fxm_k_no_return();
}

int main(int argc, char **argv)
{
	struct tier off = make(WINDOW "pae=0,detect=off"), on = make(WINDOW "pae=0,detect=on");
	struct tier pool = make_pool(WINDOW "pae=0,detect=on");
	int file = make_file();
	const struct bench_variant variants[] = {
	    {"loop", nothing, &off, 20000},	      {"pair", pairs, &off, 5000},	    {"pair-detect", pairs, &on, 5000},
	    {"touched", touched_pairs, &on, 1000},    {"load-high", load_high, &on, 20000}, {"load-low", load_low, &on, 20000},
	    {"load-object", load_object, &on, 20000}, {"load-host", load_host, &on, 20000}, {"call", empty_calls, &on, 20000},
	    {"touch", touched_frames, &pool, 500},    {"copy-words", copied_words, &pool, 100},
	    {"copy-memcpy", copied_pages, &pool, 200}, {"host-touch", host_touches, &file, 100},
	    {"host-copy", host_copies, &file, 50},
	};
	static const struct bench_ratio ratios[] = {
	    {"load-high/call", "load-high", "call", 0},
	    {"load-low/call", "load-low", "call", 0},
	    {"load-object/call", "load-object", "call", 0},
	    {"touched/call", "touched", "call", 0},
	    {"touch/host", "touch", "host-touch", 0},
	    {"copy-words/host", "copy-words", "host-copy", 0},
	    {"copy-memcpy/host", "copy-memcpy", "host-copy", 0},
	};
	return bench_main(argc, argv, variants, BENCH_COUNT(variants), ratios, BENCH_COUNT(ratios), 200);
}
