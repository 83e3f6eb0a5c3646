/* SPDX-License-Identifier: MIT */
#ifndef WINDOW_CASES_H
#define WINDOW_CASES_H

/*
 * What ordinary code sees through the window inside a test framework that installs SIGSEGV handlers of its own around every
 * test and fixture. The programs that include this differ in where the machines are made and in how a test puts the window's
 * handler back in front: each defines enter() and leave(). *state is a struct machines.
 */

#include "kernel_machine.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

/* One machine per mode, and one of the typed generation. */
struct machines {
	struct kernel *strict, *retain, *eager, *typed;
};

static void enter(struct kernel *k);
static void leave(struct kernel *k);

static inline struct machines *machines_new(void)
{
	struct machines *m = calloc(1, sizeof(*m));

	m->strict = kernel_new("profile=x86_32-5.10,window=strict,detect=on");
	/* Under AddressSanitizer that detector would stop what retain lets pass. */
	m->retain = kernel_new("profile=x86_32-4.15,pae=1,window=retain,detect=leak+device-dereference+unattached-thread");
	m->eager = kernel_new("profile=x86_32-5.10,pae=1,window=eager,detect=on");
	m->typed = kernel_new("profile=i386-2.6.12,window=strict,detect=on");
	return m;
}

static inline void machines_free(struct machines *m)
{
	/* Leaks of the tests are findings; kernel_free() wants none of its business. */
	kernel_free(m->strict);
	kernel_free(m->retain);
	kernel_free(m->eager);
	kernel_free(m->typed);
	free(m);
}

static inline struct kernel *stacked(struct machines *m, unsigned i)
{
	struct kernel *all[] = {m->strict, m->retain, m->eager};

	return i < ARRAY_SIZE(all) ? all[i] : NULL;
}

static inline volatile uint64_t *pointer(struct kernel *k, fxm_va va)
{
	volatile uint64_t *p = fxm_host(k->m, va);

	assert_non_null((void *)(uintptr_t)p);
	/* Relocated or not, the low half is the simulated address. */
	assert_int_equal((uint32_t)(uintptr_t)p, (uint32_t)va.v);
	return p;
}

static inline unsigned findings(const struct kernel *k)
{
	return k->record.kinds[FXM_REPORT_FINDING];
}

static inline unsigned oopses(const struct kernel *k)
{
	return k->record.kinds[FXM_REPORT_OOPS];
}

/* ---- accesses that end the task --------------------------------------------------------------------------------------- */

static inline void call_load(struct call *c)
{
	c->result = *(volatile uint64_t *)(uintptr_t)c->n;
}

static inline void call_store(struct call *c)
{
	*(volatile uint64_t *)(uintptr_t)c->n = 1;
}

/* The access at host address @at oopses; the report names the simulated address @va. */
static inline void assert_oops_at(struct kernel *k, void (*fn)(struct call *), const volatile void *at, uint64_t va)
{
	struct call c = {.cpu = k->cpu, .n = (uintptr_t)at, .fn = fn};
	unsigned before = oopses(k);

	assert_int_equal(task_run(&c), -ECANCELED);
	assert_int_equal(oopses(k), before + 1);
	assert_int_equal(k->record.last.kind, FXM_REPORT_OOPS);
	assert_va(k->record.last.address, va);
}

static inline void assert_oops(struct kernel *k, void (*fn)(struct call *), const volatile void *at, uint64_t va)
{
	assert_oops_at(k, fn, at, va);
	assert_int_equal(k->record.last.fault.access, fn == call_store ? FXM_WRITE : FXM_READ);
}

/* ---- cases ------------------------------------------------------------------------------------------------------------ */

