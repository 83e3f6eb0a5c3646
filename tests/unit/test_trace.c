/* SPDX-License-Identifier: MIT */
/* The trace writer: its header, its lines, names of pages, reports, files, and that tracing changes nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#include <inttypes.h>

static const char *const profiles[] = {ALL_PROFILES};

/* ---- collecting lines ------------------------------------------------------------------------------------------------------- */

struct lines {
	char **line;
	size_t n;
};

static void collect(const char *line, void *arg)
{
	struct lines *l = arg;

	l->line = realloc(l->line, (l->n + 1) * sizeof(*l->line));
	l->line[l->n] = strdup(line);
	assert_non_null(l->line[l->n]);
	assert_null(strchr(line, '\n'));
	l->n++;
}

static void forget(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i]);
	free(l->line);
	*l = (struct lines){0};
}

static size_t count(const struct lines *l, const char *word)
{
	size_t n = 0, len = strlen(word);

	for (size_t i = 0; i < l->n; i++)
		n += !strncmp(l->line[i], word, len) && (l->line[i][len] == ' ' || !l->line[i][len]);
	return n;
}

static const char *last(const struct lines *l)
{
	assert_true(l->n > 0);
	return l->line[l->n - 1];
}

/* The last line is @text, or begins with it when it ends in "...". */
static void assert_last(const struct lines *l, const char *text)
{
	size_t len = strlen(text);

	if (len > 3 && !strcmp(text + len - 3, "...")) {
		if (strncmp(last(l), text, len - 3))
			assert_string_equal(last(l), text);
	} else {
		assert_string_equal(last(l), text);
	}
}

/* The value of field @name in @line, up to the next blank. */
static const char *field(const char *line, const char *name, char *buf, size_t size)
{
	char key[32];

	snprintf(key, sizeof(key), " %s=", name);
	const char *at = strstr(line, key);
	if (!at)
		return NULL;
	at += strlen(key);
	snprintf(buf, size, "%.*s", (int)strcspn(at, " "), at);
	return buf;
}

static void assert_field(const char *line, const char *name, const char *value)
{
	char buf[400];
	const char *found = field(line, name, buf, sizeof(buf));

	if (!found || strcmp(found, value)) {
		print_error("%s=%s is not in: %s\n", name, value, line);
		fail();
	}
}

/* ---- starting and stopping -------------------------------------------------------------------------------------------------- */

static void one_at_a_time(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct lines a = {0}, b = {0};

	assert_int_equal(fxm_trace_start(NULL, collect, &a), -EINVAL);
	assert_int_equal(fxm_trace_start(k->m, NULL, &a), -EINVAL);
	fxm_trace_stop(NULL, "x");
	fxm_trace_stop(k->m, "not started");
	fxm_kmap(k->cpu, high_page(k));
	assert_int_equal(a.n, 0);
	assert_int_equal(fxm_trace_start(k->m, collect, &a), 0);
	assert_int_equal(fxm_trace_start(k->m, collect, &b), -EBUSY);
	assert_int_equal(fxm_trace_start_bare(k->m, collect, &b), -EBUSY);
	fxm_kmap(k->cpu, high_page(k));
	fxm_trace_stop(k->m, "first");
	size_t n = a.n;
	fxm_kmap(k->cpu, high_page(k));
	fxm_trace_peek(k->cpu, fxm_va_of(0xc0000000));
	assert_int_equal(a.n, n);
	assert_int_equal(count(&a, "op"), 1);
	assert_last(&a, "end first ops=1");

	/* Again, counting from 1; what is mapped already stands in the header. */
	forget(&a);
	assert_int_equal(fxm_trace_start(k->m, collect, &a), 0);
	assert_int_equal(count(&a, "state"), 4);
	fxm_kunmap(k->cpu, fxm_page_of_pfn(k->m, mapped_pfn(k, fxm_va_of(layout_value(k, "PKMAP_BASE") + FXM_PAGE_SIZE))));
	assert_last(&a, "op 1 0 swapper/0 task kunmap P...");
	fxm_trace_stop(k->m, NULL);
	assert_last(&a, "end trace ops=1");
	assert_int_equal(b.n, 0);
	forget(&a);
	kernel_free(k);
}

