/* SPDX-License-Identifier: MIT */
/* Reports: their fields and text, the callback, the policies, reports inside reports, the leak detector. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

static void call_bug(struct call *c)
{
	fxm_bug(c->cpu, "drivers/char/mine.c:12");
}

static void call_oops(struct call *c)
{
	struct fxm_fault fault;

	assert_int_equal(c->n == FXM_WRITE ? fxm_write(c->cpu, c->va, &(int){1}, 4) : fxm_read(c->cpu, c->va, &(int){0}, 4),
			 -EFAULT);
	fxm_get_last_fault(c->cpu, &fault);
	fxm_oops(c->cpu, &fault);
}

static void assert_text(struct kernel *k, const char *part)
{
	if (!strstr(k->record.text, part)) {
		print_error("\"%s\" is not in:\n%s\n", part, k->record.text);
		fail();
	}
}

/* ---- records -------------------------------------------------------------------------------------------------------------- */

static void a_bug_fills_the_record(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, 1);
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap(k->cpu, page);

	fxm_kunmap(k->cpu, page);
	assert_bug(k, call_kunmap, (struct call){.cpu = cpu, .page = page}, "mm/highmem.c:350");
	const struct fxm_report *r = &k->record.last;
	assert_int_equal(r->struct_size, sizeof(*r));
	assert_null(r->detector);
	assert_string_equal(r->profile, "x86_32-4.15");
	assert_int_equal(r->cpu, 1);
	assert_string_equal(r->comm, "swapper/1");
	assert_va(r->address, va.v);
	assert_int_equal(r->pfn, pfn_of(k, page));
	assert_int_equal(r->slot, 1);
	assert_int_not_equal(r->site.pc, 0);
	assert_int_equal(r->unmapped_at.pc, 0);
	assert_null(strchr(r->message, '\n'));
	assert_text(k, "------------[ cut here ]------------\nkernel BUG at mm/highmem.c:350!\ninvalid opcode: 0000 [#1] SMP\n");
	assert_text(k, "CPU: 1 PID: ");
	assert_text(k, r->message);
	assert_text(k, "Call Trace:\n");
	kernel_free(k);
}

static void a_bug_says_so_as_its_kernel_does(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12");

	assert_bug(k, call_kunmap, (struct call){.page = high_page(k)}, "mm/highmem.c:183");
	assert_text(k, "kernel BUG at mm/highmem.c:183!\ninvalid operand: 0000 [#1]\nSMP\n");
	kernel_free(k);
	k = kernel_new("profile=x86_32-5.10,SMP=0");
	assert_bug(k, call_kunmap, (struct call){.page = high_page(k)}, "mm/highmem.c:339");
	assert_text(k, "kernel BUG at mm/highmem.c:339!\ninvalid opcode: 0000 [#1]\n");
	assert_bug(k, call_kunmap, (struct call){.page = high_page(k)}, "mm/highmem.c:339");
	assert_text(k, "[#2]");
	kernel_free(k);
}

static void a_bug_of_the_caller_names_its_place(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");

	assert_bug(k, call_bug, (struct call){.page = NULL}, "drivers/char/mine.c:12");
	assert_text(k, "kernel BUG at drivers/char/mine.c:12!");
	kernel_free(k);
}

static void a_warning_goes_on(void **state)
{
	(void)state;
	static const struct {
		const char *words, *text;
	} cases[] = {{"profile=i386-2.6.12", "Badness in "},
		     {"profile=x86_32-4.15", "WARNING: CPU: 0 PID: "},
		     {"profile=x86_32-5.10", "WARNING: CPU: 0 PID: "}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);

		fxm_warn(k->cpu, "drivers/char/mine.c:34", "the device is hot");
		assert_int_equal(k->record.kinds[FXM_REPORT_WARN], 1);
		assert_int_equal(k->record.last.kind, FXM_REPORT_WARN);
		assert_string_equal(k->record.last.where, "drivers/char/mine.c:34");
		assert_string_equal(k->record.last.message, "the device is hot");
		assert_text(k, cases[i].text);
		assert_text(k, "drivers/char/mine.c:34");
		fxm_warn(k->cpu, NULL, NULL);
		assert_int_equal(fxm_report_count(k->m, FXM_REPORT_WARN), 2);
		kernel_free(k);
	}
}

