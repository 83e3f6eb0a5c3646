/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes. Through the TLB: what it holds is looked up before the access; the model says whether it may hold that, which
 * frame the access reaches, whether it faults, and what the walk leaves in the entry. Through the window: the same without a
 * TLB, except that in retain mode a page stays resident.
 *
 * Data are compared with the frames themselves. Simulated code writes only to frames that the run uses for data: writing to a page
 * table is legal, but the model keeps its entries elsewhere.
 */
#include "ops.h"

#include <errno.h>
#include <string.h>

enum { MAX_PAGES = 4 };

/* One page's share of an access. */
struct part {
	uint64_t va;
	size_t len;
	struct model_access a;
};

bool ops_may_write(const struct ops_run *run, uint64_t pfn)
{
	return (pfn >= run->model->c.highmem_pfn && pfn < run->model->c.highmem_pfn + OPS_HIGH_PAGES) ||
	       (pfn >= OPS_LOW_PFN && pfn < OPS_LOW_PFN + OPS_LOW_PAGES);
}

/* ---- translation ---- */

static bool is_lowmem(const struct ops_run *run, uint64_t va)
{
	return va >= run->model->c.page_offset && va < run->model->c.page_offset + run->model->c.highmem_pfn * MODEL_PAGE;
}

static bool lookup(const struct ops_run *run, unsigned cpu, uint64_t va, uint64_t *pfn)
{
	fxm_pa pa = {0};
	bool hit = fxm_tlb_lookup(fxm_machine_vcpu(run->m, cpu), fxm_va_of(va), &pa);

	*pfn = pa.v / MODEL_PAGE;
	return hit;
}

static struct model_access translate(struct ops_run *run, unsigned cpu, uint64_t va, bool write)
{
	uint64_t hit_pfn;

	if (is_lowmem(run, va))
		return (struct model_access){.pfn = (va - run->model->c.page_offset) / MODEL_PAGE};
	bool hit = lookup(run, cpu, va, &hit_pfn);
	if (!model_covers(run->model, va))
		return (struct model_access){.fault = true, .illegal = hit};
	struct model_access a = model_access(run->model, cpu, va, write, hit, hit_pfn);
	if (a.illegal)
		ops_differ(run, "the TLB of CPU %u translates %llx to frame %llx, which it must not hold", cpu,
			   (unsigned long long)va, (unsigned long long)hit_pfn);
	return a;
}

/* Whether every frame that a write might reach, by the TLB or by the entry, is one for data. */
static bool is_writable_ground(const struct ops_run *run, unsigned cpu, uint64_t va)
{
	uint64_t pfn;

	if (is_lowmem(run, va))
		return ops_may_write(run, (va - run->model->c.page_offset) / MODEL_PAGE);
	if (!model_covers(run->model, va))
		return true;
	if (lookup(run, cpu, va, &pfn) && !ops_may_write(run, pfn))
		return false;
	uint64_t entry = model_pte(run->model, va);
	return !(entry & 1) || ops_may_write(run, (entry & UINT64_C(0xffffffffff000)) / MODEL_PAGE);
}

/* ---- splitting an access into pages ---- */

static unsigned split(uint64_t va, size_t len, struct part *part)
{
	unsigned n = 0;

	for (; len && n < MAX_PAGES; n++) {
		size_t in_page = MODEL_PAGE - va % MODEL_PAGE;
		part[n].va = va;
		part[n].len = len < in_page ? len : in_page;
		va = (va + part[n].len) & UINT32_MAX;
		len -= part[n].len;
	}
	return n;
}

static bool all_writable(const struct ops_run *run, unsigned cpu, const struct part *part, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!is_writable_ground(run, cpu, part[i].va))
			return false;
	return true;
}

/* Predicts up to the first fault; returns how many parts are transferred. */
static unsigned predict(struct ops_run *run, unsigned cpu, struct part *part, unsigned n, bool write)
{
	for (unsigned i = 0; i < n; i++) {
		part[i].a = translate(run, cpu, part[i].va, write);
		if (part[i].a.fault)
			return i;
	}
	return n;
}

