/* SPDX-License-Identifier: MIT */
/*
 * A call that a profile's kernel does not have is refused, and the refusal has words for it: every call on every profile. A
 * call that the kernel has is not refused so, whatever else may be wrong with it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

struct subject {
	struct fxm_vcpu *cpu;
	struct fxm_page *page, *other;
	uint32_t index;
	char buf[16];
};

static int of_va(struct fxm_vcpu *cpu, fxm_va va)
{
	int error = fxm_va_error(va);

	if (!error && fxm_is_kmap_addr(cpu, va) != -ENOSYS)
		fxm_kunmap_local(cpu, va);
	return error;
}

#define TRY(name, result)                                                                                                          \
	static int try_##name(struct subject *s)                                                                                   \
	{                                                                                                                          \
		return (result);                                                                                                   \
	}

static const fxm_pa low = {0x100000};

TRY(kmap_atomic_type, fxm_va_error(fxm_kmap_atomic_type(s->cpu, s->page, 0)))
TRY(kmap_atomic, fxm_va_error(fxm_kmap_atomic(s->cpu, s->page)))
TRY(kmap_atomic_prot, fxm_va_error(fxm_kmap_atomic_prot(s->cpu, s->page, fxm_pte_of(0x163))))
TRY(kmap_atomic_to_page, fxm_kmap_atomic_to_page(s->cpu, fxm_page_address(s->cpu, s->other), &(struct fxm_page *){0}))
TRY(kmap_atomic_idx, fxm_kmap_atomic_idx_push(s->cpu))
TRY(kmap_flush_unused, fxm_kmap_flush_unused(s->cpu))
TRY(kmap_to_page, fxm_kmap_to_page(s->cpu, fxm_page_address(s->cpu, s->other), &(struct fxm_page *){0}))
TRY(kmap_high_get, fxm_va_error(fxm_kmap_high_get(s->cpu, s->page)))
TRY(kmap_local_page, of_va(s->cpu, fxm_kmap_local_page(s->cpu, s->page)))
TRY(kmap_local_page_prot, of_va(s->cpu, fxm_kmap_local_page_prot(s->cpu, s->page, fxm_pte_of(0x163))))
TRY(kmap_local_pfn, of_va(s->cpu, fxm_kmap_local_pfn(s->cpu, 0x100)))
TRY(kmap_local_folio, of_va(s->cpu, fxm_kmap_local_folio(s->cpu, s->page, 0)))
TRY(kunmap_local, fxm_kunmap_local(s->cpu, fxm_kmap_local_page(s->cpu, s->page)))
TRY(is_kmap_addr, fxm_is_kmap_addr(s->cpu, fxm_va_of(0)))
TRY(set_fixmap_io, fxm_set_fixmap_io(s->cpu, s->index, low))
TRY(set_fixmap_offset, fxm_va_error(fxm_set_fixmap_offset(s->cpu, s->index, low)))
TRY(bt_ioremap, fxm_va_error(fxm_bt_ioremap(s->cpu, low, 16)))
TRY(bt_iounmap, fxm_bt_iounmap(s->cpu, fxm_va_of(0), 16))
TRY(early_ioremap, fxm_va_error(fxm_early_ioremap(s->cpu, low, 16)))
TRY(early_iounmap, fxm_early_iounmap(s->cpu, fxm_va_of(0), 16))
TRY(early_memremap, fxm_va_error(fxm_early_memremap(s->cpu, low, 16)))
TRY(early_memunmap, fxm_early_memunmap(s->cpu, fxm_va_of(0), 16))
TRY(copy_from_early_mem, fxm_copy_from_early_mem(s->cpu, s->buf, low, 16))
TRY(check_early_ioremap_leak, fxm_check_early_ioremap_leak(s->cpu))
TRY(memclear_highpage_flush, fxm_memclear_highpage_flush(s->cpu, s->page, 0, 16))
TRY(zero_user_segments, fxm_zero_user_segments(s->cpu, s->page, 0, 16, 32, 48))
TRY(zero_user_segment, fxm_zero_user_segment(s->cpu, s->page, 0, 16))
TRY(zero_user, fxm_zero_user(s->cpu, s->page, 0, 16))
TRY(memcpy_page, fxm_memcpy_page(s->cpu, s->page, 0, s->other, 0, 16))
TRY(memset_page, fxm_memset_page(s->cpu, s->page, 0, 1, 16))
TRY(memcpy_from_page, fxm_memcpy_from_page(s->cpu, s->buf, s->page, 0, 16))
TRY(memcpy_to_page, fxm_memcpy_to_page(s->cpu, s->page, 0, s->buf, 16))
TRY(memzero_page, fxm_memzero_page(s->cpu, s->page, 0, 16))
TRY(folio_zero_segments, fxm_folio_zero_segments(s->cpu, s->page, 0, 16, 32, 48))
TRY(folio_zero_segment, fxm_folio_zero_segment(s->cpu, s->page, 0, 16))
TRY(folio_zero_range, fxm_folio_zero_range(s->cpu, s->page, 0, 16))
TRY(set_fixmap_offset_io, fxm_va_error(fxm_set_fixmap_offset_io(s->cpu, s->index, low)))
TRY(copy_mc_user_highpage, fxm_copy_mc_user_highpage(s->cpu, s->page, s->other, 0))
TRY(copy_mc_highpage, fxm_copy_mc_highpage(s->cpu, s->page, s->other))
TRY(memcpy_from_file_folio, (int)fxm_memcpy_from_file_folio(s->cpu, s->buf, s->page, 0, 16))
TRY(memcpy_from_folio, fxm_memcpy_from_folio(s->cpu, s->buf, s->page, 0, 16))
TRY(memcpy_to_folio, fxm_memcpy_to_folio(s->cpu, s->page, 0, s->buf, 16))
TRY(folio_zero_tail, of_va(s->cpu, fxm_folio_zero_tail(s->cpu, s->page, 0, fxm_kmap_local_folio(s->cpu, s->page, 0))))
TRY(folio_fill_tail, fxm_folio_fill_tail(s->cpu, s->page, 0, s->buf, 16))
TRY(early_ioremap_init, fxm_early_ioremap_init(s->cpu))
TRY(early_fixmap_init, fxm_early_fixmap_init(s->cpu))
TRY(early_fixmap_shutdown, fxm_early_fixmap_shutdown(s->cpu))
TRY(fixmap_remap_fdt, fxm_va_error(fxm_fixmap_remap_fdt(s->cpu, fxm_pa_of(0))))
TRY(pte_set_fixmap, fxm_va_error(fxm_pte_set_fixmap(s->cpu, low)))
TRY(pmd_set_fixmap, fxm_va_error(fxm_pmd_set_fixmap(s->cpu, low)))
TRY(pgd_set_fixmap, fxm_va_error(fxm_pgd_set_fixmap(s->cpu, low)))
TRY(pte_clear_fixmap, fxm_pte_clear_fixmap(s->cpu))
TRY(pmd_clear_fixmap, fxm_pmd_clear_fixmap(s->cpu))
TRY(pgd_clear_fixmap, fxm_pgd_clear_fixmap(s->cpu))
TRY(kmap_atomic_pfn, fxm_va_error(fxm_kmap_atomic_pfn_type(s->cpu, 0x100, 0)) == -ENOSYS &&
			     fxm_va_error(fxm_kmap_atomic_pfn(s->cpu, 0x100)) == -ENOSYS
			 ? -ENOSYS
			 : 0)

/* From which version on (to which one) a kernel has the call; @arch: only of these, by the beginning of the profile's name, or
   after '!' of all others. */
