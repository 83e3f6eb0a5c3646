/* SPDX-License-Identifier: MIT */
/*
 * second_opinion OBJECT OPERATIONS SEED WORDS: the kernel's own allocators (OBJECT, see second.h) and the library's do the same
 * random operations, each on a machine of its own that WORDS describe; addresses, entries, counters, reports and translations must
 * agree.
 *
 * Four tasks on two CPUs. On the library's side they are fibres, on the other the record of a task, put on its CPU and taken off
 * around each operation.
 */
#include "second.h"

#include "sim.h"

#include <fixmap/fixmap.h>

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 4, CPUS = 2, HIGH_PAGES = 1500, LOW_PAGES = 8, LOW_PFN = 0x8000 };

enum kind { KMAP, KUNMAP, PAGE_ADDRESS, FLUSH_UNUSED, TO_PAGE, LOCAL_PAGE, LOCAL_PFN, UNLOCAL, ATOMIC, UNATOMIC, READ, NR_KINDS };

static const char *const names[] = {
    "kmap",	      "kunmap",	      "page_address", "kmap_flush_unused", "kmap_to_page", "kmap_local_page",
    "kmap_local_pfn", "kunmap_local", "kmap_atomic",  "kunmap_atomic",	   "read"};

struct operation {
	enum kind kind;
	uint64_t pfn;
	uint32_t va;
};

/* What an operation came to, on either side. */
struct outcome {
	bool bug;
	unsigned warnings;
	uint64_t value;
	struct fxm_counts counts;
};

struct task {
	unsigned cpu;
	struct fxm_task *fibre;
	bool quit;
	struct second_task second;
};

static struct fxm_machine *ours, *theirs;
static const struct second_kernel *kernel;
static struct task tasks[TASKS];
static struct task *current;
static struct operation operation;
static struct outcome our_outcome, their_outcome;
static uint64_t done;
static uint64_t high_pfn;
static uint32_t pkmap_base, kmap_begin, kmap_end, page_offset;
static unsigned last_pkmap, km_max_idx;
static int increment;
static jmp_buf bug_jump;

