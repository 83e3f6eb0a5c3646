/* SPDX-License-Identifier: MIT */
/*
 * The page helpers of include/linux/highmem.h (2.6.12, 4.7, 4.15, 5.10, 6.1, 6.12) and zero_user_segments() of mm/highmem.c (6.1).
 *
 * A helper maps as its version does: with KM_USER0 and KM_USER1, with kmap_atomic(), or with kmap_local_page(). It touches the
 * contents through the vCPU's TLB and page tables like the kernel's memset, so what it meets there is what it changes. In a
 * trace its maps and unmaps are part of its line. A BUG or an oops in the middle leaves maps and counters as they are then.
 */
#include "report.h"
#include "state.h"
#include "trace.h"

#include <inttypes.h>

/* ---- mapping, as each generation does it ---- */

/* The two pages that a helper has mapped at a time: KM_USER0 and KM_USER1. */
enum user { USER0, USER1 };

struct call {
	struct fxm_vcpu *cpu;
	struct fxmi_kernel *k;
	struct fxmi_op op;
	struct fxmi_helper helper;
};

static uint32_t type_of(const struct fxmi_kernel *k, enum user user)
{
	return (uint32_t)fxm_km_type_index(k->layout, user == USER0 ? "KM_USER0" : "KM_USER1");
}

static void note(struct call *c, char sign, uint64_t va)
{
	size_t used = strlen(c->helper.calls);

	if (fxmi_tracing(c->cpu))
		snprintf(c->helper.calls + used, sizeof(c->helper.calls) - used, "%c%08" PRIx64, sign, va);
}

static uint64_t map(struct call *c, struct fxm_page *page, enum user user)
{
	fxm_va va;

	if (c->k->typed)
		va = fxm_kmap_atomic_type(c->cpu, page, type_of(c->k, user));
	else if (fxmi_has(c->k, "kmap_local_page"))
		va = fxm_kmap_local_page(c->cpu, page);
	else
		va = fxm_kmap_atomic(c->cpu, page);
	c->helper.maps++;
	note(c, '+', va.v);
	return va.v;
}

static void unmap(struct call *c, uint64_t va, enum user user)
{
	if (c->k->typed)
		fxm_kunmap_atomic_type(c->cpu, fxm_va_of(va), type_of(c->k, user));
	else if (fxmi_has(c->k, "kmap_local_page"))
		fxm_kunmap_local(c->cpu, fxm_va_of(va));
	else
		fxm_kunmap_atomic(c->cpu, fxm_va_of(va));
	note(c, '-', va);
}

/* ---- touching: an access that faults is the kernel's oops ---- */

static void touched(struct call *c, int error)
{
	if (error)
		fxm_oops(c->cpu, &c->cpu->last_fault);
}

/* Addresses wrap at the width of the profile, as the pointer plus the offset does. */
static fxm_va at(const struct call *c, uint64_t va, uint64_t offset)
{
	return fxm_va_of((va + offset) & c->k->va_mask);
}

static void fill(struct call *c, uint64_t va, uint64_t offset, int value, uint64_t len)
{
	touched(c, fxm_fill(c->cpu, at(c, va, offset), value, len));
}

/* ---- entry ---- */

/* 0, or why the call is refused: no such page (@other may be NULL where there is only one), no such function. */
static int begin(struct call *c, struct fxm_vcpu *cpu, const char *function, bool is_old, struct fxm_page *page,
		 const struct fxm_page *source)
{
	int error = fxmi_check_cpu(cpu);

	if (error)
		return error;
	c->cpu = cpu;
	c->k = fxmi_kernel_of(cpu);
	if (!is_old && !fxmi_has(c->k, function))
		return -ENOSYS;
	if (!fxmi_page_is_valid(cpu->machine, page) || (source && !fxmi_page_is_valid(cpu->machine, source)))
		return -EINVAL;
	c->helper = (struct fxmi_helper){.source = source};
	fxmi_op_begin(cpu, &c->op, function, page, 0);
	c->op.page = page; /* for reports, traced or not */
	if (fxmi_tracing(cpu))
		c->op.helper = &c->helper;
	return 0;
}

static void __attribute__((format(printf, 2, 3))) detail(struct call *c, const char *fmt, ...)
{
	va_list args;

	if (!fxmi_tracing(c->cpu))
		return;
	va_start(args, fmt);
	vsnprintf(c->op.detail, sizeof(c->op.detail), fmt, args);
	va_end(args);
}