#define V(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))
#define CALL(name, first, last, arch)                                                                                              \
	{                                                                                                                          \
#name, try_##name, first, last, arch                                                                               \
	}
enum { NEWEST = V(99, 0, 0) };

static const struct {
	const char *name;
	int (*attempt)(struct subject *);
	int first, last;
	const char *arch;
} calls[] = {
    CALL(kmap_atomic_type, 0, V(2, 6, 36), ""),
    CALL(kmap_atomic, V(2, 6, 37), NEWEST, ""),
    CALL(kmap_atomic_prot, V(2, 6, 22), NEWEST, "!arm-4"),
    CALL(kmap_atomic_pfn, V(2, 6, 13), NEWEST, ""),
    CALL(kmap_atomic_to_page, 0, V(4, 0, 0), ""),
    CALL(kmap_atomic_idx, V(2, 6, 37), V(5, 10, 255), ""),
    CALL(kmap_flush_unused, V(2, 6, 22), NEWEST, ""),
    CALL(kmap_to_page, V(3, 6, 0), NEWEST, ""),
    CALL(kmap_high_get, V(2, 6, 29), NEWEST, "arm-4"), /* ARM_ERRATA_798181 is on in the newer ones */
    CALL(kmap_local_page, V(5, 11, 0), NEWEST, ""),
    CALL(kmap_local_page_prot, V(5, 11, 0), NEWEST, ""),
    CALL(kmap_local_pfn, V(5, 11, 0), NEWEST, ""),
    CALL(kmap_local_folio, V(5, 16, 0), NEWEST, ""),
    CALL(kunmap_local, V(5, 11, 0), NEWEST, ""),
    CALL(is_kmap_addr, V(5, 18, 0), NEWEST, ""),
    CALL(set_fixmap_io, V(3, 14, 0), NEWEST, ""),
    CALL(set_fixmap_offset, V(3, 14, 0), NEWEST, ""),
    CALL(bt_ioremap, 0, V(2, 6, 26), ""),
    CALL(bt_iounmap, 0, V(2, 6, 26), ""),
    CALL(early_ioremap, V(2, 6, 27), NEWEST, ""),
    CALL(early_iounmap, V(2, 6, 27), NEWEST, ""),
    CALL(early_memremap, V(2, 6, 29), NEWEST, ""),
    CALL(early_memunmap, V(3, 15, 0), NEWEST, ""),
    CALL(copy_from_early_mem, V(4, 3, 0), NEWEST, ""),
    CALL(check_early_ioremap_leak, V(2, 6, 27), NEWEST, ""),
    CALL(early_ioremap_init, V(2, 6, 27), NEWEST, ""),
    CALL(early_fixmap_init, V(3, 15, 0), NEWEST, "arm"),
    CALL(early_fixmap_shutdown, V(4, 3, 0), NEWEST, "arm-"),
    CALL(fixmap_remap_fdt, V(4, 2, 0), NEWEST, "arm64"),
    CALL(pte_set_fixmap, V(4, 6, 0), NEWEST, "arm64"),
    CALL(pmd_set_fixmap, V(4, 6, 0), NEWEST, "arm64"),
    CALL(pgd_set_fixmap, V(4, 6, 0), NEWEST, "arm64"),
    CALL(pte_clear_fixmap, V(4, 6, 0), NEWEST, "arm64"),
    CALL(pmd_clear_fixmap, V(4, 6, 0), NEWEST, "arm64"),
    CALL(pgd_clear_fixmap, V(4, 6, 0), NEWEST, "arm64"),
    CALL(memclear_highpage_flush, 0, V(2, 6, 24), ""),
    CALL(zero_user_segments, V(2, 6, 25), NEWEST, ""),
    CALL(zero_user_segment, V(2, 6, 25), NEWEST, ""),
    CALL(zero_user, V(2, 6, 25), NEWEST, ""),
    CALL(memcpy_page, V(5, 12, 0), NEWEST, ""),
    CALL(memset_page, V(5, 12, 0), NEWEST, ""),
    CALL(memcpy_from_page, V(5, 12, 0), NEWEST, ""),
    CALL(memcpy_to_page, V(5, 12, 0), NEWEST, ""),
    CALL(memzero_page, V(5, 12, 0), NEWEST, ""),
    CALL(folio_zero_segments, V(5, 17, 0), NEWEST, ""),
    CALL(folio_zero_segment, V(5, 17, 0), NEWEST, ""),
    CALL(folio_zero_range, V(5, 17, 0), NEWEST, ""),
    CALL(set_fixmap_offset_io, V(3, 14, 0), V(6, 11, 255), ""),
    CALL(copy_mc_user_highpage, V(6, 1, 0), NEWEST, ""),
    CALL(copy_mc_highpage, V(6, 4, 0), NEWEST, ""),
    CALL(memcpy_from_file_folio, V(6, 3, 0), NEWEST, ""),
    CALL(memcpy_from_folio, V(6, 6, 0), NEWEST, ""),
    CALL(memcpy_to_folio, V(6, 6, 0), NEWEST, ""),
    CALL(folio_zero_tail, V(6, 8, 0), NEWEST, ""),
    CALL(folio_fill_tail, V(6, 8, 0), NEWEST, ""),
};