/* ---- comparing ---- */

static void compare_fault(struct ops_run *run, unsigned cpu, const struct part *at, bool write)
{
	struct fxm_fault fault;
	uint32_t code = (at->a.present ? 1u : 0) | (write ? 2u : 0);

	fxm_get_last_fault(fxm_machine_vcpu(run->m, cpu), &fault);
	if (fault.address.v != at->va || fault.present != at->a.present || (fault.code & 3) != code)
		ops_differ(run, "access at %llx: the fault is at %llx, code %x, present %d; the model says code %x",
			   (unsigned long long)at->va, (unsigned long long)fault.address.v, fault.code, fault.present, code);
}

static void compare_bytes(struct ops_run *run, const struct part *part, const unsigned char *bytes, const char *what)
{
	static const unsigned char ones[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const unsigned char *frame = fxm_frame(run->m, part->a.pfn);
	size_t len = frame || part->len < sizeof(ones) ? part->len : sizeof(ones);

	if (memcmp(bytes, frame ? frame + part->va % MODEL_PAGE : ones, len))
		ops_differ(run, "%s at %llx does not agree with frame %llx", what, (unsigned long long)part->va,
			   (unsigned long long)part->a.pfn);
}

/* Two addresses may show one frame: then what was written first may be gone. */
static bool is_overwritten(const struct part *part, unsigned i, unsigned good)
{
	for (unsigned later = i + 1; later < good; later++)
		if (part[later].a.pfn == part[i].a.pfn)
			return true;
	return false;
}

static void compare_parts(struct ops_run *run, unsigned cpu, const struct part *part, unsigned n, unsigned good, int error,
			  bool write)
{
	const unsigned char *bytes = run->data;

	if (error != (good == n ? 0 : -EFAULT))
		ops_differ(run, "access at %llx: error %d, the model says %s", (unsigned long long)part[0].va, error,
			   good == n ? "none" : "a fault");
	if (good < n)
		compare_fault(run, cpu, &part[good], write);
	for (unsigned i = 0; i < n; i++) {
		if (i < good && !(write && is_overwritten(part, i, good)))
			compare_bytes(run, &part[i], bytes, write ? "what was written" : "what was read");
		bytes += part[i].len;
		ops_compare_pte(run, part[i].va & ~(uint64_t)(MODEL_PAGE - 1), "access");
	}
}

/* ---- the accesses ---- */

/* Bytes that no frame holds by accident. */
static void new_data(struct ops_run *run, size_t len)
{
	uint64_t word = ++run->serial * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < len; i++)
		run->data[i] = (unsigned char)(word >> i % 8 * 8) ^ (unsigned char)(i >> 3);
}

static void read_or_write(struct ops_run *run, unsigned cpu, enum ops_access access, uint64_t va, size_t len)
{
	struct fxm_vcpu *vcpu = fxm_machine_vcpu(run->m, cpu);
	bool write = access == ACCESS_WRITE || access == ACCESS_WRITE_U64 || access == ACCESS_FILL;
	struct part part[MAX_PAGES];
	unsigned n = split(va, len, part);
	uint64_t word = 0;
	int error;

	if (write && !all_writable(run, cpu, part, n))
		return;
	unsigned good = predict(run, cpu, part, n, write);
	new_data(run, len);
	if (access == ACCESS_READ) {
		error = fxm_read(vcpu, fxm_va_of(va), run->data, len);
	} else if (access == ACCESS_READ_U64) {
		error = fxm_read_u64(vcpu, fxm_va_of(va), &word);
		memcpy(run->data, &word, sizeof(word));
	} else if (access == ACCESS_WRITE) {
		error = fxm_write(vcpu, fxm_va_of(va), run->data, len);
	} else if (access == ACCESS_WRITE_U64) {
		memcpy(&word, run->data, sizeof(word));
		error = fxm_write_u64(vcpu, fxm_va_of(va), word);
	} else {
		memset(run->data, (int)run->serial & 0xff, len);
		error = fxm_fill(vcpu, fxm_va_of(va), (int)run->serial & 0xff, len);
	}
	/* Eight bytes that end in a fault are not delivered at all. */
	if (access == ACCESS_READ_U64 && good < n)
		n = 1, part[0] = part[good], good = 0;
	compare_parts(run, cpu, part, n, good, error, write);
}