static int end(struct call *c)
{
	fxmi_op_end_helper(c->cpu, &c->op);
	return 0;
}

/* ---- whole pages ---- */

static int clear(struct call *c, struct fxm_page *page)
{
	uint64_t va = map(c, page, USER0);

	fill(c, va, 0, 0, FXM_PAGE_SIZE);
	unmap(c, va, USER0);
	return end(c);
}

int fxm_clear_highpage(struct fxm_vcpu *cpu, struct fxm_page *page)
{
	struct call c;
	int error = begin(&c, cpu, "clear_highpage", true, page, NULL);

	return error ? error : clear(&c, page);
}

int fxm_clear_user_highpage(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t uaddr)
{
	struct call c;
	int error = begin(&c, cpu, "clear_user_highpage", true, page, NULL);

	if (error)
		return error;
	detail(&c, "uaddr=%" PRIx64, uaddr);
	return clear(&c, page);
}

/* The order of the unmaps: 2.6 undoes the source first, all later versions go backwards. */
static int copy(struct call *c, struct fxm_page *to, struct fxm_page *from)
{
	uint64_t source = map(c, from, USER0);
	uint64_t dest = map(c, to, USER1);

	touched(c, fxm_copy(c->cpu, fxm_va_of(dest), fxm_va_of(source), FXM_PAGE_SIZE));
	if (c->k->typed)
		unmap(c, source, USER0);
	unmap(c, dest, USER1);
	if (!c->k->typed)
		unmap(c, source, USER0);
	return end(c);
}

int fxm_copy_highpage(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from)
{
	struct call c;
	int error = from ? begin(&c, cpu, "copy_highpage", true, to, from) : -EINVAL;

	return error ? error : copy(&c, to, from);
}

int fxm_copy_user_highpage(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from, uint64_t uaddr)
{
	struct call c;
	int error = from ? begin(&c, cpu, "copy_user_highpage", true, to, from) : -EINVAL;

	if (error)
		return error;
	detail(&c, "uaddr=%" PRIx64, uaddr);
	return copy(&c, to, from);
}

/* ---- zeroing parts ---- */

int fxm_memclear_highpage_flush(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t offset, uint32_t size)
{
	struct call c;
	int error = begin(&c, cpu, "memclear_highpage_flush", false, page, NULL);

	if (error)
		return error;
	detail(&c, "off=%" PRIu32 " size=%" PRIu32, offset, size);
	if (offset + size > FXM_PAGE_SIZE)
		fxmi_bug(cpu, "memclear_range", &(struct fxmi_subject){.page = page},
			 "memclear_highpage_flush: offset %" PRIu32 " and size %" PRIu32 " lead beyond the page", offset, size);
	uint64_t va = map(&c, page, USER0);
	fill(&c, va, offset, 0, size);
	unmap(&c, va, USER0);
	return end(&c);
}

struct range {
	uint32_t start, end;
};

static _Noreturn void range_bug(struct call *c, const struct range r[2], uint64_t bytes)
{
	fxmi_bug(c->cpu, "zero_user_range", &(struct fxmi_subject){.page = c->op.page},
		 "zero_user_segments: [%" PRIu32 ", %" PRIu32 ") or [%" PRIu32 ", %" PRIu32 ") ends beyond the %" PRIu64
		 " bytes of the page",
		 r[0].start, r[0].end, r[1].start, r[1].end, bytes);
}

/* 2.6.25 to 5.10: one page, mapped before the check. */
static void zero_page(struct call *c, struct fxm_page *page, const struct range r[2])
{
	uint64_t va = map(c, page, USER0);

	if (r[0].end > FXM_PAGE_SIZE || r[1].end > FXM_PAGE_SIZE)
		range_bug(c, r, FXM_PAGE_SIZE);
	for (unsigned i = 0; i < 2; i++)
		if (r[i].end > r[i].start)
			fill(c, va, r[i].start, 0, r[i].end - r[i].start);
	unmap(c, va, USER0);
}

/* One page's share of @r, as offsets into that page; the rest of @r as seen from the next page stays in it. */
static struct range next_share(struct range *r)
{
	struct range share = {0, 0};