static void the_header_describes_the_machine(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k = kernel_new(profiles[i]);
		struct lines l = {0};
		struct fxm_fixed fixed;
		size_t enums = 0, layouts = 0, prots = 0;
		const char *name;
		uint64_t value;
		bool is_address;
		fxm_pte prot;

		while (!fxm_fixed_at(k->layout, enums, &fixed))
			enums++;
		while (!fxm_layout_at(k->layout, layouts, &name, &value, &is_address))
			layouts++;
		while (!fxm_prot_at(k->layout, prots, &name, &prot))
			prots++;
		fxm_trace_start(k->m, collect, &l);
		assert_int_equal(strncmp(l.line[0], "V 1 kernel=libfixmap-", 21), 0);
		assert_non_null(strstr(l.line[0], "-hosted "));
		assert_int_equal(strncmp(l.line[1], "machine profile=", 16), 0);
		assert_field(l.line[1], "pae", strstr(profiles[i], "pae=1") ? "1" : "0");
		assert_field(l.line[1], "ram_end", "7ffe0000");
		assert_null(strstr(l.line[1], "window="));
		assert_null(strstr(l.line[1], "policy"));
		assert_int_equal(count(&l, "enum"), enums);
		assert_int_equal(count(&l, "layout"), layouts);
		assert_int_equal(count(&l, "prot"), prots);
		assert_int_equal(count(&l, "kmtype"), strstr(profiles[i], "2.6") ? 13 : 0);
		assert_last(&l, "state last_pkmap_nr=0 nonzero=0");
		fxm_trace_stop(k->m, "t");
		assert_string_equal(l.line[l.n - 2], "state last_pkmap_nr=0 nonzero=0");
		assert_last(&l, "end t ops=0");
		forget(&l);
		kernel_free(k);
	}
}

static void bare_has_neither_header_nor_end(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct lines l = {0};

	assert_int_equal(fxm_trace_start_bare(k->m, collect, &l), 0);
	assert_int_equal(l.n, 0);
	fxm_kmap(k->cpu, high_page(k));
	assert_int_equal(l.n, 1);
	assert_last(&l, "op 1 0 swapper/0 task kmap P...");
	fxm_trace_stop(k->m, "t");
	assert_int_equal(l.n, 1);
	forget(&l);
	kernel_free(k);
}

/* ---- names of pages ---------------------------------------------------------------------------------------------- */

static void names_are_checked(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10"), *other = kernel_new("profile=x86_32-5.10");
	struct fxm_page *page = high_page(k);
	static const char *const bad[] = {"", "P", "Q", "R1", "p1", "P1x", "P 1", "P-1", "P+1", "1", "Px", "P0x1", "P99999999999"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (fxm_trace_name_page(k->m, page, bad[i]) != -EINVAL)
			print_error("\"%s\" is taken for a name\n", bad[i]);
		assert_int_equal(fxm_trace_name_page(k->m, page, bad[i]), -EINVAL);
	}
	assert_int_equal(fxm_trace_name_page(NULL, page, "P1"), -EINVAL);
	assert_int_equal(fxm_trace_name_page(k->m, NULL, "P1"), -EINVAL);
	assert_int_equal(fxm_trace_name_page(k->m, page, NULL), -EINVAL);
	assert_int_equal(fxm_trace_name_page(other->m, page, "P1"), -EINVAL);
	assert_int_equal(fxm_trace_name_page(k->m, page, "P1"), 0);
	assert_int_equal(fxm_trace_name_page(k->m, page, "P0"), 0);
	kernel_free(other);
	kernel_free(k);
}

