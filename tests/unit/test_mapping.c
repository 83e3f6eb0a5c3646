/* SPDX-License-Identifier: MIT */
/* One record for each mapping: what fxm_mapping_each() and fxm_mapping_at() show of every family, and what was told of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

enum { MOST = 8 };

struct seen {
	struct fxm_mapping m[MOST];
	char comm[MOST][16];
	unsigned nr;
};

static int note(const struct fxm_mapping *mapping, void *arg)
{
	struct seen *seen = arg;

	assert_true(seen->nr < MOST);
	seen->m[seen->nr] = *mapping;
	snprintf(seen->comm[seen->nr], sizeof(seen->comm[0]), "%s", mapping->comm);
	seen->nr++;
	return 0;
}

static struct seen all(struct kernel *k)
{
	struct seen seen = {.nr = 0};

	assert_int_equal(fxm_mapping_each(k->m, note, &seen), 0);
	return seen;
}

static int stop(const struct fxm_mapping *mapping, void *arg)
{
	(void)mapping;
	++*(int *)arg;
	return 7;
}

static void every_family_is_listed(void **state)
{
	(void)state;
	static const struct {
		const char *words, *call;
		bool is_atomic;
	} kernels[] = {{"profile=i386-2.6.12,detect=on", "kmap_atomic", true},
		       {"profile=x86_32-5.10,detect=on", "kmap_atomic", true},
		       {"profile=x86_32-6.1,detect=on", "kmap_local_page", false}};

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct kernel *k = kernel_new(kernels[i].words);
		struct fxm_page *page = high_page(k);
		fxm_va temporary = fxm_kmap_local_page(k->cpu, page);
		int calls = 0;

		if (fxm_va_error(temporary))
			temporary = fxm_kmap_atomic(k->cpu, page);
		if (fxm_va_error(temporary))
			temporary = fxm_kmap_atomic_type(k->cpu, page, 0);
		fxm_va shared = fxm_kmap(k->cpu, page);
		assert_int_equal(fxm_set_fixmap(k->cpu, 2, fxm_pa_of(0x1000)), 0);
		struct seen seen = all(k);
		assert_int_equal(seen.nr, 3);
		assert_string_equal(seen.m[0].call, kernels[i].call);
		assert_int_equal(seen.m[0].address.v, temporary.v);
		assert_int_equal(seen.m[0].pfn, pfn_of(k, page));
		assert_int_equal(seen.m[0].cpu, 0);
		assert_int_equal(seen.m[0].is_atomic, kernels[i].is_atomic);
		assert_string_equal(seen.m[1].call, "kmap");
		assert_int_equal(seen.m[1].address.v, shared.v);
		assert_int_equal(seen.m[1].users, 1);
		assert_string_equal(seen.m[2].call, "set_fixmap");
		assert_int_equal(seen.m[2].slot, 2);
		assert_int_equal(seen.m[2].pfn, 1);
		for (unsigned n = 0; n < seen.nr; n++) {
			assert_true(seen.m[n].is_live && !seen.m[n].is_away);
			assert_int_equal(seen.m[n].struct_size, sizeof(seen.m[n]));
			assert_int_not_equal(seen.m[n].mapped_at.pc, 0);
			assert_string_equal(seen.comm[n], "swapper/0");
		}
		assert_int_equal(fxm_mapping_each(k->m, stop, &calls), 7);
		assert_int_equal(calls, 1);
		kernel_free(k);
	}
}

static void a_slot_remembers_its_last_mapping(void **state)
{
	(void)state;
	static const char *const kernels[] = {"profile=i386-2.6.12,detect=on", "profile=x86_32-5.10,detect=on",
					      "profile=x86_32-6.1,detect=on", "profile=arm-4.7,detect=on"};

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct kernel *k = kernel_new(kernels[i]);
		struct fxm_page *page = high_page(k);
		struct fxm_mapping first, second, ended;

		for (int n = 0; n < 2; n++) {
			fxm_va va = fxm_kmap_atomic(k->cpu, page);
			bool typed = fxm_va_error(va);

			if (typed)
				va = fxm_kmap_atomic_type(k->cpu, page, 0);
			assert_int_equal(fxm_mapping_at(k->m, fxm_va_of(va.v + 5), n ? &second : &first), 0);
			assert_int_equal(typed ? fxm_kunmap_atomic_type(k->cpu, va, 0) : fxm_kunmap_atomic(k->cpu, va), 0);
			assert_int_equal(fxm_mapping_at(k->m, va, &ended), 0);
			assert_false(ended.is_live);
			assert_int_not_equal(ended.unmapped_at.pc, 0);
			assert_int_equal(ended.serial, n ? second.serial : first.serial);
		}
		assert_true(first.is_live && second.is_live && !second.unmapped_at.pc);
		assert_int_equal(second.serial, first.serial + 1);
		assert_int_equal(all(k).nr, 0);
		kernel_free(k);
	}
}

static void fixed_and_early_slots_have_a_history(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,detect=on,phase=reset");
	struct fxm_mapping m;
	fxm_va fixed = fxm_fix_to_virt_unchecked(k->m, 2);

	assert_int_equal(fxm_mapping_at(k->m, fixed, &m), 0);
	assert_true(!m.is_live && !m.serial);
	fxm_set_fixmap(k->cpu, 2, fxm_pa_of(0x3000));
	fxm_clear_fixmap(k->cpu, 2);
	assert_int_equal(fxm_mapping_at(k->m, fixed, &m), 0);
	assert_true(!m.is_live && m.serial == 1 && m.mapped_at.pc && m.unmapped_at.pc);
	fxm_va va = fxm_early_memremap(k->cpu, fxm_pa_of(0x5ff8), 16);
	assert_int_equal(fxm_mapping_at(k->m, va, &m), 0);
	assert_string_equal(m.call, "early_memremap");
	assert_int_equal(m.size_bytes, 16);
	assert_int_equal(m.address.v, va.v);
	assert_int_equal(fxm_mapping_at(k->m, fxm_va_of(va.v + 15), &m), 0); /* on its second page */
	assert_string_equal(m.call, "early_memremap");
	fxm_early_memunmap(k->cpu, va, 16);
	assert_int_equal(fxm_mapping_at(k->m, va, &m), 0);
	assert_true(!m.is_live && m.unmapped_at.pc);
	assert_int_equal(fxm_mapping_at(k->m, fxm_va_of(0xc0000000), &m), -ENOENT);
	kernel_free(k);
}