static _Noreturn void differ(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void differ(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "operation %" PRIu64 ", %s(pfn %" PRIx64 ", va %x) by task %td: ", done, names[operation.kind],
		operation.pfn, operation.va, current - tasks);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static uint64_t random_number(void)
{
	static uint64_t state;

	if (!state)
		state = 88172645463325252u + done;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t seeded;

static uint64_t below(uint64_t n)
{
	return (random_number() ^ seeded) % n;
}

/* ---- the other side's host ---- */

static unsigned their_cpu(void)
{
	return current ? current->cpu : 0;
}

static void *their_pte(uint32_t va)
{
	return fxmi_pte_ptr(theirs, va);
}

static void their_flush_one(uint32_t va)
{
	fxm_tlb_flush_one(fxm_machine_vcpu(theirs, their_cpu()), fxm_va_of(va));
}

/* More than 33 pages: x86 flushes everything, on each CPU. */
static void their_flush_range(uint32_t start, uint32_t end)
{
	if (end - start <= 33 * 4096)
		differ("a small range is flushed");
	for (unsigned i = 0; i < CPUS; i++)
		fxm_tlb_flush(fxm_machine_vcpu(theirs, i));
}

static void *their_frame(uint64_t va)
{
	struct fxm_walk walk;

	fxm_walk(theirs, fxm_va_of(va), &walk);
	return (char *)fxm_frame(theirs, walk.pa.v >> 12) + va % 4096;
}

static void their_warn(void)
{
	their_outcome.warnings++;
}

static void their_bug(void)
{
	longjmp(bug_jump, 1);
}

static uint64_t prot(const struct fxm_layout *layout, const char *name)
{
	fxm_pte value = {0};

	if (fxm_prot_find(layout, name, &value)) {
		fprintf(stderr, "no protection %s\n", name);
		exit(1);
	}
	return value.v;
}

static void init_kernel(const char *object)
{
	void *handle = dlopen(object, RTLD_NOW | RTLD_LOCAL);
	const struct fxm_layout *layout = fxm_machine_layout(theirs);
	uint64_t normal = prot(layout, "FIXMAP_PAGE_NORMAL");

	kernel = handle ? dlsym(handle, "second_kernel") : NULL;
	if (!kernel) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	kernel->init(&(struct second_host){
	    .pte = their_pte,
	    .flush_one = their_flush_one,
	    .flush_range = their_flush_range,
	    .frame = their_frame,
	    .warn = their_warn,
	    .bug = their_bug,
	    .cpu = their_cpu,
	    .page_offset = page_offset,
	    .pkmap_base = pkmap_base,
	    .fixaddr_top = (uint32_t)fxm_layout_get(layout, "FIXADDR_TOP"),
	    .fix_kmap_begin = (uint32_t)fxm_fixed_index(layout, "FIX_KMAP_BEGIN"),
	    .fix_kmap_end = (uint32_t)fxm_fixed_index(layout, "FIX_KMAP_END"),
	    .fix_btmap_begin = (uint32_t)fxm_fixed_index(layout, "FIX_BTMAP_BEGIN"),
	    .nr_frames = fxm_layout_get(layout, "max_pfn"),
	    .highmem_pfn = high_pfn,
	    .kmap_prot = prot(layout, "kmap_prot"),
	    .fixmap_io = prot(layout, "FIXMAP_PAGE_IO"),
	    .fixmap_normal = normal,
	    .fixmap_ro = prot(layout, "FIXMAP_PAGE_RO"),
	    .supported_mask = normal >> 63 ? UINT64_MAX : ~(UINT64_C(1) << 63),
	    .early_mask = ~(UINT64_C(0x100) | UINT64_C(1) << 63),
	});
}

/* ---- one operation, ours ---- */

static void on_report(const struct fxm_report *report, void *arg)
{
	(void)arg;
	our_outcome.bug |= report->kind == FXM_REPORT_BUG;
	our_outcome.warnings += report->kind == FXM_REPORT_WARN;
}

static uint64_t address(fxm_va va)
{
	return fxm_va_error(va) ? (uint64_t)fxm_va_error(va) : va.v;
}

static uint64_t translate(struct fxm_machine *m)
{
	fxm_pa pa = {0};
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, current->cpu);

	return fxm_translate(cpu, fxm_va_of(operation.va), FXM_READ, &pa) ? UINT64_MAX : pa.v;
}

static int ours_does(void *arg)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(ours, current->cpu);
	struct fxm_page *page = fxm_page_of_pfn(ours, operation.pfn);
	fxm_va va = fxm_va_of(operation.va);

	(void)arg;
	switch (operation.kind) {
	case KMAP:
		return our_outcome.value = address(fxm_kmap(cpu, page)), 0;
	case KUNMAP:
		return fxm_kunmap(cpu, page);
	case PAGE_ADDRESS:
		return our_outcome.value = address(fxm_page_address(cpu, page)), 0;
	case FLUSH_UNUSED:
		return fxm_kmap_flush_unused(cpu) < 0;
	case TO_PAGE:
		return fxm_find_kmap_pfn(cpu, va, &our_outcome.value);
	case LOCAL_PAGE:
		return our_outcome.value = address(fxm_kmap_local_page(cpu, page)), 0;
	case LOCAL_PFN:
		return our_outcome.value = address(fxm_kmap_local_pfn(cpu, operation.pfn)), 0;
	case UNLOCAL:
		return fxm_kunmap_local(cpu, va);
	case ATOMIC:
		return our_outcome.value = address(fxm_kmap_atomic(cpu, page)), 0;
	case UNATOMIC:
		return fxm_kunmap_atomic(cpu, va);
	default:
		return our_outcome.value = translate(ours), 0;
	}
}

static int fibre_main(void *arg)
{
	struct task *t = arg;
	struct fxm_vcpu *cpu = fxm_machine_vcpu(ours, t->cpu);

	while (!t->quit) {
		fxm_task_run(cpu, ours_does, NULL, NULL);
		fxm_get_counts(cpu, &our_outcome.counts);
		fxm_task_yield();
	}
	return 0;
}

static void make_fibre(struct task *t)
{
	struct fxm_task_attr attr = {.struct_size = sizeof(attr), .name = "second", .cpu = t->cpu};

	t->quit = false;
	if (fxm_task_create(ours, &attr, fibre_main, t, &t->fibre))
		differ("no task can be made");
}

/* ---- one operation, theirs ---- */