static void named_pages_show_their_tags(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_page *named = high_page(k), *unnamed = high_page(k), *low = low_page(k);
	struct lines l = {0};
	char expected[200];

	fxm_trace_start(k->m, collect, &l);
	assert_int_equal(fxm_trace_name_page(k->m, named, "P7"), 0);
	snprintf(expected, sizeof(expected), "page P7 pfn=%" PRIx64 " high=1", pfn_of(k, named));
	assert_last(&l, expected);
	assert_int_equal(fxm_trace_name_page(k->m, low, "Q2"), 0);
	snprintf(expected, sizeof(expected), "page Q2 pfn=%" PRIx64 " high=0 vaddr=%08" PRIx64, pfn_of(k, low),
		 fxm_page_address(k->cpu, low).v);
	/* page_address() is an operation, too, and comes after. */
	assert_int_equal(count(&l, expected), 1);

	memcpy((char *)fxm_frame(k->m, pfn_of(k, named)) + 64, &(uint32_t){1234}, 4);
	fxm_va va = fxm_kmap(k->cpu, named);
	snprintf(expected, sizeof(expected),
		 "op 2 0 swapper/0 task kmap P7 %08" PRIx64 " slot=1 cnt=2 last=1 flushed=0 pa=%08" PRIx64 " pte=%" PRIx64
		 " tag=1234 tlb=-",
		 va.v, va.v, fxm_pte_at(k->m, va).v);
	assert_last(&l, expected);

	/* A page without a name gets the next free one when it first appears. */
	fxm_kmap_atomic(k->cpu, unnamed);
	snprintf(expected, sizeof(expected), "page P8 pfn=%" PRIx64 " high=1", pfn_of(k, unnamed));
	assert_string_equal(l.line[l.n - 2], expected);
	assert_last(&l, "op 3 0 swapper/0 task kmap_atomic P8 ...");
	assert_field(last(&l), "tag", "?");
	fxm_trace_peek(k->cpu, fxm_va_of(va.v + FXM_PAGE_SIZE));
	assert_field(last(&l), "tag", "-");
	fxm_trace_stop(k->m, "t");
	forget(&l);
	kernel_free(k);
}

/* ---- operations -------------------------------------------------------------------------------------------------- */

static void each_family_has_its_fields(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_vcpu *cpu1 = fxm_machine_vcpu(k->m, 1);
	struct fxm_page *page = high_page(k);
	struct lines l = {0};
	char text[64];

	fxm_trace_start_bare(k->m, collect, &l);
	fxm_trace_name_page(k->m, page, "P1");

	fxm_va va = fxm_kmap_atomic(cpu1, page);
	assert_last(&l, "op 1 1 swapper/1 task kmap_atomic P1 ...");
	assert_field(last(&l), "rel", "20");
	assert_field(last(&l), "idx", "1");
	assert_field(last(&l), "pf", "1");
	assert_field(last(&l), "tlb", "-");
	fxm_kunmap_atomic(cpu1, va);
	assert_last(&l, "op 2 1 swapper/1 task kunmap_atomic - ...");
	snprintf(text, sizeof(text), "one:%" PRIx64, va.v);
	assert_field(last(&l), "tlb", text);
	assert_field(last(&l), "pte", "0");
	assert_field(last(&l), "idx", "0");

	fxm_context_enter(k->cpu, FXM_CONTEXT_HARDIRQ);
	va = fxm_kmap_atomic_prot(k->cpu, page, prot_of(k, "PAGE_KERNEL_RO"));
	assert_last(&l, "op 3 0 swapper/0 irq kmap_atomic_prot:RO P1 ...");
	fxm_kunmap_atomic(k->cpu, va);
	fxm_context_leave(k->cpu, FXM_CONTEXT_HARDIRQ);
	fxm_context_enter(k->cpu, FXM_CONTEXT_SOFTIRQ);
	fxm_kunmap_atomic(k->cpu, fxm_kmap_atomic_pfn(k->cpu, pfn_of(k, page)));
	assert_last(&l, "op 6 0 swapper/0 sirq kunmap_atomic - ...");
	fxm_context_leave(k->cpu, FXM_CONTEXT_SOFTIRQ);

	fxm_set_fixmap_nocache(k->cpu, fixed_index(k, "FIX_APIC_BASE"), fxm_pa_of(0xfee00000));
	assert_last(&l, "op 7 0 swapper/0 task set_fixmap - ...");
	assert_field(last(&l), "name", "FIX_APIC_BASE");
	assert_field(last(&l), "phys", "fee00000");
	assert_field(last(&l), "pte", "fee0017b");
	fxm_clear_fixmap(k->cpu, fixed_index(k, "FIX_APIC_BASE"));
	assert_last(&l, "op 8 0 swapper/0 task clear_fixmap - ...");
	assert_field(last(&l), "pte", "0");

	va = fxm_kmap(k->cpu, page);
	fxm_kunmap(k->cpu, page);
	assert_last(&l, "op 10 0 swapper/0 task kunmap P1 ...");
	assert_field(last(&l), "cnt", "1");
	fxm_kmap_flush_unused(k->cpu);
	assert_last(&l, "op 11 0 swapper/0 task kmap_flush_unused - ...");
	assert_field(last(&l), "flushed", "1");
	assert_int_equal(strncmp(strstr(last(&l), "tlb="), "tlb=range:", 10), 0);
	fxm_virt_to_fix(k->cpu, fxm_va_of(0xffffe000));
	assert_last(&l, "op 12 0 swapper/0 task virt_to_fix - ffffe000 fix=1 tlb=-");
	assert_int_equal(count(&l, "op"), 12);
	fxm_trace_stop(k->m, "t");
	forget(&l);
	kernel_free(k);
}

