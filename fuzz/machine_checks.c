/* SPDX-License-Identifier: MIT */
/*
 * Every call once, on whatever machine a config makes: what was written is read back, what was cleared is clear, every mistake has
 * a text, and afterwards the machine can be shown and destroyed.
 */
#include "config_checks.h"
#include "machine_checks.h"
#include "whole.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define check(e) ((e) ? (void)0 : config_checks_fail(#e, __LINE__))

struct user {
	struct fxm_machine *m;
	struct fxm_vcpu *cpu;
	struct fxm_page *page, *other;
	int (*call)(const struct user *u);
};

/* Writes a word at @va and reads it back; @va may be an error. */
static int try_mapping(const struct user *u, fxm_va va)
{
	uint64_t word = 0;
	int error = fxm_va_error(va);

	if (error)
		return error;
	if (fxm_write_u64(u->cpu, va, 42) || fxm_read_u64(u->cpu, va, &word))
		return 0;
	check(word == 42);
	return 0;
}

static int use_kmap(const struct user *u)
{
	int error = try_mapping(u, fxm_kmap(u->cpu, u->page));
	return error ? error : fxm_kunmap(u->cpu, u->page);
}

static int use_kmap_atomic(const struct user *u)
{
	fxm_va va = fxm_kmap_atomic(u->cpu, u->page);
	int error = try_mapping(u, va);
	return error ? error : fxm_kunmap_atomic(u->cpu, va);
}

static int use_kmap_atomic_type(const struct user *u)
{
	fxm_va va = fxm_kmap_atomic_type(u->cpu, u->page, 2);
	int error = try_mapping(u, va);
	return error ? error : fxm_kunmap_atomic_type(u->cpu, va, 2);
}

static int use_kmap_local(const struct user *u)
{
	fxm_va va = fxm_kmap_local_page(u->cpu, u->page);
	int error = try_mapping(u, va);
	return error ? error : fxm_kunmap_local(u->cpu, va);
}

static int use_clear(const struct user *u)
{
	return fxm_clear_highpage(u->cpu, u->page) | fxm_clear_user_highpage(u->cpu, u->other, 0x1000);
}

static int use_copy(const struct user *u)
{
	int error = fxm_copy_highpage(u->cpu, u->other, u->page) | fxm_copy_user_highpage(u->cpu, u->page, u->other, 0x1000);
	check(error || fxm_page_sum(u->m, u->page) == fxm_page_sum(u->m, u->other));
	return error;
}

static int use_zero(const struct user *u)
{
	int error = fxm_zero_user_segments(u->cpu, u->page, 0, 16, 32, 4096);
	if (error)
		return fxm_memclear_highpage_flush(u->cpu, u->page, 8, 24);
	return fxm_zero_user_segment(u->cpu, u->page, 8, 12) | fxm_zero_user(u->cpu, u->page, 0, 4096);
}

static int use_folio(const struct user *u)
{
	return fxm_folio_zero_segments(u->cpu, u->page, 0, 16, 32, 48) | fxm_folio_zero_segment(u->cpu, u->page, 0, 16) |
	       fxm_folio_zero_range(u->cpu, u->page, 4000, 96);
}

static int use_parts(const struct user *u)
{
	unsigned char mine[16] = {1, 2, 3}, back[16];
	int error = fxm_memcpy_to_page(u->cpu, u->page, 100, mine, sizeof(mine));

	if (error)
		return error;
	error = fxm_memcpy_page(u->cpu, u->other, 200, u->page, 100, 16) | fxm_memcpy_from_page(u->cpu, back, u->other, 200, 16);
	check(error || !memcmp(mine, back, sizeof(mine)));
	return error | fxm_memset_page(u->cpu, u->page, 0, 7, 4096) | fxm_memzero_page(u->cpu, u->page, 4000, 96);
}

static int use_past_the_page(const struct user *u)
{
	return fxm_zero_user(u->cpu, u->page, 4000, 4000) | fxm_memset_page(u->cpu, u->page, 4090, 7, 16);
}

