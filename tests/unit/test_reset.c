/* SPDX-License-Identifier: MIT */
/*
 * fxm_machine_reset(): a machine that has lived is what it was when it was made. Two ways to see that: byte by byte, and by what it
 * does in its next life, which is what a new machine does in its first one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

#include <machine.h>
#include <pthread.h>
#include <report.h>
#include <sim.h>

enum { PAGES = 12, HELD = 8, FIBRES = 3, OBJECTS = 6, STEPS = 160 };

/* ---- a life: random operations, every one of which leaves a line ---- */

struct life {
	struct fxm_machine *m;
	struct fxm_vcpu *cpu;
	FILE *out;
	uint64_t random;
	struct fxm_page *page[PAGES];
	fxm_va held[HELD], object[OBJECTS], early;
	unsigned nr_held;
	struct fxm_task *fibre[FIBRES];
	unsigned what;
};

static uint32_t pick(struct life *l, uint32_t n)
{
	l->random = l->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(l->random >> 33) % n;
}

static void say(struct life *l, const char *what, uint64_t result)
{
	fprintf(l->out, "%s %llx\n", what, (unsigned long long)result);
}

static struct fxm_page *any_page(struct life *l)
{
	return l->page[pick(l, PAGES)];
}

static void take_page(struct life *l)
{
	struct fxm_page **at = &l->page[pick(l, PAGES)];
	unsigned order = pick(l, 8) ? 0 : pick(l, 3);

	*at = fxm_alloc_pages(l->m, (pick(l, 2) ? FXM_GFP_HIGHMEM : 0) | (pick(l, 2) ? FXM_GFP_ZERO : 0), order);
	say(l, "page", fxm_page_pfn(l->m, *at));
}

static void give_page(struct life *l)
{
	say(l, "free", (uint64_t)fxm_free_pages(l->m, any_page(l), 0));
}

static void use(struct life *l, fxm_va va)
{
	uint64_t word = 0;

	say(l, "at", va.v);
	say(l, "read", (uint64_t)fxm_read(l->cpu, va, &word, sizeof(word)));
	say(l, "has", word);
	word = l->random;
	say(l, "write", (uint64_t)fxm_write(l->cpu, va, &word, sizeof(word)));
}

static void map(struct life *l)
{
	use(l, fxm_kmap(l->cpu, any_page(l)));
}

static void unmap(struct life *l)
{
	say(l, "kunmap", (uint64_t)fxm_kunmap(l->cpu, any_page(l)));
}

static void map_atomic(struct life *l)
{
	if (l->nr_held == HELD)
		return;
	fxm_va va = fxm_kmap_atomic(l->cpu, any_page(l));
	if (va.v > UINT64_MAX - 4096) /* an error: that kernel has no such call */
		va = fxm_kmap_atomic_type(l->cpu, any_page(l), l->nr_held);
	else
		l->held[l->nr_held++] = va;
	use(l, va);
}

static void unmap_atomic(struct life *l)
{
	if (l->nr_held)
		say(l, "kunmap_atomic", (uint64_t)fxm_kunmap_atomic(l->cpu, l->held[--l->nr_held]));
}

static void map_local(struct life *l)
{
	fxm_va va = fxm_kmap_local_page(l->cpu, any_page(l));

	use(l, va);
	if (pick(l, 4))
		say(l, "kunmap_local", (uint64_t)fxm_kunmap_local(l->cpu, va));
}

static void set_fixed(struct life *l)
{
	uint32_t index = 1 + pick(l, 4);

	say(l, "set_fixmap", (uint64_t)fxm_set_fixmap(l->cpu, index, fxm_pa_of((uint64_t)pick(l, 4096) << FXM_PAGE_SHIFT)));
	use(l, fxm_fix_to_virt(l->m, index));
}

