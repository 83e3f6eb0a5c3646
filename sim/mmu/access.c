/* SPDX-License-Identifier: MIT */

/*
 * Explicit access to simulated memory. The 8-byte load and store look at the first way of the TLB and nothing else; all the
 * rest is out of line: the second way, walks, unaligned accesses, devices. A tag equals `address & ~0xff8` only when the page
 * matches and the low three bits are clear, so one comparison tells an aligned hit.
 *
 * Invariant: simulated memory is only touched through an entry's `host`, fetched anew for every page: a fill may move entries.
 */

#include "mmu_internal.h"

#include <errno.h>

#define OFFSET_MASK ((uint64_t)FXM_PAGE_SIZE - 1)
#define TAG_MASK (~UINT64_C(0xff8))

FXMI_INLINE bool is_hit(const _Atomic uint64_t *tag, uint64_t va)
{
	return fxmi_likely(atomic_load_explicit(tag, memory_order_relaxed) == (va & TAG_MASK));
}

/* A translation as the accessors below use it. */
struct target {
	unsigned char *host; /* of the byte itself; NULL: on the bus */
	uint64_t pa;
};

static __attribute__((noinline)) int find_past_first_way(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access,
							 struct target *t)
{
	const struct fxmi_tlb_entry *e = fxmi_tlb_fill(cpu, va, access);

	if (fxmi_unlikely(!e))
		return -EFAULT;
	fxm_assert_internal(e->entry & cpu->machine->desc.format->present);
	t->pa = fxmi_page_pa(cpu->machine->desc.format, e->entry) + (va & OFFSET_MASK);
	unsigned char *host = fxmi_tlb_host(e);
	fxm_assert_internal(!host || host == fxmi_frame(cpu->machine, t->pa >> FXM_PAGE_SHIFT));
	t->host = host ? host + (va & OFFSET_MASK) : NULL;
	return 0;
}

/* Translates @va. @access is constant at every call, so the test is one comparison. pa is only set where host is not. */
FXMI_INLINE int find(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access, struct target *t)
{
	const struct fxmi_tlb_entry *e = fxmi_tlb_set(cpu, va);
	const _Atomic uint64_t *tag = access == FXM_WRITE ? &e->write_tag : &e->read_tag;

	unsigned char *host = fxmi_tlb_host(e);

	if (fxmi_likely(atomic_load_explicit(tag, memory_order_relaxed) == (va & ~OFFSET_MASK) && host)) {
		t->host = host + (va & OFFSET_MASK);
		return 0;
	}
	return find_past_first_way(cpu, va, access, t);
}

/* Bytes from @va to the end of its page, @len at most. */
static size_t in_page(uint64_t va, size_t len)
{
	size_t room = FXM_PAGE_SIZE - (va & OFFSET_MASK);

	return len < room ? len : room;
}

/* An access goes on at @va, in another page. */
FXMI_INLINE void runs_on(struct fxm_vcpu *cpu, uint64_t va, enum fxm_access access)
{
	if (fxmi_unlikely(cpu->machine->watched) && !(va & OFFSET_MASK))
		fxmi_watch(cpu, FXMI_WATCH_RUN_ON, va, access, 0, 0);
}

static void load(const struct fxm_vcpu *cpu, const struct target *t, void *buf, size_t len)
{
	if (fxmi_likely(t->host != NULL))
		memcpy(buf, t->host, len);
	else
		fxmi_bus_read(cpu->machine, t->pa, buf, len);
}

static void store(const struct fxm_vcpu *cpu, const struct target *t, const void *buf, size_t len)
{
	if (fxmi_likely(t->host != NULL))
		memcpy(t->host, buf, len);
	else
		fxmi_bus_write(cpu->machine, t->pa, buf, len);
}

/* ---- any length ------------------------------------------------------------------------------------------------------ */