static void translate_only(struct ops_run *run, unsigned cpu, uint64_t va, bool write)
{
	struct part part = {.va = va, .len = 1};
	fxm_pa pa = {0};

	unsigned good = predict(run, cpu, &part, 1, write);
	int error = fxm_translate(fxm_machine_vcpu(run->m, cpu), fxm_va_of(va), write ? FXM_WRITE : FXM_READ, &pa);
	if (error != (good ? 0 : -EFAULT))
		ops_differ(run, "fxm_translate of %llx: error %d", (unsigned long long)va, error);
	if (!good)
		compare_fault(run, cpu, &part, write);
	else if (pa.v != part.a.pfn * MODEL_PAGE + va % MODEL_PAGE)
		ops_differ(run, "%llx translates to %llx, the model says frame %llx", (unsigned long long)va,
			   (unsigned long long)pa.v, (unsigned long long)part.a.pfn);
}

/*
 * Both pages leave the TLB first: loading one may evict the other, and then the model could not tell. Within one page the two could
 * overlap.
 */
static void copy(struct ops_run *run, unsigned cpu, uint64_t to, uint64_t from, size_t len)
{
	struct fxm_vcpu *vcpu = fxm_machine_vcpu(run->m, cpu);

	if (len > MODEL_PAGE - to % MODEL_PAGE)
		len = MODEL_PAGE - to % MODEL_PAGE;
	if (len > MODEL_PAGE - from % MODEL_PAGE)
		len = MODEL_PAGE - from % MODEL_PAGE;
	struct part source = {.va = from, .len = len}, target = {.va = to, .len = len};
	if (!len || !is_writable_ground(run, cpu, to) || from / MODEL_PAGE == to / MODEL_PAGE)
		return;
	fxm_tlb_flush_one(vcpu, fxm_va_of(to));
	fxm_tlb_flush_one(vcpu, fxm_va_of(from));
	model_tlb_flush_one(run->model, cpu, to & ~(uint64_t)(MODEL_PAGE - 1));
	model_tlb_flush_one(run->model, cpu, from & ~(uint64_t)(MODEL_PAGE - 1));
	bool good = predict(run, cpu, &source, 1, false);
	const unsigned char *frame = good ? fxm_frame(run->m, source.a.pfn) : NULL;
	memset(run->data, 0xff, len);
	if (frame)
		memcpy(run->data, frame + from % MODEL_PAGE, len);
	bool good_target = good && predict(run, cpu, &target, 1, true);
	int error = fxm_copy(vcpu, fxm_va_of(to), fxm_va_of(from), len);
	if (error != (good && good_target ? 0 : -EFAULT))
		ops_differ(run, "fxm_copy: error %d", error);
	if (good_target && (frame || len <= 8))
		compare_bytes(run, &target, run->data, "the copy");
}

static void mmio(struct ops_run *run, unsigned cpu, uint64_t va, unsigned width, bool write)
{
	struct fxm_vcpu *vcpu = fxm_machine_vcpu(run->m, cpu);
	struct part part = {.va = va & ~(uint64_t)(width - 1), .len = width};
	uint64_t value = 0;

	if (write && !is_writable_ground(run, cpu, part.va))
		return;
	unsigned good = predict(run, cpu, &part, 1, write);
	new_data(run, width);
	memcpy(&value, run->data, width);
	int error =
	    write ? fxm_mmio_write(vcpu, fxm_va_of(part.va), width, value) : fxm_mmio_read(vcpu, fxm_va_of(part.va), width, &value);
	memcpy(run->data, &value, width);
	compare_parts(run, cpu, &part, 1, good, error, write);
}