static int use_early(const struct user *u)
{
	fxm_va va = fxm_early_ioremap(u->cpu, fxm_pa_of(0xfee00ffc), 8);
	return fxm_va_error(va) ? fxm_va_error(va) : fxm_early_iounmap(u->cpu, va, 8);
}

static int use_early_memory(const struct user *u)
{
	unsigned char copy[64];
	fxm_va va = fxm_early_memremap(u->cpu, fxm_pa_of(0x100ff0), 64);
	int error = try_mapping(u, va);

	if (!error)
		error = fxm_early_memunmap(u->cpu, va, 64);
	return error | fxm_copy_from_early_mem(u->cpu, copy, fxm_pa_of(0x100ff0), 64);
}

static int use_early_wrongly(const struct user *u)
{
	fxm_early_ioremap(u->cpu, fxm_pa_of(0x1000), 0);
	fxm_early_ioremap(u->cpu, fxm_pa_of(0x1000), 1 << 20);
	fxm_va va = fxm_early_ioremap(u->cpu, fxm_pa_of(0x1000), 16);
	fxm_early_iounmap(u->cpu, va, 32);
	return fxm_early_iounmap(u->cpu, fxm_va_of(12), 16);
}

static int use_early_and_leak(const struct user *u)
{
	for (int i = 0; i < 10; i++)
		fxm_early_ioremap(u->cpu, fxm_pa_of(0x1000), 16);
	return fxm_check_early_ioremap_leak(u->cpu);
}

static int use_bt(const struct user *u)
{
	fxm_va va = fxm_bt_ioremap(u->cpu, fxm_pa_of(0x100ffc), 8);
	return fxm_va_error(va) ? fxm_va_error(va) : fxm_bt_iounmap(u->cpu, va, 8);
}

/* A blob that goes on beyond its block, and what is none. */
static int use_device_tree(const struct user *u)
{
	static const unsigned char header[] = {0xd0, 0x0d, 0xfe, 0xed, 0, 0x18, 0, 0};
	const uint64_t pa = 0x701000;
	unsigned char *blob = fxm_frame(u->m, pa >> FXM_PAGE_SHIFT), magic = 0;

	fxm_fixmap_remap_fdt(u->cpu, fxm_pa_of(pa + 4));
	fxm_fixmap_remap_fdt(u->cpu, fxm_pa_of(pa));
	if (blob)
		memcpy(blob, header, sizeof(header));
	fxm_va va = fxm_fixmap_remap_fdt(u->cpu, fxm_pa_of(pa));
	int error = fxm_va_error(va);
	if (error || !va.v)
		return error;
	check(!fxm_read(u->cpu, va, &magic, 1) && magic == 0xd0);
	return 0;
}

static int use_tables(const struct user *u)
{
	fxm_pa table = {0x100048};
	int error = try_mapping(u, fxm_pte_set_fixmap(u->cpu, table));

	try_mapping(u, fxm_pmd_set_fixmap(u->cpu, table));
	try_mapping(u, fxm_pud_set_fixmap(u->cpu, table));
	try_mapping(u, fxm_pgd_set_fixmap(u->cpu, table));
	fxm_pmd_clear_fixmap(u->cpu);
	fxm_pud_clear_fixmap(u->cpu);
	fxm_pgd_clear_fixmap(u->cpu);
	return error ? error : fxm_pte_clear_fixmap(u->cpu);
}

static int use_early_set_up(const struct user *u)
{
	fxm_early_ioremap_init(u->cpu);
	fxm_early_fixmap_init(u->cpu);
	return fxm_early_fixmap_shutdown(u->cpu);
}

static int use_fixmap(const struct user *u)
{
	const struct fxm_layout *layout = fxm_machine_layout(u->m);
	int index = fxm_fixed_index(layout, "FIX_EARLYCON_MEM_BASE");

	if (index < 0)
		return -ENOSYS;
	int error = fxm_set_fixmap(u->cpu, (uint32_t)index, fxm_pa_of(0x100000));
	fxm_clear_fixmap(u->cpu, (uint32_t)index);
	return error;
}

