/* SPDX-License-Identifier: MIT */
/* Machines: making and destroying them in every state, vCPUs coming online, fork, the default machine. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/* ---- making ---------------------------------------------------------------------------------------------------------------- */

static void refuses_null(void **state)
{
	(void)state;
	struct fxm_config *cfg = config_of("profile=x86_32-5.10");
	struct fxm_machine *m;

	assert_int_equal(fxm_machine_create(NULL, &m), -EINVAL);
	assert_int_equal(fxm_machine_create(cfg, NULL), -EINVAL);
	fxm_config_destroy(cfg);
	assert_int_equal(fxm_machine_destroy(NULL), 0);
	assert_null(fxm_machine_vcpu(NULL, 0));
	assert_null(fxm_machine_profile(NULL));
	assert_null(fxm_machine_layout(NULL));
	assert_null(fxm_vcpu_machine(NULL));
	assert_int_equal(fxm_machine_cpus_online(NULL), 0);
	assert_int_equal(fxm_machine_cpu_add(NULL), -EINVAL);
}

static void boots_in_every_shape(void **state)
{
	(void)state;
	static const char *const profiles[] = {"i386-2.6.12", "x86_32-4.15", "x86_32-5.10"};
	static const char *const shapes[] = {"",
					     "pae=1",
					     "HIGHMEM=0",
					     "pae=1,HIGHMEM=1,DEBUG_HIGHMEM=1",
					     "SMP=0",
					     "SMP=0,DEBUG_HIGHMEM=1",
					     "NR_CPUS=2",
					     "cpus=1",
					     "NR_CPUS=16,cpus=16",
					     "ram_end=2000000",
					     "ram_end=100000000",
					     "pae=1,ram_end=140000000",
					     "pge=0",
					     "pae=1,nx=0",
					     "DEBUG_ATOMIC_SLEEP=1",
					     "window=strict,ram_end=10000000",
					     "window=eager,pae=1",
					     "window=retain,HIGHMEM=0",
					     "detect=on,policy=warn"};

	for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
		for (size_t s = 0; s < ARRAY_SIZE(shapes); s++) {
			char words[128];

			snprintf(words, sizeof(words), "profile=%s,%s", profiles[p], shapes[s]);
			struct kernel *k = kernel_new(words);
			struct fxm_page *page = fxm_alloc_page(k->m, FXM_GFP_HIGHMEM);

			assert_string_equal(fxm_machine_profile(k->m), profiles[p]);
			assert_non_null(page);
			mark_page(k, page, 0x600d);
			assert_int_equal(read_mark(k->cpu, fxm_kmap(k->cpu, page)), 0x600d);
			fxm_kunmap(k->cpu, page);
			assert_no_reports(k);
			kernel_free(k);
		}
	}
}

static void impossible_settings_are_refused_in_one_line(void **state)
{
	(void)state;
	static const char *const words[] = {"SMP=0,NR_CPUS=2",
					    "cpus=3,NR_CPUS=2",
					    "HIGHMEM=0,DEBUG_HIGHMEM=1",
					    "ram_end=200000000",
					    "ram_end=1000",
					    "ram_end=10000001",
					    "highmem=1,ram_end=10000000",
					    "NR_CPUS=8192",
					    "pae=1,ram_end=2000000000",
					    "vmalloc=f0000000",
					    "pti=1",
					    "X86_LOCAL_APIC=0,X86_IO_APIC=1",
					    "NR_CPUS=400,cpus=300",
					    "profile=i386-2.6.12,pti=1"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct fxm_config *cfg;
		struct fxm_machine *m = NULL;

		assert_int_equal(fxm_config_create(NULL, &cfg), 0);
		int error = fxm_config_parse(cfg, words[i]);
		if (!error)
			error = fxm_machine_create(cfg, &m);
		if (error >= 0)
			print_error("%s is accepted\n", words[i]);
		assert_true(error == -EINVAL || error == -ERANGE);
		assert_null(m);
		assert_true(strlen(fxm_config_error(cfg)) > 20);
		assert_null(strchr(fxm_config_error(cfg), '\n'));
		fxm_config_destroy(cfg);
	}
}

static void nothing_touches_errno(void **state)
{
	(void)state;
	struct fxm_page *out;

	errno = 77;
	struct fxm_machine *m = machine_of("profile=x86_32-5.10,window=strict");
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
	struct fxm_page *page = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
	fxm_va va = fxm_kmap(cpu, page);
	fxm_kmap(cpu, NULL);
	*(volatile int *)fxm_host(m, va) = 1;
	fxm_kmap_to_page(cpu, va, &out);
	fxm_kunmap(cpu, page);
	fxm_flush_all_zero_pkmaps(cpu);
	fxm_set_fixmap(cpu, 1, fxm_pa_of(0));
	fxm_clear_fixmap(cpu, 1);
	fxm_free_pages(m, page, 0);
	assert_int_equal(fxm_machine_destroy(m), 0);
	assert_int_equal(errno, 77);
	errno = 0;
}