static int read_pages(struct fxm_vcpu *cpu, uint64_t va, unsigned char *buf, size_t len)
{
	struct target t;

	while (len) {
		size_t n = in_page(va, len);
		int err = find(cpu, va, FXM_READ, &t);

		if (err)
			return err;
		load(cpu, &t, buf, n);
		va += n;
		buf += n;
		len -= n;
		if (len)
			runs_on(cpu, va, FXM_READ);
	}
	return 0;
}

static int write_pages(struct fxm_vcpu *cpu, uint64_t va, const unsigned char *buf, size_t len)
{
	struct target t;

	while (len) {
		size_t n = in_page(va, len);
		int err = find(cpu, va, FXM_WRITE, &t);

		if (err)
			return err;
		store(cpu, &t, buf, n);
		va += n;
		buf += n;
		len -= n;
		if (len)
			runs_on(cpu, va, FXM_WRITE);
	}
	return 0;
}

int fxm_read(struct fxm_vcpu *cpu, fxm_va va, void *buf, size_t len)
{
	return cpu && buf ? read_pages(cpu, va.v, buf, len) : -EINVAL;
}

int fxm_write(struct fxm_vcpu *cpu, fxm_va va, const void *buf, size_t len)
{
	return cpu && buf ? write_pages(cpu, va.v, buf, len) : -EINVAL;
}

/* ---- eight bytes ----------------------------------------------------------------------------------------------------- */

/* Aligned words never tear, hit or miss. */
FXMI_INLINE uint64_t load_u64(const unsigned char *host)
{
	uint64_t value;

	if (fxmi_likely((uintptr_t)host % sizeof(value) == 0))
		return __atomic_load_n((const uint64_t *)host, __ATOMIC_RELAXED);
	memcpy(&value, host, sizeof(value));
	return value;
}

FXMI_INLINE void store_u64(unsigned char *host, uint64_t value)
{
	if (fxmi_likely((uintptr_t)host % sizeof(value) == 0))
		__atomic_store_n((uint64_t *)host, value, __ATOMIC_RELAXED);
	else
		memcpy(host, &value, sizeof(value));
}

static FXMI_COLD int bus_read_u64(struct fxm_vcpu *cpu, uint64_t va, uint64_t *value)
{
	return read_pages(cpu, va, (unsigned char *)value, sizeof(*value));
}

static FXMI_COLD int bus_write_u64(struct fxm_vcpu *cpu, uint64_t va, uint64_t value)
{
	return write_pages(cpu, va, (const unsigned char *)&value, sizeof(value));
}

static __attribute__((noinline)) int read_u64_miss(struct fxm_vcpu *cpu, uint64_t va, uint64_t *value)
{
	const struct fxmi_tlb_entry *e;

	if (fxmi_unlikely((va & OFFSET_MASK) > FXM_PAGE_SIZE - sizeof(*value)))
		return bus_read_u64(cpu, va, value);
	e = fxmi_tlb_fill(cpu, va, FXM_READ);
	if (fxmi_unlikely(!e))
		return -EFAULT;
	unsigned char *host = fxmi_tlb_host(e);
	if (fxmi_unlikely(!host))
		return bus_read_u64(cpu, va, value);
	*value = load_u64(host + (va & OFFSET_MASK));
	return 0;
}

static __attribute__((noinline)) int write_u64_miss(struct fxm_vcpu *cpu, uint64_t va, uint64_t value)
{
	const struct fxmi_tlb_entry *e;

	if (fxmi_unlikely((va & OFFSET_MASK) > FXM_PAGE_SIZE - sizeof(value)))
		return bus_write_u64(cpu, va, value);
	e = fxmi_tlb_fill(cpu, va, FXM_WRITE);
	if (fxmi_unlikely(!e))
		return -EFAULT;
	unsigned char *host = fxmi_tlb_host(e);
	if (fxmi_unlikely(!host))
		return bus_write_u64(cpu, va, value);
	store_u64(host + (va & OFFSET_MASK), value);
	return 0;
}

