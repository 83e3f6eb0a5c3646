/* SPDX-License-Identifier: MIT */
/*
 * A device's register page, mapped uncached at a fixed address and accessed with readl() and writel(). The device has two
 * registers: a counter that rises with every read, and a scratch word.
 */
#include "example.h"

#include <inttypes.h>

#define DEVICE_BASE 0xfe000000u

struct device {
	uint32_t counter, scratch;
};

static uint64_t device_read(void *arg, uint64_t offset, unsigned width)
{
	struct device *dev = arg;

	(void)width;
	return offset == 0 ? dev->counter++ : dev->scratch;
}

static void device_write(void *arg, uint64_t offset, unsigned width, uint64_t value)
{
	struct device *dev = arg;

	(void)width;
	if (offset == 4)
		dev->scratch = (uint32_t)value;
}

int main(void)
{
	static const struct fxm_mmio_ops ops = { device_read, device_write };
	static struct device dev = { .counter = 40 };
	struct fxm_machine *m = example_machine("x86_32-5.10", "");
	struct fxm_vcpu *cpu = fxm_machine_vcpu(m, 0);
	uint32_t index = (uint32_t)fxm_fixed_index(fxm_machine_layout(m), "FIX_EARLYCON_MEM_BASE");
	uint64_t value = 0;
	char bits[64];
	fxm_va va;

	if (fxm_mmio_add(m, "example", fxm_pa_of(DEVICE_BASE), FXM_PAGE_SIZE, &ops, &dev))
		return 1;
	va = fxm_set_fixmap_offset_nocache(cpu, index, fxm_pa_of(DEVICE_BASE));
	fxm_pte_describe(m, fxm_pte_at(m, va), false, bits, sizeof(bits));
	printf("registers at %08" PRIx64 ", entry: %s\n", va.v, bits);
	for (int i = 0; i < 2; i++) {
		fxm_mmio_read(cpu, va, 4, &value);
		printf("counter %" PRIu64 "\n", value);
	}
	fxm_mmio_write(cpu, fxm_va_of(va.v + 4), 4, 0xabcd);
	fxm_mmio_read(cpu, fxm_va_of(va.v + 4), 4, &value);
	printf("scratch %" PRIx64 "\n", value);
	fxm_clear_fixmap(cpu, index);
	printf("after clear_fixmap: %s\n", fxm_strerror(fxm_mmio_read(cpu, va, 4, &value)));
	return fxm_machine_destroy(m) != 0;
}