static void every_error_has_words(void **state)
{
	(void)state;
	static const int errors[] = {0,	      -ENOENT,	-EINVAL,    -ERANGE, -ENOMEM, -EBUSY,  -ENOSYS, -ENOTSUP,
				     -EFAULT, -EDEADLK, -ECANCELED, -ECHILD, -ENOSPC, -EEXIST, -EPERM,	-EAGAIN};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		assert_string_not_equal(fxm_strerror(errors[i]), "unknown error");
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(fxm_strerror(errors[i]), fxm_strerror(errors[j]));
	}
	assert_string_equal(fxm_strerror(-9999), "unknown error");
	assert_string_equal(fxm_strerror(12345), "unknown error");
}

/* ---- vCPUs ------------------------------------------------------------------------------------------------------------------ */

static void vcpus_come_online_one_by_one(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,NR_CPUS=5,cpus=2");

	for (unsigned n = 2; n < 5; n++) {
		assert_int_equal(fxm_machine_cpus_online(k->m), n);
		assert_null(fxm_machine_vcpu(k->m, n));
		assert_int_equal(fxm_machine_cpu_add(k->m), (int)n);
		struct fxm_vcpu *cpu = fxm_machine_vcpu(k->m, n);
		assert_int_equal(fxm_vcpu_id(cpu), n);
		assert_ptr_equal(fxm_vcpu_machine(cpu), k->m);
		struct fxm_counts c = counts_of(cpu);
		assert_int_equal(c.preempt | c.pagefault | c.migrate | c.kmap_depth, 0);
	}
	assert_int_equal(fxm_machine_cpu_add(k->m), -ENOSPC);
	assert_int_equal(fxm_machine_cpus_online(k->m), 5);
	kernel_free(k);
}

/* A flush reaches the CPUs that came later. */
static void a_late_vcpu_is_flushed_too(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,NR_CPUS=3,cpus=1");
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap(k->cpu, page);
	fxm_pa pa;

	fxm_machine_cpu_add(k->m);
	struct fxm_vcpu *late = fxm_machine_vcpu(k->m, 1);
	read_mark(late, va);
	fxm_kunmap(k->cpu, page);
	assert_true(fxm_tlb_lookup(late, va, &pa));
	fxm_flush_all_zero_pkmaps(k->cpu);
	assert_false(fxm_tlb_lookup(late, va, &pa));
	assert_int_equal(fxm_read(late, va, &(char){0}, 1), -EFAULT);
	kernel_free(k);
}

/* ---- destroying -------------------------------------------------------------------------------------------------- */

static unsigned count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static unsigned long mapped_kilobytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages * 4;
}

static void nothing_remains_of_a_machine(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,window=strict");
	kernel_free(k);
	unsigned fds = count_fds();
	unsigned long kilobytes = mapped_kilobytes();

	for (unsigned i = 0; i < 50; i++) {
		k = kernel_new(i % 2 ? "profile=i386-2.6.12,pae=1,window=retain"
				     : "profile=x86_32-4.15,window=eager,ram_end=fffe0000");
		struct fxm_page *page = high_page(k);
		fxm_va va = fxm_kmap(k->cpu, page);
		*(volatile int *)fxm_host(k->m, va) = 1;
		fxm_host(k->m, va);
		kernel_free(k);
	}
	assert_int_equal(count_fds(), fds);
	assert_true(mapped_kilobytes() < kilobytes + 100 * 1024); /* each machine has a gigabyte or more */
}

static int kmap_one(void *arg)
{
	struct call *c = arg;

	c->va = fxm_kmap(c->cpu, c->page);
	return fxm_va_error(c->va);
}

static void sleeping_fibres_are_dropped(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct fxm_page **pages = fill_pool(k);
	struct call c[5];
	struct fxm_task *task[5];

	for (unsigned i = 0; i < 5; i++) {
		struct fxm_task_attr attr = {.struct_size = sizeof(attr), .cpu = i % 2};
		c[i] = (struct call){.cpu = fxm_machine_vcpu(k->m, i % 2), .page = high_page(k)};
		assert_int_equal(fxm_task_create(k->m, &attr, kmap_one, &c[i], &task[i]), 0);
		if (i < 4) /* the last one has never run */
			assert_int_equal(fxm_task_resume(task[i]), FXM_TASK_SLEEPING);
	}
	free(pages);
	kernel_free(k);
}