static bool is_of(const char *profile, const char *arch)
{
	return *arch == '!' ? strncmp(profile, arch + 1, strlen(arch + 1)) != 0 : !strncmp(profile, arch, strlen(arch));
}

static struct {
	int (*attempt)(struct subject *);
	struct subject s;
	int result;
} current;

static int attempt_current(void *arg)
{
	(void)arg;
	current.result = current.attempt(&current.s);
	return 0;
}

/* What the call says on a fresh machine; 0 when it ended in a BUG of that kernel, which therefore has it. */
static int result_of(const char *profile, int (*attempt)(struct subject *))
{
	char words[80];

	snprintf(words, sizeof(words), "profile=%s,phase=reset", profile);
	struct kernel *k = kernel_new(words);
	bool has_high = fxm_layout_get(k->layout, "max_pfn") > fxm_layout_get(k->layout, "max_low_pfn");

	current.attempt = attempt;
	current.s = (struct subject){.cpu = k->cpu, .page = page_of_kind(k, has_high), .other = low_page(k)};
	current.s.index = fxm_fixed_index(k->layout, "FIX_EARLYCON_MEM_BASE") >= 0 ? fixed_index(k, "FIX_EARLYCON_MEM_BASE") : 2;
	current.result = 0;
	if (fxm_task_run(k->cpu, attempt_current, NULL, NULL))
		current.result = 0;
	fxm_machine_destroy(k->m);
	free(k);
	return current.result;
}