static void case_a_pointer_reaches_the_frame(void **state)
{
	for (unsigned i = 0; stacked(*state, i); i++) {
		struct kernel *k = stacked(*state, i);
		struct fxm_page *page = high_page(k), *low = low_page(k);

		enter(k);
		mark_page(k, page, 41);
		volatile uint64_t *p = pointer(k, fxm_kmap(k->cpu, page));
		assert_int_equal(*p, 41);
		*p = 42;
		p[511] = 43;
		assert_int_equal(mark_of(k, page), 42);
		volatile uint64_t *atomic = pointer(k, fxm_kmap_atomic(k->cpu, page));
		assert_int_equal(*atomic, 42);
		*atomic = 44;
		assert_int_equal(*p, 44); /* one frame behind both */
		assert_int_equal(p[511], 43);
		fxm_kunmap_atomic(k->cpu, fxm_va_of_host(k->m, (const void *)(uintptr_t)atomic));
		volatile uint64_t *direct = pointer(k, fxm_kmap(k->cpu, low));
		*direct = 45;
		assert_int_equal(mark_of(k, low), 45);
		fxm_kunmap(k->cpu, page);
		assert_int_equal(findings(k), 0);
		leave(k);
	}
}

static void case_use_after_kunmap(void **state)
{
	struct machines *m = *state;
	struct kernel *k = m->strict;
	struct fxm_page *page = high_page(k);
	unsigned before = findings(k);

	/* The idle slot still maps the page: strict tells and goes on. */
	enter(k);
	fxm_va va = fxm_kmap(k->cpu, page);
	volatile uint64_t *p = pointer(k, va);
	*p = 5;
	fxm_kunmap(k->cpu, page);
	assert_int_equal(*p, 5);
	assert_int_equal(findings(k), before + 1);
	assert_string_equal(k->record.last.detector, "use-after-unmap");
	assert_va(k->record.last.address, va.v);
	*p = 6;
	assert_int_equal(mark_of(k, page), 6);

	/* Mapped again, it is in order; flushed, it is an oops. */
	assert_va(fxm_kmap(k->cpu, page), va.v);
	fxm_kunmap(k->cpu, page);
	fxm_flush_all_zero_pkmaps(k->cpu);
	assert_oops(k, call_load, p, va.v);
	assert_int_equal(mark_of(k, page), 6);
	leave(k);

	/* Retain does not see it, before or after the flush, until the slot gets another page. */
	k = m->retain;
	page = high_page(k);
	before = findings(k);
	enter(k);
	va = fxm_kmap(k->cpu, page);
	p = pointer(k, va);
	*p = 7;
	fxm_kunmap(k->cpu, page);
	*p = 8;
	assert_int_equal(mark_of(k, page), 8);
	assert_int_equal(findings(k), before);
	leave(k);
}

static void case_use_after_kunmap_atomic(void **state)
{
	struct machines *m = *state;
	struct kernel *all[] = {m->strict, m->eager};

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		struct kernel *k = all[i];
		struct fxm_page *page = high_page(k);

		enter(k);
		fxm_va va = fxm_kmap_atomic(k->cpu, page);
		volatile uint64_t *p = pointer(k, va);
		*p = 1;
		fxm_kunmap_atomic(k->cpu, va);
		assert_oops(k, call_store, p, va.v);
		assert_non_null(strstr(k->record.last.message, "kmap_atomic slot 0 of CPU 0 is not mapped"));
		assert_int_equal(mark_of(k, page), 1);
		leave(k);
	}

	/* 2.6 leaves the entry: a finding. */
	struct kernel *k = m->typed;
	struct fxm_page *page = high_page(k);
	enter(k);
	fxm_va va = fxm_kmap_atomic_type(k->cpu, page, 3);
	volatile uint64_t *p = pointer(k, va);
	unsigned before = findings(k);
	*p = 2;
	fxm_kunmap_atomic_type(k->cpu, va, 3);
	*p = 3;
	assert_int_equal(findings(k), before + 1);
	assert_int_equal(mark_of(k, page), 3);
	leave(k);
}

static void case_another_frame_is_seen_at_once(void **state)
{
	for (unsigned i = 0; stacked(*state, i); i++) {
		struct kernel *k = stacked(*state, i);
		struct fxm_page *page[] = {high_page(k), high_page(k)};
		uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");

		mark_page(k, page[0], 10);
		mark_page(k, page[1], 11);
		enter(k);
		for (unsigned round = 0; round < 6; round++) {
			fxm_va va = fxm_kmap_atomic(k->cpu, page[round % 2]);
			assert_int_equal(*pointer(k, va), 10 + round % 2);
			fxm_kunmap_atomic(k->cpu, va);
			fxm_set_fixmap(k->cpu, index, fxm_page_phys(k->m, page[round % 2]));
			assert_int_equal(*pointer(k, fxm_fix_to_virt(k->m, index)), 10 + round % 2);
		}
		fxm_clear_fixmap(k->cpu, index);
		leave(k);
	}
}