static void wait_for_waiters(struct kernel *k, unsigned n)
{
	while (pool_of(k).waiters != n)
		usleep(200);
}

static void a_sleeping_thread_keeps_the_machine(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,hung_task=0");
	struct fxm_page **pages = fill_pool(k);
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .cpu = 1, .vehicle = FXM_THREAD};
	struct call c = {.cpu = fxm_machine_vcpu(k->m, 1), .page = high_page(k)};
	struct fxm_task *task;
	int result = 1;

	assert_int_equal(fxm_task_create(k->m, &attr, kmap_one, &c, &task), 0);
	wait_for_waiters(k, 1);
	assert_int_equal(fxm_machine_destroy(k->m), -EBUSY);
	/* Nothing was freed: the machine goes on, and so does the sleeper. */
	assert_int_equal(pool_of(k).used, pool_of(k).last_pkmap);
	assert_int_equal(fxm_kunmap(k->cpu, pages[4]), 0);
	assert_int_equal(fxm_task_join(task, &result), 0);
	assert_int_equal(result, 0);
	assert_int_equal(mapped_pfn(k, c.va), pfn_of(k, c.page));
	free(pages);
	kernel_free(k);
}

struct sitter {
	struct fxm_machine *m;
	atomic_int sits, may_go;
};

static void *sit(void *arg)
{
	struct sitter *s = arg;

	if (!fxm_attach(s->m, 1))
		s->sits = 1;
	while (!s->may_go)
		usleep(200);
	fxm_detach();
	return NULL;
}

static void an_attached_thread_keeps_the_machine(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,detect=leak");
	struct sitter s = {.m = k->m};
	pthread_t thread;

	fxm_kmap(k->cpu, high_page(k));
	assert_int_equal(pthread_create(&thread, NULL, sit, &s), 0);
	while (!s.sits)
		usleep(200);
	assert_int_equal(fxm_machine_destroy(k->m), -EBUSY);
	assert_int_equal(k->record.kinds[FXM_REPORT_FINDING], 0); /* not even the leaks were reported */
	assert_va_error(fxm_kmap(k->cpu, high_page(k)), 0);
	s.may_go = 1;
	pthread_join(thread, NULL);
	kernel_free(k);
}

static void the_caller_is_detached(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");

	assert_int_equal(fxm_attach(k->m, 0), 0);
	assert_ptr_equal(fxm_current_or_null(), k->cpu);
	kernel_free(k);
	assert_null(fxm_current_or_null());
	assert_int_equal(fxm_detach(), -EPERM);
}

static void a_machine_outlives_its_bugs(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,DEBUG_HIGHMEM=1");

	for (unsigned i = 0; i < 100; i++) {
		assert_bug(k, call_kunmap, (struct call){.cpu = fxm_machine_vcpu(k->m, i % 2), .page = high_page(k)},
			   "mm/highmem.c:340");
		assert_va_error(fxm_kmap(k->cpu, high_page(k)), 0);
	}
	assert_int_equal(fxm_report_count(k->m, FXM_REPORT_BUG), 100);
	assert_int_equal(pool_of(k).used, 100);
	kernel_free(k);
}

/* ---- fork -------------------------------------------------------------------------------------------------------- */

