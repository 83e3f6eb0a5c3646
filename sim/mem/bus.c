/* SPDX-License-Identifier: MIT */
/*
 * The bus: physical addresses outside RAM, and the devices that answer there. Where none does, reads give all ones and
 * writes go nowhere.
 *
 * Invariant: devices are whole pages, so an access within a page meets one device or none. The list only grows, until the
 * machine ends; zone_lock guards additions, readers take no lock.
 */
#include "mem_internal.h"

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
	return size && (base | size) % FXM_PAGE_SIZE == 0 && base + size > base &&
	       (base >> FXM_PAGE_SHIFT >= m->mem.nr_frames || (base + size) >> FXM_PAGE_SHIFT <= m->mem.start_pfn);
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

void fxmi_bus_free(struct fxm_machine *m)
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

uint64_t fxmi_device_read(const struct fxm_machine *m, uint64_t pa, unsigned width)
{
	const struct fxmi_device *d = fxmi_device_at(m, pa);

	fxm_assert_internal(pa % width == 0 && !fxmi_pfn_is_ram(m, pa >> FXM_PAGE_SHIFT));
	if (!d || !d->ops->read)
		return ones(width);
	return d->ops->read(d->arg, pa - d->base, width) & ones(width);
}

void fxmi_device_write(const struct fxm_machine *m, uint64_t pa, unsigned width, uint64_t value)
{
	const struct fxmi_device *d = fxmi_device_at(m, pa);

	fxm_assert_internal(pa % width == 0 && !fxmi_pfn_is_ram(m, pa >> FXM_PAGE_SHIFT));
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
	fxm_assert_internal(pa % FXM_PAGE_SIZE + len <= FXM_PAGE_SIZE);
	for (unsigned char *p = buf; len;) {
		unsigned width = widest(pa, len);
		uint64_t value = fxmi_device_read(m, pa, width);

		memcpy(p, &value, width);
		p += width;
		pa += width;
		len -= width;
	}
}

void fxmi_bus_write(const struct fxm_machine *m, uint64_t pa, const void *buf, size_t len)
{
	fxm_assert_internal(pa % FXM_PAGE_SIZE + len <= FXM_PAGE_SIZE);
	for (const unsigned char *p = buf; len;) {
		unsigned width = widest(pa, len);
		uint64_t value = 0;

		memcpy(&value, p, width);
		fxmi_device_write(m, pa, width, value);
		p += width;
		pa += width;
		len -= width;
	}
}

/* ---- self-check ---- */

bool fxmi_bus_is_valid_locked(struct fxm_machine *m)
{
	for (const struct fxmi_device *d = first_device(m); d; d = d->next) {
		fxm_invariant(d->ops);
		fxm_invariant(d->name[sizeof(d->name) - 1] == '\0');
		fxm_invariant(is_possible(m, d->base, d->size));
		fxm_invariant(fxmi_device_at(m, d->base) == d);
		fxm_invariant(fxmi_device_at(m, d->base + d->size - 1) == d);
	}
	return true;
}
