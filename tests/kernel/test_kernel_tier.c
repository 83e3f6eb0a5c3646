/* SPDX-License-Identifier: MIT */
/* The kernel tier in an ordinary program: the default machine, the log, what is held, stamps and parameters. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fixmap/fixmap.h>
#include <fixmap/kernel.h>

static struct fxm_machine *machine(void)
{
	return fxm_vcpu_machine(fxm_k_cpu());
}

/* ---- pages and mappings ---- */

static void mapped_page_shows_its_frame(void **state)
{
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	char *addr = kmap(page);
	(void)state;

	assert_true(PageHighMem(page));
	assert_int_equal(addr[17], 0);
	strcpy(addr + 17, "seen from below");
	assert_string_equal((char *)fxm_frame(machine(), page_to_pfn(page)) + 17, "seen from below");
	assert_ptr_equal(page_address(page), addr);
	assert_true(PKMAP_NR(addr) < LAST_PKMAP);
	assert_ptr_equal(kmap_to_page(addr), page);
	kunmap(page);
	__free_page(page);
}

static void addresses_are_host_values(void **state)
{
	unsigned long top = FIXADDR_TOP;
	(void)state;

	assert_int_equal(fxm_k_simulated((void *)top), 0xfffff000);
	assert_int_equal(top & 0xffffffff, 0xfffff000);
	assert_int_equal(__fix_to_virt(FIX_APIC_BASE), top - FIX_APIC_BASE * PAGE_SIZE);
	assert_int_equal(virt_to_fix(__fix_to_virt(FIX_KMAP_END) + 5), FIX_KMAP_END);
	assert_int_equal(__pa(__va(0x123456)), 0x123456);
	assert_true(PAGE_OFFSET < (unsigned long)high_memory && (unsigned long)high_memory < PKMAP_BASE &&
		    PKMAP_BASE < FIXADDR_START);
	/* what is no address of the machine stays what it is */
	assert_ptr_equal(fxm_k_simulated(&top), &top);
	assert_int_equal(fxm_k_simulated(NULL), 0);
}

static void lowmem_has_its_own_address(void **state)
{
	char *object = kzalloc(100, GFP_KERNEL);
	(void)state;

	assert_true(virt_addr_valid(object));
	assert_int_equal(page_to_phys(virt_to_page(object)) + offset_in_page(object), __pa(object));
	assert_int_equal(object[99], 0);
	object[0] = 'x';
	object = krealloc(object, 9000, GFP_KERNEL);
	assert_int_equal(object[0], 'x');
	kfree(object);
}

/* ---- what is held ---- */

struct seen {
	size_t n;
	uint64_t pfn[600];
};

static int note(const struct fxm_held *held, void *arg)
{
	struct seen *seen = arg;
	assert_int_equal(held->kind, FXM_HELD_PAGES);
	assert_non_null((void *)held->site.pc);
	seen->pfn[seen->n++] = held->pfn;
	return 0;
}

static struct seen look(void)
{
	struct seen seen = {0};
	assert_int_equal(fxm_held_each(machine(), note, &seen), 0);
	return seen;
}

/* Frees in an order that moves entries of the table about; the rest must stay, oldest first. */
static void held_pages_are_listed_by_age(void **state)
{
	enum { N = 600 };
	struct page *page[N];
	struct seen seen;
	size_t at = 0;
	(void)state;

	assert_int_equal(look().n, 0);
	for (int i = 0; i < N; i++)
		assert_non_null(page[i] = alloc_page(i % 2 ? GFP_KERNEL : GFP_HIGHUSER));
	for (int i = 0; i < N; i++)
		if (i * 7 % 5 < 3) {
			__free_page(page[i]);
			page[i] = NULL;
		}
	seen = look();
	for (int i = 0; i < N; i++)
		if (page[i])
			assert_int_equal(seen.pfn[at++], page_to_pfn(page[i]));
	assert_int_equal(seen.n, at);
	for (int i = 0; i < N; i++)
		if (page[i])
			__free_page(page[i]);
	assert_int_equal(look().n, 0);
}

static void extra_reference_keeps_it_held(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);
	(void)state;

	get_page(page);
	__free_pages(page, 1);
	assert_int_equal(look().n, 1);
	put_page(page);
	assert_int_equal(look().n, 0);
}

/* ---- the log ---- */