static void an_oops_reads_as_its_kernel_prints_it(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		uint64_t va;
		const char *text[4];
	} cases[] = {
	    {"profile=i386-2.6.12",
	     0xff805010,
	     {"Unable to handle kernel paging request at virtual address ff805010\n printing eip:\n",
	      "\n*pde = ", "\n*pte = 00000000\n", "\nOops: 0000 [#1]\n"}},
	    {"profile=x86_32-4.15",
	     0xff805010,
	     {"BUG: unable to handle kernel paging request at ff805010\nIP: ", "\n*pde = ", " *pte = 00000000 \n",
	      "Oops: 0000 [#1] SMP\n"}},
	    {"profile=x86_32-4.15,pae=1",
	     0xffa05010,
	     {"BUG: unable to handle kernel paging request at ffa05010\nIP: ", "\n*pdpt = 0", " *pde = 0",
	      " *pte = 0000000000000000 \n"}},
	    {"profile=x86_32-5.10",
	     0xff405010,
	     {"BUG: unable to handle page fault for address: ff405010\n#PF: supervisor read access in kernel mode\n",
	      "#PF: error_code(0x0000) - not-present page\n", "*pde = ", "Oops: 0000 [#1] SMP\n"}},
	    {"profile=x86_32-6.1",
	     0xfec05010,
	     {"BUG: unable to handle page fault for address: fec05010\n#PF: supervisor read access in kernel mode\n",
	      "*pde = ", "Oops: 0000 [#1] PREEMPT SMP\n"}},
	    {"profile=x86_32-6.1,PREEMPT_RT=1,pae=1,pti=1", 8, {"*pdpt = ", "Oops: 0000 [#1] PREEMPT_RT SMP PTI\n"}},
	    {"profile=x86_32-6.1,pae=1", 8, {"Oops: 0000 [#1] PREEMPT SMP NOPTI\n"}},
	    {"profile=x86_32-4.7", 0xffc05010, {"BUG: unable to handle kernel paging request at ffc05010\nIP: [<"}},
	    {"profile=x86_64-4.15",
	     0xffffffffff400000,
	     {"BUG: unable to handle kernel paging request at ffffffffff400000\nIP: ", "\nPGD ", " P4D ",
	      "Oops: 0000 [#1] SMP NOPTI\n"}},
	    {"profile=arm-4.7",
	     0xbfe05010,
	     {"Unable to handle kernel paging request at virtual address bfe05010\npgd = c0",
	      "\n[bfe05010] *pgd=", ", *pte=00000000, *ppte=00000000\n", "Internal error: Oops: 7 [#1] SMP ARM\n"}},
	    {"profile=arm-4.7",
	     0x10,
	     {"Unable to handle kernel NULL pointer dereference at virtual address 00000010\n", "\n[00000010] *pgd=00000000\n",
	      "Internal error: Oops: 5 [#1] SMP ARM\n"}},
	    {"profile=arm64-4.7,ARM64_VA_BITS=48",
	     0xffff7dfffea00000,
	     {"Unable to handle kernel paging request at virtual address ffff7dfffea00000\npgd = ffff8000",
	      "\n[ffff7dfffea00000] *pgd=0", ", *pud=0", "Internal error: Oops: 96000007 [#1] SMP\n"}},
	    {"profile=i386-2.6.12,PREEMPT=1", 8, {"Oops: 0000 [#1]\nPREEMPT SMP\n"}},
	    {"profile=i386-2.6.12", 8, {"Unable to handle kernel NULL pointer dereference at virtual address 00000008\n"}},
	    {"profile=x86_32-4.15", 8, {"BUG: unable to handle kernel NULL pointer dereference at 00000008\n"}},
	    {"profile=x86_32-5.10", 8, {"BUG: kernel NULL pointer dereference, address: 00000008\n"}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);
		struct call c = {.cpu = k->cpu, .va = {cases[i].va}, .n = FXM_READ, .fn = call_oops};

		assert_int_equal(task_run(&c), -ECANCELED);
		assert_int_equal(k->record.kinds[FXM_REPORT_OOPS], 1);
		assert_int_equal(k->record.last.kind, FXM_REPORT_OOPS);
		assert_va(k->record.last.address, cases[i].va);
		assert_va(k->record.last.fault.address, cases[i].va);
		assert_int_equal(k->record.last.fault.access, FXM_READ);
		assert_int_equal(k->record.last.fault.code, 0);
		assert_false(k->record.last.fault.present);
		for (size_t t = 0; t < ARRAY_SIZE(cases[i].text) && cases[i].text[t]; t++)
			assert_text(k, cases[i].text[t]);
		kernel_free(k);
	}
}

