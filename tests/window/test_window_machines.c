/* SPDX-License-Identifier: MIT */
/*
 * Windows of several machines: identity addresses and relocated ones, moved by reserve_top_address(), without highmem, after
 * fork.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_machine.h"

static volatile uint64_t *pointer(struct kernel *k, fxm_va va)
{
	volatile uint64_t *p = fxm_host(k->m, va);

	assert_non_null((void *)(uintptr_t)p);
	return p;
}

static void call_store(struct call *c)
{
	*(volatile uint64_t *)(uintptr_t)c->n = c->result;
}

/* A machine at identity addresses, or NULL where the host has no room for one (AddressSanitizer's shadow lies there). */
static struct kernel *identity_machine(const char *words)
{
	struct fxm_config *cfg = config_of(words);
	struct fxm_machine *m = NULL;
	int error;

	assert_int_equal(fxm_config_set(cfg, "identity", "1"), 0);
	error = fxm_machine_create(cfg, &m);
	if (error) {
		assert_int_equal(error, -EBUSY);
		assert_null(m);
		assert_true(strlen(fxm_config_error(cfg)) > 20);
		fxm_config_destroy(cfg);
		return NULL;
	}
	fxm_config_destroy(cfg);
	assert_true(fxm_window_is_identity(m));
	struct kernel *k = calloc(1, sizeof(*k));
	k->m = m;
	k->cpu = fxm_machine_vcpu(m, 0);
	k->layout = fxm_machine_layout(m);
	fxm_report_set(m, record_report, &k->record);
	return k;
}

static void code_that_casts_to_u32(void **state)
{
	(void)state;
	struct kernel *k = identity_machine("profile=x86_32-5.10,window=strict");
	bool relocated = !k;

	if (relocated)
		k = kernel_new("profile=x86_32-5.10,window=strict");
	assert_int_equal(fxm_attach(k->m, 0), 0);
	struct fxm_page *page = high_page(k);
	fxm_va va = fxm_kmap(k->cpu, page);
	volatile uint64_t *p = pointer(k, va);
	uint32_t as_u32 = (uint32_t)(uintptr_t)p;
	char text[16];

	snprintf(text, sizeof(text), "%08lx", (unsigned long)as_u32);
	assert_int_equal(strtoul(text, NULL, 16), va.v);
	struct call c = {.cpu = k->cpu, .n = as_u32, .result = 99, .fn = call_store};
	if (relocated) {
		assert_ptr_not_equal((void *)(uintptr_t)p, (void *)(uintptr_t)as_u32);
		assert_int_equal(task_run(&c), -ECANCELED);
		assert_non_null(strstr(k->record.last.message, "truncated to 32 bits"));
	} else {
		assert_ptr_equal((void *)(uintptr_t)p, (void *)(uintptr_t)as_u32);
		assert_int_equal(task_run(&c), 0);
		assert_int_equal(mark_of(k, page), 99);
		assert_no_reports(k);
	}
	assert_int_equal(fxm_detach(), 0);
	kernel_free(k);
}

static void identity_addresses_have_one_owner(void **state)
{
	(void)state;
	struct kernel *first = identity_machine("profile=x86_32-5.10,window=strict");

	if (!first)
		return; /* no room, and it was said so */
	assert_null(identity_machine("profile=i386-2.6.12,window=retain"));
	struct kernel *second = kernel_new("profile=i386-2.6.12,window=retain");
	assert_false(fxm_window_is_identity(second->m));
	kernel_free(second);
	kernel_free(first);
	first = identity_machine("profile=i386-2.6.12,window=retain");
	assert_non_null(first);
	kernel_free(first);
}

static void machines_do_not_meet(void **state)
{
	(void)state;
	struct kernel *k[4];
	struct fxm_page *page[4];
	volatile uint64_t *p[4];
	fxm_va va = {0};

	for (unsigned i = 0; i < 4; i++) {
		k[i] = kernel_new(i % 2 ? "profile=x86_32-5.10,window=strict" : "profile=x86_32-5.10,window=retain");
		assert_int_equal(fxm_alloc_pfn(k[i]->m, 0x50000, &page[i]), 0);
		va = fxm_kmap(k[i]->cpu, page[i]);
		p[i] = pointer(k[i], va);
		assert_va(fxm_va_of_host(k[i]->m, (const void *)(uintptr_t)p[i]), va.v);
	}
	/* Attached to none of them the access counts as one of its vCPU 0. */
	for (unsigned i = 0; i < 4; i++) {
		fxm_window_rearm();
		*p[i] = 100 + i;
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(mark_of(k[i], page[i]), 100 + i);
		assert_va(fxm_va_of_host(k[i]->m, (const void *)(uintptr_t)p[(i + 1) % 4]), (uintptr_t)p[(i + 1) % 4]);
	}
	kernel_free(k[1]);
	assert_int_equal(*p[2], 102);
	kernel_free(k[0]);
	kernel_free(k[3]);
	assert_int_equal(*p[2], 102);
	kernel_free(k[2]);
}

