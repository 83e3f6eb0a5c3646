/* SPDX-License-Identifier: MIT */
/*
 * A program built with AddressSanitizer, whether the library is or not: what a window=retain keeps after its mapping ended is
 * reported and named, and nothing else is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#include <pthread.h>
#include <sys/mman.h>

/* Where a use after unmap is made: with the page touched while it was mapped, or never before. */
struct use {
	const char *words;
	bool is_atomic, is_touched;
};

/* A machine that this thread sits on. */
static struct kernel *attached(const char *words)
{
	struct kernel *k = kernel_new(words);

	assert_int_equal(fxm_attach(k->m, 0), 0);
	return k;
}

static volatile uint64_t *host(struct kernel *k, fxm_va va)
{
	return fxm_host(k->m, va);
}

static int use_after_unmap(void *arg)
{
	const struct use *use = arg;
	struct kernel *k = attached(use->words);
	struct fxm_page *page = high_page(k);

	fxm_report_set(k->m, NULL, NULL);
	fxm_va va = use->is_atomic ? fxm_kmap_atomic(k->cpu, page) : fxm_kmap(k->cpu, page);
	if (use->is_touched)
		*host(k, va) = 1;
	assert_int_equal(use->is_atomic ? fxm_kunmap_atomic(k->cpu, va) : fxm_kunmap(k->cpu, page), 0);
	*host(k, va) = 2;
	kernel_free(k);
	return 0;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void a_use_after_unmap_is_named(void **state)
{
	(void)state;
	static const struct use cases[] = {{"profile=x86_32-4.15,window=retain,detect=on", true, true},
					   {"profile=x86_32-4.15,window=retain,detect=on", false, true},
					   {"profile=x86_32-6.1,window=retain,detect=use-after-unmap", true, true},
					   {"profile=i386-2.6.12,window=retain,detect=on", false, true}};
	char output[32768];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int status = run_child(use_after_unmap, (void *)&cases[i], output, sizeof(output));

		if (!status || !has(output, "use-after-poison") || !has(output, "==== finding: use-after-unmap (") ||
		    !has(output, "libfixmap: write of ") || !has(output, "\n  mapped at use_after_unmap+0x") ||
		    !has(output, "\n  unmapped at use_after_unmap+0x") || !has(output, "Call Trace:\n use_after_unmap+0x") ||
		    has(output, "this kernel goes on") == cases[i].is_atomic) {
			print_error("case %zu: status %d\n%s\n", i, status, output);
			fail();
		}
	}
}

/* Not there when its mapping ended, so not poisoned: retain shows it, and sees nothing wrong. */
static void a_page_first_touched_after_its_unmap_is_not_seen(void **state)
{
	(void)state;
	struct use use = {"profile=x86_32-4.15,window=retain,detect=on", false, false};
	char output[32768];

	assert_int_equal(run_child(use_after_unmap, &use, output, sizeof(output)), 0);
	assert_string_equal(output, "");
}

/* The window withdraws the page, and the report is its own. */
static void the_other_modes_report_themselves(void **state)
{
	(void)state;
	static const struct use cases[] = {{"profile=x86_32-4.15,window=strict,detect=on", false, true},
					   {"profile=x86_32-4.15,window=eager,detect=on", false, true}};
	char output[32768];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(run_child(use_after_unmap, (void *)&cases[i], output, sizeof(output)), 0);
		assert_true(has(output, "==== finding: use-after-unmap ("));
		assert_false(has(output, "AddressSanitizer"));
	}
}

static void without_the_detector_nothing_is_said(void **state)
{
	(void)state;
	static const struct use cases[] = {{"profile=x86_32-4.15,window=retain,detect=off", true, true},
					   {"profile=x86_32-4.15,window=retain,detect=leak", false, true}};
	char output[32768];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(run_child(use_after_unmap, (void *)&cases[i], output, sizeof(output)), 0);
		assert_string_equal(output, "");
	}
}

/* ---- correct programs ----------------------------------------------------------------------------------------------------- */