static void an_oops_of_permissions(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	uint32_t index = fixed_index(k, "FIX_PCIE_MCFG");
	struct call c = {.cpu = k->cpu, .va = fxm_fix_to_virt(k->m, index), .n = FXM_WRITE, .fn = call_oops};

	fxm_set_fixmap_prot(k->cpu, index, fxm_page_phys(k->m, high_page(k)), prot_of(k, "PAGE_KERNEL_RO"));
	assert_int_equal(task_run(&c), -ECANCELED);
	assert_int_equal(k->record.last.fault.code, 3);
	assert_true(k->record.last.fault.present);
	assert_text(k, "#PF: supervisor write access in kernel mode\n#PF: error_code(0x0003) - permissions violation\n");
	assert_non_null(strstr(k->record.last.message, "is read-only"));
	kernel_free(k);
}

static void an_oops_explains_the_address(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15");
	const struct {
		uint64_t va;
		const char *message;
	} cases[] = {
	    {16, "NULL pointer"},
	    {layout_value(k, "PKMAP_BASE") + 5 * FXM_PAGE_SIZE, "pkmap slot 5 is not mapped (count 0)"},
	    {fxm_fix_to_virt_unchecked(k->m, fixed_index(k, "FIX_KMAP_BEGIN") + 23).v, "kmap_atomic slot 3 of CPU 1 is not mapped"},
	    {fxm_fix_to_virt_unchecked(k->m, 2).v, "fixed address 2, FIX_EARLYCON_MEM_BASE, is not mapped"},
	    {0x8048000, "a user address"},
	    {layout_value(k, "VMALLOC_START"), "nothing is mapped there"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct call c = {.cpu = k->cpu, .va = {cases[i].va}, .n = FXM_READ, .fn = call_oops};
		assert_int_equal(task_run(&c), -ECANCELED);
		if (!strstr(k->record.message, cases[i].message))
			assert_string_equal(k->record.message, cases[i].message);
	}
	kernel_free(k);
}

static void sleeping_in_atomic_context(void **state)
{
	(void)state;
	static const struct {
		const char *words, *text;
	} cases[] = {
	    {"profile=i386-2.6.12,DEBUG_ATOMIC_SLEEP=1",
	     "Debug: sleeping function called from invalid context at fs/mine.c:9\nin_atomic():1, irqs_disabled():0\n"},
	    {"profile=x86_32-4.15,DEBUG_ATOMIC_SLEEP=1",
	     "BUG: sleeping function called from invalid context at fs/mine.c:9\nin_atomic(): 1, irqs_disabled(): 0, pid: "},
	    {"profile=x86_32-5.10,DEBUG_ATOMIC_SLEEP=1", "BUG: sleeping function called from invalid context at "
							 "fs/mine.c:9\nin_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: "},
	    {"profile=x86_32-6.1,DEBUG_ATOMIC_SLEEP=1",
	     ", name: swapper/0\npreempt_count: 1, expected: 0\nRCU nest depth: 0, expected: 0\n"},
	    {"profile=x86_32-6.1,DEBUG_ATOMIC_SLEEP=1,PREEMPTION=0", ", name: swapper/0\npreempt_count: 1, expected: 0\nCPU: 0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel *k = kernel_new(cases[i].words);

		fxm_might_sleep(k->cpu, "fs/mine.c:9");
		assert_no_reports(k);
		fxm_preempt_disable(k->cpu);
		fxm_might_sleep(k->cpu, "fs/mine.c:9");
		assert_int_equal(k->record.kinds[FXM_REPORT_SLEEPING], 1);
		assert_string_equal(k->record.last.where, "fs/mine.c:9");
		assert_text(k, cases[i].text);
		fxm_schedule(k->cpu);
		assert_int_equal(k->record.kinds[FXM_REPORT_SLEEPING], 2);
		assert_text(k, "scheduling while atomic: swapper/0/");
		fxm_preempt_enable(k->cpu);
		kernel_free(k);
	}
}

static int fibre_bug(void *arg)
{
	fxm_kunmap(fxm_current_or_null(), arg);
	return 0;
}

static void the_record_names_the_task(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "culprit", .cpu = 1};
	struct fxm_task *task;

	assert_int_equal(fxm_task_create(k->m, &attr, fibre_bug, high_page(k), &task), 0);
	int pid = fxm_task_pid(task);
	assert_int_equal(fxm_task_join(task, NULL), -ECANCELED);
	assert_string_equal(k->record.last.comm, "culprit");
	assert_int_equal(k->record.last.pid, pid);
	assert_int_equal(k->record.last.cpu, 1);
	kernel_free(k);
}

/* ---- counting, arguments ----------------------------------------------------------------------------------------------------- */

static void kinds_are_counted_apart(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10"), *other = kernel_new("profile=x86_32-5.10");

	fxm_warn(k->cpu, "a.c:1", "one");
	fxm_warn(k->cpu, "a.c:1", "two");
	assert_bug(k, call_bug, (struct call){.page = NULL}, "drivers/char/mine.c:12");
	for (unsigned kind = 0; kind <= FXM_REPORT_FINDING; kind++)
		assert_int_equal(fxm_report_count(k->m, (enum fxm_report_kind)kind), kind == FXM_REPORT_WARN  ? 2
										     : kind == FXM_REPORT_BUG ? 1
													      : 0);
	assert_no_reports(other);
	assert_int_equal(fxm_report_count(k->m, (enum fxm_report_kind)(FXM_REPORT_FINDING + 1)), 0);
	assert_int_equal(fxm_report_count(NULL, FXM_REPORT_WARN), 0);
	kernel_free(other);
	kernel_free(k);
}

static void bad_arguments_are_harmless(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	char buf[4] = "abc", name[200];

	assert_int_equal(fxm_policy_set(NULL, FXM_REPORT_WARN, FXM_POLICY_WARN), -EINVAL);
	assert_int_equal(fxm_policy_set(k->m, (enum fxm_report_kind)(FXM_REPORT_FINDING + 1), FXM_POLICY_WARN), -EINVAL);
	assert_int_equal(fxm_policy_set(k->m, FXM_REPORT_WARN, (enum fxm_policy)(FXM_POLICY_ABORT + 1)), -EINVAL);
	fxm_report_set(NULL, record_report, NULL);
	fxm_warn(NULL, "a.c:1", "nobody");
	fxm_might_sleep(NULL, "a.c:1");
	assert_int_equal(fxm_report_leaks(NULL), 0);
	fxm_symbolize((struct fxm_site){0}, NULL, 0);
	fxm_symbolize((struct fxm_site){0}, buf, 0);
	assert_string_equal(buf, "abc");
	fxm_symbolize((struct fxm_site){(uintptr_t)bad_arguments_are_harmless}, buf, sizeof(buf));
	assert_true(strlen(buf) < sizeof(buf));
	fxm_symbolize((struct fxm_site){(uintptr_t)bad_arguments_are_harmless}, name, sizeof(name));
	assert_true(name[0] != 0);
	assert_no_reports(k);
	kernel_free(k);
}

/* ---- where reports go: tried in child processes, which make machines of their own -------------------------------- */

static int warn_without_callback(void *arg)
{
	struct fxm_machine *m = machine_of(arg);

	fxm_warn(fxm_machine_vcpu(m, 0), "a.c:1", "to standard error");
	return (int)fxm_report_count(m, FXM_REPORT_WARN);
}

static int warn_with_callback(void *arg)
{
	struct kernel *k = kernel_new(arg);

	fxm_warn(k->cpu, "a.c:1", "to standard error");
	return (int)k->record.kinds[FXM_REPORT_WARN];
}

static int warn_after_callback(void *arg)
{
	struct kernel *k = kernel_new(arg);

	fxm_report_set(k->m, NULL, NULL);
	fxm_warn(k->cpu, "a.c:1", "to standard error");
	return (int)k->record.kinds[FXM_REPORT_WARN];
}

static int warn_then_change_policy(void *arg)
{
	struct kernel *k = kernel_new(arg);

	fxm_policy_set(k->m, FXM_REPORT_WARN, FXM_POLICY_ABORT);
	fxm_warn(k->cpu, "a.c:1", "to standard error");
	return 42;
}

static void a_callback_takes_the_place_of_printing(void **state)
{
	(void)state;
	static const struct {
		int (*fn)(void *);
		const char *words;
		int status;
		bool printed;
	} cases[] = {
	    {warn_without_callback, "profile=x86_32-5.10", 1, true},
	    {warn_with_callback, "profile=x86_32-5.10", 1, false},
	    {warn_after_callback, "profile=x86_32-5.10", 0, true},
	    {warn_with_callback, "policy=warn", 1, true},
	    {warn_with_callback, "policy.warn=warn", 1, true},
	    {warn_with_callback, "policy.bug=warn", 1, false},
	    {warn_with_callback, "policy=warn,policy.warn=record", 1, false},
	    {warn_without_callback, "policy=warn", 1, true},
	    {warn_with_callback, "policy=abort", -SIGABRT, true},
	    {warn_with_callback, "policy.warn=abort", -SIGABRT, true},
	    {warn_with_callback, "policy.oops=abort", 1, false},
	    {warn_then_change_policy, "profile=i386-2.6.12", -SIGABRT, true},
	};
	char out[16384];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int status = run_child(cases[i].fn, (void *)cases[i].words, out, sizeof(out));
		if (status != cases[i].status || (strstr(out, "to standard error") != NULL) != cases[i].printed)
			print_error("case %zu, %s:\n%s\n", i, cases[i].words, out);
		assert_int_equal(status, cases[i].status);
		assert_int_equal(strstr(out, "to standard error") != NULL, cases[i].printed);
		/* Once, not once for the policy and once for the missing callback. */
		char *first = strstr(out, "to standard error");
		if (first)
			assert_null(strstr(first + 1, "to standard error"));
	}
}

