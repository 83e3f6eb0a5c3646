/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the functions behind the kernel's own names, on the machine that the thread sits on: memory, mappings, locks,
 * printk.
 * Whatever they are called with, the library neither crashes nor hangs: mistakes are reports that end the task at most.
 *
 * What can be compared is: printk's formats with the C library's, contents of memory with what was written there, what is held
 * with what was taken.
 *
 * Input: two bytes of settings, then operations of four bytes: what, and three bytes of arguments.
 */
#include "fuzz.h"
#include "whole.h"

#include <fixmap/fixmap.h>
#include <calls.h>
#include <fixmap/kernel_tier.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 16, OBJECTS = 16, POINTERS = 16, LOCKS = 4 };

struct object {
	unsigned char *data;
	size_t size;
	unsigned char byte;
};

static struct run {
	struct fxm_machine *m;
	struct fxm_page *page[PAGES];
	unsigned order[PAGES];
	struct object object[OBJECTS];
	void *pointer[POINTERS]; /* that mapping calls returned */
	unsigned nr_pointers;
	struct fxm_k_lock lock[LOCKS];
	unsigned a, b, c; /* arguments of the present operation */
} r;

#define check(e) ((e) ? (void)0 : fail(#e, __LINE__))

static _Noreturn void fail(const char *what, int line)
{
	fprintf(stderr, "fuzz_kernel.c:%d: not so: %s\n", line, what);
	abort();
}

static void no_report(const struct fxm_report *report, void *arg)
{
	(void)arg;
	check(report->message && report->text && strlen(report->text) < 16384);
}

static void no_log(const struct fxm_log_line *line, void *arg)
{
	(void)arg;
	check(line->level >= 0 && line->level <= 7 && !strchr(line->text, '\n'));
}

/* ---- arguments ---- */

static void *keep(void *p)
{
	if (p)
		r.pointer[r.nr_pointers++ % POINTERS] = p;
	return p;
}

static struct fxm_page *a_page(void)
{
	if (r.a < 0xe0)
		return r.page[r.a % PAGES];
	return r.a < 0xf0 ? fxm_page_of_pfn(r.m, r.b << 8 | r.c) : (struct fxm_page *)r.pointer[r.b % POINTERS];
}

static void *an_address(void)
{
	char *p = r.pointer[r.b % POINTERS];

	if (r.a < 0xc0)
		return p ? p + (r.c & 0x1f) * 136 : NULL;
	return r.a < 0xe0 ? (void *)(uintptr_t)(UINT64_C(0xff800000) + r.b * 0x1000 + r.c) : (void *)(uintptr_t)(r.b << r.c % 32);
}

static unsigned an_index(void)
{
	return r.a < 0xf0 ? r.a : r.a * 0x100000u;
}

static unsigned long long a_phys(void)
{
	return r.b & 1 ? (unsigned long long)(r.b << 20 | r.c << 12) : UINT64_C(0xfee00000) + r.c * 0x1000;
}

/* ---- memory ---- */

static void alloc_pages(void)
{
	unsigned i = r.a % PAGES;

	if (r.page[i])
		return;
	r.order[i] = r.b % 3;
	r.page[i] = fxm_k_alloc_pages(r.c & 0x1f, r.order[i]);
	if (r.page[i])
		check(fxm_k_page_count(r.page[i]) == 1 && fxm_k_pfn_to_page(fxm_k_page_to_pfn(r.page[i])) == r.page[i]);
}

static void free_pages(void)
{
	unsigned i = r.a % PAGES;
	struct fxm_page *page = r.page[i];

	r.page[i] = NULL;
	if (page)
		fxm_k_free_pages(page, r.order[i]);
}

static void get_free_pages(void)
{
	unsigned long address = fxm_k_get_free_pages(r.a & 0x1d, r.b % 3);

	if (!address)
		return;
	check(fxm_k_virt_addr_valid((void *)address));
	check((unsigned long)fxm_k_va(fxm_k_pa(address)) == address);
	*(volatile char *)address = 1;
	if (r.c & 1)
		fxm_k_free_pages_at(address, r.b % 3);
}

static void free_anything(void)
{
	if (r.a & 1)
		fxm_k_free_pages_at((unsigned long)an_address(), r.c % 3);
	else
		fxm_k_kfree(an_address());
}

