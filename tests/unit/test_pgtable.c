/* SPDX-License-Identifier: MIT */

/*
 * Page tables: walks over tables laid by hand, in both i386 formats and in one that only exists here; permissions; the bits
 * that an access sets; building.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim_machine.h"

#define P UINT64_C(0x001)
#define RW UINT64_C(0x002)
#define US UINT64_C(0x004)
#define A UINT64_C(0x020)
#define D UINT64_C(0x040)
#define PSE UINT64_C(0x080)
#define G UINT64_C(0x100)
#define NX (UINT64_C(1) << 63)
#define TABLE UINT64_C(0x067)

/* Frames that the tables and pages laid by hand use; all highmem, so that nothing else does. */
enum { TABLE_A = 0x3000, TABLE_B = 0x3001, PAGE = 0x3100 };

static struct fxm_machine *with(const struct fxmi_pt_format *format)
{
	return sim_machine_sized(format, SIM_RAM_END, 1);
}

static void put32(struct fxm_machine *m, uint64_t pfn, unsigned index, uint64_t entry)
{
	((uint32_t *)fxm_frame(m, pfn))[index] = (uint32_t)entry;
}

static uint64_t get32(struct fxm_machine *m, uint64_t pfn, unsigned index)
{
	return ((uint32_t *)fxm_frame(m, pfn))[index];
}

static void put64(struct fxm_machine *m, uint64_t pfn, unsigned index, uint64_t entry)
{
	((uint64_t *)fxm_frame(m, pfn))[index] = entry;
}

static uint64_t get64(struct fxm_machine *m, uint64_t pfn, unsigned index)
{
	return ((uint64_t *)fxm_frame(m, pfn))[index];
}

/* ---- walks over tables laid by hand ---------------------------------------------------------------------------------- */

static void test_walk_i386(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&fxmi_pt_i386);
	struct fxm_walk w;

	put32(m, m->root_pfn, 0x3fe, sim_entry(TABLE_A, TABLE));
	put32(m, TABLE_A, 0x123, sim_entry(PAGE, P | RW | A | D | G));
	fxm_walk(m, fxm_va_of(0xff923456), &w);
	assert_int_equal(w.levels, 2);
	assert_string_equal(w.level[0].name, "pgd");
	assert_int_equal(w.level[0].entry_at.v, (m->root_pfn << 12) + 0x3fe * 4);
	assert_int_equal(w.level[0].entry.v, sim_entry(TABLE_A, TABLE));
	assert_true(w.level[0].present);
	assert_false(w.level[0].leaf);
	assert_string_equal(w.level[1].name, "pte");
	assert_int_equal(w.level[1].entry_at.v, (TABLE_A << 12) + 0x123 * 4);
	assert_true(w.level[1].leaf);
	assert_true(w.mapped);
	assert_int_equal(w.pa.v, (PAGE << 12) + 0x456);
	assert_int_equal(w.size_bytes, 4096);
	assert_true(w.writable);
	assert_true(w.executable);
	assert_true(w.global);
	assert_false(w.user);
	assert_int_equal(fxm_pte_at(m, fxm_va_of(0xff923456)).v, sim_entry(PAGE, P | RW | A | D | G));
	assert_ptr_equal(fxmi_pte_ptr(m, 0xff923000), (uint32_t *)fxm_frame(m, TABLE_A) + 0x123);
	sim_machine_free(m);
}

static void test_walk_pae(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&fxmi_pt_i386_pae);
	struct fxm_walk w;

	put64(m, m->root_pfn, 3, sim_entry(TABLE_A, P));
	put64(m, TABLE_A, 0x1ff, sim_entry(TABLE_B, TABLE));
	put64(m, TABLE_B, 0x0f0, sim_entry(PAGE, P | US | NX));
	fxm_walk(m, fxm_va_of(0xffef0abc), &w);
	assert_int_equal(w.levels, 3);
	assert_string_equal(w.level[1].name, "pmd");
	assert_int_equal(w.level[1].entry_at.v, (TABLE_A << 12) + 0x1ff * 8);
	assert_int_equal(w.level[2].entry_at.v, (TABLE_B << 12) + 0x0f0 * 8);
	assert_true(w.mapped);
	assert_int_equal(w.pa.v, (PAGE << 12) + 0xabc);
	assert_false(w.writable);
	assert_false(w.executable);
	assert_true(w.user); /* the root entry has no USER bit: it does not count as missing */
	/* A frame above 4 GB. */
	put64(m, TABLE_B, 0x0f0, sim_entry(0x123456, P));
	fxm_walk(m, fxm_va_of(0xffef0abc), &w);
	assert_int_equal(w.pa.v, UINT64_C(0x123456abc));
	sim_machine_free(m);
}

