/* SPDX-License-Identifier: MIT */
/*
 * The comparison of the temporary mappings of four kernels (kmap_atomic_local.md, section 5), row by row: each row is one test, and
 * holds all four kernels to what their column says. Prints how many rows were checked.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

enum column { TYPED, STACK, ARM, LOCAL, NR_COLUMNS };

static const char *const plain[NR_COLUMNS] = {"profile=i386-2.6.12", "profile=x86_32-4.15,PREEMPT_COUNT=1", "profile=arm-4.7",
					      "profile=x86_32-6.1"};
static const char *const debug[NR_COLUMNS] = {"profile=i386-2.6.12,DEBUG_HIGHMEM=1",
					      "profile=x86_32-4.15,PREEMPT_COUNT=1,DEBUG_HIGHMEM=1",
					      "profile=arm-4.7,DEBUG_HIGHMEM=1", "profile=x86_32-6.1,DEBUG_KMAP_LOCAL=1"};

static unsigned rows;

/* ---- one call of the column's own --------------------------------------------------------------------------------- */

/* Mapping number @n that is held: of the typed generation type number @n, of the others the next level. */
static fxm_va map(enum column c, struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t n)
{
	uint32_t step = fxm_layout_get(fxm_machine_layout(fxm_vcpu_machine(cpu)), "KM_TYPE_NR") == 27 ? 2 : 1;

	if (c == TYPED)
		return fxm_kmap_atomic_type(cpu, page, n * step + step - 1);
	return c == LOCAL ? fxm_kmap_local_page(cpu, page) : fxm_kmap_atomic(cpu, page);
}

static int unmap(enum column c, struct fxm_vcpu *cpu, fxm_va va, uint32_t n)
{
	uint32_t step = fxm_layout_get(fxm_machine_layout(fxm_vcpu_machine(cpu)), "KM_TYPE_NR") == 27 ? 2 : 1;

	if (c == TYPED)
		return fxm_kunmap_atomic_type(cpu, va, n * step + step - 1);
	return c == LOCAL ? fxm_kunmap_local(cpu, va) : fxm_kunmap_atomic(cpu, va);
}

struct attempt {
	enum column c;
	struct fxm_page *page;
	fxm_va va;
	uint32_t n;
	fxm_va result;
};

static struct attempt attempt;

static void call_map(struct call *c)
{
	attempt.result = map(attempt.c, c->cpu, attempt.page, attempt.n);
}

static void call_unmap(struct call *c)
{
	unmap(attempt.c, c->cpu, attempt.va, attempt.n);
}

/* How many BUGs (WARNs) @fn ends in (gives). */
static unsigned reports_of(struct kernel *k, void (*fn)(struct call *), enum fxm_report_kind kind, struct attempt a)
{
	unsigned before = k->record.kinds[kind];
	struct call c = {.cpu = k->cpu, .fn = fn};

	attempt = a;
	task_run(&c);
	return k->record.kinds[kind] - before;
}

static unsigned bugs_of_map(struct kernel *k, enum column c, struct fxm_page *page, uint32_t n)
{
	return reports_of(k, call_map, FXM_REPORT_BUG, (struct attempt){.c = c, .page = page, .n = n});
}

/* ---- rows ---------------------------------------------------------------------------------------------------------- */

/* key: type x CPU; depth x CPU; depth x CPU or PKMAP; depth x task, CPU pinned */
static void key(void **state)
{
	(void)state;
	rows++;
	for (enum column c = TYPED; c < NR_COLUMNS; c++) {
		struct kernel *k = kernel_new(plain[c]);
		struct fxm_vcpu *other = fxm_machine_vcpu(k->m, 1);
		struct fxm_page *page = high_page(k), *second = high_page(k);
		uint64_t slots = c == LOCAL ? layout_value(k, "KM_MAX_IDX") : layout_value(k, "KM_TYPE_NR");

		fxm_va a = map(c, k->cpu, page, 0), b = map(c, k->cpu, second, 1), there = map(c, other, page, 0);
		assert_va(b, a.v - FXM_PAGE_SIZE);
		assert_va(there, a.v - slots * FXM_PAGE_SIZE);
		assert_int_equal(counts_of(k->cpu).migrate, c == LOCAL ? 2 : 0);
		unmap(c, other, there, 0);
		unmap(c, k->cpu, b, 1);
		unmap(c, k->cpu, a, 0);
		if (c == ARM) { /* a page that kmap() has mapped keeps that address */
			fxm_va persistent = fxm_kmap(k->cpu, page);
			assert_va(map(c, k->cpu, page, 0), persistent.v);
			assert_int_equal(count_of(k, persistent), 3);
			unmap(c, k->cpu, persistent, 0);
			fxm_kunmap(k->cpu, page);
		}
		kernel_free(k);
	}
}

