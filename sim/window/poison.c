/* SPDX-License-Identifier: MIT */
/*
 * Use after unmap under AddressSanitizer and memcheck: pages that the window keeps although their mapping has ended are poisoned,
 * and what AddressSanitizer then reports is named. (memcheck calls nobody back: its report stands alone.)
 *
 * For window=retain only. The other modes withdraw the page, see each use themselves, and go on as the kernel would;
 * AddressSanitizer would be there first, know less, and end the program. It is found by weak symbols, so that a library that was
 * built without it works in a program that was built with it.
 *
 * Invariant: a poisoned page is resident. What makes it not resident, shows a new mapping, or gives the addresses back to the host
 * makes it whole first.
 */
#include "window_internal.h"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_MAKE_MEM_NOACCESS(p, n) ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#endif

extern void __asan_poison_memory_region(const volatile void *at, size_t bytes) __attribute__((weak, visibility("default")));
extern void __asan_unpoison_memory_region(const volatile void *at, size_t bytes) __attribute__((weak, visibility("default")));
extern void __asan_set_error_report_callback(void (*fn)(const char *)) __attribute__((weak, visibility("default")));
extern void *__asan_get_report_address(void) __attribute__((weak, visibility("default")));
extern void *__asan_get_report_pc(void) __attribute__((weak, visibility("default")));
extern int __asan_get_report_access_type(void) __attribute__((weak, visibility("default")));

static bool has_asan(void)
{
	return __asan_poison_memory_region && __asan_unpoison_memory_region && __asan_set_error_report_callback;
}

static void *page_at(const struct fxmi_segment *seg, uint64_t n)
{
	return seg->host + (n << FXM_PAGE_SHIFT);
}

static bool is_poisoned(const struct fxmi_segment *seg, uint64_t n)
{
	return __atomic_load_n(&seg->page[n].poisoned, __ATOMIC_RELAXED);
}

void fxmi_poison(struct fxmi_segment *seg, uint64_t n)
{
	fxm_assert_internal(seg->lazy && fxmi_is_resident(seg->resident, n));
	__atomic_store_n(&seg->page[n].poisoned, true, __ATOMIC_RELAXED);
	if (has_asan())
		__asan_poison_memory_region(page_at(seg, n), FXM_PAGE_SIZE);
	(void)VALGRIND_MAKE_MEM_NOACCESS(page_at(seg, n), FXM_PAGE_SIZE);
}

void fxmi_unpoison(struct fxmi_segment *seg, uint64_t n)
{
	if (!is_poisoned(seg, n))
		return;
	__atomic_store_n(&seg->page[n].poisoned, false, __ATOMIC_RELAXED);
	if (has_asan())
		__asan_unpoison_memory_region(page_at(seg, n), FXM_PAGE_SIZE);
	(void)VALGRIND_MAKE_MEM_DEFINED(page_at(seg, n), FXM_PAGE_SIZE);
}

void fxmi_unpoison_all(struct fxmi_window *w)
{
	for (unsigned i = 0; w->poisons && i < w->nr_segments; i++)
		for (uint64_t n = 0; w->segment[i].lazy && n < w->segment[i].size >> FXM_PAGE_SHIFT; n++)
			fxmi_unpoison(&w->segment[i], n);
}

/* ---- naming what AddressSanitizer found --------------------------------------------------------------------------------- */

static int contains(struct fxm_machine *m, void *arg)
{
	struct fxm_machine **found = ((void **)arg)[0];

	if (m->dead || !m->window->poisons || !fxmi_window_contains(m, *(const uintptr_t *)((void **)arg)[1]))
		return 0;
	*found = m;
	return 1;
}

/* After AddressSanitizer's own report, on the thread that it is about. */
static void on_error(const char *text)
{
	uintptr_t address = (uintptr_t)__asan_get_report_address();
	struct fxm_machine *m = NULL;
	struct fxm_walk walk;

	(void)text;
	if (!fxmi_machine_each(contains, (void *[]){&m, &address}))
		return;
	uint64_t va = fxmi_window_va(m->window, address);
	const struct fxmi_segment *seg = fxmi_lazy_segment(m->window, va);
	void (*trap)(struct fxm_vcpu *, const struct fxmi_trap_info *) = fxmi_callback(m, trap);
	if (!seg || !trap || !is_poisoned(seg, (va - seg->start) >> FXM_PAGE_SHIFT))
		return;
	fxm_walk(m, fxm_va_of(va), &walk);
	trap(fxmi_self && fxmi_self->machine == m ? fxmi_self : m->vcpu[0],
	     &(struct fxmi_trap_info){
		 .trap = FXMI_TRAP_ENDED,
		 .fault = {.address = fxm_va_of(va),
			   .access = __asan_get_report_access_type() ? FXM_WRITE : FXM_READ,
			   .present = walk.mapped},
		 .pc = (uintptr_t)__asan_get_report_pc(),
		 .is_return_address = true,
	     });
}

static void listen(void)
{
	__asan_set_error_report_callback(on_error);
}

bool fxmi_poison_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (has_asan())
		pthread_once(&once, listen);
	return has_asan() || RUNNING_ON_VALGRIND;
}