static void test_large_pages(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&fxmi_pt_i386);
	struct fxm_walk w;

	put32(m, m->root_pfn, 0x301, 0xc00000 | P | RW | A | D | PSE | G);
	fxm_walk(m, fxm_va_of(0xc0523456), &w);
	assert_int_equal(w.levels, 1);
	assert_true(w.level[0].leaf);
	assert_int_equal(w.pa.v, 0xd23456);
	assert_int_equal(w.size_bytes, 4 << 20);
	assert_int_equal(fxm_pte_at(m, fxm_va_of(0xc0523456)).v, 0xc00000 | P | RW | A | D | PSE | G);
	assert_null(fxmi_pte_ptr(m, 0xc0523000));
	sim_machine_free(m);

	m = with(&fxmi_pt_i386_pae);
	put64(m, m->root_pfn, 3, sim_entry(TABLE_A, P));
	put64(m, TABLE_A, 5, 0x1200000 | P | RW | PSE);
	fxm_walk(m, fxm_va_of(0xc0b23456), &w);
	assert_int_equal(w.levels, 2);
	assert_int_equal(w.pa.v, 0x1323456);
	assert_int_equal(w.size_bytes, 2 << 20);
	assert_null(fxmi_pte_ptr(m, 0xc0b23000));
	sim_machine_free(m);
}

static void test_walk_stops(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&fxmi_pt_i386_pae);
	struct fxm_walk w;

	fxm_walk(m, fxm_va_of(0xffef0000), &w);
	assert_int_equal(w.levels, 1);
	assert_false(w.mapped);
	assert_int_equal(fxm_pte_at(m, fxm_va_of(0xffef0000)).v, 0);
	assert_null(fxmi_pte_ptr(m, 0xffef0000));
	put64(m, m->root_pfn, 3, sim_entry(TABLE_A, P));
	fxm_walk(m, fxm_va_of(0xffef0000), &w);
	assert_int_equal(w.levels, 2);
	/* A last-level entry that is not present still has a value. */
	put64(m, TABLE_A, 0x1ff, sim_entry(TABLE_B, TABLE));
	put64(m, TABLE_B, 0x0f0, 0x40);
	fxm_walk(m, fxm_va_of(0xffef0000), &w);
	assert_int_equal(w.levels, 3);
	assert_false(w.mapped);
	assert_int_equal(fxm_pte_at(m, fxm_va_of(0xffef0000)).v, 0x40);
	/* A table outside RAM is no table, and nothing is read there. */
	put64(m, TABLE_A, 0x1ff, sim_entry(UINT64_C(0xffffffff), TABLE));
	fxm_walk(m, fxm_va_of(0xffef0000), &w);
	assert_false(w.mapped);
	assert_null(fxmi_pte_ptr(m, 0xffef0000));
	fxm_walk(NULL, fxm_va_of(0), &w);
	assert_int_equal(w.levels, 0);
	fxm_walk(m, fxm_va_of(0), NULL);
	sim_machine_free(m);
}

static void test_addresses_wrap(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&fxmi_pt_i386);

	put32(m, m->root_pfn, 0, 0x400000 | P | PSE);
	assert_int_equal(fxm_pte_at(m, fxm_va_of(UINT64_C(0x100001000))).v, 0x400000 | P | PSE);
	sim_machine_free(m);
}

/* ---- permissions, and the bits that an access sets ------------------------------------------------------------------- */