static void page_questions(void)
{
	struct fxm_page *page = r.page[r.a % PAGES];

	fxm_k_pfn_valid(r.b << 12 | r.c);
	if (!page)
		return;
	bool high = fxm_k_page_is_highmem(page);
	check(high == !fxm_k_virt_addr_valid(fxm_k_page_address(page)));
	fxm_k_compound_head(page);
	fxm_k_get_page(page);
	fxm_k_put_page(page);
}

static bool is_intact(const struct object *o)
{
	for (size_t i = 0; i < o->size; i++)
		if (o->data[i] != o->byte)
			return false;
	return true;
}

static void kmalloc(void)
{
	struct object *o = &r.object[r.a % OBJECTS];
	size_t size = r.b * (1u << r.c % 7);

	if (o->data)
		return;
	o->data = fxm_k_kmalloc(size, r.c & 0x10);
	o->size = o->data ? size : 0;
	o->byte = (unsigned char)r.c;
	if (!o->data)
		return;
	check(fxm_k_ksize(o->data) >= size);
	if (size)
		memset(o->data, o->byte, size);
}

static void krealloc(void)
{
	struct object *o = &r.object[r.a % OBJECTS];
	size_t size = 1 + r.b * (1u << r.c % 7);

	if (!o->data || !o->size)
		return;
	check(is_intact(o));
	unsigned char *moved = fxm_k_krealloc(o->data, size, 0);
	if (!moved)
		return;
	o->data = moved;
	if (size < o->size)
		o->size = size;
	check(is_intact(o));
	o->size = size;
	memset(o->data, o->byte, size);
}

static void kfree(void)
{
	struct object *o = &r.object[r.a % OBJECTS];
	struct object old = *o;

	*o = (struct object){.data = NULL};
	check(!old.data || is_intact(&old));
	fxm_k_kfree(old.data);
}

/* ---- mappings ---- */

static void kmap(void)
{
	void *p = keep(r.c & 1 ? fxm_k_kmap(a_page()) : fxm_k_kmap_high(a_page()));
	check(p == fxm_k_page_address(a_page()));
}

static void kunmap(void)
{
	if (r.c & 1)
		fxm_k_kunmap(a_page());
	else
		fxm_k_kunmap_high(a_page());
}

static void kmap_more(void)
{
	fxm_k_kmap_flush_unused();
	fxm_k_kmap_to_page(an_address());
	fxm_k_virt_to_page(an_address());
	fxm_k_simulated(an_address());
}

static void set_page_address(void)
{
	fxm_k_set_page_address(a_page(), r.c & 1 ? NULL : an_address());
}

static void kmap_atomic(void)
{
	if (r.c < 0x80)
		keep(fxm_k_kmap_atomic(a_page()));
	else if (r.c < 0xc0)
		keep(fxm_k_kmap_atomic_prot(a_page(), 0x163));
	else
		keep(fxm_k_kmap_atomic_pfn(r.b << 12 | r.a));
}

static void kunmap_atomic(void)
{
	fxm_k_kunmap_atomic(r.c & 1 ? r.pointer[(r.nr_pointers - 1) % POINTERS] : an_address());
}

static void kmap_atomic_type(void)
{
	if (r.c < 0xc0)
		keep(fxm_k_kmap_atomic_type(a_page(), r.c % 14));
	else
		keep(fxm_k_kmap_atomic_pfn_type(r.b << 12 | r.a, r.c % 14));
}

static void kunmap_atomic_type(void)
{
	fxm_k_kunmap_atomic_type(an_address(), r.c % 14);
}

static void kmap_atomic_more(void)
{
	switch (r.c % 4) {
	case 0:
		fxm_k_kmap_atomic_to_page(an_address());
		break;
	case 1:
		fxm_k_kmap_atomic_idx_push();
		fxm_k_kmap_atomic_idx_pop();
		break;
	default:
		fxm_k_kmap_atomic_idx();
	}
}

static void set_fixmap(void)
{
	enum fxm_k_fixmap_kind kind = r.c % 3;

	if (r.c & 0x80)
		keep((void *)fxm_k_set_fixmap_offset(kind, an_index(), a_phys()));
	else if (r.c & 0x40)
		fxm_k_set_fixmap_prot(an_index(), a_phys(), r.c & 0x20 ? 0x161 : 0x163);
	else
		fxm_k_set_fixmap(kind, an_index(), a_phys());
	keep((void *)fxm_k_fix_to_virt(an_index()));
}