/* Each call in the child says that the machine is not its own. Returns the number of the first that does not. */
static int use_dead_machine(void *arg)
{
	struct kernel *k = arg;
	struct fxm_vcpu *cpu = k->cpu;
	bool typed = strstr(fxm_machine_profile(k->m), "2.6") != NULL;
	struct fxm_page *page = fxm_page_of_pfn(k->m, 0x40000), *out;
	fxm_pa pa = fxm_pa_of(0x100000);
	fxm_va va = fxm_va_of(0xfffbb000);
	struct fxm_task *task;
	int n = 0;

#define EXPECT(error, value)                                                                                                       \
	do {                                                                                                                       \
		n++;                                                                                                               \
		if ((value) != (error))                                                                                            \
			return n;                                                                                                  \
	} while (0)
	EXPECT(-ECHILD, fxm_va_error(fxm_kmap(cpu, page)));
	EXPECT(-ECHILD, fxm_kunmap(cpu, page));
	EXPECT(-ECHILD, fxm_va_error(fxm_kmap_high(cpu, page)));
	EXPECT(-ECHILD, fxm_kunmap_high(cpu, page));
	EXPECT(-ECHILD, fxm_va_error(fxm_map_new_virtual(cpu, page)));
	EXPECT(-ECHILD, fxm_flush_all_zero_pkmaps(cpu));
	EXPECT(-ECHILD, fxm_kmap_flush_unused(cpu));
	EXPECT(-ECHILD, fxm_va_error(fxm_page_address(cpu, page)));
	EXPECT(-ECHILD, fxm_set_page_address(cpu, page, va));
	EXPECT(-ECHILD, fxm_page_slot(cpu, page));
	EXPECT(-ECHILD, fxm_page_address_init(k->m));
	EXPECT(-ECHILD, fxm_kmap_to_page(cpu, va, &out));
	EXPECT(UINT64_MAX, kmap_pfn(cpu, va));
	EXPECT(typed ? -ENOSYS : -ECHILD, fxm_va_error(fxm_kmap_atomic(cpu, page)));
	EXPECT(typed ? -ENOSYS : -ECHILD, fxm_kunmap_atomic(cpu, va));
	EXPECT(-ECHILD, fxm_va_error(fxm_kmap_atomic_prot(cpu, page, fxm_pte_of(0x163))));
	EXPECT(-ECHILD, fxm_va_error(fxm_kmap_atomic_pfn(cpu, 1)));
	EXPECT(-ECHILD, fxm_va_error(fxm_kmap_atomic_type(cpu, page, 0)));
	EXPECT(-ECHILD, fxm_va_error(fxm_kmap_atomic_pfn_type(cpu, 1, 0)));
	EXPECT(-ECHILD, fxm_kunmap_atomic_type(cpu, va, 0));
	EXPECT(-ECHILD, fxm_kmap_atomic_to_page(cpu, va, &out));
	EXPECT(-ECHILD, fxm_kmap_atomic_idx_push(cpu));
	EXPECT(-ECHILD, fxm_kmap_atomic_idx(cpu));
	EXPECT(-ECHILD, fxm_kmap_atomic_idx_pop(cpu));
	EXPECT(-ECHILD, fxm_set_fixmap(cpu, 1, pa));
	EXPECT(-ECHILD, fxm_set_fixmap_nocache(cpu, 1, pa));
	EXPECT(-ECHILD, fxm_set_fixmap_io(cpu, 1, pa));
	EXPECT(-ECHILD, fxm_va_error(fxm_set_fixmap_offset(cpu, 1, pa)));
	EXPECT(-ECHILD, fxm_reserve_top_address(cpu, 0));
	EXPECT(UINT64_MAX, fxm_virt_to_fix(cpu, va));
	fxm_set_fixmap_prot(cpu, 1, pa, fxm_pte_of(0x163));
	fxm_clear_fixmap(cpu, 1);
	EXPECT(-ECHILD, fxm_attach(k->m, 0));
	EXPECT(-ECHILD, fxm_task_create(k->m, NULL, run_call, NULL, &task));
	EXPECT(-ECHILD, fxm_task_run(cpu, run_call, NULL, NULL));
	EXPECT(-ECHILD, fxm_machine_cpu_add(k->m));
	EXPECT(0, fxm_report_leaks(k->m));
	fxm_warn(cpu, "a.c:1", "nobody hears it");
	EXPECT(-ECHILD, fxm_machine_destroy(k->m));
	EXPECT(-ECHILD, fxm_prefault(cpu, va, 4));
	EXPECT(0, fxm_host(k->m, va) != NULL);

	/* A machine of the child's own works. */
	struct kernel *own = kernel_new("profile=x86_32-5.10,window=strict");
	page = high_page(own);
	fxm_va mapped = fxm_kmap(own->cpu, page);
	*(volatile uint64_t *)fxm_host(own->m, mapped) = 4;
	EXPECT(4, mark_of(own, page));
	EXPECT(0, fxm_machine_destroy(own->m));
	return 0;
}

static void a_child_has_no_share_in_the_machine(void **state)
{
	(void)state;
	static const char *const words[] = {"profile=i386-2.6.12", "profile=x86_32-4.15", "profile=x86_32-5.10,pae=1",
					    "profile=x86_32-5.10,detect=on"};
	char out[16384];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct kernel *k = kernel_new(words[i]);
		struct fxm_page *page;
		struct fxm_pkmap before, after;

		assert_int_equal(fxm_alloc_pfn(k->m, 0x40000, &page), 0);
		mark_page(k, page, 11);
		fxm_va va = fxm_kmap(k->cpu, page);
		before = pool_of(k);
		int status = run_child(use_dead_machine, k, out, sizeof(out));
		if (status)
			print_error("%s: check %d of use_dead_machine()\n%s\n", words[i], status, out);
		assert_int_equal(status, 0);
		after = pool_of(k);
		assert_memory_equal(&before, &after, sizeof(before));
		assert_int_equal(read_mark(k->cpu, va), 11);
		assert_int_equal(fxm_kunmap(k->cpu, page), 0);
		kernel_free(k);
	}
}