static struct {
	unsigned n;
	int level[8];
	char text[8][1200];
} logged;

static void take_line(const struct fxm_log_line *line, void *arg)
{
	(void)arg;
	logged.level[logged.n % 8] = line->level;
	snprintf(logged.text[logged.n++ % 8], sizeof(logged.text[0]), "%s", line->text);
}

static int log_begin(void **state)
{
	(void)state;
	logged.n = 0;
	fxm_log_set(machine(), take_line, NULL);
	return 0;
}

static int log_end(void **state)
{
	(void)state;
	fxm_log_flush(machine());
	fxm_log_set(machine(), NULL, NULL);
	return 0;
}

static void lines_have_levels(void **state)
{
	(void)state;
	pr_err("first\n");
	printk("second\n");
	printk(KERN_DEBUG "third, in two");
	pr_cont(" parts\n");
	assert_int_equal(logged.n, 3);
	assert_int_equal(logged.level[0], 3);
	assert_int_equal(logged.level[1], 4);
	assert_int_equal(logged.level[2], 7);
	assert_string_equal(logged.text[2], "third, in two parts");
}

static void open_line_ends_with_the_next(void **state)
{
	(void)state;
	printk("open");
	assert_int_equal(logged.n, 0);
	printk("next\nand one more\n");
	assert_int_equal(logged.n, 3);
	assert_string_equal(logged.text[0], "open");
	assert_string_equal(logged.text[2], "and one more");
}

static void long_line_is_cut(void **state)
{
	static char text[5000];
	(void)state;

	memset(text, 'x', sizeof(text) - 1);
	printk("%s\n", text);
	assert_int_equal(logged.n, 1);
	assert_in_range(strlen(logged.text[0]), 900, 1100);
}

/* ---- formats ---- */

static void formats(void **state)
{
	char buf[64];
	phys_addr_t phys = 0xabc000;
	void *fixed = (void *)__fix_to_virt(FIX_APIC_BASE);
	(void)state;

#define CHECK(expected, ...) (snprintf(buf, sizeof(buf), __VA_ARGS__), assert_string_equal(buf, expected))
	CHECK("ffffc000", "%px", fixed);
	CHECK("  ffffc000|", "%10px|", fixed);
	CHECK("ffffc000  |", "%-10px|", fixed);
	CHECK("0x00abc000", "%pa", &phys);
	CHECK("00c0ab00", "%4phN", &phys);
	CHECK("-ENOMEM", "%pe", ERR_PTR(-ENOMEM));
	CHECK("   -5 +5 005 0x1f 037", "%5d %+d %03d %#x %#o", -5, 5, 5, 31, 31);
	CHECK("-1 255 -1 65535", "%hhd %hhu %hd %hu", (signed char)-1, (unsigned char)-1, (short)-1, (unsigned short)-1);
	CHECK("18446744073709551615 -9223372036854775807", "%llu %ld", ~0ULL, -__LONG_MAX__);
	CHECK("ab|   ab|ab   |a", "%s|%5s|%-5s|%.1s", "ab", "ab", "ab", "ab");
	CHECK("  7|7  |", "%*d|%*d|", 3, 7, -3, 7);
	CHECK("100%", "%d%%", 100);
	/* two addresses, two stand-ins; the same one twice */
	char again[64];
	snprintf(buf, sizeof(buf), "%p %p", fixed, (char *)fixed + 1);
	snprintf(again, sizeof(again), "%p %p", fixed, (char *)fixed + 1);
	assert_string_equal(buf, again);
	assert_memory_not_equal(buf, buf + 9, 8);
	assert_memory_not_equal(buf, "ffffc000", 8);
}