static void call_deadlock(struct call *c)
{
	while (!fxm_va_error(fxm_kmap(c->cpu, fxm_alloc_page(fxm_vcpu_machine(c->cpu), FXM_GFP_HIGHMEM))))
		;
}

static void call_sleeping(struct call *c)
{
	fxm_preempt_disable(c->cpu);
	fxm_might_sleep(c->cpu, "a.c:1");
}

static void call_leak(struct call *c)
{
	fxm_kmap(c->cpu, fxm_alloc_page(fxm_vcpu_machine(c->cpu), FXM_GFP_HIGHMEM));
	fxm_report_leaks(fxm_vcpu_machine(c->cpu));
}

static int run_kind(void *arg)
{
	struct call *c = arg;
	struct kernel *k = kernel_new((const char *)(uintptr_t)c->n);
	c->cpu = k->cpu;
	c->n = FXM_READ;
	return task_run(c) ? 7 : 0;
}

static void every_kind_has_its_policy(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		void (*fn)(struct call *);
		const char *text;
		int recorded; /* exit status when the process lives */
	} kinds[] = {
	    {"bug", call_bug, "kernel BUG at drivers/char/mine.c:12!", 7},
	    {"oops", call_oops, "NULL pointer dereference", 7},
	    {"sleeping", call_sleeping, "sleeping function called", 0},
	    {"deadlock", call_deadlock, "blocked for ever in kmap", 7},
	    {"finding", call_leak, "finding: leak", 0},
	};
	char words[128], out[16384];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (unsigned policy = 0; policy < 3; policy++) {
			static const char *const names[] = {"record", "warn", "abort"};
			struct call c = {.fn = kinds[i].fn, .n = (uintptr_t)words};

			snprintf(words, sizeof(words), "profile=x86_32-5.10,detect=leak,DEBUG_ATOMIC_SLEEP=1,policy.%s=%s",
				 kinds[i].name, names[policy]);
			int status = run_child(run_kind, &c, out, sizeof(out));
			if (status != (policy == 2 ? -SIGABRT : kinds[i].recorded) ||
			    (strstr(out, kinds[i].text) != NULL) != (policy > 0))
				print_error("%s:\n%s\n", words, out);
			assert_int_equal(status, policy == 2 ? -SIGABRT : kinds[i].recorded);
			assert_int_equal(strstr(out, kinds[i].text) != NULL, policy > 0);
		}
	}
}

