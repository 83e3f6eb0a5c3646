/* SPDX-License-Identifier: MIT */

/*
 * Devices on the bus, and the bus where none is.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim_machine.h"

#define DEVICE UINT64_C(0xfee00000)
#define NOCACHE (SIM_KERNEL | 0x010)

static struct fxm_machine *m;
static struct fxm_vcpu *cpu;

/* What the device saw, in order. */
struct log {
	unsigned n;
	struct access {
		char kind;
		uint64_t offset;
		unsigned width;
		uint64_t value;
	} access[16];
};

static struct log seen;

static void note(void *arg, char kind, uint64_t offset, unsigned width, uint64_t value)
{
	struct log *log = arg;

	assert_in_range(log->n, 0, 15);
	log->access[log->n++] = (struct access){kind, offset, width, value};
}

static uint64_t device_read(void *arg, uint64_t offset, unsigned width)
{
	note(arg, 'r', offset, width, 0);
	return UINT64_C(0x8877665544332211) + offset;
}

static void device_write(void *arg, uint64_t offset, unsigned width, uint64_t value)
{
	note(arg, 'w', offset, width, value);
}

static const struct fxm_mmio_ops ops = {device_read, device_write};

static int setup(void **state)
{
	(void)state;
	m = sim_machine_new(&fxmi_pt_i386, 1);
	cpu = m->vcpu[0];
	seen.n = 0;
	assert_int_equal(fxm_mmio_add(m, "apic", fxm_pa_of(DEVICE), 0x2000, &ops, &seen), 0);
	sim_set_pte(m, SIM_AREA, DEVICE | NOCACHE);
	sim_set_pte(m, SIM_AREA + 0x1000, (DEVICE + 0x1000) | NOCACHE);
	sim_set_pte(m, SIM_AREA + 0x2000, (DEVICE + 0x2000) | NOCACHE); /* nobody there */
	sim_set_pte(m, SIM_AREA + 0x3000, sim_entry(0x3000, SIM_KERNEL));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_machine_free(m);
	return 0;
}

static fxm_va at(uint64_t offset)
{
	return fxm_va_of(SIM_AREA + offset);
}

static void expect_access(unsigned i, char kind, uint64_t offset, unsigned width)
{
	assert_true(i < seen.n);
	assert_int_equal(seen.access[i].kind, kind);
	assert_int_equal(seen.access[i].offset, offset);
	assert_int_equal(seen.access[i].width, width);
}

static void test_widths(void **state)
{
	(void)state;
	static const uint64_t expected[] = {0x31, 0x2231, 0x44332231, UINT64_C(0x8877665544332231)};
	uint64_t value;

	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(fxm_mmio_read(cpu, at(0x20), 1u << i, &value), 0);
		assert_int_equal(value, expected[i]);
		expect_access(i, 'r', 0x20, 1u << i);
	}
	seen.n = 0;
	assert_int_equal(fxm_mmio_write(cpu, at(0x1ffc), 4, UINT64_C(0x1122334455667788)), 0);
	expect_access(0, 'w', 0x1ffc, 4);
	assert_int_equal(seen.access[0].value, 0x55667788);
	assert_int_equal(fxm_mmio_read(cpu, at(0), 3, &value), -EINVAL);
	assert_int_equal(fxm_mmio_read(cpu, at(0), 16, &value), -EINVAL);
	assert_int_equal(fxm_mmio_write(cpu, at(0), 0, 0), -EINVAL);
	assert_int_equal(fxm_mmio_read(cpu, at(0), 4, NULL), -EINVAL);
	assert_int_equal(fxm_mmio_read(NULL, at(0), 4, &value), -EINVAL);
	assert_int_equal(seen.n, 1);
}

static void test_not_mapped(void **state)
{
	(void)state;
	struct fxm_fault fault;
	uint64_t value;

	assert_int_equal(fxm_mmio_read(cpu, at(0x5010), 4, &value), -EFAULT);
	fxm_get_last_fault(cpu, &fault);
	assert_int_equal(fault.address.v, at(0x5010).v);
	sim_set_pte(m, SIM_AREA, DEVICE | (NOCACHE & ~UINT64_C(2)));
	assert_int_equal(fxm_mmio_write(cpu, at(0x10), 4, 1), -EFAULT);
	assert_int_equal(seen.n, 0);
}

static void test_nobody_there(void **state)
{
	(void)state;
	uint64_t value = 5;
	fxm_pa pa;

	assert_int_equal(fxm_mmio_read(cpu, at(0x2000), 4, &value), 0);
	assert_int_equal(value, 0xffffffff);
	assert_int_equal(fxm_mmio_write(cpu, at(0x2000), 4, 1), 0);
	assert_int_equal(fxm_read_u64(cpu, at(0x2008), &value), 0);
	assert_int_equal(value, UINT64_MAX);
	assert_int_equal(fxm_write_u64(cpu, at(0x2008), 1), 0);
	assert_int_equal(fxm_translate(cpu, at(0x2008), FXM_READ, &pa), 0);
	assert_int_equal(pa.v, DEVICE + 0x2008);
	assert_true(fxm_tlb_lookup(cpu, at(0x2010), &pa));
	assert_int_equal(pa.v, DEVICE + 0x2010);
	assert_int_equal(seen.n, 0);
}

/* A hit in the TLB must not bypass the device. */
static void test_every_access_reaches_the_device(void **state)
{
	(void)state;
	uint64_t value;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(fxm_read_u64(cpu, at(0x40), &value), 0);
		assert_int_equal(value, UINT64_C(0x8877665544332211) + 0x40);
		assert_int_equal(fxm_write_u64(cpu, at(0x48), i), 0);
		expect_access(2 * i, 'r', 0x40, 8);
		expect_access(2 * i + 1, 'w', 0x48, 8);
		assert_int_equal(seen.access[2 * i + 1].value, i);
	}
}