void ops_access(struct ops_run *run, unsigned cpu, enum ops_access access, uint64_t va, uint64_t from, size_t len, bool write)
{
	run->operations++;
	if (len > OPS_DATA)
		len = OPS_DATA;
	if (access == ACCESS_TRANSLATE)
		translate_only(run, cpu, va, write);
	else if (access == ACCESS_COPY)
		copy(run, cpu, va, from, len);
	else if (access == ACCESS_MMIO)
		mmio(run, cpu, va, 1u << len % 4, write);
	else
		read_or_write(run, cpu, access, va, access == ACCESS_READ_U64 || access == ACCESS_WRITE_U64 ? 8 : len);
}

/* ---- the window ---- */

static struct ops_resident *resident_at(struct ops_run *run, uint64_t va)
{
	return &run->resident[(va - run->model->low) / MODEL_PAGE];
}

static uint64_t frame_of(uint64_t entry)
{
	return (entry & UINT64_C(0xffffffffff000)) / MODEL_PAGE;
}

/* In retain mode a page stays until its slot gets another frame, or may do less. */
void ops_window_begin(struct ops_run *run, uint64_t va)
{
	if (run->set.window != FXM_WINDOW_RETAIN || !model_covers(run->model, va))
		return;
	struct ops_resident *r = resident_at(run, va);
	uint64_t entry = model_pte(run->model, va);
	if ((entry & 1) && (frame_of(entry) != r->pfn || (r->writable && !(entry & 2))))
		r->is = false;
}

static bool host_walk(struct ops_run *run, uint64_t va, bool write, uint64_t *pfn)
{
	uint64_t *entry = &run->model->pte[(va - run->model->low) / MODEL_PAGE];

	if (!(*entry & 1) || (write && !(*entry & 2)))
		return false;
	*entry |= write ? 0x60 : 0x20;
	*pfn = frame_of(*entry);
	*resident_at(run, va) = (struct ops_resident){.is = true, .pfn = *pfn, .writable = (*entry & 0x42) == 0x42};
	return true;
}

static bool window_translate(struct ops_run *run, uint64_t va, bool write, uint64_t *pfn)
{
	if (is_lowmem(run, va)) {
		*pfn = (va - run->model->c.page_offset) / MODEL_PAGE;
		return true;
	}
	const struct ops_resident *r = resident_at(run, va);
	if (run->set.window == FXM_WINDOW_RETAIN && r->is && (!write || r->writable)) {
		*pfn = r->pfn;
		return true;
	}
	return host_walk(run, va, write, pfn);
}

bool ops_predict_dereference(struct ops_run *run, unsigned cpu, const struct ops_call *call, bool *faults, uint64_t *expected)
{
	uint64_t pfn = 0;

	(void)cpu;
	if (run->set.window == FXM_WINDOW_OFF || call->va % 8 || !fxm_host(run->m, fxm_va_of(call->va)))
		return false;
	if (!is_lowmem(run, call->va) && !model_covers(run->model, call->va))
		return false;
	if (call->write) {
		uint64_t entry = is_lowmem(run, call->va) ? 0 : model_pte(run->model, call->va);
		uint64_t low = (call->va - run->model->c.page_offset) / MODEL_PAGE;
		const struct ops_resident *r = is_lowmem(run, call->va) ? NULL : resident_at(run, call->va);
		if (r ? !ops_may_write(run, frame_of(entry)) || (r->is && !ops_may_write(run, r->pfn)) : !ops_may_write(run, low))
			return false;
	}
	*faults = !window_translate(run, call->va, call->write, &pfn);
	const unsigned char *frame = fxm_frame(run->m, pfn);
	*expected = UINT64_MAX;
	if (!*faults && frame)
		memcpy(expected, frame + call->va % MODEL_PAGE, sizeof(*expected));
	return true;
}
