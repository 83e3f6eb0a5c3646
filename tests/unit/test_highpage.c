/* SPDX-License-Identifier: MIT */
/* The page helpers: what they change, what they map in which order, and each version's checks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static const char *const profiles[] = {ALL_PROFILES};
static const char *const profiles_of_6_1[] = {"profile=x86_32-6.1", "profile=x86_32-6.1,pae=1"};

static bool is_2_6(const char *words)
{
	return !strncmp(words, "profile=i386", 12);
}

static bool is_6_1(const char *words)
{
	return strstr(words, "x86_32-6.1") != NULL;
}

static unsigned char *bytes_of(struct kernel *k, const struct fxm_page *page)
{
	return fxm_frame(k->m, pfn_of(k, page));
}

/* Two pages and what they should hold. */
struct pair {
	struct fxm_page *page[2];
	unsigned char want[2][FXM_PAGE_SIZE];
};

static void fill_pair(struct kernel *k, struct pair *pair)
{
	for (unsigned n = 0; n < 2; n++) {
		for (unsigned i = 0; i < FXM_PAGE_SIZE; i++)
			pair->want[n][i] = (unsigned char)(i * 7 + i / 256 + n * 50 + 1);
		memcpy(bytes_of(k, pair->page[n]), pair->want[n], FXM_PAGE_SIZE);
	}
}

static void check_pair(struct kernel *k, const struct pair *pair)
{
	for (unsigned n = 0; n < 2; n++)
		assert_memory_equal(bytes_of(k, pair->page[n]), pair->want[n], FXM_PAGE_SIZE);
}

/* ---- contents -------------------------------------------------------------------------------------------------------------- */

static void whole_pages(struct kernel *k, struct pair *pair)
{
	fill_pair(k, pair);
	assert_int_equal(fxm_clear_highpage(k->cpu, pair->page[0]), 0);
	memset(pair->want[0], 0, FXM_PAGE_SIZE);
	check_pair(k, pair);
	assert_int_equal(fxm_copy_highpage(k->cpu, pair->page[0], pair->page[1]), 0);
	memcpy(pair->want[0], pair->want[1], FXM_PAGE_SIZE);
	check_pair(k, pair);
	assert_int_equal(fxm_clear_user_highpage(k->cpu, pair->page[1], 0x8048000), 0);
	memset(pair->want[1], 0, FXM_PAGE_SIZE);
	check_pair(k, pair);
	assert_int_equal(fxm_copy_user_highpage(k->cpu, pair->page[1], pair->page[0], 0x8048000), 0);
	memcpy(pair->want[1], pair->want[0], FXM_PAGE_SIZE);
	check_pair(k, pair);
	assert_int_equal(fxm_copy_highpage(k->cpu, pair->page[0], pair->page[0]), 0);
	check_pair(k, pair);
}

static const struct {
	uint32_t start, end;
} ranges[] = {{0, 0}, {0, 1}, {0, 64}, {4095, 4096}, {4096, 4096}, {1, 4096}, {100, 300}, {50, 40}, {0, 4096}};

static void parts_of_2_6(struct kernel *k, struct pair *pair)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		uint32_t start = ranges[i].start, end = ranges[i].end;

		if (start > end)
			continue;
		fill_pair(k, pair);
		assert_int_equal(fxm_memclear_highpage_flush(k->cpu, pair->page[0], start, end - start), 0);
		memset(pair->want[0] + start, 0, end - start);
		check_pair(k, pair);
	}
}

static void parts_of_4_x(struct kernel *k, struct pair *pair)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		uint32_t start = ranges[i].start, end = ranges[i].end;

		fill_pair(k, pair);
		assert_int_equal(fxm_zero_user_segment(k->cpu, pair->page[0], start, end), 0);
		assert_int_equal(fxm_zero_user_segments(k->cpu, pair->page[1], 8, 16, start, end), 0);
		memset(pair->want[1] + 8, 0, 8);
		for (unsigned n = 0; n < 2 && end > start; n++)
			memset(pair->want[n] + start, 0, end - start);
		check_pair(k, pair);
	}
	fill_pair(k, pair);
	assert_int_equal(fxm_zero_user(k->cpu, pair->page[0], 100, 200), 0);
	memset(pair->want[0] + 100, 0, 200);
	check_pair(k, pair);
}