	if (r->start >= FXM_PAGE_SIZE) {
		r->start -= FXM_PAGE_SIZE;
		r->end -= FXM_PAGE_SIZE;
		return share;
	}
	share = (struct range){r->start, r->end < FXM_PAGE_SIZE ? r->end : FXM_PAGE_SIZE};
	r->end -= share.end;
	r->start = 0;
	return share;
}

/* page_size() >> PAGE_SHIFT */
static uint64_t compound_nr(const struct fxm_page *page)
{
	return page->flags & FXMI_PG_HEAD ? UINT64_C(1) << page->order : 1;
}

/* mm/highmem.c since 5.11, with HIGHMEM: page by page, mapping only those that a range touches. */
static void zero_compound_high(struct call *c, struct fxm_page *page, struct range r[2])
{
	uint64_t pages = compound_nr(page);

	for (unsigned i = 0; i < 2; i++)
		if (r[i].start >= r[i].end)
			r[i] = (struct range){0, 0};
	for (uint64_t n = 0; n < pages && (r[0].end || r[1].end); n++) {
		struct range share[2] = {next_share(&r[0]), next_share(&r[1])};
		bool is_touched[2] = {share[0].end > share[0].start, share[1].end > share[1].start};

		if (!is_touched[0] && !is_touched[1])
			continue;
		uint64_t va = map(c, page + n, USER0);
		for (unsigned i = 0; i < 2; i++)
			if (is_touched[i])
				fill(c, va, share[i].start, 0, share[i].end - share[i].start);
		unmap(c, va, USER0);
	}
	if (r[0].start | r[0].end | r[1].start | r[1].end)
		range_bug(c, r, pages << FXM_PAGE_SHIFT);
}

/* Without HIGHMEM: all of it has addresses next to each other. */
static void zero_compound_low(struct call *c, struct fxm_page *page, const struct range r[2])
{
	uint64_t va = map(c, page, USER0);

	for (unsigned i = 0; i < 2; i++)
		if (r[i].end > r[i].start)
			fill(c, va, r[i].start, 0, r[i].end - r[i].start);
	unmap(c, va, USER0);
}

static void zero_compound(struct call *c, struct fxm_page *page, struct range r[2])
{
	uint64_t bytes = compound_nr(page) << FXM_PAGE_SHIFT;

	if (c->k->highmem && (r[0].end > bytes || r[1].end > bytes))
		range_bug(c, r, bytes);
	if (c->k->highmem) {
		zero_compound_high(c, page, r);
		return;
	}
	if (r[0].end > bytes || r[1].end > bytes) {
		map(c, page, USER0);
		range_bug(c, r, bytes);
	}
	zero_compound_low(c, page, r);
}

static int zero(struct call *c, struct fxm_page *page, uint32_t start1, uint32_t end1, uint32_t start2, uint32_t end2)
{
	struct range r[2] = {{start1, end1}, {start2, end2}};

	if (fxmi_has(c->k, "kmap_local_page"))
		zero_compound(c, page, r);
	else
		zero_page(c, page, r);
	return end(c);
}

int fxm_zero_user_segments(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t start1, uint32_t end1, uint32_t start2,
			   uint32_t end2)
{
	struct call c;
	int error = begin(&c, cpu, "zero_user_segments", false, page, NULL);

	if (error)
		return error;
	detail(&c, "s1=%" PRIu32 " e1=%" PRIu32 " s2=%" PRIu32 " e2=%" PRIu32, start1, end1, start2, end2);
	return zero(&c, page, start1, end1, start2, end2);
}

int fxm_zero_user_segment(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t start, uint32_t end)
{
	struct call c;
	int error = begin(&c, cpu, "zero_user_segment", false, page, NULL);

	if (error)
		return error;
	detail(&c, "s1=%" PRIu32 " e1=%" PRIu32, start, end);
	return zero(&c, page, start, end, 0, 0);
}

int fxm_zero_user(struct fxm_vcpu *cpu, struct fxm_page *page, uint32_t start, uint32_t size)
{
	struct call c;
	int error = begin(&c, cpu, "zero_user", false, page, NULL);

	if (error)
		return error;
	detail(&c, "off=%" PRIu32 " size=%" PRIu32, start, size);
	return zero(&c, page, start, start + size, 0, 0);
}

/* ---- folios, 5.17 and later ---- */