static void theirs_does(void)
{
	switch (operation.kind) {
	case KMAP:
		their_outcome.value = kernel->kmap(operation.pfn);
		break;
	case KUNMAP:
		kernel->kunmap(operation.pfn);
		break;
	case PAGE_ADDRESS:
		their_outcome.value = kernel->page_address(operation.pfn);
		break;
	case FLUSH_UNUSED:
		kernel->kmap_flush_unused();
		break;
	case TO_PAGE:
		their_outcome.value = kernel->kmap_to_page(operation.va);
		break;
	case LOCAL_PAGE:
		their_outcome.value = kernel->kmap_local_page(operation.pfn);
		break;
	case LOCAL_PFN:
		their_outcome.value = kernel->kmap_local_pfn(operation.pfn);
		break;
	case UNLOCAL:
		kernel->kunmap_local(operation.va);
		break;
	case ATOMIC:
		their_outcome.value = kernel->kmap_atomic(operation.pfn);
		break;
	case UNATOMIC:
		kernel->kunmap_atomic(operation.va);
		break;
	default:
		their_outcome.value = translate(theirs);
	}
}

static void run_theirs(void)
{
	struct second_task *t = &current->second;

	kernel->switch_in(t);
	if (setjmp(bug_jump))
		their_outcome.bug = true;
	else
		theirs_does();
	their_outcome.counts = (struct fxm_counts){
	    .preempt = t->preempt, .pagefault = t->pagefault, .migrate = t->migrate, .kmap_depth = kernel->task_idx()};
	kernel->switch_out(t);
}

/* ---- comparing ---- */

static void compare_entry(uint32_t va)
{
	uint64_t our_entry = fxm_pte_at(ours, fxm_va_of(va)).v, their_entry = fxm_pte_at(theirs, fxm_va_of(va)).v;

	if (our_entry != their_entry)
		differ("the entry of %x is %" PRIx64 ", the kernel's is %" PRIx64, va, our_entry, their_entry);
}

static void compare_everything(void)
{
	for (uint32_t va = kmap_end; va && va <= kmap_begin + 4096; va += 4096)
		compare_entry(va);
	for (unsigned nr = 0; nr < last_pkmap; nr++) {
		compare_entry(pkmap_base + nr * 4096);
		int our_count = fxm_pkmap_count(ours, nr, NULL), their_count = kernel->pkmap_count(nr);
		if (our_count != their_count)
			differ("pkmap_count[%u] is %d, the kernel's is %d", nr, our_count, their_count);
	}
}

static void compare(void)
{
	const struct fxm_counts *a = &our_outcome.counts, *b = &their_outcome.counts;

	if (our_outcome.bug != their_outcome.bug || our_outcome.warnings != their_outcome.warnings)
		differ("%s and %u warnings, the kernel says %s and %u", our_outcome.bug ? "a BUG" : "no BUG", our_outcome.warnings,
		       their_outcome.bug ? "a BUG" : "no BUG", their_outcome.warnings);
	if (!our_outcome.bug && our_outcome.value != their_outcome.value)
		differ("%" PRIx64 ", the kernel says %" PRIx64, our_outcome.value, their_outcome.value);
	if (a->preempt != b->preempt || a->pagefault != b->pagefault || a->migrate != b->migrate || a->kmap_depth != b->kmap_depth)
		differ("preempt_count %d, pagefault_disabled %d, migration_disabled %d, idx %d; the kernel's are %d, %d, %d, %d",
		       a->preempt, a->pagefault, a->migrate, a->kmap_depth, b->preempt, b->pagefault, b->migrate, b->kmap_depth);
	if (operation.va)
		compare_entry(operation.va & ~4095u);
	if (our_outcome.value >= pkmap_base && !our_outcome.bug && operation.kind != TO_PAGE && operation.kind != READ)
		compare_entry((uint32_t)our_outcome.value & ~4095u);
	if (done % 1000 == 0)
		compare_everything();
}

/* ---- choosing ---- */

static uint64_t choose_pfn(void)
{
	return below(10) ? high_pfn + below(below(4) ? 40 : HIGH_PAGES) : LOW_PFN + below(LOW_PAGES);
}

static uint32_t slot_va(int slot)
{
	return kmap_begin - (uint32_t)((int)(km_max_idx * current->cpu) + slot) * 4096;
}

