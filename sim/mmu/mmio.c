/* SPDX-License-Identifier: MIT */

/*
 * The bus: physical addresses outside RAM, and the devices that answer there. Where none does, reads give all ones and
 * writes go nowhere.
 *
 * Invariant: devices are whole pages, so an access within a page meets one device or none. The list only grows, until the
 * machine ends; zone_lock guards additions, readers take no lock.
 */

#include "mmu_internal.h"

#include <errno.h>
#include <stdlib.h>

FXMI_INLINE struct fxmi_device *first_device(const struct fxm_machine *m)
{
	return __atomic_load_n(&m->devices, __ATOMIC_ACQUIRE);
}

struct fxmi_device *fxmi_device_at(const struct fxm_machine *m, uint64_t pa)
{
	struct fxmi_device *d = first_device(m);

	while (d && pa - d->base >= d->size)
		d = d->next;
	return d;
}

static bool overlaps_device(const struct fxm_machine *m, uint64_t base, uint64_t size)
{
	for (const struct fxmi_device *d = first_device(m); d; d = d->next)
		if (base < d->base + d->size && d->base < base + size)
			return true;
	return false;
}

static bool is_possible(const struct fxm_machine *m, uint64_t base, uint64_t size)
{
	return size && (base | size) % FXM_PAGE_SIZE == 0 && base + size > base && base >> FXM_PAGE_SHIFT >= m->mem.nr_frames;
}

int fxm_mmio_add(struct fxm_machine *m, const char *name, fxm_pa base, uint64_t size_bytes, const struct fxm_mmio_ops *ops,
		 void *arg)
{
	int err = -EEXIST;

	if (!m || !ops || !is_possible(m, base.v, size_bytes))
		return -EINVAL;
	struct fxmi_device *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	strncpy(d->name, name ? name : "device", sizeof(d->name) - 1);
	d->base = base.v;
	d->size = size_bytes;
	d->ops = ops;
	d->arg = arg;
	pthread_mutex_lock(&m->mem.zone_lock);
	if (!overlaps_device(m, base.v, size_bytes)) {
		d->next = m->devices;
		__atomic_store_n(&m->devices, d, __ATOMIC_RELEASE);
		err = 0;
	}
	pthread_mutex_unlock(&m->mem.zone_lock);
	if (err)
		free(d);
	return err;
}

void fxmi_mmio_free(struct fxm_machine *m)
{
	while (m->devices) {
		struct fxmi_device *d = m->devices;

		m->devices = d->next;
		free(d);
	}
}

/* ---- accesses of one width ------------------------------------------------------------------------------------------- */

static uint64_t ones(unsigned width)
{
	return UINT64_MAX >> (64 - 8 * width);
}

static uint64_t device_read(const struct fxm_machine *m, uint64_t pa, unsigned width)
{
	const struct fxmi_device *d = fxmi_device_at(m, pa);

	if (!d || !d->ops->read)
		return ones(width);
	return d->ops->read(d->arg, pa - d->base, width) & ones(width);
}

static void device_write(const struct fxm_machine *m, uint64_t pa, unsigned width, uint64_t value)
{
	const struct fxmi_device *d = fxmi_device_at(m, pa);

	if (d && d->ops->write)
		d->ops->write(d->arg, pa - d->base, width, value & ones(width));
}

/* The widest naturally aligned access at @pa that @len bytes have room for. */
static unsigned widest(uint64_t pa, size_t len)
{
	unsigned width = 8;

	while (width > len || pa % width)
		width /= 2;
	return width;
}

/* Simulated memory is little-endian, as both kinds of host are. */
void fxmi_bus_read(const struct fxm_machine *m, uint64_t pa, void *buf, size_t len)
{
	for (unsigned char *p = buf; len;) {
		unsigned width = widest(pa, len);
		uint64_t value = device_read(m, pa, width);

		memcpy(p, &value, width);
		p += width;
		pa += width;
		len -= width;
	}
}

void fxmi_bus_write(const struct fxm_machine *m, uint64_t pa, const void *buf, size_t len)
{
	for (const unsigned char *p = buf; len;) {
		unsigned width = widest(pa, len);
		uint64_t value = 0;

		memcpy(&value, p, width);
		device_write(m, pa, width, value);
		p += width;
		pa += width;
		len -= width;
	}
}

/* ---- readl, writel and their kin ------------------------------------------------------------------------------------- */

static bool is_width(unsigned width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

/* Whether @va is a device register: naturally aligned, on a page outside RAM. Everything else goes through memory's path. */
static int find_register(struct fxm_vcpu *cpu, uint64_t va, unsigned width, enum fxm_access access, uint64_t *pa)
{
	const struct fxmi_tlb_entry *e = fxmi_tlb_fill(cpu, va, access);

	if (!e)
		return -EFAULT;
	*pa = fxmi_page_pa(cpu->machine->desc.format, e->entry) + va % FXM_PAGE_SIZE;
	return !e->host && va % width == 0;
}

int fxm_mmio_read(struct fxm_vcpu *cpu, fxm_va va, unsigned width, uint64_t *value)
{
	uint64_t pa;

	if (!cpu || !value || !is_width(width))
		return -EINVAL;
	int found = find_register(cpu, va.v, width, FXM_READ, &pa);

	if (found < 0)
		return found;
	*value = 0;
	if (!found)
		return fxm_read(cpu, va, value, width);
	*value = device_read(cpu->machine, pa, width);
	return 0;
}

int fxm_mmio_write(struct fxm_vcpu *cpu, fxm_va va, unsigned width, uint64_t value)
{
	uint64_t pa;

	if (!cpu || !is_width(width))
		return -EINVAL;
	int found = find_register(cpu, va.v, width, FXM_WRITE, &pa);

	if (found < 0)
		return found;
	if (!found)
		return fxm_write(cpu, va, &value, width);
	device_write(cpu->machine, pa, width, value);
	return 0;
}