static void each_helper_changes_what_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);

		for (unsigned kinds = 0; kinds < 4; kinds++) {
			struct pair pair = {.page = {page_of_kind(k, kinds & 1), page_of_kind(k, kinds & 2)}};

			whole_pages(k, &pair);
			if (is_2_6(profiles[i]))
				parts_of_2_6(k, &pair);
			else
				parts_of_4_x(k, &pair);
		}
		assert_int_equal(counts_of(k->cpu).preempt, 0);
		assert_int_equal(counts_of(k->cpu).pagefault, 0);
		assert_int_equal(counts_of(k->cpu).kmap_depth, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void parts_between_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles_of_6_1); i++) {
		struct kernel *k = kernel_new(profiles_of_6_1[i]);
		struct pair pair = {.page = {high_page(k), high_page(k)}};
		unsigned char buffer[64];

		fill_pair(k, &pair);
		assert_int_equal(fxm_memcpy_page(k->cpu, pair.page[0], 4000, pair.page[1], 10, 96), 0);
		memcpy(pair.want[0] + 4000, pair.want[1] + 10, 96);
		check_pair(k, &pair);
		assert_int_equal(fxm_memset_page(k->cpu, pair.page[1], 7, 0xa5, 9), 0);
		memset(pair.want[1] + 7, 0xa5, 9);
		assert_int_equal(fxm_memzero_page(k->cpu, pair.page[1], 4095, 1), 0);
		pair.want[1][4095] = 0;
		check_pair(k, &pair);
		assert_int_equal(fxm_memcpy_from_page(k->cpu, buffer, pair.page[0], 3999, sizeof(buffer)), 0);
		assert_memory_equal(buffer, pair.want[0] + 3999, sizeof(buffer));
		assert_int_equal(fxm_memcpy_to_page(k->cpu, pair.page[1], 0, buffer, sizeof(buffer)), 0);
		memcpy(pair.want[1], buffer, sizeof(buffer));
		check_pair(k, &pair);
		assert_int_equal(fxm_memcpy_from_page(k->cpu, NULL, pair.page[0], 0, 0), 0);
		assert_int_equal(counts_of(k->cpu).kmap_depth, 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

static void sum_is_the_crc_of_the_page(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_page *page = high_page(k);

	memset(bytes_of(k, page), 0, FXM_PAGE_SIZE);
	assert_int_equal(fxm_page_sum(k->m, page), 0xc71c0011);
	bytes_of(k, page)[4095] = 1;
	assert_int_not_equal(fxm_page_sum(k->m, page), 0xc71c0011);
	assert_int_equal(fxm_page_sum(k->m, NULL), 0);
	assert_int_equal(fxm_page_sum(NULL, page), 0);
	kernel_free(k);
}

/* ---- the mappings ---------------------------------------------------------------------------------------------------------- */

static void keep_line(const char *line, void *arg)
{
	snprintf(arg, 2048, "%s", line);
}

/* The copy's own line: two maps, and who is unmapped first. */
static void maps_are_part_of_the_line_in_each_versions_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *to = high_page(k), *from = high_page(k);
		char line[2048] = "", want[128];

		fxm_trace_start_bare(k->m, keep_line, line);
		assert_int_equal(fxm_copy_highpage(k->cpu, to, from), 0);
		fxm_trace_stop(k->m, NULL);
		uint32_t begin = fixed_index(k, "FIX_KMAP_BEGIN");
		uint32_t first = is_2_6(profiles[i]) ? begin + (uint32_t)fxm_km_type_index(k->layout, "KM_USER0") : begin;
		unsigned long long source = fxm_fix_to_virt(k->m, first).v, dest = fxm_fix_to_virt(k->m, first + 1).v;
		bool source_first = is_2_6(profiles[i]);

		snprintf(want, sizeof(want), " maps=2 calls=+%08llx+%08llx-%08llx-%08llx ", source, dest,
			 source_first ? source : dest, source_first ? dest : source);
		if (!strstr(line, want))
			print_error("%s\n%s\n", line, want);
		assert_non_null(strstr(line, want));
		kernel_free(k);
	}
}