static void a_page_that_is_mapped_again_is_whole(void **state)
{
	(void)state;
	static const char *const words[] = {ALL_PROFILES, "profile=arm-4.7"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char with_window[128];

		snprintf(with_window, sizeof(with_window), "%s,window=retain,detect=on", words[i]);
		struct kernel *k = attached(with_window);
		struct fxm_page *a = high_page(k), *b = high_page(k);
		bool typed = fxm_va_error(fxm_kmap_atomic(k->cpu, a)) != 0;
		/* the type of process context: others belong to interrupts */
		uint32_t user0 = typed ? (uint32_t)fxm_km_type_index(fxm_machine_layout(k->m), "KM_USER0") : 0;

		if (!typed)
			fxm_kunmap_atomic(k->cpu, fxm_va_of(layout_value(k, "FIXADDR_TOP") -
							    ((uint64_t)fixed_index(k, "FIX_KMAP_BEGIN") << FXM_PAGE_SHIFT)));
		for (unsigned n = 0; n < 6; n++) {
			struct fxm_page *page = n & 2 ? b : a;
			fxm_va va = fxm_kmap(k->cpu, page);

			*host(k, va) += 1; /* an idle slot with a user again */
			assert_int_equal(fxm_kunmap(k->cpu, page), 0);
			va = typed ? fxm_kmap_atomic_type(k->cpu, page, user0) : fxm_kmap_atomic(k->cpu, page);
			*host(k, va) += 1;
			if (typed)
				fxm_kunmap_atomic_type(k->cpu, va, user0);
			else
				fxm_kunmap_atomic(k->cpu, va);
		}
		assert_int_equal(mark_of(k, a) + mark_of(k, b), 12);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void a_fixed_address_that_is_set_again_is_whole(void **state)
{
	(void)state;
	struct kernel *k = attached("profile=x86_32-6.1,window=retain,detect=on");
	struct fxm_page *page = high_page(k);
	uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
	fxm_va fixed = fxm_fix_to_virt(k->m, index);

	for (unsigned n = 0; n < 3; n++) {
		fxm_set_fixmap_prot(k->cpu, index, fxm_page_phys(k->m, page), prot_of(k, "PAGE_KERNEL"));
		*host(k, fixed) += 1;
		fxm_clear_fixmap(k->cpu, index);
	}
	assert_int_equal(mark_of(k, page), 3);
	assert_no_reports(k);
	kernel_free(k);
}

struct sharer {
	struct kernel *k;
	struct fxm_page *page;
	unsigned sum;
};

static void *map_and_read(void *arg)
{
	struct sharer *s = arg;

	assert_int_equal(fxm_attach(s->k->m, -1), 0);
	for (unsigned n = 0; n < 20000; n++) {
		fxm_va va = fxm_kmap(fxm_current_or_null(), s->page);

		s->sum += (unsigned)*host(s->k, va);
		fxm_kunmap(fxm_current_or_null(), s->page);
	}
	fxm_detach();
	return NULL;
}

/* One CPU's last kunmap and another's first kmap of the same slot. */
static void two_vcpus_share_a_slot(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,window=retain,detect=on");
	struct sharer s[2] = {{k, high_page(k), 0}, {k, NULL, 0}};
	pthread_t thread[2];

	s[1].page = s[0].page;
	mark_page(k, s[0].page, 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, map_and_read, &s[i]), 0);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(s[0].sum + s[1].sum, 40000);
	assert_no_reports(k);
	kernel_free(k);
}

static void the_addresses_are_whole_for_who_gets_them_next(void **state)
{
	(void)state;
	struct kernel *k = attached("profile=x86_32-4.15,window=retain,detect=on");
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap_atomic(k->cpu, page);
	volatile uint64_t *p = host(k, va);

	*p = 1;
	fxm_kunmap_atomic(k->cpu, va);
	kernel_free(k);
	void *next = mmap((void *)(uintptr_t)p, FXM_PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_equal(next, (void *)(uintptr_t)p);
	*p = 2;
	assert_int_equal(*p, 2);
	munmap(next, FXM_PAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_use_after_unmap_is_named),
	    cmocka_unit_test(a_page_first_touched_after_its_unmap_is_not_seen),
	    cmocka_unit_test(the_other_modes_report_themselves),
	    cmocka_unit_test(without_the_detector_nothing_is_said),
	    cmocka_unit_test(a_page_that_is_mapped_again_is_whole),
	    cmocka_unit_test(a_fixed_address_that_is_set_again_is_whole),
	    cmocka_unit_test(two_vcpus_share_a_slot),
	    cmocka_unit_test(the_addresses_are_whole_for_who_gets_them_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