/* What mapping and unmapping do to the two counters. */
static void assert_counters(enum column c, bool atomic, int preempt, int pagefault)
{
	struct kernel *k = kernel_new(plain[c]);
	struct fxm_page *page = high_page(k);

	fxm_va va = atomic ? fxm_kmap_atomic(k->cpu, page) : map(c, k->cpu, page, 0);
	assert_int_equal(counts_of(k->cpu).preempt, preempt);
	assert_int_equal(counts_of(k->cpu).pagefault, pagefault);
	if (atomic)
		fxm_kunmap_atomic(k->cpu, va);
	else
		unmap(c, k->cpu, va, 0);
	assert_int_equal(counts_of(k->cpu).preempt, 0);
	assert_int_equal(counts_of(k->cpu).pagefault, 0);
	kernel_free(k);
}

static void preempt_off(void **state)
{
	(void)state;
	rows++;
	assert_counters(TYPED, false, 1, 0);
	assert_counters(STACK, false, 1, 1);
	assert_counters(ARM, false, 1, 1);
	assert_counters(LOCAL, false, 0, 0);
	assert_counters(LOCAL, true, 1, 1);
	/* PREEMPT_RT: the atomic form leaves preemption on, and pins the task */
	struct kernel *k = kernel_new("profile=x86_32-6.1,PREEMPT_RT=1");
	fxm_va va = fxm_kmap_atomic(k->cpu, high_page(k));
	assert_int_equal(counts_of(k->cpu).preempt, 0);
	assert_true(counts_of(k->cpu).migrate > 0);
	fxm_kunmap_atomic(k->cpu, va);
	kernel_free(k);
}

/* 2.6 has no counter of its own: do_page_fault() looks at the preempt count */
static void faults_off(void **state)
{
	(void)state;
	rows++;
	static const int pagefault[NR_COLUMNS] = {0, 1, 1, 0}, in_atomic[NR_COLUMNS] = {1, 1, 1, 0};

	for (enum column c = TYPED; c < NR_COLUMNS; c++)
		assert_counters(c, false, in_atomic[c], pagefault[c]);
}

static char tlb_of_map[64];

static void keep_tlb(const char *line, void *arg)
{
	const char *tlb = strstr(line, " tlb=");

	(void)arg;
	if (!strncmp(line, "op ", 3) && tlb)
		snprintf(tlb_of_map, sizeof(tlb_of_map), "%s", tlb + 5);
}

static void tlb_flush_at_map(void **state)
{
	(void)state;
	rows++;
	static const struct {
		const char *words;
		enum column c;
		bool flushes;
	} cases[] = {{"profile=i386-2.6.12", TYPED, true},
		     {"profile=x86_32-4.15", STACK, false},
		     {"profile=arm-4.7", ARM, true},
		     {"profile=x86_32-6.1", LOCAL, false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);

		tlb_of_map[0] = 0;
		assert_int_equal(fxm_trace_start(k->m, keep_tlb, NULL), 0);
		fxm_va va = map(cases[i].c, k->cpu, high_page(k), 0);
		assert_int_not_equal(tlb_of_map[0], 0);
		assert_int_equal(tlb_of_map[0] != '-', cases[i].flushes);
		fxm_trace_stop(k->m, "tlb");
		unmap(cases[i].c, k->cpu, va, 0);
		kernel_free(k);
	}
}

static void pte_after_unmap(void **state)
{
	(void)state;
	rows++;
	static const bool left[NR_COLUMNS] = {true, false, true, false};

	for (unsigned with_debug = 0; with_debug < 2; with_debug++)
		for (enum column c = TYPED; c < NR_COLUMNS; c++) {
			struct kernel *k = kernel_new(with_debug ? debug[c] : plain[c]);
			struct fxm_page *page = high_page(k);
			fxm_pa pa;

			fxm_va va = map(c, k->cpu, page, 0);
			read_mark(k->cpu, va);
			assert_int_equal(unmap(c, k->cpu, va, 0), 0);
			assert_int_equal(mapped_pfn(k, va) == pfn_of(k, page), left[c] && !with_debug);
			assert_int_equal(fxm_tlb_lookup(k->cpu, va, &pa), left[c] && !with_debug);
			kernel_free(k);
		}
}

/* Somebody else's entry stands in the slot that comes next. */
static void busy_slot_check(void **state)
{
	(void)state;
	rows++;
	static const bool always[NR_COLUMNS] = {false, true, false, true};

	for (unsigned with_debug = 0; with_debug < 2; with_debug++)
		for (enum column c = TYPED; c < NR_COLUMNS; c++) {
			struct kernel *k = kernel_new(with_debug ? debug[c] : plain[c]);
			struct fxm_page *page = high_page(k);
			fxm_va va = map(c, k->cpu, page, 0);

			unmap(c, k->cpu, va, 0);
			fxm_set_fixmap_prot(k->cpu, (uint32_t)fxm_virt_to_fix_unchecked(k->m, va),
					    fxm_page_phys(k->m, high_page(k)), prot_of(k, "PAGE_KERNEL"));
			assert_int_equal(bugs_of_map(k, c, page, 0), always[c] || with_debug);
			free(k); /* the machine is as a BUG left it */
		}
}