static int bug_outside_task_run(void *arg)
{
	struct kernel *k = kernel_new(arg);

	fxm_kunmap(k->cpu, high_page(k));
	return 0;
}

static void a_bug_without_task_run_aborts_and_says_why(void **state)
{
	(void)state;
	char out[16384];

	assert_int_equal(run_child(bug_outside_task_run, (void *)"profile=x86_32-5.10", out, sizeof(out)), -SIGABRT);
	assert_non_null(strstr(out, "fxm_task_run()"));
}

static int null_outside_task_run(void *arg)
{
	signal(SIGSEGV, SIG_DFL); /* whose handler was there before the machine's gets the fault instead */
	struct kernel *k = kernel_new(arg);

	fxm_report_set(k->m, NULL, NULL);
	if (fxm_attach(k->m, 0))
		return 1;
	return *(volatile int *)fxm_host(k->m, fxm_va_of(0));
}

static void a_null_pointer_without_task_run_is_reported_too(void **state)
{
	(void)state;
	char out[16384];

	assert_int_equal(run_child(null_outside_task_run, (void *)"profile=x86_32-5.10,window=strict", out, sizeof(out)), -SIGABRT);
	assert_non_null(strstr(out, "BUG: kernel NULL pointer dereference, address: 00000000"));
	assert_non_null(strstr(out, "fxm_task_run()"));
}

