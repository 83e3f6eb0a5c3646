/* SPDX-License-Identifier: MIT */
/*
 * What is no vCPU, no page or no machine is refused, and changes nothing.
 */
#include "ops.h"

#include <errno.h>

#define REFUSED(call) expect(run, #call, (call), -EINVAL)
#define REFUSED_VA(call) expect(run, #call, fxm_va_error(call), -EINVAL)

static void expect(struct ops_run *run, const char *call, int64_t got, int64_t wanted)
{
	if (got != wanted)
		ops_differ(run, "%s: %lld, not %lld", call, (long long)got, (long long)wanted);
}

static void no_cpu(struct ops_run *run, struct fxm_page *page)
{
	fxm_va va = fxm_va_of(run->model->c.pkmap_base);
	fxm_pa pa = fxm_pa_of(0);
	struct fxm_page *out;

	REFUSED_VA(fxm_kmap(NULL, page));
	REFUSED(fxm_kunmap(NULL, page));
	REFUSED_VA(fxm_kmap_high(NULL, page));
	REFUSED(fxm_kunmap_high(NULL, page));
	REFUSED_VA(fxm_map_new_virtual(NULL, page));
	REFUSED(fxm_flush_all_zero_pkmaps(NULL));
	REFUSED(fxm_kmap_flush_unused(NULL));
	REFUSED_VA(fxm_page_address(NULL, page));
	REFUSED(fxm_set_page_address(NULL, page, va));
	REFUSED(fxm_page_slot(NULL, page));
	REFUSED(fxm_kmap_to_page(NULL, va, &out));
	REFUSED_VA(fxm_kmap_atomic_prot(NULL, page, fxm_pte_of(1)));
	REFUSED_VA(fxm_kmap_atomic_pfn(NULL, 1));
	REFUSED_VA(fxm_kmap_atomic_type(NULL, page, 0));
	REFUSED_VA(fxm_kmap_atomic_pfn_type(NULL, 1, 0));
	REFUSED(fxm_kunmap_atomic_type(NULL, va, 0));
	REFUSED(fxm_kmap_atomic_to_page(NULL, va, &out));
	REFUSED(fxm_kmap_atomic_idx_push(NULL));
	REFUSED(fxm_kmap_atomic_idx(NULL));
	REFUSED(fxm_kmap_atomic_idx_pop(NULL));
	REFUSED(fxm_set_fixmap(NULL, 1, pa));
	REFUSED(fxm_set_fixmap_nocache(NULL, 1, pa));
	REFUSED(fxm_set_fixmap_io(NULL, 1, pa));
	REFUSED_VA(fxm_set_fixmap_offset(NULL, 1, pa));
	REFUSED_VA(fxm_set_fixmap_offset_nocache(NULL, 1, pa));
	REFUSED_VA(fxm_set_fixmap_offset_io(NULL, 1, pa));
	REFUSED(fxm_reserve_top_address(NULL, 0));
	fxm_set_fixmap_prot(NULL, 1, pa, fxm_pte_of(1));
	fxm_clear_fixmap(NULL, 1);
	fxm_might_sleep(NULL, "nowhere");
	fxm_trace_peek(NULL, va);
}

static void no_page(struct ops_run *run, struct fxm_vcpu *cpu)
{
	struct fxm_page *wild[] = {NULL, (struct fxm_page *)((char *)fxm_page_of_pfn(run->m, 1) + 4), (struct fxm_page *)run};

	for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		REFUSED_VA(fxm_kmap(cpu, wild[i]));
		REFUSED(fxm_kunmap(cpu, wild[i]));
		REFUSED_VA(fxm_kmap_high(cpu, wild[i]));
		REFUSED(fxm_kunmap_high(cpu, wild[i]));
		REFUSED_VA(fxm_map_new_virtual(cpu, wild[i]));
		REFUSED_VA(fxm_page_address(cpu, wild[i]));
		REFUSED(fxm_set_page_address(cpu, wild[i], fxm_va_of(0)));
		REFUSED(fxm_page_slot(cpu, wild[i]));
		REFUSED(fxm_trace_name_page(run->m, wild[i], "P1"));
		if (run->model->c.typed) {
			REFUSED_VA(fxm_kmap_atomic_type(cpu, wild[i], 0));
		} else {
			REFUSED_VA(fxm_kmap_atomic(cpu, wild[i]));
			REFUSED_VA(fxm_kmap_atomic_prot(cpu, wild[i], fxm_pte_of(1)));
		}
	}
}