/* A stale entry for the neighbour's slot does not matter: what counts is the mapping the helper makes. */
static void helpers_nest_inside_mappings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (is_2_6(profiles[i]))
			continue;
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *held = high_page(k), *page = high_page(k);

		mark_page(k, held, 11);
		mark_page(k, page, 22);
		fxm_va va = fxm_kmap_atomic(k->cpu, held);
		assert_int_equal(read_mark(k->cpu, va), 11);
		assert_int_equal(fxm_clear_highpage(k->cpu, page), 0);
		assert_int_equal(read_mark(k->cpu, va), 11);
		assert_int_equal(mark_of(k, page), 0);
		assert_int_equal(fxm_kunmap_atomic(k->cpu, va), 0);
		assert_no_reports(k);
		kernel_free(k);
	}
}

/* ---- the checks -------------------------------------------------------------------------------------------------------------- */

static void call_memclear(struct call *c)
{
	c->result = (uint64_t)fxm_memclear_highpage_flush(c->cpu, c->page, (uint32_t)(c->n >> 32), (uint32_t)c->n);
}

static void call_zero_user(struct call *c)
{
	c->result = (uint64_t)fxm_zero_user(c->cpu, c->page, (uint32_t)(c->n >> 32), (uint32_t)c->n);
}

static void call_memzero(struct call *c)
{
	c->result = (uint64_t)fxm_memzero_page(c->cpu, c->page, c->n >> 32, c->n & UINT32_MAX);
}

#define AT(offset, size) ((uint64_t)(offset) << 32 | (size))