static void fixmap_more(void)
{
	switch (r.c % 4) {
	case 0:
		fxm_k_clear_fixmap(an_index());
		break;
	case 1:
		check(fxm_k_virt_to_fix(fxm_k_fix_to_virt(an_index() & 0xff)) == (an_index() & 0xff));
		break;
	case 2:
		fxm_k_virt_to_fix_checked((unsigned long)an_address());
		break;
	default:
		keep((void *)fxm_k_fix_to_virt_checked(an_index()));
	}
}

static void mmio(void)
{
	unsigned width = 1u << r.a % 4;
	uintptr_t address = (uintptr_t)an_address() & ~(uintptr_t)7;

	/* The frames of devices only: RAM would be somebody's page table. */
	if (r.c & 1)
		fxm_k_mmio_read((void *)address, width);
}

/* What the window shows may be dereferenced, or the task ends. */
static void dereference(void)
{
	volatile unsigned char *p = an_address();
	(void)*p;
}

/* ---- locks and the rest ---- */

static void locks(void)
{
	struct fxm_k_lock *lock = &r.lock[r.a % LOCKS];

	switch (r.b % 6) {
	case 0:
		fxm_k_spin_lock(lock);
		break;
	case 1:
		fxm_k_spin_trylock(lock);
		break;
	case 2:
		fxm_k_spin_unlock(lock);
		break;
	case 3:
		fxm_k_mutex_lock(lock, "fuzz.c:1");
		break;
	case 4:
		fxm_k_mutex_trylock(lock);
		break;
	default:
		fxm_k_mutex_unlock(lock);
	}
}

static void state(void)
{
	fxm_k_preempt_count();
	fxm_k_pagefault_count();
	check(*fxm_k_current()->comm);
	fxm_k_might_sleep("fuzz.c:2");
	if (r.a & 1)
		fxm_k_schedule();
	if (r.a & 2)
		fxm_k_flush_tlb_all();
	else
		fxm_k_flush_tlb_one((unsigned long)an_address());
}

static void numbers(void)
{
	static const char *const names[] = {"FIXADDR_TOP",     "PKMAP_BASE",  "LAST_PKMAP",
					    "totalhigh_pages", "high_memory", "NO_SUCH_NAME"};

	switch (r.a % 3) {
	case 0:
		fxm_k_address(names[r.b % 6]);
		break;
	case 1:
		fxm_k_number(names[r.b % 6]);
		break;
	default:
		fxm_k_prot(r.b & 1 ? "PAGE_KERNEL" : "PAGE_NOWHERE");
	}
}

static void complaints(void)
{
	switch (r.a % 5) {
	case 0:
		fxm_k_bug("fuzz.c:3");
	case 1:
		fxm_k_warn("fuzz.c:4", "%s %u", "value", r.b);
		break;
	case 2:
		fxm_k_warn("fuzz.c:5", "%s", "");
		break;
	case 3:
		fxm_k_dump_stack();
		break;
	default:
		fxm_k_missing(r.b & 1 ? "kmap_atomic_pfn" : "nothing");
	}
}

/* ---- printk ---- */

static const char *const flag_words[] = {"", "-", "0", "#", "+", " ", "-#", "+0"};
static const char *const length_words[] = {"", "hh", "h", "l", "ll", "z", "t", "j"};

/* The C library's opinion, with the same arguments. */
static void compare_format(const char *fmt, uint64_t value, bool is_long)
{
	char ours[160], theirs[160];
	size_t size = r.c & 0x40 ? 8 : sizeof(ours);
	int n, m;

	if (is_long) {
		n = fxm_k_snprintf(ours, size, fmt, value, 77);
		m = snprintf(theirs, size, fmt, value, 77);
	} else {
		n = fxm_k_snprintf(ours, size, fmt, (unsigned)value, 77);
		m = snprintf(theirs, size, fmt, (unsigned)value, 77);
	}
	if (n != m || strcmp(ours, theirs)) {
		fprintf(stderr, "%s of %llx: %d \"%s\", the C library: %d \"%s\"\n", fmt, (unsigned long long)value, n, ours, m,
			theirs);
		abort();
	}
}

