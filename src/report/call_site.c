/* SPDX-License-Identifier: MIT */
/*
 * Places in code: who called the library, and where a mapping was made or undone.
 *
 * A place is noted as one word: a return address, or, with stacks=full, the number of a whole call stack. Stacks that are equal
 * are kept once; there is room for NR_STACKS of them, and after that a place is its return address again. The lock is a leaf.
 */
#include "report.h"
#include "state.h"

#include <execinfo.h>
#include <link.h>
#include <stdlib.h>

#define NR_STACKS 4096u
#define MAX_DEPTH 16u
#define NR_HASHES (2 * NR_STACKS)

/* No code lies in the upper half of the host's address space. */
#define IS_STACK (UINTPTR_MAX / 2 + 1)

struct fxmi_stacks {
	pthread_mutex_t lock;
	uint32_t nr;
	uint32_t hash[NR_HASHES]; /* 1 + the index of a stack, open addressing */
	struct {
		uint32_t depth;
		uintptr_t pc[MAX_DEPTH];
	} stack[NR_STACKS];
};

/* ---- whose code it is ---- */

/* The linker's: the bounds of the code of the static library, which one_text.ld keeps together; 0 in the shared library. */
extern const char fxmi_text_start[] __attribute__((weak, visibility("hidden")));
extern const char fxmi_text_end[] __attribute__((weak, visibility("hidden")));
/* And those of the object: all code in the shared library is its own. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

static bool is_own_code(uintptr_t pc)
{
	const char *start = fxmi_text_start ? fxmi_text_start : __ehdr_start;
	const char *end = fxmi_text_start ? fxmi_text_end : etext;
	return pc - (uintptr_t)start <= (uintptr_t)end - (uintptr_t)start;
}

/* The C library's code, where it is an object of its own: threads begin and callbacks run there, and no mistake is made there. */
static uintptr_t libc_start, libc_end;

static int find_libc(struct dl_phdr_info *object, size_t size, void *arg)
{
	(void)size, (void)arg;
	for (int i = 0; *object->dlpi_name && i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		uintptr_t start = object->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || (uintptr_t)pthread_create - start >= p->p_memsz)
			continue;
		libc_start = start;
		libc_end = start + p->p_memsz;
		return 1;
	}
	return 0;
}

static pthread_once_t libc_once = PTHREAD_ONCE_INIT;

static void look_for_libc(void)
{
	dl_iterate_phdr(find_libc, NULL);
}

static bool is_of_nobody(uintptr_t pc)
{
	return is_own_code(pc) || pc - libc_start < libc_end - libc_start;
}

unsigned fxmi_call_stack(uintptr_t first, uintptr_t *pcs, unsigned max)
{
	void *frames[FXMI_MAX_FRAMES + 24];
	int n = backtrace(frames, FXMI_MAX_FRAMES + 24), begin = 0;
	unsigned kept = 0;

	while (first && begin < n && (uintptr_t)frames[begin] != first)
		begin++;
	/* Above this very function may be a sanitizer's. */
	if (!first || begin == n)
		for (begin = 0; begin < n && !is_own_code((uintptr_t)frames[begin]);)
			begin++;
	for (int i = begin; i < n && kept < max; i++)
		if (!is_of_nobody((uintptr_t)frames[i]))
			pcs[kept++] = (uintptr_t)frames[i];
	return kept;
}

uintptr_t fxmi_caller(void)
{
	uintptr_t pc;
	return fxmi_call_stack(0, &pc, 1) ? pc : 0;
}

/* ---- whole stacks ---- */

static bool is_equal(const struct fxmi_stacks *s, uint32_t i, const uintptr_t *pcs, unsigned depth)
{
	return s->stack[i].depth == depth && !memcmp(s->stack[i].pc, pcs, depth * sizeof(*pcs));
}