static void memclear_checks_before_it_maps(void **state)
{
	(void)state;
	static const struct {
		const char *words, *where;
	} cases[] = {{"profile=i386-2.6.12", "include/linux/highmem.h:72"}, {"profile=i386-2.6.14", "include/linux/highmem.h:73"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		struct fxm_page *page = high_page(k);

		assert_bug(k, call_memclear, (struct call){.page = page, .n = AT(4097, 0)}, cases[i].where);
		assert_bug(k, call_memclear, (struct call){.page = page, .n = AT(1, 4096)}, cases[i].where);
		assert_int_equal(counts_of(k->cpu).preempt, 0);
		/* The sum wraps: the page below is hit, which nobody has mapped. */
		struct call wraps = {.cpu = k->cpu, .page = page, .n = AT(0xfffff000u, 0x1000), .fn = call_memclear};
		assert_int_equal(task_run(&wraps), -ECANCELED);
		assert_int_equal(k->record.kinds[FXM_REPORT_OOPS], 1);
		kernel_free(k);
	}
}

static void zero_user_checks_after_it_mapped(void **state)
{
	(void)state;
	static const struct {
		const char *words, *where;
	} cases[] = {{"profile=x86_32-4.7", "include/linux/highmem.h:199"},
		     {"profile=x86_32-4.15", "include/linux/highmem.h:200"},
		     {"profile=x86_32-5.10", NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		struct fxm_page *page = high_page(k);

		assert_bug(k, call_zero_user, (struct call){.page = page, .n = AT(5000, 0)}, cases[i].where);
		assert_int_equal(counts_of(k->cpu).kmap_depth, 1);
		assert_int_equal(counts_of(k->cpu).pagefault, 1);
		assert_bug(k, call_zero_user, (struct call){.page = page, .n = AT(4000, 97)}, cases[i].where);
		/* An end that wraps is a small one: nothing happens. */
		bytes_of(k, page)[0] = 99;
		assert_int_equal(fxm_zero_user(k->cpu, page, 0xfffffff0u, 32), 0);
		assert_int_equal(bytes_of(k, page)[0], 99);
		kernel_free(k);
	}
}

static void zero_user_of_6_1_takes_compound_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles_of_6_1); i++) {
		struct kernel *k = kernel_new(profiles_of_6_1[i]);
		struct fxm_page *page = fxm_alloc_pages(k->m, FXM_GFP_HIGHMEM | FXM_GFP_COMP, 2);
		struct fxm_page *single = high_page(k), *block = fxm_alloc_pages(k->m, FXM_GFP_HIGHMEM, 2);
		unsigned char *bytes = bytes_of(k, page);
		char line[2048] = "";

		memset(bytes, 1, 4 * FXM_PAGE_SIZE);
		fxm_trace_start_bare(k->m, keep_line, line);
		assert_int_equal(fxm_zero_user_segments(k->cpu, page, 4000, 4200, 12288, 16384), 0);
		fxm_trace_stop(k->m, NULL);
		for (unsigned b = 0; b < 4 * FXM_PAGE_SIZE; b++)
			assert_int_equal(bytes[b], !((b >= 4000 && b < 4200) || b >= 12288));
		assert_non_null(strstr(line, " maps=3 ")); /* pages 0, 1 and 3 */
		/* Checked before anything is mapped. */
		assert_bug(k, call_zero_user, (struct call){.page = page, .n = AT(16384, 1)}, NULL);
		assert_bug(k, call_zero_user, (struct call){.page = single, .n = AT(4096, 1)}, NULL);
		assert_bug(k, call_zero_user, (struct call){.page = block, .n = AT(4096, 1)}, NULL);
		assert_int_equal(counts_of(k->cpu).kmap_depth, 0);
		/* Empty ranges are empty wherever they lie. */
		assert_int_equal(fxm_zero_user_segments(k->cpu, single, 4096, 4096, 9000, 40), 0);
		kernel_free(k);
	}
}

static void without_highmem_compound_pages_are_zeroed_at_once(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,HIGHMEM=0");
	struct fxm_page *page = fxm_alloc_pages(k->m, FXM_GFP_COMP, 1);
	unsigned char *bytes = bytes_of(k, page);

	memset(bytes, 1, 2 * FXM_PAGE_SIZE);
	assert_int_equal(fxm_zero_user(k->cpu, page, 4000, 200), 0);
	for (unsigned b = 0; b < 2 * FXM_PAGE_SIZE; b++)
		assert_int_equal(bytes[b], !(b >= 4000 && b < 4200));
	assert_bug(k, call_zero_user, (struct call){.page = page, .n = AT(8192, 1)}, NULL);
	kernel_free(k);
}

/* Without DEBUG_VM the kernel writes on into the page of the slot above: an outer mapping's. */
static void parts_are_checked_with_debug_vm_only(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,DEBUG_VM=1");
	struct fxm_page *page = high_page(k);

	assert_bug(k, call_memzero, (struct call){.page = page, .n = AT(4090, 7)}, NULL);
	assert_int_equal(counts_of(k->cpu).kmap_depth, 1); /* after mapping */
	kernel_free(k);

	k = kernel_new("profile=x86_32-6.1");
	struct fxm_page *outer = high_page(k);
	page = high_page(k);
	memset(bytes_of(k, outer), 1, FXM_PAGE_SIZE);
	fxm_va va = fxm_kmap_local_page(k->cpu, outer);
	assert_int_equal(fxm_memzero_page(k->cpu, page, 4090, 10), 0);
	assert_int_equal(bytes_of(k, outer)[3], 0);
	assert_int_equal(bytes_of(k, outer)[4], 1);
	fxm_kunmap_local(k->cpu, va);
	assert_no_reports(k);
	/* Nothing above it: an oops. */
	struct call beyond = {.cpu = k->cpu, .page = page, .n = AT(4090, 10), .fn = call_memzero};
	assert_int_equal(task_run(&beyond), -ECANCELED);
	assert_int_equal(k->record.kinds[FXM_REPORT_OOPS], 1);
	kernel_free(k);
}