/* The first of two mappings is undone first; of the typed ones, by the other's type. */
static void order_check(void **state)
{
	(void)state;
	rows++;
	static const struct {
		unsigned bugs, warns;
	} expected[2][NR_COLUMNS] = {{{0, 0}, {0, 0}, {0, 0}, {0, 1}}, {{1, 0}, {0, 1}, {1, 0}, {0, 1}}};

	for (unsigned with_debug = 0; with_debug < 2; with_debug++)
		for (enum column c = TYPED; c < NR_COLUMNS; c++) {
			struct kernel *k = kernel_new(with_debug ? debug[c] : plain[c]);
			fxm_va a = map(c, k->cpu, high_page(k), 0);

			map(c, k->cpu, high_page(k), 1);
			struct attempt wrong = {.c = c, .va = a, .n = 1};
			assert_int_equal(reports_of(k, call_unmap, FXM_REPORT_BUG, wrong), expected[with_debug][c].bugs);
			assert_int_equal(k->record.kinds[FXM_REPORT_WARN], expected[with_debug][c].warns);
			if (expected[with_debug][c].warns) { /* once per boot */
				map(c, k->cpu, high_page(k), 1);
				reports_of(k, call_unmap, FXM_REPORT_BUG, wrong);
				assert_int_equal(k->record.kinds[FXM_REPORT_WARN], 1);
			}
			free(k);
		}
}

/* How many mappings at once a kernel allows before it BUGs, up to @limit. */
static unsigned depth_before_bug(const char *words, enum column c, unsigned limit)
{
	struct kernel *k = kernel_new(words);
	unsigned n = 0;

	while (n < limit && !bugs_of_map(k, c, high_page(k), n))
		n++;
	free(k);
	return n;
}

static void depth_check(void **state)
{
	(void)state;
	rows++;
	/* one more than there are slots: without the check it is the next CPU's first */
	assert_int_equal(depth_before_bug(plain[STACK], STACK, 21), 21);
	assert_int_equal(depth_before_bug(debug[STACK], STACK, 42), 41);
	assert_int_equal(depth_before_bug(plain[ARM], ARM, 17), 17);
	assert_int_equal(depth_before_bug(debug[ARM], ARM, 17), 16);
	assert_int_equal(depth_before_bug(plain[LOCAL], LOCAL, 20), 15);
	assert_int_equal(depth_before_bug(debug[LOCAL], LOCAL, 20), 16);
	/* a type that does not exist cannot be written in C; the library refuses its number */
	struct kernel *k = kernel_new(plain[TYPED]);
	assert_va_error(fxm_kmap_atomic_type(k->cpu, high_page(k), 13), -EINVAL);
	kernel_free(k);
}

static void max_depth(void **state)
{
	(void)state;
	rows++;
	static const struct {
		const char *words, *name;
		enum column c;
		uint64_t slots;
		unsigned usable;
	} cases[] = {{"profile=i386-2.6.12", "KM_TYPE_NR", TYPED, 13, 13},
		     {"profile=x86_32-4.15", "KM_TYPE_NR", STACK, 20, 20},
		     {"profile=x86_32-4.15,DEBUG_HIGHMEM=1", "KM_TYPE_NR", STACK, 41, 41},
		     {"profile=arm-4.7", "KM_TYPE_NR", ARM, 16, 16},
		     {"profile=x86_32-6.1", "KM_MAX_IDX", LOCAL, 16, 15},
		     {"profile=x86_32-6.1,DEBUG_KMAP_LOCAL=1", "KM_MAX_IDX", LOCAL, 33, 16}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		fxm_va va[64];

		assert_int_equal(layout_value(k, cases[i].name), cases[i].slots);
		for (unsigned n = 0; n < cases[i].usable; n++) {
			va[n] = map(cases[i].c, k->cpu, high_page(k), n);
			assert_va_error(va[n], 0);
			for (unsigned m = 0; m < n; m++)
				assert_int_not_equal(va[m].v, va[n].v);
		}
		for (unsigned n = cases[i].usable; n-- > 0;)
			unmap(cases[i].c, k->cpu, va[n], n);
		assert_no_reports(k);
		kernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(key),
	    cmocka_unit_test(preempt_off),
	    cmocka_unit_test(faults_off),
	    cmocka_unit_test(tlb_flush_at_map),
	    cmocka_unit_test(pte_after_unmap),
	    cmocka_unit_test(busy_slot_check),
	    cmocka_unit_test(order_check),
	    cmocka_unit_test(depth_check),
	    cmocka_unit_test(max_depth),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	printf("table kmap_atomic_local.md | 5. Quick comparison | 1: %u rows\n", rows);
	return failed;
}