static uint64_t hash_of(const uintptr_t *pcs, unsigned depth)
{
	uint64_t hash = depth;
	for (unsigned i = 0; i < depth; i++)
		hash = (hash ^ pcs[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return hash >> 32;
}

/* The word for this stack, or its innermost address when there is no room. */
static uintptr_t keep(struct fxmi_stacks *s, const uintptr_t *pcs, unsigned depth)
{
	uintptr_t word = pcs[0];

	pthread_mutex_lock(&s->lock);
	size_t h = hash_of(pcs, depth) % NR_HASHES;
	while (s->hash[h] && !is_equal(s, s->hash[h] - 1, pcs, depth))
		h = (h + 1) % NR_HASHES;
	if (!s->hash[h] && s->nr < NR_STACKS) {
		s->stack[s->nr].depth = depth;
		memcpy(s->stack[s->nr].pc, pcs, depth * sizeof(*pcs));
		s->hash[h] = ++s->nr;
	}
	if (s->hash[h])
		word = IS_STACK | (s->hash[h] - 1);
	pthread_mutex_unlock(&s->lock);
	return word;
}

uintptr_t fxmi_note_caller(const struct fxm_vcpu *cpu)
{
	const struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	uintptr_t pcs[MAX_DEPTH], caller = fxmi_percpu(cpu)->caller;
	unsigned depth;

	if (!k->stacks)
		return caller ? caller : fxmi_caller();
	depth = fxmi_call_stack(0, pcs, MAX_DEPTH);
	return depth ? keep(k->stacks, pcs, depth) : caller;
}

struct fxm_stack fxmi_noted(const struct fxmi_kernel *k, const uintptr_t *site)
{
	if (!(*site & IS_STACK))
		return (struct fxm_stack){.pc = site, .depth = *site != 0};
	uintptr_t i = *site & ~IS_STACK;
	return (struct fxm_stack){.pc = k->stacks->stack[i].pc, .depth = k->stacks->stack[i].depth};
}

/* ---- life ---- */

int fxmi_stacks_init(struct fxmi_kernel *k)
{
	void *frame;

	pthread_once(&libc_once, look_for_libc);
	backtrace(&frame, 1); /* loads the unwinder now: in a signal handler it could not */
	if (!k->full_stacks)
		return 0;
	k->stacks = calloc(1, sizeof(*k->stacks));
	if (!k->stacks)
		return -ENOMEM;
	return -pthread_mutex_init(&k->stacks->lock, NULL);
}

void fxmi_stacks_reset(struct fxmi_kernel *k)
{
	struct fxmi_stacks *s = k->stacks;

	if (!s || !s->nr)
		return;
	memset(s->stack, 0, s->nr * sizeof(s->stack[0]));
	memset(s->hash, 0, sizeof(s->hash));
	s->nr = 0;
}

void fxmi_stacks_free(struct fxmi_kernel *k)
{
	if (k->stacks)
		pthread_mutex_destroy(&k->stacks->lock);
	free(k->stacks);
}

/* ---- what must hold ---- */

static bool stack_is_valid(const struct fxmi_stacks *s, uint32_t i)
{
	const uint32_t depth = s->stack[i].depth;

	fxm_invariant(depth && depth <= MAX_DEPTH);
	size_t h = hash_of(s->stack[i].pc, depth) % NR_HASHES;
	while (s->hash[h] && !is_equal(s, s->hash[h] - 1, s->stack[i].pc, depth))
		h = (h + 1) % NR_HASHES;
	fxm_invariant(s->hash[h] == i + 1);
	return true;
}

static bool stacks_are_valid_locked(const struct fxmi_stacks *s)
{
	fxm_invariant(s->nr <= NR_STACKS);
	for (uint32_t i = 0; i < s->nr; i++)
		if (!stack_is_valid(s, i))
			return false;
	return true;
}

bool fxmi_stacks_are_valid(struct fxmi_kernel *k)
{
	fxm_invariant(!k->stacks == !k->full_stacks);
	if (!k->stacks)
		return true;
	pthread_mutex_lock(&k->stacks->lock);
	bool valid = stacks_are_valid_locked(k->stacks);
	pthread_mutex_unlock(&k->stacks->lock);
	return valid;
}