static void map_early(struct life *l)
{
	if (l->early.v && l->early.v < UINT64_MAX - 4096)
		say(l, "early_iounmap", (uint64_t)fxm_early_iounmap(l->cpu, l->early, 8192));
	l->early = fxm_early_ioremap(l->cpu, fxm_pa_of(0x300000), 8192);
	say(l, "early_ioremap", l->early.v);
}

static void allocate(struct life *l)
{
	fxm_va *at = &l->object[pick(l, OBJECTS)];

	if (at->v)
		say(l, "kfree", (uint64_t)fxm_kfree(l->m, *at));
	*at = fxm_kmalloc(l->m, 1 + pick(l, 3000), 0);
	use(l, *at);
}

static void write_wild(struct life *l)
{
	uint64_t pfn = 0x2000 + pick(l, 0x4000);
	uint64_t *frame = fxm_frame(l->m, pfn);

	if (!frame) /* beyond this machine's memory */
		return;
	say(l, "frame", *frame);
	*frame = l->random;
}

static void flush(struct life *l)
{
	say(l, "flush", (uint64_t)fxm_flush_all_zero_pkmaps(l->cpu));
	fxm_tlb_flush_one(l->cpu, fxm_fix_to_virt(l->m, 1));
}

static void count_up(struct life *l)
{
	pick(l, 2) ? fxm_preempt_disable(l->cpu) : fxm_preempt_enable(l->cpu);
	pick(l, 2) ? fxm_pagefault_disable(l->cpu) : fxm_pagefault_enable(l->cpu);
	pick(l, 2) ? fxm_irq_disable(l->cpu) : fxm_irq_enable(l->cpu);
	fxm_might_sleep(l->cpu, "a.c:1");
}

static void inject(struct life *l)
{
	say(l, "inject", (uint64_t)fxm_inject(l->m, "alloc", FXM_INJECT_FAIL, 1 + pick(l, 4), 0));
	say(l, "inject", (uint64_t)fxm_inject(l->m, "kmap.pool", FXM_INJECT_FULL, 1 + pick(l, 9), 0));
}

static void set_address(struct life *l)
{
	say(l, "set_page_address", (uint64_t)fxm_set_page_address(l->cpu, any_page(l), fxm_va_of(0)));
}

static int fibre_main(void *arg)
{
	struct life *l = arg;

	for (;;) {
		struct fxm_vcpu *mine = l->cpu;

		l->cpu = fxm_current_or_null();
		map(l);
		if (pick(l, 3))
			map_local(l);
		l->cpu = mine;
		fxm_task_yield();
	}
	return 0;
}

static void run_fibre(struct life *l)
{
	unsigned n = pick(l, FIBRES);
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "other", .cpu = 0};

	if (!l->fibre[n])
		say(l, "fibre", (uint64_t)fxm_task_create(l->m, &attr, fibre_main, l, &l->fibre[n]));
	say(l, "resume", (uint64_t)fxm_task_resume(l->fibre[n]));
	say(l, "pid", (uint64_t)fxm_task_pid(l->fibre[n]));
	say(l, "state", fxm_task_state(l->fibre[n]));
}

static uint64_t read_device(void *arg, uint64_t offset, unsigned width)
{
	(void)arg;
	return offset + width;
}

static void add_hardware(struct life *l)
{
	static const struct fxm_mmio_ops ops = {.read = read_device};

	say(l, "cpu", (uint64_t)fxm_machine_cpu_add(l->m));
	say(l, "mmio", (uint64_t)fxm_mmio_add(l->m, "device", fxm_pa_of(UINT64_C(0xfee00000)), 4096, &ops, NULL));
}

static void name_page(struct life *l)
{
	say(l, "name", (uint64_t)fxm_trace_name_page(l->m, any_page(l), "P77"));
}

static void (*const operations[])(struct life *) = {
    take_page, take_page,  give_page, map,	unmap, map_atomic,  map_atomic, unmap_atomic, map_local, set_fixed,    map_early,
    allocate,  write_wild, flush,     count_up, inject, set_address, run_fibre,	run_fibre,    name_page, add_hardware,
};