static int zero_folio(struct fxm_vcpu *cpu, const char *function, struct fxm_page *folio, const uint32_t r[4])
{
	int error = fxmi_check_cpu(cpu);

	if (error)
		return error;
	return fxmi_has(fxmi_kernel_of(cpu), function) ? fxm_zero_user_segments(cpu, folio, r[0], r[1], r[2], r[3]) : -ENOSYS;
}

int fxm_folio_zero_segments(struct fxm_vcpu *cpu, struct fxm_page *folio, uint32_t start1, uint32_t end1, uint32_t start2,
			    uint32_t end2)
{
	return zero_folio(cpu, "folio_zero_segments", folio, (const uint32_t[]){start1, end1, start2, end2});
}

int fxm_folio_zero_segment(struct fxm_vcpu *cpu, struct fxm_page *folio, uint32_t start, uint32_t end)
{
	return zero_folio(cpu, "folio_zero_segment", folio, (const uint32_t[]){start, end, 0, 0});
}

int fxm_folio_zero_range(struct fxm_vcpu *cpu, struct fxm_page *folio, uint32_t start, uint32_t length)
{
	return zero_folio(cpu, "folio_zero_range", folio, (const uint32_t[]){start, start + length, 0, 0});
}

/* ---- parts of pages, 5.12 and later ---- */

/* VM_BUG_ON(offset + len > PAGE_SIZE): the sum is a size_t. */
static void check_range(struct call *c, const char *key, uint64_t offset, uint64_t len)
{
	if (fxmi_setting(c->k->layout, FXMI_SETTING_DEBUG_VM) && ((offset + len) & c->k->va_mask) > FXM_PAGE_SIZE)
		fxmi_bug(c->cpu, key, &(struct fxmi_subject){.page = c->op.page},
			 "%s: offset %" PRIu64 " and length %" PRIu64 " lead beyond the page", c->op.name ? c->op.name : key,
			 offset, len);
}

static int begin_part(struct call *c, struct fxm_vcpu *cpu, const char *function, struct fxm_page *page, uint64_t offset,
		      uint64_t len)
{
	int error = begin(c, cpu, function, false, page, NULL);

	if (!error)
		detail(c, "off=%" PRIu64 " len=%" PRIu64, offset, len);
	return error;
}

int fxm_memcpy_page(struct fxm_vcpu *cpu, struct fxm_page *to, uint64_t to_offset, struct fxm_page *from, uint64_t from_offset,
		    uint64_t len)
{
	struct call c;
	int error = from ? begin(&c, cpu, "memcpy_page", false, to, from) : -EINVAL;

	if (error)
		return error;
	detail(&c, "off=%" PRIu64 " src_off=%" PRIu64 " len=%" PRIu64, to_offset, from_offset, len);
	uint64_t dest = map(&c, to, USER0);
	uint64_t source = map(&c, from, USER1);
	check_range(&c, "memcpy_page", to_offset, len);
	check_range(&c, "memcpy_page", from_offset, len);
	touched(&c, fxm_copy(cpu, at(&c, dest, to_offset), at(&c, source, from_offset), len));
	unmap(&c, source, USER1);
	unmap(&c, dest, USER0);
	return end(&c);
}

/* memset_page() and memzero_page() */
static int set_part(struct fxm_vcpu *cpu, const char *function, struct fxm_page *page, uint64_t offset, int value, uint64_t len)
{
	struct call c;
	int error = begin_part(&c, cpu, function, page, offset, len);

	if (error)
		return error;
	uint64_t va = map(&c, page, USER0);
	check_range(&c, function, offset, len);
	fill(&c, va, offset, value, len);
	unmap(&c, va, USER0);
	return end(&c);
}

int fxm_memset_page(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t offset, int value, uint64_t len)
{
	return set_part(cpu, "memset_page", page, offset, value, len);
}

int fxm_memzero_page(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t offset, uint64_t len)
{
	return set_part(cpu, "memzero_page", page, offset, 0, len);
}

int fxm_memcpy_from_page(struct fxm_vcpu *cpu, void *to, struct fxm_page *page, uint64_t offset, uint64_t len)
{
	struct call c;
	int error = to || !len ? begin_part(&c, cpu, "memcpy_from_page", page, offset, len) : -EINVAL;

	if (error)
		return error;
	uint64_t va = map(&c, page, USER0);
	check_range(&c, "memcpy_from_page", offset, len);
	if (len)
		touched(&c, fxm_read(cpu, at(&c, va, offset), to, len));
	unmap(&c, va, USER0);
	return end(&c);
}