static void reserve_top_address_moves_the_window(void **state)
{
	(void)state;
	static const char *const modes[] = {"profile=x86_32-4.15,window=strict", "profile=x86_32-4.15,pae=1,window=retain",
					    "profile=x86_32-4.15,window=eager"};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct kernel *k = kernel_new(modes[i]);
		struct fxm_page *page = high_page(k);

		assert_int_equal(fxm_attach(k->m, 0), 0);
		fxm_va old = fxm_va_of(layout_value(k, "PKMAP_BASE") + FXM_PAGE_SIZE);
		assert_va(fxm_kmap(k->cpu, page), old.v);
		*pointer(k, old) = 60; /* resident */
		fxm_kunmap(k->cpu, page);
		void *old_host = fxm_host(k->m, old);
		assert_int_equal(fxm_reserve_top_address(k->cpu, 0x4000000), 0);
		k->layout = fxm_machine_layout(k->m);
		assert_null(fxm_host(k->m, old));

		mark_page(k, page, 61);
		page = high_page(k);
		mark_page(k, page, 61);
		fxm_va va = fxm_kmap(k->cpu, page);
		assert_true(va.v < old.v);
		assert_int_equal(*pointer(k, va), 61);
		assert_int_equal((uintptr_t)old_host - (uintptr_t)pointer(k, va), old.v - va.v);
		fxm_va atomic = fxm_kmap_atomic(k->cpu, page);
		*pointer(k, atomic) = 62;
		fxm_kunmap_atomic(k->cpu, atomic);
		fxm_set_fixmap(k->cpu, 0, fxm_page_phys(k->m, page));
		assert_va(fxm_fix_to_virt_unchecked(k->m, 0), 0xfbfff000);
		assert_int_equal(*pointer(k, fxm_va_of(0xfbfff000)), 62);

		/* Where things were, nothing is. */
		struct call c = {.cpu = k->cpu, .n = (uintptr_t)old_host, .fn = call_store};
		assert_int_equal(task_run(&c), -ECANCELED);
		assert_int_equal(k->record.kinds[FXM_REPORT_OOPS], 1);
		assert_va(k->record.last.address, old.v);
		assert_int_equal(fxm_detach(), 0);
		kernel_free(k);
	}
}

static void without_highmem_the_direct_map_is_all(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,HIGHMEM=0,window=strict");
	struct fxm_page *page = low_page(k);

	assert_int_equal(fxm_attach(k->m, 0), 0);
	*pointer(k, fxm_kmap(k->cpu, page)) = 5;
	fxm_kunmap(k->cpu, page);
	fxm_va va = fxm_kmap_atomic(k->cpu, page);
	assert_int_equal(*pointer(k, va), 5);
	fxm_kunmap_atomic(k->cpu, va);
	fxm_set_fixmap(k->cpu, 2, fxm_page_phys(k->m, page));
	*pointer(k, fxm_fix_to_virt(k->m, 2)) = 6;
	assert_int_equal(mark_of(k, page), 6);
	assert_no_reports(k);
	assert_int_equal(fxm_detach(), 0);
	kernel_free(k);
}

/* Retain: the same frame in the same slot again costs neither a fault nor a system call. */
static void retain_is_free_for_the_same_frame(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-5.10,window=retain");
	struct fxm_page *page = high_page(k);
	struct fxm_window_stats before, after;

	assert_int_equal(fxm_attach(k->m, 0), 0);
	fxm_va va = fxm_kmap_atomic(k->cpu, page);
	*pointer(k, va) = 0;
	fxm_kunmap_atomic(k->cpu, va);
	fxm_get_window_stats(k->m, &before);
	for (unsigned i = 0; i < 100; i++) {
		va = fxm_kmap_atomic(k->cpu, page);
		++*pointer(k, va);
		fxm_kunmap_atomic(k->cpu, va);
	}
	fxm_get_window_stats(k->m, &after);
	assert_int_equal(mark_of(k, page), 100);
	assert_int_equal(after.faults, before.faults);
	assert_int_equal(after.system_calls, before.system_calls);
	assert_int_equal(after.resident, before.resident);
	assert_int_equal(fxm_detach(), 0);
	kernel_free(k);
}

/* Flushing a full pool takes every used page away, in few calls. */
static void a_flush_empties_the_window(void **state)
{
	(void)state;
	struct kernel *k = kernel_new("profile=x86_32-4.15,window=strict");
	struct fxm_page *page[64];
	struct fxm_window_stats before, after;

	assert_int_equal(fxm_attach(k->m, 0), 0);
	for (unsigned i = 0; i < 64; i++) {
		page[i] = high_page(k);
		fxm_va va = fxm_kmap(k->cpu, page[i]);
		fxm_kunmap(k->cpu, page[i]);
		*pointer(k, va) = i; /* used while idle: resident until the flush */
	}
	fxm_get_window_stats(k->m, &before);
	assert_int_equal(before.resident, 64);
	assert_int_equal(fxm_flush_all_zero_pkmaps(k->cpu), 64);
	fxm_get_window_stats(k->m, &after);
	assert_int_equal(after.resident, 0);
	assert_int_equal(after.system_calls, before.system_calls + 1);
	assert_int_equal(fxm_detach(), 0);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(code_that_casts_to_u32),
	    cmocka_unit_test(identity_addresses_have_one_owner),
	    cmocka_unit_test(machines_do_not_meet),
	    cmocka_unit_test(reserve_top_address_moves_the_window),
	    cmocka_unit_test(without_highmem_the_direct_map_is_all),
	    cmocka_unit_test(retain_is_free_for_the_same_frame),
	    cmocka_unit_test(a_flush_empties_the_window),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