static int step(void *arg)
{
	struct life *l = arg;

	operations[l->what](l);
	return 0;
}

static void on_line(const char *line, void *arg)
{
	fprintf(arg, "%s\n", line);
}

static void on_report(const struct fxm_report *r, void *arg)
{
	fprintf(arg, "report %s %s %s\n", fxm_report_kind_name(r->kind), r->detector ? r->detector : "-", r->message);
}

/* It ends in the middle: mappings are left, fibres sleep, the thread sits there. */
static void live(struct fxm_machine *m, uint64_t seed, FILE *out)
{
	static struct life l; /* fibres that are left have its address */

	l = (struct life){.m = m, .out = out, .random = seed};
	fxm_report_set(m, on_report, out);
	assert_int_equal(fxm_policy_set(m, FXM_REPORT_HUNG, FXM_POLICY_ABORT), 0);
	assert_int_equal(fxm_trace_start(m, on_line, out), 0);
	assert_int_equal(fxm_attach(m, 0), 0);
	l.cpu = fxm_current_or_null();
	for (unsigned i = 0; i < PAGES; i++)
		l.page[i] = fxm_alloc_page(m, i & 1 ? FXM_GFP_HIGHMEM : 0);
	for (unsigned i = 0; i < STEPS; i++) {
		l.what = pick(&l, ARRAY_SIZE(operations));
		fprintf(out, "step %u\n", l.what);
		say(&l, "run", (uint64_t)fxm_task_run(l.cpu, step, &l, NULL));
	}
}

/* ---- what can be seen of a machine ---- */

static int list(const struct fxm_mapping *at, void *arg)
{
	fprintf(arg, "mapping %s %llx %llx\n", at->call, (unsigned long long)at->address.v, (unsigned long long)at->pfn);
	return 0;
}

static int list_task(struct fxm_task *task, void *arg)
{
	fprintf(arg, "task %d %s\n", fxm_task_pid(task), fxm_task_name(task));
	return 0;
}

static void describe(struct fxm_machine *m, FILE *out)
{
	struct fxm_inject_state injected;
	struct fxm_window_stats window;
	struct fxm_pkmap pool;
	struct fxm_counts c;

	fxm_ptdump(m, out);
	fxm_proc(m, "buddyinfo", out);
	fxm_proc(m, "zoneinfo", out);
	fxm_mapping_each(m, list, out);
	fxm_task_each(m, list_task, out);
	fxm_pkmap(m, &pool);
	fprintf(out, "pool %u %u %u\n", pool.used, pool.idle, pool.last_pkmap_nr);
	for (unsigned n = 0; n < fxm_machine_cpus_online(m); n++) {
		fxm_counts(fxm_machine_vcpu(m, n), &c);
		fprintf(out, "cpu %u: %d %d %d %d, %s\n", n, c.preempt, c.pagefault, c.migrate, c.kmap_depth,
			fxm_task_name(fxm_vcpu_task(fxm_machine_vcpu(m, n))));
	}
	for (unsigned kind = 0; kind <= FXM_REPORT_FINDING; kind++)
		fprintf(out, "reports %llu\n", (unsigned long long)fxm_report_count(m, (enum fxm_report_kind)kind));
	fxm_window_stats(m, &window);
	fprintf(out, "window %llu %llu %llu\n", (unsigned long long)window.faults, (unsigned long long)window.system_calls,
		(unsigned long long)window.resident);
	fprintf(out, "injected %d, phase %d\n", fxm_inject_state(m, 0, &injected), fxm_boot_phase(m));
}

static char *description(struct fxm_machine *m)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	describe(m, out);
	fclose(out);
	return text;
}

static char *life_of(struct fxm_machine *m, uint64_t seed)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	live(m, seed, out);
	describe(m, out);
	fxm_trace_stop(m, "life"); /* nobody may write to @out from here on */
	fxm_report_set(m, NULL, NULL);
	fclose(out);
	return text;
}

/* ---- and of its inside ---- */