/* ---- folios ---- */

/* How often a folio of four pages is mapped in one call; its bytes are @bytes. */
struct folio {
	struct kernel *k;
	struct fxm_page *head;
	unsigned char *bytes, want[4 * FXM_PAGE_SIZE];
	unsigned maps;
};

static void count_maps(const char *line, void *arg)
{
	((struct folio *)arg)->maps += strstr(line, " kmap_local_page ") != NULL;
}

static void folio_begin(struct folio *f, const char *words, unsigned gfp)
{
	f->k = kernel_new(words);
	f->head = fxm_alloc_pages(f->k->m, gfp | FXM_GFP_COMP, 2);
	assert_non_null(f->head);
	f->bytes = bytes_of(f->k, f->head);
	for (size_t i = 0; i < sizeof(f->want); i++)
		f->want[i] = (unsigned char)(i * 13 + i / 4096 + 1);
	memcpy(f->bytes, f->want, sizeof(f->want));
	fxm_trace_start_bare(f->k->m, count_maps, f);
}

static void folio_expect(struct folio *f, unsigned maps)
{
	assert_memory_equal(f->bytes, f->want, sizeof(f->want));
	assert_int_equal(f->maps, maps);
	assert_int_equal(counts_of(f->k->cpu).kmap_depth, 0);
	f->maps = 0;
}

static const struct {
	const char *words;
	unsigned gfp;
	bool is_partial;
} folios[] = {
    {"profile=x86_32-6.12", FXM_GFP_HIGHMEM, true},
    {"profile=x86_32-6.12,pae=1", FXM_GFP_HIGHMEM, true},
    {"profile=x86_32-6.12", 0, false},
    {"profile=x86_32-6.12,DEBUG_KMAP_LOCAL_FORCE_MAP=1", 0, true},
    {"profile=arm-6.12", FXM_GFP_HIGHMEM, true},
    {"profile=x86_64-6.12", 0, false},
    {"profile=arm64-6.12", 0, false},
};

/* Bytes 5000 to 13000: three pages. */
static void folios_are_mapped_page_by_page_where_they_must_be(void **state)
{
	static unsigned char buffer[8000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(folios); i++) {
		struct folio f = {0};
		bool p = folios[i].is_partial;

		folio_begin(&f, folios[i].words, folios[i].gfp);
		assert_int_equal(fxm_memcpy_from_folio(f.k->cpu, buffer, f.head, 5000, 8000), 0);
		assert_memory_equal(buffer, f.want + 5000, 8000);
		folio_expect(&f, p ? 3 : 1);
		memset(buffer, 0xa5, sizeof(buffer));
		assert_int_equal(fxm_memcpy_to_folio(f.k->cpu, f.head, 100, buffer, 8000), 0);
		memset(f.want + 100, 0xa5, 8000);
		folio_expect(&f, p ? 2 : 1);
		assert_int_equal(fxm_memcpy_from_folio(f.k->cpu, NULL, f.head, 0, 0), 0);
		folio_expect(&f, 1);
		/* Position 16384 + 6000 of a file is byte 6000. */
		assert_int_equal(fxm_memcpy_from_file_folio(f.k->cpu, buffer, f.head, 16384 + 6000, 5000), p ? 8192 - 6000 : 5000);
		assert_memory_equal(buffer, f.want + 6000, 8192 - 6000);
		folio_expect(&f, 1);
		assert_int_equal(fxm_memcpy_from_file_folio(f.k->cpu, buffer, f.head, 16384 - 10, 5000), 10);
		folio_expect(&f, 1);
		assert_int_equal(fxm_folio_fill_tail(f.k->cpu, f.head, 4000, buffer, 200), 0);
		memcpy(f.want + 4000, buffer, 200);
		memset(f.want + 4200, 0, sizeof(f.want) - 4200);
		folio_expect(&f, p ? 4 : 1);
		assert_int_equal(fxm_copy_mc_highpage(f.k->cpu, f.head, fxm_page_of_pfn(f.k->m, pfn_of(f.k, f.head) + 3)), 0);
		memset(f.want, 0, 4096);
		folio_expect(&f, 0);
		memset(f.want, 1, sizeof(f.want));
		memcpy(f.bytes, f.want, sizeof(f.want));
		fxm_va va = fxm_kmap_local_folio(f.k->cpu, f.head, 8190);
		va = fxm_folio_zero_tail(f.k->cpu, f.head, 8190, va);
		assert_int_equal(fxm_va_error(va), 0);
		assert_int_equal(fxm_kunmap_local(f.k->cpu, va), 0);
		memset(f.want + 8190, 0, sizeof(f.want) - 8190);
		folio_expect(&f, p ? 3 : 1);
		assert_no_reports(f.k);
		kernel_free(f.k);
	}
}