static void calls_are_refused_by_version(void **state)
{
	(void)state;
	unsigned checked = 0, refused = 0, wrong = 0;

	for (size_t p = 0; fxm_profile_name(p); p++)
		for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
			const char *profile = fxm_profile_name(p);
			int version = (int)fxm_profile_version(p), result = result_of(profile, calls[i].attempt);
			bool has = version >= calls[i].first && version <= calls[i].last && is_of(profile, calls[i].arch);

			if ((result == -ENOSYS) == has)
				print_error("%s on %s: %d\n", calls[i].name, profile, result);
			wrong += (result == -ENOSYS) == has;
			assert_non_null(fxm_since(calls[i].name));
			checked++;
			refused += !has;
		}
	assert_int_equal(wrong, 0);
	assert_int_equal(fxm_profile_count() * ARRAY_SIZE(calls), checked);
	print_message("%u calls on a profile, %u refused\n", checked, refused);
}

/* The words begin with a version, which is the first or the last that has the call. */
static void the_words_name_the_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		const char *words = fxm_since(calls[i].name);
		int version = calls[i].first ? calls[i].first : calls[i].last;
		char number[32];

		if (version >> 16 == 2)
			snprintf(number, sizeof(number), "2.6.%d", version & 255);
		else
			snprintf(number, sizeof(number), "%d.%d", version >> 16, version >> 8 & 255);
		if (!strstr(words, number))
			print_error("%s: \"%s\" does not name %s\n", calls[i].name, words, number);
		assert_non_null(strstr(words, number));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calls_are_refused_by_version),
	    cmocka_unit_test(the_words_name_the_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