struct verdict {
	uint64_t root, table, leaf; /* flags of the entries */
	enum fxm_access access;
	bool allowed;
	uint32_t code;	 /* of the fault */
	uint64_t set[3]; /* bits set in root, table and leaf afterwards */
};

static const struct verdict i386_verdicts[] = {
    {P | RW, 0, P | RW, FXM_READ, true, 0, {A, 0, A}}, {P | RW, 0, P | RW, FXM_WRITE, true, 0, {A, 0, A | D}},
    {P | RW, 0, P | RW, FXM_EXEC, true, 0, {A, 0, A}}, {P | RW, 0, P, FXM_READ, true, 0, {A, 0, A}},
    {P | RW, 0, P, FXM_WRITE, false, 3, {0}},	       {P, 0, P | RW, FXM_READ, true, 0, {A, 0, A}},
    {P, 0, P | RW, FXM_WRITE, false, 3, {0}},	       {P | RW, 0, RW, FXM_READ, false, 0, {0}},
    {P | RW, 0, RW, FXM_WRITE, false, 2, {0}},	       {RW, 0, P | RW, FXM_WRITE, false, 2, {0}},
    {P | RW, 0, 0, FXM_EXEC, false, 0, {0}}, /* without NX there is no fetch bit */
};

static void check_i386(const struct verdict *v)
{
	struct fxm_machine *m = with(&fxmi_pt_i386);
	fxm_pa pa;
	struct fxm_fault fault;

	put32(m, m->root_pfn, 0x3fe, sim_entry(TABLE_A, v->root));
	put32(m, TABLE_A, 0x123, sim_entry(PAGE, v->leaf));
	int err = fxm_translate(m->vcpu[0], fxm_va_of(0xff923456), v->access, &pa);

	assert_int_equal(err, v->allowed ? 0 : -EFAULT);
	assert_int_equal(get32(m, m->root_pfn, 0x3fe), sim_entry(TABLE_A, v->root | v->set[0]));
	assert_int_equal(get32(m, TABLE_A, 0x123), sim_entry(PAGE, v->leaf | v->set[2]));
	if (err) {
		fxm_get_last_fault(m->vcpu[0], &fault);
		assert_int_equal(fault.address.v, 0xff923456);
		assert_int_equal(fault.access, v->access);
		assert_int_equal(fault.code, v->code);
		assert_int_equal(fault.present, v->code & 1);
		assert_int_equal(fault.level, v->root & P ? 1 : 0);
		assert_int_equal(fault.pte.v, v->root & P ? sim_entry(PAGE, v->leaf) : sim_entry(TABLE_A, v->root));
	} else {
		assert_int_equal(pa.v, (PAGE << 12) + 0x456);
	}
	sim_machine_free(m);
}

static void test_permissions_i386(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(i386_verdicts) / sizeof(*i386_verdicts); i++)
		check_i386(&i386_verdicts[i]);
}

static const struct verdict pae_verdicts[] = {
    {P, P | RW, P | RW, FXM_READ, true, 0, {0, A, A}},
    {P, P | RW, P | RW, FXM_WRITE, true, 0, {0, A, A | D}}, /* the root entry has no RW and no A bit */
    {P, P | RW, P | RW, FXM_EXEC, true, 0, {0, A, A}},
    {P, P | RW, P | RW | NX, FXM_READ, true, 0, {0, A, A}},
    {P, P | RW, P | RW | NX, FXM_WRITE, true, 0, {0, A, A | D}},
    {P, P | RW, P | RW | NX, FXM_EXEC, false, 17, {0}},
    {P, P | RW | NX, P | RW, FXM_EXEC, false, 17, {0}},
    {P, P | RW, 0, FXM_EXEC, false, 16, {0}},
    {P, P, P | RW, FXM_WRITE, false, 3, {0}},
    {P, P | RW, P, FXM_WRITE, false, 3, {0}},
    {P, 0, P | RW, FXM_READ, false, 0, {0}},
};