static uint64_t hash(uint64_t h, const void *p, size_t bytes)
{
	const uint64_t *word = p;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		h = (h ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15) + i;
	return h;
}

/* Of all frames; those of zeroes count for nothing, whether the host has them or not. */
static uint64_t hash_frames(struct fxm_machine *m)
{
	static const unsigned char zeroes[FXM_PAGE_SIZE];
	uint64_t h = 1;

	for (off_t at = 0; (at = lseek(m->mem.memfd, at, SEEK_DATA)) >= 0; at += FXM_PAGE_SIZE)
		if ((uint64_t)at >> FXM_PAGE_SHIFT < m->mem.nr_frames && memcmp(m->mem.ram + at, zeroes, sizeof(zeroes)) != 0)
			h = hash(h + (uint64_t)at, m->mem.ram + at, FXM_PAGE_SIZE);
	return h;
}

struct inside {
	uint64_t frames, mem_map, fresh, zones, layout;
	enum fxm_policy policy[FXM_REPORT_FINDING + 1];
};

static struct inside inside_of(struct fxm_machine *m)
{
	const struct fxmi_physmem *mem = &m->mem;
	struct inside in = {.frames = hash_frames(m),
			    .mem_map = hash(1, mem->mem_map, mem->nr_frames * sizeof(*mem->mem_map)),
			    .fresh = hash(1, mem->fresh, mem->fresh_bytes),
			    .zones = hash(1, mem->zone, sizeof(mem->zone)),
			    .layout = (uintptr_t)fxm_machine_layout(m)};

	memcpy(in.policy, fxmi_kernel(m)->policy, sizeof(in.policy));
	assert_true(fxmi_machine_is_valid(m));
	assert_true(fxmi_pgtables_are_valid(m));
	assert_true(fxmi_kernel_is_valid(fxmi_kernel(m)));
	return in;
}

static void assert_same_inside(struct fxm_machine *m, const struct inside *was)
{
	struct inside is = inside_of(m);

	assert_int_equal(is.frames, was->frames);
	assert_int_equal(is.mem_map, was->mem_map);
	assert_int_equal(is.fresh, was->fresh);
	assert_int_equal(is.zones, was->zones);
	assert_int_equal(is.layout, was->layout);
	assert_memory_equal(is.policy, was->policy, sizeof(is.policy));
	for (unsigned n = 0; n < fxm_machine_cpus_online(m); n++)
		for (unsigned set = 0; set < FXMI_TLB_SETS; set++)
			for (unsigned way = 0; way < FXMI_TLB_WAYS; way++)
				assert_int_equal(m->vcpu[n]->tlb[set][way].read_tag, FXMI_TLB_INVALID);
}

/* ---- tests ---- */

static const char *const machines[] = {
	ALL_PROFILES,
	"profile=i386-2.6.12,detect=on",
	"profile=x86_32-5.10,detect=on,DEBUG_HIGHMEM=1",
	"profile=x86_32-6.1,detect=on,stacks=full",
	"profile=x86_32-6.1,pae=1,detect=on,DEBUG_HIGHMEM=1,NR_CPUS=8,cpus=3",
	"profile=x86_32-4.7,detect=on,phase=early",
	"profile=arm-4.7,detect=on",
	"profile=arm-6.1,detect=on",
	"profile=x86_32-6.12,window=strict,detect=on",
	"profile=x86_32-6.1,window=checked,detect=on",
	"profile=x86_64-6.1,detect=on",
	"profile=arm64-4.7",
	"profile=arm64-6.12,detect=on",
	"profile=x86_32-6.1,inject=kmap.pool:3:full+alloc:20:fail",
};

static void assert_same_text(const char *words, uint64_t seed, char *one, char *other)
{
	size_t line = 0;

	if (strcmp(one, other)) {
		for (size_t i = 0; one[i] && one[i] == other[i]; i++)
			line = one[i] == '\n' ? i + 1 : line;
		print_error("%s, life %llu: a new machine\n%.300s\none that was reset\n%.300s\n", words, (unsigned long long)seed,
			    one + line, other + line);
	}
	assert_int_equal(strcmp(one, other), 0);
	free(one);
	free(other);
}