int fxm_read_u64(struct fxm_vcpu *cpu, fxm_va va, uint64_t *value)
{
	const struct fxmi_tlb_entry *e = fxmi_tlb_set(cpu, va.v);

	unsigned char *host = fxmi_tlb_host(e);

	if (is_hit(&e->read_tag, va.v) && fxmi_likely(host != NULL)) {
		*value = __atomic_load_n((uint64_t *)(host + (va.v & OFFSET_MASK)), __ATOMIC_RELAXED);
		return 0;
	}
	return read_u64_miss(cpu, va.v, value);
}

int fxm_write_u64(struct fxm_vcpu *cpu, fxm_va va, uint64_t value)
{
	const struct fxmi_tlb_entry *e = fxmi_tlb_set(cpu, va.v);

	unsigned char *host = fxmi_tlb_host(e);

	if (is_hit(&e->write_tag, va.v) && fxmi_likely(host != NULL)) {
		__atomic_store_n((uint64_t *)(host + (va.v & OFFSET_MASK)), value, __ATOMIC_RELAXED);
		return 0;
	}
	return write_u64_miss(cpu, va.v, value);
}

/* ---- copies, fills, translation -------------------------------------------------------------------------------------- */

/* One side at least is a device: by way of a buffer. */
static FXMI_COLD void copy_bus(const struct fxm_vcpu *cpu, const struct target *to, const struct target *from, size_t len)
{
	unsigned char bounce[FXM_PAGE_SIZE];

	fxm_assert_internal(len <= sizeof(bounce) && (!to->host || !from->host));
	load(cpu, from, bounce, len);
	store(cpu, to, bounce, len);
}

int fxm_copy(struct fxm_vcpu *cpu, fxm_va dst, fxm_va src, size_t len)
{
	struct target to, from;

	if (!cpu)
		return -EINVAL;
	while (len) {
		size_t n = in_page(dst.v, in_page(src.v, len));
		int err = find(cpu, src.v, FXM_READ, &from);

		if (err || (err = find(cpu, dst.v, FXM_WRITE, &to)))
			return err;
		if (fxmi_likely(to.host && from.host))
			memmove(to.host, from.host, n); /* two addresses may show one frame */
		else
			copy_bus(cpu, &to, &from, n);
		dst.v += n;
		src.v += n;
		len -= n;
		if (len) {
			runs_on(cpu, src.v, FXM_READ);
			runs_on(cpu, dst.v, FXM_WRITE);
		}
	}
	return 0;
}

static FXMI_COLD void fill_bus(const struct fxm_vcpu *cpu, const struct target *to, int byte, size_t len)
{
	unsigned char bounce[FXM_PAGE_SIZE];

	fxm_assert_internal(len <= sizeof(bounce) && !to->host);
	memset(bounce, byte, len);
	store(cpu, to, bounce, len);
}

int fxm_fill(struct fxm_vcpu *cpu, fxm_va va, int byte, size_t len)
{
	struct target t;

	if (!cpu)
		return -EINVAL;
	while (len) {
		size_t n = in_page(va.v, len);
		int err = find(cpu, va.v, FXM_WRITE, &t);

		if (err)
			return err;
		if (fxmi_likely(t.host != NULL))
			memset(t.host, byte, n);
		else
			fill_bus(cpu, &t, byte, n);
		va.v += n;
		len -= n;
		if (len)
			runs_on(cpu, va.v, FXM_WRITE);
	}
	return 0;
}

int fxm_translate(struct fxm_vcpu *cpu, fxm_va va, enum fxm_access access, fxm_pa *out)
{
	struct target t;

	if (!cpu || !out || (unsigned)access > FXM_EXEC)
		return -EINVAL;
	int err = find_past_first_way(cpu, va.v, access, &t);

	if (!err)
		*out = fxm_pa_of(t.pa);
	return err;
}

void fxm_get_last_fault(const struct fxm_vcpu *cpu, struct fxm_fault *out)
{
	if (cpu && out)
		*out = cpu->last_fault;
}