static void snprintf_tells_the_whole_length(void **state)
{
	char buf[4] = "???";
	(void)state;

	assert_int_equal(snprintf(buf, sizeof(buf), "%s", "abcdef"), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(snprintf(NULL, 0, "%d", 12345), 5);
	assert_int_equal(scnprintf(buf, sizeof(buf), "abcdef"), 3);
	assert_int_equal(strscpy(buf, "abcdef", sizeof(buf)), -E2BIG);
	assert_string_equal(buf, "abc");
}

/* ---- stamps and parameters ---- */

static void stamp_names_both_sides(void **state)
{
	struct fxm_stamp stamp = fxm_k_stamp;
	char line[512];
	(void)state;

	assert_int_equal(fxm_stamp_check(machine(), &stamp, line, sizeof(line)), 0);
	stamp.nr_cpus = 8;
	assert_int_equal(fxm_stamp_check(machine(), &stamp, line, sizeof(line)), -EINVAL);
	assert_non_null(strstr(line, "compiled for x86_32-5.10 with NR_CPUS 8, but the machine is x86_32-5.10 with NR_CPUS 32"));
	stamp = fxm_k_stamp;
	stamp.profile = "i386-2.6.12";
	assert_int_equal(fxm_stamp_check(machine(), &stamp, line, sizeof(line)), -EINVAL);
	assert_non_null(strstr(line, "compiled for i386-2.6.12, but the machine is x86_32-5.10"));
	stamp = fxm_k_stamp;
	stamp.enum_sum++;
	assert_int_equal(fxm_stamp_check(machine(), &stamp, NULL, 0), -EINVAL);
	assert_int_equal(fxm_stamp_check(machine(), NULL, NULL, 0), -EINVAL);
}

static void parameters_are_checked(void **state)
{
	static const struct {
		const char *type, *value;
		int status;
		long long expected;
	} cases[] = {
	    {"int", "-2147483648", 0, -2147483648LL},
	    {"int", "2147483648", -ERANGE, 0},
	    {"uint", "4294967295", 0, 4294967295LL},
	    {"uint", "-1", -ERANGE, 0},
	    {"byte", "0xff", 0, 255},
	    {"byte", "256", -ERANGE, 0},
	    {"short", "-32769", -ERANGE, 0},
	    {"ushort", "65535", 0, 65535},
	    {"long", "-1", 0, -1},
	    {"ulong", "0777", 0, 511},
	    {"ulong", "99999999999999999999", -ERANGE, 0},
	    {"int", "12x", -EINVAL, 0},
	    {"int", " 12", -EINVAL, 0},
	    {"bool", "Y", 0, 1},
	    {"bool", "0", 0, 0},
	    {"invbool", "n", 0, 1},
	    {"bool", "maybe", -EINVAL, 0},
	    {"nonsense", "1", -EINVAL, 0},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		long long value = 0;
		struct fxm_entry entry = {.kind = FXM_ENTRY_PARAM, .text = cases[i].type, .data = &value};
		assert_int_equal(fxm_param_set(&entry, cases[i].value), cases[i].status);
		if (*cases[i].type == 'i' && cases[i].type[2] == 't')
			value = (int)value;
		assert_int_equal(value, cases[i].expected);
	}
}

/* ---- a BUG ends the task, not the program ---- */

static unsigned reports;

static void count_report(const struct fxm_report *report, void *arg)
{
	(void)arg;
	reports += report->kind == FXM_REPORT_BUG || report->kind == FXM_REPORT_OOPS;
}

static int hit_bug(void *arg)
{
	(void)arg;
	BUG_ON(fxm_k_preempt_count() == 0);
	return 0;
}

static int use_wrong_page(void *arg)
{
	kmap(arg);
	return 0;
}

static void bug_ends_the_task(void **state)
{
	int result;
	char not_a_page[64] = "";
	(void)state;

	fxm_report_set(machine(), count_report, NULL);
	assert_int_equal(fxm_task_run(fxm_k_cpu(), hit_bug, NULL, &result), -ECANCELED);
	assert_int_equal(fxm_task_run(fxm_k_cpu(), use_wrong_page, not_a_page, &result), -ECANCELED);
	assert_int_equal(reports, 2);
	fxm_report_set(machine(), NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mapped_page_shows_its_frame),
	    cmocka_unit_test(addresses_are_host_values),
	    cmocka_unit_test(lowmem_has_its_own_address),
	    cmocka_unit_test(held_pages_are_listed_by_age),
	    cmocka_unit_test(extra_reference_keeps_it_held),
	    cmocka_unit_test_setup_teardown(lines_have_levels, log_begin, log_end),
	    cmocka_unit_test_setup_teardown(open_line_ends_with_the_next, log_begin, log_end),
	    cmocka_unit_test_setup_teardown(long_line_is_cut, log_begin, log_end),
	    cmocka_unit_test(formats),
	    cmocka_unit_test(snprintf_tells_the_whole_length),
	    cmocka_unit_test(stamp_names_both_sides),
	    cmocka_unit_test(parameters_are_checked),
	    cmocka_unit_test(bug_ends_the_task),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