static void call_to_folio(struct call *c)
{
	c->result = (uint64_t)fxm_memcpy_to_folio(c->cpu, c->page, c->n >> 32, "0123456789abcdef", c->n & UINT32_MAX);
}

static void call_fill_tail(struct call *c)
{
	c->result = (uint64_t)fxm_folio_fill_tail(c->cpu, c->page, c->n >> 32, "0123456789abcdef", c->n & UINT32_MAX);
}

static void folios_are_checked_with_debug_vm(void **state)
{
	struct folio f = {0};

	(void)state;
	folio_begin(&f, "profile=x86_32-6.12,DEBUG_VM=1", FXM_GFP_HIGHMEM);
	assert_bug(f.k, call_to_folio, (struct call){.page = f.head, .n = AT(16380, 5)}, "include/linux/highmem.h:486");
	folio_expect(&f, 0);
	assert_bug(f.k, call_fill_tail, (struct call){.page = f.head, .n = AT(16380, 5)}, "include/linux/highmem.h:561");
	assert_int_equal(f.maps, 1);
	assert_int_equal(counts_of(f.k->cpu).kmap_depth, 1);
	kernel_free(f.k);
}

/* What is copied ends with a page that is not the last: the kernel clears on from there, in the slot of another mapping. */
static void fill_tail_leads_one_page_too_far(void **state)
{
	struct folio f = {0};
	unsigned char bytes[96] = {0};

	(void)state;
	folio_begin(&f, "profile=x86_32-6.12", FXM_GFP_HIGHMEM);
	struct call call = {.cpu = f.k->cpu, .page = f.head, .n = AT(4080, 16), .fn = call_fill_tail};
	assert_int_equal(task_run(&call), -ECANCELED);
	assert_int_equal(f.k->record.kinds[FXM_REPORT_OOPS], 1);
	kernel_free(f.k);

	folio_begin(&f, "profile=x86_32-6.12", 0);
	assert_int_equal(fxm_folio_fill_tail(f.k->cpu, f.head, 4000, bytes, 96), 0);
	assert_no_reports(f.k);
	kernel_free(f.k);
}

/* ---- arguments and versions ---------------------------------------------------------------------------------------------- */