static void next_life_is_as_the_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		struct fxm_machine *m = machine_of(machines[i]);
		struct inside born = inside_of(m);
		char *looks = description(m);

		for (uint64_t seed = 1; seed <= 3; seed++) {
			struct fxm_machine *fresh = machine_of(machines[i]);
			char *first = life_of(fresh, seed);

			fxm_detach();
			assert_int_equal(fxm_machine_reset(fresh), 0); /* so that its end reports no leaks */
			assert_int_equal(fxm_machine_destroy(fresh), 0);
			assert_same_text(machines[i], seed, first, life_of(m, seed));
			assert_int_equal(fxm_machine_reset(m), 0);
			assert_null(fxm_current_or_null());
			assert_same_inside(m, &born);
			assert_same_text(machines[i], seed, strdup(looks), description(m));
		}
		free(looks);
		assert_int_equal(fxm_machine_destroy(m), 0);
	}
}

static void what_moved_goes_back(void **state)
{
	(void)state;
	for (unsigned checked = 0; checked < 2; checked++) {
		struct kernel *k =
		    kernel_new(checked ? "profile=x86_32-4.15,window=checked" : "profile=x86_32-4.15,window=strict,detect=on");
		struct inside born = inside_of(k->m);
		char *looks = description(k->m);
		uint64_t top = layout_value(k, "FIXADDR_TOP");

		for (uint64_t life = 1; life <= 3; life++) {
			assert_int_equal(fxm_attach(k->m, 0), 0);
			assert_int_equal(fxm_reserve_top_address(k->cpu, 0x400000), 0);
			assert_int_equal(fxm_reserve_top_address(k->cpu, life * 0x800000), 0);
			k->layout = fxm_machine_layout(k->m);
			assert_int_not_equal(layout_value(k, "FIXADDR_TOP"), top);
			*(volatile int *)fxm_host(k->m, fxm_kmap_atomic(k->cpu, high_page(k))) = 1;
			assert_int_equal(fxm_machine_reset(k->m), 0);
			k->layout = fxm_machine_layout(k->m);
			assert_int_equal(layout_value(k, "FIXADDR_TOP"), top);
			assert_same_inside(k->m, &born);
			assert_same_text("reserve_top_address", life, strdup(looks), description(k->m));
			assert_int_equal(fxm_attach(k->m, 0), 0);
			*(volatile int *)fxm_host(k->m, fxm_kmap_atomic(k->cpu, high_page(k))) = 1;
			assert_int_equal(fxm_machine_reset(k->m), 0);
		}
		free(looks);
		kernel_free(k);
	}
}

/* What a pointer of an earlier life showed is not there any more; the direct map is. */
static void window_shows_nothing(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1,window=strict");
	struct fxm_window_stats stats;

	for (unsigned life = 0; life < 3; life++) {
		assert_int_equal(fxm_attach(k->m, 0), 0);
		volatile uint64_t *low = fxm_host(k->m, fxm_page_address(k->cpu, low_page(k)));
		volatile uint64_t *high = fxm_host(k->m, fxm_kmap(k->cpu, high_page(k)));

		assert_int_equal(*low, 0);
		assert_int_equal(*high, 0);
		*low = *high = 0x5eed;
		fxm_window_stats(k->m, &stats);
		assert_int_equal(stats.faults, 1);
		assert_int_equal(fxm_machine_reset(k->m), 0);
		fxm_window_stats(k->m, &stats);
		assert_int_equal(stats.faults + stats.system_calls + stats.resident, 0);
	}
	kernel_free(k);
}