int fxm_memcpy_to_page(struct fxm_vcpu *cpu, struct fxm_page *page, uint64_t offset, const void *from, uint64_t len)
{
	struct call c;
	int error = from || !len ? begin_part(&c, cpu, "memcpy_to_page", page, offset, len) : -EINVAL;

	if (error)
		return error;
	uint64_t va = map(&c, page, USER0);
	check_range(&c, "memcpy_to_page", offset, len);
	if (len)
		touched(&c, fxm_write(cpu, at(&c, va, offset), from, len));
	unmap(&c, va, USER0);
	return end(&c);
}

/* ---- bytes of folios, 6.3 and later: a page at a time where a mapping reaches no further; in a trace, those mappings ---- */

struct folio {
	struct fxm_vcpu *cpu;
	struct fxmi_kernel *k;
	struct fxm_page *head;
	uint64_t bytes;
	bool is_partial; /* kmap_local_folio() maps one page of it */
};

static int open_folio(struct folio *f, struct fxm_vcpu *cpu, const char *function, struct fxm_page *head)
{
	int error = fxmi_check_cpu(cpu);

	if (error)
		return error;
	struct fxmi_kernel *k = fxmi_kernel_of(cpu);
	if (!fxmi_has(k, function))
		return -ENOSYS;
	if (!fxmi_page_is_valid(cpu->machine, head))
		return -EINVAL;
	*f = (struct folio){.cpu = cpu, .k = k, .head = head, .bytes = compound_nr(head) << FXM_PAGE_SHIFT};
	f->is_partial = k->force_map || fxm_page_is_highmem(k->m, head);
	return 0;
}

/* VM_BUG_ON(offset + len > folio_size(folio)) */
static void check_folio(const struct folio *f, const char *function, uint64_t offset, uint64_t len)
{
	if (fxmi_setting(f->k->layout, FXMI_SETTING_DEBUG_VM) && ((offset + len) & f->k->va_mask) > f->bytes)
		fxmi_bug(f->cpu, function, &(struct fxmi_subject){.page = f->head},
			 "%s: offset %" PRIu64 " and length %" PRIu64 " lead beyond the %" PRIu64 " bytes of the folio", function,
			 offset, len, f->bytes);
}

/* How many of @len bytes at @offset one mapping reaches. */
static uint64_t reach(const struct folio *f, uint64_t offset, uint64_t len)
{
	uint64_t room = FXM_PAGE_SIZE - offset % FXM_PAGE_SIZE;

	return f->is_partial && len > room ? room : len;
}

static void folio_access(const struct folio *f, int error)
{
	if (error)
		fxm_oops(f->cpu, &f->cpu->last_fault);
}

int fxm_memcpy_from_folio(struct fxm_vcpu *cpu, void *to, struct fxm_page *folio, uint64_t offset, uint64_t len)
{
	struct folio f;
	int error = to || !len ? open_folio(&f, cpu, "memcpy_from_folio", folio) : -EINVAL;

	if (error)
		return error;
	check_folio(&f, "memcpy_from_folio", offset, len);
	do {
		uint64_t chunk = reach(&f, offset, len);
		fxm_va from = fxm_kmap_local_folio(cpu, folio, offset);

		if (fxm_va_error(from))
			return fxm_va_error(from);
		if (chunk)
			folio_access(&f, fxm_read(cpu, from, to, chunk));
		fxm_kunmap_local(cpu, from);
		to = chunk ? (char *)to + chunk : to;
		offset += chunk;
		len -= chunk;
	} while (len);
	return 0;
}

int fxm_memcpy_to_folio(struct fxm_vcpu *cpu, struct fxm_page *folio, uint64_t offset, const void *from, uint64_t len)
{
	struct folio f;
	int error = from || !len ? open_folio(&f, cpu, "memcpy_to_folio", folio) : -EINVAL;

	if (error)
		return error;
	check_folio(&f, "memcpy_to_folio", offset, len);
	do {
		uint64_t chunk = reach(&f, offset, len);
		fxm_va to = fxm_kmap_local_folio(cpu, folio, offset);

		if (fxm_va_error(to))
			return fxm_va_error(to);
		if (chunk)
			folio_access(&f, fxm_write(cpu, to, from, chunk));
		fxm_kunmap_local(cpu, to);
		from = chunk ? (const char *)from + chunk : from;
		offset += chunk;
		len -= chunk;
	} while (len);
	return 0;
}

