/* SPDX-License-Identifier: MIT */
/*
 * What must hold of each room's state is noticed when it does not: one field is changed by hand, and the room's *_is_valid() names
 * it. Before and after, everything is valid.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"
#include "layout_symbols.h"
#include "machine.h"
#include "report.h"
#include "state.h"
#include "tier.h"
#include "trace.h"
#include "writer.h"

/* @valid is false while @field is @wrong, because of an expression that has @what in it. */
#define CAUGHT(valid, field, wrong, what)                                                                                          \
	do {                                                                                                                       \
		__typeof__(field) was_ = (field);                                                                                  \
		assert_true(valid);                                                                                                \
		(field) = (wrong);                                                                                                 \
		assert_false(valid);                                                                                               \
		if (!strstr(fxmi_broken_invariant(), what))                                                                        \
			fail_msg("%s was changed, and \"%s\" was found", #field, fxmi_broken_invariant());                         \
		(field) = was_;                                                                                                    \
		assert_true(valid);                                                                                                \
	} while (0)

static struct fxmi_kernel *inside(const struct kernel *k)
{
	return fxmi_kernel(k->m);
}

static struct fxmi_setting *setting(struct fxm_layout *l, const char *name)
{
	return fxmi_settings_find(&l->settings, name, strlen(name));
}

static void test_profile(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	struct fxm_layout *l = inside(k)->layout;
	struct fxmi_symbol *base = (struct fxmi_symbol *)fxmi_symbol_find(l, "PKMAP_BASE");

	(void)state;
	CAUGHT(fxmi_layout_is_valid(l), setting(l, "pae")->value, 2, "value <= 1");
	CAUGHT(fxmi_layout_is_valid(l), setting(l, "cpus")->value, 1, "number");
	CAUGHT(fxmi_layout_is_valid(l), setting(l, "policy")->value, 7, "nr_words");
	CAUGHT(fxmi_layout_is_valid(l), base->value, 0xff000000, "value");
	CAUGHT(fxmi_layout_is_valid(l), base->state, FXMI_SYMBOL_BUSY, "state");
	CAUGHT(fxmi_layout_is_valid(l), base->name, "PKMAP_BASIS", "find");
	CAUGHT(fxmi_layout_is_valid(l), l->list[FXMI_LIST_PROT][1], l->list[FXMI_LIST_PROT][0], "number >");
	CAUGHT(fxmi_layout_is_valid(l), l->region[0].size_bytes, 0, "size_bytes");
	CAUGHT(fxmi_layout_is_valid(l), l->region[1].start.v, 0, "start");
	kernel_free(k);
}

static void no_line(const char *line, void *arg)
{
	(void)line;
	(void)arg;
}

static void test_trace(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1");
	struct fxmi_kernel *in = inside(k);
	struct fxmi_trace *t = in->trace;
	struct fxmi_op op = {.name = NULL};

	(void)state;
	assert_int_equal(fxm_trace_start(k->m, no_line, NULL), 0);
	fxm_kunmap_atomic(k->cpu, fxm_kmap_atomic(k->cpu, fxm_page_of_pfn(k->m, in->m->mem.highmem_pfn)));
	assert_int_equal(t->used, 1);
	CAUGHT(fxmi_trace_is_valid(in), t->used, 2, "used");
	CAUGHT(fxmi_trace_is_valid(in), t->next_p, 0, "number");
	CAUGHT(fxmi_trace_is_valid(in), t->capacity, 1000, "capacity");
	CAUGHT(fxmi_trace_is_valid(in), fxmi_percpu(k->cpu)->op, &op, "op->name");
	fxm_trace_stop(k->m, NULL);
	CAUGHT(fxmi_trace_is_valid(in), t->header, true, "header");
	kernel_free(k);
}

static void test_report(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1,detect=on,stacks=full");
	struct fxmi_kernel *in = inside(k);

	(void)state;
	fxm_warn(k->cpu, "test.c:1", "a warning");
	CAUGHT(fxmi_report_is_valid(in), in->policy[FXM_REPORT_BUG], (enum fxm_policy)3, "policy");
	CAUGHT(fxmi_report_is_valid(in), in->failure.reports, 1, "f->fail");
	CAUGHT(fxmi_report_is_valid(in), in->record_sites, false, "record_sites");
	CAUGHT(fxmi_report_is_valid(in), in->full_stacks, false, "full_stacks");
	kernel_free(k);
}

static void test_machine(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1,NR_CPUS=2,cpus=2");
	struct fxmi_kernel *in = inside(k);
	struct fxmi_percpu *pc = fxmi_percpu(fxm_machine_vcpu(k->m, 1));

	(void)state;
	CAUGHT(fxmi_kernel_is_valid(in), in->nr_fixed, in->nr_fixed + 1, "nr_fixed");
	CAUGHT(fxmi_kernel_is_valid(in), in->km_type_nr, 0, "km_type_nr");
	CAUGHT(fxmi_kernel_is_valid(in), in->pkmap.last_pkmap, 1000, "last_pkmap");
	CAUGHT(fxmi_kernel_is_valid(in), in->version, 0, "version");
	CAUGHT(fxmi_kernel_is_valid(in), pc->kmap_va, pc->kmap_va - FXM_PAGE_SIZE, "kmap_va");
	CAUGHT(fxmi_kernel_is_valid(in), pc->kmap_pte, pc->kmap_pte - in->pte_bytes, "kmap_pte");
	CAUGHT(fxmi_kernel_is_valid(in), pc->kernel, NULL, "kernel");
	CAUGHT(fxmi_kernel_is_valid(in), pc->fast_levels, in->km_type_nr + 1, "fast_levels");
	kernel_free(k);
}

static void test_tier(void **state)
{
	struct kernel *k = kernel_new("profile=x86_32-6.1,window=strict,identity=0");
	struct fxmi_kernel *in = inside(k);
	struct fxmi_tier *tier = fxmi_tier(in);
	const struct fxm_held page = {.kind = FXM_HELD_PAGES, .pfn = 77};

	(void)state;
	fxmi_held_add(tier, &page, 0);
	CAUGHT(fxmi_kernel_is_valid(in), tier->held_used, 2, "held_used");
	CAUGHT(fxmi_kernel_is_valid(in), tier->next_seq, 0, "next_seq");
	CAUGHT(fxmi_kernel_is_valid(in), tier->used, FXMI_LOG_LINE_MAX, "has_room");
	CAUGHT(fxmi_kernel_is_valid(in), tier->k, NULL, "tier->k");
	fxmi_held_remove(tier, FXM_HELD_PAGES, 77);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_profile), cmocka_unit_test(test_trace), cmocka_unit_test(test_report),
	    cmocka_unit_test(test_machine), cmocka_unit_test(test_tier),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