/* Where nobody sat, the idle task did it all. */
static void idle_tasks_begin_anew(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	char *looks = description(k->m);

	fxm_preempt_disable(k->cpu);
	fxm_migrate_disable(k->cpu);
	fxm_irq_disable(k->cpu);
	fxm_context_enter(k->cpu, FXM_CONTEXT_HARDIRQ);
	fxm_kmap_local_page(k->cpu, high_page(k));
	assert_int_equal(fxm_machine_reset(k->m), 0);
	assert_int_equal(fxm_context(k->cpu), FXM_CONTEXT_TASK);
	assert_false(fxm_irqs_disabled(k->cpu));
	assert_same_text("idle", 1, looks, description(k->m));
	kernel_free(k);
}

/* More frames than are kept, in more places, and a hole where some were: each way of giving them back. */
static void much_memory_is_zeroes_again(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10");
	struct inside born = inside_of(k->m);
	static const uint64_t strides[] = {1, 7, 300, 2, 1};

	for (size_t i = 0; i < ARRAY_SIZE(strides); i++) {
		for (uint64_t n = 0; n < 600; n++)
			*(uint64_t *)fxm_frame(k->m, 0x1000 + n * strides[i]) = n + 1;
		assert_int_equal(fxm_machine_reset(k->m), 0);
		assert_same_inside(k->m, &born);
	}
	kernel_free(k);
}

static void *sit(void *arg)
{
	pthread_barrier_t *barrier = ((void **)arg)[1];

	assert_int_equal(fxm_attach(((void **)arg)[0], -1), 0);
	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
	fxm_detach();
	return NULL;
}

static int reset_inside(void *arg)
{
	return fxm_machine_reset(arg);
}

static void busy_machines_refuse(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	pthread_barrier_t barrier;
	pthread_t thread;
	int result;

	assert_int_equal(fxm_machine_reset(NULL), -EINVAL);
	assert_int_equal(fxm_attach(k->m, 0), 0);
	assert_int_equal(fxm_task_run(k->cpu, reset_inside, k->m, &result), 0);
	assert_int_equal(result, -EBUSY);
	fxm_kmap(k->cpu, high_page(k));
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, sit, (void *[]){k->m, &barrier});
	pthread_barrier_wait(&barrier);
	assert_int_equal(fxm_machine_reset(k->m), -EBUSY);
	assert_int_equal(pool_of(k).used, 1);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	assert_int_equal(fxm_machine_reset(k->m), 0);
	assert_int_equal(pool_of(k).used, 0);
	assert_null(fxm_current_or_null());
	pthread_barrier_destroy(&barrier);
	kernel_free(k);
}

static int reset_in_child(void *arg)
{
	return -fxm_machine_reset(arg);
}

static void a_fork_has_none(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	char output[256];

	assert_int_equal(run_child(reset_in_child, k->m, output, sizeof(output)), ECHILD);
	kernel_free(k);
}

static void keep_text(const char *text, void *arg)
{
	snprintf(arg, 256, "%s", text);
}

/* What is kept to fail a test does so now; after that nobody fails. */
static void kept_failures_are_told(void **state)
{
	(void)state;
	struct fxm_machine *m = machine_of("profile=x86_32-6.1");
	char text[256] = "";

	assert_int_equal(fxm_report_fail_with(m, keep_text, text), 0);
	fxm_warn(fxm_machine_vcpu(m, 0), "a.c:1", "once");
	assert_string_equal(text, "");
	assert_int_equal(fxm_machine_reset(m), 0);
	assert_non_null(strstr(text, "once"));
	assert_int_equal(fxm_report_check(m), 0);
	assert_int_equal(fxm_report_count(m, FXM_REPORT_WARN), 0);
	assert_int_equal(fxm_machine_destroy(m), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(next_life_is_as_the_first), cmocka_unit_test(what_moved_goes_back),
	    cmocka_unit_test(window_shows_nothing),	 cmocka_unit_test(much_memory_is_zeroes_again),
	    cmocka_unit_test(busy_machines_refuse),	 cmocka_unit_test(a_fork_has_none),
	    cmocka_unit_test(kept_failures_are_told),	 cmocka_unit_test(idle_tasks_begin_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