static int fibre_kmap(void *arg)
{
	return fxm_va_error(fxm_kmap(fxm_current_or_null(), arg));
}

/* A name is one word of the line, whatever its thread is called. */
static void names_of_threads_are_one_word(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "my own\tthread"};
	struct fxm_task *task;
	struct lines l = {0};

	fxm_trace_start_bare(k->m, collect, &l);
	assert_int_equal(fxm_task_create(k->m, &attr, fibre_kmap, high_page(k), &task), 0);
	assert_string_equal(fxm_task_name(task), "my own\tthread");
	assert_int_equal(fxm_task_join(task, NULL), 0);
	assert_last(&l, "op 1 0 my_own_thread task kmap P...");
	fxm_trace_stop(k->m, "t");
	forget(&l);
	kernel_free(k);
}

static int fibre_die(void *arg)
{
	return fxm_kunmap(fxm_current_or_null(), arg);
}

/* Tasks with the same comm are different threads of the trace, one after the other, too: the first may have died. */
static void names_of_threads_differ(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "fifteen-letters"};
	struct fxm_task *task[3];
	struct lines l = {0};
	char expected[64];

	fxm_trace_start_bare(k->m, collect, &l);
	for (unsigned i = 0; i < 3; i++) {
		attr.cpu = i & 1;
		assert_int_equal(fxm_task_create(k->m, &attr, i ? fibre_kmap : fibre_die, high_page(k), &task[i]), 0);
	}
	assert_int_equal(fxm_task_join(task[0], NULL), -ECANCELED);
	assert_last(&l, "do 0 fifteen-letters task kunmap P...");
	for (unsigned i = 1; i < 3; i++) {
		int pid = fxm_task_pid(task[i]);
		assert_in_range(pid, 1, 9);
		assert_int_equal(fxm_task_join(task[i], NULL), 0);
		snprintf(expected, sizeof(expected), "op %u %u fifteen-lette-%d task kmap P...", i, i & 1, pid);
		assert_last(&l, expected);
	}
	fxm_trace_stop(k->m, "t");
	forget(&l);
	kernel_free(k);
}

static void a_new_cpu_is_announced(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,cpus=1,NR_CPUS=3");
	struct lines l = {0};

	assert_int_equal(fxm_machine_cpu_add(k->m), 1);
	fxm_trace_start(k->m, collect, &l);
	assert_int_equal(count(&l, "mark cpu 1 online"), 1);
	assert_int_equal(fxm_machine_cpu_add(k->m), 2);
	assert_last(&l, "mark cpu 2 online");
	fxm_kmap_atomic(fxm_machine_vcpu(k->m, 2), high_page(k));
	assert_last(&l, "op 1 2 swapper/2 task kmap_atomic P0 ...");
	fxm_trace_stop(k->m, "t");
	forget(&l);
	kernel_free(k);
}