/* A slot of the FIX_KMAP group belongs to whoever mapped it last, kmap_atomic() or set_fixmap(). */
static void a_group_slot_goes_to_its_last_user(void **state)
{
	(void)state;
	static const char *const kernels[] = {"profile=i386-2.6.12,detect=on", "profile=x86_32-5.10,detect=on",
					      "profile=x86_32-6.1,detect=on", "profile=arm-4.7,detect=on",
					      "profile=biscuitos-arm32,detect=on"};

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct kernel *k = kernel_new(kernels[i]);
		uint32_t index = fixed_index(k, "FIX_KMAP_BEGIN");
		fxm_va va = fxm_fix_to_virt_unchecked(k->m, index);
		struct fxm_mapping m;

		fxm_set_fixmap(k->cpu, index, fxm_pa_of(0x3000));
		assert_int_equal(fxm_mapping_at(k->m, va, &m), 0);
		assert_string_equal(m.call, "set_fixmap");
		assert_true(m.is_live);
		fxm_clear_fixmap(k->cpu, index);
		assert_int_equal(fxm_mapping_at(k->m, va, &m), 0);
		assert_string_equal(m.call, "set_fixmap");
		assert_false(m.is_live);
		fxm_va again = fxm_kmap_atomic(k->cpu, high_page(k));
		if (fxm_va_error(again))
			again = fxm_kmap_atomic_type(k->cpu, high_page(k), 0);
		assert_int_equal(fxm_mapping_at(k->m, again, &m), 0);
		assert_string_equal(m.call, "kmap_atomic");
		assert_true(m.is_live);
		kernel_free(k);
	}
}

/* After a wrong order, which is told once, a mapping that nobody undoes is still a leak. */
static void another_mistake_of_the_same_mapping_is_told(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,detect=on");
	fxm_va below = fxm_kmap_atomic(k->cpu, high_page(k));

	fxm_kmap_atomic(k->cpu, high_page(k));
	fxm_kunmap_atomic(k->cpu, below);
	assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 1);
	assert_string_equal(k->record.last.detector, "unmap-order");
	assert_int_equal(fxm_report_leaks(k->m), 1);
	assert_string_equal(k->record.last.detector, "leak");
	kernel_free(k);
}

/* The end of a page and a few bytes before it are no mapping, and no wrong order. */
static void a_pointer_that_moved_is_called_so(void **state)
{
	(void)state;
	static const struct {
		int64_t by;
		const char *says;
	} cases[] = {{-1, "1 byte below the page at"}, {-48, "48 bytes below the page at"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new("profile=x86_32-5.10,detect=on");
		fxm_va va;

		fxm_kmap_atomic(k->cpu, high_page(k));
		va = fxm_kmap_atomic(k->cpu, high_page(k));
		fxm_kunmap_atomic(k->cpu, fxm_va_of(va.v + (uint64_t)cases[i].by));
		assert_string_equal(k->record.last.detector, "wrong-argument");
		assert_non_null(strstr(k->record.message, cases[i].says));
		kernel_free(k);
	}
}

static void bad_arguments_are_refused(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	struct fxm_mapping m;

	assert_int_equal(fxm_mapping_each(NULL, note, NULL), -EINVAL);
	assert_int_equal(fxm_mapping_each(k->m, NULL, NULL), -EINVAL);
	assert_int_equal(fxm_mapping_at(NULL, fxm_va_of(0), &m), -EINVAL);
	assert_int_equal(fxm_mapping_at(k->m, fxm_va_of(0), NULL), -EINVAL);
	assert_int_equal(fxm_mapping_at(k->m, fxm_va_of(0), &m), -ENOENT);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_family_is_listed),
	    cmocka_unit_test(a_slot_remembers_its_last_mapping),
	    cmocka_unit_test(fixed_and_early_slots_have_a_history),
	    cmocka_unit_test(a_group_slot_goes_to_its_last_user),
	    cmocka_unit_test(another_mistake_of_the_same_mapping_is_told),
	    cmocka_unit_test(a_pointer_that_moved_is_called_so),
	    cmocka_unit_test(bad_arguments_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