/* ---- reports inside reports -------------------------------------------------------------------------------------- */

struct nested {
	struct kernel *own, *other;
	unsigned calls;
	enum { WARN_IN_OTHER, BUG_IN_OTHER } what;
};

static void report_again(const struct fxm_report *r, void *arg)
{
	struct nested *n = arg;

	record_report(r, &n->own->record);
	if (n->calls++)
		return;
	if (n->what == WARN_IN_OTHER) {
		fxm_warn(n->other->cpu, "b.c:2", "inside a report");
	} else {
		struct call c = {.cpu = n->other->cpu, .fn = call_bug};
		task_run(&c);
	}
}

static int nest(void *arg)
{
	struct nested n = {
	    .own = kernel_new("profile=x86_32-5.10"), .other = kernel_new("profile=x86_32-4.15"), .what = *(int *)arg};

	fxm_report_set(n.own->m, report_again, &n);
	fxm_warn(n.own->cpu, "a.c:1", "outer");
	if (n.calls != 1 || n.own->record.kinds[FXM_REPORT_WARN] != 1)
		return 1;
	/* The inner one was counted and printed, not delivered. */
	enum fxm_report_kind kind = n.what == WARN_IN_OTHER ? FXM_REPORT_WARN : FXM_REPORT_BUG;
	if (fxm_report_count(n.other->m, kind) != 1 || n.other->record.kinds[kind])
		return 2;
	/* From here on everything is as before. */
	fxm_warn(n.other->cpu, "b.c:3", "after");
	fxm_warn(n.own->cpu, "a.c:4", "after");
	return n.other->record.kinds[FXM_REPORT_WARN] == 1 && n.own->record.kinds[FXM_REPORT_WARN] == 2 ? 0 : 3;
}

static void a_report_inside_a_report_is_printed(void **state)
{
	(void)state;
	char out[16384];

	for (int what = WARN_IN_OTHER; what <= BUG_IN_OTHER; what++) {
		assert_int_equal(run_child(nest, &what, out, sizeof(out)), 0);
		assert_non_null(strstr(out, what == WARN_IN_OTHER ? "inside a report" : "kernel BUG at drivers/char/mine.c:12!"));
		assert_null(strstr(out, "outer"));
	}
}

/* A callback whose own mistake ends the task never returns to the report that it was called for. */
static void callback_that_dies(const struct fxm_report *r, void *arg)
{
	struct kernel *k = arg;

	record_report(r, &k->record);
	if (k->record.kinds[FXM_REPORT_WARN] == 1 && r->kind == FXM_REPORT_WARN)
		fxm_bug(k->cpu, "callback.c:1");
}

static void call_warn(struct call *c)
{
	fxm_warn(c->cpu, "a.c:1", "the callback will die of this");
}

static int die_in_callback(void *arg)
{
	struct kernel *k = kernel_new(arg);
	struct call c = {.cpu = k->cpu, .fn = call_warn};

	fxm_report_set(k->m, callback_that_dies, k);
	if (task_run(&c) != -ECANCELED || k->record.kinds[FXM_REPORT_WARN] != 1)
		return 1;
	fxm_warn(k->cpu, "a.c:2", "delivered again");
	return k->record.kinds[FXM_REPORT_WARN] == 2 ? 0 : 2;
}