static void check_pae(const struct verdict *v)
{
	struct fxm_machine *m = with(&fxmi_pt_i386_pae);
	fxm_pa pa;
	struct fxm_fault fault;

	put64(m, m->root_pfn, 3, sim_entry(TABLE_A, v->root));
	put64(m, TABLE_A, 0x1ff, sim_entry(TABLE_B, v->table));
	put64(m, TABLE_B, 0x0f0, sim_entry(PAGE, v->leaf));
	int err = fxm_translate(m->vcpu[0], fxm_va_of(0xffef0abc), v->access, &pa);

	assert_int_equal(err, v->allowed ? 0 : -EFAULT);
	assert_int_equal(get64(m, m->root_pfn, 3), sim_entry(TABLE_A, v->root | v->set[0]));
	assert_int_equal(get64(m, TABLE_A, 0x1ff), sim_entry(TABLE_B, v->table | v->set[1]));
	assert_int_equal(get64(m, TABLE_B, 0x0f0), sim_entry(PAGE, v->leaf | v->set[2]));
	if (err) {
		fxm_get_last_fault(m->vcpu[0], &fault);
		assert_int_equal(fault.code, v->code);
		assert_int_equal(fault.level, v->table & P ? 2 : 1);
	}
	sim_machine_free(m);
}

static void test_permissions_pae(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(pae_verdicts) / sizeof(*pae_verdicts); i++)
		check_pae(&pae_verdicts[i]);
}

static void test_large_page_bits(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&fxmi_pt_i386);
	fxm_pa pa;

	put32(m, m->root_pfn, 0x301, 0xc00000 | P | RW | PSE);
	assert_int_equal(fxm_translate(m->vcpu[0], fxm_va_of(0xc0523456), FXM_READ, &pa), 0);
	assert_int_equal(pa.v, 0xd23456);
	assert_int_equal(get32(m, m->root_pfn, 0x301), 0xc00000 | P | RW | PSE | A);
	assert_int_equal(fxm_write_u64(m->vcpu[0], fxm_va_of(0xc0523450), 5), 0);
	assert_int_equal(get32(m, m->root_pfn, 0x301), 0xc00000 | P | RW | PSE | A | D);
	put32(m, m->root_pfn, 0x302, 0xc00000 | P | PSE);
	assert_int_equal(fxm_translate(m->vcpu[0], fxm_va_of(0xc0923456), FXM_WRITE, &pa), -EFAULT);
	sim_machine_free(m);
}

/* ---- building -------------------------------------------------------------------------------------------------------- */

static void check_linear(const struct fxmi_pt_format *format, uint64_t large)
{
	struct fxm_machine *m = with(format);
	struct fxm_walk w;
	uint64_t size = 8 * large + 3 * 4096;

	/* From an odd page on: base pages up to the first large one, and at the end again. */
	assert_int_equal(fxmi_pgtable_map_linear(m, SIM_PAGE_OFFSET + large - 4096, large - 4096, size, SIM_KERNEL), 0);
	for (uint64_t off = 0; off < size; off += 4096) {
		uint64_t pa = large - 4096 + off;

		fxm_walk(m, fxm_va_of(SIM_PAGE_OFFSET + pa + 0x123), &w);
		assert_true(w.mapped);
		assert_int_equal(w.pa.v, pa + 0x123);
		assert_true(w.global && w.writable);
		assert_int_equal(w.size_bytes, off == 0 || off > 8 * large ? 4096 : large);
	}
	fxm_walk(m, fxm_va_of(SIM_PAGE_OFFSET + large - 8192), &w);
	assert_false(w.mapped);
	fxm_walk(m, fxm_va_of(SIM_PAGE_OFFSET + large - 4096 + size), &w);
	assert_false(w.mapped);
	assert_int_equal(fxmi_pgtable_map_linear(m, 0x1234, 0, 4096, SIM_KERNEL), -EINVAL);
	assert_int_equal(fxmi_pgtable_populate(m, SIM_PAGE_OFFSET + large, SIM_PAGE_OFFSET + large + 4096), -EEXIST);
	sim_machine_free(m);
}

static void test_map_linear(void **state)
{
	(void)state;
	check_linear(&fxmi_pt_i386, 4 << 20);
	check_linear(&fxmi_pt_i386_pae, 2 << 20);
}