static void case_a_read_only_mapping(void **state)
{
	for (unsigned i = 0; stacked(*state, i); i++) {
		struct kernel *k = stacked(*state, i);
		struct fxm_page *page = high_page(k);
		uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
		fxm_va va = fxm_fix_to_virt(k->m, index);

		mark_page(k, page, 20);
		enter(k);
		fxm_set_fixmap_prot(k->cpu, index, fxm_page_phys(k->m, page), prot_of(k, "PAGE_KERNEL_RO"));
		assert_int_equal(*pointer(k, va), 20);
		assert_oops(k, call_store, pointer(k, va), va.v);
		assert_int_equal(k->record.last.fault.code, 3);
		assert_int_equal(mark_of(k, page), 20);
		/* From read-only to writable and back. */
		fxm_set_fixmap(k->cpu, index, fxm_page_phys(k->m, page));
		*pointer(k, va) = 21;
		fxm_set_fixmap_prot(k->cpu, index, fxm_page_phys(k->m, page), prot_of(k, "PAGE_KERNEL_RO"));
		assert_int_equal(*pointer(k, va), 21);
		assert_oops(k, call_store, pointer(k, va), va.v);
		fxm_clear_fixmap(k->cpu, index);
		leave(k);
	}
}

static void case_null_and_wild_pointers(void **state)
{
	struct machines *m = *state;
	struct kernel *k = m->strict;
	fxm_va slot = fxm_va_of(layout_value(k, "PKMAP_BASE") + 700 * FXM_PAGE_SIZE);

	enter(k);
	assert_oops(k, call_load, (void *)8, 8);
	assert_non_null(strstr(k->record.last.message, "NULL pointer"));
	assert_oops(k, call_store, pointer(k, slot), slot.v);
	assert_non_null(strstr(k->record.last.message, "pkmap slot 700 is not mapped"));
	/* The machine goes on. */
	*pointer(k, fxm_kmap(k->cpu, high_page(k))) = 1;
	leave(k);
}

/* Asks the host's kernel. */
static inline bool is_readable(const void *at)
{
	int pipe_fds[2];

	assert_int_equal(pipe(pipe_fds), 0);
	bool readable = write(pipe_fds[1], at, 1) == 1;
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return readable;
}

/* A pointer that went through 32 bits: right under identity, named when the machine is relocated. */
static void case_a_truncated_pointer(void **state)
{
	struct machines *m = *state;
	struct kernel *k = m->strict;
	struct fxm_page *page = high_page(k);

	enter(k);
	fxm_va va = fxm_kmap(k->cpu, page);
	uint32_t cut = (uint32_t)(uintptr_t)pointer(k, va);
	assert_int_equal(cut, va.v);
	assert_false(fxm_window_is_identity(k->m));
	if (!is_readable((void *)(uintptr_t)cut)) { /* else something of this process lies there, as under valgrind */
		/* AddressSanitizer reads its shadow of the address first, so it is not always the store that faults. */
		assert_oops_at(k, call_store, (void *)(uintptr_t)cut, va.v);
		assert_non_null(strstr(k->record.last.message, "truncated to 32 bits"));
	}
	fxm_kunmap(k->cpu, page);
	leave(k);
}