static void a_callback_that_dies_does_not_silence_the_next_reports(void **state)
{
	(void)state;
	char out[16384];

	assert_int_equal(run_child(die_in_callback, (void *)"profile=x86_32-5.10", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "kernel BUG at callback.c:1!"));
}

/* ---- leaks ------------------------------------------------------------------------------------------------------- */

/* @pc lies in this program and not in the library, which is linked into it. */
static void assert_is_here(uintptr_t pc)
{
	Dl_info here, there;

	assert_true(dladdr((void *)(uintptr_t)assert_is_here, &here) && dladdr((void *)pc, &there));
	assert_ptr_equal(here.dli_fbase, there.dli_fbase);
	char name[256];
	fxm_symbolize((struct fxm_site){pc}, name, sizeof(name));
	assert_null(strstr(name, "src/"));
}

static void leaks_are_counted_and_described(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,detect=leak");
	struct fxm_page *once = high_page(k), *twice = high_page(k), *idle = high_page(k);

	assert_int_equal(fxm_report_leaks(k->m), 0);
	fxm_va va = fxm_kmap(k->cpu, once);
	assert_int_equal(fxm_report_leaks(k->m), 1);
	assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 1);
	assert_string_equal(k->record.last.detector, "leak");
	assert_null(k->record.last.where);
	assert_va(k->record.last.address, va.v);
	assert_int_equal(k->record.last.pfn, pfn_of(k, once));
	assert_int_equal(k->record.last.slot, 1);
	assert_int_equal(k->record.last.cpu, -1);
	assert_is_here(k->record.last.mapped_at.pc);
	assert_non_null(strstr(k->record.last.message, "1 use"));
	assert_text(k, "finding: leak (libfixmap, not the kernel)");
	assert_text(k, "mapped at ");

	fxm_kmap(k->cpu, twice);
	fxm_kmap(k->cpu, twice);
	fxm_kmap(k->cpu, idle);
	fxm_kunmap(k->cpu, idle);
	assert_int_equal(fxm_report_leaks(k->m), 2);
	assert_non_null(strstr(k->record.last.message, "2 uses"));

	va = fxm_kmap_atomic(fxm_machine_vcpu(k->m, 1), once);
	assert_int_equal(fxm_report_leaks(k->m), 3);
	assert_va(k->record.last.address, va.v);
	assert_int_equal(k->record.last.cpu, 1);
	assert_int_equal(k->record.last.pfn, pfn_of(k, once));
	assert_int_not_equal(k->record.last.mapped_at.pc, 0);
	fxm_kunmap_atomic(fxm_machine_vcpu(k->m, 1), va);
	fxm_kunmap(k->cpu, once);
	fxm_kunmap(k->cpu, twice);
	fxm_kunmap(k->cpu, twice);
	unsigned before = k->record.kinds[FXM_REPORT_FINDING];
	assert_int_equal(fxm_report_leaks(k->m), 0);
	assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], before);
	kernel_free(k);
}

static void typed_mappings_leak_too(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=i386-2.6.12,detect=on");
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap_atomic_type(k->cpu, page, 5);

	assert_int_equal(fxm_report_leaks(k->m), 1);
	assert_va(k->record.last.address, va.v);
	assert_non_null(strstr(k->record.last.message, "type 5 of CPU 0"));
	fxm_kunmap_atomic_type(k->cpu, va, 5); /* the entry stays, the mapping has ended */
	assert_int_equal(fxm_report_leaks(k->m), 0);
	kernel_free(k);
}

static void destroying_a_machine_reports_leaks_if_asked(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		unsigned findings;
	} cases[] = {
	    {"profile=x86_32-5.10", 0}, {"detect=off", 0}, {"detect=leak", 2}, {"detect=on", 2}, {"detect=use-after-unmap", 0}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fxm_machine *m = machine_of(cases[i].words);
		struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
		struct record record = {.kinds = {0}};

		fxm_report_set(m, record_report, &record);
		fxm_kmap(cpu, fxm_alloc_page(m, FXM_GFP_HIGHMEM));
		fxm_kmap_atomic(cpu, fxm_alloc_page(m, FXM_GFP_HIGHMEM));
		assert_int_equal(fxm_machine_destroy(m), 0);
		assert_int_equal(record.kinds[FXM_REPORT_FINDING], cases[i].findings);
	}
}