static uint32_t choose_va(void)
{
	switch (below(6)) {
	case 0:
		return pkmap_base + (uint32_t)below(last_pkmap) * 4096 + (uint32_t)below(4096);
	case 1:
		return page_offset + (LOW_PFN + (uint32_t)below(LOW_PAGES)) * 4096 + (uint32_t)below(4096);
	case 2:
		return kmap_end + (uint32_t)below((kmap_begin - kmap_end) / 4096 + 2) * 4096;
	default:
		return slot_va((int)below(km_max_idx)) + (uint32_t)below(4096);
	}
}

static bool pool_is_full(void)
{
	for (unsigned nr = 0; nr < last_pkmap; nr++) {
		int count = kernel->pkmap_count(nr);
		if (count == 0 || count == 1)
			return false;
	}
	return true;
}

/* An unmap would take the count to 0, BUG, and leave a record on two of the kernel's lists: those go round in a circle then. */
static bool is_idle(uint64_t pfn)
{
	uint32_t va = pfn >= high_pfn ? kernel->page_address(pfn) : 0;

	return va && kernel->pkmap_count((va - pkmap_base) / 4096) < 2;
}

/* What both sides can do: a mistake that would leave the arrays of a task, or wait for ever, is not made. */
static bool choose(void)
{
	int idx = current->second.idx;

	operation = (struct operation){.kind = (enum kind)below(NR_KINDS), .pfn = choose_pfn()};
	switch (operation.kind) {
	case KMAP:
		return !pool_is_full();
	case KUNMAP: /* mostly of what is mapped */
		for (int i = 0; i < 20 && below(50) && !kernel->page_address(operation.pfn); i++)
			operation.pfn = choose_pfn();
		return !is_idle(operation.pfn);
	case LOCAL_PAGE:
	case LOCAL_PFN:
	case ATOMIC:
		return idx + increment < (int)km_max_idx || (idx < (int)km_max_idx && below(20) == 0);
	case UNLOCAL:
	case UNATOMIC:
		operation.va = below(8) ? slot_va(idx - 1) + (uint32_t)below(4096) : choose_va();
		return idx > 0 || below(30) == 0;
	case TO_PAGE:
	case READ:
		operation.va = choose_va();
		return true;
	default:
		return true;
	}
}

/* A task whose counter ran off at either end, or that met a BUG, gives way to a new one. */
static void renew(struct task *t)
{
	t->quit = true;
	fxm_task_join(t->fibre, NULL);
	kernel->switch_in(&t->second);
	kernel->switch_out(&t->second);
	t->second = (struct second_task){0};
	make_fibre(t);
}

static void step(void)
{
	current = &tasks[below(TASKS)];
	if (!choose())
		return;
	our_outcome = their_outcome = (struct outcome){0};
	if (fxm_task_resume(current->fibre) != FXM_TASK_RUNNABLE)
		differ("the task did not come back");
	run_theirs();
	done++;
	compare();
	if (our_outcome.bug)
		renew(current);
}

/* ---- early mappings ---- */

static void compare_early(const char *what, uint64_t our_value, uint64_t their_value)
{
	if (our_value != their_value || our_outcome.warnings != their_outcome.warnings)
		differ("%s: %" PRIx64 " and %u warnings, the kernel says %" PRIx64 " and %u", what, our_value, our_outcome.warnings,
		       their_value, their_outcome.warnings);
	const struct fxm_layout *layout = fxm_machine_layout(ours);
	uint32_t last = (uint32_t)fxm_fix_to_virt(ours, (uint32_t)fxm_fixed_index(layout, "FIX_BTMAP_END")).v;
	for (uint32_t i = 0; i < 512; i++)
		compare_entry(last - i * 4096);
}

struct early {
	uint64_t pa;
	uint32_t va, size;
};

static uint64_t map_early(const struct early *e, unsigned form, uint64_t *their_value)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(ours, 0);
	fxm_pa pa = fxm_pa_of(e->pa);

	switch (form) {
	case 0:
		*their_value = kernel->early_ioremap(e->pa, e->size);
		return address(fxm_early_ioremap(cpu, pa, e->size));
	case 1:
		*their_value = kernel->early_memremap(e->pa, e->size);
		return address(fxm_early_memremap(cpu, pa, e->size));
	default:
		*their_value = kernel->early_memremap_ro(e->pa, e->size);
		return address(fxm_early_memremap_ro(cpu, pa, e->size));
	}
}