static void case_system_calls_want_a_prefault(void **state)
{
	struct machines *m = *state;
	struct kernel *k = m->strict;
	struct fxm_page *page = high_page(k);
	int pipe_fds[2];
	char back[4] = "";

	assert_int_equal(pipe(pipe_fds), 0);
	enter(k);
	fxm_va va = fxm_kmap(k->cpu, page);
	char *p = fxm_host(k->m, va);
	memcpy(fxm_frame(k->m, pfn_of(k, page)), "abc", 4);
	assert_int_equal(write(pipe_fds[1], p, 4), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(fxm_prefault(k->cpu, va, 4), 0);
	assert_int_equal(write(pipe_fds[1], p, 4), 4);
	assert_int_equal(read(pipe_fds[0], back, 4), 4);
	assert_string_equal(back, "abc");
	assert_int_equal(fxm_prefault(k->cpu, fxm_va_of(va.v + FXM_PAGE_SIZE), 1), -EFAULT);
	fxm_kunmap(k->cpu, page);
	leave(k);

	/* Eager needs none. */
	k = m->eager;
	page = high_page(k);
	enter(k);
	memcpy(fxm_frame(k->m, pfn_of(k, page)), "xyz", 4);
	va = fxm_kmap(k->cpu, page);
	assert_int_equal(write(pipe_fds[1], fxm_host(k->m, va), 4), 4);
	assert_int_equal(read(pipe_fds[0], back, 4), 4);
	assert_string_equal(back, "xyz");
	fxm_kunmap(k->cpu, page);
	leave(k);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void case_device_memory_is_for_readl(void **state)
{
	struct machines *m = *state;
	struct kernel *k = m->strict;
	uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
	fxm_va va = fxm_fix_to_virt(k->m, index);
	unsigned before = findings(k);

	enter(k);
	fxm_set_fixmap_nocache(k->cpu, index, fxm_pa_of(0xf0000000));
	assert_int_equal(*pointer(k, va), UINT64_MAX);
	assert_int_equal(findings(k), before + 1);
	assert_string_equal(k->record.last.detector, "device-dereference");
	fxm_clear_fixmap(k->cpu, index);
	leave(k);
}

static inline void *touch_unattached(void *arg)
{
	return (void *)(uintptr_t) * (volatile uint64_t *)arg;
}

static void case_a_thread_that_sits_nowhere(void **state)
{
	struct machines *m = *state;
	struct kernel *k = m->strict;
	struct fxm_page *page = high_page(k);
	pthread_t thread;
	void *seen;

	mark_page(k, page, 77);
	enter(k);
	fxm_va va = fxm_kmap(k->cpu, page);
	unsigned before = findings(k);
	assert_int_equal(pthread_create(&thread, NULL, touch_unattached, (void *)(uintptr_t)pointer(k, va)), 0);
	assert_int_equal(pthread_join(thread, &seen), 0);
	assert_int_equal((uintptr_t)seen, 77);
	assert_int_equal(findings(k), before + 1);
	assert_string_equal(k->record.last.detector, "unattached-thread");
	fxm_kunmap(k->cpu, page);
	leave(k);
}

/* ---- somebody else's handler --------------------------------------------------------------------------------------------- */

static sigjmp_buf others_env;
static volatile sig_atomic_t others_calls;

static inline void others_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
	others_calls++;
	siglongjmp(others_env, 1);
}

static void case_a_handler_of_somebody_else(void **state)
{
	struct machines *m = *state;
	struct kernel *k = m->strict;
	struct sigaction other = {.sa_sigaction = others_handler, .sa_flags = SA_SIGINFO}, before;
	volatile char *fence = mmap(NULL, FXM_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(fence != MAP_FAILED);
	enter(k);
	fxm_va va = fxm_kmap(k->cpu, high_page(k));
	sigaction(SIGSEGV, &other, &before);
	fxm_window_rearm();
	others_calls = 0;
	for (int round = 0; round < 3; round++) {
		*pointer(k, va) = 9; /* ours */
		if (!sigsetjmp(others_env, 1))
			*fence = 1; /* theirs */
		assert_int_equal(others_calls, round + 1);
		fxm_kunmap(k->cpu, fxm_page_of_pfn(k->m, mapped_pfn(k, va)));
		fxm_kmap(k->cpu, fxm_page_of_pfn(k->m, mapped_pfn(k, va)));
	}
	sigaction(SIGSEGV, &before, NULL);
	munmap((void *)(uintptr_t)fence, FXM_PAGE_SIZE);
	leave(k);
}

#define WINDOW_CASES(test)                                                                                                         \
	test(case_a_pointer_reaches_the_frame), test(case_use_after_kunmap), test(case_use_after_kunmap_atomic),                   \
	    test(case_another_frame_is_seen_at_once), test(case_a_read_only_mapping), test(case_null_and_wild_pointers),           \
	    test(case_a_truncated_pointer), test(case_system_calls_want_a_prefault), test(case_device_memory_is_for_readl),        \
	    test(case_a_thread_that_sits_nowhere), test(case_a_handler_of_somebody_else)

#endif