/* ---- arguments of those that do not return ----------------------------------------------------------------------- */

static int oops_of_nobody(void *arg)
{
	(void)arg;
	fxm_oops(NULL, NULL);
	return 0;
}

static int bug_of_nobody(void *arg)
{
	(void)arg;
	fxm_bug(NULL, "a.c:1");
	return 0;
}

static void call_oops_of_no_access(struct call *c)
{
	const struct fxm_fault fault = {.address = fxm_va_of(0x1000), .access = (enum fxm_access)77};
	fxm_oops(c->cpu, &fault);
}

static void bad_arguments_end_with_one_line(void **state)
{
	(void)state;
	char out[1024];

	assert_int_equal(run_child(oops_of_nobody, NULL, out, sizeof(out)), -SIGABRT);
	assert_non_null(strstr(out, "libfixmap: fxm_oops() cannot end a task"));
	assert_int_equal(run_child(bug_of_nobody, NULL, out, sizeof(out)), -SIGABRT);
	assert_non_null(strstr(out, "libfixmap: fxm_bug() cannot end a task"));

	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct call call = {.cpu = k->cpu, .fn = call_oops_of_no_access};
	assert_int_equal(task_run(&call), -ECANCELED);
	assert_non_null(strstr(k->record.last.text, "#PF: supervisor read access"));
	kernel_free(k);
}

/* ---- stacks for signals ------------------------------------------------------------------------------------------------- */

static int read_far_away(void *arg)
{
	struct kernel *k = arg;
	return *(volatile int *)fxm_host(k->m, fxm_va_of(0xff900000));
}

/*
 * As sanitizers and language runtimes have them: too small to put a report together on. AddressSanitizer unmaps what it finds at
 * the thread's end.
 */
static void *with_a_small_signal_stack(void *arg)
{
	const size_t bytes = 16384;
	void *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kernel *k = arg;

	if (stack == MAP_FAILED || sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = bytes}, NULL) || fxm_attach(k->m, 1))
		return NULL;
	return (void *)(intptr_t)fxm_task_run(fxm_current_or_null(), read_far_away, k, NULL);
}

static void a_report_fits_whatever_stack_signals_have(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,window=strict,detect=on");
	pthread_t thread;
	void *error;

	assert_int_equal(pthread_create(&thread, NULL, with_a_small_signal_stack, k), 0);
	pthread_join(thread, &error);
	assert_int_equal((intptr_t)error, -ECANCELED);
	assert_int_equal(k->record.kinds[FXM_REPORT_OOPS], 1);
	assert_text(k, "pkmap slot 256 is not mapped");
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bad_arguments_end_with_one_line),
	    cmocka_unit_test(a_bug_fills_the_record),
	    cmocka_unit_test(a_bug_says_so_as_its_kernel_does),
	    cmocka_unit_test(a_bug_of_the_caller_names_its_place),
	    cmocka_unit_test(a_warning_goes_on),
	    cmocka_unit_test(an_oops_reads_as_its_kernel_prints_it),
	    cmocka_unit_test(an_oops_of_permissions),
	    cmocka_unit_test(an_oops_explains_the_address),
	    cmocka_unit_test(sleeping_in_atomic_context),
	    cmocka_unit_test(the_record_names_the_task),
	    cmocka_unit_test(kinds_are_counted_apart),
	    cmocka_unit_test(bad_arguments_are_harmless),
	    cmocka_unit_test(a_callback_takes_the_place_of_printing),
	    cmocka_unit_test(every_kind_has_its_policy),
	    cmocka_unit_test(a_bug_without_task_run_aborts_and_says_why),
	    cmocka_unit_test(a_null_pointer_without_task_run_is_reported_too),
	    cmocka_unit_test(a_report_inside_a_report_is_printed),
	    cmocka_unit_test(a_callback_that_dies_does_not_silence_the_next_reports),
	    cmocka_unit_test(leaks_are_counted_and_described),
	    cmocka_unit_test(typed_mappings_leak_too),
	    cmocka_unit_test(destroying_a_machine_reports_leaks_if_asked),
	    cmocka_unit_test(a_report_fits_whatever_stack_signals_have),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