static void test_populate(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&fxmi_pt_i386_pae);

	assert_int_equal(fxmi_pgtable_populate(m, 0xff7ff000, 0x100000000), 0);
	assert_null(fxmi_pte_ptr(m, 0xff5ff000));
	for (uint64_t va = 0xff600000; va < 0x100000000; va += 4096)
		assert_non_null(fxmi_pte_ptr(m, va));
	assert_int_equal(get64(m, m->root_pfn, 3) & 0xfff, P);
	assert_int_equal(fxm_pte_at(m, fxm_va_of(0xfffff000)).v, 0);
	/* Tables that exist are kept. */
	uint64_t next = m->mem.table_pfn;

	assert_int_equal(fxmi_pgtable_populate(m, 0xff7ff000, 0x100000000), 0);
	assert_int_equal(m->mem.table_pfn, next);
	sim_machine_free(m);
}

static void test_tables_run_out(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&fxmi_pt_i386);

	assert_int_equal(fxmi_pgtable_populate(m, 0, 0x80000000), -ENOMEM);
	assert_int_equal(m->mem.table_pfn, m->mem.table_end_pfn);
	sim_machine_free(m);
}

/* ---- a format that nothing in sim/ knows ----------------------------------------------------------------------------- */

/* Four levels of 64-bit entries with 16K base pages and 48-bit addresses, large pages at two levels. */
static const struct fxmi_pt_format deep = {
    .name = "deep",
    .levels = 4,
    .entry_bytes = 8,
    .level = {{"pgd", 47, 1, false}, {"pud", 36, 11, true}, {"pmd", 25, 11, true}, {"pte", 14, 11, false}},
    .present = P,
    .write = RW,
    .user = US,
    .accessed = A,
    .dirty = D,
    .large = PSE,
    .global = G,
    .nx = NX,
    .frame_mask = UINT64_C(0x0000ffffffffc000),
    .table_mask = UINT64_C(0x0000ffffffffc000),
    .flush_ceiling = 33,
    .table_flags = TABLE,
    .root_flags = TABLE,
    .va_bits = 48,
};

/* Linux's entry and the hardware's lie 2048 bytes apart; the hardware's is what a walk reads. */
static void arm_keeps_two_entries(void **state)
{
	(void)state;
	enum { KERNEL = 0x65f, RDONLY = 0x80, YOUNG = 0x02 };
	struct fxm_machine *m = with(&fxmi_pt_arm);
	struct fxm_vcpu *cpu = m->vcpu[0];
	uint64_t va = 0xffe00000, value;
	struct fxm_walk w;

	assert_int_equal(fxmi_pgtable_populate(m, va, va + 0x200000), 0);
	unsigned char *first = fxmi_pte_ptr(m, va);
	/* 512 entries side by side, across the pair of megabytes. */
	for (unsigned i = 0; i < 512; i++)
		assert_ptr_equal(fxmi_pte_ptr(m, va + i * 4096u), first + 4 * i);
	for (unsigned i = 0; i < 512; i += 511) {
		unsigned char *pte = first + 4 * i;
		fxmi_set_pte(m, pte, 0x3000000 | KERNEL);
		assert_int_equal(fxm_pte_at(m, fxm_va_of(va + i * 4096u)).v, 0x3000000 | KERNEL);
		assert_int_equal(fxmi_pte_get(pte + 2048, 4), 0x300045f);
		fxm_walk(m, fxm_va_of(va + i * 4096u + 8), &w);
		assert_true(w.mapped && w.writable && w.global && !w.executable);
		assert_int_equal(w.pa.v, 0x3000008);
		assert_int_equal(fxm_write_u64(cpu, fxm_va_of(va + i * 4096u + 8), 7), 0);
		fxm_tlb_flush(cpu);
		fxmi_set_pte(m, pte, 0x3000000 | KERNEL | RDONLY);
		assert_int_equal(fxm_write_u64(cpu, fxm_va_of(va + i * 4096u + 8), 7), -EFAULT);
		assert_int_equal(fxm_read_u64(cpu, fxm_va_of(va + i * 4096u + 8), &value), 0);
		fxm_tlb_flush(cpu);
		fxmi_set_pte(m, pte, 0x3000000 | (KERNEL & ~YOUNG));
		assert_int_equal(fxmi_pte_get(pte + 2048, 4), 0);
		assert_int_equal(fxm_read_u64(cpu, fxm_va_of(va + i * 4096u + 8), &value), -EFAULT);
	}
	/* Lowmem: sections of 1 MB. */
	assert_int_equal(fxmi_pgtable_map_linear(m, 0xc0000000, 0, 0x300000, 0x45f), 0);
	fxm_walk(m, fxm_va_of(0xc0212345), &w);
	assert_int_equal(w.levels, 1);
	assert_int_equal(w.size_bytes, 0x100000);
	assert_int_equal(w.pa.v, 0x212345);
	assert_true(w.writable && w.executable && w.global);
	assert_null(fxmi_pte_ptr(m, 0xc0212000));
	sim_machine_free(m);
}