static void test_bytes_become_aligned_accesses(void **state)
{
	(void)state;
	static const struct {
		uint64_t offset;
		unsigned width;
	} expected[] = {{0xffb, 1}, {0xffc, 4}, {0x1000, 8}, {0x1008, 2}, {0x100a, 1}};
	unsigned char buf[16];
	uint64_t value;

	assert_int_equal(fxm_read(cpu, at(0xffb), buf, 16), 0);
	assert_int_equal(seen.n, 5);
	for (unsigned i = 0; i < 5; i++)
		expect_access(i, 'r', expected[i].offset, expected[i].width);
	assert_int_equal(buf[0], (0x11 + 0xffb) & 0xff);
	assert_int_equal(buf[5], 0x11);
	seen.n = 0;
	assert_int_equal(fxm_mmio_read(cpu, at(0x12), 4, &value), 0); /* not aligned: in two halves */
	assert_int_equal(seen.n, 2);
	expect_access(1, 'r', 0x14, 2);
	seen.n = 0;
	assert_int_equal(fxm_fill(cpu, at(0x100), 0xab, 12), 0);
	expect_access(0, 'w', 0x100, 8);
	expect_access(1, 'w', 0x108, 4);
	assert_int_equal(seen.access[1].value, 0xabababab);
}

static void test_copy_between_device_and_memory(void **state)
{
	(void)state;
	uint64_t *frame = fxm_frame(m, 0x3000);

	assert_int_equal(fxm_copy(cpu, at(0x3000), at(0x80), 16), 0);
	assert_int_equal(frame[0], UINT64_C(0x8877665544332211) + 0x80);
	assert_int_equal(frame[1], UINT64_C(0x8877665544332211) + 0x88);
	assert_int_equal(fxm_copy(cpu, at(0x90), at(0x3000), 8), 0);
	expect_access(2, 'w', 0x90, 8);
	assert_int_equal(seen.access[2].value, frame[0]);
}

/* readl() of ordinary memory is a load. */
static void test_registers_in_memory(void **state)
{
	(void)state;
	uint64_t *frame = fxm_frame(m, 0x3000), value;

	frame[0] = UINT64_C(0x1122334455667788);
	assert_int_equal(fxm_mmio_read(cpu, at(0x3000), 4, &value), 0);
	assert_int_equal(value, 0x55667788);
	assert_int_equal(fxm_mmio_write(cpu, at(0x3001), 2, 0xaaaa), 0);
	assert_int_equal(frame[0], UINT64_C(0x1122334455aaaa88));
	assert_int_equal(seen.n, 0);
}

static void test_adding(void **state)
{
	(void)state;
	static const struct fxm_mmio_ops mute = {NULL, NULL};
	uint64_t value;

	assert_int_equal(fxm_mmio_add(m, "a", fxm_pa_of(DEVICE + 0x1000), 0x1000, &ops, NULL), -EEXIST);
	assert_int_equal(fxm_mmio_add(m, "a", fxm_pa_of(DEVICE - 0x1000), 0x8000, &ops, NULL), -EEXIST);
	assert_int_equal(fxm_mmio_add(m, "a", fxm_pa_of(SIM_RAM_END - 0x1000), 0x2000, &ops, NULL), -EINVAL);
	assert_int_equal(fxm_mmio_add(m, "a", fxm_pa_of(0xa0000), 0x1000, &ops, NULL), -EINVAL);
	assert_int_equal(fxm_mmio_add(m, "a", fxm_pa_of(0xf0000000), 0, &ops, NULL), -EINVAL);
	assert_int_equal(fxm_mmio_add(m, "a", fxm_pa_of(0xf0000800), 0x1000, &ops, NULL), -EINVAL);
	assert_int_equal(fxm_mmio_add(m, "a", fxm_pa_of(0xf0000000), 0x800, &ops, NULL), -EINVAL);
	assert_int_equal(fxm_mmio_add(m, "a", fxm_pa_of(UINT64_C(0xfffffffffffff000)), 0x2000, &ops, NULL), -EINVAL);
	assert_int_equal(fxm_mmio_add(m, "a", fxm_pa_of(0xf0000000), 0x1000, NULL, NULL), -EINVAL);
	assert_int_equal(fxm_mmio_add(NULL, "a", fxm_pa_of(0xf0000000), 0x1000, &ops, NULL), -EINVAL);
	/* Next to the first one; without a name; without behaviour. */
	assert_int_equal(fxm_mmio_add(m, NULL, fxm_pa_of(DEVICE + 0x2000), 0x1000, &mute, NULL), 0);
	assert_string_equal(fxmi_device_at(m, DEVICE + 0x2fff)->name, "device");
	assert_string_equal(fxmi_device_at(m, DEVICE + 0x1fff)->name, "apic");
	assert_null(fxmi_device_at(m, DEVICE + 0x3000));
	/* A long name is cut, and ends. */
	assert_int_equal(fxm_mmio_add(m, "0123456789012345678901234567890123456789", fxm_pa_of(0xf0000000), 4096, &mute, NULL),
			 0);
	assert_string_equal(fxmi_device_at(m, 0xf0000000)->name, "0123456789012345678901234567890");
	assert_int_equal(fxm_mmio_read(cpu, at(0x2000), 2, &value), 0);
	assert_int_equal(value, 0xffff);
	assert_int_equal(fxm_mmio_write(cpu, at(0x2000), 2, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_widths, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_not_mapped, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_nobody_there, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_every_access_reaches_the_device, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_bytes_become_aligned_accesses, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_copy_between_device_and_memory, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_registers_in_memory, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_adding, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