static void integer_formats(void)
{
	static const char conversions[] = "diuxXo";
	static const uint64_t values[] = {0, 1, 0x7f, 0x80, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX};
	char fmt[64], width[8] = "", precision[8] = "";
	const char *length = length_words[r.a >> 3 & 7];

	if (r.b & 0x80)
		snprintf(width, sizeof(width), "%u", r.b & 0x3f);
	if (r.c & 0x80)
		snprintf(precision, sizeof(precision), ".%u", r.c & 0x1f);
	snprintf(fmt, sizeof(fmt), "<%%%s%s%s%s%c|%%d>", flag_words[r.a & 7], width, precision, length,
		 conversions[(r.a + r.b) % 6]);
	compare_format(fmt, values[(r.b + r.c) % 10], *length && *length != 'h');
}

static void string_formats(void)
{
	char fmt[64], ours[160], theirs[160];
	char text[64];

	memset(text, 'x', sizeof(text));
	text[r.c % 60] = 0;
	snprintf(fmt, sizeof(fmt), r.b & 0x40 ? "[%%%s%u.%us|%%%%|%%c]" : "[%%%s%us|%%c]", r.a & 1 ? "-" : "", 1 + r.a % 50,
		 r.b % 40);
	int n = fxm_k_snprintf(ours, sizeof(ours), fmt, text, 'c');
	check(n == snprintf(theirs, sizeof(theirs), fmt, text, 'c') && !strcmp(ours, theirs));
	n = fxm_k_snprintf(ours, sizeof(ours), "%*d %-*.*s %%", (int)(r.a % 20) - 10, 5, 10, (int)(r.b % 20) - 10, text);
	check(n == (int)strlen(ours));
}

static int v_format(char *buf, size_t size, const char *fmt, ...)
{
	struct {
		const char *fmt;
		va_list *args;
	} nested;
	va_list args;

	va_start(args, fmt);
	nested.fmt = fmt;
	nested.args = &args;
	int n = fxm_k_snprintf(buf, size, "%pV", (void *)&nested);
	va_end(args);
	return n;
}

static void pointer_formats(void)
{
	static const char *const formats[] = {"%p",   "%px",   "%pK", "%pS", "%ps",  "%pB",  "%pa",  "%pad",
					      "%phC", "%6phN", "%pM", "%pm", "%pI4", "%pI6", "%20p", "%-20px"};
	static const unsigned char bytes[64] = {1, 2, 3, 4, 5, 6};
	char buf[300];
	const char *fmt = formats[r.a % 16];
	const void *p = strpbrk(fmt, "ahMmI") ? (const void *)bytes
			: r.b & 1	      ? (const void *)(uintptr_t)pointer_formats
					      : an_address();
	int n = fxm_k_snprintf(buf, sizeof(buf), fmt, p);

	check(n >= 0 && (n >= (int)sizeof(buf) || n == (int)strlen(buf)));
	fxm_k_snprintf(buf, sizeof(buf), "%pe", (const void *)(intptr_t) - (int)r.b);
	n = v_format(buf, sizeof(buf), "%d/%s", 42, "x");
	check(n == 4 && !strcmp(buf, "42/x"));
	check(fxm_k_sprintf(buf, "%s", "end") == 3);
}

static void printk(void)
{
	static const char *const formats[] = {"plain %d\n",
					      "\001"
					      "3error %d\n",
					      "\001"
					      "c continued %d",
					      "\001"
					      "6info %d\n",
					      "two\nlines %d\n",
					      "%5.3f %d\n",
					      "\n%d"};
	fxm_k_printk(formats[r.a % 7], r.b, r.c);
	if (r.c & 1)
		fxm_log_flush(r.m);
}

/* ---- units, parameters, what is held ---- */

static int count_held(const struct fxm_held *held, void *arg)
{
	check(held->kind <= FXM_HELD_FIXMAP);
	++*(unsigned *)arg;
	return r.c & 1;
}

static void held(void)
{
	unsigned n = 0;
	fxm_held_each(r.m, count_held, &n);
}