static void check_arm64(const struct fxmi_pt_format *f, uint64_t va, unsigned levels, uint64_t page)
{
	const uint64_t kernel = UINT64_C(0xe8000000000713), rdonly = 0x80, af = 0x400;
	struct fxm_machine *m = with(f);
	struct fxm_vcpu *cpu = m->vcpu[0];
	uint64_t value;
	struct fxm_walk w;

	assert_int_equal(fxmi_pgtable_populate(m, va, va + page), 0);
	fxmi_set_pte(m, fxmi_pte_ptr(m, va), 0x3000000 | kernel);
	fxm_walk(m, fxm_va_of(va + page - 8), &w);
	assert_int_equal(w.levels, levels);
	assert_int_equal(w.size_bytes, page);
	assert_int_equal(w.pa.v, 0x3000000 + page - 8);
	assert_true(w.writable && !w.executable && w.global);
	assert_int_equal(fxm_write_u64(cpu, fxm_va_of(va + page - 8), 5), 0);
	assert_int_equal(*(uint64_t *)(m->mem.ram + 0x3000000 + page - 8), 5);
	/* Set over set without a flush: the old translation stays, as on the machine. */
	fxmi_set_pte(m, fxmi_pte_ptr(m, va), 0x3100000 | kernel | rdonly);
	assert_int_equal(fxm_read_u64(cpu, fxm_va_of(va + page - 8), &value), 0);
	assert_int_equal(value, 5);
	fxmi_tlb_flush_range_all(m, va, va + page);
	assert_int_equal(fxm_read_u64(cpu, fxm_va_of(va + page - 8), &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(fxm_write_u64(cpu, fxm_va_of(va), 5), -EFAULT);
	fxmi_set_pte(m, fxmi_pte_ptr(m, va), (0x3000000 | kernel) & ~af);
	fxm_tlb_flush(cpu);
	assert_int_equal(fxm_read_u64(cpu, fxm_va_of(va), &value), -EFAULT);
	/* The lower half is another root's. */
	fxm_walk(m, fxm_va_of(va & ((UINT64_C(1) << f->va_bits) - 1)), &w);
	assert_int_equal(w.levels, 0);
	sim_machine_free(m);
}

static void arm64_has_four_geometries(void **state)
{
	(void)state;
	check_arm64(&fxmi_pt_arm64_4k_39, UINT64_C(0xffffffbefe7fe000), 3, 0x1000);
	check_arm64(&fxmi_pt_arm64_4k_48, UINT64_C(0xffff7dfffe7fe000), 4, 0x1000);
	check_arm64(&fxmi_pt_arm64_64k_42, UINT64_C(0xfffffdff7e7e0000), 2, 0x10000);
	check_arm64(&fxmi_pt_arm64_64k_48, UINT64_C(0xffff7fdffe7e0000), 3, 0x10000);
}

static void test_another_format(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&deep);
	struct fxm_vcpu *cpu = m->vcpu[0];
	uint64_t va = UINT64_C(0xffff800000004000), value;
	struct fxm_walk w;
	fxm_pa pa;

	assert_int_equal(fxmi_pgtable_map_linear(m, va, 0x3000000, 0x8000, P | RW), 0);
	assert_int_equal((uintptr_t)fxmi_pte_ptr(m, va) % 8, 0);
	fxm_walk(m, fxm_va_of(va + 0x1234), &w);
	assert_int_equal(w.levels, 4);
	assert_int_equal(w.pa.v, 0x3001234);
	assert_int_equal(w.size_bytes, 0x4000);
	/* Each 4K piece of a 16K page translates by itself. */
	for (uint64_t off = 0; off < 0x8000; off += 0x1000) {
		assert_int_equal(fxm_write_u64(cpu, fxm_va_of(va + off + 8), off), 0);
		assert_int_equal(fxm_translate(cpu, fxm_va_of(va + off + 5), FXM_READ, &pa), 0);
		assert_int_equal(pa.v, 0x3000000 + off + 5);
		assert_int_equal(*(uint64_t *)(m->mem.ram + 0x3000000 + off + 8), off);
	}
	assert_int_equal(fxm_pte_at(m, fxm_va_of(va)).v, 0x3000000 | P | RW | A | D);
	/* An address that is not sign-extended is none. */
	assert_int_equal(fxm_read_u64(cpu, fxm_va_of(va & UINT64_C(0x0001ffffffffffff)), &value), -EFAULT);
	assert_int_equal(fxmi_pgtable_map_linear(m, UINT64_C(0xffff900000000000), 0, 2 << 25, P | RW), 0);
	fxm_walk(m, fxm_va_of(UINT64_C(0xffff900000000000) + 0x2345678), &w);
	assert_int_equal(w.levels, 3);
	assert_int_equal(w.pa.v, 0x2345678);
	sim_machine_free(m);
}

/* ---- in words -------------------------------------------------------------------------------------------------------- */

static void test_describe(void **state)
{
	(void)state;
	struct fxm_machine *m = with(&fxmi_pt_i386_pae);
	char buf[80], tiny[6];

	fxm_pte_describe(m, fxm_pte_of(sim_entry(0x37e12, 0x163)), false, buf, sizeof(buf));
	assert_string_equal(buf, "P RW A D G pfn=0x37e12");
	fxm_pte_describe(m, fxm_pte_of(sim_entry(0x37e12, 0x1ff) | NX), false, buf, sizeof(buf));
	assert_string_equal(buf, "P RW US PWT PCD A D PAT G NX pfn=0x37e12");
	fxm_pte_describe(m, fxm_pte_of(0x12001e3), true, buf, sizeof(buf));
	assert_string_equal(buf, "P RW A D PSE G pfn=0x1200");
	fxm_pte_describe(m, fxm_pte_of(0x12011e3), true, buf, sizeof(buf));
	assert_string_equal(buf, "P RW A D PSE G PAT pfn=0x1200");
	fxm_pte_describe(m, fxm_pte_of(sim_entry(0x101, 0x067)), false, buf, sizeof(buf));
	assert_string_equal(buf, "P RW US A D pfn=0x101");
	fxm_pte_describe(m, fxm_pte_of(0), false, buf, sizeof(buf));
	assert_string_equal(buf, "none");
	fxm_pte_describe(m, fxm_pte_of(0x40), false, buf, sizeof(buf));
	assert_string_equal(buf, "not present");
	fxm_pte_describe(m, fxm_pte_of(sim_entry(0x37e12, 0x163)), false, tiny, sizeof(tiny));
	assert_string_equal(tiny, "P RW ");
	fxm_pte_describe(m, fxm_pte_of(0), false, NULL, 0);
	sim_machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_walk_i386),	    cmocka_unit_test(test_walk_pae),	    cmocka_unit_test(test_large_pages),
	    cmocka_unit_test(test_walk_stops),	    cmocka_unit_test(test_addresses_wrap),  cmocka_unit_test(test_permissions_i386),
	    cmocka_unit_test(test_permissions_pae), cmocka_unit_test(test_large_page_bits), cmocka_unit_test(test_map_linear),
	    cmocka_unit_test(test_populate),	    cmocka_unit_test(test_tables_run_out),  cmocka_unit_test(test_another_format),
	    cmocka_unit_test(arm_keeps_two_entries), cmocka_unit_test(arm64_has_four_geometries),
	    cmocka_unit_test(test_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