static void no_machine(struct ops_run *run)
{
	struct fxm_pkmap pool;

	REFUSED_VA(fxm_fix_to_virt_unchecked(NULL, 1));
	REFUSED_VA(fxm_fix_to_virt(NULL, 1));
	REFUSED(fxm_page_address_init(NULL));
	REFUSED(fxm_pkmap_count(NULL, 0, NULL));
	REFUSED(fxm_policy_set(NULL, FXM_REPORT_WARN, FXM_POLICY_WARN));
	REFUSED(fxm_machine_create(NULL, &run->m));
	REFUSED(fxm_inject(NULL, "alloc", FXM_INJECT_FAIL, 1, 0));
	REFUSED(fxm_inject_clear(NULL));
	REFUSED(fxm_inject_handler_set(NULL, FXM_CONTEXT_NMI, NULL, NULL));
	fxm_report_set(NULL, NULL, NULL);
	fxm_get_pkmap(NULL, &pool);
	expect(run, "fxm_report_count", (int64_t)fxm_report_count(NULL, FXM_REPORT_WARN), 0);
	expect(run, "fxm_report_leaks", fxm_report_leaks(NULL), 0);
	expect(run, "fxm_machine_profile", fxm_machine_profile(NULL) != NULL, 0);
	expect(run, "fxm_machine_layout", fxm_machine_layout(NULL) != NULL, 0);
	expect(run, "fxm_machine_destroy", fxm_machine_destroy(NULL), 0);
}

/* The value is one that cannot be. */
static void no_such_thing(struct ops_run *run, struct fxm_vcpu *cpu, struct fxm_page *page)
{
	REFUSED(fxm_policy_set(run->m, (enum fxm_report_kind)99, FXM_POLICY_WARN));
	REFUSED(fxm_policy_set(run->m, FXM_REPORT_WARN, (enum fxm_policy)99));
	REFUSED(fxm_set_page_address(cpu, page, fxm_va_of(run->model->c.page_offset)));
	REFUSED(fxm_kmap_to_page(cpu, fxm_va_of(0), NULL));
	expect(run, "fxm_pkmap_count", fxm_pkmap_count(run->m, run->model->last_pkmap, NULL), -ENOENT);
	expect(run, "fxm_since", fxm_since("no such function") != NULL, 0);
	expect(run, "fxm_since", fxm_since("kmap_atomic_pfn") == NULL, 0);
	expect(run, "fxm_page_slot", fxm_page_slot(cpu, page) >> 7, 0);
	if (run->model->c.typed)
		return;
	expect(run, "fxm_kmap_atomic_type", fxm_va_error(fxm_kmap_atomic_type(cpu, page, 0)), -ENOSYS);
	expect(run, "fxm_find_kmap_atomic_pfn", fxm_find_kmap_atomic_pfn(cpu, fxm_va_of(0), &(uint64_t){0}), -ENOSYS);
}

void ops_bad_arguments(struct ops_run *run)
{
	struct fxm_vcpu *cpu = fxm_machine_vcpu(run->m, 0);
	struct fxm_page *page = fxm_page_of_pfn(run->m, run->model->c.highmem_pfn);

	no_cpu(run, page);
	no_page(run, cpu);
	no_machine(run);
	no_such_thing(run, cpu, page);
}