static void parameters(void)
{
	static const char *const types[] = {"byte",  "short", "ushort",	 "int",	  "uint", "long",
					    "ulong", "bool",  "invbool", "charp", "float"};
	static const char *const values[] = {
	    "0", "1", "-1", "255", "256", "32768", "4294967296", "y", "N", "", " 1", "0x10", "99999999999999999999"};
	uint64_t data = 0;
	const struct fxm_entry entry = {.kind = FXM_ENTRY_PARAM, .name = "p", .text = types[r.a % 11], .data = &data};
	int error = fxm_param_set(&entry, values[r.b % 13]);

	if (!error && !strcmp(entry.text, "charp"))
		free(*(char **)&data);
}

static void stamps(void)
{
	const struct fxm_layout *layout = fxm_machine_layout(r.m);
	struct fxm_stamp stamp = {.struct_size = sizeof(stamp),
				  .profile = r.a & 1 ? "i386-2.6.12" : fxm_machine_profile(r.m),
				  .nr_cpus = r.b,
				  .last_pkmap = (uint32_t)fxm_layout_get(layout, "LAST_PKMAP")};
	char line[640];

	check(fxm_stamp_check(r.m, &stamp, line, sizeof(line)) == -EINVAL && !strchr(line, '\n'));
	check(!fxm_unit_first());
}

/* ---- a run ---- */

static void (*const operations[])(void) = {
    alloc_pages,
    alloc_pages,
    free_pages,
    get_free_pages,
    free_anything,
    page_questions,
    kmalloc,
    kmalloc,
    krealloc,
    kfree,
    kmap,
    kmap,
    kunmap,
    kmap_more,
    set_page_address,
    kmap_atomic,
    kmap_atomic,
    kunmap_atomic,
    kmap_atomic_type,
    kunmap_atomic_type,
    kmap_atomic_more,
    set_fixmap,
    fixmap_more,
    mmio,
    dereference,
    locks,
    state,
    numbers,
    complaints,
    integer_formats,
    string_formats,
    pointer_formats,
    printk,
    held,
    parameters,
    stamps,
};

static int operate(void *arg)
{
	(*(void (**)(void))arg)();
	return 0;
}

static bool start(const uint8_t *data)
{
	static const char *const profiles[] = {"x86_32-5.10", "i386-2.6.12", "x86_32-4.15", "x86_32-5.10"};
	static const char *const windows[] = {"strict", "retain", "eager", "strict"};
	struct fxm_config *cfg;
	char words[200];

	memset(&r, 0, sizeof(r));
	if (fxm_config_create(profiles[data[0] & 3], &cfg))
		return false;
	snprintf(words, sizeof(words), "pae=%d DEBUG_HIGHMEM=%d DEBUG_ATOMIC_SLEEP=%d window=%s identity=0 stacks=%s detect=%s",
		 data[0] >> 2 & 1, data[0] >> 3 & 1, data[0] >> 4 & 1, windows[data[1] & 3],
		 (data[1] & 0xfc) == 0xfc ? "on" : "off", data[0] & 0x20 ? "on" : "off");
	if (!fxm_config_parse(cfg, words))
		fxm_machine_create(cfg, &r.m);
	fxm_config_destroy(cfg);
	if (!r.m)
		return false;
	fxm_report_set(r.m, no_report, NULL);
	fxm_log_set(r.m, no_log, NULL);
	check(!fxm_attach(r.m, 0));
	return true;
}

/* A thread that sits nowhere gets the default machine, which stays. */
static void meet_default_machine(void)
{
	static bool met;

	if (met)
		return;
	met = true;
	setenv("FIXMAP_OPTIONS", "identity=0", 1); /* no pointer means its window by accident */
	check(fxm_vcpu_machine(fxm_current()) == fxm_machine_default());
	check(!fxm_detach());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	meet_default_machine();
	if (size < 2 || !start(data))
		return 0;
	struct fxm_vcpu *cpu = fxm_current_or_null();
	for (data += 2, size -= 2; size >= 4; data += 4, size -= 4) {
		void (*fn)(void) = operations[data[0] % (sizeof(operations) / sizeof(operations[0]))];
		r.a = data[1];
		r.b = data[2];
		r.c = data[3];
		fxm_task_run(cpu, operate, &fn, NULL);
		check_whole(r.m);
	}
	fxm_detach();
	check(!fxm_machine_destroy(r.m));
	return 0;
}
