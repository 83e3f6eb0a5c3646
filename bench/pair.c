/* SPDX-License-Identifier: MIT */
/*
 * What does a kmap_atomic() / kunmap_atomic() pair cost through the shared library, with all of the kernel's checks? Beside it
 * the floor: the same writes and the same two TLB invalidations, inlined, without a check; and what the host's kernel takes
 * for mmap() and munmap() of a page.
 */
#include "bench.h"

#include <sys/mman.h>
#include <unistd.h>

/* ---- the library ---- */

struct pair {
	struct fxm_vcpu *cpu;
	struct fxm_page *page;
	uint32_t type;
};

static void pairs(void *arg, uint64_t n)
{
	struct pair *p = arg;
	while (n--)
		fxm_kunmap_atomic(p->cpu, fxm_kmap_atomic(p->cpu, p->page));
}

static void pairs_typed(void *arg, uint64_t n)
{
	struct pair *p = arg;
	while (n--)
		fxm_kunmap_atomic_type(p->cpu, fxm_kmap_atomic_type(p->cpu, p->page, p->type), p->type);
}

static void map_load_unmap(void *arg, uint64_t n)
{
	struct pair *p = arg;
	while (n--) {
		fxm_va va = fxm_kmap_atomic(p->cpu, p->page);
		uint64_t word;
		fxm_read_u64(p->cpu, va, &word);
		bench_keep_u64(word);
		fxm_kunmap_atomic(p->cpu, va);
	}
}

static struct pair make(const char *profile, const char *settings)
{
	struct fxm_machine *m = bench_machine(profile, settings);
	struct pair p = {fxm_machine_vcpu(m, 0), bench_high_page(m, 1), 0};
	int type = fxm_km_type_index(fxm_machine_layout(m), "KM_USER0");

	p.type = type < 0 ? 0 : (uint32_t)type;
	return p;
}

/* ---- the floor ---- */

struct floor_cpu {
	uint32_t *pte; /* of slot 0; slots lie downwards */
	uint64_t va;
	int depth, preempt, pagefault; /* compiled without making a vector of them, which is slower */
	uint64_t tags[128][2][2];
};

struct floor {
	struct floor_cpu *cpu;
	uint32_t pfn;
};

static inline uint64_t floor_map(struct floor_cpu *cpu, uint32_t pfn)
{
	int level = cpu->depth++;

	cpu->preempt++;
	cpu->pagefault++;
	__atomic_store_n(&cpu->pte[-level], pfn << 12 | 0x163, __ATOMIC_RELEASE);
	return cpu->va - ((uint64_t)level << 12);
}

static inline void floor_invalidate(struct floor_cpu *cpu, uint64_t va)
{
	uint64_t(*set)[2] = cpu->tags[va >> 12 & 127];

	for (int way = 0; way < 2; way++)
		if (set[way][0] == va)
			set[way][0] = set[way][1] = 8;
}

static inline void floor_unmap(struct floor_cpu *cpu, uint64_t va)
{
	int level = cpu->depth - 1;

	__atomic_store_n(&cpu->pte[-level], 0, __ATOMIC_RELEASE);
	floor_invalidate(cpu, va);
	cpu->depth = level;
	cpu->pagefault--;
	cpu->preempt--;
}

static void floor_pairs(void *arg, uint64_t n)
{
	struct floor *f = arg;
	struct floor_cpu *cpu = f->cpu;

	while (n--) {
		uint64_t va = floor_map(cpu, f->pfn);
		__asm__ volatile("" : "+r"(va) : : "memory");
		floor_unmap(cpu, va);
		__asm__ volatile("" : : : "memory");
	}
}

/* What the loop itself takes, to be taken off. */
static void nothing(void *arg, uint64_t n)
{
	while (n--)
		bench_keep(arg);
}

/* ---- the host ---- */

static void host_pairs(void *arg, uint64_t n)
{
	int fd = *(int *)arg;
	while (n--)
		munmap(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), 4096);
}

static void host_map_load_unmap(void *arg, uint64_t n)
{
	int fd = *(int *)arg;
	while (n--) {
		volatile uint64_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		bench_keep_u64(*p);
		munmap((void *)p, 4096);
	}
}

static int make_file(void)
{
	int fd = memfd_create("bench", 0);
	bench_check(fd >= 0 && !ftruncate(fd, 4096) && write(fd, "x", 1) == 1, "no memfd");
	return fd;
}

int main(int argc, char **argv)
{
	static uint32_t table[1024];
	static struct floor_cpu floor_cpu = {.pte = &table[1000], .va = 0xfffbb000};
	struct floor floor = {&floor_cpu, 0x38001};
	struct pair pae0 = make("x86_32-5.10", "pae=0,detect=off"), pae1 = make("x86_32-5.10", "pae=1,detect=off");
	struct pair typed = make("i386-2.6.12", "detect=off"), watched = make("x86_32-5.10", "pae=0,detect=on");
	struct pair local = make("x86_32-6.1", "pae=0,detect=off"), watched_local = make("x86_32-6.1", "pae=0,detect=on");
	int fd = make_file();
	const struct bench_variant variants[] = {
		{"loop", nothing, &floor, 20000},
		{"floor", floor_pairs, &floor, 20000},
		{"pair", pairs, &pae0, 15000},
		{"pair-pae", pairs, &pae1, 15000},
		{"pair-typed", pairs_typed, &typed, 3000},
		{"pair-detect", pairs, &watched, 1},
		{"pair-local", pairs, &local, 1},
		{"pair-local-detect", pairs, &watched_local, 1},
		{"load", map_load_unmap, &pae0, 4000},
		{"load-pae", map_load_unmap, &pae1, 4000},
		{"host", host_pairs, &fd, 40},
		{"host-load", host_map_load_unmap, &fd, 20},
	};
	static const struct bench_ratio ratios[] = {
		{"pair/floor", "pair", "floor", 0},	  {"pair-pae/floor", "pair-pae", "floor", 0},
		{"pair-typed/floor", "pair-typed", "floor", 0}, {"host/pair", "host", "pair", 0},
		{"host/pair-pae", "host", "pair-pae", 0}, {"host-load/load", "host-load", "load", 0},
		{"host-load/load-pae", "host-load", "load-pae", 0},
	};
	return bench_main(argc, argv, variants, BENCH_COUNT(variants), ratios, BENCH_COUNT(ratios), 500);
}