static void sleeping_is_traced(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_page **pages = fill_pool(k), *page = high_page(k);
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "sleepy", .cpu = 1};
	struct fxm_task *task;
	struct lines l = {0};

	fxm_trace_start_bare(k->m, collect, &l);
	fxm_trace_name_page(k->m, page, "P1");
	assert_int_equal(fxm_task_create(k->m, &attr, fibre_kmap, page, &task), 0);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_SLEEPING);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.line[0], "op 1 1 sleepy task kmap-enter P1 00000000 last=1023 tlb=-");
	assert_string_equal(l.line[1], "ev thread sleepy state=D last=1023 tlb=-");

	/* Woken, but somebody else is faster. */
	fxm_kunmap(k->cpu, pages[3]);
	fxm_kmap(k->cpu, pages[3]);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_SLEEPING);
	assert_last(&l, "ev thread sleepy state=D again=1 last=1023 tlb=-");
	fxm_kunmap(k->cpu, pages[3]);
	assert_int_equal(fxm_task_resume(task), FXM_TASK_DONE);
	assert_last(&l, "op 5 1 sleepy task kmap-return P1 ...");
	assert_field(last(&l), "flushed", "1");
	assert_int_equal(fxm_task_join(task, NULL), 0);
	fxm_trace_stop(k->m, "t");
	forget(&l);
	free(pages);
	kernel_free(k);
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

static void call_oops(struct call *c)
{
	struct fxm_fault fault;

	fxm_read(c->cpu, c->va, &(char){0}, 1);
	fxm_get_last_fault(c->cpu, &fault);
	fxm_oops(c->cpu, &fault);
}