static void early_step(struct early *maps, unsigned n)
{
	struct early *e = &maps[below(n)];
	uint64_t our_value, their_value = 0;

	our_outcome = their_outcome = (struct outcome){0};
	if (!e->va || below(8) == 0) {
		static const uint32_t sizes[] = {0, 1, 16, 4096, 5000, 0x3f000, 0x3ffff, 0x40000, 0x40001, 0x7fffffff, 0xffffffff};
		*e = (struct early){.pa = below(6) ? below(UINT64_C(0xf0000000)) : UINT64_C(0xfffff000) + below(4096),
				    .size = below(3) ? (uint32_t)below(0x40000) : sizes[below(11)]};
		our_value = map_early(e, (unsigned)below(3), &their_value);
		e->va = (uint32_t)our_value;
		compare_early("mapping", our_value, their_value);
		return;
	}
	struct early wrong = {.va = e->va + (below(6) ? 0 : 1), .size = e->size + (below(6) ? 0 : 1)};
	our_value = (uint64_t)(int64_t)fxm_early_iounmap(fxm_machine_vcpu(ours, 0), fxm_va_of(wrong.va), wrong.size);
	kernel->early_iounmap(wrong.va, wrong.size);
	compare_early("unmapping", our_value, 0);
	if (wrong.va == e->va && wrong.size == e->size)
		e->va = 0;
}

static void early(uint64_t operations)
{
	struct early maps[10] = {{0}};

	current = tasks;
	for (uint64_t i = 0; i < operations; i++, done++) {
		if (i == operations / 2) {
			fxm_early_ioremap_reset(fxm_machine_vcpu(ours, 0));
			kernel->early_reset();
		}
		early_step(maps, 10);
	}
	our_outcome = their_outcome = (struct outcome){0};
	int our_leak = fxm_check_early_ioremap_leak(fxm_machine_vcpu(ours, 0));
	compare_early("leak", (uint64_t)our_leak, (uint64_t)kernel->early_leak());
	fxm_boot_phase_set(ours, FXM_PHASE_RUNNING);
}

/* ---- */

static struct fxm_machine *make_machine(const char *words)
{
	struct fxm_config *cfg;
	struct fxm_machine *m;

	if (fxm_config_create(NULL, &cfg))
		exit(1);
	if (fxm_config_parse(cfg, "profile=x86_32-6.1,window=off,stacks=off,detect=off,phase=early,NR_CPUS=4,cpus=2") ||
	    fxm_config_parse(cfg, words) || fxm_machine_create(cfg, &m)) {
		fprintf(stderr, "%s\n", fxm_config_error(cfg));
		exit(1);
	}
	fxm_config_destroy(cfg);
	return m;
}

static void read_layout(void)
{
	const struct fxm_layout *layout = fxm_machine_layout(ours);
	struct fxm_zone_info zone;

	fxm_get_zone_info(ours, FXM_ZONE_HIGHMEM, &zone);
	high_pfn = zone.start_pfn;
	pkmap_base = (uint32_t)fxm_layout_get(layout, "PKMAP_BASE");
	page_offset = (uint32_t)fxm_layout_get(layout, "PAGE_OFFSET");
	last_pkmap = (unsigned)fxm_layout_get(layout, "LAST_PKMAP");
	km_max_idx = (unsigned)fxm_layout_get(layout, "KM_MAX_IDX");
	increment = km_max_idx == 33 ? 2 : 1;
	kmap_begin = (uint32_t)fxm_fix_to_virt(ours, (uint32_t)fxm_fixed_index(layout, "FIX_KMAP_BEGIN")).v;
	kmap_end = (uint32_t)fxm_fix_to_virt(ours, (uint32_t)fxm_fixed_index(layout, "FIX_KMAP_END")).v;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	uint64_t operations = strtoull(argv[2], NULL, 0);

	seeded = strtoull(argv[3], NULL, 0) * UINT64_C(0x9e3779b97f4a7c15);
	ours = make_machine(argv[4]);
	theirs = make_machine(argv[4]);
	fxm_report_set(ours, on_report, NULL);
	read_layout();
	init_kernel(argv[1]);
	early(operations / 100);
	for (unsigned i = 0; i < TASKS; i++) {
		tasks[i] = (struct task){.cpu = i % CPUS};
		make_fibre(&tasks[i]);
	}
	while (done < operations)
		step();
	compare_everything();
	printf("%" PRIu64 " operations, 0 differences\n", done);
	return 0;
}