/* What goes wrong at @va, and how the kernel tells it. */
static int fault(const struct user *u, fxm_va va, bool write)
{
	struct fxm_fault fault;
	uint64_t word = 0;

	if (!(write ? fxm_write_u64(u->cpu, va, 1) : fxm_read_u64(u->cpu, va, &word)))
		return 0;
	fxm_get_last_fault(u->cpu, &fault);
	fxm_oops(u->cpu, &fault);
	return 0;
}

static int use_null(const struct user *u)
{
	return fault(u, fxm_va_of(8), true);
}

static int use_hole(const struct user *u)
{
	return fault(u, fxm_va_of(fxm_layout_get(fxm_machine_layout(u->m), "FIXADDR_TOP") - 0x100), false);
}

static int use_bug(const struct user *u)
{
	fxm_warn(u->cpu, "fuzz.c:1", "the fuzzer's");
	fxm_preempt_disable(u->cpu);
	fxm_might_sleep(u->cpu, "fuzz.c:2");
	fxm_preempt_enable(u->cpu);
	fxm_bug(u->cpu, "fuzz.c:3");
	return 0;
}

static int run_one(void *arg)
{
	const struct user *u = arg;
	return u->call(u);
}

static void run_all(struct user *u, int (*const calls[])(const struct user *), size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u->call = calls[i];
		fxm_task_run(u->cpu, run_one, u, NULL);
		check_whole(u->m);
	}
}

static void on_report(const struct fxm_report *report, void *arg)
{
	(void)arg;
	check(report->text && *report->text);
}

static void show(struct fxm_machine *m, FILE *out)
{
	static const char *const files[] = {"meminfo", "buddyinfo", "zoneinfo", "nothing"};

	fxm_ptdump(m, out);
	fxm_ptdump_check_wx(m, out);
	fxm_print_boot_log(m, out);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fxm_print_proc(m, files[i], out);
}

static void use_machine(struct fxm_machine *m, FILE *out)
{
	static int (*const early[])(const struct user *) = {
	    use_early_set_up,	use_bt,	    use_early,	    use_early_memory, use_early_wrongly,
	    use_early_and_leak, use_tables, use_device_tree};
	static int (*const running[])(const struct user *) = {
	    use_kmap,  use_kmap_atomic, use_kmap_atomic_type, use_kmap_local, use_clear,	 use_copy, use_zero,
	    use_folio, use_parts,	use_fixmap,	      use_bug,	      use_past_the_page, use_null, use_hole};
	const struct fxm_layout *layout = fxm_machine_layout(m);
	uint64_t last = fxm_layout_get(layout, "max_pfn") - 1;
	struct user u = {
	    .m = m, .cpu = fxm_machine_vcpu(m, 0), .page = fxm_page_of_pfn(m, last), .other = fxm_page_of_pfn(m, last - 1)};

	fxm_report_set(m, on_report, NULL);
	for (int kind = 0; kind <= FXM_REPORT_FINDING; kind++)
		check(!fxm_policy_set(m, (enum fxm_report_kind)kind, FXM_POLICY_RECORD));
	run_all(&u, early, sizeof(early) / sizeof(early[0]));
	for (int phase = 0; phase <= FXM_PHASE_RUNNING; phase++)
		fxm_boot_phase_set(m, (enum fxm_boot_phase)phase);
	show(m, out);
	run_all(&u, running, sizeof(running) / sizeof(running[0]));
	show(m, out);
}

void machine_checks(struct fxm_config *cfg)
{
	static const char *const phases[] = {"phase=early", "phase=running"};

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		struct fxm_machine *m;
		FILE *out = fopen("/dev/null", "w");
		if (!out)
			return;
		if (!fxm_config_parse(cfg, "window=off stacks=off trace=") && !fxm_config_parse(cfg, phases[i]) &&
		    !fxm_machine_create(cfg, &m)) {
			use_machine(m, out);
			check(!fxm_machine_destroy(m));
		}
		fclose(out);
	}
}