static void a_report_comes_before_its_operation(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,DEBUG_HIGHMEM=1,DEBUG_ATOMIC_SLEEP=1");
	struct fxm_page *page = high_page(k);
	struct lines l = {0};

	fxm_trace_start_bare(k->m, collect, &l);
	fxm_trace_name_page(k->m, page, "P1");
	assert_bug(k, call_kunmap, (struct call){.page = page}, "mm/highmem.c:340");
	assert_int_equal(l.n, 2);
	assert_string_equal(l.line[0], "expect bug mm/highmem.c:340");
	assert_string_equal(l.line[1], "do 0 swapper/0 task kunmap P1 00000000");

	/* The next operation is not taken for part of the one that died. */
	fxm_va a = fxm_kmap_atomic(k->cpu, page), b = fxm_kmap_atomic(k->cpu, page);
	assert_last(&l, "op 2 0 swapper/0 task kmap_atomic P1 ...");
	fxm_kunmap_atomic(k->cpu, a);
	assert_string_equal(l.line[l.n - 2], "expect warn arch/x86/mm/highmem_32.c:83");
	assert_last(&l, "op 3 0 swapper/0 task kunmap_atomic - ...");
	fxm_kmap(k->cpu, page);
	assert_string_equal(l.line[l.n - 2], "expect sleeping arch/x86/mm/highmem_32.c:8");
	assert_last(&l, "op 4 0 swapper/0 task kmap P1 ...");
	fxm_kunmap_atomic(k->cpu, b);

	/* What no operation made is a comment: replaying could not make it happen. */
	fxm_warn(k->cpu, "drivers/char/mine.c:5", "mine");
	assert_last(&l, "# warn drivers/char/mine.c:5");

	struct call oops = {.cpu = k->cpu, .va = b, .fn = call_oops};
	assert_int_equal(task_run(&oops), -ECANCELED);
	assert_int_equal(strncmp(l.line[l.n - 2], "expect oops addr=", 17), 0);
	assert_field(l.line[l.n - 2], "access", "read");
	assert_field(l.line[l.n - 2], "code", "0000");
	assert_field(l.line[l.n - 2], "reason", "not-present");
	assert_last(&l, "do 0 swapper/0 task read - ...");
	fxm_trace_stop(k->m, "t");
	forget(&l);
	kernel_free(k);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static void read_file(const char *name, char *buf, size_t size)
{
	FILE *f = fopen(name, "r");

	assert_non_null(f);
	size_t n = fread(buf, 1, size - 1, f);
	buf[n] = 0;
	assert_true(n > 0 && n < size - 1);
	assert_int_equal(buf[n - 1], '\n');
	fclose(f);
}

static void temporary_file(char name[64])
{
	snprintf(name, 64, "/tmp/fixmap-trace-XXXXXX");
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	close(fd);
}

static void a_file_is_complete_when_the_machine_is_gone(void **state)
{
	(void)state;
	static char text[1 << 20];
	char name[64], words[128];
	unsigned ops = 0;

	temporary_file(name);
	snprintf(words, sizeof(words), "profile=i386-2.6.12,trace=%s", name);
	struct kernel *k = kernel_new(words);
	struct fxm_page *page = high_page(k);
	for (unsigned i = 0; i < 300; i++, ops += 2) {
		fxm_kmap_atomic_type(k->cpu, page, i % 13);
		fxm_kunmap_atomic_type(k->cpu, fxm_va_of(0xffffb000), i % 13);
	}
	kernel_free(k);
	read_file(name, text, sizeof(text));
	assert_int_equal(strncmp(text, "V 1 kernel=", 11), 0);
	char end[64];
	snprintf(end, sizeof(end), "\nend trace ops=%u\n", ops);
	assert_string_equal(strstr(text, "\nend "), end);
	unsigned lines = 0;
	for (char *at = text; (at = strstr(at, "\nop ")) != NULL; at++) {
		unsigned seq;
		assert_int_equal(sscanf(at, "\nop %u ", &seq), 1);
		assert_int_equal(seq, ++lines);
	}
	assert_int_equal(lines, ops);
	unlink(name);
}

static int die_traced(void *arg)
{
	struct kernel *k = kernel_new(arg);

	fxm_kmap(k->cpu, high_page(k));
	fxm_kunmap(k->cpu, high_page(k));
	return 0;
}

static void a_file_ends_with_the_operation_that_killed_the_process(void **state)
{
	(void)state;
	static char text[1 << 20], out[16384];
	char name[64], words[128];

	temporary_file(name);
	snprintf(words, sizeof(words), "profile=x86_32-5.10,policy=abort,trace=%s", name);
	assert_true(run_child(die_traced, words, out, sizeof(out)) < 0);
	read_file(name, text, sizeof(text));
	char *bug = strstr(text, "\nexpect bug mm/highmem.c:339\ndo 0 swapper/0 task kunmap P");
	assert_non_null(bug);
	assert_null(strchr(strstr(bug, "\ndo ") + 1, '\n')[1] ? "lines after the last one" : NULL);
	assert_non_null(strstr(text, "\nop 1 0 swapper/0 task kmap P"));
	unlink(name);
}

static void a_file_that_cannot_be_written_is_named(void **state)
{
	(void)state;
	static const char *const names[] = {"/nonexistent/dir/t", "/"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fxm_config *cfg = config_of("profile=x86_32-5.10");
		struct fxm_machine *m = NULL;

		assert_int_equal(fxm_config_set(cfg, "trace", names[i]), 0);
		errno = 77;
		int error = fxm_machine_create(cfg, &m);
		assert_int_equal(errno, 77);
		assert_true(error < 0);
		assert_null(m);
		assert_non_null(strstr(fxm_config_error(cfg), names[i]));
		assert_null(strchr(fxm_config_error(cfg), '\n'));
		fxm_config_destroy(cfg);
	}
}

static int fill_the_disk(void *arg)
{
	struct fxm_machine *m = machine_of(arg);

	errno = 77;
	for (int i = 0; i < 1000; i++)
		fxm_page_address(fxm_machine_vcpu(m, 0), fxm_page_of_pfn(m, 1));
	return fxm_machine_destroy(m) || errno != 77;
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	char out[16384];

	if (access("/dev/full", W_OK))
		return;
	assert_int_equal(run_child(fill_the_disk, (void *)"profile=x86_32-5.10,trace=/dev/full", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "/dev/full is incomplete"));
}

/* ---- nothing else changes ---------------------------------------------------------------------------------------- */

/* The same calls with and without a trace give the same addresses, entries and counters. */
static void tracing_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct kernel *k[] = {kernel_new(profiles[i]), kernel_new(profiles[i])};
		bool typed = strstr(profiles[i], "2.6") != NULL;
		uint64_t rng = 1 + i;
		struct lines l = {0};

		fxm_trace_start(k[1]->m, collect, &l);
		for (unsigned p = 0; p < 8; p++) {
			for (unsigned m = 0; m < 2; m++) {
				struct fxm_page *page;
				assert_int_equal(fxm_alloc_pfn(k[m]->m, 0x40000 + p, &page), 0);
				fxm_kmap(k[m]->cpu, page);
			}
		}
		for (unsigned step = 0; step < 500; step++) {
			rng = rng * 6364136223846793005u + 1442695040888963407u;
			unsigned what = rng >> 33 & 7, which = rng >> 40 & 7;
			uint64_t result[2];

			for (unsigned m = 0; m < 2; m++) {
				struct fxm_page *page = fxm_page_of_pfn(k[m]->m, 0x40000 + which);
				struct fxm_vcpu *cpu = fxm_machine_vcpu(k[m]->m, which & 1);
				switch (what) {
				case 0:
				case 1:
					result[m] = fxm_kmap(cpu, page).v;
					break;
				case 2: {
					fxm_va va = fxm_page_address(cpu, page);
					result[m] = va.v && count_of(k[m], va) > 1 ? (uint64_t)fxm_kunmap(cpu, page) : 7;
					break;
				}
				case 3:
					result[m] = (uint64_t)fxm_flush_all_zero_pkmaps(cpu);
					break;
				case 4:
					result[m] = typed ? fxm_kmap_atomic_type(cpu, page, which).v : fxm_kmap_atomic(cpu, page).v;
					if (typed)
						fxm_kunmap_atomic_type(cpu, fxm_va_of(result[m]), which);
					else
						fxm_kunmap_atomic(cpu, fxm_va_of(result[m]));
					break;
				case 5:
					fxm_set_fixmap(cpu, 2 + which, fxm_pa_of(0x40000000 + 4096 * which));
					result[m] = fxm_pte_at(k[m]->m, fxm_fix_to_virt(k[m]->m, 2 + which)).v;
					break;
				case 6:
					fxm_clear_fixmap(cpu, 2 + which);
					result[m] = 0;
					break;
				default:
					result[m] = fxm_page_address(cpu, page).v;
				}
			}
			assert_int_equal(result[0], result[1]);
			struct fxm_pkmap a = pool_of(k[0]), b = pool_of(k[1]);
			assert_memory_equal(&a, &b, sizeof(a));
		}
		assert_true(count(&l, "op") > 300);
		fxm_trace_stop(k[1]->m, "t");
		forget(&l);
		kernel_free(k[0]);
		kernel_free(k[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_at_a_time),
	    cmocka_unit_test(the_header_describes_the_machine),
	    cmocka_unit_test(bare_has_neither_header_nor_end),
	    cmocka_unit_test(names_are_checked),
	    cmocka_unit_test(named_pages_show_their_tags),
	    cmocka_unit_test(each_family_has_its_fields),
	    cmocka_unit_test(names_of_threads_are_one_word),
	    cmocka_unit_test(names_of_threads_differ),
	    cmocka_unit_test(a_new_cpu_is_announced),
	    cmocka_unit_test(sleeping_is_traced),
	    cmocka_unit_test(a_report_comes_before_its_operation),
	    cmocka_unit_test(a_file_is_complete_when_the_machine_is_gone),
	    cmocka_unit_test(a_file_ends_with_the_operation_that_killed_the_process),
	    cmocka_unit_test(a_file_that_cannot_be_written_is_named),
	    cmocka_unit_test(a_full_disk_is_told),
	    cmocka_unit_test(tracing_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