static void helpers_of_other_versions_are_refused(void **state)
{
	(void)state;
	char byte = 0;

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct fxm_page *page = high_page(k);
		int on_2_6 = is_2_6(profiles[i]) ? 0 : -ENOSYS, since_4 = is_2_6(profiles[i]) ? -ENOSYS : 0;
		int since_6 = is_6_1(profiles[i]) ? 0 : -ENOSYS;

		assert_int_equal(fxm_memclear_highpage_flush(k->cpu, page, 0, 1), on_2_6);
		assert_int_equal(fxm_zero_user(k->cpu, page, 0, 1), since_4);
		assert_int_equal(fxm_zero_user_segment(k->cpu, page, 0, 1), since_4);
		assert_int_equal(fxm_zero_user_segments(k->cpu, page, 0, 1, 0, 0), since_4);
		assert_int_equal(fxm_memcpy_page(k->cpu, page, 0, page, 8, 1), since_6);
		assert_int_equal(fxm_memset_page(k->cpu, page, 0, 1, 1), since_6);
		assert_int_equal(fxm_memzero_page(k->cpu, page, 0, 1), since_6);
		assert_int_equal(fxm_memcpy_from_page(k->cpu, &byte, page, 0, 1), since_6);
		assert_int_equal(fxm_memcpy_to_page(k->cpu, page, 0, &byte, 1), since_6);
		kernel_free(k);
	}
	assert_non_null(strstr(fxm_since("zero_user"), "2.6.25"));
	assert_non_null(strstr(fxm_since("memcpy_page"), "5.12"));
}

static void refuses_null_and_strangers(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1"), *other = kernel_new("profile=x86_32-6.1");
	struct fxm_page *page = high_page(k), *strangers[] = {NULL, high_page(other)};

	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		struct fxm_page *bad = strangers[i];

		assert_int_equal(fxm_clear_highpage(k->cpu, bad), -EINVAL);
		assert_int_equal(fxm_clear_user_highpage(k->cpu, bad, 0), -EINVAL);
		assert_int_equal(fxm_copy_highpage(k->cpu, bad, page), -EINVAL);
		assert_int_equal(fxm_copy_highpage(k->cpu, page, bad), -EINVAL);
		assert_int_equal(fxm_copy_user_highpage(k->cpu, page, bad, 0), -EINVAL);
		assert_int_equal(fxm_zero_user(k->cpu, bad, 0, 1), -EINVAL);
		assert_int_equal(fxm_memcpy_page(k->cpu, page, 0, bad, 0, 1), -EINVAL);
		assert_int_equal(fxm_memzero_page(k->cpu, bad, 0, 1), -EINVAL);
	}
	assert_int_equal(fxm_clear_highpage(NULL, page), -EINVAL);
	assert_int_equal(fxm_copy_highpage(NULL, page, page), -EINVAL);
	assert_int_equal(fxm_memcpy_from_page(k->cpu, NULL, page, 0, 1), -EINVAL);
	assert_int_equal(fxm_memcpy_to_page(k->cpu, page, 0, NULL, 1), -EINVAL);
	assert_no_reports(k);
	kernel_free(other);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_helper_changes_what_it_should),
	    cmocka_unit_test(parts_between_pages),
	    cmocka_unit_test(sum_is_the_crc_of_the_page),
	    cmocka_unit_test(maps_are_part_of_the_line_in_each_versions_order),
	    cmocka_unit_test(helpers_nest_inside_mappings),
	    cmocka_unit_test(memclear_checks_before_it_maps),
	    cmocka_unit_test(zero_user_checks_after_it_mapped),
	    cmocka_unit_test(zero_user_of_6_1_takes_compound_pages),
	    cmocka_unit_test(without_highmem_compound_pages_are_zeroed_at_once),
	    cmocka_unit_test(parts_are_checked_with_debug_vm_only),
	    cmocka_unit_test(folios_are_mapped_page_by_page_where_they_must_be),
	    cmocka_unit_test(folios_are_checked_with_debug_vm),
	    cmocka_unit_test(fill_tail_leads_one_page_too_far),
	    cmocka_unit_test(helpers_of_other_versions_are_refused),
	    cmocka_unit_test(refuses_null_and_strangers),
	};

	return cmocka_run_group_tests_name("highpage", tests, NULL, NULL);
}