/* To the end of the folio, from @va on, the address of byte @offset. What is mapped in the end, for kunmap_local(). */
static fxm_va zero_tail(const struct folio *f, uint64_t offset, fxm_va va)
{
	uint64_t len = (f->bytes - offset) & f->k->va_mask;

	for (uint64_t chunk; (chunk = reach(f, offset, len)) < len; offset += chunk, len -= chunk) {
		folio_access(f, fxm_fill(f->cpu, va, 0, chunk));
		fxm_kunmap_local(f->cpu, va);
		va = fxm_kmap_local_folio(f->cpu, f->head, offset + chunk);
		if (fxm_va_error(va))
			return va;
	}
	if (len)
		folio_access(f, fxm_fill(f->cpu, va, 0, len));
	return va;
}

fxm_va fxm_folio_zero_tail(struct fxm_vcpu *cpu, struct fxm_page *folio, uint64_t offset, fxm_va va)
{
	struct folio f;
	int error = open_folio(&f, cpu, "folio_zero_tail", folio);

	return error ? fxmi_va_error(error) : zero_tail(&f, offset, va);
}

int fxm_folio_fill_tail(struct fxm_vcpu *cpu, struct fxm_page *folio, uint64_t offset, const void *from, uint64_t len)
{
	struct folio f;
	int error = from || !len ? open_folio(&f, cpu, "folio_fill_tail", folio) : -EINVAL;

	if (error)
		return error;
	fxm_va to = fxm_kmap_local_folio(cpu, folio, offset);
	if (!fxm_va_error(to))
		check_folio(&f, "folio_fill_tail", offset, len);
	for (uint64_t chunk; !fxm_va_error(to) && (chunk = reach(&f, offset, len)) < len; offset += chunk, len -= chunk) {
		folio_access(&f, fxm_write(cpu, to, from, chunk));
		fxm_kunmap_local(cpu, to);
		from = (const char *)from + chunk;
		to = fxm_kmap_local_folio(cpu, folio, offset + chunk);
	}
	if (fxm_va_error(to))
		return fxm_va_error(to);
	if (len)
		folio_access(&f, fxm_write(cpu, to, from, len));
	to = zero_tail(&f, offset + len, fxm_va_of((to.v + len) & f.k->va_mask));
	return fxm_va_error(to) ? fxm_va_error(to) : fxm_kunmap_local(cpu, to);
}

int64_t fxm_memcpy_from_file_folio(struct fxm_vcpu *cpu, void *to, struct fxm_page *folio, uint64_t pos, uint64_t len)
{
	struct folio f;
	int error = to || !len ? open_folio(&f, cpu, "memcpy_from_file_folio", folio) : -EINVAL;

	if (error)
		return error;
	uint64_t offset = pos & (f.bytes - 1), room = f.bytes - offset;
	fxm_va from = fxm_kmap_local_folio(cpu, folio, offset);

	if (fxm_va_error(from))
		return fxm_va_error(from);
	len = reach(&f, offset, len < room ? len : room);
	if (len)
		folio_access(&f, fxm_read(cpu, from, to, len));
	fxm_kunmap_local(cpu, from);
	return (int64_t)len;
}

/* ---- copies that live through a machine check: there is none here ---- */

static int check_copy(const struct fxm_vcpu *cpu, const char *function)
{
	int error = fxmi_check_cpu(cpu);

	return error ? error : fxmi_has(fxmi_kernel_of(cpu), function) ? 0 : -ENOSYS;
}

int fxm_copy_mc_highpage(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from)
{
	int error = check_copy(cpu, "copy_mc_highpage");

	return error ? error : fxm_copy_highpage(cpu, to, from);
}

int fxm_copy_mc_user_highpage(struct fxm_vcpu *cpu, struct fxm_page *to, struct fxm_page *from, uint64_t uaddr)
{
	int error = check_copy(cpu, "copy_mc_user_highpage");

	return error ? error : fxm_copy_user_highpage(cpu, to, from, uaddr);
}