static int touch_dead_window(void *arg)
{
	return *(volatile int *)arg;
}

static void a_child_that_touches_the_window_is_told(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,window=strict");
	fxm_va va = fxm_kmap(k->cpu, high_page(k));
	volatile int *host = fxm_host(k->m, va);
	char out[16384];

	*host = 3;
	assert_true(run_child(touch_dead_window, (void *)(uintptr_t)host, out, sizeof(out)) != 3);
	assert_non_null(strstr(out, "fork()"));
	assert_int_equal(*host, 3);
	kernel_free(k);
}

/* ---- the default machine, in child processes --------------------------------------------------------------------- */

static int use_default(void *arg)
{
	setenv("FIXMAP_OPTIONS", arg, 1);
	struct fxm_machine *m = fxm_machine_default();
	struct fxm_vcpu *cpu = fxm_current();

	if (m != fxm_machine_default() || fxm_vcpu_machine(cpu) != m || fxm_current_or_null() != cpu || cpu != fxm_current())
		return 50;
	struct fxm_page *page = fxm_alloc_page(m, FXM_GFP_HIGHMEM);
	fxm_va va = fxm_kmap(cpu, page);
	if (fxm_va_error(va) || fxm_kunmap(cpu, page))
		return 51;
	return 10 + (int)fxm_window_mode(m);
}

static void the_default_machine_follows_the_environment(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		int status;
		const char *said;
	} cases[] = {
	    {"", 10 + FXM_WINDOW_STRICT, NULL},
	    {"window=retain", 10 + FXM_WINDOW_RETAIN, NULL},
	    {"window=off profile=i386-2.6.12", 10 + FXM_WINDOW_OFF, NULL},
	    {"profile=x86_32-4.15,pae=1,detect=off", 10 + FXM_WINDOW_STRICT, NULL},
	    {"profile=vax", 2, "vax"},
	    {"colour=blue", 2, "colour"},
	    {"window=open", 2, "window"},
	    {"ram_end=0", 2, "ram_end"},
	    {"trace=/nonexistent/x", 2, "/nonexistent/x"},
	};
	char out[16384];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(run_child(use_default, (void *)(uintptr_t)cases[i].words, out, sizeof(out)), cases[i].status);
		if (cases[i].said) {
			assert_non_null(strstr(out, cases[i].said));
			assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1); /* one line */
		} else {
			assert_string_equal(out, "");
		}
	}
}

static int leak_and_exit(void *arg)
{
	setenv("FIXMAP_OPTIONS", arg, 1);
	fxm_kmap(fxm_current(), fxm_alloc_page(fxm_machine_default(), FXM_GFP_HIGHMEM));
	exit(9);
}

static void the_default_machine_is_destroyed_at_exit(void **state)
{
	(void)state;
	char name[] = "/tmp/fixmap-exit-XXXXXX", words[64], out[16384], line[256] = "";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	close(fd);
	snprintf(words, sizeof(words), "trace=%s", name);
	assert_int_equal(run_child(leak_and_exit, words, out, sizeof(out)), 9);
	assert_non_null(strstr(out, "finding: leak"));
	FILE *f = fopen(name, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		;
	assert_string_equal(line, "end trace ops=1\n");
	fclose(f);
	unlink(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_null),
	    cmocka_unit_test(boots_in_every_shape),
	    cmocka_unit_test(impossible_settings_are_refused_in_one_line),
	    cmocka_unit_test(nothing_touches_errno),
	    cmocka_unit_test(every_error_has_words),
	    cmocka_unit_test(vcpus_come_online_one_by_one),
	    cmocka_unit_test(a_late_vcpu_is_flushed_too),
	    cmocka_unit_test(nothing_remains_of_a_machine),
	    cmocka_unit_test(sleeping_fibres_are_dropped),
	    cmocka_unit_test(a_sleeping_thread_keeps_the_machine),
	    cmocka_unit_test(an_attached_thread_keeps_the_machine),
	    cmocka_unit_test(the_caller_is_detached),
	    cmocka_unit_test(a_machine_outlives_its_bugs),
	    cmocka_unit_test(a_child_has_no_share_in_the_machine),
	    cmocka_unit_test(a_child_that_touches_the_window_is_told),
	    cmocka_unit_test(the_default_machine_follows_the_environment),
	    cmocka_unit_test(the_default_machine_is_destroyed_at_exit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
